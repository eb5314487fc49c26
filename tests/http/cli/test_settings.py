#!/usr/bin/env python3
"""Profiles, completion and the manual page.

usage: BERTH_BIN=path/to/berth tests/http/cli/test_settings.py [TestCase[.test]]
"""

import os
import re
import shutil
import subprocess
import unittest

from fake_server import Answer, FakeServer
from test_cli import BERTH, MODULES, OK, USAGE, CliCase

VERSIONS = {"versions": [{"version": "1.1.0"}, {"version": "1.0.0"}, {"version": "2.0.0-rc.1"}]}


class SettingsCase(CliCase):
    def settings(self, text, mode=0o600):
        path = self.path("config/berth/config", text.replace("@", self.server.url).encode())
        os.chmod(path, mode)
        return path

    def environment(self, **more):
        return super().environment(**{"XDG_CONFIG_HOME": os.path.join(self.folder, "config"), "BERTH_SERVER": None,
                                      "BERTH_TOKEN": None, **more})

    def sent(self):
        return self.request.headers["Authorization"]


class Profiles(SettingsCase):
    def test_what_stands_first_is_the_default(self):
        self.settings("server = @\ntoken = berth_one\n[two]\nserver = http://127.0.0.1:1\ntoken = berth_two\n")
        self.assertEqual(self.berth("status", answers=Answer(200, MODULES)), OK, self.err)
        self.assertEqual(self.sent(), "Bearer berth_one")
        self.assertEqual(self.err, "")

    def test_a_profile_is_chosen_by_name(self):
        self.settings("server = http://127.0.0.1:1\n[two]\nserver = @\ntoken = berth_two\n")
        for words, env in ((("--profile", "two"), {}), ((), {"BERTH_PROFILE": "two"}),
                           (("--profile", "two"), {"BERTH_PROFILE": "three"})):
            with self.subTest(words=words, env=env):
                self.assertEqual(self.berth("status", *words, answers=Answer(200, MODULES), **env), OK, self.err)
                self.assertEqual(self.sent(), "Bearer berth_two")

    def test_a_token_file_lies_beside_the_settings(self):
        self.settings("server = @\ntoken-file = ci.token\n")
        self.path("config/berth/ci.token", b"berth_from_file\n")
        self.berth("status", answers=Answer(200, MODULES))
        self.assertEqual(self.sent(), "Bearer berth_from_file")

    def test_without_xdg_the_home_folder_has_them(self):
        self.path("home/.config/berth/config", b"server = %s\ntoken = berth_home\n" % self.server.url.encode())
        os.chmod(os.path.join(self.folder, "home/.config/berth/config"), 0o600)
        self.berth("status", answers=Answer(200, MODULES), XDG_CONFIG_HOME=None, HOME=os.path.join(self.folder, "home"))
        self.assertEqual(self.sent(), "Bearer berth_home")

    def test_the_environment_and_the_command_line_go_before(self):
        self.settings("server = @\ntoken = berth_one\n")
        self.berth("status", answers=Answer(200, MODULES), BERTH_TOKEN="berth_env")
        self.assertEqual(self.sent(), "Bearer berth_env")
        self.berth("status", "--token", "berth_argv", answers=Answer(200, MODULES), BERTH_TOKEN="berth_env")
        self.assertEqual(self.sent(), "Bearer berth_argv")

    def test_a_profiles_token_goes_to_its_own_server_only(self):
        self.settings("server = http://berth.example.org\ntoken = berth_secret\n")
        self.berth("status", "--server", self.server.url, answers=Answer(200, MODULES))
        self.assertIsNone(self.sent())
        self.berth("status", answers=Answer(200, MODULES), BERTH_SERVER=self.server.url)
        self.assertIsNone(self.sent())

    def other(self):
        """Another server, that the environment names."""
        other = FakeServer()
        self.addCleanup(other.close)
        other.answers = [Answer(200, MODULES)]
        return other

    def test_a_profile_on_the_line_goes_before_the_environment(self):
        self.settings("[staging]\nserver = @\ntoken = berth_staging\n")
        other = self.other()
        self.assertEqual(self.berth("status", "--profile", "staging", answers=Answer(200, MODULES), BERTH_SERVER=other.url,
                                    BERTH_TOKEN="berth_env"), OK, self.err)
        self.assertEqual(self.sent(), "Bearer berth_staging")
        self.assertEqual(other.requests, [])
        self.assertEqual(self.berth("status", "--profile", "staging", "--token", "berth_argv", BERTH_SERVER=other.url,
                                    BERTH_TOKEN="berth_env"), OK, self.err)
        self.assertEqual(self.sent(), "Bearer berth_argv")
        self.assertEqual(other.requests, [])

    def test_a_profile_with_a_server_gets_no_token_from_the_environment(self):
        self.settings("[staging]\nserver = @\n[full]\nserver = http://berth.example.org\ntoken = berth_full\n")
        for words in ((), ("--server", self.server.url)):
            self.assertEqual(self.berth("status", "--profile", "staging", *words, answers=Answer(200, MODULES),
                                        BERTH_TOKEN="berth_env"), USAGE)
            self.assertIn("berth: the profile staging has no token\nhint: give it a token-file", self.err)
            self.assertEqual(self.server.requests, [])
        self.assertEqual(self.berth("status", "--profile", "full", "--server", self.server.url, BERTH_TOKEN="berth_env"),
                         USAGE)
        self.assertIn("berth: the token of the profile full is for the profile's own server\nhint: name a token", self.err)
        self.assertEqual(self.server.requests, [])
        self.assertEqual(self.berth("status", "--profile", "staging"), OK, self.err)
        self.assertIsNone(self.sent())

    def test_a_profile_on_the_line_leaves_to_the_environment_what_it_does_not_say(self):
        self.settings("[one]\ntoken = berth_one\n[empty]\nca-file =\n")
        for name, token in (("one", "berth_one"), ("empty", "berth_env")):
            self.assertEqual(self.berth("status", "--profile", name, answers=Answer(200, MODULES),
                                        BERTH_SERVER=self.server.url, BERTH_TOKEN="berth_env"), OK, self.err)
            self.assertEqual(self.sent(), "Bearer " + token)

    def test_a_profile_of_the_environment_goes_after_the_rest_of_it(self):
        self.settings("[two]\nserver = http://127.0.0.1:1\ntoken = berth_two\n")
        self.assertEqual(self.berth("status", answers=Answer(200, MODULES), BERTH_PROFILE="two",
                                    BERTH_SERVER=self.server.url, BERTH_TOKEN="berth_env"), OK, self.err)
        self.assertEqual(self.sent(), "Bearer berth_env")

    def test_a_token_that_others_can_read_is_warned_of(self):
        path = self.settings("server = @\ntoken = berth_one\n", mode=0o644)
        self.assertEqual(self.berth("status", answers=Answer(200, MODULES)), OK)
        self.assertEqual(self.err, "warning: others can read the token in %s: chmod 600 it\n" % path)

    def test_what_is_wrong_is_told_with_its_place(self):
        for text, words, place in (("server @\n", "not a setting: server", ":1"),
                                   ("[a]\npassword = x\n", "there is no setting password", ":2"),
                                   ("token = a\ntoken-file = b\n", "has both token and token-file", "")):
            with self.subTest(text=text):
                path = self.settings(text)
                self.assertEqual(self.berth("status"), USAGE)
                self.assertIn(words, self.err)
                self.assertIn("where: " + path + place + "\n", self.err)
                self.assertEqual(self.server.requests, [])

    def test_a_profile_that_is_not_there_is_told(self):
        path = self.settings("[two]\nserver = @\n")
        self.assertEqual(self.berth("status", "--profile", "tow"), USAGE)
        self.assertIn("berth: there is no profile tow\nwhere: %s\nhint: add a section [tow]" % path, self.err)
        self.assertEqual(self.berth("status", BERTH_SERVER=self.server.url, answers=Answer(200, MODULES)), OK)


class Completion(SettingsCase):
    def complete(self, *words, answers=None):
        self.assertEqual(self.berth("__complete", *words, answers=answers or Answer(200, MODULES),
                                    BERTH_SERVER=self.server.url), OK)
        self.assertEqual(self.err, "")
        return self.out.split()

    def test_commands_and_those_of_a_group(self):
        self.assertEqual(self.complete("ro"), ["rollback"])
        self.assertEqual(self.complete("to"), ["token"])
        self.assertEqual(self.complete("token", "r"), ["rotate", "revoke"])
        self.assertEqual(self.complete("nonsense", "x"), [])
        self.assertIn("push", self.complete(""))

    def test_options_of_a_command(self):
        self.assertEqual(self.complete("rollback", "--to"), ["--token", "--token-file", "--to"])
        self.assertNotIn("--to", self.complete("status", "--"))
        self.assertEqual(self.complete("push", "--reason", "x"), [], "a value is not ours to complete")

    def test_one_dash_begins_every_option(self):
        self.assertEqual(self.complete("rollback", "-"), self.complete("rollback", "--"))
        self.assertIn("--to", self.complete("rollback", "-"))
        self.assertEqual(self.complete("rollback", "-t"), [])

    def test_what_no_name_has_is_not_offered_whatever_the_server_tells(self):
        hostile = ("$(touch x)", "`x`", "a;b", "a b", "*", "a?", "~root", "a'b", "a\\b", "<x", "a|b", "--force", "",
                   "\u00e4", "x\ty")
        listed = {"modules": [{"name": name} for name in (*hostile, "@shop/cart", "a.b_c-1")],
                  "versions": [{"version": name} for name in (*hostile, "1.0.0-rc.1+Build.7")]}
        self.assertEqual(self.complete("rollback", "", answers=Answer(200, listed)), ["@shop/cart", "a.b_c-1"])
        self.assertEqual(self.complete("activate", "x@", answers=Answer(200, listed)), ["x@1.0.0-rc.1+Build.7"])

    def test_modules_and_versions_come_from_the_server(self):
        names = [module["name"] for module in MODULES["modules"]]
        self.assertEqual(self.complete("rollback", ""), names)
        self.assertEqual(self.complete("activate", names[0][:3]), [n for n in names if n.startswith(names[0][:3])])
        self.assertEqual(self.complete("activate", names[0] + "@1", answers=Answer(200, VERSIONS)),
                         [names[0] + "@1.1.0", names[0] + "@1.0.0"])

    def test_a_server_that_does_not_answer_well_is_no_error(self):
        self.assertEqual(self.complete("rollback", "", answers=Answer(500, raw=b"{")), [])
        self.assertEqual(self.berth("__complete", "rollback", "", BERTH_SERVER="http://127.0.0.1:1"), OK)
        self.assertEqual((self.out, self.err), ("", ""))
        self.assertEqual(self.berth("__complete"), OK)

    def test_bash_offers_them(self):
        script = 'PATH="$1:$PATH"; source <(berth completion bash); COMP_WORDS=(berth token r); COMP_CWORD=2; _berth; ' \
                 'echo "${COMPREPLY[*]}"'
        folder = os.path.join(self.folder, "bin")
        os.mkdir(folder)
        os.symlink(os.path.abspath(BERTH), os.path.join(folder, "berth"))
        done = subprocess.run(["bash", "-c", script, "bash", folder], env=self.environment(), capture_output=True,
                              text=True, timeout=60)
        self.assertEqual(done.stdout.split(), ["rotate", "revoke"], done.stderr)

    def test_each_shell_has_a_script_and_others_are_told(self):
        for shell in ("bash", "zsh", "fish"):
            self.assertEqual(self.berth("completion", shell), OK)
            self.assertIn("berth __complete", self.out)
        self.assertEqual(self.berth("completion", "tcsh"), USAGE)
        self.assertIn("hint: bash, zsh and fish have one", self.err)


class Manual(SettingsCase):
    def test_it_tells_of_every_command(self):
        self.assertEqual(self.berth("manual"), OK)
        page = self.out
        self.assertTrue(page.startswith(".TH BERTH 1"))
        self.berth("--help")
        commands = self.out.split("commands:\n")[1].split("\n\n")[0]
        names = [line[2:18].strip() for line in commands.splitlines() if line[2:18].strip() != "berth <command>"]
        self.assertGreater(len(names), 10)
        for name in names[:-1]:
            self.assertIn('.SS "berth %s' % name, page)

    def test_it_tells_which_goes_before_which(self):
        self.berth("manual")
        page = self.out.replace("\\-", "-").split(".SH ENVIRONMENT")[1].split(".SH FILES")[0]
        self.assertIn("A profile that\n--profile names goes before them all", page)
        self.assertIn("BERTH_TOKEN is not\nsent there", page)
        self.assertIn("One that BERTH_PROFILE names,\nand \"default\", go after", page)

    @unittest.skipUnless(shutil.which("groff"), "groff is not here")
    def test_groff_reads_it_without_a_complaint(self):
        self.berth("manual")
        done = subprocess.run(["groff", "-man", "-Tutf8", "-ww"], input=self.out, capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("EXIT STATUS", re.sub(".\b", "", done.stdout), "bold is a letter struck twice")


if __name__ == "__main__":
    unittest.main()
