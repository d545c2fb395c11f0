"""A gate: one environment of one run, waiting for a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

GateKey: TypeAlias = tuple[str, int, str, int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What a job that waits is known by. `requested_at` is aware; names are as GitHub spells them.

    `deployment_id` is None where GitHub made no Deployment, or none is known yet. `check_run_id` is
    the job's own check run, known only to the action inside that job. `installation_id` is 0 where
    a plain token is used.
    """

    repository: str  # "owner/name"
    run_id: int
    environment: str
    sha: str
    ref: str  # "refs/heads/main", "refs/tags/v1" or the bare name
    requested_at: datetime
    deployment_id: int | None = None
    check_run_id: int | None = None
    installation_id: int = 0

    @property
    def key(self) -> GateKey:
        return (self.repository, self.run_id, self.environment, self.deployment_id)

    @property
    def branch(self) -> str:
        """The branch or tag name alone."""
        return self.ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
