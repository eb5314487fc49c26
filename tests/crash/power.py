"""Power cuts: a story is recorded once, and cut at many places in many ways.

What of the rest is found after a cut, all that was not synced: `least` none of it, `most` all of it, `names`
and `data` only that, random-N some of both. A disk that loses the syncs of one kind must be found out, else
a sync could go missing from the code unseen (is_missed).
"""

import errno
import os
import random
import re
import shutil

import invariants
from invariants import Violation, observe
from operations import NEW, check_kept
from replay import Choice, Disk, Folder, look
from shim import FAIL, KILL, Shim
from subject import OTHER_PAGE, PAGE, Subject, bundles

PLAIN = ("least", "names", "data", "most")
# Syncs, by what is synced. The path is from the folder above the data directory.
SYNCS = {
    "blob": lambda path, thing: re.fullmatch(r"/data/tmp/\d+", path) and not isinstance(thing, Folder),
    "blob-folder": lambda path, thing: re.fullmatch(r"/data/blobs/[0-9a-f]{2}", path),
    "blobs": lambda path, thing: path == "/data/blobs",
    "database-log": lambda path, thing: path == "/data/db-wal",
    "database": lambda path, thing: path == "/data/db",
    "new-database": lambda path, thing: path == "/data/db.new",
    "token-file": lambda path, thing: path == "/data/admin.token.new",
    "data": lambda path, thing: path == "/data",
    "parent": lambda path, thing: path == "",
}

UPGRADE_SYNCS = ("new-database", "data", "database-log")


class Story:
    """A server's life on a disk that is recorded: acks are (position in the log, state, first token)."""

    def __init__(self, world, *options):
        self.world = world
        self.folder = world.folder()
        self.disk = os.path.join(self.folder, "disk")
        os.mkdir(self.disk)
        self.shim = Shim(self.folder, os.path.join(self.disk, "data"))
        self.shim["record"] = 1
        self.options = options or ("--compress-threads", "0")
        self.acks = []
        self.middle = {}  # after ack i these may be found on the way to i + 1
        self.server = None
        self.found = ()  # on the disk before
        self.afterwards = lambda world, data: None  # as an Operation's

    def start(self):
        self.server = Subject(self.shim.data, *self.options, shim=self.shim)
        assert self.server.up, self.server.failure
        self.ack()

    def ack(self):
        position = self.shim["log_bytes"]
        self.acks.append((position, observe(self.server), self.server.token))

    def do(self, operation):
        reply = operation(self.server)
        if reply.status in (404, 405):
            return  # newer than the server at hand
        assert reply.status < 300, reply
        self.ack()

    def stop(self):
        self.server.exit()
        self.server.discard()

    def kill(self):
        self.server.kill()
        self.server.discard()

    def end(self):
        if self.server and not self.server.dead:
            self.kill()
        self.records = self.shim.records()
        return self


def tell_life(world, *options):
    """Everything once: a first start, changes, a kill, changes, a stop, and changes again."""
    story = Story(world, *options)
    story.start()
    story.do(lambda s: s.upload("a", "1.0.0", bundles.bundle("1")))
    story.do(lambda s: s.activate("a", "1.0.0"))
    story.do(lambda s: s.upload("a", "1.1.0", bundles.bundle("2", noise__bin=random.Random(1).randbytes(300_000))))
    story.do(lambda s: s.activate("a", "1.1.0"))
    story.do(lambda s: s.put_page("home", PAGE))
    story.kill()
    story.start()
    story.do(lambda s: s.rollback("a"))
    story.do(lambda s: s.upload("b", "1.0.0", NEW))
    story.do(lambda s: s.put_page("home", OTHER_PAGE))
    story.do(lambda s: s.admin.json("POST", "/api/tokens", {"name": "ci", "module": "b", "can": ["publish"]}))
    story.stop()
    story.start()
    story.do(lambda s: s.activate("b", "1.0.0"))
    story.do(lambda s: s.admin.call("DELETE", "/api/modules/a/versions/1.1.0"))
    story.do(lambda s: s.admin.json("POST", "/api/gc", {}))
    story.do(lambda s: s.upload("b", "1.1.0", bundles.bundle("3")))
    story.do(lambda s: s.admin.call("DELETE", "/api/pages/home"))
    story.stop()
    return story.end()


def tell_upgrade(world):
    """A server that finds a database of an older schema, and a change after that."""
    story = Story(world)
    world.copy("older", story.disk)
    story.found = look(story.disk)
    story.afterwards = check_kept
    story.start()
    story.do(lambda s: s.activate("a", "1.2.0"))
    story.stop()
    story.start()
    return story.end()


def tell_again(world, at):
    """A kill at the Nth call of an upload; then the same upload succeeds. What it found of the first one
    must be durable too."""
    story = Story(world)
    story.start()
    story.shim.arm(KILL, at)
    story.server.ask(lambda s: s.upload("b", "1.0.0", NEW))
    story.reached = story.shim["hits"] > 0
    story.shim.disarm()
    if not story.server.dead:
        story.server.kill()
    story.server.discard()
    story.acks.clear()  # what the first upload did of the state is checked by the second
    story.start()
    story.do(lambda s: s.upload("b", "1.0.0", NEW))
    return story.end()


def tell_seen(world, at, kinds=None):
    """A kill at the Nth call (of these kinds) of an activation. What the next server finds of it, and shows,
    must last."""
    story = Story(world)
    story.start()
    story.do(lambda s: s.upload("a", "1.0.0", bundles.bundle("1")))
    story.shim.arm(KILL, at, kinds=kinds)
    story.server.ask(lambda s: s.activate("a", "1.0.0"))
    story.reached = story.shim["hits"] > 0
    story.shim.disarm()
    if not story.server.dead:
        story.server.kill()
    story.server.discard()
    story.acks.clear()
    story.start()
    return story.end()


def tell_failed_sync(world, at):
    """The Nth sync fails, and what it should have written is lost, as a kernel may do it. What is
    acknowledged after that must be there all the same."""
    story = Story(world)
    story.start()
    story.do(lambda s: s.upload("a", "1.0.0", bundles.bundle("1")))
    story.shim.arm(FAIL, at, errno.EIO, kinds=("sync",))
    for step in (lambda s: s.activate("a", "1.0.0"), lambda s: s.upload("b", "1.0.0", NEW),
                 lambda s: s.upload("b", "1.0.0", NEW), lambda s: s.put_page("home", PAGE),
                 lambda s: s.activate("b", "1.0.0")):
        if step(story.server).status < 300:
            story.ack()
    story.reached = story.shim["hits"] > 0
    story.shim.disarm()
    story.kill()
    story.start()
    story.do(lambda s: s.upload("b", "1.0.0", NEW))
    return story.end()


def states_at(story, position):
    """What may be found after a cut there, and the first token if it was seen."""
    past = [ack for ack in story.acks if ack[0] <= position]
    coming = story.acks[len(past)] if len(past) < len(story.acks) else None
    if not past:
        return {"first": coming[1]}, None
    states = {"acknowledged": past[-1][1]}
    if coming:
        states["next"] = coming[1]
    return states, past[-1][2]


def choices(seed, count):
    return [Choice("random-%d" % i, "%s %d" % (seed, i)) for i in range(count)]


def cut(story, position, choice, ignore=None):
    """Raises Violation when a server finds less than it should on what is left."""
    disk = Disk(story.disk, ignore, story.found)
    for record in story.records:
        if record.end > position:
            break
        disk.take(record)
    folder = story.world.folder()
    disk.write_to(folder, choice)
    states, token = states_at(story, position)
    try:
        invariants.check(os.path.join(folder, "data"), states, token=token)
        story.afterwards(story.world, os.path.join(folder, "data"))
    except Violation as violation:
        if story.world.keep and not ignore:
            folder = os.path.join(story.world.keep, os.path.basename(folder))
            disk.write_to(folder, choice)
        raise Violation("cut at %d of %d, %s of the rest (%s)\n    %s" % (
            position, story.records[-1].end, choice.text, folder, violation)) from violation
    shutil.rmtree(folder)


def is_missed(story, kind):
    """Do all cuts at acknowledgements pass on a disk that loses syncs of this kind? They should not."""
    lost = [0]

    def ignore(path, thing, _):
        lost[0] += bool(SYNCS[kind](path, thing))
        return SYNCS[kind](path, thing)
    positions = [ack[0] for ack in story.acks] + [story.records[-1].end]
    half = len(positions) // 2
    # From both ends: where it shows depends on the kind.
    for position in [p for pair in zip(positions, reversed(positions)) for p in pair][:2 * half + 1]:
        for choice in [Choice("least"), Choice("names"), *choices(position, 2)]:
            try:
                cut(story, position, choice, ignore)
            except Violation:
                return False
    assert lost[0], "there is no sync of the kind " + kind
    return True
