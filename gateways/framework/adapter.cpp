#include "gateways/framework/adapter.hpp"

namespace busbar::gateway {

namespace {

Error no_login() { return {ErrorCode::Unsupported, "this broker has no login of this kind"}; }

}  // namespace

Result<std::string> Adapter::auth_url() { return no_login(); }

asio::awaitable<Result<void>> Adapter::handle_callback(std::string) { co_return no_login(); }

asio::awaitable<Result<void>> Adapter::refresh_token() { co_return no_login(); }

}  // namespace busbar::gateway
