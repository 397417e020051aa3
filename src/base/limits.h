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

/// Text and detail of a gRPC status as they are on the wire (percent-encoded and base64); longer
/// texts are cut. gRPC clients take 8 KiB of metadata by default, flytekit's 32, and a client that
/// gets more loses the code with the text.
inline constexpr std::size_t kStatusMessageBytesMax = 7000;

/// Request head of HTTP/1.1, names and values.
inline constexpr std::size_t kHttpHeaderBytesMax = 64u << 10;

/// Connections open at once on the port; further ones are closed at accept.
inline constexpr int kConnectionsMax = 4096;

/// First bytes of a connection, which tell gRPC from HTTP/1.1; slower ones are closed.
inline constexpr std::chrono::seconds kPrefaceTimeout = 10s;

/// A whole request head once its connection was idle, and the wait for the next request on a
/// connection that is kept open.
inline constexpr std::chrono::seconds kHttpIdleTimeout = 75s;

/// Progress of a request or response body: one part of it, either way.
inline constexpr std::chrono::seconds kHttpBodyTimeout = 60s;

/// One part of a streamed body in memory.
inline constexpr std::size_t kHttpPartBytes = 256u << 10;

/// After the last reply to a client that still sends: how long and how much is read and thrown
/// away, so that the reply is not lost to a reset.
inline constexpr std::chrono::seconds kHttpLinger = 2s;
inline constexpr std::size_t kHttpLingerBytesMax = 1u << 20;

/// Pause of the accept loop when the process has no descriptors left.
inline constexpr std::chrono::milliseconds kAcceptBackOff = 100ms;

/// Requests of one HTTP/2 connection at once; clients queue further ones themselves.
inline constexpr int kStreamsPerConnectionMax = 1000;

/// Bytes of requests that wait for the worker pool, all together, and, apart from them, of HTTP
/// bodies being collected; further ones are answered RESOURCE_EXHAUSTED.
inline constexpr std::size_t kPendingRequestBytesMax = 512u << 20;

/// Handlers waiting for the worker pool; further ones are answered RESOURCE_EXHAUSTED.
inline constexpr std::size_t kPendingRequestsMax = 4096;

// --- Registry ---------------------------------------------------------------------------------

/// Labels of a project, launch plan or execution. More are INVALID_ARGUMENT (Flyte's default).
inline constexpr std::size_t kLabelsMax = 16;

/// One `filters` text of a list request. Longer ones are INVALID_ARGUMENT; the grammar's matcher
/// is quadratic in it.
inline constexpr std::size_t kFilterBytesMax = 16u << 10;

/// Rows a list reads at once while it fills a page.
inline constexpr std::size_t kListSliceRows = 200;

/// A list reply stops growing here and hands out a token instead, whatever limit was asked for.
inline constexpr std::size_t kListBytesMax = 16u << 20;

/// Events of one reply of martlet.v1.HistoryService.
inline constexpr std::size_t kEventsListedMax = 1000;

/// Lines of difference in a "different structure" text, and bytes of one value in it.
inline constexpr std::size_t kDifferencesMax = 40;
inline constexpr std::size_t kDifferenceValueBytesMax = 120;

// --- Literals ---------------------------------------------------------------------------------

/// Default of the setting `max_literal_bytes`: one literal of inputs or outputs.
inline constexpr std::size_t kLiteralBytesDefault = 10u << 20;

/// Values up to this size are kept in rows; larger ones become objects, durable before the row.
inline constexpr std::size_t kInlineValueBytes = 4096;

/// Inputs or outputs of one node, all their literals together.
inline constexpr std::size_t kLiteralMapBytesMax = 256u << 20;

/// An error document that a task leaves.
inline constexpr std::size_t kErrorFileBytesMax = 10u << 20;

/// Strings up to this size travel inside references, so that nobody opens an object for them.
inline constexpr std::size_t kSmallScalarBytesMax = 128;
/// Nesting of a MessagePack value that is turned into text. Deeper ones are INVALID_ARGUMENT.
inline constexpr int kValueDepthMax = 100;

/// Nesting of lists that a path finds inside MessagePack or a Struct and that become collections.
/// Protobuf's parsers read 100 messages inside each other, and a collection takes two. Deeper ones
/// are FAILED_PRECONDITION.
inline constexpr int kCollectionDepthMax = 40;

/// What an error quotes of a value it could not walk into.
inline constexpr std::size_t kQuotedValueBytesMax = 4096;
inline constexpr int kQuotedElementsMax = 256;

/// Pairs of types, and keywords and names of their JSON schemas, that one "may this flow there"
/// looks at. Unions within unions multiply; what takes more is not castable.
inline constexpr std::size_t kTypePairsMax = 1'000'000;

// --- Compiler ---------------------------------------------------------------------------------

/// Errors that one compilation keeps, and their text together: what is above is dropped, the
/// registration has failed anyway.
inline constexpr std::size_t kCompileErrorsMax = 10'000;
inline constexpr std::size_t kCompileErrorBytesMax = 3u << 20;

/// Variants tried for one node's lists and mappings bound to unions: nested ones multiply. A
/// binding that needs more is taken as fitting none.
inline constexpr std::size_t kUnionVariantsTriedMax = 100'000;

// --- Store ------------------------------------------------------------------------------------

/// Transactions waiting for the writer; further ones are refused with RESOURCE_EXHAUSTED.
inline constexpr std::size_t kStoreQueueMax = 65536;

/// Transactions that share one commit.
inline constexpr std::size_t kGroupCommitMax = 1024;

/// Rows one scan may return; lists page below it.
inline constexpr std::size_t kScanRowsMax = 100'000;

// --- Caches ---------------------------------------------------------------------------------

/// Stored size of the compiled closures kept in memory; least recently used ones go first.
inline constexpr std::size_t kClosureCacheBytes = 64u << 20;

/// Parsed literal maps kept in memory; least recently used ones go first.
inline constexpr std::size_t kLiteralCacheBytes = 16u << 20;

/// Outbox messages looked at in one go; the rest follow when these are consumed.
inline constexpr std::size_t kOutboxScanRows = 1000;
/// Snapshots open at once; further ones are refused with RESOURCE_EXHAUSTED.
inline constexpr std::size_t kStoreReadersMax = 256;

/// Values of one predicate (IN lists); larger ones are INVALID_ARGUMENT.
inline constexpr std::size_t kPredicateValuesMax = 10'000;

/// Pattern of a LIKE; longer ones are INVALID_ARGUMENT.
inline constexpr std::size_t kPatternBytesMax = 1024;

/// Predicates of one query, those inside EXISTS included; more are INVALID_ARGUMENT.
inline constexpr std::size_t kPredicatesMax = 256;

// --- Engine -----------------------------------------------------------------------------------

/// Inputs waiting in a shard's inbox, all executions together.
inline constexpr std::size_t kInboxMax = 1u << 20;

/// Nodes of one compiled workflow, sub-workflows included.
inline constexpr std::size_t kNodesMax = 200'000;

/// The message of one execution error: beyond it, only its first and last halves are kept, as v1
/// does before it sends an event.
inline constexpr std::size_t kFaultMessageBytesMax = 102'400;
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
// --- Local tasks ------------------------------------------------------------------------------

/// One line between server and keeper, or keeper and zygote. Linux bounds an environment by a few
/// MiB; a longer line closes the connection.
inline constexpr std::size_t kKeeperLineBytesMax = 8u << 20;

/// Bytes waiting to be sent to one connection of the keeper; a slower reader is disconnected and
/// asks again for what it missed.
inline constexpr std::size_t kKeeperOutboxBytesMax = 64u << 20;

/// Connections of the keeper; further ones are closed at accept.
inline constexpr std::size_t kKeeperConnectionsMax = 16;

/// Attempts that one keeper holds, ended ones included; further starts are RESOURCE_EXHAUSTED.
inline constexpr std::size_t kKeeperAttemptsMax = 10'000;

/// Spare children kept ahead per interpreter, at most.
inline constexpr int kSparesMax = 64;

/// Default bound of an attempt's log: half of it keeps the first bytes, half the last.
inline constexpr std::uint64_t kLogBytesDefault = 32u << 20;

/// End of the log that a report carries.
inline constexpr std::size_t kLogTailBytes = 4096;

/// Code bundle once unpacked, and its entries. Larger ones fail the attempt.
inline constexpr std::uint64_t kBundleBytesMax = 2ull << 30;
inline constexpr std::size_t kBundleEntriesMax = 100'000;

/// Attempts being prepared for the keeper; further starts are RESOURCE_EXHAUSTED.
inline constexpr std::size_t kStartsPendingMax = 10'000;

/// Header lines of a reply to a request of ours to another server.
inline constexpr std::size_t kOutgoingHeaderBytesMax = 64u << 10;
/// Levels of spans that GetExecutionMetrics answers, whatever depth is asked for.
inline constexpr int kMetricsDepthMax = 64;

}  // namespace martlet::limits
