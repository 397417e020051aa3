#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "base/work_queue.h"
#include "net/http.h"
#include "net/origin_guard.h"

namespace martlet::net {

/// One HTTP/1.1 connection: reads a request, lets the handler answer it, and goes on with the next
/// until either side closes. All of it runs on the socket's strand; exchanges post to it.
class HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  /// What a connection borrows from its port; outlives every session.
  struct Shared {
    HttpHandler& handler;
    const OriginGuard& guard;
    WorkQueue& workers;
    std::atomic<std::size_t>& collected_bytes;  ///< bodies in memory, of all connections
  };

  HttpSession(boost::asio::ip::tcp::socket socket, Shared shared, std::string peer);

  /// Serves the connection to its end. Spawn on the socket's executor.
  boost::asio::awaitable<void> Run();

  /// Lets the present request finish, then closes; an idle connection closes now. Any thread.
  void Drain();
  /// Closes now. Any thread.
  void Abort();

 private:
  class Exchange;
  struct ReadCommand {
    std::shared_ptr<BodySink> sink;
    std::function<void(Status)> done;
  };
  using Command = std::variant<ReadCommand, HttpResponse>;
  using Parser = boost::beast::http::request_parser<boost::beast::http::buffer_body>;

  boost::asio::awaitable<bool> ServeOne();
  boost::asio::awaitable<bool> ReadHead(Parser& parser, HttpRequest& request);
  bool DropChunkingOfNoBody(Parser& parser);
  boost::asio::awaitable<Status> ReadBody(Parser& parser, BodySink& sink);
  boost::asio::awaitable<bool> SkipBody(Parser& parser);
  boost::asio::awaitable<bool> Send(std::string_view method, HttpResponse response,
                                    bool keep_alive);
  boost::asio::awaitable<bool> SendSource(BodySource& source, std::uint64_t length);
  boost::asio::awaitable<bool> Write(std::string_view head, std::string_view body);
  boost::asio::awaitable<void> Linger();

  /// Runs `work` on a worker and resumes on the strand; waits while the workers are all busy.
  boost::asio::awaitable<void> OnWorker(std::function<void()> work);
  boost::asio::awaitable<Command> NextCommand();
  void Give(Command command);  // any thread

  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
  boost::asio::steady_timer signal_;  // wakes the coroutine; cancelled to say "look again"
  Shared shared_;
  std::string peer_;
  std::deque<Command> commands_;  // at most a read and a response
  bool idle_ = false;
  bool draining_ = false;
  bool continue_expected_ = false;
  bool unread_body_ = false;  // the client may still be sending
  bool unclear_end_ = false;  // two headers disagreed on where the request ends
};

}  // namespace martlet::net
