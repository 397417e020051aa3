#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "compiler/plan.h"

namespace martlet::compiler {

/// Node ids to numbers in the order of their coming, for scopes of 100,000 nodes: one flat table,
/// small enough for a processor's cache. A slot holds the first letters of its id, which for the
/// ids that SDKs make ("n12345") is all of it, so that a look-up reads nothing else; what does not
/// fit a cache costs a scope ten times as large far more than ten times the time. Ids are borrowed.
class IdIndex {
 public:
  /// Makes room for `count` ids without growing.
  void Reserve(std::size_t count) {
    ids_.reserve(count);
    std::size_t size = std::max(slots_.size(), kSlotsMin);
    while (IsFull(count, size)) size *= 2;
    if (size > slots_.size()) Resize(size);
  }

  /// Gives `id` the next number, from 0 on. False when it has one already.
  bool Add(std::string_view id) {
    if (slots_.empty() || IsFull(ids_.size() + 1, slots_.size())) {
      Resize(std::max(kSlotsMin, 2 * slots_.size()));
    }
    Slot wanted = SlotOf(id);
    Slot& slot = slots_[Position(id, wanted)];
    if (slot.check != 0) return false;
    wanted.number = static_cast<NodeNumber>(ids_.size());
    slot = wanted;
    ids_.push_back(id);
    return true;
  }

  /// kNone when there is none.
  [[nodiscard]] NodeNumber Find(std::string_view id) const {
    if (slots_.empty()) return kNone;
    const Slot& slot = slots_[Position(id, SlotOf(id))];
    return slot.check == 0 ? kNone : slot.number;
  }

 private:
  static constexpr std::size_t kSlotsMin = 64;
  static constexpr std::size_t kLettersInSlot = sizeof(std::uint64_t);

  struct Slot {
    std::uint32_t check = 0;  ///< 0: free; else from hash and length, `SlotOf`
    NodeNumber number = kNone;
    std::uint64_t letters = 0;  ///< the first eight, as a number
  };

  static bool IsFull(std::size_t count, std::size_t size) { return 5 * count > 4 * size; }

  /// The low four bits of `check` say how long the id is, 15 for longer than a slot's letters.
  static Slot SlotOf(std::string_view id) {
    Slot slot;
    const std::size_t kept = std::min(id.size(), kLettersInSlot);
    for (std::size_t i = 0; i < kept; ++i) {
      slot.letters = slot.letters << 8 | static_cast<unsigned char>(id[i]);
    }
    const unsigned length = id.size() > kLettersInSlot ? 15u : static_cast<unsigned>(id.size()) + 1;
    slot.check = static_cast<std::uint32_t>(std::hash<std::string_view>()(id)) << 4 | length;
    return slot;
  }

  /// Where `id` is or would be. REQUIRES: a free slot.
  [[nodiscard]] std::size_t Position(std::string_view id, const Slot& wanted) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = (wanted.check >> 4) & mask;
    for (; slots_[at].check != 0; at = (at + 1) & mask) {
      const Slot& slot = slots_[at];
      if (slot.check != wanted.check || slot.letters != wanted.letters) continue;
      if (id.size() <= kLettersInSlot || ids_[slot.number] == id) break;
    }
    return at;
  }

  void Resize(std::size_t size) {
    std::vector<Slot> old(size);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.check != 0) slots_[Position(ids_[slot.number], slot)] = slot;
    }
  }

  std::vector<Slot> slots_;
  std::vector<std::string_view> ids_;  ///< by number
};

}  // namespace martlet::compiler
