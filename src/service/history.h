#pragma once

#include "base/result.h"
#include "store/store.h"

namespace martlet::v1 {
class ListEventsRequest;
class ListEventsResponse;
}  // namespace martlet::v1

namespace martlet::service {

/// The logs of executions for whoever asks (proto/martlet/v1/history.proto). Thread-safe; blocks on
/// the store, which must outlive it.
class History {
 public:
  explicit History(store::Store& store) : store_(store) {}

  /// INVALID_ARGUMENT for an id with an empty part, NOT_FOUND for an unknown execution, DATA_LOSS
  /// for an event that does not parse. At most limits::kEventsListedMax events and about
  /// limits::kListBytesMax bytes a call.
  [[nodiscard]] Result<v1::ListEventsResponse> ListEvents(const v1::ListEventsRequest& request);

 private:
  store::Store& store_;
};

}  // namespace martlet::service
