#pragma once
// Which ids a record is found by. Pure: a record in, keys out. Strange bytes give no keys and harm nothing.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "audit/journal.hpp"

namespace busbar::audit {

struct IndexKey {
  Index index;
  std::string key;
  friend bool operator==(const IndexKey&, const IndexKey&) = default;
};

// Appends the record's keys, none twice. false: the payload could not be decoded. The payload must be aligned to 8.
bool index_keys(const Record& record, std::vector<IndexKey>& keys);

// Keys as they are stored. Ids hold no NUL, so a NUL ends one. A client order id is stored with the client behind it, so
// that the bare id is a prefix.
std::string client_order_key(std::string_view client, std::string_view id);
std::string execution_key(std::string_view account, std::string_view trade_id);
std::string account_time_key(std::string_view account, Timestamp time_ns);
std::string session_report_key(std::string_view client, std::string_view session, std::uint64_t report_number);

}  // namespace busbar::audit
