// Logins and sessions: kept alive, opened, taken over, reset, ended.

#include "tools/venue/ibkr/api.hpp"
#include "tools/venue/uuid.hpp"

namespace busbar::venue::ibkr {

namespace json = boost::json;

void Api::log_in_elsewhere(User& user) {
  user.session.close();
  user.session.has_rival = true;
  on_session_changed(user);
}

void Api::reset(User& user, TimeUs away) {
  user.session.close();
  user.session.away_until = now_() + away;
  on_session_changed(user);
}

void Api::end_login(User& user) {
  user.session.close();
  user.is_at_gateway = false;
  for (AccessToken& token : identity_.tokens()) {
    if (&users_.at(token.user) == &user) token.live.clear();
  }
  user.session.id = hex_of(uuid_of(seed_, "session", next_session_++)).substr(0, 32);
  user.session.was_opened = false;
  on_session_changed(user);
}

// A person at a browser. The gateway program opens the brokerage session with it.
void Api::log_in_at_gateway(User& user) {
  for (auto& [unused, other] : users_) other.is_at_gateway = false;  // it serves one
  user.is_at_gateway = true;
  user.session.has_rival = false;
  user.session.open(now_());
  on_session_changed(user);
}

Reply Api::tickle(const Call& call) {
  Session& session = call.user->session;
  session.heard = now_();
  Reply reply;
  reply.body = json::object{
      {"session", session.id},
      {"ssoExpires", 585'695},
      {"collission", false},
      {"userId", 99'996'000 + call.account},
      {"hmds", json::object{{"error", "no bridge"}}},
      {"iserver", json::object{{"authStatus", session.status(now_(), rules_.session)}}}};
  return reply;
}

Reply Api::auth_status(const Call& call) {
  Reply reply;
  reply.body = call.user->session.status(now_(), rules_.session);
  return reply;
}

Reply Api::init_session(const Call& call) {
  const auto flag = [&](std::string_view name) {
    const json::value* value = call.object().if_contains(name);
    return value != nullptr && value->is_bool() && value->get_bool();
  };
  if (call.request->method == "POST" && !flag("publish")) return refused(500, "publish must be true");
  Session& session = call.user->session;
  if (!session.has_rival || flag("compete")) {
    session.open(now_());  // whoever else had it is out
    on_session_changed(*call.user);
  }
  Reply reply;
  reply.body = session.status(now_(), rules_.session);
  return reply;
}

Reply Api::reauthenticate(const Call& call) {
  Session& session = call.user->session;
  if (!session.has_rival) {
    session.open(now_());
    on_session_changed(*call.user);
  }
  Reply reply;
  reply.body = json::object{{"message", "triggered"}};
  return reply;
}

Reply Api::logout(const Call& call) {
  call.user->session.close();
  call.user->is_at_gateway = false;
  on_session_changed(*call.user);
  Reply reply;
  reply.body = json::object{{"status", true}};
  return reply;
}

Reply Api::validate(const Call& call) {
  const std::int64_t now_ms = now_() / 1'000;
  Reply reply;
  reply.body = json::object{{"USER_ID", 99'996'000 + call.account},
                            {"USER_NAME", call.user->name},
                            {"RESULT", true},
                            {"AUTH_TIME", now_ms},
                            {"SF_ENABLED", false},
                            {"IS_FREE_TRIAL", false},
                            {"CREDENTIAL", call.user->name},
                            {"IP", call.request->remote},
                            {"EXPIRES", 585'695},
                            {"QUALIFIED_FOR_MOBILE_AUTH", nullptr},
                            {"LANDING_APP", "UNIVERSAL"},
                            {"IS_MASTER", false},
                            {"lastAccessed", now_ms},
                            {"LOGIN_TYPE", 2},
                            {"PAPER_USER_NAME", call.user->name},
                            {"features", json::object{{"env", "PROD"}, {"realtime", true}}},
                            {"region", "NJ"}};
  return reply;
}

json::object Api::accounts_shape(const User& user) const {
  const json::array ids(1, json::value(user.account_id));
  json::object properties{{"hasChildAccounts", false}, {"supportsCashQty", true},    {"liteUnderPro", false},
                          {"noFxConv", false},         {"isProp", false},            {"supportsFractions", false},
                          {"allowCustomerTime", true}, {"autoFx", false}};
  return {{"accounts", ids},
          {"acctProps", json::object{{user.account_id, std::move(properties)}}},
          {"aliases", json::object{{user.account_id, user.account_id}}},
          {"allowFeatures", json::object{{"allowFXConv", true},
                                         {"allowCrypto", true},
                                         {"allowedAssetTypes", "STK,FUT,CASH,CRYPTO"},
                                         {"snapshotRefreshTimeout", 30}}},
          {"chartPeriods", json::object{{"STK", json::array{"*"}}, {"CASH", json::array{"*"}}}},
          {"groups", json::array{}},
          {"profiles", json::array{}},
          {"selectedAccount", user.account_id},
          {"serverInfo", json::object{{"serverName", "JifN19053"},
                                      {"serverVersion", "Build 10.25.0p, Dec 5, 2023 5:48:12 PM"}}},
          {"sessionId", user.session.id},
          {"isFT", false},
          {"isPaper", rules_.is_paper}};
}

Reply Api::accounts(const Call& call) {
  call.user->session.has_asked_accounts = true;
  Reply reply;
  reply.body = accounts_shape(*call.user);
  return reply;
}

Reply Api::select_account(const Call& call) {
  const json::value* wanted = call.object().if_contains("acctId");
  if (wanted == nullptr || *wanted != json::value(call.user->account_id)) return refused(400, "Account not found");
  Reply reply;
  reply.body = json::object{{"success", "Account already set"}};
  return reply;
}

}  // namespace busbar::venue::ibkr
