"""The commands that a page of the docs shows, and a shell to run them in.

A block fenced with ```sh is run command by command, in the page's order, in one shell per user. Words behind `sh` say
where: `host` needs the installed system of docs/operations.md, `user=NAME` is run by that user. A command has to end
with 0, or with what its comment says: `# exit 3: nobody answers`. `# not run by the tests: why` is what it says."""
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/scenario"))
from stack import check  # noqa: E402


class Command:
    def __init__(self, text, place):
        self.text, self.place = text, place
        comment = re.search(r"\s#\s(.*)", text.splitlines()[0])
        self.comment = comment[1] if comment else ""
        self.is_run = not self.comment.startswith("not run by the tests: ")
        expected = re.search(r"\bexit (\d+)", self.comment)
        self.exit_code = int(expected[1]) if expected else 0


class Block:
    """One fenced block; the `number`-th of its heading, from 0."""

    def __init__(self, page, heading, number, words, first_line, lines):
        self.heading, self.number, self.words = heading, number, words
        self.text = "\n".join(lines)
        self.commands = list(commands(f"docs/{page.name}", first_line, lines)) if words[:1] == ["sh"] else []

    @property
    def user(self):
        return next((word.removeprefix("user=") for word in self.words if word.startswith("user=")), None)


def is_whole(text):
    """Does bash want no further line?"""
    done = subprocess.run(["bash", "-n"], input=text + "\n", capture_output=True, text=True)
    return done.returncode == 0 and not done.stderr and not text.endswith("\\")


def commands(name, first_line, lines):
    begin, gathered = first_line, []
    for number, line in enumerate(lines, first_line):
        if not gathered:
            begin = number
        if gathered or line.strip():
            gathered.append(line)
        if gathered and is_whole("\n".join(gathered)):
            yield Command("\n".join(gathered), f"{name}:{begin}")
            gathered = []
    check(not gathered, f"{name}:{begin}: bash wants more than the block has:", gathered)


def blocks(page):
    """Its fenced blocks of every kind, in order."""
    out, heading, fence = [], "", None
    for number, line in enumerate(page.read_text().splitlines(), 1):
        if fence is None and line.startswith("#"):
            heading = line.lstrip("#").strip()
        elif fence is None and line.startswith("```"):
            fence, first_line, inside = line[3:].split(), number + 1, []
        elif line == "```":
            of_heading = sum(block.heading == heading for block in out)
            out.append(Block(page, heading, of_heading, fence, first_line, inside))
            fence = None
        elif fence is not None:
            inside.append(line)
    check(fence is None, page, "ends inside a block")
    return out


def shown(page):
    return [block for block in blocks(page) if block.words[:1] == ["sh"]]


class Shell:
    """One bash that keeps its folder and its variables from command to command."""
    END = "that was the command, which ended with"

    def __init__(self, command=("bash", ), **more):
        self.popen = subprocess.Popen([*map(str, command)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, text=True, bufsize=1, start_new_session=True, **more)

    def run(self, text, seconds=180):
        """(exit code, what was printed)"""
        patience = threading.Timer(seconds, self.kill)
        patience.start()
        self.popen.stdin.write(f"{{ {text}\n}} </dev/null\nprintf '\\n{self.END} %d\\n' $?\n")
        said = []
        for line in self.popen.stdout:
            if line.startswith(self.END):
                patience.cancel()
                return int(line.split()[-1]), "".join(said).strip()
            said.append(line)
        patience.cancel()
        return -1, "".join(said) + f"\nthe shell is gone, or it took longer than {seconds} s"

    def kill(self):
        os.killpg(self.popen.pid, signal.SIGKILL)  # what it has started too

    def close(self):
        if self.popen.poll() is None:
            self.kill()
        self.popen.wait()


class Reader:
    """Does what a page says. `shell_of(user)` makes a shell; `before` has what has to happen before a block is read."""

    def __init__(self, shell_of, before=None):
        self.shell_of, self.before = shell_of, before or {}
        self.shells = {}
        self.ran = 0
        self.not_run = []
        self.output = {}  # of each command, by its text without the comment

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for shell in self.shells.values():
            shell.close()

    def read(self, block):
        prepare = self.before.get((block.heading, block.number))
        if prepare:
            begin = time.monotonic()
            prepare()
            if os.environ.get("BUSBAR_VERBOSE"):
                print(f"[prepared {block.heading} in {time.monotonic() - begin:.2f} s]")
        for command in block.commands:
            if not command.is_run:
                self.not_run.append(command)
                continue
            if block.user not in self.shells:
                self.shells[block.user] = self.shell_of(block.user)
            begin = time.monotonic()
            code, output = self.shells[block.user].run(command.text)
            while (code != command.exit_code and command.text.startswith("busbar journal")
                   and time.monotonic() - begin < 60):  # the archive is a moment behind the router, as operations.md says
                time.sleep(0.1)
                code, output = self.shells[block.user].run(command.text)
            if os.environ.get("BUSBAR_VERBOSE"):
                took = time.monotonic() - begin
                print(f"{command.place}$ {command.text}\n{output}\n[ended with {code} after {took:.2f} s]", flush=True)
            check(code == command.exit_code, f"{command.place}: `{command.text}` ended with {code}:\n{output}")
            self.output[re.split(r"\s+#\s", command.text)[0]] = output
            self.ran += 1
