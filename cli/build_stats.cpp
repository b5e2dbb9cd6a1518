#include "cli/build_stats.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <boost/json.hpp>
#include <fstream>

#include "cli/summary.hpp"

namespace peelbox::cli {

namespace {

namespace json = boost::json;

std::chrono::microseconds to_time(const timeval& t) {
  return std::chrono::seconds(t.tv_sec) + std::chrono::microseconds(t.tv_usec);
}

double milliseconds(std::chrono::microseconds t) { return static_cast<double>(t.count()) / 1000; }

std::string short_time(std::chrono::microseconds t) {
  return t < std::chrono::seconds(1) ? fmt::format("{:.1f} ms", milliseconds(t))
                                     : human_time(std::chrono::duration_cast<std::chrono::milliseconds>(t));
}

}  // namespace

process_cost cost_so_far() {
  process_cost cost;
  rusage used{};
  if (getrusage(RUSAGE_SELF, &used) == 0) {
    cost.user = to_time(used.ru_utime);
    cost.system = to_time(used.ru_stime);
    cost.peak_memory = static_cast<std::uint64_t>(used.ru_maxrss) * 1024;
    cost.context_switches = static_cast<std::uint64_t>(used.ru_nvcsw + used.ru_nivcsw);
  }
  std::ifstream io("/proc/self/io");
  std::string key;
  for (std::uint64_t value = 0; io >> key >> value;) {
    if (key == "syscr:") cost.read_calls = value;
    if (key == "syscw:") cost.write_calls = value;
  }
  return cost;
}

std::vector<std::string> stats_lines(const build_stats& stats) {
  std::vector<std::string> lines;
  std::string phases;
  for (const client::build_phase& phase : stats.phases)
    phases += fmt::format("{}{} {}", phases.empty() ? "" : ", ", phase.name, short_time(phase.took));
  if (!phases.empty()) lines.push_back("phases   " + phases);
  const process_cost& cost = stats.cost;
  lines.push_back(fmt::format("cpu      {} user, {} system", short_time(cost.user), short_time(cost.system)));
  lines.push_back(fmt::format("memory   {} at most", human_bytes(cost.peak_memory)));
  lines.push_back(fmt::format("wire     {} sent, {} received", human_bytes(stats.wire.bytes_out), human_bytes(stats.wire.bytes_in)));
  for (const client::context_look& one : stats.looks)
    lines.push_back(fmt::format("looked   {} files of {} in {}, {}", one.files, one.name, short_time(one.took),
                                one.unchanged ? "not compared" : "compared"));
  std::string calls = fmt::format("calls    {} context switches", cost.context_switches);
  if (cost.read_calls && cost.write_calls)
    calls += fmt::format(", {} reads, {} writes (as /proc/self/io counts them)", *cost.read_calls, *cost.write_calls);
  lines.push_back(std::move(calls));
  return lines;
}

std::string stats_json(const build_stats& stats) {
  json::object phases;
  for (const client::build_phase& phase : stats.phases) phases[phase.name] = milliseconds(phase.took);
  json::object cpu{{"user_ms", milliseconds(stats.cost.user)}, {"system_ms", milliseconds(stats.cost.system)}};
  json::object wire{{"sent_bytes", stats.wire.bytes_out}, {"received_bytes", stats.wire.bytes_in}};
  const filesync::transfer_stats& sent = stats.context;
  json::object context{{"files", sent.files},
                       {"bytes", sent.bytes_listed},
                       {"files_sent", sent.files_transferred},
                       {"bytes_sent", sent.bytes_transferred},
                       {"names_considered", sent.considered},
                       {"names_excluded", sent.excluded}};
  json::array looks;
  for (const client::context_look& one : stats.looks)
    looks.push_back(
        json::object{{"name", one.name}, {"files", one.files}, {"time_ms", milliseconds(one.took)}, {"unchanged", one.unchanged}});
  context["looks"] = std::move(looks);
  json::object calls{{"context_switches", stats.cost.context_switches}};
  if (stats.cost.read_calls) calls["read"] = *stats.cost.read_calls;
  if (stats.cost.write_calls) calls["write"] = *stats.cost.write_calls;
  const json::object all{{"succeeded", stats.succeeded},
                         {"time_ms", milliseconds(stats.took)},
                         {"phases_ms", std::move(phases)},
                         {"cpu", std::move(cpu)},
                         {"peak_memory_bytes", stats.cost.peak_memory},
                         {"wire", std::move(wire)},
                         {"context", std::move(context)},
                         {"exported_bytes", stats.exported_bytes},
                         {"calls", std::move(calls)}};
  return json::serialize(all);
}

}  // namespace peelbox::cli
