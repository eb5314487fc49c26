"""One case: an operation during which the Nth call is killed or fails, and all that must hold then.

A case is named OPERATION:FAULT:N. Faults:
    kill     the process is killed before the Nth call
    torn     ... after half of it, when it writes
    ENOSPC, EIO, EMFILE     the Nth call fails with it
    ENOSPC+, EIO+, EMFILE+  ... and all later ones
    EINTR    the Nth call is interrupted: nothing may come of it
    read, read+             the Nth read fails with EIO, or all from then on
"""

import errno
import re
import shutil
import signal

import invariants
from invariants import Violation, demand, observe
from operations import BY_NAME
from shim import COUNT, FAIL, KILL, KINDS, Shim
from subject import NO_PEER, Subject, is_idle, until

# Which calls are hit.
CHANGES = tuple(kind for kind in KINDS if kind != "read")
HIT = {
    "kill": CHANGES,
    "torn": ("write",),
    "ENOSPC": ("create", "write", "sync", "rename", "mkdir"),
    "EIO": CHANGES,
    "EMFILE": ("open", "create"),
    "EINTR": ("write",),
    "read": ("read",),
}
ERRNO = {"read": errno.EIO}  # of the rest its own name
FAULTS = ("kill", "torn", "ENOSPC", "ENOSPC+", "EIO", "EIO+", "EMFILE", "EMFILE+", "EINTR",
          "read", "read+")
# What an answer may be when the call failed so. SQLite does not tell why a sync failed.
ANSWERS = {"ENOSPC": {507, 500}, "EIO": {500, 503}, "EMFILE": {500, 503}, "EINTR": set(),
           "read": {500, 503}}
# Later changes may be refused, but only with these rules.
REFUSALS = {"store-broken", "database-io", "database-broken"}


class Case:
    def __init__(self, world, name):
        self.name = name
        self.world = world
        operation, self.fault, at = name.split(":")
        self.operation = BY_NAME[operation]
        self.at = int(at)
        self.kills = self.fault in ("kill", "torn")
        self.folder = world.folder()
        self.data = world.copy(self.operation.base, self.folder)
        self.shim = Shim(self.folder, self.data)
        self.reached = True
        self.calls = 0
        self.found = None
        self.answered = False

    @property
    def in_doubt(self):
        """Not acknowledged, but there."""
        return self.operation.phase == "request" and not self.answered and self.found == "after"

    def arm(self):
        kind = self.fault.rstrip("+")
        if self.at == 0:
            self.shim.arm(COUNT, kinds=HIT[kind])
        elif self.kills:
            self.shim.arm(KILL, self.at, torn=kind == "torn", kinds=HIT[kind])
        else:
            self.shim.arm(FAIL, self.at, ERRNO.get(kind) or getattr(errno, kind), self.fault.endswith("+"), kinds=HIT[kind])

    def run(self):
        """Raises Violation. Afterwards `reached` tells whether there is an Nth call at all."""
        self.states = expected(self.world, self.operation)
        since = self.states["before"]["generation"]
        server = None
        try:
            server = self.begin()
            reply = self.go(server) if server.up else None
            self.reached = self.shim["hits"] > 0
            self.calls = self.shim["count"]
            self.judge(server, reply)
            self.shim.disarm()
            self.retry(server, reply)
            if not server.dead:
                server.kill()
            self.found = invariants.check(self.data, self.states, since)
            self.operation.afterwards(self.world, self.data)
        except Violation as violation:
            raise Violation("%s (%s)\n    %s" % (self.name, self.shim.where, violation)) from violation
        except NO_PEER as failure:
            raise Violation("%s (%s)\n    %s: %s" % (self.name, self.shim.where, type(failure).__name__,
                                                   failure)) from failure
        finally:
            if server:
                server.discard()
            self.shim.close()

    # --- the parts ---

    def begin(self):
        early = self.operation.phase in ("start", "compress", "console")
        if early:
            self.arm()
        server = Subject(self.data, *self.operation.options, shim=self.shim)
        if not early:
            demand(server.up, "the server does not start: %s", server.failure)
            self.arm()
        return server

    def go(self, server):
        """Does it; None when there is no answer."""
        phase = self.operation.phase
        if phase == "request":
            return server.ask(self.operation.run)
        if phase == "stop":
            server.terminate()
            server.wait()
        elif phase == "compress":
            until(lambda: server.dead or is_idle(server), "compression to end")
        elif phase == "console":
            until(lambda: server.dead or self.is_told(server), "the console to be published, or not")
        return None

    def is_told(self, server):
        """Without descriptors there is no reader of archives, so the server tries again, and again."""
        return (server.log("console-published") or server.log("console-not-published") or
                (self.fault == "EMFILE+" and self.shim["hits"]))

    def judge(self, server, reply):
        """What was answered, and what is visible while calls still fail."""
        if self.kills:
            demand(server.dead == self.reached or self.operation.phase == "stop",
                   "the process is %s", "dead" if server.dead else "alive")
            if server.dead and self.reached:
                demand(server.process.returncode == -signal.SIGKILL, "exit code %d: %s",
                       server.process.returncode, server.errors())
        else:
            self.judge_failure(server, reply)
        if reply is not None and reply.status < 300:
            self.answered = True
            self.states = {"after": self.states["after"]}
        elif reply is not None:
            demand(self.reached, "refused without a cause: %r", reply)

    def judge_failure(self, server, reply):
        phase = self.operation.phase
        if phase in ("start", "compress", "console") and not server.up:
            text = server.errors()
            demand(server.process.returncode == 1 and text.startswith("berth: "),
                   "it ended with %s and %r", server.process.returncode, text)
            return
        if phase == "stop":
            demand(server.process.returncode == 0, "exit code %d: %s", server.process.returncode, server.errors())
            return
        demand(not server.dead, "the server has ended: %s", server.errors())
        if self.fault == "read+":
            self.shim.disarm()  # nobody can look at what cannot be read
        now = observe(server)
        if phase == "console":
            demand(now in self.states.values(), "%s", invariants.differences(self.states, now))
        elif reply is None:
            demand(now == self.states["before"], "%s", invariants.differences(self.states, now))
        elif reply.status < 300:
            demand(now == self.states["after"], "done, but %s", invariants.differences(self.states, now))
        else:
            demand(reply.status in ANSWERS[self.fault.rstrip("+")], "the answer is %r", reply)
            demand(reply.status == 507 or self.fault[:6] != "ENOSPC" or reply.rule == "database-io",
                   "a full disk is answered with %r", reply)
            middle = [state for name, state in self.states.items() if name != "after"]
            demand(now in middle, "refused (%d %s), but %s", reply.status, reply.rule,
                   invariants.differences(self.states, now))
        # What is live goes on, come what may; the rest may need the disk, and so may a server that started
        # on a broken one.
        demand(phase != "request" or server.public.get("/m/b@1.0.0/remoteEntry.js").status == 200,
               "a live file cannot be read")
        self.shim.disarm()
        server.check_served()

    @property
    def broke_store(self):
        """A sync of a blob or its folder failed, which is final."""
        return self.fault in ("EIO", "EIO+") and re.search(r"kind 4: .*/(tmp/\d+|blobs.*) $", self.shim.where)

    def retry(self, server, reply):
        """Without the fault it works again; only after a failed sync uploads stay refused."""
        if self.kills or server.dead or reply is None or reply.status < 300:
            return
        if self.at % 2 and not self.fault.endswith("+"):
            # Half of the cases go without: then what was refused stays so, after the restart too.
            del self.states["after"]
            return
        again = server.ask(self.operation.run)
        demand(again is not None, "the server died over the second try")
        demand(not self.broke_store or again.rule == "store-broken", "a failed sync is forgotten: %r", again)
        if again.status < 300:
            self.answered = True
            self.states = {"after": self.states["after"]}
        else:
            demand(again.status == 500 and again.rule in REFUSALS, "the second answer is %r", again)


def expected(world, operation):
    """The states before, on the way, and after, seen where nothing fails."""
    known = world.__dict__.setdefault("expected", {})
    if operation.name not in known:
        states = {"before": reached(world, operation, None)}
        for index, step in enumerate(operation.middle):
            states["middle %d" % (index + 1)] = reached(world, operation, step)
        states["after"] = reached(world, operation, operation.run)
        known[operation.name] = states
    return dict(known[operation.name])


def reached(world, operation, step):
    options = operation.options if step and step is operation.run else ()
    server = Subject(world.copy(operation.base, world.folder()), *options)
    try:
        reply = step(server) if step else None
        assert reply is None or reply.status < 300, reply
        return observe(server)
    finally:
        server.discard()


def is_available(world, operation):
    """Some operations are newer than the server at hand."""
    if operation.phase != "request":
        return True
    server = Subject(world.copy(operation.base, world.folder()))
    try:
        return operation.run(server).status not in (404, 405)
    finally:
        server.discard()


def run_case(world, name):
    case = make_case(world, name)
    case.run()
    shutil.rmtree(case.folder)
    return case


def make_case(world, name):
    from commands import CommandCase  # which is a Case
    command = BY_NAME[name.split(":")[0]].phase == "command"
    return CommandCase(world, name) if command else Case(world, name)


def count_calls(world, operation, fault):
    """How many calls the fault could hit, where nothing fails."""
    case = run_case(world, "%s:%s:0" % (operation.name, fault))
    return case.calls


