#!/usr/bin/env python3
"""berth open: which URL it is, and who gets it.

usage: BERTH_BIN=path/to/berth tests/http/cli/test_open.py [TestCase[.test]]
"""

import ctypes
import http.cookiejar
import json
import os
import struct
import subprocess
import time
import unittest
import urllib.request

import test_with_server
from fake_server import Answer, problem
from test_cli import BERTH, DENIED, MODULES, NOT_FOUND, OK, UNREACHABLE, USAGE, CliCase

PUBLIC = "https://shop.example.org"
SESSION = Answer(200, {"publicUrl": PUBLIC})
PAGES = Answer(200, {"pages": [{"name": "cart", "path": "/cart"}, {"name": "front", "path": "/"}]})
CART = Answer(200, {"name": "cart", "manifest": {"document": {"module": "@shop/cart", "file": "index.html"}}})
FRONT = Answer(200, {"name": "front", "manifest": {"slots": [{"module": "header-app"}, {"module": "@shop/cart"}]}})
SIGNED = Answer(201, {"module": "header-app", "version": "1.2.0", "berth": "header-app@1.2.0.99.s-ig_",
                      "until": "2026-11-21T12:00:00.000Z"})


def without_pidfds():
    """In a child: pidfd_open(2) is not there, as on an old kernel or in a sandbox (seccomp(2))."""
    pidfd_open, enosys = 434, 38  # on every architecture that has the call in the common table
    set_no_new_privileges, set_seccomp, by_filter = 38, 22, 2
    load_number, equals, give = 0x20, 0x15, 0x06
    steps = ((load_number, 0, 0, 0), (equals, 0, 1, pidfd_open), (give, 0, 0, 0x00050000 | enosys),
             (give, 0, 0, 0x7fff0000))
    program = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    whole = ctypes.create_string_buffer(struct.pack("@HP", len(steps), ctypes.addressof(program)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(set_no_new_privileges, 1, 0, 0, 0) or libc.prctl(set_seccomp, by_filter, whole):
        raise OSError(ctypes.get_errno(), "no seccomp here")


class Urls(CliCase):
    def opened(self, *words, answers):
        self.assertEqual(self.berth("open", *words, "--print", answers=answers), OK, self.err)
        self.assertEqual(self.err, "")
        return self.out.strip()

    def test_without_a_word_it_is_the_front_page(self):
        self.assertEqual(self.opened(answers=[SESSION, PAGES]), PUBLIC + "/")

    def test_a_page_goes_by_its_name_and_by_its_path(self):
        for word in ("cart", "/cart"):
            self.assertEqual(self.opened(word, answers=[SESSION, PAGES]), PUBLIC + "/cart")

    def test_a_module_is_seen_on_the_first_page_that_shows_it(self):
        self.assertEqual(self.opened("header-app", answers=[SESSION, PAGES, CART, FRONT]), PUBLIC + "/")
        self.assertEqual(self.opened("@shop/cart", answers=[SESSION, PAGES, CART]), PUBLIC + "/cart")
        self.assertEqual(self.opened("@shop/cart", "front", answers=[SESSION, PAGES, FRONT]), PUBLIC + "/")
        self.assertEqual(self.opened("@shop/cart", "/cart", answers=[SESSION, PAGES, CART]), PUBLIC + "/cart")

    def test_a_version_is_previewed_by_a_link_that_the_server_signs(self):
        url = self.opened("header-app@1.2.0", answers=[SESSION, PAGES, CART, FRONT, SIGNED])
        self.assertEqual(url, PUBLIC + "/?berth=header-app%401.2.0.99.s-ig_")
        signing = self.server.requests[-1]
        self.assertEqual((signing.method, signing.path),
                         ("POST", "/api/modules/header-app/versions/1.2.0/preview"))

    def test_a_version_may_be_looked_at_on_any_page(self):
        url = self.opened("header-app@1.2.0", "cart", answers=[SESSION, PAGES, SIGNED])
        self.assertEqual(url, PUBLIC + "/cart?berth=header-app%401.2.0.99.s-ig_", "a module on it may take it in")

    def test_the_console_is_at_the_admin_address_whatever_the_token(self):
        for answer in (SESSION, problem("token-unknown", 401, "no")):
            self.assertEqual(self.opened("console", answers=answer), self.server.url + "/")
        self.assertEqual(self.berth("open", "console", "--print", BERTH_SERVER="http://127.0.0.1:1"), UNREACHABLE)

    def test_as_json_it_says_all_of_it(self):
        self.berth("open", "header-app@1.2.0", "--json", answers=[SESSION, PAGES, CART, FRONT, SIGNED])
        self.assertEqual(json.loads(self.out), {
            "url": PUBLIC + "/?berth=header-app%401.2.0.99.s-ig_", "page": "front", "module": "header-app",
            "version": "1.2.0", "until": "2026-11-21T12:00:00.000Z", "opened": False})

    def test_what_cannot_be_opened_is_told_with_what_to_do(self):
        none = Answer(200, {"pages": []})
        cases = (
            ([], [SESSION, none], NOT_FOUND, "there is no page yet\nhint: make one: berth page put"),
            (["/away"], [SESSION, PAGES], NOT_FOUND, "there is no page /away\nhint: see what there is: berth page list"),
            (["crat"], [SESSION, PAGES, CART, FRONT, Answer(200, MODULES)], NOT_FOUND,
             "there is neither a page nor a module crat\nhint: did you mean cart?"),
            (["header-app"], [SESSION, none, Answer(200, MODULES)], NOT_FOUND,
             "no page shows header-app\nhint: put it in a slot"),
            (["header-app", "away"], [SESSION, PAGES], NOT_FOUND, "there is no page away"),
            (["header-app", "cart"], [SESSION, PAGES, CART, Answer(200, MODULES)], NOT_FOUND,
             "the page cart does not show header-app\nhint: see which one does: berth open header-app --print\n"),
            (["heder-app", "cart"], [SESSION, PAGES, CART, Answer(200, MODULES)], NOT_FOUND,
             "there is no module heder-app\nhint: did you mean header-app?"),
            (["nosuch", "front"], [SESSION, PAGES, FRONT, Answer(200, MODULES)], NOT_FOUND, "there is no module nosuch\n"),
            (["nosuch@1.0.0", "front"], [SESSION, PAGES, problem("version-unknown", 404, "no such version")], NOT_FOUND,
             "no such version\n"),
            (["front", "cart"], [SESSION, PAGES, CART, Answer(200, MODULES)], NOT_FOUND, "there is no module front\n"),
            (["header-app@1"], [SESSION, PAGES], USAGE, "where: header-app@1\n"),
            (["header-app@1.2.0"], [SESSION, PAGES, FRONT, problem("scope", 403, "it may not activate")], DENIED,
             "it may not activate\nhint: another token is needed"),
            ([], [Answer(200, {"publicUrl": None}), PAGES], NOT_FOUND, "hint: start it with --public-url"),
            ([], [problem("token-missing", 401, "no token")], DENIED, "hint: set BERTH_TOKEN"),
        )
        for words, answers, code, text in cases:
            with self.subTest(words=words):
                self.assertEqual(self.berth("open", *words, "--print", answers=answers), code, self.err)
                self.assertIn(text, self.err)
                self.assertEqual(self.out, "")

    def test_nothing_but_a_url_is_handed_to_a_browser(self):
        for origin in ("javascript:alert(1)//", "http://x/;touch evil", "http://x/$(touch evil)", "file:///etc/passwd",
                       "http://x/'", "--new-window"):
            with self.subTest(origin=origin):
                path = self.path("browser", b"#!/bin/sh\ntouch %s/opened\n" % self.folder.encode())
                os.chmod(path, 0o700)
                code = self.berth("open", answers=[Answer(200, {"publicUrl": origin}), PAGES], BROWSER=path)
                self.assertNotEqual(code, OK)
                self.assertIn("is no URL", self.err)
                self.assertEqual(self.out, "")
                self.assertFalse(os.path.exists(os.path.join(self.folder, "opened")))


class Browsers(CliCase):
    def browser(self, code=0, name="browser"):
        """A program that writes down how it was called."""
        path = self.path(name, b'#!/bin/sh\nprintf "%%s\\n" "$@" >%s/called\necho chatter\nexit %d\n'
                         % (self.folder.encode(), code))
        os.chmod(path, 0o700)
        return path

    def called(self):
        path = os.path.join(self.folder, "called")
        if not os.path.exists(path):
            return None
        with open(path, encoding="utf-8") as file:
            words = file.read().splitlines()
        os.remove(path)
        return words

    def run_open(self, *words, **env):
        self.assertEqual(self.berth("open", *words, answers=[SESSION, PAGES], **env), OK, self.err)

    def test_the_browser_that_is_named_gets_the_url(self):
        url = PUBLIC + "/"
        program = self.browser()
        for named, words in ((program, [url]), (program + " --new %s now", ["--new", url, "now"]),
                             ("/nowhere/at-all:" + program, [url]), (program + " --app=%s", ["--app=" + url])):
            with self.subTest(named=named):
                self.run_open(BROWSER=named)
                self.assertEqual(self.called(), words)
                self.assertTrue(self.out.startswith(url + "\n"), "the URL is printed, and first")
                self.assertEqual(self.err, "")

    def test_with_a_display_xdg_open_gets_it_and_has_no_part_in_the_output(self):
        self.browser(name="bin/xdg-open")
        for display in ({"DISPLAY": ":99"}, {"WAYLAND_DISPLAY": "wayland-0"}):
            self.run_open(PATH=self.folder + "/bin:" + os.environ["PATH"], **display)
            self.assertEqual(self.called(), [PUBLIC + "/"])
            self.assertEqual((self.out, self.err), (PUBLIC + "/\n", ""))

    def test_where_there_is_none_the_url_is_printed_and_that_is_told(self):
        self.browser(name="bin/xdg-open")
        self.run_open(PATH=self.folder + "/bin:" + os.environ["PATH"])
        self.assertIsNone(self.called(), "without a display nothing is started")
        self.assertEqual(self.out, PUBLIC + "/\n")
        self.assertEqual(self.err, "there is no display here, and BROWSER is not set; open the URL yourself\n")
        for env, text in (({"DISPLAY": ":99", "PATH": "/nowhere"}, "cannot start xdg-open: No such file or directory"),
                          ({"BROWSER": "/nowhere/x"}, "cannot start /nowhere/x: No such file"),
                          ({"BROWSER": self.browser(code=3)}, "failed (exit code 3)")):
            self.run_open(**env)
            self.assertTrue(self.out.startswith(PUBLIC + "/\n"))
            self.assertIn(text, self.err)

    def test_print_starts_nothing(self):
        self.run_open("--print", BROWSER=self.browser())
        self.assertIsNone(self.called())

    def test_as_json_the_browser_cannot_spoil_the_document(self):
        self.run_open("--json", BROWSER=self.browser())
        self.assertEqual(json.loads(self.out)["opened"], True)
        self.assertEqual(self.called(), [PUBLIC + "/"])
        self.run_open("--json", BROWSER=self.browser(code=1))
        self.assertEqual(json.loads(self.out)["opened"], False)

    def test_a_browser_that_stays_is_not_waited_for(self):
        self.run_open(DISPLAY=":99", BROWSER=self.staying_browser())
        self.end_staying_browser()

    def test_a_browser_that_stays_is_not_waited_for_where_there_are_no_pidfds(self):
        self.server.answers = [SESSION, PAGES]
        process = subprocess.Popen([BERTH, "open"], env=self.environment(DISPLAY=":99", BROWSER=self.staying_browser()),
                                   stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, preexec_fn=without_pidfds)
        try:
            self.assertEqual(process.communicate(timeout=30)[0].decode(), PUBLIC + "/\n")
            self.assertEqual(process.returncode, OK)
        finally:
            self.end_staying_browser()
            process.communicate(timeout=30)

    def test_a_browser_that_fails_is_told_where_there_are_no_pidfds(self):
        self.server.answers = [SESSION, PAGES]
        done = subprocess.run([BERTH, "open"], env=self.environment(DISPLAY=":99", BROWSER=self.browser(code=3)),
                              capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL, preexec_fn=without_pidfds)
        self.assertEqual((done.returncode, done.stdout), (OK, PUBLIC + "/\n"))
        self.assertIn("failed (exit code 3)", done.stderr)

    def staying_browser(self):
        path = self.path("browser", b"#!/bin/sh\necho $$ >%s/pid\nexec sleep 600\n" % self.folder.encode())
        os.chmod(path, 0o700)
        return path

    def end_staying_browser(self):
        path = os.path.join(self.folder, "pid")
        deadline = time.monotonic() + 30
        while not os.path.exists(path) or not os.path.getsize(path):
            self.assertLess(time.monotonic(), deadline, "it never ran")
        with open(path, encoding="ascii") as file:
            pid = int(file.read())
        self.assertEqual(os.getsid(pid), pid, "a Ctrl-C at the terminal is not for it")
        os.kill(pid, 15)


class Preview(unittest.TestCase):
    """A real server: the link shows the version to whoever follows it, and to nobody else."""

    @classmethod
    def setUpClass(cls):
        test_with_server.WithServer.setUpClass()
        cls.addClassCleanup(test_with_server.WithServer.doClassCleanups)

    def test_the_link_leads_to_the_page_with_the_version(self):
        there = test_with_server.WithServer()
        page = os.path.join(there.folder, "seen.json")
        with open(page, "w", encoding="ascii") as file:
            json.dump({"path": "/seen", "title": "Seen", "slots": [
                {"name": "top", "module": "seen-app", "expose": "./Header"}]}, file)
        there.berth("push", "seen-app@1.0.0", there.dist("1.0.0"), "--activate")
        there.berth("push", "seen-app@1.1.0", there.dist("1.1.0"))
        there.berth("page", "put", page)
        plain = there.berth("open", "seen-app", "--print").strip()
        link = there.berth("open", "seen-app@1.1.0", "--print").strip()
        self.assertEqual(plain, there.address["public"] + "/seen")
        self.assertTrue(link.startswith(plain + "?berth=seen-app%401.1.0."), link)
        visitor = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        with visitor.open(link) as answer:
            self.assertIn(b"/m/seen-app@1.1.0/", answer.read())
        with urllib.request.urlopen(plain) as answer:
            self.assertNotIn(b"seen-app@1.1.0", answer.read())


if __name__ == "__main__":
    unittest.main()
