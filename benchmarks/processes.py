"""One process run to its end: how long it took, and how much memory it had at the peak."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """`requests` are those it made; seconds are on the wall, memory is in MB."""

    requests: int = 0
    seconds: float
    memory: float


def run(command: Sequence[str], *, environment: Mapping[str, str], cwd: Path) -> Ran:
    """Exits with what it said when it failed: a benchmark of a failure says nothing."""
    with tempfile.TemporaryFile() as said:
        begun = time.perf_counter()
        process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=said, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            words = said.read().decode(errors="replace")
            raise SystemExit(f"{' '.join(command)} ended with {process.returncode}:\n{words}")
    return Ran(seconds=seconds, memory=usage.ru_maxrss / 1024)
