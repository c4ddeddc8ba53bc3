#pragma once
// Which ids records are found by, of a batch at a time. Pure: records in, keys out. Read where they lie, and nothing but the
// ids: the verifier says that reading is safe, and what the values are worth is for those who decode. Strange bytes give no
// keys and harm nothing.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audit/journal.hpp"

namespace busbar::audit {

// What stands in an index: under this key, this record.
struct IndexKey {
  std::string_view key;
  std::uint64_t sequence = 0;
  friend bool operator==(const IndexKey&, const IndexKey&) = default;
};

class IndexBatch {
 public:
  // Takes a record's ids. false: its payload is no message, or names an id too long for an index. The payload must be
  // aligned to 8.
  bool add(const Record& record);
  // In the order of the index, by key and then by sequence, none twice. Valid until the next add() or clear().
  std::span<const IndexKey> sorted(Index index);
  void clear();

 private:
  class Ids;
  struct Place {
    std::uint64_t first_bytes;  // of the key, as one number: most comparisons end here
    std::uint64_t sequence;
    std::uint32_t offset;
    std::uint32_t size;
  };
  std::span<const std::uint8_t> aligned(std::span<const std::uint8_t> bytes);
  std::string_view text_of(const Place& place) const { return std::string_view{text_}.substr(place.offset, place.size); }

  std::string text_;  // the keys, one behind the other
  std::array<std::vector<Place>, index_count> places_;
  std::vector<IndexKey> sorted_;
  std::vector<std::uint64_t> aligned_;
};

// Keys as they are stored. Ids hold no NUL, so a NUL ends one. A client order id is stored with the client behind it, so
// that the bare id is a prefix.
std::string client_order_key(std::string_view client, std::string_view id);
std::string execution_key(std::string_view account, std::string_view trade_id);
std::string account_time_key(std::string_view account, Timestamp time_ns);
std::string session_report_key(std::string_view client, std::string_view session, std::uint64_t report_number);

}  // namespace busbar::audit
