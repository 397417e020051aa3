#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace flyteidl::core {
class LiteralMap;
}  // namespace flyteidl::core

/// Filling the templates in a task's command and arguments: engine contract §4.2, client contract
/// §3.6.
namespace martlet::literals {

/// What the variables stand for. Paths are whole URIs without a trailing slash.
struct TemplateValues {
  std::string input;              ///< `.Input`: inputs.pb
  std::string input_prefix;       ///< `.InputPrefix`: the directory of inputs.pb
  std::string output_prefix;      ///< `.OutputPrefix`
  std::string raw_output_prefix;  ///< `.RawOutputDataPrefix`, unique per attempt
  std::string checkpoint_prefix;  ///< `.CheckpointOutputPrefix`
  /// `.PrevCheckpointPrefix`; empty (no earlier checkpoint) is written as two quotes.
  std::string previous_checkpoint_prefix;
  /// `.PerRetryUniqueKey`: the attempt's generated name; made an identifier here.
  std::string generated_name;
  std::string task_template_path;  ///< `.TaskTemplatePath`: task.pb
  std::string name_space;          ///< `.Namespace`
  /// `.Inputs.<name>`; nullptr or empty leaves such templates as they are. Borrowed.
  const flyteidl::core::LiteralMap* inputs = nullptr;
};

/// Each argument with every known `{{ .Name }}` or `{{$name}}` replaced, in any case and any
/// number of times; unknown ones stay. What was put in is not looked at again, so an input whose
/// text looks like a template is passed on unchanged.
///
/// Errors: INVALID_ARGUMENT of kind USER for an input that does not exist or cannot be rendered.
[[nodiscard]] Result<std::vector<std::string>> FillTemplates(std::span<const std::string> arguments,
                                                             const TemplateValues& values);

/// Whether any argument names `.TaskTemplatePath`: task.pb is written only then.
[[nodiscard]] bool NamesTaskTemplate(std::span<const std::string> arguments);

/// A generated name as an identifier: `.PerRetryUniqueKey`.
[[nodiscard]] std::string IdentifierOf(std::string_view name);

}  // namespace martlet::literals
