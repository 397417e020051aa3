#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/result.h"
#include "keeper/descriptor.h"
#include "keeper/protocol.h"

namespace martlet::keeper {

/// The server's end of one connection to the keeper. Thread-safe. Replies are matched by id, so
/// many calls may be under way; events go to the callback, on the reader's thread.
///
/// A connection that broke stays broken (every call answers UNAVAILABLE): make a new client. After
/// UNAVAILABLE or DEADLINE_EXCEEDED a start may or may not have happened; repeating it is safe.
class Client {
 public:
  using OnEvent = std::function<void(Event)>;
  using OnClosed = std::function<void()>;

  /// Connects to `directory`/keeper.sock. UNAVAILABLE when nobody answers there, PERMISSION_DENIED
  /// when the keeper is another user's. Callbacks run on the reader's thread and must not destroy
  /// the client.
  static Result<std::unique_ptr<Client>> Connect(const std::string& directory, OnEvent event,
                                                 OnClosed closed);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Sends a request and waits for its reply, at most kReplyTimeout. A reply's error is returned
  /// as the result's.
  Result<Reply> Call(decltype(Request::body) body);

  [[nodiscard]] bool Connected() const;

 private:
  Client(Descriptor socket, OnEvent event, OnClosed closed);
  void ReadLoop();
  void OnLine(const std::string& line);
  Status SendLine(const std::string& line);

  Descriptor socket_;
  OnEvent event_;
  OnClosed closed_;
  std::mutex send_mutex_;
  mutable std::mutex mutex_;
  std::condition_variable replied_;
  std::map<std::uint64_t, std::optional<Reply>> pending_;  // guarded by mutex_
  std::uint64_t next_id_ = 1;                              // guarded by mutex_
  bool connected_ = true;                                  // guarded by mutex_
  std::thread reader_;
};

}  // namespace martlet::keeper
