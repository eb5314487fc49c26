#!/usr/bin/env python3
"""berth doctor against a real server, by itself and through a proxy that spoils things.

usage: BERTH_BIN=path/to/berth tests/http/cli/test_doctor.py [TestCase[.test]]
"""

import http.server
import json
import subprocess
import threading
import unittest
import urllib.error
import urllib.request

import test_with_server

BERTH = test_with_server.BERTH


def server():
    """The class that has one; a name here would let its tests run again."""
    return test_with_server.WithServer


class Proxy(http.server.ThreadingHTTPServer):
    """Passes requests on; `spoil(path, headers)` changes the answer's headers, or answers by a number."""

    daemon_threads = True

    def __init__(self, target, spoil, keeps=None):
        self.target = target
        self.keeps = keeps  # a path whose first answer is given again and again
        self.kept = None
        self.spoil = spoil
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return "http://127.0.0.1:%d" % self.server_address[1]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        wanted = {name: self.headers[name] for name in ("If-None-Match", "Accept-Encoding") if self.headers[name]}
        request = urllib.request.Request(self.server.target + self.path, headers=wanted)
        try:
            answer = urllib.request.urlopen(request, timeout=30)
        except urllib.error.HTTPError as error:
            answer = error
        headers = {name.lower(): value for name, value in answer.headers.items()}
        status = self.server.spoil(self.path, headers) or answer.status
        stream = "event-stream" in headers.get("content-type", "")
        body = b"" if stream else answer.read()
        if self.path == self.server.keeps and status == 200:
            self.server.kept = body = self.server.kept or body
        self.send_response_only(status)
        for name, value in headers.items():
            if name not in ("connection", "content-length"):
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b":\n\n" if stream and status == 200 else body)

    def log_message(self, *_):
        pass


class Doctor(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        server().setUpClass()
        cls.addClassCleanup(server().doClassCleanups)
        cls.run_berth("push", "header-app@1.0.0", server().folder + "/1.0.0", "--activate")

    @staticmethod
    def run_berth(*words, token=None, **env):
        return subprocess.run([BERTH, *words], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
                              env={"BERTH_SERVER": server().address["admin"], "BERTH_TOKEN": token or server().token, **env})

    def faults(self, url, token=None, **env):
        done = self.run_berth("doctor", url, "--json", token=token, **env)
        findings = json.loads(done.stdout)
        for finding in findings:
            self.assertEqual(finding["ok"], finding["fault"] is None)
            self.assertEqual(finding["ok"], finding["fix"] is None, "each fault says what to do")
        faults = [finding["check"] for finding in findings if not finding["ok"]]
        self.assertEqual(done.returncode, 1 if faults else 0)
        return faults

    def through(self, spoil):
        proxy = Proxy(server().address["public"], spoil)
        self.addCleanup(proxy.server_close)
        self.addCleanup(proxy.shutdown)
        return self.faults(proxy.url)

    def test_a_server_as_it_is_has_no_fault(self):
        self.assertEqual(self.faults(server().address["public"] + "/"), [])
        done = self.run_berth("doctor", server().address["public"])
        self.assertTrue(done.stdout.endswith("all is well\n"), done.stdout)

    def test_a_proxy_that_only_passes_on_has_no_fault(self):
        self.assertEqual(self.through(lambda path, headers: None), [])

    def test_what_proxies_spoil_is_found(self):
        def drop(name, below="/"):
            return lambda path, headers: headers.pop(name, None) and None if path.startswith(below) else None

        def put(name, value):
            return lambda path, headers: headers.update({name: value})

        cases = (
            ("other origins may read them", drop("access-control-allow-origin")),
            ("what is live is asked for anew, and answered 304 when it is known", drop("cache-control", "/manifests")),
            ("what is live is asked for anew, and answered 304 when it is known", drop("etag", "/manifests")),
            ("they are kept for ever", drop("cache-control", "/m/")),
            ("compression is left to the server", lambda path, headers: headers.update({"content-encoding": "identity"})
             if path.startswith("/m/") else None),
            ("no browser guesses their types", drop("x-content-type-options", "/m/")),
            ("event streams arrive at once", lambda path, headers: 404 if path == "/events" else None),
            ("the admin API is not public", lambda path, headers: 401 if path.startswith("/api") else None),
            ("manifests can be read", lambda path, headers: 502 if path.startswith("/manifests") else None),
            ("files of modules can be read", lambda path, headers: 404 if path.startswith("/m/") else None),
            ("the clocks agree", put("date", "Tue, 01 Jan 2019 00:00:00 GMT")),
        )
        for check, spoil in cases:
            with self.subTest(check):
                self.assertEqual(self.through(spoil), [check])

    def test_a_cache_that_keeps_what_was_live_is_found(self):
        proxy = Proxy(server().address["public"], lambda path, headers: None, keeps="/manifests/remotes.json")
        self.addCleanup(proxy.server_close)
        self.addCleanup(proxy.shutdown)
        self.assertEqual(self.faults(proxy.url), [])
        self.run_berth("push", "header-app@1.1.0", server().folder + "/1.1.0", "--activate")
        self.assertEqual(self.faults(proxy.url), ["the public side tells what is live now"])

    def test_no_proxy_is_asked_for_this_machine_itself(self):
        self.assertEqual(self.faults(server().address["public"], http_proxy="http://127.0.0.1:1"), [])

    def test_a_token_over_plain_http_is_found_by_the_host_and_not_by_how_the_url_begins(self):
        check = "the token travels protected"
        public, admin = server().address["public"], server().address["admin"]
        dead = {"http_proxy": "http://127.0.0.1:1"}  # no name is looked up
        for url in ("http://127.example.org", "http://127.0.0.1.example.org", "http://localhost.example.org",
                    "http://192.0.2.1"):
            with self.subTest(url):
                self.assertIn(check, self.faults(public, BERTH_SERVER=url, **dead))
        for url in (admin.replace("http:", "HTTP:"), admin.replace("127.0.0.1", "LocalHost"),
                    admin.replace("127.0.0.1", "127.1"), "http://127.0.0.2:1", "http://[::1]:1", "HTTPS://127.example.org"):
            with self.subTest(url):
                self.assertNotIn(check, self.faults(public, BERTH_SERVER=url, https_proxy="http://127.0.0.1:1"))

    def test_what_does_not_answer(self):
        self.assertEqual(self.faults("http://127.0.0.1:1"), ["the public address is ready"])
        self.assertEqual(self.faults(server().address["public"], token="berth_" + "x" * 43),
                         ["the admin address answers, and takes the token"])
        done = self.run_berth("doctor", "http://127.0.0.1:1")
        self.assertRegex(done.stdout, r"FIX  the public address is ready: .*(refused|connect).*\n     see that the server runs")


if __name__ == "__main__":
    unittest.main()
