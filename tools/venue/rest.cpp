#include "tools/venue/rest.hpp"

#include <boost/json/parse.hpp>

#include "tools/venue/form.hpp"

namespace busbar::venue {

std::string RestCall::query_value(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return {};
}

std::set<std::string> RestCall::query_values(std::string_view name) const {
  std::set<std::string> found;
  for (const auto& [key, value] : query) {
    if (key == name) found.insert(value);
  }
  return found;
}

std::string_view RestCall::bearer_token() const {
  constexpr std::string_view scheme = "Bearer ";
  const std::string_view header = authorization;
  return header.starts_with(scheme) ? header.substr(scheme.size()) : std::string_view{};
}

RestCall call_from(const Request& request) {
  RestCall call;
  call.method = request.method;
  call.path = request.path;
  call.host = request.header("host");
  call.query = form_fields(request.query);
  call.authorization = request.header("authorization");
  call.address = request.remote;
  if (request.method != "POST" && request.method != "PATCH") return call;
  boost::system::error_code error;
  const boost::json::value body = boost::json::parse(request.body, error);
  call.is_json = !error && body.is_object();
  if (call.is_json) call.body = body.get_object();
  return call;
}

bool path_matches(std::string_view pattern, std::string_view path, std::string& id) {
  const std::size_t open = pattern.find("{}");
  if (open == std::string_view::npos) return pattern == path;
  const std::string_view head = pattern.substr(0, open), tail = pattern.substr(open + 2);
  if (!path.starts_with(head) || !path.ends_with(tail) || path.size() <= head.size() + tail.size()) return false;
  const std::string_view middle = path.substr(head.size(), path.size() - head.size() - tail.size());
  if (middle.find('/') != std::string_view::npos) return false;
  id = decoded(middle);
  return true;
}

std::int64_t RestCounters::left_after_one(const std::string& name, std::int64_t most, TimeUs now) {
  Counter& counter = counters_[name];
  if (counter.interval != now / interval_) counter = {now / interval_, 0};
  return most - ++counter.count;
}

}  // namespace busbar::venue
