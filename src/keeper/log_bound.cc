#include "keeper/log_bound.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "keeper/descriptor.h"

namespace martlet::keeper {
namespace {

constexpr std::uint64_t kBlock = 4096;

Descriptor OpenLog(const std::string& path, int flags) {
  return Descriptor(::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0600));
}

std::uint64_t SizeOf(const Descriptor& file) {
  struct stat status {};
  return file.ok() && ::fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode)
             ? static_cast<std::uint64_t>(status.st_size)
             : 0;
}

bool CopyRange(const Descriptor& from, const Descriptor& to, std::uint64_t begin,
               std::uint64_t end) {
  auto offset = static_cast<off_t>(begin);
  while (static_cast<std::uint64_t>(offset) < end) {
    const auto left = static_cast<std::size_t>(end - static_cast<std::uint64_t>(offset));
    if (::sendfile(to.get(), from.get(), &offset, left) <= 0) return false;
  }
  return true;
}

/// Length of the valid UTF-8 sequence at the beginning of `text`, 0 if there is none.
std::size_t SequenceLength(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  const std::size_t length = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead >= 0x80 && (lead < 0xC2 || lead > 0xF4)) return 0;
  if (text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  if ((lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xED && byte(1) >= 0xA0) ||
      (lead == 0xF0 && byte(1) < 0x90) || (lead == 0xF4 && byte(1) >= 0x90)) {
    return 0;
  }
  return length;
}

std::string ValidUtf8(std::string_view text) {
  std::string valid;
  while (!text.empty()) {
    const std::size_t length = SequenceLength(text);
    if (length == 0 || text[0] == '\0') {
      valid += "\xEF\xBF\xBD";
      text.remove_prefix(1);
    } else {
      valid += text.substr(0, length);
      text.remove_prefix(length);
    }
  }
  return valid;
}

}  // namespace

bool PunchLog(const std::string& path, std::uint64_t bytes_max) {
  const Descriptor file = OpenLog(path, O_RDWR);
  const std::uint64_t size = SizeOf(file);
  if (bytes_max == 0 || size <= bytes_max) return false;
  const std::uint64_t half = bytes_max / 2;
  const std::uint64_t begin = (half + kBlock - 1) / kBlock * kBlock;
  const std::uint64_t end = (size - half) / kBlock * kBlock;
  return end > begin &&
         ::fallocate(file.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                     static_cast<off_t>(begin), static_cast<off_t>(end - begin)) == 0;
}

void CompactLog(const std::string& path, std::uint64_t bytes_max) {
  const Descriptor file = OpenLog(path, O_RDONLY);
  const std::uint64_t size = SizeOf(file);
  if (bytes_max == 0 || size <= bytes_max) return;
  const std::uint64_t half = bytes_max / 2;
  const std::string temporary = path + ".tmp";
  ::unlink(temporary.c_str());
  const Descriptor compact = OpenLog(temporary, O_WRONLY | O_CREAT | O_EXCL);
  if (!compact.ok()) return;
  const std::string note =
      "\n[martlet: " + std::to_string(size - 2 * half) + " bytes were dropped here]\n";
  const bool written =
      CopyRange(file, compact, 0, half) &&
      ::write(compact.get(), note.data(), note.size()) == static_cast<ssize_t>(note.size()) &&
      CopyRange(file, compact, size - half, size);
  // A failure leaves the punched log, which is bounded too.
  if (!written || ::rename(temporary.c_str(), path.c_str()) != 0) ::unlink(temporary.c_str());
}

std::string LogTail(const std::string& path, std::size_t bytes_max) {
  const Descriptor file = OpenLog(path, O_RDONLY);
  const std::uint64_t size = SizeOf(file);
  const std::uint64_t begin = size > bytes_max ? size - bytes_max : 0;
  std::string text(static_cast<std::size_t>(size - begin), '\0');
  const ssize_t got = ::pread(file.get(), text.data(), text.size(), static_cast<off_t>(begin));
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  if (begin > 0) {
    const std::size_t line = text.find('\n');
    if (line != std::string::npos && line + 1 < text.size()) text.erase(0, line + 1);
  }
  std::string valid = ValidUtf8(text);
  // Replacements are longer than what they replace: the bound holds for the result too.
  if (valid.size() > bytes_max) valid.erase(0, valid.size() - bytes_max);
  while (!valid.empty() && (static_cast<unsigned char>(valid[0]) & 0xC0) == 0x80) valid.erase(0, 1);
  return valid;
}

}  // namespace martlet::keeper
