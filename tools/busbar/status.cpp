// busbar status: is everything up, and how far is it written? Exit 0 only when orders are accepted everywhere.
#include <algorithm>
#include <cstdio>

#include <boost/json/serialize.hpp>

#include "bus/clock.hpp"
#include "bus/codec.hpp"
#include "tools/busbar/client.hpp"
#include "tools/busbar/json.hpp"
#include "tools/busbar/table.hpp"

namespace busbar::tool {

namespace {

void print(const Answer& answer) {
  if (const auto& router = answer.status) {
    std::printf("router    %s, core %u, %s, %s%s%s\n", std::string{view(router->version)}.c_str(), router->core_version,
                std::string{name_of(router->environment)}.c_str(),
                router->accepts_orders ? "accepts orders" : "REFUSES orders", router->reason.empty() ? "" : ": ",
                std::string{view(router->reason)}.c_str());
    std::printf("orders    %u open, %u in doubt, %u sessions\n", router->open_orders, router->in_doubt,
                router->sessions);
    std::printf("records   %llu durable, %llu in the journal; log %llu of %llu MiB\n",
                static_cast<unsigned long long>(router->durable_sequence),
                static_cast<unsigned long long>(router->audited_sequence),
                static_cast<unsigned long long>(router->log_used_bytes >> 20),
                static_cast<unsigned long long>(router->log_limit_bytes >> 20));
    std::printf("state     %s at record %llu\n", std::string{view(router->state_hash)}.c_str(),
                static_cast<unsigned long long>(router->last_sequence));
  }
  if (!answer.gateways.empty()) {
    Table table{{{"GATEWAY"}, {"BROKER"}, {"VERSION"}, {"CONNECTED"}, {"OPEN COMMANDS", true}}};
    for (const GatewayStatus& gateway : answer.gateways) {
      table.add({std::string{view(gateway.gateway)}, std::string{view(gateway.broker)},
                 std::string{view(gateway.version)}, gateway.connected ? "yes" : "NO",
                 std::to_string(gateway.open_commands)});
    }
    std::printf("\n%s", table.text().c_str());
  }
  if (!answer.sessions.empty()) {
    Table table{{{"ACCOUNT"},
                 {"GATEWAY"},
                 {"STATE"},
                 {"REST"},
                 {"ORDER STREAM"},
                 {"MARKET DATA"},
                 {"RECONCILED"},
                 {"CLOCK OFFSET MS", true},
                 {"DEADLINE"},
                 {"REASON"}}};
    for (const SessionState& session : answer.sessions) {
      table.add({std::string{view(session.account)}, std::string{view(session.gateway)},
                 std::string{name_of(session.state)}, std::string{name_of(session.rest)},
                 std::string{name_of(session.order_stream)}, std::string{name_of(session.market_data)},
                 session.reconciled ? "yes" : "no", std::to_string(session.clock_offset_ns / 1'000'000),
                 deadline_text(session, wall_now_ns()), std::string{view(session.reason)}});
    }
    std::printf("\n%s", table.text().c_str());
  }
  if (!answer.buckets.empty()) {
    Table table{{{"BUCKET"},
                 {"SCOPE"},
                 {"EACH S", true},
                 {"LIMIT", true},
                 {"USED", true},
                 {"QUEUED", true},
                 {"BLOCKED UNTIL"}}};
    for (const BucketStatus& bucket : answer.buckets) {
      table.add({std::string{view(bucket.bucket)}, std::string{view(bucket.scope)},
                 std::to_string(bucket.interval_ms / 1000), std::to_string(bucket.limit), std::to_string(bucket.used),
                 std::to_string(bucket.queued),
                 bucket.blocked_until_ns == 0 ? "" : time_text(bucket.blocked_until_ns)});
    }
    std::printf("\n%s", table.text().c_str());
  }
}

}  // namespace

void add_status(const Subcommand& app, Tool& tool) {
  const Subcommand command = app.subcommand("status", "Is everything up? Exit 0 only when orders are accepted for every account");
  command.run([&tool] {
    tool.action = [&tool] {
      tool.load();
      Client client{tool};
      Query query;
      query.kind = QueryKind::Status;
      const Asked asked = ask_all(client, query);
      if (!asked.answer) return asked.exit;
      const Answer& answer = *asked.answer;
      if (tool.json) {
        std::puts(json::serialize(to_json(Body{answer})).c_str());
      } else {
        print(answer);
      }
      const bool is_accepting = answer.status && answer.status->accepts_orders;
      const auto is_connected = [&](const Name& gateway) {
        return std::any_of(answer.gateways.begin(), answer.gateways.end(),
                           [&](const GatewayStatus& g) { return g.gateway == gateway && g.connected; });
      };
      // Each account of the configuration: a gateway that has never been there is in no list, and one that the configuration
      // does not name any more stays in it.
      const auto is_fine = [&](const Name& account) {
        return std::any_of(answer.sessions.begin(), answer.sessions.end(), [&](const SessionState& s) {
          return s.account == account && s.state == SessionStateKind::Ok && s.reconciled && is_connected(s.gateway);
        });
      };
      const bool is_trading = !tool.accounts.empty() && std::all_of(tool.accounts.begin(), tool.accounts.end(), is_fine);
      return is_accepting && is_trading ? Exit::Ok : Exit::No;
    };
  });
}

}  // namespace busbar::tool
