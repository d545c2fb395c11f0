"""A place in a JSON value, written as people write it: `checks.db`, `items[0].id`."""

from __future__ import annotations

from typing import Any, Final

ABSENT: Final = object()


def value_at(data: Any, path: str) -> Any:
    """What stands at `checks.db`, `items.0.id` or `items[0].id`; ABSENT where nothing does."""
    found = data
    for key in path.removeprefix("$").replace("[", ".").replace("]", "").strip(".").split("."):
        match found:
            case dict() if key in found:
                found = found[key]
            case list() if key.isdecimal() and int(key) < len(found):
                found = found[int(key)]
            case _:
                return ABSENT
    return found
