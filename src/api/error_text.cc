#include "api/error_text.h"

#include <google/rpc/status.pb.h>

#include <algorithm>
#include <utility>

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
std::size_t WireBytes(std::string_view text) {
  std::size_t bytes = 0;
  for (const char c : text) bytes += c >= 0x20 && c <= 0x7e && c != '%' ? 1 : 3;
  return bytes;
}

std::size_t Base64Bytes(std::size_t bytes) { return (bytes + 2) / 3 * 4; }

/// Tags and lengths of google.rpc.Status around a detail, with room to spare.
constexpr std::size_t kDetailFraming = 64;

}  // namespace

void FitOnTheWire(Error& error) {
  std::size_t budget = limits::kStatusMessageBytesMax - WireBytes(kCutMark);
  if (!error.detail.type_url.empty()) {
    const std::size_t detail_bytes =
        Base64Bytes(error.detail.type_url.size() + error.detail.value.size()) + kDetailFraming;
    if (detail_bytes > budget / 2) {
      error.detail = {};
    } else {
      budget -= detail_bytes + Base64Bytes(kCutMark.size());
    }
  }
  std::string kept;
  std::size_t used = 0;
  for (std::size_t i = 0; i < error.message.size();) {
    const std::size_t length = SequenceLength(error.message, i);
    const std::string_view piece =
        length == 0 ? std::string_view("?") : std::string_view(error.message).substr(i, length);
    used += WireBytes(piece);
    const std::size_t twice = error.detail.type_url.empty() ? 0 : Base64Bytes(kept.size() + length);
    if (used + twice > budget) {
      kept += kCutMark;
      break;
    }
    kept += piece;
    i += std::max<std::size_t>(length, 1);
  }
  error.message = std::move(kept);
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
    case Code::kOk:
      return 200;
    case Code::kCancelled:
      return 499;
    case Code::kInvalidArgument:
      return 400;
    case Code::kDeadlineExceeded:
      return 504;
    case Code::kNotFound:
      return 404;
    case Code::kAlreadyExists:
      return 409;
    case Code::kPermissionDenied:
      return 403;
    case Code::kResourceExhausted:
      return 429;
    case Code::kFailedPrecondition:
      return 400;
    case Code::kAborted:
      return 409;
    case Code::kOutOfRange:
      return 400;
    case Code::kUnimplemented:
      return 501;
    case Code::kInternal:
      return 500;
    case Code::kUnavailable:
      return 503;
    case Code::kDataLoss:
      return 500;
    case Code::kUnauthenticated:
      return 401;
  }
  return 500;
}

}  // namespace martlet::api
