"""Become another program that ends when the process that started us ends. Run as a script, by its path.

Arguments: the starter's pid, the numeric user to become or "-", the signal that ends us, the program and its arguments.
It imports next to nothing: it runs before every child.
"""

from __future__ import annotations

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1


def main(starter: str, user: str, sign: str, *program: str) -> None:
    if user != "-":
        os.setgroups([])
        os.setgid(int(user))
        os.setuid(int(user))
    end_with_parent(int(sign))  # after the change of user, which clears this wish; it survives exec
    if os.getppid() != int(starter):
        sys.exit("The process that started this one is gone.")
    try:
        os.execv(program[0], program)  # noqa: S606 - that is what this program is for
    except OSError as error:
        sys.exit(f"{program[0]}: {error.strerror}")


def end_with_parent(sign: int) -> None:
    """Ask for a signal when our parent ends: one for each of its threads, where it is killed. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, sign)


if __name__ == "__main__":
    main(*sys.argv[1:])
