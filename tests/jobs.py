"""One job and the GitHub it talks to, in memory; a test says only what matters to it."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from action.console import Console
from action.inputs import Inputs, Workflow
from action.job import Job
from action.journal import Journal
from action.stop import Stop
from gateway.backports import BackPort
from gateway.errors import GatewayError
from gateway.github import Issue, JobDeployment, StatusState
from gateway.releases import Written
from gateway.turns import Kept
from protocol.changes import Contents
from protocol.deployed_lines import with_line
from protocol.document import parse_policy
from protocol.entry import Entry
from protocol.errors import PolicyError
from protocol.facts import Deployment, Facts, Missing, People, Permission, Relation
from protocol.gate import Gate
from protocol.policy import Policy

SHA = "a" * 40
OLD_SHA = "b" * 40
OLDER_SHA = "c" * 40
PEOPLE = People(permissions={"ada": Permission.WRITE, "grace": Permission.WRITE})


def policy_of(text: str) -> Policy:
    """A policy with one environment `production`; the text is what stands under it."""
    lines = "\n".join(f"    {line}" for line in text.strip().splitlines())
    return parse_policy(f"version: 1\nenvironments:\n  production:\n{lines}\n", "deploy.yml")


def ran_before(sha: str = OLD_SHA, version: str = "1.0.0", **changes: Any) -> Deployment:
    """A deployment to production that went well, some days ago."""
    when = datetime(2026, 11, 1, tzinfo=UTC)
    deployment = Deployment(
        id=7,
        environment="production",
        sha=sha,
        state="success",
        created_at=when,
        succeeded=True,
        finished_at=when,
        creator="ada",
        version=version,
    )
    return replace(deployment, **changes)


@dataclass(kw_only=True)
class GitHubInMemory:
    """Holds what was written. `fails` names verbs that GitHub refuses."""

    policies: Sequence[Policy | PolicyError | Missing]
    deployments: tuple[Deployment, ...] = (ran_before(),)
    facts: Mapping[str, Any] = field(default_factory=dict)
    job_deployment: JobDeployment | None = field(
        default_factory=lambda: JobDeployment(id=42, environment="production")
    )
    fails: Mapping[str, GatewayError] = field(default_factory=dict)
    contents: Contents = field(default_factory=Contents)
    created: list[dict[str, Any]] = field(default_factory=list)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    releases: dict[str, list[Entry]] = field(default_factory=dict)
    comments: list[tuple[int, str]] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    turns_left: list[str] = field(default_factory=list)  # as each writer of the log found it

    def facts_for(
        self, gate: Gate, now: datetime, *, place: Literal["gate", "action"] = "gate"
    ) -> tuple[Sequence[Policy | PolicyError | Missing], Facts]:
        self._may("facts_for")
        facts = Facts(
            repository=gate.repository,
            environment=gate.environment,
            sha=gate.sha,
            branch=gate.branch,
            deployer="ada",
            requested_at=now,
            place=place,
            people=PEOPLE,
            deployments=self.deployments,
            relations={"production": Relation.AHEAD},
        )
        return self.policies, replace(facts, **self.facts)

    def own_policy(self, now: datetime) -> Policy | PolicyError | Missing:
        self._may("own_policy")
        return self.policies[-1]

    def deployment_of_check(self, check_run_id: int) -> JobDeployment | None:
        self._may("deployment_of_check")
        return self.job_deployment

    def create_deployment(
        self,
        *,
        sha: str,
        ref: str,
        environment: str,
        description: str = "",
        payload: Mapping[str, Any] | None = None,
    ) -> int:
        self._may("create_deployment")
        self.created.append({"sha": sha, "ref": ref, "environment": environment, "payload": payload})
        return 1000 + len(self.created)

    def post_deployment_status(
        self,
        deployment_id: int,
        *,
        state: StatusState,
        description: str = "",
        log_url: str = "",
        environment_url: str = "",
    ) -> None:
        self._may("post_deployment_status")
        self.statuses.append(
            {"id": deployment_id, "state": state, "description": description, "url": environment_url}
        )

    def unstarted_deployment(self, environment: str, sha: str) -> int | None:
        self._may("unstarted_deployment")
        started = {status["id"] for status in self.statuses}
        here = [(at, made) for at, made in enumerate(self.created, start=1001) if at not in started]
        wanted = {"environment": environment, "sha": sha}.items()
        return next((at for at, made in reversed(here) if wanted <= made.items()), None)

    def noted_in_run(self, environment: str, sha: str, run_url: str) -> tuple[str, ...]:
        self._may("noted_in_run")
        return tuple(status["description"] for status in reversed(self.statuses))

    def changes(self, *, head: str, base: str, version: str, tag: str | None = None) -> Contents:
        self._may("changes")
        return self.contents

    def write_log(
        self, entry: Entry, *, tag: str | None, pulls: Sequence[int] = (), kept: Kept | None = None
    ) -> Written:
        self._may("write_log")
        self.turns_left.append(kept.left if kept else "")
        if tag is not None:
            self.releases.setdefault(tag, []).append(entry)
        self.comments += [(number, with_line(None, entry, "")) for number in pulls]
        url = f"https://github.test/acme/shop/releases/tag/{tag}" if tag is not None else ""
        return Written(release_url=url)

    def back_port(self, *, sha: str, branch: str, onto: str) -> BackPort:
        self._may("back_port")
        return BackPort(state="merged", number=9, url="https://github.test/pull/9")

    def find_issues(
        self,
        marker: str = "",
        *,
        labels: Sequence[str] = (),
        state: Literal["open", "closed", "all"] = "open",
    ) -> tuple[Issue, ...]:
        self._may("find_issues")
        return tuple(issue for issue in self.issues if marker in issue.body)

    def say(self, number: int, body: str) -> str:
        self._may("say")
        self.comments.append((number, body))
        return f"https://github.test/pull/{number}"

    def open_issue(self, title: str, body: str, labels: Sequence[str] = ()) -> Issue:
        self._may("open_issue")
        number = len(self.issues) + 1
        self.issues.append(
            Issue(number=number, url=f"https://github.test/issues/{number}", title=title, body=body)
        )
        return self.issues[-1]

    def _may(self, verb: str) -> None:
        if verb in self.fails:
            raise self.fails[verb]


@dataclass(frozen=True, kw_only=True)
class Desk:
    """A job with its workspace, and what it printed."""

    job: Job
    printed: io.StringIO
    workspace: Path

    @property
    def log(self) -> str:
        return self.printed.getvalue()

    def file(self, name: str) -> str:
        path = self.workspace / name
        return path.read_text(encoding="utf-8") if path.exists() else ""


def make_desk(
    tmp_path: Path,
    *,
    stop: Stop,
    environ: Mapping[str, str] | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    github: bool = True,
    tag: str = "",
    attempt: int = 1,
    **inputs: Any,
) -> Desk:
    """A job that deploys version 1.1.0 to production from main, in an empty workspace."""
    workspace = tmp_path / "workspace"
    workspace.mkdir(exist_ok=True)
    printed = io.StringIO()
    workflow = Workflow(
        repository="acme/shop",
        sha=SHA,
        ref=f"refs/tags/{tag}" if tag else "refs/heads/main",
        ref_name=tag or "main",
        ref_type="tag" if tag else "branch",
        run_id=5,
        run_attempt=attempt,
        actor="ada",
        workspace=workspace,
        temporary=tmp_path,
        output_file=tmp_path / "output",
        summary_file=tmp_path / "summary.md",
        state_file=tmp_path / "state",
    )
    given: dict[str, Any] = {
        "environment": "production",
        "version": "1.1.0",
        "github_token": "t0ken-t0ken",
        "check_run_id": 3,
    }
    job = Job(
        inputs=Inputs(**(given | inputs)),
        workflow=workflow,
        console=Console(github=github, stream=printed),
        journal=Journal(tmp_path / "journal.jsonl"),
        stop=stop,
        clock=clock,
        environ={"PATH": os.environ["PATH"], "INPUT_GITHUB_TOKEN": "t0ken-t0ken", **(environ or {})},
    )
    return Desk(job=job, printed=printed, workspace=workspace)


def reopened(job: Job) -> Job:
    """The job as a container of its own sees it after the first one died."""
    journal = Journal(job.journal.path)
    job.journal.close()
    return replace(job, journal=journal)
