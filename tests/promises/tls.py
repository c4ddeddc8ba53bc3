"""TLS: a gateway talks to nobody whom it cannot verify, and to nobody over what is broken. Real handshakes, for REST
and the WebSockets of each broker; and what a venue in a box offers as a server. D15.

  tls.py [BROKER...]"""
import contextlib
import os
import re
import socket
import ssl
import struct
import subprocess
import sys
import threading
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scenario"))
from stack import BIN, Process, Stack, check, program, wait_for  # noqa: E402

warnings.filterwarnings("ignore", category=DeprecationWarning)  # of versions that nobody should speak

# What a gateway may offer: TLS 1.3's, of 1.2 what has forward secrecy and authenticated encryption, and one that is none.
SUITES = {0x1301, 0x1302, 0x1303, 0xC02B, 0xC02C, 0xC02F, 0xC030, 0xCCA8, 0xCCA9, 0x00FF}
RC4 = 0x0005  # TLS_RSA_WITH_RC4_128_SHA: no OpenSSL of today has it, so it is answered by hand
VERSIONS = {0x0303, 0x0304}


# ---- certificates

def openssl(*arguments):
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True)
    check(done.returncode == 0, "openssl", *arguments, done.stderr)
    return done.stdout


class Certificates:
    """Authorities, and what they have signed: `file(name)` is key and certificate in one."""

    def __init__(self, folder):
        self.folder = folder
        for authority in ("right", "other"):
            openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 2,
                    "-subj", f"/CN={authority}", "-keyout", folder / f"{authority}.key", "-out", folder / f"{authority}.pem")
        here = "DNS:localhost,IP:127.0.0.1"
        self.make("good", "right", here)
        self.make("expired", "right", here, days=-1)
        self.make("wrong_host", "right", "DNS:other.example,IP:127.0.0.2", subject="127.0.0.1")
        self.make("wrong_ca", "other", here)
        self.make("self_signed", None, here)

    def make(self, name, authority, alternatives, days=2, subject="localhost"):
        key, request, certificate = (self.folder / f"{name}.{end}" for end in ("key", "csr", "crt"))
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={subject}",
                "-keyout", key, "-out", request)
        names = self.folder / f"{name}.ext"
        names.write_text(f"subjectAltName={alternatives}\n")
        signed_by = ("-CA", self.folder / f"{authority}.pem", "-CAkey", self.folder / f"{authority}.key", "-CAcreateserial")
        openssl("x509", "-req", "-in", request, "-days", days, "-extfile", names, "-out", certificate,
                *(signed_by if authority else ("-signkey", key)))
        self.file(name).write_text(key.read_text() + certificate.read_text())

    def file(self, name):
        return self.folder / f"{name}.both"

    def pin(self, certificate):
        key = openssl("x509", "-in", certificate, "-pubkey", "-noout")
        made = subprocess.run("openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | openssl base64", shell=True,
                              input=key, capture_output=True, text=True)
        return "sha256/" + made.stdout.strip()


# ---- a server of each bad kind

def read_exactly(connection, size):
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        if not piece:
            raise ConnectionError("the other side has gone")
        data += piece
    return data


def read_hello(connection):
    """(versions, cipher suites) of a ClientHello, RFC 8446, 4.1.2."""
    kind, _, size = struct.unpack(">BHH", read_exactly(connection, 5))
    check(kind == 22, "no handshake:", kind)
    hello = read_exactly(connection, size)
    version = struct.unpack(">H", hello[4:6])[0]
    at = 38 + 1 + hello[38]
    length = struct.unpack(">H", hello[at:at + 2])[0]
    suites = set(struct.unpack(f">{length // 2}H", hello[at + 2:at + 2 + length]))
    at += 2 + length
    at += 1 + hello[at] + 2
    versions = {version}
    while at + 4 <= len(hello):
        extension, length = struct.unpack(">HH", hello[at:at + 4])
        body = hello[at + 4:at + 4 + length]
        if extension == 43:  # supported_versions
            versions = set(struct.unpack(f">{body[0] // 2}H", body[1:1 + body[0]]))
        at += 4 + length
    return versions, suites


class Server:
    """Listens, and counts who tries, whose handshake is completed, and who says something then."""

    def __init__(self, kind, certificates):
        self.kind, self.tries, self.handshakes, self.said = kind, 0, 0, 0
        self.versions, self.suites, self.alerts = set(), set(), 0
        self.context = None
        if kind != "rc4":
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            named = kind if certificates.file(kind).exists() else "good"
            self.context.load_cert_chain(certificates.file(named))
            if kind == "tls11":
                self.context.minimum_version, self.context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
                self.context.set_ciphers("ALL:@SECLEVEL=0")
            if kind == "null":
                self.context.maximum_version = ssl.TLSVersion.TLSv1_2
                self.context.set_ciphers("eNULL:@SECLEVEL=0")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.settimeout(60)
            with connection, contextlib.suppress(OSError):
                self.serve(connection)

    def serve(self, connection):
        if self.context is None:
            return self.answer_with_rc4(connection)
        self.tries += 1
        with self.context.wrap_socket(connection, server_side=True) as talk:
            self.handshakes += 1
            self.said += len(talk.recv(4096))

    def answer_with_rc4(self, connection):
        self.versions, self.suites = read_hello(connection)
        self.tries += 1
        body = struct.pack(">H", 0x0303) + os.urandom(32) + b"\0" + struct.pack(">H", RC4) + b"\0"
        hello = b"\x02" + len(body).to_bytes(3, "big") + body
        connection.sendall(struct.pack(">BHH", 22, 0x0303, len(hello)) + hello)
        answer = connection.recv(5)  # an alert, or an end; a client that went on would answer with its key
        self.alerts += answer[:1] == b"\x15"
        self.handshakes += answer[:1] == b"\x16"

    def close(self):
        self.listener.close()


# ---- gateways

PLACES = {"binance": {"rest": "https://{}/", "ws_api": "wss://{}/ws-api/v3", "streams": "wss://{}"},
          "coinbase": {"rest": "https://{}", "user_stream": "wss://{}/", "market_stream": "wss://{}/"},
          "alpaca": {"rest": "https://{}", "order_stream": "wss://{}/stream", "data": "https://{}",
                     "stock_stream": "wss://{}/v2/iex", "crypto_stream": "wss://{}/v1beta3/crypto/us"},
          "ibkr": {"rest": "https://{}/v1/api", "stream": "wss://{}/v1/api/ws"}}
# What opens those that nobody opens before somebody wants something of them.
WANTED = {"data": ("history", "AAPL", "--interval", "1m", "-n", "3"), "stock_stream": ("quotes", "AAPL", "--seconds", "5"),
          "crypto_stream": ("quotes", "BTC/USD", "--seconds", "5")}
KINDS = {"expired": "certificate has expired", "wrong_host": "not for this host name", "self_signed": "self-signed",
         "wrong_ca": "unable to get local issuer|unable to verify", "tls11": "TLS with", "null": "TLS with",
         "rc4": "TLS with", "pin_changed": "is pinned"}


class Bench(Stack):
    """A venue and a gateway alone, with one of its addresses led astray."""

    astray = None  # which address, and to which port
    pins = ()

    def __init__(self, broker, name):
        super().__init__(f"{name}-{broker}", broker=broker, rate=0)
        self.broker = broker

    def venue_of(self, gateway):
        urls = dict(super().venue_of(gateway))
        if self.astray:
            place, port = self.astray
            urls[place] = PLACES[self.broker][place].format(f"127.0.0.1:{port}")
        return urls

    def gateway_table(self, name):
        self.gateway = f"pins = {list(self.pins)}" if self.pins else ""
        return super().gateway_table(name).replace(self.venue.ca, str(self.folder / "trusted.pem"))

    def start(self):
        self.start_venue()
        self.tls = self.folder / "tls"
        self.tls.mkdir()
        self.certificates = Certificates(self.tls)
        (self.folder / "trusted.pem").write_text(Path(self.venue.ca).read_text() + (self.tls / "right.pem").read_text())
        self.venue_pin = self.certificates.pin(self.venue.ca)

    def start_router(self):
        """Without one a gateway does not speak to its broker."""
        if "router" not in self.processes:
            self.add("auditd-core", program("busbar-auditd"), "--config", self.config, "--stream", "core").start()
            self.add("router", program("busbar-router"), "--config", self.config).start()

    def want(self, place):
        """By way of the router, again and again, for a gateway that is not there yet refuses it."""
        busbar = (BIN / "busbar", "--config", self.config, *WANTED[place])
        return Process("wish", ["sh", "-c", 'while ! "$@"; do sleep 0.2; done', "sh", *map(str, busbar)],
                       self.folder / f"wish-{self.astray[1]}.log").start()

    def try_it(self, place, kind, pins=()):
        """The server of this kind, after the gateway has tried it, and what the gateway said, or told who had asked."""
        server = Server(kind, self.certificates)
        self.astray, self.pins = (place, server.port), pins
        self.write_config()
        self.start_router()
        log = self.folder / f"{place}-{kind}.log"
        gateway = Process("gateway", [str(program(f"busbar-gateway-{self.broker}")), "--config", str(self.config)], log)
        gateway.environment = {"SSLKEYLOGFILE": str(self.folder / "keys")}
        self.processes["gateway"] = gateway
        gateway.start()
        wish = self.want(place) if place in WANTED else None

        def said():
            return log.read_text() + (Path(wish.log).read_text() if wish else "")
        about = f"TLS with 127[.]0[.]0[.]1:{server.port}: "
        try:
            wait_for(f"{place} to be tried with {kind}", lambda: server.tries, pause=0.01)
            if kind == "good" and (not pins or self.certificates.pin(self.tls / "good.crt") in pins):
                wait_for("a good one to be spoken to", lambda: server.said, pause=0.01)
            else:
                wait_for("the reason", lambda: re.search(about, said()), pause=0.01)
        finally:
            if wish:
                wish.kill()
            gateway.kill()
            server.close()
        del self.processes["gateway"]
        return server, said()


def no_gateway_connects(broker):
    with Bench(broker, "tls") as bench:
        tried = good = 0
        offered = set()
        mine, others = (bench.certificates.pin(bench.tls / file) for file in ("good.crt", "other.pem"))
        for place in PLACES[broker]:
            # The same server with nothing wrong is spoken to, with and without its pin: or this would show nothing.
            for pins in ((), (bench.venue_pin, mine)):
                server, _ = bench.try_it(place, "good", pins)
                check(server.handshakes and server.said, place, "does not speak to a good server")
                good += 1
            for kind, reason in KINDS.items():
                is_pin = kind == "pin_changed"
                server, log = bench.try_it(place, "good" if is_pin else kind, (bench.venue_pin, others) if is_pin else ())
                check(server.handshakes == 0 and server.said == 0, place, kind, ":", server.handshakes, "connections,",
                      server.said, "bytes")
                check(re.search(reason, log), place, kind, "is not the reason in:\n", log)
                if kind == "rc4":
                    check(server.versions and server.versions <= VERSIONS, place, "offers versions", server.versions)
                    check(server.suites and server.suites <= SUITES, place, "offers", server.suites - SUITES)
                    wait_for(f"an alert of {place} at RC4", lambda: server.alerts)  # its thread may be behind the log
                    offered |= server.suites
                tried += 1
        check(not (bench.folder / "keys").exists(), "keys were logged")
        return tried, good, offered


# ---- the venue's side

def shakes(port, ca, low, high, ciphers="ALL:COMPLEMENTOFALL:@SECLEVEL=0"):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(ca)
    context.minimum_version, context.maximum_version = low, high
    context.set_ciphers(ciphers)
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as plain:
            with context.wrap_socket(plain, server_hostname="127.0.0.1") as talk:
                return talk.version()
    except (ssl.SSLError, ConnectionError):
        return None


def a_venue_offers_nothing_old(broker):
    os.environ["SSLKEYLOGFILE"] = "/nonexistent/keys"  # whoever would write there could not start
    with Bench(broker, "tls-venue") as bench:
        port = int(bench.venue.rest.rsplit(":", 1)[1])
        version = ssl.TLSVersion
        asked = {name: shakes(port, bench.venue.ca, version[name], version[name])
                 for name in ("TLSv1", "TLSv1_1", "TLSv1_2", "TLSv1_3")}
        check(asked == {"TLSv1": None, "TLSv1_1": None, "TLSv1_2": "TLSv1.2", "TLSv1_3": "TLSv1.3"}, asked)
        null = shakes(port, bench.venue.ca, version.TLSv1_2, version.TLSv1_2, "eNULL:@SECLEVEL=0")
        check(null is None, "a connection without encryption:", null)
    del os.environ["SSLKEYLOGFILE"]


def main():
    tried = good = 0
    offered = set()
    brokers = sys.argv[1:] or list(PLACES)
    for broker in brokers:
        a_venue_offers_nothing_old(broker)
        more, better, suites = no_gateway_connects(broker)
        tried, good, offered = tried + more, good + better, offered | suites
    print(f"D15: {tried} of {tried} servers that are not to be trusted ({', '.join(KINDS)}) refused within the handshake, by "
          f"REST and WebSockets of {', '.join(brokers)}; the {good} good ones spoken to, with and without a pin; offered were "
          f"TLS 1.2 and 1.3 with {len(offered - {0x00FF})} suites; the venues take 1.2 and 1.3, refuse 1.0, 1.1 and NULL; no key "
          "was logged", flush=True)


if __name__ == "__main__":
    main()
