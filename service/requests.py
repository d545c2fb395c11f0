"""A command with all that is needed to decide about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.github import GitHub
from gateway.needs import zone_of
from gateway.rulebook import Rulebook
from gateway.threads import Comment, Thread
from protocol.commands import Command
from protocol.facts import People
from protocol.policy import Environment, Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`policy` is the repository's own; `policies` are all that can be read, which it ends."""

    github: GitHub
    comment: Comment
    thread: Thread
    rulebook: Rulebook
    policy: Policy
    command: Command
    people: People
    now: datetime

    @property
    def author(self) -> str:
        return self.comment.author

    @property
    def policies(self) -> tuple[Policy, ...]:
        return self.rulebook.valid

    @property
    def zone(self) -> ZoneInfo:
        return zone_of(self.policies)

    @property
    def environments(self) -> tuple[str, ...]:
        """Those the command names, or all."""
        return self.command.environments or tuple(self.policy.environments)

    def environment(self, name: str) -> Environment:
        return self.policy.environments[name]
