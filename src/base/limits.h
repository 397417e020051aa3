#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// Every bound of Martlet in one place: its name, its unit, what happens when it is reached.
namespace martlet::limits {

using namespace std::chrono_literals;

// --- Requests ---------------------------------------------------------------------------------

/// One request or reply over gRPC or REST. flytekit sends 15 MiB literals and receives at most
/// 20 MiB. Larger ones are answered RESOURCE_EXHAUSTED.
inline constexpr std::size_t kMessageBytesMax = 32u << 20;

/// Nesting of JSON objects and arrays in a request. Deeper ones are INVALID_ARGUMENT.
inline constexpr int kJsonDepthMax = 64;

/// A gRPC status message: longer ones are cut. flytekit's channel takes 32 KiB of headers, and
/// Python clients lose the code of a status whose text nears it (oracle corrections-admin 25).
inline constexpr std::size_t kStatusMessageBytesMax = 8000;

/// Request head of HTTP/1.1, names and values.
inline constexpr std::size_t kHttpHeaderBytesMax = 64u << 10;

/// Connections open at once on the port; further ones are closed at accept.
inline constexpr int kConnectionsMax = 4096;

/// Handlers waiting for the worker pool; further ones are answered RESOURCE_EXHAUSTED.
inline constexpr std::size_t kPendingRequestsMax = 4096;

// --- Literals ---------------------------------------------------------------------------------

/// Default of the setting `max_literal_bytes`: one literal of inputs or outputs.
inline constexpr std::size_t kLiteralBytesDefault = 10u << 20;

/// Values up to this size are kept in rows; larger ones become objects, durable before the row.
inline constexpr std::size_t kInlineValueBytes = 4096;

// --- Store ------------------------------------------------------------------------------------

/// Transactions waiting for the writer; further ones are refused with RESOURCE_EXHAUSTED.
inline constexpr std::size_t kStoreQueueMax = 65536;

/// Transactions that share one commit.
inline constexpr std::size_t kGroupCommitMax = 1024;

/// Rows one scan may return; lists page below it.
inline constexpr std::size_t kScanRowsMax = 100'000;

// --- Engine -----------------------------------------------------------------------------------

/// Inputs waiting in a shard's inbox, all executions together.
inline constexpr std::size_t kInboxMax = 1u << 20;

/// Nodes of one compiled workflow, sub-workflows included.
inline constexpr std::size_t kNodesMax = 200'000;

// --- Objects ----------------------------------------------------------------------------------

/// A key, whole and one segment of it (NAME_MAX of Linux). Longer ones are INVALID_ARGUMENT.
inline constexpr std::size_t kObjectKeyBytesMax = 1024;
inline constexpr std::size_t kObjectKeySegmentBytesMax = 255;

/// The root of the built-in store, so that every path under it stays below PATH_MAX.
inline constexpr std::size_t kObjectRootBytesMax = 2048;

/// User metadata of an object: entries, and bytes of all names and values. More is refused.
inline constexpr std::size_t kUserMetadataMax = 16;
inline constexpr std::size_t kUserMetadataBytesMax = 2048;

/// Objects on one page of a list.
inline constexpr std::size_t kListObjectsMax = 1000;

/// Parts of one multipart upload, and uploads open at once; further ones are refused.
inline constexpr int kMultipartPartsMax = 10'000;
inline constexpr std::size_t kMultipartUploadsMax = 1000;

/// One object that arrives by a signed URL. Larger ones are answered 413.
inline constexpr std::uint64_t kUploadBytesMax = 5ull << 30;

/// What a reader takes from an object at a time.
inline constexpr std::size_t kObjectChunkBytes = 256u << 10;

/// Directories whose names are known to be on disk; the memory of it is dropped beyond.
inline constexpr std::size_t kDurableDirectoriesMax = 65536;

/// Longest life of a signed URL: Flyte's default, and the most a request may ask for.
inline constexpr std::chrono::nanoseconds kSignedUrlLifetimeMax = 1h;

}  // namespace martlet::limits
