#!/usr/bin/env python3
"""A storm of one kind leaves the rest alone: uploads, slow readers, reports, bad tokens.

Under each storm the times of another module's small file are measured by a process of its own and
printed beside those of a quiet server. They fail the test only when they are grossly worse three
times in a row, and never with sanitizers: this machine has other work. What must hold is asserted: clients over a limit are told to come back,
that is counted, and everybody else is served.

usage: BERTH_BIN=path/to/berth tests/http/site/test_compartments.py [TestCase[.test]]
"""

import contextlib
import json
import os
import random
import socket
import subprocess
import sys
import threading

import bundles
from checked import CheckedCase
from harness import BERTH, PATIENCE_S, main, until

BIG = random.Random(1).randbytes(8 << 20)  # more than the buffers of both ends hold
GROSS = 20
TRIES = 3
LEAST_MS = 5  # times below are taken for this: they are the machine's, not the server's

# Asks for one file on new connections and on a kept one, and tells the 99th percentile in ms.
PROBE = r"""
import json, socket, sys, time
host, port, path, count = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
request = ("GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % path).encode()
def ask(connection):
    connection.sendall(request)
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    assert data.startswith(b"HTTP/1.1 200 "), data[:300]
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65536)
def connect():
    return socket.create_connection((host, port), timeout=60)
times = []
with connect() as kept:
    for index in range(count):
        start = time.monotonic()
        if index % 2:
            ask(kept)
        else:
            with connect() as fresh:
                ask(fresh)
        times.append((time.monotonic() - start) * 1000)
times.sort()
print(json.dumps({"p50": times[count // 2], "p99": times[count * 99 // 100]}))
"""


def is_sanitized():
    with open(BERTH, "rb") as file:
        data = file.read()
    return b"__asan_init" in data or b"__tsan_init" in data


class Storms(CheckedCase):
    options = ("--max-uploads", "2", "--max-token-failures", "20", "--admin-max-connections", "32")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.hammered = True
        cls.server.put("small", "1.0.0", bundles.bundle("small"), "?activate=true")
        cls.server.put("slow", "1.0.0", bundles.tar_gz({**bundles.files(), "big.bin": BIG}), "?activate=true")
        cls.quiet = cls.measure(cls.server)

    @staticmethod
    def measure(server):
        host, port = server.public.address.split(":")
        done = subprocess.run([sys.executable, "-c", PROBE, host, port, "/m/small@1.0.0/remoteEntry.js", "400"],
                              stdout=subprocess.PIPE, check=True, timeout=PATIENCE_S * 2)
        return json.loads(done.stdout)

    def load(self):
        return self.admin.get("/api/system").json["load"]

    def refused(self, listener, rule):
        return self.load()[listener]["refused"].get(rule, 0)

    @contextlib.contextmanager
    def storm(self, count, work):
        """work(index) again and again on so many threads, until the block ends."""
        over = threading.Event()
        failures = []

        def run(index):
            try:
                while not over.is_set():
                    work(index)
            except BaseException as failure:  # told below, in the test's own thread
                failures.append(failure)
        threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            over.set()
            for thread in threads:
                thread.join()
        if failures:
            raise failures[0]

    def assertCalm(self, name):
        """Another module's file comes, and not grossly later than on a quiet server."""
        quiet = max(self.quiet["p99"], LEAST_MS)
        for _ in range(TRIES):
            times = self.measure(self.server)
            print("%s: p50 %.2f ms (quiet %.2f), p99 %.2f ms (quiet %.2f), ratio %.1f" %
                  (name, times["p50"], self.quiet["p50"], times["p99"], self.quiet["p99"],
                   times["p99"] / self.quiet["p99"]))
            if times["p99"] < GROSS * quiet or is_sanitized():
                return
        self.fail("the files of others come grossly later")

    def assertComeBack(self, reply, status, rule):
        self.assertStatus(reply, status, rule)
        self.assertEqual((reply["Retry-After"], reply["Connection"]), ("1", "close"))

    def assertLater(self, reply, status, rule):
        """Over a rate: the connection stays, since a new one would cost both sides more."""
        self.assertStatus(reply, status, rule)
        self.assertEqual((reply["Retry-After"], reply["Connection"]), ("1", None))

    def refuse_report(self, connection, body=b'{"kind":"storm"}'):
        """Reports on a connection until one is over the rate of this second; the answer to that."""
        answers = []

        def one_more():
            answers.append(self.public.call_on(connection, "POST", "/reports", body))
            return answers[-1].status == 503
        until(one_more, "a report over the limit")
        return answers[-1]

    def test_a_flood_of_uploads(self):
        archive = bundles.tar_gz({**bundles.files(), "noise.bin": BIG[:1 << 20]})
        over = []

        def upload(index):
            reply = self.server.upload("flood", "1.0.%d" % index, archive)
            if reply.status == 503:
                over.append(reply)
            else:
                self.assertIn(reply.status, (200, 201), reply)
        with self.storm(12, upload):
            until(lambda: over, "an upload over the limit")
            self.assertCalm("uploads")
            self.assertStatus(self.admin.get("/api/modules/small"), 200)
        for reply in over:
            self.assertIn(reply.rule, ("limit-uploads", "connections"))
            self.assertEqual(reply["Retry-After"], "1")
        self.assertGreaterEqual(self.refused("admin", over[0].rule), 1)

    def read_slowly(self, path):
        """A connection that asks for a large file and takes nothing of it; with its answer's head."""
        connection = self.public.connect()
        self.addCleanup(connection.close)
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.send(self.public.head_text("GET", path))
        return connection, connection.head()

    def test_a_crowd_of_slow_readers_of_one_module(self):
        path = "/m/slow@1.0.0/big.bin"
        crowd = [self.read_slowly(path) for _ in range(140)]  # the listener takes 128
        held = [reply for _, reply in crowd if reply.status == 200]
        told = [reply for _, reply in crowd if reply.status == 503]
        self.assertEqual((len(held), len(told)), (64, 76))
        self.assertEqual({(reply["Retry-After"], reply["Connection"]) for reply in told}, {("1", "close")})
        self.assertComeBack(self.public.get(path), 503, "limit-module-connections")
        self.assertComeBack(self.public.get(path, range="bytes=0-999999"), 503, "limit-module-connections")
        # What is small of it is served, and so is all of the others.
        self.assertStatus(self.public.get(path, range="bytes=0-9"), 206)
        self.assertStatus(self.public.call("HEAD", path), 200)
        self.assertStatus(self.public.get("/m/slow@1.0.0/remoteEntry.js"), 200)
        self.assertStatus(self.public.get("/manifests/remotes.json"), 200)
        self.assertCalm("slow readers")
        load = self.load()["public"]
        self.assertGreaterEqual(load["refused"]["limit-module-connections"], 78)
        self.assertNotIn("connections", load["refused"])
        for connection, _ in crowd:
            connection.close()
        until(lambda: self.public.get(path).status == 200, "a place for the next")

    def test_a_storm_of_reports(self):
        statuses = set()
        before = self.refused("public", "limit-reports")

        def report(index):
            statuses.add(self.public.call("POST", "/reports", b'{"kind":"storm"}').status)
        with self.storm(12, report):
            until(lambda: 503 in statuses, "a report over the limit")
            self.assertCalm("reports")
        self.assertLessEqual(statuses, {204, 503})
        self.assertGreater(self.refused("public", "limit-reports"), before)

    def test_a_report_over_the_rate_leaves_its_connection(self):
        def refused_and_more():
            with self.public.connect() as connection:
                reply = self.refuse_report(connection)
                self.assertLater(reply, 503, "limit-reports")
                # A body that looks like a request is none, and what comes behind it is.
                body = b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n"
                connection.send(self.public.head_text("POST", "/reports", body=body) + body +
                                self.public.head_text("GET", "/livez"))
                first = connection.reply()
                if first.status != 503:  # the next second has begun
                    return False
                self.assertLater(first, 503, "limit-reports")
                self.assertStatus(connection.reply(), 200)
                # Nobody waits for the rest of a body that is not wanted.
                connection.send(self.public.head_text("POST", "/reports", {"Content-Length": "4000"}) + b"{")
                last = connection.reply()
                if last.status != 503:
                    return False
                self.assertComeBack(last, 503, "limit-reports")
                return True

        def once():
            try:
                return refused_and_more()
            except TimeoutError:  # the last one was within the rate, and its body is waited for
                return False
        until(once, "all within one second")

    def threads(self):
        """The nice values of the server's threads, by name."""
        process = self.server.process.pid
        found = {}
        for thread in os.listdir("/proc/%d/task" % process):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                with open("/proc/%d/task/%s/stat" % (process, thread), encoding="utf-8") as file:
                    name, _, rest = file.read().partition(" (")[2].rpartition(") ")
                found.setdefault(name, []).append(int(rest.split()[16]))
        return found

    def test_readers_of_live_files_come_before_others(self):
        own = os.getpriority(os.PRIO_PROCESS, self.server.process.pid)
        self.server.put("small", "0.9.0", bundles.bundle("old"))

        def of_others():
            self.public.get("/m/small@0.9.0/remoteEntry.js")
            return "later" in self.threads()
        until(of_others, "a thread for a version that is not live")
        threads = self.threads()
        self.assertEqual(set(threads["loop"]), {own})
        self.assertEqual(set(threads["later"]), {own + 3})
        self.assertEqual({nice for name, values in threads.items() if name.startswith("civetweb") for nice in values},
                         {own + 5})

    def test_a_crowd_of_slow_reports(self):
        crowd = []

        def one_more():
            connection = self.public.connect()
            self.addCleanup(connection.close)
            crowd.append(connection)
            connection.send(self.public.head_text("POST", "/reports", {"Content-Length": "4000"}) + b"{")
            return self.load()["public"]["reports"] == 8
        until(one_more, "as many as there may be")
        self.assertComeBack(self.public.call("POST", "/reports", b"{}"), 503, "limit-reports-at-once")
        self.assertComeBack(self.public.call("POST", "/reports/csp", b"{}"), 503, "limit-reports-at-once")
        self.assertCalm("slow reports")
        self.assertGreaterEqual(self.refused("public", "limit-reports-at-once"), 2)
        for connection in crowd:
            connection.close()
        until(lambda: self.public.call("POST", "/reports", b"{}").status == 204, "a place for the next")

    def test_a_storm_of_bad_tokens(self):
        bad = "berth_" + "A" * 43
        replies = []

        def guess(index):
            replies.append(self.admin.call("GET", "/api/modules", token=bad))
        with self.storm(12, guess):
            until(lambda: [r for r in replies if r.status == 429], "a guess over the limit")
            self.assertCalm("bad tokens")
            # Who has a good token works behind the same address.
            self.assertStatus(self.admin.get("/api/modules"), 200)
            self.assertStatus(self.server.activate("small", "1.0.0"), 200)
            # So does who gets one now, until it is taken away.
            made = self.server.token_for()
            self.assertStatus(self.admin.call("GET", "/api/modules", token=made["token"]), 200)
            self.assertStatus(self.admin.json("DELETE", "/api/tokens/" + made["id"]), 204)
            self.assertIn(self.admin.call("GET", "/api/modules", token=made["token"]).status, (401, 429))
        self.assertLessEqual({reply.status for reply in replies}, {401, 429})
        for reply in replies:
            if reply.status == 429:
                self.assertLater(reply, 429, "token-failures")
        self.assertGreater(self.refused("admin", "token-failures"), 0)
        for token in ("", "nonsense"):  # these are guesses, too
            self.assertIn(self.admin.call("GET", "/api/modules", token=token).status, (401, 429))
        # One a second is looked at again.
        until(lambda: self.admin.call("GET", "/api/modules", token=bad).status == 401, "the next second")


class Versions(CheckedCase):
    options = ("--max-connections", "12", "--max-streams", "2", "--max-module-connections", "12",
               "--cache-bytes", "0")

    def test_slow_readers_of_old_versions_leave_room_for_what_is_live(self):
        archive = bundles.tar_gz({**bundles.files(), "big.bin": BIG})
        self.server.put("old", "1.0.0", archive)
        self.server.put("new", "1.0.0", bundles.bundle("new"), "?activate=true")
        crowd = []
        try:
            for _ in range(6):
                connection = self.public.connect()
                crowd.append(connection)
                connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                connection.send(self.public.head_text("GET", "/m/old@1.0.0/big.bin"))
                self.assertEqual(connection.head().status, 200)
            reply = self.public.get("/m/old@1.0.0/remoteEntry.js")
            self.assertStatus(reply, 503, "limit-versions-at-once")
            self.assertEqual((reply["Retry-After"], reply["Connection"]), ("1", "close"))
            for path in ("/m/new@1.0.0/remoteEntry.js", "/m/new/remoteEntry.js", "/livez"):
                self.assertStatus(self.public.get(path), 200)
            load = self.admin.get("/api/system").json["load"]["public"]
            self.assertEqual((load["versions"], load["refused"]["limit-versions-at-once"]), (6, 1))
        finally:
            for connection in crowd:
                connection.close()
        until(lambda: self.public.get("/m/old@1.0.0/remoteEntry.js").status == 200, "a place for the next")


if __name__ == "__main__":
    main()
