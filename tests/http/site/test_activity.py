#!/usr/bin/env python3
"""The audit: one record for each change, in a chain that anybody can check who has a copy.

usage: BERTH_BIN=path/to/berth tests/http/site/test_activity.py [TestCase[.test]]
"""

import hashlib
import json
import os
import sqlite3

import bundles
from harness import SiteCase, at_once, main

PAGE = {"path": "/audit", "title": "x", "slots": [{"name": "a", "module": "m", "expose": "./A"}]}
FIELDS = ("id", "atMs", "action", "module", "subject", "actor", "token", "remote", "reason", "details")


def netstring(value):
    if value is None:
        return b"-,"
    data = str(value).encode()
    return b"%d:%s," % (len(data), data)


def check_copy(lines, last=bytes(32), count=0):
    """What somebody does who keeps the lines elsewhere; the last hash."""
    for line in lines:
        record = json.loads(line)
        count += 1
        last = hashlib.sha256(last + b"".join(netstring(record[name]) for name in FIELDS)).digest()
        assert record["id"] == count and record["hash"] == last.hex(), line
    return last.hex()


class Activity(SiteCase):
    def activity(self, query="", token=None):
        reply = self.admin.call("GET", "/api/activity" + query, token=token)
        self.assertStatus(reply, 200)
        return reply.json["activity"]

    def lines(self, after=None):
        query = "&after=%d" % after if after is not None else ""
        reply = self.admin.get("/api/activity?format=jsonl" + query)
        self.assertStatus(reply, 200)
        self.assertEqual(reply["Content-Type"], "application/jsonl; charset=utf-8")
        return reply.body.decode().splitlines()

    def newest(self):
        return (self.activity("?limit=1") or [{"id": 0}])[0]["id"]

    def assertRecords(self, before, *expected):
        """Since then there was exactly that: (action, subject)."""
        records = [r for r in reversed(self.activity("?limit=1000")) if r["id"] > before]
        self.assertEqual([(r["action"], r["subject"]) for r in records], list(expected))
        self.assertEqual([r["id"] for r in records], list(range(before + 1, before + 1 + len(expected))))
        return records

    def test_each_change_has_one_record_and_what_changes_nothing_has_none(self):
        server, admin, before = self.server, self.admin, self.newest()
        bundle = bundles.bundle("audit")
        for _ in range(2):
            server.upload("audit", "1.0.0", bundle, "?reason=first")
        self.assertStatus(server.upload("audit", "1.0.0", bundles.bundle("other")), 409)
        server.put("audit", "1.1.0", bundles.bundle("more"), "?activate=true&reason=second")
        for _ in range(2):
            server.make_live("audit", "1.0.0", reason="third")
        self.assertStatus(server.activate("audit", "1.1.0", {"If-Match": '"1"'}), 412)
        server.rollback("audit", {"reason": "fourth"})
        for _ in range(2):
            admin.call("DELETE", "/api/modules/audit/versions/1.0.0?reason=fifth")
        for _ in range(2):
            admin.json("PUT", "/api/pages/audit?reason=sixth", PAGE)
        for _ in range(2):
            admin.call("DELETE", "/api/pages/audit?reason=seventh")
        made = server.token_for("*", ["read"])
        turned = admin.json("POST", "/api/tokens/%s/rotate" % made["id"]).json
        server.secrets.add(turned["token"])
        for _ in range(2):
            admin.call("DELETE", "/api/tokens/" + turned["id"])
        admin.get("/api/modules")
        records = self.assertRecords(
            before, ("upload", "audit@1.0.0"), ("upload", "audit@1.1.0"), ("activate", "audit@1.1.0"),
            ("activate", "audit@1.0.0"), ("rollback", "audit@1.1.0"), ("delete", "audit@1.0.0"),
            ("page-put", "audit"), ("page-delete", "audit"), ("token-issue", made["id"]),
            ("token-rotate", made["id"]), ("token-revoke", turned["id"]))
        self.assertEqual([r["reason"] for r in records],
                         ["first", "second", "second", "third", "fourth", "fifth", "sixth", "seventh"] + [None] * 3)
        for record in records:
            self.assertEqual((record["by"], record["remote"]), ("admin", "127.0.0.1"))
            self.assertRegex(record["token"], r"^[0-9a-f]{12}$")
            self.assertRegex(record["at"], r"^\d{4}-\d\d-\d\dT[\d:.]+Z$")
        self.assertEqual(records[3]["details"]["previous"], "1.1.0")
        self.assertEqual(records[9]["details"]["replacement"], turned["id"])
        for secret in server.secrets:
            self.assertNotIn(secret, json.dumps(records))
        check_copy(self.lines())

    def test_the_first_record_is_of_the_first_token(self):
        first = json.loads(self.lines()[0])
        self.assertEqual((first["id"], first["action"], first["actor"], first["token"], first["remote"]),
                         (1, "token-issue", "berth serve", None, None))

    def test_a_copy_is_checked_without_the_server_and_goes_on_where_it_ended(self):
        self.server.put("copy", "1.0.0", bundles.bundle(), "?reason=" + "%E2%82%AC%22%5C%2F")
        lines = self.lines()
        last = check_copy(lines)
        check = self.admin.get("/api/activity/check").json
        self.assertEqual(check, {"records": len(lines), "hash": last})
        self.server.make_live("copy", "1.0.0", reason="tab\there")
        more = self.lines(after=len(lines))
        self.assertEqual(len(more), 1)
        check_copy(more, bytes.fromhex(last), len(lines))
        self.assertEqual(self.lines(after=len(lines) + 1), [])
        self.server.restart()
        self.assertEqual(self.lines(), lines + more)

    def test_many_records_come_in_pages_and_as_one_export(self):
        for i in range(300):
            self.admin.json("PUT", "/api/pages/many", {**PAGE, "path": "/many", "title": str(i)})
        ids, query = [], "?limit=70"
        while query:
            page = self.admin.get("/api/activity" + query).json
            ids += [record["id"] for record in page["activity"]]
            query = page["before"] and "?limit=70&before=%d" % page["before"]
        self.assertEqual(ids, list(range(ids[0], 0, -1)))
        lines = self.lines()
        self.assertEqual(len(lines), ids[0])
        check_copy(lines)

    def test_filters(self):
        for module in ("filter", "@fil/ter"):
            self.server.put(module, "1.0.0", bundles.bundle(), "?activate=true")
        self.assertEqual([r["action"] for r in self.activity("?module=filter")], ["activate", "upload"])
        self.assertEqual([r["subject"] for r in self.activity("?module=@fil/ter&action=upload")], ["@fil/ter@1.0.0"])
        self.assertEqual({r["action"] for r in self.activity("?action=token-issue")}, {"token-issue"})
        self.assertEqual(self.activity("?action=nothing"), [])
        self.assertEqual(self.activity("?module=filterx"), [])

    def test_who_may_see_what(self):
        for module in ("mine", "other", "@own/one"):
            self.server.put(module, "1.0.0", bundles.bundle())
        mine = self.server.token_for("mine", ["read"])["token"]
        own = self.server.token_for("@own/*", ["admin"])["token"]
        every = self.server.token_for("*", ["publish"])["token"]
        self.assertEqual({r["module"] for r in self.activity(token=mine)}, {"mine"})
        self.assertEqual({r["module"] for r in self.activity(token=own)}, {"@own/one"})
        seen = {r["module"] for r in self.activity("?limit=1000", token=every)}
        self.assertLessEqual({"mine", "other", "@own/one"}, seen)
        self.assertNotIn(None, seen, "pages and tokens are an admin's")
        self.assertIn(None, {r["module"] for r in self.activity("?limit=1000")})
        self.assertStatus(self.admin.call("GET", "/api/activity?module=other", token=mine), 403, "scope-module")
        self.assertEqual(len(self.activity("?module=mine", token=mine)), 1)
        for token in (mine, own, every):
            for path in ("?format=jsonl", "/check"):
                self.assertStatus(self.admin.call("GET", "/api/activity" + path, token=token), 403)
        for path in ("", "?format=jsonl", "/check"):
            self.assertStatus(self.admin.call("GET", "/api/activity" + path, token=""), 401, "token-missing")

    def test_wrong_questions_are_refused(self):
        for query, rule in (("?limit=0", "query-number"), ("?limit=1001", "query-number"), ("?limit=x", "query-number"),
                            ("?before=0", "query-number"), ("?before=-1", "query-number"), ("?module=", "module-name"),
                            ("?before=99999999999999999999", "query-number"), ("?module=A%20b", "module-name"),
                            ("?format=csv", "activity-format"), ("?format=jsonl&module=m", "activity-export"),
                            ("?format=jsonl&limit=3", "activity-export"), ("?format=jsonl&after=-1", "query-number")):
            with self.subTest(query):
                self.assertStatus(self.admin.get("/api/activity" + query), 400, rule)

    def test_changes_at_once_make_one_chain(self):
        versions = ["1.%d.0" % i for i in range(8)]
        before = self.newest()
        replies = at_once(24, lambda i: self.server.upload("storm", versions[i % 8], bundles.bundle(versions[i % 8]))
                          if i % 3 else self.admin.json("PUT", "/api/pages/storm",
                                                        {**PAGE, "path": "/storm", "title": str(i)}))
        made = sum(r.status == 201 for r in replies if b'"module"' in r.body)
        put = sum(r.status in (200, 201) for r in replies if b'"module"' not in r.body)
        records = [r for r in self.activity("?limit=1000") if r["id"] > before]
        self.assertEqual(sum(r["action"] == "upload" for r in records), made)
        self.assertEqual(sum(r["action"] == "page-put" for r in records), put)
        check_copy(self.lines())

    def test_a_row_that_was_changed_behind_the_servers_back_is_found(self):
        self.server.put("forged", "1.0.0", bundles.bundle())
        self.server.make_live("forged", "1.0.0", reason="by me")
        id = self.newest()
        self.server.put("forged", "1.1.0", bundles.bundle("more"))
        self.assertStatus(self.admin.get("/api/activity/check"), 200)
        good = self.lines()
        for statement in ("UPDATE audit SET actor = 'nobody' WHERE id = %d" % id,
                          "UPDATE audit SET hash = zeroblob(32) WHERE id = %d" % id,
                          "DELETE FROM audit WHERE id = %d" % id):
            self.server.exit()
            with open(os.path.join(self.server.data, "db"), "rb") as file:
                saved = file.read()
            database = sqlite3.connect(os.path.join(self.server.data, "db"))
            database.execute(statement)
            database.commit()
            database.close()
            self.server.start()
            with self.subTest(statement):
                reply = self.admin.get("/api/activity/check")
                self.assertStatus(reply, 500, "audit-broken")
                self.assertIn("record %d " % id, reply.json["detail"])
                with self.assertRaises(AssertionError):
                    check_copy(self.lines())
            self.server.exit()
            for name in ("db-wal", "db-shm"):
                if os.path.exists(os.path.join(self.server.data, name)):
                    os.unlink(os.path.join(self.server.data, name))
            with open(os.path.join(self.server.data, "db"), "wb") as file:
                file.write(saved)
            self.server.start()
        self.assertEqual(self.lines(), good)


if __name__ == "__main__":
    main()
