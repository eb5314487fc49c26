#!/usr/bin/env python3
"""--json: every command, as the program itself lists them, prints one JSON document whatever happens.

usage: BERTH_BIN=path/to/berth tests/http/cli/test_json.py [TestCase[.test]]
"""

import json
import os
import subprocess
import tempfile
import unittest

import test_with_server
from fake_server import Answer, FakeServer
from test_cli import BERTH, DENIED, FAILED, OK, SERVER, UNREACHABLE, USAGE

PROBLEM = "urn:berth:problem:"


def table():
    done = subprocess.run([BERTH, "manual", "--json"], capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout)


def commands():
    """All but serve, which is no command of the client: its output is a log of JSON lines."""
    return [command for command in table()["commands"] if command["name"] != "serve"]


class Every(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        there = test_with_server.WithServer
        there.setUpClass()
        cls.addClassCleanup(there.doClassCleanups)
        cls.there = there()
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        cls.page = os.path.join(cls.folder, "json-page.json")
        with open(cls.page, "w", encoding="ascii") as file:
            json.dump({"path": "/json", "title": "J", "slots": [
                {"name": "top", "module": "json-app", "expose": "./Header"}]}, file)
        for version in ("1.0.0", "1.1.0", "0.9.0"):
            cls.there.berth("push", "json-app@" + version, cls.there.dist("1.0.0"))
        cls.there.berth("activate", "json-app@1.0.0")
        cls.there.berth("activate", "json-app@1.1.0")
        cls.there.berth("page", "put", cls.page)
        made = cls.there.berth("token", "create", "-q", "--name", "t", "--can", "read", "--json")
        cls.token_id = json.loads(made)["id"]
        cls.there.berth("backup", os.path.join(cls.folder, "made.tar"))
        cls.there.berth("restore", os.path.join(cls.folder, "made.tar"), "--data", os.path.join(cls.folder, "made"))

    def lines(self):
        """For each command a line that works: a new one must be here to pass."""
        return {
            "push": ["json-app@1.2.0", self.there.dist("1.1.0")],
            "stage": ["json-app@1.0.0"],
            "activate": ["json-app@1.0.0"],
            "rollback": ["json-app"],
            "delete": ["json-app@0.9.0"],
            "status": [],
            "versions": ["json-app"],
            "diff": ["json-app@1.0.0", "1.1.0"],
            "logs": ["--limit", "5"],
            "open": ["json-app@1.0.0", "--print"],
            "page put": [self.page],
            "page list": [],
            "token create": ["--name", "other", "--can", "read"],
            "token list": [],
            "token rotate": [self.token_id],
            "token revoke": [self.token_id],
            "gc": ["--keep", "50"],
            "backup": [os.path.join(self.folder, "new.tar")],
            "restore": [os.path.join(self.folder, "made.tar"), "--data", os.path.join(self.folder, "new")],
            "verify": ["--data", os.path.join(self.folder, "made")],
            "doctor": [self.there.address["public"]],
            "completion": ["fish"],
            "manual": [],
        }

    def run_json(self, words, **env):
        env = {"PATH": os.environ["PATH"], "BERTH_SERVER": self.there.address["admin"],
               "BERTH_TOKEN": self.there.token, **env}
        done = subprocess.run([BERTH, *words, "--json"], env=env, capture_output=True, text=True, timeout=60,
                              stdin=subprocess.DEVNULL)
        where = "%s: %s%s" % (words, done.stdout, done.stderr)
        document = json.loads(done.stdout)  # of more than one it says "Extra data"
        self.assertEqual(done.stdout[-1:], "\n", where)
        self.assertIsInstance(document, (dict, list), where)
        self.assertEqual(done.stderr, "", where)
        return done.returncode, document

    def fails(self, words, codes, **env):
        code, document = self.run_json(words, **env)
        self.assertIn(code, codes, "%s: %s" % (words, document))
        self.assertIsInstance(document, dict, words)
        self.assertTrue(document["type"].startswith(PROBLEM), document)
        self.assertIsInstance(document.get("detail", document.get("title")), str, document)
        return document

    def each(self):
        for command in commands():
            with self.subTest(command["name"]):
                yield command, command["name"].split()

    def test_every_command_is_tried(self):
        self.assertEqual(sorted(self.lines()), sorted(command["name"] for command in commands()))

    def test_what_goes_well_is_one_document(self):
        lines = self.lines()
        for command, words in self.each():
            code, document = self.run_json(words + lines[command["name"]])
            self.assertEqual(code, OK, document)
            self.assertFalse(isinstance(document, dict) and document.get("type", "").startswith(PROBLEM), document)

    def test_a_wrong_line_is_a_problem(self):
        for command, words in self.each():
            self.assertIn("hint", self.fails(words + ["--nonsense"], [USAGE]))
            self.fails(words + ["a", "b", "c", "d"], [USAGE])
            self.fails(words + ["a", "b", "c", "d", "e", "f", "g"], [USAGE])
            if command["arguments"].startswith("<"):
                self.fails(words, [USAGE])
            for option in command["options"] + table()["options"]:
                if option["value"]:
                    self.fails(words + ["--" + option["name"]], [USAGE])

    def test_a_server_that_does_not_answer_well_is_a_problem(self):
        fake = FakeServer()
        self.addCleanup(fake.close)
        cases = (({"BERTH_SERVER": "http://127.0.0.1:1"}, UNREACHABLE, None),
                 ({"BERTH_SERVER": "https://" + fake.url[7:]}, UNREACHABLE, Answer()),
                 ({"BERTH_TOKEN": "berth_" + "x" * 43}, DENIED, None),
                 ({"BERTH_SERVER": fake.url}, SERVER, Answer(502, raw=b"<html>")),
                 ({"BERTH_SERVER": fake.url}, FAILED, Answer(200, raw=b"{]", type="application/json")),
                 ({"BERTH_CA_FILE": "/nowhere"}, FAILED, None),
                 ({"BERTH_PROFILE": "nobody", "HOME": self.folder}, USAGE, None))
        lines = self.lines()
        for command, words in self.each():
            for env, expected, answer in cases:
                fake.answers = [answer]
                if command["offline"]:
                    continue
                elif command["name"] == "doctor" and expected in (UNREACHABLE, DENIED, SERVER):
                    code, findings = self.run_json(words + lines["doctor"], **env)
                    self.assertEqual(code, FAILED)
                    self.assertFalse(findings[0]["ok"] and findings[1]["ok"], findings)
                elif command["name"] == "backup" and expected == FAILED and answer:
                    continue  # whatever comes with 200 is the backup, and is looked at
                elif command["name"] != "doctor" or not answer:
                    self.fails(words + lines[command["name"]], [expected], **env)

    def test_what_is_not_there_is_a_problem(self):
        for words in (["push", "x@1.0.0", "/nowhere"], ["page", "put", "/nowhere.json"], ["completion", "tcsh"],
                      ["restore", "/nowhere.tar", "--data", os.path.join(self.folder, "x")],
                      ["verify", "--data", "/nowhere"], ["activate", "nobody@1.0.0"], ["status", "nobody"],
                      ["open", "nobody"], ["backup", "/nowhere/x.tar"], ["nonsense"], ["page"], [], ["help", "nonsense"],
                      ["activate", "json-app@1.0.0", "--reason", "x" * 2000]):
            with self.subTest(words):
                self.fails(words, range(1, 10))

    def test_a_word_that_is_no_text_is_shown_as_far_as_it_can_be(self):
        done = subprocess.run([BERTH, b"st\xfftus\x1b", "--json"], capture_output=True, timeout=60)
        self.assertEqual(json.loads(done.stdout)["detail"], 'there is no command "st?tus?"')

    def test_what_would_break_is_a_problem_with_the_report(self):
        folder = os.path.join(self.folder, "broken")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "index.js"), "w", encoding="ascii") as file:
            file.write("export const mount = () => {};")
        with open(os.path.join(folder, "berth.json"), "w", encoding="ascii") as file:
            json.dump({"exposes": {"./Other": "index.js"}}, file)
        problem = self.fails(["push", "json-app@3.0.0", folder, "--activate"], [9])
        self.assertEqual(problem["type"], PROBLEM + "compatibility")
        self.assertEqual(problem["compatibility"]["breaks"][0]["rule"], "expose-gone")


class Described(unittest.TestCase):
    def test_help_and_version_are_documents_too(self):
        whole = table()
        for words, member in ((["--help"], "commands"), ([], None), (["page", "--help"], "commands"),
                              (["help", "page"], "commands"), (["--version"], "version")):
            done = subprocess.run([BERTH, *words, "--json"], capture_output=True, text=True, timeout=60)
            self.assertIn(member or "type", json.loads(done.stdout), words)
            self.assertEqual(done.returncode, OK if words else USAGE)
        for command in whole["commands"]:
            for words in (command["name"].split() + ["--help"], ["help"] + command["name"].split()):
                if words[0] != "serve":
                    done = subprocess.run([BERTH, *words, "--json"], capture_output=True, text=True, timeout=60)
                    self.assertEqual(json.loads(done.stdout), command)

    def test_the_exit_codes_are_all_told(self):
        self.assertEqual([each["code"] for each in table()["exitCodes"]], list(range(10)))
        done = subprocess.run([BERTH, "--help"], capture_output=True, text=True, timeout=60)
        manual = subprocess.run([BERTH, "manual"], capture_output=True, text=True, timeout=60)
        for each in table()["exitCodes"]:
            self.assertIn("%d  %s" % (each["code"], each["meaning"]), done.stdout)
            self.assertIn(".TP\n\\fB%d\\fR\n%s" % (each["code"], each["meaning"].split()[0]), manual.stdout)


if __name__ == "__main__":
    unittest.main()
