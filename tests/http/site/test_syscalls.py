#!/usr/bin/env python3
"""What an answer from memory costs: each system call of the thread that gives it, as strace sees them.

usage: BERTH_BIN=path/to/berth tests/http/site/test_syscalls.py [TestCase[.test]]
"""

import os
import re
import subprocess
import unittest

import bundles
from harness import BERTH, Server, SiteCase, asset_path, main, sha256, until

REQUESTS = 30
# What waits for the next request, reads it, and answers it. A body of some size is sent from where it lies, so that
# head and body are in two places.
PLAIN = ["recvfrom", "sendto", "epoll_wait"]
IN_PLACE = ["recvfrom", "sendmsg", "epoll_wait"]
FILES = {"tiny.bin": os.urandom(1000), "small.bin": os.urandom(10_000), "large.bin": os.urandom(128 << 10), "text.js": b"var a = 1;\n" * 100}


class Traced(Server):
    """The tracer is a grandchild, so that the process is the server itself."""

    def command(self, *options):
        self.trace = os.path.join(self.root, "trace")
        return ["strace", "-D", "-f", "-qq", "-s", "120", "-o", self.trace, *super().command(*options)]

    def calls(self):
        """(thread, what strace says of a call), in the order in which they began."""
        calls, open_calls = [], {}
        with open(self.trace, encoding="utf-8", errors="replace") as file:
            for line in file:
                thread, _, text = line.partition(" ")
                text = text.strip()
                resumed = re.match(r"<\.\.\. \w+ resumed>(.*)", text)
                if resumed and thread in open_calls:
                    calls[open_calls.pop(thread)][1] += resumed[1]
                elif re.match(r"\w+\(", text):
                    if text.endswith("<unfinished ...>"):
                        open_calls[thread] = len(calls)
                    calls.append([thread, text])
        return calls


def can_trace():
    try:
        return subprocess.run(["strace", "-D", "-f", "-qq", "-o", os.devnull, "true"],
                              capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def is_plain():
    with open(BERTH, "rb") as file:
        return not re.search(rb"__[at]san_init", file.read())


@unittest.skipUnless(can_trace(), "strace is not here, or may not trace")
@unittest.skipUnless(is_plain(), "sanitizers make system calls of their own")
class SystemCalls(SiteCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Traced()
        cls.addClassCleanup(cls.server.stop)
        cls.server.put("sys", "1.0.0", bundles.tar_gz({**bundles.files("sys"), **FILES}), "?activate=true")

    def answer(self, name, status=200, **headers):
        """The calls of the thread that answers, one list for each of many requests on one connection."""
        mark = "%s-%s" % (self._testMethodName, name)
        path = "%s?%s" % (asset_path("sys", "1.0.0", name), mark)
        with self.public.connect() as connection:
            for _ in range(REQUESTS):
                reply = self.assertStatus(self.public.call_on(connection, "GET", path, headers=headers), status)
        return until(lambda: self.rounds(mark), "the trace of %d requests" % REQUESTS), reply

    def rounds(self, mark):
        calls = self.server.calls()
        starts = [i for i, (_, text) in enumerate(calls) if text.startswith("recvfrom(") and mark in text]
        if len(starts) < REQUESTS:
            return None
        thread = calls[starts[0]][0]
        ends = [*starts[1:], len(calls)]
        rounds = [[text.partition("(")[0] for by, text in calls[start:end] if by == thread]
                  for start, end in zip(starts, ends)]
        # A wait that ends when a timer is due begins anew; the last round goes on with the closing.
        return [[name for i, name in enumerate(names) if i == 0 or (names[i - 1], name) != ("epoll_wait", "epoll_wait")]
                for names in rounds[:-1]]

    def assertRounds(self, rounds, expected):
        self.assertEqual(len(rounds), REQUESTS - 1)
        for names in rounds[1:]:  # with its first request a thread gets its memory
            self.assertEqual(names, expected)

    def test_a_small_file_takes_three_calls(self):
        for name, expected in (("tiny.bin", PLAIN), ("small.bin", IN_PLACE)):
            with self.subTest(name):
                rounds, reply = self.answer(name)
                self.assertRounds(rounds, expected)
                self.assertEqual(reply.body, FILES[name])

    def test_what_the_client_has_takes_three_calls(self):
        rounds, _ = self.answer("small.bin", 304, **{"If-None-Match": '"%s"' % sha256(FILES["small.bin"])})
        self.assertRounds(rounds, PLAIN)

    def test_what_a_browser_says_takes_no_more(self):
        rounds, _ = self.answer("text.js", **{
            "Accept-Encoding": "gzip, deflate, br, zstd", "Accept": "*/*", "Accept-Language": "en-US,en;q=0.9",
            "Origin": "http://localhost:5173", "Sec-Fetch-Mode": "cors", "Connection": "keep-alive"})
        self.assertRounds(rounds, PLAIN)

    def test_a_part_takes_three_calls(self):
        rounds, reply = self.answer("large.bin", 206, Range="bytes=1000-10999")
        self.assertRounds(rounds, IN_PLACE)
        self.assertEqual(reply.body, FILES["large.bin"][1000:11000])

    def test_a_large_file_takes_a_write_more(self):
        rounds, reply = self.answer("large.bin")
        self.assertEqual(reply.body, FILES["large.bin"])
        # Where the socket is full it waits for room (epoll_ctl), and writes on.
        for names in rounds[1:]:
            calls = [name for name in names if not name.startswith("epoll_")]
            self.assertEqual((calls[:3], set(calls[3:]) - {"sendmsg"}), (["recvfrom", "sendmsg", "sendmsg"], set()))
            if "epoll_ctl" not in names:
                self.assertEqual(names, ["recvfrom", "sendmsg", "sendmsg", "epoll_wait"])


if __name__ == "__main__":
    main()
