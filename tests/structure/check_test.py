"""The checks complain about a tree that breaks their rules, and not about one that obeys them."""

import importlib.util
import os
import sys
import tempfile
import unittest

spec = importlib.util.spec_from_file_location("check", os.path.join(os.path.dirname(os.path.abspath(__file__)), "check.py"))
check = importlib.util.module_from_spec(spec)
sys.modules["check"] = check
spec.loader.exec_module(check)

FAILURE = ("engine/async/failure.hpp", "#include <string>\n")
EVENT = ("engine/async/event.hpp", "#include <boost/asio/post.hpp>\n")


class Check(unittest.TestCase):
    def problems(self, name, *files):
        with tempfile.TemporaryDirectory() as root:
            for path, text in files:
                os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
                with open(os.path.join(root, path), "w", encoding="utf-8") as out:
                    out.write(text.replace("ROOT", os.path.realpath(root)))
            return ["%s:%d" % (path, line) for path, line, _ in check.CHECKS[name](root)]

    def test_includes_downwards_are_fine(self):
        self.assertEqual(self.problems("includes", FAILURE, (
            "transport/a.cpp", '#include "engine/async/failure.hpp"\n#include <openssl/ssl.h>\n#include <unistd.h>\n')), [])

    def test_includes_upwards_are_found(self):
        self.assertEqual(self.problems("includes", ("transport/a.hpp", "\n"),
                                       ("engine/async/b.hpp", '\n#include "transport/a.hpp"\n')), ["engine/async/b.hpp:2"])

    def test_foreign_and_relative_and_missing_includes_are_found(self):
        self.assertEqual(self.problems("includes", FAILURE, (
            "h2grpc/grpc/a.cpp", '#include <nghttp2/nghttp2.h>\n#include "a.hpp"\n#include "h2grpc/grpc/none.hpp"\n')),
            ["h2grpc/grpc/a.cpp:1", "h2grpc/grpc/a.cpp:2", "h2grpc/grpc/a.cpp:3"])

    def test_the_own_header_comes_first(self):
        self.assertEqual(self.problems("own_header", ("cli/a.hpp", "\n"), ("cli/a.cpp", '#include "cli/a.hpp"\n'),
                                       ("cli/main.cpp", "#include <string>\n")), [])
        self.assertEqual(self.problems("own_header", ("cli/a.hpp", "\n"),
                                       ("cli/a.cpp", '#include <string>\n#include "cli/a.hpp"\n')), ["cli/a.cpp:1"])

    def test_an_unknown_folder_is_found(self):
        self.assertEqual(self.problems("includes", ("engine/misc/a.hpp", "\n")), ["engine/misc/a.hpp:1"])

    def test_pure_files_do_not_reach_asio(self):
        self.assertEqual(self.problems("pure", FAILURE, EVENT,
                                       ("engine/oci/a.hpp", '#include "engine/async/failure.hpp"\n')), [])
        self.assertEqual(self.problems("pure", EVENT, ("engine/oci/b.hpp", '#include "engine/async/event.hpp"\n')),
                         ["engine/oci/b.hpp:1"])

    def test_a_file_that_no_build_names_is_found(self):
        lists = (("fuzz/CMakeLists.txt", "# peelbox_fuzz(gone x)\npeelbox_fuzz(used lib)\nadd_library(r replay.cpp)\n"),
                 ("bench/CMakeLists.txt", "peelbox_bench(walk lib)\nforeach(tool relay)\n add_executable(x tools/${tool}.cpp)\n"),
                 ("cli/CMakeLists.txt", "library(a main.cpp\n misuse.cpp)"),
                 ("tests/shell/CMakeLists.txt", "COMMAND python3 -m unittest -q test_shells.${class}"),
                 ("tests/integration/CMakeLists.txt", "file(GLOB modules ${CMAKE_CURRENT_SOURCE_DIR}/test_*.py)"))
        used = ("fuzz/used.cpp", "fuzz/replay.cpp", "bench/walk.cpp", "bench/tools/relay.cpp", "cli/misuse.cpp",
                "tests/shell/test_shells.py", "tests/integration/test_x.py", "tests/integration/bed.py")
        self.assertEqual(self.problems("built", *lists, *((f, "") for f in used)), [])
        unused = ("bench/tools/other.cpp", "bench/wal.cpp", "cli/isuse.cpp", "fuzz/gone.cpp", "tests/shell/test_other.py")
        self.assertEqual(sorted(self.problems("built", *lists, *((f, "") for f in unused))), [f + ":1" for f in unused])

    def test_paths_of_one_machine_are_found(self):
        person = "/home" + "/somebody/x"
        self.assertEqual(self.problems("paths", ("engine/a.md", "ok\n%s\nsee ROOT/x\nhttps://x%s\n" % (person, person))),
                         ["engine/a.md:2", "engine/a.md:3"])

    def test_braced_temporaries_are_found(self):
        self.assertEqual(self.problems("coroutines", (
            "cli/a.cpp", "co_await f(x, {});\nco_await g(type{1});\nco_await h(x);\nauto t = f(x, {});\n"
                         "co_await run([&](int n) -> task<void> { co_return k(n, {1}); });\n")),
            ["cli/a.cpp:1", "cli/a.cpp:2"])


if __name__ == "__main__":
    unittest.main()
