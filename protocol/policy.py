"""The policy file's models: every key of `.github/deploy.yml`, strict. Parsed by `protocol.document`.

What must hold between keys is no validator here, which would be silent beside any other fault: see
`protocol.agreement` for the keys of one mapping, `protocol.coherence` for the parts of the file.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal, Self, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    field_validator,
    model_validator,
)

from protocol.durations import say_duration
from protocol.forms import (
    Batch,
    Checks,
    Day,
    Duration,
    EnvironmentName,
    FileGlob,
    HostPort,
    LatestMoment,
    Moment,
    Number,
    People,
    Person,
    Rise,
    Stretch,
    Template,
    Text,
    Variable,
    VariableName,
    Version,
    WebAddress,
    Whole,
    WindowText,
    WorkflowFile,
    YesNo,
    Zone,
)
from protocol.placeholders import fill_word, names
from protocol.principals import Principal

DEFAULTS = "defaults"  # under environments: the base of each
LONGEST_KEEP = timedelta(hours=5)
LONGEST_WAIT = timedelta(days=30)  # GitHub fails a job that waited this long at a gate


class Model(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, populate_by_name=True
    )
    exactly_one: ClassVar[tuple[str, ...]] = ()  # keys of which a mapping gives just one

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        schema = handler(core_schema)
        if cls.exactly_one:
            handler.resolve_ref_schema(schema)["oneOf"] = [{"required": [key]} for key in cls.exactly_one]
        return schema


class Holidays(Model):
    """From the `holidays` package (country, subdivision), and days of your own."""

    country: Text | None = None
    subdivision: Text | None = None
    extra: tuple[Day, ...] = ()


class EmergencyAccess(Model):
    who: People
    contact: str = ""
    expire: Duration = timedelta(hours=24)

    @field_validator("expire")
    @classmethod
    def _lasts_a_while(cls, expire: timedelta) -> timedelta:
        if expire <= timedelta(0):
            raise ValueError("an emergency that has ended when it begins passes nothing: write 24h or so")
        return expire


class Access(Model):
    deployers: People = (Principal("permission", "write"),)
    emergency: EmergencyAccess | None = None


class EnvironmentAccess(Model):
    """Narrows the policy's own `access.deployers`: both must include the deployer."""

    deployers: People


class Messages(Model):
    """Your own words; the first line is the title, and `{version}` and the like are filled in."""

    before: Template | None = None
    during: Template | None = None
    after: Template | None = None
    rollback: Template | None = None  # a rollback begins
    failed: Template | None = None  # the deployment ended, and not well


class Notify(Model):
    """Channel names; their addresses are secrets in the environment, `NOTIFY_<NAME>`."""

    before: tuple[Text, ...] = ()
    during: tuple[Text, ...] = ()
    after: tuple[Text, ...] = ()
    rollback: tuple[Text, ...] = ()
    messages: Messages = Messages()


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
    """A time without an offset is in the policy's zone."""

    from_: Moment = Field(alias="from")
    until: LatestMoment
    reason: Text
    except_: FreezeExcept | None = Field(default=None, alias="except")


class Lines(Model):
    above: Annotated[Whole, Field(ge=0)]


class When(Model):
    """All conditions given must hold; within one, any of its entries is enough."""

    paths: tuple[FileGlob, ...] = ()  # globs; ** crosses /
    labels: tuple[Text, ...] = ()
    branches: tuple[Text, ...] = ()  # globs
    authors: tuple[Person, ...] = ()
    lines: Lines | None = None
    migrations: YesNo | None = None  # files matched by steps.migrate.lint are touched


class ApprovalRule(Model):
    name: Text
    count: Annotated[Whole, Field(ge=1, le=100)] = 1
    from_: People = Field(alias="from")
    when: When | None = None


class ApprovalOptions(Model):
    own: YesNo = False
    expire: Stretch | None = None  # an approval older than this no longer counts
    methods: tuple[Literal["review", "environment", "button", "comment"], ...] = (
        "review",
        "environment",
        "button",
        "comment",
    )


MigrationEvidence: TypeAlias = Literal["local", "staging", "backup", "reversible", "rollback_tested"]


class ChecklistItem(Model):
    """An item with exactly one kind of evidence."""

    exactly_one = ("checks", "reviews", "deployed", "section", "run", "notified", "tick", "migration")

    item: Text
    when: When | None = None
    checks: Checks | None = None
    allow_none: YesNo = False  # with checks: a commit without any check passes
    reviews: Annotated[Whole, Field(ge=1)] | None = None
    deployed: Text | None = None
    section: Text | None = None
    run: Text | None = None
    timeout: Stretch = timedelta(minutes=5)  # with run
    notified: Literal["before", "during", "after"] | None = None
    tick: People | None = None
    migration: MigrationEvidence | None = None  # asked where a migration changes


class CommandStep(Model):
    run: Text
    timeout: Stretch = timedelta(minutes=10)
    retries: Annotated[Whole, Field(ge=0, le=20)] = 0
    directory: Text = "."
    env: dict[Variable, str] = Field(default_factory=dict)


class MigrateStep(CommandStep):
    undo: Text | None = None
    lint: FileGlob | None = None  # glob of SQL files for squawk
    reversible: YesNo = True
    rehearse: Text | None = None  # up and down again on a throwaway database


class Probe(Model):
    """Exactly one of `url`, `tcp` (HOST:PORT) and `run`."""

    exactly_one = ("url", "tcp", "run")

    name: Text | None = None
    url: WebAddress | None = None
    tcp: HostPort | None = None
    run: Text | None = None
    status: Annotated[Whole, Field(ge=100, le=599)] = 200
    contains: Text | None = None
    header: dict[str, str] = Field(default_factory=dict)
    json_: dict[str, Any] = Field(default_factory=dict, alias="json")  # JSON path → expected value
    within: Duration = timedelta(0)  # keep trying this long
    timeout: Stretch = timedelta(seconds=10)
    retries: Annotated[Whole, Field(ge=0, le=100)] = 0
    critical: YesNo = True


def _listed(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


Probes = Annotated[
    tuple[Probe, ...], BeforeValidator(_listed, json_schema_input_type=Probe | tuple[Probe, ...])
]  # one or a list


class Steps(Model):
    verify: CommandStep | None = None
    backup: CommandStep | None = None
    migrate: MigrateStep | None = None
    deploy: CommandStep | None = None
    health: Probes = ()
    smoke: Probes = ()


class Canary(Model):
    """Where metrics name `$TRACK`, each weight below 100 is judged while it holds, canary against stable."""

    weights: tuple[Annotated[Whole, Field(ge=1, le=100)], ...]
    hold: Duration = timedelta(0)
    set: Text  # finds WEIGHT; 0 takes the canary out
    promote: Text | None = None  # after all is well: the new version becomes the stable one

    @field_validator("weights")
    @classmethod
    def _rise_to_all(cls, weights: tuple[int, ...]) -> tuple[int, ...]:
        if list(weights) != sorted(set(weights)) or weights[-1:] != (100,):
            raise ValueError("weights must rise and end at 100, such as [5, 25, 50, 100]")
        return weights


class BlueGreen(Model):
    """The previous side stays up for `keep` from the switch on; the job waits that long, then releases it."""

    deploy_idle: Text
    switch: Text
    switch_back: Text | None = None  # a rollback before the release; without it, rollback.run
    test: Text | None = None
    keep: Duration = timedelta(0)
    release: Text | None = None

    @field_validator("keep")
    @classmethod
    def _ends_before_the_job(cls, keep: timedelta) -> timedelta:
        if keep > LONGEST_KEEP:
            raise ValueError(
                f"the job waits for as long, and GitHub ends it after 6h: keep at most "
                f"{say_duration(LONGEST_KEEP)}, or leave out 'release'"
            )
        return keep


class Rolling(Model):
    """Exactly one of `targets` and `targets_from` (a command that prints one per line).

    A rollback runs `rollback.run` for each target that was begun, the last one first.
    """

    exactly_one = ("targets", "targets_from")

    targets: tuple[Text, ...] = ()
    targets_from: Text | None = None
    batch: Batch = "1"
    run: Text
    health: Probe | None = None


class Strategy(Model):
    exactly_one = ("canary", "blue_green", "rolling")

    canary: Canary | None = None
    blue_green: BlueGreen | None = None
    rolling: Rolling | None = None


class MetricsSource(Model):
    """Addresses, or a command; `token` names an environment variable."""

    exactly_one = ("prometheus", "datadog", "json", "run")

    prometheus: WebAddress | None = None
    datadog: WebAddress | None = None
    json_: WebAddress | None = Field(default=None, alias="json")
    run: Text | None = None
    token: VariableName | None = None


class RollbackIf(Model):
    """`rises` is relative (`5%`) or in percentage points (`5pp`)."""

    exactly_one = ("rises", "above", "below")

    rises: Rise | None = None
    above: Number | None = None
    below: Number | None = None


class Limits(Model):
    """How much is tolerated: more than this many is too much."""

    failures: Annotated[Whole, Field(ge=0)] = 0
    inconclusive: Annotated[Whole, Field(ge=0)] = 0
    consecutive_errors: Annotated[Whole, Field(ge=0)] = 4


class Metric(Model):
    query: Text  # finds the words of commands, such as $TRACK: canary or stable
    rollback_if: RollbackIf
    dry_run: YesNo = False
    limits: Limits = Limits()

    @property
    def by_track(self) -> bool:
        return names(self.query, "TRACK")


class Integrity(Model):
    run: Text
    every: Stretch = timedelta(minutes=5)


class Monitor(Model):
    for_: Stretch = Field(default=timedelta(minutes=15), alias="for")
    every: Stretch = timedelta(seconds=15)
    source: MetricsSource | None = None
    metrics: dict[str, Metric] = Field(default_factory=dict)
    integrity: Integrity | None = None

    def by_track(self) -> Self | None:
        """The metrics that tell canary and stable apart, since their queries name `$TRACK`."""
        metrics = {name: metric for name, metric in self.metrics.items() if metric.by_track}
        return self.model_copy(update={"metrics": metrics}) if metrics else None

    def compares(self) -> bool:
        """Whether any metric needs samples to compare with, and not just a bound."""
        return any(metric.rollback_if.rises is not None for metric in self.metrics.values())

    def of_track(self, track: str) -> Self:
        """The same metrics, asked of one track where their queries tell tracks apart."""
        asked = {
            name: metric.model_copy(update={"query": fill_word(metric.query, "TRACK", track)})
            for name, metric in self.metrics.items()
        }
        return self.model_copy(update={"metrics": asked})


class Rollback(Model):
    automatic: YesNo = True
    run: Text
    timeout: Stretch = timedelta(minutes=15)


class Environment(Model):
    deploy: Literal["manual", "scheduled", "on-merge", "continuous"] = "manual"
    workflow: WorkflowFile | None = None
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

    @field_validator("expire")
    @classmethod
    def _ends_before_github_does(cls, expire: timedelta) -> timedelta:
        if not timedelta(0) < expire <= LONGEST_WAIT:
            raise ValueError("a gate waits longer than 0s and at most 30d, after which GitHub fails the job")
        return expire

    @model_validator(mode="after")
    def _migrations_are_shown(self) -> Self:
        shown = tuple(self._shown_otherwise(item) for item in self.checklist)
        object.__setattr__(self, "checklist", shown)  # frozen for all but the validator that completes it
        return self

    def _shown_otherwise(self, item: ChecklistItem) -> ChecklistItem:
        """What shows a migration is in most cases a kind of evidence there is anyway."""
        if item.migration is None or self.steps.migrate is None:
            return item
        when = When(migrations=True) if self.steps.migrate.lint is not None else None
        evidence: dict[str, Any] = {"when": item.when or when}
        if item.migration == "local":
            evidence["tick"] = (Principal("permission", "write"),)
        if item.migration == "staging" and self.after is not None:
            evidence["deployed"] = self.after.environment
        if item.migration == "rollback_tested":
            evidence["run"] = self.steps.migrate.rehearse
        return item.model_copy(update=evidence)


class Hotfix(Model):
    branches: tuple[Text, ...] = ("hotfix/*",)
    from_: Text = Field(default="production", alias="from")
    ignores: tuple[Literal["windows", "freezes", "after"], ...] = ("windows", "freezes", "after")
    approvals: Annotated[Whole, Field(ge=1)] = 1
    max_lines: Annotated[Whole, Field(ge=1)] | None = None
    back_port: Text | None = None
    post_mortem: YesNo = True


class Log(Model):
    releases: Literal["tags", "always", "never"] = "tags"


class PolicyTest(Model):
    """A case of the policy's own `tests:`. Whatever it does not mention is assumed to be in order."""

    at: Moment
    environment: Text
    expect: Literal["allow", "wait", "refuse"]
    because: Text | None = None  # a rule's name or a finding's code


def _empty_if_bare(value: Any) -> Any:
    return {} if value is None else value


class Policy(Model):
    version: Version
    timezone: Zone = ZoneInfo("UTC")
    holidays: Holidays | None = None
    access: Access = Access()
    notify: Notify = Notify()
    environments: dict[EnvironmentName, Annotated[Environment, BeforeValidator(_empty_if_bare)]]
    hotfix: Hotfix | None = None
    log: Log = Log()
    tests: tuple[PolicyTest, ...] = ()

    @field_validator("environments")
    @classmethod
    def _without_defaults(cls, environments: dict[str, Environment]) -> dict[str, Environment]:
        """`defaults` has done its work as the base of the others, and is none of them."""
        return {name: environment for name, environment in environments.items() if name != DEFAULTS}
