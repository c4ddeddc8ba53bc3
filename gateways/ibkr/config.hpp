#pragma once
// IBKR's own keys of [gateways.NAME]. The defaults are IBKR's hosts, or those of its program on this host.

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "bus/config.hpp"
#include "gateways/framework/sessions.hpp"
#include "gateways/framework/stream.hpp"
#include "gateways/ibkr/errors.hpp"
#include "gateways/ibkr/facts.hpp"
#include "gateways/ibkr/instruments.hpp"
#include "gateways/ibkr/pace.hpp"
#include "gateways/ibkr/reset.hpp"

namespace busbar::ibkr {

// Somebody else has logged in under our name, with a phone say: only one of both can trade.
enum class Competing { TakeOver, Yield };

// What one account of the gateway does otherwise: [gateways.NAME.accounts.ACCOUNT].
struct OwnRules {
  std::string broker_account;  // DU123456; empty: the only one there is
  AnswerPolicy answers;
};

struct IbkrConfig {
  Line line = Line::OAuth;
  gateway::Url rest;    // up to /v1/api
  gateway::Url stream;  // /v1/api/ws
  std::string login_authorize;  // where a browser allows a consumer to trade
  std::string gateway_page;  // where a person logs in to IBKR's program
  Competing competing = Competing::Yield;
  Region region = Region::America;
  OwnRules rules;
  std::map<Name, OwnRules> rules_of;  // by account
  std::vector<std::string> suppressed;  // questions, by id, that IBKR shall not ask
  bool replaces_in_place = true;  // or by a cancel, whose end says what is left, and a new order
  std::vector<Wanted> symbols;
  std::string ext_operator;
  std::size_t connections_max = 4;
  std::uint32_t requests_per_second = 50;
  std::vector<PaceRule> paces;
  std::chrono::milliseconds tickle_interval{60'000};
  std::chrono::milliseconds penalty{hold_back_ms};
  std::uint32_t lost_after_ms = 60'000;
  gateway::StreamOptions stream_options;

  const OwnRules& rules_for(const Name& account) const {
    const auto own = rules_of.find(account);
    return own == rules_of.end() ? rules : own->second;
  }
};

// Throws ConfigError, naming the key.
IbkrConfig read_config(ConfigTable& table);

}  // namespace busbar::ibkr
