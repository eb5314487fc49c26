#!/usr/bin/env python3
"""Server-sent events: order, replay, reset, heartbeat, limits, and the end.

usage: BERTH_BIN=path/to/berth tests/http/site/test_events.py [TestCase[.test]]
"""

import bundles
from harness import EventStream, Server, SiteCase, main, until

PAGE = {"path": "/events-page", "title": "x", "slots": [{"name": "a", "module": "m", "expose": "./A"}]}


class Events(SiteCase):
    def setUp(self):
        self.name = "e-" + self._testMethodName.removeprefix("test_").replace("_", "-")[:50]
        for version in ("1.0.0", "1.1.0"):
            self.server.put(self.name, version, bundles.bundle(self.name + version))

    def flip(self, count):
        """That many activations; their generations."""
        live = self.admin.get("/api/modules/%s/live" % self.name).json.get("version")
        versions = ["1.1.0", "1.0.0"] if live == "1.0.0" else ["1.0.0", "1.1.0"]
        return [self.server.make_live(self.name, versions[i % 2])["generation"] for i in range(count)]

    def test_the_head(self):
        with EventStream(self.server) as stream:
            head = stream.head
            self.assertEqual(head.status, 200)
            self.assertEqual((head["Content-Type"], head["Cache-Control"], head["Connection"],
                              head["Access-Control-Allow-Origin"], head["Content-Length"], head["X-Accel-Buffering"]),
                             ("text/event-stream", "no-store", "close", "*", None, "no"))
            self.assertRegex(stream.block()[0], r"^retry: \d+$")
        head = self.public.call("HEAD", "/events")
        self.assertEqual((head.status, head["Content-Type"]), (200, "text/event-stream"))

    def test_an_activation_is_told(self):
        with EventStream(self.server) as stream:
            stream.block()
            first, second = self.flip(2)
            event = stream.event()
            self.assertEqual((event["id"], event["event"]), (str(first), "activated"))
            remote = event["data"].pop("remote")
            self.assertEqual(event["data"], {"generation": first, "module": self.name, "version": "1.0.0",
                                             "previous": None})
            self.assertEqual((remote["version"], remote["generation"], remote["base"]),
                             ("1.0.0", first, "/m/%s@1.0.0/" % self.name))
            event = stream.event()
            self.assertEqual((event["id"], event["data"]["version"], event["data"]["previous"]),
                             (str(second), "1.1.0", "1.0.0"))
            self.assertEqual(event["data"]["remote"],
                             self.public.get("/manifests/remotes.json").json["remotes"][self.name])
            back = self.server.rollback(self.name).json
            event = stream.event()
            self.assertEqual((event["id"], event["event"], event["data"]["version"]),
                             (str(back["generation"]), "activated", "1.0.0"))

    def test_a_staged_version_is_a_hint_without_an_id(self):
        path = "/api/modules/%s/stage" % self.name
        with EventStream(self.server) as stream:
            stream.block()
            first, = self.flip(1)
            self.assertEqual(stream.event()["id"], str(first))
            reply = self.admin.json("POST", path, {"version": "1.1.0"})
            self.assertStatus(reply, 200)
            told = reply.json
            self.assertTrue(told.pop("compatibility")["compatible"])
            self.assertEqual(told, {"module": self.name, "version": "1.1.0", "streams": 1})
            event = stream.event()
            self.assertEqual((event.get("id"), event["event"], event["data"]["version"]), (None, "staged", "1.1.0"))
            self.assertEqual(event["data"]["remote"]["base"], "/m/%s@1.1.0/" % self.name)
            second, = self.flip(1)
            self.assertEqual((stream.event()["id"], second), (str(first + 1), first + 1))
        self.assertStatus(self.admin.json("POST", path, {"version": "9.9.9"}), 404, "version-unknown")
        self.assertStatus(self.admin.json("POST", "/api/modules/unheard-of/stage", {"version": "1.0.0"}), 404,
                          "module-unknown")
        self.assertStatus(self.admin.json("POST", path, {}), 400, "version")
        self.assertStatus(self.admin.json("POST", path, {"version": "1.0.0", "x": 1}), 400, "json-member")

    def test_what_changes_nothing_is_not_told(self):
        generation = self.flip(1)[0]
        with EventStream(self.server) as stream:
            stream.block()
            self.server.make_live(self.name, "1.0.0")
            self.server.activate(self.name, "1.1.0", {"If-Match": '"0"'})
            self.server.activate(self.name, "9.9.9")
            self.server.put(self.name, "2.0.0", bundles.bundle("2"))
            self.server.make_live(self.name, "2.0.0")
            event = stream.event()
            self.assertEqual((event["id"], event["data"]["version"]), (str(generation + 1), "2.0.0"))

    def test_a_page_is_told(self):
        with EventStream(self.server) as stream:
            stream.block()
            made = self.server.put_page("told", PAGE).json
            event = stream.event()
            self.assertEqual((event["id"], event["event"], event["data"]),
                             (str(made["generation"]), "page", {"generation": made["generation"], "page": "told"}))
            self.server.put_page("told", PAGE)  # the same again
            self.admin.call("DELETE", "/api/pages/told")
            event = stream.event()
            self.assertEqual((event["id"], event["event"]), (str(made["generation"] + 1), "page"))

    def test_what_was_missed_is_replayed_in_order(self):
        made = self.flip(6)
        for at in range(6):
            with EventStream(self.server, made[at]) as stream:
                self.assertEqual([int(stream.event()["id"]) for _ in made[at + 1:]], made[at + 1:])
                more = self.flip(1)
                self.assertEqual(int(stream.event()["id"]), more[0], "and then what comes")
                made += more
        with EventStream(self.server) as stream:  # in the query, for clients that cannot set the header
            with self.public.connect() as connection:
                connection.send(self.public.head_text("GET", "/events?lastEventId=%d" % made[-2]))
                self.assertEqual(connection.head().status, 200)
                connection.read_until(b"\n\n")
                self.assertIn(b"id: %d\n" % made[-1], connection.read_until(b"\n\n") + b"\n")

    def test_an_id_from_elsewhere_gets_a_reset(self):
        newest = self.flip(1)[0]
        with EventStream(self.server, newest + 1000) as stream:
            event = stream.event()
            self.assertEqual((event["event"], event["id"], event["data"]),
                             ("reset", str(newest), {"generation": newest}))
            next_one = self.flip(1)[0]
            self.assertEqual(int(stream.event()["id"]), next_one)

    def test_an_id_that_is_none_begins_with_what_comes(self):
        self.flip(2)
        for value in ("abc", "-1", "", "1.5", "99999999999999999999", "1 2", "0x1"):
            with self.subTest(value):
                with EventStream(self.server, value) as stream:
                    stream.block()
                    made = self.flip(1)[0]
                    event = stream.event()
                    self.assertTrue(event["event"] == "reset" or int(event["id"]) == made, event)

    def test_a_client_that_has_fallen_far_behind_gets_a_reset(self):
        first = self.flip(1)[0]
        self.server.hammered = True
        versions = ["1.1.0", "1.0.0"]
        with self.admin.connect() as connection:
            for number in range(1100):
                reply = self.admin.call_on(connection, "PUT", "/api/modules/%s/live" % self.name,
                                           b'{"version":"%s"}' % versions[number % 2].encode(),
                                           {"Content-Type": "application/json"})
                self.assertStatus(reply, 200)
        newest = self.server.generation()
        self.assertEqual(newest, first + 1100)
        with EventStream(self.server, first) as stream:
            event = stream.event()
            self.assertEqual((event["event"], int(event["id"])), ("reset", newest))
        with EventStream(self.server, newest - 1000) as stream:
            self.assertEqual([int(stream.event()["id"]) for _ in range(1000)],
                             list(range(newest - 999, newest + 1)))

    def test_all_streams_are_told(self):
        streams = [EventStream(self.server) for _ in range(20)]
        try:
            for stream in streams:
                stream.block()
            made = self.flip(3)
            for stream in streams:
                self.assertEqual([int(stream.event()["id"]) for _ in made], made)
        finally:
            for stream in streams:
                stream.close()


class Limits(SiteCase):
    options = ("--max-streams", "2", "--heartbeat-ms", "50")

    def open(self):
        """A stream; closed ones keep their place until the server notices, by its heartbeat."""
        def attempt():
            stream = EventStream(self.server)
            if stream.head.status == 200:
                return stream
            stream.close()
            return None
        stream = until(attempt, "a free place")
        self.addCleanup(stream.close)
        stream.block()
        return stream

    def test_an_idle_stream_has_a_heartbeat(self):
        stream = self.open()
        for _ in range(5):
            lines = stream.block()
            self.assertTrue(lines[0].startswith(":"), lines)

    def test_beyond_the_cap_a_client_is_told_to_come_back(self):
        first, _ = self.open(), self.open()
        reply = self.public.get("/events")
        self.assertStatus(reply, 503, "limit-streams")
        self.assertEqual(reply["Access-Control-Allow-Origin"], "*")
        self.assertStatus(self.public.get("/livez"), 200)
        first.close()
        self.open()


class Restart(SiteCase):
    def test_what_was_missed_is_replayed_after_a_restart(self):
        for version in ("1.0.0", "1.1.0"):
            self.server.put("again", version, bundles.bundle(version))
        made = [self.server.make_live("again", v)["generation"] for v in ("1.0.0", "1.1.0")]
        made.append(self.server.put_page("again", PAGE).json["generation"])
        made.append(self.server.rollback("again").json["generation"])
        self.admin.call("DELETE", "/api/pages/again")
        made.append(self.server.generation())
        with EventStream(self.server, 0) as stream:
            before = [stream.event() for _ in made]
        self.server.restart()
        with EventStream(self.server, 0) as stream:
            after = [stream.event() for _ in made]
            self.assertEqual([int(e["id"]) for e in after], made)
            for old, new in zip(before, after):
                self.assertEqual(old, new)
            newer = self.server.make_live("again", "1.1.0")["generation"]
            self.assertEqual(newer, made[-1] + 1)
            self.assertEqual(int(stream.event()["id"]), newer)
        with EventStream(self.server, made[-1]) as stream:
            self.assertEqual(int(stream.event()["id"]), newer)

    def test_a_stream_is_told_that_the_server_stops(self):
        stream = EventStream(self.server)
        stream.block()
        self.server.terminate()
        event = stream.event()
        self.assertEqual(event["event"], "draining")
        self.assertNotIn("id", event, "the client keeps the id that it comes back with")
        self.assertIsNone(stream.event())
        stream.close()
        self.server.check_exit(self.server.wait())
        self.server.start()


if __name__ == "__main__":
    main()
