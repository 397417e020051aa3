#include "service/structure_diff.h"

#include <flyteidl/admin/task.pb.h>
#include <flyteidl/core/literals.pb.h>
#include <flyteidl/core/tasks.pb.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "base/limits.h"

namespace martlet::service {
namespace {

using flyteidl::core::TaskTemplate;

TaskTemplate Parse(const std::string& text) {
  TaskTemplate task;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &task)) << text;
  return task;
}

struct Case {
  const char* name;
  const char* before;
  const char* after;
  const char* diff;
};
const Case kCases[] = {
    {"equal", "type: 'a'", "type: 'a'", ""},
    {"maps_have_no_order", "config {key: 'a' value: '1'} config {key: 'b' value: '2'}",
     "config {key: 'b' value: '2'} config {key: 'a' value: '1'}", ""},
    {"scalar", "type: 'a'", "type: 'b'", "/type:\n\t- a \n\t+ b"},
    {"missing_message", "container {image: 'i'}", "",
     "/container:\n\t- {\"image\":\"i\"} \n\t+ <nil>"},
    {"present_and_empty", "metadata {}", "", "/metadata:\n\t- {} \n\t+ <nil>"},
    {"map_by_key", "config {key: 'a' value: '1'} config {key: 'b' value: '2'}",
     "config {key: 'b' value: '3'} config {key: 'a' value: '1'}", "/config/b:\n\t- 2 \n\t+ 3"},
    {"list_by_position", "container {args: 'x' args: 'y'}",
     "container {args: 'x' args: 'z' args: 'w'}",
     "/container/args/1:\n\t- y \n\t+ z\n/container/args/2:\n\t- <nil> \n\t+ w"},
    {"enum_by_name", "metadata {runtime {type: FLYTE_SDK}}", "metadata {runtime {}}",
     "/metadata/runtime/type:\n\t- FLYTE_SDK \n\t+ <nil>"},
    {"another_alternative", "metadata {interruptible: true}", "metadata {interruptible: false}",
     "/metadata/interruptible:\n\t- true \n\t+ false"},
};

class StructureDiffCases : public testing::TestWithParam<Case> {};
TEST_P(StructureDiffCases, SaysWhere) {
  EXPECT_EQ(StructureDiff(Parse(GetParam().before), Parse(GetParam().after)), GetParam().diff);
}
INSTANTIATE_TEST_SUITE_P(Cases, StructureDiffCases, testing::ValuesIn(kCases),
                         [](const auto& one) { return std::string(one.param.name); });

TEST(StructureDiff, StaysShortWhateverDiffers) {
  TaskTemplate before;
  TaskTemplate after;
  for (int i = 0; i < 1000; ++i) {
    before.mutable_container()->add_args(std::string(10000, 'a'));
    after.mutable_container()->add_args("ä" + std::string(10000, 'b'));
  }
  const std::string diff = StructureDiff(before, after);
  EXPECT_TRUE(diff.ends_with("… and 960 more differences")) << diff.substr(diff.size() - 100);
  EXPECT_LT(diff.size(), limits::kDifferencesMax * (2 * limits::kDifferenceValueBytesMax + 100));
}

TEST(StructureDiff, BytesAndCutTextAreStillText) {
  flyteidl::core::Literal before;
  flyteidl::core::Literal after;
  before.mutable_scalar()->mutable_binary()->set_value("\xff\xfe");
  after.mutable_scalar()->mutable_binary()->set_value("\xff");
  EXPECT_EQ(StructureDiff(before, after), "/scalar/binary/value:\n\t- //4= \n\t+ /w==");
  before.mutable_scalar()->mutable_primitive()->set_string_value(std::string(119, 'x') + "ää");
  after.mutable_scalar()->mutable_primitive()->set_string_value("y");
  EXPECT_NE(StructureDiff(before, after).find(std::string(119, 'x') + "… "), std::string::npos);
}

TEST(StructureDiff, UnknownFieldsDoNotCount) {
  TaskTemplate before;
  TaskTemplate after;
  after.GetReflection()->MutableUnknownFields(&after)->AddVarint(9999, 1);
  EXPECT_EQ(StructureDiff(before, after), "");
}

}  // namespace
}  // namespace martlet::service
