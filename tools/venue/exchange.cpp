#include "tools/venue/exchange.hpp"

#include <algorithm>

namespace busbar::venue {

namespace asio = boost::asio;
namespace json = boost::json;

Exchange::Exchange(asio::io_context& loop, const ExchangeSettings& settings, Commission commission)
    : engine_{settings.symbols, commission}, history_{settings.symbols.size()}, faults_{settings.seed}, loop_{loop},
      connections_{settings.connections}, market_{engine_, settings.seed, now()}, arrivals_{settings.arrivals_file},
      market_rate_{settings.market_steps_per_second}, best_bids_(settings.symbols.size()),
      best_asks_(settings.symbols.size()), tick_timer_{loop}, market_timer_{loop} {}

void Exchange::start() {
  Events events;
  market_.quote_all(now(), events);
  publish(events);
  tick();
  move();
}

void Exchange::stop() {
  tick_timer_.cancel();
  market_timer_.cancel();
  each_connection([this](Connection& connection) {
    connection.announce_shutdown(now());
    connection.close(1001, "serverShutdown");
  });
}

AccountId Exchange::open_account(const ExchangeAccount& account) {
  const AccountId id = engine_.open_account(account.name, account.maker_rate, account.taker_rate, true);
  for (const auto& [asset, amount] : account.balances) engine_.deposit(id, asset, amount, now());
  engine_.set_may_trade(id, account.may_trade);
  return id;
}

std::vector<SymbolId> Exchange::take_new_tops(const Events& events) {
  std::vector<SymbolId> new_tops;
  for (SymbolId id = 0; id < engine_.symbol_count(); ++id) {
    const bool is_touched = std::any_of(events.levels.begin(), events.levels.end(),
                                        [&](const LevelChange& level) { return level.symbol == id; });
    if (!is_touched) continue;
    const auto top = [&](Side side) {
      const auto best = engine_.levels(id, side, 1);
      return best.empty() ? std::pair<Decimal, Decimal>{} : best.front();
    };
    const auto bid = top(Side::Buy), ask = top(Side::Sell);
    if (bid == best_bids_[id] && ask == best_asks_[id]) continue;
    best_bids_[id] = bid;
    best_asks_[id] = ask;
    new_tops.push_back(id);
  }
  return new_tops;
}

void Exchange::tick() {
  const TimeUs time = now();
  each_connection([&](Connection& connection) { connection.tick(time); });
  on_tick(time);
  tick_timer_.expires_after(std::chrono::milliseconds{100});
  tick_timer_.async_wait([this](boost::system::error_code canceled) {
    if (!canceled) tick();
  });
}

void Exchange::move() {
  if (market_rate_ == 0) return;
  market_timer_.expires_after(std::chrono::microseconds{1'000'000 / market_rate_});
  market_timer_.async_wait([this](boost::system::error_code canceled) {
    if (canceled) return;
    step_market(1);
    move();
  });
}

void Exchange::set_market_rate(std::int64_t steps_per_second) {
  market_rate_ = steps_per_second;
  market_timer_.cancel();
  move();
}

void Exchange::step_market(std::int64_t steps) {
  for (std::int64_t step = 0; step < steps; ++step) {
    Events events;
    market_.step(now(), events);
    publish(events);
  }
}

void Exchange::clear_market() {
  Events events;
  market_.clear(now(), events);
  publish(events);
}

std::size_t Exchange::each_open(std::string_view stream, const Visit& visit) const {
  std::size_t count = 0;
  each_connection([&](Connection& connection) {
    if (connection.is_closed() || (!stream.empty() && connection.stream() != stream)) return;
    visit(connection);
    ++count;
  });
  return count;
}

std::size_t Exchange::close_streams(std::string_view stream, bool by_reset) {
  return each_open(stream, [&](Connection& connection) {
    if (by_reset) connection.reset();
    else connection.close(1001, "going away");
  });
}

std::size_t Exchange::announce_shutdown(std::string_view stream) {
  return each_open(stream, [this](Connection& connection) { connection.announce_shutdown(now()); });
}

std::size_t Exchange::send_raw(std::string_view stream, const std::string& text) {
  return each_open(stream, [&](Connection& connection) { connection.send_raw(text); });
}

std::size_t Exchange::connection_count(std::string_view stream) const {
  return each_open(stream, [](Connection&) {});
}

void Exchange::perform(const Faults::RequestFacts& facts, std::optional<Arrivals::Arrival> arrival, Course course) {
  const Faults::Plan plan = faults_.plan(facts, now());
  std::optional<std::size_t> index;
  if (arrival) index = arrivals_.add(std::move(*arrival));
  if (plan.delay_request.count() == 0) return act(index, plan, course);
  const auto timer = std::make_shared<asio::steady_timer>(loop_, plan.delay_request);
  timer->async_wait([this, timer, index, plan, course = std::move(course)](boost::system::error_code) {
    act(index, plan, course);
  });
}

void Exchange::act(std::optional<std::size_t> arrival, const Faults::Plan& plan, const Course& course) {
  json::object record;
  std::optional<FaultKind> fault = plan.instead;
  if (fault) {
    record["outcome"] = "not acted on";
  } else {
    record = course.act();
    fault = plan.after;
  }
  record["acted_ns"] = realtime_ns();
  const bool is_hung = fault == FaultKind::HangRequest || fault == FaultKind::HangAnswer;
  const bool is_dropped = fault == FaultKind::DropRequest || fault == FaultKind::DropAnswer;
  const bool is_wrong = fault || !plan.alterations.empty();
  record["answer"] = is_dropped ? "dropped" : is_hung ? "never" : is_wrong ? "wrong" : "sent";
  if (arrival) arrivals_.finish(*arrival, record);
  if (is_hung) return;
  const Fate fate = is_dropped                    ? Fate::Dropped
                    : fault == FaultKind::Endless ? Fate::Endless
                                                  : Fate::Answered;
  if (plan.delay_answer.count() == 0) return course.finish(fate, plan, fault.has_value());
  const auto timer = std::make_shared<asio::steady_timer>(loop_, plan.delay_answer);
  timer->async_wait([timer, fate, plan, is_replaced = fault.has_value(), finish = course.finish](
                        boost::system::error_code) { finish(fate, plan, is_replaced); });
}

std::string body_of(const Faults::Plan& plan) {
  std::string body = plan.body;
  const auto size = static_cast<std::size_t>(plan.bytes);
  if (body.size() >= size) return body;
  if (body.empty()) body = "x";
  const std::size_t once = body.size();
  body.reserve(size + once);
  while (body.size() < size) body.append(body, 0, once);
  return body;
}

std::string gateway_page(unsigned status) {
  if (status == 403) {
    return "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01 Transitional//EN\">\n<HTML><HEAD>\n<TITLE>ERROR: The request "
           "could not be satisfied</TITLE>\n</HEAD><BODY>\n<H1>403 ERROR</H1>\n<H2>The request could not be "
           "satisfied.</H2>\n<HR noshade size=\"1px\">\nRequest blocked.\n</BODY></HTML>\n";
  }
  const std::string title = std::to_string(status) + (status == 502   ? " Bad Gateway"
                                                      : status == 504 ? " Gateway Time-out"
                                                                      : " Error");
  return "<html>\r\n<head><title>" + title + "</title></head>\r\n<body>\r\n<center><h1>" + title +
         "</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n";
}

}  // namespace busbar::venue
