#pragma once
// Every order and cancel request that reached the venue, in order, with the moment it did: the evidence against which
// "nothing twice, nothing lost, on disk before it left" is proven. Kept in memory and, line by line, in a file.

#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace busbar::venue {

class Arrivals {
 public:
  // An empty path keeps no file. Throws std::runtime_error when the file can't be opened.
  explicit Arrivals(const std::string& file);

  struct Arrival {
    std::int64_t realtime_ns = 0, boottime_ns = 0;
    std::string transport, operation, client_order_id;
    boost::json::object params;
  };
  std::size_t add(Arrival arrival);
  // What became of it; written to the file now.
  void finish(std::size_t index, const boost::json::object& outcome);
  boost::json::array since(std::size_t index) const;
  std::size_t size() const { return entries_.size(); }

 private:
  std::vector<boost::json::object> entries_;
  std::ofstream file_;
};

}  // namespace busbar::venue
