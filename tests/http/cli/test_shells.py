#!/usr/bin/env python3
"""Completion as people have it: real shells on a terminal, with the tabulator key.

usage: BERTH_BIN=path/to/berth tests/http/cli/test_shells.py [TestCase[.test]]
"""

import os
import pty
import re
import select
import shutil
import subprocess
import time
import unittest

from fake_server import Answer
from test_cli import BERTH, MODULES, CliCase

PROMPT = "ready>"
PATIENCE_S = 30


class Shell:
    """A shell on a terminal. Typed text is sent as it is; what the line became is read back from the screen."""

    def __init__(self, words, env, folder, setup):
        self.leader, follower = pty.openpty()
        self.process = subprocess.Popen(words, env={**env, "TERM": "xterm", "PS1": PROMPT}, cwd=folder,
                                        stdin=follower, stdout=follower, stderr=follower, start_new_session=True)
        os.close(follower)
        self.screen = ""
        self.send(setup + "; echo set''up-done\n")
        self.read_until(r"setup-done[\s\S]*")

    def send(self, text):
        os.write(self.leader, text.encode())

    def read_until(self, pattern):
        deadline = time.monotonic() + PATIENCE_S
        while not re.search(pattern, self.screen):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.leader], [], [], left)[0]:
                raise AssertionError("never seen: %s in %r" % (pattern, self.screen))
            piece = os.read(self.leader, 65536).decode("utf-8", "replace")
            self.screen += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r", "", piece)

    def complete(self, typed, pattern):
        """Types, asks for completion twice (the second lists what there is), and waits for what must come of it."""
        self.screen = ""
        self.send(typed + "\t\t")
        self.read_until(pattern)
        self.send("\x15")  # the line is wiped
        return self.screen

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.leader)


class ShellCase(CliCase):
    def setUp(self):
        super().setUp()
        self.server.answers = [Answer(200, {**MODULES, "pages": [{"name": "front"}],
                                            "versions": [{"version": "1.1.0"}, {"version": "2.0.0-rc.1"}]})]
        os.mkdir(os.path.join(self.folder, "bin"))
        os.symlink(os.path.abspath(BERTH), os.path.join(self.folder, "bin", "berth"))
        self.path("bundle.tgz")
        self.path("zebra.json")

    def environment(self, **more):
        path = os.path.join(self.folder, "bin") + ":" + os.environ["PATH"]
        return super().environment(PATH=path, HOME=self.folder, **more)

    def shell(self, words, setup):
        shell = Shell(words, self.environment(), self.folder, setup)
        self.addCleanup(shell.close)
        return shell

    def check(self, shell):
        """What every shell must do."""
        shell.complete("berth rollb", r"berth rollback ")
        shell.complete("berth token re", r"berth token revoke ")
        shell.complete("berth token r", r"r(otate|evoke)\s+r(otate|evoke)|token r\S*\s+(?s:.)*revoke")
        shell.complete("berth rollback --rea", r"berth rollback --reason ")
        shell.complete("berth rollback hea", r"berth rollback header-app ")
        shell.complete("berth activate @shop/c", r"berth activate @shop/cart")
        shell.complete("berth activate header-app@2", r"berth activate header-app@2\.0\.0-rc\.1 ")
        shell.complete("berth page put zeb", r"berth page put zebra\.json ")
        shell.complete("berth push x@1.0.0 bun", r"berth push x@1\.0\.0 bundle\.tgz ")
        shell.complete("berth completion z", r"berth completion zsh ")
        # No file stands where none may: the file "zebra.json" is no module, and "bundle.tgz" no command.
        self.assertNotIn("zebra", shell.complete("berth rollback ", r"header-app(?s:.)*cart|cart(?s:.)*header-app"))
        shell.complete("berth bun", r"berth bun")
        shell.send("echo nothing-was-added\n")
        shell.read_until(r"nothing-was-added\n")
        self.assertNotIn("bundle", shell.screen)


    def check_hostile(self, shell):
        """Text of a server never becomes part of a line that the shell would run."""
        hostile = "$(echo>run)"
        self.server.answers = [Answer(200, {"modules": [{"name": hostile}], "versions": [], "pages": []})]
        shell.screen = ""
        shell.send("berth rollback \t\n")
        shell.read_until(r"berth: not enough arguments")
        shell.send("echo co''me-back\n")
        shell.read_until(r"come-back")
        self.assertFalse(os.path.exists(os.path.join(self.folder, "run")))
        self.assertNotIn("echo>run", shell.screen)


class Bash(ShellCase):
    def test_a_server_cannot_put_code_into_the_line(self):
        self.check_hostile(self.shell(["bash", "--norc", "--noprofile", "-i"], "source <(berth completion bash)"))

    def test_names_of_files_are_no_patterns(self):
        for name in ("pat*", "pat-a", "pat-b"):
            self.path(name)
        script = "source <(berth completion bash); COMP_WORDS=(berth page put pat); COMP_CWORD=3; _berth; " \
                 "printf '%s\\n' \"${COMPREPLY[@]}\""
        done = subprocess.run(["bash", "--norc", "-c", script], env=self.environment(), cwd=self.folder,
                              capture_output=True, text=True, timeout=PATIENCE_S)
        self.assertEqual(sorted(done.stdout.split()), ["pat*", "pat-a", "pat-b"], done.stderr)

    def test_bash_completes(self):
        self.check(self.shell(["bash", "--norc", "--noprofile", "-i"], "source <(berth completion bash)"))

    def test_words_come_from_compgen_too(self):
        script = "source <(berth completion bash); COMP_WORDS=(berth token r); COMP_CWORD=2; _berth; " \
                 "printf '%s\\n' \"${COMPREPLY[@]}\""
        done = subprocess.run(["bash", "--norc", "-c", script], env=self.environment(), capture_output=True, text=True,
                              timeout=PATIENCE_S)
        self.assertEqual(done.stdout.split(), ["rotate", "revoke"], done.stderr)


@unittest.skipUnless(shutil.which("zsh"), "zsh is not here")
class Zsh(ShellCase):
    def test_a_server_cannot_put_code_into_the_line(self):
        setup = "PROMPT='%s'; autoload -Uz compinit; compinit -u -D; source <(berth completion zsh)" % PROMPT
        self.check_hostile(self.shell(["zsh", "-f", "-i"], setup))

    def test_zsh_completes_when_the_script_is_sourced(self):
        setup = "PROMPT='%s'; autoload -Uz compinit; compinit -u -D; source <(berth completion zsh)" % PROMPT
        self.check(self.shell(["zsh", "-f", "-i"], setup))

    def test_zsh_completes_when_the_script_lies_where_packages_put_it(self):
        self.berth("completion", "zsh")
        self.path("site/_berth", self.out.encode())
        self.server.answers = [Answer(200, MODULES)]
        setup = "PROMPT='%s'; fpath=(%s/site $fpath); autoload -Uz compinit; compinit -u -D" % (PROMPT, self.folder)
        shell = self.shell(["zsh", "-f", "-i"], setup)
        shell.complete("berth rollb", r"berth rollback ")
        shell.complete("berth rollback hea", r"berth rollback header-app ")


@unittest.skipUnless(shutil.which("fish"), "fish is not here")
class Fish(ShellCase):
    def offered(self, line):
        done = subprocess.run(["fish", "--no-config", "-c", 'berth completion fish | source; complete -C "$argv[1]"', line],
                              env=self.environment(), cwd=self.folder, capture_output=True, text=True, timeout=PATIENCE_S)
        self.assertEqual(done.stderr, "")
        return sorted(done.stdout.split())

    def test_fish_completes(self):
        cases = {
            "berth rollb": ["rollback"],
            "berth token r": ["revoke", "rotate"],
            "berth rollback --rea": ["--reason"],
            "berth rollback ": ["@shop/cart", "header-app"],
            "berth activate header-app@2": ["header-app@2.0.0-rc.1"],
            "berth page put zeb": ["zebra.json"],
            "berth push x@1.0.0 bun": ["bundle.tgz"],
            "berth --token-file zeb": ["zebra.json"],
            "berth completion ": ["bash", "fish", "zsh"],
            "berth open ": ["@shop/cart", "console", "front", "header-app"],
            "berth bun": [],
        }
        for line, words in cases.items():
            with self.subTest(line):
                self.assertEqual(self.offered(line), words)


if __name__ == "__main__":
    unittest.main()
