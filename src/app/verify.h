#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/finding.h"

/// `martlet verify`: everything stored whose digest is stored, against that digest, and every row
/// that follows from an event log, against that log. What it cannot see: docs/formats/rows.md.
namespace martlet::app {

struct VerifyReport {
  struct Count {
    std::string name;
    std::int64_t value = 0;
  };
  std::vector<Count> counts;  ///< in the order they are shown
  std::vector<runtime::Finding> findings;
};

/// Checks a data directory that no server uses. Takes the store's lock meanwhile, finishes what a
/// crash left in its write-ahead log, and changes nothing else.
///   FAILED_PRECONDITION  a running process owns it (named), it is of a newer version, or it is no
///                        data directory
[[nodiscard]] Result<VerifyReport> VerifyDataDirectory(const std::string& data);

/// For people, one finding a paragraph; and for programs, one JSON object.
[[nodiscard]] std::string ReportText(const VerifyReport& report);
[[nodiscard]] std::string ReportJson(const VerifyReport& report);

}  // namespace martlet::app
