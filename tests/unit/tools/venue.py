"""A broker in a box for the length of a `with`: started on free ports, stopped at the end; and tests that have one each."""

import base64
import http.client
import json
import os
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import unittest
import urllib.request
from pathlib import Path

VECTORS = Path(os.environ.get("BUSBAR_VECTORS", Path(__file__).resolve().parents[4] / "shared" / "vectors"))


class Venue:
    def __init__(self, program, folder, *options, broker="binance"):
        self.folder = folder
        self.command = [program, broker, "--tls-dir", folder, "--log-level", "warning", *options]

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
        if "main" in said["credentials"]:
            with open(said["credentials"]["main"], encoding="utf-8") as file:
                pairs = dict(line.split(" = ", 1) for line in file.read().splitlines())
            self.api_key, self.secret = pairs.get("api_key"), pairs.get("secret")
        return self

    def __exit__(self, *unused):
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(timeout=60)
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
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def book(self):
        return self.ask("GET", "/book?account=main")

    def connect(self, timeout=60):
        return http.client.HTTPSConnection("localhost", int(self.url.rsplit(":", 1)[1]), timeout=timeout,
                                           context=ssl.create_default_context(cafile=self.ca))

    def request(self, method, target, body=None, headers=None, timeout=60):
        """Status, headers and body; ConnectionError when the answer was dropped, TimeoutError when it never came."""
        connection = self.connect(timeout)
        try:
            connection.request(method, target, body, headers or {})
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read().decode()
        finally:
            connection.close()


class WebSocket:
    """As little of RFC 6455 as a test needs. Pings are answered unless told otherwise."""

    def __init__(self, venue, target, answers_pings=True):
        port = int(venue.url.rsplit(":", 1)[1])
        context = ssl.create_default_context(cafile=venue.ca)
        self.socket = context.wrap_socket(
            socket.create_connection(("localhost", port), timeout=60), server_hostname="localhost"
        )
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            (
                f"GET {target} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
            ).encode()
        )
        self.buffer = b""
        while b"\r\n\r\n" not in self.buffer:
            self.buffer += self.socket.recv(4096)
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        self.status = int(head.split()[1])
        self.answers_pings = answers_pings
        self.pings = 0
        self.close_code = None

    def send_frame(self, opcode, payload):
        mask = os.urandom(4)
        size = len(payload)
        head = (
            struct.pack("!BB", 0x80 | opcode, 0x80 | size)
            if size < 126
            else struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, size)
        )
        self.socket.sendall(head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload)))

    def take(self, count):
        while len(self.buffer) < count:
            part = self.socket.recv(65536)
            if not part:
                raise ConnectionError("closed")
            self.buffer += part
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def receive_frame(self):
        """The next frame but for pings and pongs; of one that closes the payload is none."""
        while True:
            first, size = struct.unpack("!BB", self.take(2))
            if size == 126:
                (size,) = struct.unpack("!H", self.take(2))
            elif size == 127:
                (size,) = struct.unpack("!Q", self.take(8))
            opcode, payload = first & 15, self.take(size)
            if opcode == 9:
                self.pings += 1
                if self.answers_pings:
                    self.send_frame(10, payload)
            elif opcode == 8:
                (self.close_code,) = struct.unpack("!H", payload[:2])
                self.send_frame(8, payload)
                return opcode, None
            elif opcode in (1, 2):
                return opcode, payload

    def receive(self):
        """The next text, or None when the other side closed."""
        while True:
            opcode, payload = self.receive_frame()
            if payload is None:
                return None
            if opcode == 1:
                return json.loads(payload)

    def send(self, message):
        self.send_frame(1, json.dumps(message).encode())

    def until(self, wanted):
        """Texts up to and including the first that `wanted` holds for."""
        texts = []
        while True:
            text = self.receive()
            if text is None:
                raise ConnectionError("closed")
            texts.append(text)
            if wanted(text):
                return texts

    def ask(self, message):
        self.send(message)
        return self.until(lambda text: text.get("id") == message["id"])[-1]

    def is_silent(self, seconds=0.3):
        self.socket.settimeout(seconds)
        try:
            return self.receive() is None
        except (socket.timeout, ssl.SSLWantReadError):
            return True
        finally:
            self.socket.settimeout(60)

    def close(self):
        self.socket.close()


class VenueTest(unittest.TestCase):
    """Each test has a venue and a folder of its own."""

    program = None  # that main() was told

    def write(self, name, text):
        """A file that nobody else may read."""
        path = os.path.join(self.folder.name, name)
        with open(path, "w", encoding="utf-8", opener=lambda p, f: os.open(p, f, 0o600)) as file:
            file.write(text)
        return path

    def make_folder(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def start(self, broker, config, *options):
        self.venue = Venue(self.program, self.folder.name, "--config", self.write("venue.toml", config), *options,
                           broker=broker)
        self.venue.__enter__()
        self.addCleanup(self.venue.__exit__)

    def fault(self, **rule):
        return self.venue.ask("POST", "/faults", rule)["id"]

    def names(self):
        return [order["client_order_id"] for order in self.venue.book()["orders"]]


def lacks(sample, ours, path="", alike=None):
    """What a recorded payload has and ours has not, or has of another type, unless types are named that are taken for
    another. Numbers of a list are of its first."""
    if isinstance(sample, dict) and isinstance(ours, dict):
        return [found for name in sample for found in (lacks(sample[name], ours[name], f"{path}.{name}", alike)
                                                       if name in ours else [f"{path}.{name} is missing"])]
    if isinstance(sample, list) and isinstance(ours, list):
        if sample and not ours:
            return [f"{path} is empty"]
        return [found for each in sample for found in lacks(each, ours[0], f"{path}[]", alike)]
    kinds = [(alike or {}).get(type(value), type(value)) for value in (sample, ours) if value is not None]
    return [f"{path} is a {kinds[1].__name__} and not a {kinds[0].__name__}"] if len(set(kinds)) > 1 else []


def main(**how):
    VenueTest.program = sys.argv.pop(1)
    unittest.main(**how)
