#include "service/filter_grammar.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <utility>

#include "base/limits.h"

namespace martlet::service {
namespace {

struct EntityName {
  std::string_view prefix;  ///< how filters spell it; empty: they cannot
  std::string_view code;
};
constexpr std::array<EntityName, 14> kEntityNames{{{"execution", "e"},
                                                   {"launch_plan", "l"},
                                                   {"node_execution", "ne"},
                                                   {"task", "t"},
                                                   {"task_execution", "te"},
                                                   {"workflow", "w"},
                                                   {"entities", "nen"},
                                                   {"named_entity_metadata", "nem"},
                                                   {"project", "p"},
                                                   {"signal", "s"},
                                                   {"admin_tag", "at"},
                                                   {"execution_admin_tag", "eat"},
                                                   {"execution_tag", "et"},
                                                   {"", "t"}}};

constexpr std::array<std::pair<std::string_view, FilterFunction>, 10> kFunctions{
    {{"eq", FilterFunction::kEq},
     {"ne", FilterFunction::kNe},
     {"gt", FilterFunction::kGt},
     {"gte", FilterFunction::kGte},
     {"lt", FilterFunction::kLt},
     {"lte", FilterFunction::kLte},
     {"contains", FilterFunction::kContains},
     {"not_like", FilterFunction::kNotLike},
     {"value_in", FilterFunction::kIn},
     {"value_not_in", FilterFunction::kNotIn}}};

struct Parts {
  std::string_view function;
  std::string_view field;
  std::string_view value;
};

/// The longest function, then the longest field, that leave something for what follows: Flyte
/// matches greedily and ignores what stands behind the last parenthesis.
std::optional<Parts> Match(std::string_view text) {
  const std::size_t close = text.rfind(')');
  if (close == std::string_view::npos) return std::nullopt;
  for (std::size_t open = text.rfind('(', close); open != std::string_view::npos && open > 0;
       open = text.rfind('(', open - 1)) {
    for (std::size_t comma = text.rfind(',', close);
         comma != std::string_view::npos && comma > open + 1; comma = text.rfind(',', comma - 1)) {
      std::string_view value = text.substr(comma + 1, close - comma - 1);
      if (value.empty()) continue;
      if (value.size() > 1 && std::isspace(static_cast<unsigned char>(value.front())) != 0) {
        value.remove_prefix(1);
      }
      return Parts{text.substr(0, open), text.substr(open + 1, comma - open - 1), value};
    }
  }
  return std::nullopt;
}

std::vector<std::string> SplitValues(std::string_view text) {
  std::vector<std::string> values;
  for (;;) {
    const std::size_t end = text.find(';');
    values.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return values;
    text.remove_prefix(end + 1);
  }
}

Result<FilterExpression> ParseExpression(std::string_view text, Entity primary) {
  const auto parts = Match(text);
  if (!parts) return UserError(Code::kInvalidArgument, "invalid value for filters");
  const auto* function = std::find_if(kFunctions.begin(), kFunctions.end(), [&](const auto& known) {
    return known.first == parts->function;
  });
  if (function == kFunctions.end()) {
    return UserError(Code::kInvalidArgument,
                     "unrecognized filter function: " + std::string(parts->function));
  }
  FilterExpression expression{function->second, primary, std::string(parts->field),
                              SplitValues(parts->value)};
  const std::size_t dot = parts->field.find('.');
  if (dot != std::string_view::npos && dot > 0) {
    const std::string_view prefix = parts->field.substr(0, dot);
    const auto* entity =
        std::find_if(kEntityNames.begin(), kEntityNames.end(),
                     [&](const EntityName& known) { return known.prefix == prefix; });
    if (entity != kEntityNames.end()) {
      expression.entity = static_cast<Entity>(entity - kEntityNames.begin());
      expression.field = parts->field.substr(dot + 1);
    }
  }
  return expression;
}

}  // namespace

std::string_view EntityCode(Entity entity) {
  return kEntityNames[static_cast<std::size_t>(entity)].code;
}

Result<std::vector<FilterExpression>> ParseFilters(std::string_view text, Entity primary) {
  std::vector<FilterExpression> expressions;
  if (text.empty()) return expressions;
  if (text.size() > limits::kFilterBytesMax) {
    return UserError(Code::kInvalidArgument, "invalid value for filters: longer than " +
                                                 std::to_string(limits::kFilterBytesMax) +
                                                 " bytes");
  }
  for (;;) {
    const std::size_t plus = text.find('+');
    auto expression = ParseExpression(text.substr(0, plus), primary);
    if (!expression) return Forward(expression);
    expressions.push_back(*std::move(expression));
    if (plus == std::string_view::npos) return expressions;
    text.remove_prefix(plus + 1);
  }
}

}  // namespace martlet::service
