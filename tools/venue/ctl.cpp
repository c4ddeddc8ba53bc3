#include "tools/venue/ctl.hpp"

#include <cstdio>

#include <boost/asio/buffers_iterator.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>

namespace busbar::venue {

namespace asio = boost::asio;

int run_ctl(std::uint16_t port, const std::string& method, const std::string& path, const std::string& body) {
  asio::io_context loop;
  asio::ip::tcp::socket socket{loop};
  socket.connect({asio::ip::address_v4::loopback(), port});
  const std::string request =
      method + ' ' + path +
      " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) +
      "\r\n\r\n" + body;
  asio::write(socket, asio::buffer(request));
  std::string answer;
  boost::system::error_code end;
  asio::read(socket, asio::dynamic_buffer(answer), end);
  const std::size_t head = answer.find("\r\n\r\n");
  if (head == std::string::npos || answer.size() < 12) {
    std::fprintf(stderr, "busbar-venue: no answer from 127.0.0.1:%u\n", static_cast<unsigned>(port));
    return 1;
  }
  const bool is_good = answer[9] == '2';
  const std::string text = answer.substr(head + 4);
  std::fputs(text.c_str(), is_good ? stdout : stderr);
  return is_good ? 0 : 1;
}

}  // namespace busbar::venue
