#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace martlet {

void CheckFailed(const char* file, int line, const char* condition, std::string_view detail) {
  std::fprintf(stderr,
               "level=fatal event=invariant.broken at=%s:%d condition=\"%s\" detail=\"%.*s\"\n",
               file, line, condition, static_cast<int>(detail.size()), detail.data());
  std::fflush(stderr);
  std::abort();
}

}  // namespace martlet
