#pragma once
// Faults on demand: rules that say which requests and which stream events go wrong, and how. Rules come and go while
// the venue runs. Pure: time is handed in, chance comes from a seed.

#include <chrono>
#include <cstdint>
#include <list>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "tools/venue/engine.hpp"

namespace busbar::venue {

enum class FaultKind : std::uint8_t {
  DropRequest,    // not acted on; the connection is reset
  DropAnswer,     // acted on; the connection is reset
  HangRequest,    // not acted on, never answered
  HangAnswer,     // acted on, never answered
  DelayRequest,   // acted on `ms` later
  DelayAnswer,    // acted on at once, answered `ms` later: events come before the acknowledgement
  AnswerInstead,  // not acted on, answered with `status`
  AnswerWrong,    // acted on, answered with `status`
  HideOrders,     // look-ups don't find orders younger than `ms`
  Silence,        // stream events are lost
  DelayEvents,    // stream events come `ms` later
  Duplicate,      // stream events come 1 + `times` times
  Reorder,        // a stream event comes after its successor
  AlterAnswer,    // acted on; `member` of the answer becomes `value`
  AlterEvent,     // `member` of a stream event becomes `value`
  Withhold,       // stream events never come to be: where frames are numbered, no number is missing
  Endless,        // acted on, and the answer never ends
};

struct Fault {
  std::uint64_t id = 0;
  FaultKind kind = FaultKind::DropAnswer;
  std::string endpoint;         // "order.place" or "POST /api/v3/order"; empty: any
  std::string transport;        // "rest" or "ws"; empty: both
  std::string client_order_id;  // a prefix; empty: any
  std::string account;          // whose request, or whose stream; empty: anybody's
  std::string stream;           // "orders" or "market"; empty: both
  std::string event;            // "executionReport", "depthUpdate", ...; empty: any
  std::string member;           // of what is altered: "status", "fills.price", ...
  boost::json::value value;     // what it becomes; absent: the member goes
  bool has_value = false;
  std::int64_t next = -1;       // how many more; -1: until removed
  double probability = 1;
  TimeUs ends = 0;  // 0: never
  std::int64_t ms = 0;
  unsigned status = 502;
  std::string body;  // empty: what the venue would say with this status
  std::int64_t bytes = 0;  // the body again and again, until it is so long
  std::int64_t retry_after_s = 1;
  std::int64_t times = 1;
  std::uint64_t hits = 0;
  TimeUs quiet_until = 0;   // what a 429 or 418 of it has asked for
  std::uint64_t early = 0;  // requests of any kind that came before
};

class Faults {
 public:
  explicit Faults(std::uint64_t seed) : random_{seed} {}

  // The id of the new rule; an error names the member that is wrong.
  std::uint64_t add(const boost::json::object& rule, TimeUs now);  // throws std::invalid_argument
  bool remove(std::uint64_t id);
  void clear() { faults_.clear(); }
  boost::json::array list() const;

  struct RequestFacts {
    std::string_view operation;  // "order.place"
    std::string_view endpoint;   // "POST /api/v3/order"
    std::string_view transport;
    std::string_view client_order_id;
    std::string_view account{};  // whose key came with it, proven or not
  };
  struct Alteration {
    std::string member;
    std::optional<boost::json::value> value;
  };
  struct Plan {
    std::chrono::milliseconds delay_request{0}, delay_answer{0};
    std::optional<FaultKind> instead;  // of acting
    std::optional<FaultKind> after;    // acting
    unsigned status = 0;
    std::string body;
    std::int64_t bytes = 0;
    std::int64_t retry_after_s = 0;
    std::vector<Alteration> alterations;
  };
  Plan plan(const RequestFacts& facts, TimeUs now);

  struct EventPlan {
    bool is_lost = false;
    bool is_withheld = false;
    bool is_reordered = false;
    std::int64_t copies = 1;
    std::chrono::milliseconds delay{0};
    std::vector<Alteration> alterations;
  };
  EventPlan plan_event(std::string_view stream, std::string_view event, TimeUs now, std::string_view account = {});
  bool is_hidden(TimeUs created, TimeUs now);

 private:
  bool strikes(Fault& fault, TimeUs now);

  std::list<Fault> faults_;
  std::mt19937_64 random_;
  std::uint64_t next_id_ = 1;
};

// Whatever the member was before; a list is altered in each of its elements. Nothing where there is no such member.
void alter(boost::json::value& body, const Faults::Alteration& alteration);

}  // namespace busbar::venue
