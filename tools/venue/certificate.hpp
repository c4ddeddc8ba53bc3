#pragma once
// A certification authority of one's own and a server certificate for this host, made once and kept in a folder, so
// that clients can verify the venue instead of looking away.

#include <filesystem>

namespace busbar::venue {

struct Certificates {
  std::filesystem::path ca;           // what clients trust
  std::filesystem::path certificate;  // of 127.0.0.1, ::1 and localhost
  std::filesystem::path key;          // mode 0600
};

// Makes ca.pem, server.pem and server.key in `folder` unless they are there. Throws std::runtime_error. The authority's
// own key is thrown away: nobody can sign another certificate with it.
Certificates make_certificates(const std::filesystem::path& folder);

}  // namespace busbar::venue
