"""What a proposed policy changes, in sentences of the file's own words; what asks for less is marked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from protocol.answers import listed
from protocol.durations import say_duration
from protocol.policy import Policy
from protocol.windows import Window

Path: TypeAlias = tuple[str, ...]
_NAMES = ("name", "item")  # what an entry of a list is known by
_LONGEST_VALUE = 80
_STRICTNESS = ("allow", "wait", "refuse")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One sentence. `loosens`: a deployment that was held back may now pass, or is watched less."""

    text: str
    loosens: bool


@dataclass(frozen=True, slots=True)
class _Difference:
    path: Path
    old: Any
    new: Any


def changes_between(old: Policy, new: Policy, *, shared: bool = False) -> tuple[Change, ...]:
    """Every difference, in the order of the file; none for a file that was only written otherwise.

    A `shared` policy is an organisation's: what it no longer names it no longer asks anything of,
    while a gate waits for an environment that the repository's own does not name.
    """
    return tuple(
        Change(text=_sentence(found), loosens=_loosens(found) or (shared and _is_unnamed(found)))
        for found in _differences((), old, new)
    )


def _differences(path: Path, old: Any, new: Any) -> Iterator[_Difference]:
    """As deep as both sides have the same shape."""
    if old == new:
        return
    before, after = _parts(old), _parts(new)
    if before is None or after is None or type(old) is not type(new):
        yield _Difference(path, old, new)
        return
    for name in dict.fromkeys((*before, *after)):
        yield from _differences((*path, name), before.get(name), after.get(name))


def _parts(value: Any) -> Mapping[str, Any] | None:
    """What a value consists of, by name; None for what is compared as a whole."""
    match value:
        case BaseModel():
            return {_key(name): part for name, part in value if name not in _NAMES}
        case dict():
            return {str(name): part for name, part in value.items()}
        case tuple() if value and all(_name(one) for one in value):
            return {str(_name(one)): one for one in value}
    return None


def _key(field: str) -> str:
    """As the file spells it: `from_` is `from` there."""
    return field.rstrip("_")


def _name(value: Any) -> str | None:
    names = (getattr(value, name, None) for name in _NAMES)
    return (
        next((name for name in names if isinstance(name, str)), None)
        if isinstance(value, BaseModel)
        else None
    )


def _sentence(found: _Difference) -> str:
    where, what = _place(found.path)
    return (
        f"{where}: {what} {_verb(found.old, found.new)}" if what else f"{where} {_verb(found.old, found.new)}"
    )


def _place(path: Path) -> tuple[str, str]:
    """The environment and what is in it, or the top of the file."""
    match path:
        case ("environments", environment, *rest):
            return environment, " > ".join(rest)
        case _:
            return "everywhere", " > ".join(path)


def _verb(old: Any, new: Any) -> str:
    if _is_nothing(old):
        return f"is added{_shown(new)}"
    if _is_nothing(new):
        return f"is removed{_shown(old)}"
    if isinstance(old, tuple) and isinstance(new, tuple):
        return _gained_and_lost(_words(old), _words(new))
    if _is_number(old) and _is_number(new):
        return f"{'drops' if new < old else 'rises'} from {_value(old)} to {_value(new)}"
    return f"changes from {_value(old)} to {_value(new)}"


def _is_nothing(value: Any) -> bool:
    return value is None or value == ()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | timedelta) and not isinstance(value, bool)


def _gained_and_lost(old: list[str], new: list[str]) -> str:
    gained = [word for word in new if word not in old]
    lost = [word for word in old if word not in new]
    said = [f"gains {listed(gained)}"] if gained else []
    said += [f"loses {listed(lost)}"] if lost else []
    return " and ".join(said) or "is put in another order"


def _words(values: tuple[Any, ...]) -> list[str]:
    return [_value(value) for value in values]


def _shown(value: Any) -> str:
    """What was added or removed, where it is short enough to say."""
    if isinstance(value, BaseModel | dict):
        return ""
    return f": {listed(_words(value))}" if isinstance(value, tuple) else f": {_value(value)}"


def _value(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case timedelta():
            return say_duration(value) if value else "0s"
        case ZoneInfo():
            return value.key
        case Window():
            return value.text
        case BaseModel():
            given = {_key(name): part for name, part in value if part not in (None, ())}
            return _clipped(", ".join(f"{name} {_value(part)}" for name, part in given.items()))
        case tuple():
            return listed(_words(value)) or "nothing"
        case None:
            return "nothing"
    return _clipped(str(value))


def _clipped(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def _is_unnamed(found: _Difference) -> bool:
    return len(found.path) == len(("environments", "name")) and found.new is None


def _loosens(found: _Difference) -> bool:
    """By the first line of the table that fits."""
    path = found.path[2:] if found.path[:1] == ("environments",) else found.path
    judge = next((judge for pattern, judge in _LOOSER if _fits(pattern.split("."), path)), None)
    return judge is not None and judge(found.old, found.new)


def _fits(pattern: list[str], path: Path) -> bool:
    return len(pattern) == len(path) and all(
        want in ("*", part) for want, part in zip(pattern, path, strict=True)
    )


Judge: TypeAlias = Callable[[Any, Any], bool]


def _always(_old: Any, _new: Any) -> bool:
    return True


def _added(old: Any, _new: Any) -> bool:
    return _is_nothing(old)


def _removed(_old: Any, new: Any) -> bool:
    return _is_nothing(new)


def _given(_old: Any, new: Any) -> bool:
    return not _is_nothing(new)


def _changed(old: Any, _new: Any) -> bool:
    return not _is_nothing(old)


def _lower(old: Any, new: Any) -> bool:
    return _is_nothing(new) or (not _is_nothing(old) and new < old)


def _higher_or_none(old: Any, new: Any) -> bool:
    return _is_nothing(new) or (not _is_nothing(old) and new > old)


def _on(_old: Any, new: Any) -> bool:
    return new is True


def _off(_old: Any, new: Any) -> bool:
    return new is False


def _gains(old: Any, new: Any) -> bool:
    """Or is there no more, so that everybody is meant."""
    return _is_nothing(new) or bool(set(_words(new)) - set(_words(old or ())))


def _loses(old: Any, new: Any) -> bool:
    return bool(set(_words(old or ())) - set(_words(new or ())))


def _less_strict(old: Any, new: Any) -> bool:
    return _STRICTNESS.index(new) < _STRICTNESS.index(old)


# Below `environments.NAME` or at the top of the file; `*` is any one name.
_LOOSER: tuple[tuple[str, Judge], ...] = (
    ("timezone", _always),  # every window and freeze moves
    ("holidays", _removed),
    ("holidays.country", _changed),
    ("holidays.subdivision", _changed),
    ("holidays.extra", _loses),
    ("access", _removed),
    ("access.deployers", _gains),
    ("access.emergency", _added),
    ("access.emergency.who", _gains),
    ("access.emergency.expire", _higher_or_none),
    ("after", _removed),
    ("after.environment", _always),
    ("after.bake", _lower),
    ("windows.open", _gains),
    ("windows.closed", _loses),
    ("windows.grace", _higher_or_none),
    ("freezes", _loses),
    ("approvals", _removed),
    ("approvals.*", _removed),
    ("approvals.*.count", _lower),
    ("approvals.*.from", _gains),
    ("approvals.*.when", _given),  # asked only sometimes
    ("approvals.*.when.*", _always),
    ("approval_options.own", _on),
    ("approval_options.expire", _higher_or_none),
    ("approval_options.methods", _gains),
    ("checklist", _removed),
    ("checklist.*", _removed),
    ("checklist.*.allow_none", _on),
    ("checklist.*.reviews", _lower),
    ("checklist.*.tick", _gains),
    ("checklist.*.timeout", lambda *_: False),
    ("checklist.*.when", _given),
    ("checklist.*.*", _changed),  # another kind of evidence
    ("checklist.*.when.*", _always),
    ("steps.health", _loses),
    ("steps.smoke", _loses),
    ("steps.smoke.*", _removed),
    ("steps.smoke.*.critical", _off),
    ("steps.backup", _removed),
    ("steps.migrate.lint", _removed),
    ("monitor", _removed),
    ("monitor.for", _lower),
    ("monitor.metrics.*", _removed),
    ("monitor.metrics.*.dry_run", _on),
    ("monitor.metrics.*.rollback_if", _always),
    ("monitor.metrics.*.rollback_if.*", _always),
    ("monitor.integrity", _removed),
    ("rollback", _removed),
    ("rollback.automatic", _off),
    ("in_flight", _less_strict),
    ("diverged", _less_strict),
    ("hotfix", _added),
    ("hotfix.branches", _gains),
    ("hotfix.from", _always),
    ("hotfix.ignores", _gains),
    ("hotfix.approvals", _lower),
    ("hotfix.max_lines", _higher_or_none),
    ("hotfix.back_port", _removed),
    ("hotfix.post_mortem", _off),
)
