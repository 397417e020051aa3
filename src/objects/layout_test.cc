#include "objects/layout.h"

#include <gtest/gtest.h>

#include "base/digest.h"
#include "base/random.h"
#include "objects/memory/memory_store.h"
#include "objects/object_key.h"
#include "objects/object_stores.h"

namespace martlet::objects {
namespace {

const std::string kMd5 = Base64Decode("SjhjkH11zjPXFgn9ao7JEg==");

TEST(UploadKey, IsRootAndFileNameUnderProjectAndDomain) {
  // oracle 10_dataproxy upload#14, #10, #12
  EXPECT_EQ(
      UploadKey(
          {.project = "odp", .domain = "development", .content_md5 = kMd5, .filename = "f.txt"})
          .value(),
      "uploads/odp/development/JI4GHED5OXHDHVYWBH6WVDWJCI======/f.txt");
  EXPECT_EQ(UploadKey({.project = "odp",
                       .domain = "development",
                       .filename_root = "rt",
                       .content_md5 = kMd5,
                       .filename = "a/b.txt"})
                .value(),
            "uploads/odp/development/rt/a/b.txt");
  EXPECT_EQ(UploadKey({.org = "someorg",
                       .project = "odp",
                       .domain = "development",
                       .content_md5 = kMd5,
                       .filename = "f.txt"})
                .value(),
            "uploads/someorg/odp/development/JI4GHED5OXHDHVYWBH6WVDWJCI======/f.txt");
}

TEST(UploadKey, RefusesPartsThatMakeNoKey) {
  UploadPlace place{.project = "p", .domain = "d", .filename_root = "r", .filename = "f"};
  ASSERT_TRUE(UploadKey(place));
  for (const std::string bad : {"..", "../x", "a/../../b", "/abs", "a//b", "a\\b", "%2e%2e"}) {
    for (std::string UploadPlace::*part :
         {&UploadPlace::filename, &UploadPlace::filename_root, &UploadPlace::project,
          &UploadPlace::domain, &UploadPlace::org}) {
      UploadPlace changed = place;
      changed.*part = bad;
      EXPECT_EQ(UploadKey(changed).error().code, Code::kInvalidArgument) << bad;
    }
  }
  place.project = "p/d";
  EXPECT_FALSE(UploadKey(place));
}

TEST(ExecutionMetadataPrefix, IsOneFolderPerExecution) {
  EXPECT_EQ(ExecutionMetadataPrefix({"flytesnacks", "development", "f1"}).value(),
            "metadata/flytesnacks-development-f1");
  EXPECT_FALSE(ExecutionMetadataPrefix({"a", "..", "/../b"}));
}

TEST(ObjectStores, ResolvesBySchemeAndRefusesWhatItDoesNotSpeak) {
  SystemClock clock;
  ObjectStores stores;
  auto memory = std::make_unique<MemoryObjectStore>("m", clock);
  ObjectStore* const store = memory.get();
  stores.Add("memory", std::move(memory));
  const ObjectRef ref = stores.Resolve("memory://m/a/b").value();
  EXPECT_EQ(ref.store, store);
  EXPECT_EQ(ref.key, "a/b");
  EXPECT_EQ(stores.Resolve("MEMORY://m/a").error().code, Code::kInvalidArgument);
  EXPECT_EQ(stores.Resolve("s3://bucket/key").error().code, Code::kUnimplemented);
  EXPECT_EQ(stores.Resolve("my_fs://x").error().code, Code::kUnimplemented);
  EXPECT_EQ(stores.Resolve("/etc/passwd").error().code, Code::kUnimplemented);
  EXPECT_EQ(stores.Resolve("memory://m/../x").error().code, Code::kInvalidArgument);
  for (const char* bad : {"", "not a url", "://x", "1a://x", "a b://x", "memory:/x"}) {
    EXPECT_EQ(stores.Resolve(bad).error().code, Code::kInvalidArgument) << bad;
  }
}

TEST(ObjectKey, RandomTextIsRefusedOrSplitsIntoCleanSegments) {
  SeededRandom random(1);
  int accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string key;
    const std::uint64_t length = random.Below(8);
    for (std::uint64_t c = 0; c < length; ++c) key += "ab./\\%2ef0\0"[random.Below(11)];
    if (!ValidateKey(key)) continue;
    ++accepted;
    EXPECT_TRUE(ValidatePrefix(key));
    EXPECT_EQ(key.find('\0'), std::string::npos);
    EXPECT_EQ(("/" + key + "/").find("//"), std::string::npos);
    EXPECT_EQ(("/" + key + "/").find("/../"), std::string::npos);
    EXPECT_EQ(("/" + key + "/").find("/./"), std::string::npos);
    const auto decoded = PercentDecode(key);
    if (decoded) {
      EXPECT_TRUE(ValidateKey(*decoded)) << key << " hides " << *decoded;
    }
  }
  EXPECT_GT(accepted, 1000);
}

TEST(PercentEncoding, RoundTripsEveryByteAndRefusesHalfEscapes) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
  EXPECT_EQ(PercentDecode(PercentEncode(all, false)).value(), all);
  EXPECT_EQ(PercentDecode(PercentEncode(all, true)).value(), all);
  EXPECT_EQ(PercentEncode("a/b=", true), "a/b%3D");
  for (const char* bad : {"%", "%1", "%zz", "a%2"}) EXPECT_FALSE(PercentDecode(bad)) << bad;
}

}  // namespace
}  // namespace martlet::objects
