"""Holds answers against server/api/openapi.json. The harness does so with every answer of every test.

Members that the description does not have are a fault here, though clients must ignore them.
"""

import json
import os
import re

try:
    import jsonschema
except ImportError:  # test_openapi.py says so; everything else can be tested all the same
    jsonschema = None

FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../server/api/openapi.json")
METHODS = ("get", "put", "post", "patch", "delete")
SLASHES = {"path", "name"}  # parameters that may have some


def _resolve(document, value):
    """The value with what its references lead to in their places, and its objects closed."""
    if isinstance(value, list):
        return [_resolve(document, one) for one in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        target = document
        for key in value["$ref"].removeprefix("#/").split("/"):
            target = target[key]
        return _resolve(document, target)
    value = {key: _resolve(document, one) for key, one in value.items()}
    if isinstance(value.get("properties"), dict) and "type" in value:
        value.setdefault("additionalProperties", False)
    return value


def _pattern(template):
    def part(match):
        name = match[1]
        return "(?:@[^/]+/)?[^/@][^/]*" if name == "module" else ".+" if name in SLASHES else "[^/]+"
    escaped = re.sub(r"\\\{(\w+)\\\}", part, re.escape(template))
    return re.compile(escaped)


class Description:
    def __init__(self):
        with open(FILE, encoding="utf-8") as file:
            self.document = json.load(file)
        self.operations = []  # (listener, method, pattern, responses), those without parameters first
        self.validators = {}
        self.seen = set()     # (method, template, status)
        self.known = {}       # what a path was found to be
        for template, item in sorted(self.document["paths"].items(), key=lambda pair: "{" in pair[0]):
            for method in METHODS:
                if method in item:
                    self._add(template, method, item)

    def _add(self, template, method, item):
        operation = item[method]
        public = "servers" in item or "servers" in operation
        responses = {status: _resolve(self.document, response) for status, response in operation["responses"].items()}
        for status, response in responses.items():
            for kind, content in response.get("content", {}).items():
                if "schema" in content and jsonschema:
                    self.validators[template, method, status, kind] = jsonschema.Draft202012Validator(content["schema"])
        self.operations.append(("public" if public else "admin", method, template, _pattern(template), responses))

    def find(self, listener, method, path):
        """The operation's template and responses, or None."""
        key = (listener, method, path)
        if key not in self.known:
            self.known[key] = next(((template, responses) for its, verb, template, pattern, responses in self.operations
                                    if its == listener and verb == method and pattern.fullmatch(path)), None)
        return self.known[key]

    def check(self, listener, method, path, reply):
        """Raises AssertionError when the answer is not as described; what every path has is not described."""
        if method in ("HEAD", "OPTIONS"):
            return
        found = self.find(listener, method.lower(), path.partition("?")[0])
        where = "%s %s: %r" % (method, path, reply)
        if not found:
            assert listener == "public" or reply.status >= 400, "not described: " + where
            return
        template, responses = found
        self.seen.add((method.lower(), template, reply.status))
        status = str(reply.status) if str(reply.status) in responses else "default"
        if reply.status in (304, 206) or (reply.status >= 400 and status != "default"):
            return
        assert status != "default" or reply.status >= 400, "this status is not described: " + where
        described = responses[status].get("content")
        if not described:
            return
        kind = (reply["Content-Type"] or "").partition(";")[0]
        assert kind in described, "this type is not described: " + where
        validator = self.validators.get((template, method.lower(), status, kind))
        if validator is not None and kind.endswith("json"):
            fault = jsonschema.exceptions.best_match(validator.iter_errors(json.loads(reply.body)))
            assert not fault, "%s at /%s: %s" % (fault and fault.message,
                                                 fault and "/".join(map(str, fault.absolute_path)), where)


DESCRIPTION = Description()
