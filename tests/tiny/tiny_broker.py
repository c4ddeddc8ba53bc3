"""Tiny, the broker that docs/adding-a-gateway.md invents: HTTPS, a key in a header, orders in a dictionary."""
import json
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class TinyBroker:
    def __init__(self, folder, key):
        self.key, self.orders, self.arrivals, self.drops = key, {}, [], 0
        self.ca = folder / "tiny.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                        "-keyout", folder / "tiny.key", "-out", self.ca], check=True, capture_output=True)
        broker = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self, status, value):
                body = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def serve(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if self.headers.get("X-Tiny-Key") != broker.key:
                    return self.answer(401, {"error": "who are you?"})
                name = self.path.removeprefix("/orders").strip("/")
                if self.command == "POST":
                    return self.place(json.loads(body))
                if not name:
                    return self.answer(200, [o for o in broker.orders.values() if o["status"] == "open"])
                order = broker.orders.get(name)
                if order is None:
                    return self.answer(404, {"error": "no such order"})
                if self.command == "DELETE":
                    if order["status"] != "open":
                        return self.answer(409, {"error": "too late"})
                    order["status"] = "cancelled"
                self.answer(200, order)

            def place(self, asked):
                broker.arrivals.append(asked["id"])
                if asked["price"] == "13":
                    return self.answer(400, {"error": "not at this price"})
                order = broker.orders[asked["id"]] = {"id": asked["id"], "status": "open", "qty": asked["qty"],
                                                      "filled": "0", "price": asked["price"]}
                if broker.drops > 0:  # taken, and the line breaks before the answer
                    broker.drops -= 1
                    self.close_connection = True
                    return self.connection.close()
                self.answer(201, order)

            do_GET = do_POST = do_DELETE = serve

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.ca, folder / "tiny.key")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://localhost:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
