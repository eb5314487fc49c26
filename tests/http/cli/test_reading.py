#!/usr/bin/env python3
"""Commands that only read: diff and logs.

usage: BERTH_BIN=path/to/berth tests/http/cli/test_reading.py [TestCase[.test]]
"""

import json
import unittest

from fake_server import Answer, problem
from test_cli import NOT_FOUND, OK, CliCase


def file(path, size, digest, br=None):
    return {"path": path, "bytes": size, "digest": "sha256:" + digest, "encodedBytes": {"br": br} if br else {}}


OLD = {"version": "1.0.0", "files": 3, "bytes": 4500, "encodedBytes": {"br": 1200},
       "assets": [file("a.js", 3000, "a", 900), file("gone.js", 1000, "g"), file("same.css", 500, "s", 100)],
       "exposes": [{"name": "./Header"}, {"name": "./Gone"}],
       "shared": [{"name": "react", "requiredVersion": "^17.0.0"}, {"name": "lodash", "version": "4.0.0"}]}
NEW = {"version": "1.1.0", "files": 3, "bytes": 5500, "encodedBytes": {"br": 1500},
       "assets": [file("a.js", 4000, "b", 1100), file("new.js", 1000, "n", 300), file("same.css", 500, "s", 100)],
       "exposes": [{"name": "./Header"}, {"name": "./Nav"}],
       "shared": [{"name": "react", "requiredVersion": "^18.0.0"}]}


class Diff(CliCase):
    def test_two_versions(self):
        self.assertEqual(self.berth("diff", "header-app@1.0.0", "1.1.0", answers=[Answer(200, OLD), Answer(200, NEW)]), OK)
        self.assertEqual([request.path for request in self.server.requests],
                         ["/api/modules/header-app/versions/1.0.0", "/api/modules/header-app/versions/1.1.0"])
        lines = [" ".join(line.split()) for line in self.out.splitlines()]
        self.assertEqual(lines, [
            "header-app 1.0.0 (4.5 kB) to 1.1.0 (5.5 kB)",
            "exposes + ./Nav", "exposes - ./Gone",
            "shared - lodash", "shared react ^18.0.0, before it ^17.0.0",
            "FILE BEFORE AFTER SENT BEFORE SENT",
            "+ new.js - 1.0 kB - 300 B",
            "- gone.js 1.0 kB - 1.0 kB -",
            "~ a.js 3.0 kB 4.0 kB 900 B 1.1 kB"])

    def test_against_what_is_live(self):
        answers = [Answer(200, {"version": "1.0.0"}), Answer(200, OLD), Answer(200, NEW)]
        self.assertEqual(self.berth("diff", "@shop/cart@1.1.0", answers=answers), OK)
        self.assertEqual([request.path for request in self.server.requests],
                         ["/api/modules/@shop/cart/live", "/api/modules/@shop/cart/versions/1.0.0",
                          "/api/modules/@shop/cart/versions/1.1.0"])

    def test_as_json_it_is_one_value(self):
        self.berth("diff", "header-app@1.0.0", "1.1.0", "--json", answers=[Answer(200, OLD), Answer(200, NEW)])
        diff = json.loads(self.out)
        self.assertEqual(diff["files"]["added"], [{"path": "new.js", "bytes": 1000, "sent": 300}])
        self.assertEqual(diff["files"]["same"], 1)
        self.assertEqual(diff["exposes"], {"added": ["./Nav"], "removed": ["./Gone"], "changed": []})
        self.assertEqual((diff["from"]["version"], diff["to"]["version"]), ("1.0.0", "1.1.0"))

    def test_the_same_files(self):
        self.berth("diff", "header-app@1.0.0", "1.0.0", answers=[Answer(200, OLD), Answer(200, OLD)])
        self.assertIn("all 3 files are the same\n", self.out)

    def test_nothing_live_and_nothing_there(self):
        self.assertEqual(self.berth("diff", "header-app@1.0.0", answers=problem("not-live", 404, "no version is live")),
                         NOT_FOUND)
        self.assertIn("hint: berth activate MODULE@VERSION makes one live", self.err)
        self.assertEqual(self.berth("diff", "header-app@1.0.0", "9.9.9", "--json",
                                    answers=[Answer(200, OLD), problem("version-unknown", 404, "no such version")]),
                         NOT_FOUND)
        self.assertEqual(json.loads(self.out)["type"], "urn:berth:problem:version-unknown")


class Logs(CliCase):
    answer = Answer(200, {"activity": [
        {"at": "2026-11-20T18:00:02Z", "action": "rollback", "module": "cart", "subject": "1.0.0", "by": "ann",
         "remote": "10.0.0.7", "reason": "the button is gone"},
        {"at": "2026-11-20T18:00:01Z", "action": "activate", "module": "cart", "subject": "1.1.0", "by": "ci",
         "remote": "10.0.0.8", "reason": None}]})

    def test_the_newest_is_at_the_end(self):
        self.assertEqual(self.berth("logs", "cart", "--limit", "5", answers=self.answer), OK)
        self.assertEqual(self.request.path, "/api/activity?limit=5&module=cart")
        lines = self.out.splitlines()
        self.assertIn("activate", lines[1])
        self.assertRegex(lines[2], "rollback +cart +1.0.0 +ann +10.0.0.7 +the button is gone")

    def test_of_all_modules(self):
        self.berth("logs", answers=self.answer)
        self.assertEqual(self.request.path, "/api/activity?limit=50")


if __name__ == "__main__":
    unittest.main()
