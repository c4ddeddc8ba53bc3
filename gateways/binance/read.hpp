#pragma once
// What is read in more than one place of Binance's words, with the framework's reader.

#include <string_view>
#include <vector>

#include "gateways/binance/broker_error.hpp"
#include "gateways/framework/json_reader.hpp"

namespace busbar::binance {

using namespace reading;

BrokerError read_error(const json::object& object, Complaint& complaint);
std::vector<BookLevel> read_levels(const json::object& object, std::string_view what, std::string_view member,
                                   Complaint& complaint);

}  // namespace busbar::binance
