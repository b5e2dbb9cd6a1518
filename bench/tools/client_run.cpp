// Runs a client, one or several copies at once, and prints what the kernel accounted for it, as one line of JSON.
//   client_run [--netns PATH] [--copies N] [--stdin FILE] [--log FILE] [--limit SECONDS] -- COMMAND [ARGUMENT…]
// "{}" in FILE and ARGUMENT is the number of the copy. The kernel never reports a lower peak of memory than that of the
// process that started it, so clients are started by this small program and not by Python.
// Clients do not outlive it, and it does not outlive its parent.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

struct options {
  std::string netns;
  std::string input = "/dev/null";
  std::string log = "/dev/null";
  int copies = 1;
  unsigned limit = 3600;
  std::vector<std::string> command;
};

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "client_run: %s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(2);
}

std::string numbered(std::string text, int copy) {
  const auto at = text.find("{}");
  if (at != std::string::npos) text.replace(at, 2, std::to_string(copy));
  return text;
}

options parse(int argc, char** argv) {
  options o;
  int i = 1;
  for (; i < argc && std::strcmp(argv[i], "--") != 0; i += 2) {
    const std::string flag = argv[i];
    if (i + 1 == argc) break;
    const char* value = argv[i + 1];
    if (flag == "--netns") o.netns = value;
    else if (flag == "--stdin") o.input = value;
    else if (flag == "--log") o.log = value;
    else if (flag == "--copies") o.copies = std::atoi(value);
    else if (flag == "--limit") o.limit = static_cast<unsigned>(std::atoi(value));
    else break;
  }
  if (i >= argc || std::strcmp(argv[i], "--") != 0 || i + 1 == argc || o.copies < 1) {
    std::fprintf(stderr, "client_run: see the first lines of bench/tools/client_run.cpp\n");
    std::exit(2);
  }
  o.command.assign(argv + i + 1, argv + argc);
  return o;
}

void redirect(const std::string& file, int flags, int target) {
  const int fd = ::open(file.c_str(), flags | O_CLOEXEC, 0644);
  if (fd < 0 || ::dup2(fd, target) < 0) fail(file);
}

[[noreturn]] void become(const options& o, int copy) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::setsid();  // a terminal that is given as log becomes the controlling one, as it is for people
  redirect(numbered(o.input, copy), O_RDONLY, 0);
  redirect(numbered(o.log, copy), O_WRONLY | O_CREAT | O_TRUNC, 1);
  if (::dup2(1, 2) < 0) std::_Exit(127);
  std::vector<std::string> words;
  std::vector<char*> argv;
  for (const std::string& word : o.command) words.push_back(numbered(word, copy));
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::execvp(argv[0], argv.data());
  std::fprintf(stderr, "%s: %s\n", argv[0], std::strerror(errno));
  std::_Exit(127);
}

double seconds(const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; }

}  // namespace

int main(int argc, char** argv) {
  const options o = parse(argc, argv);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (!o.netns.empty()) {
    const int fd = ::open(o.netns.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0 || ::setns(fd, CLONE_NEWNET) != 0) fail(o.netns);
  }
  ::alarm(o.limit);  // ends this program, and with it the clients
  const auto start = std::chrono::steady_clock::now();
  for (int copy = 0; copy < o.copies; ++copy) {
    const pid_t pid = ::fork();
    if (pid < 0) fail("fork");
    if (pid == 0) become(o, copy);
  }
  double user = 0;
  double system = 0;
  long largest = 0;
  int worst = 0;
  for (int copy = 0; copy < o.copies; ++copy) {
    int status = 0;
    rusage used{};
    if (::wait4(-1, &status, 0, &used) < 0) fail("wait4");
    user += seconds(used.ru_utime);
    system += seconds(used.ru_stime);
    largest = std::max(largest, used.ru_maxrss);
    worst = std::max(worst, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  }
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  std::printf("{\"wall\": %.6f, \"user\": %.6f, \"system\": %.6f, \"rss_kib\": %ld, \"exit\": %d}\n", wall.count(), user,
              system, largest, worst);
  return 0;
}
