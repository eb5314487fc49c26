#!/usr/bin/env python3
"""The API's description: that it is served, that it is whole, and that what it says of answers is held against them.

(tests/unit/api_openapi.c holds it against the routes, and the harness each answer of every test against it.)

usage: BERTH_BIN=path/to/berth tests/http/site/test_openapi.py [TestCase[.test]]
"""

import json
import re
import unittest

import bundles
import openapi
from harness import Reply, SiteCase, main


class Served(SiteCase):
    def test_it_needs_no_token_and_is_the_file_of_the_sources(self):
        reply = self.assertStatus(self.admin.call("GET", "/api/openapi.json", token=""), 200)
        self.assertEqual((reply["Content-Type"], reply["Cache-Control"]), ("application/json", "no-cache"))
        with open(openapi.FILE, "rb") as file:
            self.assertEqual(reply.body, file.read())

    def test_the_public_listener_does_not_have_it(self):
        self.assertStatus(self.public.get("/api/openapi.json"), 404)

    def test_it_has_the_version_of_the_server(self):
        version = self.admin.get("/api/session").json["version"]
        self.assertEqual(self.admin.get("/api/openapi.json").json["info"]["version"], version)


class Whole(unittest.TestCase):
    """By the rules of OpenAPI 3.1 that a tool would stumble over."""

    document = openapi.DESCRIPTION.document

    def operations(self):
        for path, item in self.document["paths"].items():
            for method in openapi.METHODS:
                if method in item:
                    yield path, method, item, item[method]

    def references(self, value):
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                yield value["$ref"]
            for one in value.values():
                yield from self.references(one)
        elif isinstance(value, list):
            for one in value:
                yield from self.references(one)

    def resolve(self, reference):
        target = self.document
        for key in reference.removeprefix("#/").split("/"):
            target = target[key]
        return target

    def test_every_reference_leads_somewhere_and_every_component_is_used(self):
        used = set(self.references(self.document))
        for reference in used:
            self.assertTrue(self.resolve(reference), reference)
        for kind in ("schemas", "parameters", "responses"):
            for name in self.document["components"][kind]:
                if name != "ActivityLine":  # a line of text, which no schema can hold
                    self.assertIn("#/components/%s/%s" % (kind, name), used)

    def test_every_operation_has_a_name_of_its_own_and_a_tag_that_is_told(self):
        names = [operation["operationId"] for _, _, _, operation in self.operations()]
        self.assertEqual(len(names), len(set(names)))
        tags = {tag["name"] for tag in self.document["tags"]}
        for path, method, _, operation in self.operations():
            with self.subTest(path=path, method=method):
                self.assertRegex(operation["operationId"], r"^[A-Za-z_]+$")
                self.assertTrue(operation["summary"])
                self.assertLessEqual(set(operation["tags"]), tags)

    def test_every_parameter_of_a_path_is_described_once(self):
        for path, method, item, operation in self.operations():
            listed = [one if "name" in one else self.resolve(one["$ref"])
                      for one in item.get("parameters", []) + operation.get("parameters", [])]
            keys = [(one["in"], one["name"]) for one in listed]
            with self.subTest(path=path, method=method):
                self.assertEqual(len(keys), len(set(keys)))
                self.assertEqual({name for where, name in keys if where == "path"}, set(re.findall(r"{(\w+)}", path)))

    @unittest.skipUnless(openapi.jsonschema, "jsonschema is missing, as another test says")
    def test_every_schema_is_one(self):
        for key, validator in openapi.DESCRIPTION.validators.items():
            with self.subTest(operation=key):
                openapi.jsonschema.Draft202012Validator.check_schema(validator.schema)

    def test_every_operation_can_fail_as_a_problem(self):
        for path, method, _, operation in self.operations():
            self.assertEqual(operation["responses"]["default"], {"$ref": "#/components/responses/Problem"}, path)


class Held(SiteCase):
    """The check of answers finds what it is for; else all of them could be wrong."""

    def setUp(self):
        self.assertIsNotNone(openapi.jsonschema, "jsonschema is missing: apt-get install python3-jsonschema")

    def refuses(self, text, method, path, reply, **changes):
        body = {**json.loads(reply.body), **changes}
        changed = Reply(reply.status, reply.reason, reply.headers,
                        json.dumps({key: value for key, value in body.items() if value != "gone"}).encode())
        with self.assertRaisesRegex(AssertionError, text):
            openapi.DESCRIPTION.check("admin", method, path, changed)

    def test_of_a_member_that_is_not_described_that_is_missing_or_of_another_type(self):
        reply = self.admin.get("/api/session")
        self.refuses("more", "GET", "/api/session", reply, more=1)
        self.refuses("'token' is a required property", "GET", "/api/session", reply, token="gone")
        self.refuses("5 is not of type 'string'", "GET", "/api/session", reply, version=5)

    def test_of_problems(self):
        reply = self.assertStatus(self.admin.get("/api/modules/none"), 404)
        self.refuses("'requestId' is a required property", "GET", "/api/modules/none", reply, requestId="gone")

    def test_of_a_route_a_status_and_a_type_that_are_not_described(self):
        reply = self.admin.get("/api/session")
        with self.assertRaisesRegex(AssertionError, "not described"):
            openapi.DESCRIPTION.check("admin", "GET", "/api/other", reply)
        with self.assertRaisesRegex(AssertionError, "this status"):
            openapi.DESCRIPTION.check("admin", "GET", "/api/session", Reply(202, "", reply.headers, reply.body))
        with self.assertRaisesRegex(AssertionError, "this type"):
            openapi.DESCRIPTION.check("admin", "GET", "/api/session",
                                      Reply(200, "", [("Content-Type", "text/html")], reply.body))


class Round(SiteCase):
    """Every operation of the admin listener answers once as it should, so that every success was held against its
    description in this file alone."""

    def call(self, status, method, path, value=None, **more):
        return self.assertStatus(self.admin.json(method, path, value, **more), status)

    def test_every_operation_answers_as_described(self):
        archive, server = bundles.bundle("round"), self.server
        for version in ("1.0.0", "1.1.0", "1.2.0"):
            self.assertStatus(server.upload("@all/round", version, archive), 201)
        self.assertStatus(server.upload("@all/round", "1.0.0", archive, "?activate=true"), 200)
        one = "/api/modules/@all/round"
        self.call(200, "PUT", one + "/live", {"version": "1.1.0"})
        self.call(200, "POST", one + "/stage", {"version": "1.0.0"})
        self.call(200, "POST", one + "/rollback")
        self.call(201, "POST", one + "/versions/1.1.0/preview")
        for path in ("", "/versions", "/versions/1.0.0", "/versions/1.1.0/compatibility", "/live"):
            self.call(200, "GET", one + path)
        self.call(204, "DELETE", one + "/versions/1.2.0")
        package = bundles.tar_gz({"package/package.json": b'{"name": "npm-round", "version": "1.0.0"}',
                                  "package/index.js": b"export const a = 1;\n"})
        self.assertStatus(self.admin.call("POST", "/api/bundles", package, {"Content-Type": "application/gzip"}), 201)
        manifest = {"path": "/round", "title": "Round", "slots": [{"name": "a", "module": "@all/round", "expose": "./A"}]}
        self.call(201, "PUT", "/api/pages/round", manifest)
        self.call(200, "PUT", "/api/pages/round", {**manifest, "title": "Other"})
        for path in ("/api/pages", "/api/pages/round"):
            self.call(200, "GET", path)
        self.call(204, "DELETE", "/api/pages/round")
        token = self.call(201, "POST", "/api/tokens", {"name": "round", "can": ["read"]}).json
        other = self.call(201, "POST", "/api/tokens/%s/rotate" % token["id"]).json
        server.secrets |= {token["token"], other["token"]}
        self.call(204, "DELETE", "/api/tokens/" + token["id"])
        for path in ("/api/tokens", "/api/modules", "/api/activity", "/api/activity?format=jsonl", "/api/activity/check",
                     "/api/session", "/api/system", "/api/reports", "/api/openapi.json", "/api/backup", "/metrics", "/livez",
                     "/environments", "/import-map.json", "/health"):
            self.assertStatus(self.admin.get(path), 200)
        self.call(200, "PATCH", "/import-map.json", {"imports": {"react": "https://cdn.example/react.js"}})
        self.call(200, "PATCH", "/services", {"service": "vue", "url": "https://cdn.example/vue.js"})
        self.call(200, "DELETE", "/services/vue")
        self.call(200, "POST", "/api/gc", {"dryRun": True})
        for name in openapi.DESCRIPTION.document["paths"]:
            if name.startswith("/manifests/"):
                self.assertStatus(self.public.get(name), 200)
        self.assertStatus(self.public.get("/api/v1/pilet"), 200)
        self.assertStatus(self.public.get("/readyz"), 200)
        # What is written in other ways than JSON bodies has tests of its own: pilets, the console, the stream.
        left = {("post", "/api/v1/pilet"), ("get", "/"), ("get", "/console/{path}"), ("get", "/api/events")}
        seen = {(method, template) for method, template, status in openapi.DESCRIPTION.seen if status < 300}
        all_of_them = {(method, template) for listener, method, template, _, _ in openapi.DESCRIPTION.operations
                       if listener == "admin"}
        self.assertEqual(all_of_them - seen - left, set())


if __name__ == "__main__":
    main()
