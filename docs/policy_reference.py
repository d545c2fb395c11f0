"""The policy's reference page, made from its models: every key with its form and default."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from inspect import cleandoc
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from protocol import policy as models
from protocol.durations import say_duration
from protocol.schemas import policy_schema

HEAD = """\
# The policy file

<!-- Written by `make docs` from the models of protocol/policy.py; a test keeps it in step. -->

`.github/deploy.yml` on the default branch. It is strict: an unknown key, a bad zone or a wrong window is an
error with its line, and `deploy-protocol check` names all of them at once.
[Every key in one example](deploy.example.yml), and a [JSON Schema](deploy.schema.json) for your editor.
`environments.defaults` is the base of every other environment.
"""
MEANINGS = {
    "Policy.version": "The version of this file's format.",
    "Policy.timezone": "The zone of every clock time in the file.",
    "Policy.holidays": "The days that `holidays` and `eve-of-holiday` mean in windows.",
    "Policy.access": "Who may deploy anywhere, and who may declare an emergency.",
    "Policy.notify": "Who is told, unless an environment has its own `notify`.",
    "Policy.environments": "By the names they have on GitHub.",
    "Policy.hotfix": "Which branches are hotfixes, and what they may skip. Without it there are none.",
    "Policy.log": "Where the deployment log is kept besides GitHub's Deployments.",
    "Policy.tests": "Cases that `deploy-protocol check` runs.",
    "Holidays.country": "Its code in the `holidays` package, such as `DE`.",
    "Holidays.subdivision": "A state or province of the country.",
    "Holidays.extra": "Days of your own.",
    "EmergencyAccess.who": "May declare an emergency, with a reason.",
    "EmergencyAccess.contact": "Shown to those who may not declare one.",
    "EmergencyAccess.expire": "How long an emergency lasts when nobody ends it earlier.",
    "Access.deployers": "Who may deploy.",
    "Access.emergency": "Who may declare an emergency. Without it nobody may.",
    "EnvironmentAccess.deployers": "Who may deploy here; `access.deployers` must include them too.",
    "Messages.before": "When a deployment begins.",
    "Messages.during": "When the version is out and being watched.",
    "Messages.after": "When it went well.",
    "Messages.rollback": "When a rollback begins.",
    "Messages.failed": "When it ended badly.",
    "Notify.before": "Told when a deployment begins.",
    "Notify.during": "Told when the version is out and being watched.",
    "Notify.after": "Told how a deployment ended.",
    "Notify.rollback": "Told of a rollback, and of every deployment that does not end well.",
    "Notify.messages": "In your own words; see [Telling the team](notifications.md).",
    "After.environment": "The environment in which the same commit must have succeeded.",
    "After.bake": "How long ago, at least.",
    "Windows.open": "If there are any, one of them must be open. [How they are written](windows.md).",
    "Windows.closed": "A closed window always wins.",
    "Windows.grace": "How long after the edge a deployment that was allowed before it may still begin.",
    "FreezeExcept.labels": "A pull request with one of these labels passes.",
    "FreezeExcept.branches": "Globs; a deployment from a branch that matches one passes.",
    "PlannedFreeze.from": "When it begins.",
    "PlannedFreeze.until": "When it ends.",
    "PlannedFreeze.reason": "Shown to everybody who has to wait.",
    "PlannedFreeze.except": "What may pass it.",
    "Lines.above": "More lines changed than this.",
    "When.paths": "Globs; `**` crosses `/`.",
    "When.labels": "Labels of the pull request.",
    "When.branches": "Globs of branch names.",
    "When.authors": "Who wrote the commits.",
    "When.lines": "How many lines are changed.",
    "When.migrations": "Whether a file that matches `steps.migrate.lint` is changed.",
    "ApprovalRule.name": "Named when the approval is missing.",
    "ApprovalRule.count": "How many people must approve.",
    "ApprovalRule.from": "Whose approval counts.",
    "ApprovalRule.when": "Asked for only when this holds.",
    "ApprovalOptions.own": "Whether people may approve their own work.",
    "ApprovalOptions.expire": "An approval older than this no longer counts.",
    "ApprovalOptions.methods": "How an approval may be given.",
    "ChecklistItem.item": "The item in words, as people read it.",
    "ChecklistItem.when": "Asked for only when this holds.",
    "ChecklistItem.checks": "These checks have passed on the commit.",
    "ChecklistItem.allow_none": "With `checks`: a commit without any check passes.",
    "ChecklistItem.reviews": "This many people have approved the pull request.",
    "ChecklistItem.deployed": "The same commit succeeded in this environment.",
    "ChecklistItem.section": "The pull request's section under this heading is filled in.",
    "ChecklistItem.run": "This command exits with 0. Only the action can run it.",
    "ChecklistItem.timeout": "How long `run` may take.",
    "ChecklistItem.notified": "The channels of this part of `notify` have taken their message.",
    "ChecklistItem.tick": "One of these people has ticked the box.",
    "ChecklistItem.migration": (
        "What has to be known about the [migration](migrations.md#the-migration-checklist)."
    ),
    "CommandStep.run": "The command, run by bash.",
    "CommandStep.timeout": "How long it may take; then it is stopped, with everything it started.",
    "CommandStep.retries": "How often it is tried again after a failure.",
    "CommandStep.directory": "Where it runs, seen from the workspace.",
    "CommandStep.env": "More variables. Secrets belong under `env:` of the workflow's step.",
    "MigrateStep.undo": "Undoes the migration in a rollback.",
    "MigrateStep.lint": "A glob; the SQL files that squawk reads.",
    "MigrateStep.reversible": "When false, a failure after the migration stops everything and asks a person.",
    "MigrateStep.rehearse": "A command that tries the migration where nothing is at stake.",
    "Probe.name": "Its name in the log.",
    "Probe.url": "An address, requested with GET.",
    "Probe.tcp": "`HOST:PORT`; a connection must succeed.",
    "Probe.run": "A command, run by bash; it must exit with 0.",
    "Probe.status": "The status that the address must answer with.",
    "Probe.contains": "Text that the answer must contain.",
    "Probe.header": "Headers that the answer must have.",
    "Probe.json": "Values that the answer must hold, by their paths.",
    "Probe.within": "How long it is tried again until it passes.",
    "Probe.timeout": "How long one try may take.",
    "Probe.retries": "How often it is tried again.",
    "Probe.critical": "When false, a failure is noted and does not fail the deployment.",
    "Steps.verify": (
        "Prints what runs now: its last line is `PREVIOUS_VERSION`, unless it names the new version itself."
    ),
    "Steps.backup": "Runs before anything changes.",
    "Steps.migrate": "Migrates the database, before the deploy command.",
    "Steps.deploy": "Puts `$VERSION` in place.",
    "Steps.health": (
        "Whether it is alive. For a canary: looked at before it has any user, and at each weight."
    ),
    "Steps.smoke": "Whether it works.",
    "Canary.weights": "The percentages of users, rising to 100.",
    "Canary.hold": "How long each weight is held.",
    "Canary.set": "Sends `$WEIGHT` percent to the new version.",
    "Canary.promote": "Makes the canary the stable version, at the end.",
    "BlueGreen.deploy_idle": "Puts the version on the idle side.",
    "BlueGreen.switch": "Sends users there.",
    "BlueGreen.switch_back": "Sends users back, in a rollback.",
    "BlueGreen.test": "Tries the idle side before the switch.",
    "BlueGreen.keep": "How long the previous side stays up.",
    "BlueGreen.release": "Releases the previous side.",
    "Rolling.targets": "The targets, in this order.",
    "Rolling.targets_from": "A command that prints one target a line.",
    "Rolling.batch": "How many targets at a time, or what percentage of them.",
    "Rolling.run": "Run for each `$TARGET`.",
    "Rolling.health": "Looked at for each target, after its batch.",
    "Strategy.canary": "A few users first.",
    "Strategy.blue_green": "Two sides and a switch.",
    "Strategy.rolling": "One target after the other.",
    "MetricsSource.prometheus": "The server's address.",
    "MetricsSource.datadog": "The address of the API.",
    "MetricsSource.json": "The address of a JSON page with numbers.",
    "MetricsSource.run": "A command that prints the number.",
    "MetricsSource.token": "The environment variable that holds the token.",
    "RollbackIf.rises": "It rises by more than this, compared with before.",
    "RollbackIf.above": "It is more than this.",
    "RollbackIf.below": "It is less than this.",
    "Limits.failures": "Measurements out of bounds.",
    "Limits.inconclusive": "Measurements that nobody can judge.",
    "Limits.consecutive_errors": "Queries in a row that the source did not answer.",
    "Metric.query": "In the source's language.",
    "Metric.rollback_if": "What counts as bad.",
    "Metric.dry_run": "Measured and shown, but never counted.",
    "Metric.limits": "How much is tolerated.",
    "Integrity.run": "Exits with something other than 0 when data are damaged.",
    "Integrity.every": "How often it is run.",
    "Monitor.for": "How long the deployment is watched.",
    "Monitor.every": "How often metrics are sampled.",
    "Monitor.source": "Where the metrics come from.",
    "Monitor.metrics": "By name.",
    "Monitor.integrity": "Whether the data are intact.",
    "Rollback.automatic": "When false, a person starts it with `phase: rollback`.",
    "Rollback.run": "Puts `$PREVIOUS_VERSION` in place.",
    "Rollback.timeout": "How long it may take; then it has failed, and a person is asked.",
    "Environment.deploy": "How deployments begin. The App starts `on-merge` alone; the rest is to be read.",
    "Environment.workflow": "The file that the App starts, in `.github/workflows`.",
    "Environment.after": "Another environment that comes first.",
    "Environment.windows": "When deploying is open.",
    "Environment.freezes": "Planned times without deployments.",
    "Environment.approvals": "All of these are needed.",
    "Environment.approval_options": "How approvals count.",
    "Environment.access": "Narrows who may deploy here.",
    "Environment.notify": "Takes the place of the policy's.",
    "Environment.checklist": "Every item must hold.",
    "Environment.steps": "What is run, in the protocol's order.",
    "Environment.strategy": "How users get the new version.",
    "Environment.monitor": "What is watched afterwards.",
    "Environment.rollback": "How to go back. Without it nothing is rolled back, and a person is asked.",
    "Environment.in_flight": (
        "What to do while another is under way. Jobs of one run, such as a matrix, go together."
    ),
    "Environment.diverged": "What to do when the environment runs commits that this one lacks.",
    "Environment.expire": "How long a gate may wait.",
    "Hotfix.branches": "Globs of branch names.",
    "Hotfix.from": "A hotfix must descend from what this environment runs.",
    "Hotfix.ignores": "What a hotfix may skip. Approvals are never skipped.",
    "Hotfix.approvals": "How many approvals it needs, at least.",
    "Hotfix.max_lines": "Beyond this many changed lines there is a warning.",
    "Hotfix.back_port": "The branch to which a pull request brings the fix back.",
    "Hotfix.post_mortem": "Whether an issue is opened after each.",
    "Log.releases": "Only for versions that are tags, for every version, or not at all.",
    "PolicyTest.at": "The moment asked about.",
    "PolicyTest.environment": "The environment asked about.",
    "PolicyTest.expect": "The verdict.",
    "PolicyTest.because": "A rule or a code that must be among the reasons.",
}


def policy_reference() -> str:
    return "\n".join([HEAD, *(section for model in _models() for section in _section(model))])


def _models() -> Iterator[type[BaseModel]]:
    """The policy, then what it is made of, each once and in the order in which it is first met."""
    waiting: list[type[BaseModel]] = [models.Policy]
    met: set[type[BaseModel]] = set()
    while waiting:
        model = waiting.pop(0)
        if model in met:
            continue
        met.add(model)
        yield model
        waiting += [
            getattr(models, name)
            for field in model.model_json_schema()["properties"].values()
            for name in _named_in(field)
        ]


def _named_in(schema: Any) -> Iterator[str]:
    if isinstance(schema, list):
        for one in schema:
            yield from _named_in(one)
    if isinstance(schema, dict):
        if "$ref" in schema:
            yield schema["$ref"].rpartition("/")[2]
        for value in schema.values():
            yield from _named_in(value)


def _section(model: type[BaseModel]) -> Iterator[str]:
    schema = policy_schema()
    shape = schema if model is models.Policy else schema["$defs"][model.__name__]
    yield f"## {model.__name__}\n"
    if model is not models.Policy and model.__doc__:
        yield cleandoc(model.__doc__) + "\n"
    exactly_one = getattr(model, "exactly_one", ())
    if exactly_one and "xactly one" not in (model.__doc__ or ""):
        yield f"Exactly one of {', '.join(f'`{key}`' for key in exactly_one)}.\n"
    yield "| Key | Form | Default | Meaning |"
    yield "|---|---|---|---|"
    for name, field in model.model_fields.items():
        key = field.alias or name
        yield f"| `{key}` | {form(shape['properties'][key])} | {_default(field)} | {_meaning(model, key)} |"
    yield ""


def _meaning(model: type[BaseModel], key: str) -> str:
    """An inherited key means what it means where it comes from."""
    names = [f"{one.__name__}.{key}" for one in model.__mro__]
    return next(MEANINGS[name] for name in names if name in MEANINGS)


def form(schema: dict[str, Any]) -> str:
    """How a JSON Schema says that a value is written."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return " · ".join(f"`{word}`" for word in schema["enum"])
    if "examples" in schema:
        return "text such as " + ", ".join(f"`{example}`" for example in schema["examples"][:3])
    for key, between in (("anyOf", " or "), ("oneOf", " or "), ("allOf", " and ")):
        if key in schema:
            return between.join(dict.fromkeys(map(form, schema[key])))
    return _type(schema)


def _type(schema: dict[str, Any]) -> str:
    match schema.get("type"):
        case "array":
            items = schema.get("items") or {}
            return f"list of {form(items)}" if items else "list"
        case "object":
            values = schema.get("additionalProperties")
            return f"by name: {form(values)}" if isinstance(values, dict) else "mapping"
        case "boolean":
            return "`true` · `false`"
        case "null":
            return "nothing"
        case "string":
            return "moment" if schema.get("format") == "date-time" else "text"
        case list() as types:
            return " or ".join(types)
        case other:
            return str(other)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    value = field.get_default(call_default_factory=True, validated_data={})
    if value in (None, (), "", {}) or isinstance(value, BaseModel):
        return ""
    return f"`{_written(value)}`"


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, timedelta):
        return say_duration(value)
    if isinstance(value, tuple):
        return ", ".join(map(_written, value))
    return str(value)
