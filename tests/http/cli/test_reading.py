#!/usr/bin/env python3
"""What is told of changes: diff, logs, and what a push changes.

usage: BERTH_BIN=path/to/berth tests/http/cli/test_reading.py [TestCase[.test]]
"""

import json
import unittest

from fake_server import Answer, problem
from test_cli import NOT_FOUND, NOT_LIVE, OK, CliCase, uploaded


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


    def test_what_is_not_compressed_yet_has_no_size_as_sent(self):
        raw = {**NEW, "compression": "none", "assets": [file("a.js", 4000, "b"), file("new.js", 1000, "n", 300)]}
        self.berth("diff", "header-app@1.0.0", "1.1.0", "--json", answers=[Answer(200, OLD), Answer(200, raw)])
        files = json.loads(self.out)["files"]
        self.assertEqual(files["changed"], [{"path": "a.js", "bytesBefore": 3000, "sentBefore": 900, "bytes": 4000}])
        self.assertEqual(files["added"], [{"path": "new.js", "bytes": 1000, "sent": 300}], "another version has that file")
        self.berth("diff", "header-app@1.0.0", "1.1.0", answers=[Answer(200, OLD), Answer(200, raw)])
        self.assertRegex(self.out, r"~  a.js +3.0 kB  4.0 kB +900 B +-\n")


class PushChanges(CliCase):
    """What a push changes since the version that is live."""

    live = Answer(200, {"version": "1.0.0"})

    def push(self, *words, answers, code=OK):
        path = self.path("bundle.tgz", b"\x1f\x8b\x08rest")
        self.assertEqual(self.berth("push", "header-app@1.1.0", path, *words, answers=answers), code, self.err)

    def test_it_is_summed_up_in_a_few_lines(self):
        self.push(answers=[Answer(201, uploaded()), self.live, Answer(200, OLD), Answer(200, NEW)])
        self.assertIn("""\
changes since 1.0.0, which is live:
  files     1 added (1.0 kB), 1 removed (1.0 kB), 1 changed (4.0 kB, before 3.0 kB), 1 the same
  size      5.5 kB, before 4.5 kB; as sent (brotli) 1.5 kB, before 1.2 kB
  exposes   + ./Nav, - ./Gone
  shared    - lodash, ~ react ^18.0.0 (before ^17.0.0)
next: berth activate header-app@1.1.0
""", self.out)
        self.assertEqual(self.err, "")

    def test_long_lists_are_cut(self):
        many = {**NEW, "exposes": [{"name": "./E%d" % i} for i in range(500)]}
        self.push(answers=[Answer(201, uploaded()), self.live, Answer(200, OLD), Answer(200, many)])
        self.assertRegex(self.out, r"\n  exposes   \+ ./E0, .*\+ ./E7 and 494 more\n")

    def test_verbose_names_each_file(self):
        self.push("--verbose", answers=[Answer(201, uploaded()), self.live, Answer(200, OLD), Answer(200, NEW)])
        self.assertRegex(self.out, r"~  a.js +3.0 kB  4.0 kB +900 B  1.1 kB\n")

    def test_an_activation_is_compared_with_what_was_live_before(self):
        answer = uploaded(live=True, generation=7, previous="1.0.0")
        self.push("--activate", answers=[Answer(201, answer), Answer(200, OLD), Answer(200, NEW)])
        self.assertIn("changes since 1.0.0, which was live:\n", self.out)
        self.assertEqual([request.path.split("/")[-1] for request in self.server.requests[1:]], ["1.0.0", "1.1.0"])
        self.push("--activate", answers=[Answer(201, uploaded(live=True, generation=7, previous=None))])
        self.assertIn("nothing of header-app was live before\n", self.out)

    def test_nothing_live_is_told(self):
        self.push(answers=[Answer(201, uploaded()), NOT_LIVE])
        self.assertIn("nothing of header-app is live yet\nnext:", self.out)

    def test_what_is_live_already_is_compared_with_nothing(self):
        self.push(answers=[Answer(200, uploaded(live=True)), Answer(200, {"version": "1.1.0"}), Answer(200, NEW)])
        self.assertNotIn("changes", self.out)
        self.assertTrue(self.out.endswith("it is live\n"), self.out)

    def test_as_json_it_is_a_member_of_the_answer(self):
        self.push("--json", answers=[Answer(201, uploaded()), self.live, Answer(200, OLD), Answer(200, NEW)])
        answer = json.loads(self.out)
        self.assertEqual((answer["version"], answer["changes"]["from"]["version"]), ("1.1.0", "1.0.0"))
        self.assertEqual(answer["changes"]["files"]["same"], 1)
        self.push("--json", answers=[Answer(201, uploaded()), NOT_LIVE])
        self.assertIsNone(json.loads(self.out)["changes"])

    def test_a_comparison_that_fails_never_fails_the_push(self):
        broken = (problem("scope", 403, "it may not read"), Answer(500, raw=b"<html>"), Answer(cut=True),
                  Answer(200, raw=b"[1]", type="application/json"), problem("version-unknown", 404, "it is gone"),
                  Answer(200, {}), Answer(200, {"version": 7}), Answer(204))
        for first in (Answer(201, uploaded()), Answer(201, uploaded(live=True, generation=7, previous="1.0.0"))):
            for answer in broken:
                for good in ([], [self.live], [self.live, Answer(200, OLD)]):
                    with self.subTest(answer=answer.body, good=len(good)):
                        self.push(answers=[first, *good, answer])
                        self.assertIn("uploaded header-app@1.1.0", self.out)
                        self.push("--json", answers=[first, *good, answer])
                        self.assertEqual(json.loads(self.out)["version"], "1.1.0")
        self.push(answers=[Answer(201, uploaded()), broken[0]])
        self.assertEqual(self.err, "warning: it is uploaded; what changed since the live version cannot be told: "
                                   "it may not read (403)\n")

    def test_quiet_does_not_ask(self):
        self.push("--quiet", answers=[Answer(201, uploaded())])
        self.assertEqual((len(self.server.requests), self.out, self.err), (1, "", ""))


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
