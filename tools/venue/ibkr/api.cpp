#include "tools/venue/ibkr/api.hpp"

#include <algorithm>

#include <boost/json/serialize.hpp>

#include "tools/venue/exchange.hpp"
#include "tools/venue/ibkr/numbers.hpp"
#include "tools/venue/uuid.hpp"

namespace busbar::venue::ibkr {
namespace {

namespace json = boost::json;

// `path` against a pattern with {} for what is named in it.
bool matches(std::string_view pattern, std::string_view path, std::vector<std::string>& ids) {
  ids.clear();
  while (true) {
    const std::string_view part = pattern.substr(0, pattern.find('/')), given = path.substr(0, path.find('/'));
    if (part == "{}" && !given.empty()) ids.emplace_back(given);
    else if (part != given) return false;
    const bool ends = part.size() == pattern.size(), runs_out = given.size() == path.size();
    if (ends || runs_out) return ends && runs_out;
    pattern.remove_prefix(part.size() + 1);
    path.remove_prefix(given.size() + 1);
  }
}

Reply too_many(std::string_view operation) {
  if (operation == "history") return refused(429, "Too many history charts requests, please try again later.");
  return refused(429, "Too many requests");
}

}  // namespace

// A class, for it names the private functions of another. What is more exact stands first.
struct Operations {
  static constexpr Operation all[] = {
      {"order.place", "POST", "iserver/account/{}/orders", Needs::Accounts, true, {}, &Api::place},
      {"order.preview", "POST", "iserver/account/{}/orders/whatif", Needs::Accounts, false, {}, &Api::preview},
      {"order.modify", "POST", "iserver/account/{}/order/{}", Needs::Accounts, true, {}, &Api::modify},
      {"order.cancel", "DELETE", "iserver/account/{}/order/{}", Needs::Accounts, true, {}, &Api::cancel},
      {"order.reply", "POST", "iserver/reply/{}", Needs::Accounts, true, {}, &Api::reply},
      {"order.prompt", "POST", "iserver/notification", Needs::Accounts, true, {}, &Api::answer_prompt},
      {"questions.suppress", "POST", "iserver/questions/suppress", Needs::Session, false, {}, &Api::suppress},
      {"questions.reset", "POST", "iserver/questions/suppress/reset", Needs::Session, false, {},
       &Api::reset_suppressed},
      {"orders", "GET", "iserver/account/orders", Needs::Accounts, false, {1, 5}, &Api::orders},
      {"order.status", "GET", "iserver/account/order/status/{}", Needs::Accounts, false, {}, &Api::order_status},
      {"trades", "GET", "iserver/account/trades", Needs::Accounts, false, {1, 5}, &Api::trades},
      {"pnl", "GET", "iserver/account/pnl/partitioned", Needs::Accounts, false, {1, 5}, &Api::partitioned_pnl},

      {"session.init", "POST GET", "iserver/auth/ssodh/init", Needs::Login, false, {}, &Api::init_session},
      {"session.status", "POST GET", "iserver/auth/status", Needs::Login, false, {}, &Api::auth_status},
      {"session.reauthenticate", "POST GET", "iserver/reauthenticate", Needs::Login, false, {}, &Api::reauthenticate},
      {"tickle", "POST GET", "tickle", Needs::Login, false, {1, 1}, &Api::tickle},
      {"logout", "POST GET", "logout", Needs::Login, false, {}, &Api::logout},
      {"validate", "GET", "sso/validate", Needs::Login, false, {1, 60}, &Api::validate},
      {"accounts", "GET", "iserver/accounts", Needs::Session, false, {}, &Api::accounts},
      {"account.select", "POST", "iserver/account", Needs::Accounts, false, {}, &Api::select_account},
      {"account.summary", "GET", "iserver/account/{}/summary", Needs::Accounts, false, {}, &Api::account_summary},

      {"portfolio.accounts", "GET", "portfolio/accounts", Needs::Login, false, {1, 5}, &Api::portfolio_accounts},
      {"portfolio.accounts", "GET", "portfolio/subaccounts", Needs::Login, false, {1, 5}, &Api::portfolio_accounts},
      {"portfolio.meta", "GET", "portfolio/{}/meta", Needs::Portfolio, false, {}, &Api::account_meta},
      {"portfolio.ledger", "GET", "portfolio/{}/ledger", Needs::Portfolio, false, {}, &Api::portfolio_ledger},
      {"portfolio.summary", "GET", "portfolio/{}/summary", Needs::Portfolio, false, {}, &Api::portfolio_summary},
      {"positions.invalidate", "POST", "portfolio/{}/positions/invalidate", Needs::Portfolio, false, {},
       &Api::invalidate_positions},
      {"positions.by_conid", "GET", "portfolio/positions/{}", Needs::Portfolio, false, {}, &Api::positions_by_conid},
      {"positions", "GET", "portfolio/{}/positions/{}", Needs::Portfolio, false, {}, &Api::positions},
      {"position", "GET", "portfolio/{}/position/{}", Needs::Portfolio, false, {}, &Api::position},
      {"positions", "GET", "portfolio2/{}/positions", Needs::Portfolio, false, {}, &Api::positions_anew},

      {"stocks", "GET", "trsrv/stocks", Needs::Login, false, {}, &Api::stocks},
      {"futures", "GET", "trsrv/futures", Needs::Login, false, {}, &Api::futures},
      {"secdef", "GET POST", "trsrv/secdef", Needs::Login, false, {}, &Api::definitions},
      {"conids", "GET", "trsrv/all-conids", Needs::Login, false, {}, &Api::all_conids},
      {"search", "GET POST", "iserver/secdef/search", Needs::Session, false, {}, &Api::search},
      {"search.info", "GET", "iserver/secdef/info", Needs::Session, false, {}, &Api::search_info},
      {"contract.info", "GET", "iserver/contract/{}/info", Needs::Session, false, {}, &Api::contract_info},
      {"contract.rules", "GET", "iserver/contract/{}/info-and-rules", Needs::Session, false, {},
       &Api::contract_info_and_rules},
      {"contract.rules", "POST", "iserver/contract/rules", Needs::Session, false, {}, &Api::contract_rules},
      {"contract.schedule", "GET", "contract/trading-schedule", Needs::Login, false, {}, &Api::trading_schedule},
      {"snapshot", "GET", "iserver/marketdata/snapshot", Needs::Accounts, false, {10, 1}, &Api::snapshot},
      {"history", "GET", "iserver/marketdata/history", Needs::Accounts, false, {5, 1}, &Api::market_history},
      {"market.unsubscribe", "POST", "iserver/marketdata/unsubscribe", Needs::Accounts, false, {}, &Api::unsubscribe},
      {"market.unsubscribe_all", "GET", "iserver/marketdata/unsubscribeall", Needs::Accounts, false, {},
       &Api::unsubscribe_all},
  };
};

std::string Call::query_value(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return {};
}

std::vector<std::string> Call::query_list(std::string_view name) const {
  std::vector<std::string> list;
  const std::string text = query_value(name);
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view each = rest.substr(0, rest.find(','));
    if (!each.empty()) list.emplace_back(each);
    rest.remove_prefix(std::min(each.size() + 1, rest.size()));
  }
  return list;
}

const json::object& Call::object() const {
  static const json::object none;
  const json::object* object = body.if_object();
  return object == nullptr ? none : *object;
}

Api::Api(Engine& engine, History& history, Contracts contracts, IdentityRules identity, const LimitSettings& limits,
         const Rules& rules, HoursSettings hours, std::uint64_t seed, std::function<TimeUs()> now, OnEvents on_events)
    : engine_{engine}, history_{history}, contracts_{std::move(contracts)}, identity_{std::move(identity), now},
      limits_{limits}, rules_{rules}, hours_{std::move(hours)}, phase_{hours_.phase(now())}, seed_{seed}, now_{std::move(now)}, on_events_{std::move(on_events)} {}

UserId Api::add_user(AccountId account, std::string name, std::string account_id) {
  const UserId id = users_.size();
  User& user = users_[id];
  user.name = std::move(name);
  user.account = account;
  user.account_id = std::move(account_id);
  user.session.id = hex_of(uuid_of(seed_, "session", id, next_session_++)).substr(0, 32);
  return id;
}

const std::string& Api::account_id_of(AccountId account) const {
  const auto user = std::find_if(users_.begin(), users_.end(), [&](const auto& each) { return each.second.account == account; });
  return user->second.account_id;
}

User* Api::user_of_session(std::string_view session_id) {
  for (auto& [unused, user] : users_) {
    if (user.session.id == session_id) return &user;
  }
  return nullptr;
}

// Slashes at both ends are the caller's to leave out.
const Operation* Api::find(std::string_view method, std::string_view path, std::vector<std::string>& ids) const {
  constexpr std::string_view roots[] = {"/v1/api/", "/v1/portal/"};
  const auto root = std::find_if(std::begin(roots), std::end(roots), [&](auto each) { return path.starts_with(each); });
  if (root == std::end(roots)) return nullptr;
  path.remove_prefix(root->size());
  while (path.ends_with('/')) path.remove_suffix(1);
  for (const Operation& operation : Operations::all) {
    if (operation.methods.find(method) != std::string_view::npos && matches(operation.path, path, ids)) {
      return &operation;
    }
  }
  return nullptr;
}

std::string Api::account_named(const Request& request) const {
  if (const auto user = identity_.user_named(request)) return engine_.accounts()[users_.at(*user).account].name;
  if (!request.header("authorization").empty()) return {};
  for (const auto& [unused, user] : users_) {
    if (user.is_at_gateway) return engine_.accounts()[user.account].name;
  }
  return {};
}

Reply Api::perform(const Operation& operation, Call& call) {
  const Request& request = *call.request;
  const TimeUs time = now_();
  if (request.header("user-agent").empty()) {
    Reply reply = refused(403, "no User-Agent");
    reply.text = gateway_page(403);
    return reply;
  }
  if (request.method == "POST" && request.header("content-length").empty()) {
    Reply reply = refused(411, "no Content-Length");
    reply.text = "<html><body><h1>411 Length Required</h1></body></html>";
    return reply;
  }
  if (limits_.is_boxed(request.remote, time)) return too_many("penalty");

  std::optional<UserId> caller;
  std::string why = "nobody is logged in at the gateway, and nothing is signed";
  if (!request.header("authorization").empty()) {
    caller = identity_.caller_of(request, why);
  } else {
    for (const auto& [id, user] : users_) {
      if (user.is_at_gateway) caller = id;
    }
    call.is_at_gateway = caller.has_value();
  }
  if (!caller) return unauthorized(std::move(why));
  call.user = &users_.at(*caller);
  call.account = call.user->account;

  const LimitSettings& most = limits_.settings();
  const auto penalize = [&] {
    if (most.penalty_s > 0) limits_.penalize(request.remote, time + most.penalty_s * 1'000'000);
  };
  Reply reply;
  const auto run = [&]() -> Reply {
    const std::int64_t per_second = call.is_at_gateway ? most.gateway_per_second : most.per_second;
    if (!limits_.takes("all of " + call.user->name, {per_second, 1}, time)) {
      penalize();
      return too_many("all");
    }
    const Pace own{operation.pace.most * most.endpoint_times, operation.pace.seconds};
    if (own.most > 0 && !limits_.takes(std::string{operation.name} + " of " + call.user->name, own, time)) {
      if (most.endpoints_penalize) penalize();
      return too_many(operation.name);
    }
    Session& session = call.user->session;
    const bool is_brokerage = operation.path.starts_with("iserver/");
    if (is_brokerage && time < session.away_until) return refused(503, "Service Unavailable");
    if (operation.needs == Needs::Session || operation.needs == Needs::Accounts) {
      if (!session.is_open) {
        return session.was_opened ? refused(401, "not authenticated") : refused(400, "Bad Request: no bridge");
      }
      if (operation.needs == Needs::Accounts && !session.has_asked_accounts) {
        return refused(500, "Please query /accounts first");
      }
    }
    if (operation.needs == Needs::Portfolio && !session.has_asked_portfolio) {
      return refused(500, "Please query /portfolio/accounts first");
    }
    return (this->*operation.run)(call);
  };
  reply = run();
  reply.account = call.account;
  if (call.is_at_gateway) reply.cookie = "api=" + call.user->session.id + "; Path=/; Secure; HttpOnly";
  return reply;
}

const Order& Api::order_of(const Ticket& ticket) const {
  return *engine_.order(ticket.account, ticket.wanted.symbol, ticket.number);
}

OrderFacts Api::facts_of(const Ticket& ticket) const {
  return {order_of(ticket), ticket, contracts_, account_id_of(ticket.account)};
}

std::string Api::client_order_id_of(const Operation& operation, const Call& call) {
  if (operation.name == "order.place" || operation.name == "order.preview") {
    const json::value* orders = call.object().if_contains("orders");
    const json::array* list = orders != nullptr ? orders->if_array() : call.body.if_array();
    const bool has_one = list != nullptr && !list->empty() && list->front().is_object();
    return has_one ? text_in(list->front().get_object(), "cOID") : std::string{};
  }
  if (operation.name == "order.reply") {
    for (const auto& [unused, user] : users_) {
      const auto& conversation = user.session.conversation;
      if (conversation && conversation->reply_id == call.ids.front()) return conversation->client_order_id;
    }
    return {};
  }
  std::string order_id = call.ids.empty() ? std::string{} : call.ids.back();
  if (operation.name == "order.prompt") {
    if (const json::value* named = call.object().if_contains("orderId")) {
      order_id = named->is_string() ? std::string{named->get_string()} : json::serialize(*named);
    }
  }
  if (order_id.empty() || order_id.size() > 18 || order_id.find_first_not_of("0123456789") != std::string::npos) return {};
  const Ticket* ticket = ledger_.find(std::stoll(order_id));
  return ticket == nullptr ? std::string{} : ticket->wanted.client_order_id;
}

std::string Api::reply_id() { return uuid_of(seed_, "reply", next_reply_++); }

void Api::on_tick() {
  const TimeUs time = now_();
  for (auto& [unused, user] : users_) {
    Session& session = user.session;
    if (session.is_open && time - session.heard > rules_.session.idle_max) {
      session.close();
      on_session_changed(user);
    }
    if (session.conversation && time - session.conversation->asked > rules_.session.reply_within) {
      session.conversation.reset();
    }
  }
  follow_hours();
  for (Ticket& ticket : ledger_.all()) {
    if (ticket.is_cancel_pending && time >= ticket.cancel_due) cancel_now(ticket);
    const bool waits_for_market = ticket.is_held && ticket.prompt_id.empty() && may_work(ticket.wanted);
    if (waits_for_market && engine_.symbol(ticket.wanted.symbol).status == SymbolStatus::Trading) let_go(ticket);
  }
}

}  // namespace busbar::venue::ibkr
