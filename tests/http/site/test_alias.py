#!/usr/bin/env python3
"""URLs without a version: the live entry, the live manifest, and redirects to what is live.

usage: BERTH_BIN=path/to/berth tests/http/site/test_alias.py [TestCase[.test]]
"""

import json
import re

import bundles
from harness import LIVE, SiteCase, main

ORIGIN = "https://cdn.example.org"


class Alias(SiteCase):
    prefix = ""

    def setUp(self):
        self.name = "alias-" + self._testMethodName.removeprefix("test_").replace("_", "-")[:50]

    def put(self, version, live=False, **more):
        self.server.put(self.name, version, bundles.bundle(self.name + version, **more),
                        "?activate=true" if live else "")

    def url(self, version, path):
        return "%s/m/%s@%s/%s" % (self.prefix, self.name, version, path)

    def alias(self, path, **headers):
        return self.public.get("/m/%s/%s" % (self.name, path), **headers)

    def spec(self):
        return self.public.get("/manifests/remotes.json").json["remotes"][self.name]

    # --- the live entry ---

    def test_the_entry_is_generated(self):
        self.put("1.0.0", live=True)
        reply = self.assertStatus(self.alias("remoteEntry.js"), 200)
        self.assertEqual((reply["Content-Type"], reply["Cache-Control"], reply["Access-Control-Allow-Origin"],
                          reply["Accept-Ranges"]), ("text/javascript; charset=utf-8", "no-cache", "*", None))
        text = reply.body.decode()
        self.assertTrue(text.startswith(LIVE.decode()), text[:200])
        call = re.search(r"__BERTH__\.live\((\{.*\})\);\n\Z", text)
        self.assertEqual(json.loads(call[1]), self.spec())
        self.assertNotIn("webpackChunk" + "appHeader=", text, "never the raw bundle")

    def test_the_entry_as_a_module(self):
        self.put("1.0.0", live=True)
        reply = self.assertStatus(self.alias("remoteEntry.mjs"), 200)
        self.assertEqual(reply["Content-Type"], "text/javascript; charset=utf-8")
        text = reply.body.decode()
        call = re.search(r"__BERTH__\.live\((\{.*\}),import\.meta\.url\);export const get=", text)
        self.assertEqual(json.loads(call[1]), self.spec())

    def test_the_entry_changes_with_what_is_live(self):
        self.put("1.0.0", live=True)
        for path in ("remoteEntry.js", "remoteEntry.mjs"):
            self.server.make_live(self.name, "1.0.0")
            first = self.alias(path)
            self.assertStatus(self.alias(path, if_none_match=first["ETag"]), 304)
            self.assertEqual(self.alias(path, if_none_match=first["ETag"])["Cache-Control"], "no-cache")
            self.server.upload(self.name, "1.1.0", bundles.bundle(self.name + "1.1.0"))
            self.assertStatus(self.alias(path, if_none_match=first["ETag"]), 304)
            self.server.make_live(self.name, "1.1.0")
            second = self.assertStatus(self.alias(path, if_none_match=first["ETag"]), 200)
            self.assertIn(b'"version":"1.1.0"', second.body)
            self.server.rollback(self.name)
            third = self.assertStatus(self.alias(path, if_none_match=second["ETag"]), 200)
            self.assertIn(b'"version":"1.0.0"', third.body)

    def test_another_modules_activation_leaves_it_alone(self):
        self.put("1.0.0", live=True)
        etag = self.alias("remoteEntry.js")["ETag"]
        self.server.put(self.name + "x", "1.0.0", bundles.bundle("x"), "?activate=true")
        self.assertStatus(self.alias("remoteEntry.js", if_none_match=etag), 304)

    def test_nothing_live(self):
        # A consumer that was built against a module that is not live yet waits for it.
        self.put("1.0.0")
        for path in ("remoteEntry.js", "remoteEntry.mjs"):
            self.assertStatus(self.public.get("/m/nobody/" + path), 404)
            first = self.assertStatus(self.alias(path), 200)
            self.assertEqual(first["Cache-Control"], "no-cache")
            spec = json.loads(re.search(r"__BERTH__\.live\((\{.*?\})[,)]", first.body.decode())[1])
            self.assertEqual(spec["module"], self.name)
            self.assertFalse({"version", "entry", "base"} & set(spec), spec)
        self.server.make_live(self.name, "1.0.0")
        reply = self.assertStatus(self.alias(path, if_none_match=first["ETag"]), 200)
        self.assertIn(b'"version":"1.0.0"', reply.body)

    def test_head_and_query(self):
        self.put("1.0.0", live=True)
        get = self.alias("remoteEntry.js")
        head = self.public.call("HEAD", "/m/%s/remoteEntry.js" % self.name)
        self.assertEqual((head["Content-Length"], head["ETag"]), (str(len(get.body)), get["ETag"]))
        self.assertEqual(self.alias("remoteEntry.js?t=123").body, get.body)

    def test_text_of_the_bundle_cannot_end_the_script(self):
        # The expose's name is the bundle's own text, and stands in a script that others run.
        name = "./</script><script>alert(1)</script>"
        entry = bundles.container(self.name).replace(b'"./Header"', json.dumps(name).encode())
        self.server.put(self.name, "1.0.0", bundles.tar_gz({**bundles.files(), "remoteEntry.js": entry}),
                        "?activate=true")
        self.assertEqual(self.spec()["exposes"], [name])
        for path in ("remoteEntry.js", "remoteEntry.mjs"):
            self.assertNotIn(b"</script", self.alias(path).body)

    # --- redirects ---

    def test_other_paths_lead_to_the_live_version(self):
        self.put("1.0.0", live=True)
        self.put("1.1.0")
        reply = self.assertStatus(self.alias("456.7d31690c.js"), 302)
        self.assertEqual((reply["Location"], reply["Cache-Control"], reply["Access-Control-Allow-Origin"]),
                         (self.url("1.0.0", "456.7d31690c.js"), "no-cache", "*"))
        self.server.make_live(self.name, "1.1.0")
        self.assertEqual(self.alias("456.7d31690c.js")["Location"], self.url("1.1.0", "456.7d31690c.js"))

    def test_a_file_of_an_older_version_is_still_found(self):
        self.put("1.0.0", old__js=b"old", both__js=b"1")
        self.put("1.1.0", both__js=b"2")
        self.put("1.2.0", live=True)
        self.assertEqual(self.alias("old.js")["Location"], self.url("1.0.0", "old.js"))
        self.assertEqual(self.alias("both.js")["Location"], self.url("1.1.0", "both.js"))
        self.assertStatus(self.alias("never.js"), 404)

    def test_a_name_is_escaped_in_the_location(self):
        names = {"a b.js": "a%20b.js", "\u00fc.js": "%C3%BC.js", "q?x.js": "q%3Fx.js", "h#x.js": "h%23x.js",
                 "p%x.js": "p%25x.js", '"<>.js': "%22%3C%3E.js"}
        self.server.put(self.name, "1.0.0", bundles.tar_gz({**bundles.files(), **dict.fromkeys(names, b"x")}),
                        "?activate=true")
        from urllib.parse import quote
        for name, escaped in names.items():
            with self.subTest(name):
                location = self.alias(quote(name))["Location"]
                self.assertEqual(location, self.url("1.0.0", escaped))
                self.assertEqual(self.public.get(location.removeprefix(self.prefix)).body, b"x")

    def test_headers_of_the_request_change_no_location(self):
        self.put("1.0.0", live=True)
        reply = self.public.call("GET", "/m/%s/456.7d31690c.js" % self.name, headers={
            "Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "gopher",
            "X-Forwarded-Prefix": "/evil", "Forwarded": "host=evil.example"})
        self.assertEqual(reply["Location"], self.url("1.0.0", "456.7d31690c.js"))
        for path in ("/m/%s/remoteEntry.js" % self.name, "/manifests/remotes.json"):
            reply = self.public.call("GET", path, headers={"Host": "evil.example",
                                                           "X-Forwarded-Host": "evil.example"})
            self.assertNotIn(b"evil.example", reply.body)

    def test_a_scoped_module(self):
        name = "@scope/" + self.name
        self.server.put(name, "1.0.0", bundles.bundle("scoped"), "?activate=true")
        self.assertEqual(self.public.get("/m/%s/456.7d31690c.js" % name)["Location"],
                         "%s/m/%s@1.0.0/456.7d31690c.js" % (self.prefix, name))
        self.assertIn(b'"module":"%s"' % name.encode(), self.public.get("/m/%s/remoteEntry.js" % name).body)

    def test_the_bare_module(self):
        self.put("1.0.0", live=True)
        for path in ("/m/" + self.name, "/m/%s/" % self.name, "/m/", "/m"):
            with self.subTest(path):
                self.assertStatus(self.public.get(path), 404)

    # --- Module Federation 2 ---

    def manifest(self, path):
        reply = self.assertStatus(self.public.get(path), 200)
        self.assertEqual((reply["Content-Type"], reply["Access-Control-Allow-Origin"]), ("application/json", "*"))
        return reply, reply.json

    def test_the_manifest(self):
        body = self.server.upload(self.name, "1.0.0", bundles.tar_gz(bundles.mf2_files("1")), "?activate=true")
        self.assertStatus(body, 201)
        self.assertEqual((body.json["format"], body.json["manifest"], body.json["container"]),
                         ("module-federation", "mf-manifest.json", "catalog"))
        self.assertEqual([e["name"] for e in body.json["exposes"]], ["./Header"])
        self.assertEqual(body.json["shared"], [{"name": "react", "version": "18.3.1", "requiredVersion": "^18.2.0",
                                                "singleton": True}])
        reply, versioned = self.manifest("/m/%s@1.0.0/mf-manifest.json" % self.name)
        self.assertIn("immutable", reply["Cache-Control"])
        original = json.loads(bundles.mf2_files("1")["mf-manifest.json"])
        self.assertEqual(versioned["exposes"], original["exposes"])
        self.assertEqual(versioned["shared"], original["shared"])
        self.assertEqual(versioned["metaData"]["remoteEntry"], original["metaData"]["remoteEntry"])
        self.assertEqual(versioned["metaData"]["publicPath"], self.url("1.0.0", "") if self.prefix else "auto")

        reply, live = self.manifest("/m/%s/mf-manifest.json" % self.name)
        self.assertEqual(reply["Cache-Control"], "no-cache")
        entry = live["metaData"]["remoteEntry"]
        self.assertEqual((entry["name"], entry["path"], entry["type"]), ("remoteEntry.js", "", "global"))
        # The final URL is publicPath + path + name; "auto" is the directory of this manifest.
        self.assertEqual(live["metaData"]["publicPath"],
                         "%s/m/%s/" % (self.prefix, self.name) if self.prefix else "auto")
        self.assertEqual(live["metaData"]["globalName"], "catalog")

        self.server.put(self.name, "1.1.0", bundles.tar_gz(bundles.mf2_files("2")))
        etag = reply["ETag"]
        self.assertStatus(self.alias("mf-manifest.json", if_none_match=etag), 304)
        self.server.make_live(self.name, "1.1.0")
        reply = self.assertStatus(self.alias("mf-manifest.json", if_none_match=etag), 200)
        self.assertEqual(reply.json["metaData"]["buildInfo"]["buildVersion"], "2")
        self.assertEqual(self.manifest("/m/%s@1.0.0/mf-manifest.json" % self.name)[1], versioned)

    def test_a_live_version_without_a_manifest(self):
        self.server.put(self.name, "1.0.0", bundles.tar_gz(bundles.mf2_files("1")), "?activate=true")
        self.put("1.1.0", live=True)
        self.assertEqual(self.alias("mf-manifest.json")["Location"], self.url("1.0.0", "mf-manifest.json"))

    def test_the_specs_urls(self):
        self.put("1.0.0", live=True)
        self.assertEqual((self.spec()["base"], self.spec()["entry"]),
                         (self.url("1.0.0", ""), self.url("1.0.0", "remoteEntry.js")))
        self.assertEqual(self.admin.get("/api/modules/%s/versions/1.0.0" % self.name).json["url"],
                         self.url("1.0.0", ""))


class WithPublicUrl(Alias):
    options = ("--public-url", ORIGIN)
    prefix = ORIGIN

    def test_a_page_names_the_origin(self):
        self.put("1.0.0", live=True)
        self.server.put_page("cdn", {"path": "/cdn", "title": "CDN", "slots": [
            {"name": "a", "module": self.name, "expose": "./Header"}]})
        reply = self.public.get("/cdn")
        self.assertIn((' src="%s"' % self.url("1.0.0", "remoteEntry.js")).encode(), reply.body)
        policy = reply["Content-Security-Policy"]
        for directive in ("style-src", "connect-src", "img-src", "font-src"):
            self.assertRegex(policy, directive + r"[^;]* " + re.escape(ORIGIN))


if __name__ == "__main__":
    main()
