"""journal_value.py SEGMENT SEQUENCE: writes to stdout what a segment of the journal holds for a record: its chain hash, 32
bytes, then the frame. Nothing of Busbar is used, only LMDB."""
import ctypes
import sys

segment, sequence = sys.argv[1:]
lmdb = ctypes.CDLL("liblmdb.so.0")
lmdb.mdb_strerror.restype = ctypes.c_char_p
READ_ONLY = 0x20000


class Value(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("data", ctypes.c_void_p)]


def call(function, *arguments):
    code = getattr(lmdb, function)(*arguments)
    if code != 0:
        sys.exit(f"{function}: {lmdb.mdb_strerror(code).decode()}")


environment, transaction, records = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_uint()
call("mdb_env_create", ctypes.byref(environment))
call("mdb_env_set_maxdbs", environment, 16)
call("mdb_env_open", environment, segment.encode(), READ_ONLY, 0)
call("mdb_txn_begin", environment, None, READ_ONLY, ctypes.byref(transaction))
call("mdb_dbi_open", transaction, b"records", 0, ctypes.byref(records))
number = ctypes.c_uint64(int(sequence))
key, value = Value(8, ctypes.addressof(number)), Value()
call("mdb_get", transaction, records, ctypes.byref(key), ctypes.byref(value))
sys.stdout.buffer.write(ctypes.string_at(value.data, value.size))
