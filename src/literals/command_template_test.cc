#include "literals/command_template.h"

#include <flyteidl/core/literals.pb.h>

#include "literals/json_for_test.h"

namespace martlet::literals {
namespace {

namespace core = flyteidl::core;

class Templates : public testing::Test {
 protected:
  Templates()
      : inputs_(FromJson<core::LiteralMap>(
            R"({"literals":{"x":{"scalar":{"primitive":{"integer":3}}},
                "evil":{"scalar":{"primitive":{"string_value":"{{.Input}} {{.Namespace}}"}}},
                "none":{"scalar":{"none_type":{}}}}})")) {
    values_.input = "/m/inputs.pb";
    values_.input_prefix = "/m";
    values_.output_prefix = "/m/0";
    values_.raw_output_prefix = "/raw/1";
    values_.checkpoint_prefix = "/raw/1/_flytecheckpoints";
    values_.generated_name = "1a-b--c.n0-0";
    values_.task_template_path = "/m/task.pb";
    values_.name_space = "p-d";
    values_.inputs = &inputs_;
  }

  std::string Fill(const std::string& argument) {
    const std::vector<std::string> arguments{argument};
    const auto filled = FillTemplates(arguments, values_);
    return filled ? filled->front() : "error: " + filled.error().message;
  }

  core::LiteralMap inputs_;
  TemplateValues values_;
};

TEST_F(Templates, FillsEveryVariable) {
  EXPECT_EQ("/m/inputs.pb", Fill("{{.Input}}"));
  EXPECT_EQ("/m", Fill("{{.InputPrefix}}"));
  EXPECT_EQ("/m/0", Fill("{{.OutputPrefix}}"));
  EXPECT_EQ("/raw/1", Fill("{{.RawOutputDataPrefix}}"));
  EXPECT_EQ("/raw/1/_flytecheckpoints", Fill("{{.CheckpointOutputPrefix}}"));
  EXPECT_EQ("/m/task.pb", Fill("{{.TaskTemplatePath}}"));
  EXPECT_EQ("p-d", Fill("{{.Namespace}}"));
  EXPECT_EQ("aa_b_c_n0_0", Fill("{{.PerRetryUniqueKey}}"));
  EXPECT_EQ("3", Fill("{{.Inputs.x}}"));
}

TEST_F(Templates, NoCheckpointIsTwoQuotes) {
  EXPECT_EQ("\"\"", Fill("{{.PrevCheckpointPrefix}}"));
  values_.previous_checkpoint_prefix = "/raw/0/_flytecheckpoints";
  EXPECT_EQ("/raw/0/_flytecheckpoints", Fill("{{.PrevCheckpointPrefix}}"));
}

TEST_F(Templates, SpellingIsLoose) {
  const struct {
    const char* argument;
    const char* filled;
  } cases[] = {
      {"{{.input}}", "/m/inputs.pb"},
      {"{{ .input }}", "/m/inputs.pb"},
      {"{{$INPUT}}", "/m/inputs.pb"},
      {"{{\t.InPut  }}", "/m/inputs.pb"},
      {"{{\n$input\r\n}}", "/m/inputs.pb"},
      {"{{.inputprefix}}/inputs.pb", "/m/inputs.pb"},
      {"{{.outputPrefix}}", "/m/0"},
      {"{{ .rawOutputDataPrefix }}", "/raw/1"},
      {"{{.checkpointOutputPrefix}}", "/raw/1/_flytecheckpoints"},
      {"{{.prevCheckpointPrefix}}", "\"\""},
      {"{{.perRetryUniqueKey}}", "aa_b_c_n0_0"},
      {"{{ $PERRETRYUNIQUEKEY }}", "aa_b_c_n0_0"},
      {"{{.taskTemplatePath}}", "/m/task.pb"},
      {"{{.namespace}}", "p-d"},
      {"{{.inputs.x}}", "3"},
      {"{{ .Inputs.x }}", "3"},
      {"{{$inputs.x}}", "3"},
      {"{{ $INPUTS.x\t}}", "3"},
      {"a={{.Inputs.x}},b={{.inputs.x}}", "a=3,b=3"},
      {"{{.Inputs.x}}{{.Input}}", "3/m/inputs.pb"},
      {"{{{.InputPrefix}}}", "{/m}"},
      {"{{{{.InputPrefix}}}}", "{{/m}}"},
  };
  for (const auto& test : cases) EXPECT_EQ(test.filled, Fill(test.argument)) << test.argument;
}

TEST_F(Templates, WhatIsUnknownStays) {
  for (const char* text : {"{{.Nothing}}", "{{Input}}", "{{.Input", "{{.}}", "{{. Input}}", "{{}}",
                           "{{.image.default.fqn}}", "{.Input}", "}}{{", "", "{{.Inputs}}",
                           "{{.Inputs.}}", "{{Inputs.x}}", "{{.Inputs.x y}}", "{{.Inputs. x}}",
                           "{{.Input.x}}", "{{.Inputx}}", "{{..Input}}", "{{.\vInput}}"}) {
    EXPECT_EQ(text, Fill(text));
  }
  EXPECT_EQ("{{.a {{.b}} /m", Fill("{{.a {{.b}} {{.InputPrefix}}"));
}

TEST_F(Templates, ValuesAreNotTemplates) {
  EXPECT_EQ("{{.Input}} {{.Namespace}}", Fill("{{.Inputs.evil}}"));
}

TEST_F(Templates, MissingAndUnrenderableInputsFail) {
  EXPECT_EQ("error: template {{.Inputs.y}} names the input \"y\", which the task was not given",
            Fill("{{.Inputs.y}}"));
  EXPECT_EQ(
      "error: template {{.Inputs.none}}: a value of kind none cannot be written into a command "
      "line; pass it through the inputs file",
      Fill("{{.Inputs.none}}"));
  // A dot is part of a name.
  EXPECT_EQ("error: template {{.Inputs.x.y}} names the input \"x.y\", which the task was not given",
            Fill("{{.Inputs.x.y}}"));
  // Names of inputs keep their case.
  EXPECT_TRUE(Fill("{{.Inputs.X}}").starts_with("error: "));
}

TEST_F(Templates, WithoutInputsTheirTemplatesStay) {
  values_.inputs = nullptr;
  EXPECT_EQ("{{.Inputs.x}}", Fill("{{.Inputs.x}}"));
  const core::LiteralMap empty;
  values_.inputs = &empty;
  EXPECT_EQ("{{.Inputs.x}}", Fill("{{.Inputs.x}}"));
}

TEST_F(Templates, KnowsWhetherTheTaskTemplateIsWanted) {
  EXPECT_TRUE(NamesTaskTemplate(std::vector<std::string>{"a", "x{{ $tasktemplatepath }}"}));
  EXPECT_FALSE(
      NamesTaskTemplate(std::vector<std::string>{"{{.TaskTemplate}}", "TaskTemplatePath"}));
}

TEST(Identifier, IsMadeOfLettersDigitsAndUnderscores) {
  EXPECT_EQ("abc_n0_0", IdentifierOf("abc-n0-0"));
  EXPECT_EQ("aname", IdentifierOf("12-name"));
  EXPECT_EQ("a", IdentifierOf("123"));
  EXPECT_EQ("_x", IdentifierOf("_x"));
  EXPECT_EQ("x_", IdentifierOf("x--."));
  EXPECT_EQ("", IdentifierOf(""));
}

TEST(Template, HostileArgumentsTakeLinearTime) {
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += "{{.a";
  const std::vector<std::string> arguments{text, std::string(1'000'000, '{')};
  const auto filled = FillTemplates(arguments, {});
  ASSERT_TRUE(filled);
  EXPECT_EQ(arguments, *filled);
}

}  // namespace
}  // namespace martlet::literals
