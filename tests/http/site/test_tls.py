#!/usr/bin/env python3
"""TLS on both listeners: all that is so without it, handshakes of all kinds, and certificates that change.

usage: BERTH_BIN=path/to/berth tests/http/site/test_tls.py [TestCase[.test]]
"""

import os
import random
import signal
import socket
import ssl
import threading
import time

import bundles
import test_limits
import test_protocol
from certificates import SHARED, ByTls, Certificate, options_of, trusting
from harness import PATIENCE_S, Connection, EventStream, SiteCase, at_once, main, until

BIG = random.Random(1).randbytes(8 << 20)  # more than the buffers of both ends hold


# --- what is known of requests, limits and slow clients, by TLS ---

class Protocol(ByTls, test_protocol.Protocol):
    pass


class ProtocolCaps(ByTls, test_protocol.Caps):
    pass


class ProtocolSlow(ByTls, test_protocol.Slow):
    pass


class Slow(ByTls, test_limits.Slow):
    pass


class Caps(ByTls, test_limits.Caps):
    pass


class Descriptors(ByTls, test_limits.Descriptors):
    pass


# --- what is particular to it ---

class Handshakes(ByTls, SiteCase):
    options = ("--request-timeout-ms", "1000")

    def shake(self, listener, **changes):
        """The version that was agreed on, or None."""
        context = trusting(SHARED)
        for name, value in changes.items():
            if name == "ciphers":
                context.set_ciphers(value)
            else:
                setattr(context, name, value)
        try:
            with Connection(listener.address, context) as connection:
                reply = listener.call_on(connection, "GET", "/livez")
                self.assertStatus(reply, 200)
                return connection.socket.version()
        except (ssl.SSLError, ConnectionResetError):
            return None

    def test_versions(self):
        v = ssl.TLSVersion
        for listener in (self.public, self.admin):
            for version, name in ((v.TLSv1_3, "TLSv1.3"), (v.TLSv1_2, "TLSv1.2"), (v.TLSv1_1, None), (v.TLSv1, None)):
                with self.subTest(listener.name + " " + version.name):
                    self.assertEqual(self.shake(listener, ciphers="ALL:@SECLEVEL=0", minimum_version=version,
                                                maximum_version=version), name)

    def test_a_plain_request_is_told_what_the_port_speaks(self):
        for listener in (self.public, self.admin):
            with Connection(listener.address) as connection:
                connection.send(listener.head_text("GET", "/livez"))
                reply = connection.reply()
                self.assertEqual((reply.status, reply["Content-Type"], reply["Connection"]),
                                 (400, "text/plain", "close"))
                self.assertIn(b"TLS", reply.body)
                self.assertTrue(connection.ended())

    def hello(self):
        """The first bytes of a handshake."""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = trusting(SHARED).wrap_bio(incoming, outgoing, server_hostname="localhost")
        with self.assertRaises(ssl.SSLWantReadError):
            client.do_handshake()
        return outgoing.read()

    def test_half_a_handshake_is_cut_and_holds_up_nobody(self):
        hello = self.hello()
        for listener in (self.public, self.admin):
            odd = []
            for first in (b"", hello[:1], hello[:3], hello[:40], hello, b"\x16\x03\x01\xff\xff" + b"x" * 3000,
                          b"\0" * 5000, os.urandom(700), b"\x80\x2e\x01\x03\x01\0\x15"):
                for _ in range(8):
                    connection = Connection(listener.address)
                    odd.append(connection)
                    try:
                        connection.send(first)
                    except OSError:
                        pass  # it was cut before it was through
            for _ in range(20):
                self.assertStatus(listener.get("/livez"), 200)
            for connection in odd:
                connection.read_to_end()  # an alert, or the answer to the hello, and then the end
                connection.close()
            until(lambda listener=listener: self.open_now(listener) <= 1, "all connections to be closed")

    def open_now(self, listener):
        return self.admin.get("/api/system").json["load"][listener.name]["connections"]

    def test_200_clients_at_once_with_three_requests_each(self):
        self.server.put("many", "1.0.0", bundles.bundle("many"), "?activate=true")
        expected = bundles.container("many")

        def visit(_):
            bodies = []
            for _ in range(3):
                reply = None
                while reply is None or reply.status == 503:  # 128 are let in at once
                    try:
                        reply = self.public.get("/m/many@1.0.0/remoteEntry.js")
                    except (ConnectionResetError, ssl.SSLError):
                        continue  # so many over the cap that it was closed without a handshake
                bodies.append(reply.body)
            return bodies
        for bodies in at_once(200, visit):
            self.assertEqual(bodies, [expected] * 3)

    def test_sessions_are_resumed(self):
        context = trusting(SHARED)
        context.maximum_version = ssl.TLSVersion.TLSv1_2  # whose ticket comes with the handshake
        first = context.wrap_socket(self.raw(), server_hostname="localhost")
        second = context.wrap_socket(self.raw(), server_hostname="localhost", session=first.session)
        self.assertTrue(second.session_reused)
        first.close()
        second.close()

    def raw(self):
        host, port = self.public.address.split(":")
        return socket.create_connection((host, int(port)), timeout=PATIENCE_S)

    def test_http_1_1_is_what_is_spoken(self):
        for offered, chosen in ((["h2", "http/1.1"], "http/1.1"), (["http/1.1"], "http/1.1"), (["h2"], None)):
            context = trusting(SHARED)
            context.set_alpn_protocols(offered)
            raw = self.raw()
            try:
                with context.wrap_socket(raw, server_hostname="localhost") as client:
                    self.assertEqual(client.selected_alpn_protocol(), chosen)
            except ssl.SSLError:
                self.assertIsNone(chosen)
                raw.close()


class Exchanges(ByTls, SiteCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.put("big", "1.0.0", bundles.tar_gz({**bundles.files("big"), "big.bin": BIG}), "?activate=true")

    def test_get_head_range_and_304_on_one_connection(self):
        path = "/m/big@1.0.0/big.bin"
        with self.public.connect() as connection:
            head = self.public.call_on(connection, "HEAD", path)
            self.assertEqual((head.status, head["Content-Length"]), (200, str(len(BIG))))
            for _ in range(2):
                self.assertEqual(self.public.call_on(connection, "GET", path).body, BIG)
            for start, end in ((0, 0), (0, 16383), (16384, 40000), (1, len(BIG) - 1)):
                part = self.public.call_on(connection, "GET", path, headers={"Range": "bytes=%d-%d" % (start, end)})
                self.assertStatus(part, 206)
                self.assertEqual(part.body, BIG[start:end + 1])
            same = self.public.call_on(connection, "GET", path, headers={"If-None-Match": head["ETag"]})
            self.assertStatus(same, 304)
            self.assertStatus(self.public.call_on(connection, "GET", "/none"), 404)

    def test_requests_behind_each_other(self):
        count = 300
        with self.public.connect() as connection:
            connection.send(self.public.head_text("GET", "/m/big@1.0.0/remoteEntry.js") * count)
            for _ in range(count):
                self.assertEqual(connection.reply().body, bundles.container("big"))

    def test_slow_readers_get_all_and_hold_up_nobody(self):
        slow = [self.public.connect() for _ in range(4)]
        for connection in slow:
            connection.send(self.public.head_text("GET", "/m/big@1.0.0/big.bin"))
            self.assertEqual(connection.head().status, 200)
        for _ in range(3):
            self.assertEqual(self.public.get("/m/big@1.0.0/big.bin").body, BIG)
        for connection in slow:
            self.assertEqual(connection.read(len(BIG)), BIG)
            self.assertStatus(self.public.call_on(connection, "GET", "/livez"), 200)
            connection.close()

    def test_who_leaves_in_the_middle_leaves_nothing_behind(self):
        for length in (0, 1, 20000, 3000000):
            connection = self.public.connect()
            connection.send(self.public.head_text("GET", "/m/big@1.0.0/big.bin"))
            connection.read(length)
            connection.close()
        until(lambda: self.admin.get("/api/system").json["load"]["public"]["connections"] == 0,
              "the connections to be closed")

    def test_uploads(self):
        data = random.Random(2).randbytes(5 << 20)
        archive = bundles.tar_gz({**bundles.files("sent"), "data.bin": data})
        self.assertStatus(self.server.upload("sent", "1.0.0", archive, token="wrong"), 401)
        self.server.put("sent", "1.0.0", archive, "?activate=true")
        self.assertEqual(self.public.get("/m/sent@1.0.0/data.bin").body, data)
        with self.admin.connect() as connection:  # with Expect, and the connection goes on
            head = self.admin.head_text("PUT", "/api/modules/sent/versions/1.0.1",
                                        {"Content-Length": str(len(archive)), "Expect": "100-continue",
                                         "Content-Type": "application/octet-stream"})
            connection.send(head)
            self.assertEqual(connection.reply().status, 100)
            for start in range(0, len(archive), 100_000):
                connection.send(archive[start:start + 100_000])
            self.assertStatus(connection.reply(), 201)
            self.assertStatus(self.admin.call_on(connection, "GET", "/api/modules/sent"), 200)

    def test_event_streams(self):
        self.server.put("told", "1.0.0", bundles.bundle("told"))
        streams = [EventStream(self.server) for _ in range(4)]
        try:
            self.server.make_live("told", "1.0.0")
            for stream in streams:
                event = stream.event()
                while event["event"] != "activated":
                    event = stream.event()
                self.assertEqual(event["data"]["module"], "told")
        finally:
            for stream in streams:
                stream.close()
        until(lambda: self.admin.get("/api/system").json["streams"] == 0, "the streams' end")

    def test_an_upload_that_stops_leaves_nothing(self):
        archive = bundles.bundle("half")
        with self.admin.connect() as connection:
            connection.send(self.admin.head_text("PUT", "/api/modules/half/versions/1.0.0", body=archive) + archive[:9])
        until(lambda: self.admin.get("/api/system").json["load"]["admin"]["connections"] == 1, "its end")
        self.assertStatus(self.admin.get("/api/modules/half"), 404)

    def test_the_cookie_of_a_preview_is_for_tls_only(self):
        self.server.put("seen", "1.0.0", bundles.bundle("seen"), "?activate=true")
        self.server.put("seen", "1.1.0", bundles.bundle("seen 2"))
        self.server.put_page("seen", {"path": "/seen", "title": "x",
                                      "slots": [{"name": "a", "module": "seen", "expose": "./Header"}]})
        text = self.admin.call("POST", "/api/modules/seen/versions/1.1.0/preview").json["berth"]
        cookie = self.public.get("/seen?berth=" + text)["Set-Cookie"]
        self.assertIn("Secure", cookie.split("; "))


class Certificates(SiteCase):
    """A server whose certificate changes."""

    days = 30

    @classmethod
    def setUpClass(cls):
        cls.one, cls.two, cls.other_key = Certificate("one", 30), Certificate("two", 90), Certificate("third")
        cls.now = Certificate("now")
        cls.now.take(cls.one)
        cls.options = options_of(cls.now)
        cls.tls = trusting(cls.one, cls.two)
        super().setUpClass()

    def serial(self, listener):
        """Of the certificate that a new connection gets."""
        with listener.connect() as connection:
            return connection.socket.getpeercert()["serialNumber"]

    def reload(self, event):
        before = len(self.server.log(event))
        self.server.process.send_signal(signal.SIGHUP)
        until(lambda: len(self.server.log(event)) > before, "the log line " + event)
        return self.server.log(event)[-1]

    def days_left(self, listener):
        text = self.admin.get("/metrics").body.decode()
        line = [line for line in text.split("\n")
                if line.startswith('berth_tls_certificate_expiry_seconds{listener="%s"}' % listener)][0]
        return (float(line.split(" ")[1]) - time.time()) / 86400

    def test_1_it_is_renewed_under_load_without_a_failed_request(self):
        self.server.hammered = True
        over = threading.Event()
        counts, failures = [], []

        def load():
            count = 0
            try:
                while not over.is_set():
                    with self.public.connect() as connection:
                        for _ in range(20):
                            self.assertStatus(self.public.call_on(connection, "GET", "/livez"), 200)
                            count += 1
            except BaseException as failure:  # told below
                failures.append(failure)
            counts.append(count)
        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        with self.public.connect() as kept:
            self.assertStatus(self.public.call_on(kept, "GET", "/livez"), 200)
            serials = set()
            for i in range(20):
                self.now.take(self.one if i % 2 else self.two)
                self.reload("reloaded")
                serials.add(self.serial(self.public))
                self.assertEqual(self.serial(self.admin), self.serial(self.public))
            self.assertStatus(self.public.call_on(kept, "GET", "/livez"), 200)
        over.set()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        self.assertEqual(len(serials), 2)
        self.assertTrue(all(counts), counts)

    def test_2_when_it_ends_is_told(self):
        for certificate, days in ((self.one, 30), (self.two, 90)):
            self.now.take(certificate)
            self.reload("reloaded")
            for listener in ("public", "admin"):
                self.assertAlmostEqual(self.days_left(listener), days, delta=0.1)
                self.assertRegex(self.admin.get("/api/system").json["tls"][listener]["certificateEndsAt"],
                                 r"^20\d\d-\d\d-\d\dT")

    def test_3_what_is_no_good_is_refused_and_the_old_one_stays(self):
        self.now.take(self.one)
        self.reload("reloaded")
        before = self.serial(self.public)
        for spoil, word in ((lambda: os.remove(self.now.key), self.now.key),
                            (lambda: self.write(self.now.key, b"no key"), self.now.key),
                            (lambda: self.write(self.now.file, b"no certificate"), self.now.file),
                            (lambda: self.write(self.now.key, self.read(self.other_key.key)), self.now.key)):
            self.now.take(self.one)
            spoil()
            line = self.reload("reload-failed")
            self.assertIn(word, line["where"])
            self.assertTrue(line["hint"])
            for listener in (self.public, self.admin):
                self.assertEqual(self.serial(listener), before)
        self.now.take(self.one)
        self.reload("reloaded")

    @staticmethod
    def read(path):
        with open(path, "rb") as file:
            return file.read()

    @staticmethod
    def write(path, data):
        with open(path, "wb") as file:
            file.write(data)


class OfRsa(SiteCase):
    """A key of the other kind, on one listener only: the public one is plain."""

    @classmethod
    def setUpClass(cls):
        cls.rsa = Certificate("rsa", kind=("-newkey", "rsa:2048"))
        cls.options = options_of(cls.rsa)[4:]
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        cls.server.tls = trusting(cls.rsa)  # for what is looked at in the end: only by the admin listener
        cls.server.public.connect = lambda: Connection(cls.server.public.address)

    def test_the_admin_listener_has_it_and_the_public_one_does_not(self):
        context = trusting(self.rsa)
        with Connection(self.admin.address, context) as connection:
            reply = self.admin.call_on(connection, "GET", "/api/system")
            self.assertStatus(reply, 200)
            self.assertTrue(reply.json["tls"]["admin"])
            self.assertIsNone(reply.json["tls"]["public"])
        with self.public.connect() as connection:
            self.assertStatus(self.public.call_on(connection, "GET", "/livez"), 200)


if __name__ == "__main__":
    main()
