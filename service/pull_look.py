"""One look at one pull request: gather, foresee, show. It holds nothing back and opens no gate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from gateway.errors import GatewayError, NotFound, RateLimited
from gateway.github import GitHub
from gateway.policies import HOME
from gateway.previews import Preview, Sticky
from gateway.text import BODY, clip
from protocol.errors import PolicyError
from protocol.facts import Missing
from protocol.foresight import foresee
from protocol.policy import Policy
from protocol.verdict import Decision
from protocol.wording import counted
from service.board import Place, board, unreadable
from service.findings import LACKING, read_findings
from service.gates import Gates
from service.proposal import said_of_proposal
from service.pulls import HeldPull, SeenPull, ShownCheck
from service.showing import Said, check_name, said_before_merge, show

POLICY_CHECK = "deploy policy"
SOON = timedelta(minutes=10)  # until what could not be read is asked for again
APART = timedelta(seconds=30)
FIRST_BACKOFF, LONGEST_BACKOFF = timedelta(seconds=30), timedelta(hours=1)

log = structlog.get_logger()


class PullLook:
    """What was seen and shown so far, so that a look cut short repeats nothing."""

    def __init__(self, github: GitHub, held: HeldPull, gates: Gates, now: datetime) -> None:
        self._github = github
        self._held = held
        self._gates = gates
        self._now = now
        self._shown: dict[str, ShownCheck] = dict(held.shown)
        self._seen = (held.state, held.head_sha, held.sha)

    def look(self) -> SeenPull:
        """Show what changed. What fails is tried again later."""
        try:
            return self._as_seen(self._show(self._github.preview(self._held.number, self._now)))
        except NotFound as error:
            log.info("pull.gone", reason=str(error))
            return self._as_seen(None)
        except RateLimited as limit:
            return self._as_seen(limit.until, self._held.failures)
        except GatewayError as error:
            return self.in_trouble(error)

    def in_trouble(self, error: Exception) -> SeenPull:
        log.warning("pull.not_shown", reason=str(error), failures=self._held.failures + 1)
        backoff = min(LONGEST_BACKOFF, FIRST_BACKOFF * (1 << min(self._held.failures, 10)))
        return self._as_seen(self._now + backoff, self._held.failures + 1)

    def _as_seen(self, recheck_at: datetime | None, failures: int = 0) -> SeenPull:
        state, head_sha, sha = self._seen
        return SeenPull(
            recheck_at=recheck_at.timestamp() if recheck_at else None,
            state=state,
            head_sha=head_sha,
            sha=sha,
            failures=failures,
            shown=self._shown,
        )

    def _show(self, preview: Preview) -> datetime | None:
        """The checks first, the comment last. Returns when the clock alone changes what they say."""
        self._seen = (preview.state, preview.head_sha, preview.sha)
        if preview.state == "closed":
            return None
        if preview.state == "open" and preview.changes_policy:
            self._show_proposal(preview)
        if not preview.has_policy:
            return None
        foreseen = {name: self._foresee(preview, name) for name in preview.facts}
        if preview.state == "open":
            self._show_needs(preview, foreseen)
        self._show_board(preview, foreseen)
        return self._next_look(list(foreseen.values())) if preview.state == "open" else None

    def _next_look(self, foreseen: Sequence[Decision]) -> datetime | None:
        """Some minutes after a window's edge, each pull request at another moment: gates come first there."""
        codes = {finding.code for decision in foreseen for finding in decision.findings}
        if codes & LACKING:
            return self._now + SOON
        moments = [one.recheck_at for one in foreseen if one.recheck_at is not None]
        return min(moments) + APART * (self._held.number % 20 + 1) if moments else None

    def _foresee(self, preview: Preview, environment: str) -> Decision:
        return foresee(preview.policies, preview.facts[environment], self._now)

    def _show_needs(self, preview: Preview, foreseen: Mapping[str, Decision]) -> None:
        """Where a gate of the same commit was judged, that has the word."""
        judged = self._gates.of_commit(self._github.repository, preview.head_sha)
        for name, decision in foreseen.items():
            if name not in judged:
                facts = preview.facts[name]
                said = said_before_merge(decision, facts, preview.policies, _zone(preview))
                self._show_check(preview, check_name(name), said)

    def _show_proposal(self, preview: Preview) -> None:
        """For people to read: what is proposed decides nothing before it is merged."""
        text = self._github.proposed_policy(preview.head_sha)
        shared = self._github.repository.endswith(f"/{HOME}")
        said = said_of_proposal(text, self._github.policy_file, preview.policies[-1], shared=shared)
        self._show_check(preview, POLICY_CHECK, said)

    def _show_check(self, preview: Preview, name: str, said: Said) -> None:
        sha, check_id, digest = self._shown.get(name, ("", 0, ""))
        if (sha, digest) == (preview.head_sha, said.digest):
            return
        shown = show(
            self._github,
            sha=preview.head_sha,
            name=name,
            said=said,
            external_id=f"pull:{preview.number}:{name}",
            check_id=check_id if sha == preview.head_sha else None,
        )
        self._shown[name] = (preview.head_sha, shown, said.digest)

    def _show_board(self, preview: Preview, foreseen: Mapping[str, Decision]) -> None:
        """Never while ticks or our own comment are not known: then it stays as people left it."""
        if isinstance(preview.sticky, Missing) or any(_ticks_unknown(preview)):
            log.warning("pull.board_unknown", pull=preview.number)
            return
        text = clip(self._board(preview, foreseen).strip(), BODY)
        match preview.sticky:
            case None:
                self._github.say(preview.number, text)
            case Sticky(id=comment_id, body=body) if body.replace("\r\n", "\n").strip() != text:
                if not self._github.rewrite_comment(comment_id, body, text):
                    log.info("pull.board_edited_meanwhile", pull=preview.number)

    def _board(self, preview: Preview, foreseen: Mapping[str, Decision]) -> str:
        own = preview.policies[-1]
        if not isinstance(own, Policy):
            return unreadable(own.reason if isinstance(own, Missing) else _first_of(own))
        return board(list(self._places(preview, foreseen)), preview.policies, _zone(preview))

    def _places(self, preview: Preview, foreseen: Mapping[str, Decision]) -> Iterator[Place]:
        judged = self._gates.of_commit(self._github.repository, preview.sha)
        for name, facts in preview.facts.items():
            state, findings = judged.get(name, ("", "[]"))
            waits = state == "waiting" and findings != "[]"
            yield Place(
                facts=facts,
                decision=read_findings(findings) if waits else foreseen[name],
                merged=preview.state == "merged",
                waits=waits,
            )


def _first_of(error: PolicyError) -> str:
    first, *others = map(str, error.problems)
    return f"{first} (and {counted(len(others), 'more problem')})" if others else first


def _ticks_unknown(preview: Preview) -> Iterator[bool]:
    return (isinstance(facts.ticks, Missing) for facts in preview.facts.values())


def _zone(preview: Preview) -> ZoneInfo:
    """The repository's own policy, which is the last, says in which zone people read times."""
    own = preview.policies[-1]
    return own.timezone if isinstance(own, Policy) else ZoneInfo("UTC")
