#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/files.h"

namespace martlet::simulation {

/// A disk that says "synced" and does nothing: the bug of whoever forgets to sync.
class LyingFiles final : public Files {
 public:
  explicit LyingFiles(Files& inner) : inner_(inner) {}

  Result<std::string> ReadAll(const std::string& path, std::uint64_t bytes_max) override {
    return inner_.ReadAll(path, bytes_max);
  }
  Result<std::unique_ptr<ReadableFile>> Open(const std::string& path) override {
    return inner_.Open(path);
  }
  Result<std::unique_ptr<WritableFile>> Create(const std::string& path) override {
    return inner_.Create(path);
  }
  Result<std::unique_ptr<WritableFile>> OpenAppend(const std::string& path) override {
    return inner_.OpenAppend(path);
  }
  Status Rename(const std::string& from, const std::string& to) override {
    return inner_.Rename(from, to);
  }
  Status RenameNew(const std::string& from, const std::string& to) override {
    return inner_.RenameNew(from, to);
  }
  Status Remove(const std::string& path) override { return inner_.Remove(path); }
  Status RemoveTree(const std::string& path) override { return inner_.RemoveTree(path); }
  Status MakeDirectories(const std::string& path) override { return inner_.MakeDirectories(path); }
  Status SyncDirectory(const std::string&) override { return {}; }
  Status SyncFile(const std::string&) override { return {}; }
  Result<std::optional<FileInfo>> Stat(const std::string& path) override {
    return inner_.Stat(path);
  }
  Result<std::vector<FileInfo>> List(const std::string& path) override { return inner_.List(path); }

 private:
  Files& inner_;
};

}  // namespace martlet::simulation
