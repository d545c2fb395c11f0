"""Countries and subdivisions whose holidays are known. Importing it costs 30 ms: only when one is named."""

from __future__ import annotations

import sys
from datetime import date
from functools import cache
from importlib.util import find_spec, module_from_spec

import holidays
from holidays.registry import COUNTRIES

_LONGEST_CODE = 3  # ISO 3166 alpha-2 and alpha-3
_ALL = "holidays.countries"

# This package's own code imports all 250 countries, 0.1 s and 20 MB; the registry asks for one at a time.
_package = find_spec(_ALL)
if _package is not None and _ALL not in sys.modules:
    sys.modules[_ALL] = module_from_spec(_package)


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


def public_holidays(country: str, subdivision: str | None, year: int) -> dict[date, str]:
    """Their English names by date. Raises ValueError for a country or subdivision nobody knows."""
    try:
        return dict(holidays.country_holidays(country, subdiv=subdivision, years=year, language="en_US"))
    except (NotImplementedError, KeyError) as error:
        raise ValueError(f"holidays of {country} are not known: {error}") from None
