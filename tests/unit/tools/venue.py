"""A broker in a box for the length of a `with`: started on free ports, stopped at the end."""

import json
import signal
import subprocess
import urllib.request


class Venue:
    def __init__(self, program, folder, *options):
        self.folder = folder
        self.command = [program, "binance", "--tls-dir", folder, "--log-level", "warning", *options]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        with self.process.stdout:
            line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.command[0]} did not start")
        said = json.loads(line)
        self.url = f"https://localhost:{said['port']}"
        self.websocket = f"wss://localhost:{said['port']}"
        self.control = said["control"]
        self.ca = said["ca"]
        with open(said["credentials"]["main"], encoding="utf-8") as file:
            pairs = dict(line.split(" = ", 1) for line in file.read().splitlines())
        self.api_key, self.secret = pairs["api_key"], pairs["secret"]
        return self

    def __exit__(self, *unused):
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        if status != 0:
            raise RuntimeError(f"{self.command[0]} ended with status {status}")

    def ask(self, method, path, body=None):
        """One word through its back door."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.control}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def book(self):
        return self.ask("GET", "/book?account=main")
