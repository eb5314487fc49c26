#!/usr/bin/env python3
"""The command against a server with TLS and a CA of its own, and what it says of certificates that are wrong.

usage: BERTH_BIN=path/to/berth tests/http/cli/test_tls.py [TestCase[.test]]
"""

import json
import os
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest

from fake_server import Answer, FakeServer
from test_cli import BERTH, FAILED, MODULES, OK, UNREACHABLE, USAGE, CliCase

CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
HERE = "DNS:localhost,IP:127.0.0.1"


class Certificates:
    """A CA, and what it signed: a name is a pair of files, NAME.pem and NAME.key."""

    def __init__(self, folder):
        self.folder = folder
        self.openssl("req", "-x509", *CURVE, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Berth Test CA",
                     "-days", "400")
        self.openssl("req", "-x509", *CURVE, "-keyout", "stranger.key", "-out", "stranger.pem",
                     "-subj", "/CN=Another CA", "-days", "400")
        for name, names, days in (("good", HERE, 90), ("short", HERE, 5), ("old", HERE, -1), ("other", "DNS:other", 90)):
            self.sign(name, names, days)

    def path(self, name):
        return os.path.join(self.folder, name)

    def openssl(self, *words):
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True, timeout=60)

    def sign(self, name, names, days):
        with open(self.path(name + ".ext"), "w", encoding="ascii") as file:
            file.write("subjectAltName=" + names)
        self.openssl("req", *CURVE, "-keyout", name + ".key", "-out", name + ".csr", "-subj", "/CN=" + name)
        self.openssl("x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                     "-days", str(days), "-out", name + ".pem", "-extfile", name + ".ext")


class TlsServer(FakeServer):
    """The fake server behind TLS; what fails in a handshake is nothing to it."""

    def __init__(self, certificates, name):
        super().__init__()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates.path(name + ".pem"), certificates.path(name + ".key"))
        self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        self.url = self.url.replace("http:", "https:")
        self.answers = [Answer(200, MODULES)]


class TlsCase(CliCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.certificates = Certificates(folder.name)
        cls.ca = cls.certificates.path("ca.pem")

    def tls(self, name):
        server = TlsServer(self.certificates, name)
        self.addCleanup(server.close)
        return server

    def environment(self, **more):
        return super().environment(**{"XDG_CONFIG_HOME": os.path.join(self.folder, "config"), **more})


class Trust(TlsCase):
    def test_a_ca_is_named_by_the_line_the_environment_or_the_profile(self):
        server = self.tls("good")
        self.assertEqual(self.berth("status", "--server", server.url, "--ca-file", self.ca), OK, self.err)
        self.assertEqual(self.berth("status", BERTH_SERVER=server.url, BERTH_CA_FILE=self.ca), OK, self.err)
        path = self.path("config/berth/config", ("server = %s\nca-file = ca.pem\n" % server.url).encode())
        os.chmod(path, 0o600)
        with open(self.ca, "rb") as file:
            self.path("config/berth/ca.pem", file.read())
        self.assertEqual(self.berth("status", BERTH_SERVER=None), OK, self.err)
        self.assertEqual(len(server.requests), 3)

    def test_the_line_goes_before_the_environment_and_that_before_the_profile(self):
        server, wrong = self.tls("good"), self.certificates.path("stranger.pem")
        self.path("config/berth/config", ("server = %s\nca-file = %s\n" % (server.url, wrong)).encode())
        self.assertEqual(self.berth("status", BERTH_SERVER=None), UNREACHABLE)
        self.assertEqual(self.berth("status", BERTH_SERVER=None, BERTH_CA_FILE=self.ca), OK, self.err)
        self.assertEqual(self.berth("status", "--ca-file", self.ca, BERTH_SERVER=None, BERTH_CA_FILE=wrong), OK)

    def test_a_profile_that_the_line_names_goes_before_the_environment(self):
        server, wrong = self.tls("good"), self.certificates.path("stranger.pem")
        self.path("config/berth/config", ("[own]\nserver = %s\nca-file = %s\ntoken = berth_own\n[bare]\nserver = %s\n"
                                          "token = berth_bare\n" % (server.url, self.ca, server.url)).encode())
        os.chmod(os.path.join(self.folder, "config/berth/config"), 0o600)
        self.assertEqual(self.berth("status", "--profile", "own", BERTH_CA_FILE=wrong), OK, self.err)
        self.assertEqual(self.berth("status", "--profile", "bare", BERTH_CA_FILE=self.ca), OK, self.err)

    def test_a_profiles_ca_judges_its_own_server_only(self):
        self.path("config/berth/config", b"server = https://berth.example.org\nca-file = " + self.ca.encode() + b"\n")
        self.assertEqual(self.berth("status", BERTH_SERVER=self.tls("good").url), UNREACHABLE)
        self.assertIn("is not to be trusted", self.err)

    def test_a_certificate_that_is_wrong_is_told_with_what_to_do_and_no_token_is_sent(self):
        cases = (
            ("good", None, "unable to get local issuer certificate", "if it is of a CA of your own, name the CA's"),
            ("good", "stranger.pem", "unable to get local issuer certificate", "stranger.pem is not the CA that signed it"),
            ("old", "ca.pem", "certificate has expired", "renew it on the server"),
            ("other", "ca.pem", "no alternative certificate subject name", "name the server by a name that is in its"),
        )
        for name, ca, reason, hint in cases:
            with self.subTest(name=name, ca=ca):
                server = self.tls(name)
                more = {"BERTH_CA_FILE": self.certificates.path(ca)} if ca else {}
                self.assertEqual(self.berth("status", BERTH_SERVER=server.url, **more), UNREACHABLE)
                self.assertIn("berth: the certificate of %s is not to be trusted: %s" % (server.url, reason), self.err)
                self.assertIn(hint, self.err)
                self.assertEqual(server.requests, [])
                self.berth("status", "--json", BERTH_SERVER=server.url, **more)
                problem = json.loads(self.out)
                self.assertEqual((problem["type"], problem["retryable"]), ("urn:berth:problem:certificate", False))

    def test_a_file_that_is_no_ca_is_told(self):
        url = self.tls("good").url
        for path, code, text in (("/nowhere.pem", FAILED, "cannot read the file of certificates to trust"),
                                 (self.path("empty.pem"), USAGE, "the file of certificates to trust has none"),
                                 (self.certificates.path("good.key"), USAGE, "in PEM form")):
            with self.subTest(path=path):
                self.assertEqual(self.berth("status", BERTH_SERVER=url, BERTH_CA_FILE=path), code)
                self.assertIn(text, self.err)
                self.assertIn("where: " + path, self.err)

    def test_plain_http_and_tls_are_told_apart(self):
        server = self.tls("good")
        plain = server.url.replace("https:", "http:")
        self.assertEqual(self.berth("status", BERTH_SERVER=plain), UNREACHABLE)
        self.assertIn("hint: does it speak TLS there? then it is " + server.url + "\n", self.err)
        self.assertEqual(self.berth("activate", "x@1.0.0", BERTH_SERVER=plain), UNREACHABLE)
        self.assertIn("look before trying again; if it speaks TLS there, it is " + server.url + "\n", self.err)
        self.assertEqual(self.berth("status", BERTH_SERVER=self.server.url.replace("http:", "https:"), answers=Answer()),
                         UNREACHABLE)
        self.assertIn(": wrong version number\nhint: does it speak plain HTTP there? then it is " + self.server.url, self.err)


class WithServer(TlsCase):
    """Berth's own TLS, on both listeners."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.addresses = {}

    def serve(self, name):
        data = os.path.join(self.folder, "data-" + name)
        files = [self.certificates.path(name + end) for end in (".pem", ".key")]
        process = subprocess.Popen(
            [BERTH, "serve", "--data", data, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0",
             "--tls-certificate", files[0], "--tls-key", files[1], "--admin-tls-certificate", files[0],
             "--admin-tls-key", files[1], "--console", "off"], stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate, timeout=60)
        self.addCleanup(process.terminate)
        address = {}
        while len(address) < 2:
            line = process.stdout.readline()
            self.assertTrue(line, "the server did not start")
            event = json.loads(line)
            if event["event"] == "listening":
                address[event["listener"]] = "https://" + event["address"]
        threading.Thread(target=process.stdout.read, daemon=True).start()
        with open(os.path.join(data, "admin.token"), encoding="ascii") as file:
            return address, {"BERTH_SERVER": address["admin"], "BERTH_TOKEN": file.read().strip()}

    def faults(self, url, **env):
        code = self.berth("doctor", url, "--json", **env)
        findings = json.loads(self.out)
        self.assertEqual(code, FAILED if any(not each["ok"] for each in findings) else OK)
        return {each["check"]: each["fault"] for each in findings if not each["ok"]}, findings

    def test_an_upload_goes_over_tls_and_the_doctor_is_content(self):
        address, env = self.serve("good")
        env["BERTH_CA_FILE"] = self.ca
        dist = self.path("dist/remoteEntry.js", b"var x; (() => { var m = {'./A': () => 1}; x = {get: m, init: 1}; })();")
        self.assertEqual(self.berth("push", "x@1.0.0", os.path.dirname(dist), "--activate", **env), OK, self.err)
        faults, findings = self.faults(address["public"], **env, https_proxy="http://127.0.0.1:1")
        self.assertEqual(faults, {}, "no proxy is asked for this machine itself")
        notes = {each["check"]: each["note"] for each in findings}
        for side in ("admin", "public"):
            self.assertRegex(notes["the certificate of the %s address lasts" % side], r"^days left: (89|90)$")
        self.berth("doctor", address["public"], **env)
        self.assertRegex(self.out, r"ok   the certificate of the public address lasts: days left: (89|90)\n")

    def test_the_doctor_looks_at_certificates(self):
        chain, name, lasts = ("the certificate of the public address " + what for what in (
            "is of a CA that is trusted here", "is for its name", "lasts"))
        address, env = self.serve("good")
        faults, _ = self.faults(address["public"], **env)
        self.assertIn("unable to get local issuer certificate", faults[chain])
        self.assertNotIn("the public address is ready", faults, "what else can be looked at is looked at")
        self.assertIn("is not to be trusted", faults["the admin address answers, and takes the token"])
        env["BERTH_CA_FILE"] = self.ca
        for which, check, text in (("short", lasts, r"days left: [45], until 20"), ("old", lasts, "it ended at 20"),
                                   ("other", name, "not for https://127.0.0.1:")):
            with self.subTest(which):
                address, env = self.serve(which)
                faults, _ = self.faults(address["public"], **env, BERTH_CA_FILE=self.ca)
                self.assertRegex(faults[check], text)
                self.assertNotIn(chain, faults)

    def test_the_doctor_tells_a_port_without_tls(self):
        with socket.socket() as quiet:
            quiet.bind(("127.0.0.1", 0))
            port = quiet.getsockname()[1]
        for url in ("https://127.0.0.1:%d" % port, self.server.url.replace("http:", "https:")):
            self.server.answers = [Answer(200, {})]
            faults, _ = self.faults(url)
            self.assertIn("the public address speaks TLS", faults)


if __name__ == "__main__":
    unittest.main()
