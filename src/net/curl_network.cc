#include "net/curl_network.h"

#include <curl/curl.h>

#include <algorithm>
#include <mutex>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/limits.h"

namespace martlet::net {
namespace {

using Handle = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
using HeaderList = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

/// Fills a reply while it comes in.
struct Receiver {
  NetworkReply reply;
  std::size_t body_max;
  std::size_t header_bytes = 0;
  bool too_large = false;

  std::size_t AddBody(std::string_view part) {
    if (part.size() > body_max - reply.body.size()) return Refuse();
    reply.body += part;
    return part.size();
  }

  std::size_t AddHeader(std::string_view line) {
    header_bytes += line.size();
    if (header_bytes > limits::kOutgoingHeaderBytesMax) return Refuse();
    // Each interim reply begins again with a status line; only the last one's headers count.
    if (line.starts_with("HTTP/")) reply.headers.clear();
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return line.size();
    std::string_view value = line.substr(colon + 1);
    const std::size_t first = value.find_first_not_of(" \t\r\n");
    value = first == std::string_view::npos ? std::string_view() : value.substr(first);
    value = value.substr(0, value.find_last_not_of(" \t\r\n") + 1);
    reply.headers.emplace_back(line.substr(0, colon), value);
    return line.size();
  }

 private:
  // Fewer bytes than were given make curl stop.
  std::size_t Refuse() {
    too_large = true;
    return 0;
  }
};

std::size_t OnBody(char* data, std::size_t, std::size_t size, void* receiver) {
  return static_cast<Receiver*>(receiver)->AddBody({data, size});
}

std::size_t OnHeader(char* data, std::size_t, std::size_t size, void* receiver) {
  return static_cast<Receiver*>(receiver)->AddHeader({data, size});
}

Code CodeOf(CURLcode code) {
  switch (static_cast<int>(code)) {  // the few of a hundred that say more than "no reply"
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return Code::kInvalidArgument;
    case CURLE_OPERATION_TIMEDOUT:
      return Code::kDeadlineExceeded;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return Code::kFailedPrecondition;
    case CURLE_OUT_OF_MEMORY:
      return Code::kResourceExhausted;
    default:
      return Code::kUnavailable;
  }
}

template <class... Value>
void Set(const Handle& handle, CURLoption option, Value... value) {
  MARTLET_CHECK(curl_easy_setopt(handle.get(), option, value...) == CURLE_OK);
}

class CurlNetwork final : public Network {
 public:
  CurlNetwork() {
    static std::once_flag once;
    std::call_once(once, [] { MARTLET_CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK); });
  }

  Result<NetworkReply> Send(const NetworkRequest& request) override {
    const auto target = CheckNetworkRequest(request);
    if (!target) return Forward(target);
    const Handle handle(curl_easy_init(), &curl_easy_cleanup);
    MARTLET_CHECK(handle != nullptr);
    HeaderList headers(nullptr, &curl_slist_free_all);
    // Without "Expect", which makes a large body wait for a server that may not know it.
    AddLine(headers, "Expect:");
    for (const auto& [name, value] : request.headers) {
      // An empty value is written with a semicolon for curl, which takes "name:" for "leave it
      // out".
      AddLine(headers, value.empty() ? name + ';' : name + ": " + value);
    }
    const auto milliseconds =
        std::chrono::duration_cast<std::chrono::milliseconds>(request.timeout).count();
    Receiver receiver{.reply = {}, .body_max = request.reply_bytes_max};

    Set(handle, CURLOPT_URL, request.url.c_str());
    Set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    Set(handle, CURLOPT_FOLLOWLOCATION, 0L);
    Set(handle, CURLOPT_NOSIGNAL, 1L);
    Set(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<std::int64_t>(milliseconds, 1)));
    Set(handle, CURLOPT_HTTPHEADER, headers.get());
    Set(handle, CURLOPT_WRITEFUNCTION, &OnBody);
    Set(handle, CURLOPT_WRITEDATA, &receiver);
    Set(handle, CURLOPT_HEADERFUNCTION, &OnHeader);
    Set(handle, CURLOPT_HEADERDATA, &receiver);
    if (!request.body.empty() || request.method == "POST") {
      Set(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
      Set(handle, CURLOPT_POSTFIELDS, request.body.data());
    }
    if (request.method == "HEAD") Set(handle, CURLOPT_NOBODY, 1L);
    Set(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());

    const CURLcode code = curl_easy_perform(handle.get());
    if (receiver.too_large) {
      return SystemError(Code::kResourceExhausted, target->origin + ": the reply is larger than " +
                                                       std::to_string(request.reply_bytes_max) +
                                                       " bytes");
    }
    if (code != CURLE_OK) {
      return SystemError(CodeOf(code), target->origin + ": " + curl_easy_strerror(code));
    }
    long status = 0;
    MARTLET_CHECK(curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status) == CURLE_OK);
    receiver.reply.status = static_cast<unsigned>(status);
    return std::move(receiver.reply);
  }

 private:
  static void AddLine(HeaderList& list, const std::string& line) {
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    MARTLET_CHECK(longer != nullptr);
    (void)list.release();
    list.reset(longer);
  }
};

}  // namespace

std::unique_ptr<Network> NewCurlNetwork() { return std::make_unique<CurlNetwork>(); }

}  // namespace martlet::net
