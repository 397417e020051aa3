#include "keeper/loop.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/check.h"

namespace martlet::keeper {

Loop::Loop(const Clock& clock) : clock_(clock), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  MARTLET_CHECK(epoll_.ok());
}

void Loop::Watch(int fd, std::uint32_t events, Callback ready) {
  epoll_event entry{};
  entry.events = events;
  entry.data.fd = fd;
  const bool known = watches_.contains(fd);
  MARTLET_CHECK(::epoll_ctl(epoll_.get(), known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &entry) == 0);
  watches_[fd] = std::make_shared<Callback>(std::move(ready));
}

void Loop::Unwatch(int fd) {
  if (watches_.erase(fd) > 0) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

std::uint64_t Loop::After(Nanos delay, Callback due) {
  const std::uint64_t ticket = next_ticket_++;
  timers_.emplace(std::pair(clock_.Steady() + delay, ticket), std::move(due));
  return ticket;
}

void Loop::Cancel(std::uint64_t ticket) {
  std::erase_if(timers_, [ticket](const auto& timer) { return timer.first.second == ticket; });
}

int Loop::TimeoutMillis() const {
  if (timers_.empty()) return -1;
  const Nanos left = timers_.begin()->first.first - clock_.Steady();
  if (left <= Nanos(0)) return 0;
  // Rounded up, or the loop would spin through the last millisecond.
  constexpr std::int64_t kHour = 3'600'000;
  return static_cast<int>(std::min<std::int64_t>(left.count() / 1'000'000 + 1, kHour));
}

void Loop::RunTimers() {
  const Nanos now = clock_.Steady();
  while (!timers_.empty() && timers_.begin()->first.first <= now) {
    const Callback due = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    due();
  }
}

void Loop::Run() {
  std::array<epoll_event, 64> ready{};
  while (!stopped_) {
    const int count =
        ::epoll_wait(epoll_.get(), ready.data(), static_cast<int>(ready.size()), TimeoutMillis());
    MARTLET_CHECK(count >= 0 || errno == EINTR);
    for (int i = 0; i < count; ++i) {
      // An earlier callback of this round may have unwatched it.
      const auto found = watches_.find(ready[static_cast<std::size_t>(i)].data.fd);
      if (found == watches_.end()) continue;
      const std::shared_ptr<Callback> callback = found->second;
      (*callback)();
    }
    RunTimers();
  }
}

}  // namespace martlet::keeper
