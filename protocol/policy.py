"""The policy file's models: every key of `.github/deploy.yml`, strict. Parsed by `protocol.document`."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from protocol.durations import parse_duration, say_duration
from protocol.moments import parse_day, parse_moment, parse_zone
from protocol.principals import Principal
from protocol.windows import Window

LONGEST_WAIT = timedelta(days=30)  # GitHub fails a job that waited this long at a gate


def _text(read: Callable[[str], Any]) -> BeforeValidator:
    """A string in the file, read by `read`, which raises ValueError with the cure."""

    def parse(value: Any) -> Any:
        if value is None or isinstance(value, bool | int | float | list | dict):
            raise PydanticCustomError("string_type", "must be text")
        return read(value) if isinstance(value, str) else value

    return BeforeValidator(parse)


def fault(message: str, *at: str | int) -> PydanticCustomError:
    """A fault between keys of one mapping; `at` leads from the mapping to the culprit."""
    return PydanticCustomError("fault", "{message}", {"message": message, "at": at})


def _matching(pattern: str, cure: str) -> Any:
    """Text of one form. The text itself is not repeated, since it may be a secret in the wrong place."""
    form = re.compile(pattern)

    def check(value: str) -> str:
        if not form.fullmatch(value):
            raise ValueError(cure)
        return value

    return _text(check)


def _moment(text: str, info: ValidationInfo) -> datetime:
    return parse_moment(text, (info.context or {}).get("zone") or parse_zone("UTC"))


class Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, populate_by_name=True)


class Holidays(Model):
    """From the `holidays` package (country, subdivision), and days of one's own."""

    country: str | None = None
    subdivision: str | None = None
    extra: tuple[date, ...] = ()


class EmergencyAccess(Model):
    who: People
    contact: str = ""


class Access(Model):
    deployers: People = (Principal("permission", "write"),)
    emergency: EmergencyAccess | None = None


class EnvironmentAccess(Model):
    """Narrows the policy's own `access.deployers`: both must include the deployer."""

    deployers: People


class Notify(Model):
    """Channel names; their addresses are secrets in the environment, `NOTIFY_<NAME>`."""

    before: tuple[Text, ...] = ()
    during: tuple[Text, ...] = ()
    after: tuple[Text, ...] = ()
    rollback: tuple[Text, ...] = ()


class After(Model):
    environment: Text
    bake: Duration = timedelta(0)


class Windows(Model):
    open: tuple[WindowText, ...] = ()
    closed: tuple[WindowText, ...] = ()
    grace: Duration = timedelta(0)


class FreezeExcept(Model):
    labels: tuple[Text, ...] = ()
    branches: tuple[Text, ...] = ()


class PlannedFreeze(Model):
    """Clock times without an offset are in the policy's zone."""

    from_: datetime = Field(alias="from")
    until: datetime
    reason: Text
    except_: FreezeExcept | None = Field(default=None, alias="except")


class Lines(Model):
    above: Annotated[int, Field(ge=0)]


class When(Model):
    """All conditions given must hold; within one, any entry."""

    paths: tuple[Text, ...] = ()  # globs; ** crosses /
    labels: tuple[Text, ...] = ()
    branches: tuple[Text, ...] = ()  # globs
    authors: People = ()
    lines: Lines | None = None
    migrations: bool | None = None  # files matched by steps.migrate.lint are touched


class ApprovalRule(Model):
    name: Text
    count: Annotated[int, Field(ge=1, le=100)] = 1
    from_: People = Field(alias="from")
    when: When | None = None


class ApprovalOptions(Model):
    own: bool = False
    expire: Duration | None = None
    methods: tuple[Literal["review", "environment", "button", "comment"], ...] = (
        "review",
        "environment",
        "button",
        "comment",
    )


class ChecklistItem(Model):
    """An item with exactly one kind of evidence."""

    item: Text
    when: When | None = None
    checks: Literal["all", "required"] | tuple[Text, ...] | None = None
    allow_none: bool = False  # with checks: a commit without any check passes
    reviews: Annotated[int, Field(ge=1)] | None = None
    deployed: Text | None = None
    section: Text | None = None
    run: Text | None = None
    timeout: Duration = timedelta(minutes=5)  # with run
    notified: Literal["before", "during", "after"] | None = None
    tick: People | None = None


class CommandStep(Model):
    run: Text
    timeout: Duration = timedelta(minutes=10)
    retries: Annotated[int, Field(ge=0, le=20)] = 0
    directory: Text = "."
    env: dict[str, str] = Field(default_factory=dict)


class MigrateStep(CommandStep):
    undo: Text | None = None
    lint: Text | None = None  # glob of SQL files for squawk
    reversible: bool = True


class Probe(Model):
    """Exactly one of `url`, `tcp` (HOST:PORT) and `run`."""

    name: Text | None = None
    url: Text | None = None
    tcp: Text | None = None
    run: Text | None = None
    status: Annotated[int, Field(ge=100, le=599)] = 200
    contains: Text | None = None
    header: dict[str, str] = Field(default_factory=dict)
    json_: dict[str, Any] = Field(default_factory=dict, alias="json")  # JSON path → expected value
    within: Duration = timedelta(0)  # keep trying this long
    timeout: Duration = timedelta(seconds=10)
    retries: Annotated[int, Field(ge=0, le=100)] = 0
    critical: bool = True


class Steps(Model):
    verify: CommandStep | None = None
    backup: CommandStep | None = None
    migrate: MigrateStep | None = None
    deploy: CommandStep | None = None
    health: tuple[Probe, ...] = ()  # one probe or a list
    smoke: tuple[Probe, ...] = ()


class Canary(Model):
    weights: tuple[Annotated[int, Field(ge=1, le=100)], ...]
    hold: Duration = timedelta(0)
    set: Text


class BlueGreen(Model):
    deploy_idle: Text
    switch: Text
    test: Text | None = None
    keep: Duration = timedelta(0)
    release: Text | None = None


class Rolling(Model):
    """Exactly one of `targets` and `targets_from` (a command that prints one a line)."""

    targets: tuple[Text, ...] = ()
    targets_from: Text | None = None
    batch: Annotated[str, WithJsonSchema({"type": ["integer", "string"]})] = "1"  # a number or a percentage
    run: Text
    health: Probe | None = None


class Strategy(Model):
    """Exactly one."""

    canary: Canary | None = None
    blue_green: BlueGreen | None = None
    rolling: Rolling | None = None


class MetricsSource(Model):
    """Exactly one of `prometheus`, `datadog`, `json` (addresses) and `run`; `token` names an environment variable."""

    prometheus: Text | None = None
    datadog: Text | None = None
    json_: Text | None = Field(default=None, alias="json")
    run: Text | None = None
    token: Text | None = None


class RollbackIf(Model):
    """Exactly one. `rises` is relative (`5%`) or in percentage points (`5pp`)."""

    rises: Annotated[str, Field(pattern=r"^\d+(\.\d+)?(%|pp)$")] | None = None
    above: float | None = None
    below: float | None = None


class Limits(Model):
    """A limit trips on more than this many."""

    failures: Annotated[int, Field(ge=0)] = 0
    inconclusive: Annotated[int, Field(ge=0)] = 0
    consecutive_errors: Annotated[int, Field(ge=0)] = 4


class Metric(Model):
    query: Text
    rollback_if: RollbackIf
    dry_run: bool = False
    limits: Limits = Limits()


class Integrity(Model):
    run: Text
    every: Duration = timedelta(minutes=5)


class Monitor(Model):
    for_: Duration = Field(default=timedelta(minutes=15), alias="for")
    every: Duration = timedelta(seconds=15)
    source: MetricsSource | None = None
    metrics: dict[str, Metric] = Field(default_factory=dict)
    integrity: Integrity | None = None


class Rollback(Model):
    automatic: bool = True
    run: Text
    timeout: Duration = timedelta(minutes=15)


class Environment(Model):
    deploy: Literal["manual", "scheduled", "on-merge", "continuous"] = "manual"
    workflow: Text | None = None
    after: After | None = None
    windows: Windows = Windows()
    freezes: tuple[PlannedFreeze, ...] = ()
    approvals: tuple[ApprovalRule, ...] = ()
    approval_options: ApprovalOptions = ApprovalOptions()
    access: EnvironmentAccess | None = None
    notify: Notify | None = None
    checklist: tuple[ChecklistItem, ...] = ()
    steps: Steps = Steps()
    strategy: Strategy | None = None
    monitor: Monitor | None = None
    rollback: Rollback | None = None
    in_flight: Literal["wait", "refuse", "allow"] = "wait"
    diverged: Literal["wait", "refuse", "allow"] = "wait"  # what runs there holds commits that ours lacks
    expire: Duration = timedelta(days=7)


class Hotfix(Model):
    branches: tuple[Text, ...] = ("hotfix/*",)
    from_: Text = Field(default="production", alias="from")
    ignores: tuple[Literal["windows", "freezes", "after"], ...] = ("windows", "freezes", "after")
    approvals: Annotated[int, Field(ge=1)] = 1
    max_lines: Annotated[int, Field(ge=1)] | None = None
    back_port: Text | None = None
    post_mortem: bool = True


class Log(Model):
    releases: Literal["tags", "always", "never"] = "tags"


class PolicyTest(Model):
    """A case of the policy's own `tests:`. What it does not say is as good as it can be."""

    at: datetime
    environment: Text
    expect: Literal["allow", "wait", "refuse"]
    because: Text | None = None  # a rule's name or a finding's code


class Policy(Model):
    version: Literal[1]
    timezone: Zone = ZoneInfo("UTC")
    holidays: Holidays | None = None
    access: Access = Access()
    notify: Notify = Notify()
    environments: dict[str, Environment]
    hotfix: Hotfix | None = None
    log: Log = Log()
    tests: tuple[PolicyTest, ...] = ()
