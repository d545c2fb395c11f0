"""JSON on its way in: read as it should be, or a `Missing` that says what was not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias, TypeVar

from protocol.facts import Known, Missing

T = TypeVar("T")

Node: TypeAlias = Mapping[str, Any]
NOBODY = "ghost"  # whom GitHub shows for a deleted account


class Unreadable(ValueError):
    """JSON that is not what GitHub promises, or only a part of it."""


class Reading:
    """An answer to a GraphQL query, read part by part. What GitHub could not give is Missing, never empty."""

    def __init__(self, data: Node, errors: Sequence[Node] = ()) -> None:
        self._data = data
        self._errors = errors

    def is_absent(self, alias: str) -> bool:
        """Whether GitHub says there is no such thing, rather than that it may not be seen."""
        found = (error.get("type") for error in self._errors if list(error.get("path") or ()) == [alias])
        return "NOT_FOUND" in found

    def said(self) -> str:
        """The errors in GitHub's words, each once."""
        return "; ".join(dict.fromkeys(str(error.get("message")) for error in self._errors))

    def part(self, what: str, path: Sequence[str], read: Callable[[Any], T]) -> Known[T]:
        """What `read` makes of the JSON at `path`."""
        return self.within(what, path, lambda: read(at(self._data, path)))

    def within(self, what: str, path: Sequence[str], read: Callable[[], T]) -> Known[T]:
        """What `read` returns, unless an error struck at `path` (names only, no positions in lists)."""
        error = next((error for error in self._errors if _concerns(error, path)), None)
        if error is not None:
            return Missing(f"{what} could not be read: GitHub says '{error.get('message')}'")
        return known(what, read)


def known(what: str, read: Callable[[], T]) -> Known[T]:
    """What `read` returns; Missing with the reason when the JSON is not as it should be."""
    try:
        return read()
    except Unreadable as problem:
        return Missing(f"{what} could not be read: {problem}")
    except KeyError as problem:
        return Missing(f"{what} could not be read: {problem} is not in GitHub's answer")
    except (TypeError, ValueError, AttributeError) as problem:
        return Missing(f"{what} could not be read: GitHub's answer is not as it should be ({problem})")


def at(data: Any, path: Sequence[str]) -> Any:
    """The value at `path`; None where something on the way is null."""
    for key in path:
        if data is None:
            return None
        data = data[key]
    return data


def nodes_of(connection: Any) -> list[Any]:
    """All of a list. Raises Unreadable for a part of one."""
    if connection is None:
        raise Unreadable("GitHub gave nothing, as it does when a permission is lacking")
    if connection.get("pageInfo", {}).get("hasNextPage"):
        raise Unreadable("the list goes on longer than we read")
    return [node for node in connection["nodes"] if node is not None]


def login_of(actor: Node | None) -> str:
    """In lower case; a bot's ends in `[bot]`, which GraphQL leaves out and REST does not."""
    login = str(actor["login"]).lower() if actor else NOBODY
    is_bot = actor is not None and actor.get("__typename") == "Bot"
    return f"{login}[bot]" if is_bot and not login.endswith("[bot]") else login


def login_in(user: Node | None) -> str:
    """The same from REST, which says `type` and mostly writes the `[bot]`; "" where there is nobody."""
    login = str((user or {}).get("login") or "").lower()
    is_app = (user or {}).get("type") == "Bot" and not login.endswith("[bot]")
    return f"{login}[bot]" if is_app else login


def moment(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _concerns(error: Node, path: Sequence[str]) -> bool:
    """Whether an error struck the part at `path`, something inside it, or something around it."""
    struck = [step for step in error.get("path") or () if isinstance(step, str)]
    shorter = min(len(struck), len(path))
    return struck[:shorter] == list(path[:shorter])
