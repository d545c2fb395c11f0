"""The forms a value of the policy file may have, each read with its cure and shown in the JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from protocol.durations import parse_duration
from protocol.messages import check_template
from protocol.moments import latest, parse_day, parse_moment, parse_zone
from protocol.principals import Principal
from protocol.windows import Window
from protocol.wording import nearest


def _text(read: Callable[[str], Any]) -> BeforeValidator:
    """A string in the file, read by `read`, which raises ValueError with the cure."""

    def parse(value: Any) -> Any:
        if value is None or isinstance(value, bool | int | float | list | dict):
            raise PydanticCustomError("string_type", "must be text")
        return read(value) if isinstance(value, str) else value

    return BeforeValidator(parse)


def _matching(pattern: str, cure: str) -> Any:
    """Text of one form. The text itself is not repeated, since it may be a secret in the wrong place."""
    form = re.compile(pattern)

    def check(value: str) -> str:
        if not form.fullmatch(value):
            raise ValueError(cure)
        return value

    return _text(check)


def _moment(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        raise PydanticCustomError("string_type", "must be text")
    return parse_moment(value, (info.context or {}).get("zone") or parse_zone("UTC"))


def _longer_than_nothing(length: timedelta) -> timedelta:
    if not length:
        raise ValueError("this must be longer than nothing: write one such as 15s")
    return length


def _batch(value: Any) -> Any:
    """A number of targets or a percentage of them, kept as text."""
    text = str(value)
    if isinstance(value, bool) or not re.fullmatch(r"[1-9][0-9]{0,5}|([1-9][0-9]?|100)%", text):
        raise ValueError(f"'{text}' is not a batch: write a number such as 1, or a percentage such as 25%")
    return text


def _version(value: Any) -> Any:
    """To Python `true` and `1.0` are 1 as well."""
    if type(value) is not int:
        raise PydanticCustomError("int_type", "must be a whole number")
    return value


def _rise(value: Any) -> str:
    text = str(value)
    if not re.fullmatch(r"\d{1,9}(\.\d{1,9})?(%|pp)", text):
        raise ValueError(f"'{text}' is not a rise: write 5% (of the baseline) or 5pp (percentage points)")
    return text


def _check_names(value: Any) -> Any:
    if value in ("all", "required"):
        return value
    if (
        isinstance(value, list | tuple)
        and value
        and all(isinstance(name, str) and name.strip() for name in value)
    ):
        return tuple(value)
    near = nearest(value, ("all", "required")) if isinstance(value, str) else None
    cure = f", did you mean '{near}'?" if near else ""
    raise ValueError(f"checks are all, required or a list of names such as [build, lint]{cure}")


def _glob_of_files(text: str) -> str:
    """What matches no file would ask for nothing, and nobody would notice."""
    if text.startswith(("./", "../")) or text.endswith("/"):
        raise ValueError(
            "no file's path begins with ./ or ../ or ends with /: write one such as migrations/**"
        )
    return text


Version = Annotated[Literal[1], BeforeValidator(_version)]
YesNo = Annotated[bool, Field(strict=True)]  # `no` in quotes is text, and must never read as yes
Whole = Annotated[int, Field(strict=True)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Text = Annotated[str, Field(min_length=1, pattern=r"\S")]
FileGlob = Annotated[Text, AfterValidator(_glob_of_files)]
Template = Annotated[
    str,
    _text(check_template),
    WithJsonSchema({"type": "string", "examples": ["Deploying {version} to {environment}"]}),
]
Duration = Annotated[
    timedelta,
    BeforeValidator(lambda value: value if isinstance(value, timedelta) else parse_duration(value)),
    WithJsonSchema({"type": "string", "examples": ["90s", "15m", "1h30m", "7d"]}),
]
Stretch = Annotated[Duration, AfterValidator(_longer_than_nothing)]
Day = Annotated[date, _text(parse_day), WithJsonSchema({"type": "string", "examples": ["2026-12-24"]})]
Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    WithJsonSchema({"type": "string", "examples": ["2026-12-18 18:00", "2026-12-18T18:00+01:00"]}),
]
LatestMoment = Annotated[Moment, AfterValidator(latest)]
Person = Annotated[
    Principal,
    _text(Principal.parse),
    WithJsonSchema(
        {"type": "string", "examples": ["user:ada", "team:acme/on-call", "permission:write", "anyone"]}
    ),
]
People = Annotated[tuple[Person, ...], Field(min_length=1)]
WindowText = Annotated[
    Window,
    _text(Window.parse),
    WithJsonSchema({"type": "string", "examples": ["Mon-Fri 10:00-16:00", "Sat,Sun", "holidays"]}),
]
Zone = Annotated[
    ZoneInfo, _text(parse_zone), WithJsonSchema({"type": "string", "examples": ["Europe/Berlin", "UTC"]})
]
WebAddress = Annotated[
    str,
    _matching(r"https?://[^\s/]+\S*", "this is not a web address: begin it with https:// or http://"),
    WithJsonSchema({"type": "string", "pattern": "^https?://"}),
]
HostPort = Annotated[
    str, _matching(r"\S+:\d{1,5}", "this is not HOST:PORT: write one such as db.example:5432")
]
VariableName = Annotated[
    str,
    _matching(
        r"[A-Za-z_][A-Za-z0-9_]*",
        "this must be the name of an environment variable, such as PROMETHEUS_TOKEN; the secret stays out",
    ),
]
Variable = Annotated[
    str,
    _matching(r"[A-Za-z_][A-Za-z0-9_]*", "a variable's name has letters, digits and _ alone, such as PORT"),
]
WorkflowFile = Annotated[
    str,
    _matching(r"[^/\s]+\.ya?ml", "this must be the name of a file in .github/workflows, such as deploy.yml"),
]
Checks = Annotated[Literal["all", "required"] | tuple[Text, ...], BeforeValidator(_check_names)]
Batch = Annotated[str, BeforeValidator(_batch), WithJsonSchema({"type": ["integer", "string"]})]
Rise = Annotated[
    str,
    BeforeValidator(_rise),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?(%|pp)$", "examples": ["5%", "5pp"]}),
]
EnvironmentName = Annotated[str, Field(max_length=255)]
