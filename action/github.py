"""What one deployment asks of GitHub: the few verbs of `gateway.github.GitHub` it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Protocol

from gateway.backports import BackPort
from gateway.github import JobDeployment, StatusState
from gateway.incidents import Issues
from gateway.releases import Written
from gateway.turns import Kept
from protocol.changes import Contents
from protocol.entry import Entry
from protocol.errors import PolicyError
from protocol.facts import Facts, Missing
from protocol.gate import Gate
from protocol.policy import Policy


class GitHub(Issues, Protocol):
    def facts_for(
        self, gate: Gate, now: datetime, *, place: Literal["gate", "action"] = "gate"
    ) -> tuple[Sequence[Policy | PolicyError | Missing], Facts]: ...

    def own_policy(self, now: datetime) -> Policy | PolicyError | Missing: ...

    def deployment_of_check(self, check_run_id: int) -> JobDeployment | None: ...

    def create_deployment(
        self,
        *,
        sha: str,
        ref: str,
        environment: str,
        description: str = "",
        payload: Mapping[str, Any] | None = None,
    ) -> int: ...

    def post_deployment_status(
        self,
        deployment_id: int,
        *,
        state: StatusState,
        description: str = "",
        log_url: str = "",
        environment_url: str = "",
    ) -> None: ...

    def unstarted_deployment(self, environment: str, sha: str) -> int | None: ...

    def noted_in_run(self, environment: str, sha: str, run_url: str) -> tuple[str, ...]: ...

    def changes(self, *, head: str, base: str, version: str, tag: str | None = None) -> Contents: ...

    def write_log(
        self, entry: Entry, *, tag: str | None, pulls: Sequence[int] = (), kept: Kept | None = None
    ) -> Written: ...

    def back_port(self, *, sha: str, branch: str, onto: str) -> BackPort: ...

    def say(self, number: int, body: str) -> str: ...
