#!/usr/bin/env python3
"""The console on the admin listener: its files out of the store, who may change it, and what it asks for.

usage: BERTH_BIN=path/to/berth tests/http/site/test_console.py [TestCase[.test]]
"""

import json
import re
import subprocess

import bundles
from harness import Connection, EventStream, Server, SiteCase, main, until

CONSOLE = "@berth/console"


def page(mark):
    return b"<!doctype html><title>%s</title><script type=module src=/console/assets/app-%s.js></script>" % (
        mark, mark)


def console(mark):
    return bundles.tar_gz({"index.html": page(mark), "assets/app-%s.js" % mark.decode(): b"/* %s */" % mark,
                        "assets/inner.html": b"<p>inner"})


class Console(SiteCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for version, mark in (("1.0.0", b"one"), ("1.1.0", b"two"), ("1.2.0", b"three")):
            cls.server.put(CONSOLE, version, console(mark))

    def setUp(self):
        self.server.make_live(CONSOLE, "1.0.0")

    def test_its_page_needs_no_token_and_runs_nothing_but_its_own_files(self):
        reply = self.admin.call("GET", "/", token="")
        self.assertEqual((reply.status, reply["Content-Type"], reply["Cache-Control"]),
                         (200, "text/html; charset=utf-8", "no-cache"))
        self.assertEqual(reply.body, page(b"one"))
        policy = dict(part.strip().split(" ", 1) for part in reply["Content-Security-Policy"].split(";"))
        self.assertEqual((policy["default-src"], policy["script-src"], policy["connect-src"],
                          policy["frame-ancestors"], policy["base-uri"], policy["form-action"]),
                         ("'none'", "'self'", "'self'", "'none'", "'none'", "'none'"))
        port = self.server.addresses["public"].split(":")[1]
        self.assertEqual(policy["frame-src"], "http://127.0.0.1:" + port)
        self.assertEqual((reply["Referrer-Policy"], reply["Cross-Origin-Opener-Policy"]),
                         ("no-referrer", "same-origin"))
        same = self.admin.call("GET", "/", headers={"If-None-Match": reply["ETag"]}, token="")
        self.assertEqual((same.status, same.body), (304, b""))

    def test_a_host_that_is_no_host_does_not_come_into_the_policy(self):
        for host in ("a;script-src *:80", "a,b", "a b", "*"):
            with self.subTest(host=host):
                reply = self.admin.call("GET", "/", headers={"Host": host}, token="")
                self.assertTrue(reply.status == 400 or
                                reply["Content-Security-Policy"].endswith("frame-src 'none'"), reply)

    def test_its_files_are_those_of_the_live_version_and_of_the_one_before(self):
        self.assertEqual(self.admin.call("GET", "/console/assets/app-three.js", token="").status, 404)
        self.server.make_live(CONSOLE, "1.1.0")
        self.assertEqual(self.admin.call("GET", "/", token="").body, page(b"two"))
        for mark in (b"one", b"two"):
            reply = self.admin.call("GET", "/console/assets/app-%s.js" % mark.decode(), token="")
            self.assertEqual((reply.status, reply.body), (200, b"/* %s */" % mark))
            self.assertEqual(reply["Cache-Control"], "public, max-age=31536000, immutable")
        self.server.rollback(CONSOLE)
        self.assertEqual(self.admin.call("GET", "/", token="").body, page(b"one"))

    def test_another_html_file_of_it_is_no_page_of_the_admin_origin(self):
        reply = self.admin.call("GET", "/console/assets/inner.html", token="")
        self.assertEqual((reply.status, reply["Content-Security-Policy"]), (200, "sandbox"))

    def test_only_an_admin_of_all_modules_may_change_it(self):
        for can, module in ((["publish", "activate"], "*"), (["admin"], "@berth/*")):
            token = self.server.token_for(module, can)["token"]
            with self.subTest(can=can, module=module):
                reply = self.admin.call("PUT", "/api/modules/%s/versions/2.0.0" % CONSOLE, console(b"evil"),
                                        token=token)
                self.assertEqual(reply.status, 403)
                for method, path, body in (("PUT", "live", {"version": "1.1.0"}), ("POST", "rollback", {})):
                    reply = self.admin.json(method, "/api/modules/%s/%s" % (CONSOLE, path), body, token=token)
                    self.assertEqual(reply.status, 403)
                reply = self.admin.call("DELETE", "/api/modules/%s/versions/1.1.0" % CONSOLE, token=token)
                self.assertEqual(reply.status, 403)
                reply = self.admin.call("GET", "/api/modules/%s/live" % CONSOLE, token=token)
                self.assertEqual(reply.status, 200)


class NoConsole(SiteCase):
    def test_without_one_the_page_says_how_to_get_it(self):
        reply = self.admin.call("GET", "/", token="")
        self.assertEqual((reply.status, reply["Content-Type"]), (404, "text/plain; charset=utf-8"))
        self.assertIn(b"berth push DIR --activate", reply.body)
        self.assertEqual(self.admin.call("GET", "/console/assets/app.js", token="").status, 404)


class Frames(SiteCase):
    options = ("--console-url", "https://ops.example.org")

    def test_only_the_console_may_show_a_page_in_a_frame(self):
        page = {"path": "/framed", "title": "x", "slots": [{"name": "a", "module": "m", "expose": "./A"}]}
        self.server.put_page("framed", page)
        policy = self.public.get("/framed")["Content-Security-Policy"]
        self.assertIn("; frame-ancestors 'self' https://ops.example.org; ", policy)

    def test_what_is_no_origin_is_refused_at_the_start(self):
        for url in ("ops.example.org", "https://a b", "https://a/path", "https://a;b"):
            with self.subTest(url=url):
                done = subprocess.run(self.server.command("--console-url", url), stderr=subprocess.PIPE)
                self.assertEqual(done.returncode, 2)
                self.assertIn(b"console-url takes an origin", done.stderr)


class Previews(SiteCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for version in ("1.0.0", "1.1.0"):
            cls.server.put("seen", version, bundles.bundle("seen" + version))
            cls.server.put("whole", version, bundles.tar_gz({
                "index.html": b"<!doctype html><title>%s</title>" % version.encode()}))
        cls.server.make_live("seen", "1.0.0")
        cls.server.make_live("whole", "1.0.0")
        cls.server.put_page("seen", {"path": "/seen", "title": "x",
                                     "slots": [{"name": "a", "module": "seen", "expose": "./Header"}]})
        cls.server.put_page("whole", {"path": "/whole", "document": {"module": "whole"}})

    def sign(self, module="seen", version="1.1.0"):
        reply = self.admin.call("POST", "/api/modules/%s/versions/%s/preview" % (module, version))
        self.assertEqual(reply.status, 201, reply)
        return reply.json["berth"]

    def enter(self, path, text):
        """The cookie that the link leaves in the browser."""
        reply = self.public.call("GET", path + "?berth=" + text)
        self.assertEqual((reply.status, reply["Location"], reply["Cache-Control"]), (302, path, "no-store"))
        cookie, *flags = reply["Set-Cookie"].split("; ")
        self.assertLessEqual({"Path=/", "HttpOnly", "SameSite=Lax"}, set(flags))
        return cookie

    def state(self, reply):
        text = re.search(rb'id="berth-state">(.*?)</script>', reply.body, re.S)[1]
        return json.loads(text)

    def test_a_version_that_is_not_live_is_on_the_page_of_one_browser_alone(self):
        cookie = self.enter("/seen", self.sign())
        seen = self.public.get("/seen", cookie="a=b; " + cookie)
        self.assertEqual((seen.status, seen["Cache-Control"], seen["ETag"]), (200, "no-store", None))
        self.assertEqual(self.state(seen)["modules"]["seen"]["version"], "1.1.0")
        self.assertEqual(self.state(seen)["slots"][0]["policy"], "pinned")
        self.assertRegex(seen.body.decode(), r'Preview: seen 1\.1\.0<a href="/seen\?berth=">Leave</a>')
        other = self.public.get("/seen")
        self.assertEqual(self.state(other)["modules"]["seen"]["version"], "1.0.0")
        self.assertNotIn(b"berth-preview", other.body)
        left = self.public.call("GET", "/seen?berth=", headers={"Cookie": cookie})
        self.assertEqual(left.status, 302)
        self.assertIn("berth-preview=; Path=/; Max-Age=0", left["Set-Cookie"])

    def test_a_document_is_previewed_too(self):
        cookie = self.enter("/whole", self.sign("whole"))
        self.assertIn(b"<title>1.1.0</title>", self.public.get("/whole", cookie=cookie).body)
        self.assertIn(b"<title>1.0.0</title>", self.public.get("/whole").body)

    def test_what_is_not_signed_is_not_shown(self):
        good = self.sign()
        module, until, mac = good.rsplit(".", 2)
        for text in ("seen@1.1.0", "seen@1.1.0.9999999999.x", good[:-1], good + "x", "%s.%d.%s" % (
                module, int(until) + 1, mac), good.replace("1.1.0", "1.0.0"), good.replace("seen", "whole"), ".", "@"):
            with self.subTest(text=text):
                reply = self.public.call("GET", "/seen?berth=" + text)
                self.assertIn("Max-Age=0", reply["Set-Cookie"])
                page = self.public.get("/seen", cookie="berth-preview=" + text)
                self.assertEqual(self.state(page)["modules"]["seen"]["version"], "1.0.0")

    def test_a_version_that_was_deleted_meanwhile_is_not_shown(self):
        self.server.put("seen", "1.2.0", bundles.bundle("seen1.2.0"))
        cookie = self.enter("/seen", self.sign(version="1.2.0"))
        self.assertEqual(self.admin.call("DELETE", "/api/modules/seen/versions/1.2.0").status, 204)
        page = self.public.get("/seen", cookie=cookie)
        self.assertEqual(self.state(page)["modules"]["seen"]["version"], "1.0.0")

    def test_a_link_is_made_by_those_who_may_activate(self):
        path = "/api/modules/seen/versions/%s/preview"
        token = self.server.token_for("*", ["publish"])["token"]
        self.assertEqual(self.admin.call("POST", path % "1.1.0", token=token).status, 403)
        self.assertEqual(self.admin.call("POST", path % "9.9.9").status, 404)

    def test_where_there_is_no_page_there_is_nothing_to_preview(self):
        reply = self.public.call("GET", "/no-page?berth=" + self.sign())
        self.assertEqual((reply.status, reply["Set-Cookie"]), (404, None))


class Session(SiteCase):
    def test_a_token_is_told_who_it_is(self):
        token = self.server.token_for("@shop/*", ["publish"])["token"]
        session = self.admin.call("GET", "/api/session", token=token).json
        self.assertEqual((session["token"]["name"], session["token"]["can"], session["token"]["module"]),
                         ("ci", ["publish"], "@shop/*"))
        self.assertEqual(session["publicUrl"], "http://" + self.server.addresses["public"])
        self.assertGreater(session["maxArchiveBytes"], 0)
        self.assertEqual(self.admin.call("GET", "/api/session", token="").status, 401)


class Stream:
    def __init__(self, server, token=None):
        self.connection = Connection(server.addresses["admin"])
        self.connection.send(server.admin.head_text("GET", "/api/events", token=token))
        self.head = self.connection.head()
        server.note("admin", "GET", "/api/events", self.head)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def text(self, mark):
        text = self.connection.read_until(mark)
        assert text is not None, "the stream ended"
        return text.decode()


class Events(SiteCase):
    options = ("--admin-max-connections", "8")

    def test_an_activation_is_told_on_the_admin_listener(self):
        self.server.put("told", "1.0.0", bundles.bundle("told"))
        with Stream(self.server) as stream:
            self.assertEqual((stream.head.status, stream.head["Content-Type"]), (200, "text/event-stream"))
            self.server.make_live("told", "1.0.0")
            stream.text(b"event: activated\ndata: ")
            self.assertEqual(json.loads(stream.text(b"\n"))["module"], "told")

    def test_a_token_is_needed(self):
        with Stream(self.server, token="") as stream:
            self.assertEqual(stream.head.status, 401)

    def test_streams_leave_half_of_the_connections_to_changes(self):
        limit = self.admin.get("/api/system").json["limits"]["adminConnections"] // 2
        streams = [Stream(self.server) for _ in range(limit)]
        try:
            self.assertEqual({stream.head.status for stream in streams}, {200})
            with Stream(self.server) as refused:
                self.assertEqual(refused.head.status, 503)
            self.server.put("room", "1.0.0", bundles.bundle("room"))
        finally:
            for stream in streams:
                stream.connection.close()

        def again():
            with Stream(self.server) as stream:
                return stream.head.status == 200
        until(again, "places of streams that were closed")


class Reports(SiteCase):
    def report(self, module, version, kind):
        body = json.dumps({"kind": kind, "module": module, "version": version}).encode()
        self.assertEqual(self.public.call("POST", "/reports", body).status, 204)

    def test_loads_and_errors_of_the_last_hour_by_module(self):
        for version in ("1.0.0", "1.1.0"):
            self.server.put("busy", version, bundles.bundle("busy" + version))
        for version, kind in (("1.0.0", "loaded"), ("1.1.0", "swapped"), ("1.1.0", "runtime-failure"),
                              ("1.1.0", "no-such-kind"), ("9.9.9", "loaded")):
            self.report("busy", version, kind)
        answer = self.admin.get("/api/reports").json
        busy = answer["modules"]["busy"]
        self.assertEqual((len(busy["loads"]), answer["minutes"]), (60, 60))
        self.assertEqual((sum(busy["loads"]), sum(busy["errors"])), (2, 1))
        self.assertEqual(sum(busy["loads"][-3:]), 2)  # a minute may have ended meanwhile
        self.assertEqual((busy["versions"]["1.0.0"]["loaded"], busy["versions"]["1.1.0"]["runtime-failure"]),
                         (1, 1))
        self.assertEqual(sorted(busy["versions"]), ["1.0.0", "1.1.0"])
        self.assertEqual(answer["browsers"], 0)
        with EventStream(self.server), Stream(self.server):
            self.assertEqual(self.admin.get("/api/reports").json["browsers"], 1)
        token = self.server.token_for("@shop/*", ["read"])["token"]
        self.assertEqual(self.admin.call("GET", "/api/reports", token=token).json["modules"], {})


def slots(*modules):
    return [{"name": "slot-%d" % i, "module": module, "expose": "./A"} for i, module in enumerate(modules)]


class Open(SiteCase):
    """Which pages are open, by the pages of the streams."""
    options = ("--public-url", "https://shop.example")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.put_page("front", {"path": "/", "title": "x", "slots": slots("header", "home", "header")})
        cls.server.put_page("cart", {"path": "/cart", "title": "x", "slots": slots("header")})
        cls.server.put_page("help", {"path": "/help/", "title": "x", "document": {"module": "@docs/help"}})

    def setUp(self):
        until(lambda: self.told()["pages"] == {}, "the streams of other tests to end")

    def told(self, token=None):
        return self.admin.call("GET", "/api/reports", token=token).json["open"]

    def own(self, path):
        return {"Referer": "http://" + self.public.address + path}

    def test_a_stream_is_counted_at_its_page_and_at_each_module_of_it_once(self):
        streams = [EventStream(self.server, headers=self.own(path)) for path in ("/", "/", "/cart", "/help/")]
        try:
            self.assertEqual(self.told(), {"pages": {"/": 2, "/cart": 1, "/help/": 1},
                                           "modules": {"header": 3, "home": 2, "@docs/help": 1}})
            of_one = self.server.token_for("@docs/*", ["read"])["token"]
            self.assertEqual(self.told(of_one)["modules"], {"@docs/help": 1})
        finally:
            for stream in streams:
                stream.close()
        until(lambda: self.told() == {"pages": {}, "modules": {}}, "the streams to end")

    def test_a_module_is_counted_too_where_another_takes_it(self):
        def taking(*remotes):
            return bundles.tar_gz({"index.js": b"export const A = 1;", "berth.json": json.dumps({
                "entry": "index.js", "format": "es-module", "exposes": {"./A": "index.js"},
                "remotes": {name: ["./A"] for name in remotes}}).encode()})
        for name, remotes in (("outer", ("middle",)), ("middle", ("inner", "outer", "nowhere")), ("inner", ())):
            self.server.put(name, "1.0.0", taking(*remotes), "?activate=true")
        self.server.put_page("nested", {"path": "/nested", "title": "x", "slots": slots("outer", "inner")})
        with EventStream(self.server, headers=self.own("/nested")):
            self.assertEqual(self.told()["modules"], {"outer": 1, "middle": 1, "inner": 1}, "each once, in a circle too")

    def test_what_a_client_says_is_held_against_what_there_is(self):
        public = self.public.address
        for headers, page in (
                (self.own("/cart?a=/help/#b"), "/cart"),
                ({"Referer": "https://shop.example/cart"}, "/cart"),
                ({"Referer": "HTTPS://Shop.Example/cart"}, "/cart"),
                ({"Referer": "https://proxy.example/cart", "Sec-Fetch-Site": "same-origin"}, "/cart"),
                ({**self.own("/cart"), "Sec-Fetch-Site": "cross-site"}, None),
                ({"Referer": "https://shop.example.evil.example/cart"}, None),
                ({"Referer": "https://shop.example:444/cart"}, None),
                ({"Referer": "https://elsewhere.example/"}, None),
                (self.own("/nowhere"), None), (self.own("/Cart"), None), (self.own("/cart/"), None),
                (self.own("/%63art"), None), (self.own("/" + "c" * 4000), None), (self.own(""), None),
                ({"Referer": "/cart"}, None), ({"Referer": "://" + public + "/cart"}, "/cart"),
                ({"Referer": "://"}, None), ({"Referer": ""}, None), ({"Referer": "about:blank"}, None), ({}, None)):
            with self.subTest(headers=headers), EventStream(self.server, headers=headers) as stream:
                self.assertEqual(stream.head.status, 200)
                self.assertEqual(self.told()["pages"], {page: 1} if page else {})
            until(lambda: self.admin.get("/api/reports").json["browsers"] == 0, "the stream to end")

    def test_a_page_that_changes_is_counted_as_it_is_now_and_one_that_goes_no_more(self):
        self.server.put_page("passing", {"path": "/passing", "title": "x", "slots": slots("header")})
        with EventStream(self.server, headers=self.own("/passing")):
            self.assertEqual(self.told(), {"pages": {"/passing": 1}, "modules": {"header": 1}})
            self.server.put_page("passing", {"path": "/passing", "title": "x", "slots": slots("not-there-yet")})
            self.assertEqual(self.told()["modules"], {"not-there-yet": 1})
            self.assertEqual(self.admin.call("DELETE", "/api/pages/passing").status, 204)
            self.assertEqual(self.told(), {"pages": {}, "modules": {}})
            self.assertEqual(self.admin.get("/api/reports").json["browsers"], 1)


if __name__ == "__main__":
    main()
