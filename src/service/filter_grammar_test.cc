#include "service/filter_grammar.h"

#include <gtest/gtest.h>

namespace martlet::service {
namespace {

std::string Show(const Result<std::vector<FilterExpression>>& parsed) {
  if (!parsed) return "error: " + parsed.error().message;
  std::string text;
  for (const FilterExpression& e : *parsed) {
    if (!text.empty()) text += " & ";
    text += std::to_string(static_cast<int>(e.function)) + "|" + std::string(EntityCode(e.entity)) +
            "|" + e.field + "|";
    for (const std::string& value : e.values) text += "<" + value + ">";
  }
  return text;
}

struct Case {
  const char* text;
  const char* expected;
};

// Texts and answers: oracle admin 01_projects/list_projects, 02_tasks/list_tasks.
const Case kCases[] = {
    {"", ""},
    {"eq(name,x)", "0|t|name|<x>"},
    {"ne(task.version,v)", "1|t|version|<v>"},
    {"eq(launch_plan.name,a)+contains(name,b)", "0|l|name|<a> & 6|t|name|<b>"},
    {"value_in(version,v1;v3)", "8|t|version|<v1><v3>"},
    {"value_in(version,v1;)", "8|t|version|<v1><>"},
    {"value_in(version,;)", "8|t|version|<><>"},
    {"eq(version, v1)", "0|t|version|<v1>"},
    {"eq(version,  v1)", "0|t|version|< v1>"},
    {"eq(version,v1 )", "0|t|version|<v1 >"},
    {"eq(version, )", "0|t|version|< >"},
    {"eq(version,v1)junk", "0|t|version|<v1>"},
    {"eq(version,v1);", "0|t|version|<v1>"},
    {"eq(version,v1))", "0|t|version|<v1)>"},
    {"eq(version ,v1)", "0|t|version |<v1>"},
    {"eq(name,a,b)", "0|t|name,a|<b>"},
    {"eq(admin_tag.name,x)", "0|at|name|<x>"},
    {"eq(named_entity_metadata.state,1)", "0|nem|state|<1>"},
    {"eq(description_entity.version,v2)", "0|t|description_entity.version|<v2>"},
    {"eq(.name,x)", "0|t|.name|<x>"},
    {"eq(version,v1' or '1'='1)", "0|t|version|<v1' or '1'='1>"},
    {"bogus", "error: invalid value for filters"},
    {"+", "error: invalid value for filters"},
    {"eq(name)", "error: invalid value for filters"},
    {"eq(,x)", "error: invalid value for filters"},
    {"eq(name,x", "error: invalid value for filters"},
    {"eq(name,)", "error: invalid value for filters"},
    {"(name,x)", "error: invalid value for filters"},
    {"eq(name,x)+", "error: invalid value for filters"},
    {"foo(name,x)", "error: unrecognized filter function: foo"},
    {"EQ(name,x)", "error: unrecognized filter function: EQ"},
    {"xx eq(name,x) yy", "error: unrecognized filter function: xx eq"},
    {" eq(name,x)", "error: unrecognized filter function:  eq"},
    {"eq (name,x)", "error: unrecognized filter function: eq "},
    {"eq((name,x)", "error: unrecognized filter function: eq("},
    {"eq(name,x)+ eq(name,x)", "error: unrecognized filter function:  eq"},
};

class FilterGrammar : public testing::TestWithParam<Case> {};
TEST_P(FilterGrammar, ReadsAsFlyteDoes) {
  EXPECT_EQ(Show(ParseFilters(GetParam().text, Entity::kTask)), GetParam().expected);
}
INSTANTIATE_TEST_SUITE_P(Cases, FilterGrammar, testing::ValuesIn(kCases));

TEST(FilterGrammarBounds, LongTextIsRefused) {
  const std::string text = "eq(name," + std::string(20000, 'x') + ")";
  EXPECT_EQ(ParseFilters(text, Entity::kTask).error().code, Code::kInvalidArgument);
}

}  // namespace
}  // namespace martlet::service
