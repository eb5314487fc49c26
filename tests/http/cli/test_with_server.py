#!/usr/bin/env python3
"""The berth command against a berth server: what each understands by the other's words.

usage: BERTH_BIN=path/to/berth tests/http/cli/test_with_server.py
"""

import json
import os
import subprocess
import tempfile
import unittest
import urllib.request

BERTH = os.environ.get("BERTH_BIN", "berth")

CONTAINER = """var appHeader;
(() => {
  var moduleMap = {"./Header": () => Promise.resolve(() => () => "%s")};
  var exports = {get: (module) => moduleMap[module](), init: () => 1};
  appHeader = exports;
})();
"""


class WithServer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        data = os.path.join(cls.folder, "data")
        cls.process = subprocess.Popen(
            [BERTH, "serve", "--data", data, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0",
             "--console", "off"],
            stdout=subprocess.PIPE, text=True)
        cls.addClassCleanup(cls.stop)
        cls.address = {}
        while len(cls.address) < 2:
            line = cls.process.stdout.readline()
            if not line:
                raise RuntimeError("the server did not start")
            event = json.loads(line)
            if event["event"] == "listening":
                cls.address[event["listener"]] = "http://" + event["address"]
        with open(os.path.join(data, "admin.token"), encoding="ascii") as file:
            cls.token = file.read().strip()
        for version in ("1.0.0", "1.1.0"):
            dist = os.path.join(cls.folder, version)
            os.mkdir(dist)
            with open(os.path.join(dist, "remoteEntry.js"), "w", encoding="ascii") as file:
                file.write(CONTAINER % version)

    @classmethod
    def stop(cls):
        cls.process.terminate()
        cls.process.communicate(timeout=30)

    def berth(self, *words, code=0, token=None):
        env = {**os.environ, "BERTH_SERVER": self.address["admin"], "BERTH_TOKEN": token or self.token}
        done = subprocess.run([BERTH, *words], env=env, capture_output=True, text=True, timeout=60,
                              stdin=subprocess.DEVNULL)
        if code is not None:
            self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def dist(self, version):
        return os.path.join(self.folder, version)

    def test_a_module_goes_live_and_back(self):
        module = "@shop/cart"
        out = self.berth("push", module + "@1.0.0+build.7", self.dist("1.0.0"))
        self.assertIn("uploaded @shop/cart@1.0.0+build.7: 1 files", out)
        self.assertIn("container appHeader\n  exposes   ./Header\n", out)
        self.assertIn("was there already", self.berth("push", module + "@1.0.0+build.7", self.dist("1.0.0")))
        self.assertIn("version-exists",
                      self.berth("push", module + "@1.0.0+build.7", self.dist("1.1.0"), code=6))
        self.berth("activate", module + "@1.0.0+build.7", "--if-generation", "0", "--reason", "fürst")
        out = self.berth("push", module + "@1.1.0", self.dist("1.1.0"), "--activate", "--reason", "a&b=c")
        self.assertIn("way back to 1.0.0+build.7", out)
        self.assertRegex(out, r"changes since 1\.0\.0\+build\.7, which was live:\n  files     1 changed "
                              r"\((\d+ B), before \1\), 0 the same\n  size      (\d+ B), before \2")
        self.assertIn("generation-stale",
                      self.berth("activate", module + "@1.0.0+build.7", "--if-generation", "0", code=6))

        with urllib.request.urlopen(self.address["public"] + "/m/@shop/cart@1.1.0/remoteEntry.js") as asset:
            self.assertIn(b"1.1.0", asset.read())

        generation = json.loads(self.berth("status", module, "--json"))["live"]["generation"]
        self.berth("rollback", module, "--if-generation", str(generation))
        self.assertIn("no-way-back", self.berth("rollback", module, code=6))
        self.berth("rollback", module, "--to", "1.1.0")
        out = self.berth("status", module)
        self.assertRegex(out, r"activation +1\.0\.0\+build\.7 .* fürst")
        self.assertRegex(out, r"activation +1\.1\.0 .* a&b=c")
        self.assertRegex(self.berth("status"), r"@shop/cart +1\.1\.0 .* admin +2")
        self.assertRegex(self.berth("versions", module), r"1\.1\.0 +live +webpack-container +1 ")
        self.assertEqual(self.berth("versions", module, "-q"), "1.0.0+build.7\n1.1.0\n")

    def test_a_refused_bundle_names_the_rule(self):
        folder = os.path.join(self.folder, "nothing")
        os.mkdir(folder)
        with open(os.path.join(folder, "readme.txt"), "w", encoding="ascii") as file:
            file.write("no entry")
        self.assertIn("422 entry-missing", self.berth("push", "nothing@1.0.0", folder, code=7))
        self.assertIn("415 archive-unknown", self.berth("push", "nothing@1.0.0", __file__, code=7))
        self.assertIn("404 module-unknown", self.berth("versions", "nothing", code=5))

    def module_with(self, *exposes, **members):
        """A folder with an ES module of these exposes."""
        folder = tempfile.mkdtemp(dir=self.folder)
        with open(os.path.join(folder, "index.js"), "w", encoding="ascii") as file:
            file.write("export const mount = () => {};")
        with open(os.path.join(folder, "berth.json"), "w", encoding="ascii") as file:
            json.dump({"exposes": {name: "index.js" for name in exposes}, **members}, file)
        return folder

    def test_what_would_break_is_told_and_takes_force_and_a_reason(self):
        page = os.path.join(self.folder, "front.json")
        with open(page, "w", encoding="ascii") as file:
            json.dump({"path": "/front", "title": "Front", "slots": [
                {"name": "top", "module": "broken", "expose": "./A"}]}, file)
        self.berth("push", "broken@1.0.0", self.module_with("./A"), "--activate")
        self.berth("push", "user@1.0.0", self.module_with("./U", remotes={"broken": ["./A"]}), "--activate")
        self.berth("page", "put", page)
        told = ("  broken@2.0.0 no longer exposes ./A\n"
                "    concerns: page front (slot top), user@1.0.0\n"
                "    do: expose it again, or change who uses it first\n"
                "warnings:\n"
                "  broken@2.0.0 takes ./X from nobody, and there is no such module\n"
                "    do: publish it, or check its name\n")
        second = self.module_with("./B", remotes={"nobody": ["./X"]})
        out = self.berth("push", "broken@2.0.0", second)
        self.assertIn("if it goes live, it breaks what is live now:\n" + told, out)
        self.assertIn("if it goes live, it breaks what is live now:\n" + told, self.berth("stage", "broken@2.0.0"))
        out = self.berth("activate", "broken@2.0.0", code=9)
        self.assertIn("berth: broken@2.0.0 no longer exposes ./A\n"
                      "hint: to go live all the same, say --force and --reason\n", out)
        self.assertIn("(409 compatibility)\nit would break what is live:\n" + told, out)
        out = self.berth("push", "broken@2.0.0", second, "--activate", code=9)
        self.assertTrue(out.endswith(told + "it is uploaded; what was live still is\n"), out)
        problem = json.loads(self.berth("activate", "broken@2.0.0", "--json", code=9))
        self.assertEqual(problem["compatibility"]["breaks"][0]["rule"], "expose-gone")
        for words in (("activate", "broken@2.0.0"), ("push", "broken@2.0.0", second, "--activate"),
                      ("rollback", "broken", "--to", "2.0.0")):
            self.assertIn("--force needs --reason", self.berth(*words, "--force", code=2))
        self.assertIn("--force goes with --activate", self.berth("push", "broken@2.0.0", second, "--force", code=2))
        out = self.berth("activate", "broken@2.0.0", "--force", "--reason", "new start")
        self.assertIn("broken@2.0.0 is live", out)
        self.assertIn("it was forced, and breaks:\n" + told, out)
        # Back again: nothing is worse than it is.
        self.assertNotIn("breaks", self.berth("rollback", "broken"))

    def test_a_forced_push_and_a_forced_rollback(self):
        page = os.path.join(self.folder, "pushed.json")
        with open(page, "w", encoding="ascii") as file:
            json.dump({"path": "/pushed", "title": "Pushed", "slots": [
                {"name": "top", "module": "pushed", "expose": "./B"}]}, file)
        self.berth("push", "pushed@1.0.0", self.module_with("./A"), "--activate")
        self.berth("push", "pushed@2.0.0", self.module_with("./B"), "--activate")
        self.berth("page", "put", page)
        self.assertIn("it would break what is live:", self.berth("rollback", "pushed", code=9))
        out = self.berth("push", "pushed@3.0.0", self.module_with("./C"), "--activate", "--force", "--reason", "a&b=c")
        self.assertIn("it was forced, and breaks:\n  pushed@3.0.0 no longer exposes ./B", out)
        # 3.0.0 has it no more: what is so already hinders nobody.
        out = self.berth("rollback", "pushed", "--to", "1.0.0")
        self.assertIn("  pushed@1.0.0 does not expose ./B, as is so already with 3.0.0\n", out)
        self.berth("rollback", "pushed", "--to", "2.0.0")
        self.berth("rollback", "pushed", "--to", "1.0.0", "--force", "--reason", "2.0.0 is on fire")
        history = self.berth("status", "pushed")
        self.assertIn("2.0.0 is on fire", history)

    def test_a_version_is_deleted(self):
        for version in ("1.0.0", "1.1.0+b.2"):
            self.berth("push", "del-app@" + version, self.dist("1.0.0"))
        self.berth("activate", "del-app@1.0.0")
        self.assertIn("version-live", self.berth("delete", "del-app@1.0.0", code=6))
        out = self.berth("delete", "del-app@1.1.0+b.2", "--reason", "a&b=c €")
        self.assertEqual(out, "del-app@1.1.0+b.2 is deleted; its name stays taken\n")
        self.assertEqual(self.berth("versions", "del-app", "-q"), "1.0.0\n")
        self.assertIn("version-deleted", self.berth("delete", "del-app@1.1.0+b.2", code=5))
        self.assertIn("version-deleted", self.berth("push", "del-app@1.1.0+b.2", self.dist("1.0.0"), code=6))
        request = urllib.request.Request(self.address["admin"] + "/api/activity?action=delete",
                                         headers={"Authorization": "Bearer " + self.token})
        with urllib.request.urlopen(request) as answer:
            record = json.load(answer)["activity"][0]
        self.assertEqual((record["subject"], record["reason"]), ("del-app@1.1.0+b.2", "a&b=c €"))

    def test_a_token_is_rotated(self):
        made = json.loads(self.berth("token", "create", "--json", "--name", "turn", "--can", "read"))
        new = self.berth("token", "rotate", "-q", made["id"], "--overlap", "12h").strip()
        for token in (made["token"], new):
            self.berth("status", token=token)
        self.assertIn("token-rotated", self.berth("token", "rotate", made["id"], code=6))
        self.berth("token", "revoke", made["id"])
        self.berth("status", token=new)
        self.berth("status", token=made["token"], code=4)

    def test_a_page_has_revisions(self):
        path = os.path.join(self.folder, "front.json")
        manifest = {"path": "/front", "title": "Front", "layout": {"areas": ["main"]},
                    "slots": [{"name": "main", "module": "header-app", "expose": "./Header"}]}
        with open(path, "w", encoding="ascii") as file:
            json.dump(manifest, file)
        out = self.berth("page", "put", path, "--if-revision", "0")
        self.assertIn("page front created: revision 1", out)
        self.assertIn("412", self.berth("page", "put", path, "--if-revision", "0", code=6))
        self.berth("page", "put", path, "--if-revision", "1")
        self.assertRegex(self.berth("page", "list"), r"front +/front +1 ")

    def test_a_token_may_do_what_it_was_made_for(self):
        made = json.loads(self.berth("token", "create", "--json", "--name", "ci", "--module", "ci-app",
                                     "--can", "publish", "--expires", "90d"))
        self.assertEqual((made["module"], "publish" in made["can"]), ("ci-app", True))
        out = self.berth("push", "ci-app@1.0.0", self.dist("1.0.0"), token=made["token"])
        self.assertIn("nothing of ci-app is live yet\n", out, "who may publish may compare")
        self.assertIn("403", self.berth("activate", "ci-app@1.0.0", token=made["token"], code=4))
        self.assertIn("403", self.berth("push", "other-app@1.0.0", self.dist("1.0.0"),
                                        token=made["token"], code=4))
        self.berth("token", "revoke", made["id"])
        self.assertRegex(self.berth("token", "list"), made["id"] + r" +ci +ci-app +\S*publish +revoked")
        self.assertIn("401", self.berth("status", token=made["token"], code=4))
        self.assertIn("401", self.berth("push", "ci-app@1.0.1", self.dist("1.0.0"),
                                        token=made["token"], code=4))

    def test_the_public_listener_takes_no_commands(self):
        out = self.berth("status", "--server", self.address["public"], code=5)
        self.assertIn("is that the admin address?", out)


if __name__ == "__main__":
    unittest.main()
