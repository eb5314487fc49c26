#!/usr/bin/env python3
"""PUT /api/modules/{m}/versions/{v}: what is taken, what is refused, and before which byte.

usage: BERTH_BIN=path/to/berth tests/http/site/test_upload.py [TestCase[.test]]
"""

import base64
import hashlib
import os
import unittest

import bundles
from harness import SiteCase, main, sha256


def repr_digest(data, name="sha-256", hash=hashlib.sha256):
    return "%s=:%s:" % (name, base64.b64encode(hash(data).digest()).decode())


class Upload(SiteCase):
    def test_the_answer_says_what_was_found(self):
        archive = bundles.bundle("told", index__html=b"<p>hello")
        reply = self.assertStatus(self.server.upload("told", "1.0.0", archive), 201)
        body = reply.json
        self.assertEqual(reply["Content-Type"], "application/json")
        contents = bundles.files("told", index__html=b"<p>hello")
        self.assertRegex(body["digest"], "^sha256:[0-9a-f]{64}$")
        self.assertEqual(
            {key: body[key] for key in ("module", "version", "files", "bytes", "archiveBytes",
                                        "archiveDigest", "url", "createdBy", "live", "archive", "format",
                                        "type", "entry", "container", "chunkGlobals", "shared",
                                        "warnings", "integrity")},
            {"module": "told", "version": "1.0.0", "files": 3,
             "bytes": sum(map(len, contents.values())), "archiveBytes": len(archive),
             "archiveDigest": "sha256:" + sha256(archive), "url": "/m/told@1.0.0/",
             "createdBy": "admin", "live": False, "archive": "tar.gz",
             "format": "webpack-container", "type": "script", "entry": "remoteEntry.js",
             "container": "appHeader", "chunkGlobals": ["webpackChunkappHeader"], "shared": [],
             "warnings": [],
             "integrity": "sha384-" + base64.b64encode(
                 hashlib.sha384(contents["remoteEntry.js"]).digest()).decode()})
        self.assertEqual(body["exposes"], [{"name": "./Header",
                                            "assets": {"js": ["456.7d31690c.js"], "css": []}}])
        self.assertRegex(body["createdAt"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")

    def test_a_new_version_is_readable_at_once_and_not_live(self):
        before = self.server.generation()
        self.server.put("quiet", "1.0.0", bundles.bundle("quiet"))
        self.assertStatus(self.public.get("/m/quiet@1.0.0/remoteEntry.js"), 200)
        self.assertNotIn("quiet", self.public.get("/manifests/remotes.json").json["remotes"])
        self.assertEqual(self.server.generation(), before)

    def test_all_four_kinds_of_archive_have_the_same_contents(self):
        contents = bundles.files("kinds")
        kinds = {"tar": bundles.tar, "tar.gz": bundles.tar_gz, "tar.zst": bundles.tar_zst,
                 "zip": bundles.zip_}
        digests = set()
        for number, (kind, pack) in enumerate(kinds.items()):
            with self.subTest(kind):
                body = self.server.put("kinds", "1.0.%d" % number, pack(contents))
                self.assertEqual(body["archive"], kind)
                digests.add(body["digest"])
        self.assertEqual(len(digests), 1)

    def test_the_same_contents_again_are_fine_in_any_kind(self):
        contents = bundles.files("again")
        first = self.server.put("again", "1.0.0", bundles.tar_gz(contents))
        for pack in (bundles.tar_gz, bundles.zip_, bundles.tar, bundles.tar_zst):
            reply = self.assertStatus(self.server.upload("again", "1.0.0", pack(contents)), 200)
            self.assertEqual(reply.json["digest"], first["digest"])
        listed = self.admin.get("/api/modules/again/versions").json["versions"]
        self.assertEqual([v["version"] for v in listed], ["1.0.0"])
        self.assertEqual(listed[0]["archive"], "tar.gz", "the first upload is the record")

    def test_other_contents_under_a_version_are_a_conflict(self):
        self.server.put("taken", "1.0.0", bundles.bundle("a"))
        reply = self.assertStatus(self.server.upload("taken", "1.0.0", bundles.bundle("b")), 409,
                                  "version-exists")
        self.assertFalse(reply.json["retryable"])
        self.assertEqual(self.public.get("/m/taken@1.0.0/remoteEntry.js").body, bundles.container("a"))

    def test_a_folder_around_the_build_is_taken_off(self):
        contents = {"dist/" + path: data for path, data in bundles.files("folder").items()}
        body = self.server.put("folder", "1.0.0", bundles.zip_(contents))
        self.assertEqual(body["entry"], "remoteEntry.js")
        self.assertStatus(self.public.get("/m/folder@1.0.0/456.7d31690c.js"), 200)

    def test_the_release_is_uploaded_and_activated_in_one_call(self):
        before = self.server.generation()
        reply = self.assertStatus(self.server.upload("now", "1.0.0", bundles.bundle("now"),
                                                     "?activate=true&reason=first%20release"), 201)
        self.assertEqual((reply.json["live"], reply.json["generation"], reply.json["previous"]),
                         (True, before + 1, None))
        live = self.admin.get("/api/modules/now/live").json
        self.assertEqual((live["version"], live["reason"], live["by"]),
                         ("1.0.0", "first release", "admin"))
        reply = self.assertStatus(self.server.upload("now", "1.1.0", bundles.bundle("now 2"),
                                                     "?activate=true"), 201)
        self.assertEqual((reply.json["generation"], reply.json["previous"]), (before + 2, "1.0.0"))
        # The same upload again is already live: nothing changes, and it is no error.
        reply = self.assertStatus(self.server.upload("now", "1.1.0", bundles.bundle("now 2"),
                                                     "?activate=true"), 200)
        self.assertEqual((reply.json["live"], reply.json["generation"]), (True, before + 2))
        self.assertEqual(self.server.generation(), before + 2)

    def test_activate_takes_true_or_false(self):
        for value in ("1", "yes", "TRUE", "", "tru"):
            with self.subTest(value):
                reply = self.server.upload("maybe", "1.0.0", bundles.bundle("maybe"), "?activate=" + value)
                self.assertStatus(reply, 400)
        self.assertStatus(self.admin.get("/api/modules/maybe"), 404)
        reply = self.server.upload("maybe", "1.0.0", bundles.bundle("maybe"), "?activate=false")
        self.assertFalse(self.assertStatus(reply, 201).json["live"])

    def test_a_malformed_query_is_refused(self):
        for query in ("?reason=%zz", "?reason=%0a", "?reason=%ff", "?activate=%"):
            with self.subTest(query):
                self.assertStatus(self.server.upload("query", "1.0.0", bundles.bundle(), query), 400)
        self.assertStatus(self.server.upload("query", "1.0.0", bundles.bundle(), "?reason=" + "x" * 501),
                          400, "reason")

    # --- names ---

    def test_a_version_is_a_semver(self):
        for version in ("1.0.0", "0.0.1", "1.2.3-beta.1", "1.2.3+build.5", "10.20.30-rc.1+sha.5114f85"):
            with self.subTest(version):
                body = self.server.put("semver", version, bundles.bundle(version))
                self.assertEqual(body["version"], version)
                reply = self.public.get("/m/semver@%s/remoteEntry.js" % version)
                self.assertEqual(reply.body, bundles.container(version))
        for version in ("1", "1.0", "v1.0.0", "1.0.0.0", "01.0.0", "1.0.0-", "1.0.0-01", "1.0.0+", "latest",
                        "1.0.0%20", "1.0.0~1", "^1.0.0", "1.0.0-" + "x" * 130):
            with self.subTest(version):
                self.assertStatus(self.server.upload("semver", version, bundles.bundle()), 400, "version")

    def test_the_hint_for_a_leading_v(self):
        self.assertIn('leave out the leading "v"',
                      self.server.upload("semver", "v1.0.0", bundles.bundle()).json["hint"])

    def test_a_module_name_is_plain(self):
        for name in ("Header", ".hidden", "a%20b", "a" * 65, "%C3%A9", "a:b", "a@b"):
            with self.subTest(name):
                reply = self.server.upload(name, "1.0.0", bundles.bundle())
                self.assertStatus(reply, 400, "module-name")
        for name in ("@shop", "a/b", "@/cart", "@a/b/c", ""):
            with self.subTest(name):
                self.assertIn(self.server.upload(name, "1.0.0", bundles.bundle()).status, (400, 404))
        for name in ("a", "a.b", "a_b-c.9", "9", "a" * 64, "-"):
            with self.subTest(name):
                self.server.put(name, "1.0.0", bundles.bundle())

    def test_a_module_may_have_a_scope(self):
        body = self.server.put("@shop/cart", "1.0.0", bundles.bundle("scoped"), "?activate=true")
        self.assertEqual((body["module"], body["url"]), ("@shop/cart", "/m/@shop/cart@1.0.0/"))
        for path in ("/m/@shop/cart@1.0.0/remoteEntry.js", "/m/%40shop/cart%401.0.0/remoteEntry.js"):
            self.assertEqual(self.public.get(path).body, bundles.container("scoped"))
        self.assertStatus(self.public.get("/m/@shop/cart/remoteEntry.js"), 200)
        self.assertStatus(self.public.get("/m/cart@1.0.0/remoteEntry.js"), 404)
        self.assertEqual(self.admin.get("/api/modules/@shop/cart").json["name"], "@shop/cart")
        self.assertEqual(self.admin.get("/api/modules/@shop/cart/live").json["version"], "1.0.0")
        reply = self.admin.get("/api/modules/@shop/cart/versions/1.0.0")
        self.assertEqual(reply.json["module"], "@shop/cart")
        self.assertIn("@shop/cart", self.public.get("/manifests/remotes.json").json["remotes"])

    # --- digests ---

    def test_the_digest_of_the_archive_is_checked(self):
        archive = bundles.bundle("digest")
        good = repr_digest(archive)
        for value in (good, repr_digest(archive, "sha-512", hashlib.sha512) + ", " + good):
            with self.subTest(value):
                reply = self.server.upload("digest", "1.0.0", archive, headers={"Repr-Digest": value})
                self.assertIn(reply.status, (200, 201), reply)
        reply = self.server.upload("digest", "2.0.0", archive,
                                   headers={"Repr-Digest": repr_digest(b"other")})
        self.assertStatus(reply, 400, "digest-mismatch")
        for value in ("sha-256=abc", "sha-256=::", "sha-256=:!!!!:", "sha-256=:%s:" % ("A" * 43),
                      "sha-256=" + good[9:-1], good[:-1], ""):
            with self.subTest(value):
                reply = self.server.upload("digest", "2.0.0", archive, headers={"Repr-Digest": value})
                self.assertStatus(reply, 400, "repr-digest")
        self.assertStatus(self.admin.get("/api/modules/digest/versions/2.0.0"), 404)

    def test_a_digest_of_an_unknown_kind_alone_does_not_pass_as_checked(self):
        archive = bundles.bundle("crc")
        reply = self.server.upload("crc", "1.0.0", archive, headers={"Repr-Digest": "xsha-256=:%s:" % (
            base64.b64encode(hashlib.sha256(archive).digest()).decode())})
        self.assertStatus(reply, 400, "repr-digest")

    # --- bodies ---

    def test_an_upload_needs_a_length(self):
        with self.admin.connect() as connection:
            head = self.admin.head_text("PUT", "/api/modules/length/versions/1.0.0",
                                        {"Transfer-Encoding": "chunked"})
            connection.send(head + b"5\r\nhello\r\n0\r\n\r\n")
            reply = connection.reply()
            self.assertStatus(reply, 411, "length-required")
            self.assertEqual(reply["Connection"], "close")
            self.assertTrue(connection.ended())
        reply = self.admin.call("PUT", "/api/modules/length/versions/1.0.0")
        self.assertStatus(reply, 411, "length-required")

    def test_an_empty_body_is_malformed(self):
        self.assertStatus(self.server.upload("empty", "1.0.0", b""), 400, "archive-empty")

    def test_a_page_or_a_text_is_no_archive(self):
        for body in (b"<!doctype html><title>502 Bad Gateway</title>" * 40, b"hello", b"{}", b"\x7fELF" * 99,
                     b"%PDF-1.7", b"\x00" * 1024, b"Rar!\x1a\x07\x00" * 10, b"BZh9" * 50):
            with self.subTest(body[:12]):
                reply = self.server.upload("page", "1.0.0", body)
                self.assertStatus(reply, 415, "archive-unknown")

    def test_a_form_cannot_upload(self):
        for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain",
                     "Text/Plain; charset=utf-8", "APPLICATION/X-WWW-FORM-URLENCODED"):
            with self.subTest(kind):
                reply = self.server.upload("form", "1.0.0", bundles.bundle(), headers={"Content-Type": kind})
                self.assertStatus(reply, 415, "media-type")
        for kind in ("application/gzip", "application/zip", "application/x-tar", "application/zstd",
                     "application/octet-stream", None):
            with self.subTest(kind):
                reply = self.server.upload("form", "1.0.0", bundles.bundle(), headers={"Content-Type": kind})
                self.assertIn(reply.status, (200, 201), reply)

    def test_a_cut_upload_leaves_nothing(self):
        archive = bundles.bundle("cut")
        with self.admin.connect() as connection:
            connection.send(self.admin.head_text("PUT", "/api/modules/cut/versions/1.0.0", {}, archive))
            connection.send(archive[:-10])
            connection.end()
            self.assertStatus(connection.reply(), 400, "body-cut")
        self.assertStatus(self.admin.get("/api/modules/cut"), 404)
        self.server.check_data()

    def test_expect_100_continue_is_answered(self):
        archive = bundles.bundle("expect")
        with self.admin.connect() as connection:
            connection.send(self.admin.head_text("PUT", "/api/modules/expect/versions/1.0.0",
                                                 {"Expect": "100-continue"}, archive))
            self.assertEqual(connection.reply().status, 100)
            connection.send(archive)
            self.assertStatus(connection.reply(), 201)

    def test_many_uploads_go_over_one_connection(self):
        with self.admin.connect() as connection:
            for number in range(5):
                reply = self.admin.call_on(connection, "PUT", "/api/modules/keep/versions/1.0.%d" % number,
                                           bundles.bundle(str(number)))
                self.assertStatus(reply, 201)
                self.assertIsNone(reply["Connection"])

    # --- what is in it ---

    def test_a_bundle_of_many_and_of_large_files_is_taken(self):
        # Enough for the C library to sort, and to ask for memory, in other ways than for a few.
        contents = {"remoteEntry.js": bundles.container("many")}
        contents.update({f"chunks/{i % 20}/{i:05d}.js": b"// %d\n" % i for i in range(3000)})
        contents["large.bin"] = os.urandom(6 * 1024 * 1024)
        for number, archive in enumerate((bundles.tar_gz(contents, 1), bundles.zip_(contents), bundles.tar(contents))):
            with self.subTest(number):
                reply = self.server.upload("many", f"1.{number}.0", archive)
                self.assertStatus(reply, 201)
                self.assertEqual(reply.json["files"], 3002)

    def test_without_an_entry_it_says_what_was_looked_for(self):
        reply = self.server.upload("none", "1.0.0", bundles.tar_gz({"page.html": b"<p>", "main.js": b"1"}))
        self.assertStatus(reply, 422, "entry-missing")
        self.assertIn("remoteEntry.js", reply.json["hint"])
        self.assertIn("mf-manifest.json", reply.json["hint"])
        self.assertIn("2 files", reply.json["detail"])
        self.assertStatus(self.admin.get("/api/modules/none"), 404)

    def test_two_entries_are_one_too_many(self):
        reply = self.server.upload("two", "1.0.0", bundles.tar_gz({"a/remoteEntry.js": bundles.container("a"),
                                                                  "b/remoteEntry.js": bundles.container("b")}))
        self.assertStatus(reply, 422, "entry-ambiguous")
        self.assertIn("remoteEntry.js", reply.json["where"])

    def test_a_page_saved_as_the_entry_is_refused(self):
        reply = self.server.upload("saved", "1.0.0", bundles.tar_gz({"remoteEntry.js": b"<!doctype html><p>"}))
        self.assertStatus(reply, 422, "entry-not-script")
        self.assertEqual(reply.json["where"], "remoteEntry.js")

    def test_a_manifest_must_name_files_that_are_there(self):
        contents = bundles.mf2_files("gap")
        del contents["456.7d31690c.js"]
        reply = self.server.upload("gap", "1.0.0", bundles.tar_gz(contents))
        self.assertStatus(reply, 422, "manifest-missing-file")
        self.assertIn("456.7d31690c.js", reply.json["detail"] + reply.json.get("hint", ""))
        for text in (b"{", b"[]", b"{}", b'{"metaData":{},"exposes":[],"shared":[]}'):
            with self.subTest(text):
                contents = {**bundles.mf2_files("gap"), "mf-manifest.json": text}
                reply = self.server.upload("gap", "1.0.0", bundles.tar_gz(contents))
                self.assertStatus(reply, 422)
                self.assertEqual(reply.json["where"], "mf-manifest.json")


class Before(SiteCase):
    """A refusal that needs no body comes without one, and the client may go on sending or not."""

    def refused_without_body(self, path, headers=None, token=None):
        with self.admin.connect() as connection:
            connection.send(self.admin.head_text("PUT", path, {"Content-Length": "50000000", **(headers or {})},
                                                 token=token))
            reply = connection.reply("PUT")
            self.assertIsNotNone(reply)
            self.admin.check("PUT", path, reply)
            self.assertEqual(reply["Connection"], "close")
            return reply

    def test_tokens_are_checked_before_the_body_is_read(self):
        path = "/api/modules/header-app/versions/1.0.0"
        other = self.server.token_for("other-app")["token"]
        reader = self.server.token_for("header-app", ["read"])["token"]
        revoked = self.server.token_for("header-app")
        self.assertStatus(self.admin.call("DELETE", "/api/tokens/" + revoked["id"]), 204)
        for token, status, rule in (("", 401, "token-missing"), ("berth_short", 401, "token-malformed"),
                                    ("berth_" + "x" * 43, 401, "token-unknown"),
                                    (revoked["token"], 401, "token-revoked"),
                                    (other, 403, "scope-module"), (reader, 403, "scope")):
            with self.subTest(rule):
                self.assertStatus(self.refused_without_body(path, token=token), status, rule)

    def test_a_401_says_how_to_authenticate(self):
        reply = self.refused_without_body("/api/modules/header-app/versions/1.0.0", token="")
        self.assertTrue(reply["WWW-Authenticate"].startswith("Bearer"))

    def test_what_comes_after_a_refusal_is_not_taken_for_a_request(self):
        path = "/api/modules/header-app/versions/1.0.0"
        smuggled = self.admin.head_text("GET", "/livez")
        with self.admin.connect() as connection:
            connection.send(self.admin.head_text("PUT", path, {"Content-Length": "50000000"}, token=""))
            connection.send(smuggled)
            self.assertStatus(connection.reply(), 401)
            self.assertTrue(connection.ended())

    def test_an_expecting_client_is_not_asked_for_what_is_refused(self):
        reply = self.refused_without_body("/api/modules/header-app/versions/1.0.0",
                                          {"Expect": "100-continue"}, token="")
        self.assertStatus(reply, 401)

    def test_names_types_and_digests_too(self):
        for path, headers, status in (
                ("/api/modules/Header/versions/1.0.0", {}, 400),
                ("/api/modules/header-app/versions/one", {}, 400),
                ("/api/modules/header-app/versions/1.0.0", {"Content-Type": "text/html"}, 415),
                ("/api/modules/header-app/versions/1.0.0", {"Repr-Digest": "sha-256=x"}, 400),
                ("/api/modules/header-app/versions/1.0.0", {"Content-Length": "999999999999"}, 413),
                ("/api/modules/header-app/versions/1.0.0", {"Content-Length": "1e3"}, 400),
                ("/api/modules/header-app/versions/1.0.0?activate=perhaps", {}, 400)):
            with self.subTest(path=path, **headers):
                self.assertStatus(self.refused_without_body(path, headers), status)


class Limits(SiteCase):
    options = ("--max-archive-bytes", "65536", "--max-unpacked-bytes", "400000", "--max-file-bytes", "200000",
               "--max-entries", "50", "--max-uploads", "1")

    def noise(self, length):
        import random
        return random.Random(length).randbytes(length)

    def test_each_limit_is_named(self):
        base = bundles.files("limits")
        for rule, archive in (
                ("limit-body", bundles.tar_gz({**base, "noise.bin": self.noise(70000)})),
                ("limit-file-bytes", bundles.tar_gz({**base, "zeros.bin": bytes(200001)})),
                ("limit-unpacked-bytes", bundles.tar_gz({**base, "a": bytes(150000), "b": bytes(150000),
                                                         "c": bytes(150000)})),
                ("limit-entries", bundles.tar_gz({**base, **{"f%d" % i: b"" for i in range(50)}})),
                ("limit-file-bytes", bundles.zip_({**base, "zeros.bin": bytes(200001)})),
                ("limit-entries", bundles.zip_({**base, **{"f%d" % i: b"" for i in range(50)}}))):
            with self.subTest(rule):
                reply = self.assertStatus(self.server.upload("limits", "1.0.0", archive), 413)
                self.assertEqual(reply.rule, rule, reply)
        self.assertStatus(self.admin.get("/api/modules/limits"), 404)
        self.server.check_data()

    def test_within_the_limits_all_is_well(self):
        self.server.put("fits", "1.0.0", bundles.tar_gz({**bundles.files("fits"), "zeros.bin": bytes(200000)}))

    def test_over_the_limit_of_uploads_a_client_is_told_to_come_back(self):
        archive = bundles.bundle("half")
        with self.admin.connect() as slow:
            slow.send(self.admin.head_text("PUT", "/api/modules/half/versions/1.0.0", {}, archive))
            slow.send(archive[:10])
            self.server.wait_upload()
            reply = self.server.upload("second", "1.0.0", bundles.bundle("second"))
            self.assertStatus(reply, 503, "limit-uploads")
            self.assertTrue(reply.json["retryable"])
            self.assertEqual(self.public.get("/livez").status, 200)
            slow.send(archive[10:])
            self.assertStatus(slow.reply(), 201)
        reply = self.server.upload("third", "1.0.0", bundles.bundle("third"))
        self.assertStatus(reply, 201)


class Ratio(SiteCase):
    def test_a_bomb_is_refused(self):
        bomb = bundles.tar_gz({**bundles.files(), "zeros": bytes(16 << 20)}, level=9)
        for archive in (bomb, bundles.zip_({**bundles.files(), "zeros": bytes(16 << 20)})):
            self.assertStatus(self.server.upload("bomb", "1.0.0", archive), 413, "limit-ratio")
        self.assertStatus(self.admin.get("/api/modules/bomb"), 404)


class Slow(SiteCase):
    options = ("--min-body-rate", "1000000", "--request-timeout-ms", "500")

    def test_a_body_that_stands_still_is_cut(self):
        with self.admin.connect() as connection:
            connection.send(self.admin.head_text("PUT", "/api/modules/slow/versions/1.0.0",
                                                 {"Content-Length": "1000000"}))
            connection.send(b"\x1f\x8b")
            reply = connection.reply()
            self.assertStatus(reply, 408, "body-slow")
            self.assertEqual(reply["Connection"], "close")
        self.assertStatus(self.admin.get("/api/modules/slow"), 404)


if __name__ == "__main__":
    main()
