#include "service/listing.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "service/request_checks.h"

namespace martlet::service {

Status CheckLimit(std::uint32_t limit) {
  if (limit == 0) return InvalidField("limit");
  return {};
}

Result<std::size_t> ParseToken(std::string_view token, std::string_view rpc) {
  if (token.empty()) return 0;
  std::string_view digits = token;
  if (digits.front() == '+') digits.remove_prefix(1);
  std::int64_t offset = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), offset);
  if (error != std::errc() || end != digits.data() + digits.size() || offset < 0) {
    std::string text = "invalid pagination token " + std::string(token);
    if (!rpc.empty()) text += " for " + std::string(rpc);
    return UserError(Code::kInvalidArgument, std::move(text));
  }
  return static_cast<std::size_t>(offset);
}

namespace {

/// Where the columns that say where a row stands in the order are among the cells of a row. Selects
/// the missing ones behind the others.
std::vector<std::size_t> SelectPosition(store::Query& query) {
  std::vector<std::size_t> cells;
  for (const store::Order& one : store::FullOrder(query)) {
    if (query.select.empty()) {
      cells.push_back(*query.table->Find(one.column));
      continue;
    }
    auto found = std::find(query.select.begin(), query.select.end(), one.column);
    if (found == query.select.end()) found = query.select.insert(found, one.column);
    cells.push_back(static_cast<std::size_t>(found - query.select.begin()));
  }
  return cells;
}

}  // namespace

Result<std::string> ListRows(store::Reader& reader, store::Query query, const Page& page,
                             const EmitRow& emit) {
  const std::size_t wanted =
      page.limit == 0 ? limits::kScanRowsMax : std::min(page.limit, limits::kScanRowsMax);
  const std::vector<std::size_t> position = SelectPosition(query);
  query.offset = page.offset;
  std::size_t returned = 0;
  std::size_t bytes = 0;
  while (returned < wanted) {
    query.limit = std::min(limits::kListSliceRows, wanted - returned);
    const auto rows = reader.Scan(query);
    if (!rows) return Forward(rows);
    for (const store::Row& row : *rows) {
      const Result<std::size_t> added = emit(row);
      if (!added) return Forward(added);
      bytes += *added;
      ++returned;
      if (bytes >= limits::kListBytesMax) return std::to_string(page.offset + returned);
    }
    if (rows->size() < query.limit) return std::string();
    // The next slice begins behind this one's last row: no slice walks over the ones before it.
    query.offset = 0;
    query.after.clear();
    for (const std::size_t cell : position) query.after.push_back(rows->back()[cell]);
  }
  return std::to_string(page.offset + returned);
}

}  // namespace martlet::service
