// Stands between a client and a unix socket and counts the bytes of each direction.
//   relay LISTEN TARGET
// Prints "ready" when LISTEN can be connected to. At the end of its standard input it prints the counts as one line of
// JSON, removes LISTEN and ends.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

namespace {

std::atomic<std::uint64_t> to_daemon{0};
std::atomic<std::uint64_t> to_client{0};
std::atomic<std::uint64_t> connections{0};

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "relay: %s: %s\n", what, std::strerror(errno));
  std::exit(2);
}

sockaddr_un address(const char* path) {
  sockaddr_un a{};
  a.sun_family = AF_UNIX;
  if (std::strlen(path) >= sizeof a.sun_path) {
    errno = ENAMETOOLONG;
    fail(path);
  }
  std::strcpy(a.sun_path, path);
  return a;
}

/// Until the end of `from`, which is passed on as a half-close.
void pump(int from, int to, std::atomic<std::uint64_t>& count) {
  std::vector<char> buffer(256 << 10);
  while (true) {
    const ssize_t got = ::read(from, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    count += static_cast<std::uint64_t>(got);
    for (ssize_t done = 0; done < got;) {
      const ssize_t put = ::send(to, buffer.data() + done, static_cast<std::size_t>(got - done), MSG_NOSIGNAL);
      if (put < 0 && errno == EINTR) continue;
      if (put <= 0) {
        ::shutdown(from, SHUT_RDWR);
        return;
      }
      done += put;
    }
  }
  ::shutdown(to, SHUT_WR);
}

void serve(int client, const char* target) {
  const int daemon = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un a = address(target);
  if (daemon >= 0 && ::connect(daemon, reinterpret_cast<const sockaddr*>(&a), sizeof a) == 0) {
    std::thread back([=] { pump(daemon, client, to_client); });
    pump(client, daemon, to_daemon);
    back.join();
  }
  if (daemon >= 0) ::close(daemon);
  ::close(client);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: relay LISTEN TARGET\n");
    return 2;
  }
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un a = address(argv[1]);
  ::unlink(argv[1]);
  if (listener < 0 || ::bind(listener, reinterpret_cast<const sockaddr*>(&a), sizeof a) != 0 || ::listen(listener, 64) != 0)
    fail(argv[1]);
  std::printf("ready\n");
  std::fflush(stdout);
  std::thread([=] {
    while (true) {
      const int client = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) continue;
      ++connections;
      std::thread(serve, client, argv[2]).detach();
    }
  }).detach();
  char ignored[64];
  while (::read(0, ignored, sizeof ignored) > 0) {
  }
  std::printf("{\"connections\": %llu, \"to_daemon\": %llu, \"to_client\": %llu}\n",
              static_cast<unsigned long long>(connections), static_cast<unsigned long long>(to_daemon),
              static_cast<unsigned long long>(to_client));
  std::fflush(stdout);
  ::unlink(argv[1]);
  std::_Exit(0);  // does not wait for the threads, which may be blocked in a read
}
