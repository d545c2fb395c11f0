"""A source of metrics on loopback that answers as it is told and keeps what it was asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.listening import listening


@dataclass(frozen=True, kw_only=True)
class Asked:
    path: str
    parameters: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Answer:
    body: Any = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class Station:
    url: str
    asked: list[Asked] = field(default_factory=list)


@contextmanager
def station(answer: Callable[[Asked], Answer]) -> Iterator[Station]:
    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            parameters = {name: values[0] for name, values in parse_qs(parts.query).items()}
            asked = Asked(path=parts.path, parameters=parameters, headers=dict(self.headers.items()))
            here.asked.append(asked)
            self._send(answer(asked))

        def _send(self, given: Answer) -> None:
            text = given.body if isinstance(given.body, str) else json.dumps(given.body)
            self.send_response(given.status)
            for name, value in {**given.headers, "Content-Length": str(len(text.encode()))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: Any) -> None:
            return

    http = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    here = Station(url=f"http://127.0.0.1:{http.server_port}")
    with listening(http):
        yield here


def prometheus_says(
    value: float | None, *, before: float | None = None, points: int = 60
) -> Callable[[Asked], Answer]:
    """Prometheus with one value now and another until now; None: no series at all."""

    def answer(asked: Asked) -> Answer:
        if asked.path == "/api/v1/query_range":
            start, step = float(asked.parameters["start"]), float(asked.parameters["step"])
            values: list[Any] = [[start + number * step, str(before)] for number in range(points)]
            past: list[Any] = [] if before is None else [{"metric": {}, "values": values}]
            return Answer(body=prometheus("matrix", past))
        series: list[Any] = [] if value is None else [{"metric": {}, "value": [1.0, str(value)]}]
        return Answer(body=prometheus("vector", series))

    return answer


def prometheus(kind: str, result: Any) -> dict[str, Any]:
    return {"status": "success", "data": {"resultType": kind, "result": result}}
