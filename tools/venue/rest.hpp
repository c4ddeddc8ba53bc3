#pragma once
// A call by HTTP as a broker's operations read it, and the answer that they give. Neither knows a connection.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "tools/venue/engine.hpp"
#include "tools/venue/server.hpp"

namespace busbar::venue {

struct RestCall {
  std::string method, path, host;
  std::string id;  // what stands in the path, decoded
  std::vector<std::pair<std::string, std::string>> query;
  boost::json::object body;   // of what may change something: SDKs send one with their GET requests too
  bool is_json = true;        // or the body was something else
  std::string authorization;  // the header
  std::string address;        // of the caller

  std::string query_value(std::string_view name) const;  // the first; empty when absent
  std::set<std::string> query_values(std::string_view name) const;
  std::string_view bearer_token() const;  // of the header; empty when it holds none
};
RestCall call_from(const Request& request);

struct RestReply {
  unsigned status = 200;
  boost::json::value body;
  std::string text;          // instead of a body
  std::string content_type;  // of the text, where it does not show
  std::string location;      // of a redirect
  std::string cookie;
  bool is_empty = false;     // no body at all
  std::int64_t limit = 0, left = 0, reset_s = 0;
  // For the record:
  std::optional<AccountId> account{};  // who called, when that was proven
  std::string refusal;                 // why it was no success
  bool is_question = false;            // nothing is placed yet
  boost::json::value order_id;
};

// `path` against a pattern with at most one {}; what stands for it goes to `id`, decoded.
bool path_matches(std::string_view pattern, std::string_view path, std::string& id);

// The first of a broker's operations that is meant, or none.
template <class Operation, std::size_t count>
const Operation* operation_of(const Operation (&all)[count], std::string_view method, std::string_view path,
                              std::string& id) {
  for (const Operation& operation : all) {
    if (operation.method == method && path_matches(operation.path, path, id)) return &operation;
  }
  return nullptr;
}

// Counts by name, within intervals of the clock. Pure: the time is handed in.
class RestCounters {
 public:
  explicit RestCounters(TimeUs interval) : interval_{interval} {}

  // Counts one, and says how many are left; less than none when it was too many.
  std::int64_t left_after_one(const std::string& name, std::int64_t most, TimeUs now);

 private:
  struct Counter {
    TimeUs interval = 0;
    std::int64_t count = 0;
  };
  TimeUs interval_;
  std::map<std::string, Counter> counters_;
};

}  // namespace busbar::venue
