// What a FIX user would otherwise have: QuickFIX with its file store, a client and a broker that answers each order at once
// with an ExecutionReport. Two processes, so one hop where Busbar has two; and nothing is synced.
//   fix broker PORT FOLDER
//   fix client PORT FOLDER IN_FLIGHT,... SECONDS

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <sstream>

#include <quickfix/Application.h>
#include <quickfix/FileStore.h>
#include <quickfix/MessageCracker.h>
#include <quickfix/Session.h>
#include <quickfix/SessionSettings.h>
#include <quickfix/ThreadedSocketAcceptor.h>
#include <quickfix/ThreadedSocketInitiator.h>
#include <quickfix/fix44/ExecutionReport.h>
#include <quickfix/fix44/NewOrderSingle.h>
#include <unistd.h>

#include "tools/bench/measure.hpp"

namespace busbar {
namespace bench {
namespace {

FIX::SessionSettings settings(bool is_broker, const std::string& port, const std::string& folder) {
  std::stringstream text;
  text << "[DEFAULT]\nConnectionType=" << (is_broker ? "acceptor" : "initiator")
       << "\nStartTime=00:00:00\nEndTime=00:00:00\nHeartBtInt=30\nReconnectInterval=1\nResetOnLogon=Y\n"
       << "UseDataDictionary=N\nSocketNodelay=Y\nFileStorePath=" << folder << "\n";
  if (is_broker) {
    text << "SocketAcceptPort=" << port << "\nSocketReuseAddress=Y\n";
  } else {
    text << "SocketConnectHost=127.0.0.1\nSocketConnectPort=" << port << "\n";
  }
  text << "[SESSION]\nBeginString=FIX.4.4\nSenderCompID=" << (is_broker ? "BROKER" : "CLIENT")
       << "\nTargetCompID=" << (is_broker ? "CLIENT" : "BROKER") << "\n";
  return FIX::SessionSettings{text};
}

// The signatures, with their throw(), are QuickFIX's.
class Party : public FIX::Application, public FIX::MessageCracker {
 public:
  void onCreate(const FIX::SessionID& session) override { session_ = session; }
  void onLogon(const FIX::SessionID&) override { is_logged_on_ = true; }
  void onLogout(const FIX::SessionID&) override {}
  void toAdmin(FIX::Message&, const FIX::SessionID&) override {}
  void toApp(FIX::Message&, const FIX::SessionID&) throw(FIX::DoNotSend) override {}
  void fromAdmin(const FIX::Message&, const FIX::SessionID&) throw(FIX::FieldNotFound, FIX::IncorrectDataFormat,
                                                                   FIX::IncorrectTagValue, FIX::RejectLogon) override {}
  void fromApp(const FIX::Message& message, const FIX::SessionID& session) throw(
      FIX::FieldNotFound, FIX::IncorrectDataFormat, FIX::IncorrectTagValue, FIX::UnsupportedMessageType) override {
    crack(message, session);
  }
  bool is_logged_on() const { return is_logged_on_; }

 protected:
  FIX::SessionID session_;

 private:
  std::atomic<bool> is_logged_on_{false};
};

class Broker : public Party {
  void onMessage(const FIX44::NewOrderSingle& order, const FIX::SessionID& session) override {
    FIX::ClOrdID name;
    FIX::Symbol symbol;
    FIX::Side side;
    FIX::OrderQty qty;
    FIX::Price price;
    order.get(name);
    order.get(symbol);
    order.get(side);
    order.get(qty);
    order.get(price);
    const std::string id = std::to_string(++orders_);
    FIX44::ExecutionReport report{FIX::OrderID{id},
                                  FIX::ExecID{id},
                                  FIX::ExecType{FIX::ExecType_NEW},
                                  FIX::OrdStatus{FIX::OrdStatus_NEW},
                                  side,
                                  FIX::LeavesQty(qty),
                                  FIX::CumQty(0),
                                  FIX::AvgPx(0)};
    report.set(name);
    report.set(symbol);
    report.set(qty);
    report.set(price);
    FIX::Session::sendToTarget(report, session);
  }
  std::uint64_t orders_ = 0;
};

class Client : public Party {
 public:
  void run(std::size_t in_flight, std::int64_t duration_ns) {
    const std::int64_t begin_ns = now_ns();
    const std::int64_t end_ns = begin_ns + duration_ns;
    Latencies latencies;
    latencies_ = &latencies;
    std::unique_lock<std::mutex> lock{mutex_};
    while (now_ns() < end_ns || back_ < sent_) {
      while (sent_ - back_ < in_flight && now_ns() < end_ns) {
        sent_ns_[sent_ % sent_ns_.size()] = now_ns();
        const std::uint64_t number = ++sent_;
        lock.unlock();
        send(number);
        lock.lock();
      }
      const std::size_t may_be_out = now_ns() < end_ns ? in_flight - 1 : 0;  // then one more can go, or all are back
      arrived_.wait(lock, [&] { return sent_ - back_ <= may_be_out; });
    }
    print_window(in_flight, latencies, now_ns() - begin_ns);
  }

 private:
  void onMessage(const FIX44::ExecutionReport& report, const FIX::SessionID&) override {
    FIX::ClOrdID name;
    FIX::OrdStatus status;
    report.get(name);
    report.get(status);
    const std::lock_guard<std::mutex> lock{mutex_};
    latencies_->add(now_ns() - sent_ns_[back_++ % sent_ns_.size()]);
    arrived_.notify_one();
  }

  void send(std::uint64_t number) {
    FIX44::NewOrderSingle order{FIX::ClOrdID{"order-" + std::to_string(number)}, FIX::Side{FIX::Side_BUY},
                                FIX::TransactTime{}, FIX::OrdType{FIX::OrdType_LIMIT}};
    order.set(FIX::Account{"main"});
    order.set(FIX::Symbol{"BTC/USDT"});
    order.set(FIX::OrderQty{1.5});
    order.set(FIX::Price{65123.45});
    order.set(FIX::TimeInForce{FIX::TimeInForce_GOOD_TILL_CANCEL});
    FIX::Session::sendToTarget(order, session_);
  }

  std::mutex mutex_;
  std::condition_variable arrived_;
  Latencies* latencies_ = nullptr;
  std::vector<std::int64_t> sent_ns_ = std::vector<std::int64_t>(4096);
  std::uint64_t sent_ = 0;
  std::uint64_t back_ = 0;
};

}  // namespace
}  // namespace bench
}  // namespace busbar

int main(int argc, char** argv) {
  using namespace busbar::bench;
  const std::string role = argc > 3 ? argv[1] : "";
  if (role != "broker" && !(role == "client" && argc == 6)) {
    fail("fix broker PORT FOLDER | client PORT FOLDER IN_FLIGHT,... SECONDS");
  }
  const FIX::SessionSettings settings_of_role = settings(role == "broker", argv[2], argv[3]);
  FIX::FileStoreFactory store{settings_of_role};
  if (role == "broker") {
    Broker broker;
    FIX::ThreadedSocketAcceptor acceptor{broker, store, settings_of_role};
    acceptor.start();
    for (;;) ::pause();
  }
  Client client;
  FIX::ThreadedSocketInitiator initiator{client, store, settings_of_role};
  initiator.start();
  while (!client.is_logged_on()) ::usleep(1000);
  for (const std::size_t in_flight : numbers(argv[4])) {
    client.run(in_flight, static_cast<std::int64_t>(std::strtod(argv[5], nullptr) * 1e9));
  }
  std::_Exit(EXIT_SUCCESS);  // its threads are left alone
}
