#!/usr/bin/env python3
"""Pages: their manifests through the API, and what a browser gets at their paths.

usage: BERTH_BIN=path/to/berth tests/http/site/test_pages.py [TestCase[.test]]
"""

import base64
import glob
import gzip
import html.parser
import json
import os
import re
import shutil
import subprocess
import tempfile

import bundles
from harness import BERTH, LIVE, SHELL, Server, SiteCase, main

SOURCE = os.environ.get("BERTH_SOURCE") or os.path.join(os.path.dirname(__file__), "..", "..", "..")


class Tags(html.parser.HTMLParser):
    """Start tags in order, and the text of the state."""

    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.inside = ("", {})
        self.state = None
        self.texts = {}
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.inside = (tag, dict(attributes))
        self.tags.append(self.inside)

    def handle_endtag(self, tag):
        self.inside = ("", {})

    def handle_data(self, data):
        tag, attributes = self.inside
        self.texts[tag] = self.texts.get(tag, "") + data
        if attributes.get("id") == "berth-state":
            self.state = json.loads(data)

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def page(path, *slots, **more):
    slots = slots or ({"name": "main", "module": "header-app", "expose": "./Header", "fallback": "<p>wait</p>"},)
    return {"path": path, "title": "A page", "slots": list(slots), **more}


class Api(SiteCase):
    def test_a_page_is_made_changed_and_deleted(self):
        before = self.server.generation()
        made = self.server.put_page("life", page("/life"))
        self.assertStatus(made, 201)
        self.assertEqual(made.json, {"name": "life", "path": "/life", "revision": 1, "generation": before + 1})
        self.assertEqual(made["ETag"], '"1"')
        self.assertEqual(self.server.generation(), before + 1)
        changed = self.server.put_page("life", page("/life-2", title="Moved"), {"If-Match": '"1"'})
        self.assertStatus(changed, 200)
        self.assertEqual((changed.json["revision"], changed.json["generation"]), (2, before + 2))
        self.assertStatus(self.public.get("/life"), 404)
        self.assertIn(b"<title>Moved</title>", self.public.get("/life-2").body)
        self.assertStatus(self.admin.call("DELETE", "/api/pages/life"), 204)
        self.assertStatus(self.public.get("/life-2"), 404)
        self.assertStatus(self.admin.get("/api/pages/life"), 404, "page-unknown")
        self.assertEqual(self.server.generation(), before + 3)

    def test_the_same_manifest_again_changes_nothing(self):
        first = self.server.put_page("same", page("/same"))
        before = self.server.generation()
        again = self.server.put_page("same", page("/same"))
        self.assertStatus(again, 200)
        self.assertEqual(again.json, first.json)
        self.assertEqual(self.server.generation(), before)
        self.assertEqual(len(self.admin.get("/api/pages/same").json["history"]), 1)

    def test_a_deleted_page_comes_back(self):
        self.server.put_page("back", page("/back"))
        self.admin.call("DELETE", "/api/pages/back")
        again = self.server.put_page("back", page("/back"), {"If-None-Match": "*"})
        self.assertStatus(again, 201)
        self.assertEqual(again.json["revision"], 3, "a revision is never used twice")
        self.assertStatus(self.public.get("/back"), 200)
        kinds = [row["path"] is not None and "manifest" in row
                 for row in self.admin.get("/api/pages/back").json["history"]]
        self.assertEqual(kinds, [True, False, True])

    def test_a_page_with_its_history(self):
        self.server.put_page("history", page("/history", title="One"))
        self.server.put_page("history", page("/history", title="Two"))
        reply = self.admin.get("/api/pages/history")
        body = self.assertStatus(reply, 200).json
        self.assertEqual((body["name"], body["path"], body["revision"], body["by"], body["manifest"]["title"],
                          reply["ETag"]), ("history", "/history", 2, "admin", "Two", '"2"'))
        self.assertEqual([(row["revision"], row["manifest"]["title"], row["by"]) for row in body["history"]],
                         [(2, "Two", "admin"), (1, "One", "admin")])
        generations = [row["generation"] for row in body["history"]]
        self.assertEqual(generations, sorted(generations, reverse=True))
        self.assertStatus(self.admin.get("/api/pages/history", if_none_match='"2"'), 304)
        listed = [p for p in self.admin.get("/api/pages").json["pages"] if p["name"] == "history"]
        self.assertEqual([(p["path"], p["revision"]) for p in listed], [("/history", 2)])

    def test_preconditions_are_about_the_revision(self):
        self.assertStatus(self.server.put_page("pre", page("/pre"), {"If-Match": '"1"'}), 412)
        self.assertStatus(self.server.put_page("pre", page("/pre"), {"If-None-Match": "*"}), 201)
        self.assertStatus(self.server.put_page("pre", page("/pre", title="x"), {"If-None-Match": "*"}), 412)
        self.assertStatus(self.server.put_page("pre", page("/pre", title="x"), {"If-Match": '"7"'}), 412)
        self.assertStatus(self.server.put_page("pre", page("/pre", title="x"), {"If-Match": "1"}), 400)
        self.assertEqual(self.admin.get("/api/pages/pre").json["revision"], 1)
        self.assertStatus(self.admin.call("DELETE", "/api/pages/pre", headers={"If-Match": '"2"'}), 412)
        self.assertStatus(self.public.get("/pre"), 200)
        self.assertStatus(self.admin.call("DELETE", "/api/pages/pre", headers={"If-Match": '"1"'}), 204)
        self.assertStatus(self.admin.call("DELETE", "/api/pages/pre"), 404, "page-unknown")

    def test_two_pages_cannot_have_one_path(self):
        self.assertStatus(self.server.put_page("path-a", page("/path")), 201)
        self.assertStatus(self.server.put_page("path-b", page("/path")), 409, "page-path")
        self.assertStatus(self.admin.get("/api/pages/path-b"), 404)
        self.assertStatus(self.server.put_page("path-b", page("/other-path")), 201)
        self.assertStatus(self.server.put_page("path-b", page("/path")), 409, "page-path")
        self.assertStatus(self.public.get("/other-path"), 200)
        self.assertIn(b'data-berth-page="path-a"', self.public.get("/path").body)
        self.admin.call("DELETE", "/api/pages/path-a")
        self.assertStatus(self.server.put_page("path-b", page("/path")), 200)
        self.assertIn(b'data-berth-page="path-b"', self.public.get("/path").body)

    def test_what_is_wrong_is_pointed_at(self):
        slot = {"name": "main", "module": "m", "expose": "./A"}
        for manifest, where in (
                ([], "/"), ({}, "/path"), ({"path": "/w"}, "/title"),
                ({**page("/w"), "titel": "x"}, "/titel"),
                ({**page("/w"), "title": ""}, "/title"), ({**page("/w"), "title": "x" * 201}, "/title"),
                ({**page("/w"), "title": 5}, "/title"),
                ({"path": "/w", "title": "x"}, "/slots"), ({**page("/w"), "slots": []}, "/slots"),
                ({**page("/w"), "slots": {}}, "/slots"), ({**page("/w"), "slots": [slot] * 65}, "/slots"),
                (page("/w", 5), "/slots/0"), (page("/w", {**slot, "mod": "x"}), "/slots/0/mod"),
                (page("/w", {"module": "m", "expose": "./A"}), "/slots/0/name"),
                (page("/w", slot, {**slot, "name": "b", "module": None}), "/slots/1/module"),
                (page("/w", {**slot, "expose": ""}), "/slots/0/expose"), (page("/w", slot, slot), "/slots/1/name"),
                (page("/w", language="en_US"), "/language"), (page("/w", language=""), "/language"),
                (page("/w", slot, layout=[]), "/layout"), (page("/w", slot, layout={"column": "1fr"}), "/layout/column"),
                (page("/w", slot, layout={"columns": "1fr;}*{}"}), "/layout/columns"),
                (page("/w", slot, layout={"gap": "URL(x)"}), "/layout/gap"),
                (page("/w", slot, layout={"areas": []}), "/layout/areas"),
                (page("/w", slot, layout={"areas": ["main", "other"]}), "/layout/areas/1"),
                (page("/w", slot, layout={"areas": ["main .", "main"]}), "/layout/areas/1"),
                (page("/w", csp=[]), "/csp"), (page("/w", csp={"script-src": ["https://x"]}), "/csp/script-src"),
                (page("/w", csp={"img-src": "data:"}), "/csp/img-src"),
                (page("/w", csp={"img-src": ["*"]}), "/csp/img-src"),
                (page("/w", csp={"connect-src": ["https://x; script-src *"]}), "/csp/connect-src"),
                (page("/w", csp={"connect-src": ["'unsafe-eval'"]}), "/csp/connect-src"),
                ({"path": "/w", "document": 5}, "/document"), ({"path": "/w", "document": {}}, "/document/module"),
                ({"path": "/w", "document": {"module": "m"}, "slots": [slot]}, "/document"),
                ({"path": "/w", "document": {"module": "m", "fil": "x"}}, "/document/fil"),
                ({"path": "/w", "document": {"module": "M"}}, "/document/module")):
            with self.subTest(where=where, manifest=str(manifest)[:80]):
                reply = self.server.put_page("wrong", manifest)
                self.assertIn(reply.status, (400, 422), reply)
                self.assertEqual(reply.json["where"], where, reply)
        self.assertStatus(self.admin.get("/api/pages/wrong"), 404)

    def test_a_wrong_member_of_a_slot_is_pointed_at(self):
        slot = {"name": "main", "module": "m", "expose": "./A"}
        for key, value in (("module", "M"), ("name", "Main"), ("name", "a b"), ("fallback", 5),
                           ("fallback", "x" * 65537), ("props", [])):
            with self.subTest(key=key):
                reply = self.server.put_page("wrong-slot", page("/w", {**slot, key: value}))
                self.assertIn(reply.status, (400, 422), reply)
                self.assertTrue(reply.json["where"].startswith("/slots/0"), reply)

    def test_paths(self):
        for path in ("", "x", "//", "/a//b", "/a/../b", "/.", "/a/.hidden", "/a b", "/\u00fc", "/a?b", "/a#b", "/%41",
                     "/a\\b", "/m", "/m/x", "/manifests", "/manifests/remotes.json", "/events", "/reports",
                     "/livez", "/readyz", "/_berth", "/_berth/x", "/" + "x" * 256, "/a;b"):
            with self.subTest(path):
                reply = self.server.put_page("paths", page(path))
                self.assertEqual((reply.status, reply.json["where"]), (422, "/path"), reply)
        for path in ("/a", "/a/b/c", "/A-b_c.d~e", "/m2", "/eventsx", "/a/m", "/", "/a/", "/x" * 128):
            with self.subTest(path):
                self.assertIn(self.server.put_page("paths", page(path)).status, (200, 201))
                self.assertStatus(self.public.get(path), 200)

    def test_names(self):
        for name in ("A", ".a", "a%20b", "%C3%A9", "a" * 65):
            with self.subTest(name):
                self.assertStatus(self.server.put_page(name, page("/names")), 400)
        self.assertStatus(self.server.put_page("n.a-m_e9", page("/names")), 201)

    def test_bodies(self):
        kind = {"Content-Type": "application/json"}
        for body, status in ((b"{", 400), (b"", 400), (b'{"path":"/x","path":"/y"}', 400), (b"\xff", 400),
                             (b'"' + b"x" * 3_000_000 + b'"', 413)):
            with self.subTest(body[:20]):
                self.assertStatus(self.admin.call("PUT", "/api/pages/body", body, kind), status)
        self.assertStatus(self.admin.call("PUT", "/api/pages/body", b"{}", {"Content-Type": "text/plain"}), 415)
        self.assertStatus(self.admin.call("PUT", "/api/pages/body", None, kind), 411)

    def test_the_manifests_of_the_repository_are_fine(self):
        paths = [path for path in glob.glob(os.path.join(SOURCE, "manifests", "*.json"))
                 if not path.endswith("schema.json")]
        self.assertTrue(paths)
        for path in paths:
            with open(path, encoding="utf-8") as file:
                manifest = json.load(file)
            name = "repo-" + os.path.basename(path).removesuffix(".json")
            with self.subTest(name):
                reply = self.server.put_page(name, {**manifest, "path": "/repo" + manifest["path"]})
                self.assertStatus(reply, 201)


class Composed(SiteCase):
    NONCE = re.compile(r"'nonce-([A-Za-z0-9+/=]{24,})'")

    def setUp(self):
        self.name = "p-" + self._testMethodName.removeprefix("test_").replace("_", "-")[:50]
        self.path = "/" + self.name

    def get(self, **headers):
        return self.public.get(self.path, **headers)

    def test_what_a_browser_gets(self):
        build = self.server.put("@shop/cart", "1.0.0", bundles.bundle("cart"), "?activate=true")
        props = {"text": "</script><!--<script>", "n": 1, "\u00fc": ["\u2028"]}
        slots = ({"name": "top", "module": "@shop/cart", "expose": "./Header", "props": props,
                  "fallback": "<p>The cart is on its way.</p>"},
                 {"name": "2nd.slot", "module": "@shop/cart", "expose": "./Header"},
                 {"name": "none", "module": "never-live", "expose": "./X", "fallback": "<b>Nothing</b>"})
        self.server.put_page(self.name, page(
            self.path, *slots, title="A & B <c> \"d\"", language="pt-BR",
            layout={"columns": "1fr 20rem", "areas": ["top top", "2nd.slot none"], "gap": "1rem"},
            csp={"connect-src": ["https://api.example.org"]}))
        reply = self.assertStatus(self.get(), 200)
        self.assertEqual((reply["Content-Type"], reply["Cache-Control"]), ("text/html; charset=utf-8", "no-cache"))
        self.assertRegex(reply["ETag"], r'^W/"[0-9a-f]+"$')
        self.assertIsNone(reply["Access-Control-Allow-Origin"])
        text = reply.body.decode()
        self.assertTrue(text.startswith("<!doctype html>"))
        tags = Tags(text)
        self.assertEqual(tags.all("html"), [{"lang": "pt-BR"}])
        self.assertEqual(tags.texts["title"], 'A & B <c> "d"')

        # One nonce, the same in the policy and on every tag that needs one.
        policy = reply["Content-Security-Policy"]
        nonces = set(self.NONCE.findall(policy))
        self.assertEqual(len(nonces), 1)
        nonce = nonces.pop()
        self.assertGreaterEqual(len(base64.b64decode(nonce)), 16)
        for name in ("script", "style", "link"):
            for attributes in tags.all(name):
                if attributes.get("type") != "application/json" and attributes.get("rel") != "icon":
                    self.assertEqual(attributes.get("nonce"), nonce, attributes)
        self.assertIn("script-src 'nonce-%s' 'strict-dynamic';" % nonce, policy)
        self.assertIn("default-src 'none'", policy)
        self.assertIn("base-uri 'none'", policy)
        self.assertIn("object-src 'none'", policy)
        self.assertRegex(policy, "connect-src 'self' https://api.example.org;")
        self.assertNotIn("unsafe", policy)

        # The shell, and what the page will need: as scripts, where the shell knows whose they are.
        self.assertIn("<script nonce=\"%s\">%s" % (nonce, SHELL.decode()), text)
        scripts = {a["src"]: a for a in tags.all("script") if "src" in a}
        entry = scripts["/m/@shop/cart@1.0.0/remoteEntry.js"]
        self.assertEqual((entry["crossorigin"], entry["integrity"], entry["data-berth-script"]),
                         ("anonymous", build["integrity"], "@shop/cart@1.0.0"))
        self.assertIn("async", entry)
        self.assertIn("/m/@shop/cart@1.0.0/456.7d31690c.js", scripts)
        for url in scripts:
            self.assertStatus(self.public.get(url), 200)

        # Slots with their fallback, and the state.
        self.assertEqual([a["data-berth-slot"] for a in tags.all("div") if "data-berth-slot" in a],
                         ["top", "2nd.slot", "none"])
        self.assertIn('<div data-berth-slot="top"><p>The cart is on its way.</p></div>', text)
        self.assertIn("<b>Nothing</b>", text)
        state = tags.state
        self.assertEqual([(s["name"], s["module"], s["expose"]) for s in state["slots"]],
                         [(s["name"], s["module"], s["expose"]) for s in slots])
        self.assertEqual(state["slots"][0]["props"], props)
        remotes = self.public.get("/manifests/remotes.json").json["remotes"]
        self.assertEqual(state["modules"], {"@shop/cart": remotes["@shop/cart"]})
        self.assertEqual((state["page"], state["generation"]), (self.name, remotes["@shop/cart"]["generation"]))
        for url in state["urls"].values():
            self.assertIn(url, ("/events", "/manifests/remotes.json", "/reports"))

    def test_an_activation_shows_at_once_and_only_where_the_module_is(self):
        shown, other = self.name + "-shown", self.name + "-other"
        for module in (shown, other):
            for version in ("1.0.0", "2.0.0"):
                self.server.put(module, version, bundles.bundle(module + version))
            self.server.make_live(module, "1.0.0")
        paths = ["/%s/%d" % (self.name, i) for i in range(20)]
        for i, path in enumerate(paths):
            slots = [{"name": "a", "module": shown if i % 2 else other, "expose": "./Header"}]
            self.server.put_page("%s-%d" % (self.name, i), page(path, *slots))
        before = [self.public.get(path) for path in paths]
        for version in ("2.0.0", "1.0.0"):
            generation = self.server.make_live(shown, version)["generation"]
            for i, path in enumerate(paths):
                reply = self.public.get(path)
                state = Tags(reply.body.decode()).state
                if i % 2:
                    self.assertEqual(state["modules"][shown]["version"], version)
                    self.assertEqual(state["generation"], generation)
                    self.assertNotEqual(reply["ETag"], before[i]["ETag"])
                else:
                    self.assertEqual(state["modules"][other]["version"], "1.0.0")
                    self.assertEqual(reply["ETag"], before[i]["ETag"])
        # Another title concerns that page alone; a page that was not asked for since it changed, too.
        slot = {"name": "a", "module": other, "expose": "./Header"}
        self.server.put_page(self.name + "-0", page(paths[0], slot, title="Another"))
        self.assertIn(b"<title>Another</title>", self.public.get(paths[0]).body)
        self.assertEqual(self.public.get(paths[2])["ETag"], before[2]["ETag"])

    def test_a_nonce_is_never_used_twice(self):
        self.server.put_page(self.name, page(self.path))
        seen = set()
        for _ in range(50):
            reply = self.get()
            seen.add(self.NONCE.findall(reply["Content-Security-Policy"])[0])
        self.assertEqual(len(seen), 50)

    def test_a_304_carries_no_policy(self):
        self.server.put_page(self.name, page(self.path))
        etag = self.get()["ETag"]
        self.assertEqual(self.get()["ETag"], etag)
        for value in (etag, etag.removeprefix("W/"), '"x", ' + etag, "*"):
            reply = self.assertStatus(self.get(if_none_match=value), 304)
            self.assertIsNone(reply["Content-Security-Policy"])
            self.assertIsNone(reply["Link"], "its nonce would not be that of the stored policy")
            self.assertEqual((reply["ETag"], reply.body), (etag, b""))

    def test_what_the_page_fetches_is_in_the_link_header(self):
        self.server.put_page(self.name, page(self.path, {"name": "a", "module": self.name, "expose": "./Header"}))
        self.assertIsNone(self.get()["Link"])
        build = self.server.put(self.name, "1.0.0", bundles.bundle(self.name), "?activate=true")
        reply = self.get()
        nonce = self.NONCE.findall(reply["Content-Security-Policy"])[0]
        links = reply["Link"].split(", ")
        self.assertEqual(links[0], '</m/%s@1.0.0/remoteEntry.js>; rel=preload; as=script; crossorigin; nonce="%s"; '
                                   'integrity="%s"' % (self.name, nonce, build["integrity"]))
        self.assertEqual([link.split(">")[0] for link in links],
                         ["</m/%s@1.0.0/%s" % (self.name, path) for path in ("remoteEntry.js", "456.7d31690c.js")])

    def test_a_compressed_page_is_the_page(self):
        self.server.put_page(self.name, page(self.path))
        plain = self.get()
        for accept in ("gzip", "gzip, deflate, br, zstd", "x-gzip;q=0.5, identity;q=0.1"):
            reply = self.assertStatus(self.get(accept_encoding=accept), 200)
            self.assertEqual((reply["Content-Encoding"], reply["Vary"]), ("gzip", "Accept-Encoding"))
            self.assertLess(len(reply.body), len(plain.body))
            nonces = [self.NONCE.findall(each["Content-Security-Policy"])[0].encode() for each in (plain, reply)]
            self.assertEqual(gzip.decompress(reply.body).replace(nonces[1], nonces[0]), plain.body)
        self.assertEqual((plain["Content-Encoding"], plain["Vary"]), (None, "Accept-Encoding"))
        for accept in ("identity", "gzip;q=0", "br", ""):
            self.assertIsNone(self.get(accept_encoding=accept)["Content-Encoding"])

    def test_each_coding_of_a_page_has_an_etag_of_its_own(self):
        self.server.put_page(self.name, page(self.path))
        plain, packed = self.get(), self.get(accept_encoding="gzip")
        self.assertNotEqual(plain["ETag"], packed["ETag"])
        self.assertStatus(self.get(accept_encoding="gzip", if_none_match=plain["ETag"]), 200)
        self.assertStatus(self.get(if_none_match=packed["ETag"]), 200)
        reply = self.assertStatus(self.get(accept_encoding="gzip", if_none_match=packed["ETag"]), 304)
        self.assertEqual((reply["Vary"], reply["ETag"]), ("Accept-Encoding", packed["ETag"]))
        head = self.public.call("HEAD", self.path, headers={"Accept-Encoding": "gzip"})
        self.assertEqual([head[name] for name in ("Content-Length", "Content-Encoding", "ETag")],
                         [packed[name] for name in ("Content-Length", "Content-Encoding", "ETag")])

    def test_head(self):
        self.server.put_page(self.name, page(self.path))
        get, head = self.get(), self.public.call("HEAD", self.path)
        self.assertStatus(head, 200)
        for name in ("Content-Type", "Content-Length", "ETag", "Cache-Control"):
            self.assertEqual(head[name], get[name])

    def test_a_page_is_not_cut_into_ranges(self):
        self.server.put_page(self.name, page(self.path))
        reply = self.assertStatus(self.get(range="bytes=0-9"), 200)
        self.assertIn(b"</html>", reply.body)

    def test_the_etag_follows_what_is_live(self):
        for version in ("1.0.0", "1.1.0"):
            self.server.put(self.name, version, bundles.bundle(self.name + version))
        self.server.put_page(self.name, page(self.path, {"name": "a", "module": self.name, "expose": "./Header"}))
        seen = [self.get()["ETag"]]
        for step in (lambda: self.server.make_live(self.name, "1.0.0"),
                     lambda: self.server.make_live(self.name, "1.1.0"),
                     lambda: self.server.rollback(self.name)):
            step()
            reply = self.assertStatus(self.get(if_none_match=seen[-1]), 200)
            self.assertNotIn(reply["ETag"], seen)
            seen.append(reply["ETag"])
        self.assertIn(b"@1.0.0/remoteEntry.js", reply.body)
        self.assertEqual(Tags(reply.body.decode()).state["modules"][self.name]["version"], "1.0.0")

    def test_a_trailing_slash_is_another_path(self):
        self.server.put_page(self.name, page(self.path))
        self.assertStatus(self.public.get(self.path + "/"), 404)
        self.assertStatus(self.public.get(self.path.upper()), 404)
        self.assertStatus(self.public.get(self.path + "?x=1"), 200)

    def test_headers_of_the_request_change_no_page(self):
        self.server.put_page(self.name, page(self.path))
        plain = self.get()
        reply = self.public.call("GET", self.path, headers={
            "Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http"})
        self.assertNotIn(b"evil", reply.body)
        self.assertEqual(reply["ETag"], plain["ETag"])
        self.assertNotIn("evil", reply["Content-Security-Policy"])


class Ahead(SiteCase):
    """What a page brings itself: the shell, scripts that run ahead of it, prerendered slots with their styles."""
    SHELL = b"console.log('shell')\n"
    CSS = b"h1{background:url(../a.png)}/* </style> */h2::before{content:'</style>'}"

    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp(prefix="berth-http-")
        cls.addClassCleanup(shutil.rmtree, folder)
        for name, text in (("shell.js", cls.SHELL), ("shell.js.map", b"{}"), ("live.js", LIVE)):
            with open(os.path.join(folder, name), "wb") as file:
                file.write(text)
        cls.server = Server(frontend=folder)
        cls.addClassCleanup(cls.server.stop)

    def put(self, name, html=b"<h1>Header</h1>", css=CSS):
        declaration = {"exposes": {"./Header": {"prerendered": "ahead/header.html"}}}
        manifest = {"id": name, "name": name, "metaData": {
            "name": name, "type": "app", "publicPath": "auto", "globalName": "appHeader",
            "remoteEntry": {"name": "remoteEntry.js", "path": "", "type": "global"}},
            "shared": [], "remotes": [], "exposes": [{"name": "Header", "path": "./Header", "assets": {
                "js": {"sync": ["456.7d31690c.js"], "async": []}, "css": {"sync": ["css/a.css"], "async": []}}}]}
        build = bundles.files(name)
        build.update({"berth.json": json.dumps(declaration).encode(), "ahead/header.html": html, "css/a.css": css,
                      "mf-manifest.json": json.dumps(manifest).encode()})
        return self.server.put(name, "1.0.0", bundles.tar_gz(build), "?activate=true")

    def page_of(self, name, **slot):
        self.server.put_page(name, page("/" + name, {"name": "main", "module": name, "expose": "./Header",
                                                     "fallback": "<p>wait</p>", **slot}))
        reply = self.assertStatus(self.public.get("/" + name), 200)
        nonce = Composed.NONCE.findall(reply["Content-Security-Policy"])[0]
        return reply, reply.body.decode().replace(nonce, "NONCE")

    def test_a_page_has_the_shell_in_it_and_scripts_behind_it(self):
        build = self.put("inline")
        reply, text = self.page_of("inline")
        shell = re.search("/_berth/shell\\.[0-9a-f]{16}\\.js\\.map", text).group(0).removesuffix(".map")
        self.assertEqual(self.public.get(shell).body, self.SHELL)
        self.assertIn('<script nonce="NONCE">console.log(\'shell\')\n'
                      "//# sourceMappingURL=%s.map\n</script>\n" % shell, text)
        self.assertIn('<script async crossorigin="anonymous" nonce="NONCE" integrity="%s" '
                      'src="/m/inline@1.0.0/remoteEntry.js" data-berth-script="inline@1.0.0"></script>\n'
                      % build["integrity"], text)
        tags = Tags(text)
        kinds = [a.get("id") or a.get("data-berth-script", "shell") for a in tags.all("script")]
        self.assertEqual(kinds, ["berth-state", "shell", "inline@1.0.0", "inline@1.0.0"])
        sources = [a["src"] for a in tags.all("script") if "src" in a] + [a["href"] for a in tags.all("link")]
        self.assertEqual(len(sources), len(set(sources)))
        self.assertIn("rel=preload; as=script; crossorigin;", reply["Link"])

    def test_a_slot_shows_its_prerendered_content(self):
        self.put("ahead")
        _, text = self.page_of("ahead")
        self.assertIn('<div data-berth-slot="main"><div data-berth-prerendered="ahead@1.0.0"><h1>Header</h1></div></div>',
                      text)
        self.assertIn('<style data-berth-prerendered="ahead@1.0.0" nonce="NONCE">'
                      "h1{background:url(/m/ahead@1.0.0/css/../a.png)}/**/h2::before{content:'<\\/style>'}</style>", text)
        # The bundle will ask for the file all the same.
        self.assertIn('<link rel="preload" as="style" href="/m/ahead@1.0.0/css/a.css"', text)
        _, text = self.page_of("ahead", props={"n": 1})
        self.assertIn('<div data-berth-slot="main"><p>wait</p></div>', text)
        self.assertNotIn("data-berth-prerendered=", text)
        self.assertIn('<link rel="preload" as="style" href="/m/ahead@1.0.0/css/a.css"', text)

    def test_styles_that_the_page_cannot_take_are_linked(self):
        self.put("linked", css=b"@import 'b.css';")
        _, text = self.page_of("linked")
        self.assertRegex(text, '<link rel="stylesheet" href="/m/linked@1.0.0/css/a.css" crossorigin="anonymous" '
                               'integrity="[^"]+" data-berth-prerendered="linked@1.0.0">')
        self.assertIn("<h1>Header</h1>", text)

    def test_a_shell_that_would_end_its_element_is_refused(self):
        folder = tempfile.mkdtemp(prefix="berth-http-")
        self.addCleanup(shutil.rmtree, folder)
        for name, text in (("shell.js", b"'</script>'"), ("live.js", LIVE)):
            with open(os.path.join(folder, name), "wb") as file:
                file.write(text)
        done = subprocess.run([BERTH, "serve", "--data", os.path.join(folder, "data"), "--frontend", folder,
                               "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"], capture_output=True,
                              text=True, timeout=10, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn('in a <script> element, and it has "</script" in it', done.stderr)


class Documents(SiteCase):
    HTML = (b'<!DOCTYPE html>\n<!-- <head> <script> --><html lang="de"><HEAD data-x=">"><meta charset="utf-8">'
            b'<title>Doc <script></title><script src="main.js" nonce="theirs"></script><STYLE>p{}</STYLE>'
            b'<script>if (1 < 2) document.write("<script>")</script><link rel="stylesheet" href="a.css">'
            b"<scripted></scripted></HEAD><body><p>hello</p></body></html>")

    def page(self, module, path, **document):
        return self.server.put_page(module, {"path": path, "document": {"module": module, **document}})

    def test_a_document(self):
        self.server.put("doc", "1.0.0", bundles.bundle("doc", index__html=self.HTML, main__js=b"1"))
        self.assertStatus(self.page("doc", "/doc"), 201)
        reply = self.assertStatus(self.public.get("/doc"), 404)
        self.assertIn("activate", reply.json["hint"])
        self.server.make_live("doc", "1.0.0")
        reply = self.assertStatus(self.public.get("/doc"), 200)
        text = reply.body.decode()
        nonce = Composed.NONCE.findall(reply["Content-Security-Policy"])[0]
        tags = Tags(text)
        self.assertEqual(tags.all("base"), [{"href": "/m/doc@1.0.0/"}])
        self.assertLess(text.index("<base"), text.index("<meta"))
        scripts = re.findall(r"<script nonce=\"([^\"]*)\"", text)
        self.assertEqual(scripts, [nonce, nonce], text)
        self.assertIn('<STYLE nonce="%s">' % nonce, text)
        self.assertEqual((tags.all("link")[0]["href"], tags.all("link")[0]["nonce"]), ("a.css", nonce))
        self.assertRegex(reply["Content-Security-Policy"], "style-src [^;]*'self'", "sheets come from here")
        self.assertIn('document.write("<script>")', text, "a script's text is left alone")
        self.assertIn("<title>Doc <script></title>", text)
        self.assertIn("<!-- <head> <script> -->", text)
        self.assertIn("<scripted>", text)
        self.assertIn("base-uri 'self'", reply["Content-Security-Policy"])
        self.assertNotIn("sandbox", reply["Content-Security-Policy"])
        self.assertRegex(reply["ETag"], r'^W/"[0-9a-f]+"$')
        self.assertStatus(self.public.get("/doc", if_none_match=reply["ETag"]), 304)
        packed = self.public.get("/doc", accept_encoding="gzip")
        theirs = Composed.NONCE.findall(packed["Content-Security-Policy"])[0]
        self.assertEqual(gzip.decompress(packed.body).decode().replace(theirs, nonce), text)
        # The same file as an asset stays in its sandbox, as it was uploaded.
        asset = self.public.get("/m/doc@1.0.0/index.html")
        self.assertEqual((asset.body, asset["Content-Security-Policy"]), (self.HTML, "sandbox"))

        self.server.put("doc", "1.1.0", bundles.bundle("doc 2", index__html=b"<p>second"), "?activate=true")
        changed = self.assertStatus(self.public.get("/doc", if_none_match=reply["ETag"]), 200)
        self.assertIn(b'<base href="/m/doc@1.1.0/"><p>second', changed.body)
        self.server.rollback("doc")
        self.assertIn(b"hello", self.public.get("/doc").body)

    def test_a_version_without_the_file(self):
        self.server.put("lacks", "1.0.0", bundles.bundle("lacks", about__html=b"<p>about"), "?activate=true")
        self.page("lacks", "/lacks")
        self.assertStatus(self.public.get("/lacks"), 404)
        self.assertStatus(self.page("lacks", "/lacks", file="about.html"), 200)
        self.assertIn(b"about", self.public.get("/lacks").body)

    def test_a_document_with_a_scope(self):
        self.server.put("@shop/doc", "1.0.0", bundles.bundle("x", index__html=b"<html><body>x"), "?activate=true")
        self.assertStatus(self.server.put_page("scoped", {"path": "/scoped", "document": {"module": "@shop/doc"}}), 201)
        self.assertIn(b'<html><base href="/m/@shop/doc@1.0.0/"><body>', self.public.get("/scoped").body)

    def test_an_odd_document_is_shown_as_it_is(self):
        for number, text in enumerate((b"", b"<", b"<script", b"<!--", b"</", b"<p a='>", b"<head", b"\xff\xfe<p>",
                                       b"<style>", b"<script><!--<script></script>", b"<" * 1000)):
            with self.subTest(text[:20]):
                name = "odd-%d" % number
                self.server.put(name, "1.0.0", bundles.bundle(name, index__html=text), "?activate=true")
                self.page(name, "/" + name)
                reply = self.assertStatus(self.public.get("/" + name), 200)
                nonce = Composed.NONCE.findall(reply["Content-Security-Policy"])[0].encode()
                plain = reply.body.replace(b' nonce="%s"' % nonce, b"").replace(
                    b'<base href="/m/%s@1.0.0/">' % name.encode(), b"")
                self.assertEqual(plain, text)


if __name__ == "__main__":
    main()
