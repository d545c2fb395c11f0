"""`make docs`: writes every generated part of the papers anew. Tests keep them in step."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from docs.facts_reference import facts_reference
from docs.policy_reference import policy_reference
from protocol.codes import as_markdown
from protocol.commands import commands_table
from protocol.messages import PLACEHOLDERS
from protocol.schemas import policy_schema

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    (ROOT / "docs" / "codes.md").write_text(as_markdown())
    (ROOT / "docs" / "deploy.schema.json").write_text(json.dumps(policy_schema(), indent=2) + "\n")
    (ROOT / "docs" / "facts.md").write_text(facts_reference())
    (ROOT / "docs" / "policy.md").write_text(policy_reference())
    for paper, generated in PARTS.items():
        file = ROOT / paper
        file.write_text(generated(file.read_text()))


def with_tables(paper: str) -> str:
    """A paper with the tables of inputs and outputs as action.yml has them."""
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    for part in ("inputs", "outputs"):
        paper = _with_part(paper, part, _table(part, action[part]))
    return paper


def with_commands(paper: str) -> str:
    """docs/commands.md with the table that `/help` shows."""
    return _with_part(paper, "commands", commands_table())


def with_placeholders(paper: str) -> str:
    """docs/notifications.md with the words a message can be filled with."""
    return _with_part(paper, "placeholders", ", ".join(f"`{{{name}}}`" for name in PLACEHOLDERS) + ".")


PARTS: dict[str, Callable[[str], str]] = {
    "README.md": with_tables,
    "docs/action.md": with_tables,
    "docs/commands.md": with_commands,
    "docs/notifications.md": with_placeholders,
}


def _with_part(paper: str, part: str, text: str) -> str:
    before, after = f"<!-- {part} -->\n", f"\n<!-- /{part} -->"
    head, rest = paper.split(before)
    _, tail = rest.split(after)
    return head + before + text + after + tail


def _table(part: str, names: dict[str, Any]) -> str:
    rows = [f"| `{name}` | {about['description']}{_default(about)} |" for name, about in names.items()]
    return "\n".join([f"| {part.removesuffix('s').title()} | Meaning |", "|---|---|", *rows])


def _default(about: dict[str, Any]) -> str:
    if about.get("required"):
        return " **Required.**"
    return f" Default: `{about['default']}`." if about.get("default") else ""


if __name__ == "__main__":
    main()
