"""What disk_faults.cpp has written down: every change of the watched folders in its order, and when each was durable.
From it the disk is made as a power cut at any moment could have left it.

The model: what was synced is there. Of every other write any 512-byte sector is there or not, for the sectors of a disk
are written whole and in no order. A folder's names change in the order they were given, as journaling file systems have
it, but how many of the last changes survive is anyone's guess until the folder is synced. A size is lost or kept like a
write."""
import os
import struct
import sys
from collections import namedtuple
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scenario"))
from stack import check  # noqa: E402
import wire  # noqa: E402

SHIM = Path(os.environ.get("BUSBAR_LIB", "build/release/lib")).resolve() / "libbusbar_disk_faults.so"
MARK = struct.pack("<Q", 0xB05BA2D15C7ACEE5)
HEADER = struct.Struct("<8sIcBHIIQqqq")
Event = namedtuple("Event", "kind flags process thread file offset length time_ns path data")
SECTOR = 512

BATCH = struct.Struct("<IIIIQQ")  # of the router's log: magic, records, bytes, checksum, first sequence, salt
BATCH_MAGIC = 0x48435442
FRAME = struct.Struct("<IIQqqB")  # bytes of payload, checksum, sequence, record time, wall clock, kind
FRAME_SIZE = 40
INPUT, OUTPUT = 1, 2
BODY = wire.wire("Body")


def environment(roots, trace, **more):
    """Of a process that is watched."""
    return {"LD_PRELOAD": str(SHIM), "BUSBAR_DISK_TRACE": str(trace), "BUSBAR_DISK_ROOTS": ":".join(map(str, roots)),
            **{f"BUSBAR_DISK_{name.upper()}": str(value) for name, value in more.items()}}


def read(trace):
    """The events of a trace, in order. What a process was writing down when it ended has not been done, and is left out."""
    whole = trace.read_bytes()
    raw = memoryview(whole)
    at = whole.find(MARK)
    while 0 <= at and at + HEADER.size <= len(raw):
        _, size, kind, flags, path_size, process, thread, file, offset, length, time_ns = HEADER.unpack_from(raw, at)
        end = at + size
        if end > len(raw) or not MARK.startswith(raw[end:end + len(MARK)].tobytes()):
            at = whole.find(MARK, at + 1)
            continue
        path_end = at + HEADER.size + path_size
        yield Event(kind.decode(), flags, process, thread, file, offset, length, time_ns,
                    bytes(raw[at + HEADER.size:path_end]).decode(), raw[path_end:end])
        at = end


class Change:
    """Of a file: bytes at an offset, or a size."""
    __slots__ = ("offset", "data", "length", "size", "is_durable")

    def __init__(self, offset=0, data=b"", length=0, size=None):
        self.offset, self.data, self.length, self.size, self.is_durable = offset, data, length, size, False

    def pieces(self, chance, style):
        """What a power cut leaves of it: (offset, bytes)."""
        if self.is_durable or style == "all":
            return [(self.offset, self.bytes())]
        fate = chance.random()
        if style == "nothing" or fate < 0.35:
            return []
        if fate < 0.6:
            return [(self.offset, self.bytes())]
        out, data, at = [], self.bytes(), 0
        while at < self.length:
            end = min(self.length, at + SECTOR - (self.offset + at) % SECTOR)
            if chance.random() < 0.5:
                out.append((self.offset + at, data[at:end]))
            at = end
        return out

    def bytes(self):
        return self.data if len(self.data) else bytes(self.length)


class File:
    def __init__(self):
        self.durable = bytearray()
        self.pending = []
        self.is_mapped = False

    def flush(self, until=None):
        """Everything is durable, or what has been before a given change."""
        count = len(self.pending) if until is None else until
        for change in self.pending[:count]:
            apply(self.durable, change)
        del self.pending[:count]

    def settle(self):
        """What is durable by itself, and has nothing older before it that is not."""
        count = next((i for i, change in enumerate(self.pending) if not change.is_durable), len(self.pending))
        self.flush(count)


def apply(content, change):
    if change.size is not None:
        resize(content, change.size)
        return
    end = change.offset + change.length
    if len(content) < end:
        resize(content, end)
    content[change.offset:end] = change.bytes()


def resize(content, size):
    if size < len(content):
        del content[size:]
    else:
        content.extend(bytes(size - len(content)))


class Folder:
    def __init__(self):
        self.durable = {}
        self.now = {}
        self.pending = []  # names given and taken: (name, node or None)...

    def change(self, *names):
        """In one step: each name is given to a node, or taken away."""
        self.pending.append(names)
        enter(self.now, names)

    def flush(self, count):
        for names in self.pending[:count]:
            enter(self.durable, names)
        del self.pending[:count]


def enter(names, changes):
    for name, node in changes:
        if node is None:
            names.pop(name, None)
        else:
            names[name] = node


class Disk:
    """The watched roots over time; feed it events."""

    def __init__(self, folder):
        """Whatever stands in the folder is durable."""
        self.folder = str(folder)
        self.top = Folder()
        self.by_inode = {}
        self.open_calls = {}  # thread: what its call makes durable when it ends
        self.fill(self.top, self.folder)

    def fill(self, node, path):
        for entry in os.scandir(path):
            if entry.is_dir():
                child = Folder()
                self.fill(child, entry.path)
            elif entry.is_file():
                child = File()
                with open(entry.path, "rb") as file:
                    child.durable = bytearray(file.read())
                self.by_inode[entry.inode()] = child
            else:
                continue
            node.durable[entry.name] = node.now[entry.name] = child

    def find(self, path):
        """(the folder it stands in, its name there)"""
        parts = path[len(self.folder):].strip("/").split("/")
        node = self.top
        for part in parts[:-1]:
            node = node.now[part]
        return node, parts[-1]

    def node(self, path):
        parent, name = self.find(path)
        return parent.now.get(name) if name else self.top

    def file(self, event):
        return self.by_inode[event.file]

    def feed(self, event):
        handler = getattr(self, "on_" + event.kind, None)
        if handler:
            handler(event)

    def on_c(self, event):
        if event.flags & 1:
            parent, name = self.find(event.path)
            self.by_inode[event.file] = File()
            parent.change((name, self.by_inode[event.file]))
        elif event.flags & 2:
            self.file(event).pending.append(Change(size=0))

    def on_m(self, event):
        parent, name = self.find(event.path)
        if name and name not in parent.now:
            parent.change((name, Folder()))

    def on_r(self, event):
        parent, name = self.find(event.path)
        target, new_name = self.find(bytes(event.data).decode())
        assert target is parent, "a name moves within its folder"
        parent.change((name, None), (new_name, parent.now[name]))

    def on_u(self, event):
        parent, name = self.find(event.path)
        if name in parent.now:
            parent.change((name, None))

    def on_w(self, event):
        change = Change(event.offset, event.data, event.length)
        file = self.file(event)
        file.pending.append(change)
        if event.flags & 1:
            self.open_calls.setdefault(event.thread, []).append((file, change))

    def on_t(self, event):
        file = self.file(event)
        size = event.length
        if event.flags & 1:
            size = max(size, self.size(file))
        file.pending.append(Change(size=size))

    @staticmethod
    def size(file):
        size = len(file.durable)
        for change in file.pending:
            size = change.size if change.size is not None else max(size, change.offset + change.length)
        return size

    def on_x(self, event):
        self.file(event).is_mapped = True

    def on_s(self, event):
        node = self.by_inode.get(event.file) if self.by_inode.get(event.file) else self.node(event.path)
        if isinstance(self.node(event.path), Folder):
            node = self.node(event.path)
        self.open_calls[event.thread] = [(node, list(node.pending))]

    def on_e(self, event):
        for node, what in self.open_calls.pop(event.thread, []):
            if isinstance(node, Folder):
                node.flush(len(what))
            elif isinstance(what, Change):
                what.is_durable = True
                node.settle()
            else:  # it may be that others have been flushed or added meanwhile
                done = set(map(id, what))
                last = max((i for i, change in enumerate(node.pending) if id(change) in done), default=-1)
                node.flush(last + 1)

    # What a power cut leaves.
    def cut(self, image, chance):
        """Writes the folder anew as it could be found after a power cut now."""
        style = chance.choices(["mixed", "nothing", "all"], [6, 3, 1])[0]
        self.write(self.top, image, chance, style)
        return style

    def write(self, folder, path, chance, style):
        os.mkdir(path)
        names = dict(folder.durable)
        count = {"nothing": 0, "all": len(folder.pending)}.get(style, chance.randint(0, len(folder.pending)))
        for changes in folder.pending[:count]:
            enter(names, changes)
        for name, node in names.items():
            target = os.path.join(path, name)
            if isinstance(node, Folder):
                self.write(node, target, chance, style)
            else:
                with open(target, "wb") as out:
                    out.write(self.content(node, chance, style))
                os.chmod(target, 0o600)

    @staticmethod
    def content(file, chance, style):
        content = bytearray(file.durable)
        for change in file.pending:
            if change.size is not None:
                if style == "all" or style == "mixed" and chance.random() < 0.5:
                    resize(content, change.size)
                continue
            for offset, data in change.pieces(chance, style):
                apply(content, Change(offset, data, len(data)))
        if file.is_mapped:  # written through memory, unseen by us: anything may be there
            content = bytearray(chance.randbytes(len(content)) if chance.random() < 0.5 else bytes(len(content)))
        return content

    def differences(self):
        """Is all of what the processes see now what we believe? Names of what is not."""
        wrong = []

        def compare(folder, path):
            there = {e.name: e for e in os.scandir(path) if e.is_file() or e.is_dir()}
            for name in set(there) ^ set(folder.now):
                wrong.append(os.path.join(path, name))
            for name, node in folder.now.items():
                if name not in there:
                    continue
                if isinstance(node, Folder):
                    compare(node, there[name].path)
                elif not node.is_mapped:
                    content = bytearray(node.durable)
                    for change in node.pending:
                        apply(content, change)
                    with open(there[name].path, "rb") as file:
                        if file.read() != content:
                            wrong.append(there[name].path)

        compare(self.top, self.folder)
        return wrong


# ---- Records and messages.

def batch_in(event):
    """(its first record, how many) of a write that is a batch of the router's log, or None."""
    if event.kind != "w" or not event.path.endswith(".log") or len(event.data) < BATCH.size:
        return None
    magic, count, _, _, first, _ = BATCH.unpack_from(event.data)
    return (first, count) if magic == BATCH_MAGIC and count else None


def frames_of(events):
    """Every record that was ever written to the log: its whole frame."""
    frames = {}
    for event in events:
        batch = batch_in(event)
        if not batch:
            continue
        (first, count), at = batch, BATCH.size
        for sequence in range(first, first + count):
            end = at + FRAME_SIZE + (FRAME.unpack_from(event.data, at)[0] + 7 & ~7)
            frames[sequence] = bytes(event.data[at:end])
            at = end
    return frames


def vector(table, field):
    """The bytes of a table's vector field, by the field's number in the schema."""
    at = table._tab.Offset(4 + 2 * field)
    start = table._tab.Vector(at)
    return bytes(table._tab.Bytes[start:start + table._tab.VectorLen(at)])


def body_of(data, kind):
    message = wire.wire("Message").GetRootAs(data, 0)
    if message.BodyType() != getattr(BODY, kind):
        return None
    body = message.Body()
    out = wire.wire(kind)()
    out.Init(body.Bytes, body.Pos)
    return out


def payload_of(frame):
    return frame[FRAME_SIZE:FRAME_SIZE + FRAME.unpack_from(frame)[0]]


def kind_of(frame):
    return FRAME.unpack_from(frame)[5]


def sent_by(frame):
    """Of an output: which input it answers, and the bytes that go out."""
    output = body_of(payload_of(frame), "Output")
    return output.InputSequence(), vector(output, 7)


class Ledger:
    """What the world may have heard, and which record it rests on."""

    def __init__(self, frames):
        self.causes = {}   # bytes that go out: the input they answer
        self.reports = {}  # number of a broker's report: the record it became
        for sequence, frame in frames.items():
            if kind_of(frame) == OUTPUT:
                cause, message = sent_by(frame)
                self.causes.setdefault(message, cause)
            elif report := body_of(payload_of(frame), "VenueReport"):
                self.reports[report.ReportNumber()] = sequence

    @staticmethod
    def message_in(data):
        """What is published has its topic before it."""
        if data[4:8] == wire.IDENTIFIER:
            return data
        start = (data.index(0) + 16) & ~15 if 0 in data else len(data)
        return data[start:] if data[start + 4:start + 8] == wire.IDENTIFIER else b""

    def rests_on(self, data):
        """Once this has left: the last record that has to be there, and the last in the journal; the message of an output."""
        message = self.message_in(bytes(data))
        if message in self.causes:
            return self.causes[message], 0, message
        if not message:
            return 0, 0, None
        if state := body_of(message, "AuditState"):
            last = max(0, state.NextSequence() - 1)
            return last, last, None
        if acknowledgement := body_of(message, "ReportAck"):
            return self.reports.get(acknowledgement.ReportNumber(), 0), 0, None
        return 0, 0, None


def records(endpoint):
    """Every record that an archive of stream core has, as frames."""
    socket = wire.CONTEXT.socket(wire.zmq.DEALER)
    socket.setsockopt(wire.zmq.LINGER, 0)
    socket.connect(endpoint)
    header = {"environment": "Paper", "sender": "cli", "correlation_id": 1}
    socket.send(wire.encode("AuditQuery", header, stream="core"))
    frames = []
    try:
        while True:
            check(socket.poll(10_000), "the archive does not answer")
            page = body_of(socket.recv(), "AuditAppend")
            if page is None:
                return frames
            content, at = vector(page, 3), 0
            while at < len(content):
                size, _, sequence, *_ = FRAME.unpack_from(content, at)
                check(sequence == len(frames) + 1, "record", sequence, "where", len(frames) + 1, "is due")
                end = at + FRAME_SIZE + (size + 7 & ~7)
                frames.append(content[at:end])
                at = end
    finally:
        socket.close()
