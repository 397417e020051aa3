#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "runtime/execution_context.h"
#include "runtime/live_execution.h"
#include "store/rows.h"
#include "store/store.h"

namespace martlet::runtime {

/// An execution that is about to exist: everything is resolved and checked.
struct NewExecution {
  /// What clients see, as far as the service decides it: name, spec, launch entity, workflow, user,
  /// mode, labels … The runtime adds the number, phase, times, inputs and the engine's part.
  store::ExecutionRow row;
  std::shared_ptr<const CompiledWorkflow> workflow;
  std::shared_ptr<const flyteidl::core::LiteralMap> inputs;       ///< what it runs with
  std::shared_ptr<const flyteidl::core::LiteralMap> user_inputs;  ///< what the caller gave
  std::vector<std::pair<std::string, std::string>> tags;          ///< labels and tags, for filters
  std::vector<std::pair<std::string, std::string>> envs;
  std::uint32_t max_parallelism = 0;
  std::optional<bool> interruptible;
  std::string raw_prefix;  ///< empty: the store's own
  /// Of a recovery: what its original had done; the runtime fills it.
  engine::Shared<engine::Recoverable> recoverable;
  std::optional<ParentLink> parent;
  /// Rules that span executions, checked and written in the same transaction, before the row.
  std::function<Status(store::Txn&)> guards;
};

/// Places of metadata and raw data, and where oversized inputs went.
struct ExecutionPlaces {
  std::string metadata_prefix;  ///< "<root>/metadata/propeller"
  std::string raw_prefix;       ///< "<root>/data"
  /// Set when the inputs are too large for the row and were stored there, durably.
  std::string inputs_uri;
  std::string user_inputs_uri;
};

/// The name under which references know inputs that are kept in the row: where start-node's outputs
/// are shown. `directory` is the execution's.
[[nodiscard]] std::string InlineInputsUri(const std::string& directory);

/// The inputs that references know by such a name, from the row that keeps them: another execution
/// may refer to them before, or without, their object. NOT_FOUND if no execution has that name for
/// its inputs.
Result<std::shared_ptr<const flyteidl::core::LiteralMap>> ReadInlineInputs(store::Store& store,
                                                                           const std::string& uri);

/// Writes the execution with the engine's first step: rows, events, tags, in the transaction that
/// creates it. The TxnFn may run again, therefore `created` is made anew each time.
/// ALREADY_EXISTS if the name is taken; errors of the guards are passed on.
Status WriteNewExecution(store::Txn& txn, const NewExecution& execution,
                         const ExecutionPlaces& places, std::unique_ptr<LiveExecution>& created);

}  // namespace martlet::runtime
