"""Tests after which all that the server has is looked at from every side: the check that follows crashes,
tests/crash/invariants.py, and with it `berth verify`.
"""

import os
import sys

from harness import SiteCase

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "crash"))

import invariants  # noqa: E402


class CheckedCase(SiteCase):
    """Whatever its tests did: nothing half is there, nothing lost, nothing twice."""

    @classmethod
    def tearDownClass(cls):
        invariants.check_after(cls.server)
