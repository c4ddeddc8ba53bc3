#pragma once
#include "gateways/framework/recent.hpp"

namespace busbar::binance {

using gateway::Recent;

}  // namespace busbar::binance
