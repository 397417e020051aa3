#include "net/http_session.h"

#include <array>
#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>
#include <limits>
#include <tuple>
#include <utility>

#include "base/limits.h"
#include "base/log.h"
#include "base/match.h"

namespace martlet::net {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

/// What Beast itself found wrong is not HTTP; errors of the transport have no reader.
bool IsMalformed(const boost::system::error_code& error) {
  return error &&
         error.category() == boost::system::error_code(http::error::bad_method).category() &&
         error != http::error::end_of_stream && error != http::error::partial_message;
}

tl::unexpected<Error> TooLarge(std::size_t bytes_max) {
  return UserError(Code::kResourceExhausted,
                   "the request body is larger than " + std::to_string(bytes_max) + " bytes");
}

/// Collects a body in memory, up to a bound of its own and one for all bodies together.
class StringSink final : public BodySink {
 public:
  StringSink(std::size_t bytes_max, std::atomic<std::size_t>& collected_bytes)
      : bytes_max_(bytes_max), collected_bytes_(collected_bytes) {}

  ~StringSink() override { collected_bytes_.fetch_sub(charged_); }

  Status Write(std::string_view part) override {
    if (part.size() > bytes_max_ - body_.size()) return TooLarge(bytes_max_);
    charged_ += part.size();
    if (collected_bytes_.fetch_add(part.size()) + part.size() > limits::kPendingRequestBytesMax) {
      return SystemError(Code::kResourceExhausted,
                         "the server is busy: too many large requests arrive; try again later");
    }
    body_ += part;
    return {};
  }

  std::string Take() { return std::move(body_); }

 private:
  const std::size_t bytes_max_;
  std::atomic<std::size_t>& collected_bytes_;
  std::size_t charged_ = 0;
  std::string body_;
};

/// Header values come from handlers and partly from users; a line break would end the header.
void AppendHeader(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ");
  for (const char c : value) head += (c == '\r' || c == '\n' || c == '\0') ? ' ' : c;
  head += "\r\n";
}

bool HasNoBody(unsigned status) { return status == 204 || status == 304; }

}  // namespace

/// What the handler holds. The destructor answers when nobody did.
class HttpSession::Exchange final : public HttpExchange {
 public:
  Exchange(std::shared_ptr<HttpSession> session, HttpRequest request)
      : session_(std::move(session)), request_(std::move(request)) {}

  ~Exchange() override {
    if (!responded_.exchange(true)) {
      session_->Give(TextResponse(500, "internal error: the request ended without an answer"));
    }
  }

  const HttpRequest& request() const override { return request_; }

  void ReadBody(std::size_t bytes_max, std::function<void(Result<std::string>)> done) override {
    if (request_.content_length > bytes_max) return done(TooLarge(bytes_max));
    auto sink = std::make_shared<StringSink>(bytes_max, session_->shared_.collected_bytes);
    ReadBodyInto(sink, [sink, done = std::move(done)](Status status) {
      if (!status) return done(Forward(status));
      done(sink->Take());
    });
  }

  void ReadBodyInto(std::shared_ptr<BodySink> sink, std::function<void(Status)> done) override {
    if (responded_) return;
    session_->Give(ReadCommand{std::move(sink), std::move(done)});
  }

  void Respond(HttpResponse response) override {
    if (!responded_.exchange(true)) session_->Give(std::move(response));
  }

 private:
  const std::shared_ptr<HttpSession> session_;
  const HttpRequest request_;
  std::atomic<bool> responded_ = false;
};

HttpSession::HttpSession(asio::ip::tcp::socket socket, Shared shared, std::string peer)
    : stream_(std::move(socket)),
      signal_(stream_.get_executor(), asio::steady_timer::time_point::max()),
      shared_(shared),
      peer_(std::move(peer)) {}

void HttpSession::Drain() {
  asio::post(stream_.get_executor(), [self = shared_from_this()] {
    self->draining_ = true;
    if (self->idle_) self->stream_.cancel();
  });
}

void HttpSession::Abort() {
  asio::post(stream_.get_executor(), [self = shared_from_this()] {
    self->draining_ = true;
    self->stream_.close();
  });
}

void HttpSession::Give(Command command) {
  asio::post(stream_.get_executor(),
             [self = shared_from_this(), given = std::move(command)]() mutable {
               self->commands_.push_back(std::move(given));
               self->signal_.cancel();
             });
}

asio::awaitable<HttpSession::Command> HttpSession::NextCommand() {
  while (commands_.empty()) co_await signal_.async_wait(kAwait);
  Command command = std::move(commands_.front());
  commands_.pop_front();
  co_return command;
}

asio::awaitable<void> HttpSession::OnWorker(std::function<void()> work) {
  bool finished = false;
  auto executor = stream_.get_executor();
  // The frame of this coroutine outlives the work, because it waits for `finished` below.
  const auto run = [this, &work, &finished, executor] {
    work();
    asio::post(executor, [this, &finished, self = shared_from_this()] {
      finished = true;
      signal_.cancel();
    });
  };
  while (!shared_.workers.Submit(run)) {
    asio::steady_timer pause(executor, std::chrono::milliseconds(10));
    co_await pause.async_wait(kAwait);
  }
  while (!finished) co_await signal_.async_wait(kAwait);
}

asio::awaitable<void> HttpSession::Run() {
  const auto self = shared_from_this();
  while (co_await ServeOne()) {
  }
  // Closing while bytes of the client are unread would reset the connection, and a reset may
  // overtake the last reply.
  if (unread_body_ || buffer_.size() > 0) co_await Linger();
  stream_.close();
}

asio::awaitable<void> HttpSession::Linger() {
  boost::system::error_code ignored;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  if (ignored) co_return;
  stream_.expires_after(limits::kHttpLinger);
  std::array<char, 4096> scrap;
  for (std::size_t seen = 0; seen < limits::kHttpLingerBytesMax;) {
    const auto [error, size] = co_await stream_.async_read_some(asio::buffer(scrap), kAwait);
    if (error) co_return;
    seen += size;
  }
}

asio::awaitable<bool> HttpSession::ReadHead(Parser& parser, HttpRequest& request) {
  parser.header_limit(limits::kHttpHeaderBytesMax);
  parser.body_limit(boost::none);
  stream_.expires_after(limits::kHttpIdleTimeout);
  idle_ = true;
  auto [error, size] = co_await http::async_read_header(stream_, buffer_, parser, kAwait);
  if (error == http::error::bad_transfer_encoding && DropChunkingOfNoBody(parser)) {
    std::tie(error, size) = co_await http::async_read_header(stream_, buffer_, parser, kAwait);
  }
  idle_ = false;
  unread_body_ = static_cast<bool>(error) && !draining_;
  if (error == http::error::header_limit) {
    co_await Send(request.method,
                  TextResponse(431, "the request head is larger than " +
                                        std::to_string(limits::kHttpHeaderBytesMax) + " bytes"),
                  false);
    co_return false;
  }
  if (error) {
    if (IsMalformed(error)) {
      co_await Send(request.method,
                    TextResponse(400, "not a valid HTTP/1.1 request: " + error.message()), false);
    }
    co_return false;
  }
  const auto& head = parser.get();
  if (head.count(http::field::host) > 1 || head.count(http::field::origin) > 1) {
    // Which of them was checked, and which is meant? RFC 9112, 3.2.
    co_await Send(request.method, TextResponse(400, "the request has Host or Origin twice"), false);
    unread_body_ = true;
    co_return false;
  }
  request.method = std::string(head.method_string());
  request.target = std::string(head.target());
  request.peer = peer_;
  for (const auto& field : head) {
    request.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  }
  if (const auto length = parser.content_length()) request.content_length = *length;
  const auto expect = request.Header("Expect");
  continue_expected_ =
      expect && boost::beast::iequals(boost::beast::string_view(expect->data(), expect->size()),
                                      "100-continue");
  co_return true;
}

bool HttpSession::DropChunkingOfNoBody(Parser& parser) {
  // Python's requests announces an empty file by both `Content-Length: 0` and `Transfer-Encoding:
  // chunked`, and then sends neither a body nor the end of one; flytekit uploads files in this way.
  // The parser stops in front of the second header. No other pair of the two is taken: which of
  // them is right is how requests are smuggled. What may follow is never read as a request.
  const auto length = parser.get().find(http::field::content_length);
  if (length == parser.get().end() || length->value() != "0") return false;
  const auto bytes = buffer_.cdata();
  const boost::beast::string_view rest(static_cast<const char*>(bytes.data()), bytes.size());
  constexpr boost::beast::string_view kName = "transfer-encoding:";
  const std::size_t end = rest.find("\r\n");
  if (end == rest.npos || !boost::beast::iequals(rest.substr(0, kName.size()), kName)) return false;
  buffer_.consume(end + 2);
  unclear_end_ = true;
  return true;
}

asio::awaitable<bool> HttpSession::ServeOne() {
  if (draining_) co_return false;
  Parser parser;
  HttpRequest request;
  if (!co_await ReadHead(parser, request)) co_return false;
  stream_.expires_never();

  if (Status allowed = shared_.guard.Check(request.Header("Host"), request.Header("Origin"));
      !allowed) {
    const bool whole = co_await SkipBody(parser);
    const bool keep = whole && parser.get().keep_alive();
    co_return co_await Send(request.method, TextResponse(403, allowed.error().message), keep) &&
        keep;
  }

  const std::string method = request.method;
  shared_.handler.Handle(std::make_shared<Exchange>(shared_from_this(), std::move(request)));
  for (;;) {
    Command command = co_await NextCommand();
    if (auto* read = std::get_if<ReadCommand>(&command)) {
      Status status = co_await ReadBody(parser, *read->sink);
      const auto done = std::make_shared<std::function<void(Status)>>(std::move(read->done));
      if (!shared_.workers.Submit([done, status] { (*done)(status); })) {
        (*done)(SystemError(Code::kResourceExhausted,
                            "the server is busy: too many requests wait; try again later"));
      }
      continue;
    }
    const bool whole = co_await SkipBody(parser);
    const bool keep = whole && parser.get().keep_alive() && !draining_;
    co_return co_await Send(method, std::get<HttpResponse>(std::move(command)), keep) && keep;
  }
}

asio::awaitable<Status> HttpSession::ReadBody(Parser& parser, BodySink& sink) {
  if (std::exchange(continue_expected_, false)) {
    if (!co_await Write("HTTP/1.1 100 Continue\r\n\r\n", {})) {
      co_return UserError(Code::kUnavailable, "the client went away");
    }
  }
  std::string part;
  while (!parser.is_done()) {
    part.resize(limits::kHttpPartBytes);
    parser.get().body().data = part.data();
    parser.get().body().size = part.size();
    stream_.expires_after(limits::kHttpBodyTimeout);
    auto [error, size] = co_await http::async_read(stream_, buffer_, parser, kAwait);
    stream_.expires_never();
    if (IsMalformed(error) && error != http::error::need_buffer) {
      co_return UserError(Code::kInvalidArgument,
                          "the request body is not valid HTTP/1.1: " + error.message());
    }
    if (error && error != http::error::need_buffer) {
      co_return UserError(Code::kUnavailable, "the request body ended early: " + error.message());
    }
    part.resize(part.size() - parser.get().body().size);
    if (part.empty()) continue;
    Status written;
    co_await OnWorker([&] { written = sink.Write(part); });
    if (!written) co_return written;
  }
  co_return Status();
}

asio::awaitable<bool> HttpSession::SkipBody(Parser& parser) {
  // Only what has already arrived: waiting for the rest could take for ever, and a client that
  // expects 100 Continue may never send it. The connection is closed after the reply instead.
  const auto rest = parser.content_length_remaining();
  if (!parser.is_done() && rest && *rest <= buffer_.size()) {
    std::string scrap(static_cast<std::size_t>(*rest), '\0');
    parser.get().body().data = scrap.data();
    parser.get().body().size = scrap.size();
    co_await http::async_read(stream_, buffer_, parser, kAwait);
  }
  unread_body_ = unclear_end_ || !parser.is_done();
  co_return !unread_body_;
}

asio::awaitable<bool> HttpSession::Write(std::string_view head, std::string_view body) {
  const std::array<asio::const_buffer, 2> buffers = {asio::buffer(head), asio::buffer(body)};
  stream_.expires_after(limits::kHttpBodyTimeout);
  const auto [error, size] = co_await asio::async_write(stream_, buffers, kAwait);
  stream_.expires_never();
  co_return !error;
}

asio::awaitable<bool> HttpSession::Send(std::string_view method, HttpResponse response,
                                        bool keep_alive) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + ' ';
  head.append(HttpReason(response.status)).append("\r\n");
  for (const auto& [name, value] : response.headers) AppendHeader(head, name, value);
  const std::uint64_t length = response.source ? response.source_length : response.body.size();
  if (!HasNoBody(response.status)) AppendHeader(head, "Content-Length", std::to_string(length));
  if (!keep_alive) AppendHeader(head, "Connection", "close");
  head += "\r\n";
  const bool bare = method == "HEAD" || HasNoBody(response.status);
  if (bare) co_return co_await Write(head, {});
  if (response.source) {
    if (!co_await Write(head, {})) co_return false;
    co_return co_await SendSource(*response.source, length);
  }
  // In parts, so that the time-out is for progress and not for the whole of a large reply.
  std::string_view rest = response.body;
  const std::string_view first = rest.substr(0, limits::kHttpPartBytes);
  if (!co_await Write(head, first)) co_return false;
  for (rest.remove_prefix(first.size()); !rest.empty();) {
    const std::string_view part = rest.substr(0, limits::kHttpPartBytes);
    if (!co_await Write(part, {})) co_return false;
    rest.remove_prefix(part.size());
  }
  co_return true;
}

asio::awaitable<bool> HttpSession::SendSource(BodySource& source, std::uint64_t length) {
  std::string part(limits::kHttpPartBytes, '\0');
  while (length > 0) {
    const std::size_t wanted = std::min<std::uint64_t>(length, part.size());
    Result<std::size_t> size = 0;
    co_await OnWorker([&] { size = source.Read(std::span(part.data(), wanted)); });
    if (!size || *size == 0) {
      LogWarning("http.body_cut",
                 {{"peer", peer_},
                  {"missing_bytes", length},
                  {"reason", size ? "it is shorter than announced" : size.error().message}});
      co_return false;
    }
    if (!co_await Write(std::string_view(part.data(), *size), {})) co_return false;
    length -= *size;
  }
  co_return true;
}

}  // namespace martlet::net
