#pragma once
// An exchange whose orders come by REST: the way of one request through the faults and into the record of arrivals, and a
// login whose browsers may have to wait for the user's word. Which operations there are, and what the broker says, are its
// descendants'.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/venue/exchange.hpp"
#include "tools/venue/oauth_login.hpp"
#include "tools/venue/rest.hpp"

namespace busbar::venue {

class RestExchange : public Exchange {
 public:
  using Exchange::Exchange;
  void on_request(Request request, std::function<void(Response)> respond) final;

  // For the control interface.
  virtual OAuthLogin* login() { return nullptr; }  // the broker may have one
  std::size_t answer_for_user(bool is_yes);        // those whose browsers wait for consent; says how many
  boost::json::object more_status() const override { return {{"last_unauthorized", last_refusal_}}; }

 protected:
  struct Task {
    std::string_view operation;  // its name in rules and records; empty: it is answered at once, whatever the rules are
    std::string endpoint, client_order_id, account;
    std::optional<boost::json::object> recorded{};  // what came with it, where arrivals are recorded
    std::function<RestReply()> answer;
  };
  // What is asked for. The request stays as long as the task does.
  virtual Task task_of(const std::shared_ptr<const Request>& request) = 0;
  virtual RestReply faulty_reply(const Faults::Plan& plan) const = 0;  // what the broker says with a status
  virtual std::string written(const boost::json::value& body) const = 0;
  // Headers of the broker's own, and the type of a body.
  virtual void finish(const RestReply& reply, Response& response) = 0;
  Response response_to(RestReply reply) { return response_of(Fate::Answered, {}, false, std::move(reply)); }

 private:
  Task login_task(const std::shared_ptr<const Request>& request, OAuthLogin& login) const;
  void perform(Task task, const Request& request, std::function<void(Response)> respond);
  boost::json::object record_of(const RestReply& reply) const;
  Response response_of(Fate fate, const Faults::Plan& plan, bool is_replaced, RestReply reply);

  std::vector<std::function<void()>> asked_;  // browsers that wait for the user's word
  std::string last_refusal_;                  // of who called: why
};

}  // namespace busbar::venue
