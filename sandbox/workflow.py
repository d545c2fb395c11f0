"""A workflow file, read into jobs and steps, and whether an event starts it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from sandbox.expressions import ExpressionError, check

Table = Mapping[str, Any]


class WorkflowError(Exception):
    """A workflow file the runner cannot run, with the reason and the place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """One event under `on:`. None means "no such filter"."""

    branches: tuple[str, ...] | None = None
    branches_ignore: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None
    tags_ignore: tuple[str, ...] | None = None
    paths: tuple[str, ...] | None = None
    paths_ignore: tuple[str, ...] | None = None
    types: tuple[str, ...] | None = None
    inputs: Table = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """What happened, as far as `on:` can ask about it."""

    event: str
    ref: str
    action: str = ""
    base: str = ""  # the branch a pull request wants to go into
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    id: str = ""
    name: str = ""
    uses: str = ""
    run: str = ""
    shell: str = ""
    working_directory: str = ""
    condition: str | None = None
    continue_on_error: bool | str = False
    timeout_minutes: float | str = 360
    inputs: Table = field(default_factory=dict)
    env: Table = field(default_factory=dict)

    @property
    def title(self) -> str:
        return self.name or f"Run {(self.uses or self.run.strip()).partition(chr(10))[0]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A job's `environment:`; `deployment` false asks GitHub not to make a Deployment."""

    name: str
    url: str = ""
    deployment: bool | str = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Concurrency:
    group: str
    cancel_in_progress: bool | str = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """A job's `strategy:`; its matrix is a mapping, or an expression that gives one."""

    matrix: Table | str | None = None
    fail_fast: bool = True
    max_parallel: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One of the jobs that a matrix makes of one."""

    values: Table = field(default_factory=dict)
    index: int = 0
    total: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    key: str
    name: str
    steps: tuple[Step, ...]
    needs: tuple[str, ...] = ()
    condition: str | None = None
    strategy: Strategy | None = None
    target: Target | None = None
    concurrency: Concurrency | None = None
    permissions: Mapping[str, str] | None = None
    env: Table = field(default_factory=dict)
    outputs: Table = field(default_factory=dict)
    shell: str = ""
    working_directory: str = ""
    labels: tuple[str, ...] = ("ubuntu-latest",)
    continue_on_error: bool | str = False
    timeout_minutes: float | str = 360


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    path: str
    name: str
    run_name: str
    triggers: Mapping[str, Trigger]
    jobs: Mapping[str, Job]
    env: Table = field(default_factory=dict)
    permissions: Mapping[str, str] | None = None
    concurrency: Concurrency | None = None

    def starts_on(self, occasion: Occasion) -> bool:
        trigger = self.triggers.get(occasion.event)
        return trigger is not None and _fires(trigger, occasion)


# https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows
_DEFAULT_TYPES = {"pull_request": ("opened", "synchronize", "reopened")}
_SCOPES = (
    "actions", "attestations", "checks", "contents", "deployments", "discussions", "id-token", "issues",
    "packages", "pages", "pull-requests", "security-events", "statuses",
)  # fmt: skip
_JOB_KEYS = frozenset({
    "concurrency", "continue-on-error", "defaults", "env", "environment", "if", "name", "needs", "outputs",
    "permissions", "runs-on", "steps", "strategy", "timeout-minutes",
})  # fmt: skip
_STEP_KEYS = frozenset({
    "continue-on-error", "env", "id", "if", "name", "run", "shell", "timeout-minutes", "uses", "with",
    "working-directory",
})  # fmt: skip


def parse_workflow(text: str, path: str) -> Workflow:
    """Read a workflow file. Raises WorkflowError with the place and the reason."""
    reader = _Reader(path)
    try:
        return reader.workflow(yaml.load(text, _Loader))  # noqa: S506 - a SafeLoader without YAML 1.1 words
    except yaml.YAMLError as error:
        raise WorkflowError(f"{path}: {error}") from None


class _Loader(yaml.SafeLoader):
    """YAML 1.2 words: only true and false are booleans, so `on:` stays a word; dates stay text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag in ("tag:yaml.org,2002:null",
            "tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:merge")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}  # fmt: skip
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)


@dataclass(frozen=True, slots=True)
class _Reader:
    path: str

    def workflow(self, document: Any) -> Workflow:
        table = self._table(document, "the file")
        self._check_expressions(table, "")
        name = str(table.get("name") or self.path)
        jobs = self._table(table.get("jobs"), "jobs")
        defaults = self._run_defaults(table)
        workflow = Workflow(
            path=self.path,
            name=name,
            run_name=str(table.get("run-name") or ""),
            triggers=self._triggers(table.get("on")),
            jobs={str(key): self._job(str(key), job, defaults) for key, job in jobs.items()},
            env=self._table(table.get("env") or {}, "env"),
            permissions=self._permissions(table.get("permissions"), "permissions"),
            concurrency=self._concurrency(table.get("concurrency"), "concurrency"),
        )
        self._check_needs(workflow.jobs)
        return workflow

    def _triggers(self, value: Any) -> dict[str, Trigger]:
        match value:
            case str():
                return {value: Trigger()}
            case list():
                return {str(event): Trigger() for event in value}
            case dict():
                return {str(event): self._trigger(filters, f"on.{event}") for event, filters in value.items()}
        raise self._error("on", "names no event")

    def _trigger(self, value: Any, place: str) -> Trigger:
        if isinstance(value, list):  # schedule: a list of crons
            return Trigger()
        table = self._table(value or {}, place)
        return Trigger(
            branches=_words(table.get("branches")),
            branches_ignore=_words(table.get("branches-ignore")),
            tags=_words(table.get("tags")),
            tags_ignore=_words(table.get("tags-ignore")),
            paths=_words(table.get("paths")),
            paths_ignore=_words(table.get("paths-ignore")),
            types=_words(table.get("types")),
            inputs=self._table(table.get("inputs") or {}, f"{place}.inputs"),
        )

    def _job(self, key: str, value: Any, defaults: Table) -> Job:
        place = f"jobs.{key}"
        table = self._table(value, place)
        self._only(table, _JOB_KEYS, place)
        run = {**defaults, **self._run_defaults(table)}
        steps = table.get("steps")
        if not isinstance(steps, list) or not steps:
            raise self._error(f"{place}.steps", "is missing or empty")
        return Job(
            key=key,
            name=str(table.get("name") or key),
            steps=tuple(self._step(step, f"{place}.steps[{at}]") for at, step in enumerate(steps)),
            needs=_words(table.get("needs")) or (),
            condition=_condition(table.get("if")),
            strategy=self._strategy(table.get("strategy"), f"{place}.strategy"),
            target=self._target(table.get("environment"), f"{place}.environment"),
            concurrency=self._concurrency(table.get("concurrency"), f"{place}.concurrency"),
            permissions=self._permissions(table.get("permissions"), f"{place}.permissions"),
            env=self._table(table.get("env") or {}, f"{place}.env"),
            outputs=self._table(table.get("outputs") or {}, f"{place}.outputs"),
            shell=str(run.get("shell") or ""),
            working_directory=str(run.get("working-directory") or ""),
            labels=_words(table.get("runs-on")) or (),
            continue_on_error=table.get("continue-on-error", False),
            timeout_minutes=table.get("timeout-minutes", 360),
        )

    def _step(self, value: Any, place: str) -> Step:
        table = self._table(value, place)
        self._only(table, _STEP_KEYS, place)
        if ("uses" in table) == ("run" in table):
            raise self._error(place, "needs exactly one of 'uses' and 'run'")
        return Step(
            id=str(table.get("id") or ""),
            name=str(table.get("name") or ""),
            uses=str(table.get("uses") or ""),
            run=str(table.get("run") or ""),
            shell=str(table.get("shell") or ""),
            working_directory=str(table.get("working-directory") or ""),
            condition=_condition(table.get("if")),
            continue_on_error=table.get("continue-on-error", False),
            timeout_minutes=table.get("timeout-minutes", 360),
            inputs=self._table(table.get("with") or {}, f"{place}.with"),
            env=self._table(table.get("env") or {}, f"{place}.env"),
        )

    def _strategy(self, value: Any, place: str) -> Strategy | None:
        if value is None:
            return None
        table = self._table(value, place)
        self._only(table, frozenset({"fail-fast", "matrix", "max-parallel"}), place)
        matrix, fail_fast, most = table.get("matrix"), table.get("fail-fast", True), table.get("max-parallel")
        if not isinstance(fail_fast, bool):
            raise self._error(f"{place}.fail-fast", "must be true or false")
        if most is not None and not (isinstance(most, int) and most > 0):
            raise self._error(f"{place}.max-parallel", "must be a number above 0")
        if matrix is not None and not isinstance(matrix, str):
            matrix = self._table(matrix, f"{place}.matrix")
        return Strategy(matrix=matrix, fail_fast=fail_fast, max_parallel=most)

    def _target(self, value: Any, place: str) -> Target | None:
        if value is None:
            return None
        table = {"name": value} if isinstance(value, str) else self._table(value, place)
        if not table.get("name"):
            raise self._error(place, "has no name")
        return Target(
            name=str(table["name"]),
            url=str(table.get("url") or ""),
            deployment=table.get("deployment", True),
        )

    def _concurrency(self, value: Any, place: str) -> Concurrency | None:
        if value is None:
            return None
        table = {"group": value} if isinstance(value, str) else self._table(value, place)
        return Concurrency(
            group=str(table.get("group") or ""), cancel_in_progress=table.get("cancel-in-progress", False)
        )

    def _permissions(self, value: Any, place: str) -> dict[str, str] | None:
        match value:
            case None:
                return None
            case "read-all":
                return dict.fromkeys(_SCOPES, "read")
            case "write-all":
                return dict.fromkeys(_SCOPES, "write")
        return {str(scope): str(level) for scope, level in self._table(value, place).items()}

    def _run_defaults(self, table: Table) -> Table:
        defaults = self._table(table.get("defaults") or {}, "defaults")
        return self._table(defaults.get("run") or {}, "defaults.run")

    def _check_needs(self, jobs: Mapping[str, Job]) -> None:
        done: set[str] = set()
        while ready := {key for key, job in jobs.items() if key not in done and done.issuperset(job.needs)}:
            done |= ready
        if missing := sorted(jobs.keys() - done):
            raise self._error(f"jobs.{missing[0]}.needs", "names an unknown job, or a circle of jobs")

    def _check_expressions(self, value: Any, place: str) -> None:
        if isinstance(value, dict):
            for key, each in value.items():
                self._check_expressions(each, f"{place}.{key}".lstrip("."))
        elif isinstance(value, list):
            for at, each in enumerate(value):
                self._check_expressions(each, f"{place}[{at}]")
        elif isinstance(value, str):
            try:
                check(value)
            except ExpressionError as error:
                raise self._error(place, f"has an expression that cannot be read: {error}") from None

    def _only(self, table: Table, known: frozenset[str], place: str) -> None:
        if unknown := sorted(table.keys() - known):
            raise self._error(f"{place}.{unknown[0]}", "is nothing the sandbox's runner can run")

    def _table(self, value: Any, place: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self._error(place, "must be a mapping")
        return {str(key): each for key, each in value.items()}

    def _error(self, place: str, what: str) -> WorkflowError:
        return WorkflowError(f"{self.path}: {place} {what}")


def _words(value: Any) -> tuple[str, ...] | None:
    if value is None:
        return None
    return tuple(str(each) for each in value) if isinstance(value, list) else (str(value),)


def _condition(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


def _fires(trigger: Trigger, occasion: Occasion) -> bool:
    types = trigger.types or _DEFAULT_TYPES.get(occasion.event)
    if types and occasion.action and occasion.action not in types:
        return False
    return _ref_fits(trigger, occasion) and _paths_fit(trigger, occasion)


def _ref_fits(trigger: Trigger, occasion: Occasion) -> bool:
    if occasion.event == "pull_request":
        return _fits(occasion.base, trigger.branches, trigger.branches_ignore)
    if occasion.event != "push":
        return True
    tag = occasion.ref.startswith("refs/tags/")
    name = occasion.ref.removeprefix("refs/tags/").removeprefix("refs/heads/")
    own = (trigger.tags, trigger.tags_ignore) if tag else (trigger.branches, trigger.branches_ignore)
    other = (trigger.branches, trigger.branches_ignore) if tag else (trigger.tags, trigger.tags_ignore)
    if own == (None, None):
        return other == (None, None)  # `branches:` alone means "no tags", and the other way round
    return _fits(name, *own)


def _paths_fit(trigger: Trigger, occasion: Occasion) -> bool:
    if occasion.ref.startswith("refs/tags/") or occasion.event not in ("push", "pull_request"):
        return True
    if trigger.paths is not None:
        return any(_chosen(path, trigger.paths) for path in occasion.changed)
    if trigger.paths_ignore is not None:
        return not all(_chosen(path, trigger.paths_ignore) for path in occasion.changed)
    return True


def _fits(name: str, wanted: Sequence[str] | None, unwanted: Sequence[str] | None) -> bool:
    if wanted is not None:
        return _chosen(name, wanted)
    return unwanted is None or not _chosen(name, unwanted)


def _chosen(name: str, patterns: Sequence[str]) -> bool:
    """The last pattern that matches decides; one with `!` takes the name out again."""
    chosen = False
    for pattern in patterns:
        if re.fullmatch(_regex(pattern.removeprefix("!")), name):
            chosen = not pattern.startswith("!")
    return chosen


_GLOB = re.compile(r"\*\*/|\*\*|\*|\?|\+|\[[^\]]*\]|\\.|.")


def _regex(pattern: str) -> str:
    """GitHub's filter patterns: `?` and `+` belong to the character before them."""
    words = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "?", "+": "+"}
    return "".join(
        words.get(part) or (part if part[0] == "[" and len(part) > 1 else re.escape(part.removeprefix("\\")))
        for part in _GLOB.findall(pattern)
    )
