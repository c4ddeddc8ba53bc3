#include "tools/venue/faults.hpp"

#include <array>
#include <stdexcept>

namespace busbar::venue {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 17> kinds{
    "drop_request", "drop_answer", "hang_request", "hang_answer",  "delay_request", "delay_answer", "answer_instead",
    "answer_wrong", "hide_orders", "silence",      "delay_events", "duplicate",     "reorder",      "alter_answer",
    "alter_event",  "withhold",    "endless"};

[[noreturn]] void refuse(std::string_view member, std::string_view reason) {
  throw std::invalid_argument{std::string{member} + ": " + std::string{reason}};
}

bool is_before(FaultKind kind) {
  return kind == FaultKind::DropRequest || kind == FaultKind::HangRequest || kind == FaultKind::AnswerInstead;
}
bool is_after(FaultKind kind) {
  return kind == FaultKind::DropAnswer || kind == FaultKind::HangAnswer || kind == FaultKind::AnswerWrong ||
         kind == FaultKind::Endless;
}
bool is_of_request(FaultKind kind) {
  return is_before(kind) || is_after(kind) || kind == FaultKind::DelayRequest || kind == FaultKind::DelayAnswer ||
         kind == FaultKind::AlterAnswer;
}
bool is_of_events(FaultKind kind) {
  return kind >= FaultKind::Silence && kind != FaultKind::AlterAnswer && kind != FaultKind::Endless;
}

Faults::Alteration alteration_of(const Fault& fault) {
  return {fault.member, fault.has_value ? std::optional{fault.value} : std::nullopt};
}

bool is_about(const Fault& fault, std::string_view account) {
  return fault.account.empty() || fault.account == account;
}

bool matches(const Fault& fault, const Faults::RequestFacts& facts) {
  return (fault.endpoint.empty() || fault.endpoint == facts.operation || fault.endpoint == facts.endpoint) &&
         (fault.transport.empty() || fault.transport == facts.transport) &&
         facts.client_order_id.starts_with(fault.client_order_id) && is_about(fault, facts.account);
}

}  // namespace

std::uint64_t Faults::add(const json::object& rule, TimeUs now) {
  Fault fault;
  bool has_kind = false;
  for (const auto& [name, value] : rule) {
    const auto text = [&, &name = name, &value = value] {
      if (!value.is_string()) refuse(name, "a string is needed");
      return std::string{value.get_string()};
    };
    const auto count = [&, &name = name, &value = value] {
      boost::system::error_code error;
      const auto number = value.to_number<std::int64_t>(error);
      constexpr std::int64_t most = 1'000'000'000'000;  // of ms, thirty years
      if (error || number < 0 || number > most) refuse(name, "a whole number is needed, 0 to 1e12");
      return number;
    };
    if (name == "kind") {
      const std::string wanted = text();
      for (std::size_t i = 0; i < kinds.size(); ++i) {
        if (kinds[i] != wanted) continue;
        fault.kind = static_cast<FaultKind>(i);
        has_kind = true;
      }
      if (!has_kind) refuse(name, "no such kind: " + wanted);
    } else if (name == "endpoint") {
      fault.endpoint = text();
    } else if (name == "transport") {
      fault.transport = text();
      if (fault.transport != "rest" && fault.transport != "ws") refuse(name, "rest or ws");
    } else if (name == "client_order_id") {
      fault.client_order_id = text();
    } else if (name == "account") {
      fault.account = text();
    } else if (name == "stream") {
      fault.stream = text();
      if (fault.stream != "orders" && fault.stream != "market") refuse(name, "orders or market");
    } else if (name == "event") {
      fault.event = text();
    } else if (name == "member") {
      fault.member = text();
    } else if (name == "value") {
      fault.value = value;
      fault.has_value = true;
    } else if (name == "next") {
      fault.next = count();
    } else if (name == "probability") {
      boost::system::error_code error;
      fault.probability = value.to_number<double>(error);
      if (error || fault.probability < 0 || fault.probability > 1) refuse(name, "a number from 0 to 1");
    } else if (name == "for_ms") {
      fault.ends = now + count() * 1'000;
    } else if (name == "ms") {
      fault.ms = count();
    } else if (name == "status") {
      fault.status = static_cast<unsigned>(count());
      if (fault.status < 200 || fault.status > 599) refuse(name, "200 to 599");
    } else if (name == "body") {
      fault.body = text();
    } else if (name == "bytes") {
      fault.bytes = count();
      if (fault.bytes > 1'000'000'000) refuse(name, "at most 1e9");
    } else if (name == "retry_after_s") {
      fault.retry_after_s = count();
    } else if (name == "times") {
      fault.times = count();
    } else {
      refuse(name, "no such member");
    }
  }
  if (!has_kind) refuse("kind", "is missing");
  const bool alters = fault.kind == FaultKind::AlterAnswer || fault.kind == FaultKind::AlterEvent;
  if (alters && fault.member.empty()) refuse("member", "is missing");
  fault.id = next_id_++;
  faults_.push_back(std::move(fault));
  return faults_.back().id;
}

bool Faults::remove(std::uint64_t id) {
  return std::erase_if(faults_, [&](const Fault& fault) { return fault.id == id; }) > 0;
}

json::array Faults::list() const {
  json::array result;
  for (const Fault& fault : faults_) {
    result.push_back({{"id", fault.id},
                      {"kind", kinds[static_cast<std::size_t>(fault.kind)]},
                      {"endpoint", fault.endpoint},
                      {"transport", fault.transport},
                      {"client_order_id", fault.client_order_id},
                      {"account", fault.account},
                      {"stream", fault.stream},
                      {"event", fault.event},
                      {"member", fault.member},
                      {"next", fault.next},
                      {"probability", fault.probability},
                      {"ms", fault.ms},
                      {"status", fault.status},
                      {"hits", fault.hits},
                      {"early", fault.early}});
  }
  return result;
}

bool Faults::strikes(Fault& fault, TimeUs now) {
  if (fault.next == 0 || (fault.ends != 0 && now >= fault.ends)) return false;
  if (fault.probability < 1 && static_cast<double>(random_() >> 11) * 0x1p-53 >= fault.probability) return false;
  if (fault.next > 0) --fault.next;
  ++fault.hits;
  return true;
}

Faults::Plan Faults::plan(const RequestFacts& facts, TimeUs now) {
  Plan plan;
  for (Fault& fault : faults_) {
    if (now < fault.quiet_until) ++fault.early;
    if (!is_of_request(fault.kind) || !matches(fault, facts)) continue;
    if ((is_before(fault.kind) && plan.instead) || (is_after(fault.kind) && (plan.after || plan.instead))) continue;
    if (!strikes(fault, now)) continue;
    if (fault.kind == FaultKind::DelayRequest) plan.delay_request += std::chrono::milliseconds{fault.ms};
    if (fault.kind == FaultKind::DelayAnswer) plan.delay_answer += std::chrono::milliseconds{fault.ms};
    if (fault.kind == FaultKind::AlterAnswer) plan.alterations.push_back(alteration_of(fault));
    if (is_before(fault.kind)) plan.instead = fault.kind;
    if (is_after(fault.kind)) plan.after = fault.kind;
    if (fault.kind == FaultKind::AnswerInstead || fault.kind == FaultKind::AnswerWrong) {
      plan.status = fault.status;
      plan.body = fault.body;
      plan.bytes = fault.bytes;
      plan.retry_after_s = fault.retry_after_s;
      const bool wants_quiet = fault.status == 429 || fault.status == 418;
      if (wants_quiet) fault.quiet_until = now + fault.retry_after_s * 1'000'000;
    }
  }
  return plan;
}

Faults::EventPlan Faults::plan_event(std::string_view stream, std::string_view event, TimeUs now,
                                     std::string_view account) {
  EventPlan plan;
  for (Fault& fault : faults_) {
    if (!is_of_events(fault.kind) || (!fault.stream.empty() && fault.stream != stream)) continue;
    if ((!fault.event.empty() && fault.event != event) || !is_about(fault, account)) continue;
    if (plan.is_lost || plan.is_withheld || !strikes(fault, now)) continue;
    switch (fault.kind) {
      case FaultKind::Silence: plan.is_lost = true; break;
      case FaultKind::Withhold: plan.is_withheld = true; break;
      case FaultKind::DelayEvents: plan.delay += std::chrono::milliseconds{fault.ms}; break;
      case FaultKind::Duplicate: plan.copies += fault.times; break;
      case FaultKind::AlterEvent: plan.alterations.push_back(alteration_of(fault)); break;
      default: plan.is_reordered = true; break;
    }
  }
  return plan;
}

bool Faults::is_hidden(TimeUs created, TimeUs now) {
  for (Fault& fault : faults_) {
    if (fault.kind == FaultKind::HideOrders && now - created < fault.ms * 1'000 && strikes(fault, now)) return true;
  }
  return false;
}

void alter(json::value& body, const Faults::Alteration& alteration) {
  if (json::array* list = body.if_array()) {
    for (json::value& element : *list) alter(element, alteration);
    return;
  }
  json::object* object = body.if_object();
  const std::size_t dot = alteration.member.find('.');
  const std::string name = alteration.member.substr(0, dot);
  json::value* member = object == nullptr ? nullptr : object->if_contains(name);
  if (member == nullptr) return;
  if (dot != std::string::npos) return alter(*member, {alteration.member.substr(dot + 1), alteration.value});
  if (alteration.value) *member = *alteration.value;
  else object->erase(name);
}

}  // namespace busbar::venue
