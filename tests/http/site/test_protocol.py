#!/usr/bin/env python3
"""What HTTP asks of every route: methods, problems, framing, other origins, reports, the log.

usage: BERTH_BIN=path/to/berth tests/http/site/test_protocol.py [TestCase[.test]]
"""

import json
import threading

import bundles
from harness import SiteCase, at_once, main, until

PUBLIC = {"/m/mod@1.0.0/remoteEntry.js": "GET, HEAD, OPTIONS", "/m/mod/remoteEntry.js": "GET, HEAD, OPTIONS",
          "/manifests/remotes.json": "GET, HEAD, OPTIONS", "/events": "GET, HEAD, OPTIONS",
          "/reports": "POST, OPTIONS", "/reports/csp": "POST, OPTIONS",
          "/_berth/shell.js.map": "GET, HEAD, OPTIONS",
          "/livez": "GET, HEAD, OPTIONS", "/readyz": "GET, HEAD, OPTIONS", "/a-page": "GET, HEAD, OPTIONS"}
ADMIN = {"/api/modules": "GET, HEAD, OPTIONS", "/api/modules/mod": "GET, HEAD, OPTIONS",
         "/api/modules/mod/versions": "GET, HEAD, OPTIONS",
         "/api/modules/mod/versions/1.0.0": "GET, HEAD, PUT, DELETE, OPTIONS",
         "/api/modules/mod/live": "GET, HEAD, PUT, OPTIONS", "/api/modules/mod/rollback": "POST, OPTIONS",
         "/api/modules/mod/stage": "POST, OPTIONS",
         "/api/pages": "GET, HEAD, OPTIONS", "/api/pages/a-page": "GET, HEAD, PUT, DELETE, OPTIONS",
         "/api/tokens": "GET, HEAD, POST, OPTIONS", "/api/tokens/000000000000": "DELETE, OPTIONS",
         "/api/tokens/000000000000/rotate": "POST, OPTIONS",
         "/api/activity": "GET, HEAD, OPTIONS", "/api/activity/check": "GET, HEAD, OPTIONS",
         "/api/bundles": "POST, OPTIONS", "/api/v1/pilet": "POST, OPTIONS",
         "/environments": "GET, HEAD, OPTIONS", "/import-map.json": "GET, HEAD, PATCH, OPTIONS",
         "/services": "PATCH, OPTIONS", "/services/a": "DELETE, OPTIONS", "/health": "GET, HEAD, OPTIONS",
         "/api/gc": "POST, OPTIONS", "/api/backup": "GET, HEAD, OPTIONS",
         "/api/system": "GET, HEAD, OPTIONS", "/livez": "GET, HEAD, OPTIONS"}


class Protocol(SiteCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.put("mod", "1.0.0", bundles.bundle("mod"), "?activate=true")
        reply = cls.server.put_page("a-page", {"path": "/a-page", "title": "x", "slots": [
            {"name": "a", "module": "mod", "expose": "./Header"}]})
        assert reply.status == 201, reply

    def each(self):
        for listener, routes in ((self.public, PUBLIC), (self.admin, ADMIN)):
            for path, allow in routes.items():
                with self.subTest(listener.name + " " + path):
                    yield listener, path, allow

    # --- methods ---

    def test_methods_that_are_not_allowed(self):
        for listener, path, allow in self.each():
            for method in {"PUT", "POST", "DELETE", "PATCH", "GET"} - set(allow.split(", ")):
                reply = self.assertStatus(listener.call(method, path), 405, "method-not-allowed")
                self.assertEqual(reply["Allow"], allow)

    def test_options_everywhere(self):
        for listener, path, allow in self.each():
            reply = self.assertStatus(listener.call("OPTIONS", path, token=""), 204)
            self.assertEqual((reply["Allow"], reply.body, reply["Content-Length"]), (allow, b"", None))

    def test_head_everywhere(self):
        for listener, path, allow in self.each():
            if "HEAD" not in allow or path in ("/events", "/api/backup"):
                continue
            with listener.connect() as connection:
                head = listener.call_on(connection, "HEAD", path)
                get = listener.call_on(connection, "GET", path)  # a body of HEAD would be taken for this
            self.assertEqual(head.status, get.status)
            for name in ("Content-Type", "Cache-Control", "ETag", "Access-Control-Allow-Origin"):
                self.assertEqual(head[name], get[name])
            self.assertEqual(head["Content-Length"], str(len(get.body)))

    def test_head_of_what_is_not_there(self):
        with self.public.connect() as connection:
            reply = self.public.call_on(connection, "HEAD", "/m/mod@1.0.0/none.js")
            self.assertStatus(reply, 404)
            self.assertTrue(int(reply["Content-Length"]) > 0)
            self.assertStatus(self.public.call_on(connection, "GET", "/livez"), 200)

    def test_methods_that_nobody_knows(self):
        for method in ("TRACE", "CONNECT", "PROPFIND", "BREW", "get", "G"):
            with self.subTest(method):
                with self.public.connect() as connection:
                    connection.send(self.public.head_text(method, "/livez"))
                    reply = connection.reply()
                    self.assertIn(reply.status, (400, 405, 501), reply)
                    self.assertTrue(connection.ended() if reply["Connection"] == "close" else True)

    # --- nothing there ---

    def test_unknown_paths(self):
        for listener, paths in ((self.public, ("/none", "/api/modules", "/api", "/m", "/manifests", "/manifests/x.json",
                                               "/favicon.ico", "/robots.txt", "/.well-known/x", "/index.html",
                                               "/EVENTS", "/events/", "/livez/")),
                                (self.admin, ("/", "/none", "/api", "/api/", "/api/modules/", "/api/modules/mod/",
                                              "/api/modules/mod/none", "/api/tokens/a/b", "/readyz", "/events",
                                              "/m/mod@1.0.0/remoteEntry.js"))):
            for path in paths:
                with self.subTest(listener.name + " " + path):
                    self.assertStatus(listener.get(path), 404)

    def test_a_hostile_path_is_never_echoed(self):
        for path in ("/%3Cscript%3Ealert(1)%3C/script%3E", "/m/<script>alert(1)</script>@1.0.0/x", "/m/mod@1.0.0/%22%3E%3Cimg",
                     "/api/modules/%3Cb%3Ebold", "/api/modules/mod/versions/%3Cb%3Ebold"):
            for listener in (self.public, self.admin):
                reply = listener.get(path)
                self.assertIn(reply.status, (400, 404))
                for word in (b"<script", b"<img", b"<b>", b"alert", b"bold"):
                    self.assertNotIn(word, reply.body)

    def test_a_long_path_or_query(self):
        for path in ("/" + "a" * 8000, "/m/mod@1.0.0/" + "a/" * 3000 + "x", "/livez?" + "a=b&" * 1500):
            with self.subTest(path[:20]):
                self.assertIn(self.public.get(path).status, (200, 400, 404, 414, 431))
        reply = self.public.call("GET", "/livez", headers={"X-Long": "x" * 100_000})
        self.assertIn(reply.status, (400, 413, 431))

    # --- framing: what two readers would read differently is refused, and the connection ends ---

    def raw(self, data, listener=None):
        with (listener or self.public).connect() as connection:
            try:
                connection.send(data)
                connection.end()
            except OSError:
                pass  # refused before it was read to its end
            reply = connection.reply()
            return reply, connection.read_to_end()

    def test_ambiguous_requests(self):
        host = "Host: x\r\n"
        for name, text in {
            "no host": "GET /livez HTTP/1.1\r\n\r\n",
            "two hosts": "GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            "an empty host": "GET /livez HTTP/1.1\r\nHost:\r\n\r\n",
            "length and coding": "POST /reports HTTP/1.1\r\n%sContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" % host,
            "two lengths": "POST /reports HTTP/1.1\r\n%sContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x" % host,
            "the same length twice": "POST /reports HTTP/1.1\r\n%sContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}" % host,
            "a list of lengths": "POST /reports HTTP/1.1\r\n%sContent-Length: 2, 2\r\n\r\n{}" % host,
            "a signed length": "POST /reports HTTP/1.1\r\n%sContent-Length: +2\r\n\r\n{}" % host,
            "a negative length": "POST /reports HTTP/1.1\r\n%sContent-Length: -2\r\n\r\n{}" % host,
            "a hexadecimal length": "POST /reports HTTP/1.1\r\n%sContent-Length: 0x2\r\n\r\n{}" % host,
            "an endless length": "POST /reports HTTP/1.1\r\n%sContent-Length: 99999999999999999999\r\n\r\n{}" % host,
            "a coding": "POST /reports HTTP/1.1\r\n%sTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n" % host,
            "an odd coding": "POST /reports HTTP/1.1\r\n%sTransfer-Encoding: xchunked\r\n\r\n" % host,
            "space before the colon": "GET /livez HTTP/1.1\r\n%sX-A : b\r\n\r\n" % host,
            "a folded line": "GET /livez HTTP/1.1\r\n%sX-A: b\r\n c\r\n\r\n" % host,
            "bare line feeds": "GET /livez HTTP/1.1\nHost: x\n\n",
            "one bare line feed": "GET /livez HTTP/1.1\r\nHost: x\nX-A: b\r\n\r\n",
            "a bare carriage return": "GET /livez HTTP/1.1\r\nHost: x\r\nX-A: b\rc\r\n\r\n",
            "a NUL": "GET /livez HTTP/1.1\r\nHost: x\r\nX-A: b\0c\r\n\r\n",
            "a body of GET": "GET /livez HTTP/1.1\r\n%sContent-Length: 5\r\n\r\nhello" % host,
            "an upgrade": "GET /livez HTTP/1.1\r\n%sUpgrade: h2c\r\nConnection: upgrade\r\n\r\n" % host,
            "an expectation": "POST /reports HTTP/1.1\r\n%sExpect: 200-ok\r\nContent-Length: 2\r\n\r\n{}" % host,
            "an absolute target": "GET http://x/livez HTTP/1.1\r\n%s\r\n" % host,
            "no target": "GET  HTTP/1.1\r\n%s\r\n" % host,
            "HTTP/2.0": "GET /livez HTTP/2.0\r\n%s\r\n" % host,
            "HTTP/0.9": "GET /livez\r\n\r\n",
            "lower case": "GET /livez http/1.1\r\n%s\r\n" % host,
            "garbage": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + "x" * 100 + "\r\n\r\n",
            "64 fields": "GET /livez HTTP/1.1\r\n%s%s\r\n" % (host, "X-A: b\r\n" * 63),
            "too many fields": "GET /livez HTTP/1.1\r\n%s%s\r\n" % (host, "X-A: b\r\n" * 70),
            "an empty length": "POST /reports HTTP/1.1\r\n%sContent-Length:\r\n\r\n{}" % host,
            "a length of 16 digits": "POST /reports HTTP/1.1\r\n%sContent-Length: 0000000000000002\r\n\r\n{}" % host,
            "a coding of identity": "POST /reports HTTP/1.1\r\n%sTransfer-Encoding: identity\r\n\r\n" % host,
            "coding first": "POST /reports HTTP/1.1\r\n%sTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" % host,
            "a path in Host": "GET /livez HTTP/1.1\r\nHost: x/y\r\n\r\n",
            "two spaces": "GET  /livez HTTP/1.1\r\n%s\r\n" % host,
            "two spaces before the version": "GET /livez  HTTP/1.1\r\n%s\r\n" % host,
            "a space at the line's end": "GET /livez HTTP/1.1 \r\n%s\r\n" % host,
            "a tab in the line": "GET\t/livez HTTP/1.1\r\n%s\r\n" % host,
            "space before the first field": "GET /livez HTTP/1.1\r\n %s\r\n" % host,
            "a folded first line": "GET /livez HTTP/1.1\r\n folded\r\n%s\r\n" % host,
            "CR alone between fields": "GET /livez HTTP/1.1\r\nHost: x\rX-A: b\r\n\r\n",
            "LF CR": "GET /livez HTTP/1.1\n\rHost: x\n\r\n\r",
            "a field without a name": "GET /livez HTTP/1.1\r\n%s: b\r\n\r\n" % host,
            "a field without a colon": "GET /livez HTTP/1.1\r\n%sX-A\r\n\r\n" % host,
            "a name that is no token": "GET /livez HTTP/1.1\r\n%sX(A): b\r\n\r\n" % host,
            "a NUL in the target": "GET /liv\0ez HTTP/1.1\r\n%s\r\n" % host,
            "a NUL in a name": "GET /livez HTTP/1.1\r\n%sX\0A: b\r\n\r\n" % host,
            "CR LF before the method": "\r\nGET /livez HTTP/1.1\r\n%s\r\n" % host,
            "a space before the method": " GET /livez HTTP/1.1\r\n%s\r\n" % host,
            "an authority as target": "CONNECT x:80 HTTP/1.1\r\n%s\r\n" % host,
            "an authority for GET": "GET x:80 HTTP/1.1\r\n%s\r\n" % host,
            "an asterisk": "OPTIONS * HTTP/1.1\r\n%s\r\n" % host,
            "the preface of HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "HTTP/1.2": "GET /livez HTTP/1.2\r\n%s\r\n" % host,
            "HTTP/3.0": "GET /livez HTTP/3.0\r\n%s\r\n" % host,
            "a WebSocket": "GET /events HTTP/1.1\r\n%sUpgrade: websocket\r\nConnection: Upgrade\r\n"
                           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n" % host,
            "a long method": "G" * 20_000 + " /livez HTTP/1.1\r\n%s\r\n" % host,
            "a long target": "GET /%s HTTP/1.1\r\n%s\r\n" % ("a" * 20_000, host),
            "a long version": "GET /livez HTTP/1.%s\r\n%s\r\n" % ("1" * 20_000, host),
            "a long name": "GET /livez HTTP/1.1\r\n%s%s: b\r\n\r\n" % (host, "X" * 20_000),
            "a long value": "GET /livez HTTP/1.1\r\n%sX-A: %s\r\n\r\n" % (host, "b" * 20_000),
            "a line without end": "GET /" + "a" * 100_000,
        }.items():
            with self.subTest(name):
                smuggled = "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n"
                reply, rest = self.raw((text + smuggled).encode("latin-1"))
                if reply is None:
                    continue  # closed without a word
                self.assertTrue(400 <= reply.status < 600 and reply.status != 500, reply)
                self.assertEqual(reply["Connection"], "close")
                self.assertEqual(rest, b"", "something was answered after the refusal")
        self.assertStatus(self.public.get("/livez"), 200)

    def test_a_head_over_16_kib_is_told_so(self):
        for size, status in ((16_000, 200), (17_000, 431), (30_000, 431)):
            with self.public.connect() as connection:
                connection.send(self.public.head_text("GET", "/livez", {"X-Long": "x" * size}))
                reply = connection.reply()
                self.assertEqual(reply.status, status)
                if status == 431:
                    self.assertEqual((reply.rule, reply["Connection"]), ("head-too-large", "close"))

    def test_expect_100_continue_is_answered_before_the_body(self):
        with self.public.connect() as connection:
            connection.send(self.public.head_text("POST", "/reports", {"Expect": "100-Continue", "Content-Length": "2"}))
            self.assertEqual(connection.reply().status, 100)
            connection.send(b"{}")
            self.assertStatus(connection.reply(), 204)
            self.assertStatus(self.public.call_on(connection, "GET", "/livez"), 200)

    def test_what_an_earlier_client_sent_is_never_seen_or_done_again(self):
        # civetweb keeps a worker's buffer between connections, and after white space at its start
        # it would parse on into what is left there. Every worker gets a request of a client with a
        # token, and behind it a shorter one that is left where white space can lead to.
        first = self.admin.head_text("GET", "/livez", {"X-Padding": "p" * 512}, token="")
        wanted = self.admin.head_text("GET", "/api/tokens", {"X-Mark": "secret-of-another"})
        workers = 96 + 6

        def client(index):
            with self.admin.connect() as connection:
                connection.send(first + wanted)
                statuses = (connection.reply().status, connection.reply().status)
                gate.wait(60)  # so that each connection has a worker of its own
                return statuses
        size = len(first)
        for attack in (b"\r\n\r\n" + b" " * (size - 4), b"\r\n" * (size // 2), b" " * size, b"\n" * size,
                       b"\r\n", b"\r\n\r\n", b"G", b"GET", b"GET ", b"GET /api/tokens", b"\0" * size, b"\0",
                       b"GET /livez HTTP/1.1\r\nHost:", b"\r\n" * ((size - 2) // 2) + b" ",
                       b"\r\n" * 4 + b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"):
            with self.subTest(attack[:40]):
                gate = threading.Barrier(workers // 2)
                self.assertEqual(set(at_once(workers // 2, client)), {(200, 200)})
                for _ in range(8):
                    reply, rest = self.raw(attack, self.admin)
                    self.assertEqual(rest, b"", "something was answered after the refusal")
                    if reply is not None:
                        self.assertIn(reply.status, (400, 408, 431, 501), reply)
                        self.assertEqual(reply["Connection"], "close")
                        for word in (b"secret-of-another", self.server.token.encode(), b"tokens"):
                            self.assertNotIn(word, reply.body)

    def test_http_1_0(self):
        reply, rest = self.raw(b"GET /livez HTTP/1.0\r\nHost: x\r\n\r\n")
        self.assertEqual((reply.status, reply.body, reply["Connection"], rest), (200, b"ok\n", "close", b""))
        reply, _ = self.raw(b"GET /livez HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n")
        self.assertEqual(reply["Connection"], "keep-alive")

    def test_connections_are_kept_and_closed_on_request(self):
        with self.public.connect() as connection:
            for _ in range(3):
                self.assertIsNone(self.public.call_on(connection, "GET", "/livez")["Connection"])
            reply = self.public.call_on(connection, "GET", "/livez", headers={"Connection": "close"})
            self.assertEqual(reply["Connection"], "close")
            self.assertTrue(connection.ended())

    def test_requests_that_come_in_pieces_or_in_one(self):
        head = self.public.head_text("GET", "/m/mod@1.0.0/remoteEntry.js")
        with self.public.connect() as connection:
            for at in range(0, len(head), 7):
                connection.send(head[at:at + 7])
            self.assertEqual(connection.reply().body, bundles.container("mod"))
        with self.public.connect() as connection:
            connection.send(head * 5)
            for _ in range(5):
                self.assertEqual(connection.reply().body, bundles.container("mod"))

    # --- other origins ---

    def test_the_admin_listener_refuses_foreign_pages(self):
        address = self.admin.address
        for origin in ("https://evil.example", "null", "http://" + address + ".evil.example", "http://evil@" + address,
                       "http://127.0.0.1", address):
            with self.subTest(origin):
                for method, path in (("GET", "/api/modules"), ("OPTIONS", "/api/modules"),
                                     ("PUT", "/api/modules/mod/live"), ("GET", "/livez")):
                    reply = self.admin.call(method, path, headers={"Origin": origin})
                    self.assertStatus(reply, 403, "origin")
        self.assertStatus(self.admin.call("GET", "/api/modules", headers={"Origin": "http://" + address}), 200)
        self.assertStatus(self.admin.call("GET", "/api/modules", headers={"Origin": "https://" + address}), 200)

    def test_what_a_form_or_an_image_can_send_drives_nothing(self):
        # As a browser on a foreign page would, were it to send neither Origin nor a preflight; even
        # with a good token, which it cannot send.
        before = self.admin.get("/api/modules").body, self.admin.get("/api/pages").body
        archive = bundles.bundle("from a form")
        changes = (("PUT", "/api/modules/mod/versions/9.0.0", archive), ("POST", "/api/modules/mod/versions/9.0.0", archive),
                   ("PUT", "/api/modules/mod/live", b'{"version":"1.0.0"}'),
                   ("POST", "/api/modules/mod/rollback", b'{"version":"1.0.0"}'),
                   ("POST", "/api/modules/mod/stage", b'{"version":"1.0.0"}'),
                   ("PUT", "/api/pages/a-page", b'{"path":"/b"}'), ("POST", "/api/pages/a-page", b'{"path":"/b"}'),
                   ("POST", "/api/tokens", b'{"name":"x","can":["admin"]}'), ("POST", "/api/gc", b"{}"))
        for kind in ("text/plain", "text/plain;application/json", "application/x-www-form-urlencoded",
                     "multipart/form-data; boundary=b"):
            for method, path, body in changes:
                with self.subTest(method + " " + path, kind=kind):
                    reply = self.admin.call(method, path, body, {"Content-Type": kind})
                    self.assertIn(reply.status, (405, 415), reply)
        for path in ADMIN:
            for query in ("", "?activate=true", "?version=1.0.0", "?_method=DELETE", "?method=POST"):
                # One backup at a time: the one that a HEAD began may not have ended.
                busy = (503,) if path == "/api/backup" else ()
                self.assertIn(self.admin.get(path + query).status, (200, 400, 404, 405) + busy)
                self.admin.call("HEAD", path + query)
        self.assertEqual((self.admin.get("/api/modules").body, self.admin.get("/api/pages").body), before)
        self.assertStatus(self.admin.get("/api/modules/mod/versions/9.0.0"), 404)

    def test_an_overriding_method_is_not_listened_to(self):
        for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
            reply = self.admin.call("GET", "/api/pages/a-page", headers={name: "DELETE"})
            self.assertStatus(reply, 200)
        self.assertStatus(self.public.get("/a-page"), 200)

    def test_no_cookie_is_ever_set_or_taken(self):
        for listener, path, _ in self.each():
            if path != "/events":
                self.assertIsNone(listener.get(path)["Set-Cookie"])
        reply = self.admin.call("GET", "/api/modules", headers={"Cookie": "token=" + self.server.token,
                                                                "Authorization": None})
        self.assertStatus(reply, 401)

    def test_pages_are_for_their_own_origin(self):
        for path in ("/a-page", "/livez", "/none"):
            reply = self.public.get(path, origin="https://other.example")
            self.assertIsNone(reply["Access-Control-Allow-Origin"])

    # --- reports ---

    def report(self, body, **headers):
        return self.public.call("POST", "/reports", body, headers=headers)

    def test_a_report_is_logged(self):
        sent = {"kind": "mount-failed", "module": "mod", "version": "1.0.0", "page": "a-page", "phase": "load",
                "message": "no \"\n\u0000such\u001b[31m expose \u00fc", "keep": "0.9.0", "ms": 12.5, "unknown": "dropped"}
        for kind in ("text/plain;charset=UTF-8", "application/json", None):
            reply = self.report(json.dumps(sent).replace("\\u0000", "").encode(), **{"Content-Type": kind})
            self.assertStatus(reply, 204)
            self.assertEqual(reply["Access-Control-Allow-Origin"], "*")
        line = self.server.wait_log("report", kind="mount-failed", level="warn")
        self.assertEqual((line["module"], line["version"], line["phase"], line["ms"]), ("mod", "1.0.0", "load", 12.5))
        self.assertNotIn("unknown", line)

    def test_reports_are_counted_for_known_versions(self):
        self.server.put("counted", "1.0.0", bundles.bundle("counted"))
        for kind, version in (("swap-failed", "1.0.0"), ("swap-failed", "1.0.0"), ("loaded", "1.0.0"),
                              ("made-up", "1.0.0"), ("loaded", "9.9.9")):
            body = json.dumps({"kind": kind, "module": "counted", "version": version}).encode()
            self.assertStatus(self.report(body), 204)
        wanted = {"loaded": 1, "swapped": 0, "load-failed": 0, "swap-failed": 2, "runtime-failure": 0}
        listed = self.admin.get("/api/modules/counted/versions").json["versions"]
        self.assertEqual([version["reports"] for version in listed], [wanted])
        self.assertEqual(self.admin.get("/api/modules/counted/versions/1.0.0").json["reports"], wanted)

    def test_a_report_cannot_forge_a_line(self):
        self.assertStatus(self.report(json.dumps({"kind": "x", "event": "listening", "level": "error",
                                                  "time": "never"}).encode()), 204)
        line = self.server.wait_log("report", kind="x")
        self.assertEqual(line["level"], "info")
        self.assertNotEqual(line["time"], "never")

    def test_bad_reports(self):
        for body, status in ((b"", 400), (b"{", 400), (b"nonsense", 400), (b'{"a":1}x', 400), (b"\xff\xfe", 400),
                             (b'{"message":"' + b"x" * 8192 + b'"}', 413), (b"[" * 200, 413)):
            with self.subTest(body[:20]):
                self.assertStatus(self.report(body), status)
        self.assertStatus(self.public.call("POST", "/reports"), 411)

    def test_a_report_that_is_no_object_does_no_harm(self):
        for body in (b"[]", b"[1,2]", b'{"kind":5,"ms":"x","module":["a"]}', b"{}"):
            with self.subTest(body):
                self.assertIn(self.report(body).status, (204, 400))

    def violation(self, body, type="application/csp-report"):
        return self.public.call("POST", "/reports/csp", json.dumps(body).encode(),
                                headers={"Content-Type": type})

    def test_a_violation_of_the_policy_is_logged(self):
        reply = self.violation({"csp-report": {
            "document-uri": "http://h/a-page?token=very-secret-words", "effective-directive": "img-src",
            "blocked-uri": "https://evil.example/x.png\n{}", "line-number": 3, "original-policy": "x" * 700}})
        self.assertStatus(reply, 204)
        self.assertIsNone(reply["Access-Control-Allow-Origin"])
        line = self.server.wait_log("csp-violation", directive="img-src")
        self.assertEqual((line["level"], line["document"], line["blocked"], line["line"]),
                         ("warn", "http://h/a-page", "https://evil.example/x.png\n{}", 3))
        several = [{"type": "csp-violation", "body": {"effectiveDirective": "font-src", "lineNumber": number}}
                   for number in (1, 2)]
        self.assertStatus(self.violation(several, "application/reports+json; charset=utf-8"), 204)
        for number in (1, 2):
            self.server.wait_log("csp-violation", directive="font-src", line=number)
        policy = self.public.get("/a-page")["Content-Security-Policy"]
        self.assertTrue(policy.endswith("; report-uri /reports/csp"), policy)

    def test_a_violation_of_another_type_is_refused(self):
        for type in ("text/plain", "application/json", "application/csp-reports", "application/csp", ""):
            with self.subTest(type):
                self.assertStatus(self.violation({}, type), 415, "media-type")
        self.assertStatus(self.violation({"csp-report": {"x": "y" * 33000}}), 413)
        self.assertStatus(self.violation({"csp-report": 5}), 204)

    def test_a_preflight_for_reports(self):
        reply = self.public.call("OPTIONS", "/reports", headers={
            "Origin": "https://other.example", "Access-Control-Request-Method": "POST"})
        self.assertEqual(reply["Access-Control-Allow-Methods"], "GET, HEAD, POST")

    # --- probes ---

    def test_probes(self):
        for path in ("/livez", "/readyz"):
            reply = self.assertStatus(self.public.get(path), 200)
            self.assertEqual((reply.body, reply["Cache-Control"], reply["Content-Type"]),
                             (b"ok\n", "no-store", "text/plain; charset=utf-8"))
        self.assertEqual(self.admin.call("GET", "/livez", token="").json, {"status": "ok"})

    # --- the log ---

    def test_a_line_for_every_request(self):
        reply = self.admin.get("/api/modules/mod")
        id = reply["X-Request-Id"]
        line = self.server.wait_log("request", id=id)
        self.assertEqual({key: line[key] for key in ("listener", "method", "path", "status", "bytes", "remote", "actor")},
                         {"listener": "admin", "method": "GET", "path": "/api/modules/mod", "status": 200,
                          "bytes": len(reply.body), "remote": "127.0.0.1", "actor": "admin"})
        self.assertRegex(line["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        reply = self.public.get("/none")
        line = self.server.wait_log("request", id=reply["X-Request-Id"])
        self.assertEqual((line["rule"], line.get("actor")), (reply.rule, None))

    def test_an_odd_path_is_one_line_of_json(self):
        for path in ("/a%0ab", "/%22%7b%7d", "/%ff", "/\xff\xfe", "/a\x1bb", "/" + "x" * 3000, "/\u00fc"):
            with self.subTest(path[:20]):
                with self.public.connect() as connection:
                    connection.send(self.public.head_text("GET", path))
                    reply = connection.reply()
                if reply is not None:
                    self.assertIn(reply.status, (400, 404))
                    self.server.wait_log("request", id=reply["X-Request-Id"])

    def test_a_query_with_secrets_is_not_logged(self):
        self.public.get("/livez?token=very-secret-words")
        self.admin.get("/api/modules?reason=very-secret-words")
        reply = self.public.get("/livez")
        self.server.wait_log("request", id=reply["X-Request-Id"])
        self.assertNotIn(b"very-secret-words", b"".join(self.server.lines))


class Reports(SiteCase):
    def test_more_reports_than_anyone_reads_are_refused(self):
        self.server.hammered = True

        def send(index):
            return [self.public.call("POST", "/reports", b'{"kind":"x"}').status for _ in range(100)]

        def flood():
            statuses = {status for several in at_once(8, send) for status in several}
            self.assertLessEqual(statuses, {204, 503})
            return 503 in statuses
        until(flood, "a refused report")
        until(lambda: self.public.call("POST", "/reports", b'{"kind":"x"}').status == 204, "the next second")


class Caps(SiteCase):
    options = ("--max-connections", "8", "--max-streams", "4", "--keep-alive-ms", "60000")

    def test_over_the_cap_a_client_is_told_to_come_back(self):
        kept = []

        def one_more():
            connection = self.public.connect()
            kept.append(connection)
            reply = self.public.call_on(connection, "GET", "/livez")
            return reply if reply.status == 503 else None
        try:
            reply = until(one_more, "the cap")
            self.assertEqual((reply.rule, reply["Connection"]), ("connections", "close"))
            self.assertGreaterEqual(len(kept), 8)
            self.assertLess(len(kept), 16)
            self.assertStatus(self.admin.get("/livez"), 200)
        finally:
            for connection in kept:
                connection.close()

        def served():
            with self.public.connect() as connection:
                connection.send(self.public.head_text("GET", "/livez"))
                reply = connection.reply()
                return reply is not None and reply.status == 200
        until(served, "a free place")


class Slow(SiteCase):
    options = ("--request-timeout-ms", "300", "--keep-alive-ms", "300")

    def test_a_head_that_never_ends_is_cut(self):
        with self.public.connect() as connection:
            connection.send(b"GET /livez HTTP/1.1\r\nHost: x\r\n")
            reply = connection.reply()
            if reply is not None:
                self.assertIn(reply.status, (400, 408))
                self.assertTrue(connection.ended())

    def test_an_idle_connection_is_closed(self):
        with self.public.connect() as connection:
            self.assertStatus(self.public.call_on(connection, "GET", "/livez"), 200)
            self.assertTrue(connection.ended())

    def test_a_reader_that_reads_nothing_holds_up_nobody(self):
        import random
        import socket
        big = random.Random(1).randbytes(8 << 20)
        self.server.put("big", "1.0.0", bundles.tar_gz({**bundles.files(), "big.bin": big}))
        with self.public.connect() as lazy:
            lazy.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            lazy.send(self.public.head_text("GET", "/m/big@1.0.0/big.bin"))
            self.assertEqual(lazy.head().status, 200)
            for _ in range(5):
                self.assertEqual(self.public.get("/m/big@1.0.0/big.bin").body, big)


if __name__ == "__main__":
    main()
