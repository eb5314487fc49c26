#!/usr/bin/env python3
"""What a server is watched by: /metrics, the dashboard and the alerts that are made of it, and traces.

usage: BERTH_BIN=path/to/berth tests/http/site/test_metrics.py [TestCase[.test]]
"""

import json
import os
import re
import shutil
import subprocess
import unittest

import bundles
from exposition import Exposition
from harness import EventStream, SiteCase, asset_path, main, until

PACKAGING = os.path.join(os.environ.get("BERTH_SOURCE", os.path.join(os.path.dirname(__file__), "../../..")),
                         "server", "packaging")
PROMTOOL = shutil.which(os.environ.get("PROMTOOL", "promtool"))
# scripts/test sets the variable, and then it must be there.
WITH_PROMTOOL = unittest.skipUnless(PROMTOOL or "PROMTOOL" in os.environ,
                                    "promtool is not here: it is in Debian's package prometheus")
HERE = os.path.dirname(os.path.abspath(__file__))
KINDS = {"loaded", "swapped", "load-failed", "swap-failed", "runtime-failure"}
LIMIT = 1000  # METRICS_MAX_VERSIONS of server/api/metrics.h
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = "00-%s-%s-01" % (TRACE, SPAN)


def promtool(*words, **more):
    if not PROMTOOL:
        raise AssertionError("there is no promtool at " + os.environ["PROMTOOL"])
    return subprocess.run([PROMTOOL, *words], capture_output=True, **more)


class MetricsCase(SiteCase):
    def scrape(self):
        reply = self.assertStatus(self.admin.get("/metrics"), 200)
        return Exposition(reply.body.decode())

    def requests(self, metrics, listener):
        return metrics.sum("berth_http_requests_total", listener=listener)

    def report(self, kind, module, version):
        body = json.dumps({"kind": kind, "module": module, "version": version}).encode()
        self.assertStatus(self.public.call("POST", "/reports", body, {"Content-Type": "application/json"}), 204)


class Answer(MetricsCase):
    def test_it_takes_a_token_that_may_read(self):
        self.assertStatus(self.admin.call("GET", "/metrics", token=""), 401)
        of_one = self.server.token_for(module="one", can=("read",))["token"]
        self.assertStatus(self.admin.call("GET", "/metrics", token=of_one), 403)
        read = self.server.token_for(can=("read",))["token"]
        reply = self.assertStatus(self.admin.call("GET", "/metrics", token=read), 200)
        self.assertEqual(reply["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
        self.assertEqual(reply["Cache-Control"], "no-store")
        Exposition(reply.body.decode())

    def test_the_public_listener_does_not_tell(self):
        self.assertStatus(self.public.get("/metrics"), 404)

    @WITH_PROMTOOL
    def test_promtool_finds_nothing_to_say(self):
        self.server.put("linted", "1.0.0", bundles.bundle("linted"), "?activate=true")
        self.report("loaded", "linted", "1.0.0")
        reply = self.admin.get("/metrics")
        done = promtool("check", "metrics", input=reply.body)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, b""))


class Traffic(MetricsCase):
    def test_each_request_that_was_answered_is_counted_once(self):
        for path in ("/readyz", "/nothing", "/manifests/remotes.json", "/m/x/remoteEntry.js"):
            self.public.get(path)
        self.public.call("POST", "/readyz", b"")
        self.public.call("OPTIONS", "/manifests/remotes.json")
        self.admin.get("/api/system")
        with self.public.connect() as connection:
            for _ in range(50):
                self.public.call_on(connection, "GET", "/livez")
        answered = list(self.server.answered)
        metrics = until(lambda: self.all_are_in(answered), "the requests to be counted")
        for listener in ("public", "admin"):
            for status in ("2xx", "3xx", "4xx", "5xx"):
                expected = [one for one in answered if one[0] == listener and one[3] // 100 == int(status[0])]
                self.assertEqual(metrics.sum("berth_http_requests_total", listener=listener, status=status),
                                 len(expected), (listener, status))
            count = metrics.get("berth_http_request_duration_seconds", "_count", listener=listener)
            self.assertEqual(count, self.requests(metrics, listener))
        self.assertEqual(metrics.get("berth_http_requests_total", listener="public", method="other", status="2xx"), 1)
        self.assertEqual(metrics.get("berth_http_requests_total", listener="public", method="write", status="4xx"), 1)
        self.assertGreater(metrics.get("berth_http_request_duration_seconds", "_sum", listener="public"), 0)
        self.assertLess(metrics.get("berth_http_connections_total", listener="public"),
                        self.requests(metrics, "public"))

    def all_are_in(self, answered):
        """Numbers that have all of these requests; the scrapes before are in them too, if need be."""
        extra = len(self.server.answered) - len(answered)
        metrics = self.scrape()
        if sum(self.requests(metrics, name) for name in ("public", "admin")) != len(answered) + extra:
            return None
        answered[:] = self.server.answered[:-1]  # but for the scrape itself
        return metrics

    def test_bytes_are_counted(self):
        data = os.urandom(3_000_000)
        self.server.put("heavy", "1.0.0", bundles.tar_gz({**bundles.files("heavy"), "big.bin": data}))
        before = self.scrape().get("berth_http_sent_bytes_total", listener="public")
        self.assertEqual(self.public.get(asset_path("heavy", "1.0.0", "big.bin")).body, data)
        until(lambda: self.scrape().get("berth_http_sent_bytes_total", listener="public") == before + len(data),
              "the bytes to be counted")

    def test_open_streams_and_connections_are_told(self):
        self.assertEqual(self.scrape().get("berth_event_streams"), 0)
        with EventStream(self.server):
            metrics = until(lambda: (lambda m: m.get("berth_event_streams") == 1 and m)(self.scrape()), "the stream")
            self.assertGreaterEqual(metrics.get("berth_http_connections", listener="public"), 1)
            self.assertGreaterEqual(metrics.get("berth_http_busy_requests", listener="public"), 1)
            self.assertEqual(metrics.get("berth_event_streams_limit"), 32)
            self.assertEqual(metrics.get("berth_http_connections_limit", listener="public"), 128)
        until(lambda: self.scrape().get("berth_event_streams") == 0, "the stream's end")

    def test_who_is_told_to_come_back_is_counted_by_rule(self):
        def refused():
            return self.public.call("POST", "/reports", b"{}").status == 503
        until(refused, "the limit on reports")
        metrics = self.scrape()
        self.assertGreaterEqual(metrics.get("berth_http_refused_total", listener="public", rule="limit-reports"), 1)


class State(MetricsCase):
    def test_uploads_and_changes_are_counted(self):
        before = self.scrape()

        def grown(name, **labels):
            return (self.scrape().get(name, **labels) or 0) - (before.get(name, **labels) or 0)
        archive = bundles.bundle("counted")
        self.server.put("counted", "1.0.0", archive, "?activate=true")
        self.assertStatus(self.server.upload("counted", "1.0.0", archive), 200)
        self.server.put("counted", "1.1.0", bundles.bundle("more"))
        self.assertStatus(self.server.upload("counted", "1.0.0", bundles.bundle("other")), 409)
        self.assertStatus(self.server.upload("counted", "2.0.0", b"no archive"), 415)
        self.assertStatus(self.server.upload("counted", "not-semver", archive), 400)
        self.assertStatus(self.server.upload("counted", "3.0.0", archive, token="berth_" + "A" * 43), 401)
        self.server.make_live("counted", "1.1.0")
        self.server.make_live("counted", "1.1.0")  # changes nothing
        self.assertStatus(self.server.activate("counted", "9.9.9"), 404)
        self.assertStatus(self.server.rollback("counted"), 200)
        self.assertEqual(grown("berth_uploads_total", result="created"), 2)
        self.assertEqual(grown("berth_uploads_total", result="same"), 1)
        self.assertEqual(grown("berth_activations_total", kind="activation"), 2)
        self.assertEqual(grown("berth_activations_total", kind="rollback"), 1)
        self.assertEqual(grown("berth_activations_failed_total", rule="version-unknown"), 1)
        after = self.scrape()
        self.assertEqual(after.sum("berth_uploads_failed_total") - before.sum("berth_uploads_failed_total"), 3)

    def test_what_is_kept_is_as_the_api_says(self):
        self.server.put("kept", "1.0.0", bundles.bundle("kept"), "?activate=true")

        def agree():
            system = self.admin.get("/api/system").json
            metrics = self.scrape()
            told = {name: metrics.get("berth_versions", compression=name) for name in ("none", "quick", "best")}
            return (told == system["versions"]["compression"] and
                    metrics.get("berth_modules") == system["modules"] and
                    metrics.get("berth_versions_bytes") == system["versions"]["bytes"] and
                    metrics.get("berth_generation") == system["generation"] and
                    metrics.get("berth_cache_bytes") == system["cache"]["bytes"] and
                    metrics.get("berth_cache_budget_bytes") == system["cache"]["budget"] and
                    metrics.get("berth_disk_size_bytes") == system["disk"]["total"] and
                    metrics.get("berth_variants_finished_versions_total") == system["compressor"]["finished"] and
                    metrics.get("berth_build_info", version=system["version"]) == 1)
        until(agree, "/metrics and /api/system to agree")
        metrics = self.scrape()
        self.assertEqual(metrics.get("berth_registry_readable"), 1)
        self.assertGreater(metrics.get("berth_disk_free_bytes"), 0)

    def test_reports_of_what_is_live_or_was_before_are_told(self):
        for version in ("1.0.0", "1.1.0", "1.2.0"):
            self.server.put("@told/app", version, bundles.bundle(version))
        for version in ("1.0.0", "1.1.0"):
            self.server.make_live("@told/app", version)
            self.report("runtime-failure", "@told/app", version)
        self.report("loaded", "@told/app", "1.2.0")
        metrics = self.scrape()
        labels = [dict(key[1]) for key in metrics["berth_reports_total"].samples]
        told = {(one["version"], one["kind"]) for one in labels if one["module"] == "@told/app"}
        self.assertEqual(told, {(version, kind) for version in ("1.0.0", "1.1.0") for kind in KINDS})
        for version in ("1.0.0", "1.1.0"):
            self.assertEqual(metrics.get("berth_reports_total", module="@told/app", version=version,
                                         kind="runtime-failure"), 1)
            self.assertEqual(metrics.get("berth_reports_total", module="@told/app", version=version, kind="loaded"), 0)
        live = {dict(key[1])["version"] for key in metrics["berth_live_version_info"].samples
                if dict(key[1])["module"] == "@told/app"}
        self.assertEqual(live, {"1.1.0"})
        self.assertEqual(metrics.get("berth_reports_left_out_versions"), 0)

    def test_open_pages_are_told_by_module(self):
        for name in ("@seen/app", "@unseen/app"):
            self.server.put(name, "1.0.0", bundles.bundle(name), "?activate=true")
        self.server.put_page("seen", {"path": "/seen", "title": "x",
                                      "slots": [{"name": "a", "module": "@seen/app", "expose": "./A"}]})
        with EventStream(self.server, headers={"Referer": "http://%s/seen" % self.public.address}):
            metrics = self.scrape()
        self.assertEqual(metrics.get("berth_module_browsers", module="@seen/app"), 1)
        self.assertEqual(metrics.get("berth_module_browsers", module="@unseen/app"), 0)

    def test_the_process_is_told_as_the_system_sees_it(self):
        metrics = self.scrape()
        with open("/proc/%d/status" % self.server.process.pid, encoding="ascii") as file:
            status = dict(line.split(":\t", 1) for line in file.read().splitlines() if ":\t" in line)
        resident = int(status["VmRSS"].split()[0]) * 1024
        self.assertLess(abs(metrics.get("process_resident_memory_bytes") - resident), max(resident / 2, 8 << 20))
        self.assertGreater(metrics.get("process_threads"), 2)
        self.assertLess(abs(metrics.get("process_open_fds") - self.server.count_descriptors()), 8)
        self.assertGreater(metrics.get("process_max_fds"), metrics.get("process_open_fds"))
        again = self.scrape()
        self.assertGreaterEqual(again.get("process_cpu_seconds_total"), metrics.get("process_cpu_seconds_total"))
        self.assertEqual(again.get("process_start_time_seconds"), metrics.get("process_start_time_seconds"))


class Many(MetricsCase):
    def test_no_more_versions_have_series_than_the_limit_says(self):
        archive = bundles.bundle("same")
        for i in range(LIMIT + 3):
            self.server.put("m-%d" % i, "1.0.0", archive, "?activate=true")
        metrics = self.scrape()
        self.assertEqual(metrics.get("berth_live_versions"), LIMIT + 3)
        self.assertEqual(metrics.get("berth_reports_left_out_versions"), 3)
        self.assertEqual(len(metrics["berth_live_version_info"].samples), LIMIT)
        self.assertEqual(len(metrics["berth_module_browsers"].samples), LIMIT)
        self.assertEqual(len(metrics["berth_reports_total"].samples), LIMIT * len(KINDS))


def expressions(value):
    """All queries of a dashboard."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in ("expr", "definition") and isinstance(inner, str):
                yield inner
            else:
                yield from expressions(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from expressions(inner)


def names_in(query):
    """(series, labels in its braces) of a query, and the labels that it groups by."""
    text = re.sub(r'"(?:[^"\\]|\\.)*"', '""', query)
    selectors = [(name, set(re.findall(r"([a-zA-Z_]\w*)\s*(?:=~|!~|!=|=)", braces or "")))
                 for name, braces in re.findall(r"\b((?:berth|process)_\w+|up)\b(?:\{([^}]*)\})?", text)]
    groups = {label.strip() for group in re.findall(r"\b(?:by|on|without|ignoring)\s*\(([^)]*)\)", text)
              for label in group.split(",")}
    return selectors, groups


class Packaging(MetricsCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.put("shown", "1.0.0", bundles.bundle("shown"), "?activate=true")
        cls.server.upload("shown", "1.0.0", bundles.bundle("other"))
        cls.server.activate("shown", "9.9.9")
        until(lambda: cls.server.public.call("POST", "/reports", b"{}").status == 503, "the limit on reports")

    def assertKnown(self, queries):
        """Every series and label is there; what Prometheus itself adds is known too."""
        series = {**self.scrape().series(), "up": set()}
        self.assertTrue(queries)
        used = set()
        for query in queries:
            selectors, groups = names_in(query)
            self.assertTrue(selectors, query)
            known = {"instance", "job"}
            for name, labels in selectors:
                self.assertIn(name, series, query)
                self.assertLessEqual(labels, series[name] | {"instance", "job"}, query)
                known |= series[name]
                used.add(name)
            self.assertLessEqual(groups, known, query)
        return used

    def test_the_dashboard_shows_only_what_there_is_and_all_of_it(self):
        with open(os.path.join(PACKAGING, "grafana.json"), encoding="utf-8") as file:
            dashboard = json.load(file)
        ids = [panel["id"] for panel in dashboard["panels"]]
        self.assertEqual(len(set(ids)), len(ids))
        used = self.assertKnown(list(expressions(dashboard)))
        shown = {re.sub(r"_(bucket|sum|count)$", "", name) for name in used}
        self.assertEqual(set(self.scrape().families) - shown, set(), "families that no panel shows")

    def alerts(self):
        with open(os.path.join(PACKAGING, "alerts.yml"), encoding="utf-8") as file:
            text = file.read()
        queries = re.findall(r"^        expr: (?:\|\n((?:^          .*\n)+)|(.*)\n)", text, re.MULTILINE)
        self.assertEqual(len(queries), text.count("- alert: "))
        return [block or line for block, line in queries]

    def test_the_alerts_ask_only_for_what_there_is(self):
        self.assertKnown(self.alerts())

    @WITH_PROMTOOL
    def test_promtool_takes_the_alerts(self):
        done = promtool("check", "rules", os.path.join(PACKAGING, "alerts.yml"))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    @WITH_PROMTOOL
    def test_the_alerts_fire_when_they_should_and_only_then(self):
        done = promtool("test", "rules", os.path.join(HERE, "..", "..", "operations", "alerts.test.yml"))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_every_name_in_the_documentation_is_there(self):
        with open(os.path.join(PACKAGING, "README.md"), encoding="utf-8") as file:
            names = set(re.findall(r"`((?:berth|process)_[a-z_]+)`", file.read()))
        self.assertTrue(names)
        self.assertLessEqual(names, set(self.scrape().series()) | set(self.scrape().families))


class Traces(SiteCase):
    def line_of(self, reply):
        return until(lambda: [line for line in self.server.log("request") if line["id"] == reply["X-Request-Id"]],
                     "the log line")[0]

    def assertTrace(self, reply, trace, parent):
        line = self.line_of(reply)
        self.assertEqual((line.get("traceId"), line.get("parentId")), (trace, parent))
        if reply.status >= 400:
            self.assertEqual(reply.json.get("traceId"), trace)
            self.assertEqual(reply.json["requestId"], line["id"])

    def test_a_trace_goes_on_in_the_log_and_in_problems(self):
        for listener, path, status in ((self.public, "/readyz", 200), (self.public, "/nothing", 404),
                                       (self.public, "/m/none@1.0.0/x.js", 404), (self.admin, "/api/system", 200),
                                       (self.admin, "/api/modules/none", 404)):
            with self.subTest(path):
                reply = self.assertStatus(listener.get(path, traceparent=TRACEPARENT), status)
                self.assertTrace(reply, TRACE, SPAN)

    def test_a_later_version_is_read_as_far_as_it_is_known(self):
        reply = self.public.get("/nothing", traceparent="cc-%s-%s-01-more" % (TRACE, SPAN))
        self.assertTrace(reply, TRACE, SPAN)

    def test_what_is_malformed_is_no_trace_and_hinders_nobody(self):
        for value in ("", "00", TRACEPARENT + "-more", TRACEPARENT[:-1], TRACEPARENT.upper(), "ff" + TRACEPARENT[2:],
                      "00-%s-%s-01" % ("0" * 32, SPAN), "00-%s-%s-01" % (TRACE, "0" * 16),
                      "00-%s-%s-01" % (TRACE[:-1] + "g", SPAN), '00-"},"x":"-01', "x" * 2000):
            with self.subTest(value):
                for listener, path, status in ((self.public, "/readyz", 200), (self.public, "/nothing", 404),
                                               (self.admin, "/api/modules/none", 404)):
                    self.assertTrace(self.assertStatus(listener.get(path, traceparent=value), status), None, None)

    def test_two_are_none(self):
        for listener in (self.public, self.admin):
            with listener.connect() as connection:
                head = listener.head_text("GET", "/nothing", {"traceparent": TRACEPARENT, "Traceparent": TRACEPARENT})
                connection.send(head)
                reply = connection.reply()
                self.assertEqual(reply.status, 404)
                self.assertTrace(reply, None, None)

    def test_the_next_request_of_a_connection_has_its_own(self):
        for listener in (self.public, self.admin):
            with listener.connect() as connection:
                first = listener.call_on(connection, "GET", "/nothing", headers={"traceparent": TRACEPARENT})
                self.assertTrace(first, TRACE, SPAN)
                self.assertTrace(listener.call_on(connection, "GET", "/nothing"), None, None)


if __name__ == "__main__":
    main()
