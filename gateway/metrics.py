"""Metrics from where a team keeps them: Prometheus, Datadog's kind, or a page of JSON.

A new source is one class with `value` and `history`, and one case in `source_of`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

from gateway.errors import GatewayError, Unavailable
from gateway.pages import fetch
from protocol.analysis import Measurement
from protocol.json_path import ABSENT, value_at
from protocol.policy import MetricsSource

PATIENCE = 5.0  # seconds; one that answers later is no use to a look every few seconds
_DATADOG_LOOKBACK = timedelta(minutes=5)  # its newest points come late
_SECONDS_BETWEEN = 1.0


class MetricsError(GatewayError):
    """A source gave no usable answer: nobody was there, it refused, or its answer is no number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A stretch of time (aware), and how far apart its points are to be."""

    since: datetime
    until: datetime
    every: timedelta


class Source(Protocol):
    def value(self, query: str, at: datetime) -> float | None:
        """The value now; None where the source knows none (no traffic). Raises MetricsError."""
        ...

    def history(self, query: str, past: Past) -> tuple[Measurement, ...] | None:
        """What was measured before; None from a source that remembers nothing. Raises MetricsError."""
        ...


def source_of(source: MetricsSource, token: str) -> Source | None:
    """The source behind the policy's words; None for a command, which only a job can run."""
    if source.prometheus is not None:
        return Prometheus(address=source.prometheus, token=token)
    if source.datadog is not None:
        return Datadog(address=source.datadog, token=token)
    if source.json_ is not None:
        return Page(address=source.json_, token=token)
    return None


def measure(source: Source, query: str, at: datetime) -> Measurement:
    """One look. What goes wrong is part of the answer."""
    try:
        return Measurement(at=at, value=source.value(query, at))
    except GatewayError as error:
        return Measurement(at=at, error=str(error))


@dataclass(frozen=True, slots=True, kw_only=True)
class Prometheus:
    """By its HTTP API: https://prometheus.io/docs/prometheus/latest/querying/api/ ."""

    address: str
    token: str = field(default="", repr=False)

    def value(self, query: str, at: datetime) -> float | None:
        del at  # Prometheus takes its own time: two clocks may differ
        with _read_from(self.address):
            data = self._ask("query", {"query": query})
            if data["resultType"] == "scalar":
                return _number(data["result"][1])
            sample = _only(data, "vector")
            return None if sample is None else _number(sample["value"][1])

    def history(self, query: str, past: Past) -> tuple[Measurement, ...]:
        seconds = max(_SECONDS_BETWEEN, past.every.total_seconds())
        start, end = past.since.timestamp(), past.until.timestamp()
        with _read_from(self.address):
            data = self._ask("query_range", {"query": query, "start": start, "end": end, "step": seconds})
            sample = _only(data, "matrix")
            points = [] if sample is None else sample["values"]
            return tuple(Measurement(at=_moment(at), value=_number(value)) for at, value in points)

    def _ask(self, path: str, parameters: Mapping[str, Any]) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        answer = _json(f"{self.address.rstrip('/')}/api/v1/{path}", parameters, headers)
        if not isinstance(answer, dict) or answer.get("status") != "success":
            raise MetricsError(f"{_host(self.address)} did not answer as Prometheus does; check its address.")
        return answer["data"]


def _only(data: Mapping[str, Any], kind: str) -> Any:
    """The one series of an answer; None where it has none."""
    if data["resultType"] != kind:
        raise MetricsError(f"the query gives a {data['resultType']}; write one that gives a number.")
    found = data["result"]
    if len(found) > 1:
        raise MetricsError(f"the query gives {len(found)} series; make it one, such as with sum().")
    return found[0] if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Datadog:
    """By its API: https://docs.datadoghq.com/api/latest/metrics/#query-timeseries-points .

    The token is `API_KEY:APPLICATION_KEY`; one without a colon is sent as a bearer token.
    """

    address: str
    token: str = field(default="", repr=False)

    def value(self, query: str, at: datetime) -> float | None:
        points = self._points(query, at - _DATADOG_LOOKBACK, at)
        return points[-1].value if points else None

    def history(self, query: str, past: Past) -> tuple[Measurement, ...]:
        return self._points(query, past.since, past.until)

    def _points(self, query: str, since: datetime, until: datetime) -> tuple[Measurement, ...]:
        parameters = {"query": query, "from": int(since.timestamp()), "to": math.ceil(until.timestamp())}
        with _read_from(self.address):
            answer = _json(f"{self.address.rstrip('/')}/api/v1/query", parameters, self._headers())
            if answer.get("error"):
                raise MetricsError(f"{_host(self.address)} did not answer the query: {answer['error']}")
            series = answer["series"]
            if len(series) > 1:
                raise MetricsError(f"the query gives {len(series)} series; make it one, such as with sum:.")
            points = series[0]["pointlist"] if series else []
            measured = (Measurement(at=_moment(at / 1000), value=_number(value)) for at, value in points)
            return tuple(one for one in measured if one.known)

    def _headers(self) -> dict[str, str]:
        api_key, colon, application_key = self.token.partition(":")
        if colon:
            return {"DD-API-KEY": api_key, "DD-APPLICATION-KEY": application_key}
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of JSON; the query is the number's place in it, such as `errors.rate`."""

    address: str
    token: str = field(default="", repr=False)

    def value(self, query: str, at: datetime) -> float | None:
        del at
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        found = value_at(_json(self.address, {}, headers), query)
        if found is ABSENT:
            raise MetricsError(f"{_host(self.address)} has nothing at {query} in its JSON.")
        return _number(found)

    def history(self, query: str, past: Past) -> None:
        del query, past


@contextmanager
def _read_from(address: str) -> Iterator[None]:
    """An answer in a form of its own is an error of the sample's, never of the deployment's."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError):
        raise MetricsError(f"{_host(address)} answered in a form that cannot be read.") from None


def _json(url: str, parameters: Mapping[str, Any], headers: Mapping[str, str]) -> Any:
    """The JSON answer. Redirects are not followed: they would carry the token elsewhere."""
    where = f"{url}?{urlencode(parameters)}" if parameters else url
    try:
        page = fetch(where, timeout=PATIENCE, follow=False, headers=headers)
    except Unavailable as error:
        raise MetricsError(f"{_host(url)} did not answer: {error}") from error
    if not 200 <= page.status < 300:
        raise MetricsError(
            f"{_host(url)} answered {page.status}{_said(page.body, url)}{_cure(page.status)}",
            status=page.status,
        )
    if page.cut:
        raise MetricsError(f"{_host(url)} answered with more than a mebibyte.")
    return _parsed(page.body, url)


def _parsed(text: str, url: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # RecursionError: lists in lists without end
        raise MetricsError(f"{_host(url)} did not answer in JSON.") from None


def _host(url: str) -> str:
    """Whom we asked, without what may be secret in an address."""
    parts = urlsplit(url)
    return parts.hostname + (f":{parts.port}" if parts.port else "") if parts.hostname else "the source"


def _said(body: str, url: str) -> str:
    """Prometheus and Datadog say why in JSON."""
    try:
        answer = _parsed(body, url)
    except MetricsError:
        return ""
    said = (answer.get("error") or answer.get("errors")) if isinstance(answer, dict) else None
    return f": {str(said)[:200]}" if said else ""


def _cure(status: int) -> str:
    match status:
        case 401 | 403:
            return "; check the variable that `monitor.source.token` names."
        case _ if 300 <= status < 400:
            return "; redirects are not followed: write the address it points to."
    return "."


def number_in(text: str) -> float | None:
    """A number somebody wrote; None for nothing or for no finite one. Raises MetricsError."""
    return _number(text.strip()) if text.strip() else None


def _number(value: Any) -> float | None:
    """0/0 is no traffic, and Prometheus says so with NaN."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise MetricsError(f"{str(value)[:80]!r} is not a number.")
    try:
        number = float(value)
    except (ValueError, OverflowError):  # OverflowError: a whole number of hundreds of digits
        raise MetricsError(f"{str(value)[:80]!r} is not a number.") from None
    return number if math.isfinite(number) else None


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
