#!/usr/bin/env python3
"""A full disk: uploads are refused with 507, reads go on, and nothing half is left.

The data directory is a small tmpfs in a mount namespace of the server's own; where a system does not let
us make one, the test is skipped.

usage: BERTH_BIN=path/to/berth tests/http/site/test_disk.py [TestCase[.test]]
"""

import os
import random
import subprocess
import unittest

import bundles
from harness import Server, SiteCase, main

UNSHARE = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
MOUNT = 'mount -t tmpfs -o size=4m none "$0" && exec "$@"'


class SmallDisk(Server):
    mount = MOUNT

    def command(self, *options):
        os.makedirs(self.data, exist_ok=True)
        return [*UNSHARE, self.mount, self.data, *super().command(*options)]

    @property
    def view(self):
        return "/proc/%d/root%s" % (self.process.pid, self.data)

    def check_data(self):
        if self.process.poll() is None:  # the disk goes with the process
            super().check_data()


def can_mount():
    try:
        return subprocess.run([*UNSHARE, "mount -t tmpfs none /mnt"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


@unittest.skipUnless(can_mount(), "no mount namespaces here")
class FullDisk(SiteCase):
    @classmethod
    def setUpClass(cls):
        cls.server = SmallDisk()
        cls.addClassCleanup(cls.server.stop)

    def test_a_full_disk(self):
        noise = random.Random(4).randbytes(3 << 20)
        small = bundles.bundle("small")
        self.server.put("disk", "1.0.0", small, "?activate=true")
        page = {"path": "/disk", "title": "x", "slots": [{"name": "a", "module": "disk", "expose": "./Header"}]}
        self.assertStatus(self.server.put_page("disk", page), 201)
        generation = self.server.generation()
        blobs = set(self.server.blobs())
        # The upload itself fits, but not with what is in it beside it; and one that does not fit at all.
        for archive in (bundles.tar_gz({**bundles.files("b"), "noise.bin": noise}),
                        bundles.tar({**bundles.files("c"), "noise.bin": noise + noise})):
            reply = self.server.upload("disk", "2.0.0", archive)
            self.assertStatus(reply, 507)
            self.assertTrue(reply.json["retryable"])
            self.server.check_data()
            self.assertStatus(self.public.get("/m/disk@1.0.0/remoteEntry.js"), 200)
            self.assertStatus(self.public.get("/disk"), 200)
            self.assertStatus(self.admin.get("/api/modules/disk/versions/2.0.0"), 404)
            self.assertEqual(self.server.generation(), generation)
        self.assertLessEqual(blobs, set(self.server.blobs()))
        # There is room again, since nothing half was kept.
        self.server.put("disk", "1.1.0", bundles.bundle("after"), "?activate=true")

    def test_the_database_finds_no_room(self):
        self.server.put("full", "1.0.0", bundles.bundle("1"))
        self.server.put("full", "1.1.0", bundles.bundle("2"))
        self.server.make_live("full", "1.0.0")
        filler = os.path.join(self.server.view, "blobs", "filler")
        with open(filler, "wb") as file:
            try:
                while True:
                    file.write(bytes(4096))
                    file.flush()
            except OSError:
                pass
            try:
                file.close()
            except OSError:
                pass
        try:
            statuses, changed = set(), 0
            for number in range(200):  # the log of the database has room of its own for a while
                reply = self.server.activate("full", "1.%d.0" % ((number + 1) % 2))
                statuses.add(reply.status)
                changed += reply.status == 200
                if reply.status != 200:
                    break
            self.assertLessEqual(statuses, {200, 507})
            self.assertIn(507, statuses)
            live = self.admin.get("/api/modules/full/live")
            self.assertStatus(live, 200)
            spec = self.public.get("/manifests/remotes.json").json["remotes"]["full"]
            self.assertEqual((spec["version"], spec["generation"]), (live.json["version"], live.json["generation"]))
            self.assertStatus(self.server.upload("full", "2.0.0", bundles.bundle("3")), 507)
            self.assertStatus(self.public.get("/m/full@1.0.0/remoteEntry.js"), 200)
        finally:
            os.unlink(filler)
        before = self.server.generation()
        after = self.server.make_live("full", "1.0.0" if spec["version"] == "1.1.0" else "1.1.0")
        self.assertEqual(after["generation"], before + 1)

    def test_removing_versions_makes_room_again(self):
        noise = [random.Random(seed).randbytes(1 << 20) for seed in range(4)]
        self.server.put("room", "1.0.0", bundles.tar({**bundles.files("1"), "noise.bin": noise[0]}), "?activate=true")
        for number in range(1, 4):
            reply = self.server.upload("room", "1.%d.0" % number,
                                       bundles.tar({**bundles.files(str(number)), "noise.bin": noise[number]}))
            if reply.status != 201:
                break
        self.assertStatus(reply, 507)
        answer = self.admin.json("POST", "/api/gc", {"keepNewest": 0})
        self.assertStatus(answer, 200)
        self.assertGreater(answer.json["bytes"], 0)
        self.assertEqual(self.public.get("/m/room@1.0.0/noise.bin").body, noise[0])
        self.server.put("room", "2.0.0", bundles.tar({**bundles.files("4"), "noise.bin": noise[3]}))

    def test_a_backup_for_which_there_is_no_room_is_refused(self):
        self.server.put("copy", "1.0.0", bundles.bundle("1"))
        filler = os.path.join(self.server.view, "blobs", "filler")
        try:
            with open(filler, "wb", buffering=0) as file:
                try:
                    while True:
                        file.write(bytes(4096))
                except OSError:
                    pass
            self.assertStatus(self.admin.get("/api/backup"), 507)
        finally:
            os.unlink(filler)
        self.assertStatus(self.admin.get("/api/backup"), 200)
        self.server.check_data()


class OneServer(SiteCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.stop)

    def test_a_second_server_on_the_directory_is_refused_and_the_first_goes_on(self):
        self.server.put("menu", "1.0.0", bundles.bundle("1"), "?activate=true")
        done = subprocess.run(self.server.command(), capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn("in use by process %d" % self.server.process.pid, done.stderr)
        self.assertStatus(self.public.get("/m/menu@1.0.0/remoteEntry.js"), 200)
        self.server.put("menu", "1.1.0", bundles.bundle("2"))


@unittest.skipUnless(can_mount(), "no mount namespaces here")
class ReadOnlyDisk(unittest.TestCase):
    def test_a_start_on_a_read_only_disk_says_so(self):
        server = Server("--compress-threads", "0")
        self.addCleanup(server.discard)
        server.put("menu", "1.0.0", bundles.bundle("1"))
        server.exit()
        mount = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'
        done = subprocess.run([*UNSHARE, mount, server.data, *server.command()],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1, done)
        self.assertIn("Read-only file system", done.stderr)


class FullOfCopies(SmallDisk):
    older = os.path.join(os.environ.get("BERTH_SOURCE", os.path.join(os.path.dirname(__file__), "../../..")),
                         "tests/data/registry/schema-4.db")

    @property
    def mount(self):
        kept = (4 << 20) - os.path.getsize(self.older) - (64 << 10)
        put = ("cp '%s' \"$0/db\" && head -c %d /dev/zero >\"$0/db.schema-4\" && echo none >\"$0/admin.token\""
               % (self.older, kept))  # the database has tokens already, so the server makes none
        return MOUNT.replace("exec", put + " && exec")

    def check_served(self):
        """Its tokens are not known, and its versions have no blobs."""


@unittest.skipUnless(can_mount(), "no mount namespaces here")
class UpgradeWithoutRoom(SiteCase):
    """An upgrade that found no room has left its copy, and there is not enough for a second one."""

    @classmethod
    def setUpClass(cls):
        cls.server = FullOfCopies()
        cls.addClassCleanup(cls.server.stop)

    def test_a_copy_that_was_kept_gives_its_room_to_the_next(self):
        with open(self.server.older, "rb") as file:
            whole = file.read()
        with open(os.path.join(self.server.view, "db.schema-4"), "rb") as file:
            copy = file.read()
        self.assertEqual((copy[:16], copy[60:64]), (whole[:16], whole[60:64]))
        self.assertStatus(self.public.get("/manifests/remotes.json"), 200)


if __name__ == "__main__":
    main()
