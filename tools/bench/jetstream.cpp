// What a user of message queues would otherwise have: NATS JetStream, a publish into a stream on files and the server's
// acknowledgement of it. One hop, no order on the other side; and the server syncs every two minutes, not before it answers.
//   jetstream URL IN_FLIGHT,... SECONDS

#include <utility>

#include <nats/nats.h>

#include "tools/bench/measure.hpp"

namespace busbar::bench {
namespace {

constexpr const char* subject = "orders.new";
constexpr int payload_size = 256;  // about an order's

void require_ok(natsStatus status, const char* what) {
  if (status != NATS_OK) fail(std::string{what} + ": " + natsStatus_GetText(status));
}

class Stream {
 public:
  explicit Stream(const char* url) {
    natsOptions* options = nullptr;
    require_ok(natsOptions_Create(&options), "options");
    require_ok(natsOptions_SetURL(options, url), url);
    require_ok(natsOptions_SetSendAsap(options, true), "options");
    require_ok(natsConnection_Connect(&connection_, options), "connect");
    natsOptions_Destroy(options);
    jsCtx* context = open(1);
    jsStreamConfig config;
    jsStreamConfig_Init(&config);
    const char* subjects[] = {"orders.>"};
    config.Name = "ORDERS";
    config.Subjects = subjects;
    config.SubjectsLen = 1;
    config.Storage = js_FileStorage;
    require_ok(js_AddStream(nullptr, context, &config, nullptr, nullptr), "stream");
    jsCtx_Destroy(context);
  }

  void run(std::size_t in_flight, std::int64_t duration_ns) {
    jsCtx* context = open(static_cast<std::int64_t>(in_flight));
    Latencies latencies;
    const std::int64_t begin_ns = now_ns();
    const std::int64_t end_ns = begin_ns + duration_ns;
    for (std::int64_t time_ns = begin_ns; time_ns < end_ns;) {
      // A publish waits here until fewer than `in_flight` are not acknowledged.
      require_ok(in_flight == 1 ? js_Publish(nullptr, context, subject, payload_, payload_size, nullptr, nullptr)
                                : js_PublishAsync(context, subject, payload_, payload_size, nullptr),
                 "publish");
      const std::int64_t before_ns = std::exchange(time_ns, now_ns());
      latencies.add(in_flight == 1 ? time_ns - before_ns : 0);  // when one of several is acknowledged is not told
    }
    jsPubOptions patience;
    jsPubOptions_Init(&patience);
    patience.MaxWait = 60'000;
    require_ok(js_PublishAsyncComplete(context, &patience), "acknowledgements");
    print_window(in_flight, latencies, now_ns() - begin_ns);
    jsCtx_Destroy(context);
  }

 private:
  jsCtx* open(std::int64_t in_flight) {
    jsOptions options;
    jsOptions_Init(&options);
    options.PublishAsync.MaxPending = in_flight;
    options.PublishAsync.StallWait = 60'000;
    jsCtx* context = nullptr;
    require_ok(natsConnection_JetStream(&context, connection_, &options), "JetStream");
    return context;
  }

  natsConnection* connection_ = nullptr;
  char payload_[payload_size] = {};
};

}  // namespace
}  // namespace busbar::bench

int main(int argc, char** argv) {
  using namespace busbar::bench;
  if (argc != 4) fail("jetstream URL IN_FLIGHT,... SECONDS");
  Stream stream{argv[1]};
  for (const std::size_t in_flight : numbers(argv[2])) {
    stream.run(in_flight, static_cast<std::int64_t>(std::strtod(argv[3], nullptr) * 1e9));
  }
}
