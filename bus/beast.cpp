// The code of Asio's TLS and of Beast, compiled once for the whole tree.
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
