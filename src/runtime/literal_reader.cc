#include "runtime/literal_reader.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "base/digest.h"
#include "base/limits.h"
#include "flyteidl/core/literals.pb.h"

namespace martlet::runtime {
namespace {

using flyteidl::core::Literal;
using flyteidl::core::LiteralMap;

template <class Message>
std::string SerializeDeterministically(const Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

}  // namespace

engine::SmallScalar SmallScalarOf(const Literal& literal) {
  if (!literal.has_scalar() || !literal.scalar().has_primitive()) return {};
  const flyteidl::core::Primitive& primitive = literal.scalar().primitive();
  switch (primitive.value_case()) {
    case flyteidl::core::Primitive::kInteger:
      return static_cast<std::int64_t>(primitive.integer());
    case flyteidl::core::Primitive::kFloatValue:
      return primitive.float_value();
    case flyteidl::core::Primitive::kBoolean:
      return primitive.boolean();
    case flyteidl::core::Primitive::kStringValue:
      if (primitive.string_value().size() <= limits::kSmallScalarBytesMax) {
        return primitive.string_value();
      }
      return {};
    case flyteidl::core::Primitive::kDatetime:
    case flyteidl::core::Primitive::kDuration:
    case flyteidl::core::Primitive::VALUE_NOT_SET:
      return {};
  }
  return {};
}

std::string LiteralDigest(const Literal& literal) {
  return Sha256(SerializeDeterministically(literal));
}

std::string SerializeLiterals(const LiteralMap& map) { return SerializeDeterministically(map); }

engine::Values ReferTo(const LiteralMap& map, const std::string& uri) {
  std::vector<engine::NamedValue> items;
  items.reserve(map.literals().size());
  for (const auto& [name, literal] : map.literals()) {
    const std::string bytes = SerializeDeterministically(literal);
    engine::ValueRef ref{.uri = uri,
                         .var = name,
                         .digest = Sha256(bytes),
                         .bytes = bytes.size(),
                         .collection_length = std::nullopt,
                         .scalar = SmallScalarOf(literal)};
    if (literal.has_collection()) {
      ref.collection_length = static_cast<std::uint64_t>(literal.collection().literals_size());
    }
    items.push_back({name, std::move(ref)});
  }
  return engine::MakeValues(std::move(items));
}

Result<std::shared_ptr<const LiteralMap>> LiteralReader::Read(const std::string& uri) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = entries_.find(uri); found != entries_.end()) {
      ages_.splice(ages_.begin(), ages_, found->second.age);
      return found->second.map;
    }
  }
  const Result<std::string> key = metadata_.KeyOf(uri);
  if (!key) return Forward(key);
  const Result<std::string> bytes = metadata_.Get(*key, limits::kLiteralMapBytesMax);
  if (!bytes && bytes.error().code == Code::kNotFound && elsewhere_) return elsewhere_(uri);
  if (!bytes) return Forward(bytes);
  auto map = std::make_shared<LiteralMap>();
  if (!map->ParseFromString(*bytes)) {
    return SystemError(Code::kDataLoss, "read " + uri + ": not a literal map");
  }
  Remember(uri, map);
  return std::shared_ptr<const LiteralMap>(map);
}

Result<Literal> LiteralReader::Read(const engine::ValueRef& ref) {
  const auto map = Read(ref.uri);
  if (!map) return Forward(map);
  const auto found = (*map)->literals().find(ref.var);
  if (found == (*map)->literals().end()) {
    return SystemError(Code::kNotFound, "read " + ref.uri + ": no value named " + ref.var);
  }
  if (!ref.digest.empty() && LiteralDigest(found->second) != ref.digest) {
    return SystemError(Code::kDataLoss, "read " + ref.uri + ": the value of " + ref.var +
                                            " is not what was recorded; somebody changed it");
  }
  return found->second;
}

void LiteralReader::Remember(const std::string& uri, std::shared_ptr<const LiteralMap> map) {
  const std::size_t bytes = map->SpaceUsedLong();
  const std::lock_guard lock(mutex_);
  if (const auto found = entries_.find(uri); found != entries_.end()) {
    bytes_ -= found->second.bytes;
    ages_.erase(found->second.age);
    entries_.erase(found);
  }
  if (bytes > limits::kLiteralCacheBytes / 4) return;
  ages_.push_front(uri);
  entries_[uri] = {std::move(map), bytes, ages_.begin()};
  bytes_ += bytes;
  while (bytes_ > limits::kLiteralCacheBytes) {
    const auto oldest = entries_.find(ages_.back());
    bytes_ -= oldest->second.bytes;
    entries_.erase(oldest);
    ages_.pop_back();
  }
}

}  // namespace martlet::runtime
