// Python projects: what is installed is python_tools.cpp, what is started is here.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/detect/frameworks.hpp"
#include "engine/detect/hints.hpp"
#include "engine/detect/native_needs.hpp"
#include "engine/detect/systems/node_workspace.hpp"
#include "engine/detect/systems/python_tools.hpp"
#include "engine/detect/systems/table.hpp"
#include "engine/detect/text.hpp"
#include "engine/detect/value.hpp"

namespace peelbox::detect {
namespace {

/// "src/app/main.py" of the service -> "src.app.main"
std::string module_of(const analysis& work, std::string_view path) {
  path.remove_prefix(work.self.dir.empty() ? 0 : work.self.dir.size() + 1);
  std::string out(path.substr(0, path.size() - 3));
  std::replace(out.begin(), out.end(), '/', '.');
  if (out.ends_with(".__init__")) out.resize(out.size() - 9);
  return out;
}

struct app_object {
  std::string module;
  std::string variable;
  std::string path;
  bool called = false;  ///< a function that makes it
};

/// "app = Flask(__name__)" at the beginning of a line, or "def create_app(".
std::optional<app_object> find_app(analysis& work, const std::vector<std::string>& files, std::string_view type) {
  const std::string call = fmt::format("{}(", type);
  for (const std::string& path : files) {
    const std::string* text = work.files.read_source(path);
    if (!text || !contains(*text, call)) continue;
    for (const std::string_view line : lines_of(*text)) {
      const std::size_t equals = line.find('=');
      if (equals == std::string_view::npos || line.empty() || !is_word(line.front())) continue;
      std::string_view name = trim(line.substr(0, equals));
      name = trim(name.substr(0, name.find(':')));
      if (trim(line.substr(equals + 1)).starts_with(call) && std::all_of(name.begin(), name.end(), is_word))
        return app_object{module_of(work, path), std::string(name), path};
    }
    for (const std::string_view factory : {"create_app", "make_app"})
      if (contains(*text, fmt::format("def {}(", factory)))
        return app_object{module_of(work, path), std::string(factory), path, true};
  }
  return std::nullopt;
}

/// The folder that a program's own imports begin in, when that is not the service's directory: `from config import x` of
/// backend/main.py beside backend/config.py. "" when they begin in the directory.
std::string folder_of_imports(analysis& work, const std::string& path) {
  const std::string folder(parent_of(path));
  if (folder == work.self.dir || work.files.has_file(join(folder, "__init__.py"))) return {};
  const std::string* text = work.files.read_source(path);
  if (!text) return {};
  for (const std::string_view line : lines_of(*text)) {
    const auto words = words_of(line);
    if (words.size() < 2 || (words[0] != "from" && words[0] != "import")) continue;
    const std::string top = words[1].substr(0, words[1].find_first_of(".,"));
    if (top.empty()) continue;
    const auto lies_in = [&](std::string_view dir) { return work.files.has_file(join(dir, top + ".py")) || work.files.has_directory(join(dir, top)); };
    if (lies_in(folder) && !lies_in(work.self.dir)) return folder.substr(work.self.dir.empty() ? 0 : work.self.dir.size() + 1);
  }
  return {};
}

void start(analysis& work, rank of, std::string_view command, std::string_view from) {
  // No shell reads it, so gunicorn's "app:make()" needs no quotes.
  work.starts(of, words_of(command), from, of == rank::framework ? confidence::guess : confidence::likely);
}

/// A file that configures the server: uwsgi.ini names its own port, gunicorn.conf.py is read by gunicorn itself.
void start_configured_server(analysis& work, const std::set<std::string>& dependencies) {
  if (dependencies.contains("gunicorn"))
    if (const std::string* text = work.read("gunicorn.conf.py"))
      for (const std::string_view line : lines_of(*text))
        if (line.starts_with("bind"))
          if (const auto address = quoted_after(line)) work.listens(rank::configured, port_of(address->substr(address->rfind(':') + 1)), work.path("gunicorn.conf.py"), confidence::certain);
  const std::string file = work.first_of({"uwsgi.ini", "uwsgi/uwsgi.ini", "conf/uwsgi.ini"});
  const std::string* text = file.empty() || !dependencies.contains("uwsgi") ? nullptr : work.read(file);
  if (!text) return;
  for (const std::string_view line : lines_of(*text)) {
    const std::string_view key = trim(line.substr(0, line.find('=')));
    // `socket` speaks a protocol of its own, for a web server before it.
    if (key != "http-socket" && key != "http") continue;
    const std::string_view address = trim(line.substr(line.find('=') + 1));
    work.listens(rank::configured, port_of(address.substr(address.rfind(':') + 1)), work.path(file), confidence::certain);
    return start(work, rank::configured, "uwsgi --ini " + file, work.path(file));
  }
}

/// Django's files for browsers are gathered when it is built; its tables are made when it is released.
void prepare_django(analysis& work, const std::set<std::string>& dependencies, const std::string& place) {
  const std::string manage = join(place, "manage.py");
  if (dependencies.contains("whitenoise")) {
    work.run(fmt::format("SECRET_KEY=of-the-build DJANGO_SECRET_KEY=of-the-build /app/.venv/bin/python {} collectstatic --noinput", manage));
    work.because("static files", "collectstatic", "dependency whitenoise", confidence::likely);
  }
  work.because("release", fmt::format("python {} migrate has to be run before a new version is started", manage), "Django");
}

bool start_django(analysis& work, const std::set<std::string>& dependencies) {
  std::string place;
  if (!work.has("manage.py")) {
    for (const char* dir : {"src", "app", "backend", "server", "project", "web"})
      if (place.empty() && work.has(fmt::format("{}/manage.py", dir))) place = dir;
    if (place.empty()) return false;
    work.out.runtime_env["PYTHONPATH"] = "/app/" + place;
  }
  prepare_django(work, dependencies, place);
  const std::string_view port = told_port(work, 8000, "Django's usual port");
  const auto module_here = [&](std::string_view path) {
    std::string module = module_of(work, path);
    if (!place.empty() && module.starts_with(place + ".")) module.erase(0, place.size() + 1);
    return module;
  };
  for (const std::string_view server : {"gunicorn", "uvicorn", "granian", "daphne"}) {
    if (!dependencies.contains(std::string(server))) continue;
    const bool asgi = server != "gunicorn";
    for (const std::string& path : work.sources({asgi ? "asgi.py" : "wsgi.py"})) {
      const std::string module = module_here(path);
      start(work, rank::source,
            server == "uvicorn"   ? fmt::format("uvicorn {}:application --host 0.0.0.0 --port {}", module, port)
            : server == "granian" ? fmt::format("granian --interface asginl {}:application --host 0.0.0.0 --port {}", module, port)
            : server == "daphne"  ? fmt::format("daphne -b 0.0.0.0 -p {} {}:application", port, module)
                                  : fmt::format("gunicorn {}:application --bind 0.0.0.0:{}", module, port),
            path);
      return true;
    }
  }
  // A server for developers.
  start(work, rank::framework, fmt::format("python3 {} runserver 0.0.0.0:{}", join(place, "manage.py"), port), work.path(join(place, "manage.py")));
  return true;
}

bool start_web(analysis& work, const framework& f, const std::set<std::string>& dependencies,
               const std::vector<std::string>& files) {
  if (f.name == "Django") return start_django(work, dependencies);
  const std::string usual = fmt::format("{}'s usual port", f.name);
  if (f.name == "Streamlit") {
    const std::string file = work.first_of({"streamlit_app.py", "app.py", "main.py", "Home.py"});
    if (file.empty()) return false;
    const std::string_view port = told_port(work, f.port, usual);
    start(work, rank::source, fmt::format("streamlit run {} --server.address 0.0.0.0 --server.port {}", file, port), work.path(file));
    return true;
  }
  const bool asgi = f.name == "FastAPI" || f.name == "Starlette" || f.name == "Litestar";
  if (!asgi && f.name != "Flask") return false;
  const auto app = find_app(work, files, f.name);
  if (!app) return false;
  const std::string folder = folder_of_imports(work, app->path);
  const std::string module = folder.empty() ? app->module : app->module.substr(folder.size() + 1);
  const std::string target = fmt::format("{}:{}", module, app->variable);
  const auto start = [&](analysis& w, rank of, const std::string& command, std::string_view from) {
    w.starts(of, in_directory(join("/app", folder), words_of(command)), from, confidence::likely);
  };
  const std::string_view port = told_port(work, f.port, usual);
  if (asgi) {
    start(work, rank::source, fmt::format("uvicorn {}{} --host 0.0.0.0 --port {}", app->called ? "--factory " : "", target, port), app->path);
  } else if (dependencies.contains("gunicorn")) {
    start(work, rank::source, fmt::format("gunicorn {}{} --bind 0.0.0.0:{}", target, app->called ? "()" : "", port), app->path);
  } else {
    start(work, rank::source, fmt::format("flask --app {} run --host 0.0.0.0 --port {}", target, port), app->path);
  }
  return true;
}

/// What the Dockerfile starts, when what it starts with is installed here as well.
void start_hinted(analysis& work, const std::set<std::string>& dependencies, bool has_framework) {
  auto& words = work.hint.command;
  if (words.empty()) return;
  if (words.front() == "python") words.front() = "python3";
  const bool shell = words.front() == "/bin/sh";
  const bool is_python = words.front() == "python3";
  if (is_python && words.size() > 1 && words[1].ends_with(".py") && !work.has(words[1].starts_with("./") ? words[1].substr(2) : words[1])) return;
  if (!shell && !is_python && words.front() != "uv" && words.front() != "poetry" && !has_framework && !dependencies.contains(words.front())) return;
  take_hinted_command(work, {"python3", "gunicorn", "uvicorn", "hypercorn", "celery", "flask", "fastapi", "daphne", "granian", "waitress-serve", "streamlit", "uwsgi"});
}

/// The server that starts it, where the Dockerfile installs it beside what the project asks for.
void install_server(analysis& work, const std::set<std::string>& dependencies) {
  constexpr std::array<std::string_view, 6> servers{"daphne", "granian", "gunicorn", "hypercorn", "uvicorn", "uwsgi"};
  const finding<way_to_start>* start = work.out.start.winner();
  if (!start || start->of < rank::deployment) return;
  const std::string& program = start->value.words.front();
  if (std::find(servers.begin(), servers.end(), program) == servers.end() || dependencies.contains(program) || dependencies.contains("fastapi")) return;
  const bool pip = std::any_of(work.out.commands.begin(), work.out.commands.end(), [](const std::string& c) { return contains(c, "-m venv /app/.venv"); });
  if (!pip) return;
  add_native_needs(work, ecosystem::python, {program});
  work.run("/app/.venv/bin/pip install " + program);
  work.because("server", program, start->from, confidence::likely);
}

/// uwsgi.ini may go to the directory that the service has in the image of its Dockerfile: then it lies there as well.
void copy_where_it_is_named(analysis& work) {
  const finding<way_to_start>* start = work.out.start.winner();
  if (!start || start->value.words.front() != "uwsgi") return;
  for (const std::string& word : start->value.words) {
    const std::string* text = word.ends_with(".ini") ? work.read(word) : nullptr;
    if (!text) continue;
    for (const std::string_view line : lines_of(*text)) {
      const auto parts = split(line, '=');
      if (parts.size() != 2 || parts[0] != "chdir" || !parts[1].starts_with('/') || is_inside(parts[1], "/app")) continue;
      work.copy(".", fmt::format("{}/", parts[1]));
      work.because("files", fmt::format("{}/", parts[1]), "chdir in " + work.path(word), confidence::likely);
      return;
    }
  }
}

/// `python3 shop/main.py` looks for `shop` beside main.py, unless it is told.
void import_from_app(analysis& work) {
  const finding<way_to_start>* start = work.out.start.winner();
  if (!start || start->value.words.size() < 2 || start->value.words.front() != "python3") return;
  const std::string& file = start->value.words[1];
  const std::string_view top = std::string_view(file).substr(0, file.find('/'));
  if (top.size() == file.size() || !work.has(join(top, "__init__.py"))) return;
  work.out.runtime_env.emplace("PYTHONPATH", "/app");
}

void start_script(analysis& work, bool installed) {
  if (const std::string* text = work.read("pyproject.toml"); text && installed) {
    const auto tree = parse_toml(*text);
    if (tree.has_value() && !(*tree)["project"]["scripts"].members.empty())
      start(work, rank::convention, "/app/.venv/bin/" + (*tree)["project"]["scripts"].members.front().key, work.path("pyproject.toml"));
  }
  const std::string file = work.first_of({"main.py", "app.py", "server.py", "run.py", "wsgi.py", "__main__.py", "bot.py",
                                          "src/main.py", "src/app.py", "app/main.py"});
  if (!file.empty()) return start(work, rank::convention, "python3 " + file, work.path(file));
  for (const std::string& path : work.sources({"__main__.py"})) {
    std::string module = module_of(work, path);
    if (module.ends_with(".__main__")) module.resize(module.size() - 9);
    if (module.starts_with("src.")) {
      module.erase(0, 4);
      work.out.runtime_env["PYTHONPATH"] = "/app/src";
    }
    return start(work, rank::convention, "python3 -m " + module, path);
  }
}

void use_python(analysis& work, const std::string& version) {
  work.out.language = "Python";
  work.needs("python", version);
  work.needs_at_runtime("python", version);
  work.needs_at_runtime("python-native");
  work.out.runtime_env["PYTHONUNBUFFERED"] = "1";
}

void look(analysis& work, const std::vector<std::string>& files, const framework* f) {
  const std::uint16_t usual = f ? f->port : std::uint16_t{0};
  apply(work, look_at_sources(work, files, {"port=", "port = ", "PORT = ", "PORT=", "HTTPServer((\"0.0.0.0\", ", "HTTPServer((\"\", ",
                                             "HTTPServer(('', ", "HTTPServer(('0.0.0.0', ", "\"PORT\", ", "'PORT', ", ".listen("}),
        usual, f ? fmt::format("{}'s usual port", f->name) : "");
}

std::string project_name(repository& files, std::string_view manifest) {
  const std::string* text = files.read(join(parent_of(manifest), "pyproject.toml"));
  if (!text) return {};
  const auto tree = parse_toml(*text);
  if (tree.has_error()) return {};
  const std::string& name = (*tree)["project"]["name"].text;
  return name.empty() ? (*tree)["tool"]["poetry"]["name"].text : name;
}

std::vector<std::string> uv_members(repository& files, std::string_view manifest) {
  if (!manifest.ends_with("pyproject.toml")) return {};
  const std::string* text = files.read(manifest);
  if (!text) return {};
  const auto tree = parse_toml(*text);
  return tree.has_value() ? (*tree)["tool"]["uv"]["workspace"]["members"].texts() : std::vector<std::string>();
}

void analyse_python(analysis& work) {
  if (const std::string name = project_name(work.files, work.self.manifest); !name.empty()) work.out.name = name;
  const std::string version = python_version(work);
  use_python(work, version);
  const std::set<std::string> dependencies = python_dependencies(work);
  const framework* f = use_framework(work, ecosystem::python, dependencies);
  const bool installed = install_python_dependencies(work);
  // The tools of the virtual environment belong to the version.
  for (tool& t : work.out.build_tools)
    if (t.name == "pip") t.version = version;
  add_native_needs(work, ecosystem::python, dependencies);
  if (f) build_front_end(work, true);
  work.copy(".", "/app/");
  const bool has_venv = std::any_of(work.out.commands.begin(), work.out.commands.end(),
                                    [](const std::string& c) { return contains(c, "/app/.venv"); });
  if (has_venv) {
    work.out.copy.push_back({"/app/.venv", "/app/.venv"});
    work.out.runtime_env["PATH"] = "/app/.venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  }
  const std::vector<std::string> files = work.sources({".py"});
  start_configured_server(work, dependencies);
  start_hinted(work, dependencies, f != nullptr);
  if (!(f && start_web(work, *f, dependencies, files))) start_script(work, installed);
  import_from_app(work);
  install_server(work, dependencies);
  copy_where_it_is_named(work);
  work.out.nothing_to_start = "no application object, script or main file: a library";
  look(work, files, f);
}

std::string refuses_python(repository& files, std::string_view manifest) {
  const std::string* text = files.read(manifest);
  if (!text) return "it cannot be read";
  const bool is_project = manifest.ends_with("pyproject.toml");
  if (!is_project && !manifest.ends_with("Pipfile")) return {};
  const auto tree = parse_toml(*text);
  if (tree.has_error()) {
    files.add_note(manifest, tree.error().text);
    return "it is broken";
  }
  if (!is_project) return {};
  if (tree->has("project") || (*tree)["tool"].has("poetry") || (*tree)["tool"].has("pdm") || (*tree)["tool"].has("uv")) return {};
  for (const char* other : {"requirements.txt", "setup.py", "Pipfile"})
    if (files.has_file(join(parent_of(manifest), other))) return {};
  return "it only configures tools";
}

void analyse_python_file(analysis& work) {
  work.out.build_system = "none";
  use_python(work, python_version(work));
  work.copy(".", "/app/");
  const std::string file(name_of(work.self.manifest));
  start(work, rank::convention, "python3 " + file, work.self.manifest);
  start_hinted(work, {}, false);
  look(work, work.sources({".py"}), nullptr);
}

}  // namespace

const build_system python_system{
    .name = "pip",
    .manifests = {"pyproject.toml", "Pipfile", "requirements.txt", "setup.py", "setup.cfg"},
    .refuses = refuses_python,
    .members = uv_members,
    .package_name = project_name,
    .analyse = analyse_python};

const build_system python_file_system{
    .name = "a Python script",
    .manifests = {"main.py", "app.py", "server.py", "bot.py", "run.py"},
    .weak = true,
    .analyse = analyse_python_file};

}  // namespace peelbox::detect
