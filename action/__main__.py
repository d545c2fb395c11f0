"""`python -m action` carries a phase out; `python -m action post` writes the end of a job that died."""

from __future__ import annotations

import gc
import os
import sys


def main(arguments: list[str]) -> int:
    """Expected errors are one line without a traceback; unexpected ones show everything."""
    gc.disable()  # nothing is freed while modules load, and collecting anyway costs a tenth of the start
    from action import process  # noqa: PLC0415 - imported with the collector off

    if arguments == ["post"]:
        return process.end(os.environ)
    if arguments:
        print(f"Unknown argument {arguments[0]!r}. Use `python -m action` or `python -m action post`.")
        return 2
    return process.start(os.environ)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
