#!/usr/bin/env python3
"""What is live: activations, rollbacks, preconditions, history, and lists of what there is.

usage: BERTH_BIN=path/to/berth tests/http/site/test_live.py [TestCase[.test]]
"""

import json

import bundles
from harness import SiteCase, main


class Live(SiteCase):
    def module(self, name, *versions):
        for version in versions:
            self.server.put(name, version, bundles.bundle("%s %s" % (name, version)))

    def live(self, name):
        return self.admin.get("/api/modules/%s/live" % name)

    def assertViews(self, name, version, generation):
        """All that tells what is live tells the same."""
        live = self.live(name)
        self.assertEqual((live.json["version"], live.json["generation"], live["ETag"]),
                         (version, generation, '"%d"' % generation))
        remotes = self.public.get("/manifests/remotes.json").json
        spec = remotes["remotes"][name]
        self.assertEqual((spec["version"], spec["generation"], spec["entry"]),
                         (version, generation, "/m/%s@%s/remoteEntry.js" % (name, version)))
        self.assertGreaterEqual(remotes["generation"], generation)
        entry = self.public.get("/m/%s/remoteEntry.js" % name).body.decode()
        self.assertIn('"version":"%s"' % version, entry)
        self.assertEqual(self.public.get("/m/%s/456.7d31690c.js" % name)["Location"],
                         "/m/%s@%s/456.7d31690c.js" % (name, version))
        module = self.admin.get("/api/modules/" + name).json
        self.assertEqual((module["live"]["version"], module["live"]["generation"]), (version, generation))
        listed = {m["name"]: m for m in self.admin.get("/api/modules").json["modules"]}[name]
        self.assertEqual(listed["live"]["version"], version)
        versions = self.admin.get("/api/modules/%s/versions" % name).json["versions"]
        self.assertEqual([v["version"] for v in versions if v["live"]], [version])
        for path in ("/m/%s/remoteEntry.js", "/m/%s/remoteEntry.mjs"):
            self.assertIn('"generation":%d' % generation, self.public.get(path % name).body.decode())

    def previous(self, name):
        """The version that the live entry names for pages where the live one cannot be loaded."""
        entry = self.public.get("/m/%s/remoteEntry.js" % name).body.decode()
        spec = json.loads(entry[entry.rindex("__BERTH__.live(") + len("__BERTH__.live("):entry.rindex(")")])
        return spec.get("previous", {}).get("version")

    def test_a_live_version_names_what_is_shown_where_it_fails(self):
        self.module("spare", "1.0.0", "1.1.0", "1.2.0")
        self.server.make_live("spare", "1.0.0")
        self.assertIsNone(self.previous("spare"))
        self.server.make_live("spare", "1.1.0")
        self.assertEqual(self.previous("spare"), "1.0.0")
        self.server.make_live("spare", "1.2.0")
        self.assertEqual(self.previous("spare"), "1.1.0")
        self.module("spare", "1.3.0")
        self.assertEqual(self.previous("spare"), "1.1.0", "an upload changes nothing of it")
        self.assertNotIn("previous", self.public.get("/manifests/remotes.json").json["remotes"]["spare"])
        self.server.rollback("spare")
        self.assertIsNone(self.previous("spare"), "nothing returns by itself to what was rolled back")

    def test_nothing_is_live_at_first(self):
        self.module("first", "1.0.0")
        self.assertStatus(self.live("first"), 404, "not-live")
        self.assertStatus(self.live("never-heard-of"), 404)
        self.assertIsNone(self.admin.get("/api/modules/first").json["live"])

    def test_a_version_goes_live(self):
        self.module("one", "1.0.0")
        before = self.server.generation()
        reply = self.server.activate("one", "1.0.0", reason="go")
        self.assertStatus(reply, 200)
        body = reply.json
        self.assertEqual({key: body[key] for key in ("module", "version", "previous", "generation", "changed",
                                                     "by")},
                         {"module": "one", "version": "1.0.0", "previous": None, "generation": before + 1,
                          "changed": True, "by": "admin"})
        self.assertRegex(body["at"], r"^\d{4}-\d\d-\d\dT")
        self.assertEqual(reply["ETag"], '"%d"' % (before + 1))
        self.assertViews("one", "1.0.0", before + 1)
        live = self.live("one").json
        self.assertEqual((live["module"], live["by"], live["reason"], live["previous"]),
                         ("one", "admin", "go", None))

    def test_activating_again_changes_nothing(self):
        self.module("same", "1.0.0", "1.1.0")
        first = self.server.make_live("same", "1.0.0")
        again = self.server.activate("same", "1.0.0")
        self.assertStatus(again, 200)
        self.assertEqual((again.json["changed"], again.json["generation"], again["ETag"]),
                         (False, first["generation"], '"%d"' % first["generation"]))
        self.assertEqual(len(self.admin.get("/api/modules/same").json["history"]), 1)
        self.assertViews("same", "1.0.0", first["generation"])
        # The precondition is looked at before that.
        self.assertStatus(self.server.activate("same", "1.0.0", {"If-Match": '"999999"'}), 412)

    def test_preconditions(self):
        self.module("pre", "1.0.0", "1.1.0", "1.2.0")
        self.assertStatus(self.server.activate("pre", "1.0.0", {"If-Match": '"1"'}), 412, "generation-stale")
        self.assertStatus(self.live("pre"), 404)
        first = self.server.activate("pre", "1.0.0", {"If-None-Match": "*"})
        self.assertStatus(first, 200)
        self.assertStatus(self.server.activate("pre", "1.1.0", {"If-None-Match": "*"}), 412, "generation-stale")
        # The generation of another module is none of this one's concern.
        self.module("pre-other", "1.0.0")
        self.server.make_live("pre-other", "1.0.0")
        second = self.server.activate("pre", "1.1.0", {"If-Match": first["ETag"]})
        self.assertStatus(second, 200)
        self.assertGreater(second.json["generation"], first.json["generation"])
        self.assertStatus(self.server.activate("pre", "1.2.0", {"If-Match": first["ETag"]}), 412)
        self.assertStatus(self.server.rollback("pre", None, {"If-Match": first["ETag"]}), 412)
        self.assertStatus(self.server.rollback("pre", None, {"If-Match": second["ETag"]}), 200)
        self.assertEqual(self.live("pre").json["version"], "1.0.0")

    def test_preconditions_of_other_forms_are_refused(self):
        self.module("forms", "1.0.0")
        for headers in ({"If-Match": "1"}, {"If-Match": 'W/"1"'}, {"If-Match": '"x"'}, {"If-Match": '"1", "2"'},
                        {"If-Match": '""'}, {"If-Match": '"-1"'}, {"If-None-Match": '"1"'},
                        {"If-Match": '"99999999999999999999"'}, {"If-Match": '"1"', "If-None-Match": "*"}):
            with self.subTest(**headers):
                self.assertStatus(self.server.activate("forms", "1.0.0", headers), 400, "precondition")
        self.assertStatus(self.live("forms"), 404)

    def test_what_is_not_there_cannot_go_live(self):
        self.module("there", "1.0.0")
        before = self.server.generation()
        self.assertStatus(self.server.activate("there", "9.9.9"), 404, "version-unknown")
        self.assertIn(self.assertStatus(self.server.activate("not-there", "1.0.0"), 404).rule,
                      ("module-unknown", "version-unknown"))
        self.assertStatus(self.server.activate("there", "1.0"), 400, "version")
        self.assertStatus(self.server.rollback("there", {"version": "9.9.9"}), 404)
        self.assertStatus(self.server.activate("There", "1.0.0"), 400, "module-name")
        self.assertEqual(self.server.generation(), before)

    def test_bodies_that_are_not_what_is_asked_for(self):
        self.module("body", "1.0.0")
        path = "/api/modules/body/live"
        kind = {"Content-Type": "application/json"}
        for body in (b"", b"{", b"nonsense", b"[]", b'"1.0.0"', b"null", b"{}", b'{"version":1}',
                     b'{"version":null}', b'{"version":"1.0.0","now":true}', b'{"version":"1.0.0"}x',
                     b'{"version":"1.0.0","version":"1.0.0"}', b'{"version":"1.0.0\\u0000"}',
                     b'{"version":"\xff"}',
                     b'{"version":"1.0.0","reason":"%s"}' % (b"x" * 501)):
            with self.subTest(body[:40]):
                self.assertStatus(self.admin.call("PUT", path, body, kind), 400)
        self.assertEqual(self.admin.call("PUT", path, b'{"version":"1.0.0","now":true}', kind).json["where"],
                         "/now")
        for body in (b" " * 70000, b"[" * 5000, b'{"a":' * 40 + b"1" + b"}" * 40):
            self.assertStatus(self.admin.call("PUT", path, body, kind), 413)
        self.assertStatus(self.admin.call("PUT", path, None, kind), 411)
        for kind in (None, "text/plain", "application/x-www-form-urlencoded", "text/json", "application/jsonx",
                     "application/json2; charset=utf-8"):
            with self.subTest(kind):
                reply = self.admin.call("PUT", path, b'{"version":"1.0.0"}', {"Content-Type": kind})
                self.assertStatus(reply, 415, "media-type")
        self.assertStatus(self.live("body"), 404)
        reply = self.admin.call("PUT", path, b' {"version":"1.0.0"} ',
                                {"Content-Type": "Application/JSON; charset=utf-8"})
        self.assertStatus(reply, 200)

    def test_a_reason_that_is_no_string_is_refused(self):
        self.module("reason", "1.0.0")
        for value in (5, ["x"], {}, True):
            with self.subTest(repr(value)):
                reply = self.admin.json("PUT", "/api/modules/reason/live", {"version": "1.0.0", "reason": value})
                self.assertStatus(reply, 400)
        self.assertStatus(self.live("reason"), 404)

    def test_the_way_back_is_a_stack(self):
        self.module("stack", "1.0.0", "1.1.0", "1.2.0")
        self.assertStatus(self.server.rollback("stack"), 409, "no-way-back")
        generations = [self.server.make_live("stack", version)["generation"]
                       for version in ("1.0.0", "1.1.0", "1.2.0")]
        self.assertEqual(self.admin.get("/api/modules/stack").json["wayBack"], "1.1.0")
        back = self.assertStatus(self.server.rollback("stack", {"reason": "button gone"}), 200).json
        self.assertEqual((back["version"], back["previous"], back["changed"]), ("1.1.0", "1.2.0", True))
        self.assertGreater(back["generation"], generations[-1])
        self.assertViews("stack", "1.1.0", back["generation"])
        self.assertEqual(self.admin.get("/api/modules/stack").json["wayBack"], "1.0.0")
        further = self.assertStatus(self.server.rollback("stack"), 200).json
        self.assertEqual(further["version"], "1.0.0", "never forward again")
        self.assertIsNone(self.admin.get("/api/modules/stack").json["wayBack"])
        self.assertStatus(self.server.rollback("stack"), 409, "no-way-back")
        self.assertViews("stack", "1.0.0", further["generation"])

    def test_a_rollback_goes_to_a_named_version(self):
        self.module("named", "1.0.0", "1.1.0", "1.2.0", "2.0.0")
        for version in ("1.0.0", "1.1.0", "1.2.0"):
            self.server.make_live("named", version)
        back = self.assertStatus(self.server.rollback("named", {"version": "1.1.0"}), 200).json
        self.assertEqual((back["version"], back["previous"]), ("1.1.0", "1.2.0"))
        self.assertEqual(self.server.rollback("named").json["version"], "1.0.0",
                         "it continues from where that version came from")
        # To one that never was live, it is a step like an activation.
        self.assertEqual(self.server.rollback("named", {"version": "2.0.0"}).json["version"], "2.0.0")
        self.assertEqual(self.server.rollback("named").json["version"], "1.0.0")
        self.assertFalse(self.server.rollback("named", {"version": "1.0.0"}).json["changed"])

    def test_a_rollback_takes_no_body_or_an_object(self):
        self.module("bodyless", "1.0.0", "1.1.0")
        self.server.make_live("bodyless", "1.0.0")
        self.server.make_live("bodyless", "1.1.0")
        path = "/api/modules/bodyless/rollback"
        for body in (b"[]", b"{", b'{"to":"1.0.0"}', b'{"version":null}', b'{"version":""}'):
            with self.subTest(body):
                self.assertStatus(self.admin.call("POST", path, body, {"Content-Type": "application/json"}), 400)
        self.assertStatus(self.admin.call("POST", path, b"{}", {"Content-Type": "text/plain"}), 415)
        self.assertStatus(self.admin.call("POST", path, b""), 200)
        self.assertEqual(self.live("bodyless").json["version"], "1.0.0")

    def test_staging_asks_for_a_version_and_changes_nothing(self):
        self.module("staged", "1.0.0", "1.1.0")
        first = self.server.make_live("staged", "1.0.0")
        path, kind = "/api/modules/staged/stage", {"Content-Type": "application/json"}
        for body in (b"", b"{", b"[]", b"{}", b'{"version":1}', b'{"version":null}', b'{"version":"1.0"}',
                     b'{"version":"1.1.0","now":true}'):
            with self.subTest(body):
                self.assertStatus(self.admin.call("POST", path, body, kind), 400)
        self.assertStatus(self.admin.call("POST", path, b"{}", {"Content-Type": "text/plain"}), 415)
        self.assertStatus(self.admin.call("POST", path, None, kind), 411)
        self.assertStatus(self.admin.json("POST", path, {"version": "9.9.9"}), 404, "version-unknown")
        reply = self.admin.json("POST", path, {"version": "1.1.0"})
        self.assertLess(reply.status, 300, reply)
        self.assertViews("staged", "1.0.0", first["generation"])
        self.assertEqual(len(self.admin.get("/api/modules/staged").json["history"]), 1)
        self.assertEqual(self.server.generation(), first["generation"])

    def test_history_tells_who_when_why(self):
        self.module("history", "1.0.0", "1.1.0")
        token = self.server.token_for("history", ["activate"])
        self.server.make_live("history", "1.0.0", reason="first")
        reply = self.admin.json("PUT", "/api/modules/history/live", {"version": "1.1.0", "reason": "zw\u00f6lf \"\\ <b>"},
                                token=token["token"])
        self.assertStatus(reply, 200)
        self.server.rollback("history", {"reason": "back"})
        rows = self.admin.get("/api/modules/history").json["history"]
        self.assertEqual([(r["kind"], r["version"], r["previous"], r["by"], r["reason"]) for r in rows],
                         [("rollback", "1.0.0", "1.1.0", "admin", "back"),
                          ("activation", "1.1.0", "1.0.0", "ci", "zw\u00f6lf \"\\ <b>"),
                          ("activation", "1.0.0", None, "admin", "first")])
        generations = [r["generation"] for r in rows]
        self.assertEqual(generations, sorted(generations, reverse=True))
        self.assertEqual(len(set(generations)), 3)
        for row in rows:
            self.assertRegex(row["at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")

    def test_the_generation_only_grows(self):
        self.module("grow", "1.0.0", "1.1.0")
        seen = [self.server.generation()]
        for number in range(10):
            seen.append(self.server.make_live("grow", "1.%d.0" % (number % 2))["generation"])
        self.assertEqual(seen, list(range(seen[0], seen[0] + 11)))

    def test_lists(self):
        self.module("list", "1.0.0", "2.0.0-beta.1", "1.10.0", "1.9.0")
        self.server.make_live("list", "1.9.0")
        module = self.admin.get("/api/modules/list").json
        self.assertEqual((module["name"], module["versions"], module["newest"], module["wayBack"]),
                         ("list", 4, "1.10.0", None))
        versions = self.admin.get("/api/modules/list/versions").json
        self.assertEqual(versions["module"], "list")
        self.assertEqual([(v["version"], v["live"]) for v in versions["versions"]],
                         [("1.0.0", False), ("2.0.0-beta.1", False), ("1.10.0", False), ("1.9.0", True)])
        self.assertNotIn("assets", versions["versions"][0])
        version = self.admin.get("/api/modules/list/versions/1.9.0").json
        self.assertTrue(version["live"])
        self.assertEqual([a["path"] for a in version["assets"]], ["456.7d31690c.js", "remoteEntry.js"])
        listed = self.admin.get("/api/modules").json
        self.assertEqual(listed["generation"], self.server.generation())
        names = [m["name"] for m in listed["modules"]]
        self.assertEqual(names, sorted(names))
        for path, rule in (("/api/modules/list/versions/7.7.7", "version-unknown"),
                           ("/api/modules/nobody", "module-unknown"),
                           ("/api/modules/nobody/versions", "module-unknown"),
                           ("/api/modules/nobody/versions/1.0.0", "version-unknown")):
            with self.subTest(path):
                self.assertStatus(self.admin.get(path), 404, rule)

    def test_live_honours_if_none_match(self):
        self.module("etag", "1.0.0")
        self.server.make_live("etag", "1.0.0")
        etag = self.live("etag")["ETag"]
        reply = self.admin.get("/api/modules/etag/live", if_none_match=etag)
        self.assertStatus(reply, 304)
        self.assertEqual((reply.body, reply["ETag"]), (b"", etag))

    def test_remotes(self):
        self.module("remote", "1.0.0")
        self.server.make_live("remote", "1.0.0")
        reply = self.public.get("/manifests/remotes.json")
        self.assertEqual((reply["Content-Type"], reply["Cache-Control"], reply["Access-Control-Allow-Origin"]),
                         ("application/json", "no-cache", "*"))
        body = reply.json
        self.assertEqual(set(body), {"generation", "remotes"})
        spec = body["remotes"]["remote"]
        version = self.admin.get("/api/modules/remote/versions/1.0.0").json
        digest = version["integrity"]
        self.assertEqual(spec, {"module": "remote", "version": "1.0.0", "generation": body["generation"],
                                "base": "/m/remote@1.0.0/", "entry": "/m/remote@1.0.0/remoteEntry.js",
                                "type": "script", "format": "webpack-container", "name": "appHeader",
                                "globals": ["webpackChunkappHeader"], "integrity": digest,
                                "exposes": ["./Header"],
                                "files": {file["path"]: file["integrity"] for file in version["assets"]
                                          if "integrity" in file}})
        self.assertEqual(spec["files"]["remoteEntry.js"], digest)
        etag = reply["ETag"]
        self.assertStatus(self.public.get("/manifests/remotes.json", if_none_match=etag), 304)
        self.module("remote", "1.1.0")
        self.assertStatus(self.public.get("/manifests/remotes.json", if_none_match=etag), 304)
        self.server.make_live("remote", "1.1.0")
        changed = self.public.get("/manifests/remotes.json", if_none_match=etag)
        self.assertStatus(changed, 200)
        self.assertNotEqual(changed["ETag"], etag)
        self.server.rollback("remote")
        self.assertNotEqual(self.public.get("/manifests/remotes.json")["ETag"], etag,
                            "another generation is another document")


class Fresh(SiteCase):
    def test_a_fresh_server_is_at_generation_0(self):
        self.assertEqual(json.loads(self.public.get("/manifests/remotes.json").body),
                         {"generation": 0, "remotes": {}})
        self.assertEqual(self.admin.get("/api/modules").json, {"generation": 0, "modules": []})
        self.assertEqual(self.admin.get("/api/pages").json, {"pages": []})
        self.assertStatus(self.public.get("/"), 404)


if __name__ == "__main__":
    main()
