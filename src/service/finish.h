#pragma once

#include <functional>
#include <utility>

#include "base/result.h"
#include "store/store.h"

namespace martlet::service {

/// Takes the outcome of a use case that ends after a commit. Called exactly once: on the caller's
/// thread when the request is refused before anything is written, else on the store's writer
/// thread, where it must not block.
template <class Response>
using Finish = std::function<void(Result<Response>)>;

/// Submits a write whose reply is an empty message.
template <class Response>
void SubmitThenFinish(store::Store& store, store::TxnFn fn, Finish<Response> finish) {
  store.Submit(std::move(fn), [finish = std::move(finish)](Result<store::Commit> commit) {
    if (!commit) return finish(Forward(commit));
    finish(Response());
  });
}

}  // namespace martlet::service
