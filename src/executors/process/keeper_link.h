#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/result.h"
#include "keeper/client.h"
#include "keeper/protocol.h"

namespace martlet::executors {

struct KeeperLinkOptions {
  std::string directory;      ///< the keeper's own, DIR/keeper
  std::string program;        ///< martlet-keeper
  std::string zygote_script;  ///< path, empty: the one inside the program
  bool allow_cgroups = true;
  /// Interpreter to keep warm; an empty `python`: none.
  keeper::Prepare prepare;
};

/// The connection to the keeper, kept up: starts the keeper when nobody answers, greets it, makes
/// the interpreter ready, subscribes, and does it all again when the connection breaks.
/// Thread-safe.
class KeeperLink {
 public:
  using OnEvent = std::function<void(keeper::Event)>;

  /// Events come one at a time on the link's threads; after every reconnection all ended attempts
  /// come again.
  KeeperLink(KeeperLinkOptions options, OnEvent event);
  ~KeeperLink();

  /// Asks the keeper, connecting first if need be. UNAVAILABLE or DEADLINE_EXCEEDED when it cannot
  /// be reached: what was asked may or may not have happened. After a Stop the connection is made
  /// again only when somebody calls.
  Result<keeper::Reply> Call(decltype(keeper::Request::body) body);

 private:
  Result<keeper::Reply> CallStop(const keeper::Stop& stop);
  Status WaitUntilGone() const;
  Result<std::shared_ptr<keeper::Client>> Connected();
  Result<std::shared_ptr<keeper::Client>> ConnectOnce();
  Status Greet(keeper::Client& client);
  Status Launch() const;
  void StayConnected();

  KeeperLinkOptions options_;
  OnEvent event_;
  std::mutex connect_mutex_;  // one attempt to connect at a time
  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<keeper::Client> client_;  // guarded by mutex_
  bool wanted_ = false;                     // guarded by mutex_: somebody has called once
  bool stopping_ = false;                   // guarded by mutex_
  std::thread watcher_;
};

}  // namespace martlet::executors
