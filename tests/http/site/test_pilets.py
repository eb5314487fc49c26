#!/usr/bin/env python3
"""Piral: POST /api/v1/pilet on the admin listener, and the feed that GET has of it on the public one.

usage: BERTH_BIN=path/to/berth tests/http/site/test_pilets.py [TestCase[.test]]
"""

import base64
import hashlib
import json

import bundles
from harness import EventStream, SiteCase, main, sha256

PATH = "/api/v1/pilet"
SYSTEM = b"System.register([],function(e){return{execute:function(){e({setup:function(){}})}}});\n"


def pilet(name, version="1.0.0", first=b"//@pilet v:2(webpackChunkpr_a,{})\n", main="dist/index.js", body=SYSTEM,
          more=None, **package):
    """What npm pack makes of a pilet."""
    told = {"name": name, "version": version, "main": main, **package}
    files = {"package/package.json": json.dumps(told).encode(), "package/dist/index.js": first + body}
    files.update(more or {})
    return bundles.tar_gz(files)


def part(name, value, filename=None, head=b""):
    disposition = 'form-data; name="%s"' % name + ('; filename="%s"' % filename if filename else "")
    return b"--BOUND\r\nContent-Disposition: " + disposition.encode() + b"\r\n" + head + b"\r\n" + value + b"\r\n"


def form(archive, *fields):
    return b"".join(part(*field) for field in fields) + \
        part("file", archive, "microfrontend.tgz", b"Content-Type: application/octet-stream\r\n") + b"--BOUND--\r\n"


def integrity(data):
    return "sha384-" + base64.b64encode(hashlib.sha384(data).digest()).decode()


class Pilets(SiteCase):
    def post(self, body, authorization=None, token="", type="multipart/form-data; boundary=BOUND"):
        if authorization is None:
            authorization = "Basic " + (token or self.server.token)
        return self.admin.call("POST", PATH, body, {"Content-Type": type, "Authorization": authorization}, token="")

    def publish(self, archive, *fields, **more):
        return self.post(form(archive, *fields), **more)

    def items(self):
        return {item["name"]: item for item in self.public.get(PATH).json["items"]}

    def assertProblem(self, reply, status, rule):
        """Piral's tools show `message`."""
        self.assertStatus(reply, status, rule)
        self.assertIn(reply.json["detail"], reply.json["message"])

    # --- publishing ---

    def test_what_is_published_is_live_and_in_the_feed(self):
        body = b"//@pilet v:2(webpackChunkpr_cart,{\"lodash@4\":\"lodash.js\",\"x@1\":\"https://cdn.example/x.js\"})\n" + SYSTEM
        archive = pilet("@shop/cart", first=b"", body=body, more={"package/dist/lodash.js": b"1"},
                        custom={"tile": [1, {"a": None}]}, config={"color": "red"})
        with EventStream(self.server) as stream:
            reply = self.assertStatus(self.publish(archive, ("tag", b"latest")), 200)
            self.assertEqual({**reply.json, "generation": 0, "message": ""},
                             {"success": True, "name": "@shop/cart", "version": "1.0.0", "live": True, "generation": 0,
                              "message": ""})
            event = stream.event()
            while event["event"] != "activated" or event["data"]["module"] != "@shop/cart":
                event = stream.event()
        self.assertEqual(self.items()["@shop/cart"], {
            "name": "@shop/cart", "version": "1.0.0", "spec": "v2", "link": "/m/@shop/cart@1.0.0/dist/index.js",
            "requireRef": "webpackChunkpr_cart", "integrity": integrity(body),
            "dependencies": {"lodash@4": "/m/@shop/cart@1.0.0/dist/lodash.js", "x@1": "https://cdn.example/x.js"},
            "custom": {"tile": [1, {"a": None}]}, "config": {"color": "red"}})
        self.assertEqual(self.public.get("/m/@shop/cart@1.0.0/dist/index.js").body, body)

    def test_each_version_of_the_format(self):
        cases = {
            b"//@pilet v:0\n": {"hash": True},
            b"// @pilet v:1(webpackJsonp_pr)\n": {"requireRef": "webpackJsonp_pr", "integrity": True},
            b"//@pilet v:2\r\n": {"spec": "v2", "integrity": True},
            b"//@pilet  v:2 (a_b:c-1, {})\n": {"spec": "v2", "integrity": True, "requireRef": "a_b:c-1", "dependencies": {}},
            b"//@pilet v:3(ref3,{\"b\":\"./b.js\"})\n": {"spec": "v3", "integrity": True, "requireRef": "ref3",
                                                        "dependencies": {"b": "/m/v4@1.0.0/dist/b.js"}},
        }
        for number, (first, wanted) in enumerate(cases.items()):
            with self.subTest(first):
                name = "v%d" % number
                self.assertStatus(self.publish(pilet(name, first=first, more={"package/dist/b.js": b"2"})), 200)
                item = self.items()[name]
                text = first + SYSTEM
                for key, value in (("hash", sha256(text)), ("integrity", integrity(text))):
                    self.assertEqual(item.get(key), value if key in wanted else None)
                    wanted.pop(key, None)
                self.assertEqual({k: v for k, v in item.items() if k not in ("hash", "integrity")},
                                 {"name": name, "version": "1.0.0", "link": "/m/%s@1.0.0/dist/index.js" % name, **wanted})
                version = self.admin.get("/api/modules/%s/versions/1.0.0" % name).json
                self.assertEqual((version["format"], version["exposes"]), ("pilet", []))

    def test_the_main_file_is_found_as_piral_finds_it(self):
        text = b"//@pilet v:2(a,{})\n" + SYSTEM
        for number, (main_field, path) in enumerate((
                ("index.js", "index.js"), ("app.js", "dist/app.js"), ("lib", "lib/index.js"), ("lib", "dist/lib/index.js"),
                ("./none.js", "index.js"), ("none.js", "dist/index.js"), (None, "index.js"), ("./lib/a.js", "lib/a.js"))):
            with self.subTest(main=main_field, path=path):
                name = "main-%d" % number
                archive = bundles.tar_gz({"package/" + path: text, "package/README.md": b"#", "package/package.json":
                                          json.dumps({"name": name, "version": "1.0.0", "main": main_field}).encode()})
                self.assertStatus(self.publish(archive), 200)
                self.assertEqual(self.items()[name]["link"], "/m/%s@1.0.0/%s" % (name, path))

    def test_a_container_that_exposes_a_pilet(self):
        container = bundles.container("mf", "mf_pilet").replace(b"./Header", b"./pilet")
        archive = bundles.tar_gz({"package/dist/index.js": container, "package/dist/456.7d31690c.js": b"1",
                                  "package/package.json": json.dumps({"name": "mf-pilet", "version": "1.0.0", "main": "dist/index.js",
                                                                      "custom": {"a": 1}}).encode()})
        self.assertStatus(self.publish(archive), 200)
        self.assertEqual(self.items()["mf-pilet"], {
            "name": "mf-pilet", "version": "1.0.0", "spec": "mf", "link": "/m/mf-pilet@1.0.0/dist/index.js",
            "integrity": integrity(container), "custom": {"a": 1}})
        remote = self.public.get("/manifests/remotes.json").json["remotes"]["mf-pilet"]
        self.assertEqual((remote["format"], remote["exposes"]), ("webpack-container", ["./pilet"]), "a remote as well")

    def test_what_older_tools_made(self):
        self.assertStatus(self.publish(pilet("old", first=b"", body=b"module.exports={setup:function(){}};",
                                             piral={"name": "shell"})), 200)
        self.assertIn("hash", self.items()["old"])

    def test_a_swap_and_a_rollback_are_in_the_feed(self):
        self.publish(pilet("swap"))
        self.assertStatus(self.publish(pilet("swap", "1.1.0")), 200)
        self.assertEqual(self.items()["swap"]["version"], "1.1.0")
        tag = self.public.get(PATH)["ETag"]
        self.assertStatus(self.public.get(PATH, if_none_match=tag), 304)
        self.assertStatus(self.server.rollback("swap"), 200)
        reply = self.assertStatus(self.public.get(PATH, if_none_match=tag), 200)
        self.assertEqual(self.items()["swap"]["version"], "1.0.0")
        self.assertEqual((reply["Access-Control-Allow-Origin"], reply["Cache-Control"], reply["Content-Type"]),
                         ("*", "no-cache", "application/json"))
        self.assertEqual(self.public.get("/manifests/pilets.json").body, reply.body)

    def test_the_same_again_is_fine_and_other_contents_are_not(self):
        self.assertStatus(self.publish(pilet("again")), 200)
        self.assertIn("was there already", self.assertStatus(self.publish(pilet("again")), 200).json["message"])
        self.assertProblem(self.publish(pilet("again", body=b"//other")), 409, "version-exists")

    def test_a_pipeline_that_is_run_again_does_not_roll_back(self):
        for version in ("1.0.0", "1.1.0"):
            self.assertStatus(self.publish(pilet("rerun", version)), 200)
        reply = self.assertStatus(self.publish(pilet("rerun")), 200).json
        self.assertEqual((reply["live"], self.items()["rerun"]["version"]), (False, "1.1.0"))
        self.assertIn("it is not live", reply["message"])
        self.assertTrue(self.assertStatus(self.publish(pilet("rerun", "1.1.0")), 200).json["live"])
        self.assertStatus(self.publish(pilet("rerun"), ("activate", b"true")), 200)
        self.assertEqual(self.items()["rerun"]["version"], "1.0.0")

    # --- who may, and what becomes live ---

    def test_keys_in_both_schemes(self):
        token = self.server.token
        for number, value in enumerate(("Basic " + token, "basic " + token, "Bearer " + token)):
            with self.subTest(value[:6]):
                self.assertStatus(self.publish(pilet("keys", "1.0.%d" % number), authorization=value), 200)
        for value, rule in ((None, "token-missing"), ("Basic nothing", "token-malformed"), (token, "token-malformed"),
                            ("Digest " + token, "token-malformed"), ("Basic " + "x" * 900, "token-malformed"),
                            ("Basic berth_" + "A" * 43, "token-unknown")):
            with self.subTest(rule):
                headers = {"Content-Type": "multipart/form-data; boundary=BOUND", "Authorization": value}
                self.assertProblem(self.admin.call("POST", PATH, form(pilet("keys", "2.0.0")), headers, token=""), 401, rule)

    def test_a_token_that_may_only_publish_changes_nothing_live(self):
        token = self.server.token_for("quiet", ("publish",))["token"]
        reply = self.assertStatus(self.publish(pilet("quiet"), token=token), 200)
        self.assertFalse(reply.json["live"])
        self.assertNotIn("quiet", self.items())
        self.assertProblem(self.publish(pilet("quiet", "1.1.0"), ("activate", b"true"), token=token), 403, "scope")
        self.assertProblem(self.publish(pilet("other"), token=token), 403, "scope-module")
        reading = self.server.token_for("*", ("read",))["token"]
        self.assertProblem(self.publish(pilet("quiet", "1.2.0"), token=reading), 403, "scope")

    def test_a_field_decides_what_becomes_live(self):
        self.assertFalse(self.publish(pilet("field"), ("activate", b"false")).json["live"])
        reply = self.publish(pilet("field"), ("reason", "größer".encode()), ("activate", b"true"))
        self.assertTrue(reply.json["live"])
        self.assertEqual(self.admin.get("/api/modules/field").json["history"][0]["reason"], "größer")
        self.assertProblem(self.publish(pilet("field", "1.1.0"), ("activate", b"maybe")), 400, "activate")
        self.assertProblem(self.publish(pilet("field", "1.1.0"), ("reason", b"x" * 501)), 400, "reason")

    # --- what is refused ---

    def test_bad_packages(self):
        for rule, archive in {"package-missing": bundles.bundle("none"), "archive-unknown": b"no archive",
                              "archive-empty": b"", "module-name": pilet("Not Good"), "version": pilet("bad", "one"),
                              "not-a-pilet": bundles.tar_gz({"package/package.json": b'{"name":"a","version":"1.0.0"}',
                                                             "package/remoteEntry.js": bundles.container("x")}),
                              "entry-missing": bundles.tar_gz({"package/package.json": b'{"name":"a","version":"1.0.0"}'})}.items():
            with self.subTest(rule):
                self.assertProblem(self.publish(archive), 400, rule)
        self.assertStatus(self.admin.get("/api/modules/a"), 404)

    def test_metadata_that_is_too_large_is_left_out(self):
        self.assertStatus(self.publish(pilet("large", custom={"a": "x" * 20000}, config={"b": 1})), 200)
        item = self.items()["large"]
        self.assertEqual((item.get("custom"), item["config"]), (None, {"b": 1}))
        deep = 1
        for _ in range(20):
            deep = [deep]
        self.assertStatus(self.publish(pilet("deep", custom=deep)), 200)
        self.assertNotIn("custom", self.items()["deep"])
        warnings = self.admin.get("/api/modules/deep/versions/1.0.0").json["warnings"]
        self.assertEqual([w["rule"] for w in warnings], ["pilet-metadata"])

    def test_dependencies_that_are_not_there_are_left_out(self):
        for number, first in enumerate((b'//@pilet v:2(a,{"b":"../../../etc/passwd","c":"none.js","d":"javascript://x"})\n',
                                        b"//@pilet v:2(a,{broken)\n", b"//@pilet v:2(a,[1])\n")):
            name = "deps-%d" % number
            self.assertStatus(self.publish(pilet(name, first=first)), 200)
            self.assertFalse(self.items()[name].get("dependencies"))
            self.assertTrue(self.admin.get("/api/modules/%s/versions/1.0.0" % name).json["warnings"] or number == 2)

    def test_bad_forms(self):
        archive = pilet("forms")
        good = form(archive)
        cases = {
            "no file": (b"--BOUND--\r\n", "form-file"),
            "other field": (part("pilet", archive, "x.tgz") + b"--BOUND--\r\n", "form-file"),
            "two files": (part("file", archive, "x.tgz") + good, "form-file"),
            "cut": (good[:-6], "multipart-cut"),
            "no boundary": (b"x" * 3000, "multipart-cut"),
            "late boundary": (b"x" * 5000 + good, "limit-preamble"),
            "long head": (b"--BOUND\r\nX: " + b"x" * 5000 + b"\r\n\r\n", "limit-part-head"),
            "many parts": (b"".join(part("a%d" % n, b"") for n in range(40)) + good, "limit-parts"),
            "long field": (part("a", b"x" * 20000) + good, "limit-field"),
            "no name": (good.replace(b'name="file"; ', b""), "multipart-name"),
            "encoded": (part("file", base64.b64encode(archive), "x", b"Content-Transfer-Encoding: base64\r\n") +
                        b"--BOUND--\r\n", "multipart-encoding"),
        }
        for name, (body, rule) in cases.items():
            with self.subTest(name):
                self.assertProblem(self.post(body), 413 if rule.startswith("limit") else 400, rule)
        for type, rule in (("application/gzip", "media-type"), ("multipart/form-data", "multipart-boundary"),
                           ("multipart/form-data; boundary=" + "x" * 71, "multipart-boundary"),
                           ('multipart/form-data; boundary="a b"', "multipart-boundary"), ("multipart/mixed; boundary=BOUND", "media-type")):
            with self.subTest(type):
                self.assertProblem(self.post(good, type=type), 400, rule)
        self.assertStatus(self.admin.get("/api/modules/forms"), 404)
        self.assertStatus(self.post(b"\r\n" + good.replace(b"BOUND\r\n", b"BOUND \t\r\n") + b"epilogue"), 200)


class Small(SiteCase):
    options = ("--max-archive-bytes", "2000")

    def test_what_is_too_large_is_told(self):
        import os
        archive = pilet("large", more={"package/x": os.urandom(3000)})
        headers = {"Content-Type": "multipart/form-data; boundary=BOUND", "Authorization": "Basic " + self.server.token}
        reply = self.assertStatus(self.admin.call("POST", PATH, form(archive), headers, token=""), 413, "limit-archive-bytes")
        self.assertIn("--max-archive-bytes", reply.json["message"])


class PublicUrl(SiteCase):
    options = ("--public-url", "https://cdn.example")

    def test_links_are_absolute(self):
        headers = {"Content-Type": "multipart/form-data; boundary=BOUND", "Authorization": "Basic " + self.server.token}
        archive = pilet("far", first=b"//@pilet v:2(a,{\"b\":\"b.js\"})\n", more={"package/dist/b.js": b"2"})
        self.assertStatus(self.admin.call("POST", PATH, form(archive), headers, token=""), 200)
        item = self.public.get(PATH).json["items"][0]
        self.assertEqual((item["link"], item["dependencies"]["b"]),
                         ("https://cdn.example/m/far@1.0.0/dist/index.js", "https://cdn.example/m/far@1.0.0/dist/b.js"))


if __name__ == "__main__":
    main()
