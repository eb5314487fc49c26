#!/usr/bin/env python3
"""POST /api/bundles and `berth push FILE`: what npm pack makes says itself what it is.

usage: BERTH_BIN=path/to/berth tests/http/site/test_bundles.py [TestCase[.test]]
"""

import json
import os
import shutil
import subprocess
import tempfile
import unittest

import bundles
from harness import BERTH, SiteCase, main, sha256


def package(name="npm-app", version="1.0.0", **more):
    return json.dumps({"name": name, "version": version, **more}).encode()


def npm_files(mark="", **more):
    """As npm pack lays them out."""
    build = {"package/package.json": package(**more)}
    build.update({"package/" + path: data for path, data in bundles.files(mark).items()})
    return build


class Bundles(SiteCase):
    def post(self, archive, query="", **more):
        headers = {"Content-Type": "application/octet-stream", **more.pop("headers", {})}
        return self.admin.call("POST", "/api/bundles" + query, archive, headers, **more)

    def assertNothingKept(self, contents):
        """None of the files is a blob. (Compression writes others meanwhile.)"""
        names = {os.path.basename(path) for path in self.server.blobs()}
        for path, data in contents.items():
            self.assertNotIn(sha256(data), names, path)

    def test_name_and_version_come_from_package_json(self):
        for name, path in (("npm-app", "/m/npm-app@1.2.3/remoteEntry.js"),
                           ("@shop/cart", "/m/@shop/cart@1.2.3/remoteEntry.js")):
            with self.subTest(name):
                archive = bundles.tar_gz(npm_files(name, name=name, version="1.2.3"))
                reply = self.assertStatus(self.post(archive), 201)
                self.assertEqual((reply.json["module"], reply.json["version"], reply.json["live"]),
                                 (name, "1.2.3", False))
                self.assertEqual(reply.json["entry"], "remoteEntry.js")
                self.assertEqual(self.public.get(path).body, bundles.container(name))
                self.assertStatus(self.post(archive), 200)

    def test_every_kind_of_archive_and_every_place_of_package_json(self):
        inner = bundles.files("kinds")
        layouts = {"root": {"package.json": b"%s", **inner},
                   "folder": {"package/package.json": b"%s", **{"package/" + p: d for p, d in inner.items()}},
                   "other": {"out/package.json": b"%s", **{"out/" + p: d for p, d in inner.items()}},
                   "nested": {"package.json": b"%s", "lib/package.json": b"{}", "node_modules/a/package.json": b"{}",
                              **inner}}
        for index, (layout, contents) in enumerate(layouts.items()):
            for number, pack in enumerate((bundles.tar, bundles.tar_gz, bundles.tar_zst, bundles.zip_)):
                with self.subTest(layout=layout, kind=pack.__name__):
                    told = package("kinds-" + layout, "1.0.%d" % number)
                    archive = pack({p: told if d == b"%s" else d for p, d in contents.items()})
                    reply = self.assertStatus(self.post(archive), 201)
                    self.assertEqual((reply.json["module"], reply.json["version"]),
                                     ("kinds-" + layout, "1.0.%d" % number), index)

    def test_activate_makes_it_live_with_a_reason(self):
        archive = bundles.tar_gz(npm_files(name="npm-live"))
        reply = self.assertStatus(self.post(archive, "?activate=true&reason=first"), 201)
        self.assertEqual((reply.json["live"], reply.json["previous"]), (True, None))
        history = self.admin.get("/api/modules/npm-live").json["history"]
        self.assertEqual([(row["version"], row["reason"]) for row in history], [("1.0.0", "first")])

    def test_what_package_json_lacks_or_breaks_is_told(self):
        cases = {
            "package-missing": bundles.files("x"),
            "package-ambiguous": {"a/package.json": package(), "b/package.json": package(), **bundles.files("x")},
            "package-syntax": {"package/package.json": b"{'name': 1}"},
            "limit-package-bytes": {"package/package.json": package(padding="x" * 300000)},
            "module-name": npm_files(name="Shop App"),
            "version": npm_files(version="v1"),
        }
        wheres = {"module-name": "/name", "version": "/version", "package-syntax": "package.json"}
        for rule, contents in cases.items():
            with self.subTest(rule):
                reply = self.assertStatus(self.post(bundles.tar_gz(contents)),
                                          413 if rule.startswith("limit") else 422, rule)
                self.assertEqual(reply.json.get("where"), wheres.get(rule))
                self.assertNothingKept({p: d for p, d in contents.items() if p.endswith("package.json")})
        for name in ({"name": None}, {"name": 7}, {"name": "a" * 400}, {"version": None}, {"version": "1." * 100}):
            with self.subTest(name):
                reply = self.post(bundles.tar_gz({"package/package.json": package(**name)}))
                self.assertStatus(reply, 422, "module-name" if "name" in name else "version")
        self.assertStatus(self.post(bundles.tar_gz({"package/package.json": b"[]"})), 422, "module-name")

    def test_a_token_for_other_modules_is_refused_before_anything_is_kept(self):
        token = self.server.token_for("@shop/*")["token"]
        contents = npm_files("secret", name="other-app")
        self.assertStatus(self.post(bundles.tar_gz(contents), token=token), 403, "scope-module")
        self.assertNothingKept(contents)
        contents = npm_files("mine", name="@shop/mine")
        archive = bundles.tar_gz(contents)
        self.assertStatus(self.post(archive, "?activate=true", token=token), 403, "scope")
        self.assertNothingKept(contents)
        self.assertStatus(self.post(archive, token=token), 201)

    def test_a_token_that_may_not_publish_is_refused_before_the_body(self):
        token = self.server.token_for("*", ("read", "activate"))["token"]
        with self.admin.connect() as connection:
            connection.send(self.admin.head_text("POST", "/api/bundles", {
                "Content-Length": "1000000", "Content-Type": "application/gzip"}, token=token))
            self.assertStatus(connection.reply(), 403, "scope")
        self.assertStatus(self.post(b"x", token=""), 401, "token-missing")

    def test_what_put_refuses_this_refuses_too(self):
        good = bundles.tar_gz(npm_files(name="npm-rules"))
        self.assertStatus(self.post(good, "?activate=yes"), 400, "activate")
        self.assertStatus(self.post(good, headers={"Content-Type": "text/plain"}), 415, "media-type")
        self.assertStatus(self.post(b"nothing"), 415, "archive-unknown")
        self.assertStatus(self.post(b""), 400, "archive-empty")
        self.assertStatus(self.post(good[:-30]), 422)
        digest = "sha-256=:%s:" % ("A" * 43 + "=")
        self.assertStatus(self.post(good, headers={"Repr-Digest": digest}), 400, "digest-mismatch")
        self.assertStatus(self.admin.get("/api/modules/npm-rules"), 404)
        self.assertStatus(self.post(good), 201)
        other = bundles.tar_gz(npm_files("other", name="npm-rules"))
        self.assertStatus(self.post(other), 409, "version-exists")


@unittest.skipUnless(shutil.which("npm"), "npm is not there")
class RealNpm(SiteCase):
    """npm pack itself, and the command."""

    def berth(self, *words):
        env = {**os.environ, "BERTH_SERVER": "http://" + self.admin.address, "BERTH_TOKEN": self.server.token}
        return subprocess.run([BERTH, *words], env=env, capture_output=True, text=True, timeout=60,
                              stdin=subprocess.DEVNULL)

    def pack(self, folder, name, version):
        with open(os.path.join(folder, "package.json"), "wb") as file:
            file.write(package(name, version, files=["dist"]))
        os.makedirs(os.path.join(folder, "dist"), exist_ok=True)
        for path, data in bundles.files(version).items():
            with open(os.path.join(folder, "dist", path), "wb") as file:
                file.write(data)
        # Offline, and nothing of the machine's settings.
        done = subprocess.run(["npm", "pack", "--silent", "--ignore-scripts", "--offline"], cwd=folder,
                              capture_output=True, text=True, check=True,
                              env={**os.environ, "npm_config_userconfig": "/dev/null",
                                   "npm_config_update_notifier": "false"})
        return os.path.join(folder, done.stdout.strip())

    def test_what_npm_packs_is_pushed_without_a_name(self):
        with tempfile.TemporaryDirectory() as folder:
            tarball = self.pack(folder, "@shop/npm-cart", "2.0.0")
            out = self.berth("push", tarball)
            self.assertEqual(out.returncode, 0, out.stderr)
            self.assertIn("uploaded @shop/npm-cart@2.0.0: 3 files", out.stdout)
            self.assertIn("next: berth activate @shop/npm-cart@2.0.0", out.stdout)
            reply = self.public.get("/m/@shop/npm-cart@2.0.0/dist/remoteEntry.js")
            self.assertEqual(sha256(reply.body), sha256(bundles.container("2.0.0")))
            out = self.berth("push", self.pack(folder, "@shop/npm-cart", "2.1.0"), "--activate")
            self.assertIn("it is live, generation 1", out.stdout)
            out = self.berth("push", "@shop/renamed@9.0.0", tarball)
            self.assertIn("uploaded @shop/renamed@9.0.0", out.stdout, "a name that is given counts")

    def test_what_says_nothing_of_itself_needs_a_name(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "remoteEntry.js"), "wb") as file:
                file.write(bundles.container("bare"))
            out = self.berth("push", folder)
            self.assertEqual(out.returncode, 7, out.stderr)
            self.assertIn("package-missing", out.stderr)
            self.assertIn("berth push MODULE@VERSION FILE", out.stderr)


if __name__ == "__main__":
    main()
