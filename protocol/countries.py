"""Countries and subdivisions whose holidays are known. Importing it costs 70 ms: only when one is named."""

from __future__ import annotations

from functools import cache

import holidays
from holidays.registry import COUNTRIES

_LONGEST_CODE = 3  # ISO 3166 alpha-2 and alpha-3


@cache
def codes() -> frozenset[str]:
    return frozenset(code for _, *names in COUNTRIES.values() for code in names if len(code) <= _LONGEST_CODE)


def country_named(name: str) -> str | None:
    """The two letters of a country written out: `Germany` is DE."""
    known = COUNTRIES.get(name.strip().lower().replace(" ", "_"))
    return known[1] if known else None


@cache
def subdivisions(country: str) -> frozenset[str]:
    """Their codes, and the names that stand for them."""
    known = holidays.country_holidays(country)
    return frozenset(known.subdivisions) | frozenset(known.subdivisions_aliases)
