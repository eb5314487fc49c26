"""The server under the shim, and data directories prepared for it."""

import os
import random
import shutil
import sqlite3
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "http", "site"))

import bundles  # noqa: E402
from harness import BERTH, EventStream, Server, until  # noqa: E402

PAGE = {"path": "/", "title": "x", "slots": [{"name": "a", "module": "a", "expose": "./Header"}]}
OTHER_PAGE = {**PAGE, "title": "y"}
NO_PEER = (AssertionError, ConnectionError, OSError)


def use_memory():
    """Data directories in memory where there is room: a sync is a call there, and costs nothing."""
    if os.path.isdir("/dev/shm") and shutil.disk_usage("/dev/shm").free > 1 << 30:
        tempfile.tempdir = "/dev/shm"


class Subject(Server):
    """A server that may die, or not even start: `up` tells."""

    def __init__(self, data, *options, shim=None):
        self.shim = shim
        self.up = False
        self.failure = None
        super().__init__(*(options or ("--compress-threads", "0")), data=data)

    def command(self, *options):
        command = super().command(*options)
        return self.shim.command(command) if self.shim else command

    def start(self):
        try:
            super().start()
            self.up = True
        except FileNotFoundError:
            raise  # there is no such program
        except NO_PEER as failure:
            self.up = False
            self.failure = failure
            self.wait()

    def _read_log(self, pipe):
        """A killed server may leave half a line."""
        try:
            super()._read_log(pipe)
        except ValueError:
            pipe.close()
            with self.news:
                self.lines.pop()
                self.news.notify_all()

    @property
    def dead(self):
        return self.process.poll() is not None

    def ask(self, operation):
        """The operation's reply; None when the server died over it."""
        try:
            return operation(self)
        except NO_PEER:
            # An answer that breaks a rule of the harness must not pass as a death.
            try:
                self.process.wait(5)
            except Exception:
                pass
            if not self.dead:
                raise
            return None


def is_idle(server):
    """Has the compressor nothing to do?"""
    try:
        state = server.admin.get("/api/system").json["compressor"]
    except NO_PEER:
        return False
    return state["waiting"] == 0 and state["improving"] == 0


OLDER = 4
OLDER_FILE = os.path.join(HERE, "..", "data", "registry", "schema-%d.db" % OLDER)


def make_older(data):
    """Puts the rows of a database into one of schema 4, as the berth of that time left it when it was killed: with
    a log. The rest of the directory was the same then."""
    path, now = os.path.join(data, "db"), os.path.join(data, "db.now")
    os.rename(path, now)
    shutil.copyfile(OLDER_FILE, path)
    rows = sqlite3.connect(path, isolation_level=None)
    rows.execute("ATTACH ? AS now", (now,))
    rows.execute("PRAGMA foreign_keys = OFF")
    rows.execute("PRAGMA journal_mode = WAL")
    rows.execute("PRAGMA wal_autocheckpoint = 0")
    rows.execute("BEGIN")
    for (table,) in rows.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'").fetchall():
        names = ", ".join('"%s"' % row[1] for row in rows.execute("PRAGMA main.table_info(%s)" % table))
        rows.execute("DELETE FROM main.%s" % table)
        rows.execute("INSERT INTO main.%s (%s) SELECT %s FROM now.%s" % (table, names, names, table))
    rows.execute("COMMIT")
    killed = {name: open(os.path.join(data, name), "rb").read() for name in ("db", "db-wal")}
    rows.close()
    os.remove(now)
    for name, content in killed.items():
        with open(os.path.join(data, name), "wb") as file:
            file.write(content)
        os.chmod(os.path.join(data, name), 0o600)


def rows_of(path):
    """The schema of a database, all its rows, and what is wrong with it."""
    rows = sqlite3.connect(path)
    names = sorted(name for (name,) in rows.execute("SELECT name FROM sqlite_master WHERE type = 'table'"))
    (schema,) = rows.execute("PRAGMA user_version").fetchone()
    found = schema, {name: rows.execute("SELECT * FROM " + name).fetchall() for name in names}
    faults = rows.execute("PRAGMA integrity_check").fetchall()
    rows.close()
    return found, faults


class World:
    """A folder for everything of one run, with the prepared directories; all of it is removed at the end."""

    def __init__(self):
        use_memory()
        self.root = os.path.realpath(tempfile.mkdtemp(prefix="berth-crash-"))
        self.bases = {}
        self.made = {}
        self.keep = None  # where disks are put on which a server failed

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.root, ignore_errors=True)

    def folder(self):
        return tempfile.mkdtemp(prefix="case-", dir=self.root)

    def copy(self, base, folder):
        """A data directory in `folder`; of the base "none" it is not made."""
        data = os.path.join(folder, "data")
        if base != "none":
            shutil.copytree(self.base(base), data)
        return data

    def base(self, name):
        """`clean`: the server was stopped; `killed`: it was killed, so the database's log is not merged. `old` has
        more versions, `deleted` one less, whose blobs are there still; of a server that cannot delete, none;
        `large` one more, of a large file; `named` one more name in import maps; `older` has the rows of `clean` as
        a berth before this one wrote them.
        `compressed` was stopped when all variants were there, of `damaged` a variant and a file are damaged."""
        if name not in self.bases:
            data = os.path.join(self.root, "base-" + name)
            if name in self.CHANGED:
                base, change = self.CHANGED[name]
                shutil.copytree(self.base(base), data)
                change(data)
                self.bases[name] = data
                return data
            server = Subject(data, "--compress-threads", "1" if name == "compressed" else "0")
            assert server.up, server.failure
            self.fill(server)
            if name == "old":
                for version in ("1.3.0", "1.4.0"):
                    server.put("a", version, bundles.bundle(version))
            elif name == "deleted":
                server.admin.call("DELETE", "/api/modules/a/versions/1.2.0")
            elif name == "named":
                server.admin.json("PATCH", "/services", {"service": "react", "url": "https://cdn.example/react.js"})
            elif name == "compressed":
                until(lambda: is_idle(server), "compression to end")
            elif name == "large":
                server.put("d", "1.0.0", bundles.bundle("d", noise__bin=random.Random(1).randbytes(300_000)))
            if name in ("clean", "compressed"):
                server.exit()
            else:
                server.kill()
            server.discard()
            self.bases[name] = data
        return self.bases[name]

    THIRD = bundles.bundle("3")

    def remember(self, name, make):
        """What make(world) gives, made once."""
        if name not in self.made:
            self.made[name] = make(self)
        return self.made[name]

    @staticmethod
    def damage(data):
        """One file that only a's 1.2.0 has, and one variant."""
        rows = sqlite3.connect("file:%s?mode=ro" % os.path.join(data, "db"), uri=True)
        queries = (
            "SELECT lower(hex(digest)) FROM assets GROUP BY digest HAVING count(*) = 1 AND max(version) ="
            " (SELECT id FROM versions WHERE version = '1.2.0')",
            "SELECT lower(hex(digest)) FROM variants WHERE bytes > 0 AND digest NOT IN (SELECT digest FROM assets)")
        for query in queries:
            (digest,) = rows.execute(query).fetchone()
            with open(os.path.join(data, "blobs", digest[:2], digest), "r+b") as file:
                byte = file.read(1)
                file.seek(0)
                file.write(bytes([byte[0] ^ 1]))
        rows.close()

    CHANGED = {"damaged": ("compressed", damage), "older": ("clean", make_older)}

    @staticmethod
    def fill(server):
        text = b"const text = 'compressible';\n" * 60
        server.put("a", "1.0.0", bundles.bundle("1"), "?activate=true")
        server.put("a", "1.1.0", bundles.bundle("2", text__js=text), "?activate=true")
        server.put("a", "1.2.0", World.THIRD)
        server.put("b", "1.0.0", bundles.bundle("b"), "?activate=true")
        assert server.put_page("home", PAGE).status == 201
        server.token_for("b")


__all__ = ["BERTH", "EventStream", "NO_PEER", "OTHER_PAGE", "PAGE", "Subject", "World", "bundles", "is_idle",
           "until"]
