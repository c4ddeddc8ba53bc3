// Published vectors of what the vault and the logins are made of, against the functions that ship.

#include <stdexcept>
#include <string>
#include <vector>

#include "gateways/framework/base64.hpp"
#include "gateways/framework/login/encoding.hpp"
#include "gateways/framework/login/pkce.hpp"
#include "gateways/framework/vault/cipher.hpp"
#include "gateways/framework/vault/format.hpp"
#include "tests/vectors/vectors.hpp"

namespace busbar::vectors {

namespace {

using vault::View;

// What this build does not speak. One line per feature.
const std::vector<OutOfScope> out_of_scope = {
    {"kdf", "pbkdf2", "PBKDF2 by itself: scrypt has it within"},
    {"hash", "sha224", "SHA-256 alone seals and derives here"},
    {"hash", "sha384", "SHA-256 alone seals and derives here"},
    {"hash", "sha512", "SHA-256 alone seals and derives here"},
    {"secret_hex", "", "one-time codes"},
    {"code", "", "one-time codes"},
    {"z85", "", "CURVE keys"},
    {"oauth_signature", "", "OAuth 1.0a"},
    {"signature_base_string", "", "OAuth 1.0a"},
    {"base_string_uri", "", "OAuth 1.0a"},
    {"plain", "", "OAuth 1.0a"},
    {"authorization_header", "", "OAuth 1.0a"},
};

Bytes bytes_of_hex(const std::string& hex) {
  Bytes bytes;
  if (hex.size() % 2 != 0) throw std::runtime_error{"hex of an odd length"};
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    std::size_t used = 0;
    bytes.push_back(static_cast<std::uint8_t>(std::stoul(hex.substr(i, 2), &used, 16)));
    if (used != 2) throw std::runtime_error{"no hex: " + hex.substr(i, 2)};
  }
  return bytes;
}

Bytes bytes_of(Case& a_case, std::string_view member) {
  if (!a_case.json().contains(member)) throw std::runtime_error{"no " + std::string{member}};
  return bytes_of_hex(text_of(a_case.json(), member));
}

std::uint64_t number_of(Case& a_case, std::string_view member) {
  return a_case.json().at(member).to_number<std::uint64_t>();
}

void expect(Case& a_case, std::string_view member, View got) {
  const std::string expected = text_of(a_case.json(), member);
  if (vault::hex(got) != expected) a_case.mismatch(member, expected, vault::hex(got));
}

template <class T>
void refused(Case& a_case, std::string_view what, const Result<T>& result) {
  if (result) {
    a_case.mismatch(what, "to be refused", "it was taken");
  } else if (result.error().text.empty()) {
    a_case.mismatch(what, "a reason", "none");
  }
}

Bytes with_tag(Case& a_case) {
  Bytes sealed = bytes_of(a_case, "ciphertext_hex");
  const Bytes tag = bytes_of(a_case, "tag_hex");
  sealed.insert(sealed.end(), tag.begin(), tag.end());
  return sealed;
}

// `is_good`: does the case say that it may be opened?
void check_gcm(Case& a_case, bool is_good) {
  const Bytes key = bytes_of(a_case, "key_hex");
  const Bytes nonce = bytes_of(a_case, "iv_hex");
  const Bytes associated = bytes_of(a_case, "aad_hex");
  const Bytes sealed = with_tag(a_case);
  const auto opened = vault::decrypt(key, nonce, associated, sealed);
  // The vault's nonces have 96 bits; what cannot be said in these is refused whatever else may open it.
  const bool is_sayable = nonce.size() == vault::nonce_size && key.size() == vault::key_size;
  if (!is_good || !is_sayable) refused(a_case, "decrypt", opened);
  if (!is_sayable) return refused(a_case, "encrypt", vault::encrypt(key, nonce, associated, {}));
  if (!is_good) return;
  const Bytes plain = bytes_of(a_case, "plaintext_hex");
  const auto encrypted = vault::encrypt(key, nonce, associated, plain);
  if (!encrypted) return a_case.mismatch("encrypt", "ciphertext and tag", encrypted.error().text);
  if (*encrypted != sealed) a_case.mismatch("encrypt", vault::hex(sealed), vault::hex(*encrypted));
  if (!opened) return a_case.mismatch("decrypt", "the plain text", opened.error().text);
  expect(a_case, "plaintext_hex", opened->bytes());
}

void check_cavp(Case& a_case) {
  const std::string kind = text_of(a_case.json(), "kind");
  if (kind != "encrypt" && kind != "decrypt" && kind != "decrypt_fail") throw std::runtime_error{"kind " + kind};
  check_gcm(a_case, kind != "decrypt_fail");
}

void check_wycheproof(Case& a_case) {
  const std::string result = text_of(a_case.json(), "result");
  if (result != "valid" && result != "invalid") throw std::runtime_error{"result " + result};
  check_gcm(a_case, result == "valid");
}

void check_scrypt(Case& a_case) {
  const std::uint64_t n = number_of(a_case, "N");
  vault::ScryptCost cost{0, static_cast<std::uint8_t>(number_of(a_case, "r")),
                         static_cast<std::uint8_t>(number_of(a_case, "p"))};
  while (std::uint64_t{1} << cost.log2_n < n) ++cost.log2_n;
  const std::string salt = text_of(a_case.json(), "salt");
  const std::string password = text_of(a_case.json(), "password");
  const auto key = vault::scrypt(password, vault::bytes_of(salt), cost, number_of(a_case, "dk_len"));
  if (!key) return a_case.mismatch("dk_hex", text_of(a_case.json(), "dk_hex"), key.error().text);
  expect(a_case, "dk_hex", key->bytes());
}

void check_hkdf(Case& a_case) {
  const Bytes root = bytes_of(a_case, "ikm_hex");
  const Bytes salt = bytes_of(a_case, "salt_hex");
  expect(a_case, "prk_hex", vault::hmac(salt, root));
  const auto key = vault::hkdf(root, salt, bytes_of(a_case, "info_hex"), number_of(a_case, "length"));
  if (!key) return a_case.mismatch("okm_hex", text_of(a_case.json(), "okm_hex"), key.error().text);
  expect(a_case, "okm_hex", key->bytes());
}

void check_hmac(Case& a_case) {
  const auto mac = vault::hmac(bytes_of(a_case, "key_hex"), bytes_of(a_case, "data_hex"));
  std::size_t size = mac.size();
  if (a_case.json().contains("truncated_to_bits")) size = number_of(a_case, "truncated_to_bits") / 8;
  expect(a_case, "mac_hex", View{mac}.first(size));
}

void check_base32(Case& a_case) {
  const auto decoded = login::decode_base32(text_of(a_case.json(), "base32"));
  if (!a_case.json().contains("decoded_hex")) return refused(a_case, "base32", decoded);
  if (!decoded) return a_case.mismatch("base32", "to be decoded", decoded.error().text);
  expect(a_case, "decoded_hex", decoded->bytes());
}

void check_pkce(Case& a_case) {
  const std::string kind = text_of(a_case.json(), "kind");
  const std::string verifier = text_of(a_case.json(), "code_verifier");
  if (a_case.json().contains("octets_hex")) {
    const std::string encoded = gateway::base64url(bytes_of(a_case, "octets_hex"));
    const std::string member = kind == "base64url" ? "base64url" : "code_verifier";
    if (encoded != text_of(a_case.json(), member)) a_case.mismatch(member, text_of(a_case.json(), member), encoded);
  }
  if (kind == "base64url") return;
  const auto challenge = login::challenge_of(verifier);
  if (kind == "invalid_verifier") return refused(a_case, "code_verifier", challenge);
  if (kind != "s256") throw std::runtime_error{"kind " + kind};
  if (!challenge) return a_case.mismatch("code_verifier", "to be taken", challenge.error().text);
  const std::string expected = text_of(a_case.json(), "code_challenge");
  if (*challenge != expected) a_case.mismatch("code_challenge", expected, *challenge);
}

void not_ours(Case& a_case) { a_case.mismatch("case", "a feature that this build knows of", "none"); }

void check_all(Collection& all) {
  all.file("aes256gcm_nist_cavp", check_cavp);
  all.file("aes256gcm_wycheproof", check_wycheproof);
  all.file("scrypt_rfc7914", check_scrypt);
  all.file("hkdf_rfc5869", check_hkdf);
  all.file("pkce_rfc7636", check_pkce);
  all.file("base32_rfc4648", check_base32);
  all.file("hmac_rfc4231", check_hmac);
  for (const char* later : {"totp_rfc6238", "totp_acceptance", "hotp_rfc4226", "oauth1_rfc5849", "z85_curve_keys"}) {
    all.file_if_there(later, not_ours);
  }
}

}  // namespace

}  // namespace busbar::vectors

int main() {
  using namespace busbar::vectors;
  return run("security", out_of_scope, {}, check_all);
}
