"""The test's side of shim.c: where it says which call is to be hit, and reads what was done."""

import mmap
import os
import struct
from collections import namedtuple

LIBRARY = os.environ.get("CRASH_SHIM", "")
COUNT, KILL, FAIL = 0, 1, 2
KINDS = {"open": 1, "write": 2, "sync": 4, "truncate": 8, "rename": 16, "unlink": 32, "mkdir": 64, "hint": 128,
         "create": 256, "lost": 512, "read": 1024}
NAMES = {number: name for name, number in KINDS.items()}
FIELDS = ("armed", "mode", "at", "number", "sticky", "torn", "kinds", "count", "hits", "record", "log_bytes")
CONTROL_BYTES, WHERE = 512, 96
HEAD = struct.Struct("<IIIIQQQ")

# What one call did. `inode` is of the file, or of the folder with the name; `other` of what was made,
# or of the folder it was moved to. `end` is where its record ends in the log.
Record = namedtuple("Record", "kind inode other offset name to data end")


class Shim:
    """One control block and one log in `folder`, for the servers that run on `data`, one after the other."""

    def __init__(self, folder, data):
        self.data = data
        self.control = os.path.join(folder, "control")
        self.log = os.path.join(folder, "log")
        with open(self.control, "wb") as file:
            file.write(bytes(CONTROL_BYTES))
        with open(self.control, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), CONTROL_BYTES)
        self["kinds"] = sum(KINDS.values())

    def close(self):
        self.map.close()

    def command(self, command):
        return ["env", "LD_PRELOAD=" + LIBRARY, "CRASH_DATA=" + self.data, "CRASH_CONTROL=" + self.control,
                "CRASH_LOG=" + self.log, *command]

    def __setitem__(self, field, value):
        struct.pack_into("<Q", self.map, 8 * FIELDS.index(field), value)

    def __getitem__(self, field):
        return struct.unpack_from("<Q", self.map, 8 * FIELDS.index(field))[0]

    def arm(self, mode, at=0, number=0, sticky=False, torn=False, kinds=None):
        """From now on calls count, and the one numbered `at` is hit."""
        for field, value in (("armed", 0), ("mode", mode), ("at", at), ("number", number), ("sticky", sticky),
                             ("torn", torn), ("count", 0), ("hits", 0)):
            self[field] = value
        self["kinds"] = sum(KINDS[kind] for kind in kinds or KINDS)
        self["armed"] = 1

    def disarm(self):
        self["armed"] = 0

    @property
    def where(self):
        return self.map[WHERE:].split(b"\0")[0].decode(errors="replace")

    def records(self):
        with open(self.log, "rb") as file:
            data = file.read()
        records, at = [], 0
        while at + HEAD.size <= len(data):
            kind, name, to, length, inode, other, offset = HEAD.unpack_from(data, at)
            at += HEAD.size
            end = at + name + to + length
            if end > len(data):
                break  # the server was killed while it wrote this one
            records.append(Record(NAMES[kind], inode, other, offset, data[at:at + name].decode(),
                                  data[at + name:at + name + to].decode(), data[at + name + to:end], end))
            at = end
        return records
