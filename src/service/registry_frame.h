#pragma once

#include <optional>
#include <type_traits>
#include <utility>

#include "service/entity_lists.h"
#include "service/finish.h"
#include "service/registry_writes.h"
#include "service/request_checks.h"

/// The frame in which every kind of versioned entity is created, got and listed. What differs
/// between tasks, workflows and launch plans is given as functions.
namespace martlet::service {

/// `prepare` checks a request against a snapshot, on the caller's thread, and returns what is to be
/// written: Result<Prepared>(Reader&). `write` writes it as often as the store asks:
/// Status(Txn&, const Prepared&).
template <class Response, class Prepare, class Write>
void PrepareThenWrite(store::Store& store, const Prepare& prepare, Write write,
                      Finish<Response> finish) {
  auto prepared = [&]() -> std::invoke_result_t<const Prepare&, store::Reader&> {
    auto reader = store.Snapshot();
    if (!reader) return Forward(reader);
    return prepare(**reader);
  }();
  if (!prepared) return finish(Forward(prepared));
  SubmitThenFinish(
      store,
      [write = std::move(write), prepared = *std::move(prepared)](store::Txn& txn) {
        return write(txn, prepared);
      },
      std::move(finish));
}

/// The row of a version, or NOT_FOUND in Flyte's words.
template <class R>
[[nodiscard]] Result<R> RequireVersion(store::Reader& reader, flyteidl::core::ResourceType type,
                                       const EntityName& name) {
  auto row = store::GetRow<R>(reader, KeyOfVersion(name));
  if (!row) return Forward(row);
  if (!row->has_value()) return EntityNotFound(type, name);
  return **std::move(row);
}

/// One page of rows as a `List` with its token. `add` puts a row into the list and returns about
/// how many bytes it takes there: Result<std::size_t>(List&, const store::Row&).
template <class List, class Add>
[[nodiscard]] Result<List> ListVersions(store::Store& store, ListQuestion question,
                                        const Add& add) {
  auto reader = store.Snapshot();
  if (!reader) return Forward(reader);
  List list;
  auto token = ListRows(**reader, std::move(question.query), question.page,
                        [&](const store::Row& row) { return add(list, row); });
  if (!token) return Forward(token);
  list.set_token(*std::move(token));
  return list;
}

}  // namespace martlet::service
