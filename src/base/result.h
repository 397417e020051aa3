#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

/// Errors as values. Every fallible function of Martlet returns `Result<T>` or `Status`.
///
/// Codes are gRPC's, number for number (https://grpc.github.io/grpc/core/md_doc_statuscodes.html),
/// so that the API maps them one to one. `kUnknown` has no enumerator on purpose: flytekit takes
/// UNKNOWN for "log in" and opens a browser.
namespace martlet {

enum class Code : int {
  kOk = 0,
  kCancelled = 1,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

/// gRPC's spelling, for example "NOT_FOUND".
[[nodiscard]] std::string_view CodeName(Code code);

/// Whose fault it is: decides between the user's and the system's retry budget, and what the
/// operator is told. Required wherever an error is made.
enum class ErrorKind { kUser, kSystem };

/// A serialized google.protobuf.Any payload that travels in gRPC's status details.
struct ErrorDetail {
  std::string type_url;  ///< for example "type.googleapis.com/flyteidl.admin.InactiveProject"
  std::string value;     ///< the message's bytes
  bool operator==(const ErrorDetail&) const = default;
};

/// What failed, as text a user can act on: what, where, why and what to try.
struct Error {
  Code code = Code::kInternal;
  ErrorKind kind = ErrorKind::kSystem;
  std::string message;
  /// At most one detail; empty type_url means none. Flyte never attaches more.
  ErrorDetail detail;

  bool operator==(const Error&) const = default;
};

/// The value or the reason why there is none. Never ignored.
template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

using Status = Result<void>;

/// The caller's mistake: bad input, a missing entity, a conflict.
[[nodiscard]] inline tl::unexpected<Error> UserError(Code code, std::string message) {
  return tl::unexpected<Error>(Error{code, ErrorKind::kUser, std::move(message), {}});
}

/// Our own, the machine's or a dependency's fault.
[[nodiscard]] inline tl::unexpected<Error> SystemError(Code code, std::string message) {
  return tl::unexpected<Error>(Error{code, ErrorKind::kSystem, std::move(message), {}});
}

/// Hands an error of one result on as another's: `if (!x) return Forward(x);`
template <class T>
[[nodiscard]] tl::unexpected<Error> Forward(const Result<T>& failed) {
  return tl::unexpected<Error>(failed.error());
}

}  // namespace martlet
