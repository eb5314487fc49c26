"""What must hold after every crash, failure and power cut, and after all that clients did. `observe` tells what
a server has, without times and ids; `check` starts a server on what was left, and tries everything.
"""

import collections
import subprocess


from subject import BERTH, NO_PEER, EventStream, Subject, bundles


class Violation(AssertionError):
    """An invariant does not hold."""


def demand(condition, text, *values):
    if not condition:
        raise Violation(text % values if values else text)


def observe(server):
    """All that the API tells of the state, as values that compare."""
    modules = server.admin.get("/api/modules").json
    state = {"generation": modules["generation"], "modules": {}}
    for module in modules["modules"]:
        name = module["name"]
        versions = server.admin.get("/api/modules/%s/versions" % name).json["versions"]
        history = server.admin.get("/api/modules/" + name).json["history"]
        state["modules"][name] = {
            "live": module["live"] and (module["live"]["version"], module["live"]["generation"]),
            "versions": {v["version"]: v["digest"] for v in versions},
            "history": [(row["generation"], row["kind"], row["version"]) for row in history]}
    pages = server.admin.get("/api/pages").json["pages"]
    state["pages"] = [(p["name"], p["path"], p["revision"], p["generation"]) for p in pages]
    state["imports"] = server.admin.get("/import-map.json").json
    tokens = server.admin.get("/api/tokens").json["tokens"]
    state["tokens"] = sorted((t["name"], t["module"], bool(t["revokedAt"])) for t in tokens)
    state["activity"] = activity(server)
    return state


def difference(expected, found, where=""):
    """Where two states differ, as lines of text."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in sorted({*expected, *found}):
            yield from difference(expected.get(key), found.get(key), "%s/%s" % (where, key))
    elif expected != found:
        yield "%s should be %r, is %r" % (where, expected, found)


def differences(states, found):
    """How what was found differs from each state that may be."""
    return "; ".join("not \"%s\": %s" % (name, ", ".join(difference(state, found)))
                     for name, state in states.items())


def check_events(server, since, generation):
    """A reconnect gets the events after `since`, in rising order, none twice, or a reset."""
    last = since
    with EventStream(server, since) as stream:
        while last < generation:
            event = stream.event()
            demand(event is not None, "the stream ended at event %d of %d", last, generation)
            demand(int(event["id"]) > last, "event %s came after %d", event["id"], last)
            last = int(event["id"])
    demand(last == generation, "the last event is %d, the generation %d", last, generation)


def check_goes_on(server):
    """A change after the restart is one step, and is told to who listens."""
    before = server.generation()
    with EventStream(server, before) as stream:
        server.put("probe", "1.0.0", bundles.bundle("probe"))
        reply = server.make_live("probe", "1.0.0")
        demand(reply["generation"] == before + 1, "after %d came generation %d", before, reply["generation"])
        event = stream.event()
        demand(event and int(event["id"]) == before + 1, "the event after %d is %r", before, event)


def activity(server):
    """The audit records, oldest first; None of a server that keeps none. The ids of tokens are by chance."""
    rows, before = [], ""
    while before is not None:
        reply = server.admin.get("/api/activity?limit=200%s" % (before and "&before=%d" % before))
        if reply.status == 404:
            return None
        demand(reply.status == 200, "the activity cannot be read: %r", reply)
        rows += reply.json["activity"]
        before = reply.json["before"]
    rows.reverse()
    demand([row["id"] for row in rows] == list(range(1, len(rows) + 1)), "the ids of audit records are %r",
           [row["id"] for row in rows])
    return [(row["action"], row["subject"] if row["module"] or "page" in row["action"] else None) for row in rows]


def check_activity(server, state):
    """One audit record of each change."""
    if state["activity"] is None:
        return
    actions = collections.Counter(action for action, _ in state["activity"])
    changes = sum(actions[name] for name in ("activate", "rollback", "page-put", "page-delete", "imports"))
    demand(changes == state["generation"], "%d audit records of changes, generation %d", changes, state["generation"])
    versions = sum(len(module["versions"]) for module in state["modules"].values())
    demand(actions["upload"] - actions["delete"] == versions, "%r, but %d versions", actions, versions)
    issued = actions["token-issue"] + actions["token-rotate"]
    demand(issued == len(state["tokens"]), "%r, but %d tokens", actions, len(state["tokens"]))


def can_verify(_known=[]):
    if not _known:
        done = subprocess.run([BERTH, "verify", "--help"], capture_output=True, check=False)
        _known.append(done.returncode == 0 and b"--data" in done.stdout)
    return _known[0]


def check_verify(data):
    """`berth verify` agrees that all is well."""
    if can_verify():
        done = subprocess.run([BERTH, "verify", "--data", data], capture_output=True, check=False)
        demand(done.returncode == 0, "berth verify: %s%s", done.stdout.decode(), done.stderr.decode())


def check_after(server):
    """Whatever a test did to its server: it stops, and another one finds all in order; then it is back."""
    server.exit()
    check(server.data, {})
    server.start()


def check(data, states, since=0, token=None):
    """Starts a server on `data`; what it has must be one of `states` ({name: state}), and everything else
    must hold. `token` is the first token, if it was seen. Returns the name of the state that was found."""
    server = Subject(data)
    try:
        demand(server.up, "the server does not start: %s", server.failure)
        demand(token in (None, server.token), "the first token is another")
        found = observe(server)
        names = [name for name, state in states.items() if state == found]
        demand(names or not states, "the state is none that may be: %s", differences(states, found))
        server.check_data()
        server.check_served()
        check_activity(server, found)
        check_events(server, min(since, found["generation"]), found["generation"])
        check_goes_on(server)
        demand(not server.dead, "the server has ended: %s", server.errors())
        server.exit()
        check_verify(data)
        return names[0] if names else None
    except Violation:
        raise
    except NO_PEER as failure:
        raise Violation("%s: %s" % (type(failure).__name__, failure)) from failure
    finally:
        server.discard()
