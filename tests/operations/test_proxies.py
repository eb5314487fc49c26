#!/usr/bin/env python3
"""The configurations that we give for nginx and Caddy, run as they are but for ports, names and paths.

usage: BERTH_BIN=path/to/berth tests/operations/test_proxies.py
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests/http/site"))

import bundles  # noqa: E402
from harness import BERTH, PATIENCE_S, Server, until  # noqa: E402

NAME = "shop.example.org"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


class Proxies(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="berth-proxy-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.port = free_port()   # with TLS
        self.plain = free_port()  # the same without, for berth doctor, which knows no authority of ours
        self.server = Server("--public-url", "http://127.0.0.1:%d" % self.plain)
        self.addCleanup(self.server.discard)

    def path(self, name):
        return os.path.join(self.folder, name)

    def given(self, name, *changes):
        """A configuration of ours with its own ports and paths; each change must find something."""
        with open(os.path.join(ROOT, "server/packaging", name), encoding="utf-8") as file:
            text = file.read()
        for old, new in (("127.0.0.1:8080", self.server.public.address), *changes):
            self.assertIn(old, text)
            text = text.replace(old, new)
        return text

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def run_proxy(self, *command, **environment):
        with open(self.path("proxy.log"), "wb") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log,
                                       env={**os.environ, **environment})
        self.addCleanup(process.wait, PATIENCE_S)
        self.addCleanup(process.terminate)
        until(lambda: answers(self.port) or process.poll() is not None, "the proxy")
        with open(self.path("proxy.log"), encoding="utf-8", errors="replace") as file:
            self.assertIsNone(process.poll(), file.read())

    def certificate(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "2", "-subj", "/CN=" + NAME, "-addext", "subjectAltName=DNS:" + NAME, "-keyout",
                        self.path("berth.key"), "-out", self.path("berth.pem")], check=True, capture_output=True)
        return self.path("berth.pem")

    def curl(self, path, *words):
        """Status, version, headers and body of a GET through the proxy."""
        done = subprocess.run(
            ["curl", "-sS", "--http2", "--cacert", self.authority, "--resolve", "%s:%d:127.0.0.1" % (NAME, self.port), "-D",
             self.path("head"), "-o", self.path("body"), "-w", "%{http_code} %{http_version}", *words,
             "https://%s:%d%s" % (NAME, self.port, path)], capture_output=True, text=True, timeout=PATIENCE_S)
        status, version = (done.stdout or "0 0").split()
        with open(self.path("head"), encoding="latin-1") as file:
            headers = dict(re.findall(r"^([^:\s]+): *(.*?)\r?$", file.read().lower(), re.M))
        with open(self.path("body"), "rb") as file:
            return int(status), version, headers, file.read()

    def check_all(self):
        """What browsers need of Berth comes through."""
        self.server.put("cart", "1.0.0", bundles.bundle(), "?activate=true")
        status, version, headers, body = self.curl("/manifests/remotes.json")
        self.assertEqual((status, version), (200, "2"), body)
        self.assertEqual((headers["cache-control"], headers["access-control-allow-origin"]), ("no-cache", "*"))
        self.assertEqual(self.curl("/manifests/remotes.json", "-H", "If-None-Match: " + headers["etag"])[0], 304)
        path = "/m/cart@1.0.0/remoteEntry.js"
        status, _, headers, plain = self.curl(path)
        self.assertEqual((status, headers.get("content-encoding")), (200, None))
        self.assertIn("immutable", headers["cache-control"])
        self.assertEqual(self.curl(path, "-H", "Range: bytes=0-9")[0], 206)
        done = subprocess.run([BERTH, "doctor", "http://127.0.0.1:%d" % self.plain], capture_output=True, text=True,
                              timeout=PATIENCE_S, env={**os.environ, "BERTH_TOKEN": self.server.token,
                                                       "BERTH_SERVER": "http://" + self.server.admin.address})
        self.assertTrue(done.stdout.endswith("all is well\n"), done.stdout + done.stderr)
        status, version, headers, body = self.curl("/events", "-N", "--max-time", "3")
        self.assertEqual((status, headers["content-type"]), (200, "text/event-stream"))
        self.assertTrue(body, "the stream's first bytes come while it is open")
        self.assertEqual(self.curl("/api/system")[0], 404, "the admin listener is not reachable")
        posted = self.curl("/reports", "-X", "POST", "-H", "Content-Type: application/json", "-d", "{}")
        self.assertEqual(posted[0], 204, "reports come through")

    @unittest.skipUnless(shutil.which("nginx"), "nginx is not here")
    def test_nginx(self):
        self.authority = self.certificate()
        site = self.given("nginx.conf", ("listen 443 ssl http2", "listen 127.0.0.1:%d; listen 127.0.0.1:%d ssl http2" % (self.plain, self.port)),
                          ("/etc/ssl/berth.pem", self.path("berth.pem")), ("/etc/ssl/berth.key", self.path("berth.key")))
        temporary = "".join("%s_temp_path %s;\n" % (kind, self.path(kind))
                            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        config = self.write("nginx.conf", "daemon off; pid %s; error_log stderr; events {}\nhttp {\naccess_log off;\n%s%s}\n"
                            % (self.path("pid"), temporary, site))
        self.run_proxy("nginx", "-p", self.folder, "-c", config)
        self.check_all()

    @unittest.skipUnless(shutil.which("caddy"), "Caddy is not here")
    def test_caddy(self):
        self.certificate()
        site = self.given("Caddyfile", ("grace_period 5s", "grace_period 1s\n\tadmin off\n\tauto_https disable_redirects"),
                          (NAME + " {", "https://%s:%d {\n\ttls %s %s" % (
            NAME, self.port, self.path("berth.pem"), self.path("berth.key"))))
        block = site[site.rindex("https://"):]
        site += block.replace("https://%s:%d {" % (NAME, self.port), "http://127.0.0.1:%d {" % self.plain).replace("\ttls ", "\t#")
        config = self.write("Caddyfile", site)
        self.authority = self.path("berth.pem")
        self.run_proxy("caddy", "run", "--config", config, "--adapter", "caddyfile", HOME=self.folder, XDG_DATA_HOME=self.folder,
                       XDG_CONFIG_HOME=self.folder)
        self.check_all()
        self.assertIn("h3=", self.curl("/manifests/remotes.json")[2]["alt-svc"], "HTTP/3 is offered")


if __name__ == "__main__":
    unittest.main()
