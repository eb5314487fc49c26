#!/usr/bin/env python3
"""Tokens: making, listing, revoking, and what each may do.

usage: BERTH_BIN=path/to/berth tests/http/site/test_tokens.py [TestCase[.test]]
"""

import datetime
import os
import stat

import bundles
from harness import SiteCase, main, sha256, until

PAGE = {"path": "/tokens", "title": "x", "slots": [{"name": "a", "module": "m", "expose": "./A"}]}


def in_seconds(seconds):
    time = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


class Tokens(SiteCase):
    def make(self, **body):
        return self.admin.json("POST", "/api/tokens", body)

    def listed(self, id):
        return next(t for t in self.admin.get("/api/tokens").json["tokens"] if t["id"] == id)

    def test_a_token_is_shown_once(self):
        expires = in_seconds(3600)
        reply = self.make(name="cart ci", module="cart", can=["publish", "activate"], expiresAt=expires)
        self.assertStatus(reply, 201)
        made = reply.json
        self.server.secrets.add(made["token"])
        self.assertEqual(reply["Cache-Control"], "no-store")
        self.assertRegex(made["token"], r"^berth_[A-Za-z0-9_-]{43}$")
        self.assertRegex(made["id"], r"^[0-9a-f]{12}$")
        self.assertEqual((made["name"], made["module"], sorted(made["can"])),
                         ("cart ci", "cart", ["activate", "publish"]))
        self.assertEqual(made["expiresAt"][:19], expires[:19])
        row = self.listed(made["id"])
        self.assertEqual((row["name"], row["module"], row["revokedAt"], row["usedAt"]),
                         ("cart ci", "cart", None, None))
        self.assertNotIn(made["token"].encode(), self.admin.get("/api/tokens").body)
        self.assertNotIn(sha256(made["token"].encode()).encode(), self.admin.get("/api/tokens").body)

    def test_the_first_token(self):
        path = os.path.join(self.server.data, "admin.token")
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(os.stat(self.server.data).st_mode), 0o700)
        self.assertRegex(self.server.token, r"^berth_[A-Za-z0-9_-]{43}$")
        rows = self.admin.get("/api/tokens").json["tokens"]
        self.assertEqual((rows[0]["name"], rows[0]["module"]), ("admin", "*"))
        self.assertIn("admin", rows[0]["can"])

    def test_what_a_token_is_made_of(self):
        for body, where in (({"can": ["read"]}, "/name"), ({"name": 5, "can": ["read"]}, "/name"),
                            ({"name": "x"}, "/can"), ({"name": "x", "can": []}, "/can"),
                            ({"name": "x", "can": "read"}, "/can"), ({"name": "x", "can": ["write"]}, "/can"),
                            ({"name": "x", "can": ["read", 5]}, "/can"), ({"name": "x", "can": ["read,admin"]}, "/can"),
                            ({"name": "x", "can": ["read"], "expiresAt": "tomorrow"}, "/expiresAt"),
                            ({"name": "x", "can": ["read"], "expiresAt": "2020-01-01T00:00:00Z"}, "/expiresAt"),
                            ({"name": "x", "can": ["read"], "expiresAt": 5}, "/expiresAt"),
                            ({"name": "x", "can": ["read"], "expiresAt": "2999-13-01T00:00:00Z"}, "/expiresAt"),
                            ({"name": "x", "can": ["read"], "expiresAt": "2999-01-01T00:00:00+02:00"}, "/expiresAt"),
                            ({"name": "x", "can": ["read"], "scope": "y"}, "/scope")):
            with self.subTest(body=body):
                reply = self.make(**body)
                if reply.status == 201:
                    self.server.secrets.add(reply.json["token"])
                self.assertStatus(reply, 400)
                self.assertEqual(reply.json.get("where"), where, reply)
        for body in ({"name": "", "can": ["read"]}, {"name": "x" * 1000, "can": ["read"]},
                     {"name": "a\nb", "can": ["read"]}, {"name": "x", "can": ["read"], "module": "Cart"},
                     {"name": "x", "can": ["read"], "module": "cart*"}, {"name": "x", "can": ["read"], "module": "@shop"},
                     {"name": "x", "can": ["read"], "module": ""}):
            with self.subTest(body=body):
                self.assertStatus(self.make(**body), 400)

    def test_a_module_that_is_no_string_is_not_taken_for_all_modules(self):
        for value in (5, ["cart"], {"name": "cart"}, True):
            with self.subTest(repr(value)):
                reply = self.make(name="x", can=["publish"], module=value)
                if reply.status == 201:
                    self.server.secrets.add(reply.json["token"])
                self.assertStatus(reply, 400)

    def test_what_each_scope_may_do(self):
        self.server.put("cart", "1.0.0", bundles.bundle("cart"))
        self.server.put("cart", "1.1.0", bundles.bundle("cart 2"))
        self.server.make_live("cart", "1.0.0")
        tokens = {scope: self.server.token_for("*", [scope])["token"]
                  for scope in ("read", "publish", "activate", "admin")}
        number = [0]

        def upload(token, query=""):
            number[0] += 1
            return self.server.upload("cart", "2.0.%d" % number[0], bundles.bundle(str(number[0])), query, token=token)
        calls = {
            "list": (lambda t: self.admin.call("GET", "/api/modules", token=t), "read publish activate admin"),
            "module": (lambda t: self.admin.call("GET", "/api/modules/cart", token=t), "read publish activate admin"),
            "versions": (lambda t: self.admin.call("GET", "/api/modules/cart/versions", token=t),
                         "read publish activate admin"),
            "live": (lambda t: self.admin.call("GET", "/api/modules/cart/live", token=t), "read publish activate admin"),
            "pages": (lambda t: self.admin.call("GET", "/api/pages", token=t), "read publish activate admin"),
            "upload": (upload, "publish admin"),
            "upload and activate": (lambda t: upload(t, "?activate=true"), "admin"),
            "activate": (lambda t: self.admin.json("PUT", "/api/modules/cart/live", {"version": "1.1.0"}, token=t),
                         "activate admin"),
            "roll back": (lambda t: self.admin.json("POST", "/api/modules/cart/rollback", {"version": "1.0.0"}, token=t),
                          "activate admin"),
            "stage": (lambda t: self.admin.json("POST", "/api/modules/cart/stage", {"version": "1.0.0"}, token=t),
                      "activate admin"),
            "page": (lambda t: self.admin.json("PUT", "/api/pages/tokens", PAGE, token=t), "admin"),
            "delete a page": (lambda t: self.admin.call("DELETE", "/api/pages/tokens", token=t), "admin"),
            "tokens": (lambda t: self.admin.call("GET", "/api/tokens", token=t), "admin"),
            "rotate": (lambda t: self.admin.call("POST", "/api/tokens/000000000000/rotate", token=t), "admin"),
            "delete": (lambda t: self.admin.call("DELETE", "/api/modules/cart/versions/9.0.0", token=t), "activate admin"),
            "activity": (lambda t: self.admin.call("GET", "/api/activity", token=t), "read publish activate admin"),
            "export": (lambda t: self.admin.call("GET", "/api/activity?format=jsonl", token=t), "admin"),
            "revoke": (lambda t: self.admin.call("DELETE", "/api/tokens/000000000000", token=t), "admin"),
        }
        for what, (call, allowed) in calls.items():
            for scope, token in tokens.items():
                with self.subTest(what=what, scope=scope):
                    reply = call(token)
                    if scope in allowed.split():
                        self.assertNotIn(reply.status, (401, 403), reply)
                    else:
                        self.assertStatus(reply, 403, "scope")
        body = self.admin.json("POST", "/api/tokens", {"name": "x", "can": ["admin"]}, token=tokens["activate"])
        self.assertStatus(body, 403)

    def test_publish_and_activate_together(self):
        token = self.server.token_for("both", ["publish", "activate"])["token"]
        reply = self.server.upload("both", "1.0.0", bundles.bundle(), "?activate=true", token=token)
        self.assertStatus(reply, 201)
        self.assertEqual(reply.json["createdBy"], "ci")

    def test_a_token_is_for_its_module(self):
        self.server.put("mine", "1.0.0", bundles.bundle(), "?activate=true")
        self.server.put("other", "1.0.0", bundles.bundle(), "?activate=true")
        self.server.put("@shop/cart", "1.0.0", bundles.bundle())
        mine = self.server.token_for("mine", ["publish", "activate"])["token"]
        shop = self.server.token_for("@shop/*", ["publish"])["token"]
        for token, module, status in ((mine, "mine", 200), (mine, "other", 403), (mine, "mine2", 403), (mine, "min", 403),
                                      (shop, "@shop/cart", 200), (shop, "@shop/new", 201), (shop, "@shopx/cart", 403),
                                      (shop, "mine", 403), (shop, "cart", 403)):
            with self.subTest(module=module):
                self.assertStatus(self.server.upload(module, "1.0.0", bundles.bundle(), token=token), status)
        for path in ("", "/live", "/versions", "/versions/1.0.0"):
            self.assertStatus(self.admin.call("GET", "/api/modules/other" + path, token=mine), 403, "scope-module")
            self.assertStatus(self.admin.call("GET", "/api/modules/mine" + path, token=mine), 200)
        names = [m["name"] for m in self.admin.call("GET", "/api/modules", token=mine).json["modules"]]
        self.assertEqual(names, ["mine"])
        # An admin of one module is no admin of pages and tokens.
        small = self.server.token_for("mine", ["admin"])["token"]
        for method, path in (("GET", "/api/tokens"), ("DELETE", "/api/pages/x"), ("DELETE", "/api/tokens/000000000000")):
            self.assertStatus(self.admin.call(method, path, token=small), 403, "scope-module")
        self.assertStatus(self.admin.json("POST", "/api/tokens", {"name": "x", "can": ["admin"]}, token=small), 403)
        self.assertStatus(self.admin.json("PUT", "/api/pages/small", PAGE, token=small), 403)

    def test_a_revoked_token_is_no_token(self):
        made = self.server.token_for("*", ["read"])
        self.assertStatus(self.admin.call("GET", "/api/modules", token=made["token"]), 200)
        for _ in range(2):  # twice is fine
            self.assertStatus(self.admin.call("DELETE", "/api/tokens/" + made["id"]), 204)
            self.assertStatus(self.admin.call("GET", "/api/modules", token=made["token"]), 401, "token-revoked")
        self.assertIsNotNone(self.listed(made["id"])["revokedAt"])
        self.assertStatus(self.admin.call("DELETE", "/api/tokens/000000000000"), 404, "token-unknown")
        self.assertIn(self.admin.call("DELETE", "/api/tokens/x%20y").status, (400, 404))

    @staticmethod
    def at(text):
        return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()

    def rotate(self, id, **body):
        reply = self.admin.json("POST", "/api/tokens/%s/rotate" % id, body or None)
        if reply.status == 201:
            self.server.secrets.add(reply.json["token"])
        return reply

    def test_a_rotated_token_and_its_replacement_work_side_by_side(self):
        made = self.server.token_for("cart", ["publish", "activate"], expiresAt=in_seconds(90 * 86400))
        reply = self.rotate(made["id"])
        self.assertStatus(reply, 201)
        new = reply.json
        self.assertEqual((new["name"], new["module"], new["can"]), ("ci", "cart", ["publish", "activate"]))
        self.assertNotEqual(new["token"], made["token"])
        self.assertLess(abs(self.at(new["expiresAt"]) - self.at(in_seconds(90 * 86400))), 600)
        self.assertLess(abs(self.at(new["old"]["expiresAt"]) - self.at(in_seconds(86400))), 600)
        for token in (made["token"], new["token"]):
            self.assertStatus(self.admin.call("GET", "/api/modules", token=token), 200)
        self.assertEqual(self.listed(made["id"])["replacedBy"], new["id"])
        self.assertEqual(self.listed(made["id"])["expiresAt"], new["old"]["expiresAt"])
        self.assertIsNone(self.listed(new["id"])["replacedBy"])
        self.assertStatus(self.rotate(made["id"]), 409, "token-rotated")
        self.server.restart()
        for token in (made["token"], new["token"]):
            self.assertStatus(self.admin.call("GET", "/api/modules", token=token), 200)

    def test_the_old_token_ends_after_the_overlap(self):
        made = self.server.token_for("*", ["read"])
        reply = self.rotate(made["id"], overlapSeconds=3)
        self.assertIsNone(reply.json["expiresAt"])

        def ended():
            old = self.admin.call("GET", "/api/modules", token=made["token"])
            self.assertStatus(self.admin.call("GET", "/api/modules", token=reply.json["token"]), 200)
            return old if old.status != 200 else None
        self.assertStatus(until(ended, "the old token's end"), 401, "token-expired")
        now = self.server.token_for("*", ["read"])
        self.assertStatus(self.rotate(now["id"], overlapSeconds=0), 201)
        self.assertStatus(self.admin.call("GET", "/api/modules", token=now["token"]), 401, "token-expired")
        self.assertStatus(self.rotate(made["id"]), 409)

    def test_what_cannot_be_rotated(self):
        made = self.server.token_for("*", ["read"])
        for body in ({"overlapSeconds": -1}, {"overlapSeconds": 2592001}, {"overlapSeconds": "1"},
                     {"overlapSeconds": 1.5}, {"overlapSeconds": None}):
            with self.subTest(body):
                reply = self.rotate(made["id"], **body)
                self.assertStatus(reply, 400, "token-overlap")
                self.assertEqual(reply.json["where"], "/overlapSeconds")
        self.assertStatus(self.rotate(made["id"], overlap=3), 400, "json-member")
        self.assertStatus(self.rotate("000000000000"), 404, "token-unknown")
        self.admin.call("DELETE", "/api/tokens/" + made["id"])
        self.assertStatus(self.rotate(made["id"]), 409, "token-ended")

    def test_the_first_token_is_rotated_like_any_other(self):
        first = [t for t in self.admin.get("/api/tokens").json["tokens"] if t["name"] == "admin"][0]
        reply = self.rotate(first["id"])
        self.assertStatus(reply, 201)
        self.assertStatus(self.admin.call("GET", "/api/tokens", token=reply.json["token"]), 200)
        self.assertStatus(self.admin.call("GET", "/api/tokens"), 200)

    def test_a_token_expires(self):
        token = self.server.token_for("*", ["read"], expiresAt=in_seconds(3))["token"]

        def expired():
            reply = self.admin.call("GET", "/api/modules", token=token)
            return reply if reply.status != 200 else None
        self.assertStatus(until(expired, "the token's end"), 401, "token-expired")

    def test_forms_of_the_header(self):
        token = self.server.token
        for value, status in (("Bearer " + token, 200), ("bearer " + token, 200), ("BEARER  " + token, 200),
                              (token, 401), ("Basic " + token, 401), ("Bearer", 401), ("Bearer ", 401),
                              ("Bearer " + token + "x", 401), ("Bearer " + token[:-1], 401), ("Bearer x" + token, 401),
                              ("Bearer " + token.upper(), 401), ("Bearer " + token + ", Bearer " + token, 401),
                              ("Bearer\t" + token, 401)):
            with self.subTest(value.replace(token, "TOKEN")):
                reply = self.admin.call("GET", "/api/modules", headers={"Authorization": value})
                self.assertIn(reply.status, (status, 400) if "\t" in value else (status,), reply)
        self.assertStatus(self.admin.call("GET", "/api/modules", token=""), 401, "token-missing")
        self.assertStatus(self.admin.call("GET", "/api/modules?token=" + "x" * 49, token=""), 401)

    def test_every_route_but_livez_needs_one(self):
        for method, path in (("GET", "/api/modules"), ("GET", "/api/modules/a"), ("GET", "/api/modules/a/versions"),
                             ("GET", "/api/modules/a/versions/1.0.0"), ("PUT", "/api/modules/a/versions/1.0.0"),
                             ("GET", "/api/modules/a/live"), ("PUT", "/api/modules/a/live"),
                             ("POST", "/api/modules/a/rollback"), ("POST", "/api/modules/a/stage"), ("GET", "/api/pages"), ("GET", "/api/pages/a"),
                             ("PUT", "/api/pages/a"), ("DELETE", "/api/pages/a"), ("GET", "/api/tokens"),
                             ("POST", "/api/tokens"), ("DELETE", "/api/tokens/000000000000"),
                             ("POST", "/api/tokens/000000000000/rotate"), ("GET", "/api/activity"),
                             ("GET", "/api/activity/check"), ("DELETE", "/api/modules/a/versions/1.0.0")):
            with self.subTest(method + " " + path):
                self.assertStatus(self.admin.call(method, path, token=""), 401, "token-missing")
        self.assertStatus(self.admin.call("GET", "/livez", token=""), 200)

    def test_use_is_noted(self):
        made = self.server.token_for("*", ["read"])
        self.assertIsNone(self.listed(made["id"])["usedAt"])
        self.admin.call("GET", "/api/modules", token=made["token"])
        self.assertIsNotNone(self.listed(made["id"])["usedAt"])


if __name__ == "__main__":
    main()
