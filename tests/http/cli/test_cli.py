#!/usr/bin/env python3
"""The berth command, as it is used: the real binary against a server that plays its part.

usage: BERTH_BIN=path/to/berth tests/http/cli/test_cli.py [TestCase[.test]]
"""

import base64
import hashlib
import io
import json
import os
import pty
import re
import select
import socket
import subprocess
import tarfile
import tempfile
import threading
import unittest
import zipfile

from fake_server import Answer, FakeServer, problem

BERTH = os.environ.get("BERTH_BIN", "berth")
TOKEN = "berth_" + "t" * 43

OK, FAILED, USAGE, UNREACHABLE, DENIED, NOT_FOUND, CONFLICT, REFUSED, SERVER = range(9)


def uploaded(**more):
    return {
        "module": "header-app", "version": "1.1.0", "digest": "sha256:" + "0" * 64, "files": 12,
        "bytes": 34567, "archiveBytes": 9000, "url": "/m/header-app@1.1.0/",
        "format": "webpack-container", "entry": "remoteEntry.js", "container": "appHeader",
        "exposes": [{"name": "./Header"}, {"name": "./Nav"}],
        "shared": [{"name": "react", "version": "18.3.1"}, {"name": "lodash", "requiredVersion": "^4"},
                   {"name": "plain"}],
        "warnings": [], "createdAt": "2026-11-20T18:34:07.123Z", "createdBy": "ci", "live": False,
        **more}


def activated(**more):
    return {"module": "header-app", "version": "1.1.0", "previous": "1.0.0", "generation": 8,
            "changed": True, "at": "2026-11-20T18:34:07.123Z", "by": "ci", **more}


NOT_LIVE = problem("not-live", 404, "no version of this module is live")


class CliCase(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.server = FakeServer()
        self.addCleanup(self.server.close)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def environment(self, **more):
        env = {"PATH": os.environ["PATH"], "BERTH_SERVER": self.server.url, "BERTH_TOKEN": TOKEN,
               "TMPDIR": self.folder}
        for name in ("ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:
                env[name] = os.environ[name]
        env.update(more)
        return {name: value for name, value in env.items() if value is not None}

    def berth(self, *words, answers=None, **env):
        """Runs one command line; its exit code, stdout and stderr."""
        self.server.requests.clear()
        if answers is not None:
            self.server.answers = list(answers) if isinstance(answers, list) else [answers]
            if "push" in words and not isinstance(answers, list):
                self.server.answers.append(NOT_LIVE)  # a push asks what was live
        done = subprocess.run([BERTH, *words], env=self.environment(**env), capture_output=True,
                              timeout=60, stdin=subprocess.DEVNULL)
        self.out = done.stdout.decode()
        self.err = done.stderr.decode()
        self.assertNotIn(TOKEN, self.out + self.err, "the token must never be printed")
        return done.returncode

    def berth_on_terminal(self, *words, until=None, then=None, **env):
        """The same with stdout and stderr on a terminal; calls `then` once `until` was seen."""
        leader, follower = pty.openpty()
        process = subprocess.Popen([BERTH, *words], env=self.environment(**{"TERM": "xterm", **env}),
                                   stdin=subprocess.DEVNULL, stdout=follower, stderr=follower)
        os.close(follower)
        seen = b""
        while select.select([leader], [], [], 30)[0]:
            try:
                piece = os.read(leader, 65536)
            except OSError:  # Linux: the other side is closed
                piece = b""
            if not piece:
                break
            seen += piece
            if until and until in seen:
                until = None
                then()
        os.close(leader)
        self.assertIsNone(until, "never seen: %r in %r" % (until, seen))
        self.out = seen.decode()
        return process.wait(30)

    @property
    def request(self):
        """The one that was sent; what a push asks after it, to compare, is apart."""
        sent = [request for request in self.server.requests if not self.server.requests[0].method == "PUT"
                or request.method != "GET"]
        self.assertEqual(len(sent), 1, self.err)
        return sent[0]

    def path(self, name, data=b""):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def build(self):
        """A built directory."""
        self.path("dist/remoteEntry.js", b"var appHeader;")
        self.path("dist/static/main.css", b"body{}")
        return os.path.join(self.folder, "dist")


class Push(CliCase):
    def test_a_directory_arrives_as_a_tar_gz_with_its_digest(self):
        code = self.berth("push", "header-app@1.1.0", self.build(), answers=Answer(201, uploaded()))
        self.assertEqual(code, OK, self.err)
        request = self.request
        self.assertEqual((request.method, request.path),
                         ("PUT", "/api/modules/header-app/versions/1.1.0"))
        self.assertEqual(request.headers["Authorization"], "Bearer " + TOKEN)
        self.assertEqual(request.headers["Content-Type"], "application/gzip")
        self.assertEqual(request.headers["Content-Length"], str(len(request.body)))
        self.assertIsNone(request.headers["Transfer-Encoding"])
        digest = base64.b64encode(hashlib.sha256(request.body).digest()).decode()
        self.assertEqual(request.headers["Repr-Digest"], "sha-256=:%s:" % digest)
        with tarfile.open(fileobj=io.BytesIO(request.body), mode="r:gz") as tar:
            files = {os.path.normpath(m.name): tar.extractfile(m).read() for m in tar if m.isfile()}
        self.assertEqual(files, {"remoteEntry.js": b"var appHeader;", "static/main.css": b"body{}"})

    def test_the_answer_is_told_with_the_next_step(self):
        self.berth("push", "header-app@1.1.0", self.build(), answers=Answer(201, uploaded()))
        self.assertEqual(self.out, """\
uploaded header-app@1.1.0: 12 files, 34.6 kB
  url       /m/header-app@1.1.0/
  format    webpack-container
  entry     remoteEntry.js
  container appHeader
  exposes   ./Header, ./Nav
  shared    react 18.3.1, lodash ^4, plain
nothing of header-app is live yet
next: berth activate header-app@1.1.0
""")
        self.assertEqual(self.err, "")

    def test_the_same_directory_is_the_same_bytes(self):
        folder = self.build()
        self.berth("push", "header-app@1.1.0", folder, answers=Answer(201, uploaded()))
        first = self.request.body
        os.utime(os.path.join(folder, "remoteEntry.js"), (0, 0))
        self.berth("push", "header-app@1.1.0", folder, answers=Answer(201, uploaded()))
        self.assertEqual(self.request.body, first)

    def test_no_file_is_left_behind(self):
        folder = self.build()
        code = self.berth("push", "header-app@1.1.0", folder, answers=Answer(201, uploaded()))
        self.assertEqual(code, OK, self.err)
        self.assertEqual(os.listdir(self.folder), ["dist"])

    def test_an_archive_arrives_as_it_is_with_its_type(self):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("remoteEntry.js", "x")
        tar = io.BytesIO()
        with tarfile.open(fileobj=tar, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            archive.addfile(tarfile.TarInfo("remoteEntry.js"))
        cases = {
            "application/zip": packed.getvalue(),
            "application/x-tar": tar.getvalue(),
            "application/gzip": b"\x1f\x8b\x08rest",
            "application/zstd": b"\x28\xb5\x2f\xfdrest",
            "application/octet-stream": b"<!DOCTYPE html>",
        }
        for type, data in cases.items():
            with self.subTest(type=type):
                path = self.path("bundle", data)
                code = self.berth("push", "header-app@1.1.0", path, answers=Answer(201, uploaded()))
                self.assertEqual(code, OK, self.err)
                self.assertEqual(self.request.headers["Content-Type"], type)
                self.assertEqual(self.request.body, data)

    def test_scopes_go_unescaped_and_build_metadata_escaped(self):
        self.berth("push", "@shop/cart@2.0.0-rc.1+build.7", self.build(),
                   answers=Answer(201, uploaded()))
        self.assertEqual(self.request.path, "/api/modules/@shop/cart/versions/2.0.0-rc.1%2Bbuild.7")

    def test_the_same_contents_again_are_a_success_of_their_own(self):
        code = self.berth("push", "header-app@1.1.0", self.build(), answers=Answer(200, uploaded(live=True)))
        self.assertEqual(code, OK)
        self.assertIn("header-app@1.1.0 was there already, with the same contents", self.out)
        self.assertIn("it is live\n", self.out)
        self.assertNotIn("next:", self.out)

    def test_activating_at_once_tells_the_way_back(self):
        answer = Answer(201, uploaded(live=True, generation=7, previous="1.0.0"))
        self.berth("push", "header-app@1.1.0", self.build(), "--activate", "--reason",
                   "fix & forget ü", answers=answer)
        self.assertEqual(self.request.path, "/api/modules/header-app/versions/1.1.0"
                                            "?activate=true&reason=fix%20%26%20forget%20%C3%BC")
        self.assertIn("it is live, generation 7\nway back to 1.0.0: berth rollback header-app\n",
                      self.out)

    def test_what_was_live_already_is_no_way_back_from_itself(self):
        answer = Answer(200, uploaded(live=True, generation=7, previous="1.1.0"))
        self.berth("push", "header-app@1.1.0", self.build(), "--activate", answers=answer)
        self.assertIn("it is live, generation 7\n", self.out)
        self.assertNotIn("way back", self.out)

    def test_warnings_are_told_even_when_quiet(self):
        answer = Answer(201, uploaded(warnings=[{"rule": "source-maps", "text": "3 source maps"}]))
        self.berth("push", "header-app@1.1.0", self.build(), "-q", answers=answer)
        self.assertEqual((self.out, self.err), ("", "warning: 3 source maps (source-maps)\n"))

    def test_a_refused_bundle_is_told_with_place_hint_and_request(self):
        answer = problem("path-absolute", 422, "an absolute path", where="/etc/passwd",
                         hint="pack from inside the folder")
        code = self.berth("push", "header-app@1.1.0", self.build(), answers=answer)
        self.assertEqual(code, REFUSED)
        self.assertEqual(self.err, "berth: an absolute path\nwhere: /etc/passwd\n"
                                   "hint: pack from inside the folder\n"
                                   "request: req-1 (422 path-absolute)\n")
        self.assertEqual(self.out, "")

    def test_a_refusal_before_the_body_is_heard(self):
        path = self.path("big.tar.gz", b"\x1f\x8b" + os.urandom(8 << 20))
        code = self.berth("push", "header-app@1.1.0", path,
                          answers=problem("version-exists", 409, "other contents are stored"))
        self.assertEqual(code, CONFLICT, self.err)
        self.assertIn("other contents are stored", self.err)

    def test_a_busy_server_gets_the_whole_body_again(self):
        busy = problem("busy", 503, "too many uploads")
        busy.headers["Retry-After"] = "0"
        path = self.path("big.tar.gz", b"\x1f\x8b" + os.urandom(3 << 20))
        code = self.berth("push", "header-app@1.1.0", path,
                          answers=[busy, busy, Answer(201, uploaded()), NOT_LIVE])
        self.assertEqual(code, OK, self.err)
        self.assertEqual([request.method for request in self.server.requests], ["PUT", "PUT", "PUT", "GET"])
        with open(path, "rb") as file:
            self.assertEqual(self.server.requests[2].body, file.read())
        self.assertEqual(self.err, "the server is busy; trying again in 0 s (1 of 3)\n"
                                   "the server is busy; trying again in 0 s (2 of 3)\n")

    def test_what_cannot_be_pushed_is_told_before_anything_is_sent(self):
        empty = self.path("empty.tgz")
        linked = self.build()
        os.symlink("remoteEntry.js", os.path.join(linked, "link"))
        cases = [
            (("push", "header-app@1.1.0", "/nowhere/dist"), FAILED, "where: /nowhere/dist"),
            (("push", "header-app@1.1.0", "/dev/null"), FAILED, "where: /dev/null"),
            (("push", "header-app@1.1.0", empty), REFUSED, "empty"),
            (("push", "header-app@1.1.0", linked), REFUSED, "link"),
            (("push", "header-app", linked), USAGE, "hint: write it as MODULE@VERSION"),
            (("push", "header-app@1", linked), USAGE, "berth: "),
            (("push", "header-app@1.1.0", linked, "--reason", "x"), USAGE, "--activate"),
        ]
        for words, expected, text in cases:
            with self.subTest(words=words):
                self.assertEqual(self.berth(*words, answers=Answer(201, uploaded())), expected)
                self.assertIn(text, self.err)
                self.assertEqual(self.server.requests, [])


class Live(CliCase):
    def test_activation(self):
        code = self.berth("activate", "header-app@1.1.0", "--reason", "release",
                          answers=Answer(200, activated()))
        self.assertEqual(code, OK)
        request = self.request
        self.assertEqual((request.method, request.path), ("PUT", "/api/modules/header-app/live"))
        self.assertEqual(request.headers["Content-Type"], "application/json")
        self.assertEqual(request.json, {"version": "1.1.0", "reason": "release"})
        self.assertIsNone(request.headers["If-Match"])
        self.assertIsNone(request.headers["If-None-Match"])
        self.assertEqual(self.out, "header-app@1.1.0 is live (generation 8), before it 1.0.0\n"
                                   "way back: berth rollback header-app\n")

    def test_activation_of_what_is_live(self):
        self.berth("activate", "header-app@1.1.0", answers=Answer(200, activated(changed=False)))
        self.assertEqual(self.out, "header-app@1.1.0 was live already (generation 8): nothing changed\n")

    def test_a_generation_becomes_a_precondition(self):
        self.berth("activate", "header-app@1.1.0", "--if-generation", "7", answers=Answer(200, activated()))
        self.assertEqual(self.request.headers["If-Match"], '"7"')
        self.berth("activate", "header-app@1.1.0", "--if-generation=0")
        self.assertEqual(self.request.headers["If-None-Match"], "*")
        self.assertIsNone(self.request.headers["If-Match"])

    def test_a_stale_generation_is_a_conflict(self):
        code = self.berth("rollback", "header-app", "--if-generation", "7",
                          answers=problem("generation-stale", 412, "generation 9 is live"))
        self.assertEqual(code, CONFLICT)
        self.assertIn("berth: generation 9 is live\nhint: somebody was faster", self.err)

    def test_stage(self):
        code = self.berth("stage", "header-app@1.1.0", answers=Answer(
            200, {"module": "header-app", "version": "1.1.0", "streams": 3}))
        self.assertEqual((code, self.request.method, self.request.path),
                         (0, "POST", "/api/modules/header-app/stage"))
        self.assertEqual(json.loads(self.request.body), {"version": "1.1.0"})
        self.assertEqual(self.out, "header-app@1.1.0 is loaded ahead by 3 open browsers\n"
                                   "next: berth activate header-app@1.1.0\n")
        self.berth("stage", "@shop/cart", "2.0.0", answers=Answer(
            200, {"module": "@shop/cart", "version": "2.0.0", "streams": 0}))
        self.assertEqual(self.request.path, "/api/modules/@shop/cart/stage")
        self.assertEqual(json.loads(self.request.body), {"version": "2.0.0"})

    def test_rollback(self):
        code = self.berth("rollback", "@shop/cart", answers=Answer(200, activated(version="1.0.0", previous="1.1.0")))
        self.assertEqual(code, OK)
        self.assertEqual((self.request.method, self.request.path),
                         ("POST", "/api/modules/@shop/cart/rollback"))
        self.assertEqual(self.request.json, {})
        self.assertEqual(self.out, "@shop/cart@1.0.0 is live (generation 8), before it 1.1.0\n")

    def test_rollback_to_a_version(self):
        self.berth("rollback", "header-app", "--to", "1.0.0", "--reason", "broken", "--if-generation", "8",
                   answers=Answer(200, activated()))
        self.assertEqual(self.request.json, {"version": "1.0.0", "reason": "broken"})
        self.assertEqual(self.request.headers["If-Match"], '"8"')

    def test_rollback_of_a_version_is_explained(self):
        self.assertEqual(self.berth("rollback", "header-app@1.0.0"), USAGE)
        self.assertIn("hint: write berth rollback header-app --to 1.0.0", self.err)

    def busy(self):
        busy = problem("busy", 503, "draining")
        busy.headers["Retry-After"] = "0"
        return busy

    def test_a_busy_server_is_asked_three_times_more(self):
        code = self.berth("activate", "header-app@1.1.0", answers=self.busy())
        self.assertEqual(code, SERVER)
        self.assertEqual(len(self.server.requests), 4)

    def test_a_step_back_is_never_sent_twice(self):
        code = self.berth("rollback", "header-app", answers=self.busy())
        self.assertEqual(code, SERVER)
        self.assertEqual(len(self.server.requests), 1)

    def test_without_retry_after_there_is_no_second_try(self):
        code = self.berth("activate", "header-app@1.1.0", answers=problem("busy", 503, "draining"))
        self.assertEqual(code, SERVER)
        self.assertEqual(len(self.server.requests), 1)


MODULES = {"generation": 8, "modules": [
    {"name": "header-app", "versions": 12, "newest": "1.2.0",
     "live": {"version": "1.1.0", "generation": 8, "since": "2026-11-20T18:34:07.123Z", "by": "ci"}},
    {"name": "@shop/cart", "versions": 1, "newest": "1.0.0", "live": None}]}


class Lists(CliCase):
    def test_status(self):
        self.assertEqual(self.berth("status", answers=Answer(200, MODULES)), OK)
        self.assertEqual((self.request.method, self.request.path), ("GET", "/api/modules"))
        self.assertEqual(self.out, """\
MODULE      LIVE   SINCE                     BY  VERSIONS  GENERATION
header-app  1.1.0  2026-11-20T18:34:07.123Z  ci        12           8
@shop/cart  -      -                         -          1           -
""")

    def test_quiet_lists_names_alone(self):
        self.berth("status", "--quiet", answers=Answer(200, MODULES))
        self.assertEqual(self.out, "header-app\n@shop/cart\n")

    def test_nothing_there_names_the_first_step(self):
        self.assertEqual(self.berth("status", answers=Answer(200, {"generation": 0, "modules": []})), OK)
        self.assertEqual(self.out, "")
        self.assertIn("berth push", self.err)

    def test_status_of_a_module_is_its_history(self):
        answer = Answer(200, {**MODULES["modules"][0], "wayBack": "1.0.0", "history": [
            {"generation": 8, "kind": "rollback", "version": "1.1.0", "previous": "1.2.0",
             "at": "2026-11-20T18:34:07.123Z", "by": "ann", "reason": "menu is broken"},
            {"generation": 7, "kind": "activation", "version": "1.2.0", "previous": None,
             "at": "2026-11-20T18:30:00.000Z", "by": "ci", "reason": None}]})
        self.berth("status", "header-app", answers=answer)
        self.assertEqual(self.request.path, "/api/modules/header-app")
        self.assertEqual(self.out, """\
GENERATION  KIND        VERSION  BEFORE  AT                        BY   REASON
         8  rollback    1.1.0    1.2.0   2026-11-20T18:34:07.123Z  ann  menu is broken
         7  activation  1.2.0    -       2026-11-20T18:30:00.000Z  ci   -
a rollback goes to 1.0.0
""")

    def test_versions(self):
        answer = Answer(200, {"module": "header-app", "versions": [
            uploaded(version="1.0.0"), uploaded(live=True)]})
        self.berth("versions", "header-app", answers=answer)
        self.assertEqual(self.request.path, "/api/modules/header-app/versions")
        self.assertEqual(self.out, """\
VERSION  LIVE  FORMAT             FILES     SIZE  UPLOADED                  BY
1.0.0    -     webpack-container     12  34.6 kB  2026-11-20T18:34:07.123Z  ci
1.1.0    live  webpack-container     12  34.6 kB  2026-11-20T18:34:07.123Z  ci
""")

    def test_older_versions(self):
        answer = Answer(200, {"module": "header-app", "total": 900, "before": "1.0.0+b",
                              "versions": [uploaded(version="1.0.0+b")]})
        self.berth("versions", "header-app", "--before", "1.1.0+b", answers=answer)
        self.assertEqual(self.request.path, "/api/modules/header-app/versions?before=1.1.0%2Bb")
        self.assertIn("these are 1 of 900 versions; older ones: --before 1.0.0+b", self.err)

    def test_an_unknown_module(self):
        code = self.berth("versions", "nothing", answers=problem("module-unknown", 404, "no such module"))
        self.assertEqual(code, NOT_FOUND)


class Pages(CliCase):
    def test_the_file_names_the_page_and_goes_as_it_is(self):
        text = b'{\n  "path": "/",  "slots": {}\n}\n'
        path = self.path("manifests/home.json", text)
        answer = Answer(201, {"name": "home", "path": "/", "revision": 1, "generation": 9})
        self.assertEqual(self.berth("page", "put", path, answers=answer), OK)
        self.assertEqual((self.request.method, self.request.path), ("PUT", "/api/pages/home"))
        self.assertEqual(self.request.body, text)
        self.assertEqual(self.out, "page home created: revision 1, generation 9\n  path      /\n")

    def test_a_name_and_a_revision_can_be_given(self):
        path = self.path("x.json", b"{}")
        answer = Answer(200, {"name": "home", "path": "/", "revision": 4, "generation": 9})
        self.berth("page", "put", path, "--name", "home", "--if-revision", "3", answers=answer)
        self.assertEqual(self.request.path, "/api/pages/home")
        self.assertEqual(self.request.headers["If-Match"], '"3"')
        self.assertIn("page home stored: revision 4", self.out)

    def test_what_is_no_json_is_not_sent(self):
        path = self.path("home.json", b'{"path": "/",\n "slots": }')
        self.assertEqual(self.berth("page", "put", path, answers=Answer(200, {})), REFUSED)
        self.assertRegex(self.err, r"where: %s: line 2 column \d+" % re.escape(path))
        self.assertEqual(self.server.requests, [])

    def test_other_files_are_refused(self):
        cases = [(self.path("empty.json"), REFUSED), (self.path("BAD NAME.json", b"{}"), USAGE),
                 ("/nowhere.json", FAILED), (self.path("big.json", b" " * (2 << 20)), REFUSED)]
        for path, expected in cases:
            with self.subTest(path=path):
                self.assertEqual(self.berth("page", "put", path, answers=Answer(200, {})), expected)
                self.assertEqual(self.server.requests, [])

    def test_list(self):
        answer = Answer(200, {"pages": [{"name": "home", "path": "/", "revision": 4, "generation": 9,
                                         "at": "2026-11-20T18:34:07.123Z", "by": "ann"}]})
        self.berth("page", "list", answers=answer)
        self.assertEqual(self.out, """\
PAGE  PATH  REVISION  GENERATION  AT                        BY
home  /            4           9  2026-11-20T18:34:07.123Z  ann
""")


class Tokens(CliCase):
    made = {"id": "3f2a90c1d4e5", "token": "berth_new", "name": "ci", "module": "header-app",
            "can": ["publish", "activate"], "expiresAt": None}

    def test_a_new_token_is_alone_on_stdout(self):
        code = self.berth("token", "create", "--name", "ci", "--module", "header-app", "--can",
                          "publish,activate", answers=Answer(201, self.made))
        self.assertEqual(code, OK)
        self.assertEqual((self.request.method, self.request.path), ("POST", "/api/tokens"))
        self.assertEqual(self.request.json, {"name": "ci", "module": "header-app",
                                             "can": ["publish", "activate"]})
        self.assertEqual(self.out, "berth_new\n")
        self.assertIn("token 3f2a90c1d4e5 may publish,activate on header-app; it expires never", self.err)

    def test_quiet_says_nothing_else(self):
        self.berth("token", "create", "-q", "--name", "ci", "--can", "publish",
                   answers=Answer(201, self.made))
        self.assertEqual((self.out, self.err), ("berth_new\n", ""))
        self.assertEqual(self.request.json, {"name": "ci", "can": ["publish"]})

    def test_a_span_becomes_a_time(self):
        self.berth("token", "create", "--name", "ci", "--can", "publish", "--expires", "90d",
                   answers=Answer(201, self.made))
        self.assertRegex(self.request.json["expiresAt"], r"^\d{4}-\d\d-\d\dT[\d:.]+Z$")

    def test_wrong_wishes_are_not_sent(self):
        for words in (["--name", "ci"], ["--can", "publish"],
                      ["--name", "ci", "--can", "publish", "--expires", "90 days"],
                      ["--name", "ci", "--can", "publish", "--module", "Header!"],
                      ["--name", "ci", "--can", b"publish,\xff"], ["--name", b"\xff", "--can", "publish"]):
            with self.subTest(words=words):
                self.assertEqual(self.berth("token", "create", *words, answers=Answer(201, self.made)), USAGE)
                self.assertEqual(self.server.requests, [])

    def test_list(self):
        base = {"module": "*", "can": ["admin"], "createdAt": "2026-01-01T00:00:00Z", "expiresAt": None,
                "revokedAt": None, "usedAt": None}
        self.berth("token", "list", answers=Answer(200, {"tokens": [
            {**base, "id": "000000000001", "name": "first"},
            {**base, "id": "000000000002", "name": "old", "expiresAt": "2020-01-01T00:00:00Z"},
            {**base, "id": "000000000003", "name": "gone", "revokedAt": "2026-01-02T00:00:00Z"}]}))
        self.assertEqual(self.out, """\
ID            NAME   MODULE  CAN    STATE    EXPIRES               USED
000000000001  first  *       admin  good     -                     -
000000000002  old    *       admin  expired  2020-01-01T00:00:00Z  -
000000000003  gone   *       admin  revoked  -                     -
""")

    def test_rotation(self):
        answer = {**self.made, "old": {"id": "3f2a90c1d4e4", "expiresAt": "2026-01-02T00:00:00Z"}}
        code = self.berth("token", "rotate", "3f2a90c1d4e4", answers=Answer(201, answer))
        self.assertEqual(code, OK)
        self.assertEqual((self.request.method, self.request.path), ("POST", "/api/tokens/3f2a90c1d4e4/rotate"))
        self.assertEqual(self.request.json, {})
        self.assertEqual(self.out, "berth_new\n")
        self.assertIn("replaces 3f2a90c1d4e4, which ends at 2026-01-02T00:00:00Z", self.err)
        for span, seconds in (("12h", 43200), ("7d", 604800)):
            self.berth("token", "rotate", "-q", "3f2a90c1d4e4", "--overlap", span, answers=Answer(201, answer))
            self.assertEqual(self.request.json, {"overlapSeconds": seconds})
            self.assertEqual((self.out, self.err), ("berth_new\n", ""))

    def test_wrong_rotations_are_not_sent(self):
        for words in (["berth_" + "t" * 43], [""], ["3f2a90c1d4e5", "--overlap", "0h"],
                      ["3f2a90c1d4e5", "--overlap", "soon"], []):
            with self.subTest(words=words):
                self.assertEqual(self.berth("token", "rotate", *words, answers=Answer(201, self.made)), USAGE)
                self.assertEqual(self.server.requests, [])

    def test_revocation(self):
        self.assertEqual(self.berth("token", "revoke", "3f2a90c1d4e5", answers=Answer(204)), OK)
        self.assertEqual((self.request.method, self.request.path), ("DELETE", "/api/tokens/3f2a90c1d4e5"))
        self.assertEqual(self.out, "token 3f2a90c1d4e5 is revoked\n")

    def test_a_secret_given_as_an_id_is_not_sent_or_shown(self):
        self.assertEqual(self.berth("token", "revoke", TOKEN), USAGE)
        self.assertEqual(self.server.requests, [])


class Connection(CliCase):
    def test_exit_codes_follow_statuses(self):
        codes = {400: REFUSED, 401: DENIED, 403: DENIED, 404: NOT_FOUND, 405: FAILED, 409: CONFLICT,
                 412: CONFLICT, 413: REFUSED, 415: REFUSED, 422: REFUSED, 429: SERVER, 500: SERVER,
                 503: SERVER, 507: SERVER}
        for status, code in codes.items():
            with self.subTest(status=status):
                self.assertEqual(self.berth("status", answers=problem("rule", status, "because")), code)
                self.assertIn("berth: because\n", self.err)
                self.assertIn("request: req-1 (%d rule)" % status, self.err)

    def test_the_json_is_the_server_s(self):
        self.berth("status", "--json", answers=Answer(200, MODULES))
        self.assertEqual(json.loads(self.out), MODULES)
        self.assertEqual(self.err, "")

    def test_a_problem_is_json_too(self):
        code = self.berth("status", "--json", answers=problem("scope", 403, "the token may not"))
        self.assertEqual(code, DENIED)
        self.assertEqual(json.loads(self.out)["type"], "urn:berth:problem:scope")
        self.assertEqual(self.err, "")

    def free_port(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    def test_no_server(self):
        url = "http://127.0.0.1:%d" % self.free_port()
        self.assertEqual(self.berth("status", BERTH_SERVER=url), UNREACHABLE)
        self.assertEqual(self.err, 'berth: cannot reach %s: connection refused\nhint: is the server '
                                   'running? start it with "berth serve --data DIR", or set '
                                   'BERTH_SERVER to its admin address\n' % url)
        self.assertEqual(self.berth("status", "--json", "--server", url), UNREACHABLE)
        self.assertEqual(json.loads(self.out)["type"], "urn:berth:problem:unreachable")

    def test_a_lost_connection(self):
        code = self.berth("activate", "header-app@1.1.0", answers=Answer(cut=True))
        self.assertEqual(code, UNREACHABLE)
        self.assertIn("lost the connection to %s" % self.server.url, self.err)
        self.assertIn("hint: whether the server did it is not known", self.err)

    def test_a_redirect_is_not_followed(self):
        other = FakeServer()
        self.addCleanup(other.close)
        other.answers = [Answer(200, MODULES)]
        code = self.berth("status", answers=Answer(302, headers={"Location": other.url + "/api/modules"}))
        self.assertEqual(code, FAILED)
        self.assertIn("where: %s/api/modules" % other.url, self.err)
        self.assertEqual(other.requests, [])

    def test_another_kind_of_server_is_told(self):
        for answer, expected in ((Answer(200, raw=b"<html>"), FAILED), (Answer(200, raw=b""), FAILED),
                                 (Answer(200, raw=b"[]", type="application/json"), FAILED),
                                 (Answer(502, raw=b"<html>Bad Gateway"), SERVER),
                                 (Answer(404, raw=b"nginx"), NOT_FOUND)):
            with self.subTest(status=answer.status, body=answer.body):
                self.assertEqual(self.berth("status", answers=answer), expected)
                self.assertIn("did not answer as a berth server does", self.err)

    def test_what_is_missing_is_said_with_the_command_that_lists_it(self):
        self.berth("activate", "header-app@9.0.0", answers=problem("version-unknown", 404, "no such version"))
        self.assertIn('hint: see what there is with "berth versions MODULE"', self.err)
        self.berth("activate", "header-app@9.0.0",
                   answers=problem("version-unknown", 404, "no such version", hint="did you mean 0.9.0?"))
        self.assertIn("hint: did you mean 0.9.0?", self.err)

    def test_the_public_listener_is_told_apart(self):
        code = self.berth("status", answers=problem("not-found", 404, "there is nothing under this path"))
        self.assertEqual(code, NOT_FOUND)
        self.assertIn("hint: is that the admin address?", self.err)

    def test_a_deep_or_endless_answer_is_refused(self):
        deep = Answer(200, raw=b'{"a":' * 500 + b"1" + b"}" * 500, type="application/json")
        self.assertEqual(self.berth("status", answers=deep), FAILED)
        large = Answer(200, raw=b" " * (17 << 20), type="application/json")
        self.assertEqual(self.berth("status", answers=large), FAILED)
        self.assertIn("more than 16 MiB", self.err)

    def test_a_proxy_from_the_environment_is_not_asked_for_loopback(self):
        proxy = "http://127.0.0.1:%d" % self.free_port()
        code = self.berth("status", answers=Answer(200, MODULES), http_proxy=proxy, all_proxy=proxy)
        self.assertEqual(code, OK, self.err)

    def test_a_server_below_a_path(self):
        self.berth("status", "--server", self.server.url + "/berth/", answers=Answer(200, MODULES))
        self.assertEqual(self.request.path, "/berth/api/modules")

    def test_wrong_servers_are_usage_errors(self):
        for url in ("ftp://h", "file:///etc/passwd", "127.0.0.1:8081", "http://", "http://h/?q=1",
                    "http://h/#f", "http://u:secret@h"):
            with self.subTest(url=url):
                self.assertEqual(self.berth("status", "--server", url), USAGE)
                self.assertNotIn("secret", self.err)


class Secrets(CliCase):
    def test_a_token_from_a_file(self):
        path = self.path("token", b"berth_from_file\n")
        self.berth("status", "--token-file", path, answers=Answer(200, MODULES))
        self.assertEqual(self.request.headers["Authorization"], "Bearer berth_from_file")

    def test_the_command_line_goes_before_the_environment(self):
        self.berth("status", "--token", "berth_from_argv", answers=Answer(200, MODULES))
        self.assertEqual(self.request.headers["Authorization"], "Bearer berth_from_argv")

    def test_without_a_token_none_is_sent_and_401_says_how(self):
        code = self.berth("status", BERTH_TOKEN=None,
                          answers=problem("token-missing", 401, "no token", hint="send a header"))
        self.assertEqual(code, DENIED)
        self.assertIsNone(self.request.headers["Authorization"])
        self.assertIn("hint: set BERTH_TOKEN", self.err)

    def test_a_token_cannot_add_headers(self):
        for token in ("berth_a\r\nX-Evil: 1", "berth a", "berth_\u00e4", "x" * 5000):
            with self.subTest(token=token[:20]):
                self.assertEqual(self.berth("status", answers=Answer(200, MODULES), BERTH_TOKEN=token), USAGE)
                self.assertNotIn(token, self.err)
                self.assertEqual(self.server.requests, [])

    def test_wrong_token_files(self):
        cases = [("/nowhere", FAILED), (self.path("empty"), USAGE), (self.path("blank", b"\n"), USAGE)]
        for path, expected in cases:
            with self.subTest(path=path):
                self.assertEqual(self.berth("status", "--token-file", path, answers=Answer(200, MODULES)), expected)
                self.assertEqual(self.server.requests, [])

    def test_both_ways_at_once_are_refused(self):
        path = self.path("token", b"berth_x\n")
        self.assertEqual(self.berth("status", "--token", "berth_y", "--token-file", path), USAGE)


class Screen(CliCase):
    hostile = {"generation": 1, "modules": [{"name": "a\x1b[2Jb\nc\u009bd\u202ee", "versions": 1, "live": None}]}

    def test_texts_cannot_drive_the_terminal(self):
        self.berth("status", answers=Answer(200, self.hostile))
        self.assertIn("a?[2Jb?c?d?e", self.out)
        self.berth("status", answers=problem("x", 422, "one\nberth: two\x1b[31m"))
        self.assertTrue(self.err.startswith("berth: one?berth: two?[31m\n"), self.err)

    def test_colours_are_for_terminals(self):
        self.server.answers = [Answer(200, MODULES)]
        self.assertEqual(self.berth_on_terminal("status"), OK)
        self.assertIn("\x1b[1mMODULE", self.out)
        for plain in ({"NO_COLOR": "1"}, {"NO_COLOR": "0"}, {"NO_COLOR": "1", "CLICOLOR_FORCE": "1"}, {"TERM": "dumb"}):
            with self.subTest(plain):
                self.berth_on_terminal("status", **plain)
                self.assertNotIn("\x1b", self.out)
        self.berth_on_terminal("status", NO_COLOR="")
        self.assertIn("\x1b[1mMODULE", self.out, "https://no-color.org: an empty value says nothing")
        self.server.answers = [problem("x", 404, "nothing")]
        self.berth_on_terminal("status")
        self.assertIn("\x1b[1;31mberth:\x1b[0m nothing", self.out)

    def test_there_are_none_elsewhere_unless_they_are_forced(self):
        for env, coloured in (({}, False), ({"TERM": "xterm"}, False), ({"CLICOLOR_FORCE": "0"}, False),
                              ({"CLICOLOR_FORCE": "1"}, True), ({"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, False)):
            with self.subTest(env):
                self.berth("status", answers=Answer(200, MODULES), **env)
                self.assertEqual("\x1b[1mMODULE" in self.out, coloured)
                self.berth("status", answers=problem("x", 404, "nothing"), **env)
                self.assertEqual("\x1b[1;31mberth:" in self.err, coloured)
        self.berth("status", "--json", answers=Answer(200, MODULES), CLICOLOR_FORCE="1")
        self.assertEqual(json.loads(self.out), MODULES)

    def test_the_mark_of_what_is_live_is_a_dot_where_it_can_be_shown(self):
        self.server.answers = [Answer(200, {"module": "x", "versions": [uploaded(live=True)]})]
        self.berth_on_terminal("versions", "x", LANG="C.UTF-8", NO_COLOR="1")
        self.assertRegex(self.out, r"1\.1\.0    ●     webpack-container")
        self.berth_on_terminal("versions", "x", LANG="C.UTF-8", LC_ALL="C", NO_COLOR="1")
        self.assertRegex(self.out, r"1\.1\.0    live  webpack-container")

    def test_an_upload_shows_its_progress_and_wipes_it(self):
        for lang, bar in (("C.UTF-8", "[█░"), ("C", "[#.")):
            with self.subTest(lang=lang):
                gate = threading.Event()
                self.server.answers = [Answer(201, uploaded(), gate=gate)]
                path = self.path("big.tar.gz", b"\x1f\x8b" + os.urandom(32 << 20))
                code = self.berth_on_terminal("push", "header-app@1.1.0", path, LANG=lang,
                                              until=b" of 33.6 MB", then=gate.set)
                self.assertEqual(code, OK, self.out)
                self.assertIn("uploading  [", self.out)
                self.assertIn(bar[1] if lang == "C" else bar[2], self.out)
                self.assertIn("\r\x1b[Kuploaded header-app@1.1.0", self.out)

    def test_there_is_no_progress_elsewhere(self):
        gate = threading.Event()
        self.server.answers = [Answer(201, uploaded(), gate=gate), NOT_LIVE]
        path = self.path("big.tar.gz", b"\x1f\x8b" + os.urandom(32 << 20))
        timer = threading.Timer(0.6, gate.set)
        timer.start()
        self.berth("push", "header-app@1.1.0", path)
        self.assertEqual(self.err, "")

    def test_a_full_disk_is_a_failure(self):
        self.server.answers = [Answer(200, MODULES)]
        with open("/dev/full", "wb") as full:
            done = subprocess.run([BERTH, "status"], env=self.environment(), stdout=full,
                                  stderr=subprocess.PIPE, timeout=60)
        self.assertEqual(done.returncode, FAILED)
        self.assertIn(b"cannot write the output", done.stderr)


class Help(CliCase):
    def commands(self):
        self.assertEqual(self.berth("--help"), OK)
        names = re.findall(r"^  (\S+(?: \S+)?)  +\S", self.out.split("commands:")[1].split("options")[0],
                           re.MULTILINE)
        self.assertIn("token create", names)
        return names

    def test_every_command_has_help_with_an_example(self):
        for name in self.commands():
            if name == "serve":
                continue
            with self.subTest(command=name):
                self.assertEqual(self.berth(*name.split(), "--help"), OK)
                self.assertTrue(self.out.startswith("usage: berth " + name), self.out)
                self.assertIn("examples:\n  berth", self.out.replace("TOKEN=$(", ""))
                self.assertIn("exit codes:", self.out)
                self.assertLessEqual(max(map(len, self.out.splitlines())), 90)
                self.assertEqual(self.berth("help", *name.split()), OK)
        self.assertEqual(self.berth("page", "--help"), OK)
        self.assertIn("page put", self.out)

    def test_options_may_stand_anywhere(self):
        for words in (["--json", "--server", self.server.url, "status"],
                      ["status", "--server=" + self.server.url, "--json"]):
            self.assertEqual(self.berth(*words, answers=Answer(200, MODULES), BERTH_SERVER="http://nowhere.invalid"), OK)

    def test_wrong_lines_send_nothing_and_say_what_is_right(self):
        cases = {
            (): "usage: berth",
            ("stauts",): "hint: did you mean berth status?",
            ("page",): "hint: see berth page --help",
            ("page", "putt", "x.json"): "hint: did you mean berth page put?",
            ("activate",): "hint: usage: berth activate <module>@<version>",
            ("status", "a", "b"): "too many arguments",
            ("status", "--activate"): "berth status takes no --activate",
            ("status", "--josn"): "hint: did you mean --json?",
            ("activate", "x@1.0.0", "--if-generation", "-1"): "takes a whole number",
            ("versions", "../x"): "where: ../x",
            ("--json", "nothing"): "",
            ("nothing", "--help"): "there is no command",
        }
        for words, text in cases.items():
            with self.subTest(words=words):
                self.assertEqual(self.berth(*words, answers=Answer(200, MODULES)), USAGE)
                self.assertIn(text, self.err)
                self.assertEqual(self.server.requests, [])

    def test_version(self):
        self.assertEqual(self.berth("--version"), OK)
        self.assertRegex(self.out, r"^berth \d+\.\d+\.\d+\n$")


if __name__ == "__main__":
    unittest.main()
