#include "gateways/framework/adapter.hpp"

#include "gateways/framework/facts.hpp"

namespace busbar::gateway {

namespace {

Error no_login() { return {ErrorCode::Unsupported, "this broker has no login of this kind"}; }

}  // namespace

Result<std::string> Adapter::auth_url(std::string) { return no_login(); }

asio::awaitable<Result<void>> Adapter::handle_callback(std::string) { co_return no_login(); }

asio::awaitable<Result<void>> Adapter::refresh_token() { co_return no_login(); }

asio::awaitable<Result<void>> Adapter::revoke_token() { co_return no_login(); }

asio::awaitable<Facts> Adapter::place_list(PlaceListCommand list) {
  Facts facts;
  for (const PlaceCommand& place : list.commands) {
    facts.push_back(make_fact(place.command, VenueEvent::NotSent, ErrorCode::Unsupported, "no order lists here"));
  }
  co_return facts;
}

asio::awaitable<Result<std::vector<Bar>>> Adapter::history(Symbol, std::uint32_t, Timestamp, Timestamp) {
  co_return Error{ErrorCode::Unsupported, "this broker gives no bars"};
}

asio::awaitable<Result<Book>> Adapter::book(Symbol) {
  co_return Error{ErrorCode::Unsupported, "this broker gives no order book"};
}

asio::awaitable<Result<Ticker>> Adapter::ticker(Symbol) {
  co_return Error{ErrorCode::Unsupported, "this broker gives no 24 h ticker"};
}

asio::awaitable<Result<std::vector<Trade>>> Adapter::market_trades(Symbol) {
  co_return Error{ErrorCode::Unsupported, "this broker lists no trades of the market"};
}

asio::awaitable<Result<Preview>> Adapter::preview(NewOrder) {
  co_return Error{ErrorCode::Unsupported, "this broker previews no orders"};
}

}  // namespace busbar::gateway
