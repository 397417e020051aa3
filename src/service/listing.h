#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/store.h"

/// Pages of lists. A token is the decimal offset of the next row: clients make them up, so it must
/// stay one (admin contract §2.4). An offset makes the store walk over the rows before it; the
/// position of a (query, offset) pair may be remembered here one day without anybody noticing.
namespace martlet::service {

struct Page {
  std::size_t offset = 0;
  std::size_t limit = 0;  ///< 0: every row there is, up to the bounds below
};

/// `limit` must not be zero ("invalid value for limit").
[[nodiscard]] Status CheckLimit(std::uint32_t limit);

/// Empty means from the start. INVALID_ARGUMENT "invalid pagination token x for <rpc>"; without
/// `rpc` the text ends after the token.
[[nodiscard]] Result<std::size_t> ParseToken(std::string_view token, std::string_view rpc);

/// Adds a row to the reply and returns by how many bytes it grew.
using EmitRow = std::function<Result<std::size_t>(const store::Row&)>;

/// Reads a page of `query` in slices. Returns the reply's token: the next offset if the page was
/// filled, else nothing. A page may be filled by the very last row; the next one is then empty, as
/// in Flyte. A page ends early, with a token, at kListBytesMax or kScanRowsMax: a client that asks
/// for a million rows gets them in pieces.
[[nodiscard]] Result<std::string> ListRows(store::Reader& reader, store::Query query,
                                           const Page& page, const EmitRow& emit);

}  // namespace martlet::service
