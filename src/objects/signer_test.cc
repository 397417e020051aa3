#include "objects/signer.h"

#include <gtest/gtest.h>

#include "base/digest.h"
#include "base/simulated_files.h"

namespace martlet::objects {
namespace {

constexpr Timestamp kNow{1'700'000'000'000'000'000};

struct Url {
  std::string path;
  std::string query;
};

Url Split(const std::string& url, std::string_view base) {
  EXPECT_TRUE(url.starts_with(base)) << url;
  const std::string target = url.substr(base.size());
  const std::size_t mark = target.find('?');
  return {.path = target.substr(0, mark), .query = target.substr(mark + 1)};
}

class SignerTest : public testing::Test {
 protected:
  Url Sign(const std::string& key, PresignRequest request) {
    request.public_base_url = "http://127.0.0.1:8080";
    if (!request.expires_at.IsSet()) request.expires_at = kNow + std::chrono::hours(1);
    auto url = signer_.Sign(key, request);
    EXPECT_TRUE(url) << url.error().message;
    return Split(*url, "http://127.0.0.1:8080");
  }
  Result<SignedAccess> Verify(std::string_view method, const Url& url, Timestamp now = kNow) {
    return signer_.Verify(method, url.path, url.query, now);
  }

  UrlSigner signer_{{std::string(32, 'k')}};
};

TEST_F(SignerTest, AUrlAllowsWhatItWasMadeForAndNothingElse) {
  const Url get = Sign("uploads/p/d/JI4====/a b?.txt", {});
  const SignedAccess access = Verify("GET", get).value();
  EXPECT_EQ(access.key, "uploads/p/d/JI4====/a b?.txt");
  EXPECT_TRUE(Verify("HEAD", get));
  for (const char* method : {"PUT", "POST", "DELETE", "get", "PATCH", ""}) {
    EXPECT_EQ(Verify(method, get).error().code, Code::kPermissionDenied) << method;
  }
  const Url put =
      Sign("k", {.method = SignedMethod::kPut, .md5 = Md5("x"), .bytes = 12, .replace = true});
  const SignedAccess write = Verify("PUT", put).value();
  EXPECT_EQ(write.md5, Md5("x"));
  EXPECT_EQ(write.bytes, 12u);
  EXPECT_TRUE(write.replace);
  for (const char* method : {"GET", "HEAD", "POST", "DELETE"}) {
    EXPECT_EQ(Verify(method, put).error().code, Code::kPermissionDenied) << method;
  }
}

TEST_F(SignerTest, Expires) {
  const Url url = Sign("k", {.expires_at = kNow + std::chrono::seconds(30)});
  EXPECT_TRUE(Verify("GET", url, kNow + std::chrono::milliseconds(29'999)));
  const auto late = Verify("GET", url, kNow + std::chrono::seconds(30));
  EXPECT_EQ(late.error().code, Code::kPermissionDenied);
  EXPECT_NE(late.error().message.find("expired"), std::string::npos);
}

TEST_F(SignerTest, EverySingleCharacterChangeIsRefused) {
  const PresignRequest request{.method = SignedMethod::kPut, .md5 = Md5("x"), .bytes = 77};
  const Url url = Sign("uploads/p/d/root/file.txt", request);
  int tampered = 0;
  for (std::string Url::*part : {&Url::path, &Url::query}) {
    for (std::size_t at = 0; at < (url.*part).size(); ++at) {
      for (const char c : std::string_view("0a/.&=%Z-")) {
        Url changed = url;
        if ((changed.*part)[at] == c) continue;
        (changed.*part)[at] = c;
        EXPECT_FALSE(Verify("PUT", changed)) << changed.path << '?' << changed.query;
        ++tampered;
      }
      Url shorter = url;
      (shorter.*part).erase(at, 1);
      EXPECT_FALSE(Verify("PUT", shorter)) << shorter.path << '?' << shorter.query;
    }
  }
  EXPECT_GT(tampered, 1000);
}

TEST_F(SignerTest, RandomTamperingNeverChangesWhatIsAllowed) {
  SeededRandom random(9);
  const Url url = Sign("uploads/p/d/root/file.txt",
                       {.method = SignedMethod::kPut, .md5 = Md5("x"), .bytes = 77});
  const SignedAccess meant = Verify("PUT", url).value();
  const std::vector<std::string> insertions = {"&method=get",
                                               "&method=put",
                                               "&replace=1",
                                               "&bytes=1",
                                               "&md5=00",
                                               "&expires=99999999999",
                                               "&kid=00000000",
                                               "&x=1",
                                               "..",
                                               "/",
                                               "%2e",
                                               "&",
                                               "=",
                                               "&signature=00"};
  for (int i = 0; i < 20'000; ++i) {
    Url changed = url;
    const std::uint64_t edits = 1 + random.Below(3);
    for (std::uint64_t e = 0; e < edits; ++e) {
      std::string& part = random.Chance(70) ? changed.query : changed.path;
      const std::size_t at = random.Below(part.size() + 1);
      switch (random.Below(3)) {
        case 0:
          part.insert(at, insertions[random.Below(insertions.size())]);
          break;
        case 1:
          part.erase(at, random.Below(8));
          break;
        default:
          if (at < part.size()) part[at] = static_cast<char>(random.Below(256));
      }
    }
    const auto access = Verify("PUT", changed);
    if (!access) continue;
    // Another spelling of the same request at most, such as a percent escape.
    EXPECT_EQ(access->key, meant.key) << changed.path << '?' << changed.query;
    EXPECT_EQ(access->md5, meant.md5);
    EXPECT_EQ(access->bytes, meant.bytes);
    EXPECT_EQ(access->expires_at, meant.expires_at);
    EXPECT_EQ(access->replace, meant.replace);
  }
}

TEST_F(SignerTest, ClientsMayEscapeThePathTheirOwnWayAndReorderTheQuery) {
  const Url url = Sign("r/JI4====/f", {});
  Url other = url;
  other.path = "/objects/v1/r/JI4====/f";
  EXPECT_TRUE(Verify("GET", other));
  other.path = "/objects/v1/%72/JI4%3d%3d%3d%3d/f";
  EXPECT_TRUE(Verify("GET", other));
  other.path = "/objects/v1/r%2FJI4====/f";
  EXPECT_TRUE(Verify("GET", other)) << "decoded once, it is the same key";
  other.path = "/objects/v1/r%252FJI4====/f";
  EXPECT_FALSE(Verify("GET", other));
}

TEST_F(SignerTest, AnotherKeyDoesNotVerifyAndARotatedOneDoes) {
  const Url url = Sign("k", {});
  const UrlSigner other({std::string(32, 'o')});
  EXPECT_FALSE(other.Verify("GET", url.path, url.query, kNow));
  const UrlSigner rotated({std::string(32, 'o'), std::string(32, 'k')});
  EXPECT_TRUE(rotated.Verify("GET", url.path, url.query, kNow));
}

TEST_F(SignerTest, RefusesToSignWhatItCouldNotServe) {
  EXPECT_FALSE(signer_.Sign("../x", {.public_base_url = "http://h"}));
  for (const char* base : {"", "h", "ftp://h", "http://", "http://h\r\nX: y", "http://h?q"}) {
    EXPECT_FALSE(signer_.Sign("k", {.public_base_url = base})) << base;
  }
  EXPECT_TRUE(signer_.Sign("k", {.public_base_url = "https://h/prefix/"})
                  .value()
                  .starts_with("https://h/prefix/objects/v1/k?"));
}

TEST(SignerKey, IsMadeOnceAndKept) {
  VirtualClock clock(kNow);
  SimulatedFiles files(clock);
  SeededRandom random(1);
  const auto first = UrlSigner::Open(files, "/signing.key", random).value();
  const std::string url =
      first->Sign("k", {.expires_at = kNow + std::chrono::hours(1), .public_base_url = "http://h"})
          .value();
  const Url parts = Split(url, "http://h");
  const auto again = UrlSigner::Open(files, "/signing.key", random).value();
  EXPECT_TRUE(again->Verify("GET", parts.path, parts.query, kNow));
  EXPECT_EQ(files.ReadAll("/signing.key", 100).value().size(), 65u);
  ASSERT_TRUE(WriteDurably(files, "/signing.key", "torn"));
  EXPECT_EQ(UrlSigner::Open(files, "/signing.key", random).error().code, Code::kFailedPrecondition);
}

}  // namespace
}  // namespace martlet::objects
