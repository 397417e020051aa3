#include "executors/process/outcome.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "base/digest.h"
#include "flyteidl/core/dynamic_job.pb.h"
#include "flyteidl/core/errors.pb.h"
#include "flyteidl/core/literals.pb.h"

namespace martlet::executors {
namespace {

namespace core = flyteidl::core;

/// Codes, kinds and budgets as in the recordings of Flyte v1.16.8 (s43-s49, xoom).
class OutcomeTest : public testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/martlet-outcome-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern), nullptr);
    root_ = pattern;
    request_.name = "e-n0-0";
    request_.output_prefix = root_ + "/out";
    request_.raw_output_prefix = root_ + "/raw";
    request_.exit.known = true;
    request_.declared_outputs = {"o0"};
    ASSERT_TRUE(files_.MakeDirectories(request_.output_prefix));
  }
  void TearDown() override { ASSERT_TRUE(files_.RemoveTree(root_)); }

  void Write(const std::string& name, const std::string& bytes) {
    ASSERT_TRUE(WriteDurably(files_, request_.output_prefix + '/' + name, bytes));
  }
  void WriteOutputs(const std::vector<std::string>& names) {
    core::LiteralMap map;
    for (const std::string& name : names) {
      (*map.mutable_literals())[name].mutable_scalar()->mutable_primitive()->set_integer(7);
    }
    Write("outputs.pb", map.SerializeAsString());
  }
  void WriteError(const std::string& file, const std::string& code, core::ContainerError::Kind kind,
                  core::ExecutionError::ErrorKind origin, std::int64_t seconds) {
    core::ErrorDocument document;
    document.mutable_error()->set_code(code);
    document.mutable_error()->set_message("Trace:\n\nboom");
    document.mutable_error()->set_kind(kind);
    document.mutable_error()->set_origin(origin);
    document.mutable_error()->set_worker("w1");
    document.mutable_error()->mutable_timestamp()->set_seconds(seconds);
    Write(file, document.SerializeAsString());
  }
  Outcome Judge() {
    auto outcome = JudgeAttempt(files_, request_);
    EXPECT_TRUE(outcome) << outcome.error().message;
    return std::move(*outcome);
  }
  void ExpectFailure(const Outcome& outcome, const std::string& code, ErrorOrigin origin,
                     bool recoverable) {
    EXPECT_EQ(outcome.kind, OutcomeKind::kFailed);
    EXPECT_EQ(outcome.code, code);
    EXPECT_EQ(outcome.origin, origin);
    EXPECT_EQ(outcome.recoverable, recoverable);
  }

  PosixFiles files_;
  std::string root_;
  OutcomeRequest request_;
};

TEST_F(OutcomeTest, OutputsAreDescribedByNameDigestAndSize) {
  core::LiteralMap map;
  core::Literal number;
  number.mutable_scalar()->mutable_primitive()->set_integer(7);
  (*map.mutable_literals())["o0"] = number;
  auto& list = *(*map.mutable_literals())["o1"].mutable_collection();
  for (int i = 0; i < 5000; ++i) *list.add_literals() = number;
  Write("outputs.pb", map.SerializeAsString());
  Write("deck.html", "<p>");
  const Outcome outcome = Judge();
  EXPECT_EQ(outcome.kind, OutcomeKind::kSucceeded);
  EXPECT_TRUE(outcome.has_deck);
  ASSERT_EQ(outcome.outputs.size(), 2u);
  EXPECT_EQ(outcome.outputs[0].name, "o0");
  EXPECT_EQ(outcome.outputs[0].digest, Sha256(number.SerializeAsString()));
  EXPECT_EQ(outcome.outputs[0].literal, number.SerializeAsString());
  EXPECT_EQ(outcome.outputs[0].collection_length, std::nullopt);
  EXPECT_EQ(outcome.outputs[1].collection_length, 5000u);
  EXPECT_EQ(outcome.outputs[1].literal, std::nullopt);
  EXPECT_GT(outcome.outputs[1].bytes, 4096u);
}

TEST_F(OutcomeTest, AnErrorFileWinsOverOutputsAndOverTheExitStatus) {
  WriteOutputs({"o0"});
  WriteError("error.pb", "USER:RuntimeError", core::ContainerError::NON_RECOVERABLE,
             core::ExecutionError::USER, 5);
  for (const int code : {0, 1}) {
    request_.exit.code = code;
    const Outcome outcome = Judge();
    ExpectFailure(outcome, "USER:RuntimeError", ErrorOrigin::kUser, false);
    EXPECT_EQ(outcome.message, "Trace:\n\nboom");
    EXPECT_EQ(outcome.worker, "w1");
    EXPECT_EQ(outcome.timestamp.nanos, 5'000'000'000);
  }
}

TEST_F(OutcomeTest, OfSeveralWorkersTheEarliestErrorWins) {
  WriteError("error-a.pb", "LATE", core::ContainerError::NON_RECOVERABLE,
             core::ExecutionError::USER, 9);
  WriteError("error-b.pb", "EARLY", core::ContainerError::RECOVERABLE, core::ExecutionError::SYSTEM,
             8);
  ExpectFailure(Judge(), "EARLY", ErrorOrigin::kSystem, true);
}

TEST_F(OutcomeTest, AnEmptyErrorFileIsBadlyFormatted) {
  Write("error.pb", "");
  ExpectFailure(Judge(), "ErrorFileBadFormat", ErrorOrigin::kSystem, true);
}

TEST_F(OutcomeTest, ExitsWithoutAnErrorFileAreInterruptions) {
  WriteOutputs({"o0"});
  request_.log_tail = "Traceback\nValueError: x\n";
  request_.exit.code = 3;
  Outcome outcome = Judge();
  ExpectFailure(outcome, "Interrupted", ErrorOrigin::kSystem, true);
  EXPECT_NE(outcome.message.find("[e-n0-0] terminated with exit code (3). Reason [Error]."),
            std::string::npos);
  EXPECT_NE(outcome.message.find("ValueError: x"), std::string::npos);
  request_.exit = {.known = true, .code = 0, .signal = 9, .out_of_memory = false};
  outcome = Judge();
  ExpectFailure(outcome, "Interrupted", ErrorOrigin::kSystem, true);
  EXPECT_NE(outcome.message.find("exit code (137)"), std::string::npos);
  request_.exit.out_of_memory = true;
  ExpectFailure(Judge(), "OOMKilled", ErrorOrigin::kUser, true);
}

TEST_F(OutcomeTest, MissingOutputsAreRetriedOnTheUsersBudget) {
  ExpectFailure(Judge(), "OutputsNotFound", ErrorOrigin::kUnknown, true);
  request_.declared_outputs.clear();
  EXPECT_EQ(Judge().kind, OutcomeKind::kSucceeded) << "nothing was promised";
}

TEST_F(OutcomeTest, AMissingVariableIsTheConsumersProblem) {
  WriteOutputs({"other"});
  EXPECT_EQ(Judge().kind, OutcomeKind::kSucceeded);
}

TEST_F(OutcomeTest, OutputsOverTheBoundFailForGood) {
  WriteOutputs({"o0"});
  request_.file_bytes_max = 3;
  ExpectFailure(Judge(), "OutputSizeExceeded", ErrorOrigin::kUnknown, false);
}

TEST_F(OutcomeTest, AnEmptyOutputsFileNeedsAWitness) {
  request_.declared_outputs.clear();
  Write("outputs.pb", "");
  EXPECT_EQ(Judge().kind, OutcomeKind::kSucceeded) << "its exit was seen";
  request_.exit.known = false;
  ExpectFailure(Judge(), "Interrupted", ErrorOrigin::kSystem, true);
}

TEST_F(OutcomeTest, WithoutAWitnessNoCutOfTheOutputsIsTrusted) {
  request_.declared_outputs = {"o0", "o1"};
  request_.exit.known = false;
  WriteOutputs({"o0", "o1"});
  const std::string whole =
      files_.ReadAll(request_.output_prefix + "/outputs.pb", 1u << 20).value();
  EXPECT_EQ(Judge().kind, OutcomeKind::kSucceeded);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    Write("outputs.pb", whole.substr(0, length));
    ExpectFailure(Judge(), "Interrupted", ErrorOrigin::kSystem, true);
  }
}

TEST_F(OutcomeTest, FuturesAreExpandedWhenTheExitWasSeen) {
  core::DynamicJobSpec spec;
  spec.add_nodes()->set_id("dn0");
  Write("futures.pb", spec.SerializeAsString());
  EXPECT_EQ(Judge().kind, OutcomeKind::kDynamic);
  request_.exit.known = false;
  ExpectFailure(Judge(), "Interrupted", ErrorOrigin::kSystem, true);
}

}  // namespace
}  // namespace martlet::executors
