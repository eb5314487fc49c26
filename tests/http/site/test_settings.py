"""How `berth serve` is told what to do: a file, the environment, the command line."""

import datetime
import os
import re
import shutil
import subprocess
import tempfile
import unittest

from harness import BERTH, PATIENCE_S

SOURCE = os.environ.get("BERTH_SOURCE", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../.."))
PACKAGING = os.path.join(SOURCE, "server", "packaging")


class CheckCase(unittest.TestCase):
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


class Settings(CheckCase):
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


def openssl(*words, text=None):
    subprocess.run(["openssl", *words], check=True, capture_output=True, input=text, text=True, timeout=PATIENCE_S)


class Certificates(CheckCase):
    """Files for TLS, of each kind that people may give by mistake."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        elliptic = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
        for name, kind in (("good", elliptic), ("other", elliptic), ("weak", ("-newkey", "rsa:1024"))):
            openssl("req", "-x509", *kind, "-nodes", "-days", "30", "-subj", "/CN=localhost", "-out",
                    cls.path(name + ".pem"), "-keyout", cls.path(name + ".key"))
        openssl("x509", "-in", cls.path("good.pem"), "-outform", "der", "-out", cls.path("good.der"))
        openssl("pkey", "-in", cls.path("good.key"), "-aes128", "-passout", "pass:x", "-out", cls.path("locked.key"))
        for name, start, days in (("old", -40, 30), ("early", 10, 30)):
            cls.make_signed(name, start, days)

    @classmethod
    def path(cls, name):
        return os.path.join(cls.folder, name)

    @classmethod
    def make_signed(cls, name, start, days):
        """A certificate of good.key that begins so many days from now."""
        with open(cls.path("ca.conf"), "w", encoding="ascii") as file:
            file.write("[ca]\ndefault_ca=d\n[d]\ndatabase=%s\nserial=%s\npolicy=p\ndefault_md=sha256\n"
                       "unique_subject=no\n[p]\ncommonName=supplied\n" % (cls.path("index"), cls.path("serial")))
        open(cls.path("index"), "w", encoding="ascii").close()
        with open(cls.path("serial"), "w", encoding="ascii") as file:
            file.write("01\n")
        begins = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=start)
        ends = begins + datetime.timedelta(days=days)
        openssl("req", "-new", "-key", cls.path("good.key"), "-subj", "/CN=localhost", "-out", cls.path("request"))
        openssl("ca", "-batch", "-selfsign", "-notext", "-config", cls.path("ca.conf"), "-keyfile", cls.path("good.key"),
                "-in", cls.path("request"), "-outdir", cls.folder, "-out", cls.path(name + ".pem"),
                "-startdate", begins.strftime("%Y%m%d%H%M%SZ"), "-enddate", ends.strftime("%Y%m%d%H%M%SZ"))

    def secure(self, certificate, key, prefix=""):
        words = []
        if certificate:
            words += ["--%stls-certificate" % prefix, self.path(certificate)]
        if key:
            words += ["--%stls-key" % prefix, self.path(key)]
        return self.check(*words)

    def test_what_is_wrong_with_files_is_told_with_their_names(self):
        shutil.copy(self.path("good.key"), self.path("secret.key"))
        for certificate, key, words, place in (
                ("missing.pem", "good.key", "tls-certificate: the file cannot be read: No such file", "missing.pem"),
                ("good.pem", "missing.key", "tls-key: the file cannot be read: No such file", "missing.key"),
                ("good.pem", "", "tls-certificate is set, and tls-key is not", None),
                ("", "good.key", "tls-key is set, and tls-certificate is not", None),
                ("good.der", "good.key", "tls-certificate: there is no certificate in PEM form", "good.der"),
                ("good.key", "good.key", "tls-certificate: there is no certificate in PEM form", "good.key"),
                ("good.pem", "good.pem", "tls-key: there is no private key in PEM form", "good.pem"),
                ("good.pem", "other.key", "tls-key: it is not the key of the certificate", "other.key"),
                ("good.pem", "weak.key", "tls-key: it is not the key of the certificate", "weak.key"),
                ("good.pem", "locked.key", "tls-key: it has a passphrase", "locked.key"),
                ("weak.pem", "weak.key", "tls-certificate: its key or its signature is too weak", "weak.pem"),
                (".", "good.key", "tls-certificate: the file cannot be read: it is not a regular file", ".")):
            for prefix in ("", "admin-"):
                with self.subTest(prefix=prefix, certificate=certificate, key=key):
                    answer = self.secure(certificate, key, prefix)
                    self.assertEqual((answer.returncode, answer.stdout), (2, ""))
                    self.assertIn("berth: " + prefix + words.replace(" tls", " %stls" % prefix), answer.stderr)
                    self.assertIn("hint: ", answer.stderr)
                    if place:
                        self.assertIn("where: " + self.path(place) + "\n", answer.stderr)

    @unittest.skipIf(os.geteuid() == 0 and not shutil.which("setpriv"), "root may read everything")
    def test_a_key_that_the_user_may_not_read_is_told_with_what_to_do(self):
        key = self.path("closed.key")
        shutil.copy(self.path("good.key"), key)
        os.chmod(key, 0)
        words = [BERTH, "serve", "--check", "--tls-certificate", self.path("good.pem"), "--tls-key", key]
        if os.geteuid() == 0:
            os.chmod(self.folder, 0o755)
            words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *words]
        answer = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE_S, stdin=subprocess.DEVNULL)
        self.assertEqual(answer.returncode, 2, answer)
        self.assertIn("tls-key: the file cannot be read: Permission denied", answer.stderr)
        self.assertIn("must be able to read it", answer.stderr)

    def test_files_that_will_do_are_taken(self):
        os.chmod(self.path("good.key"), 0o600)
        answer = self.secure("good.pem", "good.key")
        self.assertEqual((answer.returncode, answer.stderr), (0, ""))
        self.assertIn("tls-key = " + self.path("good.key"), answer.stdout)

    def test_what_is_no_reason_to_refuse_them_is_a_warning(self):
        os.chmod(self.path("good.key"), 0o600)
        shutil.copy(self.path("good.key"), self.path("open.key"))
        os.chmod(self.path("open.key"), 0o644)
        for certificate, key, words, place in (
                ("old.pem", "good.key", "the certificate has expired", "old.pem"),
                ("early.pem", "good.key", "the certificate is not good yet", "early.pem"),
                ("good.pem", "open.key", "other users of this machine may read the private key", "open.key")):
            with self.subTest(words):
                answer = self.secure(certificate, key)
                self.assertEqual(answer.returncode, 0, answer)
                self.assertIn("warning: " + words, answer.stderr)
                self.assertIn("where: " + self.path(place), answer.stderr)


class Packaged(CheckCase):
    """What comes with the package agrees with the program."""

    def setUp(self):
        super().setUp()
        with open(os.path.join(PACKAGING, "berth.conf"), encoding="utf-8") as file:
            self.text = file.read()
        self.help = subprocess.run([BERTH, "serve", "--help"], capture_output=True, text=True, check=True,
                                   timeout=PATIENCE_S).stdout

    def test_its_settings_are_sound_and_so_are_those_that_are_commented_out(self):
        self.settings(text=self.text)
        certificates = r"^# (.*tls-.* = )"
        every = re.sub(r"(?m)^# ([a-z-]+ = )", r"\1", re.sub("(?m)" + certificates, r"## \1", self.text))
        found = self.settings(text=every)
        self.assertIn(self.file, found["min-body-rate"][1])
        for name, (value, source) in found.items():
            if source.startswith(self.file) and name not in ("data", "listen", "admin-listen", "public-url"):
                self.assertIn("(%s)" % value, next(line for line in self.help.splitlines() if "--%s " % name in line))

    def test_settings_under_reload_are_those_that_help_and_manual_mark(self):
        restart, reload = self.text.split("# --- Reload ---")

        def names(text):
            return set(re.findall(r"(?m)^(?:# )?([a-z-]+) = ", text))
        marked = set(re.findall(r"(?m)^\* --([a-z-]+) ", self.help))
        self.assertEqual(names(reload), marked)
        self.assertEqual(names(restart) & marked, set())
        manual = subprocess.run([BERTH, "serve", "--manual"], capture_output=True, text=True, check=True,
                                timeout=PATIENCE_S).stdout
        rows = manual.replace("\\-", "-").split(".TP\n")
        told = {re.match(r"\\fB--([a-z-]+)", row)[1] for row in rows if "SIGHUP is enough" in row}
        self.assertEqual(told, marked)
        self.assertEqual(set(re.findall(r"(?m)^  --([a-z-]+) ", self.help)) - {"config", "check", "manual"},
                         {re.match(r"\\fB--([a-z-]+)", row)[1] for row in rows if row.startswith("\\fB--")} - told -
                         {"config", "check", "help", "manual"})

    def test_the_service_reloads_what_was_checked_and_may_do_little(self):
        path = os.path.join(PACKAGING, "berth.service")
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
        reloads = [line.partition("=")[2] for line in lines if line.startswith("ExecReload=")]
        self.assertEqual(reloads, ["@BERTH_BIN@ serve --check --config @BERTH_CONF@", "/bin/kill -HUP $MAINPID"])
        if shutil.which("systemd-analyze"):
            judged = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=20", path],
                                    capture_output=True, text=True, timeout=PATIENCE_S)
            self.assertEqual(judged.returncode, 0, judged.stdout)
            self.assertEqual(judged.stderr, "")


if __name__ == "__main__":
    unittest.main()
