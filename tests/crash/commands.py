"""Commands that change a data directory without a server: what is hit there, and what must hold then.

A restore that did not end leaves a directory that no server takes, or none; it is made again from nothing. A
repair that did not end is repeated. Either way all is there at last.
"""

import os
import shutil
import signal
import subprocess

import invariants
from faults import Case
from invariants import demand
from subject import BERTH, Subject, World, bundles

PATIENCE_S = 60


def run(words, shim=None):
    command = [BERTH, *words]
    return subprocess.run(shim.command(command) if shim else command, capture_output=True, check=False,
                          timeout=PATIENCE_S, stdin=subprocess.DEVNULL)


class Restore:
    """From a backup of the base `killed`."""

    done = 0

    def __init__(self, world, data):
        self.data = data
        self.backup, self.token, self.state = world.remember("backup", self.make)
        self.words = ("restore", self.backup, "--data", data)

    @staticmethod
    def make(world):
        server = Subject(world.copy("killed", world.folder()))
        try:
            state = invariants.observe(server)
            path = os.path.join(world.root, "backup.tar")
            with open(path, "wb") as file:
                file.write(server.admin.get("/api/backup").body)
            return path, server.token, state
        finally:
            server.discard()

    def settle(self, ended):
        """Whether or not it has `ended` well: the state that the server has at last."""
        names = set(os.listdir(self.data)) if os.path.isdir(self.data) else set()
        if not ended and (not names or "unfinished" in names):
            if names:
                server = Subject(self.data)
                demand(not server.up and "did not end" in server.errors(), "a server starts on half of a backup")
                server.discard()
            shutil.rmtree(self.data, ignore_errors=True)
            again = run(self.words)
            demand(again.returncode == 0, "again: %s", again.stderr.decode())
        with open(os.path.join(self.data, "admin.token"), "w", encoding="ascii") as file:
            file.write(self.token + "\n")
        return self.state


class Repair:
    """Of a directory in which a variant and a file of a version that is not live are damaged."""

    done = 1  # the file's version lacks it then, which is told

    def __init__(self, world, data):
        self.data = data
        self.state = world.remember("repair", self.observe)
        self.words = ("verify", "--data", data, "--repair")

    @staticmethod
    def observe(world):
        server = Subject(world.copy("compressed", world.folder()))
        try:
            return invariants.observe(server)
        finally:
            server.discard()

    def settle(self, ended):
        again = run(self.words)
        demand(again.returncode == 1 and b"missing" in again.stdout, "again: %s%s", again.stdout.decode(),
               again.stderr.decode())
        server = Subject(self.data)
        try:
            demand(server.up, "the server does not start: %s", server.failure)
            reply = server.upload("a", "1.2.0", World.THIRD)
            demand(reply.status == 200, "the same contents again: %r", reply)
            server.exit()
        finally:
            server.discard()
        shutil.rmtree(os.path.join(self.data, "damaged"), ignore_errors=True)
        return self.state


KINDS = {"restore": Restore, "repair": Repair}


class CommandCase(Case):
    def run(self):
        try:
            self.go_through()
        except invariants.Violation as violation:
            raise invariants.Violation("%s (%s)\n    %s" % (self.name, self.shim.where, violation)) from violation
        finally:
            self.shim.close()

    def go_through(self):
        command = KINDS[self.operation.name](self.world, self.data)
        self.arm()
        done = run(command.words, self.shim)
        self.shim.disarm()
        self.reached = self.shim["hits"] > 0
        self.calls = self.shim["count"]
        self.judge_end(command, done)
        state = command.settle(done.returncode == command.done)
        self.found = invariants.check(self.data, {"after": state})

    def judge_end(self, command, done):
        text = done.stderr.decode(errors="replace")
        if self.kills and self.reached:
            demand(done.returncode == -signal.SIGKILL, "exit code %d: %s", done.returncode, text)
        elif not self.reached or self.fault == "EINTR":
            demand(done.returncode == command.done, "exit code %d: %s", done.returncode, text)
        else:
            demand(done.returncode in (0, 1), "exit code %d: %s", done.returncode, text)
            told = text.startswith("berth: ") or b"fault: " in done.stdout
            demand(done.returncode == command.done or told, "it says %r", text)


__all__ = ["CommandCase", "KINDS", "bundles"]
