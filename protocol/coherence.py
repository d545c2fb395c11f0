"""What must hold between the parts of a policy: names that meet, orders that end, windows that open.

Asked of the file as written, so that these faults show beside all others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import TypeAlias
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from protocol.calendars import Calendar
from protocol.codes import ANY_RULE, CODES
from protocol.days import EVE, HOLIDAYS
from protocol.faults import Fault
from protocol.moments import latest, parse_moment, parse_zone
from protocol.policy import DEFAULTS, Holidays
from protocol.source import MERGE, Node, Path
from protocol.windows import Schedule, Window
from protocol.wording import nearest, not_known

_OCCASIONS = re.compile(f"{HOLIDAYS}|{EVE}", re.IGNORECASE)
Rule: TypeAlias = Callable[[Node], Iterator[Fault]]
_MOST_WINDOWS = 100  # of one environment, dates counted one by one
_MOST_WINDOWS_IN_ALL = 1000  # of all environments; whether they open takes the longer the more there are
_ONCE_UPON_A_TIME = datetime(2020, 1, 1, tzinfo=UTC)  # a window that never opens after it never opens


def incoherences(root: Node) -> Iterator[Fault]:
    """What only the whole policy shows to be wrong; a fault's path starts at `root`."""
    for rule in RULES:
        yield from rule(root)


def _no_environments(root: Node) -> Iterator[Fault]:
    environments = root.find("environments")
    if environments is not None and environments.legible and not _environments(root):
        yield Fault(("environments",), "no environment is named: add one, such as production")


def _unknown_environments(root: Node) -> Iterator[Fault]:
    known = _environments(root)
    if not known or root.find("environments", MERGE) is not None:
        return
    for path in _references(root):
        name = root.text(*path)
        if name is not None and name not in known:
            yield Fault(path, not_known("environment", name, known))


def _references(root: Node) -> Iterator[Path]:
    """Every place that names an environment."""
    for name, environment in _environments(root).items():
        yield ("environments", name, "after", "environment")
        for index in range(len(environment.listed("checklist"))):
            yield ("environments", name, "checklist", index, "deployed")
    yield ("hotfix", "from")
    for index in range(len(root.listed("tests"))):
        yield ("tests", index, "environment")


def _unknown_reasons(root: Node) -> Iterator[Fault]:
    known = {word for code in CODES for word in (code.code, code.rule)} - {ANY_RULE}
    for index in range(len(root.listed("tests"))):
        reason = root.text("tests", index, "because")
        if reason is not None and reason not in known:
            near = nearest(reason, known)
            cure = f", did you mean '{near}'?" if near else ": write a rule or a code of docs/codes.md"
            yield Fault(("tests", index, "because"), f"unknown rule or code '{reason}'{cure}")


def _hotfix_from_nowhere(root: Node) -> Iterator[Fault]:
    known = _environments(root)
    lacking = root.find("environments", "production") is None
    if known and lacking and root.find("hotfix") and root.find("hotfix", "from") is None:
        yield Fault(
            ("hotfix",), "hotfixes start from 'production', which is not an environment here: add 'from'"
        )


def _cycles(root: Node) -> Iterator[Fault]:
    before = {name: one.text("after", "environment") for name, one in _environments(root).items()}
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
    for index, item in enumerate(root.listed(*path)):
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


def _nobody_to_notify(root: Node) -> Iterator[Fault]:
    """An item that waits for a message nobody is sent would wait for ever."""
    for name, environment in _environments(root).items():
        channels = environment.find("notify") or root.find("notify")
        for index, item in enumerate(environment.listed("checklist")):
            moment = item.text("notified")
            told = channels.find(moment) if channels is not None and moment is not None else None
            if moment is not None and (told is None or told.value == ()):
                path = ("environments", name, "checklist", index, "notified")
                yield Fault(path, f"nobody is notified {moment}: name a channel in notify.{moment}")


def _freezes_that_end_first(root: Node) -> Iterator[Fault]:
    for name, environment in _environments(root).items():
        for index, freeze in enumerate(environment.listed("freezes")):
            if _ends_first(freeze, root):
                path = ("environments", name, "freezes", index, "until")
                message = "the freeze ends before it begins: 'until' must be later than 'from'"
                yield Fault(path, message)


def _ends_first(freeze: Node, root: Node) -> bool:
    """False where nobody can tell: one of both has an offset, and the other's zone is illegible."""
    begin, end, zone = freeze.text("from"), freeze.text("until"), zone_of(root)
    if begin is None or end is None:
        return False
    starts, until = parse_moment(begin, zone), latest(parse_moment(end, zone))
    alike = (starts.tzinfo is zone) == (until.tzinfo is zone)
    named = root.find("timezone")
    return until <= starts and (alike or named is None or named.legible)


def _unknown_holidays(root: Node) -> Iterator[Fault]:
    country, subdivision = root.text("holidays", "country"), root.text("holidays", "subdivision")
    if subdivision is not None and root.find("holidays", "country") is None:
        yield Fault(("holidays", "subdivision"), "a subdivision needs its country: add country, such as DE")
    if country is None:
        return
    from protocol.countries import codes, country_named, subdivisions  # noqa: PLC0415 - takes 70 ms

    if country not in codes():
        yield Fault(("holidays", "country"), _no_country(country, country_named(country), codes()))
        return
    if subdivision is not None and subdivision not in subdivisions(country):
        message = not_known(f"subdivision of {country}", subdivision, subdivisions(country))
        yield Fault(("holidays", "subdivision"), message)


def _no_country(name: str, code: str | None, codes: Iterable[str]) -> str:
    near = code or nearest(name, codes)
    cure = f", did you mean '{near}'?" if near else ": write its two letters, such as DE"
    return f"unknown country '{name}'{cure}"


def _too_many_windows(root: Node) -> Iterator[Fault]:
    for name, environment in _environments(root).items():
        count = sum(_dates_named(item) for item in _windows_of(environment))
        if count > _MOST_WINDOWS:
            yield Fault(
                ("environments", name, "windows"),
                f"{count} windows and dates are too many to look at: "
                f"write at most {_MOST_WINDOWS}, with ranges such as 2026-12-24..2026-12-27",
            )


def _dates_named(window: Node) -> int:
    text = window.text()
    return max(1, len(_window(text).days.dates)) if text is not None else 1


@lru_cache(maxsize=1024)
def _window(text: str) -> Window:
    return Window.parse(text)


def _windows_that_never_open(root: Node) -> Iterator[Fault]:
    looked_at = 0
    for name, environment in _environments(root).items():
        schedule = _schedule(environment, root)
        if schedule is None:
            continue
        looked_at += len(schedule.open) + len(schedule.closed)
        if looked_at > _MOST_WINDOWS_IN_ALL:
            message = f"more than {_MOST_WINDOWS_IN_ALL} windows are too many to look at: write fewer"
            yield Fault(("environments", name, "windows"), message)
            return
        opening = schedule.at(_ONCE_UPON_A_TIME)
        if not opening.open and opening.opens_at is None:
            message = "this never opens: the closed windows cover all of the open ones"
            yield Fault(("environments", name, "windows"), message)


def _holidays_of_nowhere(root: Node) -> Iterator[Fault]:
    if root.find("holidays") is not None:
        return
    for name, environment in _environments(root).items():
        for key in ("open", "closed"):
            for index, item in enumerate(environment.listed("windows", key)):
                if _names_occasions(item):
                    path = ("environments", name, "windows", key, index)
                    yield Fault(
                        path, "nothing says which days are holidays: add 'holidays: {country: DE}' at the top"
                    )


def _names_occasions(window: Node) -> bool:
    return _OCCASIONS.search(window.text() or "") is not None


RULES: tuple[Rule, ...] = (
    _no_environments,
    _unknown_environments,
    _unknown_reasons,
    _hotfix_from_nowhere,
    _cycles,
    _names_given_twice,
    _environments_alike,
    _nobody_to_notify,
    _freezes_that_end_first,
    _unknown_holidays,
    _too_many_windows,
    _windows_that_never_open,
    _holidays_of_nowhere,
)


def zone_of(root: Node) -> ZoneInfo:
    """The policy's zone; UTC when it names none that is known."""
    try:
        return parse_zone(root.text("timezone") or "UTC")
    except ValueError:
        return parse_zone("UTC")


def _environments(root: Node) -> dict[str, Node]:
    environments = root.find("environments")
    entries = environments.entries if environments is not None else {}
    return {name: entry.node for name, entry in entries.items() if name not in (DEFAULTS, MERGE)}


def _windows_of(environment: Node) -> tuple[Node, ...]:
    return environment.listed("windows", "open") + environment.listed("windows", "closed")


def _schedule(environment: Node, root: Node) -> Schedule | None:
    """The windows of one environment; None when there are none, too many, or one is illegible."""
    written = [environment.find("windows", key) for key in ("open", "closed")]
    windows = _windows_of(environment)
    if not windows or not all(part is None or part.legible for part in (*written, *windows)):
        return None
    if sum(map(_dates_named, windows)) > _MOST_WINDOWS:
        return None
    calendar = _calendar(root) if any(map(_names_occasions, windows)) else Calendar()
    opened, closed = (
        tuple(_window(item.text() or "") for item in environment.listed("windows", key))
        for key in ("open", "closed")
    )
    return Schedule(opened, closed, zone_of(root), calendar) if calendar is not None else None


def _calendar(root: Node) -> Calendar | None:
    """None when nothing says which days are holidays, or nobody can tell."""
    node = root.find("holidays")
    if node is None or next(_unknown_holidays(root), None):
        return None
    try:
        holidays = Holidays.model_validate(node.plain, by_name=False)
    except ValidationError:
        return None
    return Calendar(holidays.country, holidays.subdivision, holidays.extra)
