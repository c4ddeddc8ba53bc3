#pragma once
// Private keys as a disk or a hand may have damaged them: the lowest bit of each byte.

#include <string>
#include <vector>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "gateways/framework/openssl.hpp"

namespace busbar {

inline std::string pem_of(EVP_PKEY* key) {
  const gateway::Owned<EVP_PKEY, EVP_PKEY_free> own{key};
  const gateway::Owned<BIO, BIO_free_all> bio{BIO_new(BIO_s_mem())};
  PEM_write_bio_PrivateKey(bio.get(), own.get(), nullptr, nullptr, 0, nullptr, nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}
inline std::string make_rsa_key() { return pem_of(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{1024})); }
inline std::string make_p256_key() { return pem_of(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")); }

// Three bytes are four digits, whose lowest bits stand in the second, the third and the fourth.
inline std::vector<std::string> damaged(const std::string& pem) {
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  constexpr std::size_t lowest_bits[] = {0, 16, 4, 1};
  std::vector<std::string> all;
  std::size_t count = 0;
  for (std::size_t i = pem.find('\n'); i < pem.rfind("\n-----END"); ++i) {
    const std::size_t digit = digits.find(pem[i]);
    if (digit == std::string::npos) continue;
    const std::size_t bit = lowest_bits[count++ % 4];
    if (bit == 0) continue;
    all.push_back(pem);
    all.back()[i] = digits[digit ^ bit];
  }
  return all;
}

}  // namespace busbar
