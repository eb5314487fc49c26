#!/usr/bin/env python3
"""Files of versions under their own URLs: types, caching, conditions, ranges, names, other origins.

usage: BERTH_BIN=path/to/berth tests/http/site/test_assets.py [TestCase[.test]]
"""

import os
import random

import bundles
from harness import MORE, SHELL, SiteCase, asset_path, at_once, main, sha256

FOREVER = "public, max-age=31536000, immutable"
BIG = random.Random(3).randbytes(300_001)  # several pieces, and an odd byte
ODD = {"with space.js": b"space", "\u00fcml\u00e4ut/\u65e5\u672c.js": b"unicode", "a+b&c=d;e,f.js": b"marks",
       "100%25.js": b"percent", "it's(1)!~*$@:.js": b"more marks", "q?uestion.js": b"question",
       "h#ash.js": b"hash", "tilde~1.js": b"tilde", "br[ack]et|{pipe}.js": b"brackets",
       'quo"te<gt>.js': b"quotes", "...js": b"dots", "a...b/c..d.js": b"more dots", ".hidden": b"hidden",
       "emoji-\U0001f6a2.js": b"emoji"}
FILES = {**bundles.files("assets"), "big.bin": BIG, "empty.txt": b"", "one.txt": b"1",
         "index.html": b"<!doctype html><script>alert(1)</script>", **ODD}


class Assets(SiteCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.put("files", "1.0.0", bundles.tar_gz(FILES))
        cls.server.put("files", "1.1.0", bundles.tar_gz({**FILES, "one.txt": b"2"}), "?activate=true")

    def file(self, path, **headers):
        return self.public.call("GET", asset_path("files", "1.0.0", path),
                                headers={k.replace("_", "-").title(): v for k, v in headers.items()})

    def test_what_every_file_has(self):
        reply = self.assertStatus(self.file("one.txt"), 200)
        self.assertEqual(reply.body, b"1")
        self.assertEqual({name: reply[name] for name in
                          ("Content-Length", "Cache-Control", "ETag", "Accept-Ranges",
                           "Access-Control-Allow-Origin", "Cross-Origin-Resource-Policy", "Set-Cookie", "Vary")},
                         {"Content-Length": "1", "Cache-Control": FOREVER, "ETag": '"%s"' % sha256(b"1"),
                          "Accept-Ranges": "bytes", "Access-Control-Allow-Origin": "*",
                          "Cross-Origin-Resource-Policy": "cross-origin", "Set-Cookie": None, "Vary": None})

    def test_every_file_comes_whole(self):
        for path, data in FILES.items():
            with self.subTest(path):
                self.assertEqual(self.assertStatus(self.file(path), 200).body, data)

    def test_types(self):
        script, text = "text/javascript; charset=utf-8", "; charset=utf-8"
        types = {"a.js": script, "a.mjs": script, "a.cjs": script, "a.css": "text/css" + text,
                 "a.json": "application/json", "a.svg": "image/svg+xml", "a.png": "image/png",
                 "a.wasm": "application/wasm", "a.js.map": "application/json", "a.html": "text/html" + text,
                 "a.htm": "text/html" + text, "a.woff2": "font/woff2", "a.woff": "font/woff",
                 "a.jpg": "image/jpeg", "a.webp": "image/webp", "a.avif": "image/avif", "a.gif": "image/gif",
                 "a.ico": "image/vnd.microsoft.icon", "a.txt": "text/plain" + text, "a.xml": "application/xml",
                 "a.webmanifest": "application/manifest+json", "a.mp4": "video/mp4", "a.pdf": "application/pdf",
                 "UPPER.JS": script, "LICENSE": "application/octet-stream", "a.xyz": "application/octet-stream",
                 "a.js.LICENSE.txt": "text/plain" + text, "dir.js/file": "application/octet-stream",
                 "a.php": "application/octet-stream", "a.exe": "application/octet-stream", "a.": "application/octet-stream"}
        self.server.put("types", "1.0.0", bundles.tar_gz(
            {**bundles.files("types"), **{path: b"<script>alert(1)</script>" for path in types}}))
        for path, expected in types.items():
            with self.subTest(path):
                reply = self.assertStatus(self.public.get(asset_path("types", "1.0.0", path)), 200)
                self.assertEqual(reply["Content-Type"], expected)
                active = path in ("a.html", "a.htm", "a.svg", "a.xml")
                self.assertEqual(reply["Content-Security-Policy"], "sandbox" if active else None)

    def test_a_sandbox_holds_for_parts_and_heads_too(self):
        for method, headers in (("HEAD", {}), ("GET", {"Range": "bytes=0-3"})):
            reply = self.public.call(method, asset_path("files", "1.0.0", "index.html"), headers=headers)
            self.assertEqual(reply["Content-Security-Policy"], "sandbox")

    # --- conditions ---

    def test_if_none_match(self):
        etag = self.file("one.txt")["ETag"]
        for value in (etag, "W/" + etag, '"x", ' + etag, '"x" , W/%s ,"y"' % etag, "*", '"a,b",' + etag,
                      ", ," + etag):
            with self.subTest(value):
                reply = self.assertStatus(self.file("one.txt", if_none_match=value), 304)
                self.assertEqual((reply.body, reply["ETag"], reply["Cache-Control"]), (b"", etag, FOREVER))
                self.assertIsNone(reply["Content-Length"])
        for value in ('"x"', etag.strip('"'), etag[:-2] + '"', etag.upper() + "x", '"%s' % etag, "", '"', "W/",
                      etag.replace('"', "'")):
            with self.subTest(value):
                self.assertEqual(self.assertStatus(self.file("one.txt", if_none_match=value), 200).body, b"1")

    def test_a_304_leaves_the_connection_in_order(self):
        etag = self.file("one.txt")["ETag"]
        path = asset_path("files", "1.0.0", "one.txt")
        with self.public.connect() as connection:
            for _ in range(3):
                self.assertStatus(self.public.call_on(connection, "GET", path, headers={"If-None-Match": etag}), 304)
                self.assertEqual(self.public.call_on(connection, "GET", path).body, b"1")

    def test_if_modified_since_is_not_ours(self):
        reply = self.file("one.txt", if_modified_since="Fri, 31 Dec 2100 23:59:59 GMT")
        self.assertStatus(reply, 200)
        self.assertIsNone(reply["Last-Modified"])

    def test_head(self):
        for path in ("one.txt", "big.bin", "empty.txt", "index.html"):
            with self.subTest(path):
                get = self.file(path)
                head = self.public.call("HEAD", asset_path("files", "1.0.0", path))
                self.assertStatus(head, 200)
                mine = {"date", "x-request-id"}
                self.assertEqual([h for h in head.headers if h[0].lower() not in mine],
                                 [h for h in get.headers if h[0].lower() not in mine])
        with self.public.connect() as connection:  # and no body that would be taken for the next answer
            path = asset_path("files", "1.0.0", "big.bin")
            self.assertEqual(self.public.call_on(connection, "HEAD", path)["Content-Length"], str(len(BIG)))
            self.assertEqual(self.public.call_on(connection, "GET", path).body, BIG)
        head = self.public.call("HEAD", path, headers={"If-None-Match": self.file("big.bin")["ETag"]})
        self.assertStatus(head, 304)
        self.assertStatus(self.public.call("HEAD", path, headers={"Range": "bytes=0-0"}), 200)

    # --- ranges ---

    def test_one_range(self):
        size = len(BIG)
        for value, first, end in (("bytes=0-0", 0, 1), ("bytes=0-99", 0, 100), ("bytes=100-199", 100, 200),
                                  ("bytes=-1", size - 1, size), ("bytes=-500", size - 500, size),
                                  ("bytes=%d-" % (size - 1), size - 1, size), ("bytes=0-", 0, size),
                                  ("bytes=5-%d" % (size + 99), 5, size), ("bytes=-%d" % (size * 2), 0, size),
                                  ("bytes=65530-131080", 65530, 131081), ("Bytes=3-5", 3, 6),
                                  ("bytes=1-99999999999999999999999999", 1, size)):
            with self.subTest(value):
                reply = self.assertStatus(self.file("big.bin", range=value), 206)
                self.assertEqual(reply.body, BIG[first:end])
                self.assertEqual(reply["Content-Range"], "bytes %d-%d/%d" % (first, end - 1, size))
                self.assertEqual(reply["ETag"], '"%s"' % sha256(BIG))
                self.assertEqual(reply["Cache-Control"], FOREVER)

    def test_a_range_that_lies_outside(self):
        size = len(BIG)
        for value in ("bytes=%d-" % size, "bytes=%d-%d" % (size, size + 5), "bytes=-0",
                      "bytes=99999999999999999999-"):
            with self.subTest(value):
                reply = self.assertStatus(self.file("big.bin", range=value), 416)
                self.assertEqual(reply["Content-Range"], "bytes */%d" % size)
        self.assertStatus(self.file("empty.txt", range="bytes=0-0"), 416)

    def test_ranges_that_are_not_served_give_the_whole(self):
        for value in ("bytes=0-0,2-2", "bytes=0-,0-,0-", "bytes=" + ",".join(["0-0"] * 200), "bytes=5-2", "bytes=",
                      "bytes=-", "bytes=a-b", "items=0-0", "bytes=0-0x", "bytes 0-0", "bytes=--1"):
            with self.subTest(value[:40]):
                reply = self.assertStatus(self.file("big.bin", range=value), 200)
                self.assertEqual(reply.body, BIG)
                self.assertIsNone(reply["Content-Range"])

    def test_if_range(self):
        etag = self.file("big.bin")["ETag"]
        reply = self.assertStatus(self.file("big.bin", range="bytes=0-0", if_range=etag), 206)
        self.assertEqual(reply.body, BIG[:1])
        for value in ('"other"', "W/" + etag, "Fri, 31 Dec 2100 23:59:59 GMT", etag.strip('"'), "*"):
            with self.subTest(value):
                reply = self.assertStatus(self.file("big.bin", range="bytes=0-0", if_range=value), 200)
                self.assertEqual(len(reply.body), len(BIG))

    def test_if_none_match_goes_before_range(self):
        etag = self.file("big.bin")["ETag"]
        self.assertStatus(self.file("big.bin", range="bytes=0-0", if_none_match=etag), 304)
        self.assertStatus(self.file("big.bin", range="bytes=0-0", if_none_match='"x"'), 206)

    # --- other origins ---

    def test_any_origin_may_read(self):
        for path in (asset_path("files", "1.0.0", "one.txt"), "/m/files/remoteEntry.js",
                     "/m/files@1.0.0/none.js", "/manifests/remotes.json", "/m/files/one.txt"):
            with self.subTest(path):
                reply = self.public.get(path, origin="https://other.example")
                self.assertEqual(reply["Access-Control-Allow-Origin"], "*")
                self.assertIsNone(reply["Access-Control-Allow-Credentials"])

    def test_preflight(self):
        reply = self.public.call("OPTIONS", asset_path("files", "1.0.0", "one.txt"), headers={
            "Origin": "https://other.example", "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "x-custom"})
        self.assertStatus(reply, 204)
        self.assertEqual(reply["Access-Control-Allow-Origin"], "*")
        self.assertEqual(reply["Access-Control-Allow-Methods"], "GET, HEAD")
        self.assertEqual(reply["Access-Control-Allow-Headers"], "*")
        self.assertEqual(reply["Allow"], "GET, HEAD, OPTIONS")
        self.assertTrue(int(reply["Access-Control-Max-Age"]) > 0)

    # --- names ---

    def test_a_name_is_decoded_once(self):
        self.assertEqual(self.public.get("/m/files@1.0.0/%6fne.txt").body, b"1")
        self.assertEqual(self.public.get("/m/files%401.0.0/one%2Etxt").body, b"1")
        self.assertStatus(self.public.get("/m/files@1.0.0/with%2520space.js"), 404)
        self.assertEqual(self.public.get("/m/files@1.0.0/100%2525.js").body, b"percent")
        self.assertStatus(self.public.get("/m/files@1.0.0/with+space.js"), 404)
        self.assertStatus(self.public.get("/m/files@1.0.0/ONE.txt"), 404)

    def test_a_query_is_passed_over(self):
        self.assertEqual(self.public.get("/m/files@1.0.0/one.txt?t=123&retryCount=1").body, b"1")
        self.assertEqual(self.public.get("/m/files@1.0.0/one.txt?").body, b"1")

    def test_hostile_names(self):
        base = "/m/files@1.0.0/"
        for path in (base + "../files@1.1.0/one.txt", base + "a/../one.txt", base + "./one.txt", base + "..",
                     base + "%2e%2e/one.txt", base + "%2e/one.txt", base + ".%2e/one.txt", base + "a%2fb",
                     base + "%2fetc%2fpasswd", base + "a%5cb", base + "a\\b", base + "one.txt%00", base + "%00",
                     base + "one.txt%00.js", base + "%", base + "%4", base + "%zz", base + "a%0ab", base + "a%0d%0ab",
                     base + "%7f", base + "%ff", base + "%c0%af", base + "%ed%a0%80", base + "%e2%82", base + "/one.txt",
                     base + "a//b", "//m/files@1.0.0/one.txt", "/m//files@1.0.0/one.txt", "/m/files@1.0.0//one.txt",
                     "/../etc/passwd", "/m/../livez", "/%2e%2e/livez", base + "one.txt/", base + "one.txt/x"):
            with self.subTest(path):
                self.assertIn(self.public.get(path).status, (400, 404))

    def test_a_missing_file_is_never_a_page(self):
        for path in ("/m/files@1.0.0/none.js", "/m/files@1.0.0/", "/m/files@9.9.9/one.txt", "/m/nobody@1.0.0/one.txt",
                     "/m/files@1.0/one.txt", "/m/@files@1.0.0/one.txt", "/m/files@/one.txt", "/m/@1.0.0/one.txt",
                     "/m/files@1.0.0", "/m/files@1.0.0@1.1.0/one.txt"):
            with self.subTest(path):
                reply = self.assertStatus(self.public.get(path, accept="text/html"), 404)
                self.assertEqual(reply["Content-Type"], "application/problem+json")
                self.assertEqual(reply["Cache-Control"], "no-store")
                self.assertIsNone(reply["ETag"])

    def test_a_missing_file_says_which_part_is_missing(self):
        details = {self.public.get(path).json["detail"] for path in
                   ("/m/nobody@1.0.0/a.js", "/m/files@9.9.9/a.js", "/m/files@1.0.0/a.js")}
        self.assertEqual(len(details), 3)

    def test_an_epoch_is_the_same_file_under_a_fresh_url(self):
        plain = self.file("one.txt")
        for epoch in ("1", "42", "999999999", "0"):
            with self.subTest(epoch):
                reply = self.assertStatus(self.public.get("/m/files@1.0.0~%s/one.txt" % epoch), 200)
                self.assertEqual((reply.body, reply["ETag"], reply["Cache-Control"]),
                                 (plain.body, plain["ETag"], FOREVER))
        for epoch in ("", "x", "1x", "-1", "1~2", "1234567890", "%31%20", "1.0"):
            with self.subTest(epoch):
                self.assertIn(self.public.get("/m/files@1.0.0~%s/one.txt" % epoch).status, (400, 404))
        self.assertEqual(self.public.get("/m/files@1.0.0%7E1/one.txt").body, b"1")

    def test_the_shell(self):
        for name, text in (("shell", SHELL), ("more", MORE)):
            with self.subTest(name):
                reply = self.assertStatus(self.public.get("/_berth/%s.%s.js" % (name, sha256(text)[:16])), 200)
                self.assertEqual((reply.body, reply["Cache-Control"], reply["Content-Type"],
                                  reply["Access-Control-Allow-Origin"], reply["ETag"]),
                                 (text, FOREVER, "text/javascript; charset=utf-8", "*", '"%s"' % sha256(text)))
        shell_map = self.assertStatus(self.public.get("/_berth/shell.js.map"), 200)
        self.assertEqual(shell_map["Cache-Control"], "no-cache")
        # The shell in a page names its map by the shell's own URL.
        beside = self.assertStatus(self.public.get("/_berth/shell.%s.js.map" % sha256(SHELL)[:16]), 200)
        self.assertEqual((beside.body, beside["Cache-Control"]), (shell_map.body, FOREVER))
        for path in ("/_berth/shell.js", "/_berth/shell.0000000000000000.js", "/_berth/live.js.map", "/_berth/",
                     "/_berth/..%2fdb"):
            with self.subTest(path):
                self.assertIn(self.public.get(path).status, (400, 404))


class FromDisk(Assets):
    """The same when memory holds only what is live."""
    options = ("--cache-bytes", "0")


class FromSmallCache(Assets):
    """The same when files of old versions come and go: some fit, the big one never does."""
    options = ("--cache-bytes", "4096")


class OldVersions(SiteCase):
    options = ("--cache-bytes", "20000")  # a few files of them
    VERSIONS = 60

    @classmethod
    def contents(cls, number):
        return {**bundles.files(str(number)), "chunk.js": random.Random(number).randbytes(1500 + number),
                "only-%d.js" % (number // 7): b"%d" % number}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for number in range(cls.VERSIONS):
            cls.server.put("old", "1.%d.0" % number, bundles.tar_gz(cls.contents(number)),
                           "?activate=true" if number in (20, 40) else "")

    def check(self, number):
        for path, data in self.contents(number).items():
            reply = self.public.get(asset_path("old", "1.%d.0" % number, path))
            self.assertStatus(reply, 200)
            self.assertEqual((reply.body, reply["ETag"]), (data, '"%s"' % sha256(data)))

    def test_every_version_is_served_whichever_is_live(self):
        for number in range(self.VERSIONS):
            self.check(number)
        self.server.make_live("old", "1.3.0")
        for number in (3, 40, 20, 59):
            self.check(number)
        self.server.restart()
        for number in range(self.VERSIONS):
            self.check(number)

    def test_all_at_once(self):
        def read(index):
            for number in range(self.VERSIONS):
                self.check((number * 7 + index) % self.VERSIONS)
        at_once(12, read)

    def test_what_is_not_there_is_said_of_old_versions_too(self):
        details = {self.assertStatus(self.public.get(path), 404).json["detail"] for path in
                   ("/m/old@1.5.0/none.js", "/m/old@1.99.0/chunk.js", "/m/none@1.5.0/chunk.js")}
        self.assertEqual(len(details), 3)

    def test_an_alias_leads_to_the_newest_version_that_has_the_file(self):
        for group in range(self.VERSIONS // 7):
            newest = group * 7 + 6
            reply = self.assertStatus(self.public.get("/m/old/only-%d.js" % group), 302)
            live_or_before = [n for n in (40, 20, 3) if n // 7 == group]
            if not live_or_before:
                self.assertEqual(reply["Location"], asset_path("old", "1.%d.0" % newest, "only-%d.js" % group))
        self.assertStatus(self.public.get("/m/old/only-99.js"), 404)


class DamageCase(SiteCase):
    def put(self, name, data):
        """Its file x.js is not in memory afterwards; its blob."""
        self.server.put(name, "1.0.0", bundles.bundle(name, x__js=data))
        self.server.restart()
        return next(p for p in self.server.blobs() if p.endswith(sha256(data)))


class Damage(DamageCase):
    options = ("--cache-bytes", "0", "--compress-threads", "0")

    def test_a_file_that_is_gone_from_the_disk_is_our_fault(self):
        path = self.put("gone", BIG)
        os.rename(path, path + ".away")
        reply = self.public.get("/m/gone@1.0.0/x.js")
        os.rename(path + ".away", path)
        self.assertStatus(reply, 500)
        self.assertEqual(self.public.get("/m/gone@1.0.0/x.js").body, BIG)

    def test_a_damaged_file_is_never_sent(self):
        text = b"let x = 'as it was';\n" * 400
        path = self.put("bad", text)
        os.chmod(path, 0o600)
        for first, status in ((b"L", 500), (b"l", 200)):
            with open(path, "r+b") as file:
                file.write(first)
            for headers in ({}, {"Range": "bytes=5-9"}, {"Accept-Encoding": "gzip, br"}):
                with self.subTest(first=first, headers=headers):
                    reply = self.public.call("GET", "/m/bad@1.0.0/x.js", headers=headers)
                    self.assertStatus(reply, 206 if status == 200 and "Range" in headers else status)
                    if status == 500:
                        self.assertEqual(reply["Cache-Control"], "no-store")


class DamageBeforeTheCache(Damage):
    options = ("--cache-bytes", "10000000", "--compress-threads", "0")


class DamageAfterALook(DamageCase):
    options = ("--cache-bytes", "0", "--compress-threads", "0")

    def test_damage_that_comes_after_a_first_look_is_never_sent(self):
        path = self.put("later", BIG)
        os.chmod(path, 0o600)
        get = lambda **headers: self.public.call("GET", "/m/later@1.0.0/x.js", headers=headers)
        self.assertEqual(get(Range="bytes=10-19").body, BIG[10:20])
        at = len(BIG) - 5
        with open(path, "r+b") as file:
            file.seek(at)
            file.write(bytes([BIG[at] ^ 1]))
        self.assertEqual(get(Range="bytes=10-19").body, BIG[10:20])  # these are as they were
        for headers in ({"Range": "bytes=-10"}, {}, {"Range": "bytes=10-19"}):
            self.assertStatus(get(**headers), 500)
        self.server.put("heals", "1.0.0", bundles.tar_gz({**bundles.files(), "y.js": BIG}))
        self.assertEqual(get().body, BIG)
        self.assertEqual(get(Range="bytes=-10").body, BIG[-10:])


if __name__ == "__main__":
    main()
