#include <gtest/gtest.h>

#include <thread>

#include "base/clock.h"
#include "base/digest.h"
#include "base/fault_point.h"
#include "base/gate.h"
#include "base/random.h"
#include "base/result.h"
#include "base/work_queue.h"

namespace martlet {
namespace {

TEST(Digest, AgreesWithPublishedVectors) {
  EXPECT_EQ(HexEncode(Sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(HexEncode(Md5("abc")), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(Base64Encode("foob"), "Zm9vYg==");
  EXPECT_EQ(Base64Decode("Zm9vYg=="), "foob");
  EXPECT_EQ(Base64Decode("not base64!!"), "");
  EXPECT_EQ(Base32Encode("foobar"), "MZXW6YTBOI======");
  EXPECT_EQ(Fnv32a("foobar"), 0xbf9cf968u);
  EXPECT_EQ(Fnv64a("foobar"), 0x85944171f73967e8ULL);
}

TEST(Random, ASeedMeansTheSameForEver) {
  SeededRandom random(42);
  EXPECT_EQ(random.Next(), 1546998764402558742ULL);
  EXPECT_EQ(random.Next(), 6990951692964543102ULL);
}

TEST(Random, BoundsHoldAndEveryValueIsReached) {
  SeededRandom random(1);
  std::array<int, 7> seen{};
  for (int i = 0; i < 7000; ++i) ++seen[random.Below(7)];
  for (const int count : seen) EXPECT_GT(count, 700);
  EXPECT_EQ(random.SafeString(20).find_first_not_of("bcdfghjklmnpqrstvwxz2456789"),
            std::string::npos);
}

TEST(Gate, CloseWaitsForTheLastPassAndRefusesNewOnes) {
  Gate gate;
  auto pass = gate.TryEnter();
  ASSERT_TRUE(pass);
  std::atomic<bool> closed{false};
  std::thread closer([&] {
    gate.Close();
    closed = true;
  });
  while (gate.TryEnter()) std::this_thread::yield();
  EXPECT_FALSE(closed);
  pass.reset();
  closer.join();
  EXPECT_TRUE(closed);
}

TEST(WorkerPool, RefusesWhenFullAndRunsTheRestWhenClosed) {
  std::mutex gate;
  std::atomic<int> ran = 0;
  WorkerPool pool("test", 1, 2);
  std::unique_lock hold(gate);
  std::atomic<bool> busy = false;
  ASSERT_TRUE(pool.Submit([&] {
    busy = true;
    const std::lock_guard wait(gate);
    ++ran;
  }));
  while (!busy) std::this_thread::yield();
  EXPECT_TRUE(pool.Submit([&] { ++ran; }));
  EXPECT_TRUE(pool.Submit([&] { ++ran; }));
  EXPECT_EQ(pool.Waiting(), 2U);
  EXPECT_EQ(pool.Submit([&] { ++ran; }).error().code, Code::kResourceExhausted);
  hold.unlock();
  pool.Close();
  EXPECT_EQ(ran, 3);
  EXPECT_EQ(pool.Submit([] {}).error().code, Code::kUnavailable);
}

TEST(Clock, FormatsNanosecondsAndTimesBeforeTheEpoch) {
  EXPECT_EQ(FormatTimestamp({1'700'000'000'000'000'001}), "2023-11-14T22:13:20.000000001Z");
  EXPECT_EQ(FormatTimestamp({-1}), "1969-12-31T23:59:59.999999999Z");
}

TEST(Clock, VirtualTimeJumpsOnTheWallOnly) {
  VirtualClock clock({1000});
  clock.Advance(Nanos(5));
  clock.JumpWall(Nanos(-100));
  EXPECT_EQ(clock.Now().nanos, 905);
  EXPECT_EQ(clock.Steady().count(), 5);
}

class FireNamed final : public FaultPlan {
 public:
  bool Fires(std::string_view name) override { return name == "here"; }
};

TEST(FaultPoint, FiresOnlyUnderAPlan) {
  EXPECT_FALSE(FaultFires("here"));
  FireNamed plan;
  FaultPlan* previous = InstallFaultPlan(&plan);
  EXPECT_TRUE(FaultFires("here"));
  EXPECT_FALSE(FaultFires("there"));
  InstallFaultPlan(previous);
  EXPECT_FALSE(FaultFires("here"));
}

TEST(Result, CodesAreSpelledAsGrpcDoes) {
  const Status failed = UserError(Code::kNotFound, "no such thing");
  EXPECT_EQ(CodeName(failed.error().code), "NOT_FOUND");
  const Result<int> forwarded = Forward(failed);
  EXPECT_EQ(forwarded.error(), failed.error());
}

}  // namespace
}  // namespace martlet
