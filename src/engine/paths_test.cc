#include "engine/paths.h"

#include <gtest/gtest.h>

#include "engine/testing/test_plan.h"

namespace martlet::engine {
namespace {

// Vectors of engine contract §2.4: recorded from the original, or from its published tests.
TEST(Paths, CompactsAsFlyteDoes) {
  EXPECT_EQ(Compact32({"xxxxxxxxxxxxxxxxxxxxxxxx"}, 20), "fuaa3aji");
  EXPECT_EQ(Compact32({"x", "y", "z", "m", "n", "y", "z", "m", "n", "y", "z", "m", "n"}, 15),
            "fe63sz6y");
  EXPECT_EQ(Compact64({"x", "y", "z", "m", "n", "y", "z", "m", "n", "y", "z", "m", "n"}, 15),
            "fwp4bky2kucex5");
  EXPECT_EQ(GeneratedName("f7616dc75400f43e6920", "n0", 0), "f7616dc75400f43e6920-n0-0");
  EXPECT_EQ(ChildExecutionName("f7616dc75400f43e6920", "n0", 0), "fj1tuog3vinb5c");
  EXPECT_EQ(Compact32({"f7616dc75400f43e6920", "n0", "0"}, 20), "fppmd1ii");
  EXPECT_EQ(GeneratedName("myexec", "n0", 0), "myexec-n0-0");
  const std::string long_name = "a123456789012345678901234567890123456789abcde";
  EXPECT_EQ(GeneratedName(long_name, "n0-0-n12", 3), "fyvwbnfi");
  EXPECT_EQ(ChildExecutionName(long_name, "n0-0-n12", 3), "fqpb2xmtggbq6k");
  EXPECT_EQ(ChildExecutionName("f7616dc75400f43e6920", "n0-0-n1", 1), "faxkk3ch64gw6g");
  EXPECT_EQ(NodeId("n0-0-n1-0-n2", 0, "start-node"), "f3kvxony");
  EXPECT_EQ(NodeId("n10-0-dn10", 0, "start-node"), "fgrbtcuq");
  EXPECT_EQ(NodeId("n0-0-n1-0-n2-0-n3", 0, "n4"), "fxzpz2jy");
  // Recorded runs (oracle corrections-engine B).
  EXPECT_EQ(NodeId("n0-0-n0-n0", 0, "n0-n0-n1"), "faphbmgy");
  EXPECT_EQ(NodeId("n0-0-dn1", 0, "start-node"), "fmsvd4hi");
  EXPECT_EQ(ChildExecutionName("alc9mjrvwdf8qxrgq6mb", "n0", 0), "f4mdcymgy5mmxq");
}

TEST(Paths, JoinsNodeIdsUpToTwentyCharacters) {
  EXPECT_EQ(NodeId("", 0, "n0"), "n0");
  EXPECT_EQ(NodeId("n0", 0, "n1"), "n0-0-n1");
  EXPECT_EQ(NodeId("n0", 1, "n1"), "n0-1-n1");
  EXPECT_EQ(NodeId("n0-0-n1", 0, "start-node"), "n0-0-n1-0-start-node");
}

// Engine contract §4.1.
TEST(Paths, SpreadsRawDataAsFlyteDoes) {
  EXPECT_EQ(RawShard("f7616dc75400f43e6920-n0-0"), "3n");
  EXPECT_EQ(RawShard("myexec-n0-0"), "3w");
  EXPECT_EQ(RawShard("abc"), "k9");
}

TEST(Paths, LaysStorageOutAsFlyteDoes) {
  PlanBuilder builder;
  const auto inner = builder.AddScope();
  builder.Add({}, {.scope = inner});
  builder.Add({}, {.kind = compiler::NodeKind::kSubWorkflow, .runs = inner});
  Rehearsal run(builder.Build());
  run.Begin();
  const NodeRef parent{0, 2};
  const NodeRef child{1, 2};
  const std::string home = "/data/metadata/flytesnacks-development-f7616dc75400f43e6920";
  EXPECT_EQ(DataDir(run.plan(), run.state(), parent), home + "/n0/data");
  EXPECT_EQ(OutputDir(run.plan(), run.state(), parent, 0), home + "/n0/data/0");
  EXPECT_EQ(DataDir(run.plan(), run.state(), child), home + "/n0/data/0/n0");
  const AttemptPlaces places = PlacesOf(run.plan(), run.state(), child, 2);
  EXPECT_EQ(places.node_id, "n0-0-n0");
  EXPECT_EQ(places.output_dir, home + "/n0/data/0/n0/2");
  EXPECT_EQ(places.generated_name, "f7616dc75400f43e6920-n0-0-n0-2");
  EXPECT_EQ(places.raw_prefix,
            "/data/raw/" + RawShard(places.generated_name) + "/" + places.generated_name);
}

TEST(NodePath, ReadsBackWhatItWrites) {
  for (const char* text : {"0", "2", "2.0.3", "4294967295.1.0", "2.0.3.1.7"}) {
    const auto path = ParseNodePath(text);
    ASSERT_TRUE(path.has_value()) << text;
    EXPECT_EQ(path->ToString(), text);
  }
  for (const char* text :
       {"", ".", "2.", "2.0", ".2", "2..3", "x", "2.0.x", "-1", "02", "4294967296", "2.0.3 "}) {
    EXPECT_FALSE(ParseNodePath(text).has_value()) << text;
  }
  EXPECT_EQ(ParseNodePath("2.0.3")->Parent(), *ParseNodePath("2"));
  EXPECT_EQ(ParseNodePath("2")->Child(0, 3), *ParseNodePath("2.0.3"));
}

}  // namespace
}  // namespace martlet::engine
