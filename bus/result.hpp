#pragma once
// The outcome of work that may honestly fail: a value, or the reason someone will be given.

#include <string>
#include <string_view>

#include <boost/system/result.hpp>

#include "schemas/common_generated.h"

namespace busbar {

using wire::ErrorCode;

struct Error {
  ErrorCode code = ErrorCode::Internal;  // our word for it
  std::string text;                      // the broker's or the library's own words where there are any
};

// Named by boost::system::result when value() is called on an error; a mistake of our own, so it ends the process.
[[noreturn]] inline void throw_exception_from_error(const Error&, const boost::source_location&) { __builtin_trap(); }

template <class T>
using Result = boost::system::result<T, Error>;

// The name as it stands in reports, logs and docs: INSUFFICIENT_FUNDS, RATE_LIMITED, ...
std::string_view name_of(ErrorCode code);

}  // namespace busbar
