"""Checks of the source tree that no compiler makes. Reads files only.

    check.py ROOT CHECK

CHECK: includes, own_header, pure, paths, coroutines, built. The rules are those of docs/architecture.md, "who may include whom".
"""

import fnmatch
import os
import re
import subprocess
import sys

SOURCE_FOLDERS = ("engine", "transport", "h2grpc", "cli")
ASYNC_PURE = ("engine/async/failure.hpp", "engine/async/bytes.hpp", "engine/async/log.hpp", "engine/async/clock.hpp",
              "engine/async/closest.hpp", "engine/async/ascii.hpp", "engine/async/base64.hpp", "engine/async/percent.hpp",
              "engine/async/varint.hpp")
ASIO = r"boost/asio/|boost/system/"

# Folder -> (what of ours it may include besides itself, third-party headers as a regular expression).
# An entry that ends with "/" is a folder, others are files. "proto/" is what protoc generates.
RULES = {
    "engine/async": ((), ASIO + "|fmt/"),
    "engine/data": (("engine/async/failure.hpp",), "boost/json|yaml-cpp/|fmt/"),
    "transport": (("engine/async/", "engine/data/"), ASIO + "|boost/beast/http|openssl/|fmt/"),
    "h2grpc/h2": (ASYNC_PURE, "fmt/"),
    "h2grpc/grpc": (ASYNC_PURE + ("h2grpc/h2/types.hpp",), "fmt/"),
    "engine/oci": (ASYNC_PURE + ("engine/data/",), "openssl/|fmt/"),
    "engine/progress": (("engine/async/",), ASIO + "|fmt/"),
    "engine/filesync": (("engine/async/", "engine/oci/digest.hpp", "engine/oci/sha1.hpp"), ASIO + "|fmt/"),
    "h2grpc/rpc": (("engine/async/", "transport/stream.hpp", "h2grpc/h2/", "h2grpc/grpc/"), ASIO + "|fmt/"),
    "engine/llb": (("engine/async/failure.hpp", "engine/async/base64.hpp", "engine/data/", "engine/oci/", "proto/"), "google/protobuf/|fmt/"),
    "engine/http": (("engine/async/", "transport/"), ASIO + "|fmt/"),
    "engine/docker": (("engine/async/", "engine/data/", "engine/http/", "engine/oci/digest.hpp", "transport/"), ASIO + "|fmt/"),
    "engine/registry": (("engine/async/", "engine/data/", "engine/http/", "engine/oci/", "engine/docker/credentials.hpp",
                         "transport/tls_options.hpp"), ASIO + "|fmt/"),
    "engine/kubernetes": (("engine/async/", "engine/data/", "engine/http/", "transport/"), ASIO + "|boost/json|fmt/"),
    "engine/spec": (ASYNC_PURE + ("engine/data/", "engine/llb/", "engine/oci/"), "simdjson|fmt/"),
    "engine/session": (("engine/async/", "h2grpc/", "transport/stream.hpp", "engine/filesync/", "engine/oci/", "proto/"),
                       ASIO + "|google/protobuf/|openssl/|fmt/"),
    "engine/detect": (ASYNC_PURE + ("engine/data/", "engine/filesync/", "engine/spec/"), "simdjson|toml\\+\\+/|zlib\\.h|fmt/"),
    "engine/client": (("engine/", "h2grpc/rpc/", "h2grpc/grpc/status.hpp", "transport/", "proto/"),
                     ASIO + "|google/protobuf/|boost/json|fmt/"),
    "cli": (("engine/", "transport/"), ASIO + "|CLI/|boost/json|fmt/"),
}

# Headers of the operating system and C library.
SYSTEM = re.compile(r"(sys|netinet|arpa|linux|net)/[a-z_0-9]+\.h$|[a-z_0-9]+\.h$")

# What one file may include although its folder may not.
EXCEPTIONS = {
    "h2grpc/h2/nghttp2_api.hpp": r"nghttp2/",
    "h2grpc/h2/session.cpp": r"nghttp2/",
    "h2grpc/rpc/typed.hpp": r"google/protobuf/",
    "engine/http/beast_stream.hpp": r"boost/beast/",
    "engine/http/websocket.cpp": r"boost/beast/",
}

# Files without executor, socket, timer, thread or clock: of Asio they may see buffer.hpp only, also through what they
# include. Patterns of paths; a "!" takes files out again.
PURE = ("engine/async/failure.hpp", "engine/async/bytes.*", "engine/async/clock.hpp", "engine/async/log.hpp", "engine/async/closest.*",
        "engine/async/ascii.hpp", "engine/async/base64.*", "engine/async/percent.hpp", "engine/async/varint.hpp", "engine/data/*",
        "transport/endpoint.*", "transport/tls_options.*", "transport/http_message.*",
        "transport/http_upgrade.*", "transport/stdcopy.hpp", "transport/stdcopy.cpp",
        "transport/helper_command.*", "h2grpc/h2/*", "h2grpc/grpc/*", "engine/oci/*",
        "engine/llb/*", "engine/spec/*", "engine/docker/config.*", "engine/kubernetes/kubeconfig.*", "engine/kubernetes/access.*",
        "engine/kubernetes/api_*", "engine/kubernetes/exec_credential.*", "engine/kubernetes/exec_frames.*", "engine/kubernetes/kept_list.*", "engine/kubernetes/pool_*",
        "cli/pool/decide.*", "cli/pool/config.*", "cli/template_*",
        "engine/registry/challenge.*", "engine/registry/scope.*", "engine/registry/index_merge.*", "engine/registry/attestation.*",
        "engine/detect/*", "!engine/detect/scan.*", "engine/progress/*", "!engine/progress/display.*", "!engine/progress/terminal.*",
        "!engine/progress/event_sink.*", "!engine/progress/fd_writer.*",
        "engine/filesync/stat.*", "engine/filesync/path_order.*", "engine/filesync/order_validator.*",
        "engine/filesync/pattern*", "engine/filesync/ignore_file.*", "engine/filesync/hardlinks.*",
        "engine/session/agent_messages.*", "engine/session/ssh_key.*",
        "engine/filesync/packet.*", "engine/filesync/fingerprint.*", "engine/filesync/sender_core.*", "engine/filesync/receiver_core.*")

INCLUDE = re.compile(r'^[ \t]*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def tracked(root):
    """All files of the project; without git, all files outside of build folders."""
    done = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    if done.returncode == 0:
        return [f for f in done.stdout.decode().split("\0") if f and os.path.isfile(os.path.join(root, f))]
    found = []
    for folder, folders, files in os.walk(root):
        folders[:] = [f for f in folders if f not in ("build", ".git", ".cache", "__pycache__")]
        found += [os.path.relpath(os.path.join(folder, f), root) for f in files]
    return found


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as text:
        return text.read()


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def sources(root):
    return [f for f in tracked(root) if f.endswith((".hpp", ".cpp")) and f.split("/")[0] in SOURCE_FOLDERS]


def folder_of(path):
    return max((f for f in RULES if path.startswith(f + "/")), key=len, default=None)


def allowed(target, rules):
    return any(target.startswith(r) if r.endswith("/") else target == r for r in rules)


def check_includes(root):
    for path in sources(root):
        folder = folder_of(path)
        if folder is None:
            yield path, 1, "its folder has no rule in tests/structure/check.py"
            continue
        ours, foreign = RULES[folder]
        text = read(root, path)
        for match in INCLUDE.finditer(text):
            bracket, target = match.groups()
            line = line_of(text, match.start())
            is_ours = target.split("/")[0] in SOURCE_FOLDERS + ("proto", "tests", "bench", "fuzz")
            if is_ours or bracket == '"':
                if not is_ours:
                    yield path, line, "\"%s\" is not written from the root of the project" % target
                elif target.startswith("proto/"):
                    if not allowed(target, ours):
                        yield path, line, "%s may not include %s" % (folder, target)
                elif not os.path.isfile(os.path.join(root, target)):
                    yield path, line, "%s does not exist" % target
                elif folder_of(target) != folder and not allowed(target, ours):
                    yield path, line, "%s may not include %s" % (folder, target)
            elif "/" in target or target.endswith((".h", ".hpp")):
                fine = SYSTEM.match(target) or re.match(foreign, target)
                if not fine and not re.match(EXCEPTIONS.get(path, "(?!)"), target):
                    yield path, line, "%s may not include <%s>" % (folder, target)


def check_own_header(root):
    """x.cpp includes x.hpp first, which proves that this header needs nothing before it. (Headers without a .cpp are
    compiled alone by another test.)"""
    files = set(sources(root))
    for path in files:
        own = path[:-4] + ".hpp"
        first = INCLUDE.search(read(root, path))
        if path.endswith(".cpp") and own in files and path != "engine/async/asio.cpp" and \
                (first is None or first.group(2) != own):
            yield path, 1, "its first include is not " + own


def is_pure(path):
    pure = False
    for pattern in PURE:
        if fnmatch.fnmatchcase(path, pattern.lstrip("!")):
            pure = not pattern.startswith("!")
    return pure


def check_pure(root):
    includes = {path: [m.group(2) for m in INCLUDE.finditer(read(root, path))] for path in sources(root)}

    def asio_below(path, seen):
        """The chain of files to a header of Asio other than buffer.hpp."""
        for target in includes.get(path, ()):
            # error.hpp only names error codes.
            if target.startswith("boost/asio") and target not in ("boost/asio/buffer.hpp", "boost/asio/error.hpp"):
                return [path, target]
            if target in includes and target not in seen:
                seen.add(target)
                below = asio_below(target, seen)
                if below:
                    return [path] + below
        return None

    for path in includes:
        if is_pure(path):
            chain = asio_below(path, {path})
            if chain:
                yield path, 1, "is pure but reaches Asio: " + " -> ".join(chain)
            for target in includes[path]:
                if target in ("thread", "mutex", "condition_variable", "future"):
                    yield path, 1, "is pure but includes <%s>" % target


def check_paths(root):
    """The place of this tree and people's home directories mean nothing to others."""
    places = [os.path.realpath(root), os.path.dirname(os.path.realpath(root))]
    home = os.path.expanduser("~")
    # A container's user is often root: its home is a path that build steps name.
    if home.count("/") >= 2:
        places.append(home)
    words = "|".join(re.escape(p) for p in places if p.count("/") >= 2)
    pattern = re.compile(r"(?<![A-Za-z0-9_.:}$>~-])(?:" + (words + "|" if words else "") +
                         r"/(?:home|Users)/[a-z][A-Za-z0-9_.-]*/|[A-Z]:\\\\?Users)")
    for path in tracked(root):
        if path.endswith((".png", ".gz", ".tar", ".bin", ".pb", ".zip")) or os.path.islink(os.path.join(root, path)):
            continue
        text = read(root, path)
        for match in pattern.finditer(text):
            yield path, line_of(text, match.start()), "contains a path of one machine: " + match.group(0)


def check_coroutines(root):
    """GCC 12 destroys a braced temporary in a co_await expression twice, so it has to be a named object. And it lays the frame
    of `while (…) if (co_await …) …` out differently where it starts and where it resumes."""
    pattern = re.compile(r"co_await\b[^;]*?[(,]\s*(?:[A-Za-z_:]+)?\{[^;]*?;")
    for path in tracked(root):
        if not path.endswith((".hpp", ".cpp")):
            continue
        text = re.sub(r"//[^\n]*", "", read(root, path))
        for match in pattern.finditer(text):
            # A lambda's body is not a temporary.
            expression = re.sub(r"\[[^\]]*\]\s*(?:\([^)]*\))?\s*(?:mutable)?\s*(?:->\s*[\w:<>]+)?\s*\{.*", "",
                                match.group(0), flags=re.DOTALL)
            if re.search(r"[(,]\s*(?:[A-Za-z_:]+)?\{", expression):
                yield path, line_of(text, match.start()), "braced temporary in a co_await expression: " + \
                    " ".join(match.group(0).split())[:100]
        for match in re.finditer(r"\bwhile \([^;{]*\)\s*if \([^;{]*\bco_await\b", text):
            yield path, line_of(text, match.start()), "a loop without braces around if (co_await …): GCC 12 resumes it with another frame"


def check_built(root):
    """Every source is compiled and every test script run by somebody: a file that no build names rots unseen. A fuzzer is
    fuzz/NAME.cpp with a line peelbox_fuzz(NAME …)."""
    files = tracked(root)
    builds = {os.path.dirname(f): re.sub(r"#[^\n]*", "", read(root, f)).replace("${CMAKE_CURRENT_SOURCE_DIR}/", "")
              for f in files if os.path.basename(f) == "CMakeLists.txt"}

    def words_above(path):
        """What the CMakeLists.txt of its folder and of those above say, the path as each of them would write it."""
        folder = os.path.dirname(path)
        while True:
            if folder in builds:
                yield os.path.relpath(path, folder or "."), builds[folder]
            if not folder:
                return
            folder = os.path.dirname(folder)

    def named(path, text):
        stem = os.path.splitext(path)[0]
        ways = (r"(?<![\w/])%s(?![\w.])" % re.escape(path),  # in a list of sources
                # peelbox_bench(NAME …), and foreach(x NAME …) whose pattern adds the folder and ".cpp"
                r"(?:peelbox_bench|foreach)\([^)]*(?<![\w/])%s[\s)]" % re.escape(os.path.basename(stem)),
                r"unittest[^)]*\s%s[\s).]" % re.escape(stem))
        return any(re.search(way, text) for way in ways) or \
            any(fnmatch.fnmatchcase(path, pattern) for pattern in re.findall(r"GLOB\b[^)]*?\s([\w*]+\.py)", text))

    for path in files:
        folder, name = os.path.split(path)
        is_source = path.endswith(".cpp") and folder.split("/")[0] in SOURCE_FOLDERS + ("tests", "bench", "fuzz")
        is_test = folder.startswith("tests/") and re.fullmatch(r"test_\w+\.py|\w+_test\.py", name)
        if not is_source and not is_test:
            continue
        if folder == "fuzz" and name != "replay.cpp":
            if not re.search(r"peelbox_fuzz\(%s[\s)]" % re.escape(name[:-4]), builds.get("fuzz", "")):
                yield path, 1, "is no fuzzer of fuzz/CMakeLists.txt"
        elif not any(named(own, text) for own, text in words_above(path)):
            yield path, 1, "is in no build: no CMakeLists.txt at or above it names it"


CHECKS = {"includes": check_includes, "own_header": check_own_header, "pure": check_pure, "paths": check_paths,
          "coroutines": check_coroutines, "built": check_built}


def main():
    root = sys.argv[1]
    if not sources(root):
        print("no sources below", root, file=sys.stderr)
        return 1
    problems = list(CHECKS[sys.argv[2]](root))
    for path, line, what in problems:
        print("%s:%d: %s" % (path, line, what), file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
