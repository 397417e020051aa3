#include "literals/command_template.h"

#include <flyteidl/core/literals.pb.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "literals/render.h"

namespace martlet::literals {
namespace {

constexpr std::string_view kInputsPrefix = "inputs.";

/// One `{{ .name }}` in an argument.
struct Variable {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string_view name;
};

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

/// The first variable at or after `from`: two braces, blanks, `.` or `$`, a name without blanks and
/// braces, blanks, two braces.
std::optional<Variable> FindVariable(std::string_view text, std::size_t from) {
  for (std::size_t begin = text.find("{{", from); begin != std::string_view::npos;
       begin = text.find("{{", begin + 1)) {
    std::size_t at = begin + 2;
    while (at < text.size() && IsBlank(text[at])) ++at;
    if (at == text.size() || (text[at] != '.' && text[at] != '$')) continue;
    const std::size_t name = ++at;
    while (at < text.size() && text[at] != '{' && text[at] != '}' && !IsBlank(text[at])) ++at;
    const std::size_t name_end = at;
    while (at < text.size() && IsBlank(text[at])) ++at;
    if (name_end == name || text.substr(at, 2) != "}}") continue;
    return Variable{begin, at + 2, text.substr(name, name_end - name)};
  }
  return std::nullopt;
}

/// The text for `name`; nullopt leaves the template as it is.
Result<std::optional<std::string>> ValueOf(std::string_view name, const TemplateValues& values) {
  const std::string lower = Lower(name);
  const std::array<std::pair<std::string_view, const std::string*>, 8> fixed{{
      {"input", &values.input},
      {"inputprefix", &values.input_prefix},
      {"outputprefix", &values.output_prefix},
      {"rawoutputdataprefix", &values.raw_output_prefix},
      {"checkpointoutputprefix", &values.checkpoint_prefix},
      {"tasktemplatepath", &values.task_template_path},
      {"namespace", &values.name_space},
      {"prevcheckpointprefix", &values.previous_checkpoint_prefix},
  }};
  for (const auto& [known, value] : fixed) {
    if (lower != known) continue;
    // flytekit takes two quotes for "no checkpoint"; nothing at all would drop the argument.
    if (known == "prevcheckpointprefix" && value->empty())
      return std::optional<std::string>("\"\"");
    return std::optional<std::string>(*value);
  }
  if (lower == "perretryuniquekey") return std::optional(IdentifierOf(values.generated_name));
  if (!lower.starts_with(kInputsPrefix) || lower.size() == kInputsPrefix.size() ||
      values.inputs == nullptr || values.inputs->literals().empty()) {
    return std::optional<std::string>();
  }
  const std::string input(name.substr(kInputsPrefix.size()));
  const auto found = values.inputs->literals().find(input);
  if (found == values.inputs->literals().end()) {
    return UserError(Code::kInvalidArgument, "template {{." + std::string(name) +
                                                 "}} names the input \"" + input +
                                                 "\", which the task was not given");
  }
  auto rendered = RenderLiteral(found->second);
  if (!rendered) {
    return UserError(Code::kInvalidArgument,
                     "template {{." + std::string(name) + "}}: " + rendered.error().message);
  }
  return std::optional(std::move(*rendered));
}

Result<std::string> Fill(std::string_view argument, const TemplateValues& values) {
  std::string filled;
  std::size_t done = 0;
  while (const auto variable = FindVariable(argument, done)) {
    filled += argument.substr(done, variable->begin - done);
    auto value = ValueOf(variable->name, values);
    if (!value) return Forward(value);
    if (value->has_value()) {
      filled += **value;
      done = variable->end;
    } else {
      // Only the braces are known to be text: another template may begin right behind them.
      filled += "{{";
      done = variable->begin + 2;
    }
  }
  return filled.append(argument.substr(done));
}

}  // namespace

Result<std::vector<std::string>> FillTemplates(std::span<const std::string> arguments,
                                               const TemplateValues& values) {
  std::vector<std::string> filled;
  filled.reserve(arguments.size());
  for (const std::string& argument : arguments) {
    auto text = Fill(argument, values);
    if (!text) return Forward(text);
    filled.push_back(std::move(*text));
  }
  return filled;
}

bool NamesTaskTemplate(std::span<const std::string> arguments) {
  return std::any_of(arguments.begin(), arguments.end(), [](const std::string& argument) {
    std::size_t from = 0;
    while (const auto variable = FindVariable(argument, from)) {
      if (Lower(variable->name) == "tasktemplatepath") return true;
      from = variable->begin + 2;
    }
    return false;
  });
}

std::string IdentifierOf(std::string_view name) {
  const auto is_letter = [](char c) {
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  const auto is_valid = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); };
  std::string identifier;
  std::size_t at = 0;
  // A leading run of what cannot begin an identifier becomes one 'a', a later run one '_'.
  while (at < name.size() && !is_letter(name[at])) ++at;
  if (at > 0) identifier += 'a';
  for (; at < name.size(); ++at) {
    if (is_valid(name[at])) {
      identifier += name[at];
    } else if (is_valid(name[at - 1])) {
      identifier += '_';
    }
  }
  return identifier;
}

}  // namespace martlet::literals
