#!/usr/bin/env python3
"""SIGHUP: settings and certificates that change under a running server.

usage: BERTH_BIN=path/to/berth tests/http/site/test_reload.py [TestCase[.test]]
"""

import contextlib
import os
import pty
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest

import bundles
from harness import BERTH, PATIENCE_S, EventStream, Server, at_once, main, until

OUTCOMES = ("reloaded", "reload-failed")


class ReloadCase(unittest.TestCase):
    """Each test has a server of its own, with a settings file."""
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.file = os.path.join(self.folder, "berth.conf")

    def write(self, text):
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(text)

    def serve(self, text, *flags, **more):
        self.write(text)
        server = Server("--config", self.file, *flags, **more)
        self.addCleanup(server.discard)
        return server

    @staticmethod
    def hang_up(server):
        """SIGHUP, and the line that tells what came of it."""
        def outcomes():
            return [line for line in server.log() if line["event"] in OUTCOMES]
        before = len(outcomes())
        server.process.send_signal(signal.SIGHUP)
        return until(lambda: outcomes()[before:], "the reload")[0]

    def reload(self, server, text=None):
        """A reload that must succeed: what has changed, as {name: (from, to)}."""
        if text is not None:
            self.write(text)
        line = self.hang_up(server)
        self.assertEqual(line["event"], "reloaded", line)
        return {name: (change["from"], change["to"]) for name, change in line["changed"].items()}

    def refuse(self, server, text=None):
        """A reload that must fail: the line of the log."""
        if text is not None:
            self.write(text)
        line = self.hang_up(server)
        self.assertEqual((line["event"], line["level"]), ("reload-failed", "error"), line)
        return line

    @staticmethod
    def limits(server):
        return server.admin.get("/api/system").json["limits"]

    def begin_upload(self, server, connection, module, archive):
        """An upload that waits for the rest of its body."""
        connection.send(server.admin.head_text("PUT", "/api/modules/%s/versions/1.0.0" % module, {}, archive))
        connection.send(archive[:100])

    def end_upload(self, connection, archive):
        connection.send(archive[100:])
        self.assertEqual(connection.reply("PUT").status, 201)


class Settings(ReloadCase):
    def test_limits_that_are_changed_hold_at_once_and_are_told(self):
        server = self.serve("max-uploads = 4\nmax-archive-bytes = 100000\n", small=False)
        before = self.limits(server)
        text = ("max-uploads = 7\nmax-archive-bytes = 300\nmax-unpacked-bytes = 301\nmax-file-bytes = 302\n"
                "max-entries = 303\nmax-ratio = 304\nmax-archive-seconds = 35\ncache-bytes = 306\n"
                "max-token-failures = 37\nmax-streams = 38\nheartbeat-ms = 390\ndrain-ms = 4000\n"
                "request-timeout-ms = 41000\nkeep-alive-ms = 42000\nmin-body-rate = 43\n")
        changed = self.reload(server, text)
        self.assertEqual(changed["max-uploads"], (4, 7))
        self.assertEqual(changed["max-archive-bytes"], (100000, 300))
        self.assertEqual(changed["drain-ms"], (10000, 4000))
        self.assertEqual(len(changed), 15)
        self.assertEqual(self.limits(server), {
            **before, "uploads": 7, "archiveBytes": 300, "unpackedBytes": 301, "fileBytes": 302,
            "archiveEntries": 303, "archiveRatio": 304, "archiveSeconds": 35, "tokenFailures": 37, "streams": 38})
        self.assertEqual(server.admin.get("/api/system").json["cache"]["budget"], 306)
        self.assertEqual(server.admin.get("/api/session").json["maxArchiveBytes"], 300)
        self.assertIn("berth_event_streams_limit 38", server.admin.get("/metrics").body.decode())
        reply = server.upload("big", "1.0.0", bundles.bundle())
        self.assertEqual((reply.status, reply.rule), (413, "limit-body"))
        self.assertEqual(self.reload(server), {}, "nothing has changed since")
        back = self.reload(server, "")
        self.assertEqual(back["max-uploads"], (7, 4))
        self.assertEqual(self.limits(server), before | {"archiveBytes": 64 << 20})
        server.stop()

    def test_connections_and_streams_and_uploads_go_on(self):
        server = self.serve("max-uploads = 4\n")
        archive = bundles.bundle("goes-on")
        server.put("other", "1.0.0", bundles.bundle("other"))
        with server.public.connect() as kept, server.admin.connect() as upload, EventStream(server) as stream:
            stream.block()
            self.assertEqual(server.public.call_on(kept, "GET", "/livez").status, 200)
            self.begin_upload(server, upload, "goes-on", archive)
            server.wait_upload()
            self.reload(server, "max-uploads = 1\nmax-archive-bytes = 50\nmax-streams = 1\nrequest-timeout-ms = 14000\n")
            self.assertEqual(server.public.call_on(kept, "GET", "/livez").status, 200, "the connection is still there")
            self.assertEqual(server.upload("more", "1.0.0", archive).rule, "limit-uploads")
            self.end_upload(upload, archive)
            server.make_live("other", "1.0.0")
            self.assertEqual(stream.event()["event"], "activated")
        server.stop()

    def test_a_place_for_one_more_upload(self):
        server = self.serve("max-uploads = 1\n")
        archive = bundles.bundle("place")
        with server.admin.connect() as upload:
            self.begin_upload(server, upload, "first", archive)
            server.wait_upload()
            self.assertEqual(server.upload("second", "1.0.0", archive).rule, "limit-uploads")
            self.assertEqual(self.reload(server, "max-uploads = 2\n"), {"max-uploads": (1, 2)})
            self.assertEqual(server.upload("second", "1.0.0", archive).status, 201)
            self.end_upload(upload, archive)
        server.stop()

    def test_addresses_that_have_failed_too_often_may_try_again_under_a_higher_limit(self):
        server = self.serve("max-token-failures = 1\n", small=False)
        self.assertEqual(server.admin.call("GET", "/api/modules", token="bad").status, 401)
        until(lambda: server.admin.call("GET", "/api/modules", token="bad").status == 429, "the limit")
        self.reload(server, "max-token-failures = 1000\n")
        self.assertEqual(server.admin.call("GET", "/api/modules", token="bad").status, 401)
        server.stop()

    def test_a_stream_that_is_open_takes_a_new_heartbeat(self):
        server = self.serve("heartbeat-ms = 600000\n")
        with EventStream(server) as stream:
            stream.block()
            self.reload(server, "heartbeat-ms = 50\n")
            self.assertIn(b"still here", stream.connection.read_until(b"\n\n"))
        server.stop()

    def test_a_connection_that_is_kept_and_one_that_trickles_take_new_times(self):
        server = self.serve("keep-alive-ms = 600000\nrequest-timeout-ms = 600000\n")
        self.reload(server, "keep-alive-ms = 100\nrequest-timeout-ms = 100\n")
        with server.public.connect() as idle, server.public.connect() as slow:
            self.assertEqual(server.public.call_on(idle, "GET", "/livez").status, 200)
            self.assertTrue(idle.ended())
            slow.send(b"GET /livez HTTP/1.1\r\nHost: x\r\n")
            reply = slow.reply()
            self.assertTrue(reply is None or reply.status == 408, reply)
        server.stop()

    def test_a_drain_takes_as_long_as_was_said_last(self):
        server = self.serve("drain-ms = 600000\n")
        with server.admin.connect() as upload:
            self.begin_upload(server, upload, "drain", bundles.bundle())
            server.wait_upload()
            self.reload(server, "drain-ms = 50\n")
            server.terminate()
            server.check_exit(server.wait())
        self.assertEqual(server.log("drained")[0]["cut"], 1)


class Weight(ReloadCase):
    def test_flags_stay_on_top_and_the_environment_below_them(self):
        os.environ["BERTH_MAX_ENTRIES"] = "60"
        self.addCleanup(os.environ.pop, "BERTH_MAX_ENTRIES")
        server = self.serve("max-uploads = 5\nmax-entries = 6\n", "--max-uploads", "3")
        self.assertEqual(self.reload(server, "max-uploads = 9\nmax-entries = 7\nmax-ratio = 8\n"), {"max-ratio": (200, 8)})
        limits = self.limits(server)
        self.assertEqual((limits["uploads"], limits["archiveEntries"], limits["archiveRatio"]), (3, 60, 8))
        server.stop()

    def test_without_a_file_flags_are_all_there_is(self):
        server = Server("--max-uploads", "3")
        self.addCleanup(server.discard)
        self.assertEqual(self.reload(server), {})
        self.assertEqual(self.limits(server)["uploads"], 3)
        server.stop()

    def test_what_needs_a_restart_is_named_until_it_comes(self):
        server = self.serve("public-url = https://a.example\n", small=False)
        text = "public-url = https://b.example\nmax-connections = 2000\nmax-uploads = 6\n"
        for changed in ({"max-uploads": (4, 6)}, {}):
            self.assertEqual(self.reload(server, text), changed)
            line = until(lambda: server.log("restart-needed"), "the line")[-1]
            self.assertEqual((line["level"], line["settings"]), ("warn", ["public-url", "max-connections"]))
        self.assertEqual(len(server.log("restart-needed")), 2)
        self.assertEqual(self.limits(server)["connections"], 1024)
        self.assertEqual(server.admin.get("/api/session").json["publicUrl"], "https://a.example")
        self.reload(server, text.replace("b.example", "a.example").replace("2000", "1024"))
        server.restart()
        self.write(text)
        server.restart()
        self.assertEqual(self.limits(server)["connections"], 2000)
        self.assertEqual(server.admin.get("/api/session").json["publicUrl"], "https://b.example")
        self.assertEqual(self.reload(server), {})
        self.assertEqual(len(server.log("restart-needed")), 2)
        server.stop()


class Wrong(ReloadCase):
    def test_a_wrong_file_changes_nothing_at_all_and_says_what_is_wrong(self):
        server = self.serve("max-uploads = 5\n", small=False)
        before = self.limits(server)
        for text, words, line in (("max-uploads = 9\nmax-upload = 4\n", "there is no setting max-upload", 2),
                                  ("max-uploads = 9\nmax-entries = 0\n", "max-entries takes a whole number", 2),
                                  ("max-uploads = 9\nmax-uploads = 9\n", "max-uploads is set twice", 2),
                                  ("max-uploads = 9\nnonsense\n", "not a setting", 2),
                                  ("max-uploads = 9\npublic-url = nonsense\n", "public-url takes an origin", None),
                                  ("max-uploads = 9\nmax-streams = 1024\n", "max-streams must be below", None),
                                  ("max-uploads = 9\ntls-key = /x\n", "tls-key is set, and tls-certificate is not", None),
                                  ("max-uploads = 9\n\xff = \0", "settings are a text", None)):
            with self.subTest(text=text):
                told = self.refuse(server, text)
                self.assertIn(words, told["text"])
                if line:
                    self.assertEqual(told["where"], "%s:%d" % (self.file, line))
                self.assertEqual(self.limits(server), before)
        os.unlink(self.file)
        told = self.refuse(server)
        self.assertIn("No such file", told["text"])
        self.assertEqual(told["where"], self.file)
        self.assertEqual(self.limits(server), before)
        self.assertEqual(self.reload(server, "max-uploads = 6\n"), {"max-uploads": (5, 6)})
        server.stop()

    def test_a_value_that_is_right_only_beside_one_that_waits_for_a_restart_is_refused(self):
        server = self.serve("", small=False)
        told = self.refuse(server, "max-connections = 4000\nmax-streams = 2000\n")
        self.assertIn("max-streams must be below max-connections", told["text"])
        self.assertIn("restart", told["hint"])
        self.assertEqual(self.limits(server)["streams"], 512)
        server.stop()


class Signals(ReloadCase):
    def test_under_load_nobody_notices(self):
        server = self.serve("max-uploads = 8\n")
        server.hammered = True
        server.put("load", "1.0.0", bundles.bundle("load"), "?activate=true")
        over = threading.Event()
        served = []

        def read(_):
            with server.public.connect() as connection:
                while not over.is_set():
                    for path in ("/livez", "/m/load@1.0.0/remoteEntry.js", "/manifests/remotes.json"):
                        served.append(server.public.call_on(connection, "GET", path).status)

        def publish(number):
            for version in range(12):
                reply = server.upload("load-%d" % number, "1.0.%d" % version, bundles.bundle("%d.%d" % (number, version)))
                served.append(reply.status)

        def hang_up(_):
            try:
                for i in range(20):
                    self.assertEqual(len(self.reload(server, (
                        "max-uploads = %d\ncache-bytes = %d\nmax-ratio = %d\nkeep-alive-ms = %d\nheartbeat-ms = %d\n"
                        "request-timeout-ms = %d\n") % (9 + i, 10000 * i, 300 + i, 40000 + i, 1000 + i, 20000 + i))), 6)
            finally:
                over.set()

        def work(number):
            (read if number < 2 else publish if number < 4 else hang_up)(number)
        at_once(5, work)
        self.assertEqual(set(served), {200, 201})
        self.assertEqual(self.limits(server)["uploads"], 28)
        server.stop()

    def test_many_at_once_are_few_and_the_last_file_counts(self):
        server = self.serve("")
        for i in range(50):
            self.write("max-uploads = %d\n" % (i + 5))
            server.process.send_signal(signal.SIGHUP)
        until(lambda: self.limits(server)["uploads"] == 54, "the last file")
        self.assertEqual(server.log("reload-failed"), [])
        server.stop()

    def test_processes_that_read_archives_outlive_it_when_all_are_told(self):
        server = self.serve("")
        server.put("first", "1.0.0", bundles.bundle("first"))
        children = until(lambda: children_of(server.process.pid), "the parent of archive readers")
        for child in children:
            os.kill(child, signal.SIGHUP)
        self.reload(server)
        server.put("second", "1.0.0", bundles.bundle("second"))
        for child in children:
            os.kill(child, 0)
        server.stop()

    def test_one_during_the_start_waits_for_its_end(self):
        server = self.serve("max-uploads = 5\n")
        server.exit()
        seen = len(server.lines)
        server.addresses.clear()
        starting = threading.Thread(target=server.start)
        starting.start()
        process = until(lambda: server.process if server.process.poll() is None else None, "the process")
        # From the first moment at which it can be told from the program that starts it.
        until(lambda: os.readlink("/proc/%d/exe" % process.pid).endswith("berth"), "the program")
        until(lambda: int(held_signals(process.pid), 16) & 1 << signal.SIGHUP - 1, "the signal to be held")
        process.send_signal(signal.SIGHUP)
        starting.join()
        until(lambda: "reloaded" in [line["event"] for line in server.log()[seen:]], "the reload")
        events = [line["event"] for line in server.log()[seen:]]
        self.assertLess(max(i for i, event in enumerate(events) if event == "listening"), events.index("reloaded"))
        server.stop()

    def test_one_during_a_drain_means_nothing(self):
        server = self.serve("max-uploads = 5\n")
        archive = bundles.bundle("drain")
        with server.admin.connect() as upload:
            self.begin_upload(server, upload, "drain", archive)
            server.wait_upload()
            server.terminate()
            server.wait_log("draining")
            self.write("max-uploads = 6\n")
            for _ in range(3):
                server.process.send_signal(signal.SIGHUP)
            self.end_upload(upload, archive)
        server.check_exit(server.wait())
        self.assertEqual(server.log("drained")[0]["cut"], 0)
        self.assertEqual(server.log("reloaded"), [])

    def test_the_service_manager_hears_when_it_begins_and_ends(self):
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(manager.close)
        address = os.path.join(self.folder, "notify")
        manager.bind(address)
        manager.settimeout(PATIENCE_S)
        os.environ["NOTIFY_SOCKET"] = address
        self.addCleanup(os.environ.pop, "NOTIFY_SOCKET")
        server = self.serve("")
        self.assertEqual(manager.recv(256), b"READY=1")
        for text in ("max-uploads = 5\n", "nonsense\n"):
            self.write(text)
            self.hang_up(server)
            self.assertRegex(manager.recv(256), rb"^RELOADING=1\nMONOTONIC_USEC=\d+$")
            self.assertEqual(manager.recv(256), b"READY=1")
        server.stop()


def held_signals(pid):
    """The mask of signals that its main thread holds back, as /proc has it."""
    with open("/proc/%d/status" % pid, encoding="ascii") as file:
        return next(line.split()[1] for line in file if line.startswith("SigBlk:"))


def children_of(pid):
    """A child is its thread's, and another's when that has ended."""
    found = []
    for thread in os.listdir("/proc/%d/task" % pid):
        try:
            with open("/proc/%d/task/%s/children" % (pid, thread), encoding="ascii") as file:
                found += [int(child) for child in file.read().split()]
        except FileNotFoundError:
            pass  # the thread has ended meanwhile
    return found


class Terminal(ReloadCase):
    """A server in a terminal ends with it, as programs do."""

    def start_in_terminal(self, prepare=lambda: None):
        """The server's pid, what it writes, and the other end of its terminal."""
        frontend = os.path.join(self.folder, "frontend")
        os.mkdir(frontend)
        for name in ("shell.js", "live.js", "more.js"):
            with open(os.path.join(frontend, name), "w", encoding="ascii") as file:
                file.write("1;\n")
        self.write("data = %s/data\nfrontend = %s\nlisten = 127.0.0.1:0\nadmin-listen = 127.0.0.1:0\n" %
                   (self.folder, frontend))
        path = os.path.join(self.folder, "log")
        pid, terminal = pty.fork()
        if pid == 0:
            prepare()
            log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(log, 1)
            os.execv(BERTH, [BERTH, "serve", "--config", self.file])
        self.addCleanup(self.finish, pid)
        until(lambda: os.path.exists(path) and '"public"' in self.read(path), "the server")
        return pid, path, terminal

    @staticmethod
    def finish(pid):
        try:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass  # it has ended, as it should

    @staticmethod
    def read(path):
        with open(path, encoding="utf-8") as file:
            return file.read()

    def test_sighup_reloads_while_the_terminal_is_there_and_stops_when_it_is_gone(self):
        pid, path, terminal = self.start_in_terminal()
        os.kill(pid, signal.SIGHUP)
        until(lambda: '"reloaded"' in self.read(path), "the reload")
        os.close(terminal)
        self.assertEqual(os.waitpid(pid, 0)[1], 0)
        self.assertIn('"stopped"', self.read(path))
        self.assertEqual(self.read(path).count('"reloaded"'), 1)

    def test_one_that_was_started_to_outlive_its_terminal_does(self):
        pid, path, terminal = self.start_in_terminal(lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        os.close(terminal)
        until(lambda: '"reloaded"' in self.read(path), "the reload that the terminal's end is")
        os.kill(pid, signal.SIGTERM)
        self.assertEqual(os.waitpid(pid, 0)[1], 0)


class Certificates(ReloadCase):
    def make(self, name, days=30):
        """A certificate and its key, valid for 127.0.0.1."""
        paths = [os.path.join(self.folder, name + end) for end in (".pem", ".key")]
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", str(days), "-subj", "/CN=" + name, "-addext", "subjectAltName=IP:127.0.0.1",
                        "-out", paths[0], "-keyout", paths[1]], check=True, capture_output=True)
        return paths

    def place(self, name):
        """Puts that certificate where the server looks for it, as renewals do."""
        for end in (".pem", ".key"):
            with open(os.path.join(self.folder, name + end), "rb") as source:
                data = source.read()
            with open(os.path.join(self.folder, "new"), "wb") as target:
                target.write(data)
            os.rename(os.path.join(self.folder, "new"), os.path.join(self.folder, "live" + end))

    def settings(self, name="live", prefixes=("", "admin-")):
        return "".join("%stls-certificate = %s/%s.pem\n%stls-key = %s/%s.key\n" %
                       (prefix, self.folder, name, prefix, self.folder, name) for prefix in prefixes)

    def connect(self, server, listener, name):
        """A connection to the listener, which must show the certificate of that name."""
        context = ssl.create_default_context(cafile=os.path.join(self.folder, name + ".pem"))
        host, port = server.addresses[listener].split(":")
        plain = socket.create_connection((host, int(port)), timeout=PATIENCE_S)
        self.addCleanup(plain.close)
        secure = context.wrap_socket(plain, server_hostname="127.0.0.1")
        self.addCleanup(secure.close)
        return secure

    def get(self, secure, server, listener, path="/livez"):
        token = "Authorization: Bearer %s\r\n" % server.token if listener == "admin" else ""
        secure.sendall(("GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n" % (path, token)).encode())
        data = b""
        while b"\r\n\r\n" not in data:
            piece = secure.recv(65536)
            self.assertTrue(piece, "the connection has ended")
            data += piece
        return data

    def ask(self, server, listener, name, path="/livez"):
        return self.get(self.connect(server, listener, name), server, listener, path)

    def serve_secure(self, *flags, **more):
        self.make("one", 30)
        self.make("two", 60)
        self.place("one")
        return self.serve(self.settings(), *flags, **more)

    def test_both_listeners_speak_tls_and_their_urls_say_so(self):
        server = self.serve_secure()
        for line in server.log("listening"):
            self.assertEqual(line["url"], "https://" + line["address"])
        for listener, path in (("public", "/livez"), ("admin", "/api/session")):
            self.assertIn(b"200 OK", self.ask(server, listener, "one", path))
        answer = self.ask(server, "admin", "one", "/api/session")
        self.assertIn(b'"publicUrl":"https://127.0.0.1:', answer)
        server.exit()

    def test_a_renewed_certificate_is_shown_to_new_connections_and_ends_no_other(self):
        server = self.serve_secure()
        kept = {listener: self.connect(server, listener, "one") for listener in ("public", "admin")}
        stream = self.connect(server, "public", "one")
        self.get(stream, server, "public", "/events")
        self.place("two")
        line = self.hang_up(server)
        self.assertEqual((line["event"], line["changed"]), ("reloaded", {}))
        self.assertEqual(sorted(line["certificates"]), ["admin", "public"])
        for listener, connection in kept.items():
            self.assertIn(b"200 OK", self.ask(server, listener, "two"))
            self.assertIn(b"200 OK", self.get(connection, server, listener))
            with self.assertRaises(ssl.SSLCertVerificationError):
                self.connect(server, listener, "one")
        server.terminate()
        said = b""
        while b"event: draining" not in said:
            piece = stream.recv(65536)
            self.assertTrue(piece, "the stream ended before its time: %r" % said)
            said += piece
        server.check_exit(server.wait())

    def test_files_with_other_names_are_taken_and_those_that_do_not_belong_together_are_not(self):
        server = self.serve_secure()
        changed = self.reload(server, self.settings("two"))
        self.assertEqual(sorted(changed), ["admin-tls-certificate", "admin-tls-key", "tls-certificate", "tls-key"])
        self.assertIn(b"200 OK", self.ask(server, "public", "two"))
        told = self.refuse(server, self.settings("two").replace("two.key", "one.key"))
        self.assertIn("not the key of the certificate", told["text"])
        self.assertEqual(told["where"], os.path.join(self.folder, "one.key"))
        told = self.refuse(server, self.settings("two", [""]) + self.settings("none", ["admin-"]))
        self.assertIn("admin-tls-certificate: the file cannot be read: No such file", told["text"])
        for listener in ("public", "admin"):
            self.assertIn(b"200 OK", self.ask(server, listener, "two"))
        self.assertEqual(self.reload(server, self.settings("two") + "max-uploads = 5\n"), {"max-uploads": (4, 5)})
        server.exit()

    def test_names_of_files_may_be_of_any_bytes(self):
        server = self.serve_secure()
        folder = os.fsencode(self.folder)
        for end in (b".pem", b".key"):
            os.link(folder + b"/two" + end, folder + b"/caf\xe9" + end)
        with open(self.file, "wb") as file:
            file.write(self.settings("@").encode().replace(b"@", b"caf\xe9"))
        for _ in range(2):
            line = self.hang_up(server)
            self.assertEqual(line["event"], "reloaded")
        self.assertIn(b"200 OK", self.ask(server, "public", "two"))
        server.exit()

    def test_whether_there_is_tls_at_all_changes_with_a_restart(self):
        server = self.serve_secure()
        self.assertEqual(self.reload(server, self.settings(prefixes=["admin-"])), {})
        self.assertEqual(server.wait_log("restart-needed")["settings"], ["tls-certificate", "tls-key"])
        self.assertIn(b"200 OK", self.ask(server, "public", "one"))
        server.restart()
        self.assertEqual(server.public.get("/livez").status, 200)
        self.assertEqual(self.reload(server, self.settings()), {})
        self.assertEqual(server.log("restart-needed")[-1]["settings"], ["tls-certificate", "tls-key"])
        self.assertEqual(server.public.get("/livez").status, 200)
        self.assertIn(b"200 OK", self.ask(server, "admin", "one"))
        server.exit()

    def test_files_that_no_setting_names_any_more_are_not_read(self):
        server = self.serve_secure()
        self.make("three", 90)
        for end in (".pem", ".key"):
            os.remove(os.path.join(self.folder, "live" + end))
        changed = self.reload(server, self.settings("three", [""]) + "max-uploads = 9\n")
        self.assertEqual(changed["max-uploads"], (4, 9))
        self.assertEqual(server.wait_log("restart-needed")["settings"], ["admin-tls-certificate", "admin-tls-key"])
        self.assertIn(b"200 OK", self.ask(server, "public", "three"))
        self.assertIn(b"200 OK", self.ask(server, "admin", "one"))
        server.exit()

    def test_when_the_files_of_one_listener_are_no_good_the_other_keeps_its_own(self):
        server = self.serve_secure()
        with open(os.path.join(self.folder, "two.pem"), "rb") as file:
            certificate = file.read()
        with open(os.path.join(self.folder, "long.pem"), "wb") as file:
            file.write(certificate * 20)
        os.link(os.path.join(self.folder, "two.key"), os.path.join(self.folder, "long.key"))
        text = self.settings("two", [""]) + self.settings("long", ["admin-"])
        self.assertIn("too many certificates", self.refuse(server, text)["text"])
        checked = subprocess.run([BERTH, "serve", "--check", "--config", self.file], capture_output=True, check=False)
        self.assertEqual(checked.returncode, 2, checked)
        self.assertIn(b"too many certificates", checked.stderr)
        self.assertIn(b"200 OK", self.ask(server, "public", "one"))
        server.exit()

    def test_what_is_wrong_is_told_of_files_with_names_of_any_bytes_too(self):
        server = self.serve_secure()
        with open(self.file, "wb") as file:
            file.write(self.settings("@").encode().replace(b"@", b"caf\xe9"))
        line = self.hang_up(server)
        self.assertEqual(line["event"], "reload-failed")
        self.assertIn("tls-certificate: the file cannot be read: No such file", line["text"])
        self.assertEqual(line["where"], "(not UTF-8)")
        self.assertTrue(line["hint"])
        server.exit()

    def test_workers_step_back_by_what_is_said_and_no_more(self):
        server = self.serve_secure()
        own = os.getpriority(os.PRIO_PROCESS, server.process.pid)
        self.ask(server, "admin", "one", "/api/system")
        values = set()
        for thread in os.listdir("/proc/%d/task" % server.process.pid):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                with open("/proc/%d/task/%s/stat" % (server.process.pid, thread), encoding="utf-8") as file:
                    name, _, rest = file.read().partition(" (")[2].rpartition(") ")
                if name in ("loop", "worker"):
                    values.add((name, int(rest.split()[16]) - own))
        self.assertEqual(values, {("loop", 0), ("loop", 5), ("worker", 5)})
        server.exit()

    def test_a_watchdog_hears_a_server_that_speaks_tls(self):
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(manager.close)
        address = os.path.join(self.folder, "notify")
        manager.bind(address)
        manager.settimeout(PATIENCE_S)
        os.environ.update({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "900000"})
        self.addCleanup(os.environ.pop, "NOTIFY_SOCKET")
        self.addCleanup(os.environ.pop, "WATCHDOG_USEC")
        server = self.serve_secure()
        self.assertEqual(manager.recv(256), b"READY=1")
        self.assertEqual(manager.recv(256), b"WATCHDOG=1")
        self.place("two")
        self.hang_up(server)
        heard = [manager.recv(256) for _ in range(6)]
        self.assertGreaterEqual(heard.count(b"WATCHDOG=1"), 3)
        self.assertEqual(server.log("watchdog-no-answer"), [])
        server.terminate()
        server.check_exit(server.wait())

    def test_renewals_under_load_fail_no_handshake(self):
        server = self.serve_secure()
        server.hammered = True
        both = os.path.join(self.folder, "both.pem")
        with open(both, "wb") as out:
            for name in ("one", "two"):
                with open(os.path.join(self.folder, name + ".pem"), "rb") as file:
                    out.write(file.read())
        over = threading.Event()

        def ask(_):
            while not over.is_set():
                with self.connect(server, "public", "both") as connection:
                    self.assertIn(b"200 OK", self.get(connection, server, "public"))

        def renew(_):
            try:
                for i in range(20):
                    self.place("two" if i % 2 == 0 else "one")
                    self.assertEqual(self.hang_up(server)["event"], "reloaded")
            finally:
                over.set()
        at_once(4, lambda number: (renew if number == 0 else ask)(number))
        server.exit()


if __name__ == "__main__":
    main()
