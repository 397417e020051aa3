#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <set>

#include "base/confined_files.h"
#include "base/digest.h"
#include "base/limits.h"
#include "base/simulated_files.h"
#include "objects/local/local_store.h"
#include "objects/memory/memory_store.h"
#include "objects/object_key.h"
#include "objects/object_store.h"

/// What every object store must do, run over each of them.
namespace martlet::objects {
namespace {

enum class Kind { kMemory, kLocalOnDisk, kLocalSimulated };

class ObjectStoreTest : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    if (GetParam() == Kind::kMemory) {
      store_ = std::make_unique<MemoryObjectStore>("test", clock_);
      return;
    }
    std::string root = "/store";
    if (GetParam() == Kind::kLocalOnDisk) {
      char pattern[] = "/tmp/martlet-objects-XXXXXX";
      ASSERT_NE(::mkdtemp(pattern), nullptr);
      auto confined = ConfinedFiles::OpenRoot(pattern);
      ASSERT_TRUE(confined);
      directory_ = root = (*confined)->root();
      files_ = *std::move(confined);
    } else {
      files_ = std::make_unique<SimulatedFiles>(clock_);
    }
    auto opened = LocalObjectStore::Open(
        {.files = files_.get(), .root = root, .clock = &clock_, .random = &random_});
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = *std::move(opened);
  }
  void TearDown() override {
    store_.reset();
    if (!directory_.empty()) {
      ASSERT_TRUE(PosixFiles().RemoveTree(directory_));
    }
  }

  void Put(std::string_view key, std::string_view data, const PutOptions& options = {}) {
    auto info = store_->Put(key, data, options);
    ASSERT_TRUE(info) << info.error().message;
    clock_.Advance(std::chrono::milliseconds(1));
  }
  std::string Get(std::string_view key) {
    auto data = store_->Get(key, 1 << 20);
    return data ? *data : "error: " + data.error().message;
  }
  std::vector<std::string> Keys(std::string_view prefix, std::size_t page_size = 1000) {
    std::vector<std::string> keys;
    ListOptions options{.limit = page_size};
    for (;;) {
      auto page = store_->List(prefix, options);
      EXPECT_TRUE(page);
      if (!page) return keys;
      EXPECT_LE(page->objects.size(), page_size);
      for (const ObjectInfo& info : page->objects) keys.push_back(info.key);
      if (!page->more) return keys;
      options.after = keys.back();
    }
  }

  VirtualClock clock_{Timestamp{1'700'000'000'000'000'000}};
  SeededRandom random_{7};
  std::string directory_;
  std::unique_ptr<Files> files_;
  std::unique_ptr<ObjectStore> store_;
};

TEST_P(ObjectStoreTest, WhatWasPutIsReadBack) {
  Put("a/b/c.bin", std::string("x\0y", 3));
  EXPECT_EQ(Get("a/b/c.bin"), std::string("x\0y", 3));
  Put("empty", "");
  EXPECT_EQ(Get("empty"), "");
  const auto info = store_->Stat("a/b/c.bin").value();
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->key, "a/b/c.bin");
  EXPECT_EQ(info->bytes, 3u);
  EXPECT_TRUE(info->modified.IsSet());
  EXPECT_TRUE(info->md5.empty());
  EXPECT_TRUE(store_->MakeDurable("a/b/c.bin"));
}

TEST_P(ObjectStoreTest, ReplacesUnlessToldNotTo) {
  Put("k", "one");
  Put("k", "two");
  EXPECT_EQ(Get("k"), "two");
  EXPECT_EQ(store_->Put("k", "three", {.if_absent = true}).error().code, Code::kAlreadyExists);
  EXPECT_EQ(Get("k"), "two");
  Put("new", "1", {.if_absent = true});
  EXPECT_EQ(Get("new"), "1");
}

TEST_P(ObjectStoreTest, KeepsMetadataWithTheObjectItDescribes) {
  const PutOptions options{.content_type = "text/html",
                           .user_metadata = {{"flytecontentmd5", "q=="}}};
  Put("deck.html", "<p>", options);
  auto info = store_->Stat("deck.html").value().value();
  EXPECT_EQ(info.content_type, "text/html");
  EXPECT_EQ(info.md5, Md5("<p>"));
  EXPECT_EQ(info.sha256, Sha256("<p>"));
  EXPECT_EQ(info.user_metadata, options.user_metadata);
  EXPECT_EQ(store_->Open("deck.html").value()->info(), info);

  Put("deck.html", "<b>", {.record_digests = true});
  info = store_->Stat("deck.html").value().value();
  EXPECT_EQ(info.md5, Md5("<b>"));
  EXPECT_EQ(info.content_type, "");

  Put("deck.html", "<i>");
  info = store_->Stat("deck.html").value().value();
  EXPECT_EQ(info.md5, "");
  EXPECT_EQ(ObjectMd5(*store_, "deck.html").value(), Md5("<i>"));
}

TEST_P(ObjectStoreTest, ContentThatIsNotTheExpectedOneIsNotStored) {
  EXPECT_EQ(store_->Put("k", "abc", {.bytes_expected = 4}).error().code, Code::kInvalidArgument);
  EXPECT_EQ(store_->Put("k", "abc", {.md5_expected = Md5("abd")}).error().code,
            Code::kInvalidArgument);
  EXPECT_FALSE(store_->Stat("k").value().has_value());
  EXPECT_TRUE(Keys("").empty());
  Put("k", "abc", {.bytes_expected = 3, .md5_expected = Md5("abc")});
  EXPECT_EQ(Get("k"), "abc");
}

TEST_P(ObjectStoreTest, NothingIsVisibleBeforeCommit) {
  {
    auto writer = store_->StartPut("k", {}).value();
    ASSERT_TRUE(writer->Append("half"));
    EXPECT_FALSE(store_->Stat("k").value().has_value());
    EXPECT_TRUE(Keys("").empty());
  }
  EXPECT_FALSE(store_->Stat("k").value().has_value());
  auto writer = store_->StartPut("k", {}).value();
  ASSERT_TRUE(writer->Append("a"));
  ASSERT_TRUE(writer->Append("b"));
  EXPECT_EQ(writer->Commit().value().bytes, 2u);
  EXPECT_EQ(Get("k"), "ab");
}

TEST_P(ObjectStoreTest, AReaderKeepsWhatItOpened) {
  Put("k", "old content");
  auto reader = store_->Open("k").value();
  Put("k", "new");
  EXPECT_EQ(reader->Read(0, 100).value(), "old content");
  ASSERT_TRUE(store_->Delete("k"));
  EXPECT_EQ(reader->Read(4, 3).value(), "con");
  EXPECT_EQ(reader->Read(11, 3).value(), "");
}

TEST_P(ObjectStoreTest, RangesAndBounds) {
  Put("k", "0123456789");
  EXPECT_EQ(store_->GetRange("k", 2, 3).value(), "234");
  EXPECT_EQ(store_->GetRange("k", 8, 100).value(), "89");
  EXPECT_EQ(store_->GetRange("k", 10, 1).value(), "");
  EXPECT_EQ(store_->GetRange("k", 11, 1).error().code, Code::kOutOfRange);
  EXPECT_EQ(store_->Get("k", 9).error().code, Code::kResourceExhausted);
}

TEST_P(ObjectStoreTest, WhatDoesNotExist) {
  EXPECT_EQ(store_->Get("none", 1).error().code, Code::kNotFound);
  EXPECT_EQ(store_->Open("none/at/all").error().code, Code::kNotFound);
  EXPECT_FALSE(store_->Stat("none").value().has_value());
  EXPECT_TRUE(store_->Delete("none"));
  EXPECT_EQ(store_->MakeDurable("none").error().code, Code::kNotFound);
  Put("folder/k", "x");
  EXPECT_FALSE(store_->Stat("folder").value().has_value());
  EXPECT_EQ(store_->Get("folder", 1).error().code, Code::kNotFound);
  ASSERT_TRUE(store_->Delete("folder"));
  EXPECT_EQ(Get("folder/k"), "x");
}

TEST_P(ObjectStoreTest, ANameIsAnObjectOrAFolder) {
  Put("a/b", "x");
  EXPECT_EQ(store_->Put("a", "y", {}).error().code, Code::kFailedPrecondition);
  EXPECT_EQ(store_->Put("a/b/c", "y", {}).error().code, Code::kFailedPrecondition);
  EXPECT_EQ(store_->Put("a/b/c", "y", {.if_absent = true}).error().code, Code::kFailedPrecondition);
  EXPECT_EQ(Get("a/b"), "x");
}

TEST_P(ObjectStoreTest, ListsInOrderOfKeysPageByPage) {
  const std::vector<std::string> keys = {"a-b", "a/b", "a/c/d", "a/c-d", "a0", "b", "a/c/e/f"};
  for (const std::string& key : keys) Put(key, key);
  std::vector<std::string> sorted = keys;
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t page_size = 1; page_size <= keys.size() + 1; ++page_size) {
    EXPECT_EQ(Keys("", page_size), sorted);
    EXPECT_EQ(Keys("a/c", page_size), (std::vector<std::string>{"a/c-d", "a/c/d", "a/c/e/f"}));
  }
  EXPECT_EQ(Keys("a/c/"), (std::vector<std::string>{"a/c/d", "a/c/e/f"}));
  EXPECT_EQ(Keys("a/c/d"), (std::vector<std::string>{"a/c/d"}));
  EXPECT_TRUE(Keys("none/").empty());
  EXPECT_TRUE(Keys("b/").empty());
  EXPECT_EQ(store_->List("a/b", {}).value().objects[0].bytes, 3u);
  ASSERT_TRUE(store_->Delete("a/c/d"));
  EXPECT_EQ(Keys("a/c/"), (std::vector<std::string>{"a/c/e/f"}));
}

TEST_P(ObjectStoreTest, RandomKeysListAsASortedSetWouldFromAnyPlace) {
  SeededRandom random(11);
  std::set<std::string> model;
  for (int i = 0; i < 200; ++i) {
    std::string key;
    const std::uint64_t segments = 1 + random.Below(4);
    for (std::uint64_t s = 0; s < segments; ++s) {
      if (s > 0) key += '/';
      for (std::uint64_t c = 0; c <= random.Below(2); ++c) key += "ab-0."[random.Below(5)];
    }
    const auto put = store_->Put(key, key, {});
    if (put) model.insert(key);
  }
  ASSERT_GT(model.size(), 50u);
  for (int i = 0; i < 200; ++i) {
    std::string prefix;
    for (std::uint64_t c = 0; c < random.Below(4); ++c) prefix += "ab-0./"[random.Below(6)];
    std::string after;
    for (std::uint64_t c = 0; c < random.Below(5); ++c) after += "ab-0./"[random.Below(6)];
    if (!ValidatePrefix(prefix)) continue;
    std::vector<std::string> expected;
    for (const std::string& key : model) {
      if (key.starts_with(prefix) && key > after) expected.push_back(key);
    }
    std::vector<std::string> found;
    const ListPage page = store_->List(prefix, {.after = after}).value();
    for (const ObjectInfo& info : page.objects) found.push_back(info.key);
    EXPECT_EQ(found, expected) << "prefix " << prefix << " after " << after;
  }
}

TEST_P(ObjectStoreTest, KeysOutsideTheGrammarAreRefusedEverywhere) {
  for (const std::string_view key :
       {"", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "../a", "a/./b", "a\\b", "a\nb",
        "%2e%2e/a", "a%2Fb", ".martlet/root.json", ".martlet"}) {
    EXPECT_EQ(store_->Put(key, "x", {}).error().code, Code::kInvalidArgument) << key;
    EXPECT_EQ(store_->Get(key, 1).error().code, Code::kInvalidArgument) << key;
    EXPECT_EQ(store_->Stat(key).error().code, Code::kInvalidArgument) << key;
    EXPECT_EQ(store_->Delete(key).error().code, Code::kInvalidArgument) << key;
    EXPECT_EQ(store_->BeginMultipart(key, {}).error().code, Code::kInvalidArgument) << key;
  }
  EXPECT_FALSE(store_->Put(std::string("a\0b", 3), "x", {}));
  EXPECT_FALSE(store_->Put(std::string(limits::kObjectKeySegmentBytesMax + 1, 'x'), "x", {}));
  Put(std::string(limits::kObjectKeySegmentBytesMax, 'x'), "x");
}

TEST_P(ObjectStoreTest, UrisNameKeysBothWays) {
  Put("a/b=/c.txt", "x");
  const std::string uri = store_->UriOf("a/b=/c.txt");
  EXPECT_TRUE(uri.ends_with("/a/b=/c.txt"));
  EXPECT_EQ(store_->KeyOf(uri).value(), "a/b=/c.txt");
  EXPECT_FALSE(store_->KeyOf("/etc/passwd"));
  EXPECT_FALSE(store_->KeyOf(store_->UriOf("a/../../x")));
  EXPECT_FALSE(store_->KeyOf(store_->UriOf("")));
  EXPECT_FALSE(store_->KeyOf(""));
}

TEST_P(ObjectStoreTest, MultipartMakesOneObjectOfItsParts) {
  const std::string id = store_->BeginMultipart("big", {.content_type = "application/x"}).value();
  const UploadedPart second = store_->PutPart(id, 2, "world").value();
  const UploadedPart stale = store_->PutPart(id, 1, "HELLO ").value();
  const UploadedPart first = store_->PutPart(id, 1, "hello ").value();
  EXPECT_FALSE(store_->Stat("big").value().has_value());
  EXPECT_EQ(store_->CompleteMultipart(id, {second, first}).error().code, Code::kInvalidArgument);
  EXPECT_EQ(store_->CompleteMultipart(id, {}).error().code, Code::kInvalidArgument);
  EXPECT_EQ(store_->CompleteMultipart(id, {first, second, {3, Md5("none")}}).error().code,
            Code::kInvalidArgument);
  EXPECT_NE(stale, first);
  EXPECT_EQ(store_->CompleteMultipart(id, {first, second}).value().bytes, 11u);
  EXPECT_EQ(Get("big"), "hello world");
  EXPECT_EQ(store_->Stat("big").value()->content_type, "application/x");
  EXPECT_EQ(store_->PutPart(id, 1, "late").error().code, Code::kNotFound);
  EXPECT_EQ(Keys(""), (std::vector<std::string>{"big"}));
}

TEST_P(ObjectStoreTest, AnAbortedMultipartLeavesNothing) {
  const std::string id = store_->BeginMultipart("big", {}).value();
  const UploadedPart part = store_->PutPart(id, 1, "x").value();
  EXPECT_EQ(store_->PutPart(id, 0, "x").error().code, Code::kInvalidArgument);
  ASSERT_TRUE(store_->AbortMultipart(id));
  ASSERT_TRUE(store_->AbortMultipart(id));
  EXPECT_EQ(store_->CompleteMultipart(id, {part}).error().code, Code::kNotFound);
  EXPECT_EQ(store_->PutPart("../../etc", 1, "x").error().code, Code::kNotFound);
}

TEST_P(ObjectStoreTest, MetadataHasBounds) {
  PutOptions options;
  options.user_metadata["name"] = std::string(limits::kUserMetadataBytesMax, 'x');
  EXPECT_EQ(store_->Put("k", "", options).error().code, Code::kInvalidArgument);
  EXPECT_EQ(store_->Put("k", "", {.content_type = "a\r\nb"}).error().code, Code::kInvalidArgument);
  EXPECT_EQ(store_->Put("k", "", {.md5_expected = "short"}).error().code, Code::kInvalidArgument);
}

TEST_P(ObjectStoreTest, WithoutASignerNothingIsPresigned) {
  EXPECT_EQ(store_->Presign("k", {}).error().code, Code::kUnimplemented);
}

INSTANTIATE_TEST_SUITE_P(All, ObjectStoreTest,
                         testing::Values(Kind::kMemory, Kind::kLocalOnDisk, Kind::kLocalSimulated),
                         [](const auto& param) -> std::string {
                           switch (param.param) {
                             case Kind::kMemory:
                               return "Memory";
                             case Kind::kLocalOnDisk:
                               return "LocalOnDisk";
                             case Kind::kLocalSimulated:
                               return "LocalSimulated";
                           }
                           return "";
                         });

}  // namespace
}  // namespace martlet::objects
