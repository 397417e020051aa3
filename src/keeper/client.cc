#include "keeper/client.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/limits.h"
#include "base/match.h"

namespace martlet::keeper {
namespace {

tl::unexpected<Error> Unavailable(const std::string& why) {
  return SystemError(Code::kUnavailable, "keeper: " + why);
}

}  // namespace

Result<std::unique_ptr<Client>> Client::Connect(const std::string& directory, OnEvent event,
                                                OnClosed closed) {
  const Descriptor home(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!home.ok()) return Unavailable("open " + directory + ": " + std::strerror(errno));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // Socket paths are bounded to 108 bytes; through the descriptor every path is short.
  const std::string path = "/proc/self/fd/" + std::to_string(home.get()) + "/keeper.sock";
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.ok() ||
      ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return Unavailable("connect to " + directory + "/keeper.sock: " + std::strerror(errno));
  }
  // The keeper would close the connection without a word.
  ucred peer{};
  socklen_t length = sizeof peer;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 &&
      peer.uid != ::geteuid()) {
    return UserError(Code::kPermissionDenied,
                     "keeper: the one of " + directory + " belongs to user " +
                         std::to_string(peer.uid) + " and serves nobody else; this is user " +
                         std::to_string(::geteuid()) + ". Run the command as that user.");
  }
  return std::unique_ptr<Client>(
      new Client(std::move(socket), std::move(event), std::move(closed)));
}

Client::Client(Descriptor socket, OnEvent event, OnClosed closed)
    : socket_(std::move(socket)), event_(std::move(event)), closed_(std::move(closed)) {
  reader_ = std::thread([this] { ReadLoop(); });
}

Client::~Client() {
  ::shutdown(socket_.get(), SHUT_RDWR);
  reader_.join();
}

bool Client::Connected() const {
  const std::lock_guard lock(mutex_);
  return connected_;
}

Result<Reply> Client::Call(decltype(Request::body) body) {
  std::uint64_t id = 0;
  {
    const std::lock_guard lock(mutex_);
    if (!connected_) return Unavailable("the connection is gone");
    id = next_id_++;
    pending_[id] = std::nullopt;
  }
  const std::string line = Encode(Request{id, std::move(body)});
  if (line.size() >= limits::kKeeperLineBytesMax) {
    const std::lock_guard lock(mutex_);
    pending_.erase(id);
    return SystemError(Code::kInvalidArgument,
                       "keeper: arguments and environment of a task are too large");
  }
  const Status sent = SendLine(line);
  std::unique_lock lock(mutex_);
  // The reader will notice too, but the caller should not find this client good until then.
  if (!sent) connected_ = false;
  const bool answered = sent && replied_.wait_for(lock, kReplyTimeout, [&] {
    return pending_[id].has_value() || !connected_;
  });
  const auto found = pending_.extract(id);
  if (found.mapped().has_value()) {
    Reply reply = std::move(*found.mapped());
    if (reply.error) return tl::unexpected<Error>(*reply.error);
    return reply;
  }
  if (!sent) return Forward(sent);
  if (!answered) {
    return SystemError(Code::kDeadlineExceeded, "keeper: no answer within 10 s");
  }
  return Unavailable("the connection broke");
}

Status Client::SendLine(const std::string& line) {
  const std::lock_guard lock(send_mutex_);
  const std::string text = line + '\n';
  for (std::size_t begin = 0; begin < text.size();) {
    const ssize_t sent =
        ::send(socket_.get(), text.data() + begin, text.size() - begin, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return Unavailable(std::string("send: ") + std::strerror(errno));
    begin += static_cast<std::size_t>(sent);
  }
  return {};
}

void Client::ReadLoop() {
  std::string in;
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0 || in.size() > limits::kKeeperOutboxBytesMax) break;
    in.append(buffer.data(), static_cast<std::size_t>(got));
    std::size_t begin = 0;
    for (std::size_t end; (end = in.find('\n', begin)) != std::string::npos; begin = end + 1) {
      OnLine(in.substr(begin, end - begin));
    }
    in.erase(0, begin);
  }
  {
    const std::lock_guard lock(mutex_);
    connected_ = false;
  }
  replied_.notify_all();
  if (closed_) closed_();
}

void Client::OnLine(const std::string& line) {
  auto answer = DecodeAnswer(line);
  if (!answer) {
    // Nothing can be matched any more.
    ::shutdown(socket_.get(), SHUT_RDWR);
    return;
  }
  std::visit(Match{[&](Reply& reply) {
                     const std::lock_guard lock(mutex_);
                     const auto pending = pending_.find(reply.id);
                     if (pending == pending_.end()) return;
                     pending->second = std::move(reply);
                     replied_.notify_all();
                   },
                   [&](Event& event) {
                     if (event_) event_(std::move(event));
                   }},
             *answer);
}

}  // namespace martlet::keeper
