#include "cli/secret_option.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "cli/csv_fields.hpp"
#include "engine/async/read_file.hpp"

namespace peelbox::cli {

namespace {

constexpr const char* example = "expected id=ID,src=FILE or id=ID,env=VARIABLE, as in --secret id=token,src=token.txt";

failure wrong_secret(std::string_view text, std::string_view why) {
  return failure(errc::usage, fmt::format("--secret '{}': {}", text, why), origin::user);
}

failure too_large(const secret_option& option) {
  return failure(errc::limit,
                 fmt::format("--secret id={}: {} is larger than {} KiB, the most that a secret may have", option.id, option.name,
                             session::largest_secret >> 10),
                 origin::user);
}

result<session::secret_source> from_variable(const secret_option& option, std::string value) {
  if (value.size() > session::largest_secret) return too_large(option);
  return session::secret_source(session::secret_value{std::move(value)});
}

result<session::secret_source> from_file(const secret_option& option) {
  struct stat about {};
  if (::stat(option.name.c_str(), &about) != 0 || ::access(option.name.c_str(), R_OK) != 0) {
    failure why = errno_failure(errno, fmt::format("--secret id={}: {}", option.id, option.name));
    why.who = origin::user;
    if (option.where == secret_option::place::either)
      why.text += fmt::format(". Neither a variable {} is set, nor is there such a file: add src=FILE or env=VARIABLE", option.id);
    return why;
  }
  if (S_ISDIR(about.st_mode))
    return wrong_secret(fmt::format("id={}", option.id), option.name + " is a directory; a secret is one file");
  if (S_ISREG(about.st_mode)) {
    if (static_cast<std::size_t>(about.st_size) > session::largest_secret) return too_large(option);
    return session::secret_source(session::secret_file{option.name});
  }
  result<std::string> bytes =
      read_file(option.name, fmt::format("--secret id={}: {}", option.id, option.name), session::largest_secret);
  if (bytes.has_error()) return bytes.error();
  return session::secret_source(session::secret_value{std::move(*bytes)});
}

result<session::secret_source> find_secret(const secret_option& option, const environment& variables) {
  using place = secret_option::place;
  if (option.where != place::file) {
    if (std::optional<std::string> value = variables(option.name)) return from_variable(option, std::move(*value));
    if (option.where == place::variable)
      return failure(errc::usage,
                     fmt::format("--secret id={}: the variable {} is not set. Set and export it, or name a file with src=FILE", option.id,
                                 option.name),
                     origin::user);
  }
  return from_file(option);
}

}  // namespace

result<secret_option> parse_secret(std::string_view text) {
  result<std::map<std::string, std::string>> fields = parse_fields(text);
  if (fields.has_error()) return wrong_secret(text, fmt::format("{}; {}", fields.error().text, example));
  secret_option option;
  std::string file;
  std::string variable;
  std::string type;
  for (auto& [key, value] : *fields) {
    if (key == "id") option.id = value;
    else if (key == "src" || key == "source") {
      if (!file.empty()) return wrong_secret(text, "src and source are the same field");
      file = value;
    } else if (key == "env") variable = value;
    else if (key == "type") type = value;
    else return wrong_secret(text, fmt::format("'{}' is no field of a secret; {}", key, example));
  }
  if (option.id.empty()) return wrong_secret(text, fmt::format("id is missing; {}", example));
  if (!type.empty() && type != "file" && type != "env") return wrong_secret(text, fmt::format("type={} is not known; it is file or env", type));
  if (type == "env" && variable.empty()) variable = std::exchange(file, "");
  if (type == "file" && !variable.empty()) return wrong_secret(text, "type=file and env contradict each other");
  if (!variable.empty()) {
    option.where = secret_option::place::variable;
    option.name = std::move(variable);
  } else if (!file.empty() || !type.empty()) {
    option.where = type == "env" ? secret_option::place::variable : secret_option::place::file;
    option.name = file.empty() ? option.id : std::move(file);
  } else {
    option.name = option.id;
  }
  return option;
}

result<session::secret_book> find_secrets(const std::vector<std::string>& options, const environment& variables) {
  session::secret_book book;
  for (const std::string& text : options) {
    result<secret_option> option = parse_secret(text);
    if (option.has_error()) return option.error();
    result<session::secret_source> source = find_secret(*option, variables);
    if (source.has_error()) return source.error();
    // As in the reference the last one counts.
    book.insert_or_assign(option->id, std::move(*source));
  }
  return book;
}

}  // namespace peelbox::cli
