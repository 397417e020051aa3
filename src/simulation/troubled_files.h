#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/files.h"

namespace martlet::simulation {

/// A disk between the server and its files that may refuse, or be where the server dies.
class TroubledFiles final : public Files {
 public:
  struct Trouble {
    /// Before what changes the disk or reads bytes: an error makes the call fail with it, without
    /// any effect. May throw. `call` is "read", "create", "rename", "sync".
    std::function<Status(const char* call)> before;
    /// True: syncs do nothing and say that they did: the bug of whoever forgets to sync.
    std::function<bool()> lies;
  };

  /// Borrows `inner`.
  TroubledFiles(Files& inner, Trouble trouble) : inner_(inner), trouble_(std::move(trouble)) {}

  Result<std::string> ReadAll(const std::string& path, std::uint64_t bytes_max) override {
    if (Status s = trouble_.before("read"); !s) return Forward(s);
    return inner_.ReadAll(path, bytes_max);
  }
  Result<std::unique_ptr<ReadableFile>> Open(const std::string& path) override {
    if (Status s = trouble_.before("read"); !s) return Forward(s);
    return inner_.Open(path);
  }
  Result<std::unique_ptr<WritableFile>> Create(const std::string& path) override {
    if (Status s = trouble_.before("create"); !s) return Forward(s);
    return inner_.Create(path);
  }
  Result<std::unique_ptr<WritableFile>> OpenAppend(const std::string& path) override {
    if (Status s = trouble_.before("create"); !s) return Forward(s);
    return inner_.OpenAppend(path);
  }
  Status Rename(const std::string& from, const std::string& to) override {
    if (Status s = trouble_.before("rename"); !s) return s;
    return inner_.Rename(from, to);
  }
  Status RenameNew(const std::string& from, const std::string& to) override {
    if (Status s = trouble_.before("rename"); !s) return s;
    return inner_.RenameNew(from, to);
  }
  Status Remove(const std::string& path) override { return inner_.Remove(path); }
  Status RemoveTree(const std::string& path) override { return inner_.RemoveTree(path); }
  Status MakeDirectories(const std::string& path) override { return inner_.MakeDirectories(path); }
  void ScatterChildren(const std::string& path) override { inner_.ScatterChildren(path); }
  Status SyncDirectory(const std::string& path) override {
    if (trouble_.lies()) return {};
    if (Status s = trouble_.before("sync"); !s) return s;
    return inner_.SyncDirectory(path);
  }
  Status SyncFile(const std::string& path) override {
    if (trouble_.lies()) return {};
    if (Status s = trouble_.before("sync"); !s) return s;
    return inner_.SyncFile(path);
  }
  Result<std::optional<FileInfo>> Stat(const std::string& path) override {
    return inner_.Stat(path);
  }
  Result<std::vector<FileInfo>> List(const std::string& path) override { return inner_.List(path); }

 private:
  Files& inner_;
  const Trouble trouble_;
};

}  // namespace martlet::simulation
