"""OAuth 1.0a as Interactive Brokers has it, from a customer's side, with Python's own library alone: what the venue in a
box is tested with. Numbers are RSA's and Diffie-Hellman's, nothing here is secret enough for constant time."""

import base64
import hashlib
import hmac
import http.client
import json
import secrets
import ssl
import time
import urllib.parse


def read_credentials(path):
    with open(path, encoding="utf-8") as file:
        return dict(line.split(" = ", 1) for line in file.read().splitlines())


def der(data, at=0):
    """Tag, content and end of one element."""
    tag, size, at = data[at], data[at + 1], at + 2
    if size & 0x80:
        count = size & 0x7F
        size, at = int.from_bytes(data[at:at + count], "big"), at + count
    return tag, data[at:at + size], at + size


def private_numbers(pem):
    """Modulus and private exponent of a key in PKCS#8."""
    lines = [line for line in pem.replace("\\n", "\n").splitlines() if line and not line.startswith("-----")]
    _, outer, _ = der(base64.b64decode("".join(lines)))
    _, _, at = der(outer)
    _, _, at = der(outer, at)
    _, octets, _ = der(outer, at)
    _, inner, _ = der(octets)
    numbers, at = [], 0
    while at < len(inner):
        _, content, at = der(inner, at)
        numbers.append(int.from_bytes(content, "big"))
    return numbers[1], numbers[3]


def encoded(text):
    return urllib.parse.quote(text, safe="-._~")


class Client:
    """One consumer at the venue."""

    def __init__(self, venue, credentials):
        self.venue = venue
        self.keys = read_credentials(credentials)
        self.port = int(venue.url.rsplit(":", 1)[1])
        self.signer = private_numbers(self.keys["signature_key"])
        self.live = None
        self.more = {}  # of the next request's OAuth members: what is to be something else
        self.take_token(self.keys["access_token"], self.keys["access_token_secret"])

    def take_token(self, token, secret):
        n, d = private_numbers(self.keys["encryption_key"])
        padded = pow(int.from_bytes(base64.b64decode(secret), "big"), d, n).to_bytes((n.bit_length() + 7) // 8, "big")
        self.keys["access_token"], self.secret = token, padded[padded.index(0, 2) + 1:]

    def send(self, method, path, body=None, query="", headers=None, timeout=60):
        connection = http.client.HTTPSConnection("localhost", self.port, timeout=timeout,
                                                 context=ssl.create_default_context(cafile=self.venue.ca))
        try:
            data = None if body is None else json.dumps(body)
            all_headers = {"User-Agent": "test", **(headers or {})}
            if data is not None:
                all_headers.setdefault("Content-Type", "application/json")
            connection.request(method, path + ("?" + query if query else ""), data, all_headers)
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read().decode()
        finally:
            connection.close()

    def header(self, method, path, query, signature_method, sign, extra=None, prepend=""):
        members = {"oauth_consumer_key": self.keys["consumer_key"], "oauth_nonce": secrets.token_hex(16),
                   "oauth_signature_method": signature_method, "oauth_timestamp": str(int(time.time())),
                   "oauth_token": self.keys["access_token"], **(extra or {}), **self.more}
        self.more = {}
        members = {k: v for k, v in members.items() if v is not None}
        pairs = sorted(list(members.items()) + urllib.parse.parse_qsl(query, keep_blank_values=True))
        listed = "&".join(f"{k}={v}" for k, v in pairs)
        url = f"https://localhost:{self.port}{path}"
        text = prepend + "&".join([method, encoded(url), encoded(listed)])
        members["oauth_signature"] = encoded(base64.b64encode(sign(text.encode())).decode())
        return ('OAuth realm="limited_poa", ' + ", ".join(f'{k}="{v}"' for k, v in sorted(members.items())))

    def sign_rsa(self, text):
        n, d = self.signer
        size = (n.bit_length() + 7) // 8
        info = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(text).digest()
        block = b"\x00\x01" + b"\xff" * (size - len(info) - 3) + b"\x00" + info
        return pow(int.from_bytes(block, "big"), d, n).to_bytes(size, "big")

    def ask_for_live_session(self):
        """Status and body of live_session_token; the token is kept when the other side proved it."""
        prime, path = int(self.keys["dh_prime"], 16), "/v1/api/oauth/live_session_token"
        random = secrets.randbits(256)
        challenge = f"{pow(2, random, prime):x}"
        header = self.header("POST", path, "", "RSA-SHA256", self.sign_rsa, {"diffie_hellman_challenge": challenge},
                             self.secret.hex())
        status, _, body = self.send("POST", path, headers={"Authorization": header, "Content-Length": "0"})
        if status != 200:
            return status, body
        answer = json.loads(body)
        shared = pow(int(answer["diffie_hellman_response"], 16), random, prime)
        key = shared.to_bytes(shared.bit_length() // 8 + 1, "big")
        live = hmac.new(key, self.secret, "sha1").digest()
        proof = hmac.new(live, self.keys["consumer_key"].encode(), "sha1").hexdigest()
        assert proof == answer["live_session_token_signature"], "the two sides do not have the same token"
        self.live = live
        return status, answer

    def ask(self, method, path, body=None, query="", timeout=60, headers=None):
        """Status and body of a signed request, below /v1/api/."""
        path = "/v1/api/" + path
        header = self.header(method, path, query, "HMAC-SHA256",
                             lambda text: hmac.new(self.live or b"", text, "sha256").digest())
        more = {} if body is not None or method == "GET" else {"Content-Length": "0"}
        status, _, answer = self.send(method, path, body, query,
                                      {"Authorization": header, **more, **(headers or {})}, timeout)
        try:
            return status, json.loads(answer)
        except ValueError:
            return status, answer
