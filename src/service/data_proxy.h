#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "objects/object_stores.h"

namespace flyteidl::core {
class LiteralMap;
class NodeExecutionIdentifier;
class TaskExecutionIdentifier;
}  // namespace flyteidl::core
namespace flyteidl::service {
class CreateDownloadLinkRequest;
class CreateDownloadLinkResponse;
class CreateDownloadLocationRequest;
class CreateDownloadLocationResponse;
class CreateUploadLocationRequest;
class CreateUploadLocationResponse;
class GetDataRequest;
class GetDataResponse;
}  // namespace flyteidl::service

/// Flyte's data proxy (admin contract §8): where clients upload to, and what they may download.
/// Addresses are signed URLs of our own port, rendered for the base URL by which the client reached
/// us (architecture D14).
namespace martlet::service {

enum class DataSide { kInputs, kOutputs };

/// A node execution's deck and where it may lie.
struct DeckLocation {
  std::string uri = {};  ///< empty: the node has no deck
  /// URI prefixes that belong to the execution, each ending in '/'. A deck's URI is what a task or
  /// an event said; one outside is never signed.
  std::vector<std::string> allowed_prefixes = {};
};

/// What the data proxy asks of the rest of the server. Thread-safe functions; they may block.
struct DataLookups {
  /// NOT_FOUND: no such node execution.
  std::function<Result<DeckLocation>(const flyteidl::core::NodeExecutionIdentifier& node)> deck;
  /// Fills `values` as GetNodeExecutionData's full_inputs and full_outputs. NOT_FOUND likewise.
  std::function<Status(const flyteidl::core::NodeExecutionIdentifier& node, DataSide side,
                       flyteidl::core::LiteralMap* values)>
      node_data;
  /// Fills `id` and `values`. NOT_FOUND: no such attempt, or no such node.
  std::function<Status(const flyteidl::core::NodeExecutionIdentifier& node, std::uint32_t attempt,
                       DataSide side, flyteidl::core::TaskExecutionIdentifier* id,
                       flyteidl::core::LiteralMap* values)>
      attempt_data;
};

/// Thread-safe. Calls block on the disk. Everything given must outlive it.
class DataProxy {
 public:
  /// `uploads`: the store that uploads go to; one of `stores`.
  DataProxy(objects::ObjectStores& stores, objects::ObjectStore& uploads, const Clock& clock,
            Random& random, DataLookups lookups);

  /// A place for one file and a URL to PUT it to. The same root is the same folder; the native URL
  /// ends in the file name. ALREADY_EXISTS if root and name are given, something is there, and its
  /// MD5 is not the given one.
  [[nodiscard]] Result<flyteidl::service::CreateUploadLocationResponse> CreateUploadLocation(
      const flyteidl::service::CreateUploadLocationRequest& request,
      std::string_view public_base_url);

  /// A URL to GET an object of our stores. Deprecated, and flytekit still has it.
  [[nodiscard]] Result<flyteidl::service::CreateDownloadLocationResponse> CreateDownloadLocation(
      const flyteidl::service::CreateDownloadLocationRequest& request,
      std::string_view public_base_url);

  /// URLs to GET a node execution's deck.
  [[nodiscard]] Result<flyteidl::service::CreateDownloadLinkResponse> CreateDownloadLink(
      const flyteidl::service::CreateDownloadLinkRequest& request,
      std::string_view public_base_url);

  /// The values or the deck that a `flyte://` address names.
  [[nodiscard]] Result<flyteidl::service::GetDataResponse> GetData(
      const flyteidl::service::GetDataRequest& request, std::string_view public_base_url);

 private:
  [[nodiscard]] std::string NewFileName();
  [[nodiscard]] Status CheckNotTaken(std::string_view key, const std::string& md5);

  objects::ObjectStores& stores_;
  objects::ObjectStore& uploads_;
  const Clock& clock_;
  std::mutex random_mutex_;
  Random& random_;
  const DataLookups lookups_;
};

}  // namespace martlet::service
