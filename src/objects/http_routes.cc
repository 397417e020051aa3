#include "objects/http_routes.h"

#include <algorithm>
#include <array>

#include "base/digest.h"
#include "base/limits.h"
#include "objects/byte_range.h"
#include "objects/object_key.h"

namespace martlet::objects {
namespace {

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

/// Reads a range of an object. When it is all of it, the end of the body is held back until the
/// digest is right: a client takes a body that stops early for the error it is.
class ObjectSource final : public BodySource {
 public:
  ObjectSource(std::unique_ptr<ObjectReader> reader, ByteRange range)
      : reader_(std::move(reader)), range_(range) {
    const ObjectInfo& info = reader_->info();
    if (range_.length == info.bytes && !info.sha256.empty()) {
      digest_.emplace(DigestStream::Kind::kSha256);
    }
  }

  Result<std::size_t> Read(std::span<char> buffer) override {
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), range_.length));
    if (wanted == 0) return 0;
    auto data = reader_->Read(range_.offset, std::min(wanted, limits::kObjectChunkBytes));
    if (!data) return Forward(data);
    range_.offset += data->size();
    range_.length -= data->size();
    if (digest_) {
      digest_->Update(*data);
      if (range_.length == 0 && digest_->Finish() != reader_->info().sha256) {
        return SystemError(Code::kDataLoss,
                           "object [" + reader_->info().key + "] is not what was stored");
      }
    }
    std::copy(data->begin(), data->end(), buffer.begin());
    return data->size();
  }

 private:
  const std::unique_ptr<ObjectReader> reader_;
  ByteRange range_;
  std::optional<DigestStream> digest_;
};

void AddSafetyHeaders(HttpHeaders& headers) {
  headers.emplace_back("Content-Security-Policy", "sandbox allow-scripts");
  headers.emplace_back("X-Content-Type-Options", "nosniff");
  headers.emplace_back("Referrer-Policy", "no-referrer");
  headers.emplace_back("Cache-Control", "private, no-cache");
}

std::string EntityTag(const ObjectInfo& info) {
  if (!info.md5.empty()) return '"' + HexEncode(info.md5) + '"';
  return '"' + std::to_string(info.modified.nanos) + '-' + std::to_string(info.bytes) + '"';
}

unsigned StatusOf(Code code) {
  switch (code) {
    case Code::kOk:
      return 200;
    case Code::kInvalidArgument:
    case Code::kOutOfRange:
      return 400;
    case Code::kUnauthenticated:
    case Code::kPermissionDenied:
      return 403;
    case Code::kNotFound:
      return 404;
    case Code::kFailedPrecondition:
    case Code::kAborted:
      return 409;
    case Code::kAlreadyExists:
      return 412;
    case Code::kUnimplemented:
      return 501;
    case Code::kUnavailable:
    case Code::kCancelled:
    case Code::kDeadlineExceeded:
      return 503;
    case Code::kResourceExhausted:
      return 507;
    case Code::kInternal:
    case Code::kDataLoss:
      return 500;
  }
  return 500;
}

}  // namespace

std::optional<std::string_view> RequestHead::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (EqualIgnoringCase(key, name)) return value;
  }
  return std::nullopt;
}

std::string_view ContentTypeOf(std::string_view key) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kTypes = {{
      {".html", "text/html; charset=utf-8"},
      {".txt", "text/plain; charset=utf-8"},
      {".log", "text/plain; charset=utf-8"},
      {".csv", "text/csv; charset=utf-8"},
      {".json", "application/json"},
      {".png", "image/png"},
      {".jpg", "image/jpeg"},
      {".jpeg", "image/jpeg"},
      {".gif", "image/gif"},
      {".svg", "image/svg+xml"},
      {".pdf", "application/pdf"},
      {".pb", "application/x-protobuf"},
  }};
  for (const auto& [ending, type] : kTypes) {
    if (key.ends_with(ending)) return type;
  }
  return "application/octet-stream";
}

HttpReply ErrorReply(const Error& error) {
  HttpReply reply{.status = StatusOf(error.code), .body = error.message + "\n"};
  reply.headers.emplace_back("Content-Type", "text/plain; charset=utf-8");
  AddSafetyHeaders(reply.headers);
  return reply;
}

HttpReply ObjectRoutes::Get(const RequestHead& request) {
  auto access = signer_.Verify(request.method, request.path, request.query, clock_.Now());
  if (!access) return ErrorReply(access.error());
  auto reader = store_.Open(access->key);
  if (!reader) return ErrorReply(reader.error());
  const ObjectInfo info = (*reader)->info();

  HttpReply reply;
  const std::string tag = EntityTag(info);
  const std::string type =
      info.content_type.empty() ? std::string(ContentTypeOf(info.key)) : info.content_type;
  reply.headers.emplace_back("Content-Type", type);
  reply.headers.emplace_back("Accept-Ranges", "bytes");
  reply.headers.emplace_back("ETag", tag);
  // A browser saves what it cannot show instead of guessing.
  if (type == "application/octet-stream") {
    reply.headers.emplace_back("Content-Disposition", "attachment");
  }
  AddSafetyHeaders(reply.headers);
  if (request.Header("If-None-Match") == tag) {
    reply.status = 304;
    return reply;
  }
  const auto if_range = request.Header("If-Range");
  const bool ranges = !if_range || *if_range == tag;
  const RangeAnswer answer =
      ResolveRange(ranges ? request.Header("Range") : std::nullopt, info.bytes);
  if (answer.kind == RangeAnswer::Kind::kUnsatisfiable) {
    reply.status = 416;
    reply.headers.emplace_back("Content-Range", "bytes */" + std::to_string(info.bytes));
    return reply;
  }
  if (answer.kind == RangeAnswer::Kind::kPart) {
    reply.status = 206;
    reply.headers.emplace_back(
        "Content-Range", "bytes " + std::to_string(answer.range.offset) + '-' +
                             std::to_string(answer.range.offset + answer.range.length - 1) + '/' +
                             std::to_string(info.bytes));
  }
  reply.source_length = answer.range.length;
  reply.source = std::make_unique<ObjectSource>(*std::move(reader), answer.range);
  return reply;
}

}  // namespace martlet::objects
