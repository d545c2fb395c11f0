"""Container actions without a container engine: a local command stands for the image's entrypoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml


class ActionError(Exception):
    """An action the runner cannot start, with the cure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalAction:
    """What plays a container action. Without an `entrypoint` the file that action.yml names is run."""

    directory: Path
    entrypoint: tuple[str, ...] = ()
    post_entrypoint: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    default: Any = None
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """An action.yml of `using: docker`, ready to be run."""

    name: str
    inputs: Mapping[str, Input]
    args: tuple[str, ...]
    env: Mapping[str, Any]
    entrypoint: tuple[str, ...]
    post_entrypoint: tuple[str, ...]
    post_condition: str
    outputs: tuple[str, ...]
    image_env: Mapping[str, str]


def find_action(known: Mapping[str, LocalAction], reference: str) -> Action:
    """The action behind `uses:`, by `OWNER/REPO@ref`, `OWNER/REPO` or `./path`."""
    bare = reference.partition("@")[0]
    local = known.get(reference) or known.get(bare) or known.get(bare.rstrip("/"))
    if local is None:
        raise ActionError(f"Unable to resolve action `{reference}`: the sandbox was given no command for it")
    return _read(local)


def _read(local: LocalAction) -> Action:
    file = next((local.directory / name for name in ("action.yml", "action.yaml")
                 if (local.directory / name).exists()), None)  # fmt: skip
    if file is None:
        raise ActionError(f"Can't find 'action.yml' under '{local.directory}'")
    document = yaml.safe_load(file.read_text("utf-8"))
    runs = document.get("runs") or {}
    if runs.get("using") != "docker":
        raise ActionError(f"{file}: runs.using is '{runs.get('using')}'; the sandbox runs 'docker' only")
    return Action(
        name=str(document.get("name") or file.parent.name),
        inputs={name: _input(about or {}) for name, about in (document.get("inputs") or {}).items()},
        args=tuple(str(each) for each in runs.get("args") or ()),
        env=runs.get("env") or {},
        entrypoint=_command(local, local.entrypoint, runs.get("entrypoint")),
        post_entrypoint=_command(local, local.post_entrypoint, runs.get("post-entrypoint")),
        post_condition=str(runs.get("post-if") or "always()"),
        outputs=tuple(document.get("outputs") or ()),
        image_env=local.env,
    )


def _input(about: Mapping[str, Any]) -> Input:
    return Input(default=about.get("default"), required=bool(about.get("required", False)))


def _command(local: LocalAction, given: tuple[str, ...], declared: str | None) -> tuple[str, ...]:
    """The post phase exists only where action.yml declares it, whatever command was given for it."""
    if given and (declared or given is local.entrypoint):
        return given
    return (str(local.directory / declared.lstrip("/")),) if declared else ()
