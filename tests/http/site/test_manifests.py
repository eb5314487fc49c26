#!/usr/bin/env python3
"""What stock loaders read of all that is live: one document for each kind, under /manifests/.

usage: BERTH_BIN=path/to/berth tests/http/site/test_manifests.py [TestCase[.test]]
"""

import json

import bundles
from harness import SiteCase, main, until

TYPES = {
    "remotes.json": "application/json",
    "importmap.json": "application/importmap+json",
    "systemjs.importmap.json": "application/importmap+json",
    "mf-remotes.json": "application/json",
    "mf-snapshot.json": "application/json",
    "federation.manifest.json": "application/json",
    "discovery.json": "application/json",
}
SYSTEM = b"System.register([],function(e){return{execute:function(){e('default',%r)}}});\n"


def native_files(mark, shared=()):
    entry = {"name": "mfe", "exposes": [{"key": "./Widget", "outFileName": "Widget.js"}], "shared": list(shared)}
    return {"remoteEntry.json": json.dumps(entry).encode(), "Widget.js": b"export const is = %r;\n" % mark}


class Stream:
    """Server-sent events of one module, as they come."""

    def __init__(self, case, path):
        self.connection = case.public.connect()
        self.connection.send(case.public.head_text("GET", path, {"Accept": "text/event-stream"}))
        self.head = self.connection.head()
        case.server.note("public", "GET", path, self.head)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def data(self):
        """The next data line; None when the stream ends."""
        while True:
            text = self.connection.read_until(b"\n\n")
            if text is None:
                return None
            for line in text.decode().split("\n"):
                if line.startswith("data: "):
                    return json.loads(line[6:])


class Manifests(SiteCase):
    def setUp(self):
        self.name = "man-" + self._testMethodName.removeprefix("test_").replace("_", "-")[:50]

    def put(self, version, contents, live=True):
        self.server.put(self.name, version, bundles.tar_gz(contents), "?activate=true" if live else "")

    def manifest(self, name):
        return self.assertStatus(self.public.get("/manifests/" + name), 200).json

    def test_each_has_its_type_and_may_be_read_from_anywhere(self):
        for name, content_type in TYPES.items():
            with self.subTest(name):
                reply = self.assertStatus(self.public.get("/manifests/" + name), 200)
                self.assertEqual((reply["Content-Type"], reply["Cache-Control"], reply["Access-Control-Allow-Origin"]),
                                 (content_type, "no-cache", "*"))
                again = self.public.get("/manifests/" + name, if_none_match=reply["ETag"])
                self.assertStatus(again, 304)
                head = self.public.call("HEAD", "/manifests/" + name)
                self.assertEqual((head["ETag"], head["Content-Length"]), (reply["ETag"], str(len(reply.body))))
        self.assertStatus(self.public.get("/manifests/nothing.json"), 404)

    def test_each_changes_with_an_activation(self):
        container = bundles.mf2_files(self.name, self.name)
        self.put("1.0.0", container)
        before = {name: self.public.get("/manifests/" + name) for name in TYPES}
        self.put("1.1.0", bundles.mf2_files("other", self.name))
        for name in ("remotes.json", "mf-remotes.json", "mf-snapshot.json", "discovery.json"):
            after = self.public.get("/manifests/" + name, if_none_match=before[name]["ETag"])
            self.assertStatus(after, 200)
            self.assertIn(("/m/%s@1.1.0/" % self.name).encode(), after.body, name)
            self.assertNotIn(("/m/%s@1.0.0/" % self.name).encode(),
                             after.body if name != "remotes.json" else b"", name)
        for name in ("systemjs.importmap.json", "federation.manifest.json"):
            self.assertStatus(self.public.get("/manifests/" + name, if_none_match=before[name]["ETag"]), 304)

    def test_an_es_module_is_in_the_import_map(self):
        self.put("1.0.0", {"index.js": b"export default 1;\n", "lazy.mjs": b"export default 2;\n"})
        base = "/m/%s@1.0.0/" % self.name
        found = self.manifest("importmap.json")
        self.assertEqual((found["imports"][self.name], found["imports"][self.name + "/"]), (base + "index.js", base))
        files = self.manifest("remotes.json")["remotes"][self.name]["files"]
        self.assertEqual({path: found["integrity"][base + path] for path in files}, files)
        self.assertNotIn(self.name, self.manifest("systemjs.importmap.json")["imports"])

    def test_what_systemjs_registers_is_in_its_own_map_alone(self):
        self.put("1.0.0", {"index.js": SYSTEM % b"x"})
        url = "/m/%s@1.0.0/index.js" % self.name
        found = self.manifest("systemjs.importmap.json")
        self.assertEqual(found["imports"][self.name], url)
        self.assertTrue(found["integrity"][url].startswith("sha384-"))
        self.assertNotIn(self.name, self.manifest("importmap.json")["imports"])

    def test_a_container_is_a_remote_and_in_the_snapshot(self):
        self.put("1.0.0", bundles.mf2_files("x", "built_" + self.name.replace("-", "_")))
        name = "built_" + self.name.replace("-", "_")
        base = "/m/%s@1.0.0/" % self.name
        remote, = [item for item in self.manifest("mf-remotes.json") if item["name"] == name]
        self.assertEqual(remote, {"name": name, "entry": base + "mf-manifest.json", "type": "global",
                                  "entryGlobalName": name, "module": self.name})
        snapshot = self.manifest("mf-snapshot.json")
        self.assertEqual(snapshot[name + ":*"], snapshot[name + ":1.0.0"])
        self.assertEqual((snapshot[name + ":*"]["publicPath"], snapshot[name + ":*"]["remoteEntry"]),
                         (base, "remoteEntry.js"))

    def test_types_and_stats_are_reachable_beside_both_manifests(self):
        build = bundles.mf2_files("x", self.name)
        manifest = json.loads(build["mf-manifest.json"])
        manifest["metaData"]["types"] = {"path": "", "name": "@mf-types.zip", "zip": "@mf-types.zip",
                                         "api": "@mf-types.d.ts"}
        build["mf-manifest.json"] = json.dumps(manifest).encode()
        build.update({"@mf-types.zip": bundles.zip_({"a.d.ts": b"x"}), "@mf-types.d.ts": b"export {};\n",
                      "mf-stats.json": b'{"id":"x"}'})
        self.put("1.0.0", build)
        for folder in ("/m/%s@1.0.0/" % self.name, "/m/%s/" % self.name):
            meta = self.public.get(folder + "mf-manifest.json").json["metaData"]
            self.assertEqual(meta["types"], manifest["metaData"]["types"])
            self.assertEqual(meta["publicPath"], "auto", "the files are where the manifest is")
            for path in ("@mf-types.zip", "@mf-types.d.ts", "mf-stats.json"):
                reply = self.public.get(folder + path)
                if reply.status == 302:
                    self.assertEqual(reply["Access-Control-Allow-Origin"], "*")
                    reply = self.public.get(reply["Location"])
                self.assertStatus(reply, 200)
                self.assertEqual((reply.body, reply["Access-Control-Allow-Origin"]), (build[path], "*"))

    # --- Native Federation ---

    def test_a_native_document_leads_to_the_next_one(self):
        shared = [{"packageName": "p", "version": "1.0.0", "requiredVersion": "^1", "outFileName": "p.js"}]
        self.put("1.0.0", {**native_files(b"one", shared), "p.js": b"export {};\n"})
        url = "/m/%s@1.0.0/@remoteEntry.json" % self.name
        self.assertIn(url, self.manifest("federation.manifest.json").values())
        reply = self.assertStatus(self.public.get(url), 200)
        self.assertEqual((reply["Content-Type"], reply["Cache-Control"], reply["Access-Control-Allow-Origin"]),
                         ("application/json", "no-cache", "*"))
        generation = self.manifest("remotes.json")["remotes"][self.name]["generation"]
        document = reply.json
        self.assertEqual(document["buildNotificationsEndpoint"], "/../%s/@events?after=%d" % (self.name, generation))
        files = self.manifest("remotes.json")["remotes"][self.name]["files"]
        self.assertEqual(document["integrity"], files)
        self.assertEqual(self.public.get("/m/%s/remoteEntry.json" % self.name).body, reply.body)
        plain = self.public.get("/m/%s@1.0.0/remoteEntry.json" % self.name)
        self.assertNotIn(b"buildNotificationsEndpoint", plain.body)
        self.assertIn("/m/%s@1.0.0/p.js" % self.name, self.manifest("importmap.json")["imports"]["p"])
        self.put("1.1.0", native_files(b"two"))
        reply = self.assertStatus(self.public.get(url), 302)
        self.assertEqual(reply["Location"], "/m/%s@1.0.0/remoteEntry.json" % self.name)

    def test_there_is_no_native_document_of_other_modules(self):
        self.put("1.0.0", bundles.files("x"))
        reply = self.assertStatus(self.public.get("/m/%s@1.0.0/@remoteEntry.json" % self.name), 302)
        self.assertStatus(self.public.get(reply["Location"]), 404)
        self.assertStatus(self.public.get("/m/nobody@1.0.0/@remoteEntry.json"), 404)
        self.assertStatus(self.public.get("/m/%s@9.9.9/@remoteEntry.json" % self.name), 404)

    def test_scripts_of_a_native_module_are_answered_without_a_redirect(self):
        text = b"export const text = '%s';\n" % (b"x" * 4000)
        self.put("1.0.0", {**native_files(b"one"), "old.js": text, "a.css": b"p{}"})
        versioned = self.public.get("/m/%s@1.0.0/old.js" % self.name)
        for headers in ({}, {"accept_encoding": "gzip"}):
            reply = self.assertStatus(self.public.get("/m/%s/old.js" % self.name, **headers), 200)
            self.assertEqual((reply["Content-Type"], reply["Cache-Control"], reply["Access-Control-Allow-Origin"]),
                             ("text/javascript; charset=utf-8", "no-cache", "*"))
        reply = self.public.get("/m/%s/old.js" % self.name)
        self.assertEqual((reply.body, reply["ETag"]), (text, versioned["ETag"]))
        self.assertStatus(self.public.get("/m/%s/old.js" % self.name, if_none_match=reply["ETag"]), 304)
        self.assertStatus(self.public.get("/m/%s/a.css" % self.name), 302)
        # What only an older version has leads there.
        self.put("1.1.0", native_files(b"two"))
        self.assertEqual(self.public.get("/m/%s/old.js" % self.name)["Location"], "/m/%s@1.0.0/old.js" % self.name)

    def endpoint(self):
        document = self.public.get("/m/%s/remoteEntry.json" % self.name).json
        return document["buildNotificationsEndpoint"].replace("/..", "/m", 1)

    def test_a_page_hears_of_its_own_module_alone(self):
        self.put("1.0.0", native_files(b"one"))
        with Stream(self, self.endpoint()) as stream:
            self.assertEqual((stream.head.status, stream.head["Content-Type"], stream.head["Cache-Control"],
                              stream.head["Access-Control-Allow-Origin"]), (200, "text/event-stream", "no-store", "*"))
            self.server.put(self.name + "x", "1.0.0", bundles.bundle("x"), "?activate=true")
            self.put("1.1.0", native_files(b"two"))
            self.assertEqual(stream.data(), {"type": "federation-rebuild-complete"})
            self.server.rollback(self.name)
            self.assertEqual(stream.data(), {"type": "federation-rebuild-complete"})
        # What it has now is what is live: a stream from here on is silent until the next activation.
        with Stream(self, self.endpoint()) as stream:
            self.server.put(self.name + "x", "1.1.0", bundles.bundle("y"), "?activate=true")
            self.server.make_live(self.name, "1.1.0")
            self.assertEqual(stream.data(), {"type": "federation-rebuild-complete"})

    def test_an_activation_before_the_stream_is_told_at_once(self):
        self.put("1.0.0", native_files(b"one"))
        before = self.endpoint()
        self.put("1.1.0", native_files(b"two"))
        with Stream(self, before) as stream:
            self.assertEqual(stream.data(), {"type": "federation-rebuild-complete"})
        self.assertStatus(self.public.get("/m/nobody/@events"), 404)
        head = self.public.call("HEAD", before)
        self.assertEqual((head.status, head["Content-Type"]), (200, "text/event-stream"))

    def test_a_number_that_is_none_is_what_is_live(self):
        self.put("1.0.0", native_files(b"one"))
        for after in ("", "?after=x", "?after=-1", "?after=9999999999999999"):
            with Stream(self, "/m/%s/@events%s" % (self.name, after)) as stream:
                self.server.make_live(self.name, "1.0.0")  # no change
                self.put("1.%d.0" % (2 + len(after)), native_files(b"two" + after.encode()))
                self.assertEqual(stream.data(), {"type": "federation-rebuild-complete"})

    def answered_once(self, query):
        """The lines of a stream that ends by itself."""
        path = "/m/%s/@events%s" % (self.name, query)
        with self.public.connect() as connection:
            connection.send(self.public.head_text("GET", path, {}))
            self.server.note("public", "GET", path, connection.head())
            return [line for line in connection.read_to_end().decode().split("\n") if line]

    def test_an_address_has_three_streams_and_the_others_ask_again(self):
        self.put("1.0.0", native_files(b"one"))
        path = "/m/%s/@events" % self.name
        with Stream(self, path), Stream(self, path), Stream(self, path) as third:
            self.assertEqual(self.answered_once(""), ["retry: 5000"])
            self.assertEqual(self.answered_once("?after=0"),
                             ["retry: 5000", 'data: {"type":"federation-rebuild-complete"}'])
            self.put("1.1.0", native_files(b"two"))
            self.assertEqual(third.data(), {"type": "federation-rebuild-complete"})
        # Those that went leave their places.
        until(lambda: self.admin.get("/api/system").json["streams"] == 0, "the streams to end")
        with Stream(self, path) as stream:
            self.put("1.2.0", native_files(b"three"))
            self.assertEqual(stream.data(), {"type": "federation-rebuild-complete"})


if __name__ == "__main__":
    main()
