#!/usr/bin/env python3
"""Many at once: one winner, no lost or doubled change, and never a file of another version.

usage: BERTH_BIN=path/to/berth tests/http/site/test_races.py [TestCase[.test]]
"""

import json
import re
import threading

import bundles
from checked import CheckedCase
from harness import EventStream, SiteCase, at_once, main


class Races(CheckedCase):
    options = ("--max-uploads", "16")

    def test_one_of_64_activations_with_the_same_precondition_wins(self):
        for number in range(8):
            self.server.put("winner", "1.0.%d" % number, bundles.bundle(str(number)))
        for state in ("nothing live", "something live"):
            with self.subTest(state):
                live = self.admin.get("/api/modules/winner/live")
                condition = {"If-Match": live["ETag"]} if live.status == 200 else {"If-None-Match": "*"}
                taken = live.json.get("version")
                versions = ["1.0.%d" % n for n in range(8) if "1.0.%d" % n != taken]
                before = self.server.generation()
                replies = at_once(64, lambda i: self.server.activate("winner", versions[i % len(versions)],
                                                                     condition))
                statuses = [reply.status for reply in replies]
                self.assertEqual((statuses.count(200), statuses.count(412)), (1, 63), statuses)
                won = next(reply for reply in replies if reply.status == 200).json
                self.assertEqual(won["generation"], before + 1)
                self.assertEqual(self.admin.get("/api/modules/winner/live").json["version"], won["version"])
                self.assertEqual(self.server.generation(), before + 1)

    def test_activations_without_a_precondition_all_count_once(self):
        for number in range(4):
            self.server.put("many", "1.0.%d" % number, bundles.bundle(str(number)))
        before = self.server.generation()
        with EventStream(self.server, before) as stream:
            replies = at_once(32, lambda i: self.server.activate("many", "1.0.%d" % (i % 4)))
            self.assertEqual({reply.status for reply in replies}, {200})
            made = sorted(r.json["generation"] for r in replies if r.json["changed"])
            self.assertEqual(made, list(range(before + 1, before + 1 + len(made))))
            history = [row for row in self.admin.get("/api/modules/many").json["history"]]
            self.assertEqual([row["generation"] for row in history], made[::-1])
            # What each one replaced is what the one before had made live.
            for row, older in zip(history, history[1:]):
                self.assertEqual(row["previous"], older["version"])
            events = [stream.event() for _ in made]
            self.assertEqual([int(event["id"]) for event in events], made)
            self.assertEqual([event["data"]["version"] for event in events],
                             [row["version"] for row in history[::-1]])

    def test_one_of_16_uploads_creates(self):
        archive = bundles.bundle("same", noise__bin=bytes(range(256)) * 400)
        replies = at_once(16, lambda i: self.server.upload("created", "1.0.0", archive))
        self.assertEqual(sorted(reply.status for reply in replies), [200] * 15 + [201])
        self.assertEqual(len({reply.json["digest"] for reply in replies}), 1)
        listed = self.admin.get("/api/modules/created/versions").json["versions"]
        self.assertEqual(len(listed), 1)

    def test_of_16_different_uploads_one_stands(self):
        archives = [bundles.bundle("different %d" % i) for i in range(16)]
        replies = at_once(16, lambda i: self.server.upload("stands", "1.0.0", archives[i]))
        self.assertEqual(sorted(reply.status for reply in replies), [201] + [409] * 15)
        winner = [reply.status for reply in replies].index(201)
        self.assertEqual(self.public.get("/m/stands@1.0.0/remoteEntry.js").body,
                         bundles.container("different %d" % winner))

    def test_uploads_of_one_module_do_not_lose_each_other(self):
        replies = at_once(16, lambda i: self.server.upload("siblings", "1.0.%d" % i, bundles.bundle(str(i)),
                                                           "?activate=true"))
        self.assertEqual({reply.status for reply in replies}, {201})
        listed = self.admin.get("/api/modules/siblings/versions").json["versions"]
        self.assertEqual(len(listed), 16)
        self.assertEqual(len(self.admin.get("/api/modules/siblings").json["history"]), 16)
        for number in range(16):
            self.assertEqual(self.public.get("/m/siblings@1.0.%d/remoteEntry.js" % number).body,
                             bundles.container(str(number)))

    def test_pages_and_tokens_at_once(self):
        page = {"path": "/raced", "title": "Raced", "slots": [{"name": "a", "module": "m", "expose": "./A"}]}
        replies = at_once(16, lambda i: self.server.put_page("raced", {**page, "title": "Title %d" % i},
                                                             {"If-None-Match": "*"}))
        self.assertEqual(sorted(reply.status for reply in replies), [201] + [412] * 15)
        replies = at_once(16, lambda i: self.server.put_page("raced-%d" % i, {**page, "path": "/one-path"}))
        self.assertEqual(sorted(reply.status for reply in replies), [201] + [409] * 15)
        ids = {token["id"] for token in at_once(16, lambda i: self.server.token_for("raced"))}
        self.assertEqual(len(ids), 16)


class Readers(SiteCase):
    """Readers on open connections while what is live changes 1,000 times."""

    def test_readers_never_get_the_wrong_body(self):
        self.server.hammered = True
        marks = {"1.0.%d" % n: "release %d " % n + "x" * (n * 40000) for n in range(4)}
        for version, mark in marks.items():
            self.server.put("hammer", version, bundles.bundle(mark))
        self.server.make_live("hammer", "1.0.0")
        self.server.put_page("hammer", {"path": "/hammer", "title": "Hammer", "slots": [
            {"name": "main", "module": "hammer", "expose": "./Header", "fallback": "<p>wait"}]})
        bodies = {version: bundles.container(mark) for version, mark in marks.items()}
        done = threading.Event()
        rounds = [0]

        def read_assets(connection):
            for version, body in bodies.items():
                reply = self.public.call_on(connection, "GET", "/m/hammer@%s/remoteEntry.js" % version)
                assert reply.status == 200 and reply.body == body, (version, reply)

        def read_alias(connection):
            reply = self.public.call_on(connection, "GET", "/m/hammer/remoteEntry.js")
            assert reply.status == 200, reply
            match = re.search(rb'"version":"(1\.0\.\d)","generation":(\d+)', reply.body)
            version, generation = match[1].decode(), int(match[2])
            assert ("/m/hammer@%s/remoteEntry.js" % version).encode() in reply.body
            reply = self.public.call_on(connection, "GET", "/m/hammer/456.7d31690c.js")
            assert reply.status == 302, reply
            return version, generation

        def read_page(connection):
            reply = self.public.call_on(connection, "GET", "/hammer")
            assert reply.status == 200, reply
            state = json.loads(re.search(rb'id="berth-state">(.*?)</script>', reply.body)[1])
            spec = state["modules"]["hammer"]
            base = "/m/hammer@%s/" % spec["version"]
            assert (spec["base"], spec["entry"]) == (base, base + "remoteEntry.js"), spec
            assert spec["generation"] <= state["generation"], state
            # What the page loads first is of the version that it tells; the way back is another.
            preloads = re.findall(rb' (?:href|src)="(/m/[^"]*)"', reply.body)
            assert preloads and all(href.decode().startswith(base) for href in preloads), preloads
            previous = spec.get("previous")
            if previous:
                assert previous["version"] != spec["version"], spec
                assert previous["base"] == "/m/hammer@%s/" % previous["version"], spec

        def read_remotes(connection):
            reply = self.public.call_on(connection, "GET", "/manifests/remotes.json")
            spec = reply.json["remotes"]["hammer"]
            assert spec["base"] == "/m/hammer@%s/" % spec["version"]
            return spec["version"], spec["generation"]

        def reader(index):
            last = 0
            with self.public.connect() as connection:
                while not done.is_set():
                    read_assets(connection)
                    _, generation = read_alias(connection)
                    assert generation >= last, "the generation went back"
                    _, last = read_remotes(connection)
                    assert last >= generation, "the generation went back"
                    read_page(connection)
                    rounds[0] += 1

        def writer():
            try:
                with self.admin.connect() as connection:
                    for number in range(1000):
                        version = "1.0.%d" % (number % 4)
                        reply = self.admin.call_on(
                            connection, "PUT", "/api/modules/hammer/live", b'{"version":"%s"}' % version.encode(),
                            {"Content-Type": "application/json"})
                        assert reply.status == 200, reply
            finally:
                done.set()
        at_once(5, lambda index: writer() if index == 0 else reader(index))
        self.assertGreater(rounds[0], 0)
        rows = self.admin.get("/api/modules/hammer").json["history"]
        self.assertEqual(len(rows), 50)

    def test_readers_of_versions_that_are_uploaded_meanwhile(self):
        def reader(index):
            with self.public.connect() as connection:
                for number in range(60):
                    path = "/m/growing@1.0.%d/remoteEntry.js" % (number % 20)
                    reply = self.public.call_on(connection, "GET", path)
                    assert reply.status in (200, 404), reply
                    if reply.status == 200:
                        assert reply.body == bundles.container(str(number % 20)), path

        def writer():
            for number in range(20):
                self.server.put("growing", "1.0.%d" % number, bundles.bundle(str(number)))
        at_once(4, lambda index: writer() if index == 0 else reader(index))


class SmallCache(Readers):
    """The same with no memory for what is not live: those files come from the disk."""
    options = ("--cache-bytes", "0")


if __name__ == "__main__":
    main()
