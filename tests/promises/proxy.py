"""A fault proxy: between two processes, one link each, passing bytes on until it is told otherwise. It runs in a process
of its own. A kernel may have no netem, and a link of ipc:// would not be reached by it."""
import asyncio
import multiprocessing
import os
import random
import socket

CHUNK = 1 << 16


class Link:
    """One listening address and what stands behind it: each the path of a socket, or a socket that listens and ("127.0.0.1",
    port). Whoever chose a port and let it go would find it taken."""

    def __init__(self, name, listen, target):
        self.name, self.listen, self.target = name, listen, target
        self.mode, self.options = "pass", {}
        self.connections = set()
        self.mended = asyncio.Event()
        self.mended.set()
        self.chance = random.Random(name)

    async def start(self):
        if isinstance(self.listen, str):
            await asyncio.start_unix_server(self.serve, self.listen)
        else:
            await asyncio.start_server(self.serve, sock=self.listen)

    def set(self, mode, options):
        """pass; cut: broken, and refused while it lasts; stall, stall_up, stall_down: nothing gets through, both ways or
        one, and comes later; delay: each piece by least to most ms; reset: a piece in so many breaks the connection."""
        self.mode, self.options = mode, options
        (self.mended.clear if mode.startswith("stall") else self.mended.set)()
        if mode == "cut":
            self.break_all()

    def break_all(self):
        for writer in list(self.connections):
            writer.transport.abort()

    async def serve(self, reader, writer):
        if self.mode == "cut":
            return writer.transport.abort()
        try:
            if isinstance(self.target, str):
                there, back = await asyncio.open_unix_connection(self.target)
            else:
                there, back = await asyncio.open_connection(*self.target)
                for each in (writer, back):
                    each.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            return writer.transport.abort()
        ends = {writer, back}
        self.connections |= ends
        try:
            await asyncio.gather(self.pump(reader, back, "up"), self.pump(there, writer, "down"))
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self.connections -= ends
            for each in ends:
                each.transport.abort()

    async def pump(self, reader, writer, way):
        while True:
            data = await reader.read(CHUNK)
            while self.mode in ("stall", "stall_" + way):
                await self.mended.wait()
            if self.mode == "delay":
                await asyncio.sleep(self.chance.uniform(self.options["least"], self.options["most"]) / 1000)
            if self.mode == "reset" and self.chance.random() < self.options["share"]:
                raise ConnectionResetError
            if not data:
                raise ConnectionResetError  # whole connections end here, as those of a peer that died
            writer.write(data)
            await writer.drain()


async def carry(links, pipe, parent):
    all_links = {name: Link(name, *ends) for name, ends in links.items()}
    for link in all_links.values():
        await link.start()
    pipe.send("ready")
    orders = asyncio.Event()
    asyncio.get_running_loop().add_reader(pipe.fileno(), orders.set)
    while os.getppid() == parent:
        try:
            await asyncio.wait_for(orders.wait(), 1)
        except asyncio.TimeoutError:
            continue
        orders.clear()
        while pipe.poll():
            name, mode, options = pipe.recv()
            all_links[name].set(mode, options)


def run(links, pipe, parent):
    asyncio.run(carry(links, pipe, parent))


class Proxies:
    """links: {name: (listen, target)}"""

    def __init__(self, links):
        self.names = list(links)
        self.pipe, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.get_context("spawn").Process(target=run, args=(links, theirs, os.getpid()),
                                                                   daemon=True)
        self.process.start()
        theirs.close()
        assert self.pipe.recv() == "ready"

    def set(self, name, mode="pass", **options):
        self.pipe.send((name, mode, options))

    def stop(self):
        self.process.terminate()
        self.process.join()
