"""What must hold between the parts of a policy: names that meet, orders that end, windows that open.

Asked of the file as written, so that these faults show beside all others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TypeAlias
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from protocol.calendars import Calendar
from protocol.codes import ANY_RULE, CODES
from protocol.days import EVE, HOLIDAYS
from protocol.faults import Fault, Path
from protocol.moments import parse_zone
from protocol.policy import DEFAULTS, Holidays, Windows
from protocol.source import Node
from protocol.windows import Schedule
from protocol.wording import nearest, not_known

_OCCASIONS = re.compile(f"{HOLIDAYS}|{EVE}", re.IGNORECASE)
Rule: TypeAlias = Callable[[Node], Iterator[Fault]]
_MOST_WINDOWS = 1000  # of all environments; whether they open takes the longer the more there are
_ONCE_UPON_A_TIME = datetime(2020, 1, 1, tzinfo=UTC)  # a window that never opens after it never opens


def incoherences(root: Node) -> Iterator[Fault]:
    for rule in _RULES:
        yield from rule(root)


def _unknown_environments(root: Node) -> Iterator[Fault]:
    known = _environments(root)
    for path in _references(root):
        name = _text(root, *path)
        if name is not None and name not in known:
            yield Fault(path, not_known("environment", name, known))


def _references(root: Node) -> Iterator[Path]:
    """Every place that names an environment."""
    for name, environment in _environments(root).items():
        yield ("environments", name, "after", "environment")
        for index in range(len(_items(environment, "checklist"))):
            yield ("environments", name, "checklist", index, "deployed")
    yield ("hotfix", "from")
    for index in range(len(_items(root, "tests"))):
        yield ("tests", index, "environment")


def _unknown_reasons(root: Node) -> Iterator[Fault]:
    known = {word for code in CODES for word in (code.code, code.rule)} - {ANY_RULE}
    for index in range(len(_items(root, "tests"))):
        reason = _text(root, "tests", index, "because")
        if reason is not None and reason not in known:
            near = nearest(reason, known)
            cure = f", did you mean '{near}'?" if near else ": write a rule or a code of docs/codes.md"
            yield Fault(("tests", index, "because"), f"unknown rule or code '{reason}'{cure}")


def _hotfix_from_nowhere(root: Node) -> Iterator[Fault]:
    hotfix, known = root.find("hotfix"), _environments(root)
    if hotfix is not None and "from" not in hotfix.entries and "production" not in known:
        yield Fault(
            ("hotfix",), "hotfixes start from 'production', which is not an environment here: add 'from'"
        )


def _cycles(root: Node) -> Iterator[Fault]:
    before = {name: _text(one, "after", "environment") for name, one in _environments(root).items()}
    places = {name: place for place, name in enumerate(before)}
    for loop in _loops(before):
        first = loop.index(min(loop, key=places.__getitem__))
        way = " after ".join([*loop[first:], *loop[: first + 1]])
        path = ("environments", loop[first], "after", "environment")
        yield Fault(path, f"this waits for itself: {way}")


def _loops(before: Mapping[str, str | None]) -> Iterator[list[str]]:
    """Each way that leads back to its begin, once. Every name is passed once: a file may hold many."""
    passed: set[str] = set()
    for start in before:
        way: list[str] = []
        name: str | None = start
        while name is not None and name in before and name not in passed:
            passed.add(name)
            way.append(name)
            name = before[name]
        if name in way:
            yield way[way.index(name) :]


def _names_given_twice(root: Node) -> Iterator[Fault]:
    for name in _environments(root):
        for path, key, what in (
            (("approvals",), "name", "approval"),
            (("checklist",), "item", "checklist item"),
            (("steps", "smoke"), "name", "smoke test"),
        ):
            yield from _twice(root, ("environments", name, *path), key, what)


def _twice(root: Node, path: Path, key: str, what: str) -> Iterator[Fault]:
    lines: dict[str, int] = {}
    for index, item in enumerate(_items(root, *path)):
        node = item.find(key)
        if node is None or not isinstance(node.value, str):
            continue
        word = node.value.strip().lower()
        if word in lines:
            message = f"{what} '{node.value}' is already on line {lines[word]}: rename one of them"
            yield Fault((*path, index, key), message)
        lines.setdefault(word, node.mark.line)


def _environments_alike(root: Node) -> Iterator[Fault]:
    seen: dict[str, str] = {}
    for name in _environments(root):
        first = seen.setdefault(name.lower(), name)
        if first != name:
            yield Fault(
                ("environments", name),
                f"to GitHub '{name}' and '{first}' are one: keep one of them",
                of_key=True,
            )


def _merges_without_workflow(root: Node) -> Iterator[Fault]:
    for name, environment in _environments(root).items():
        if _text(environment, "deploy") == "on-merge" and "workflow" not in environment.entries:
            cure = "add 'workflow', the file to start, such as deploy.yml"
            yield Fault(
                ("environments", name, "deploy"), f"'on-merge' starts a workflow but none is named: {cure}"
            )


def _migrations_without_lint(root: Node) -> Iterator[Fault]:
    for name, environment in _environments(root).items():
        if environment.find("steps", "migrate", "lint") is not None:
            continue
        for key in ("approvals", "checklist"):
            for index, item in enumerate(_items(environment, key)):
                if item.find("when", "migrations") is not None:
                    cure = "add steps.migrate.lint, such as migrations/*.sql"
                    path = ("environments", name, key, index, "when", "migrations")
                    yield Fault(path, f"nothing says which files are migrations: {cure}")


def _nobody_to_notify(root: Node) -> Iterator[Fault]:
    """An item that waits for a message nobody is sent would wait for ever."""
    for name, environment in _environments(root).items():
        channels = environment.find("notify") or root.find("notify")
        for index, item in enumerate(_items(environment, "checklist")):
            moment = _text(item, "notified")
            if moment is not None and not (channels and _items(channels, moment)):
                path = ("environments", name, "checklist", index, "notified")
                yield Fault(path, f"nobody is notified {moment}: name a channel in notify.{moment}")


def _unknown_holidays(root: Node) -> Iterator[Fault]:
    country = _text(root, "holidays", "country")
    if country is None:
        return
    from protocol.countries import codes, country_named, subdivisions  # noqa: PLC0415 - takes 70 ms

    if country not in codes():
        yield Fault(("holidays", "country"), _no_country(country, country_named(country), codes()))
        return
    subdivision = _text(root, "holidays", "subdivision")
    if subdivision is not None and subdivision not in subdivisions(country):
        message = not_known(f"subdivision of {country}", subdivision, subdivisions(country))
        yield Fault(("holidays", "subdivision"), message)


def _no_country(name: str, code: str | None, codes: Iterable[str]) -> str:
    near = code or nearest(name, codes)
    cure = f", did you mean '{near}'?" if near else ": write its two letters, such as DE"
    return f"unknown country '{name}'{cure}"


def _windows_that_never_open(root: Node) -> Iterator[Fault]:
    calendar, looked_at = _calendar(root), 0
    for name in _environments(root):
        windows = _windows(root, name)
        if windows is None or calendar is None or not (windows.open or windows.closed):
            continue
        looked_at += len(windows.open) + len(windows.closed)
        if looked_at > _MOST_WINDOWS:
            message = f"more than {_MOST_WINDOWS} windows are too many to look at: write fewer"
            yield Fault(("environments", name, "windows"), message)
            return
        schedule = Schedule(windows.open, windows.closed, zone_of(root), calendar)
        opening = schedule.at(_ONCE_UPON_A_TIME)
        if not opening.open and opening.opens_at is None:
            message = "this never opens: the closed windows cover all of the open ones"
            yield Fault(("environments", name, "windows"), message)


def _holidays_of_nowhere(root: Node) -> Iterator[Fault]:
    if root.find("holidays") is not None:
        return
    for name, environment in _environments(root).items():
        for key in ("open", "closed"):
            for index, item in enumerate(_items(environment, "windows", key)):
                if isinstance(item.value, str) and _OCCASIONS.search(item.value):
                    path = ("environments", name, "windows", key, index)
                    yield Fault(
                        path, "nothing says which days are holidays: add 'holidays: {country: DE}' at the top"
                    )


_RULES: tuple[Rule, ...] = (
    _unknown_environments,
    _unknown_reasons,
    _hotfix_from_nowhere,
    _cycles,
    _names_given_twice,
    _environments_alike,
    _merges_without_workflow,
    _migrations_without_lint,
    _nobody_to_notify,
    _unknown_holidays,
    _windows_that_never_open,
    _holidays_of_nowhere,
)


def zone_of(root: Node) -> ZoneInfo:
    """The policy's zone; UTC when it names none that is known."""
    try:
        return parse_zone(_text(root, "timezone") or "UTC")
    except ValueError:
        return parse_zone("UTC")


def _environments(root: Node) -> dict[str, Node]:
    environments = root.find("environments")
    entries = environments.entries if environments is not None else {}
    return {name: entry.node for name, entry in entries.items() if name != DEFAULTS}


def _text(node: Node, *path: str | int) -> str | None:
    found = node.find(*path)
    return found.value if found is not None and isinstance(found.value, str) else None


def _items(node: Node, *path: str | int) -> tuple[Node, ...]:
    found = node.find(*path)
    return found.items if found is not None else ()


def _windows(root: Node, environment: str) -> Windows | None:
    """The windows of one environment; None when they have faults of their own."""
    node = root.find("environments", environment, "windows")
    try:
        return Windows.model_validate(node.plain, by_name=False) if node is not None else None
    except ValidationError:
        return None


def _calendar(root: Node) -> Calendar | None:
    node = root.find("holidays")
    if node is None:
        return Calendar()
    if next(_unknown_holidays(root), None):
        return None
    try:
        holidays = Holidays.model_validate(node.plain, by_name=False)
    except ValidationError:
        return None
    return Calendar(holidays.country, holidays.subdivision, holidays.extra)
