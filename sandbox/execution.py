"""One job carried out: its steps, in a real workspace, as real processes."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from sandbox.actions import Action, ActionError, LocalAction, find_action
from sandbox.checkout import checkout
from sandbox.commands import FileCommandError, Masks, Output, read_lines, read_pairs
from sandbox.expressions import ExpressionError, Scope, as_text, holds, render, value_of
from sandbox.processes import Command, Processes
from sandbox.workflow import Job, Step

SUMMARY_LIMIT = 1024 * 1024
POST_SECONDS = 300
_SHELLS = {
    "": ("bash", "-e"),
    "bash": ("bash", "--noprofile", "--norc", "-eo", "pipefail"),
    "sh": ("sh", "-e"),
    "python": ("python3",),
}
# https://github.com/actions/runner/blob/main/src/Runner.Worker/GitHubContext.cs
_EXPORTED = frozenset({
    "action", "action_path", "action_ref", "action_repository", "actor", "actor_id", "api_url", "base_ref",
    "env", "event_name", "event_path", "graphql_url", "head_ref", "job", "output", "path", "ref", "ref_name",
    "ref_protected", "ref_type", "repository", "repository_id", "repository_owner", "repository_owner_id",
    "retention_days", "run_attempt", "run_id", "run_number", "server_url", "sha", "state", "step_summary",
    "triggering_actor", "workflow", "workflow_ref", "workflow_sha", "workspace",
})  # fmt: skip


class Witness(Protocol):
    """Who is told how the job goes, as it goes."""

    def log(self, line: str) -> None: ...
    def step_started(self, name: str) -> None: ...
    def step_ended(self, conclusion: str, annotations: list[dict[str, Any]], summary: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A job's own directories: `_work` under the root, like a runner's."""

    root: Path

    @property
    def workspace(self) -> Path:
        return self.root / "workspace"

    @property
    def temp(self) -> Path:
        return self.root / "temp"

    @property
    def home(self) -> Path:
        return self.root / "home"

    def make(self) -> None:
        for directory in (self.workspace, self.temp, self.home):
            directory.mkdir(parents=True, exist_ok=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """All a job needs to run. `contexts` holds github, needs, inputs, secrets, vars and job."""

    job: Job
    contexts: Mapping[str, Any] = field(repr=False)
    env: Mapping[str, Any]
    place: Place
    repositories: Path
    actions: Mapping[str, LocalAction]
    cancelled: threading.Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    conclusion: str
    outputs: Mapping[str, str]
    environment_url: str


@dataclass(slots=True, kw_only=True)
class _Post:
    step: Step
    action: Action
    inputs: Mapping[str, str]
    state: Mapping[str, str]


class Execution:
    """Runs an assignment once."""

    def __init__(self, assignment: Assignment, processes: Processes, witness: Witness) -> None:
        self._given = assignment
        self._processes = processes
        self._witness = witness
        self._masks = Masks()
        self._status = "success"
        self._steps: dict[str, Any] = {}
        self._env: dict[str, str] = {}
        self._path: list[str] = []
        self._posts: list[_Post] = []
        self._outputs: dict[str, str] = {}
        self._url = ""
        self._deadline = time.monotonic() + 60 * float(assignment.job.timeout_minutes)

    def run(self) -> Result:
        self._set_up()
        for step in self._given.job.steps:
            self._step(step)
        for post in reversed(self._posts):
            self._post(post)
        self._told("Complete job", self._complete)
        return Result(conclusion=self._status, outputs=self._outputs, environment_url=self._url)

    def _set_up(self) -> None:
        self._given.place.make()
        secrets = self._given.contexts.get("secrets") or {}
        for secret in (*secrets.values(), (self._given.contexts.get("github") or {}).get("token", "")):
            self._masks.add(str(secret))
        self._event_file().write_text(json.dumps(self._github().get("event") or {}), "utf-8")
        try:
            self._env = self._rendered(self._given.env) | self._rendered(self._given.job.env)
        except ExpressionError as error:
            self._told("Set up job", _raises(error))
        else:
            self._told("Set up job", lambda output: output.say(f"Job name: {self._given.job.name}"))

    # Steps

    def _step(self, step: Step) -> None:
        wanted = self._wants(step.condition, step.title)
        if wanted is False:
            self._skip(step)
        if wanted:
            self._carry_out(step)

    def _carry_out(self, step: Step) -> None:
        outputs: dict[str, str] = {}
        before = self._status
        outcome = self._told(self._title(step), lambda output: self._do(step, output, outputs))
        conclusion = self._forgiven(step, outcome, before)
        if step.id:
            self._steps[step.id] = {"outputs": outputs, "outcome": outcome, "conclusion": conclusion}

    def _wants(self, condition: str | None, title: str) -> bool | None:
        """Whether an `if` holds; None where it cannot be told, which fails the step."""
        self._watch()
        try:
            return holds(condition, self._scope())
        except ExpressionError as error:
            self._told(title, _raises(error))
            return None

    def _skip(self, step: Step) -> None:
        self._witness.step_started(self._title(step))
        self._witness.step_ended("skipped", [], "")
        if step.id:
            self._steps[step.id] = {"outputs": {}, "outcome": "skipped", "conclusion": "skipped"}

    def _forgiven(self, step: Step, outcome: str, before: str) -> str:
        if outcome == "failure" and value_of(step.continue_on_error, self._scope()) is True:
            self._status = before
            return "success"
        return outcome

    def _told(self, title: str, work: Callable[[Output], None]) -> str:
        """Do one step's work under the witness's eyes; what it raises fails the step."""
        output = Output(masks=self._masks, log=self._witness.log)
        summary = self._file("summary")
        self._witness.step_started(title)
        outcome = "success"
        try:
            work(output)
        except _StepFailedError as failed:
            outcome = self._end(str(failed), output)
        except (
            ActionError,
            ExpressionError,
            FileCommandError,
            OSError,
            subprocess.CalledProcessError,
        ) as error:
            outcome = self._end(str(error), output)
        self._witness.step_ended(outcome, output.annotations, self._summary(summary, output))
        return outcome

    def _end(self, message: str, output: Output) -> str:
        if self._given.cancelled.is_set():
            output.annotate("error", "The operation was canceled.")
            self._status = "cancelled"
        else:
            output.annotate("error", message)
            self._status = "failure" if self._status == "success" else self._status
        return "cancelled" if self._given.cancelled.is_set() else "failure"

    def _do(self, step: Step, output: Output, outputs: dict[str, str]) -> None:
        env = {**self._env, **self._rendered(step.env)}
        if step.run:
            self._shell(step, env, output, outputs)
        elif step.uses.partition("@")[0] == "actions/checkout":
            self._checkout(step, output)
        else:
            self._container(step, env, output, outputs)

    def _shell(self, step: Step, env: dict[str, str], output: Output, outputs: dict[str, str]) -> None:
        job = self._given.job
        script = self._file("script")
        script.write_text(render(step.run, self._scope(env)) + "\n", "utf-8")
        shell = _SHELLS.get(step.shell or job.shell)
        if shell is None:
            raise _StepFailedError(f"The shell '{step.shell or job.shell}' is none of bash, sh and python.")
        output.say(f"##[group]{step.title}")
        output.say(f"shell: {' '.join(shell)}")
        output.say("##[endgroup]")
        where = render(step.working_directory or job.working_directory, self._scope(env))
        argv = (*shell, str(script))
        self._execute(argv, env, output, outputs, where=self._given.place.workspace / where, step=step)

    def _checkout(self, step: Step, output: Output) -> None:
        inputs = self._rendered(step.inputs)
        github = self._github()
        checkout(
            repositories=self._given.repositories,
            repository=inputs.get("repository") or str(github["repository"]),
            ref=inputs.get("ref") or str(github["ref"]),
            sha="" if inputs.get("ref") or inputs.get("repository") else str(github["sha"]),
            into=self._given.place.workspace / inputs.get("path", ""),
            depth=int(inputs.get("fetch-depth") or 1),
            say=output.say,
        )

    def _container(self, step: Step, env: dict[str, str], output: Output, outputs: dict[str, str]) -> None:
        action = find_action(self._given.actions, step.uses)
        inputs = self._inputs(action, step, output)
        scope = self._scope(env, inputs=inputs)
        env = {**env, **{name: as_text(value_of(value, scope)) for name, value in action.env.items()}}
        state: dict[str, str] = {}
        if action.post_entrypoint:
            self._posts.append(_Post(step=step, action=action, inputs=inputs, state=state))
        argv = (*action.entrypoint, *(render(each, scope) for each in action.args))
        output.say(f"##[group]{step.title}")
        output.say("##[endgroup]")
        self._execute(
            argv, {**action.image_env, **env, **_as_env(inputs)}, output, outputs, state=state, step=step
        )

    def _inputs(self, action: Action, step: Step, output: Output) -> dict[str, str]:
        """Given ones over defaults; only defaults may name github, job and runner."""
        scope = self._scope()
        for name in sorted(step.inputs.keys() - action.inputs.keys() - {"entrypoint", "args"}):
            output.annotate(
                "warning", f"Unexpected input(s) '{name}', valid inputs are {sorted(action.inputs)}"
            )
        given = {name.lower(): as_text(value_of(value, scope)) for name, value in step.inputs.items()}
        defaults = {name: as_text(value_of(about.default, scope)) for name, about in action.inputs.items()}
        return {**defaults, **given}

    def _post(self, post: _Post) -> None:
        if not self._wants(post.action.post_condition, f"Post {self._title(post.step)}"):
            return
        env = {**post.action.image_env, **self._env, **self._rendered(post.step.env), **_as_env(post.inputs)}
        env |= {f"STATE_{name}": value for name, value in post.state.items()}
        self._told(
            f"Post {self._title(post.step)}",
            lambda output: self._execute(
                post.action.post_entrypoint, env, output, {}, step=post.step, seconds=POST_SECONDS
            ),
        )

    # Processes

    def _execute(
        self,
        argv: tuple[str, ...],
        env: Mapping[str, str],
        output: Output,
        outputs: dict[str, str],
        *,
        step: Step,
        where: Path | None = None,
        state: dict[str, str] | None = None,
        seconds: float = 0.0,
    ) -> None:
        files = {name: self._file(name) for name in ("output", "env", "state", "path")}
        late = self._given.cancelled.is_set()  # what starts after the cancellation is let run: always(), post
        limit = 60 * float(as_text(value_of(step.timeout_minutes, self._scope())))
        deadline = time.monotonic() + (seconds or limit)
        command = Command(
            argv=argv,
            cwd=where or self._given.place.workspace,
            env=self._environment(env, files),
            cancelled=threading.Event() if late else self._given.cancelled,
            deadline=deadline if late or seconds else min(deadline, self._deadline),
        )
        code = self._processes.run(command, output.line)
        outputs |= read_pairs(files["output"])
        (state if state is not None else {}).update(read_pairs(files["state"]))
        self._env |= read_pairs(files["env"])
        self._path = [*reversed(read_lines(files["path"])), *self._path]
        self._judge(code, command, late=late)

    def _judge(self, code: int, command: Command, *, late: bool) -> None:
        if self._given.cancelled.is_set() and not late:
            raise _StepFailedError("The operation was canceled.")
        if time.monotonic() > command.deadline:
            raise _StepFailedError("The action has timed out.")
        if code != 0:
            raise _StepFailedError(f"Process completed with exit code {code}.")

    def _environment(self, env: Mapping[str, str], files: Mapping[str, Path]) -> dict[str, str]:
        place = self._given.place
        path = env.get("PATH") or os.environ.get("PATH", os.defpath)
        exported = {f"GITHUB_{name.upper()}": as_text(value) for name, value in self._github().items()
                    if name in _EXPORTED}  # fmt: skip
        return {
            "LANG": "C.UTF-8",
            **env,
            **exported,
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(place.workspace),
            "GITHUB_EVENT_PATH": str(self._event_file()),
            "GITHUB_STEP_SUMMARY": str(self._summary_file),
            **{f"GITHUB_{name.upper()}": str(file) for name, file in files.items()},
            "HOME": str(place.home),
            "PATH": os.pathsep.join([*self._path, path]),
            "RUNNER_TEMP": str(place.temp),
            **{f"RUNNER_{name.upper()}": value for name, value in _RUNNER.items()},
        }

    def _file(self, purpose: str) -> Path:
        file = self._given.place.temp / f"{purpose}_{uuid.uuid4().hex}"
        file.touch()
        if purpose == "summary":
            self._summary_file = file
        return file

    def _event_file(self) -> Path:
        return self._given.place.temp / "event.json"

    def _summary(self, file: Path, output: Output) -> str:
        if file.stat().st_size > SUMMARY_LIMIT:
            output.annotate("error", "$GITHUB_STEP_SUMMARY upload aborted, supports content up to 1024k.")
            return ""
        return self._masks.hide(file.read_text("utf-8", "replace"))

    # Contexts

    def _watch(self) -> None:
        if self._given.cancelled.is_set():
            self._status = "cancelled"
        elif time.monotonic() > self._deadline and self._status == "success":
            self._status = "failure"

    def _github(self) -> Mapping[str, Any]:
        return self._given.contexts.get("github") or {}

    def _scope(
        self, env: Mapping[str, str] | None = None, *, inputs: Mapping[str, Any] | None = None
    ) -> Scope:
        given = self._given.contexts
        job = {**(given.get("job") or {}), "status": self._status}
        contexts = {
            **given,
            "env": self._env if env is None else env,
            "steps": self._steps,
            "job": job,
            "runner": {**_RUNNER, "temp": str(self._given.place.temp)},
            "inputs": given.get("inputs") if inputs is None else inputs,
        }
        return Scope(contexts=contexts, status=self._status)

    def _rendered(self, table: Mapping[str, Any]) -> dict[str, str]:
        scope = self._scope()
        return {name: as_text(value_of(value, scope)) for name, value in table.items()}

    def _title(self, step: Step) -> str:
        try:
            return self._masks.hide(render(step.title, self._scope()))
        except ExpressionError:
            return step.title

    def _complete(self, _output: Output) -> None:
        target = self._given.job.target
        self._outputs = dict(self._safe_outputs())
        self._url = self._masks.hide(render(target.url, self._scope())) if target else ""

    def _safe_outputs(self) -> Iterator[tuple[str, str]]:
        for name, value in self._rendered(self._given.job.outputs).items():
            if self._masks.occur_in(value):
                self._witness.log(f"##[warning]Skip output '{name}' since it may contain secret.")
            else:
                yield name, value


_RUNNER = {
    "os": "Linux",
    "arch": "X64",
    "name": "sandbox",
    "environment": "github-hosted",
}


class _StepFailedError(Exception):
    """A step that ended badly, in the runner's own words."""


def _raises(error: Exception) -> Callable[[Output], None]:
    def work(_output: Output) -> None:
        raise error

    return work


def _as_env(inputs: Mapping[str, str]) -> dict[str, str]:
    return {f"INPUT_{name.replace(' ', '_').upper()}": value for name, value in inputs.items()}
