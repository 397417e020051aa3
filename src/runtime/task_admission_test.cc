#include "runtime/task_admission.h"

#include <gtest/gtest.h>

#include <limits>

namespace martlet::runtime {
namespace {

constexpr std::int64_t kGi = std::int64_t{1} << 30;
constexpr Machine kMachine{.cpu_millis = 2000, .memory_bytes = 8 * kGi, .slots = 4};

/// How many tasks of one kind run at once.
int AtOnce(TaskAdmission& admission, const TaskWeight& weight) {
  int count = 0;
  while (count < 1000 && admission.HasRoomFor(weight)) {
    admission.Take(weight);
    ++count;
  }
  return count;
}

int AtOnce(const Machine& machine, const executors::Resources& requests) {
  TaskAdmission admission(machine);
  return AtOnce(admission, admission.Weigh(requests, false));
}

TEST(TaskAdmission, TasksThatSayNothingFillTheSlots) {
  for (const int slots : {1, 3, 4, 7, 64}) {
    EXPECT_EQ(AtOnce({.cpu_millis = 2000, .memory_bytes = kGi, .slots = std::size_t(slots)}, {}),
              slots);
  }
}

TEST(TaskAdmission, RequestsWeighWhatTheySay) {
  EXPECT_EQ(AtOnce(kMachine, {.cpu_millis = 1000}), 2);
  EXPECT_EQ(AtOnce(kMachine, {.cpu_millis = 1001}), 1);
  EXPECT_EQ(AtOnce(kMachine, {.memory_bytes = 4 * kGi}), 2);
  EXPECT_EQ(AtOnce(kMachine, {.cpu_millis = 250}), 8);
  EXPECT_EQ(AtOnce(kMachine, {.cpu_millis = 1}), 16) << "an interpreter is not free";
}

TEST(TaskAdmission, WhatIsLargerThanTheMachineRunsAlone) {
  constexpr std::int64_t kHuge = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(AtOnce(kMachine, {.cpu_millis = kHuge}), 1);
  EXPECT_EQ(AtOnce(kMachine, {.memory_bytes = kHuge}), 1);
}

TEST(TaskAdmission, MemoryIsNotWeighedWhereItIsNotKnown) {
  EXPECT_EQ(AtOnce({.cpu_millis = 2000, .memory_bytes = 0, .slots = 4}, {.memory_bytes = kGi}), 4);
}

TEST(TaskAdmission, WaitingParentsHoldMemoryAndNoProcessor) {
  TaskAdmission admission(kMachine);
  const TaskWeight parent = admission.Weigh({.cpu_millis = 2000, .memory_bytes = 3 * kGi}, true);
  EXPECT_EQ(parent, (TaskWeight{.cpu = 0, .memory = 3 * kGi}));
  admission.Take(parent);
  EXPECT_EQ(AtOnce(admission, admission.Weigh({.memory_bytes = 2 * kGi}, false)), 2);
}

TEST(TaskAdmission, ParentsThatFillTheMemoryDoNotKeepTheirChildrenOut) {
  TaskAdmission admission(kMachine);
  const TaskWeight parent = admission.Weigh({.memory_bytes = 8 * kGi}, true);
  admission.Take(parent);
  const TaskWeight child = admission.Weigh({.memory_bytes = kGi}, false);
  EXPECT_TRUE(admission.HasRoomFor(child));
  admission.Take(child);
  EXPECT_FALSE(admission.HasRoomFor(child));
  admission.Give(child);
  EXPECT_TRUE(admission.HasRoomFor(child));
}

}  // namespace
}  // namespace martlet::runtime
