// What compiling and planning a large workflow costs: a chain, a fan-out and a random graph of
// 10,000 and of 100,000 nodes. Times are the processor's; each run is in a process of its own, so
// that the peak of memory is its own too (the spec, the closure and the plan are part of it).

#include <flyteidl/core/compiler.pb.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "compiler/build_plan.h"
#include "compiler/compiler.h"

namespace {

namespace core = flyteidl::core;
using martlet::compiler::BuildPlan;
using martlet::compiler::CompileWorkflow;

/// Processor time of the process: nothing here waits, and the machine may do other things.
double ProcessorMilliseconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

constexpr int kSmall = 10'000;
constexpr int kLarge = 100'000;
constexpr int kRuns = 11;

core::Identifier Id(core::ResourceType type, const std::string& name) {
  core::Identifier id;
  id.set_resource_type(type);
  id.set_project("p");
  id.set_domain("d");
  id.set_name(name);
  id.set_version("v");
  return id;
}

core::CompiledTask JoinTask() {
  core::CompiledTask task;
  *task.mutable_template_()->mutable_id() = Id(core::TASK, "join");
  core::TypedInterface& interface = *task.mutable_template_()->mutable_interface();
  (*interface.mutable_inputs()->mutable_variables())["xs"]
      .mutable_type()
      ->mutable_collection_type()
      ->set_simple(core::INTEGER);
  (*interface.mutable_outputs()->mutable_variables())["o0"].mutable_type()->set_simple(
      core::INTEGER);
  return task;
}

/// Adds a node that reads `sources`' outputs.
void AddNode(core::WorkflowTemplate& workflow, int number, const std::vector<int>& sources) {
  core::Node& node = *workflow.add_nodes();
  node.set_id("n" + std::to_string(number));
  *node.mutable_task_node()->mutable_reference_id() = Id(core::TASK, "join");
  core::Binding& binding = *node.add_inputs();
  binding.set_var("xs");
  auto& list = *binding.mutable_binding()->mutable_collection();
  for (const int source : sources) {
    core::OutputReference& promise = *list.add_bindings()->mutable_promise();
    promise.set_node_id("n" + std::to_string(source));
    promise.set_var("o0");
  }
}

void Chain(core::WorkflowTemplate& workflow, int nodes) {
  for (int i = 0; i < nodes; ++i) {
    AddNode(workflow, i, i == 0 ? std::vector<int>{} : std::vector{i - 1});
  }
}

/// All at once, and one that joins them.
void FanOut(core::WorkflowTemplate& workflow, int nodes) {
  std::vector<int> all;
  for (int i = 0; i + 1 < nodes; ++i) {
    AddNode(workflow, i, {});
    all.push_back(i);
  }
  AddNode(workflow, nodes - 1, all);
}

/// Each node reads up to three earlier ones; declared in any order.
void RandomGraph(core::WorkflowTemplate& workflow, int nodes) {
  std::mt19937 random(1);
  for (int i = 0; i < nodes; ++i) {
    std::vector<int> sources;
    for (unsigned count = i == 0 ? 0 : random() % 4; count > 0; --count) {
      sources.push_back(static_cast<int>(random() % static_cast<unsigned>(i)));
    }
    AddNode(workflow, i, sources);
  }
  for (int i = nodes - 1; i > 0; --i) {
    workflow.mutable_nodes()->SwapElements(
        i, static_cast<int>(random() % (static_cast<unsigned>(i) + 1)));
  }
}

struct Figures {
  double compile_ms = 0;
  double plan_ms = 0;
  double spec_mib = 0;
  double peak_mib = 0;
};

double MiB(std::size_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

using Make = std::function<void(core::WorkflowTemplate&, int)>;

/// A specification as it comes to a server. Made in a child: what making it does to the heap is no
/// part of what is measured.
std::string SpecBytes(const Make& make, int nodes) {
  int ends[2];
  if (pipe(ends) != 0) std::exit(1);
  const pid_t child = fork();
  if (child == 0) {
    core::WorkflowTemplate workflow;
    *workflow.mutable_id() = Id(core::WORKFLOW, "w");
    workflow.mutable_interface();
    make(workflow, nodes);
    std::_Exit(workflow.SerializeToFileDescriptor(ends[1]) ? 0 : 1);
  }
  close(ends[1]);
  std::string bytes;
  char buffer[1 << 16];
  for (ssize_t got = 0; (got = read(ends[0], buffer, sizeof buffer)) > 0;) {
    bytes.append(buffer, static_cast<std::size_t>(got));
  }
  close(ends[0]);
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || status != 0) std::exit(1);
  return bytes;
}

/// One compilation in a process that has done nothing but parse the specification.
Figures Measure(const std::string& spec, int nodes) {
  core::WorkflowTemplate workflow;
  if (!workflow.ParseFromString(spec)) std::_Exit(1);
  const core::CompiledTask task = JoinTask();
  const std::vector<const core::CompiledTask*> tasks{&task};
  Figures figures;
  figures.spec_mib = MiB(spec.size());
  const double start = ProcessorMilliseconds();
  const auto closure = CompileWorkflow({&workflow, {}, tasks, {}});
  figures.compile_ms = ProcessorMilliseconds() - start;
  if (!closure) {
    std::fprintf(stderr, "does not compile: %s\n", closure.error().Text().c_str());
    std::_Exit(1);
  }
  const double middle = ProcessorMilliseconds();
  const auto plan = BuildPlan(*closure);
  figures.plan_ms = ProcessorMilliseconds() - middle;
  if (!plan || plan->root().nodes.size() != static_cast<std::size_t>(nodes) + 2) std::_Exit(1);
  return figures;
}

/// Measures in a child, so that the peak of memory is that of one compilation.
Figures MeasureAlone(const std::string& spec, int nodes) {
  int ends[2];
  if (pipe(ends) != 0) std::exit(1);
  const pid_t child = fork();
  if (child == 0) {
    const Figures figures = Measure(spec, nodes);
    std::_Exit(write(ends[1], &figures, sizeof figures) == sizeof figures ? 0 : 1);
  }
  close(ends[1]);
  Figures figures;
  int status = 0;
  rusage usage{};
  const bool read_all = read(ends[0], &figures, sizeof figures) == sizeof figures;
  if (child < 0 || wait4(child, &status, 0, &usage) != child || status != 0 || !read_all) {
    std::fprintf(stderr, "a workflow of %d nodes failed\n", nodes);
    std::exit(1);
  }
  close(ends[0]);
  figures.peak_mib = MiB(static_cast<std::size_t>(usage.ru_maxrss) << 10);
  return figures;
}

/// Prints the fastest of `kRuns`; returns its time to compile and plan.
double RunCase(const char* name, const Make& make, int nodes) {
  const std::string spec = SpecBytes(make, nodes);
  Figures best = MeasureAlone(spec, nodes);
  for (int run = 1; run < kRuns; ++run) {
    const Figures figures = MeasureAlone(spec, nodes);
    if (figures.compile_ms + figures.plan_ms < best.compile_ms + best.plan_ms) best = figures;
  }
  std::printf("%-8s %8d %9.1f %11.0f %8.0f %13.0f\n", name, nodes, best.spec_mib, best.compile_ms,
              best.plan_ms, best.peak_mib);
  std::fflush(stdout);
  return best.compile_ms + best.plan_ms;
}

}  // namespace

int main() {
  std::printf("%-8s %8s %9s %11s %8s %13s\n", "graph", "nodes", "spec MiB", "compile ms", "plan ms",
              "peak RSS MiB");
  const struct {
    const char* name;
    Make make;
  } graphs[] = {{"chain", Chain}, {"fan-out", FanOut}, {"random", RandomGraph}};
  for (const auto& graph : graphs) {
    const double small = RunCase(graph.name, graph.make, kSmall);
    const double large = RunCase(graph.name, graph.make, kLarge);
    std::printf("%-8s grows %.1f times for 10 times the nodes\n", graph.name, large / small);
  }
}
