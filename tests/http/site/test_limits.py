#!/usr/bin/env python3
"""Too slow, too many, and out of descriptors: what a client is told, and that the server goes on.

usage: BERTH_BIN=path/to/berth tests/http/site/test_limits.py [TestCase[.test]]
"""

import os
import random
import resource
import socket
import ssl
import time

import bundles
from harness import PATIENCE_S, SiteCase, main, until

BIG = random.Random(1).randbytes(8 << 20)  # more than the buffers of both ends hold


def slow_reader(listener, path):
    """A connection that has asked for a large file and takes almost nothing of it."""
    connection = listener.connect()
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.send(listener.head_text("GET", path))
    return connection


class Slow(SiteCase):
    options = ("--request-timeout-ms", "400", "--keep-alive-ms", "400", "--min-body-rate", "1000000")

    def trickle(self, connection, head):
        """Sends the head, then a byte at a time until an answer or the end comes."""
        connection.send(head)
        connection.socket.settimeout(0.02)
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                connection.send(b"x")
                data = connection.socket.recv(65536)
                connection.buffer += data
                break
            except TimeoutError:
                continue
            except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
                break
        else:
            self.fail("it was never cut")
        connection.socket.settimeout(PATIENCE_S)
        return connection.reply()

    def test_a_head_that_trickles_is_cut_on_new_and_on_kept_connections(self):
        for listener in (self.public, self.admin):
            for kept in (False, True):
                with self.subTest(listener.name, kept=kept), listener.connect() as connection:
                    if kept:
                        self.assertStatus(listener.call_on(connection, "GET", "/livez"), 200)
                    reply = self.trickle(connection, b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: ")
                    if reply:
                        self.assertStatus(reply, 408, "head-slow")
                        self.assertEqual(reply["Connection"], "close")
                    self.assertTrue(connection.ended())

    def test_a_head_that_stops_is_cut(self):
        for listener in (self.public, self.admin):
            with listener.connect() as connection:
                connection.send(b"GET /livez HTTP/1.1\r\nHost: x\r\n")
                self.assertStatus(connection.reply(), 408, "head-slow")
                self.assertTrue(connection.ended())

    def test_a_body_that_trickles_is_cut_however_often_a_byte_comes(self):
        for listener, method, path in ((self.public, "POST", "/reports"),
                                       (self.admin, "PUT", "/api/modules/slow/versions/1.0.0")):
            with self.subTest(listener.name), listener.connect() as connection:
                head = listener.head_text(method, path, {"Content-Length": "4096",
                                                         "Content-Type": "application/gzip"})
                reply = self.trickle(connection, head)
                if reply:
                    self.assertStatus(reply, 408, "body-slow")
                self.assertTrue(connection.ended())
        self.assertStatus(self.admin.get("/api/modules/slow"), 404)  # nothing is left of it

    def test_a_reader_that_trickles_is_cut(self):
        self.server.put("big", "1.0.0", bundles.tar_gz({**bundles.files(), "big.bin": BIG}), "?activate=true")
        path = "/m/big@1.0.0/big.bin"
        with slow_reader(self.public, path) as connection:
            self.assertEqual(connection.head().status, 200)

            def ended():
                connection.socket.recv(64)
                return [line for line in self.server.log("request") if line["path"] == path]
            self.assertLess(until(ended, "the cut")[0]["bytes"], len(BIG))
        self.assertEqual(self.public.get("/m/big@1.0.0/big.bin").body, BIG)


class Caps(SiteCase):
    options = ("--max-connections", "8", "--max-streams", "4", "--admin-max-connections", "8",
               "--keep-alive-ms", "60000")

    def test_over_the_cap_both_listeners_say_so_at_once_and_the_other_goes_on(self):
        for listener, other in ((self.public, self.admin), (self.admin, self.public)):
            kept = []

            def one_more(listener=listener, kept=kept):
                connection = listener.connect()
                kept.append(connection)
                reply = listener.call_on(connection, "GET", "/livez")
                return (reply, connection) if reply.status == 503 else None
            with self.subTest(listener.name):
                reply, connection = until(one_more, "the cap")
                self.assertEqual((reply.rule, reply["Retry-After"], reply["Connection"]),
                                 ("connections", "1", "close"))
                self.assertTrue(connection.ended())
                self.assertStatus(other.get("/livez"), 200)
                self.assertStatus(listener.call_on(kept[0], "GET", "/livez"), 200)
            for connection in kept:
                connection.close()
            until(lambda listener=listener: self.is_served(listener), "a free place")
        refused = self.admin.get("/api/system").json["load"]
        self.assertGreater(refused["public"]["refused"]["connections"], 0)
        self.assertGreater(refused["admin"]["refused"]["connections"], 0)

    @staticmethod
    def is_served(listener):
        with listener.connect() as connection:
            connection.send(listener.head_text("GET", "/livez"))
            reply = connection.reply()
            return reply is not None and reply.status == 200

    def test_silent_connections_beyond_the_cap_give_way(self):
        silent = [self.public.connect() for _ in range(40)]
        try:
            with self.public.connect() as connection:  # is answered, whatever it is
                connection.send(self.public.head_text("GET", "/livez"))
                self.assertIn(connection.reply().status, (200, 503))
        finally:
            for connection in silent:
                connection.close()
        until(lambda: self.is_served(self.public), "a free place")


class Descriptors(SiteCase):
    options = ("--compress-threads", "0")  # whose files come and go

    def cpu_seconds(self):
        with open("/proc/%d/stat" % self.server.process.pid, encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def test_without_descriptors_it_goes_on_says_so_once_and_comes_back(self):
        pid = self.server.process.pid
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        self.server.put("fd", "1.0.0", bundles.bundle("fd"), "?activate=true")
        kept = self.public.connect()
        self.assertStatus(self.public.call_on(kept, "GET", "/livez"), 200)
        opened = []
        try:
            # The limit is on numbers: all below it are taken first.
            highest = max(int(name) for name in os.listdir("/proc/%d/fd" % pid))
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (highest + 1, before[1]))

            def one_more():
                connection = self.public.connect()
                opened.append(connection)
                connection.send(self.public.head_text("GET", "/m/fd@1.0.0/remoteEntry.js"))
                reply = connection.reply()
                self.assertIsNotNone(reply, "closed without a word")
                self.assertIn(reply.status, (200, 503))
                return reply if reply.status == 503 else None
            reply = until(one_more, "the last descriptor")
            self.assertEqual((reply["Retry-After"], reply["Connection"]), ("1", "close"))
            for _ in range(20):
                until(one_more, "the next refusal")
            self.assertEqual(self.public.call_on(kept, "GET", "/m/fd@1.0.0/remoteEntry.js").body,
                             bundles.container("fd"))  # who is in is served on

            waiting = [self.public.connect() for _ in range(5)]  # and say nothing
            used, started = self.cpu_seconds(), time.monotonic()
            until(lambda: time.monotonic() > started + 1, "a second")
            used = self.cpu_seconds() - used
            print("without descriptors: %.2f s of CPU in one second" % used)
            self.assertLess(used, 0.7, "a core spins")
            opened += waiting
        finally:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
            for connection in (kept, *opened):
                connection.close()
        self.server.wait_log("descriptors-free")
        self.assertStatus(self.public.get("/m/fd@1.0.0/remoteEntry.js"), 200)
        self.server.put("fd", "1.0.1", bundles.bundle("fd 2"))
        self.assertEqual(len(self.server.log("descriptors-exhausted")), 1)
        self.assertEqual(self.server.log("civetweb"), [])


if __name__ == "__main__":
    main()
