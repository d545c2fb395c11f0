"""The facts' reference page, made from their JSON Schema: every key with its form and meaning."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from docs.policy_reference import form
from protocol.facts_json import facts_schema

HEAD = """\
# Facts

<!-- Written by `make docs` from protocol/facts.py and facts_meanings.py; a test keeps it in step. -->

What `deploy-protocol decide --facts FILE` reads: all that the decision may know of one deployment, in one
JSON object. [An example](facts.example.json); the same as a JSON Schema: `deploy-protocol schema facts`.

```console
$ deploy-protocol decide --environment production --policy docs/deploy.example.yml \\
    --facts docs/facts.example.json --at "2026-11-25 11:00"
Waiting: All tests passing: lint still running
```

What is left out is empty or no: without `checks` the commit has none. A fact that could not be read is
written `{"missing": "why"}`, and what needs it waits. Moments carry an offset: `2026-11-25T10:55:00+01:00`.
Logins and teams compare in lower case; a bot's login ends in `[bot]`. Mistakes are named by their paths, all
of them at once.
"""


def facts_reference() -> str:
    definitions = facts_schema()["$defs"]
    names = ["Facts", *sorted(definitions.keys() - {"Facts"})]
    return "\n".join([HEAD, *(line for name in names for line in _section(name, definitions[name]))])


def _section(name: str, shape: dict[str, Any]) -> Iterator[str]:
    yield f"## {name}\n"
    if shape["description"]:
        yield shape["description"] + "\n"
    yield "| Key | Form | | Meaning |"
    yield "|---|---|---|---|"
    for key, schema in shape["properties"].items():
        needed = "**required**" if key in shape["required"] else ""
        yield f"| `{key}` | {form(schema)} | {needed} | {schema['description']} |"
    yield ""
