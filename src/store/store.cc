#include "store/store.h"

#include <future>

#include "store/rows.h"

namespace martlet::store {

Result<std::int64_t> Txn::NextId(const Table& table) {
  // The prefix keeps the series of tables apart from the store's own counters.
  const Key key = KeyOf("id." + std::string(table.name));
  auto counter = GetRow<CounterRow>(*this, key);
  if (!counter) return Forward(counter);
  if (!counter->has_value()) {
    if (auto ok = Insert(TableOf<CounterRow>(), Row{key[0], ToValue(1)}); !ok) return Forward(ok);
    return 1;
  }
  const std::int64_t last = (*counter)->value;
  auto ok = Update(TableOf<CounterRow>(), key, {{"value", last + 1}}, {{"value", last}});
  if (!ok) return Forward(ok);
  return last + 1;
}

Result<Commit> SubmitAndWait(Store& store, TxnFn fn) {
  std::promise<Result<Commit>> outcome;
  store.Submit(std::move(fn),
               [&outcome](Result<Commit> result) { outcome.set_value(std::move(result)); });
  return outcome.get_future().get();
}

}  // namespace martlet::store
