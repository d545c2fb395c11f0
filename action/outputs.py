"""What a step's command hands to the commands after it: lines NAME=VALUE in the file $OUTPUTS."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from action.errors import StepFailed
from protocol.placeholders import WORDS

NAME = "OUTPUTS"
_LINE = re.compile(r"(?P<name>[A-Z][A-Z0-9_]*)=(?P<value>[^\0]*)")
_MOST = 65_536
_OTHERS = ("GITHUB_", "RUNNER_", "INPUT_", "STATE_", "LD_", "BASH_")  # they steer GitHub, us or the loader


@contextmanager
def outputs_file(directory: Path) -> Iterator[Path]:
    """A place of one command's own; the file is there once something is written, and gone afterwards."""
    path = directory / f"outputs-{uuid.uuid4()}"
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def read_outputs(path: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """By name; of a name written twice the last. `environ` is what the job itself is given.

    Raises StepFailed for what is no output: a command after it would miss the value.
    """
    if not path.is_file():
        return {}
    with path.open("rb") as file:
        data = file.read(_MOST + 1)
    if len(data) > _MOST:
        raise StepFailed(f"more than {_MOST} bytes were written to ${NAME}; pass the name of a file instead")
    lines = data.decode("utf-8", "replace").split("\n")
    return dict(_output(number, line, environ) for number, line in enumerate(lines, start=1) if line.strip())


def _output(number: int, line: str, environ: Mapping[str, str]) -> tuple[str, str]:
    """The line itself is in no error: it may hold a secret that nobody has masked yet."""
    found = _LINE.fullmatch(line.removesuffix("\r"))
    if found is None:
        raise StepFailed(
            f"line {number} of ${NAME} is not NAME=VALUE; write a name of A-Z, 0-9 and _, one line per value"
        )
    name = found["name"]
    if name in (*WORDS, NAME) or name in environ or name.startswith(_OTHERS):
        raise StepFailed(
            f"line {number} of ${NAME} sets {name}, which is not a step's to set; choose another"
        )
    return name, found["value"]
