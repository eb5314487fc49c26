#!/usr/bin/env python3
"""The HTTP API of import-map-deployer: what its own documents promise, and URLs that are hosted here.

usage: BERTH_BIN=path/to/berth tests/http/site/test_deployer.py [TestCase[.test]]
"""

import base64
import json

import bundles
from harness import EventStream, SiteCase, main

MODULE = b"export const bootstrap = 1, mount = 2, unmount = 3;\n"
SYSTEM = b"System.register([],function(e){return{execute:function(){e('a',1)}}});\n"


class Deployer(SiteCase):
    def basic(self, token=None, user="ci"):
        return "Basic " + base64.b64encode(("%s:%s" % (user, token or self.server.token)).encode()).decode()

    def call(self, method, path, value=None, token=None, authorization=None):
        headers = {"Authorization": authorization or self.basic(token)}
        body = json.dumps(value).encode() if value is not None else None
        if body is not None:
            headers["Content-Type"] = "application/json"
        return self.admin.call(method, path, body, headers, token="")

    def map(self):
        return self.assertStatus(self.call("GET", "/import-map.json"), 200).json

    def patch(self, value, query="?env=default&skip_url_check=true"):
        return self.assertStatus(self.call("PATCH", "/import-map.json" + query, value), 200).json

    def service(self, service, url, query="", **more):
        return self.call("PATCH", "/services" + query, {"service": service, "url": url, **more})


class Elsewhere(Deployer):
    """As its README and its own tests have it."""

    def tearDown(self):
        for name in list(self.map()["imports"]):
            if not name.endswith("/"):
                self.call("DELETE", "/services/" + name.replace("/", "%2F").replace("@", "%40"))
        super().tearDown()

    def test_environments(self):
        self.assertEqual(self.call("GET", "/environments").json, {"environments": [
            {"name": "default", "aliases": ["prod"], "isDefault": True},
            {"name": "prod", "aliases": ["default"], "isDefault": True}]})
        for method, path in (("GET", "/import-map.json"), ("PATCH", "/import-map.json"), ("PATCH", "/services"),
                             ("DELETE", "/services/a")):
            reply = self.call(method, path + "?env=staging", {} if method == "PATCH" else None)
            self.assertStatus(reply, 404, "environment-unknown")
        self.assertStatus(self.call("GET", "/import-map.json?env=prod"), 200)

    def test_health_needs_no_token(self):
        reply = self.admin.call("GET", "/health", token="")
        self.assertStatus(reply, 200)
        self.assertIn("message", reply.json)

    def test_an_empty_map(self):
        body = self.map()
        self.assertEqual((body["imports"], body["scopes"]), ({}, {}))

    def test_a_patch_is_merged_and_answered_with_the_whole(self):
        first = {"a": "/a-1.mjs", "b": "/b-1.mjs", "c": "/c-1.mjs"}
        self.assertEqual(self.patch({"imports": first})["imports"], first)
        body = self.patch({"imports": {"b": "https://cdn.example/b-2.mjs"}}, "?skip_url_check")
        self.assertEqual(body["imports"], {**first, "b": "https://cdn.example/b-2.mjs"})
        reply = self.assertStatus(self.service("a", "/a-1-updated.mjs"), 200)
        self.assertEqual(reply["Content-Type"], "application/json")
        self.assertEqual(reply.json["imports"]["a"], "/a-1-updated.mjs")
        body = self.assertStatus(self.call("DELETE", "/services/b"), 200).json
        self.assertNotIn("b", body["imports"])
        self.assertStatus(self.call("DELETE", "/services/never"), 200)

    def test_scopes_are_replaced_one_by_one(self):
        self.patch({"scopes": {"/s1/": {"a": "/a.js", "b": "/b.js"}, "/s2/": {"a": "/a2.js"}}})
        body = self.patch({"scopes": {"/s1/": {"c": "/c.js"}}})
        self.assertEqual(body["scopes"], {"/s1/": {"c": "/c.js"}, "/s2/": {"a": "/a2.js"}})

    def test_a_service_has_its_folder_too(self):
        for level, folder in ((None, "http://example.com/path/to/"), (1, "http://example.com/path/to/"),
                              (2, "http://example.com/path/"), (3, "http://example.com/"), (9, "http://example.com/")):
            query = "" if level is None else "?packageDirLevel=%d" % level
            imports = self.service("my-service", "http://example.com/path/to/my-service.js", query).json["imports"]
            self.assertEqual(imports["my-service"], "http://example.com/path/to/my-service.js")
            self.assertEqual(imports["my-service/"], folder, level)
        self.assertEqual(self.service("rel", "/lib/deep/a.js", "?packageDirLevel=2").json["imports"]["rel/"], "/lib/")
        self.assertNotIn("flat/", self.service("flat", "/flat.js").json["imports"])
        imports = self.call("DELETE", "/services/my-service").json["imports"]
        self.assertFalse({"my-service", "my-service/"} & set(imports))

    def test_names_are_encoded(self):
        self.service("@company/my-service", "https://cdn.example/x/a.js")
        body = self.call("DELETE", "/services/%40company%2Fmy-service").json
        self.assertNotIn("@company/my-service", body["imports"])
        self.service("https://cdn.example/d.js", "https://cdn.example/d2.js")
        body = self.call("DELETE", "/services/https%3A%2F%2Fcdn.example%2Fd.js").json
        self.assertNotIn("https://cdn.example/d.js", body["imports"])

    def test_integrity_goes_with_its_url(self):
        body = self.service("i", "/i.js", integrity="sha256-example").json
        self.assertEqual(body["integrity"]["/i.js"], "sha256-example")
        body = self.service("i", "/i2.js", integrity="sha256-2").json
        self.assertEqual(body["integrity"], {"/i2.js": "sha256-2"})
        body = self.service("i", "/i3.js").json
        self.assertEqual(body["integrity"], {})
        body = self.service("i", "/i3.js", integrity="sha256-3").json
        self.assertEqual(body["integrity"], {"/i3.js": "sha256-3"})
        body = self.call("DELETE", "/services/i").json
        self.assertEqual(body["integrity"], {})
        self.assertEqual(self.patch({"integrity": {"/x.js": "sha384-x"}})["integrity"], {"/x.js": "sha384-x"})

    def test_the_integrity_of_a_url_that_others_name_is_not_for_one_module(self):
        url = "https://cdn.example/checkout.js"
        self.assertStatus(self.service("checkout", url, integrity="sha384-right"), 200)
        token = self.server.token_for("cart", ("activate",))["token"]
        wrong = {"service": "cart", "url": url, "integrity": "sha384-wrong"}
        self.assertStatus(self.call("PATCH", "/services", wrong, token), 403)
        self.assertStatus(self.call("PATCH", "/services", {"service": "cart", "url": url}, token), 200)
        self.assertStatus(self.call("PATCH", "/services", {"service": "cart", "url": "/a/b.js"}, token), 200)
        self.assertEqual(self.map()["integrity"][url], "sha384-right")

    def test_the_same_again_changes_nothing(self):
        self.service("same", "https://cdn.example/same.js", integrity="sha384-s")
        generation = self.server.generation()
        self.service("same", "https://cdn.example/same.js", integrity="sha384-s")
        self.assertEqual(self.server.generation(), generation)

    def test_what_is_malformed_is_refused_and_changes_nothing(self):
        before = self.map()
        cases = [("PATCH", "/import-map.json", value) for value in (
            {"imports": {"a": {"type": "not string"}}}, {"imports": {"/slash/": "https://cdn.com/none.mjs"}},
            {"imports": ["a"]}, {"imports": {"": "/a.js"}}, {"imports": {"a": "ftp://x/y"}}, {"imports": {"a": "a b"}},
            {"imports": {"a": "/" + "x" * 3000}}, {"imports": {"x" * 600: "/a.js"}}, {"scopes": {"/a/": "x"}},
            {"scopes": {"/a/": {"b": 1}}}, {"scopes": []}, {"integrity": {"/a.js": None}}, {"integrity": "x"},
            {"imports": {"fine": "/fine.js", "a": None}}, [])]
        cases += [("PATCH", "/services", value) for value in (
            {}, {"service": "a"}, {"url": "/a.js"}, {"service": "  ", "url": "/a.js"}, {"service": 1, "url": "/a.js"},
            {"service": "a", "url": "nowhere"}, {"service": "a", "url": "/a.js", "integrity": 1})]
        cases += [("PATCH", "/services?packageDirLevel=" + n, {"service": "a", "url": "/a.js"}) for n in ("x", "0", "-1", "99")]
        for method, path, value in cases:
            with self.subTest(path=path, value=str(value)[:60]):
                self.assertStatus(self.call(method, path, value), 400)
        self.assertStatus(self.admin.call("PATCH", "/services", b"{", {
            "Authorization": self.basic(), "Content-Type": "application/json"}, token=""), 400, "json-syntax")
        self.assertEqual(self.map(), before)

    def test_there_is_an_end_to_it(self):
        self.assertStatus(self.call("PATCH", "/import-map.json", {"imports": {"n%d" % n: "/a.js" for n in range(2001)}}), 413,
                          "limit-imports")

    def test_it_is_in_what_loaders_read_at_once_and_after_a_restart(self):
        generation = self.server.generation()
        with EventStream(self.server) as stream:
            self.service("react", "https://cdn.example/react.js", integrity="sha384-r")
            event = stream.event()
            while event["event"] != "imports":
                event = stream.event()
            self.assertEqual(int(event["id"]), generation + 1)
        self.assertEqual(self.server.generation(), generation + 1)
        for _ in range(2):
            for name in ("importmap.json", "systemjs.importmap.json", "import-map.json"):
                body = self.public.get("/manifests/" + name).json
                self.assertEqual(body["imports"]["react"], "https://cdn.example/react.js", name)
                self.assertEqual(body["integrity"]["https://cdn.example/react.js"], "sha384-r")
            self.server.restart()
        with EventStream(self.server, last_id=generation) as stream:
            event = stream.event()
            self.assertEqual((event["event"], int(event["id"])), ("imports", generation + 1), "who was away is told after it")
        self.service("react", "https://cdn.example/react.js", integrity="sha384-r")
        record = self.admin.get("/api/activity").json["activity"][0]
        self.assertEqual((record["action"], record["by"]), ("imports", "admin"))
        self.assertStatus(self.admin.get("/api/activity/check"), 200)

    def test_who_may(self):
        for authorization in ("Basic nothing", "Basic " + base64.b64encode(b"no-colon").decode(), "Bearer x",
                              "Basic " + base64.b64encode(b"ci:berth_wrong").decode(), "Basic ****", "Basic " + "QUFB" * 400):
            self.assertStatus(self.call("GET", "/import-map.json", authorization=authorization), 401)
        self.assertStatus(self.admin.call("GET", "/environments", token=""), 401)
        self.assertStatus(self.call("GET", "/import-map.json", authorization="Bearer " + self.server.token), 200)
        token = self.server.token_for("@shop/*", ("activate",))["token"]
        self.assertStatus(self.call("PATCH", "/services", {"service": "@shop/a", "url": "/a/b.js"}, token), 200)
        self.assertStatus(self.call("PATCH", "/services", {"service": "other", "url": "/a.js"}, token), 403, "scope-module")
        self.assertStatus(self.call("PATCH", "/import-map.json", {"imports": {"@shop/b/": "/b/", "c": "/c.js"}}, token), 403)
        self.assertStatus(self.call("PATCH", "/import-map.json", {"scopes": {}}, token), 403, "scope-module")
        self.assertStatus(self.call("PATCH", "/import-map.json", {"integrity": {}}, token), 403, "scope-module")
        self.assertStatus(self.call("DELETE", "/services/other", token=token), 403)
        self.assertStatus(self.call("DELETE", "/services/@shop%2Fa", token=token), 200)
        publisher = self.server.token_for("*", ("publish",))["token"]
        self.assertStatus(self.call("PATCH", "/services", {"service": "a", "url": "/a.js"}, publisher), 403, "scope")


class Hosted(Deployer):
    options = ("--public-url", "https://mf.example")

    def put(self, name, version, text=MODULE):
        self.server.put(name, version, bundles.tar_gz({"index.js": text + version.encode().join([b"//", b"\n"])}))

    def test_a_url_that_is_hosted_here_is_an_activation(self):
        self.put("@shop/nav", "1.0.0")
        self.put("@shop/nav", "1.1.0")
        url = "https://mf.example/m/@shop/nav@%s/index.js"
        body = self.assertStatus(self.service("@shop/nav", url % "1.0.0"), 200).json
        self.assertEqual(body["imports"]["@shop/nav"], url % "1.0.0")
        self.assertEqual(body["imports"]["@shop/nav/"], "https://mf.example/m/@shop/nav@1.0.0/")
        body = self.patch({"imports": {"@shop/nav": url % "1.1.0", "@shop/nav/": "https://mf.example/m/@shop/nav@1.1.0/",
                                       "lodash": "https://cdn.example/lodash.js"}})
        self.assertEqual((body["imports"]["@shop/nav"], body["imports"]["lodash"]),
                         (url % "1.1.0", "https://cdn.example/lodash.js"))
        live = self.admin.get("/api/modules/@shop/nav/live").json
        self.assertEqual((live["version"], live["previous"]), ("1.1.0", "1.0.0"))
        self.assertStatus(self.server.rollback("@shop/nav"), 200)
        self.assertEqual(self.map()["imports"]["@shop/nav"], url % "1.0.0")

    def test_no_other_spelling_leads_past_the_activation(self):
        self.put("cart", "1.0.0")
        self.put("cart", "2.0.0")
        before = self.map()
        for url in ("/./m/cart@2.0.0/index.js", "/x/../m/cart@2.0.0/index.js", "../m/cart@2.0.0/index.js", "./m/cart@2.0.0/index.js",
                    "/%2e/m/cart@2.0.0/index.js", "/x/%2E./m/cart@2.0.0/index.js", "//mf.example/m/cart@2.0.0/index.js",
                    "https://mf.example/./m/cart@2.0.0/index.js", "/a/.."):
            with self.subTest(url):
                self.assertStatus(self.service("cart", url), 400, "url")
        self.assertEqual(self.map(), before)
        self.assertStatus(self.service("cart", "https://MF.Example/m/cart@2.0.0/index.js"), 200)
        self.assertEqual(self.admin.get("/api/modules/cart/live").json["version"], "2.0.0")
        self.assertStatus(self.service("dots", "/a.b/..c/.d/e..js"), 200)

    def test_a_name_that_comes_here_leads_somewhere_all_the_time(self):
        self.server.put("moves", "1.0.0", bundles.bundle("moves"))
        self.service("moves", "https://cdn.example/moves.js")
        self.assertStatus(self.service("moves", "/m/moves@1.0.0/remoteEntry.js"), 400, "hosted-format")
        self.assertEqual(self.map()["imports"]["moves"], "https://cdn.example/moves.js")

    def test_systemjs_and_root_relative_urls_too(self):
        self.put("legacy", "1.0.0", SYSTEM)
        body = self.assertStatus(self.service("legacy", "/m/legacy@1.0.0/index.js"), 200).json
        self.assertEqual(body["imports"]["legacy"], "https://mf.example/m/legacy@1.0.0/index.js")

    def test_what_cannot_be_activated_is_refused_before_anything(self):
        self.put("strict", "1.0.0")
        self.server.put("boxed", "1.0.0", bundles.bundle("boxed"))
        base = "https://mf.example/m/"
        for service, url, rule in (("strict", "strict@9.9.9/index.js", "version-unknown"), ("none", "none@1.0.0/index.js", "module-unknown"),
                                   ("other", "strict@1.0.0/index.js", "service"), ("strict", "strict@1.0.0/x.js", "hosted-entry"),
                                   ("strict", "strict/index.js", "hosted-url"), ("strict", "strict@one/index.js", "version"),
                                   ("boxed", "boxed@1.0.0/remoteEntry.js", "hosted-format")):
            with self.subTest(url):
                self.assertStatus(self.service(service, base + url), 400, rule)
                body = {"imports": {"fine": "/fine.js", service: base + url}}
                self.assertStatus(self.call("PATCH", "/import-map.json", body), 400, rule)
        self.assertNotIn("fine", self.map()["imports"])
        self.assertStatus(self.service("strict", base + "strict@1.0.0/index.js", integrity="sha384-x"), 400, "integrity")
        self.assertStatus(self.admin.get("/api/modules/strict/live"), 404)

    def test_what_is_live_here_decides(self):
        self.service("mine", "https://cdn.example/mine/a.js", integrity="sha384-m")
        self.put("mine", "1.0.0")
        body = self.assertStatus(self.service("mine", "https://mf.example/m/mine@1.0.0/index.js"), 200).json
        self.assertEqual(body["imports"]["mine"], "https://mf.example/m/mine@1.0.0/index.js")
        self.assertNotIn("https://cdn.example/mine/a.js", body["integrity"])
        self.assertStatus(self.service("mine", "https://cdn.example/mine/b.js"), 409, "module-live")
        self.assertStatus(self.call("DELETE", "/services/mine"), 409, "module-live")

    def test_a_token_for_one_module_activates_that_one(self):
        self.put("@team/a", "1.0.0")
        self.put("@else/a", "1.0.0")
        token = self.server.token_for("@team/*", ("activate",))["token"]
        reply = self.call("PATCH", "/services", {"service": "@team/a", "url": "/m/@team/a@1.0.0/index.js"}, token)
        self.assertStatus(reply, 200)
        reply = self.call("PATCH", "/services", {"service": "@else/a", "url": "/m/@else/a@1.0.0/index.js"}, token)
        self.assertStatus(reply, 403, "scope-module")


if __name__ == "__main__":
    main()
