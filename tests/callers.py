"""Those who ask in tests."""

from fleet.caller import Caller

ALICE = Caller("alice", "admin", "request-1")
"""Somebody who may do everything."""

BOB = Caller("bob", "user", "request-2")
"""Somebody who may read and predict."""
