#include "keeper/connection.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "base/limits.h"

namespace martlet::keeper {

Connection::Connection(Loop& loop, Descriptor socket, OnLine line, OnClosed closed)
    : loop_(loop), socket_(std::move(socket)), line_(std::move(line)), closed_(std::move(closed)) {
  Watch();
}

Connection::~Connection() { loop_.Unwatch(socket_.get()); }

void Connection::Watch() {
  const std::uint32_t events = out_.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT;
  loop_.Watch(socket_.get(), events, [this] { OnReady(); });
}

void Connection::OnReady() {
  Flush();
  if (!closing_) ReadLines();
  // Last, because it may destroy this object.
  if (closing_) closed_(*this);
}

void Connection::ReadLines() {
  std::array<char, 65536> buffer;
  const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return Close();
  in_.append(buffer.data(), static_cast<std::size_t>(got));
  std::size_t begin = 0;
  for (std::size_t end; !closing_ && (end = in_.find('\n', begin)) != std::string::npos;
       begin = end + 1) {
    line_(*this, in_.substr(begin, end - begin));
  }
  in_.erase(0, begin);
  if (in_.size() > limits::kKeeperLineBytesMax) Close();
}

void Connection::Send(const std::string& line) {
  if (closing_) return;
  const bool was_empty = out_.empty();
  out_ += line;
  out_ += '\n';
  if (was_empty) Flush();
  if (!out_.empty()) Watch();
}

void Connection::Flush() {
  std::size_t begin = 0;
  while (begin < out_.size()) {
    const ssize_t sent = ::send(socket_.get(), out_.data() + begin, out_.size() - begin,
                                MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      begin += static_cast<std::size_t>(sent);
    } else if (errno != EINTR) {
      if (errno != EAGAIN) Close();
      break;
    }
  }
  const bool had = !out_.empty();
  out_.erase(0, begin);
  if (out_.size() > limits::kKeeperOutboxBytesMax) Close();
  if (had && out_.empty() && !closing_) Watch();
}

/// The loop notices and calls back; a connection is never destroyed from inside Send.
void Connection::Close() {
  closing_ = true;
  ::shutdown(socket_.get(), SHUT_RDWR);
}

}  // namespace martlet::keeper
