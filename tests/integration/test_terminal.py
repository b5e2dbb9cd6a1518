"""The display in a real terminal: tmux types, resizes and presses Ctrl-C, and its screen is compared."""

import fcntl
import os
import pty
import select
import signal
import subprocess
import termios

from bed import BUILD_IMAGE, PEELBOX, RUNTIME_IMAGE, BedTest, bed, clean_environment, wait_for
from terminal import Terminal


class TerminalTest(BedTest):
    def build_command(self):
        """Builds something that goes on until it is stopped."""
        spec = self.spec(build={"commands": [f"echo working on it; : {self.dir.name}; sleep 300 && touch out"]},
                         runtime={"copy": [{"from": "out", "to": "/out"}]})
        return (f"{PEELBOX} build --spec {spec} --tag it:test --context {self.context()} "
                f"--output type=oci,dest={self.dir}/o.tar --build-image {BUILD_IMAGE} --runtime-image {RUNTIME_IMAGE} "
                f"--buildkit {bed('BUILDKITD')} --no-cache")

    def command(self):
        """Shows exit code and terminal settings afterwards."""
        return (f"trap : INT; sh -c 'echo $$ > {self.dir}/pid; exec {self.build_command()}'; echo END $?; stty -a; "
                "exec sleep 1000")

    def start(self):
        return Terminal(self, self.command())

    @staticmethod
    def block(screen):
        """The picture: from its header to the last line that is not empty."""
        start = next(i for i, line in enumerate(screen) if line.startswith("[+] Building"))
        lines = screen[start:]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def whole(self, screen, columns):
        headers = [line for line in screen if line.startswith("[+] Building")]
        if len(headers) != 1:
            return False
        block = self.block(screen)
        # Every step has its time at the right edge.
        running = [line for line in block if line.startswith(" => [build 1/1]")]
        return len(running) == 1 and len(running[0]) == columns - 1 and running[0].endswith("s") and block[-1] == " => => # working on it"

    def test_typing_resizing_and_ctrl_c(self):
        terminal = self.start()
        terminal.wait_for_text("# working on it")
        terminal.wait_for(lambda s: self.whole(s, 80), "the picture at 80 columns")
        terminal.tmux("send-keys", "some keys", "Enter", "more", "Enter")
        for columns, rows in ((50, 20), (120, 40), (33, 12), (80, 24)):
            terminal.resize(columns, rows)
            screen = terminal.wait_for(lambda s: self.whole(s, columns), f"the picture at {columns} columns")
            self.assertFalse([line for line in screen if "some keys" in line or "more" == line], screen)
        self.assertEqual(terminal.tmux("display-message", "-p", "#{cursor_flag}").strip(), "0")
        terminal.tmux("send-keys", "C-c")
        terminal.wait_for_text("END 130")
        text = terminal.everything()
        self.assertIn("cancelling the build; interrupt again to end at once", text)
        # The last lines of what was interrupted stay, as those of a failure would.
        self.assertRegex(text, r"\n------\n > \[build 1/1\] (.*\n)+\d\.\d+ working on it\n------\n")
        if "the daemon did not confirm" not in text:  # as it may when the machine is very slow
            self.assertIn("CANCELED [build 1/1]", text)
            self.assertIn("stopped  after", text)
        self.assertEqual(text.count("error: "), 1, text)
        screen = "\n".join(terminal.wait_for_text("icanon"))
        self.assertRegex(screen, r"(^|\s)echo\s")
        self.assertRegex(screen, r"(^|\s)onlcr\s")
        self.assertEqual(terminal.tmux("display-message", "-p", "#{cursor_flag}").strip(), "1")

    def test_ctrl_z_and_back(self):
        script = self.dir / "go.sh"
        script.write_text(f"exec {self.build_command()}\n")
        terminal = Terminal(self, "PS1='ready> ' exec bash --norc --noprofile -i")
        cursor = lambda: terminal.tmux("display-message", "-p", "#{cursor_flag}").strip()
        terminal.wait_for_text("ready>")
        terminal.tmux("send-keys", f"clear; sh {script}", "Enter")
        terminal.wait_for(lambda s: self.whole(s, 80), "the picture")
        self.assertEqual(cursor(), "0")
        terminal.tmux("send-keys", "C-z")
        terminal.wait_for_text("Stopped")
        self.assertEqual(cursor(), "1")
        terminal.tmux("send-keys", "echo meanwhile $((20 + 3))", "Enter")
        terminal.wait_for_text("meanwhile 23")
        terminal.tmux("send-keys", "fg", "Enter")
        # A picture of its own below what the shell wrote; the old one stays above.
        def drawn_anew(screen):
            said = [i for i, line in enumerate(screen) if line == "meanwhile 23"]
            return said and self.whole(screen[said[0]:], 80)
        screen = terminal.wait_for(drawn_anew, "a new picture")
        self.assertTrue([line for line in screen if "Stopped" in line], screen)
        self.assertEqual(cursor(), "0")
        terminal.tmux("send-keys", "C-c")
        terminal.wait_for_text("CANCELED [build 1/1]")
        terminal.tmux("send-keys", "echo END $?", "Enter")
        terminal.wait_for_text("END 130")
        self.assertEqual(cursor(), "1")

    def test_a_stopped_program_leaves_the_settings_as_they_were(self):
        """Without a shell that would mend them."""
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        echo = lambda: bool(termios.tcgetattr(slave)[3] & termios.ECHO)
        seen = bytearray()
        def read():
            while select.select([master], [], [], 0)[0]:
                seen.extend(os.read(master, 65536))
            return bytes(seen)
        def become():
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        child = subprocess.Popen(self.build_command().split(), stdin=slave, stdout=slave, stderr=slave, preexec_fn=become,
                                 env=clean_environment({"TERM": "xterm-256color"}))
        def stop():
            if child.poll() is None:
                child.kill()
            child.wait()
        self.addCleanup(stop)
        self.assertTrue(echo())
        wait_for(lambda: b"working on it" in read(), "the picture", 90)
        self.assertFalse(echo())
        child.send_signal(signal.SIGTSTP)
        wait_for(lambda: os.waitid(os.P_PID, child.pid, os.WSTOPPED | os.WNOHANG | os.WNOWAIT), "the stop", 30)
        self.assertTrue(echo())
        self.assertGreater(read().rfind(b"\x1b[?25h"), read().rfind(b"\x1b[?25l"), "the cursor is back")
        before = len(read())
        child.send_signal(signal.SIGCONT)
        wait_for(lambda: b"[+] Building" in read()[before:], "a picture after the return", 30)
        self.assertFalse(echo())
        self.assertIn(b"\x1b[?25l", read()[before:])
        child.send_signal(signal.SIGINT)
        wait_for(lambda: (read(), child.poll())[1] is not None, "the end", 60)
        self.assertEqual(child.returncode, 130)
        self.assertTrue(echo())
        self.assertTrue(termios.tcgetattr(slave)[1] & termios.ONLCR, "line ends return to the first column as before")
        os.close(slave)

    def test_a_crash_gives_the_terminal_back(self):
        terminal = self.start()
        terminal.wait_for_text("# working on it")
        wait_for(lambda: terminal.tmux("display-message", "-p", "#{cursor_flag}").strip() == "0", "no cursor")
        os.kill(int((self.dir / "pid").read_text()), signal.SIGSEGV)
        terminal.wait_for_text("END ")
        screen = "\n".join(terminal.wait_for_text("icanon"))
        self.assertRegex(screen, r"(^|\s)echo\s")
        self.assertEqual(terminal.tmux("display-message", "-p", "#{cursor_flag}").strip(), "1")
