#include "literals/render.h"

#include <flyteidl/core/literals.pb.h>

#include "literals/go_text.h"
#include "literals/msgpack.h"
#include "literals/proto_text.h"

namespace martlet::literals {
namespace {

namespace core = flyteidl::core;

tl::unexpected<Error> CannotRender(const char* kind) {
  return UserError(Code::kInvalidArgument,
                   std::string("a value of kind ") + kind +
                       " cannot be written into a command line; pass it through the inputs file");
}

Result<std::string> RenderPrimitive(const core::Primitive& primitive) {
  switch (primitive.value_case()) {
    case core::Primitive::kInteger:
      return std::to_string(primitive.integer());
    case core::Primitive::kFloatValue:
      return GoFloat(primitive.float_value());
    case core::Primitive::kStringValue:
      return primitive.string_value();
    case core::Primitive::kBoolean:
      return std::string(primitive.boolean() ? "true" : "false");
    case core::Primitive::kDatetime:
      return GoTimestamp(primitive.datetime());
    case core::Primitive::kDuration:
      return ProtoText(primitive.duration());
    case core::Primitive::VALUE_NOT_SET:
      break;
  }
  return CannotRender("empty primitive");
}

Result<std::string> RenderScalar(const core::Scalar& scalar) {
  switch (scalar.value_case()) {
    case core::Scalar::kPrimitive:
      return RenderPrimitive(scalar.primitive());
    case core::Scalar::kBlob:
      return scalar.blob().uri();
    case core::Scalar::kSchema:
      return scalar.schema().uri();
    case core::Scalar::kBinary: {
      if (scalar.binary().tag() != "msgpack") return CannotRender("binary");
      const auto value = MsgpackValue::Parse(scalar.binary().value());
      if (!value) return Forward(value);
      return GoText(*value);
    }
    case core::Scalar::kNoneType:
      return CannotRender("none");
    case core::Scalar::kError:
      return CannotRender("error");
    case core::Scalar::kGeneric:
      return CannotRender("struct");
    case core::Scalar::kStructuredDataset:
      return CannotRender("structured dataset");
    case core::Scalar::kUnion:
      return CannotRender("union (an Optional or Union input)");
    case core::Scalar::VALUE_NOT_SET:
      break;
  }
  return CannotRender("empty scalar");
}

}  // namespace

Result<std::string> RenderLiteral(const core::Literal& literal) {
  switch (literal.value_case()) {
    case core::Literal::kScalar:
      return RenderScalar(literal.scalar());
    case core::Literal::kCollection: {
      std::string text = "[";
      for (int i = 0; i < literal.collection().literals_size(); ++i) {
        auto rendered = RenderLiteral(literal.collection().literals(i));
        if (!rendered) return rendered;
        if (i > 0) text += ',';
        text += *rendered;
      }
      return text + ']';
    }
    case core::Literal::kMap:
      return CannotRender("map");
    case core::Literal::kOffloadedMetadata:
      return CannotRender("offloaded literal");
    case core::Literal::VALUE_NOT_SET:
      break;
  }
  return CannotRender("empty literal");
}

}  // namespace martlet::literals
