#include "api/console_pages.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/limits.h"

namespace martlet::console {
extern const char* const kIndexPage;
extern const char* const kScript;
extern const char* const kStyle;
}  // namespace martlet::console

namespace martlet::api {
namespace {

constexpr char kPolicy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

net::HttpResponse Page(std::string type, std::string body) {
  net::HttpResponse response;
  response.headers = {{"Content-Type", std::move(type)},
                      {"Content-Security-Policy", kPolicy},
                      {"X-Content-Type-Options", "nosniff"},
                      {"Referrer-Policy", "no-referrer"},
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

/// A file as it is now; what is appended while it is sent comes with the next request.
class FileSource final : public net::BodySource {
 public:
  explicit FileSource(std::unique_ptr<ReadableFile> file) : file_(std::move(file)) {}

  Result<std::size_t> Read(std::span<char> buffer) override {
    auto data = file_->Read(offset_, buffer.size());
    if (!data) return Forward(data);
    std::copy(data->begin(), data->end(), buffer.begin());
    offset_ += data->size();
    return data->size();
  }

 private:
  const std::unique_ptr<ReadableFile> file_;
  std::uint64_t offset_ = 0;
};

}  // namespace

void AddConsolePages(net::HttpRouter& routes, net::HttpHandler& console) {
  routes.AddExact("/console", console);
  routes.AddPrefix("/console/", console);
}

void ConsolePages::Handle(std::shared_ptr<net::HttpExchange> exchange) {
  const net::HttpRequest& request = exchange->request();
  if (!IsRead(request)) return exchange->Respond(net::TextResponse(405, "only GET is served here"));
  if (request.Path() == "/console/assets/console.js") {
    return exchange->Respond(Page("text/javascript; charset=utf-8", console::kScript));
  }
  if (request.Path() == "/console/assets/console.css") {
    return exchange->Respond(Page("text/css; charset=utf-8", console::kStyle));
  }
  exchange->Respond(Page("text/html; charset=utf-8", console::kIndexPage));
}

void LogPages::Handle(std::shared_ptr<net::HttpExchange> exchange) {
  if (!workers_.TryPost([this, exchange] { Serve(exchange); })) {
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
  net::HttpResponse response = Page("text/plain; charset=utf-8", "");
  response.source_length = (*file)->Size();
  response.source = std::make_unique<FileSource>(*std::move(file));
  exchange->Respond(std::move(response));
}

}  // namespace martlet::api
