#include "api/error_text.h"

#include <google/rpc/status.pb.h>

#include "base/limits.h"

namespace martlet::api {
namespace {

constexpr std::string_view kCutMark = " … (cut)";

/// Length of the UTF-8 sequence at `position`, or 0 when there is none.
std::size_t SequenceLength(std::string_view text, std::size_t position) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(position);
  std::size_t length = 0;
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) length = 2;
  if (lead >= 0xe0 && lead <= 0xef) length = 3;
  if (lead >= 0xf0 && lead <= 0xf4) length = 4;
  if (length == 0 || position + length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(position + i) & 0xc0) != 0x80) return 0;
  }
  const unsigned char second = byte(position + 1);
  const bool overlong = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
  const bool outside = (lead == 0xed && second > 0x9f) || (lead == 0xf4 && second > 0x8f);
  return overlong || outside ? 0 : length;
}

/// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, "Status-Message".
bool IsSentAsItIs(unsigned char c) { return c >= 0x20 && c <= 0x7e && c != '%'; }

}  // namespace

std::string CutErrorText(std::string text) {
  std::string kept;
  std::size_t wire_bytes = 0;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = SequenceLength(text, i);
    const std::string_view piece =
        length == 0 ? std::string_view("?") : std::string_view(text).substr(i, length);
    wire_bytes += piece.size() == 1 && IsSentAsItIs(static_cast<unsigned char>(piece[0]))
                      ? 1
                      : 3 * piece.size();
    if (wire_bytes > limits::kStatusMessageBytesMax - 3 * kCutMark.size()) {
      kept += kCutMark;
      return kept;
    }
    kept += piece;
    i += std::max<std::size_t>(length, 1);
  }
  return kept;
}

std::string RpcStatusBytes(const Error& error) {
  google::rpc::Status status;
  status.set_code(static_cast<int>(error.code));
  status.set_message(error.message);
  if (!error.detail.type_url.empty()) {
    auto* detail = status.add_details();
    detail->set_type_url(error.detail.type_url);
    detail->set_value(error.detail.value);
  }
  return status.SerializeAsString();
}

unsigned HttpStatusOf(Code code) {
  switch (code) {
    case Code::kOk: return 200;
    case Code::kCancelled: return 499;
    case Code::kInvalidArgument: return 400;
    case Code::kDeadlineExceeded: return 504;
    case Code::kNotFound: return 404;
    case Code::kAlreadyExists: return 409;
    case Code::kPermissionDenied: return 403;
    case Code::kResourceExhausted: return 429;
    case Code::kFailedPrecondition: return 400;
    case Code::kAborted: return 409;
    case Code::kOutOfRange: return 400;
    case Code::kUnimplemented: return 501;
    case Code::kInternal: return 500;
    case Code::kUnavailable: return 503;
    case Code::kDataLoss: return 500;
    case Code::kUnauthenticated: return 401;
  }
  return 500;
}

}  // namespace martlet::api
