#include "objects/http_routes.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "base/digest.h"
#include "base/limits.h"
#include "base/simulated_files.h"
#include "objects/byte_range.h"
#include "objects/local/local_store.h"

namespace martlet::objects {
namespace {

class HttpRoutesTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(files_.MakeDirectories("/store"));
    ASSERT_TRUE(files_.SyncDirectory("/"));
    auto opened = LocalObjectStore::Open({.files = &files_,
                                          .root = "/store",
                                          .clock = &clock_,
                                          .random = &random_,
                                          .signer = &signer_});
    ASSERT_TRUE(opened);
    store_ = *std::move(opened);
    routes_ = std::make_unique<ObjectRoutes>(*store_, signer_, clock_);
  }

  RequestHead Signed(std::string_view method, std::string_view key, PresignRequest request = {}) {
    request.public_base_url = "http://h";
    request.expires_at = clock_.Now() + std::chrono::minutes(5);
    const std::string url = store_->Presign(key, request).value();
    const std::size_t mark = url.find('?');
    return {.method = std::string(method),
            .path = url.substr(8, mark - 8),
            .query = url.substr(mark + 1)};
  }
  RequestHead SignedPut(std::string_view key, PresignRequest request = {}) {
    request.method = SignedMethod::kPut;
    return Signed("PUT", key, request);
  }

  unsigned Put(const RequestHead& request, std::string_view body) {
    auto started = routes_->Put(request);
    if (auto* refused = std::get_if<HttpReply>(&started)) return refused->status;
    auto& upload = *std::get<std::unique_ptr<ObjectUpload>>(started);
    Status status;
    for (std::size_t at = 0; status && at < body.size(); at += 3) {
      status = upload.Write(body.substr(at, 3));
    }
    return upload.Finish(status).status;
  }

  static std::string Body(HttpReply& reply) {
    if (!reply.source) return reply.body;
    std::string body;
    char buffer[4];
    for (;;) {
      auto size = reply.source->Read(buffer);
      if (!size) return "cut: " + size.error().message;
      if (*size == 0) break;
      body.append(buffer, *size);
    }
    EXPECT_EQ(body.size(), reply.source_length);
    return body;
  }
  static std::string Header(const HttpReply& reply, std::string_view name) {
    for (const auto& [key, value] : reply.headers) {
      if (key == name) return value;
    }
    return "";
  }
  std::string Stored(std::string_view key) {
    auto data = store_->Get(key, 1 << 20);
    return data ? *data : std::string(CodeName(data.error().code));
  }
  void ExpectNothingLeft() {
    EXPECT_TRUE(store_->List("", {}).value().objects.empty());
    EXPECT_TRUE(files_.List("/store/.martlet/tmp").value().empty());
  }

  VirtualClock clock_{Timestamp{1'700'000'000'000'000'000}};
  SeededRandom random_{5};
  SimulatedFiles files_{clock_};
  UrlSigner signer_{{std::string(32, 'k')}};
  std::unique_ptr<LocalObjectStore> store_;
  std::unique_ptr<ObjectRoutes> routes_;
};

const std::string kBody = "hello oracle";  // oracle 10_dataproxy upload#15
const std::string kMd5Text = "SjhjkH11zjPXFgn9ao7JEg==";

TEST_F(HttpRoutesTest, UploadsAsFlytekitDoes) {
  RequestHead request = SignedPut("u/f.txt", {.md5 = Base64Decode(kMd5Text)});
  request.headers = {{"Content-MD5", kMd5Text}, {"x-amz-meta-flyteContentMD5", kMd5Text}};
  request.content_length = kBody.size();
  EXPECT_EQ(Put(request, kBody), 200u);
  EXPECT_EQ(Stored("u/f.txt"), kBody);
  const ObjectInfo info = store_->Stat("u/f.txt").value().value();
  EXPECT_EQ(info.user_metadata.at("flytecontentmd5"), kMd5Text);
  EXPECT_EQ(info.md5, Base64Decode(kMd5Text));
  // The same bytes again: every run of pyflyte does it.
  EXPECT_EQ(Put(request, kBody), 200u);
}

TEST_F(HttpRoutesTest, UploadsAsFlytectlDoes) {
  RequestHead request = SignedPut("u/f.txt", {.md5 = Base64Decode(kMd5Text)});
  request.headers = {{"Content-Md5", kMd5Text}, {"Accept-Encoding", "gzip"}};
  request.content_length = kBody.size();
  EXPECT_EQ(Put(request, kBody), 200u);
}

TEST_F(HttpRoutesTest, ABodyThatIsNotTheSignedOneLeavesNothing) {
  RequestHead request = SignedPut("u/f.txt", {.md5 = Base64Decode(kMd5Text)});
  EXPECT_EQ(Put(request, "wrong body"), 400u);
  request.headers = {{"Content-MD5", kMd5Text}};
  EXPECT_EQ(Put(request, "wrong body"), 400u);
  request.headers = {{"Content-MD5", Base64Encode(Md5("wrong body"))}};
  EXPECT_EQ(Put(request, "wrong body"), 400u) << "another MD5 than the signed one";
  request.headers = {{"Content-MD5", "not base 64"}};
  EXPECT_EQ(Put(request, kBody), 400u);
  request.headers = {{"Content-MD5", kMd5Text}, {"X-Amz-Meta-FlyteContentMD5", "AAAA"}};
  EXPECT_EQ(Put(request, kBody), 400u);
  RequestHead sized = SignedPut("u/f.txt", {.bytes = 5});
  EXPECT_EQ(Put(sized, "123456"), 400u);
  EXPECT_EQ(Put(sized, "1234"), 400u);
  sized.content_length = 6;
  EXPECT_EQ(Put(sized, "123456"), 400u);
  RequestHead unsigned_md5 = SignedPut("u/f.txt");
  unsigned_md5.headers = {{"Content-MD5", kMd5Text}};
  EXPECT_EQ(Put(unsigned_md5, "wrong body"), 400u) << "Content-MD5 binds without a signature too";
  RequestHead huge = SignedPut("u/f.txt");
  huge.content_length = limits::kUploadBytesMax + 1;
  EXPECT_EQ(Put(huge, ""), 413u);
  ExpectNothingLeft();
}

TEST_F(HttpRoutesTest, AClientThatGoesAwayLeavesNothing) {
  auto started = routes_->Put(SignedPut("u/f.txt"));
  auto& upload = std::get<std::unique_ptr<ObjectUpload>>(started);
  ASSERT_TRUE(upload->Write("half of i"));
  const Status gone = UserError(Code::kUnavailable, "the client went away");
  EXPECT_EQ(upload->Finish(gone).status, 503u);
  upload.reset();
  ExpectNothingLeft();
}

TEST_F(HttpRoutesTest, AUrlWritesOnceUnlessItsKeyIsTheContents) {
  const RequestHead once = SignedPut("u/root/f.txt");
  EXPECT_EQ(Put(once, "first"), 200u);
  EXPECT_EQ(Put(once, "other"), 412u);
  EXPECT_EQ(Put(once, "longer than first"), 412u);
  EXPECT_EQ(Put(once, "first"), 200u);
  EXPECT_EQ(Stored("u/root/f.txt"), "first");

  const RequestHead healing = SignedPut("u/MD5/f.txt", {.md5 = Md5("right"), .replace = true});
  ASSERT_TRUE(store_->Put("u/MD5/f.txt", "wrong", {}));
  EXPECT_EQ(Put(healing, "right"), 200u);
  EXPECT_EQ(Stored("u/MD5/f.txt"), "right");
}

TEST_F(HttpRoutesTest, TheSameBytesAreDurableBeforeTheyAreAcknowledged) {
  // As a task leaves it: neither the bytes nor the name are on disk.
  ASSERT_TRUE(files_.MakeDirectories("/store/u"));
  auto file = files_.Create("/store/u/f.txt");
  ASSERT_TRUE((*file)->Append("bytes"));
  EXPECT_EQ(Put(SignedPut("u/f.txt"), "bytes"), 200u);
  const auto disk = files_.AfterPowerLoss({.after_operations = files_.operation_count()});
  EXPECT_EQ(disk->ReadAll("/store/u/f.txt", 10).value(), "bytes");
}

TEST_F(HttpRoutesTest, WithoutAValidSignatureNothingHappens) {
  ASSERT_TRUE(store_->Put("k", "secret", {}));
  RequestHead get = Signed("GET", "k");
  EXPECT_EQ(routes_->Get(get).status, 200u);
  for (const char* method : {"PUT", "POST", "DELETE", "OPTIONS"}) {
    get.method = method;
    EXPECT_EQ(routes_->Get(get).status, 403u);
    EXPECT_EQ(Put(get, "x"), 403u);
  }
  get.method = "GET";
  clock_.Advance(std::chrono::minutes(5));
  EXPECT_EQ(routes_->Get(get).status, 403u) << "expired";
  RequestHead tampered = Signed("GET", "k");
  tampered.path += "2";
  HttpReply reply = routes_->Get(tampered);
  EXPECT_EQ(reply.status, 403u);
  EXPECT_EQ(Body(reply).find("secret"), std::string::npos);
  RequestHead put = SignedPut("k");
  put.method = "GET";
  EXPECT_EQ(routes_->Get(put).status, 403u);
}

TEST_F(HttpRoutesTest, ServesWholePartsAndHeads) {
  ASSERT_TRUE(store_->Put("a/data.bin", "0123456789", {.record_digests = true}));
  RequestHead request = Signed("GET", "a/data.bin");
  HttpReply reply = routes_->Get(request);
  EXPECT_EQ(reply.status, 200u);
  EXPECT_EQ(Body(reply), "0123456789");
  EXPECT_EQ(Header(reply, "Content-Type"), "application/octet-stream");
  EXPECT_EQ(Header(reply, "ETag"), '"' + HexEncode(Md5("0123456789")) + '"');
  EXPECT_EQ(Header(reply, "Accept-Ranges"), "bytes");

  // What fsspec does after HEAD (client contract §1.9).
  request.method = "HEAD";
  reply = routes_->Get(request);
  EXPECT_EQ(reply.status, 200u);
  EXPECT_EQ(reply.source_length, 10u);
  request.method = "GET";
  request.headers = {{"range", "bytes=0-9"}};
  reply = routes_->Get(request);
  EXPECT_EQ(reply.status, 206u);
  EXPECT_EQ(Header(reply, "Content-Range"), "bytes 0-9/10");
  EXPECT_EQ(Body(reply), "0123456789");
  request.headers = {{"Range", "bytes=3-5"}};
  reply = routes_->Get(request);
  EXPECT_EQ(Header(reply, "Content-Range"), "bytes 3-5/10");
  EXPECT_EQ(Body(reply), "345");
  request.headers = {{"Range", "bytes=10-"}};
  reply = routes_->Get(request);
  EXPECT_EQ(reply.status, 416u);
  EXPECT_EQ(Header(reply, "Content-Range"), "bytes */10");
  request.headers = {{"Range", "bytes=3-5"}, {"If-Range", "\"other\""}};
  reply = routes_->Get(request);
  EXPECT_EQ(reply.status, 200u);
  request.headers = {{"If-None-Match", Header(reply, "ETag")}};
  EXPECT_EQ(routes_->Get(request).status, 304u);
  EXPECT_EQ(routes_->Get(Signed("GET", "none")).status, 404u);
}

TEST_F(HttpRoutesTest, DecksLiveInAnOriginOfTheirOwn) {
  ASSERT_TRUE(store_->Put("n/deck.html", "<script>", {}));
  HttpReply reply = routes_->Get(Signed("GET", "n/deck.html"));
  EXPECT_EQ(Header(reply, "Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(Header(reply, "Content-Security-Policy"), "sandbox allow-scripts");
  EXPECT_EQ(Header(reply, "X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(Header(reply, "Referrer-Policy"), "no-referrer");
  // An upload that calls itself a page is no exception, and neither is an error.
  RequestHead put = SignedPut("n/page");
  put.headers = {{"Content-Type", "text/html"}};
  EXPECT_EQ(Put(put, "<script>"), 200u);
  EXPECT_EQ(Header(routes_->Get(Signed("GET", "n/page")), "Content-Security-Policy"),
            "sandbox allow-scripts");
  EXPECT_EQ(Header(routes_->Get(Signed("GET", "none")), "Content-Security-Policy"),
            "sandbox allow-scripts");
}

TEST_F(HttpRoutesTest, ARottenObjectIsCutShortOfItsEnd) {
  ASSERT_TRUE(store_->Put("k", "0123456789", {.record_digests = true}));
  // The bytes change under the same size and time of change: a rotten disk.
  ASSERT_TRUE(files_.Remove("/store/k"));
  auto file = files_.Create("/store/k");
  ASSERT_TRUE((*file)->Append("0123456788"));
  HttpReply reply = routes_->Get(Signed("GET", "k"));
  EXPECT_EQ(reply.status, 200u);
  EXPECT_TRUE(Body(reply).starts_with("cut: "));
}

TEST_F(HttpRoutesTest, AFullDiskIsSaid) {
  auto started = routes_->Put(SignedPut("u/f.txt"));
  auto& upload = std::get<std::unique_ptr<ObjectUpload>>(started);
  files_.FailAfter(0, ENOSPC);
  const Status written = upload->Write("data");
  ASSERT_FALSE(written);
  EXPECT_EQ(upload->Finish(written).status, 507u);
  upload.reset();
  ExpectNothingLeft();
}

TEST(ByteRange, ResolvesAsRfc9110Says) {
  using Kind = RangeAnswer::Kind;
  const auto part = [](std::uint64_t offset, std::uint64_t length) {
    return RangeAnswer{.kind = Kind::kPart, .range = {offset, length}};
  };
  EXPECT_EQ(ResolveRange("bytes=0-0", 10), part(0, 1));
  EXPECT_EQ(ResolveRange("bytes=5-", 10), part(5, 5));
  EXPECT_EQ(ResolveRange("bytes=5-99999999999", 10), part(5, 5));
  EXPECT_EQ(ResolveRange("bytes=-3", 10), part(7, 3));
  EXPECT_EQ(ResolveRange("bytes=-30", 10), part(0, 10));
  for (const char* bad : {"bytes=10-", "bytes=10-11", "bytes=-0"}) {
    EXPECT_EQ(ResolveRange(bad, 10).kind, Kind::kUnsatisfiable) << bad;
  }
  EXPECT_EQ(ResolveRange("bytes=0-", 0).kind, Kind::kUnsatisfiable);
  for (const char* whole : {"", "bytes=", "bytes=a-b", "bytes=5-4", "items=0-1", "bytes=0-1,3-4",
                            "bytes=-", "bytes=18446744073709551616-"}) {
    EXPECT_EQ(ResolveRange(whole, 10).kind, Kind::kWhole) << whole;
  }
}

}  // namespace
}  // namespace martlet::objects
