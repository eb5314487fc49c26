#!/usr/bin/env python3
"""Mistakes that people make, against a real server: each message says what was wrong, where, and what to do.

usage: BERTH_BIN=path/to/berth tests/http/cli/test_mistakes.py [TestCase[.test]]
"""

import os
import unittest

import test_with_server
from test_cli import CONFLICT, DENIED, FAILED, NOT_FOUND, REFUSED, UNREACHABLE, USAGE


class Mistakes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        there = test_with_server.WithServer
        there.setUpClass()
        cls.addClassCleanup(there.doClassCleanups)
        cls.there = there()
        cls.there.berth("push", "header-app@1.0.0", cls.there.dist("1.0.0"), "--activate")

    def check(self, cases):
        for line, code, *texts in cases:
            with self.subTest(line=line):
                said = self.there.berth(*line, code=code)
                self.assertTrue(said.startswith("berth: "), said)
                for text in texts:
                    self.assertIn(text, said)

    def test_commands_that_are_mistyped_or_go_by_another_name(self):
        self.check((
            (["activte", "x"], USAGE, "hint: did you mean berth activate?"),
            (["pages"], USAGE, "hint: did you mean berth page?"),
            (["tokens", "list"], USAGE, "hint: did you mean berth token?"),
            (["page", "lst"], USAGE, "hint: did you mean berth page list?"),
            (["page", "zzz"], USAGE, "hint: see berth page --help"),
            (["zzzzzz"], USAGE, "hint: see berth --help"),
            (["publish"], USAGE, "hint: did you mean berth push?"),
            (["ls"], USAGE, "hint: did you mean berth status?"),
            (["undo"], USAGE, "hint: did you mean berth rollback?"),
        ))

    def test_arguments_that_are_missing_or_of_another_form(self):
        dist = self.there.dist("1.0.0")
        self.check((
            (["push", "a@1.0.0"], USAGE, "what is to be pushed as a@1.0.0 is missing", "berth push a@1.0.0 ./dist"),
            (["push", "a", dist], USAGE, '"a" names no version', "as MODULE@VERSION, for example a@1.0.0"),
            (["push", "a@1.0", dist], USAGE, "not a semantic version", "where: a@1.0\n", "hint: write it as 1.2.3"),
            (["push", "A@1.0.0", dist], USAGE, "not a module name", "where: A@1.0.0\n"),
            (["push", "a@1.0.0", "/nowhere"], FAILED, "No such file", "where: /nowhere\n", "hint: give a built directory"),
            (["activate"], USAGE, "not enough arguments", "usage: berth activate <module>@<version>"),
            (["activate", "header-app", "1.0.0"], USAGE, "too many", "usage: berth activate <module>@<version>"),
            (["rollback", "header-app@1.0.0"], USAGE, "berth rollback header-app --to 1.0.0"),
            (["status", "header-app@1.0.0"], USAGE, "a module is meant here", "where: header-app@1.0.0\n",
             "hint: write header-app\n"),
            (["logs", "header-app@1.0.0"], USAGE, "a module is meant here"),
            (["doctor", "shop.example.org"], USAGE, "it must begin with http", "where: shop.example.org\n",
             "hint: name the address"),
            (["verify"], USAGE, "needs --data DIR"),
            (["verify", "--data", self.there.folder], FAILED, "where: " + self.there.folder, "hint: --data takes the folder"),
            (["restore", __file__, "--data", os.path.join(self.there.folder, "n")], REFUSED, "this is no backup",
             "where: " + __file__, "hint: give a file"),
            (["backup", __file__], CONFLICT, "there is such a file already", "where: " + __file__),
            (["page", "put", "/nowhere.json"], FAILED, "cannot read", "where: /nowhere.json"),
        ))

    def test_what_the_server_does_not_have(self):
        self.check((
            (["activate", "header-app@9.0.0"], NOT_FOUND, "no such version", "hint: ", "request: "),
            (["status", "nobody"], NOT_FOUND, "there is no module of that name", "hint: see what there is"),
            (["rollback", "header-app"], CONFLICT, "hint: "),
            (["token", "revoke", "abcdef"], NOT_FOUND, "there is no such token", "berth token list"),
            (["open", "nobody"], NOT_FOUND, "neither a page nor a module nobody", "berth status"),
        ))

    def test_another_token_server_or_listener(self):
        away, public = "http://127.0.0.1:1", self.there.address["public"]
        tls = self.there.address["admin"].replace("http:", "https:")
        self.check((
            (["status", "--token", "berth_" + "x" * 43], DENIED, "the token is not known", "hint: another token is needed"),
            (["status", "--server", away], UNREACHABLE, "cannot reach " + away, "hint: is the server running?"),
            (["status", "--server", "http://nowhere.invalid"], UNREACHABLE, "could not resolve host", "check the host name"),
            (["status", "--server", public], NOT_FOUND, "hint: is that the admin address?"),
            (["push", "a@1.0.0", self.there.dist("1.0.0"), "--server", public], None, "hint: is that the admin address?"),
            (["status", "--server", tls], UNREACHABLE, "wrong version number", "does it speak plain HTTP there?"),
            (["status", "--server", "127.0.0.1:8081"], USAGE, "it must begin with http:// or https://"),
        ))


if __name__ == "__main__":
    unittest.main()
