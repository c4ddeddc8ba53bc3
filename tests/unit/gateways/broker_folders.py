#!/usr/bin/env python3
"""A broker's folder holds no loop, timer, thread, retry or connection of its own: these are gateways/framework's, and what
is theirs alone is said in a broker's words. Reads every folder beside framework, so also a broker added later; main.cpp is
free. The one word of Asio that a verb needs is asio::awaitable, which the framework's adapter.hpp names.

  broker_folders.py FOLDER...    folders of brokers, or of folders of brokers
  broker_folders.py --self-test  that each kind of trespass is found
"""
import pathlib
import re
import sys
import tempfile

TRESPASSES = [(re.compile(pattern), why) for pattern, why in (
    (r'#\s*include\s*[<"]boost/(asio|beast)', "includes Asio or Beast"),
    (r'#\s*include\s*[<"](thread|future|condition_variable|mutex|stop_token|poll\.h|unistd\.h|sys/(socket|epoll|timerfd)\.h)',
     "includes threads or system calls"),
    (r'#\s*include\s*"bus/(byte_stream|endpoint)', "includes the bus's sockets"),
    (r"\bboost::(asio|beast)\b|\bbeast::", "names Asio or Beast"),
    (r"\basio::(?!awaitable\b)\w+", "names more of Asio than awaitable"),
    (r"\b(steady|system|high_resolution|deadline)_timer\b|\bwaitable_timer\b", "has a timer"),
    (r"\bco_spawn\b|\basync_wait\b|\bstd::j?thread\b|\bstd::async\b", "starts something by itself"),
    (r"\b(sleep_for|sleep_until|usleep|nanosleep)\b|\bsleep\s*\(", "sleeps"),
)]
SOURCES = {".cpp", ".hpp", ".h", ".cc", ".hh", ".cxx", ".ipp"}


def without_comments(text):
    blank = lambda match: re.sub(r"[^\n]", " ", match.group())
    return re.sub(r"//[^\n]*|/\*.*?\*/", blank, text, flags=re.DOTALL)


def trespasses(folder):
    for path in sorted(folder.rglob("*")):
        if path.suffix not in SOURCES or path.name == "main.cpp":
            continue
        for number, line in enumerate(without_comments(path.read_text()).splitlines(), 1):
            for pattern, why in TRESPASSES:
                if pattern.search(line):
                    yield f"{path}:{number}: {why}: {line.strip()}"


def brokers(folder):
    """The folder itself where it has sources, else those in it."""
    if any(path.suffix in SOURCES for path in folder.iterdir()):
        return [folder]
    return sorted(path for path in folder.iterdir() if path.is_dir() and path.name != "framework")


def self_test():
    planted = ["#include <boost/asio/steady_timer.hpp>", '#include "boost/beast/core.hpp"', "#include <thread>",
               "boost::asio::io_context loop;", "asio::post(loop, act);", "asio::steady_timer timer;",
               "co_spawn(loop, act());", "std::this_thread::sleep_for(1s);"]
    allowed = ["asio::awaitable<void> stop();", "// asio::steady_timer is the framework's", "gateway::spawn(loop, act());"]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name) / "later"
        folder.mkdir()
        for line in planted + allowed:
            (folder / "adapter.cpp").write_text(line + "\n")
            found = bool(list(trespasses(brokers(folder.parent)[0])))
            if found != (line in planted):
                sys.exit(f"self-test: {'not found' if line in planted else 'wrongly found'}: {line}")
        (folder / "adapter.cpp").rename(folder / "main.cpp")
        (folder / "main.cpp").write_text(planted[0] + "\n")
        if list(trespasses(folder)):
            sys.exit("self-test: main.cpp is free")


def main(names):
    if names == ["--self-test"]:
        return self_test()
    folders = [broker for name in names for broker in brokers(pathlib.Path(name))]
    if not folders:
        sys.exit("no folder of a broker is there")
    found = [line for folder in folders for line in trespasses(folder)]
    print("\n".join(found) or f"{len(folders)} folders: no machinery of their own")
    sys.exit(1 if found else 0)


main(sys.argv[1:])
