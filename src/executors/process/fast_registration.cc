#include "executors/process/fast_registration.h"

namespace martlet::executors {
namespace {

/// Reads `--name value` or `--name=value` at `at`, and moves past it.
bool TakeOption(const std::vector<std::string>& argv, std::size_t& at, const std::string& name,
                std::string& value) {
  if (argv[at].starts_with(name + '=')) {
    value = argv[at].substr(name.size() + 1);
    ++at;
    return true;
  }
  if (argv[at] != name || at + 1 >= argv.size()) return false;
  value = argv[at + 1];
  at += 2;
  return true;
}

}  // namespace

std::optional<FastRegistration> ParseFastRegistration(const std::vector<std::string>& argv) {
  if (argv.empty() || argv[0].substr(argv[0].rfind('/') + 1) != "pyflyte-fast-execute") {
    return std::nullopt;
  }
  FastRegistration fast;
  std::size_t at = 1;
  while (at < argv.size() && argv[at] != "--" &&
         (TakeOption(argv, at, "--additional-distribution", fast.distribution) ||
          TakeOption(argv, at, "--dest-dir", fast.dest_dir))) {
  }
  if (at < argv.size() && argv[at] == "--") ++at;
  if (fast.distribution.empty() || at >= argv.size() || argv[at].starts_with("--")) {
    return std::nullopt;
  }
  for (; at < argv.size(); ++at) {
    if (argv[at] == "--resolver") {
      // A dynamic task registers its children with the same code. The destination is the one that
      // was registered, not this attempt's private directory, so that what it compiles is the same
      // everywhere.
      for (const std::string& flag :
           {std::string("--dynamic-addl-distro"), fast.distribution,
            std::string("--dynamic-dest-dir"), fast.dest_dir.empty() ? "." : fast.dest_dir}) {
        fast.argv.push_back(flag);
      }
    }
    fast.argv.push_back(argv[at]);
  }
  return fast;
}

}  // namespace martlet::executors
