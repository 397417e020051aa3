#pragma once

#include <string>

namespace martlet::runtime {

/// Something stored that is not what it must be: where, what is wrong, what to do.
struct Finding {
  std::string table;   ///< "object" for files of the object store
  std::string key;     ///< cells of the primary key joined by '/', or the object's key
  std::string column;  ///< empty: the row or object as a whole
  std::string problem;
  std::string remedy;
  bool operator==(const Finding&) const = default;
};

}  // namespace martlet::runtime
