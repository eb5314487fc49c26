"""Starts the real binary, talks HTTP to it, and looks afterwards whether anything is out of place.

BERTH_BIN names the binary. A server that is built with sanitizers is slower, so nothing here waits a
fixed time: conditions are polled until PATIENCE_S.
"""

import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

import openapi

BERTH = os.environ.get("BERTH_BIN", "berth")
os.environ["BERTH_CONSOLE"] = "off"  # a server begins with nothing; test_shipped.py has one that does not
PATIENCE_S = 60
SHELL = b"/* shell stand-in */\n"
LIVE = b"/* live stand-in */globalThis.__BERTH__={live(spec){return spec}};\n"
MORE = b"/* more stand-in */\n"
SMALL = ("--max-connections", "128", "--max-streams", "32", "--admin-max-connections", "96",
         "--max-token-failures", "100000")  # bad tokens are told of all the same: many tests send some


def until(condition, what):
    """Polls until the condition gives something true, and returns that."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError("waited in vain for " + what)
        time.sleep(0.005)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def at_once(count, work):
    """Runs work(0) … work(count - 1) on threads that start together; their results in order."""
    gate = threading.Barrier(count)
    results = [None] * count
    failures = []

    def run(index):
        try:
            gate.wait(PATIENCE_S)
            results[index] = work(index)
        except BaseException as failure:  # told below, in the test's own thread
            failures.append(failure)
    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return results


class Reply:
    def __init__(self, status, reason, headers, body):
        self.status = status
        self.reason = reason
        self.headers = headers  # [(name, value)]
        self.body = body

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def __getitem__(self, name):
        """A header's value, None when absent; given twice it is an error."""
        values = self.all(name)
        assert len(values) < 2, "%s is there %d times" % (name, len(values))
        return values[0] if values else None

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def rule(self):
        """What comes after urn:berth:problem: in an error."""
        return self.json["type"].removeprefix("urn:berth:problem:")

    def __repr__(self):
        return "%d %s %r" % (self.status, self.headers, self.body[:600])


class Connection:
    """A socket on which requests are written byte by byte and answers are read as they come."""

    def __init__(self, address, tls=None):
        host, port = address.split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=PATIENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname="localhost")
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def end(self):
        socket.socket.shutdown(self.socket, socket.SHUT_WR)  # that of TLS would end its reading too

    def _more(self):
        try:
            data = self.socket.recv(65536)
        except (ConnectionResetError, ssl.SSLEOFError):
            data = b""
        self.buffer += data
        return bool(data)

    def read_until(self, mark):
        """What comes before the mark, which is taken off too; None when the connection ends first."""
        while mark not in self.buffer:
            if not self._more():
                return None
        data, _, self.buffer = self.buffer.partition(mark)
        return data

    def read(self, length):
        while len(self.buffer) < length:
            if not self._more():
                break
        data, self.buffer = self.buffer[:length], self.buffer[length:]
        return data

    def read_to_end(self):
        while self._more():
            pass
        data, self.buffer = self.buffer, b""
        return data

    def head(self):
        """Status and headers of an answer, without its body; None when there is none."""
        text = self.read_until(b"\r\n\r\n")
        if text is None:
            return None
        lines = text.decode("latin-1").split("\r\n")
        match = re.fullmatch(r"HTTP/1\.1 (\d{3}) (.+)", lines[0])
        assert match, "not a status line: %r" % lines[0]
        headers = []
        for line in lines[1:]:
            name, colon, value = line.partition(": ")
            assert colon and re.fullmatch(r"[A-Za-z0-9-]+", name), "not a header: %r" % line
            headers.append((name, value))
        return Reply(int(match[1]), match[2], headers, b"")

    def reply(self, method="GET"):
        """One whole answer."""
        reply = self.head()
        if reply is None:
            return None
        if reply.status == 100:
            return reply
        length = reply["Content-Length"]
        if method != "HEAD" and reply.status not in (204, 304):
            reply.body = self.read_to_end() if length is None else self.read(int(length))
            assert length is None or len(reply.body) == int(length), "the body was cut"
        return reply

    def ended(self):
        """True when the server has closed the connection and sent nothing more."""
        return self.read_to_end() == b""


class Listener:
    """Requests to one of the two listeners; every answer is held against what all must have."""

    def __init__(self, server, name):
        self.server = server
        self.name = name

    @property
    def address(self):
        return self.server.addresses[self.name]

    def connect(self):
        return Connection(self.address, self.server.tls)

    def head_text(self, method, path, headers=None, body=None, token=None):
        fields = {"Host": self.address}
        if body is not None:
            fields["Content-Length"] = str(len(body))
        if token is None and self.name == "admin":
            token = self.server.token
        if token:
            fields["Authorization"] = "Bearer " + token
        fields.update(headers or {})
        lines = ["%s %s HTTP/1.1" % (method, path)]
        lines += ["%s: %s" % item for item in fields.items() if item[1] is not None]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def call(self, method, path, body=None, headers=None, token=None):
        """One request on a connection of its own. `token` "" sends none."""
        with self.connect() as connection:
            return self.call_on(connection, method, path, body, headers, token)

    def call_on(self, connection, method, path, body=None, headers=None, token=None):
        head = self.head_text(method, path, headers, body, token)
        try:
            connection.send(head + (body or b""))
        except (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
            pass  # answered before the body was read
        reply = connection.reply(method)
        assert reply is not None, "no answer to %s %s" % (method, path)
        self.check(method, path, reply)
        return reply

    def check(self, method, path, reply):
        """RFC 9110 and our own rules for every answer."""
        where = "%s %s: %r" % (method, path, reply)
        assert reply["Date"], where
        assert re.fullmatch(r"[0-9a-f]{16}", reply["X-Request-Id"] or ""), where
        assert reply["X-Content-Type-Options"] == "nosniff", where
        assert reply["Server"] is None and reply["Transfer-Encoding"] is None, where
        assert reply["Cache-Control"] or reply.status == 304, where
        if self.name == "admin":
            assert not [name for name, _ in reply.headers
                        if name.lower().startswith("access-control-")], where
        if reply.status >= 400 and reply["Content-Type"] != "text/plain; charset=utf-8":
            assert reply["Content-Type"] == "application/problem+json", where
            assert reply["Cache-Control"] == "no-store", where
            assert (reply.status == 401) == bool(reply["WWW-Authenticate"]), where
            assert (reply.status in (429, 503)) == bool(reply["Retry-After"]), where
            assert (reply.status == 405) == bool(reply["Allow"]), where
            if method != "HEAD":
                self.check_problem(path, reply, where)
        openapi.DESCRIPTION.check(self.name, method, path, reply)
        self.server.note(self.name, method, path, reply)

    @staticmethod
    def check_problem(path, reply, where):
        problem = reply.json
        assert re.fullmatch(r"urn:berth:problem:[a-z0-9-]+", problem["type"]), where
        assert problem["title"] and problem["status"] == reply.status, where
        assert problem["requestId"] == reply["X-Request-Id"], where
        assert problem["retryable"] == (reply.status in (408, 429, 503, 507)), where
        assert problem["detail"] and "\n" not in problem["detail"], where
        told = {"message"} if path == "/api/v1/pilet" else set()
        if problem["type"] == "urn:berth:problem:compatibility":
            told.add("compatibility")
        assert set(problem) <= {"type", "title", "status", "detail", "where", "hint", "retryable",
                                "requestId", "traceId"} | told, where
        assert len(path) < 6 or path.encode() not in reply.body, "the path is echoed: " + where

    def get(self, path, **headers):
        return self.call("GET", path, headers=fields(headers))

    def json(self, method, path, value=None, headers=None, token=None):
        """A request with a JSON body."""
        body = json.dumps(value).encode() if value is not None else None
        more = {"Content-Type": "application/json"} if body is not None else {}
        return self.call(method, path, body, {**more, **(headers or {})}, token)


def fields(headers):
    """if_none_match=… as If-None-Match."""
    return {name.replace("_", "-").title(): value for name, value in headers.items()}


class EventStream:
    """One open stream of server-sent events."""

    def __init__(self, server, last_id=None, headers=None):
        self.connection = server.public.connect()
        headers = {"Accept": "text/event-stream", **(headers or {})}
        if last_id is not None:
            headers["Last-Event-ID"] = str(last_id)
        self.connection.send(server.public.head_text("GET", "/events", headers))
        self.head = self.connection.head()
        assert self.head is not None
        server.public.server.note("public", "GET", "/events", self.head)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.connection.close()

    def block(self):
        """The lines up to the next empty one; None at the end."""
        text = self.connection.read_until(b"\n\n")
        return None if text is None else text.decode().split("\n")

    def event(self):
        """The next event as {field: value}; comments and retry are passed over. None at the end."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            assert time.monotonic() < deadline, "no event came"
            lines = self.block()
            if lines is None:
                return None
            event = dict(line.split(": ", 1) for line in lines if not line.startswith(":"))
            if "event" in event:
                event["data"] = json.loads(event["data"])
                return event


class Server:
    """A `berth serve` with a data directory of its own. Stop it with stop(), which checks all."""

    def __init__(self, *options, data=None, frontend=None, small=True, tls=None):
        self.options = options
        self.tls = tls           # an ssl.SSLContext of clients, where both listeners speak it
        self.small = small
        self.root = tempfile.mkdtemp(prefix="berth-http-")
        self.data = data or os.path.join(self.root, "data")
        self.frontend = frontend or self._make_frontend()
        self.addresses = {}
        self.lines = []          # of the log, this run and those before
        self.answered = []       # (listener, method, path, status, id)
        self.secrets = set()
        self.hammered = False    # more requests a second than the log promises to keep up with
        self.public = Listener(self, "public")
        self.admin = Listener(self, "admin")
        self.news = threading.Condition()
        self.stderr = None
        self.start()

    def _make_frontend(self):
        folder = os.path.join(self.root, "frontend")
        os.mkdir(folder)
        for name, text in (("shell.js", SHELL), ("live.js", LIVE), ("more.js", MORE), ("shell.js.map", b"{}")):
            with open(os.path.join(folder, name), "wb") as file:
                file.write(text)
        return folder

    def command(self, *options):
        return [BERTH, "serve", "--data", self.data, "--frontend", self.frontend,
                "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0",
                *(SMALL if self.small else ()), *options]

    @property
    def view(self):
        """Where this process sees the data directory."""
        return self.data

    # --- life ---

    def start(self):
        self.addresses.clear()
        if self.stderr:
            self.stderr.close()
        self.stderr = tempfile.TemporaryFile()
        self.process = subprocess.Popen(self.command(*self.options), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=self.stderr)
        self.reader = threading.Thread(target=self._read_log, args=(self.process.stdout,))
        self.reader.start()
        with self.news:
            self.news.wait_for(lambda: len(self.addresses) == 2 or not self.reader.is_alive() or
                               self.process.poll() is not None, PATIENCE_S)
        if len(self.addresses) != 2:
            self.process.kill()
            raise AssertionError("the server did not start: " + self.errors())
        with open(os.path.join(self.view, "admin.token"), encoding="ascii") as file:
            self.token = file.read().strip()
        self.secrets.add(self.token)
        self.descriptors = self.count_descriptors()

    def _read_log(self, pipe):
        for line in pipe:
            with self.news:
                self.lines.append(line)
                event = json.loads(line)
                if event["event"] == "listening":
                    self.addresses[event["listener"]] = event["address"]
                self.news.notify_all()
        pipe.close()
        with self.news:
            self.news.notify_all()

    def log(self, event=None):
        with self.news:
            lines = list(self.lines)
        return [line for line in map(json.loads, lines) if event in (None, line["event"])]

    def wait_log(self, event, **members):
        return until(lambda: [line for line in self.log(event) if members.items() <= line.items()],
                     "the log line " + event)[0]

    def errors(self):
        if self.stderr.closed:
            return ""
        self.stderr.seek(0)
        return self.stderr.read().decode(errors="replace")

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def wait(self):
        """The exit code, once all of the log was read."""
        code = self.process.wait(PATIENCE_S)
        self.reader.join(PATIENCE_S)
        return code

    def kill(self):
        """As a power failure would, for the process at least."""
        self.process.kill()
        self.wait()

    def exit(self):
        """SIGTERM, and how it should end."""
        if self.process.poll() is not None:
            raise AssertionError("the server is dead: %s" % self.errors())
        self.terminate()
        self.check_exit(self.wait())

    def check_exit(self, code):
        assert code == 0, "exit code %d: %s" % (code, self.errors())
        assert self.errors() == "", self.errors()
        assert self.log()[-1]["event"] == "stopped", self.log()[-1]

    def restart(self):
        self.exit()
        self.start()

    def stop(self):
        """Checks all that must hold after any test, and cleans up."""
        try:
            if self.process.poll() is None:
                self.check_served()
                self.check_descriptors()
            self.exit()
            self.check_data()
            self.check_log()
        finally:
            self.discard()

    def discard(self):
        if self.process.poll() is None:
            self.process.kill()
            self.wait()
        self.stderr.close()
        shutil.rmtree(self.root, ignore_errors=True)

    # --- what must hold ---

    def note(self, listener, method, path, reply):
        self.answered.append((listener, method, path, reply.status, reply["X-Request-Id"]))

    def blobs(self):
        root = os.path.join(self.view, "blobs")
        return [os.path.join(folder, name) for folder, _, names in os.walk(root) for name in names]

    def check_data(self):
        # One copy may be there of the database before an upgrade.
        names = {name for name in os.listdir(self.view) if not re.fullmatch(r"db\.schema-\d+", name)}
        assert names <= {"db", "db-wal", "db-shm", "blobs", "tmp", "lock", "admin.token"}, names
        # While the server runs, compression may be writing there.
        until(lambda: os.listdir(os.path.join(self.view, "tmp")) == [], "tmp to be empty")
        for path in self.blobs():
            with open(path, "rb") as file:
                digest = sha256(file.read())
            assert os.path.basename(path) == digest, path + " is not its digest"
            assert os.path.basename(os.path.dirname(path)) == digest[:2], path
        for folder, _, files in os.walk(self.view):
            for name in files:
                if name != "admin.token":
                    with open(os.path.join(folder, name), "rb") as file:
                        data = file.read()
                    for secret in self.secrets:
                        assert secret.encode() not in data, "a token lies in " + name

    def open_files(self):
        """What the process's descriptors lead to."""
        folder = "/proc/%d/fd" % self.process.pid
        targets = []
        for name in os.listdir(folder):
            try:
                targets.append(os.readlink(os.path.join(folder, name)))
            except OSError:
                pass  # closed meanwhile
        return targets

    def wait_upload(self):
        """Until an upload has its place: it has an unnamed scratch file."""
        scratch = os.path.join(self.data, "tmp", "")
        until(lambda: [t for t in self.open_files() if t.startswith(scratch) and t.endswith("(deleted)")],
              "an upload's scratch file")

    def count_descriptors(self):
        return len(self.open_files())

    def check_descriptors(self):
        """Back to what a start needs, give or take what the database opens late."""
        until(lambda: self.count_descriptors() <= self.descriptors + 4,
              "descriptors to be closed: %d at the start, now %s" % (self.descriptors, self.count_descriptors()))

    def check_served(self):
        """Every file of every version, byte for byte; what is live is complete; views agree."""
        modules = self.admin.get("/api/modules").json
        remotes = self.public.get("/manifests/remotes.json").json
        assert modules["generation"] == remotes["generation"], (modules, remotes)
        live = {m["name"]: m["live"]["version"] for m in modules["modules"] if m["live"]}
        assert live == {name: spec["version"] for name, spec in remotes["remotes"].items()}, live
        seen = []
        for module in modules["modules"]:
            name = module["name"]
            seen += [row["generation"] for row in self.admin.get("/api/modules/" + name).json["history"]]
            for version in self.admin.get("/api/modules/%s/versions" % name).json["versions"]:
                self._check_version(name, version["version"])
        assert len(set(seen)) == len(seen), "two changes with one generation: %r" % sorted(seen)
        assert max(seen, default=0) <= modules["generation"]

    def _check_version(self, name, version):
        path = "/api/modules/%s/versions/%s" % (name, version)
        description = self.admin.get(path).json
        for asset in description["assets"]:
            if asset["path"] == description.get("manifest"):
                continue  # served with its URLs made absolute
            url = asset_path(name, version, asset["path"])
            reply = self.public.get(url)
            assert reply.status == 200 and len(reply.body) == asset["bytes"], (url, reply)
            assert "sha256:" + sha256(reply.body) == asset["digest"], url
            assert reply["ETag"] == '"%s"' % sha256(reply.body), url

    def check_log(self):
        """Each answer has exactly one line with its id, and no line holds a token."""
        text = b"".join(self.lines)
        for secret in self.secrets:
            assert secret.encode() not in text, "a token is in the log"
        lines = {}
        for line in self.log("request"):
            assert line["id"] not in lines, "two lines for one request: %r" % line
            lines[line["id"]] = line
        dropped = bool(self.log("log-dropped"))
        assert self.hammered or not dropped, "log lines were dropped"
        for listener, method, path, status, id in self.answered:
            line = lines.get(id)
            if line is None and dropped:
                continue
            assert line, "no log line for %s %s (%d)" % (method, path, status)
            assert (line["listener"], line["status"]) == (listener, status), line
            # What was refused before it was understood has no method or path to tell.
            assert line["method"] in (method, ""), (line, method)
            assert line["path"] in ("", path.partition("?")[0]) or len(path) > 200, (line, path)
            assert line["remote"] == "127.0.0.1" and line["us"] >= 0, line

    # --- doing things ---

    def token_for(self, module="*", can=("publish",), **more):
        reply = self.admin.json("POST", "/api/tokens",
                                {"name": "ci", "module": module, "can": list(can), **more})
        assert reply.status == 201, reply
        self.secrets.add(reply.json["token"])
        return reply.json

    def upload(self, module, version, archive, query="", **more):
        headers = {"Content-Type": "application/octet-stream", **more.pop("headers", {})}
        return self.admin.call("PUT", "/api/modules/%s/versions/%s%s" % (module, version, query),
                               archive, headers, **more)

    def put(self, module, version, archive, query=""):
        """An upload that must succeed."""
        reply = self.upload(module, version, archive, query)
        assert reply.status == 201, reply
        return reply.json

    def activate(self, module, version, headers=None, **more):
        return self.admin.json("PUT", "/api/modules/%s/live" % module, {"version": version, **more},
                               headers)

    def make_live(self, module, version, **more):
        reply = self.activate(module, version, **more)
        assert reply.status == 200, reply
        return reply.json

    def rollback(self, module, value=None, headers=None):
        return self.admin.json("POST", "/api/modules/%s/rollback" % module, value, headers)

    def generation(self):
        return self.public.get("/manifests/remotes.json").json["generation"]

    def put_page(self, name, manifest, headers=None):
        return self.admin.json("PUT", "/api/pages/" + name, manifest, headers)


def asset_path(module, version, path=""):
    from urllib.parse import quote
    return "/m/%s@%s/%s" % (module, version, quote(path))


class SiteCase(unittest.TestCase):
    """Tests of one class share a server; each uses module names of its own."""

    options = ()
    tls = None
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.server = Server(*cls.options, tls=cls.tls)
        cls.addClassCleanup(cls.server.stop)

    @property
    def public(self):
        return self.server.public

    @property
    def admin(self):
        return self.server.admin

    def tearDown(self):
        self.assertIsNone(self.server.process.poll(), "the server has ended: " + self.server.errors())

    def assertStatus(self, reply, status, rule=None):
        self.assertEqual(reply.status, status, reply)
        if rule:
            self.assertEqual(reply.rule, rule, reply)
        return reply


def main():
    unittest.main(verbosity=1)
