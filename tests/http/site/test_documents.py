#!/usr/bin/env python3
"""Bundles that expose nothing: pages by themselves, shown as documents.

usage: BERTH_BIN=path/to/berth tests/http/site/test_documents.py [TestCase[.test]]
"""

import json

import bundles
from harness import SiteCase, main

PAGE = b'<!doctype html>\n<html><head><title>Shop</title><script src="main.js"></script></head><body>Hello</body></html>\n'
FILES = {"index.html": PAGE, "main.js": b"document.body.append('!')\n", "about/index.html": b"<p>About</p>"}
# As @module-federation/enhanced writes it for a host.
MANIFEST = json.dumps({
    "id": "shop", "name": "shop", "exposes": [], "shared": [], "remotes": [],
    "metaData": {"name": "shop", "type": "app", "buildInfo": {}, "globalName": "shop", "publicPath": "auto",
                 "remoteEntry": {"name": "", "path": "", "type": "global"}}}).encode()


class Documents(SiteCase):
    def live_document(self, module, files, path):
        made = self.server.upload(module, "1.0.0", bundles.tar_gz(files))
        self.assertStatus(made, 201)
        self.assertStatus(self.server.activate(module, "1.0.0"), 200)
        self.assertStatus(self.server.put_page(module, {"path": path, "document": {"module": module}}), 201)
        return made

    def test_it_is_taken_and_says_that_it_can_only_be_a_document(self):
        made = self.live_document("shop", FILES, "/shop")
        self.assertEqual(made.json["format"], "document")
        self.assertEqual(made.json["exposes"], [])
        self.assertNotIn("entry", made.json)
        self.assertEqual([warning["rule"] for warning in made.json["warnings"]], ["document"])
        shown = self.public.get("/shop")
        self.assertStatus(shown, 200)
        self.assertIn(b"<title>Shop</title>", shown.body)
        self.assertIn(b"/m/shop@1.0.0/\">", shown.body)  # the base of its own files
        script = self.public.get("/m/shop@1.0.0/main.js")
        self.assertStatus(script, 200)
        self.assertEqual(script.body, FILES["main.js"])

    def test_a_host_with_a_manifest_is_one_too(self):
        made = self.live_document("host", {**FILES, "mf-manifest.json": MANIFEST}, "/host")
        self.assertEqual(made.json["format"], "document")
        self.assertNotIn("manifest", made.json)
        self.assertStatus(self.public.get("/host"), 200)

    def test_it_is_no_remote(self):
        self.live_document("alone", FILES, "/alone")
        remotes = self.public.get("/manifests/remotes.json").json["remotes"]
        self.assertNotIn("entry", remotes.get("alone", {}))
        slots = [{"name": "main", "module": "alone", "expose": "./Header", "fallback": "<p>wait</p>"}]
        self.assertStatus(self.server.put_page("mixed", {"path": "/mixed", "title": "M", "slots": slots}), 201)
        page = self.public.get("/mixed")
        self.assertStatus(page, 200)
        self.assertIn(b"<p>wait</p>", page.body)
        self.assertNotIn(b'@1.0.0/"', page.body.split(b"<script", 1)[0])

    def test_a_version_with_a_module_takes_its_place_and_goes_again(self):
        self.live_document("both", FILES, "/both")
        self.assertStatus(self.server.upload("both", "2.0.0", bundles.tar_gz({**bundles.files("two"), "index.html": PAGE})), 201)
        self.assertStatus(self.server.activate("both", "2.0.0"), 200)
        self.assertIn(b"/m/both@2.0.0/", self.public.get("/both").body)
        self.assertStatus(self.server.rollback("both"), 200)
        self.assertIn(b"/m/both@1.0.0/", self.public.get("/both").body)

    def test_it_is_there_after_a_restart(self):
        self.live_document("kept", FILES, "/kept")
        self.server.restart()
        self.assertStatus(self.public.get("/kept"), 200)

    def test_without_an_index_html_it_is_refused(self):
        reply = self.server.upload("none", "1.0.0", bundles.tar_gz({"main.js": b"1", "mf-manifest.json": MANIFEST}))
        self.assertStatus(reply, 422, "entry-missing")
        self.assertIn("index.html", reply.json["hint"])


if __name__ == "__main__":
    main()
