#include "tools/venue/arrivals.hpp"

#include <stdexcept>

#include <boost/json/serialize.hpp>

namespace busbar::venue {

Arrivals::Arrivals(const std::string& file) {
  if (file.empty()) return;
  file_.open(file, std::ios::app);
  if (!file_) throw std::runtime_error{"cannot write the arrivals to " + file};
}

std::size_t Arrivals::add(Arrival arrival) {
  boost::json::object entry;
  entry["sequence"] = entries_.size() + 1;
  entry["arrival_ns"] = arrival.realtime_ns;
  entry["boottime_ns"] = arrival.boottime_ns;
  entry["transport"] = arrival.transport;
  entry["operation"] = arrival.operation;
  entry["client_order_id"] = arrival.client_order_id;
  entry["params"] = std::move(arrival.params);
  entry["outcome"] = "pending";
  entries_.push_back(std::move(entry));
  return entries_.size() - 1;
}

void Arrivals::finish(std::size_t index, const boost::json::object& outcome) {
  boost::json::object& entry = entries_[index];
  for (const auto& [name, value] : outcome) entry[name] = value;
  if (file_.is_open()) file_ << boost::json::serialize(entry) << std::endl;  // flushed: it must survive a kill
}

boost::json::array Arrivals::since(std::size_t index) const {
  boost::json::array result;
  for (std::size_t i = index; i < entries_.size(); ++i) result.push_back(entries_[i]);
  return result;
}

}  // namespace busbar::venue
