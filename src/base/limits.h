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

}  // namespace martlet::limits
