"""A client that is an SDK for node, in a process of its own: a line of JSON is a call, and a line of JSON its answer or what
a stream said."""

import json
import os
import queue
import subprocess
import threading

from session import Refused

PACKAGES = os.environ.get("BUSBAR_NODE_PACKAGES", "")
HERE = os.path.dirname(os.path.abspath(__file__))


class NodeClient:
    name = ""  # its package's
    program = ""  # that drives it

    def __init__(self, venue):
        super().__init__(venue)
        with open(os.path.join(PACKAGES, "node_modules", self.name, "package.json"), encoding="utf-8") as file:
            self.version = json.load(file)["version"]
        environment = {**os.environ, "VENUE_HOST": venue.host, "VENUE_KEY": venue.api_key, "VENUE_SECRET": venue.secret,
                       "VENUE_SYMBOL": venue.symbol}
        self.node = subprocess.Popen(["node", os.path.join(HERE, self.program), PACKAGES], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, text=True, env=environment)
        self.answers, self.heard, self.calls = queue.Queue(), None, 0
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.node.stdout:
            said = json.loads(line)
            if "id" in said:
                self.answers.put(said)
            else:
                self.hear(said)
        self.answers.put(None)

    def call(self, verb, *parameters, **named):
        self.calls += 1
        call = {"id": self.calls, "verb": verb, "parameters": [*parameters, named] if named else parameters}
        self.node.stdin.write(json.dumps(call) + "\n")
        self.node.stdin.flush()
        said = self.answers.get(timeout=60)
        if said is None:
            raise RuntimeError("node has ended")
        if "error" in said:
            raise Refused(json.dumps(said["error"]).replace('\\"', '"'))
        return said["answer"]

    def close(self):
        try:
            self.call("end")
        finally:
            self.node.wait(timeout=60)
