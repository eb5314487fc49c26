#!/usr/bin/env python3
"""Keeping the data directory: verify, healing, gc beside uploads, backup and restore.

usage: BERTH_BIN=path/to/berth tests/http/site/test_keep.py [TestCase[.test]]
"""

import io
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import threading

import bundles
from harness import BERTH, PATIENCE_S, Server, SiteCase, at_once, main, sha256, until


def berth(*words, server=None):
    env = dict(os.environ)
    if server:
        env.update(BERTH_SERVER="http://" + server.addresses["admin"], BERTH_TOKEN=server.token)
    return subprocess.run([BERTH, *words], env=env, capture_output=True, text=True, timeout=PATIENCE_S,
                          stdin=subprocess.DEVNULL)


def verify(data, *options):
    done = berth("verify", "--data", data, "--json", *options)
    return done.returncode, json.loads(done.stdout)


def flip(path, offset=0):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)
        file.seek(offset)
        file.write(bytes([byte[0] ^ 1]))


class KeepCase(SiteCase):
    """Each test has a server of its own, which it may stop and damage."""

    OPTIONS = ("--compress-threads", "0")

    def setUp(self):
        self.server = Server(*self.OPTIONS)
        self.addCleanup(self.server.discard)
        self.more = os.path.join(self.server.root, "more")

    def tearDown(self):
        if self.server.process.poll() is None:
            self.server.check_served()
            self.server.check_descriptors()
            self.server.exit()
            self.assertSound()

    @property
    def public(self):
        return self.server.public

    @property
    def admin(self):
        return self.server.admin

    def blob(self, data):
        digest = sha256(data)
        return os.path.join(self.server.data, "blobs", digest[:2], digest)

    def execute(self, text):
        """Changes the database of a server that was stopped."""
        with sqlite3.connect(os.path.join(self.server.data, "db")) as database:
            database.execute(text)
        database.close()

    def files(self):
        """Digests of all that lies in the data directory, but for the lock, which names a process."""
        found = {}
        for folder, _, names in os.walk(self.server.data):
            for name in set(names) - {"lock"}:
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    found[os.path.relpath(path, self.server.data)] = sha256(file.read())
        return found

    def gc(self, **policy):
        reply = self.admin.json("POST", "/api/gc", policy)
        self.assertStatus(reply, 200)
        return reply.json

    def versions(self, module):
        return [version["version"] for version in self.admin.get("/api/modules/%s/versions" % module).json["versions"]]

    def assertSound(self, data=None, **members):
        code, report = verify(data or self.server.data)
        self.assertEqual((code, report["sound"], report["faults"]), (0, True, []))
        self.assertLessEqual(members.items(), report.items())
        return report

    def assertFaults(self, rules, *options):
        code, report = verify(self.server.data, *options)
        self.assertEqual(code, 1)
        self.assertEqual(sorted(fault["rule"] for fault in report["faults"]), sorted(rules), report["faults"])
        for fault in report["faults"]:
            self.assertTrue(fault["text"] and fault["hint"], fault)
        return report


class Verify(KeepCase):
    def test_a_sound_directory(self):
        self.server.put("menu", "1.0.0", bundles.bundle("a"), "?activate=true")
        self.server.put("menu", "1.1.0", bundles.bundle("b"))
        done = berth("verify", "--data", self.server.data)
        self.assertEqual((done.returncode, "in use by process %d" % self.server.process.pid in done.stderr), (6, True))
        self.server.exit()
        self.assertSound(modules=1, versions=2, files=4, blobs=4, orphans=0, temporaries=0)
        self.assertEqual(berth("verify").returncode, 2)
        self.assertEqual(berth("verify", "--data", self.more).returncode, 1)
        self.assertFalse(os.path.exists(self.more))

    def test_after_a_kill_it_is_sound(self):
        self.server.put("menu", "1.0.0", bundles.bundle("a"), "?activate=true")
        self.server.kill()
        with open(os.path.join(self.server.data, "tmp", "9"), "wb"):
            pass
        before = self.files()
        self.assertGreater(os.path.getsize(os.path.join(self.server.data, "db-wal")), 0)
        self.assertSound(versions=1, temporaries=1)
        self.assertEqual(self.files(), before)  # looking changes nothing

    def test_an_older_database_is_told_of_and_left(self):
        self.server.exit()
        source = os.environ.get("BERTH_SOURCE", os.path.join(os.path.dirname(__file__), "../../.."))
        for schema in (1, 2, 3):
            shutil.copy(os.path.join(source, "tests/data/registry/schema-%d.db" % schema),
                        os.path.join(self.server.data, "db"))
            before = self.files()
            for options in ((), ("--repair",)):  # it has files without blobs, but no variant of them
                code, report = verify(self.server.data, *options)
                self.assertEqual((code, report["schema"], report["versions"]), (1, schema, 3))
                self.assertEqual({fault["rule"] for fault in report["faults"]}, {"blob-missing"})
                self.assertIn("schema-older", [note["rule"] for note in report["notes"]])
                if schema == 1 or not options:
                    self.assertEqual(self.files(), before)

    def test_each_kind_of_fault_is_found(self):
        self.server.put("menu", "1.0.0", bundles.bundle("a", page__css=b"body{}"), "?activate=true")
        self.server.exit()
        data = self.server.data
        kept = data + ".kept"
        shutil.copytree(data, kept)
        entry = self.blob(bundles.container("a"))
        style = self.blob(b"body{}")

        cases = {
            "flipped bit": (lambda: flip(entry, 7), ["blob-damaged"]),
            "cut": (lambda: os.truncate(style, 2), ["blob-damaged"]),
            "missing": (lambda: os.unlink(style), ["blob-missing"]),
            "both": (lambda: (os.unlink(style), flip(entry)), ["blob-damaged", "blob-missing"]),
            "a name of its own": (lambda: os.rename(style, style[:-1]), ["blob-missing", "foreign"]),
            "in the wrong folder": (lambda: shutil.copy(style, os.path.dirname(entry)), ["foreign"]),
            "a file": (lambda: open(os.path.join(data, "notes.txt"), "w").close(), ["foreign"]),
            "a link": (lambda: (os.unlink(style), os.symlink(entry, style)), ["blob-missing", "foreign"]),
            "no database": (lambda: os.unlink(os.path.join(data, "db")), ["database-missing"]),
            "cut database": (lambda: os.truncate(os.path.join(data, "db"), 5000), ["database-damaged"]),
            "newer database": (lambda: self.execute("PRAGMA user_version = 999"), ["database-newer"]),
            "no asset": (lambda: self.execute("DELETE FROM assets WHERE path = 'page.css'"), ["version-files"]),
            "other size": (lambda: self.execute("UPDATE assets SET bytes = 7 WHERE path = 'page.css'"),
                           ["blob-size", "version-files"]),
            "restored by half": (lambda: open(os.path.join(data, "unfinished"), "w").close(),
                                 ["restore-unfinished"]),
        }
        for name, (damage, rules) in cases.items():
            with self.subTest(name):
                shutil.rmtree(data)
                shutil.copytree(kept, data, symlinks=True)
                damage()
                report = self.assertFaults(rules)
                if "blob" in rules[0]:
                    self.assertIn("menu@1.0.0", str([fault.get("where") for fault in report["faults"]]))
        shutil.rmtree(data)
        shutil.copytree(kept, data)
        self.assertSound()

    def test_what_rows_name_that_cannot_be_read_is_left_alone(self):
        self.server.put("menu", "1.0.0", bundles.bundle("a"), "?activate=true")
        self.server.put("cart", "1.0.0", bundles.bundle("b", page__css=b"body{}"))
        self.server.exit()
        lost, known = self.blob(bundles.container("b")), self.blob(bundles.container("a"))
        flip(lost)
        flip(known)
        cart = "(SELECT versions.id FROM versions JOIN modules ON modules.id = module WHERE name = 'cart')"
        self.execute("DELETE FROM descriptions WHERE version = " + cart)
        report = self.assertFaults(["rows-lost", "blob-damaged", "blob-damaged"], "--repair")
        self.assertEqual((report["repaired"], report["orphans"]), ([], 0))
        self.assertIn("not-repaired", [note["rule"] for note in report["notes"]])
        self.assertTrue(os.path.exists(lost) and os.path.exists(known))
        self.execute("INSERT INTO descriptions VALUES (%s, '{}')" % cart)
        report = self.assertFaults(["blob-missing", "blob-missing"], "--repair")
        self.assertEqual(len(report["repaired"]), 2)

    def test_a_changed_audit_record_is_found(self):
        self.server.put("menu", "1.0.0", bundles.bundle("a"), "?activate=true")
        self.server.exit()
        self.execute("UPDATE audit SET at_ms = at_ms + 1 WHERE id = 1")
        self.assertFaults(["audit-broken"])


class Heal(KeepCase):
    def test_a_damaged_file_heals_by_pushing_again_after_a_repair(self):
        archive = bundles.bundle("a")
        self.server.put("menu", "1.0.0", archive, "?activate=true")
        self.server.exit()
        path = self.blob(bundles.container("a"))
        flip(path, 5)
        self.assertFaults(["blob-damaged"])
        report = self.assertFaults(["blob-missing"], "--repair")
        self.assertEqual([item["rule"] for item in report["repaired"]], ["set-aside"])
        self.assertTrue(os.path.exists(os.path.join(self.server.data, "damaged", os.path.basename(path))))
        self.server.start()
        self.assertStatus(self.public.get("/m/menu@1.0.0/remoteEntry.js"), 500)
        self.assertStatus(self.server.upload("menu", "1.0.0", archive), 200)
        self.assertEqual(self.public.get("/m/menu@1.0.0/remoteEntry.js").body, bundles.container("a"))
        self.server.exit()
        self.assertSound()

    def test_a_running_server_that_met_the_damage_heals_without_a_stop(self):
        archive = bundles.bundle("a")
        self.server.put("menu", "1.0.0", archive)
        self.server.exit()
        flip(self.blob(bundles.container("a")), 5)
        self.server.start()
        self.assertStatus(self.public.get("/m/menu@1.0.0/remoteEntry.js"), 500)
        self.assertStatus(self.server.upload("other", "2.0.0", archive), 201)  # whichever version brings it
        self.assertEqual(self.public.get("/m/menu@1.0.0/remoteEntry.js").body, bundles.container("a"))
        self.server.exit()
        self.assertSound()

    def test_a_cut_blob_heals_though_nobody_has_met_it(self):
        archive = bundles.bundle("a")
        self.server.put("menu", "1.0.0", archive)
        self.server.exit()
        os.truncate(self.blob(bundles.container("a")), 10)
        self.server.start()
        self.assertStatus(self.server.upload("menu", "1.0.0", archive), 200)
        self.assertEqual(self.public.get("/m/menu@1.0.0/remoteEntry.js").body, bundles.container("a"))


class HealVariants(KeepCase):
    OPTIONS = ("--compress-threads", "1")

    def test_a_damaged_variant_is_made_again_after_a_repair(self):
        self.server.put("menu", "1.0.0", bundles.bundle("a", long__js=b"let a = 1;\n" * 500), "?activate=true")
        self.finish(1)
        before = self.variants()
        self.server.exit()
        database = sqlite3.connect(os.path.join(self.server.data, "db"))
        digests = [row[0].hex() for row in database.execute("SELECT digest FROM variants WHERE bytes > 0")]
        database.close()
        flip(os.path.join(self.server.data, "blobs", digests[0][:2], digests[0]))
        os.unlink(os.path.join(self.server.data, "blobs", digests[1][:2], digests[1]))
        self.assertFaults(["blob-damaged", "blob-missing"])
        code, report = verify(self.server.data, "--repair")
        self.assertEqual((code, report["faults"], len(report["repaired"])), (0, [], 2))
        self.server.start()
        self.finish(1)
        self.assertEqual(self.variants(), before)
        self.server.exit()
        self.assertSound()

    def variants(self):
        return self.admin.get("/api/modules/menu/versions/1.0.0").json["encodedBytes"]

    def finish(self, count):
        until(lambda: self.admin.get("/api/system").json["compressor"]["finished"] >= count, "compression")

    def test_variants_that_were_replaced_go(self):
        self.server.put("menu", "1.0.0", bundles.bundle("a", long__js=b"let a = 1;\n" * 500), "?activate=true")
        self.finish(1)
        before = {coding: self.public.get("/m/menu@1.0.0/long.js", accept_encoding=coding).body
                  for coding in ("br", "gzip", "zstd", "identity")}
        self.gc()
        self.assertEqual(self.gc()["blobs"], 0)
        for coding, body in before.items():
            self.assertEqual(self.public.get("/m/menu@1.0.0/long.js", accept_encoding=coding).body, body)
        self.server.put("menu", "2.0.0", bundles.bundle("b"), "?activate=true")
        self.server.put("menu", "3.0.0", bundles.bundle("c"), "?activate=true")
        self.assertEqual([v["version"] for v in self.gc(keepNewest=1)["versions"]], ["1.0.0"])
        self.finish(3)
        self.gc()
        self.server.exit()
        self.assertSound(orphans=0)


class Gc(KeepCase):
    def fill(self, module, count, live):
        for number in range(count):
            self.server.put(module, "1.%d.0" % number, bundles.bundle("%s %d" % (module, number)))
        for version in live:
            self.server.make_live(module, version)

    def test_what_a_policy_keeps(self):
        self.fill("menu", 6, ["1.1.0", "1.0.0"])
        self.fill("cart", 3, [])
        cases = (
            ({}, []),
            ({"keepNewest": 2, "youngerThanDays": 1}, []),
            ({"youngerThanDays": 1}, []),
            ({"keepNewest": 3}, ["menu 1.2.0"]),
            ({"keepNewest": 2}, ["cart 1.0.0", "menu 1.2.0", "menu 1.3.0"]),
            ({"keepNewest": 0, "youngerThanDays": 0},
             ["cart 1.0.0", "cart 1.1.0", "cart 1.2.0", "menu 1.2.0", "menu 1.3.0", "menu 1.4.0", "menu 1.5.0"]),
        )
        for policy, gone in cases:
            with self.subTest(policy):
                answer = self.gc(dryRun=True, **policy)
                self.assertEqual(["%(module)s %(version)s" % v for v in answer["versions"]], gone)
                self.assertEqual((answer["kept"], answer["blobs"]), (9 - len(gone), 2 * len(gone)))
        before = self.server.blobs()
        self.assertEqual(self.versions("menu"), ["1.%d.0" % n for n in range(6)])
        answer = self.gc(keepNewest=2)
        self.assertEqual((len(answer["versions"]), answer["blobs"]), (3, 6))
        self.assertEqual(len(self.server.blobs()), len(before) - 6)
        self.assertEqual(self.versions("menu"), ["1.0.0", "1.1.0", "1.4.0", "1.5.0"])
        self.assertIn(self.public.get("/m/menu@1.2.0/remoteEntry.js").status, (404, 410))
        rollback = self.admin.json("POST", "/api/modules/menu/rollback")
        self.assertEqual(rollback.json["version"], "1.1.0")
        self.server.exit()
        self.assertSound(versions=6, orphans=0)

    def test_what_is_refused(self):
        for policy in ({"keepNewest": -1}, {"keepNewest": "1"}, {"keepNewest": 1.5}, {"youngerThanDays": True},
                       {"youngerThanDays": 10 ** 9}, {"dryRun": 1}, {"keep": 1}, []):
            self.assertStatus(self.admin.json("POST", "/api/gc", policy), 400)
        token = self.server.token_for(can=("read", "publish", "activate"))["token"]
        self.assertStatus(self.admin.json("POST", "/api/gc", {}, token=token), 403)
        self.assertStatus(self.admin.call("GET", "/api/backup", token=token), 403)

    def test_the_command_tells_first_and_does_it_with_yes(self):
        self.fill("menu", 4, ["1.3.0"])
        done = berth("gc", "--keep", "1", server=self.server)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("would remove 3 versions (1 stay) and 6 blobs", done.stdout)
        self.assertEqual(len(self.versions("menu")), 4)
        done = berth("gc", "--keep", "1", "--yes", server=self.server)
        self.assertIn("removed 3 versions (1 stay) and 6 blobs", done.stdout)
        self.assertEqual(self.versions("menu"), ["1.3.0"])
        answer = json.loads(berth("gc", "--json", server=self.server).stdout)
        self.assertEqual((answer["dryRun"], answer["blobs"]), (True, 0))

    def test_uploads_of_overlapping_contents_beside_gc_lose_nothing(self):
        rounds, uploaders, stop, acknowledged = 12, 4, threading.Event(), []
        removed = [0]

        def collect():
            while not stop.is_set():
                removed[0] += self.gc(keepNewest=2)["blobs"]
        collector = threading.Thread(target=collect)
        collector.start()

        def publish(who):
            for number in range(rounds):
                build = {"remoteEntry.js": bundles.container("%d %d" % (who, number))}
                for part in range(6):  # what others bring, too, and gc has removed meanwhile, maybe
                    build["part%d.js" % part] = b"part(%d)" % ((number + part) % 7)
                version = "1.%d.0" % number
                self.assertStatus(self.server.upload("menu%d" % who, version, bundles.tar_gz(build)), 201)
                acknowledged.append(("menu%d" % who, version, build))
                if number % 3 == 0:
                    self.server.make_live("menu%d" % who, version)
        try:
            at_once(uploaders, publish)
        finally:
            stop.set()
            collector.join()
        self.assertGreater(removed[0], 0)
        for who in range(uploaders):
            kept = self.versions("menu%d" % who)
            self.assertLessEqual({"1.%d.0" % (rounds - 1), "1.%d.0" % (rounds - 2)}, set(kept))
            for module, version, build in acknowledged:
                if module == "menu%d" % who and version in kept:
                    for path, data in build.items():
                        self.assertEqual(self.public.get("/m/%s@%s/%s" % (module, version, path)).body, data)
        self.gc()
        self.server.exit()
        self.assertSound(orphans=0)


class Backup(KeepCase):
    def test_a_restore_drill_beside_uploads(self):
        builds = {}
        for number in range(5):
            builds["1.%d.0" % number] = bundles.files("drill %d" % number)
            self.server.put("menu", "1.%d.0" % number, bundles.tar_gz(builds["1.%d.0" % number]))
        self.server.make_live("menu", "1.1.0")
        self.server.make_live("menu", "1.3.0")
        page = {"path": "/drill", "title": "x", "slots": [{"name": "a", "module": "menu", "expose": "./Header"}]}
        self.assertStatus(self.server.put_page("drill", page), 201)
        stop, uploaded = threading.Event(), []

        def publish():
            while not stop.is_set():
                version = "2.%d.0" % len(uploaded)
                self.server.put("menu", version, bundles.bundle("beside " + version))
                uploaded.append(version)
        publisher = threading.Thread(target=publish)
        publisher.start()
        path = os.path.join(self.server.root, "backup.tar")
        try:
            until(lambda: uploaded, "an upload")
            done = berth("backup", path, server=self.server)
        finally:
            stop.set()
            publisher.join()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([name for name in os.listdir(self.server.root) if ".part-" in name], [])
        with open(path, "rb") as file:
            self.assertNotIn(self.server.token.encode(), file.read())
        live, drill = self.public.get("/manifests/remotes.json").json, self.public.get("/drill").status
        self.server.exit()
        done = berth("restore", path, "--data", self.more)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertSound(self.more, orphans=0)
        shutil.copy(os.path.join(self.server.data, "admin.token"), self.more)
        restored = Server(*self.OPTIONS, data=self.more)
        self.addCleanup(restored.discard)
        self.assertEqual(restored.public.get("/manifests/remotes.json").json, live)
        self.assertEqual(restored.public.get("/drill").status, drill)
        for version, build in builds.items():
            for name, data in build.items():
                self.assertEqual(restored.public.get("/m/menu@%s/%s" % (version, name)).body, data)
        self.assertEqual(restored.admin.json("POST", "/api/modules/menu/rollback").json["version"], "1.1.0")
        self.assertIn(uploaded[0], [v["version"] for v in restored.admin.get("/api/modules/menu/versions").json["versions"]])
        restored.exit()
        self.assertSound(self.more)

    def test_what_is_damaged_is_told_of_and_left_out(self):
        self.server.put("menu", "1.0.0", bundles.bundle("a"))
        path = os.path.join(self.server.root, "backup.tar")
        flip(self.blob(bundles.container("a")))
        done = berth("backup", path, server=self.server)
        self.assertEqual(done.returncode, 1)
        self.assertIn("1 blobs are damaged or missing", done.stderr)
        with tarfile.open(path) as archive:
            names = archive.getnames()
            manifest = json.load(archive.extractfile("manifest.json"))
        self.assertEqual((names[0], names[-1], manifest["blobs"]), ("db", "manifest.json", 1))
        self.assertEqual(manifest["damaged"], [sha256(bundles.container("a"))])
        done = berth("restore", path, "--data", self.more)
        self.assertEqual(done.returncode, 1)
        self.assertIn("menu@1.0.0 remoteEntry.js", done.stdout)
        self.assertStatus(self.server.upload("menu", "1.0.0", bundles.bundle("a")), 200)  # the backup has met it
        self.assertEqual(berth("backup", path + "2", server=self.server).returncode, 0)

    def test_gc_waits_for_no_backup_and_two_do_not_run_at_once(self):
        self.server.put("menu", "1.0.0", bundles.tar({**bundles.files("a"), "large.bin": os.urandom(24 << 20)}))
        with self.admin.connect() as connection:
            connection.send(self.admin.head_text("GET", "/api/backup"))
            self.assertEqual(connection.head().status, 200)
            for reply in (self.admin.json("POST", "/api/gc", {}), self.admin.get("/api/backup")):
                self.assertStatus(reply, 503)
                self.assertEqual(reply.rule, "keep-busy")
            self.server.put("menu", "1.1.0", bundles.bundle("b"))  # uploads go on
            body = connection.read_to_end()
        names = tarfile.open(fileobj=io.BytesIO(body)).getnames()
        self.assertEqual((names[0], names[-1]), ("db", "manifest.json"))
        self.gc()

    def test_a_client_that_goes_away_frees_the_place(self):
        self.server.put("menu", "1.0.0", bundles.tar({**bundles.files("a"), "large.bin": os.urandom(24 << 20)}))
        with self.admin.connect() as connection:
            connection.send(self.admin.head_text("GET", "/api/backup"))
            self.assertEqual(connection.head().status, 200)
        until(lambda: self.admin.json("POST", "/api/gc", {}).status == 200, "the backup's end")
        self.assertEqual(self.server.wait_log("backup")["complete"], False)
        self.assertEqual(os.listdir(os.path.join(self.server.data, "tmp")), [])

    def test_files_that_are_no_backup_make_no_server(self):
        self.server.put("menu", "1.0.0", bundles.bundle("a"))
        good = self.admin.get("/api/backup").body
        self.assertEqual(berth("restore", os.path.join(self.server.root, "none"), "--data", self.more).returncode, 1)
        link = bundles.tar([bundles.member("db", type=tarfile.SYMTYPE, linkname="/etc/passwd")])
        cases = {
            "empty": b"", "text": b"hello" * 300, "link": link,
            "other tar": bundles.tar({"../../etc/passwd": b"x"}),
            "no database": good[good.index(b"blobs/"):],
            "half": good[:len(good) // 2],
            "without an end": good[:good.rindex(b"manifest.json")],
            "a bit in the database": good[:3000] + bytes([good[3000] ^ 1]) + good[3001:],
            "a bit in a blob": good.replace(b"appHeader", b"appHeadex", 1),
            "a head": good[:20] + b"x" + good[21:],
        }
        for name, data in cases.items():
            with self.subTest(name):
                path = os.path.join(self.server.root, "bad.tar")
                with open(path, "wb") as file:
                    file.write(data)
                done = berth("restore", path, "--data", self.more)
                self.assertEqual(done.returncode, 7, done.stderr)
                self.assertIn("hint:", done.stderr)
                refused = berth("serve", "--data", self.more, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0")
                self.assertEqual(refused.returncode, 1)
                self.assertIn("a restore into this directory did not end", refused.stderr)
                self.assertEqual(berth("restore", path, "--data", self.more).returncode, 6)
                shutil.rmtree(self.more)


if __name__ == "__main__":
    main()
