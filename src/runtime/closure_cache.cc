#include "runtime/closure_cache.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "base/digest.h"
#include "base/limits.h"
#include "compiler/build_plan.h"
#include "flyteidl/core/compiler.pb.h"
#include "store/rows.h"

namespace martlet::runtime {

CompiledWorkflow::CompiledWorkflow() = default;
CompiledWorkflow::~CompiledWorkflow() = default;

std::string SerializeClosure(const flyteidl::core::CompiledWorkflowClosure& closure) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  closure.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

namespace {

Result<std::shared_ptr<const CompiledWorkflow>> Make(
    std::string digest, flyteidl::core::CompiledWorkflowClosure closure) {
  Result<compiler::Plan> plan = compiler::BuildPlan(closure);
  if (!plan) return Forward(plan);
  auto workflow = std::make_shared<CompiledWorkflow>();
  workflow->digest = std::move(digest);
  workflow->closure =
      std::make_unique<const flyteidl::core::CompiledWorkflowClosure>(std::move(closure));
  workflow->plan = *std::move(plan);
  return std::shared_ptr<const CompiledWorkflow>(std::move(workflow));
}

}  // namespace

Result<std::shared_ptr<const CompiledWorkflow>> MakeCompiledWorkflow(
    flyteidl::core::CompiledWorkflowClosure closure) {
  std::string digest = Sha256(SerializeClosure(closure));
  return Make(std::move(digest), std::move(closure));
}

Result<std::shared_ptr<const CompiledWorkflow>> ClosureCache::Get(store::Reader& reader,
                                                                  const std::string& digest) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(digest);
    if (found != entries_.end()) {
      ages_.splice(ages_.begin(), ages_, found->second.age);
      return found->second.workflow;
    }
  }
  const auto row = store::GetRow<store::ClosureRow>(reader, store::KeyOf(store::Bytes{digest}));
  if (!row) return Forward(row);
  if (!row->has_value()) {
    return SystemError(Code::kNotFound, "no compiled closure with digest " + HexEncode(digest));
  }
  const std::string& bytes = (*row)->bytes.data;
  if (Sha256(bytes) != digest) {
    return SystemError(Code::kDataLoss, "the stored closure " + HexEncode(digest) +
                                            " does not match its digest; run `martlet verify`");
  }
  flyteidl::core::CompiledWorkflowClosure closure;
  if (!closure.ParseFromString(bytes)) {
    return SystemError(Code::kDataLoss, "the stored closure " + HexEncode(digest) +
                                            " does not parse; run `martlet verify`");
  }
  auto made = Make(digest, std::move(closure));
  if (!made) return made;
  std::shared_ptr<const CompiledWorkflow> workflow = *std::move(made);

  const std::lock_guard lock(mutex_);
  if (const auto found = entries_.find(digest); found != entries_.end()) {
    return found->second.workflow;
  }
  ages_.push_front(digest);
  entries_[digest] = {workflow, bytes.size(), ages_.begin()};
  bytes_ += bytes.size();
  while (bytes_ > limits::kClosureCacheBytes && ages_.size() > 1) {
    const auto oldest = entries_.find(ages_.back());
    bytes_ -= oldest->second.bytes;
    entries_.erase(oldest);
    ages_.pop_back();
  }
  return workflow;
}

}  // namespace martlet::runtime
