#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/execution_state.h"
#include "objects/object_store.h"
#include "runtime/finding.h"
#include "store/rows.h"
#include "store/store.h"

namespace martlet::runtime {

/// Checks what references point at: each literal against the digest that the log keeps of it, and
/// inputs that are named by their digest. Not thread-safe; for one pass over the executions.
class ValueVerifier {
 public:
  ValueVerifier(store::Reader& reader, objects::ObjectStore& metadata)
      : reader_(reader), metadata_(metadata) {}

  /// Everything that `state`, folded from the log of `row`, refers to.
  void Check(const store::ExecutionRow& row, const engine::ExecutionState& state);

  [[nodiscard]] const std::vector<Finding>& findings() const { return findings_; }
  [[nodiscard]] std::int64_t objects() const { return objects_; }
  [[nodiscard]] std::int64_t literals() const { return literals_; }

 private:
  using References = std::multimap<std::string, engine::ValueRef>;  // by URI

  void CheckMap(const std::string& where, const std::string& bytes,
                std::vector<const engine::ValueRef*> references);
  /// The object that inputs kept in the row are shown as; it need not be there.
  void CheckCopy(const std::string& uri, std::vector<const engine::ValueRef*> references);
  void CheckNamedByDigest(const std::string& uri);
  Result<std::string> Read(const store::ExecutionRow& row, const std::string& uri);
  void Report(const std::string& key, const std::string& part, std::string problem,
              std::string remedy);

  store::Reader& reader_;
  objects::ObjectStore& metadata_;
  std::vector<Finding> findings_;
  std::int64_t objects_ = 0;
  std::int64_t literals_ = 0;
};

}  // namespace martlet::runtime
