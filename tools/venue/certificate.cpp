#include "tools/venue/certificate.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

namespace busbar::venue {
namespace {

template <class T, auto free_it>
struct Free {
  void operator()(T* thing) const { free_it(thing); }
};
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY, EVP_PKEY_free>>;
using X509Certificate = std::unique_ptr<X509, Free<X509, X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION, X509_EXTENSION_free>>;

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error{"cannot make certificates: " + what}; }

Key make_key() {
  Key key{EVP_EC_gen("P-256")};
  if (!key) fail("no P-256 key");
  return key;
}

void add_extension(X509* certificate, X509* issuer, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension{X509V3_EXT_conf_nid(nullptr, &context, kind, value)};
  if (!extension || X509_add_ext(certificate, extension.get(), -1) != 1) fail(value);
}

X509Certificate make_certificate(EVP_PKEY* key, const char* name, X509* issuer) {
  X509Certificate certificate{X509_new()};
  X509_set_version(certificate.get(), X509_VERSION_3);
  unsigned char serial[8];
  if (RAND_bytes(serial, sizeof serial) != 1) fail("no random bytes");
  serial[0] &= 0x7F;
  const std::unique_ptr<BIGNUM, Free<BIGNUM, BN_free>> number{BN_bin2bn(serial, sizeof serial, nullptr)};
  BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate.get()));
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -86'400);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 10L * 365 * 86'400);
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer == nullptr ? certificate.get() : issuer));
  X509_set_pubkey(certificate.get(), key);
  return certificate;
}

void write(const std::filesystem::path& file, mode_t mode, auto put) {
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  FILE* stream = descriptor < 0 ? nullptr : ::fdopen(descriptor, "w");
  if (stream == nullptr) fail("cannot write " + file.string());
  const bool is_written = put(stream) == 1;
  if ((std::fclose(stream) != 0) || !is_written) fail("cannot write " + file.string());
}

}  // namespace

Certificates make_certificates(const std::filesystem::path& folder) {
  const Certificates files{folder / "ca.pem", folder / "server.pem", folder / "server.key"};
  if (exists(files.ca) && exists(files.certificate) && exists(files.key)) return files;
  create_directories(folder);

  const Key authority_key = make_key();
  const X509Certificate authority = make_certificate(authority_key.get(), "Busbar venue CA", nullptr);
  add_extension(authority.get(), authority.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  add_extension(authority.get(), authority.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(authority.get(), authority.get(), NID_subject_key_identifier, "hash");
  if (X509_sign(authority.get(), authority_key.get(), EVP_sha256()) == 0) fail("signing the authority");

  const Key key = make_key();
  const X509Certificate certificate = make_certificate(key.get(), "localhost", authority.get());
  add_extension(certificate.get(), authority.get(), NID_basic_constraints, "critical,CA:FALSE");
  add_extension(certificate.get(), authority.get(), NID_key_usage, "critical,digitalSignature");
  add_extension(certificate.get(), authority.get(), NID_ext_key_usage, "serverAuth");
  add_extension(certificate.get(), authority.get(), NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1");
  add_extension(certificate.get(), authority.get(), NID_subject_key_identifier, "hash");
  add_extension(certificate.get(), authority.get(), NID_authority_key_identifier, "keyid");
  if (X509_sign(certificate.get(), authority_key.get(), EVP_sha256()) == 0) fail("signing the certificate");

  write(files.key, 0600,
        [&](FILE* stream) { return PEM_write_PrivateKey(stream, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
  write(files.certificate, 0644, [&](FILE* stream) { return PEM_write_X509(stream, certificate.get()); });
  write(files.ca, 0644, [&](FILE* stream) { return PEM_write_X509(stream, authority.get()); });
  return files;
}

}  // namespace busbar::venue
