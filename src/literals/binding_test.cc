#include "literals/binding.h"

#include <flyteidl/core/literals.pb.h>
#include <flyteidl/core/types.pb.h>

#include <map>
#include <string>

#include "base/limits.h"
#include "literals/json_for_test.h"
#include "literals/proto_text.h"

namespace martlet::literals {
namespace {

namespace core = flyteidl::core;

core::Literal Number(std::int64_t value) {
  core::Literal literal;
  literal.mutable_scalar()->mutable_primitive()->set_integer(value);
  return literal;
}

core::Literal Msgpack(const std::string& base64) {
  return FromJson<core::Literal>(R"({"scalar":{"binary":{"tag":"msgpack","value":")" + base64 +
                                 R"("}}})");
}

class Bindings : public testing::Test {
 protected:
  Bindings() {
    outputs_["start-node.a"] = Number(7);
    outputs_["n0.o0"] = FromJson<core::Literal>(
        R"({"collection":{"literals":[{"scalar":{"primitive":{"integer":1}}},
                                      {"scalar":{"primitive":{"integer":2}}}]}})");
    // {"n": 7, "xs": [1, 2], "in": {"k": 2.5}, 3: "three", "none": None, "b": b"x"}
    outputs_["n0.data"] = Msgpack("hqFuB6J4c5IBAqJpboGha8tABAAAAAAAAAOldGhyZWWkbm9uZcChYsQBeA==");
    outputs_["n0.struct"] = FromJson<core::Literal>(
        R"({"scalar":{"generic":{"n":7,"xs":[1,"s",true,null],"in":{"k":"v"}}}})");
    outputs_["n0.map"] =
        FromJson<core::Literal>(R"({"map":{"literals":{"k":{"scalar":{"generic":{"deep":1}}}}}})");
    outputs_["n0.far"] = FromJson<core::Literal>(R"({"offloaded_metadata":{"uri":"s3://far"}})");
    outputs_["n0.maybe"] = FromJson<core::Literal>(
        R"({"scalar":{"union":{"value":{"scalar":{"generic":{"n":1}}},"type":{"simple":"STRUCT"}}}})");
  }

  /// The literal that `binding` becomes as text, or the error's message.
  std::string Bind(const std::string& binding) {
    google::protobuf::RepeatedPtrField<core::Binding> bindings;
    core::Binding& one = *bindings.Add();
    one = FromJson<core::Binding>(R"({"var":"x","binding":)" + binding + "}");
    const auto inputs = MaterialiseInputs(
        "n1", bindings,
        [this](std::string_view node_id, std::string_view variable) -> Result<core::Literal> {
          const auto found = outputs_.find(std::string(node_id) + '.' + std::string(variable));
          if (found == outputs_.end()) return UserError(Code::kNotFound, "no such output");
          return found->second;
        },
        [this](const core::LiteralOffloadedMetadata& metadata) -> Result<core::Literal> {
          EXPECT_EQ("s3://far", metadata.uri());
          if (storage_down_) return SystemError(Code::kUnavailable, "storage is down");
          return outputs_.at("n0.o0");
        });
    if (!inputs) {
      last_error_ = inputs.error();
      return inputs.error().message;
    }
    return ProtoText(inputs->literals().at("x"));
  }

  std::string Promise(const std::string& variable, const std::string& path = "") {
    return Bind(R"({"promise":{"node_id":"n0","var":")" + variable + R"(","attr_path":[)" + path +
                "]}}");
  }

  std::map<std::string, core::Literal> outputs_;
  Error last_error_;
  bool storage_down_ = false;
};

constexpr char kBefore[] =
    "failed at Node[n1]. BindingResolutionError: Error binding Var [wf].[x], caused by: ";

TEST_F(Bindings, BuildsConstantsPromisesAndContainers) {
  EXPECT_EQ("scalar:{primitive:{integer:3}}", Bind(R"({"scalar":{"primitive":{"integer":3}}})"));
  EXPECT_EQ("scalar:{primitive:{integer:7}}", Bind(R"({"promise":{"var":"a"}})"));
  EXPECT_EQ(
      "collection:{literals:{scalar:{primitive:{integer:7}}}  literals:{map:{literals:{key:\"k\"  "
      "value:{scalar:{primitive:{integer:2}}}}}}}",
      Bind(R"({"collection":{"bindings":[{"promise":{"node_id":"start-node","var":"a"}},
          {"map":{"bindings":{"k":{"promise":{"node_id":"n0","var":"o0",
                                              "attr_path":[{"int_value":1}]}}}}}]}})"));
  EXPECT_EQ("collection:{}", Bind(R"({"collection":{}})"));
  EXPECT_EQ("map:{}", Bind(R"({"map":{}})"));
  EXPECT_EQ("offloaded_metadata:{uri:\"s3://far\"}", Promise("far"));
  EXPECT_EQ("scalar:{primitive:{integer:2}}", Promise("[1].o0"));
}

TEST_F(Bindings, WalksMessagePack) {
  EXPECT_EQ("scalar:{primitive:{integer:7}}", Promise("data", R"({"string_value":"n"})"));
  EXPECT_EQ("scalar:{primitive:{integer:2}}",
            Promise("data", R"({"string_value":"xs"},{"int_value":1})"));
  EXPECT_EQ(
      "collection:{literals:{scalar:{primitive:{integer:1}}}  "
      "literals:{scalar:{primitive:{integer:2}}}}",
      Promise("data", R"({"string_value":"xs"})"));
  EXPECT_EQ("scalar:{primitive:{float_value:2.5}}",
            Promise("data", R"({"string_value":"in"},{"string_value":"k"})"));
  EXPECT_EQ("scalar:{primitive:{string_value:\"three\"}}", Promise("data", R"({"int_value":3})"));
  EXPECT_EQ("scalar:{none_type:{}}", Promise("data", R"({"string_value":"none"})"));
  // A mapping stays what it was, byte for byte.
  EXPECT_EQ(
      "scalar:{binary:{value:\"\\x81\\xa1k\\xcb@\\x04\\x00\\x00\\x00\\x00\\x00\\x00\"  "
      "tag:\"msgpack\"}}",
      Promise("data", R"({"string_value":"in"})"));
}

TEST_F(Bindings, WalksStructsUnionsMapsAndOffloadedValues) {
  EXPECT_EQ("scalar:{primitive:{float_value:7}}", Promise("struct", R"({"string_value":"n"})"));
  EXPECT_EQ(
      "collection:{literals:{scalar:{primitive:{float_value:1}}}  "
      "literals:{scalar:{primitive:{string_value:\"s\"}}}  "
      "literals:{scalar:{primitive:{boolean:true}}}  literals:{scalar:{none_type:{}}}}",
      Promise("struct", R"({"string_value":"xs"})"));
  EXPECT_EQ("scalar:{generic:{fields:{key:\"k\"  value:{string_value:\"v\"}}}}",
            Promise("struct", R"({"string_value":"in"})"));
  EXPECT_EQ("scalar:{primitive:{float_value:1}}",
            Promise("map", R"({"string_value":"k"},{"string_value":"deep"})"));
  EXPECT_EQ("scalar:{primitive:{float_value:1}}", Promise("maybe", R"({"string_value":"n"})"));
  EXPECT_EQ("scalar:{primitive:{integer:1}}", Promise("far", R"({"int_value":0})"));
}

TEST_F(Bindings, ErrorsReadAsRecorded) {
  const std::string at = std::string(kBefore) + "failed at Node[n0]. ";
  EXPECT_EQ(at + "OutputsNotFoundError: Failed to find [n0].[b]", Promise("b"));
  EXPECT_EQ(ErrorKind::kSystem, last_error_.kind);
  EXPECT_EQ(Code::kFailedPrecondition, last_error_.code);
  EXPECT_EQ(at + "PromiseAttributeResolveError: index [9] is out of range of "
                 "[scalar:{primitive:{integer:1}} scalar:{primitive:{integer:2}}]",
            Promise("o0", R"({"int_value":9})"));
  EXPECT_EQ(at + "PromiseAttributeResolveError: index [9] is out of range of [1 2]",
            Promise("data", R"({"string_value":"xs"},{"int_value":9})"));
}

TEST_F(Bindings, OtherErrorsSayWhereTheyAre) {
  const std::string at =
      std::string(kBefore) + "failed at Node[n0]. PromiseAttributeResolveError: ";
  EXPECT_EQ(at + "index [-1] is out of range of [scalar:{primitive:{integer:1}} "
                 "scalar:{primitive:{integer:2}}]",
            Promise("o0", R"({"int_value":-1})"));
  EXPECT_EQ(at + "key [z] does not exist in literal map[k:2.5]",
            Promise("data", R"({"string_value":"in"},{"string_value":"z"})"));
  EXPECT_EQ(at + "key [z] does not exist in literal map[k:scalar:{generic:{fields:{key:\"deep\"  "
                 "value:{number_value:1}}}}]",
            Promise("map", R"({"string_value":"z"})"));
  EXPECT_EQ(at + "attribute [k] cannot be taken of a collection",
            Promise("o0", R"({"string_value":"k"})"));
  EXPECT_EQ(
      at + "attribute [k] cannot be taken of a scalar that is neither a dataclass nor a struct",
      Promise("o0", R"({"int_value":0},{"string_value":"k"})"));
  EXPECT_EQ(at + "attribute [q] cannot be taken of a value that is neither a list nor a mapping",
            Promise("struct", R"({"string_value":"n"},{"string_value":"q"})"));
  // ["\xff", {"\xff": 1}]
  outputs_["n0.bytes"] = Msgpack("kqH/gaH/AQ==");
  EXPECT_EQ(at + "the text is not valid UTF-8", Promise("bytes", R"({"int_value":0})"));
  EXPECT_EQ(at + "key [z] does not exist in literal map[\xef\xbf\xbd:1]",
            Promise("bytes", R"({"int_value":1},{"string_value":"z"})"));
  outputs_["n0.bad"] = Msgpack("gqE=");
  EXPECT_EQ(at + "MessagePack value of 2 bytes is truncated or malformed",
            Promise("bad", R"({"string_value":"b"})"));
  EXPECT_EQ(std::string(kBefore) + "the binding has no value", Bind("{}"));
}

TEST_F(Bindings, NestedListsCanBeReadBackOrAreRefused) {
  for (const int depth : {limits::kCollectionDepthMax - 1, limits::kCollectionDepthMax, 90}) {
    SCOPED_TRACE(depth);
    core::Literal& nested = outputs_["n0.nested"];
    nested.mutable_scalar()->mutable_binary()->set_tag("msgpack");
    // One list around the one that the path gives.
    nested.mutable_scalar()->mutable_binary()->set_value(
        std::string(static_cast<std::size_t>(depth) + 1, '\x91') + '\x01');
    google::protobuf::RepeatedPtrField<core::PromiseAttribute> path;
    path.Add()->set_int_value(0);
    const auto value = ResolveAttributePath(nested, path, {});
    ASSERT_EQ(depth < limits::kCollectionDepthMax, value.has_value());
    if (!value) {
      EXPECT_EQ("PromiseAttributeResolveError: the value nests too deeply", value.error().message);
      continue;
    }
    core::LiteralMap inputs;
    (*inputs.mutable_literals())["x"] = *value;
    EXPECT_TRUE(core::LiteralMap().ParseFromString(inputs.SerializeAsString()));
  }
}

TEST_F(Bindings, StorageErrorsStayWhatTheyAre) {
  storage_down_ = true;
  EXPECT_EQ("storage is down", Promise("far", R"({"int_value":0})"));
  EXPECT_EQ(Code::kUnavailable, last_error_.code);
}

TEST(PromiseVariable, Grammar) {
  EXPECT_EQ("o0", ParsePromiseVariable("o0")->name);
  EXPECT_EQ(-1, ParsePromiseVariable("o0")->index);
  EXPECT_EQ(12, ParsePromiseVariable("[12].o_0")->index);
  EXPECT_EQ("o_0", ParsePromiseVariable("[12].o_0")->name);
  for (const char* text :
       {"", "o0.x", "[1]", "[x].o", "[-1].o", "[1]o", "[1].", "a b", "[99999999999].o"}) {
    EXPECT_FALSE(ParsePromiseVariable(text)) << text;
  }
}

}  // namespace
}  // namespace martlet::literals
