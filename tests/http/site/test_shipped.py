#!/usr/bin/env python3
"""The console that a server brings with it: published by a start, and never against what somebody wanted.

usage: BERTH_BIN=path/to/berth tests/http/site/test_shipped.py [TestCase[.test]]
"""

import json
import os
import shutil
import tempfile
import unittest

import bundles
from harness import Server, main, until

CONSOLE = "@berth/console"
NAME = "berth serve"
PAGE = b"<!doctype html><title>%s</title>"


class Shipped(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="berth-console-")
        self.addCleanup(shutil.rmtree, self.folder)

    def build(self, version, name=CONSOLE):
        """The folder is another console now, as after an upgrade."""
        with open(os.path.join(self.folder, "index.html"), "wb") as file:
            file.write(PAGE % version.encode())
        with open(os.path.join(self.folder, "package.json"), "w", encoding="ascii") as file:
            json.dump({"name": name, "version": version}, file)

    def server(self, *options):
        server = Server("--console", self.folder, *options)
        self.addCleanup(server.stop)
        return server

    def live(self, server):
        """What is live of the console, None for nothing."""
        known = {module["name"]: module["live"] for module in server.admin.get("/api/modules").json["modules"]}
        return known[CONSOLE]["version"] if known.get(CONSOLE) else None

    def wait_published(self, server, version):
        server.wait_log("console-published", version=version)
        self.assertEqual(self.live(server), version)
        self.assertEqual(server.admin.call("GET", "/", token="").body, PAGE % version.encode())

    def upgrade(self, server, version):
        server.exit()
        self.build(version)
        server.start()

    def is_left_alone(self, server, version):
        """A start after which the console was looked at and not touched: whatever it does is done before a stop
        ends."""
        server.restart()
        server.exit()
        before = len(server.log("console-published"))
        server.start()
        self.assertEqual(self.live(server), version)
        server.restart()
        self.assertEqual(self.live(server), version)
        self.assertEqual(len(server.log("console-published")), before)
        self.assertEqual(server.log("console-not-published"), [])

    def records(self, server):
        return [(one["action"], one["subject"], one["by"])
                for one in server.admin.get("/api/activity").json["activity"] if one["module"] == CONSOLE]

    def test_a_fresh_server_has_a_console_once_it_has_started(self):
        self.build("1.0.0+aaaa")
        server = self.server()
        self.wait_published(server, "1.0.0+aaaa")
        self.assertEqual(self.records(server), [("activate", CONSOLE + "@1.0.0+aaaa", NAME),
                                                ("upload", CONSOLE + "@1.0.0+aaaa", NAME)])
        self.is_left_alone(server, "1.0.0+aaaa")
        self.assertEqual(len(self.records(server)), 2)

    def test_a_newer_one_takes_the_place_of_the_servers_own(self):
        self.build("1.0.0+aaaa")
        server = self.server()
        self.wait_published(server, "1.0.0+aaaa")
        for version in ("1.1.0", "1.1.0+other-build"):
            self.upgrade(server, version)
            self.wait_published(server, version)

    def test_an_older_one_does_not(self):
        self.build("2.0.0")
        server = self.server()
        self.wait_published(server, "2.0.0")
        self.upgrade(server, "1.9.0")
        self.is_left_alone(server, "2.0.0")

    def test_what_somebody_made_live_stays(self):
        self.build("1.0.0")
        server = self.server()
        self.wait_published(server, "1.0.0")
        server.put(CONSOLE, "0.1.0", bundles.tar_gz({"index.html": b"<!doctype html><title>mine"}), "?activate=true")
        self.upgrade(server, "2.0.0")
        self.is_left_alone(server, "0.1.0")

    def test_what_somebody_made_live_with_a_token_of_the_servers_name_stays(self):
        self.build("1.0.0")
        server = self.server()
        self.wait_published(server, "1.0.0")
        token = server.admin.json("POST", "/api/tokens", {"name": NAME, "module": "*", "can": ["admin"]}).json["token"]
        server.secrets.add(token)
        archive = bundles.tar_gz({"index.html": b"<!doctype html><title>mine"})
        reply = server.upload(CONSOLE, "0.1.0", archive, "?activate=true", token=token)
        self.assertEqual(reply.status, 201, reply)
        self.upgrade(server, "2.0.0")
        self.is_left_alone(server, "0.1.0")

    def test_one_that_was_rolled_back_stays_rolled_back(self):
        self.build("1.0.0")
        server = self.server()
        self.wait_published(server, "1.0.0")
        self.upgrade(server, "1.1.0")
        self.wait_published(server, "1.1.0")
        self.assertEqual(server.rollback(CONSOLE).json["version"], "1.0.0")
        self.is_left_alone(server, "1.0.0")
        self.upgrade(server, "1.2.0")
        self.is_left_alone(server, "1.0.0")

    def test_one_that_was_uploaded_and_not_activated_does_not_hinder_it(self):
        self.build("1.0.0")
        server = Server("--console", "off")
        self.addCleanup(server.stop)
        server.put(CONSOLE, "0.1.0", bundles.tar_gz({"index.html": b"<!doctype html><title>mine"}))
        server.exit()
        server.options = ("--console", self.folder)
        server.start()
        self.wait_published(server, "1.0.0")

    def test_off_means_none(self):
        server = Server("--console", "off")
        self.addCleanup(server.stop)
        server.restart()
        self.assertIsNone(self.live(server))
        reply = server.admin.call("GET", "/", token="")
        self.assertEqual(reply.status, 404)
        self.assertIn(b"No console is live", reply.body)
        self.assertEqual(server.log("console-not-published"), [])

    def refused(self, rule, *options, **members):
        """The server starts and serves; the log says what was wrong and what to do."""
        server = self.server(*options)
        line = server.wait_log("console-not-published", rule=rule, **members)
        self.assertTrue(line["text"] and line["hint"], line)
        self.assertEqual(line["folder"], self.folder)
        self.assertIsNone(self.live(server))
        self.assertEqual(server.public.get("/readyz").status, 200)
        return line

    def test_a_folder_that_is_none_does_not_hinder_a_start(self):
        self.refused("console-missing", where=os.path.join(self.folder, "package.json"))

    def test_a_folder_of_something_else_is_not_published(self):
        self.build("1.0.0", name="@berth/other")
        self.refused("package-syntax")

    def test_it_is_checked_as_any_upload_is(self):
        self.build("1.0.0")
        os.symlink("/etc/passwd", os.path.join(self.folder, "extra.js"))
        self.refused("type-symlink", where="extra.js")

    def test_limits_are_those_of_any_upload(self):
        self.build("1.0.0")
        self.refused("limit-archive-bytes", "--max-archive-bytes", "16")

    def at_the_gate(self, *options):
        """A server that is about to read the folder, one upload that has the only place, and what lets it go on."""
        package = os.path.join(self.folder, "package.json")
        os.mkfifo(package)
        server = self.server("--max-uploads", "1", *options)
        upload = server.admin.connect()
        self.addCleanup(upload.close)
        archive = bundles.bundle("other")
        upload.send(server.admin.head_text("PUT", "/api/modules/other/versions/1.0.0",
                                           {"Content-Type": "application/gzip"}, archive) + archive[:1])
        server.wait_upload()
        with open(package, "w", encoding="ascii") as gate:
            json.dump({"name": CONSOLE, "version": "1.0.0"}, gate)
            os.unlink(package)
            self.build("1.0.0")
        return server, upload, archive

    def test_it_waits_until_there_is_a_place_for_it(self):
        server, upload, archive = self.at_the_gate()
        upload.send(archive[1:])
        self.assertEqual(upload.reply().status, 201)
        self.wait_published(server, "1.0.0")

    def test_a_stop_does_not_wait_for_that(self):
        server, _, _ = self.at_the_gate("--drain-ms", "0")
        server.exit()
        self.assertEqual(server.log("console-published") + server.log("console-not-published"), [])
        server.start()


if __name__ == "__main__":
    main()
