"""How a team runs its migrations: `migrate.py up|down` carries migrations/*.up.sql or *.down.sql out."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import psycopg


def main(way: str) -> None:
    files = sorted(Path("migrations").glob(f"*.{way}.sql"), reverse=way == "down")
    with psycopg.connect(os.environ["DATABASE_URL"]) as database:  # all of them or none
        for file in files:
            database.execute(file.read_bytes())
            sys.stdout.write(f"{file.name} done\n")


if __name__ == "__main__":
    main(sys.argv[1])
