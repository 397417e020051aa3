#include "net/port.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <list>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/log.h"
#include "net/http_session.h"

namespace martlet::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr int kIoThreads = 2;

/// RFC 9113, 3.4: a client of HTTP/2 begins with "PRI * HTTP/2.0". No HTTP/1.1 method starts
/// with these three letters.
constexpr std::string_view kHttp2Start = "PRI";

enum class Protocol { kUndecided, kHttp1, kHttp2, kClosed };

/// Looks without reading, so that whoever serves the connection finds it untouched.
Protocol Peek(int fd) {
  char bytes[kHttp2Start.size()];
  const ssize_t size = recv(fd, bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT);
  if (size < 0) return errno == EAGAIN || errno == EINTR ? Protocol::kUndecided : Protocol::kClosed;
  if (size == 0) return Protocol::kClosed;
  const std::string_view seen(bytes, static_cast<std::size_t>(size));
  if (seen != kHttp2Start.substr(0, seen.size())) return Protocol::kHttp1;
  if (seen.size() == kHttp2Start.size()) return Protocol::kHttp2;
  // Bytes that were not read hide the end of the stream: ask for it apart, or a connection that
  // ends in the middle of "PRI" would be looked at for ever.
  pollfd state{.fd = fd, .events = POLLRDHUP, .revents = 0};
  const bool ended = poll(&state, 1, 0) > 0 && (state.revents & (POLLRDHUP | POLLHUP | POLLERR));
  return ended ? Protocol::kClosed : Protocol::kUndecided;
}

ino_t SocketIdentity(int fd) {
  struct stat status {};
  return fstat(fd, &status) == 0 ? status.st_ino : 0;
}

int OpenReserve() { return open("/dev/null", O_RDONLY | O_CLOEXEC); }

std::string Describe(const tcp::endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  const std::string port = std::to_string(endpoint.port());
  return endpoint.address().is_v6() ? '[' + address + "]:" + port : address + ':' + port;
}

/// gRPC owns the sockets handed to it and does not say when it closes one; a number whose socket
/// has become another (or none) tells. Looked at only when the bound seems reached.
class HandedOver {
 public:
  void Add(int fd) { sockets_[fd] = SocketIdentity(fd); }
  std::size_t CountOpen() {
    std::erase_if(sockets_,
                  [](const auto& entry) { return SocketIdentity(entry.first) != entry.second; });
    return sockets_.size();
  }
  [[nodiscard]] std::size_t CountLast() const { return sockets_.size(); }

 private:
  std::unordered_map<int, ino_t> sockets_;
};

class AsioPort final : public Port {
 public:
  AsioPort(Options options, int listen_fd, tcp protocol, std::uint16_t port)
      : options_(std::move(options)),
        guard_({.names = options_.names, .any_address = options_.allow_non_loopback}),
        acceptor_(asio::make_strand(io_), protocol, listen_fd),
        signal_(acceptor_.get_executor()),
        reserve_fd_(OpenReserve()),
        port_(port) {}

  ~AsioPort() override {
    Stop(Nanos(0));
    work_.reset();
    io_.stop();
    threads_.clear();
    if (reserve_fd_ >= 0) close(reserve_fd_);
  }

  void Start(HttpHandler& handler, WorkQueue& workers, AdoptHttp2 adopt_http2) override {
    adopt_http2_ = std::move(adopt_http2);
    shared_.emplace(HttpSession::Shared{handler, guard_, workers, collected_bytes_});
    work_.emplace(io_.get_executor());
    asio::co_spawn(acceptor_.get_executor(), AcceptLoop(), asio::detached);
    for (int i = 0; i < kIoThreads; ++i) threads_.emplace_back([this] { io_.run(); });
  }

  void StopAccepting() override {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      stopping_ = true;
    }
    if (threads_.empty()) {
      boost::system::error_code ignored;
      acceptor_.close(ignored);
      return;
    }
    asio::post(acceptor_.get_executor(), [this] {
      boost::system::error_code ignored;
      acceptor_.close(ignored);
      signal_.cancel();
    });
    std::unique_lock lock(mutex_);
    for (tcp::socket* socket : undecided_) {
      // Ends the wait for first bytes; the socket's own coroutine closes it.
      shutdown(socket->native_handle(), SHUT_RDWR);
    }
    changed_.wait(lock, [this] { return !accepting_ && undecided_.empty(); });
  }

  void Stop(Nanos grace) override {
    StopAccepting();
    std::unique_lock lock(mutex_);
    for (const auto& session : sessions_) session->Drain();
    const auto closed = [this] { return sessions_.empty(); };
    if (changed_.wait_for(lock, grace, closed)) return;
    LogWarning("http.cut_at_stop", {{"connections", sessions_.size()}});
    for (const auto& session : sessions_) session->Abort();
    // A handler that never answers keeps its session; the io_context's end destroys it.
    changed_.wait_for(lock, std::chrono::seconds(1), closed);
  }

  std::uint16_t port() const override { return port_; }

  Counts counts() const override {
    const std::lock_guard lock(mutex_);
    return {.http_open = static_cast<std::int64_t>(sessions_.size()),
            .http2_open = static_cast<std::int64_t>(handed_over_.CountLast()),
            .accepted_total = accepted_total_,
            .refused_total = refused_total_};
  }

 private:
  asio::awaitable<void> AcceptLoop() {
    {
      const std::lock_guard lock(mutex_);
      accepting_ = !stopping_;
    }
    while (acceptor_.is_open()) {
      const auto [error] = co_await acceptor_.async_wait(tcp::acceptor::wait_read, kAwait);
      if (error) break;
      if (!AcceptAll()) {
        signal_.expires_after(limits::kAcceptBackOff);
        co_await signal_.async_wait(kAwait);
      }
    }
    const std::lock_guard lock(mutex_);
    accepting_ = false;
    changed_.notify_all();
  }

  /// Takes what waits, at most as many as make a fair turn. False: no descriptors, pause.
  bool AcceptAll() {
    for (int i = 0; i < 64; ++i) {
      const int fd =
          accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0) {
        Accepted(fd);
      } else if (errno == EMFILE || errno == ENFILE) {
        RefuseOne();
        return false;
      } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        return true;
      } else if (errno != EINTR && errno != ECONNABORTED) {
        LogWarning("accept.failed", {{"reason", std::strerror(errno)}});
        return false;
      }
    }
    return true;
  }

  /// Without descriptors the waiting connection would make the loop spin; the spare one is given
  /// up for a moment to take it and close it, so that its client learns at once.
  void RefuseOne() {
    LogWarning("accept.no_descriptors", {{"try", "raise the limit of open files (ulimit -n)"}});
    if (reserve_fd_ >= 0) close(reserve_fd_);
    const int fd = accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd >= 0) close(fd);
    reserve_fd_ = OpenReserve();
    const std::lock_guard lock(mutex_);
    ++refused_total_;
  }

  void Accepted(int fd) {
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    tcp::socket socket(asio::make_strand(io_));
    boost::system::error_code error;
    socket.assign(acceptor_.local_endpoint().protocol(), fd, error);
    if (error) {
      close(fd);
      return;
    }
    {
      const std::lock_guard lock(mutex_);
      ++accepted_total_;
      const auto full = [this](std::size_t handed_over) {
        return sessions_.size() + undecided_.size() + handed_over >=
               static_cast<std::size_t>(options_.connections_max);
      };
      if (full(handed_over_.CountLast()) && full(handed_over_.CountOpen())) {
        ++refused_total_;
        return;
      }
    }
    auto executor = socket.get_executor();
    asio::co_spawn(executor, Sort(std::move(socket)), asio::detached);
  }

  /// Waits for the first bytes and passes the connection on.
  asio::awaitable<void> Sort(tcp::socket socket) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) co_return;
      undecided_.push_back(&socket);
    }
    const Protocol protocol = co_await AwaitPreface(socket);
    std::shared_ptr<HttpSession> session;
    {
      const std::lock_guard lock(mutex_);
      undecided_.remove(&socket);
      // Under the lock, so that StopAccepting returns only after the last hand-over.
      if (!stopping_ && protocol == Protocol::kHttp2) HandOver(socket);
      if (!stopping_ && protocol == Protocol::kHttp1) {
        boost::system::error_code error;
        const tcp::endpoint peer = socket.remote_endpoint(error);
        session = std::make_shared<HttpSession>(std::move(socket), *shared_, Describe(peer));
        sessions_.push_back(session);
      }
      changed_.notify_all();
    }
    if (session == nullptr) co_return;
    co_await session->Run();
    const std::lock_guard lock(mutex_);
    sessions_.remove(session);
    changed_.notify_all();
  }

  asio::awaitable<Protocol> AwaitPreface(tcp::socket& socket) {
    asio::steady_timer deadline(socket.get_executor(), options_.preface_timeout);
    // Shutting the socket down makes it readable, which ends the wait below.
    deadline.async_wait([&socket](const boost::system::error_code& cancelled) {
      if (!cancelled) shutdown(socket.native_handle(), SHUT_RDWR);
    });
    asio::steady_timer pause(socket.get_executor());
    Protocol protocol = Protocol::kUndecided;
    while (protocol == Protocol::kUndecided) {
      const auto [error] = co_await socket.async_wait(tcp::socket::wait_read, kAwait);
      protocol = error ? Protocol::kClosed : Peek(socket.native_handle());
      if (protocol != Protocol::kUndecided) break;
      // One or two bytes of "PRI": readable already, so waiting again would spin.
      pause.expires_after(std::chrono::milliseconds(5));
      co_await pause.async_wait(kAwait);
    }
    deadline.cancel();
    co_return protocol;
  }

  void HandOver(tcp::socket& socket) {
    boost::system::error_code error;
    const int fd = socket.release(error);
    if (error) return;
    handed_over_.Add(fd);
    adopt_http2_(fd);
  }

  const Options options_;
  const OriginGuard guard_;
  asio::io_context io_{kIoThreads};
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work_;
  tcp::acceptor acceptor_;
  asio::steady_timer signal_;
  int reserve_fd_;
  const std::uint16_t port_;
  AdoptHttp2 adopt_http2_;
  std::atomic<std::size_t> collected_bytes_ = 0;
  std::optional<HttpSession::Shared> shared_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool accepting_ = false;  // the rest is guarded by mutex_
  bool stopping_ = false;
  std::list<tcp::socket*> undecided_;
  std::list<std::shared_ptr<HttpSession>> sessions_;
  HandedOver handed_over_;
  std::uint64_t accepted_total_ = 0;
  std::uint64_t refused_total_ = 0;

  std::vector<std::jthread> threads_;
};

tl::unexpected<Error> CannotListen(const std::string& where, const boost::system::error_code& why) {
  std::string text = "cannot listen on " + where + ": " + why.message();
  if (why == asio::error::address_in_use) {
    text += "; another program uses it: choose another port, or 0 for any free one";
  }
  return SystemError(Code::kUnavailable, std::move(text));
}

}  // namespace

Result<std::unique_ptr<Port>> Port::Open(Options options) {
  boost::system::error_code error;
  const std::string literal = options.host == "localhost" ? "127.0.0.1" : options.host;
  const auto address = asio::ip::make_address(literal, error);
  if (error) {
    return UserError(Code::kInvalidArgument, "cannot listen on \"" + options.host +
                                                 "\": it is not an IP address; use 127.0.0.1");
  }
  if (!address.is_loopback() && !options.allow_non_loopback) {
    return UserError(
        Code::kInvalidArgument,
        "refusing to listen on " + options.host +
            ": there is no authentication, so everybody who reaches this address "
            "could run programs as you; listen on 127.0.0.1, and reach it from elsewhere "
            "through an SSH tunnel");
  }
  const tcp::endpoint endpoint(address, options.port);
  const std::string where = Describe(endpoint);

  const int fd =
      socket(endpoint.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  const auto last_error = [] {
    return boost::system::error_code(errno, boost::system::system_category());
  };
  if (fd < 0) return CannotListen(where, last_error());
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (bind(fd, endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0 ||
      listen(fd, SOMAXCONN) != 0) {
    const auto why = last_error();
    close(fd);
    return CannotListen(where, why);
  }
  tcp::endpoint bound;
  auto size = static_cast<socklen_t>(bound.capacity());
  getsockname(fd, bound.data(), &size);
  bound.resize(size);
  return std::unique_ptr<Port>(
      std::make_unique<AsioPort>(std::move(options), fd, endpoint.protocol(), bound.port()));
}

}  // namespace martlet::net
