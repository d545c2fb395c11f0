"""The policy's reference page, made from its models: every key with its form and default."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
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
    "Policy.version": "Of this form.",
    "Policy.timezone": "Of every clock time in the file.",
    "Policy.holidays": "The days that `holidays` and `eve-of-holiday` mean in windows.",
    "Policy.access": "Who may deploy anywhere, and who may declare an emergency.",
    "Policy.notify": "Who is told, where an environment does not say it.",
    "Policy.environments": "By name, as GitHub has them.",
    "Policy.hotfix": "Which branches may skip what. Without it there are no hotfixes.",
    "Policy.log": "Where the deployment log is kept besides GitHub's deployments.",
    "Policy.tests": "Cases that `deploy-protocol check` runs.",
    "Holidays.country": "As the `holidays` package names it.",
    "Holidays.subdivision": "A state or province of the country.",
    "Holidays.extra": "Days of your own.",
    "EmergencyAccess.who": "May declare an emergency, with a reason.",
    "EmergencyAccess.contact": "Shown to people who may not.",
    "EmergencyAccess.expire": "How long an emergency lasts that nobody ends before.",
    "Access.deployers": "May deploy.",
    "Access.emergency": "Without it nobody may.",
    "EnvironmentAccess.deployers": "May deploy here, if `access.deployers` has them too.",
    "Messages.before": "When it begins.",
    "Messages.during": "When the version is out and being looked at.",
    "Messages.after": "When it went well.",
    "Messages.rollback": "When a rollback begins.",
    "Messages.failed": "When it ended, and not well.",
    "Notify.before": "Told when a deployment begins.",
    "Notify.during": "Told when the version is out and being looked at.",
    "Notify.after": "Told how it ended.",
    "Notify.rollback": "Told of a rollback, and of every end that is no success.",
    "Notify.messages": "In your own words; see [Telling the team](notifications.md).",
    "After.environment": "The same commit must have succeeded there.",
    "After.bake": "At least this long ago.",
    "Windows.open": "With any, one of them must be open. [How they are written](windows.md).",
    "Windows.closed": "A closed one always wins.",
    "Windows.grace": "A deployment allowed before the edge may still begin this long after it.",
    "FreezeExcept.labels": "A pull request with one of them passes.",
    "FreezeExcept.branches": "Globs; a deployment from one of them passes.",
    "PlannedFreeze.from": "Its begin.",
    "PlannedFreeze.until": "Its end.",
    "PlannedFreeze.reason": "Shown to everybody who waits.",
    "PlannedFreeze.except": "What passes it.",
    "Lines.above": "More lines changed than this.",
    "When.paths": "Globs; `**` crosses `/`.",
    "When.labels": "Of the pull request.",
    "When.branches": "Globs.",
    "When.authors": "Of the commits.",
    "When.lines": "How much is changed.",
    "When.migrations": "Whether files matched by `steps.migrate.lint` are touched.",
    "ApprovalRule.name": "Shown with what is missing.",
    "ApprovalRule.count": "How many people.",
    "ApprovalRule.from": "Who may give it.",
    "ApprovalRule.when": "Only then it is asked for.",
    "ApprovalOptions.own": "Whether one's own work may be approved.",
    "ApprovalOptions.expire": "An older approval no longer counts.",
    "ApprovalOptions.methods": "How it may be given.",
    "ChecklistItem.item": "As people read it.",
    "ChecklistItem.when": "Only then it is asked for.",
    "ChecklistItem.checks": "These checks have passed on the commit.",
    "ChecklistItem.allow_none": "With `checks`: a commit without any check passes.",
    "ChecklistItem.reviews": "So many people have approved the pull request.",
    "ChecklistItem.deployed": "The same commit succeeded in this environment.",
    "ChecklistItem.section": "This heading of the pull request is filled in.",
    "ChecklistItem.run": "This command ends with 0. Only the action can run it.",
    "ChecklistItem.timeout": "Of `run`.",
    "ChecklistItem.notified": "These channels of `notify` took their message.",
    "ChecklistItem.tick": "One of these people has ticked the box.",
    "ChecklistItem.migration": "This was found out about the migration.",
    "CommandStep.run": "Run by bash.",
    "CommandStep.timeout": "Then it is stopped, with all it started.",
    "CommandStep.retries": "More tries after a failure.",
    "CommandStep.directory": "In the workspace.",
    "CommandStep.env": "More variables. Secrets belong under `env:` of the workflow's step.",
    "MigrateStep.undo": "Takes the migration back in a rollback.",
    "MigrateStep.lint": "Glob of SQL files that squawk looks at.",
    "MigrateStep.reversible": "When false, a failure after it stops and asks a person.",
    "MigrateStep.rehearse": "A command that tries the migration where nothing is at stake.",
    "Probe.name": "As the log shows it.",
    "Probe.url": "Asked with GET.",
    "Probe.tcp": "Connected to.",
    "Probe.run": "Run by bash.",
    "Probe.status": "What the address answers.",
    "Probe.contains": "Stands in the answer.",
    "Probe.header": "Headers that the answer has.",
    "Probe.json": "Values by their path in the answer.",
    "Probe.within": "Tried again for so long.",
    "Probe.timeout": "Of one try.",
    "Probe.retries": "More tries.",
    "Probe.critical": "When false, its failure is noted and fails nothing.",
    "Steps.verify": "The last line it prints is PREVIOUS_VERSION, unless that is the version being deployed.",
    "Steps.backup": "Before anything changes.",
    "Steps.migrate": "Before the deploy command.",
    "Steps.deploy": "Puts `$VERSION` in place.",
    "Steps.health": "Whether it lives. A canary's: before it has any user, and at each weight.",
    "Steps.smoke": "Whether it works.",
    "Canary.weights": "Percent of users, rising to 100.",
    "Canary.hold": "At each weight.",
    "Canary.set": "Sends `$WEIGHT` percent to the new version.",
    "Canary.promote": "Makes the canary the stable version, at the end.",
    "BlueGreen.deploy_idle": "Puts the version on the idle side.",
    "BlueGreen.switch": "Sends the users there.",
    "BlueGreen.switch_back": "Sends them back, in a rollback.",
    "BlueGreen.test": "Tries the idle side before the switch.",
    "BlueGreen.keep": "How long the side before stays up.",
    "BlueGreen.release": "Lets the side before go.",
    "Rolling.targets": "In this order.",
    "Rolling.targets_from": "Prints one target a line.",
    "Rolling.batch": "So many at a time, or percent of them.",
    "Rolling.run": "For each `$TARGET`.",
    "Rolling.health": "After each batch.",
    "Strategy.canary": "A few users first.",
    "Strategy.blue_green": "Two sides and a switch.",
    "Strategy.rolling": "One target after the other.",
    "MetricsSource.prometheus": "Its address.",
    "MetricsSource.datadog": "Its API's address.",
    "MetricsSource.json": "An address that answers with numbers.",
    "MetricsSource.run": "A command that prints the number.",
    "MetricsSource.token": "The environment variable that holds the token.",
    "RollbackIf.rises": "By more than this, compared with before.",
    "RollbackIf.above": "More than this.",
    "RollbackIf.below": "Less than this.",
    "Limits.failures": "Measurements out of bounds.",
    "Limits.inconclusive": "Measurements nobody can judge.",
    "Limits.consecutive_errors": "Questions in a row the source did not answer.",
    "Metric.query": "In the source's language.",
    "Metric.rollback_if": "When it is bad.",
    "Metric.dry_run": "Measured and shown, never counted.",
    "Metric.limits": "How much is borne.",
    "Integrity.run": "Fails when the data are not whole.",
    "Integrity.every": "How often it is run.",
    "Monitor.for": "After the deployment.",
    "Monitor.every": "How often is measured.",
    "Monitor.source": "Where the metrics are.",
    "Monitor.metrics": "By name.",
    "Monitor.integrity": "Whether data are damaged.",
    "Rollback.automatic": "When false, a person starts it with `phase: rollback`.",
    "Rollback.run": "Puts `$PREVIOUS_VERSION` in place.",
    "Rollback.timeout": "Then it has failed, and a person is asked.",
    "Environment.deploy": "How deployments begin.",
    "Environment.workflow": "The file that the App starts, in `.github/workflows`.",
    "Environment.after": "Another environment first.",
    "Environment.windows": "When deploying is open.",
    "Environment.freezes": "Planned times without deployments.",
    "Environment.approvals": "All of them are needed.",
    "Environment.approval_options": "How approvals count.",
    "Environment.access": "Narrows who may deploy.",
    "Environment.notify": "In place of the policy's.",
    "Environment.checklist": "All of it must hold.",
    "Environment.steps": "What is run, in the protocol's order.",
    "Environment.strategy": "How users come to the new version.",
    "Environment.monitor": "What is watched afterwards.",
    "Environment.rollback": "Without it a failure stays as it is, and a person is asked.",
    "Environment.in_flight": "When another is under way; jobs of one run, as of a matrix, go together.",
    "Environment.diverged": "When what runs there holds commits that this one lacks.",
    "Environment.expire": "How long a gate may wait.",
    "Hotfix.branches": "Globs.",
    "Hotfix.from": "A hotfix must descend from what this environment runs.",
    "Hotfix.ignores": "Approvals are never ignored.",
    "Hotfix.approvals": "So many people look at it.",
    "Hotfix.max_lines": "More are warned about.",
    "Hotfix.back_port": "The branch that gets the fix by a pull request.",
    "Hotfix.post_mortem": "Opens an issue for each.",
    "Log.releases": "In releases of tags, of every version, or in none.",
    "PolicyTest.at": "The moment asked about.",
    "PolicyTest.environment": "The environment asked about.",
    "PolicyTest.expect": "The verdict.",
    "PolicyTest.because": "A rule or a code among the reasons.",
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
        yield model.__doc__.strip() + "\n"
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
