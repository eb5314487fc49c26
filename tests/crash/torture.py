#!/usr/bin/env python3
"""The whole of it: every call of every operation, and power cuts everywhere. See scripts/torture --help.

usage: BERTH_BIN=path/to/berth CRASH_SHIM=path/to/libcrash_shim.so tests/crash/torture.py [OPTION]…
"""

import argparse
import concurrent.futures
import itertools
import random
import sys
import time

import faults
import power
from faults import FAULTS
from invariants import Violation, can_verify
from operations import OPERATIONS
from replay import Choice
from subject import World


class Torture:
    def __init__(self, world, options):
        self.world = world
        self.options = options
        self.pool = concurrent.futures.ThreadPoolExecutor(options.jobs)
        self.cases = 0
        self.doubts = 0
        self.failures = []
        self.end = time.monotonic() + options.minutes * 60 if options.minutes else None

    @property
    def late(self):
        return self.end is not None and time.monotonic() > self.end

    def run(self, title, works):
        """works: (name of the case, function). Tells how many held."""
        if not works:
            return []
        failed = []

        def one(work):
            if self.late:
                return None
            try:
                return work[1]() or True
            except Violation as violation:
                failed.append((work[0], str(violation)))
                return True
        done = [result for result in self.pool.map(one, works) if result is not None]
        self.cases += len(done)
        self.failures += failed
        print("%-28s %4d cases, %d failed%s" % (title, len(done), len(failed), self.left(works, done)), flush=True)
        for _, text in failed:
            print("  FAILED " + text[:1500], flush=True)
        return [result for result in done if result is not True]

    @staticmethod
    def left(works, done):
        return "" if len(works) == len(done) else ", %d left out for want of time" % (len(works) - len(done))

    # --- calls that are hit ---

    def operation(self, operation):
        wanted = [fault for fault in FAULTS if self.options.fault in (None, fault)]
        if not faults.is_available(self.world, operation):
            print("%-28s is not known to this server" % operation.name)
            return
        for fault in wanted:
            if self.late:
                return
            try:
                calls = faults.count_calls(self.world, operation, fault)
            except Violation as violation:
                self.cases += 1
                self.failures.append(("%s:%s:0" % (operation.name, fault), str(violation)))
                print("  FAILED %s" % violation, flush=True)
                continue
            # One past the end, too: then nothing may be hit.
            names = ["%s:%s:%d" % (operation.name, fault, at) for at in self.some(calls + 1)]
            found = self.run("%s:%s" % (operation.name, fault),
                             [(name, lambda name=name: faults.run_case(self.world, name)) for name in names])
            self.doubts += sum(case.in_doubt for case in found)

    def some(self, count):
        """1 … count, or with --every K each Kth, from one that depends on the seed."""
        every = min(self.options.every, count)
        return range(1 + self.options.seed % every, count + 1, every)

    # --- power cuts ---

    def story(self, name, story):
        positions = sorted({record.end for record in story.records})
        acks = {ack[0] for ack in story.acks}
        chosen = sorted(acks | {positions[at - 1] for at in self.some(len(positions))})
        works = []
        for position in chosen:
            plain = [Choice(text) for text in power.PLAIN]
            for choice in plain + power.choices("%d %d" % (self.options.seed, position), self.options.random):
                works.append(("power", lambda p=position, c=choice: power.cut(story, p, c)))
        self.run(name, works)

    def life(self):
        story = power.tell_life(self.world)
        self.story("power:life", story)
        self.run("power:lost-syncs", [("power", lambda kind=kind: self.lose(story, kind)) for kind in power.SYNCS])
        self.story("power:life-compress", power.tell_life(self.world, "--compress-threads", "1"))

    def upgrade(self):
        story = power.tell_upgrade(self.world)
        self.story("power:upgrade", story)
        self.run("power:upgrade-lost-syncs",
                 [("power", lambda kind=kind: self.lose(story, kind)) for kind in power.UPGRADE_SYNCS])

    @staticmethod
    def lose(story, kind):
        if power.is_missed(story, kind):
            raise Violation("a disk that loses syncs of the kind \"%s\" is not found out" % kind)

    def each(self, title, tell):
        """A story for each N, cut at its acknowledgements."""
        at, works = 1 + self.options.seed % self.options.every, []
        while not self.late:
            story = tell(self.world, at)
            if not story.reached:
                break
            for position, choice in itertools.product([ack[0] for ack in story.acks], power.PLAIN):
                works.append(("power", lambda s=story, p=position, c=choice: power.cut(s, p, Choice(c))))
            at += self.options.every
        self.run(title, works)

    def summary(self):
        print("\n%d cases, %d failed" % (self.cases, len(self.failures)))
        print("`berth verify` agreed each time" if can_verify() else "this server has no `berth verify`")
        print("%d operations that were refused or got no answer were found done after the restart, whole" % self.doubts)
        names = sorted({name for name, _ in self.failures})
        for name in names[:20]:
            print("again: scripts/torture " + ("--only power --seed %d" % self.options.seed if name == "power"
                                               else "--case " + name))
        return 1 if self.failures else 0


def arguments():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--case")
    parser.add_argument("--only")
    parser.add_argument("--fault")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--random", type=int, default=2)
    parser.add_argument("--seed", type=int, default=random.randrange(1000))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep")
    parser.add_argument("--minutes", type=float, default=0)
    return parser.parse_args()


def main():
    options = arguments()
    with World() as world:
        torture = Torture(world, options)
        world.keep = options.keep
        if options.case:
            torture.run(options.case, [(options.case, lambda: faults.run_case(world, options.case))])
            return torture.summary()
        print("seed %d" % options.seed, flush=True)
        for operation in OPERATIONS:
            if options.only in (None, operation.name):
                torture.operation(operation)
        if options.only in (None, "power"):
            torture.life()
            torture.upgrade()
            torture.each("power:upload-killed-then-again", power.tell_again)
            torture.each("power:seen-after-a-kill", power.tell_seen)
            torture.each("power:after-a-failed-sync", power.tell_failed_sync)
        return torture.summary()


if __name__ == "__main__":
    sys.exit(main())
