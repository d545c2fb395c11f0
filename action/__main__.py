"""`python -m action` carries a phase out; `python -m action post` writes the end of a job that died."""

from __future__ import annotations

import gc
import os
import sys


def main(arguments: list[str]) -> int:
    """Expected errors are one line without a traceback; unexpected ones show everything."""
    gc.disable()  # nothing is freed while modules load, and collecting anyway costs a tenth of the start
    environ = dict(os.environ)
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"  # looking for some takes 20 ms; none for the commands
    from action import process  # noqa: PLC0415 - imported with the collector off

    if arguments == ["post"]:
        return process.end(environ)
    if arguments:
        print(f"Unknown argument {arguments[0]!r}. Use `python -m action` or `python -m action post`.")
        return 2
    return process.start(environ)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
