"""The App that `/setup` registered: a file beside the database, with settings named as in the environment."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from gateway.registration import Registration

NAMES = (
    "GITHUB_APP_ID",
    "GITHUB_APP_PRIVATE_KEY",
    "GITHUB_WEBHOOK_SECRET",
    "GITHUB_CLIENT_ID",
    "GITHUB_CLIENT_SECRET",
)


class Unusable(Exception):  # noqa: N818 - the word its reader needs
    """The file is there and cannot be read; the sentence has the cure."""


def registration_file(data_dir: Path) -> Path:
    return data_dir / "github-app.json"


def write_registration(data_dir: Path, made: Registration) -> Path:
    """For its owner's eyes only, whole or not at all.

    Raises OSError, also where there is one already: another App's key is never lost.
    """
    file = registration_file(data_dir)
    values = (str(made.app_id), made.private_key, made.webhook_secret, made.client_id, made.client_secret)
    data_dir.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as writing:
        json.dump(dict(zip(NAMES, values, strict=True)), writing, indent=2)
        writing.flush()
        os.fsync(writing.fileno())
    try:
        os.link(draft, file)
    finally:
        draft.unlink()
    return file


def read_registration(data_dir: Path) -> Mapping[str, str]:
    """Empty where none was made. Raises Unusable."""
    file = registration_file(data_dir)
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise Unusable(f"{file} cannot be read ({error}). {_CURE}") from error
    if not isinstance(found, dict) or not all(isinstance(found.get(name), str) for name in NAMES):
        raise Unusable(f"{file} does not hold the settings that /setup wrote. {_CURE}")
    return {name: found[name] for name in NAMES}


_CURE = "Restore it, or remove it and set GITHUB_APP_ID and the other variables."
