#!/usr/bin/env python3
"""Every archive of tests/data/bundles/hostile.py on the wire, and a reader that is interfered with.

usage: BERTH_BIN=path/to/berth tests/http/site/test_archives.py [TestCase[.test]]
"""

import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

import bundles
from checked import CheckedCase
from harness import BERTH, PATIENCE_S, Server, asset_path, main, until

SOURCE = os.environ.get("BERTH_SOURCE") or os.path.join(os.path.dirname(__file__), "../../..")
STATUS = {"ok": 201, "invalid": 400, "unsupported": 415, "refused": 422, "too_large": 413}
# What is found only by looking into the files, when they are blobs already that no row names.
BY_CONTENTS = re.compile("entry-|manifest-|berth-json|prerendered-")
MEMORY_BYTES = 32 << 20  # what may stay: arenas of the C library, and rows in SQLite's cache


def is_plain():
    with open(BERTH, "rb") as file:
        return not re.search(rb"__[at]san_init", file.read())


def children(*parents):
    """Processes that one of these has started and not yet waited for."""
    found = []
    for name in os.listdir("/proc"):
        try:
            with open("/proc/%s/stat" % name, encoding="ascii", errors="replace") as file:
                if int(file.read().rpartition(")")[2].split()[1]) in parents:
                    found.append(int(name))
        except (OSError, ValueError, IndexError):
            pass  # no process, or one that has ended
    return found


def readers(server):
    """The server has one child or more, which have forked them."""
    return children(*children(server.process.pid))


def tree(folder, leave_out):
    """All names below a folder, but for those below another."""
    names = set()
    for path, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if os.path.join(path, name) != leave_out]
        names.update(os.path.join(path, name) for name in folders + files)
    return names


class Archives(CheckedCase):
    options = ("--compress-threads", "0")  # variants are blobs, too

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="berth-archives-")
        cls.addClassCleanup(folder.cleanup)
        subprocess.run([sys.executable, "-B", os.path.join(SOURCE, "tests/data/bundles/hostile.py"), folder.name],
                       check=True)
        with open(os.path.join(folder.name, "cases.json"), encoding="utf-8") as file:
            cls.cases = json.load(file)
        for case in cls.cases:
            with open(os.path.join(folder.name, case["file"]), "rb") as file:
                case["data"] = file.read()
        super().setUpClass()

    def upload(self, number, case):
        return self.server.upload("case-%d" % number, "1.0.0", case["data"])

    def memory(self):
        with open("/proc/%d/status" % self.server.process.pid, encoding="ascii") as file:
            return 1024 * int(re.search(r"VmRSS:\s+(\d+) kB", file.read())[1])

    def check_good(self, number, case, digests):
        reply = self.assertStatus(self.upload(number, case), 201)
        self.assertEqual(digests.setdefault(case["group"], reply.json["digest"]), reply.json["digest"])
        for asset in self.admin.get("/api/modules/case-%d/versions/1.0.0" % number).json["assets"]:
            self.assertNotRegex(asset["path"], r"(^|/)(\._|__MACOSX/|\.DS_Store)")

    def check_refused(self, number, case):
        blobs = set(self.server.blobs())
        reply = self.assertStatus(self.upload(number, case), STATUS[case["code"]])
        if "rule" in case:
            self.assertEqual(reply.rule, case["rule"], reply)
        if "where" in case:
            self.assertEqual(reply.json["where"], case["where"], reply)
        self.assertEqual(os.listdir(os.path.join(self.server.data, "tmp")), [])
        if not BY_CONTENTS.match(reply.rule):
            self.assertEqual(set(self.server.blobs()), blobs, "a refused archive left blobs")
        self.assertEqual(self.admin.get("/api/modules/case-%d" % number).status, 404)
        self.assertEqual(self.public.get(asset_path("case-%d" % number, "1.0.0", "remoteEntry.js")).status, 404)

    def test_all_meet_their_rules_and_nothing_is_left(self):
        good = [(i, case) for i, case in enumerate(self.cases) if case["code"] == "ok"]
        bad = [(i, case) for i, case in enumerate(self.cases) if case["code"] != "ok"]
        self.assertGreaterEqual(len(good), 15)
        self.assertGreaterEqual(len(bad), 150)
        outside = tree(self.server.root, self.server.data), set(os.listdir("."))
        digests = {}
        for number, case in good:
            with self.subTest(case["name"]):
                self.check_good(number, case, digests)
        for number, case in bad[:40]:  # what a first refusal needs, it keeps
            self.upload(number, case)
        self.server.check_data()
        memory, descriptors = self.memory(), self.server.count_descriptors()
        for number, case in bad:
            with self.subTest(case["name"]):
                self.check_refused(number, case)
        self.assertEqual(self.public.get("/livez").status, 200)
        self.assertEqual(readers(self.server), [])
        self.assertEqual((tree(self.server.root, self.server.data), set(os.listdir("."))), outside)
        until(lambda: self.server.count_descriptors() <= descriptors, "descriptors to be closed")
        if is_plain():
            self.assertLess(self.memory(), memory + MEMORY_BYTES)
        self.assertEqual(self.server.log("archive-reader-crashed"), [])
        self.assertEqual(self.server.log("archive-reader-unfiltered"), [])
        self.server.check_data()

    def test_what_macos_adds_is_left_out_and_told(self):
        case = next(case for case in self.cases if case["name"] == "a zip made on a Mac")
        reply = self.assertStatus(self.server.upload("mac", "1.0.0", case["data"]), 201)
        self.assertIn("mac-metadata", [warning["rule"] for warning in reply.json["warnings"]])
        version = self.admin.get("/api/modules/mac/versions/1.0.0").json
        self.assertEqual([asset["path"] for asset in version["assets"]], ["1.js", "css/main.css", "remoteEntry.js"])
        self.assertEqual(self.public.get(asset_path("mac", "1.0.0", "._remoteEntry.js")).status, 404)


class Reader(CheckedCase):
    """What happens to the process that reads: the server must not care."""

    options = ("--max-archive-seconds", "2")
    large = bundles.tar({**bundles.files("large"), "noise.bin": random.Random(1).randbytes(40 << 20)})
    count = 0

    def upload(self, archive, result):
        result.append(self.server.upload("reader", "1.0.%d" % self.count, archive))

    def meanwhile(self, act):
        """Uploads, and acts on the reader while it reads; the answer, once that came to pass."""
        for _ in range(100):
            type(self).count += 1
            result = []
            upload = threading.Thread(target=self.upload, args=(self.large, result))
            upload.start()
            acted = False
            while upload.is_alive() and not acted:
                for pid in readers(self.server):
                    acted = self.stop(pid) and act(pid)
            upload.join(PATIENCE_S)
            if acted:
                return result[0]
            self.assertEqual(result[0].status, 201, result[0])
        return self.fail("the reader was never met")

    def stop(self, pid):
        """Stops it as a reader, in which nothing is left to be prepared."""
        try:
            if not is_bound(pid):
                return False
            os.kill(pid, signal.SIGSTOP)
            return bool(readers(self.server))
        except (OSError, ProcessLookupError):
            return False

    def check_after(self):
        self.assertEqual(readers(self.server), [])
        self.server.check_data()
        self.assertEqual(self.admin.get("/api/modules/reader/versions/1.0.%d" % self.count).status, 404)
        self.assertStatus(self.server.upload("after", "1.0.%d" % self.count, bundles.bundle("after")), 201)

    def test_a_reader_that_is_killed(self):
        for number in (signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS):
            with self.subTest(number):
                reply = self.meanwhile(lambda pid: self.signal(pid, number))
                self.assertStatus(reply, 422, "archive-reader-crashed")
                if is_plain():  # a sanitizer ends in its own way
                    self.server.wait_log("archive-reader-crashed", signal=int(number))
                self.check_after()

    def signal(self, pid, number):
        try:
            os.kill(pid, number)
            os.kill(pid, signal.SIGCONT)
        except ProcessLookupError:
            pass
        return True

    def test_a_reader_that_hangs(self):
        met = []

        def look(pid):
            met.append(pid)
            self.assertEqual(self.public.get("/livez").status, 200)
            self.assertStatus(self.server.upload("beside", "1.0.%d" % self.count, bundles.bundle("beside")), 201)
            return True
        reply = self.meanwhile(look)
        self.assertStatus(reply, 422, "limit-archive-seconds")
        self.assertIn("--max-archive-seconds", reply.json["hint"])
        self.assertFalse(os.path.exists("/proc/%d" % met[0]))
        self.check_after()

    def test_the_end_of_a_service_is_not_for_the_reader(self):
        def polite(pid):
            os.kill(pid, signal.SIGTERM)
            return self.signal(pid, signal.SIGINT)
        self.assertStatus(self.meanwhile(polite), 201)


class WithTheServer(unittest.TestCase):
    def test_a_reader_ends_with_its_server(self):
        server = Server()
        self.addCleanup(server.discard)
        archive = Reader.large
        with server.admin.connect() as connection:
            connection.send(server.admin.head_text("PUT", "/api/modules/a/versions/1.0.0", {}, archive) + archive)
            pid = until(lambda: [pid for pid in readers(server) if is_bound(pid)], "the reader at work")[0]
            os.kill(pid, signal.SIGSTOP)
            server.kill()
        until(lambda: not is_running(pid), "the reader's end")


def is_bound(pid):
    """Has it set its limits? Descriptors are the last; the end with the server comes before all."""
    try:
        with open("/proc/%d/limits" % pid, encoding="ascii", errors="replace") as file:
            return re.search(r"^Max open files +0 ", file.read(), re.M) is not None
    except OSError:
        return False


def is_running(pid):
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Hidden(unittest.TestCase):
    def test_the_command_is_of_no_use_by_hand(self):
        for words in ([], ["x"]):
            done = subprocess.run([BERTH, "__read-archives", *words], stdin=subprocess.DEVNULL, capture_output=True)
            self.assertEqual((done.returncode, done.stdout), (2, b""))
            self.assertIn(b"the server's own", done.stderr)
        done = subprocess.run([BERTH, "--help"], capture_output=True, check=True)
        self.assertNotIn(b"__read-archives", done.stdout)


if __name__ == "__main__":
    main()
