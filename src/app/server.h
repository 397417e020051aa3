#pragma once

#include <memory>
#include <string>

#include "app/settings.h"
#include "base/clock.h"
#include "base/result.h"

namespace martlet::app {

/// The whole of `martlet serve`: builds the object graph, runs it, takes it down in order. This is
/// the only place where rooms are wired together.
///
/// Data directory: `store/` (database), `objects/` (inputs, outputs, uploads, raw data), `keeper/`,
/// `work/`, `code/`, `logs/`, `url.key` (signs URLs), `server.json` (who serves, while it runs).
class Server {
 public:
  /// Opens everything and serves. Errors say which part and what to do; FAILED_PRECONDITION when
  /// another server owns the data directory or the database is of a newer version.
  static Result<std::unique_ptr<Server>> Start(const Settings& settings);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// "127.0.0.1:30080"
  [[nodiscard]] const std::string& address() const { return address_; }

  /// Finishes what is in progress, within `grace`. Tasks go on running. Idempotent.
  void Stop(Nanos grace);

 private:
  class Parts;
  Server();
  std::unique_ptr<Parts> parts_;
  std::string address_;
};

/// What `martlet stop` found and left.
struct Stopped {
  bool server = false;      ///< a server was running
  bool tasks_left = false;  ///< tasks go on under their keeper
};

/// `martlet stop`: ends the server of this data directory and its keeper; with `tasks`, the tasks
/// as well. Without it a keeper that has tasks stays with them. DEADLINE_EXCEEDED if the server
/// does not end in 30 s.
Result<Stopped> StopServer(const std::string& data, bool tasks);

}  // namespace martlet::app
