// Numbers and statuses as people read them; shared by the renderers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/progress/event.hpp"
#include "engine/progress/trace.hpp"

namespace peelbox::progress {

/// "31B", "1.57kB", "12.3MB", "123GB": decimal units, three digits.
void append_bytes(std::int64_t bytes, std::string& out);
/// "1,204"
void append_count(std::uint64_t count, std::string& out);
/// Seconds with a fixed number of decimals (0 to 3), rounded down; negative is zero.
void append_seconds(duration d, int decimals, std::string& out);
/// Seconds since a step began, as before a log line: 3 decimals below 10 s, 2 below 100 s, else 1.
void append_log_time(duration d, std::string& out);
/// What a status counts, after a space; empty when it counts nothing: " 1.2MB / 3.4MB", " 12.3MB in 1,204 files of 50,000".
/// `live`: for a picture that is redrawn, so also what changes all the time: percentage, rate, phase.
void append_amount(const step_status& s, bool live, std::string& out);
/// How long a status has been at work; zero when unknown.
duration status_time(const step_status& s, wall_time now);
/// "WARN: old syntax (Dockerfile:4, https://example.com)"
void append_warning(const step_warning& w, std::string& out);
/// The block for people at the end: rule, name, the last `most` log lines, rule. Nothing without log lines.
void append_error_block(const step& s, std::size_t most, std::string& out);

}  // namespace peelbox::progress
