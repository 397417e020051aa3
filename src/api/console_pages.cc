#include "api/console_pages.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/files.h"
#include "objects/byte_range.h"

namespace martlet::console {
/// Name and text of each file of the console, from its folder at build.
extern const std::pair<std::string_view, std::string_view> kFiles[];
extern const std::size_t kFileCount;
}  // namespace martlet::console

namespace martlet::api {
namespace {

// Nothing inline, nothing from elsewhere, no text that becomes markup or code.
constexpr char kPolicy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";

constexpr std::string_view kAssets = "/console/assets/";
// Where browsers look for the icon of a page that names none, such as a log.
constexpr std::string_view kFavoriteIcon = "/favicon.ico";

net::HttpResponse Page(std::string type, std::string body) {
  net::HttpResponse response;
  response.headers = {{"Content-Type", std::move(type)},
                      {"Content-Security-Policy", kPolicy},
                      {"X-Content-Type-Options", "nosniff"},
                      {"Referrer-Policy", "no-referrer"},
                      {"Cross-Origin-Resource-Policy", "same-origin"},
                      {"Cross-Origin-Opener-Policy", "same-origin"},
                      {"Cache-Control", "no-cache"}};
  response.body = std::move(body);
  return response;
}

bool IsRead(const net::HttpRequest& request) {
  return request.method == "GET" || request.method == "HEAD";
}

/// A name that can only be a file in the folder it is looked for in.
bool IsPlainName(std::string_view name) {
  return !name.empty() && name.front() != '.' && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

std::string_view TypeOf(std::string_view name) {
  if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  if (name.ends_with(".svg")) return "image/svg+xml";
  return "text/html; charset=utf-8";
}

std::optional<std::string_view> ConsoleFile(std::string_view name) {
  for (std::size_t i = 0; i < console::kFileCount; ++i) {
    if (console::kFiles[i].first == name) return console::kFiles[i].second;
  }
  return std::nullopt;
}

std::vector<std::string> Segments(std::string_view path) {
  std::vector<std::string> segments;
  std::string segment;
  for (const char c : path) {
    if (c != '/') {
      segment.push_back(c);
    } else if (!segment.empty()) {
      segments.push_back(std::exchange(segment, {}));
    }
  }
  if (!segment.empty()) segments.push_back(std::move(segment));
  return segments;
}

/// A range of a file as it is now; what is appended while it is sent comes with the next request.
class FileSource final : public net::BodySource {
 public:
  FileSource(std::unique_ptr<ReadableFile> file, objects::ByteRange range)
      : file_(std::move(file)), range_(range) {}

  Result<std::size_t> Read(std::span<char> buffer) override {
    auto data = file_->Read(range_.offset, std::min<std::uint64_t>(buffer.size(), range_.length));
    if (!data) return Forward(data);
    std::copy(data->begin(), data->end(), buffer.begin());
    range_.offset += data->size();
    range_.length -= data->size();
    return data->size();
  }

 private:
  const std::unique_ptr<ReadableFile> file_;
  objects::ByteRange range_;
};

}  // namespace

void AddConsolePages(net::HttpRouter& routes, net::HttpHandler& console) {
  routes.AddExact("/console", console);
  routes.AddExact(std::string(kFavoriteIcon), console);
  routes.AddPrefix("/console/", console);
}

void ConsolePages::Handle(std::shared_ptr<net::HttpExchange> exchange) {
  const net::HttpRequest& request = exchange->request();
  if (!IsRead(request)) return exchange->Respond(net::TextResponse(405, "only GET is served here"));
  const std::string_view path = request.Path();
  const bool is_asset = path.starts_with(kAssets);
  // Every other path is a page, and the script knows which.
  const std::string_view name = is_asset                ? path.substr(kAssets.size())
                                : path == kFavoriteIcon ? "icon.svg"
                                                        : "index.html";
  const std::optional<std::string_view> text = ConsoleFile(name);
  if (!text) return exchange->Respond(net::TextResponse(404, "the console has no such file"));
  exchange->Respond(Page(std::string(TypeOf(name)), std::string(*text)));
}

void LogPages::Handle(std::shared_ptr<net::HttpExchange> exchange) {
  if (!workers_.Submit([this, exchange] { Serve(exchange); })) {
    exchange->Respond(net::TextResponse(503, "busy; try again in a moment"));
  }
}

void LogPages::Serve(const std::shared_ptr<net::HttpExchange>& exchange) {
  const net::HttpRequest& request = exchange->request();
  if (!IsRead(request)) return exchange->Respond(net::TextResponse(405, "only GET is served here"));
  const std::vector<std::string> segments = Segments(request.Path());
  const bool fits =
      segments.size() == 5 && std::all_of(segments.begin(), segments.end(),
                                          [](const std::string& s) { return IsPlainName(s); });
  PosixFiles files;
  auto file =
      fits ? files.Open(log_path_(segments[1] + '.' + segments[2] + '.' + segments[3],
                                  segments[1] + '.' + segments[2] + '.' + segments[4]))
           : Result<std::unique_ptr<ReadableFile>>(UserError(Code::kNotFound, "no such log"));
  if (!file) return exchange->Respond(net::TextResponse(404, "there is no such log"));
  const std::uint64_t size = (*file)->Size();
  // No range of an empty log could be satisfied; whole, it tells who follows it where to begin.
  const objects::RangeAnswer answer =
      objects::ResolveRange(size > 0 ? request.Header("Range") : std::nullopt, size);
  net::HttpResponse response = Page("text/plain; charset=utf-8", "");
  response.headers.emplace_back("Accept-Ranges", "bytes");
  const std::string whole = '/' + std::to_string(size);
  if (answer.kind == objects::RangeAnswer::Kind::kUnsatisfiable) {
    response.status = 416;
    response.headers.emplace_back("Content-Range", "bytes *" + whole);
    return exchange->Respond(std::move(response));
  }
  objects::ByteRange range = {.offset = 0, .length = size};
  if (answer.kind == objects::RangeAnswer::Kind::kPart) {
    range = answer.range;
    response.status = 206;
    response.headers.emplace_back("Content-Range",
                                  "bytes " + std::to_string(range.offset) + '-' +
                                      std::to_string(range.offset + range.length - 1) + whole);
  }
  response.source_length = range.length;
  response.source = std::make_unique<FileSource>(*std::move(file), range);
  exchange->Respond(std::move(response));
}

}  // namespace martlet::api
