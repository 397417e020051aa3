#include "net/port.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "net/http_router.h"
#include "net/testing/raw_client.h"

namespace martlet::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::RawClient;

class CountingSink final : public BodySink {
 public:
  Status Write(std::string_view part) override {
    bytes += part.size();
    largest = std::max(largest, part.size());
    if (bytes > refuse_beyond) return UserError(Code::kFailedPrecondition, "enough");
    return {};
  }
  std::size_t bytes = 0;
  std::size_t largest = 0;
  std::size_t refuse_beyond = static_cast<std::size_t>(-1);
};

/// `length` bytes of the alphabet; fails after `fail_at`.
class AlphabetSource final : public BodySource {
 public:
  explicit AlphabetSource(std::size_t fail_at) : fail_at_(fail_at) {}
  Result<std::size_t> Read(std::span<char> buffer) override {
    if (at_ >= fail_at_) return SystemError(Code::kDataLoss, "the disk is gone");
    const std::size_t size = std::min<std::size_t>(buffer.size(), 10'000);
    for (std::size_t i = 0; i < size; ++i) buffer[i] = static_cast<char>('a' + at_++ % 26);
    return size;
  }

 private:
  const std::size_t fail_at_;
  std::size_t at_ = 0;
};

/// Answers by the path, so that a test says what it wants in its request.
class TestHandler final : public HttpHandler {
 public:
  void Handle(std::shared_ptr<HttpExchange> exchange) override {
    const std::string path(exchange->request().Path());
    if (path == "/echo") {
      exchange->ReadBody(1000, [exchange](Result<std::string> body) {
        exchange->Respond(body ? TextResponse(200, *body)
                               : TextResponse(413, body.error().message));
      });
    } else if (path == "/sink" || path == "/small-sink") {
      auto sink = std::make_shared<CountingSink>();
      if (path == "/small-sink") sink->refuse_beyond = 100;
      exchange->ReadBodyInto(sink, [exchange, sink, this](Status status) {
        largest_part = sink->largest;
        exchange->Respond(status ? TextResponse(200, std::to_string(sink->bytes))
                                 : TextResponse(409, status.error().message));
      });
    } else if (path == "/source" || path == "/broken-source") {
      HttpResponse response;
      response.source = std::make_unique<AlphabetSource>(
          path == "/source" ? static_cast<std::size_t>(-1) : 50'000);
      response.source_length = 1'000'000;
      exchange->Respond(std::move(response));
    } else if (path == "/header") {
      HttpResponse response;
      response.headers.emplace_back("X-Value", "a\r\nSet-Cookie: b");
      exchange->Respond(std::move(response));
    } else if (path == "/hold") {
      const std::lock_guard lock(mutex_);
      held_ = std::move(exchange);
      changed_.notify_all();
    } else if (path != "/drop") {
      exchange->Respond(TextResponse(200, path));
    }
  }

  std::shared_ptr<HttpExchange> AwaitHeld() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, seconds(10), [this] { return held_ != nullptr; });
    return std::move(held_);
  }

  std::atomic<std::size_t> largest_part = 0;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<HttpExchange> held_;
};

class PortTest : public ::testing::Test {
 protected:
  void Start(Port::Options options = {}) {
    auto opened = Port::Open(std::move(options));
    ASSERT_TRUE(opened) << opened.error().message;
    port_ = *std::move(opened);
    port_->Start(handler_, *workers_, [this](int fd) {
      // A second protocol that says what it saw.
      char bytes[64] = {};
      const ssize_t size = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
      handed_over_.emplace(bytes, static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
      send(fd, "h2", 2, MSG_NOSIGNAL);
      close(fd);
    });
  }

  void TearDown() override {
    if (port_ == nullptr) return;
    port_->Stop(seconds(1));
    workers_->Close();
  }

  // The order of destruction that Port asks for: workers first.
  TestHandler handler_;
  std::optional<std::string> handed_over_;
  std::unique_ptr<Port> port_;
  std::optional<WorkerPool> workers_{std::in_place, "test", 2, 100};
};

TEST_F(PortTest, ServesManyRequestsOnOneConnection) {
  Start();
  RawClient client(port_->port());
  for (int i = 0; i < 3; ++i) {
    const auto response = client.Get("/a");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "/a\n");
  }
  client.Send(
      "GET /1 HTTP/1.1\r\nHost: localhost\r\n\r\nGET /2 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.Receive().body, "/1\n");
  EXPECT_EQ(client.Receive().body, "/2\n");
  EXPECT_EQ(client.Get("/x", "GET", "Connection: close\r\n").headers.at("connection"), "close");
  EXPECT_TRUE(client.WaitForClose());
}

TEST_F(PortTest, HandsHttp2OverUntouchedEvenWhenItArrivesByteByByte) {
  Start();
  RawClient client(port_->port());
  for (const char c : std::string_view("PR")) {
    client.Send(std::string_view(&c, 1));
    std::this_thread::yield();
  }
  client.Send("I * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  EXPECT_TRUE(client.WaitForClose());
  ASSERT_TRUE(handed_over_.has_value());
  EXPECT_TRUE(handed_over_->starts_with("PRI"));
}

TEST_F(PortTest, PostIsNotMistakenForHttp2) {
  Start();
  RawClient client(port_->port());
  EXPECT_EQ(client.Get("/p", "PROPFIND").status, 200);
  EXPECT_FALSE(handed_over_.has_value());
}

TEST_F(PortTest, SilentConnectionsAreClosed) {
  Port::Options options;
  options.preface_timeout = milliseconds(50);
  Start(options);
  EXPECT_TRUE(RawClient(port_->port()).WaitForClose());
  RawClient began(port_->port());
  began.Send("P");
  EXPECT_TRUE(began.WaitForClose());
}

TEST_F(PortTest, ConnectionsThatEndedWithinThePrefaceDoNotHoldTheStopUp) {
  Start();
  RawClient stays(port_->port());
  stays.Send("P");
  { RawClient(port_->port()).Send("PR"); }
  EXPECT_EQ(RawClient(port_->port()).Get("/p", "GET").status, 200);
  port_->StopAccepting();
  EXPECT_TRUE(stays.WaitForClose());
}

TEST_F(PortTest, BodiesWithLengthAndInChunks) {
  Start();
  RawClient client(port_->port());
  client.Send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(client.Receive().body, "hello\n");
  client.Send(
      "DELETE /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  EXPECT_EQ(client.Receive().body, "abcde\n");
  EXPECT_EQ(client.Get("/echo", "GET").body, "\n");
}

// What Python's requests sends for an empty file: both headers, no body, and no end of chunks.
TEST_F(PortTest, AnEmptyBodyMayBeCalledChunkedAsWell) {
  Start();
  for (const std::string after : {"", "0\r\n\r\n", "GET /smuggled HTTP/1.1\r\nHost: l\r\n\r\n"}) {
    RawClient client(port_->port());
    client.Send(
        "PUT /sink HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nX-Other: a\r\n"
        "Transfer-Encoding: chunked\r\nX-More: b\r\n\r\n" +
        after);
    const auto response = client.Receive();
    EXPECT_EQ(response.status, 200) << after;
    EXPECT_EQ(response.body, "0\n") << after;
    EXPECT_TRUE(client.WaitForClose()) << after;
  }
}

TEST_F(PortTest, ABodyWithTwoLengthsIsRefused) {
  Start();
  for (const std::string headers : {"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
                                    "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
                                    "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"
                                    "Transfer-Encoding: chunked\r\n",
                                    "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"
                                    "Content-Length: 4\r\n"}) {
    RawClient client(port_->port());
    client.Send("PUT /sink HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n0\r\n\r\n");
    EXPECT_EQ(client.Receive().status, 400) << headers;
    EXPECT_TRUE(client.WaitForClose()) << headers;
  }
}

TEST_F(PortTest, ContinueIsSentWhenTheBodyIsWanted) {
  Start();
  RawClient client(port_->port());
  client.Send(
      "PUT /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
      "Expect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.Receive().status, 100);
  client.Send("ok");
  EXPECT_EQ(client.Receive().body, "ok\n");
  client.Send(
      "PUT /refuse HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
      "Expect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.Receive().status, 200);
  EXPECT_TRUE(client.WaitForClose());
}

TEST_F(PortTest, BodyBeyondTheBoundIsRefused) {
  Start();
  RawClient client(port_->port());
  client.Send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\n" +
              std::string(5000, 'x'));
  EXPECT_EQ(client.Receive().status, 413);
}

TEST_F(PortTest, LargeBodiesStreamInParts) {
  Start();
  RawClient client(port_->port());
  const std::size_t size = 20u << 20;
  client.Send("PUT /sink HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(size) +
              "\r\n\r\n");
  const std::string part(1u << 20, 'x');
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(client.Send(part));
  EXPECT_EQ(client.Receive().body, std::to_string(size) + '\n');
  EXPECT_LE(handler_.largest_part, limits::kHttpPartBytes);
}

TEST_F(PortTest, SinkMayRefuse) {
  Start();
  RawClient client(port_->port());
  client.Send("PUT /small-sink HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200\r\n\r\n" +
              std::string(200, 'x'));
  const auto response = client.Receive();
  EXPECT_EQ(response.status, 409);
  EXPECT_EQ(response.body, "enough\n");
}

TEST_F(PortTest, AMalformedChunkIsTheClientsMistake) {
  Start();
  RawClient client(port_->port());
  client.Send("POST /sink HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n");
  const auto response = client.Receive();
  EXPECT_EQ(response.status, 409);
  EXPECT_NE(response.body.find("not valid HTTP/1.1: bad chunk"), std::string::npos);
  EXPECT_TRUE(client.WaitForClose());
}

TEST_F(PortTest, BodyThatEndsEarlyIsAnError) {
  Start();
  RawClient client(port_->port());
  client.Send("PUT /sink HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc");
  client.EndSending();
  EXPECT_EQ(client.Receive().status, 409);
}

TEST_F(PortTest, RepliesStreamFromASource) {
  Start();
  RawClient client(port_->port());
  const auto response = client.Get("/source");
  ASSERT_EQ(response.body.size(), 1'000'000u);
  for (std::size_t i = 0; i < response.body.size(); ++i) {
    ASSERT_EQ(response.body[i], static_cast<char>('a' + i % 26)) << i;
  }
  const auto head = client.Get("/source", "HEAD");
  EXPECT_EQ(head.headers.at("content-length"), "1000000");
  EXPECT_EQ(client.Get("/next").body, "/next\n");
}

TEST_F(PortTest, SourceThatFailsCutsTheConnection) {
  Start();
  RawClient client(port_->port());
  EXPECT_EQ(client.Get("/broken-source").status, 0);
}

TEST_F(PortTest, DroppedExchangeIsAnswered) {
  Start();
  RawClient client(port_->port());
  EXPECT_EQ(client.Get("/drop").status, 500);
}

TEST_F(PortTest, HeadersCannotBeSmuggled) {
  Start();
  RawClient client(port_->port());
  const auto response = client.Get("/header");
  EXPECT_EQ(response.headers.at("x-value"), "a  Set-Cookie: b");
  EXPECT_EQ(response.headers.count("set-cookie"), 0u);
}

TEST_F(PortTest, RefusesWhatIsNotHttpAndHeadsThatAreTooLarge) {
  Start();
  {
    RawClient client(port_->port());
    client.Send("hello there\r\n\r\n");
    EXPECT_EQ(client.Receive().status, 400);
    EXPECT_TRUE(client.WaitForClose());
  }
  RawClient client(port_->port());
  client.Send("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n");
  EXPECT_EQ(client.Receive().status, 431);
  EXPECT_TRUE(client.WaitForClose());
}

TEST_F(PortTest, ASecondHostOrOriginIsRefused) {
  Start();
  for (const std::string more :
       {"Host: evil.example\r\n", "Origin: http://localhost\r\nOrigin: http://e\r\n"}) {
    RawClient client(port_->port());
    EXPECT_EQ(client.Get("/a", "GET", more).status, 400) << more;
    EXPECT_TRUE(client.WaitForClose()) << more;
  }
}

TEST_F(PortTest, PagesOfOtherOriginsAreRefused) {
  Start();
  RawClient client(port_->port());
  EXPECT_EQ(client.Get("/", "GET", "", "evil.example").status, 403);
  EXPECT_EQ(client.Get("/", "GET", "Origin: http://evil.example\r\n").status, 403);
  EXPECT_EQ(client.Get("/", "GET", "Origin: http://localhost\r\n").status, 200);
}

TEST_F(PortTest, ConnectionsAreBounded) {
  Port::Options options;
  options.connections_max = 2;
  Start(options);
  std::optional<RawClient> first(std::in_place, port_->port());
  EXPECT_EQ(first->Get("/").status, 200);
  RawClient second(port_->port());
  EXPECT_EQ(second.Get("/").status, 200);
  EXPECT_EQ(RawClient(port_->port()).Get("/").status, 0);
  EXPECT_EQ(port_->counts().refused_total, 1u);
  first.reset();
  while (port_->counts().http_open == 2) std::this_thread::yield();
  EXPECT_EQ(RawClient(port_->port()).Get("/").status, 200);
}

TEST_F(PortTest, StopFinishesTheRequestInProgressAndClosesIdleConnections) {
  Start();
  RawClient busy(port_->port());
  RawClient idle(port_->port());
  EXPECT_EQ(idle.Get("/").status, 200);
  busy.Send("GET /hold HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const std::shared_ptr<HttpExchange> held = handler_.AwaitHeld();
  ASSERT_NE(held, nullptr);
  const std::jthread stopping([this] { port_->Stop(seconds(10)); });
  EXPECT_TRUE(idle.WaitForClose());
  EXPECT_FALSE(RawClient(port_->port()).IsConnected());
  held->Respond(TextResponse(200, "late"));
  EXPECT_EQ(busy.Receive().body, "late\n");
  EXPECT_TRUE(busy.WaitForClose());
}

TEST_F(PortTest, StopIsBounded) {
  Start();
  RawClient busy(port_->port());
  busy.Send("GET /hold HTTP/1.1\r\nHost: localhost\r\n\r\n");
  std::shared_ptr<HttpExchange> held = handler_.AwaitHeld();
  ASSERT_NE(held, nullptr);
  port_->Stop(milliseconds(20));
  EXPECT_EQ(busy.Receive().status, 0);
  held.reset();
}

TEST(PortOpen, RefusesAddressesBeyondLoopbackUnlessMeant) {
  Port::Options options;
  options.host = "0.0.0.0";
  const auto refused = Port::Open(options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kInvalidArgument);
  EXPECT_NE(refused.error().message.find("no authentication"), std::string::npos);
  options.host = "example.com";
  EXPECT_EQ(Port::Open(options).error().code, Code::kInvalidArgument);
  options.host = "::1";
  EXPECT_TRUE(Port::Open(options));
}

TEST(PortOpen, SaysThatThePortIsTaken) {
  const auto first = Port::Open({});
  ASSERT_TRUE(first);
  Port::Options options;
  options.port = (*first)->port();
  const auto second = Port::Open(options);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kUnavailable);
  EXPECT_NE(second.error().message.find("another program uses it"), std::string::npos);
}

}  // namespace
}  // namespace martlet::net
