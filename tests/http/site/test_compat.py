#!/usr/bin/env python3
"""What a version would break among what is live, and that it is then not activated unless forced.

usage: BERTH_BIN=path/to/berth tests/http/site/test_compat.py [TestCase[.test]]
"""

import json
import os
import sqlite3

import bundles
from harness import SiteCase, at_once, main

PAGE = b"<!doctype html><html><head><title>Shop</title></head><body></body></html>"


def build(*exposes, takes=(), **files):
    """An ES module with these exposes that says what it takes from others: {module: [exposes]}."""
    declared = {"exposes": {name: "index.js" for name in exposes}, "remotes": dict(takes)}
    contents = {"index.js": b"export const mount = () => {};\n", "berth.json": json.dumps(declared).encode()}
    contents.update({path.replace("__", "."): data for path, data in files.items()})
    return bundles.tar_gz(contents)


def page(path, *slots):
    return {"path": path, "title": path,
            "slots": [{"name": module, "module": module, "expose": expose} for module, expose in slots]}


class Compat(SiteCase):
    def report(self, module, version):
        return self.assertStatus(self.admin.get("/api/modules/%s/versions/%s/compatibility" % (module, version)),
                                 200).json

    def make_live(self, module, version, archive, **query):
        self.server.put(module, version, archive)
        self.server.make_live(module, version)

    def rules(self, findings):
        return [(finding["rule"], finding["what"]) for finding in findings]

    def audit(self, module):
        records = self.admin.get("/api/activity?limit=20").json["activity"]
        return [record for record in records if record["module"] == module]

    def test_an_expose_that_a_page_shows_cannot_go_away_by_mistake(self):
        self.make_live("slot", "1.0.0", build("./Header", "./Cart"))
        self.server.put_page("slots", page("/slots", ("slot", "./Header")))
        self.server.put("slot", "2.0.0", build("./Cart"))
        reply = self.assertStatus(self.server.activate("slot", "2.0.0"), 409, "compatibility")
        self.assertEqual(reply["Content-Type"], "application/problem+json")
        self.assertIn("./Header", reply.json["detail"])
        report = reply.json["compatibility"]
        self.assertEqual(report["breaks"], [{
            "rule": "expose-gone", "what": "./Header", "text": "slot@2.0.0 no longer exposes ./Header",
            "hint": "expose it again, or change who uses it first",
            "users": [{"page": "slots", "slot": "slot"}]}])
        self.assertEqual((report["module"], report["version"], report["live"], report["compatible"]),
                         ("slot", "2.0.0", "1.0.0", False))
        self.assertEqual(self.report("slot", "2.0.0"), report)
        self.assertEqual(self.admin.get("/api/modules/slot/live").json["version"], "1.0.0")
        self.server.put_page("slots", page("/slots", ("slot", "./Cart")))
        self.assertEqual(self.report("slot", "2.0.0")["breaks"], [])
        self.assertStatus(self.server.activate("slot", "2.0.0"), 200)

    def test_what_a_live_module_takes_is_known_from_its_build(self):
        self.make_live("header-app", "1.0.0", bundles.bundle("taken"))
        with open(os.path.join(os.environ["BERTH_SOURCE"], "tests/data/bundles/consumer-webpack-prod/input",
                               "main.js"), "rb") as file:
            code = file.read().replace(b"/m/shop/", b"/m/header-app/")
        self.make_live("taker", "1.0.0", bundles.bundle("taker", main__js=code))
        remotes = self.admin.get("/api/modules/taker/versions/1.0.0").json["remotes"]
        self.assertIn({"container": "fixtureShop", "url": "/m/header-app/remoteEntry.js", "expose": "./Header",
                       "module": "header-app"}, remotes)
        self.server.put("header-app", "2.0.0", build("./Cart"))
        report = self.report("header-app", "2.0.0")
        self.assertEqual(report["breaks"][0]["users"], [{"module": "taker", "version": "1.0.0"}])
        # What it takes besides was not there before either.
        self.assertStatus(self.server.activate("header-app", "2.0.0"), 409, "compatibility")

    def test_what_is_forced_needs_a_reason_and_is_told_in_the_audit(self):
        path = "/api/modules/forced/live"
        self.make_live("forced", "1.0.0", build("./A"))
        self.server.put_page("forced", page("/forced", ("forced", "./A")))
        self.server.put("forced", "2.0.0", build("./B"))
        for body in ({"version": "2.0.0", "force": True}, {"version": "2.0.0", "force": True, "reason": ""},
                     {"version": "2.0.0", "force": True, "reason": " \n"},
                     {"version": "2.0.0", "force": True, "reason": None}):
            reply = self.assertStatus(self.admin.json("PUT", path, body), 400, "force-reason")
            self.assertEqual(reply.json["where"], "/reason")
        for body in ({"version": "2.0.0", "force": 1, "reason": "x"}, {"version": "2.0.0", "force": "true"}):
            self.assertStatus(self.admin.json("PUT", path, body), 400, "force")
        reply = self.assertStatus(self.admin.json("PUT", path, {"version": "2.0.0", "force": True, "reason": "new start"}),
                                  200)
        self.assertEqual(len(reply.json["compatibility"]["breaks"]), 1)
        record = self.audit("forced")[0]
        self.assertEqual((record["action"], record["reason"]), ("activate", "new start"))
        self.assertEqual((record["details"]["forced"], record["details"]["breaks"]), (True, 1))

    def test_force_that_is_not_needed_is_not_told(self):
        self.make_live("needless", "1.0.0", build("./A"))
        self.server.put("needless", "1.1.0", build("./A", mark__txt=b"1"))
        self.assertStatus(self.admin.json("PUT", "/api/modules/needless/live",
                                          {"version": "1.1.0", "force": True, "reason": "to be sure"}), 200)
        self.assertNotIn("forced", self.audit("needless")[0]["details"])

    def test_the_way_back_is_open_when_it_breaks_nothing_more(self):
        self.make_live("back", "1.0.0", build("./A"))
        self.server.put("back", "1.1.0", build("./A", "./B"))
        self.server.make_live("back", "1.1.0")
        # What the page shows is not there before and not there after: no hindrance.
        self.server.put_page("back", page("/back", ("back", "./Never")))
        reply = self.assertStatus(self.server.rollback("back"), 200)
        report = reply.json["compatibility"]
        self.assertEqual(report["breaks"], [])
        self.assertEqual([(f["rule"], f["already"]) for f in report["warnings"]], [("expose-gone", True)])

    def test_a_rollback_that_breaks_something_new_can_be_forced(self):
        self.make_live("further", "1.0.0", build("./A"))
        self.server.put("further", "1.1.0", build("./A", "./B"))
        self.server.make_live("further", "1.1.0")
        self.server.put_page("further", page("/further", ("further", "./B")))
        reply = self.assertStatus(self.server.rollback("further"), 409, "compatibility")
        self.assertEqual(reply.json["compatibility"]["version"], "1.0.0")
        self.assertStatus(self.server.rollback("further", {"force": True}), 400, "force-reason")
        reply = self.assertStatus(self.server.rollback("further", {"force": True, "reason": "1.1.0 is on fire"}), 200)
        self.assertEqual(reply.json["version"], "1.0.0")
        self.assertEqual(self.audit("further")[0]["details"]["forced"], True)

    def test_a_first_activation_is_never_refused(self):
        self.server.put_page("first", page("/first", ("first", "./A")))
        self.server.put("first", "1.0.0", build("./B"))
        reply = self.assertStatus(self.server.activate("first", "1.0.0"), 200)
        self.assertEqual(self.rules(reply.json["compatibility"]["warnings"]), [("expose-gone", "./A")])

    def test_a_stale_precondition_is_told_before_a_break(self):
        self.make_live("stale", "1.0.0", build("./A"))
        self.server.put_page("stale", page("/stale", ("stale", "./A")))
        self.server.put("stale", "2.0.0", build("./B"))
        self.assertStatus(self.server.activate("stale", "2.0.0", {"If-Match": '"1"'}), 412, "generation-stale")

    def test_an_upload_that_goes_live_at_once(self):
        self.make_live("push", "1.0.0", build("./A"))
        self.server.put_page("push", page("/push", ("push", "./A")))
        archive = build("./B")
        reply = self.assertStatus(self.server.upload("push", "2.0.0", archive, "?activate=true"), 409, "compatibility")
        self.assertEqual(self.rules(reply.json["compatibility"]["breaks"]), [("expose-gone", "./A")])
        # It is there, and not live.
        self.assertFalse(self.admin.get("/api/modules/push/versions/2.0.0").json["live"])
        for query, rule in (("?activate=true&force=true", "force-reason"), ("?force=true&reason=x", "force"),
                            ("?activate=true&force=yes&reason=x", "force")):
            self.assertStatus(self.server.upload("push", "2.0.0", archive, query), 400, rule)
        reply = self.assertStatus(
            self.server.upload("push", "2.0.0", archive, "?activate=true&force=true&reason=new%20start"), 200)
        self.assertTrue(reply.json["live"])
        self.assertEqual(self.audit("push")[0]["details"]["forced"], True)

    def test_an_upload_tells_what_its_activation_would_do(self):
        self.make_live("tell", "1.0.0", build("./A"))
        self.server.put_page("tell", page("/tell", ("tell", "./A")))
        reply = self.assertStatus(self.server.upload("tell", "2.0.0", build("./B")), 201)
        self.assertFalse(reply.json["compatibility"]["compatible"])
        reply = self.admin.json("POST", "/api/modules/tell/stage", {"version": "2.0.0"})
        self.assertStatus(reply, 200)
        self.assertFalse(reply.json["compatibility"]["compatible"])

    def test_a_page_s_document_cannot_go_away_by_mistake(self):
        self.make_live("paper", "1.0.0", bundles.tar_gz({**bundles.files("one"), "index.html": PAGE}))
        self.assertStatus(self.server.put_page("paper", {"path": "/paper", "title": "Paper", "document": {
            "module": "paper", "file": "index.html"}}), 201)
        self.server.put("paper", "2.0.0", bundles.bundle("two"))
        reply = self.assertStatus(self.server.activate("paper", "2.0.0"), 409, "compatibility")
        self.assertEqual(self.rules(reply.json["compatibility"]["breaks"]), [("document-gone", "index.html")])

    def test_singletons_whose_ranges_exclude_each_other(self):
        def shares(name, required, version):
            files = bundles.mf2_files(name, name)
            manifest = json.loads(files["mf-manifest.json"])
            manifest["shared"][0].update({"requiredVersion": required, "version": version})
            files["mf-manifest.json"] = json.dumps(manifest).encode()
            return files
        self.make_live("share-a", "1.0.0", bundles.tar_gz(shares("a", "^18.2.0", "18.3.1")))
        self.make_live("share-b", "1.0.0", bundles.tar_gz(shares("b", "^18.0.0", "18.3.1")))
        self.server.put_page("shares", page("/shares", ("share-a", "./Header"), ("share-b", "./Header")))
        nineteen = shares("b", "^19.0.0", "19.1.0")
        self.server.put("share-b", "2.0.0", bundles.tar_gz(nineteen))
        report = self.report("share-b", "2.0.0")
        self.assertEqual(report["breaks"], [])
        self.assertEqual(self.rules(report["warnings"]), [("shared-excluded", "react")])
        self.assertEqual(report["warnings"][0]["users"], [{"module": "share-a", "version": "1.0.0",
                                                           "requires": "^18.2.0", "provides": "18.3.1"}])
        # The same, and its runtime throws: mf-stats.json says so.
        nineteen["mf-stats.json"] = json.dumps({"shared": [{"name": "react", "strictVersion": True}]}).encode()
        self.server.put("share-b", "3.0.0", bundles.tar_gz(nineteen))
        reply = self.assertStatus(self.server.activate("share-b", "3.0.0"), 409, "compatibility")
        self.assertEqual(self.rules(reply.json["compatibility"]["breaks"]), [("shared-strict", "react")])
        self.assertStatus(self.server.activate("share-b", "2.0.0"), 200)

    def test_remotes_that_are_not_there_are_warned_of(self):
        self.server.put("idle", "1.0.0", build("./A"))
        reply = self.server.upload("wants", "1.0.0", build("./W", takes={"nobody": ["./X"], "idle": ["./A"]}), "?activate=true")
        self.assertStatus(reply, 201)
        self.assertEqual(self.rules(reply.json["compatibility"]["warnings"]),
                         [("remote-missing", "nobody"), ("remote-not-live", "idle")])

    def test_who_may_read_may_ask(self):
        self.make_live("asked", "1.0.0", build("./A"))
        path = "/api/modules/asked/versions/%s/compatibility"
        self.assertStatus(self.admin.call("GET", path % "1.0.0", token=""), 401)
        reader = self.server.token_for("asked", ("read",))["token"]
        self.assertStatus(self.admin.call("GET", path % "1.0.0", token=reader), 200)
        other = self.server.token_for("another", ("read",))["token"]
        self.assertStatus(self.admin.call("GET", path % "1.0.0", token=other), 403)
        self.assertStatus(self.admin.get(path % "9.9.9"), 404, "version-unknown")
        self.assertStatus(self.admin.get("/api/modules/nobody/versions/1.0.0/compatibility"), 404)
        self.assertStatus(self.admin.call("POST", path % "1.0.0", b""), 405)

    def test_of_two_that_do_not_go_together_one_is_told(self):
        """The comparison and the swap are one step: whoever is second sees the first."""
        for round in range(12):
            giver, taker = "giver-%d" % round, "taker-%d" % round
            self.make_live(giver, "1.0.0", build("./A"))
            self.make_live(taker, "1.0.0", build("./T"))
            self.server.put(giver, "2.0.0", build("./B"))
            self.server.put(taker, "2.0.0", build("./T", takes={giver: ["./A"]}))
            gave, took = at_once(2, lambda i: self.server.activate((giver, taker)[i], "2.0.0"))
            self.assertStatus(took, 200)
            rules = self.rules(took.json["compatibility"]["warnings"])
            if gave.status == 200:
                self.assertEqual(rules, [("remote-expose-missing", giver)])
            else:
                self.assertStatus(gave, 409, "compatibility")
                self.assertEqual(rules, [])


class Old(SiteCase):
    def test_what_an_older_berth_did_not_look_for_is_told_as_unknown(self):
        for name, exposes in (("old", "./O"), ("new", "./N")):
            self.server.put(name, "1.0.0", build(exposes))
            self.server.make_live(name, "1.0.0")
        self.server.exit()
        with sqlite3.connect(os.path.join(self.server.view, "db")) as database:
            database.execute("UPDATE descriptions SET json = json_remove(json, '$.remotes') WHERE version = "
                             "(SELECT versions.id FROM versions JOIN modules ON modules.id = versions.module "
                             "WHERE modules.name = 'old')")
        database.close()
        self.server.start()
        report = self.admin.get("/api/modules/new/versions/1.0.0/compatibility").json
        self.assertEqual(report["parts"]["consumers"], {"known": False, "unknown": ["old@1.0.0"]})
        self.assertEqual(report["parts"]["remotes"], {"known": True})
        report = self.admin.get("/api/modules/old/versions/1.0.0/compatibility").json
        self.assertEqual((report["parts"]["remotes"], report["parts"]["consumers"]),
                         ({"known": False}, {"known": True}))


if __name__ == "__main__":
    main()
