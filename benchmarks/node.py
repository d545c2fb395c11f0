"""What npm brings for two benchmarks, installed from the lock into a directory that is gone afterwards."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent / "probot"


@contextmanager
def installed(kept: Path | None = None) -> Iterator[Path]:
    """Our Probot application with its modules; `kept` is where an earlier one was left."""
    if kept is not None and (kept / "node_modules").is_dir():
        yield kept
        return
    with tempfile.TemporaryDirectory(prefix="probot-") as home:
        directory = kept or Path(home)
        shutil.copytree(HERE, directory, dirs_exist_ok=True)
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=directory, check=True)
        yield directory
