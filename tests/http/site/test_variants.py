#!/usr/bin/env python3
"""Compressed variants of files: made after an upload, negotiated, kept; and what the API tells of them.

usage: BERTH_BIN=path/to/berth tests/http/site/test_variants.py [TestCase[.test]]
"""

import os
import random
import subprocess
import unittest
import zlib

import bundles
from harness import Server, SiteCase, asset_path, main, sha256, until

ALL = "gzip, deflate, br, zstd"
WORDS = ("function", "return", "const", "=>", "(e,t)", "{", "}", "void 0", "export", "this", ".map", ";\n")


def text(length, seed):
    words = random.Random(seed)
    return " ".join(words.choice(WORDS) for _ in range(length)).encode()[:length]


FILES = {"app.js": text(60_000, 1), "chunk.mjs": text(9_000, 2), "style.css": text(20_000, 3),
         "data.json": b'{"a": [%s]}' % b", ".join(b"%d" % n for n in range(3000)),
         "logo.svg": b"<svg xmlns='http://www.w3.org/2000/svg'>%s</svg>" % (b"<path d='M0 0h8v8z'/>" * 90),
         "page.html": b"<!doctype html><title>x</title>" + b"<p>hello</p>" * 200,
         "empty.js": b"", "tiny.js": b"export default 1;" * 10, "noise.js": random.Random(4).randbytes(5000),
         "photo.png": text(5000, 5), "font.woff2": text(5000, 6)}
COMPRESSED = ("app.js", "chunk.mjs", "style.css", "data.json", "logo.svg", "page.html")


def decode(coding, data):
    """By others than those who encoded it."""
    if coding is None:
        return data
    if coding == "gzip":
        return zlib.decompress(data, wbits=31)
    command = {"zstd": ["zstd", "-q", "-d", "-c", "--memory=8MB"],
               "br": ["node", "-e", "const z = require('zlib'); process.stdin.pipe(z.createBrotliDecompress())"
                                    ".on('error', () => process.exit(1)).pipe(process.stdout)"]}[coding]
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout


def wait_best(server, module, version="1.0.0"):
    path = "/api/modules/%s/versions/%s" % (module, version)
    return until(lambda: (found := server.admin.get(path).json)["compression"] == "best" and found,
                 "the best compression of " + module)


class Variants(SiteCase):
    """Of a live version, from memory."""
    query = "?activate=true"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        reply = cls.server.put("web", "1.0.0", bundles.tar_gz({**bundles.files("1"), **FILES}), cls.query)
        assert reply["compression"] == "none", reply
        cls.version = wait_best(cls.server, "web")
        cls.encoded = {asset["path"]: asset["encodedBytes"] for asset in cls.version["assets"]}
        # The registry knows the best a moment before readers do.
        until(lambda: len(cls.ask("app.js", "br").body) == cls.encoded["app.js"]["br"], "the variants to be shown")

    @classmethod
    def ask(cls, name, accept, method="GET", **headers):
        fields = {key.replace("_", "-").title(): value for key, value in headers.items()}
        if accept is not None:
            fields["Accept-Encoding"] = accept
        return cls.server.public.call(method, asset_path("web", "1.0.0", name), headers=fields)

    def test_each_coding_decodes_to_the_file_and_is_smaller(self):
        for name in COMPRESSED:
            plain = self.ask(name, None)
            tags = {plain["ETag"]}
            for coding in ("br", "zstd", "gzip"):
                with self.subTest(name + " " + coding):
                    reply = self.assertStatus(self.ask(name, coding), 200)
                    self.assertEqual(reply["Content-Encoding"], coding)
                    self.assertEqual(decode(coding, reply.body), FILES[name])
                    self.assertLess(len(reply.body), len(FILES[name]))
                    self.assertEqual(len(reply.body), self.encoded[name][coding])
                    for same in ("Content-Type", "Cache-Control", "Content-Security-Policy", "Vary",
                                 "Access-Control-Allow-Origin"):
                        self.assertEqual(reply[same], plain[same], same)
                    self.assertRegex(reply["Vary"] or "", "(?i)accept-encoding")
                    tags.add(reply["ETag"])
            self.assertEqual(len(tags), 4, "each has an ETag of its own")

    def test_what_a_client_accepts_decides(self):
        sizes = self.encoded["app.js"]
        least = min(sizes, key=sizes.get)
        for accept, wanted in ((None, None), ("", None), ("identity", None), ("deflate", None), ("gzip", "gzip"),
                               ("x-gzip", "gzip"), ("GZIP", "gzip"), ("br", "br"), ("zstd", "zstd"), (ALL, least),
                               ("*", least), ("br;q=0, gzip", "gzip"), ("br;q=0.5, gzip;q=0.8", "gzip"),
                               ("br; q=0.001 , gzip ; q=0", "br"), ("gzip;q=0", None), ("*;q=0", None),
                               ("identity;q=0, zstd", "zstd"), ("*, br;q=0", None if least is None else "not br"),
                               (";;,=", None), ("br" * 400, None)):
            with self.subTest(accept=accept):
                reply = self.assertStatus(self.ask("app.js", accept), 200)
                if wanted == "not br":
                    self.assertIn(reply["Content-Encoding"], ("zstd", "gzip"))
                else:
                    self.assertEqual(reply["Content-Encoding"], wanted)
                self.assertEqual(decode(reply["Content-Encoding"], reply.body), FILES["app.js"])

    def test_a_304_for_each_variant_alone(self):
        tags = {coding: self.ask("app.js", coding)["ETag"] for coding in ("br", "zstd", "gzip", None)}
        for asked in tags:
            for known, tag in tags.items():
                with self.subTest(asked=asked, known=known):
                    reply = self.ask("app.js", asked, if_none_match=tag)
                    self.assertEqual(reply.status, 304 if asked == known else 200)
                    self.assertEqual(reply["ETag"], tags[asked])
                    self.assertRegex(reply["Vary"] or "", "(?i)accept-encoding")

    def test_head(self):
        for coding in ("br", "zstd", "gzip", None):
            whole, head = self.ask("style.css", coding), self.ask("style.css", coding, "HEAD")
            for name in ("Content-Length", "Content-Encoding", "ETag", "Vary", "Content-Type"):
                self.assertEqual(head[name], whole[name])

    def test_a_range_is_one_of_the_variant(self):
        for coding in ("br", "zstd", "gzip"):
            with self.subTest(coding):
                whole = self.ask("app.js", coding)
                reply = self.assertStatus(self.ask("app.js", coding, range="bytes=10-99"), 206)
                self.assertEqual(reply.body, whole.body[10:100])
                self.assertEqual(reply["Content-Range"], "bytes 10-99/%d" % len(whole.body))
                self.assertEqual((reply["Content-Encoding"], reply["ETag"]), (coding, whole["ETag"]))
                other = self.ask("app.js", None)["ETag"]
                reply = self.ask("app.js", coding, range="bytes=10-99", if_range=other)
                self.assertEqual((reply.status, reply.body), (200, whole.body), "the range is another variant's")

    def test_what_gains_nothing_is_as_it_was(self):
        for name in set(FILES) - set(COMPRESSED):
            with self.subTest(name):
                reply = self.assertStatus(self.ask(name, ALL), 200)
                self.assertIsNone(reply["Content-Encoding"])
                self.assertEqual(reply.body, FILES[name])
                self.assertEqual(reply["ETag"], '"%s"' % sha256(FILES[name]))
                self.assertEqual(self.encoded[name], {})

    def test_the_api_tells_how_far_it_is_and_what_is_won(self):
        for coding in ("br", "zstd", "gzip"):
            whole = sum(asset["encodedBytes"].get(coding, asset["bytes"]) for asset in self.version["assets"])
            self.assertEqual(self.version["encodedBytes"][coding], whole)
            self.assertLess(whole, self.version["bytes"])
        listed = self.admin.get("/api/modules/web/versions").json["versions"]
        self.assertEqual([(v["compression"], v["encodedBytes"]) for v in listed[:1]],
                         [("best", self.version["encodedBytes"])])

    def test_a_second_version_with_the_same_files_takes_no_more_of_the_disk(self):
        before = set(self.server.blobs())
        self.server.put("web", "1.0.1", bundles.tar_gz({**bundles.files("1"), **FILES, "photo2.png": b"new"}))
        self.assertEqual(wait_best(self.server, "web", "1.0.1")["encodedBytes"]["br"],
                         self.version["encodedBytes"]["br"] + 3)
        self.assertEqual(len(set(self.server.blobs()) - before), 1)


class FromDisk(Variants):
    """The same of a version that is not live, when the cache holds nothing."""
    options = ("--cache-bytes", "0")
    query = ""


class Life(unittest.TestCase):
    def serve(self, *options):
        server = Server(*options)
        self.addCleanup(server.discard)
        return server

    def served(self, server, name, data):
        reply = server.public.get(asset_path("web", "1.0.0", name), accept_encoding="br")
        return reply["Content-Encoding"] == "br" and decode("br", reply.body) == data

    def test_a_restart_keeps_the_variants_and_makes_none_again(self):
        server = self.serve()
        server.put("web", "1.0.0", bundles.tar_gz(FILES | bundles.files()), "?activate=true")
        version = wait_best(server, "web")
        server.exit()
        blobs = {path: os.stat(path).st_mtime_ns for path in server.blobs()}
        server.start()
        self.assertTrue(self.served(server, "app.js", FILES["app.js"]))
        self.assertEqual(wait_best(server, "web")["assets"], version["assets"])
        compressor = server.admin.get("/api/system").json["compressor"]
        self.assertEqual(compressor, {"threads": 1, "waiting": 0, "improving": 0, "finished": 0, "failed": 0})
        server.exit()
        self.assertEqual({path: os.stat(path).st_mtime_ns for path in server.blobs()}, blobs)
        server.start()
        server.stop()

    def test_a_kill_in_the_middle_loses_nothing_and_a_start_goes_on(self):
        server = self.serve()
        files = {"part%d.js" % i: text(50_000, i) for i in range(10)}
        server.put("web", "1.0.0", bundles.tar_gz(files | bundles.files()))
        for _ in range(4):  # wherever each finds it
            until(lambda: os.listdir(os.path.join(server.data, "tmp")) or
                  server.admin.get("/api/modules/web/versions/1.0.0").json["compression"] == "best", "work")
            server.kill()
            logged = {line["id"] for line in server.log("request")}
            server.answered = [answer for answer in server.answered if answer[-1] in logged]
            server.start()
        wait_best(server, "web")
        for name, data in files.items():
            until(lambda name=name, data=data: self.served(server, name, data), name)
        server.stop()

    def test_without_threads_files_go_as_they_are(self):
        server = self.serve("--compress-threads", "0")
        server.put("web", "1.0.0", bundles.tar_gz(FILES | bundles.files()))
        server.restart()
        reply = server.public.get(asset_path("web", "1.0.0", "app.js"), accept_encoding=ALL)
        self.assertEqual((reply["Content-Encoding"], reply.body), (None, FILES["app.js"]))
        self.assertEqual(server.admin.get("/api/modules/web/versions/1.0.0").json["compression"], "none")
        self.assertEqual(server.admin.get("/api/system").json["compressor"]["threads"], 0)
        server.stop()

    def test_a_damaged_file_is_told_of_once_and_tried_again_after_a_start(self):
        server = self.serve("--compress-threads", "0")
        server.put("web", "1.0.0", bundles.tar_gz(FILES | bundles.files()))
        server.exit()
        path = next(p for p in server.blobs() if p.endswith(sha256(FILES["app.js"])))
        with open(path, "r+b") as file:
            file.write(b"damage")
        server.options = ("--compress-threads", "2")
        server.start()
        line = server.wait_log("variants-failed")
        self.assertEqual((line["module"], line["version"], line["rule"]), ("web", "1.0.0", "blob-damaged"))
        server.exit()
        self.assertEqual(len(server.log("variants-failed")), 1)
        with open(path, "r+b") as file:
            file.write(FILES["app.js"][:6])
        server.start()
        wait_best(server, "web")
        until(lambda: self.served(server, "app.js", FILES["app.js"]), "the variants to be shown")
        server.stop()

    def test_damaged_variants_are_never_served_as_the_file(self):
        for query, options in (("?activate=true", ()), ("", ("--cache-bytes", "0"))):
            with self.subTest(query=query):
                server = self.serve(*options)
                server.put("web", "1.0.0", bundles.tar_gz(FILES | bundles.files()), query)
                wait_best(server, "web")
                server.restart()
                reply = server.public.get(asset_path("web", "1.0.0", "app.js"), accept_encoding="br")
                self.assertEqual(reply["Content-Encoding"], "br")
                server.exit()
                path = next(p for p in server.blobs() if p.endswith(sha256(reply.body)))
                with open(path, "r+b") as file:
                    file.seek(len(reply.body) // 2)
                    file.write(bytes([reply.body[len(reply.body) // 2] ^ 1]))
                server.start()
                for headers in ({}, {"Range": "bytes=0-9"}):
                    with server.public.connect() as connection:
                        connection.send(server.public.head_text(
                            "GET", asset_path("web", "1.0.0", "app.js"), {"Accept-Encoding": "br", **headers}))
                        damaged = connection.head()
                        if damaged.status in (200, 206):
                            body = connection.read(int(damaged["Content-Length"]))
                            wanted = FILES["app.js"] if damaged["Content-Encoding"] is None else reply.body
                            self.assertIn(body, wanted, "damaged bytes were served")
                        else:
                            self.assertEqual(damaged.status, 500)
                self.assertEqual(server.public.get(asset_path("web", "1.0.0", "app.js")).body, FILES["app.js"])


class Lists(SiteCase):
    def test_versions_come_in_pages(self):
        versions = ["1.0.%d" % n for n in range(7)]
        for version in versions:
            self.server.put("pages", version, bundles.bundle(version))
        path, seen, before = "/api/modules/pages/versions?limit=3", [], ""
        for _ in range(3):
            answer = self.admin.get(path + before).json
            self.assertEqual(answer["total"], 7)
            seen = [v["version"] for v in answer["versions"]] + seen
            before = "&before=%s" % answer["before"]
        self.assertEqual((seen, answer["before"]), (versions, None))
        self.assertEqual([v["version"] for v in self.admin.get("/api/modules/pages/versions").json["versions"]],
                         versions)
        empty = self.admin.get("/api/modules/pages/versions?before=1.0.0").json
        self.assertEqual((empty["versions"], empty["before"], empty["total"]), ([], None, 7))

    def test_bad_pages_are_refused(self):
        self.server.put("refused", "1.0.0", bundles.bundle())
        path = "/api/modules/refused/versions"
        for limit in ("0", "-1", "1001", "x", "", "1x", "99999999999999999999"):
            self.assertStatus(self.admin.get(path + "?limit=" + limit), 400, "limit")
        self.assertStatus(self.admin.get(path + "?before=9.9.9"), 404, "version-unknown")
        self.assertStatus(self.admin.get("/api/modules/nobody/versions?before=1.0.0"), 404, "module-unknown")


class System(SiteCase):
    def test_it_tells_how_the_server_is(self):
        before = self.admin.get("/api/system").json
        self.server.put("sys", "1.0.0", bundles.bundle(), "?activate=true")
        wait_best(self.server, "sys")
        until(lambda: self.admin.get("/api/system").json["compressor"]["finished"] ==
              before["compressor"]["finished"] + 1, "the count")
        told = self.admin.get("/api/system").json
        self.assertEqual(told["generation"], before["generation"] + 1)
        self.assertEqual(told["modules"], before["modules"] + 1)
        self.assertEqual(told["versions"]["count"], before["versions"]["count"] + 1)
        self.assertEqual(told["versions"]["compression"], {"none": 0, "quick": 0, "best": told["versions"]["count"]})
        self.assertEqual(told["limits"], {"connections": 128, "adminConnections": 96, "streams": 32, "uploads": 4,
                                          "moduleConnections": 64, "versionsAtOnce": 64, "reportsAtOnce": 8,
                                          "tokenFailures": 100000, "archiveBytes": 64 << 20,
                                          "unpackedBytes": 256 << 20, "fileBytes": 64 << 20,
                                          "archiveEntries": 20000, "archiveRatio": 200, "archiveSeconds": 30})
        self.assertLessEqual(0, told["disk"]["free"])
        self.assertLess(told["disk"]["free"], told["disk"]["total"])
        self.assertGreaterEqual(told["cache"]["bytes"], before["cache"]["bytes"] + len(bundles.container()))
        self.assertLessEqual(told["cache"]["unpinnedBytes"], told["cache"]["budget"])
        self.assertRegex(told["version"], r"^\d+\.\d+\.\d+$")

    def test_it_takes_a_token_that_may_read_everything(self):
        for module, can, status in (("*", ["read"], 200), ("*", ["admin"], 200), ("*", ["publish"], 200),
                                    ("cart", ["read"], 403)):
            token = self.server.token_for(module, can)["token"]
            self.assertStatus(self.admin.call("GET", "/api/system", token=token), status)
        self.assertStatus(self.admin.call("GET", "/api/system", token=""), 401)


if __name__ == "__main__":
    main()
