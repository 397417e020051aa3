#include "store/record_digest.h"

#include "base/digest.h"
#include "base/match.h"

namespace martlet::store {
namespace {

constexpr std::string_view kDomain = "martlet.record.v1";

void AppendNumber(std::string& bytes, std::uint64_t number) {
  for (int i = 0; i < 8; ++i, number >>= 8) bytes.push_back(static_cast<char>(number & 0xff));
}

void AppendText(std::string& bytes, std::string_view text) {
  AppendNumber(bytes, text.size());
  bytes += text;
}

}  // namespace

Bytes DigestOfCells(std::string_view table, const Cells& cells) {
  std::string bytes(kDomain);
  AppendText(bytes, table);
  for (const Cell& cell : cells) {
    if (IsNull(cell.value)) continue;
    AppendText(bytes, cell.column);
    std::visit(Match{[](const Null&) {},
                     [&](std::int64_t number) {
                       bytes.push_back('i');
                       AppendNumber(bytes, static_cast<std::uint64_t>(number));
                     },
                     [&](const std::string& text) {
                       bytes.push_back('t');
                       AppendText(bytes, text);
                     },
                     [&](const Bytes& blob) {
                       bytes.push_back('b');
                       AppendText(bytes, blob.data);
                     }},
               cell.value);
  }
  return Bytes{Sha256(bytes)};
}

}  // namespace martlet::store
