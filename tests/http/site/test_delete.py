#!/usr/bin/env python3
"""Deleting a version: what it takes away, what it leaves, and who may do it.

usage: BERTH_BIN=path/to/berth tests/http/site/test_delete.py [TestCase[.test]]
"""

import json
import urllib.parse

import bundles
from harness import SiteCase, at_once, main


class Delete(SiteCase):
    def module(self, name, *versions, live=None):
        for version in versions:
            self.server.put(name, version, bundles.bundle("%s %s" % (name, version)))
        if live:
            self.server.make_live(name, live)

    def delete(self, name, version, reason=None, token=None):
        query = "?reason=" + urllib.parse.quote(reason) if reason else ""
        return self.admin.call("DELETE", "/api/modules/%s/versions/%s%s" % (name, version, query), token=token)

    def urls(self, name, version):
        return ["/m/%s@%s/%s" % (name, version, path) for path in ("remoteEntry.js", "456.7d31690c.js")]

    def versions(self, name):
        return [v["version"] for v in self.admin.get("/api/modules/%s/versions" % name).json["versions"]]

    def previous(self, name):
        entry = self.public.get("/m/%s/remoteEntry.js" % name).body.decode()
        spec = json.loads(entry[entry.rindex("__BERTH__.live(") + len("__BERTH__.live("):entry.rindex(")")])
        return spec.get("previous", {}).get("version")

    def test_its_urls_answer_no_one_from_then_on_and_after_a_restart(self):
        self.module("gone", "1.0.0", "1.1.0", live="1.1.0")
        for url in self.urls("gone", "1.0.0"):
            self.assertStatus(self.public.get(url), 200)
        generation = self.server.generation()
        self.assertStatus(self.delete("gone", "1.0.0", "it leaks a key"), 204)
        for _ in range(2):
            for url in self.urls("gone", "1.0.0"):
                reply = self.public.get(url)
                self.assertStatus(reply, 404, "not-found")
                self.assertEqual(reply["Cache-Control"], "no-store")
            self.assertEqual(self.versions("gone"), ["1.1.0"])
            self.assertEqual(self.admin.get("/api/modules/gone").json["versions"], 1)
            self.assertStatus(self.admin.get("/api/modules/gone/versions/1.0.0"), 404, "version-deleted")
            self.assertStatus(self.server.activate("gone", "1.0.0"), 404, "version-deleted")
            self.assertStatus(self.server.rollback("gone", {"version": "1.0.0"}), 404, "version-deleted")
            self.assertStatus(self.delete("gone", "1.0.0"), 404, "version-deleted")
            self.assertEqual(self.server.generation(), generation, "what is live is the same")
            self.server.restart()

    def test_its_name_stays_taken(self):
        self.module("taken", "1.0.0", "1.1.0", live="1.1.0")
        self.assertStatus(self.delete("taken", "1.0.0"), 204)
        for mark in ("taken 1.0.0", "others"):
            self.assertStatus(self.server.upload("taken", "1.0.0", bundles.bundle(mark)), 409, "version-deleted")
        self.module("taken", "1.2.0")
        self.assertEqual(self.versions("taken"), ["1.1.0", "1.2.0"])

    def test_what_is_live_is_not_deleted(self):
        self.module("kept", "1.0.0", "1.1.0", live="1.0.0")
        self.assertStatus(self.delete("kept", "1.0.0"), 409, "version-live")
        self.assertStatus(self.public.get(self.urls("kept", "1.0.0")[0]), 200)
        self.assertStatus(self.delete("kept", "9.0.0"), 404, "version-unknown")
        self.assertStatus(self.delete("nothing", "1.0.0"), 404, "module-unknown")

    def test_neither_a_way_back_nor_a_page_leads_to_it(self):
        self.module("back", "1.0.0", "1.1.0", "1.2.0")
        for version in ("1.0.0", "1.1.0", "1.2.0"):
            self.server.make_live("back", version)
        self.server.put_page("back", {"path": "/back", "title": "Back",
                                      "slots": [{"name": "a", "module": "back", "expose": "./Header"}]})
        self.assertEqual(self.previous("back"), "1.1.0")
        self.assertIn(b"back@1.1.0", self.public.get("/back").body)
        self.assertStatus(self.delete("back", "1.1.0"), 204)
        self.assertNotIn(b"1.1.0", self.public.get("/back").body)
        self.assertNotEqual(self.previous("back"), "1.1.0")
        self.assertEqual(self.admin.get("/api/modules/back").json["wayBack"], "1.0.0")
        history = [row["version"] for row in self.admin.get("/api/modules/back").json["history"]]
        self.assertEqual(history, ["1.2.0", "1.1.0", "1.0.0"], "history still names it")
        self.server.restart()
        self.assertEqual(self.previous("back"), "1.0.0")
        self.assertEqual(self.server.rollback("back").json["version"], "1.0.0")

    def test_a_path_without_a_version_leads_to_what_is_left(self):
        self.module("path", "1.0.0", "1.1.0", "2.0.0", live="1.0.0")
        only = {**bundles.files("path 3"), "only.txt": b"only here\n"}
        self.server.put("path", "3.0.0", bundles.tar_gz(only))
        self.assertEqual(self.public.get("/m/path/only.txt")["Location"], "/m/path@3.0.0/only.txt")
        self.assertStatus(self.delete("path", "3.0.0"), 204)
        self.assertStatus(self.public.get("/m/path/only.txt"), 404)

    def test_the_last_version_takes_its_module_along(self):
        self.module("short", "1.0.0", "1.1.0")
        self.module("tall", "1.0.0", live="1.0.0")
        self.assertStatus(self.delete("short", "1.1.0"), 204)
        self.assertStatus(self.public.get("/m/short/remoteEntry.js"), 200)
        self.assertStatus(self.delete("short", "1.0.0"), 204)
        for _ in range(2):
            self.assertStatus(self.public.get("/m/short/remoteEntry.js"), 404)
            names = [m["name"] for m in self.admin.get("/api/modules").json["modules"]]
            self.assertNotIn("short", names)
            self.assertIn("tall", names)
            self.assertStatus(self.public.get(self.urls("tall", "1.0.0")[0]), 200)
            self.server.restart()
        self.assertStatus(self.server.upload("short", "1.0.0", bundles.bundle("short 1.0.0")), 409, "version-deleted")
        self.module("short", "1.2.0", live="1.2.0")
        self.assertEqual(self.versions("short"), ["1.2.0"])

    def test_it_takes_the_scope_activate_for_the_module(self):
        self.module("mine", "1.0.0", "1.1.0", "1.2.0")
        self.module("other", "1.0.0")
        for can, module, status in (("read", "mine", 403), ("publish", "mine", 403), ("activate", "other", 403),
                                    ("activate", "mine", 204), ("admin", "mine", 204)):
            with self.subTest(can=can, module=module):
                token = self.server.token_for("mine", [can])["token"]
                version = {"activate": "1.1.0", "admin": "1.2.0"}.get(can, "1.0.0")
                version = "1.0.0" if module == "other" else version
                self.assertStatus(self.delete(module, version, token=token), status)
        self.assertStatus(self.delete("mine", "1.0.0", token=""), 401, "token-missing")
        self.assertStatus(self.delete("mine", "1.0.0", "x" * 501), 400, "reason")
        self.assertEqual(self.versions("mine"), ["1.0.0"])

    def test_of_many_who_delete_and_activate_one_order_holds(self):
        versions = ["1.%d.0" % i for i in range(16)]
        self.module("race", *versions, live=versions[0])

        def work(index):
            version = versions[1 + index // 2]
            return self.delete("race", version) if index % 2 else self.server.activate("race", version)
        replies = at_once(30, work)
        live = self.admin.get("/api/modules/race/live").json["version"]
        left = self.versions("race")
        self.assertIn(live, left)
        deleted = {versions[1 + i // 2] for i in range(1, 30, 2) if replies[i].status == 204}
        self.assertEqual(set(left), set(versions) - deleted)
        for reply in replies:
            self.assertIn(reply.status, (200, 204, 404, 409), reply)
        self.server.restart()
        self.assertEqual(self.versions("race"), left)
        self.assertEqual(self.admin.get("/api/modules/race/live").json["version"], live)


if __name__ == "__main__":
    main()
