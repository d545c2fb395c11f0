"""Whether a process is gone: a zombie that nobody buries counts as one."""

from __future__ import annotations

import time
from pathlib import Path

_PATIENCE = 20.0  # the kernel takes a moment to end what was killed


def is_gone(pid: int) -> bool:
    """By the end of our patience at the latest."""
    give_up = time.monotonic() + _PATIENCE
    while _lives(pid):
        if time.monotonic() > give_up:
            return False
        time.sleep(0.01)
    return True


def _lives(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(b") ")[2][:1] not in (b"Z", b"X")
