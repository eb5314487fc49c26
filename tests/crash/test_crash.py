#!/usr/bin/env python3
"""A sample of scripts/torture for every run: some calls of each operation, some power cuts, and that a
disk which loses syncs is found out.

usage: BERTH_BIN=path/to/berth CRASH_SHIM=path/to/libcrash_shim.so tests/crash/test_crash.py [TestCase[.test]]
"""

import unittest

import faults
import power
from operations import BY_NAME, OPERATIONS
from replay import Choice
from subject import World

FAILURES = ("ENOSPC", "EIO+", "EIO", "EMFILE+", "read", "read+")


class CrashCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = cls.enterClassContext(World())


class Calls(CrashCase):
    def sample(self, fault, operation, places):
        """`places` of all calls, 0 to 1."""
        if not faults.is_available(self.world, operation):
            return
        with self.subTest(operation=operation.name, fault=fault):
            calls = faults.count_calls(self.world, operation, fault)
            for place in places:
                faults.run_case(self.world, "%s:%s:%d" % (operation.name, fault, 1 + int(place * (calls - 1))))

    def test_a_kill_loses_nothing_and_leaves_nothing(self):
        for index, operation in enumerate(OPERATIONS):
            # It matters most towards the end: rows are written, and nothing is answered.
            self.sample("torn" if index % 3 == 2 else "kill", operation, (0.55 + 0.01 * index, 0.92))

    def test_commands_that_are_hit_can_be_given_again(self):
        for index, operation in enumerate(operation for operation in OPERATIONS if operation.phase == "command"):
            self.sample("kill", operation, (0.3 + 0.3 * index, 0.95))
            self.sample("EIO+", operation, (0.7,))

    def test_a_repair_sets_nothing_aside_that_it_could_not_read(self):
        repair = BY_NAME["repair"]
        self.sample("EMFILE", repair, [place / 12 for place in range(13)])
        self.sample("read", repair, [place / 6 for place in range(7)])

    def test_a_failing_disk_is_told_and_leaves_nothing(self):
        for index, operation in enumerate(OPERATIONS):
            if operation.phase == "request":
                self.sample(FAILURES[index % len(FAILURES)], operation, (0.5,))


class PowerCuts(CrashCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.story = power.tell_life(cls.world)

    def test_what_was_acknowledged_is_there_after_a_power_cut(self):
        for index, (position, _, _) in enumerate(self.story.acks):
            power.cut(self.story, position, Choice("least"))
            power.cut(self.story, position, power.choices(index, 1)[0])

    def test_a_cut_in_between_leaves_what_was_before_or_what_comes(self):
        records = self.story.records
        for at in range(20, len(records), len(records) // 14):
            power.cut(self.story, records[at].end, power.choices(at, 1)[0])

    def test_an_upload_after_a_killed_one_makes_durable_what_it_finds(self):
        for at in (30, 38, 45):
            story = power.tell_again(self.world, at)
            self.assertTrue(story.reached)
            power.cut(story, story.acks[-1][0], Choice("least"))

    def test_what_a_server_finds_of_a_killed_one_lasts(self):
        story = power.tell_seen(self.world, 1, ("sync",))  # the row is written, not synced
        self.assertEqual(story.acks[-1][1]["generation"], 1)
        power.cut(story, story.acks[-1][0], Choice("least"))

    def test_a_failed_sync_takes_nothing_with_it_that_is_acknowledged(self):
        for at in (1, 11):  # of the first row, and of the last one
            story = power.tell_failed_sync(self.world, at)
            power.cut(story, story.acks[-1][0], Choice("least"))

    def test_an_upgrade_leaves_the_older_database_or_both(self):
        story = power.tell_upgrade(self.world)
        records = story.records
        for at in range(2, len(records), len(records) // 8):
            power.cut(story, records[at].end, power.choices(at, 1)[0])
        self.assertFalse(power.is_missed(story, "new-database"))

    def test_each_sync_that_goes_missing_is_found_out(self):
        for kind in power.SYNCS:
            with self.subTest(kind):
                self.assertFalse(power.is_missed(self.story, kind))


if __name__ == "__main__":
    unittest.main(verbosity=1)
