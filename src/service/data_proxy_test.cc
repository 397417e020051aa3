#include "service/data_proxy.h"

#include <flyteidl/service/dataproxy.pb.h>
#include <gtest/gtest.h>

#include "base/digest.h"
#include "objects/http_routes.h"
#include "objects/memory/memory_store.h"
#include "objects/signer.h"
#include "service/flyte_url.h"

/// Texts and shapes are those that Flyte v1.16.8 was recorded with (oracle 10_dataproxy).
namespace martlet::service {
namespace {

namespace core = flyteidl::core;
namespace wire = flyteidl::service;

constexpr Timestamp kNow{1'700'000'000'000'000'000};
constexpr char kBase[] = "http://127.0.0.1:8080";
const std::string kMd5Text = "SjhjkH11zjPXFgn9ao7JEg==";
const std::string kMd5 = Base64Decode(kMd5Text);

core::LiteralMap Values(std::initializer_list<std::pair<std::string, std::int64_t>> values) {
  core::LiteralMap map;
  for (const auto& [name, value] : values) {
    (*map.mutable_literals())[name].mutable_scalar()->mutable_primitive()->set_integer(value);
  }
  return map;
}

class DataProxyTest : public testing::Test {
 protected:
  void SetUp() override {
    auto store = std::make_unique<objects::MemoryObjectStore>("m", clock_, &signer_);
    store_ = store.get();
    stores_.Add("memory", std::move(store));
    routes_ = std::make_unique<objects::ObjectRoutes>(*store_, signer_, clock_);
    DataLookups lookups;
    lookups.deck = [this](const core::NodeExecutionIdentifier& node) -> Result<DeckLocation> {
      if (!IsKnown(node)) return Missing(node);
      return DeckLocation{.uri = deck_uri_, .allowed_prefixes = {"memory://m/metadata/e/"}};
    };
    lookups.node_data = [this](const core::NodeExecutionIdentifier& node, DataSide side,
                               core::LiteralMap* values) -> Status {
      if (!IsKnown(node)) return Missing(node);
      *values = side == DataSide::kInputs ? Values({{"x", 1}}) : Values({{"o0", 7}});
      return {};
    };
    lookups.attempt_data = [this](const core::NodeExecutionIdentifier& node, std::uint32_t attempt,
                                  DataSide side, core::TaskExecutionIdentifier* id,
                                  core::LiteralMap* values) -> Status {
      if (!IsKnown(node) || attempt != 0) return Missing(node);
      *id->mutable_node_execution_id() = node;
      id->mutable_task_id()->set_name("t");
      *values = side == DataSide::kInputs ? Values({{"x", 1}}) : Values({{"o0", 7}});
      return {};
    };
    proxy_ = std::make_unique<DataProxy>(stores_, *store_, clock_, random_, std::move(lookups));
  }

  static bool IsKnown(const core::NodeExecutionIdentifier& node) {
    return node.node_id() == "n0" && node.execution_id().name() == "x1";
  }
  static tl::unexpected<Error> Missing(const core::NodeExecutionIdentifier& node) {
    return UserError(Code::kNotFound, "missing entity of node " + node.node_id());
  }

  static wire::CreateUploadLocationRequest Upload(const std::string& filename,
                                                  const std::string& md5,
                                                  const std::string& root = "") {
    wire::CreateUploadLocationRequest request;
    request.set_project("odp");
    request.set_domain("development");
    request.set_filename(filename);
    request.set_content_md5(md5);
    request.set_filename_root(root);
    return request;
  }
  Result<wire::CreateUploadLocationResponse> Create(
      const wire::CreateUploadLocationRequest& request) {
    return proxy_->CreateUploadLocation(request, kBase);
  }
  Error CreateError(const wire::CreateUploadLocationRequest& request) {
    const auto response = Create(request);
    EXPECT_FALSE(response);
    return response ? Error{} : response.error();
  }

  /// What a client does with a signed URL.
  objects::RequestHead Request(const std::string& method, const std::string& url) {
    EXPECT_TRUE(url.starts_with(kBase)) << url;
    const std::string target = url.substr(std::string_view(kBase).size());
    const std::size_t mark = target.find('?');
    return {.method = method, .path = target.substr(0, mark), .query = target.substr(mark + 1)};
  }
  unsigned Put(const wire::CreateUploadLocationResponse& location, std::string_view body) {
    objects::RequestHead head = Request("PUT", location.signed_url());
    for (const auto& [name, value] : location.headers()) head.headers.emplace_back(name, value);
    auto started = routes_->Put(head);
    if (auto* refused = std::get_if<objects::HttpReply>(&started)) return refused->status;
    auto& upload = *std::get<std::unique_ptr<objects::ObjectUpload>>(started);
    return upload.Finish(upload.Write(body)).status;
  }

  VirtualClock clock_{kNow};
  SeededRandom random_{3};
  objects::UrlSigner signer_{{std::string(32, 'k')}};
  objects::ObjectStores stores_;
  objects::MemoryObjectStore* store_ = nullptr;
  std::unique_ptr<objects::ObjectRoutes> routes_;
  std::string deck_uri_;
  std::unique_ptr<DataProxy> proxy_;
};

TEST_F(DataProxyTest, UploadRequestsAreRefusedWithFlytesTexts) {
  wire::CreateUploadLocationRequest request;
  EXPECT_EQ(CreateError(request).message, "project and domain are required parameters");
  request.set_project("odp");
  EXPECT_EQ(CreateError(request).message, "project and domain are required parameters");
  request.set_domain("development");
  request.set_filename("f.txt");
  EXPECT_EQ(CreateError(request).message, "content_md5 or filename_root is a required parameter");
  EXPECT_EQ(CreateError(request).code, Code::kInvalidArgument);
  request.set_content_md5(kMd5);
  request.mutable_expires_in()->set_seconds(7200);
  EXPECT_EQ(CreateError(request).message,
            "expiresIn [2h0m0s] cannot exceed max allowed expiration [1h0m0s]");
  for (const std::int64_t seconds : {0, -5}) {
    request.mutable_expires_in()->set_seconds(seconds);
    EXPECT_EQ(CreateError(request).code, Code::kInvalidArgument);
    EXPECT_EQ(CreateError(request).message,
              "failed to create a signed url. Error: InvalidPresignExpireError: presigned URL "
              "requires an expire duration greater than 0");
  }
  for (const char* name : {"../f", "a/../../f", "/f", "a//f", "%2e%2e/f", "a\\f"}) {
    EXPECT_EQ(CreateError(Upload(name, kMd5)).code, Code::kInvalidArgument) << name;
    EXPECT_EQ(CreateError(Upload("f", kMd5, name)).code, Code::kInvalidArgument) << name;
  }
}

TEST_F(DataProxyTest, AnUploadLocationIsWhatFlytekitNeeds) {
  auto request = Upload("fast123.tar.gz", kMd5);
  request.set_add_content_md5_metadata(true);
  const auto location = Create(request).value();
  EXPECT_EQ(location.native_url(),
            "memory://m/uploads/odp/development/JI4GHED5OXHDHVYWBH6WVDWJCI======/fast123.tar.gz");
  EXPECT_EQ(location.expires_at().seconds(), kNow.nanos / 1'000'000'000 + 3600);
  EXPECT_EQ(location.headers().size(), 2u);
  EXPECT_EQ(location.headers().at("Content-MD5"), kMd5Text);
  EXPECT_EQ(location.headers().at("x-amz-meta-flyteContentMD5"), kMd5Text);
  EXPECT_EQ(Put(location, "hello oracle"), 200u);
  EXPECT_EQ(store_->Get(store_->KeyOf(location.native_url()).value(), 100).value(), "hello oracle");
  EXPECT_EQ(Put(location, "hello oracle"), 200u);
  EXPECT_EQ(Put(location, "wrong body"), 400u);
  EXPECT_EQ(Put(Create(request).value(), "hello oracle"), 200u) << "the next run of pyflyte";
}

TEST_F(DataProxyTest, WithoutMd5ThereAreNoHeadersAndWithoutNameThereIsOne) {
  const auto location = Create(Upload("", "", "rt")).value();
  EXPECT_TRUE(location.headers().empty());
  const std::string prefix = "memory://m/uploads/odp/development/rt/";
  EXPECT_TRUE(location.native_url().starts_with(prefix));
  EXPECT_EQ(location.native_url().size(), prefix.size() + 20);
  EXPECT_NE(Create(Upload("", "", "rt")).value().native_url(), location.native_url());
  EXPECT_EQ(Put(location, "whatever is written"), 200u);
}

TEST_F(DataProxyTest, OneRootIsOneFolderAndHoldsEachNameOnce) {
  const auto first = Create(Upload("d.txt", kMd5, "root")).value();
  EXPECT_TRUE(first.native_url().ends_with("/odp/development/root/d.txt"));
  EXPECT_TRUE(Create(Upload("sub/e.txt", kMd5, "root"))
                  .value()
                  .native_url()
                  .ends_with("/odp/development/root/sub/e.txt"));
  ASSERT_EQ(Put(first, "hello oracle"), 200u);
  EXPECT_TRUE(Create(Upload("d.txt", kMd5, "root")));
  const std::string text = "file already exists at location [" + first.native_url() +
                           "], specify a matching hash if you wish to rewrite";
  for (const std::string& md5 : {std::string(), Md5("another")}) {
    const Error error = CreateError(Upload("d.txt", md5, "root"));
    EXPECT_EQ(error.code, Code::kAlreadyExists);
    EXPECT_EQ(error.message, text);
  }
  // An object that came by the file system has no recorded MD5: its content decides.
  ASSERT_TRUE(store_->Put("uploads/odp/development/root/e.txt", "plain", {}));
  EXPECT_TRUE(Create(Upload("e.txt", Md5("plain"), "root")));
  EXPECT_EQ(CreateError(Upload("e.txt", kMd5, "root")).code, Code::kAlreadyExists);
}

TEST_F(DataProxyTest, TwoUploadersOfOneNameCannotBothWin) {
  const auto one = Create(Upload("d.txt", Md5("one"), "root")).value();
  const auto two = Create(Upload("d.txt", Md5("two"), "root")).value();
  EXPECT_EQ(Put(one, "one"), 200u);
  EXPECT_EQ(Put(two, "two"), 412u);
  EXPECT_EQ(store_->Get("uploads/odp/development/root/d.txt", 10).value(), "one");
}

TEST_F(DataProxyTest, AnMd5OfWrongLengthSignsAndNeverUploads) {
  const auto location = Create(Upload("f.txt", std::string(3, '\0'))).value();
  EXPECT_TRUE(location.native_url().ends_with("/AAAAA===/f.txt"));
  EXPECT_EQ(Put(location, ""), 400u);
}

TEST_F(DataProxyTest, DownloadLocationsAreForOurOwnObjects) {
  ASSERT_TRUE(store_->Put("raw/x", "data", {}));
  wire::CreateDownloadLocationRequest request;
  request.set_native_url("memory://m/raw/x");
  const auto response = proxy_->CreateDownloadLocation(request, kBase).value();
  EXPECT_EQ(routes_->Get(Request("GET", response.signed_url())).status, 200u);
  EXPECT_EQ(routes_->Get(Request("HEAD", response.signed_url())).status, 200u);

  const auto error = [&](std::int64_t seconds) {
    request.mutable_expires_in()->set_seconds(seconds);
    return proxy_->CreateDownloadLocation(request, kBase).error();
  };
  EXPECT_EQ(error(7200).message,
            "error while validating request: expiresIn is invalid. Error: input duration [2h0m0s] "
            "cannot exceed max allowed expiration [1h0m0s]");
  EXPECT_EQ(error(-1).message,
            "error while validating request: expiresIn is invalid. Error: input duration [-1s] "
            "should not less than 0");
  EXPECT_EQ(error(-1).code, Code::kInvalidArgument);
  EXPECT_EQ(error(INT64_MAX).code, Code::kInvalidArgument);
  request.clear_expires_in();
  for (const char* url : {"", "not a url", "/etc/passwd", "s3://otherbucket/x", "memory://m/../x",
                          "memory://m/.martlet/root.json", "memory://other/x"}) {
    request.set_native_url(url);
    const auto refused = proxy_->CreateDownloadLocation(request, kBase);
    ASSERT_FALSE(refused) << url;
    EXPECT_EQ(refused.error().code, Code::kInvalidArgument);
    EXPECT_TRUE(refused.error().message.starts_with("failed to create a signed url. Error: "));
  }
}

TEST_F(DataProxyTest, DeckLinks) {
  wire::CreateDownloadLinkRequest request;
  const auto error = [&] { return proxy_->CreateDownloadLink(request, kBase).error(); };
  EXPECT_EQ(error().message,
            "error while validating request. Error: invalid artifact type "
            "[ARTIFACT_TYPE_UNDEFINED]");
  request.set_artifact_type(wire::ARTIFACT_TYPE_DECK);
  EXPECT_EQ(error().message,
            "error while validating request. Error: source is required. Provided nil");
  auto& node = *request.mutable_node_execution_id();
  node.set_node_id("zz");
  node.mutable_execution_id()->set_name("x1");
  EXPECT_EQ(error().code, Code::kInvalidArgument);
  EXPECT_EQ(error().message,
            "failed to find node execution [node_id:\"zz\"  execution_id:{name:\"x1\"}]. Error: "
            "missing entity of node zz");
  node.set_node_id("n0");
  EXPECT_EQ(error().code, Code::kNotFound);
  EXPECT_EQ(error().message,
            "no deckUrl found for request [artifact_type:ARTIFACT_TYPE_DECK  "
            "expires_in:{seconds:3600}  node_execution_id:{node_id:\"n0\"  "
            "execution_id:{name:\"x1\"}}]");
  deck_uri_ = "memory://m/metadata/e/n0/deck.html";
  EXPECT_EQ(error().message, "object not found");
  EXPECT_EQ(error().code, Code::kNotFound);

  ASSERT_TRUE(store_->Put("metadata/e/n0/deck.html", "<html>", {}));
  request.mutable_expires_in()->set_seconds(20);
  const auto response = proxy_->CreateDownloadLink(request, kBase).value();
  ASSERT_EQ(response.pre_signed_urls().signed_url_size(), 1);
  EXPECT_EQ(response.signed_url(0), response.pre_signed_urls().signed_url(0));
  EXPECT_EQ(response.expires_at().seconds(), kNow.nanos / 1'000'000'000 + 20);
  EXPECT_EQ(response.pre_signed_urls().expires_at().seconds(), response.expires_at().seconds());
  EXPECT_EQ(routes_->Get(Request("GET", response.signed_url(0))).status, 200u);
  request.mutable_expires_in()->set_seconds(7200);
  EXPECT_EQ(error().message,
            "error while validating request. Error: expiresIn is invalid. Error: input duration "
            "[2h0m0s] cannot exceed max allowed expiration [1h0m0s]");
}

TEST_F(DataProxyTest, ADeckOutsideItsExecutionIsNeverSigned) {
  ASSERT_TRUE(store_->Put("metadata/other/secret", "secret", {}));
  ASSERT_TRUE(store_->Put("metadata/e2/secret", "secret", {}));
  wire::CreateDownloadLinkRequest request;
  request.set_artifact_type(wire::ARTIFACT_TYPE_DECK);
  request.mutable_node_execution_id()->set_node_id("n0");
  request.mutable_node_execution_id()->mutable_execution_id()->set_name("x1");
  for (const char* uri :
       {"memory://m/metadata/other/secret", "memory://m/metadata/e2/secret", "/etc/passwd",
        "memory://m/metadata/e/../other/secret", "http://host/x", "memory://m/metadata/e"}) {
    deck_uri_ = uri;
    EXPECT_FALSE(proxy_->CreateDownloadLink(request, kBase)) << uri;
  }
}

TEST_F(DataProxyTest, FlyteUrlsNameValuesAndDecks) {
  const auto get = [&](const std::string& path) {
    wire::GetDataRequest request;
    request.set_flyte_url("flyte://v1/odp/development/x1/" + path);
    return proxy_->GetData(request, kBase);
  };
  EXPECT_EQ(get("n0/i").value().literal_map().literals().at("x").scalar().primitive().integer(), 1);
  EXPECT_EQ(get("n0/o/o0").value().literal().scalar().primitive().integer(), 7);
  EXPECT_EQ(get("n0/0/o").value().literal_map().literals_size(), 1);
  EXPECT_EQ(get("n0/0/i/x").value().literal().scalar().primitive().integer(), 1);
  const std::string node =
      "node_id:\"n0\"  execution_id:{project:\"odp\"  domain:\"development\"  name:\"x1\"}";
  EXPECT_EQ(get("n0/i/nope").error().message,
            "name [nope] not found in node execution [" + node + "]");
  EXPECT_EQ(get("n0/0/o/zz").error().message,
            "name [zz] not found in task execution [task_id:{name:\"t\"}  node_execution_id:{" +
                node + "}]");
  EXPECT_EQ(get("n0/5/o").error().message, "no task executions were listed [node_execution_id:{" +
                                               node + "}  retry_attempt:5]. Error: <nil>");
  EXPECT_EQ(get("n0/5/o").error().code, Code::kInvalidArgument);
  EXPECT_EQ(get("zz/i").error().code, Code::kNotFound);
  EXPECT_EQ(get("n0/0/d").error().message,
            "deck type cannot be specified with a retry attempt, just use the node instead");
  EXPECT_EQ(get("n0/d").error().code, Code::kNotFound);
  deck_uri_ = "memory://m/metadata/e/n0/deck.html";
  ASSERT_TRUE(store_->Put("metadata/e/n0/deck.html", "<html>", {}));
  EXPECT_EQ(get("n0/d").value().pre_signed_urls().signed_url_size(), 1);
}

TEST(FlyteUrl, ParsesTheFourShapes) {
  const FlyteUrl base{.project = "p", .domain = "d", .execution = "e", .node = "n0-0-n1"};
  FlyteUrl expected = base;
  EXPECT_EQ(ParseFlyteUrl("flyte://v1/p/d/e/n0-0-n1/i").value(), expected);
  expected.name = "o";
  EXPECT_EQ(ParseFlyteUrl("flyte://v1/p/d/e/n0-0-n1/i/o").value(), expected);
  expected.attempt = 12;
  EXPECT_EQ(ParseFlyteUrl("flyte://v1/p/d/e/n0-0-n1/12/i/o").value(), expected);
  expected.name = "";
  expected.artifact = FlyteUrl::Artifact::kDeck;
  EXPECT_EQ(ParseFlyteUrl("flyte://v1/p/d/e/n0-0-n1/12/d").value(), expected);
}

TEST(FlyteUrl, RefusesWithFlytesTexts) {
  EXPECT_EQ(ParseFlyteUrl("").error().message,
            "failed to validate resolve artifact request. Error: source is required. Provided "
            "empty string");
  for (const char* url : {"http://x", "xxflyte://v1/p/d/e/n0/i"}) {
    EXPECT_EQ(ParseFlyteUrl(url).error().message,
              "failed to validate resolve artifact request. Error: request does not start with the "
              "correct prefix");
  }
  for (const std::string path :
       {"", "v1/", "v2/p/d/e/n0/i", "v1/p/d/e", "v1/p/d/e/n0", "v1/p/d/e/n0/x", "v1/p/d/e/n0/d/x",
        "v1/p/d/e/n0/i/x/y", "v1/p/d/e/n0/i/", "v1/p/d/e/n.0/i", "v1/p/d/e/n0/0/i/x/y",
        "av0.1/p/d/n@v", "v1/p/d/e/n0/0", "v1/p/d/e/n0/0/d/x", "v1/p/d/e/n0/99999999999/i",
        "v1/p/d/e/n0/-1/i", "v1//d/e/n0/i"}) {
    const std::string url = "flyte://" + path;
    const auto parsed = ParseFlyteUrl(url);
    ASSERT_FALSE(parsed) << url;
    EXPECT_EQ(parsed.error().code, Code::kInvalidArgument);
    EXPECT_EQ(parsed.error().message,
              "failed to parse artifact url Error: failed to parse [" + url + "]");
  }
}

}  // namespace
}  // namespace martlet::service
