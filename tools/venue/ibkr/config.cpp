#include "tools/venue/ibkr/config.hpp"

#include <algorithm>
#include <set>

#include "tools/venue/settings.hpp"

namespace busbar::venue::ibkr {
namespace {

// Nine capital letters, as the broker's are.
std::string make_consumer_key() {
  std::string key = random_bytes(9);
  for (char& c : key) c = static_cast<char>('A' + static_cast<unsigned char>(c) % 26);
  return key;
}

void make_credentials(const std::filesystem::path& file) {
  const std::string signature_key = make_private_key(), encryption_key = make_private_key();
  write_credentials(file, "consumer_key = " + make_consumer_key() + "\naccess_token = " + hex_of(random_bytes(10)) +
                              "\naccess_token_secret = " +
                              encrypted(private_key_from(encryption_key).get(), random_bytes(32)) +
                              "\nsignature_key = " + signature_key + "\nencryption_key = " + encryption_key +
                              "\ndh_prime = " + well_known_prime() + '\n');
}

UserSettings read_user(std::string name, ConfigTable& table, const std::filesystem::path& folder) {
  const std::filesystem::path file = read_credentials_file(table, name, folder, make_credentials);
  auto lines = read_credentials(file);
  const auto refuse = [&](const char* reason) { throw ConfigError{file.string() + ": " + reason}; };
  const auto key = [&](const std::string& setting) {
    RsaKey read = private_key_from(lines.contains(setting) ? lines[setting] : contents(file.parent_path() / lines[setting + "_file"]));
    if (!read) refuse((setting + " is no private RSA key in PEM").c_str());
    return read;
  };
  UserSettings user;
  user.name = std::move(name);
  user.consumer.is_pending = table.flag("consumer_pending", false);
  user.consumer.key = lines["consumer_key"];
  user.consumer.dh_prime = lines["dh_prime"];
  if (user.consumer.key.empty()) refuse("consumer_key is missing");
  if (user.consumer.dh_prime.empty()) refuse("dh_prime is missing");
  user.consumer.signature_key = key("signature_key");
  user.consumer.encryption_key = key("encryption_key");
  user.access_token = lines["access_token"];
  if (user.access_token.empty()) return user;
  const auto secret = decrypted(user.consumer.encryption_key.get(), lines["access_token_secret"]);
  if (!secret) refuse("access_token_secret cannot be decrypted with encryption_key");
  user.access_token_secret = *secret;
  return user;
}

std::vector<std::pair<std::string, Decimal>> default_balances() {
  return {{"USD", Decimal{1'000'000, 0}}, {"EUR", Decimal{1'000'000, 0}}, {"INR", Decimal{10'000'000, 0}},
          {"AAPL", Decimal{1'000, 0}},    {"BRK.B", Decimal{100, 0}},     {"RELIANCE", Decimal{1'000, 0}},
          {"BTC", Decimal{10, 0}}};
}

AccountSettings read_account(std::string_view name, std::size_t index, ConfigTable& table,
                             const std::filesystem::path& folder) {
  AccountSettings account;
  account.name = name;
  account.account_id = table.text("account_id", "DU" + std::to_string(1'234'567 + index));
  account.users.push_back(read_user(account.name, table, folder));
  for (auto& [user, own] : table.tables("users")) {
    account.users.push_back(read_user(account.name + '.' + std::string{view(user)}, own, folder));
  }
  read_exchange_account(table, account, default_balances(), 5);
  return account;
}

Listed listed(std::int64_t conid, const char* symbol, const char* name, const char* type, const char* exchange,
              const char* country, const char* base, const char* quote, const char* tick, const char* step,
              const char* price_max, const char* qty_max, const char* start_price) {
  Listed result;
  result.contract.conid = conid;
  result.contract.symbol = symbol;
  result.contract.name = name;
  result.contract.sec_type = type;
  result.contract.exchange = exchange;
  result.contract.country = country;
  Symbol& rules = result.rules = usual_symbol(symbol, base, quote, tick, step, price_max, qty_max, start_price);
  rules.notional_max = Decimal{50'000'000'000, 0};
  rules.stop_orders_max = 200;
  return result;
}

Listed future(std::int64_t conid, const char* symbol, const char* expiry, const char* start_price) {
  Listed result = listed(conid, symbol, "E-mini S&P 500", "FUT", "CME", "US", symbol, "USD", "0.25", "1", "100000",
                         "10000", start_price);
  result.contract.expiry = expiry;
  result.contract.underlying = "ES";
  result.contract.underlying_conid = 11'004'968;
  result.contract.multiplier = 50;
  return result;
}

Contract read_contract(ConfigTable& table, const Symbol& rules) {
  Contract contract;
  contract.conid = table.integer("conid", 1, INT32_MAX);
  contract.symbol = table.text("symbol", rules.name);
  contract.name = table.text("name", contract.symbol);
  contract.sec_type = table.text("sec_type", "STK");
  contract.exchange = table.text("exchange");
  contract.listing = table.text("listing", "");
  contract.country = table.text("country", "US");
  contract.expiry = table.text("expiry", "");
  contract.underlying = table.text("underlying", "");
  contract.underlying_conid = table.integer("underlying_conid", 0, INT32_MAX, 0);
  contract.multiplier = table.integer("multiplier", 0, 1'000'000, 0);
  const std::set<std::string> types{"STK", "CASH", "CRYPTO", "FUT"};
  if (!types.contains(contract.sec_type)) table.refuse("sec_type", "STK, CASH, CRYPTO or FUT");
  const bool is_dated = contract.expiry.size() == 8 &&
                        contract.expiry.find_first_not_of("0123456789") == std::string::npos;
  if ((contract.sec_type == "FUT") != is_dated) table.refuse("expiry", "a date like 20261218, of futures");
  return contract;
}

void read_identity(ConfigTable& venue, IdentityRules& identity) {
  ConfigTable table = venue.table("oauth");
  identity.hosts = table.texts("hosts", identity.hosts);
  identity.leeway = table.integer("clock_leeway_s", 1, 3'600, identity.leeway / 1'000'000) * 1'000'000;
  identity.backward = table.integer("backward_s", 0, 3'600, identity.backward / 1'000'000) * 1'000'000;
  identity.is_query_signed = table.flag("query_signed", identity.is_query_signed);
  identity.live_life = table.integer("live_session_s", 1, 86'400, identity.live_life / 1'000'000) * 1'000'000;
}

void read_questions(ConfigTable& venue, QuestionRules& questions) {
  ConfigTable table = venue.table("questions");
  questions.asked = table.texts("asked", questions.asked);
  questions.price_percent = amount(table, "price_percent", questions.price_percent);
  questions.size_max = amount(table, "size_max", questions.size_max);
  questions.value_max = amount(table, "value_max", questions.value_max);
}

}  // namespace

std::vector<Listed> default_contracts() {
  std::vector<Listed> all{
      listed(265'598, "AAPL", "APPLE INC", "STK", "NASDAQ", "US", "AAPL", "USD", "0.01", "1", "100000", "500000",
             "190.25"),
      listed(72'063'691, "BRK B", "BERKSHIRE HATHAWAY INC-CL B", "STK", "NYSE", "US", "BRK.B", "USD", "0.01", "1",
             "100000", "500000", "410.5"),
      listed(44'652'144, "RELIANCE", "RELIANCE INDUSTRIES LTD", "STK", "NSE", "IN", "RELIANCE", "INR", "0.05", "1",
             "100000", "500000", "2900"),
      // One symbol, two companies on two exchanges, and neither of them is listed in the United States.
      listed(29'612'256, "SAN", "SANOFI", "STK", "SBF", "FR", "SAN.SBF", "EUR", "0.01", "1", "100000", "500000", "92.5"),
      listed(35'045'199, "SAN", "BANCO SANTANDER SA", "STK", "BM", "ES", "SAN.BM", "EUR", "0.001", "1", "10000",
             "500000", "4.2"),
      listed(12'087'792, "EUR.USD", "European Monetary Union Euro", "CASH", "IDEALPRO", "US", "EUR", "USD", "0.00005",
             "1", "100", "10000000", "1.085"),
      listed(479'624'278, "BTC", "Bitcoin cryptocurrency", "CRYPTO", "PAXOS", "US", "BTC", "USD", "0.25", "0.000001",
             "1000000", "1000", "67250"),
      future(649'180'671, "ESZ6", "20261218", "5900"),
      future(649'180'678, "ESH7", "20270319", "5950.25")};
  all[0].contract.listing = "NASDAQ.NMS";
  all[3].rules.name = "SAN@SBF";
  all[4].rules.name = "SAN@BM";
  return all;
}

Settings load_settings(ConfigTable& root, const std::filesystem::path& default_folder) {
  root.ignore_others();
  ConfigTable venue = root.table("venue");
  Settings settings;
  settings.connections.ping_interval_ms = 3'600'000;  // the broker has heartbeats of its own
  settings.connections.pong_timeout_ms = 3'600'000;
  read_exchange(venue, settings);
  settings.rules.cancel_delay = venue.integer("cancel_delay_ms", 0, 60'000, 0) * 1'000;
  settings.rules.is_paper = venue.flag("is_paper", true);
  settings.hours = read_hours(venue);
  settings.at_gateway = venue.text("at_gateway", "");
  read_identity(venue, settings.identity);
  read_questions(venue, settings.rules.questions);

  ConfigTable session = venue.table("session");
  SessionRules& rules = settings.rules.session;
  rules.idle_max = session.integer("idle_s", 1, 86'400, rules.idle_max / 1'000'000) * 1'000'000;
  rules.established_after = session.integer("established_after_ms", 0, 60'000, 0) * 1'000;
  rules.reply_within = session.integer("reply_within_s", 1, 3'600, rules.reply_within / 1'000'000) * 1'000'000;
  StreamSettings& streams = settings.streams;
  streams.heartbeat = session.integer("heartbeat_ms", 100, 60'000, streams.heartbeat / 1'000) * 1'000;
  streams.quote_interval = session.integer("quote_interval_ms", 10, 60'000, streams.quote_interval / 1'000) * 1'000;
  streams.quote_life = session.integer("quote_life_s", 1, 86'400, streams.quote_life / 1'000'000) * 1'000'000;
  streams.keepalive_within =
      session.integer("keepalive_within_s", 1, 86'400, streams.keepalive_within / 1'000'000) * 1'000'000;

  ConfigTable limits = venue.table("limits");
  read_numbers(limits, limit_numbers, settings.limits);
  settings.limits.endpoints_penalize = limits.flag("endpoints_penalize", false);

  for (auto& [name, table] : venue.tables("symbols")) {
    settings.symbols.push_back(read_rules(view(name), table));
    settings.contracts.push_back(read_contract(table, settings.symbols.back()));
  }
  if (settings.symbols.empty()) {
    for (Listed& each : default_contracts()) {
      settings.symbols.push_back(std::move(each.rules));
      settings.contracts.push_back(std::move(each.contract));
    }
  }

  std::size_t index = 0;
  settings.accounts = read_accounts<AccountSettings>(
      venue, "two accounts have the same account_id, or two users the same consumer_key",
      [&](std::string_view name, ConfigTable& table) { return read_account(name, index++, table, default_folder); },
      [](const AccountSettings& account) {
        std::vector<std::string> names{account.account_id};
        for (const UserSettings& user : account.users) names.push_back(user.consumer.key);
        return names;
      });
  const bool is_known = settings.at_gateway.empty() ||
                        std::any_of(settings.accounts.begin(), settings.accounts.end(), [&](const auto& account) {
                          return std::any_of(account.users.begin(), account.users.end(),
                                             [&](const auto& user) { return user.name == settings.at_gateway; });
                        });
  if (!is_known) venue.refuse("at_gateway", "no such user");
  root.finish();
  return settings;
}

}  // namespace busbar::venue::ibkr
