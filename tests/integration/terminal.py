"""A terminal for tests: tmux."""

import subprocess

from bed import clean_environment, wait_for


class Terminal:
    """One pane of a tmux server of its own."""

    def __init__(self, test, command, columns=80, rows=24):
        self.socket = test.dir / "tmux.sock"
        self.environment = clean_environment({"TERM": "xterm-256color"})
        self.environment.pop("TMUX", None)
        test.addCleanup(self.tmux, "kill-server", check=False)
        self.tmux("new-session", "-d", "-x", str(columns), "-y", str(rows), "sh", "-c", command)
        self.tmux("set-option", "-g", "status", "off", check=False)
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def tmux(self, *arguments, check=True):
        done = subprocess.run(["tmux", "-S", str(self.socket), "-f", "/dev/null", *arguments], capture_output=True,
                              text=True, env=self.environment, timeout=30)
        if check and done.returncode != 0:
            raise AssertionError(f"tmux {arguments}: {done.stderr}")
        return done.stdout

    def screen(self):
        return [line.rstrip() for line in self.tmux("capture-pane", "-p").split("\n")]

    def everything(self):
        """Also what has scrolled away."""
        return self.tmux("capture-pane", "-p", "-S", "-200")

    def resize(self, columns, rows):
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def wait_for(self, condition, what):
        def seen():
            screen = self.screen()
            return screen if condition(screen) else None
        try:
            return wait_for(seen, what, 90)
        except AssertionError as error:
            raise AssertionError(f"{error}\n" + "\n".join(self.screen())) from None

    def wait_for_text(self, text):
        return self.wait_for(lambda screen: any(text in line for line in screen), repr(text))
