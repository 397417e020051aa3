#pragma once

#include <functional>
#include <string>

#include "keeper/descriptor.h"
#include "keeper/loop.h"

namespace martlet::keeper {

/// One client of the keeper: lines in, lines out, both bounded, never blocking. Not thread-safe.
class Connection {
 public:
  using OnLine = std::function<void(Connection&, const std::string&)>;
  using OnClosed = std::function<void(Connection&)>;

  /// `loop` is borrowed. `closed` is called once, from the loop, and may destroy the connection.
  Connection(Loop& loop, Descriptor socket, OnLine line, OnClosed closed);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Queues a line. A client that does not read is disconnected at kKeeperOutboxBytesMax.
  void Send(const std::string& line);

  bool subscribed = false;

 private:
  void OnReady();
  void ReadLines();
  void Flush();
  void Watch();
  void Close();

  Loop& loop_;
  Descriptor socket_;
  OnLine line_;
  OnClosed closed_;
  std::string in_;
  std::string out_;
  bool closing_ = false;
};

}  // namespace martlet::keeper
