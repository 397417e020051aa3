#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/result.h"
#include "keeper/attempts.h"
#include "keeper/connection.h"
#include "keeper/descriptor.h"
#include "keeper/loop.h"

namespace martlet::keeper {

/// Where a keeper lives and what it is made of.
struct ServiceOptions {
  std::string directory;      ///< the data directory's `keeper`, mode 0700
  std::string zygote_script;  ///< path; empty: the script inside the binary, written to `directory`
  bool allow_cgroups = true;
  Nanos idle_timeout = std::chrono::seconds(60);
  /// Handed over by an upgrade in place; -1: none.
  int listen_fd = -1;
  int lock_fd = -1;
};

/// The keeper as a process: lock, socket, connections, signals. Not thread-safe.
class Service {
 public:
  explicit Service(ServiceOptions options);
  ~Service();

  /// Takes the lock, adopts what is there, listens. ALREADY_EXISTS when another keeper has this
  /// directory.
  Status Open();

  /// Serves until it is idle or told to stop. Does not return from an upgrade.
  void Run();

 private:
  Status Lock();
  Status Listen();
  Status WriteScript();
  void OnAccept();
  void OnSignal();
  void OnLine(Connection& connection, const std::string& line);
  Reply Answer(Connection& connection, const Request& request);
  Status Stop(const keeper::Stop& stop);
  Status Upgrade(const std::string& program);
  void Replay(Connection& connection);
  void Broadcast(const AttemptState& state);
  void WatchIdle();
  [[nodiscard]] Welcome MakeWelcome() const;

  ServiceOptions options_;
  SystemClock clock_;
  PosixFiles files_;
  Loop loop_;
  Timestamp started_at_;
  Descriptor lock_;
  Descriptor listener_;
  Descriptor signals_;
  RecordStore records_;
  Containment containment_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::unique_ptr<Attempts> attempts_;
  std::uint64_t idle_timer_ = 0;
  bool stopping_ = false;
};

}  // namespace martlet::keeper
