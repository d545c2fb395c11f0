"""Deliveries as operators see them: list the dead ones, read one, hand it in again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from service.inbox import Inbox, Kept
from service.settings import read_database
from service.tables import open_database

GUID_WIDTH = 36
LONGEST_ERROR = 60


@contextmanager
def open_inbox(environ: Mapping[str, str]) -> Iterator[Inbox]:
    """The inbox of the service that has these settings. Raises SettingsError and SQLAlchemyError."""
    engine = open_database(read_database(environ))
    try:
        yield Inbox(engine)
    finally:
        engine.dispose()


def replay(inbox: Inbox, guids: Sequence[str], now: float) -> tuple[list[str], list[str]]:
    """Hand in again those named, or every dead one; which were, and which could not be."""
    chosen = list(guids) or [one.guid for one in inbox.listed("dead")]
    replayed = [guid for guid in chosen if inbox.replay(guid, now)]
    return replayed, [guid for guid in chosen if guid not in replayed]


def deliveries_text(found: Sequence[Kept]) -> str:
    """One line each, oldest first."""
    if not found:
        return "no such deliveries"
    return "\n".join(_line(one) for one in found)


def deliveries_data(found: Sequence[Kept]) -> dict[str, Any]:
    return {"deliveries": [_about(one) for one in found]}


def delivery_text(one: Kept) -> str:
    """All that is known of one, its payload last."""
    about = [f"{name:<9} {value}" for name, value in _about(one).items()]
    return "\n".join([*about, "", _payload(one.body)])


def delivery_data(one: Kept) -> dict[str, Any]:
    return {**_about(one), "payload": json.loads(one.body) if one.body else None}


def _line(one: Kept) -> str:
    error = one.error if len(one.error) <= LONGEST_ERROR else one.error[: LONGEST_ERROR - 1] + "…"
    name = f"{one.event}.{one.action}" if one.action else one.event
    times = f"{one.attempts} attempt" + ("" if one.attempts == 1 else "s")
    parts = (f"{one.guid:<{GUID_WIDTH}}", _moment(one.received_at), one.state, name, times, error)
    return "  ".join(parts).rstrip()


def _about(one: Kept) -> dict[str, Any]:
    return {
        "guid": one.guid,
        "event": one.event,
        "action": one.action,
        "state": one.state,
        "attempts": one.attempts,
        "received": _moment(one.received_at),
        "error": one.error,
    }


def _payload(body: bytes) -> str:
    if not body:
        return "The payload is kept only until a delivery is done."
    return json.dumps(json.loads(body), indent=2, ensure_ascii=False)


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
