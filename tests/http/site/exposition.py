"""Reads Prometheus' text exposition format 0.0.4, and takes nothing that it does not say or that promtool's
linter and the naming rules of Prometheus would complain of.
"""

import math
import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"'
SAMPLE = re.compile(r"(%s)(?:\{((?:%s)(?:,%s)*)\})? (\S+)" % (NAME, LABEL, LABEL))
TYPES = {"counter": [""], "gauge": [""], "histogram": ["_bucket", "_sum", "_count"]}
# Units have base units only, and come last (before _total).
OTHER_UNITS = r"_(milliseconds|microseconds|ms|us|minutes|hours|days|kilobytes|megabytes|kib|mib|percent)(_|$)"


class Family:
    def __init__(self, name, help):
        self.name = name
        self.help = help
        self.type = None
        self.samples = {}  # {(suffix, ((label, value), …)): value}

    def labels(self):
        return {name for _, labels in self.samples for name, _ in labels}


class Exposition:
    """All families of a text; a text that is not well formed is an AssertionError."""

    def __init__(self, text):
        assert text.endswith("\n"), "the last line does not end"
        assert "\r" not in text
        self.families = {}
        self.current = None
        for line in text[:-1].split("\n"):
            self._line(line)
        for family in self.families.values():
            assert family.type, family.name + " has no TYPE"
            if family.type == "histogram":
                self._check_histogram(family)

    def _line(self, line):
        if line.startswith("# HELP "):
            name, _, help = line[len("# HELP "):].partition(" ")
            self._begin(name, help)
        elif line.startswith("# TYPE "):
            name, _, type = line[len("# TYPE "):].partition(" ")
            assert self.current and self.current.name == name, "TYPE without HELP: " + line
            assert not self.current.type and not self.current.samples, "TYPE comes late: " + line
            assert type in TYPES, line
            assert (type == "counter") == name.endswith("_total"), line
            self.current.type = type
        else:
            self._sample(line)

    def _begin(self, name, help):
        assert re.fullmatch(NAME, name), name
        assert name not in self.families, name + " is there twice"
        assert help.strip() and not re.search(r"\\(?![\\n])", help), "HELP of " + name
        assert not re.search(r"_(bucket|sum|count)$", name), name
        assert not re.search(OTHER_UNITS, name), name + " has a unit that is not a base unit"
        assert name.startswith(("berth_", "process_")), name
        self.current = self.families[name] = Family(name, help)

    def _sample(self, line):
        match = SAMPLE.fullmatch(line)
        assert match, "not a sample: %r" % line
        family = self.current
        assert family and family.type, "a sample before HELP and TYPE: " + line
        suffix = match[1].removeprefix(family.name)
        assert match[1].startswith(family.name) and suffix in TYPES[family.type], line
        labels = tuple((name, unescape(value)) for name, value in re.findall(LABEL, match[2] or ""))
        names = [name for name, _ in labels]
        assert len(set(names)) == len(names), "a label is there twice: " + line
        assert not [name for name in names if name.startswith("__")], line
        assert ("le" in names) == (suffix == "_bucket"), line
        key = (suffix, tuple(sorted(labels)))
        assert key not in family.samples, "a sample is there twice: " + line
        value = float(match[match.lastindex])
        assert not math.isnan(value) and (family.type == "gauge" or value >= 0), line
        family.samples[key] = value

    @staticmethod
    def _check_histogram(family):
        of = {}
        for (suffix, labels), value in family.samples.items():
            rest = tuple(item for item in labels if item[0] != "le")
            of.setdefault(rest, {}).setdefault(suffix, []).append((dict(labels).get("le"), value))
        for labels, parts in of.items():
            bounds = [float(bound) for bound, _ in parts["_bucket"]]
            counts = [count for _, count in parts["_bucket"]]
            assert bounds == sorted(bounds) and len(set(bounds)) == len(bounds), (family.name, labels, bounds)
            assert bounds[-1] == math.inf and counts == sorted(counts), (family.name, labels, counts)
            assert len(parts["_sum"]) == 1, labels
            assert [value for _, value in parts["_count"]] == [counts[-1]], (family.name, labels)

    def __getitem__(self, name):
        return self.families[name]

    def get(self, name, suffix="", **labels):
        """The sample with exactly these labels; None when there is none."""
        return self.families[name].samples.get((suffix, tuple(sorted(labels.items()))))

    def sum(self, name, **labels):
        """Of all samples that have these labels, and perhaps more."""
        return sum(value for (_, those), value in self.families[name].samples.items()
                   if set(labels.items()) <= set(those))

    def series(self):
        """Every name that a query may use, with its labels."""
        return {family.name + suffix: family.labels() - ({"le"} if suffix in ("_sum", "_count") else set())
                for family in self.families.values() for suffix in TYPES[family.type]}


def unescape(text):
    return re.sub(r"\\(.)", lambda match: "\n" if match[1] == "n" else match[1], text)
