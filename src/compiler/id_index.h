#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "compiler/plan.h"

namespace martlet::compiler {

/// Node ids to numbers, for scopes of 100,000 nodes: one flat table that holds the hashes, so that
/// a lookup reads one place of it and one id. A table of nodes spread over the heap costs a scope
/// ten times as large far more than ten times the time. Ids are borrowed.
class IdIndex {
 public:
  /// Makes room for `count` ids without growing.
  void Reserve(std::size_t count) {
    while (slots_.size() < 2 * count) Grow();
  }

  /// False when the id is taken; its number then stays.
  bool Add(std::string_view id, NodeNumber number) {
    if (2 * (size_ + 1) > slots_.size()) Grow();
    const std::uint32_t hash = HashOf(id);
    Slot& slot = slots_[Position(id, hash)];
    if (slot.hash != 0) return false;
    slot = {hash, number, id};
    ++size_;
    return true;
  }

  /// kNone when there is none.
  [[nodiscard]] NodeNumber Find(std::string_view id) const {
    if (slots_.empty()) return kNone;
    const Slot& slot = slots_[Position(id, HashOf(id))];
    return slot.hash == 0 ? kNone : slot.number;
  }

 private:
  struct Slot {
    std::uint32_t hash = 0;  ///< 0: free
    NodeNumber number = kNone;
    std::string_view id;
  };

  static std::uint32_t HashOf(std::string_view id) {
    return static_cast<std::uint32_t>(std::hash<std::string_view>()(id)) | 1;
  }

  /// Where `id` is or would be. REQUIRES: a free slot.
  [[nodiscard]] std::size_t Position(std::string_view id, std::uint32_t hash) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = (hash >> 1) & mask;
    while (slots_[at].hash != 0 && (slots_[at].hash != hash || slots_[at].id != id)) {
      at = (at + 1) & mask;
    }
    return at;
  }

  void Grow() {
    std::vector<Slot> old(slots_.empty() ? 64 : 2 * slots_.size());
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.hash != 0) slots_[Position(slot.id, slot.hash)] = slot;
    }
  }

  std::vector<Slot> slots_;
  std::size_t size_ = 0;
};

}  // namespace martlet::compiler
