#include "api/object_pages.h"

#include <memory>
#include <utility>
#include <variant>

namespace martlet::api {
namespace {

class SourceAdapter final : public net::BodySource {
 public:
  explicit SourceAdapter(std::unique_ptr<objects::BodySource> source)
      : source_(std::move(source)) {}
  Result<std::size_t> Read(std::span<char> buffer) override { return source_->Read(buffer); }

 private:
  std::unique_ptr<objects::BodySource> source_;
};

class UploadSink final : public net::BodySink {
 public:
  explicit UploadSink(std::shared_ptr<objects::ObjectUpload> upload) : upload_(std::move(upload)) {}
  Status Write(std::string_view part) override { return upload_->Write(part); }

 private:
  std::shared_ptr<objects::ObjectUpload> upload_;
};

net::HttpResponse ToResponse(objects::HttpReply reply) {
  net::HttpResponse response;
  response.status = reply.status;
  response.headers = std::move(reply.headers);
  response.body = std::move(reply.body);
  if (reply.source) {
    response.source = std::make_unique<SourceAdapter>(std::move(reply.source));
    response.source_length = reply.source_length;
  }
  return response;
}

objects::RequestHead HeadOf(const net::HttpRequest& request) {
  return {.method = request.method,
          .path = std::string(request.Path()),
          .query = std::string(request.Query()),
          .headers = request.headers,
          .content_length = request.content_length};
}

}  // namespace

void ObjectPages::Handle(std::shared_ptr<net::HttpExchange> exchange) {
  if (!workers_.Submit([this, exchange] { Serve(exchange); })) {
    exchange->Respond(net::TextResponse(503, "busy; try again in a moment"));
  }
}

void ObjectPages::Serve(const std::shared_ptr<net::HttpExchange>& exchange) {
  const objects::RequestHead head = HeadOf(exchange->request());
  if (head.method != "PUT") return exchange->Respond(ToResponse(routes_.Get(head)));
  auto accepted = routes_.Put(head);
  if (auto* refusal = std::get_if<objects::HttpReply>(&accepted)) {
    return exchange->Respond(ToResponse(std::move(*refusal)));
  }
  std::shared_ptr<objects::ObjectUpload> upload =
      std::move(std::get<std::unique_ptr<objects::ObjectUpload>>(accepted));
  exchange->ReadBodyInto(std::make_shared<UploadSink>(upload),
                         [exchange, upload](const Status& body) {
                           exchange->Respond(ToResponse(upload->Finish(body)));
                         });
}

}  // namespace martlet::api
