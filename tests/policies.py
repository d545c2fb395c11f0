"""Policies as files have them, written as Python values and read through the front door."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from protocol.document import parse_policy
from protocol.policy import Policy

EXAMPLE_FILE = Path(__file__).parents[1] / "docs" / "deploy.example.yml"

_BASE: Mapping[str, Any] = {
    "version": 1,
    "timezone": "Europe/Berlin",
    "notify": {"before": ["team"], "during": ["team"], "after": ["team"]},
}
ANYTHING_GOES: Mapping[str, Any] = {}


def make_policy(
    production: Mapping[str, Any] = ANYTHING_GOES,
    *,
    environments: Mapping[str, Any] = ANYTHING_GOES,
    **keys: Any,
) -> Policy:
    """A policy whose production has these keys, beside a staging that asks for nothing."""
    named = {
        "staging": {"deploy": "manual"},
        "production": {"deploy": "manual", **production},
        **environments,
    }
    return read_policy({**keys, "environments": named})


def make_bare_policy(environments: Mapping[str, Any], **keys: Any) -> Policy:
    """A policy with these environments only, such as an organisation's."""
    return read_policy({**keys, "environments": environments})


def read_policy(document: Mapping[str, Any]) -> Policy:
    return parse_policy(json.dumps({**_BASE, **document}), "deploy.yml")


def example_policy() -> Policy:
    """The annotated example of the documentation."""
    return parse_policy(EXAMPLE_FILE.read_bytes(), EXAMPLE_FILE.name)
