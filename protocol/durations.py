"""Lengths of time as the policy writes them: `90s`, `15m`, `24h`, `7d`, `1h30m`."""

from __future__ import annotations

import re
from datetime import timedelta

_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


def parse_duration(text: str) -> timedelta:
    """Read `1h30m` and the like. Raises ValueError with the cure."""
    match = _DURATION.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None or not any(match.groups()):
        raise ValueError(f"'{text}' is not a duration: write numbers and units, such as 90s, 15m, 24h or 7d")
    amounts = dict(zip(_UNITS.values(), (int(group or 0) for group in match.groups()), strict=True))
    try:
        return timedelta(**amounts)
    except OverflowError:
        raise ValueError(f"'{text}' is longer than time itself: write at most 3650d") from None


def say_duration(length: timedelta) -> str:
    """Write a duration the way the policy does: `1h30m`; `0s` for none."""
    seconds = int(length.total_seconds())
    parts = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        amount, seconds = divmod(seconds, size)
        if amount:
            parts.append(f"{amount}{unit}")
    return "".join(parts) or "0s"
