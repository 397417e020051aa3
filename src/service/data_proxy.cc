#include "service/data_proxy.h"

#include <flyteidl/service/dataproxy.pb.h>

#include <algorithm>
#include <optional>

#include "base/digest.h"
#include "base/limits.h"
#include "engine/faults.h"
#include "literals/proto_text.h"
#include "objects/layout.h"
#include "service/flyte_url.h"
#include "service/wire_time.h"

namespace martlet::service {
namespace {

namespace core = flyteidl::core;
namespace wire = flyteidl::service;
using literals::ProtoText;

constexpr std::size_t kFileNameLength = 20;
constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
/// What a Go duration can hold, in seconds; clients' larger ones are over every bound anyway.
constexpr std::int64_t kSecondsMax = INT64_MAX / kNanosPerSecond - 1;

tl::unexpected<Error> Invalid(std::string text) {
  return UserError(Code::kInvalidArgument, std::move(text));
}

/// A place that cannot be signed, or not for so long, is the caller's mistake. Flyte answers
/// INTERNAL for whatever its store's signer refuses.
tl::unexpected<Error> CannotSign(std::string_view why) {
  return UserError(Code::kInvalidArgument,
                   "failed to create a signed url. Error: " + std::string(why));
}

Nanos FromWire(const google::protobuf::Duration& duration) {
  const std::int64_t seconds = std::clamp(duration.seconds(), -kSecondsMax, kSecondsMax);
  return Nanos(seconds * kNanosPerSecond + duration.nanos());
}

/// Only an absent lifetime means the longest one; zero and less are the signer's to refuse.
template <class Request>
Nanos LifetimeOf(const Request& request) {
  return request.has_expires_in() ? FromWire(request.expires_in()) : limits::kSignedUrlLifetimeMax;
}

Status CheckLifetimeOfDownload(Nanos lifetime) {
  if (lifetime < Nanos(0)) {
    return Invalid("expiresIn is invalid. Error: input duration [" + engine::GoDuration(lifetime) +
                   "] should not less than 0");
  }
  if (lifetime > limits::kSignedUrlLifetimeMax) {
    return Invalid("expiresIn is invalid. Error: input duration [" + engine::GoDuration(lifetime) +
                   "] cannot exceed max allowed expiration [" +
                   engine::GoDuration(limits::kSignedUrlLifetimeMax) + "]");
  }
  return {};
}

Result<std::string> Presign(objects::ObjectStore& store, std::string_view key,
                            const objects::PresignRequest& request, Nanos lifetime) {
  if (lifetime <= Nanos(0)) {
    return CannotSign(
        "InvalidPresignExpireError: presigned URL requires an expire duration greater than 0");
  }
  auto url = store.Presign(key, request);
  if (!url && url.error().code == Code::kInvalidArgument) {
    return Invalid("failed to create a signed url. Error: " + url.error().message);
  }
  if (!url) return CannotSign(url.error().message);
  return url;
}

core::NodeExecutionIdentifier NodeOf(const FlyteUrl& url) {
  core::NodeExecutionIdentifier node;
  node.set_node_id(url.node);
  node.mutable_execution_id()->set_project(url.project);
  node.mutable_execution_id()->set_domain(url.domain);
  node.mutable_execution_id()->set_name(url.execution);
  return node;
}

/// The whole map, or the one value of it that the address names.
Result<wire::GetDataResponse> Answer(core::LiteralMap values, const std::string& name,
                                     const std::string& owner) {
  wire::GetDataResponse response;
  if (name.empty()) {
    *response.mutable_literal_map() = std::move(values);
    return response;
  }
  const auto found = values.mutable_literals()->find(name);
  if (found == values.mutable_literals()->end()) {
    return Invalid("name [" + name + "] not found in " + owner);
  }
  *response.mutable_literal() = std::move(found->second);
  return response;
}

}  // namespace

DataProxy::DataProxy(objects::ObjectStores& stores, objects::ObjectStore& uploads,
                     const Clock& clock, Random& random, DataLookups lookups)
    : stores_(stores),
      uploads_(uploads),
      clock_(clock),
      random_(random),
      lookups_(std::move(lookups)) {}

std::string DataProxy::NewFileName() {
  const std::scoped_lock lock(random_mutex_);
  return random_.SafeString(kFileNameLength);
}

Status DataProxy::CheckNotTaken(std::string_view key, const std::string& md5) {
  auto present = uploads_.Stat(key);
  if (!present) return Forward(present);
  if (!present->has_value()) return {};
  if (!md5.empty()) {
    auto present_md5 = objects::ObjectMd5(uploads_, key);
    if (!present_md5) return Forward(present_md5);
    if (*present_md5 == md5) return {};
  }
  return UserError(Code::kAlreadyExists, "file already exists at location [" + uploads_.UriOf(key) +
                                             "], specify a matching hash if you wish to rewrite");
}

Result<wire::CreateUploadLocationResponse> DataProxy::CreateUploadLocation(
    const wire::CreateUploadLocationRequest& request, std::string_view public_base_url) {
  if (request.project().empty() || request.domain().empty()) {
    return Invalid("project and domain are required parameters");
  }
  if (request.content_md5().empty() && request.filename_root().empty()) {
    return Invalid("content_md5 or filename_root is a required parameter");
  }
  const Nanos lifetime = LifetimeOf(request);
  if (lifetime > limits::kSignedUrlLifetimeMax) {
    return Invalid("expiresIn [" + engine::GoDuration(lifetime) +
                   "] cannot exceed max allowed expiration [" +
                   engine::GoDuration(limits::kSignedUrlLifetimeMax) + "]");
  }
  auto key = objects::UploadKey(
      {.org = request.org(),
       .project = request.project(),
       .domain = request.domain(),
       .filename_root = request.filename_root(),
       .content_md5 = request.content_md5(),
       .filename = request.filename().empty() ? NewFileName() : request.filename()});
  if (!key) return Forward(key);
  if (!request.filename().empty() && !request.filename_root().empty()) {
    if (auto free = CheckNotTaken(*key, request.content_md5()); !free) return Forward(free);
  }

  const Timestamp expires_at = clock_.Now() + lifetime;
  const objects::PresignRequest presign{.method = objects::SignedMethod::kPut,
                                        .expires_at = expires_at,
                                        .public_base_url = std::string(public_base_url),
                                        .md5 = request.content_md5(),
                                        // The folder is the content's digest: what else lies there
                                        // is damaged, and a fresh upload mends it.
                                        .replace = request.filename_root().empty()};
  auto url = Presign(uploads_, *key, presign, lifetime);
  if (!url) return Forward(url);

  wire::CreateUploadLocationResponse response;
  response.set_signed_url(*std::move(url));
  response.set_native_url(uploads_.UriOf(*key));
  *response.mutable_expires_at() = ToWire(expires_at);
  // flytekit sends these over its own. Flyte v1 adds a Content-Length, that of the base 64 text,
  // which no HTTP server can accept; we leave it to the client, who knows its file.
  if (!request.content_md5().empty()) {
    const std::string md5 = Base64Encode(request.content_md5());
    auto& headers = *response.mutable_headers();
    headers["Content-MD5"] = md5;
    if (request.add_content_md5_metadata()) headers["x-amz-meta-flyteContentMD5"] = md5;
  }
  return response;
}

Result<wire::CreateDownloadLocationResponse> DataProxy::CreateDownloadLocation(
    const wire::CreateDownloadLocationRequest& request, std::string_view public_base_url) {
  const Nanos lifetime = LifetimeOf(request);
  if (auto valid = CheckLifetimeOfDownload(lifetime); !valid) {
    return Invalid("error while validating request: " + valid.error().message);
  }
  // Only what is in our own stores: a server that signs any address it can read hands out more
  // than it was asked to keep.
  auto object = stores_.Resolve(request.native_url());
  if (!object) return CannotSign(object.error().message);
  const Timestamp expires_at = clock_.Now() + lifetime;
  auto url = Presign(*object->store, object->key,
                     {.expires_at = expires_at, .public_base_url = std::string(public_base_url)},
                     lifetime);
  if (!url) return Forward(url);
  wire::CreateDownloadLocationResponse response;
  response.set_signed_url(*std::move(url));
  *response.mutable_expires_at() = ToWire(expires_at);
  return response;
}

Result<wire::CreateDownloadLinkResponse> DataProxy::CreateDownloadLink(
    const wire::CreateDownloadLinkRequest& request, std::string_view public_base_url) {
  const auto invalid = [](const std::string& reason) {
    return Invalid("error while validating request. Error: " + reason);
  };
  if (request.artifact_type() != wire::ARTIFACT_TYPE_DECK) {
    const std::string& name = wire::ArtifactType_Name(request.artifact_type());
    return invalid("invalid artifact type [" +
                   (name.empty() ? std::to_string(request.artifact_type()) : name) + "]");
  }
  if (!request.has_node_execution_id()) return invalid("source is required. Provided nil");
  const Nanos lifetime = LifetimeOf(request);
  if (auto valid = CheckLifetimeOfDownload(lifetime); !valid) return invalid(valid.error().message);

  const core::NodeExecutionIdentifier& node = request.node_execution_id();
  auto deck = lookups_.deck(node);
  if (!deck) {
    if (deck.error().code != Code::kNotFound) return Forward(deck);
    return Invalid("failed to find node execution [" + ProtoText(node) +
                   "]. Error: " + deck.error().message);
  }
  if (deck->uri.empty()) {
    wire::CreateDownloadLinkRequest shown = request;
    if (!shown.has_expires_in()) {
      shown.mutable_expires_in()->set_seconds(lifetime.count() / kNanosPerSecond);
    }
    return UserError(Code::kNotFound, "no deckUrl found for request [" + ProtoText(shown) + "]");
  }
  const bool allowed =
      std::any_of(deck->allowed_prefixes.begin(), deck->allowed_prefixes.end(),
                  [&](const std::string& prefix) { return deck->uri.starts_with(prefix); });
  if (!allowed) {
    return UserError(
        Code::kPermissionDenied,
        "the deck [" + deck->uri + "] lies outside the execution's own data and is not handed out");
  }
  auto object = stores_.Resolve(deck->uri);
  if (!object) return CannotSign(object.error().message);
  auto present = object->store->Stat(object->key);
  if (!present) return Forward(present);
  if (!present->has_value()) return UserError(Code::kNotFound, "object not found");

  const Timestamp expires_at = clock_.Now() + lifetime;
  auto url = Presign(*object->store, object->key,
                     {.expires_at = expires_at, .public_base_url = std::string(public_base_url)},
                     lifetime);
  if (!url) return Forward(url);
  wire::CreateDownloadLinkResponse response;
  wire::PreSignedURLs& urls = *response.mutable_pre_signed_urls();
  urls.add_signed_url(*url);
  *urls.mutable_expires_at() = ToWire(expires_at);
  // The two fields before pre_signed_urls existed; older clients read them.
  response.add_signed_url(*std::move(url));
  *response.mutable_expires_at() = ToWire(expires_at);
  return response;
}

Result<wire::GetDataResponse> DataProxy::GetData(const wire::GetDataRequest& request,
                                                 std::string_view public_base_url) {
  auto url = ParseFlyteUrl(request.flyte_url());
  if (!url) return Forward(url);
  const core::NodeExecutionIdentifier node = NodeOf(*url);

  if (url->artifact == FlyteUrl::Artifact::kDeck) {
    if (url->attempt) {
      return Invalid(
          "deck type cannot be specified with a retry attempt, just use the node instead");
    }
    wire::CreateDownloadLinkRequest link;
    link.set_artifact_type(wire::ARTIFACT_TYPE_DECK);
    *link.mutable_node_execution_id() = node;
    auto links = CreateDownloadLink(link, public_base_url);
    if (!links) return Forward(links);
    wire::GetDataResponse response;
    *response.mutable_pre_signed_urls() = std::move(*links->mutable_pre_signed_urls());
    return response;
  }

  const DataSide side =
      url->artifact == FlyteUrl::Artifact::kInputs ? DataSide::kInputs : DataSide::kOutputs;
  core::LiteralMap values;
  if (!url->attempt) {
    if (auto read = lookups_.node_data(node, side, &values); !read) return Forward(read);
    return Answer(std::move(values), url->name, "node execution [" + ProtoText(node) + "]");
  }
  core::TaskExecutionIdentifier attempt;
  if (auto read = lookups_.attempt_data(node, *url->attempt, side, &attempt, &values); !read) {
    if (read.error().code != Code::kNotFound) return Forward(read);
    core::TaskExecutionIdentifier asked;
    *asked.mutable_node_execution_id() = node;
    asked.set_retry_attempt(*url->attempt);
    return Invalid("no task executions were listed [" + ProtoText(asked) + "]. Error: <nil>");
  }
  return Answer(std::move(values), url->name, "task execution [" + ProtoText(attempt) + "]");
}

}  // namespace martlet::service
