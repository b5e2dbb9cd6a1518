// A network namespace whose only link to ours delays every packet: two TUN devices with this program between them.
//   delay_link NETWORK          first three numbers of an unused network: "198.18.7" gives .1 here and .2 in there
// Many kernels have no netem; this needs only TUN, so figures of different machines come from the same link. TCP, its
// handshakes and its windows are the kernel's; segments of up to 64 KiB cross the link whole, as on a virtual machine's
// network card. It neither loses nor reorders packets, and only this program limits the bandwidth.
// It prints one line of JSON with its process id (its namespace is the one to enter) and then answers lines of its
// standard input: "delay MICROSECONDS" (each way, for packets from then on) and "count" (bytes of IP so far). At the end
// of its input it ends, and the kernel removes devices and namespace, whatever ended it.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <deque>
#include <string>
#include <vector>

namespace {

/// struct virtio_net_hdr before each packet; its header file is not valid C++.
constexpr std::size_t header_size = 10;
constexpr std::size_t largest_packet = header_size + 65536;
/// The most that one direction may hold; further packets are dropped, as a router does.
constexpr std::size_t largest_queue = 256 << 20;

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "delay_link: %s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(2);
}

std::int64_t now() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1'000'000'000LL + t.tv_nsec;
}

void set_address(ifreq& request, const std::string& text) {
  sockaddr_in a{};
  a.sin_family = AF_INET;
  ::inet_pton(AF_INET, text.c_str(), &a.sin_addr);
  std::memcpy(&request.ifr_addr, &a, sizeof a);
}

void raise_interface(ifreq& request, const std::string& name, int s) {
  if (::ioctl(s, SIOCGIFFLAGS, &request) != 0) fail(name + ": flags");
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  if (::ioctl(s, SIOCSIFFLAGS, &request) != 0) fail(name + ": up");
}

/// A device in the current namespace, up and with an address.
int make_device(const std::string& name, const std::string& address) {
  const int fd = ::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) fail("/dev/net/tun");
  ifreq request{};
  request.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR;
  std::strncpy(request.ifr_name, name.c_str(), IFNAMSIZ - 1);
  if (::ioctl(fd, TUNSETIFF, &request) != 0) fail(name + ": TUNSETIFF");
  if (::ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4) != 0) fail(name + ": TUNSETOFFLOAD");
  const int s = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (s < 0) fail("socket");
  set_address(request, address);
  if (::ioctl(s, SIOCSIFADDR, &request) != 0) fail(name + ": address " + address);
  set_address(request, "255.255.255.252");
  if (::ioctl(s, SIOCSIFNETMASK, &request) != 0) fail(name + ": netmask");
  request.ifr_qlen = 10'000;
  if (::ioctl(s, SIOCSIFTXQLEN, &request) != 0) fail(name + ": queue length");
  raise_interface(request, name, s);
  ::close(s);
  return fd;
}

struct packet {
  std::int64_t due;
  std::vector<char> bytes;
};

/// Packets on their way from one device to the other.
class direction {
 public:
  direction(int from, int to) : from_(from), to_(to) {}

  void take(std::int64_t delay) {
    // Bounded, so that a flood in one direction does not stop the other.
    for (int i = 0; i < 64; ++i) {
      const ssize_t got = ::read(from_, buffer_.data(), buffer_.size());
      if (got <= 0) return;
      if (static_cast<std::size_t>(got) <= header_size || held_ > largest_queue) continue;
      const auto size = static_cast<std::size_t>(got);
      count_ += size - header_size;
      held_ += size;
      queue_.push_back({now() + delay, {buffer_.data(), buffer_.data() + size}});
    }
  }
  void give() {
    while (!queue_.empty() && queue_.front().due <= now()) {
      // A full device drops the packet, and TCP sends it again.
      [[maybe_unused]] const ssize_t ignored = ::write(to_, queue_.front().bytes.data(), queue_.front().bytes.size());
      held_ -= queue_.front().bytes.size();
      queue_.pop_front();
    }
  }
  /// Nanoseconds until the next packet is due; -1 when none is held.
  std::int64_t next() const {
    return queue_.empty() ? -1 : std::max<std::int64_t>(0, queue_.front().due - now());
  }
  std::uint64_t count() const { return count_; }

 private:
  int from_;
  int to_;
  std::array<char, largest_packet> buffer_;
  std::deque<packet> queue_;
  std::size_t held_ = 0;
  std::uint64_t count_ = 0;
};

/// One line of the standard input; false at its end.
bool obey(std::int64_t& delay, const direction& out, const direction& in) {
  char line[128];
  const ssize_t got = ::read(0, line, sizeof line - 1);
  if (got <= 0) return false;
  line[got] = '\0';
  long microseconds = 0;
  if (std::sscanf(line, "delay %ld", &microseconds) == 1) delay = microseconds * 1000;
  std::printf("{\"to_client\": %llu, \"to_daemon\": %llu}\n", static_cast<unsigned long long>(in.count()),
              static_cast<unsigned long long>(out.count()));
  std::fflush(stdout);
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: delay_link NETWORK\n");
    return 2;
  }
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::setpriority(PRIO_PROCESS, 0, -10);  // a packet that we forward late makes the link longer
  const std::string network = argv[1];
  const std::string name = "pbl" + std::to_string(::getpid());
  const int here = make_device(name, network + ".1");
  if (::unshare(CLONE_NEWNET) != 0) fail("a new network namespace");
  const int there = make_device(name, network + ".2");
  static direction in(here, there);
  static direction out(there, here);
  std::printf("{\"pid\": %d, \"here\": \"%s.1\", \"there\": \"%s.2\"}\n", ::getpid(), network.c_str(), network.c_str());
  std::fflush(stdout);
  std::int64_t delay = 0;
  while (true) {
    std::int64_t wait = in.next();
    if (out.next() >= 0 && (wait < 0 || out.next() < wait)) wait = out.next();
    const timespec limit{wait / 1'000'000'000, wait % 1'000'000'000};
    pollfd fds[] = {{here, POLLIN, 0}, {there, POLLIN, 0}, {0, POLLIN, 0}};
    if (::ppoll(fds, 3, wait < 0 ? nullptr : &limit, nullptr) < 0 && errno != EINTR) fail("poll");
    if (fds[0].revents != 0) in.take(delay);
    if (fds[1].revents != 0) out.take(delay);
    in.give();
    out.give();
    if (fds[2].revents != 0 && !obey(delay, out, in)) return 0;
  }
}
