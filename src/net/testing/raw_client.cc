#include "net/testing/raw_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cctype>
#include <cstdlib>

namespace martlet::net::testing {

RawClient::RawClient(std::uint16_t port) {
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const timeval patience{.tv_sec = 10, .tv_usec = 0};
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  if (connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    close(fd_);
    fd_ = -1;
  }
}

RawClient::~RawClient() {
  if (fd_ >= 0) close(fd_);
}

bool RawClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool RawClient::Fill() {
  char part[65536];
  const ssize_t size = recv(fd_, part, sizeof(part), 0);
  if (size <= 0) return false;
  buffer_.append(part, static_cast<std::size_t>(size));
  return true;
}

RawClient::Response RawClient::Receive(bool head_only) {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!Fill()) return {};
  }
  const std::string head = buffer_.substr(0, end + 2);
  buffer_.erase(0, end + 4);
  Response response;
  const int status = std::atoi(head.c_str() + std::string_view("HTTP/1.1 ").size());
  for (std::size_t line = head.find("\r\n") + 2; line < head.size();) {
    const std::size_t line_end = head.find("\r\n", line);
    const std::size_t colon = head.find(':', line);
    std::string name = head.substr(line, colon - line);
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    response.headers[name] = head.substr(colon + 2, line_end - colon - 2);
    line = line_end + 2;
  }
  const auto length = response.headers.find("content-length");
  if (!head_only && length != response.headers.end()) {
    const std::size_t wanted = std::strtoull(length->second.c_str(), nullptr, 10);
    while (buffer_.size() < wanted) {
      if (!Fill()) return {};
    }
    response.body = buffer_.substr(0, wanted);
    buffer_.erase(0, wanted);
  }
  response.status = status;
  return response;
}

RawClient::Response RawClient::Get(std::string_view target, std::string_view verb,
                                   std::string_view more_headers, std::string_view host) {
  std::string request;
  request.append(verb).append(" ").append(target).append(" HTTP/1.1\r\nHost: ");
  request.append(host).append("\r\n").append(more_headers).append("\r\n");
  Send(request);
  return Receive(verb == "HEAD");
}

bool RawClient::WaitForClose() {
  char part[4096];
  ssize_t size = 0;
  while ((size = recv(fd_, part, sizeof(part), 0)) > 0) {
  }
  return size == 0 || errno == ECONNRESET;
}

void RawClient::EndSending() { shutdown(fd_, SHUT_WR); }

}  // namespace martlet::net::testing
