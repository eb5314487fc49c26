#!/usr/bin/env python3
"""Starting, draining, stopping, restarting, and being killed.

usage: BERTH_BIN=path/to/berth tests/http/site/test_life.py [TestCase[.test]]
"""

import os
import re
import shutil
import socket
import subprocess
import unittest

import bundles
from harness import BERTH, PATIENCE_S, EventStream, Server, main, sha256, until

PAGE = {"path": "/life", "title": "Life", "slots": [{"name": "a", "module": "life", "expose": "./Header"}]}


class LifeCase(unittest.TestCase):
    """Each test has a server of its own."""
    maxDiff = None

    def serve(self, *options, **more):
        server = Server(*options, **more)
        self.addCleanup(server.discard)
        return server

    def run_serve(self, *words):
        return subprocess.run([BERTH, "serve", *words], capture_output=True, text=True, timeout=PATIENCE_S,
                              stdin=subprocess.DEVNULL)


class Options(LifeCase):
    def test_bad_options_are_told_and_exit_2(self):
        for words in (["--nonsense", "1"], ["--max-uploads"], ["--max-uploads", "0"], ["--max-uploads", "x"],
                      ["--max-uploads", "1x"], ["--max-uploads", ""], ["--max-uploads", "99999999999999999999"],
                      ["--max-uploads=-1"], ["stray"], ["--max-streams", "1024"], ["--heartbeat-ms", "1"],
                      ["--public-url", "cdn.example.org"], ["--public-url", "https://cdn.example.org/"],
                      ["--public-url", "https://cdn.example.org/x"], ["--public-url", "https://a b"],
                      ["--public-url", "ftp://cdn.example.org"], ["--public-url", "https://x; script-src *"],
                      ["--listen", "nonsense"], ["--listen", "127.0.0.1"], ["--listen", "127.0.0.1:99999"],
                      ["--listen", "localhost:0"], ["--admin-listen", "127.0.0.1:x"]):
            with self.subTest(" ".join(words)):
                folder = self.serve_nothing()
                frontend = os.path.join(folder, "frontend")
                done = self.run_serve("--data", os.path.join(folder, "data"), "--frontend", frontend,
                                      "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", *words)
                self.assertEqual(done.returncode, 2, done)
                self.assertRegex(done.stderr, r"^berth: .+\n")
                self.assertEqual(done.stdout, "")
                self.assertFalse(os.path.exists(os.path.join(folder, "data")), "nothing was begun")

    def serve_nothing(self):
        """A folder with the frontend's stand-ins."""
        import tempfile
        folder = tempfile.mkdtemp(prefix="berth-http-")
        import shutil
        self.addCleanup(shutil.rmtree, folder, True)
        os.mkdir(os.path.join(folder, "frontend"))
        for name in ("shell.js", "live.js"):
            with open(os.path.join(folder, "frontend", name), "w", encoding="ascii") as file:
                file.write("1;\n")
        return folder

    def test_help(self):
        done = self.run_serve("--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for word in ("--data", "--listen", "--admin-listen", "--public-url", "--max-archive-bytes", "--drain-ms"):
            self.assertIn(word, done.stdout)

    def test_a_frontend_that_is_not_built(self):
        folder = self.serve_nothing()
        os.unlink(os.path.join(folder, "frontend", "live.js"))
        done = self.run_serve("--data", os.path.join(folder, "data"), "--frontend", os.path.join(folder, "frontend"),
                              "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0")
        self.assertEqual(done.returncode, 1)
        self.assertIn("live.js is missing", done.stderr)
        self.assertIn("hint:", done.stderr)

    def test_a_data_directory_that_cannot_be_made(self):
        folder = self.serve_nothing()
        done = self.run_serve("--data", os.path.join(folder, "frontend", "shell.js", "data"), "--frontend",
                              os.path.join(folder, "frontend"), "--listen", "127.0.0.1:0", "--admin-listen",
                              "127.0.0.1:0")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"^berth: .*data")

    def test_the_default_limits_start_too(self):
        server = self.serve(small=False)
        self.assertEqual(server.public.get("/livez").status, 200)
        server.stop()

    def test_the_listeners_are_told_with_their_addresses(self):
        server = self.serve()
        lines = server.log("listening")
        self.assertEqual([line["listener"] for line in lines], ["admin", "public"])
        for line in lines:
            self.assertRegex(line["address"], r"^127\.0\.0\.1:[1-9]\d*$")
            self.assertEqual(line["pid"], server.process.pid)
        self.assertEqual(server.log("admin-token")[0]["path"], os.path.join(server.data, "admin.token"))
        server.stop()


class Neighbours(LifeCase):
    def test_a_second_server_on_the_same_data_is_refused(self):
        server = self.serve()
        server.put("life", "1.0.0", bundles.bundle(), "?activate=true")
        done = subprocess.run(server.command(), capture_output=True, text=True, timeout=PATIENCE_S)
        self.assertEqual(done.returncode, 1)
        self.assertIn(str(server.process.pid), done.stderr, "it names the process")
        self.assertRegex(done.stderr, r"^berth: [^\n]*in use")
        self.assertIn(server.data, done.stderr)
        self.assertEqual(server.public.get("/m/life@1.0.0/remoteEntry.js").status, 200)
        server.stop()

    def test_a_port_in_use_is_told(self):
        server = self.serve()
        for option in ("--listen", "--admin-listen"):
            with self.subTest(option):
                done = subprocess.run(
                    [BERTH, "serve", "--data", os.path.join(server.root, "other"), "--frontend", server.frontend,
                     "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", option, server.public.address],
                    capture_output=True, text=True, timeout=PATIENCE_S)
                self.assertEqual(done.returncode, 1, done)
                self.assertIn(server.public.address, done.stderr)
                self.assertRegex(done.stderr, "(?i)in use")
        server.stop()


class Drain(LifeCase):
    def test_an_idle_server_stops_at_once(self):
        server = self.serve("--drain-ms", "600000", "--keep-alive-ms", "600000")
        with server.public.connect() as kept:
            server.public.call_on(kept, "GET", "/livez")
            server.stop()  # an idle connection is nothing to wait for

    def test_sigint_is_the_same(self):
        import signal
        server = self.serve()
        server.process.send_signal(signal.SIGINT)
        server.check_exit(server.wait())

    def test_an_upload_in_flight_is_completed_and_answered(self):
        server = self.serve()
        archive = bundles.bundle("drain")
        with server.admin.connect() as upload, server.public.connect() as kept, EventStream(server) as stream:
            self.assertEqual(server.public.call_on(kept, "GET", "/readyz").status, 200)
            upload.send(server.admin.head_text("PUT", "/api/modules/drain/versions/1.0.0?activate=true", {}, archive))
            upload.send(archive[:100])
            stream.block()
            server.wait_upload()
            server.terminate()
            self.assertEqual(stream.event()["event"], "draining")
            # Not ready any more, on a connection from before and on a new one; but alive.
            reply = server.public.call_on(kept, "GET", "/readyz")
            self.assertEqual((reply.status, reply.body, reply["Connection"]), (503, b"draining\n", "close"))
            self.assertEqual(server.public.get("/readyz").status, 503)
            self.assertEqual(server.public.get("/livez").status, 200)
            reply = server.public.get("/events")
            self.assertEqual((reply.status, reply.rule), (503, "draining"))
            upload.send(archive[100:])
            reply = upload.reply("PUT")
            self.assertEqual((reply.status, reply.json["live"], reply["Connection"]), (201, True, "close"))
        server.check_exit(server.wait())
        self.assertEqual(server.log("drained")[0]["cut"], 0)
        server.start()
        self.assertEqual(server.admin.get("/api/modules/drain/live").json["version"], "1.0.0")
        server.stop()

    def test_what_takes_too_long_is_cut(self):
        server = self.serve("--drain-ms", "200")
        archive = bundles.bundle("long")
        with server.admin.connect() as upload:
            upload.send(server.admin.head_text("PUT", "/api/modules/long/versions/1.0.0", {}, archive))
            upload.send(archive[:100])
            server.wait_upload()
            server.terminate()
            server.check_exit(server.wait())
            self.assertEqual(server.log("drained")[0]["cut"], 1)
        server.start()
        self.assertEqual(server.admin.get("/api/modules/long").status, 404)
        server.stop()

    def test_a_second_signal_cuts_the_wait(self):
        server = self.serve("--drain-ms", "600000")
        with server.admin.connect() as upload:
            upload.send(server.admin.head_text("PUT", "/api/modules/long/versions/1.0.0", {"Content-Length": "1000"}))
            upload.send(b"\x1f\x8b")
            server.wait_upload()
            server.terminate()
            server.wait_log("draining")
            server.terminate()
            server.check_exit(server.wait())

    def test_a_download_in_flight_is_completed(self):
        import random
        big = random.Random(2).randbytes(16 << 20)
        server = self.serve()
        server.put("big", "1.0.0", bundles.tar_gz({**bundles.files(), "big.bin": big}))
        with server.public.connect() as connection:
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            connection.send(server.public.head_text("GET", "/m/big@1.0.0/big.bin"))
            reply = connection.head()
            server.terminate()
            server.wait_log("draining")
            self.assertEqual(sha256(connection.read(int(reply["Content-Length"]))), sha256(big))
        server.check_exit(server.wait())


class Restart(LifeCase):
    def state(self, server):
        modules = server.admin.get("/api/modules").json
        names = [m["name"] for m in modules["modules"]]
        tokens = server.admin.get("/api/tokens").json["tokens"]
        for token in tokens:
            token.pop("usedAt")  # to the minute, and this asking is a use
        versions = [server.admin.get("/api/modules/%s/versions" % name).json for name in names]
        for version in sum((answer["versions"] for answer in versions), []):
            del version["compression"], version["encodedBytes"]  # grow by themselves
        return {
            "modules": modules,
            "each": [server.admin.get("/api/modules/" + name).json for name in names],
            "versions": versions,
            "pages": server.admin.get("/api/pages").json,
            "page": server.admin.get("/api/pages/life").json,
            "tokens": tokens,
            "remotes": server.public.get("/manifests/remotes.json").body,
            "etag": server.public.get("/life")["ETag"],
            "entry": server.public.get("/m/life/remoteEntry.js").body,
            "asset": server.public.get("/m/@shop/cart@1.0.0/remoteEntry.js").body,
            "manifest": server.public.get("/m/mf/mf-manifest.json").body,
        }

    def fill(self, server):
        for version in ("1.0.0", "1.1.0", "1.2.0-rc.1+b.7"):
            server.put("life", version, bundles.bundle(version), "?activate=true&reason=because%20" + version[:3])
        server.rollback("life", {"reason": "back"})
        server.put("@shop/cart", "1.0.0", bundles.bundle("cart"))
        server.put("mf", "1.0.0", bundles.tar_gz(bundles.mf2_files()), "?activate=true")
        server.put_page("life", PAGE)
        server.put_page("life", {**PAGE, "title": "Second"})
        server.put_page("gone", {**PAGE, "path": "/gone"})
        server.admin.call("DELETE", "/api/pages/gone")
        good, revoked = server.token_for("life"), server.token_for("life")
        server.admin.call("DELETE", "/api/tokens/" + revoked["id"])
        return good["token"], revoked["token"]

    def test_a_restart_keeps_everything(self):
        server = self.serve()
        good, revoked = self.fill(server)
        before = self.state(server)
        token = server.token
        for _ in range(2):
            server.restart()
            self.assertEqual(server.token, token, "the first token is made once")
            self.assertEqual(self.state(server), before)
        self.assertEqual(server.admin.call("GET", "/api/modules/life", token=good).status, 200)
        self.assertEqual(server.admin.call("GET", "/api/modules/life", token=revoked).status, 401)
        self.assertEqual(server.rollback("life").json["version"], "1.0.0", "the way back is kept")
        self.assertEqual(server.put_page("life", PAGE).json["revision"], 3)
        server.stop()

    def test_a_kill_keeps_everything_that_was_answered(self):
        server = self.serve()
        good, revoked = self.fill(server)
        before = self.state(server)
        server.kill()
        server.start()
        self.assertEqual(self.state(server), before)
        self.assertEqual(server.admin.call("GET", "/api/modules/life", token=good).status, 200)
        self.assertEqual(server.admin.call("GET", "/api/modules/life", token=revoked).status, 401)
        self.lost_lines(server)
        server.stop()

    @staticmethod
    def lost_lines(server):
        """A killed server could not write its last log lines: nothing to hold against it."""
        logged = {line["id"] for line in server.log("request")}
        server.answered = [answer for answer in server.answered if answer[-1] in logged]

    def test_a_token_file_that_was_taken_away_is_not_made_again(self):
        server = self.serve()
        token = server.token
        path = os.path.join(server.data, "admin.token")
        server.exit()
        os.rename(path, path + ".away")
        with self.assertRaises(FileNotFoundError):
            server.start()
        self.assertEqual(server.admin.call("GET", "/api/modules", token=token).status, 200)
        os.rename(path + ".away", path)
        server.stop()


class Kill(LifeCase):
    @staticmethod
    def wait_clean(server):
        """Nothing is left over; but what goes on with compression after the start may be writing just now."""
        until(lambda: not os.listdir(os.path.join(server.data, "tmp")), "tmp to be empty")

    def test_in_the_middle_of_an_upload(self):
        server = self.serve()
        server.put("life", "1.0.0", bundles.bundle("1"), "?activate=true")
        archive = bundles.bundle("2", noise__bin=os.urandom(200_000))
        with server.admin.connect() as upload:
            upload.send(server.admin.head_text("PUT", "/api/modules/life/versions/1.1.0", {}, archive))
            upload.send(archive[:-1])
            server.wait_upload()
            server.kill()
        server.start()
        self.assertEqual(server.admin.get("/api/modules/life/versions/1.1.0").status, 404)
        self.assertEqual(server.public.get("/m/life@1.1.0/remoteEntry.js").status, 404)
        self.wait_clean(server)
        self.assertEqual(server.upload("life", "1.1.0", archive).status, 201, "and it can be sent again")
        Restart.lost_lines(server)
        server.stop()

    def test_right_after_the_answer(self):
        server = self.serve()
        for number in range(5):
            version = "1.0.%d" % number
            archive = bundles.bundle(version, noise__bin=os.urandom(50_000))
            reply = server.upload("life", version, archive, "?activate=true")
            server.kill()
            self.assertEqual(reply.status, 201)
            server.start()
            self.assertEqual(server.admin.get("/api/modules/life/live").json["version"], version)
            self.assertEqual(server.public.get("/m/life@%s/remoteEntry.js" % version).body,
                             bundles.container(version))
            self.assertEqual(server.generation(), number + 1)
            self.assertEqual(server.upload("life", version, archive).status, 200)
        Restart.lost_lines(server)
        server.stop()

    def test_at_any_moment(self):
        """Uploads and activations run while the server dies: what was answered is there, and nothing is half."""
        import threading
        server = self.serve()
        answered = {}
        for round in range(6):
            done = threading.Event()

            def work(name, round=round, done=done):
                number = 0
                while not done.is_set():
                    version = "%d.0.%d" % (round, number)
                    number += 1
                    try:
                        reply = server.upload(name, version, bundles.bundle(name + version), "?activate=true")
                    except (AssertionError, OSError):
                        return  # the server is dead
                    if reply.status == 201:
                        answered.setdefault(name, []).append((version, reply.json["generation"]))
            threads = [threading.Thread(target=work, args=("kill-%d" % i,)) for i in range(3)]
            for thread in threads:
                thread.start()
            size = sum(map(len, answered.values()))
            until(lambda: sum(map(len, answered.values())) >= size + 3 + round * 3, "some uploads")
            server.kill()
            done.set()
            for thread in threads:
                thread.join()
            server.start()
            newest = 0
            for name, versions in answered.items():
                listed = {v["version"] for v in server.admin.get("/api/modules/%s/versions" % name).json["versions"]}
                self.assertLessEqual({version for version, _ in versions}, listed)
                live = server.admin.get("/api/modules/%s/live" % name).json
                self.assertGreaterEqual(live["generation"], versions[-1][1])
                newest = max(newest, versions[-1][1])
                for version in listed:
                    self.assertEqual(server.public.get("/m/%s@%s/remoteEntry.js" % (name, version)).body,
                                     bundles.container(name + version))
            self.assertGreaterEqual(server.generation(), newest)
            self.wait_clean(server)
        Restart.lost_lines(server)
        server.stop()


class Damage(LifeCase):
    """A flipped bit on the disk: whatever else happens, bytes that are not the version's are never served."""

    def flip(self, server, data):
        path = next(p for p in server.blobs() if p.endswith(sha256(data)))
        os.chmod(path, 0o600)
        with open(path, "r+b") as file:
            file.seek(len(data) // 2)
            file.write(bytes([data[len(data) // 2] ^ 1]))
        return path

    def damaged(self, live, *options):
        server = self.serve(*options)
        data = b"precious" * 1000
        server.put("damage", "1.0.0", bundles.bundle("1", precious__txt=data), "?activate=true")
        if not live:
            server.put("damage", "1.1.0", bundles.bundle("2"), "?activate=true")
        server.exit()
        self.flip(server, data)
        return server, data

    def assertNeverServed(self, server, data):
        for headers in ({}, {"Range": "bytes=0-7"}, {"Range": "bytes=4000-"}):
            with server.public.connect() as connection:
                connection.send(server.public.head_text("GET", "/m/damage@1.0.0/precious.txt", headers))
                reply = connection.head()
                if reply.status in (200, 206):
                    body = connection.read(int(reply["Content-Length"]))
                    self.assertTrue(body in data, "damaged bytes were served under the version's ETag")
                else:
                    self.assertEqual(reply.status, 500)
        self.assertEqual(server.public.get("/m/damage@1.0.0/456.7d31690c.js").status, 200, "the others are well")

    def test_a_file_of_a_version_that_is_not_live(self):
        for options in ((), ("--cache-bytes", "0")):
            with self.subTest(options):
                server, data = self.damaged(False, *options)
                server.start()
                self.assertNeverServed(server, data)
                self.assertEqual(server.public.get("/m/damage/456.7d31690c.js").status, 302)

    def test_a_file_of_the_live_version(self):
        server, data = self.damaged(True)
        try:
            server.start()
        except AssertionError as failure:
            # Refusing to start is clear too, when it says what is wrong.
            self.assertIn("precious.txt", str(failure))
            return
        self.assertNeverServed(server, data)

    def test_a_damaged_version_cannot_go_live(self):
        server, _ = self.damaged(False)
        server.start()
        reply = server.activate("damage", "1.0.0")
        self.assertEqual(reply.status, 500, reply)
        self.assertIn("precious.txt", reply.json.get("where", ""), reply)
        self.assertEqual(server.admin.get("/api/modules/damage/live").json["version"], "1.1.0")
        self.assertIn(b'"version":"1.1.0"', server.public.get("/m/damage/remoteEntry.js").body)

    def test_a_database_that_is_none(self):
        server = self.serve()
        server.put("life", "1.0.0", bundles.bundle())
        server.exit()
        path = os.path.join(server.data, "db")
        for what, damage in (("cut", lambda data: data[:100]), ("text", lambda data: b"not a database " * 500),
                             ("newer", lambda data: data[:60] + b"\x7f\xff\xff\xff" + data[64:])):
            with self.subTest(what):
                with open(path, "rb") as file:
                    good = file.read()
                with open(path, "wb") as file:
                    file.write(damage(good))
                done = subprocess.run(server.command(), capture_output=True, text=True, timeout=PATIENCE_S)
                self.assertEqual(done.returncode, 1)
                self.assertRegex(done.stderr, r"^berth: [^\n]+\n")
                with open(path, "rb") as file:
                    self.assertEqual(file.read(), damage(good), "it was left as it is")
                with open(path, "wb") as file:
                    file.write(good)
        server.start()
        self.assertEqual(server.public.get("/m/life@1.0.0/remoteEntry.js").status, 200)
        server.stop()

    def test_a_database_that_is_gone(self):
        """No start makes an empty one where there was one."""
        server = self.serve()
        server.put("life", "1.0.0", bundles.bundle())
        server.exit()
        path, away, blobs = (os.path.join(server.data, name) for name in ("db", "db.away", "blobs"))
        copy = path + ".schema-1"
        os.rename(path, away)
        for told in ("blobs/", "db.schema-1"):
            with self.subTest(told):
                if told != "blobs/":
                    os.rename(blobs, blobs + ".away")
                    shutil.copy(away, copy)
                done = subprocess.run(server.command(), capture_output=True, text=True, timeout=PATIENCE_S)
                self.assertEqual(done.returncode, 1)
                self.assertRegex(done.stderr, "^berth: .*no database.*" + re.escape(told))
                self.assertIn(path, done.stderr)
                self.assertFalse(os.path.exists(path))
        os.unlink(copy)
        os.rmdir(blobs)
        os.rename(blobs + ".away", blobs)
        os.rename(away, path)
        server.start()
        self.assertEqual(server.public.get("/m/life@1.0.0/remoteEntry.js").status, 200)
        server.stop()


if __name__ == "__main__":
    main()
