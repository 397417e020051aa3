#include "api/reflection_handlers.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <grpc/reflection/v1/reflection.pb.h>
#include <grpc/reflection/v1alpha/reflection.pb.h>

#include <set>
#include <string>
#include <vector>

#include "api/method_table.h"

namespace martlet::api {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;

/// Appends the file and what it imports, each once, the file itself first.
void AppendFile(const FileDescriptor& file, std::set<const FileDescriptor*>& seen,
                std::vector<std::string>& files) {
  if (!seen.insert(&file).second) return;
  google::protobuf::FileDescriptorProto proto;
  file.CopyTo(&proto);
  files.push_back(proto.SerializeAsString());
  for (int i = 0; i < file.dependency_count(); ++i) AppendFile(*file.dependency(i), seen, files);
}

/// Both versions of the protocol have the same messages under different names.
template <class Request, class Response>
class Answerer {
 public:
  Answerer(const MethodTable& table, const Request& request) : table_(table), request_(request) {
    response_.set_valid_host(request.host());
    *response_.mutable_original_request() = request;
  }

  Response Answer() {
    const DescriptorPool& pool = *DescriptorPool::generated_pool();
    switch (request_.message_request_case()) {
      case Request::kListServices:
        for (const std::string& name : table_.ServedServices()) {
          response_.mutable_list_services_response()->add_service()->set_name(name);
        }
        break;
      case Request::kFileByFilename:
        File(pool.FindFileByName(request_.file_by_filename()));
        break;
      case Request::kFileContainingSymbol:
        File(pool.FindFileContainingSymbol(request_.file_containing_symbol()));
        break;
      case Request::kFileContainingExtension: {
        const auto& asked = request_.file_containing_extension();
        const Descriptor* type = pool.FindMessageTypeByName(asked.containing_type());
        const FieldDescriptor* extension =
            type == nullptr ? nullptr : pool.FindExtensionByNumber(type, asked.extension_number());
        File(extension == nullptr ? nullptr : extension->file());
        break;
      }
      case Request::kAllExtensionNumbersOfType:
        Extensions(pool.FindMessageTypeByName(request_.all_extension_numbers_of_type()), pool);
        break;
      case Request::MESSAGE_REQUEST_NOT_SET:
        Fail(Code::kInvalidArgument, "the question is empty");
        break;
    }
    return std::move(response_);
  }

 private:
  void Fail(Code code, std::string text) {
    response_.mutable_error_response()->set_error_code(static_cast<int>(code));
    response_.mutable_error_response()->set_error_message(std::move(text));
  }

  void File(const FileDescriptor* file) {
    if (file == nullptr) return Fail(Code::kNotFound, "not found");
    std::set<const FileDescriptor*> seen;
    std::vector<std::string> files;
    AppendFile(*file, seen, files);
    for (std::string& bytes : files) {
      response_.mutable_file_descriptor_response()->add_file_descriptor_proto(std::move(bytes));
    }
  }

  void Extensions(const Descriptor* type, const DescriptorPool& pool) {
    if (type == nullptr) return Fail(Code::kNotFound, "not found");
    std::vector<const FieldDescriptor*> extensions;
    pool.FindAllExtensions(type, &extensions);
    auto& numbers = *response_.mutable_all_extension_numbers_response();
    numbers.set_base_type_name(type->full_name());
    for (const FieldDescriptor* extension : extensions) {
      numbers.add_extension_number(extension->number());
    }
  }

  const MethodTable& table_;
  const Request& request_;
  Response response_;
};

template <class Request, class Response>
void AddVersion(MethodTable& table, const char* full_name) {
  table.AddPerMessage<Scope::kPublic, Request, Response>(
      full_name,
      [&table](const Authorized<Scope::kPublic>&, const Request& request) -> Result<Response> {
        return Answerer<Request, Response>(table, request).Answer();
      });
}

}  // namespace

void AddReflectionHandlers(MethodTable& table) {
  AddVersion<grpc::reflection::v1::ServerReflectionRequest,
             grpc::reflection::v1::ServerReflectionResponse>(
      table, "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo");
  AddVersion<grpc::reflection::v1alpha::ServerReflectionRequest,
             grpc::reflection::v1alpha::ServerReflectionResponse>(
      table, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo");
}

}  // namespace martlet::api
