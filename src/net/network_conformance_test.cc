#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>

#include "base/simulated_network.h"
#include "base/work_queue.h"
#include "net/curl_network.h"
#include "net/port.h"

/// Both implementations of Network keep the same promises. The real one speaks to a real port.
namespace martlet::net {
namespace {

using Server = std::function<NetworkReply(const NetworkRequest& request)>;

/// A network with one server in it.
class World {
 public:
  virtual ~World() = default;
  virtual Network& network() = 0;
  /// "http://host:port" of a server that answers by `server`.
  virtual std::string Serve(Server server) = 0;
  /// The same of a server that breaks its reply off, or never replies, after it has acted.
  virtual std::string ServeBroken(Server server) = 0;
  virtual std::string ServeNever(Server server) = 0;
  /// An origin where nobody listens.
  virtual std::string Nowhere() = 0;
};

class SimulatedWorld final : public World {
 public:
  Network& network() override { return network_; }
  std::string Serve(Server server) override {
    network_.Serve("http://there:80", std::move(server));
    return "http://there:80";
  }
  std::string ServeBroken(Server server) override {
    network_.Plan(SimulatedNetwork::Fault::kReplyLost);
    return Serve(std::move(server));
  }
  std::string ServeNever(Server server) override {
    network_.Plan(SimulatedNetwork::Fault::kReplyLate);
    return Serve(std::move(server));
  }
  std::string Nowhere() override { return "http://nowhere:80"; }

 private:
  VirtualClock clock_{Timestamp{1}};
  SimulatedNetwork network_{clock_};
};

class BrokenBody final : public BodySource {
 public:
  Result<std::size_t> Read(std::span<char> buffer) override {
    if (std::exchange(begun_, true)) return SystemError(Code::kInternal, "broken on purpose");
    buffer[0] = 'x';
    return 1;
  }

 private:
  bool begun_ = false;
};

class RealWorld final : public World, public HttpHandler {
 public:
  RealWorld() {
    // Whatever proxy the machine has is not for this machine's own ports.
    ::setenv("no_proxy", "*", 1);
    auto opened = Port::Open({});
    EXPECT_TRUE(opened) << opened.error().message;
    port_ = *std::move(opened);
    port_->Start(*this, workers_, [](int fd) { close(fd); });
  }
  ~RealWorld() override {
    port_->Stop(Nanos(0));
    workers_.Close();
    held_.reset();
    if (closed_ >= 0) close(closed_);
  }

  Network& network() override { return *network_; }
  std::string Serve(Server server) override {
    server_ = std::move(server);
    return "http://127.0.0.1:" + std::to_string(port_->port());
  }
  std::string ServeBroken(Server server) override {
    break_ = true;
    return Serve(std::move(server));
  }
  std::string ServeNever(Server server) override {
    hold_ = true;
    return Serve(std::move(server));
  }
  std::string Nowhere() override {
    // Bound and not listening: nobody else can take it meanwhile.
    closed_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(closed_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(getsockname(closed_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    return "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }

  void Handle(std::shared_ptr<HttpExchange> exchange) override {
    exchange->ReadBody(1 << 20, [this, exchange](Result<std::string> body) {
      ASSERT_TRUE(body);
      const HttpRequest& in = exchange->request();
      NetworkReply reply = server_({in.method, in.target, in.headers, *std::move(body)});
      if (hold_) {
        held_ = exchange;
        return;
      }
      HttpResponse out;
      out.status = reply.status;
      out.headers = std::move(reply.headers);
      out.body = std::move(reply.body);
      if (break_) {
        out.source = std::make_unique<BrokenBody>();
        out.source_length = 100;
      }
      exchange->Respond(std::move(out));
    });
  }

 private:
  Server server_;
  bool break_ = false;
  bool hold_ = false;
  int closed_ = -1;
  std::shared_ptr<HttpExchange> held_;
  std::unique_ptr<Port> port_;
  WorkerPool workers_{"test", 1, 10};
  std::unique_ptr<Network> network_ = NewCurlNetwork();
};

class NetworkConformance : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (GetParam()) {
      world_ = std::make_unique<RealWorld>();
    } else {
      world_ = std::make_unique<SimulatedWorld>();
    }
  }
  Result<NetworkReply> Send(const NetworkRequest& request) {
    return world_->network().Send(request);
  }

  std::unique_ptr<World> world_;
};

TEST_P(NetworkConformance, ARequestArrivesAndItsReplyReturns) {
  NetworkRequest seen;
  const std::string origin = world_->Serve([&](const NetworkRequest& request) {
    seen = request;
    return NetworkReply{201, {{"X-Kind", "new"}}, "made"};
  });
  const auto reply = Send({.method = "PUT",
                           .url = origin + "/a/b?c=d",
                           .headers = {{"X-One", "1"}, {"X-Empty", ""}},
                           .body = std::string("\0\n\xff", 3)});
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->status, 201u);
  EXPECT_EQ(reply->Header("x-kind"), "new");
  EXPECT_EQ(reply->Header("x-other"), "");
  EXPECT_EQ(reply->body, "made");
  EXPECT_EQ(seen.method, "PUT");
  EXPECT_TRUE(seen.url.ends_with("/a/b?c=d")) << seen.url;
  EXPECT_EQ(seen.body, std::string("\0\n\xff", 3));
  const NetworkReply sent{0, seen.headers, {}};
  EXPECT_EQ(sent.Header("x-one"), "1");
}

TEST_P(NetworkConformance, EveryStatusIsAReply) {
  unsigned status = 0;
  int calls = 0;
  const std::string origin = world_->Serve([&](const NetworkRequest&) {
    ++calls;
    return NetworkReply{status, {{"Location", "/elsewhere"}}, ""};
  });
  for (status = 302; const unsigned next : {404u, 500u, 0u}) {
    const auto reply = Send({.url = origin});
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->status, status);
    status = next;
  }
  EXPECT_EQ(calls, 3) << "redirects are not followed";
}

TEST_P(NetworkConformance, ALargeReplyIsRefused) {
  const std::string origin = world_->Serve([](const NetworkRequest&) {
    return NetworkReply{200, {}, "12345"};
  });
  EXPECT_TRUE(Send({.url = origin, .reply_bytes_max = 5}));
  const auto refused = Send({.url = origin, .reply_bytes_max = 4});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kResourceExhausted);
}

TEST_P(NetworkConformance, NobodyThere) {
  const auto refused = Send({.url = world_->Nowhere()});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kUnavailable);
}

TEST_P(NetworkConformance, AReplyThatBreaksOffIsNone) {
  int calls = 0;
  const std::string origin = world_->ServeBroken([&](const NetworkRequest&) {
    ++calls;
    return NetworkReply{200, {}, "half"};
  });
  const auto refused = Send({.url = origin});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kUnavailable);
  EXPECT_EQ(calls, 1) << "not sent again by itself: the server may have acted";
}

TEST_P(NetworkConformance, AReplyThatDoesNotComeIsWaitedForThatLong) {
  const std::string origin = world_->ServeNever([](const NetworkRequest&) {
    return NetworkReply{200, {}, ""};
  });
  const auto refused = Send({.url = origin, .timeout = std::chrono::milliseconds(200)});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kDeadlineExceeded);
}

TEST_P(NetworkConformance, RequestsThatBreakOutOfTheirLineAreNeverSent) {
  int calls = 0;
  const std::string origin = world_->Serve([&](const NetworkRequest&) {
    ++calls;
    return NetworkReply{200, {}, ""};
  });
  const NetworkRequest bad[] = {
      {.method = "GET /", .url = origin},
      {.method = "", .url = origin},
      {.url = "file:///etc/passwd"},
      {.url = "http://"},
      {.url = "http://:80/"},
      {.url = "http://user:secret@host/"},
      {.url = origin + "/a b"},
      {.url = origin + "/\r\nX: y"},
      {.url = origin, .headers = {{"X", "a\r\nY: b"}}},
      {.url = origin, .headers = {{"X: y\r\nZ", "a"}}},
      {.url = origin, .headers = {{"", "a"}}},
  };
  for (const NetworkRequest& request : bad) {
    const auto refused = Send(request);
    ASSERT_FALSE(refused) << request.url;
    EXPECT_EQ(refused.error().code, Code::kInvalidArgument) << request.url;
    EXPECT_EQ(refused.error().message.find("secret"), std::string::npos);
  }
  EXPECT_EQ(calls, 0);
}

INSTANTIATE_TEST_SUITE_P(Both, NetworkConformance, testing::Bool(),
                         [](const auto& one) { return one.param ? "Curl" : "Simulated"; });

}  // namespace
}  // namespace martlet::net
