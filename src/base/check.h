#pragma once

#include <string_view>

/// Broken invariants end the process: tasks survive in the keeper, the log says why, and the next
/// start recovers from rows. Checks stay on in release builds.
namespace martlet {

/// Writes one crash line to stderr and aborts. Never returns.
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition,
                              std::string_view detail = {});

}  // namespace martlet

#define MARTLET_CHECK(condition)                                              \
  do {                                                                        \
    if (!(condition)) ::martlet::CheckFailed(__FILE__, __LINE__, #condition); \
  } while (false)

#define MARTLET_CHECK_MSG(condition, detail)                                            \
  do {                                                                                  \
    if (!(condition)) ::martlet::CheckFailed(__FILE__, __LINE__, #condition, (detail)); \
  } while (false)
