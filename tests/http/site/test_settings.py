"""How `berth serve` is told what to do: a file, the environment, the command line."""

import os
import subprocess
import tempfile
import unittest

from harness import BERTH, PATIENCE_S


class Settings(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = os.path.join(folder.name, "berth.conf")

    def check(self, *words, text=None, environment=None):
        if text is not None:
            with open(self.file, "w", encoding="utf-8") as file:
                file.write(text)
            words = ("--config", self.file, *words)
        clean = {name: value for name, value in os.environ.items() if not name.startswith("BERTH_")}
        return subprocess.run([BERTH, "serve", "--check", *words], capture_output=True, text=True,
                              timeout=PATIENCE_S, env={**clean, **(environment or {})}, stdin=subprocess.DEVNULL)

    def settings(self, *words, **named):
        """{name: (value, where it comes from)} of what is printed."""
        answer = self.check(*words, **named)
        self.assertEqual((answer.returncode, answer.stderr), (0, ""))
        lines = answer.stdout.splitlines()
        found = {}
        for source, setting in zip(lines[::2], lines[1::2]):
            name, value = setting.split(" = ", 1)
            found[name] = (value, source.removeprefix("# "))
        return found

    def test_the_command_line_weighs_more_than_the_environment_and_that_more_than_the_file(self):
        text = "max-uploads = 5\nmax-entries = 6\nmax-ratio = 7\n"
        environment = {"BERTH_MAX_ENTRIES": "60", "BERTH_MAX_RATIO": "70"}
        found = self.settings("--max-ratio", "700", text=text, environment=environment)
        self.assertEqual(found["max-uploads"], ("5", self.file + ":1"))
        self.assertEqual(found["max-entries"], ("60", "BERTH_MAX_ENTRIES"))
        self.assertEqual(found["max-ratio"], ("700", "command line"))
        self.assertEqual(found["drain-ms"], ("10000", "default"))

    def test_a_file_may_hold_comments_empty_lines_and_white_space(self):
        found = self.settings(text="# a comment\n\n\t  listen =127.0.0.1:0  \r\n #other\npublic-url=https://a.example\n")
        self.assertEqual(found["listen"], ("127.0.0.1:0", self.file + ":3"))
        self.assertEqual(found["public-url"], ("https://a.example", self.file + ":5"))

    def test_what_check_prints_is_a_file_that_says_the_same(self):
        first = self.check("--max-uploads", "9").stdout
        again = self.check(text=first)
        self.assertEqual(again.stderr, "")
        plain = [[line for line in text.splitlines() if not line.startswith("#")] for text in (first, again.stdout)]
        self.assertEqual(plain[0], plain[1])

    def test_the_file_may_be_named_by_the_environment(self):
        with open(self.file, "w", encoding="ascii") as file:
            file.write("max-uploads = 8\n")
        found = self.settings(environment={"BERTH_CONFIG": self.file})
        self.assertEqual(found["max-uploads"], ("8", self.file + ":1"))

    def test_what_is_wrong_is_told_with_its_place(self):
        for text, words, place in (("max-uploads = 4\nmax-uploads = 5\n", "max-uploads is set twice", ":2"),
                                   ("max-upload = 4\n", "there is no setting max-upload", ":1"),
                                   ("\nmax-uploads 4\n", "not a setting: max-uploads 4", ":2"),
                                   ("max-uploads = many\n", "max-uploads takes a whole number from 1 to 256", ":1"),
                                   ("[a]\nmax-uploads = 4\n", "there are no sections here: [a]", ":2"),
                                   ("a\0b = 1\n", "settings are a text of at most 64 KiB", ""),
                                   ("#" * 70000, "settings are a text of at most 64 KiB", "")):
            with self.subTest(text=text[:20]):
                answer = self.check(text=text)
                self.assertEqual((answer.returncode, answer.stdout), (2, ""))
                self.assertIn(words, answer.stderr)
                self.assertIn("where: " + self.file + place + "\n", answer.stderr)

    def test_a_wrong_value_in_the_environment_is_told_with_its_name(self):
        answer = self.check(environment={"BERTH_MAX_UPLOADS": "0"})
        self.assertEqual(answer.returncode, 2)
        self.assertIn("where: BERTH_MAX_UPLOADS\n", answer.stderr)

    def test_a_file_that_is_not_there_is_told(self):
        answer = self.check("--config", self.file)
        self.assertEqual(answer.returncode, 2)
        self.assertIn("No such file or directory", answer.stderr)
        self.assertIn("where: " + self.file, answer.stderr)

    def test_settings_that_contradict_each_other_are_told_before_anything_starts(self):
        answer = self.check(text="max-streams = 1024\n")
        self.assertEqual(answer.returncode, 2)
        self.assertIn("max-streams must be below max-connections", answer.stderr)


if __name__ == "__main__":
    unittest.main()
