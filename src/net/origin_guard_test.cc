#include "net/origin_guard.h"

#include <gtest/gtest.h>

namespace martlet::net {
namespace {

bool Passes(const OriginGuard& guard, std::optional<std::string_view> host,
            std::optional<std::string_view> origin = std::nullopt) {
  return guard.Check(host, origin).has_value();
}

TEST(OriginGuard, OwnNamesPassWithoutOrigin) {
  const OriginGuard guard({.names = {"flyte.example.com"}});
  for (const char* host :
       {"127.0.0.1:8088", "localhost", "LocalHost:1", "[::1]:8088", "127.3.2.1",
        "console.localhost:8088", "flyte.example.com", "flyte.example.com.:443"}) {
    EXPECT_TRUE(Passes(guard, host)) << host;
  }
}

TEST(OriginGuard, ForeignNamesAreRefused) {
  const OriginGuard guard({});
  for (const char* host :
       {"evil.example", "evil.example:8088", "127.0.0.1.evil.example", "localhost.evil.example",
        "10.0.0.1", "", ":80", "[::1", "[::1]x", "localhost:x", "127.0.0.1@evil.example"}) {
    EXPECT_FALSE(Passes(guard, host)) << host;
  }
  EXPECT_FALSE(Passes(guard, std::nullopt));
}

TEST(OriginGuard, AnyAddressOpensAddressesButNotNames) {
  const OriginGuard guard({.names = {}, .any_address = true});
  EXPECT_TRUE(Passes(guard, "10.0.0.1:8088"));
  EXPECT_TRUE(Passes(guard, "[fe80::1]:8088"));
  EXPECT_FALSE(Passes(guard, "evil.example"));
}

TEST(OriginGuard, OnlyPagesOfThisServerMayCall) {
  const OriginGuard guard({.names = {"flyte.example.com"}});
  EXPECT_TRUE(Passes(guard, "localhost:8088", "http://localhost:8088"));
  EXPECT_TRUE(Passes(guard, "localhost", "http://localhost:80"));
  EXPECT_TRUE(Passes(guard, "10.1.1.1", "https://flyte.example.com") == false);
  EXPECT_TRUE(Passes(guard, "127.0.0.1:8088", "https://flyte.example.com"));
  for (const char* origin :
       {"http://localhost:3000", "http://127.0.0.1:8088", "null", "", "http://evil.example",
        "file://", "http://localhost:8088.evil.example", "chrome-extension://localhost:8088"}) {
    EXPECT_FALSE(Passes(guard, "localhost:8088", origin)) << origin;
  }
}

TEST(OriginGuard, SaysWhyAndWhatToTry) {
  const OriginGuard guard({});
  const Status refused = guard.Check("flyte.example.com", std::nullopt);
  EXPECT_EQ(refused.error().code, Code::kPermissionDenied);
  EXPECT_NE(refused.error().message.find("--public-url"), std::string::npos);
}

}  // namespace
}  // namespace martlet::net
