"""Real programs that some tests need: skipped without them on a user's machine, failed in CI."""

from __future__ import annotations

import os
import shutil

import pytest

_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))  # where Debian keeps servers


def need(program: str) -> str:
    """Where the program is."""
    found = shutil.which(program, path=_PATH)
    if found is not None:
        return found
    why = f"{program} is not installed; on Debian: apt-get install {program}"
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)
