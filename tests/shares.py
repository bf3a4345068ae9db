"""What processes do in place of compiling their share. In a module of its own, which they import in no time."""

import os
import signal
import sys

INCOMPLETE = 3


def does_all(share):
    pass


def leaves_some(share):
    sys.exit(INCOMPLETE)


def is_killed(share):
    os.kill(os.getpid(), signal.SIGKILL)


def is_killed_with_one_share(share):
    if "act" in share:
        is_killed(share)
