// busbar journal show ID: everything that is written about one order, from any of its names, in the order it happened.
#include <algorithm>
#include <cstdio>
#include <set>
#include <tuple>

#include <boost/json/serialize.hpp>

#include "audit/index.hpp"
#include "bus/codec.hpp"
#include "tools/busbar/journal.hpp"
#include "tools/busbar/json.hpp"
#include "tools/busbar/story.hpp"

namespace busbar::tool {

namespace {

// The names of one order, as they are learnt from its records.
struct Names {
  std::set<std::string> order_ids;
  std::set<std::string> client_order_ids;  // keys: the same id of another client is another order
  std::set<std::string> venue_order_ids;
  // What asked for its cancel, by account and client_order_id. It may have meant other orders too: it tells no names.
  std::set<std::pair<std::string, std::string>> requests;
  auto operator<=>(const Names&) const = default;

  void learn_order(std::uint64_t id) {
    if (id != 0) order_ids.insert(std::to_string(id));
  }
  void learn_client(std::string_view client, std::string_view id) {
    if (!client.empty() && !id.empty()) client_order_ids.insert(std::string{client} + '\0' + std::string{id});
  }
  void learn_venue(std::string_view id) {
    if (!id.empty()) venue_order_ids.insert(std::string{id});
  }
  void learn(const Command& command) {
    learn_order(command.order_id);
    learn_venue(view(command.venue_order_id));
    learn_venue(view(command.broker_order_id));
  }
  void learn(std::string_view peer, const Body& body) {
    if (const auto* order = std::get_if<NewOrder>(&body)) learn_client(peer, view(order->client_order_id));
    if (const auto* cancel = std::get_if<CancelOrder>(&body)) {
      learn_client(peer, view(cancel->client_order_id));
      learn_client(peer, view(cancel->orig_client_order_id));
      learn_order(cancel->order_id);
    }
    if (const auto* list = std::get_if<NewOrderList>(&body)) {
      learn_client(peer, view(list->list_id));
      for (const NewOrder& order : list->orders) learn_client(peer, view(order.client_order_id));
    }
    if (const auto* cancel = std::get_if<CancelOrderList>(&body)) {
      learn_client(peer, view(cancel->client_order_id));
      learn_client(peer, view(cancel->list_id));
    }
    if (const auto* report = std::get_if<ExecutionReport>(&body)) {
      learn_order(report->order_id);
      learn_venue(view(report->venue_order_id));
      learn_venue(view(report->broker_order_id));
      const bool is_about_request = !report->orig_client_order_id.empty() && report->exec_type != ExecType::Replaced;
      if (is_about_request) requests.emplace(view(report->account), view(report->client_order_id));
      if (!is_about_request) learn_client(peer, view(report->client_order_id));
      learn_client(peer, view(report->orig_client_order_id));
    }
    if (const auto* place = std::get_if<PlaceCommand>(&body)) learn(place->command);
    if (const auto* list = std::get_if<PlaceListCommand>(&body)) {
      learn_venue(view(list->venue_list_id));
      for (const PlaceCommand& place : list->commands) learn(place.command);
    }
    if (const auto* cancel = std::get_if<CancelCommand>(&body)) learn(cancel->command);
    if (const auto* replace = std::get_if<ReplaceCommand>(&body)) learn(replace->command);
    if (const auto* ask = std::get_if<AskCommand>(&body)) learn(ask->command);
    if (const auto* report = std::get_if<VenueReport>(&body)) learn_venue(view(report->venue_order_id));
  }
};

struct Page {  // one record of the story, copied out of the map
  Timestamp wall_ns;
  std::string stream;
  RecordHeader header;
  Bytes payload;
  Record record() const { return {header, payload}; }
};

void find_into(audit::JournalReader& reader, audit::Index index, std::string_view key, std::set<std::uint64_t>& out) {
  if (const auto found = reader.find(index, key)) out.insert(found->begin(), found->end());
}

std::set<std::uint64_t> find_all(audit::JournalReader& reader, const Names& names) {
  std::set<std::uint64_t> out;
  for (const auto& id : names.order_ids) find_into(reader, audit::Index::OrderId, id, out);
  for (const auto& id : names.client_order_ids) find_into(reader, audit::Index::ClientOrderId, id, out);
  for (const auto& id : names.venue_order_ids) find_into(reader, audit::Index::VenueOrderId, id, out);
  return out;
}

void learn_from(audit::JournalReader& reader, const std::set<std::uint64_t>& sequences, Names& names) {
  for (const std::uint64_t sequence : sequences) {
    (void)reader.read(sequence, sequence, [&](const audit::JournalRecord& entry) {
      const auto message = decode(entry.record.payload);
      if (!message) return true;
      if (const auto* output = std::get_if<Output>(&message->body)) {
        if (const auto inner = decode(output->message)) {
          const bool is_to_client =
              output->destination == Destination::Session || output->destination == Destination::Request;
          names.learn(is_to_client ? view(output->peer) : "", inner->body);
        }
      } else {
        names.learn(view(message->header.sender), message->body);
      }
      return true;
    });
  }
}

Result<void> collect(audit::JournalReader& reader, const std::string& stream, const std::set<std::uint64_t>& sequences,
                     std::vector<Page>& out) {
  for (const std::uint64_t sequence : sequences) {
    const auto done = reader.read(sequence, sequence, [&](const audit::JournalRecord& entry) {
      Page page{entry.record.header.wall_ns,
                stream,
                entry.record.header,
                {entry.record.payload.begin(), entry.record.payload.end()}};
      // The archive stamps a tape record when it arrives; when the bytes went over the wire stands in it.
      if (const auto message = decode(page.payload)) {
        if (const auto* tape = std::get_if<Tape>(&message->body); tape && tape->time_ns != 0)
          page.wall_ns = tape->time_ns;
      }
      out.push_back(std::move(page));
      return true;
    });
    if (!done) return done;
  }
  return {};
}

// The cancels of all that meant this order too: they are part of its story, the other orders that they meant are not.
void find_cancels_of_all(audit::JournalReader& reader, const Names& names, std::set<std::uint64_t>& out) {
  std::set<std::uint64_t> found;
  for (const auto& [account, id] : names.requests) find_into(reader, audit::Index::ClientOrderId, id, found);
  for (const std::uint64_t sequence : found) {
    (void)reader.read(sequence, sequence, [&](const audit::JournalRecord& entry) {
      const auto message = decode(entry.record.payload);
      const auto* cancel = message ? std::get_if<CancelAll>(&message->body) : nullptr;
      const auto is_its = [&](const auto& request) { return request.first == view(cancel->account); };
      if (cancel && std::any_of(names.requests.begin(), names.requests.end(), is_its)) out.insert(sequence);
      return true;
    });
  }
}

// What kind of name an id is: the first kind under which something is written, unless one was said.
std::set<std::uint64_t> find_first(audit::JournalReader& core, const Tool& tool, const std::string& id,
                                   const std::string& kind) {
  std::set<std::uint64_t> out;
  const auto is_asked = [&](std::string_view name) { return out.empty() && (kind.empty() || kind == name); };
  if (is_asked("order")) find_into(core, audit::Index::OrderId, id, out);
  if (is_asked("client")) find_into(core, audit::Index::ClientOrderId, id, out);
  if (is_asked("venue")) find_into(core, audit::Index::VenueOrderId, id, out);
  if (is_asked("execution")) {
    find_into(core, audit::Index::ExecutionId, id, out);
    for (const Name& account : tool.accounts)
      find_into(core, audit::Index::ExecutionId, audit::execution_key(view(account), id), out);
  }
  return out;
}

// A trade_id is written behind its account's name, and those stand in the configuration. A copy may be read without one.
bool know_accounts(Tool& tool) {
  try {
    if (tool.accounts.empty()) tool.load();
  } catch (const ConfigError&) {
  }
  return !tool.accounts.empty();
}

Exit show(Tool& tool, const JournalOptions& options, const std::string& id, const std::string& kind) {
  const auto archive = archive_directory(tool, options);
  const auto core = open_stream(archive, "core");
  if (!core) return Exit::Usage;

  const bool has_accounts = know_accounts(tool);
  std::set<std::uint64_t> sequences = find_first(*core, tool, id, kind);
  if (sequences.empty()) {
    return fail(Exit::No, "nothing is written about " + id +
                              (has_accounts ? "" : "; a trade_id is found by the accounts of a configuration: --config"));
  }
  // Each record may tell more names, and each name more records; an order has few of both.
  Names names;
  for (Names before;;) {
    learn_from(*core, sequences, names);
    if (names == before) break;
    before = names;
    sequences.merge(find_all(*core, names));
  }
  find_cancels_of_all(*core, names, sequences);

  std::vector<Page> story;
  if (const auto done = collect(*core, "core", sequences, story); !done) return fail(Exit::No, done.error().text);
  if (std::filesystem::exists(archive / "tape")) {
    if (const auto tape = open_stream(archive, "tape")) {
      if (const auto done = collect(*tape, "tape", find_all(*tape, names), story); !done)
        return fail(Exit::No, done.error().text);
    }
  }
  std::stable_sort(story.begin(), story.end(), [](const Page& a, const Page& b) { return a.wall_ns < b.wall_ns; });

  for (const Page& page : story) {
    if (tool.json) {
      json::object line = to_json(page.stream, page.record());
      line["wall"] = time_text(page.wall_ns);
      std::puts(json::serialize(line).c_str());
    } else {
      std::printf("%s  %s %llu  %s\n", time_text(page.wall_ns).substr(0, 26).c_str(), page.stream.c_str(),
                  static_cast<unsigned long long>(page.header.sequence), describe(page.record()).c_str());
    }
  }
  return Exit::Ok;
}

}  // namespace

void add_journal_show(const Subcommand& journal, Tool& tool, Journal shared) {
  auto id = std::make_shared<std::string>();
  auto kind = std::make_shared<std::string>();
  const Subcommand command =
      journal.subcommand("show", "Show all that is written about one order, bytes on the wire included");
  command.option("ID", *id, "Any of its names: order_id, client_order_id, venue_order_id, exec_id or trade_id")
      .required();
  command.option("--by", *kind, "What ID is, where one text is several names: order, client, venue or execution")
      .one_of({"order", "client", "venue", "execution"});
  command.run([=, &tool] { tool.action = [=, &tool] { return show(tool, *shared, *id, *kind); }; });
}

}  // namespace busbar::tool
