#include "tools/venue/rest_exchange.hpp"

#include <spdlog/spdlog.h>

namespace busbar::venue {

namespace json = boost::json;

void RestExchange::on_request(Request request, std::function<void(Response)> respond) {
  if (!takes_connections()) {  // nor does it answer on those it has
    Response none;
    none.is_dropped = true;
    return respond(std::move(none));
  }
  const auto kept = std::make_shared<const Request>(std::move(request));
  OAuthLogin* broker = login();
  const std::string_view step = broker == nullptr ? std::string_view{} : broker->operation(*kept);
  if (step == "login.consent" && broker->settings().asks_user) {  // a page with a question, and nobody before it yet
    asked_.push_back([this, kept, broker, respond = std::move(respond)] { respond(response_to(broker->answer(*kept))); });
    return;
  }
  Task task = step.empty() ? task_of(kept) : login_task(kept, *broker);
  if (task.operation.empty()) return respond(response_to(task.answer()));
  perform(std::move(task), *kept, std::move(respond));
}

// Recorded without what came: nobody needs to read tokens here.
RestExchange::Task RestExchange::login_task(const std::shared_ptr<const Request>& request, OAuthLogin& login) const {
  return {login.operation(*request), request->method + ' ' + request->path, {}, {}, json::object{},
          [request, &login] { return login.answer(*request); }};
}

void RestExchange::perform(Task task, const Request& request, std::function<void(Response)> respond) {
  std::optional<Arrivals::Arrival> arrival;
  if (task.recorded) {
    arrival = {request.realtime_ns,  request.boottime_ns,           "rest", std::string{task.operation},
               task.client_order_id, std::move(*task.recorded)};
  }
  const auto reply = std::make_shared<RestReply>();
  Exchange::perform({task.operation, task.endpoint, "rest", task.client_order_id, task.account}, std::move(arrival),
                    {[this, reply, endpoint = task.endpoint, answer = std::move(task.answer)] {
                       *reply = answer();
                       if (reply->status == 401) {
                         last_refusal_ = reply->refusal;
                         spdlog::debug("{}: {}", endpoint, reply->refusal);
                       }
                       return record_of(*reply);
                     },
                     [this, reply, respond = std::move(respond)](Fate fate, const Faults::Plan& plan, bool is_replaced) {
                       respond(response_of(fate, plan, is_replaced, std::move(*reply)));
                     }});
}

json::object RestExchange::record_of(const RestReply& reply) const {
  json::object record{
      {"outcome", !reply.refusal.empty() ? "refused" : reply.is_question ? "asked" : "accepted"}};
  if (!reply.refusal.empty()) {
    record["code"] = reply.status;
    record["msg"] = reply.refusal;
  }
  if (!reply.order_id.is_null()) record["order_id"] = reply.order_id;
  if (reply.account) record["account"] = engine_.accounts()[*reply.account].name;
  return record;
}

std::size_t RestExchange::answer_for_user(bool is_yes) {
  const auto asked = std::exchange(asked_, {});
  for (const auto& answer : asked) {
    login()->declines = !is_yes;
    answer();
  }
  return asked.size();
}

Response RestExchange::response_of(Fate fate, const Faults::Plan& plan, bool is_replaced, RestReply reply) {
  Response response;
  if (fate != Fate::Answered) {
    response.is_dropped = fate == Fate::Dropped;
    response.is_endless = fate == Fate::Endless;
    return response;
  }
  for (const Faults::Alteration& alteration : plan.alterations) alter(reply.body, alteration);
  if (is_replaced) {
    reply = faulty_reply(plan);
    if (!plan.body.empty() || plan.bytes > 0) reply.text = body_of(plan);
    if (plan.status == 429 && plan.retry_after_s > 0) {
      response.headers.emplace_back("Retry-After", std::to_string(plan.retry_after_s));
    }
  }
  response.status = reply.status;
  if (!reply.is_empty) response.body = reply.text.empty() ? written(reply.body) : reply.text;
  finish(reply, response);
  if (!reply.content_type.empty()) {
    response.content_type = reply.content_type;
  } else if (!reply.text.empty() && reply.text.front() != '{' && reply.text.front() != '[') {
    response.content_type = reply.text.starts_with('<') ? "text/html" : "text/plain; charset=utf-8";
  }
  if (!reply.location.empty()) {
    response.headers.emplace_back("Location", reply.location);
    response.body.clear();
  }
  if (!reply.cookie.empty()) response.headers.emplace_back("Set-Cookie", reply.cookie);
  return response;
}

}  // namespace busbar::venue
