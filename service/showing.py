"""A check run's words, conclusion and buttons: the same before a merge and while a gate waits."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote
from zoneinfo import ZoneInfo

from gateway.check_runs import Annotation, CheckAction, Conclusion, OwnCheck, show_check
from gateway.github import GitHub
from protocol.decision import environment_in
from protocol.facts import Facts, Known, Missing, PullRequest
from protocol.headlines import WORDS_BEFORE_MERGE, headline
from protocol.markdown import escape
from protocol.policy import Policy
from protocol.report import findings_in_short, findings_markdown
from protocol.verdict import Decision, Verdict
from protocol.wording import say_any

# GitHub shows a check run's buttons only once it is completed, and marks one that stays open for 14
# days as stale. So a gate that waits concludes neutral: grey, blocking no merge, and changed to
# success or failure by its verdict. `action_required` would colour a commit red that only needs time.
CONCLUSIONS: dict[Verdict, Conclusion] = {
    Verdict.ALLOW: "success",
    Verdict.WAIT: "neutral",
    Verdict.REFUSE: "failure",
}
LONGEST_IDENTIFIER = 20
_NAME = "deploy / "
_BEFORE_MERGE = (
    "What deploying this pull request will need, asked as if it were deployed now. "
    "It holds nothing back: the gate decides when a job arrives at it.\n\n"
)


_NOT_ASKED = Missing("nobody asked")
_REFUSED = "This job is refused for good. When what ❌ names is settled, run it again.\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What people are told, with the buttons they are given and remarks at lines of files.

    `report` is the same in short, for where the run itself says why it waits.
    """

    title: str
    summary: str
    conclusion: Conclusion
    buttons: tuple[CheckAction, ...] = ()
    remarks: tuple[Annotation, ...] = ()
    report: str = ""

    @property
    def digest(self) -> str:
        """The same for the same words."""
        return hashlib.sha256(repr(self).encode()).hexdigest()

    @property
    def reported(self) -> str:
        return self.report or f"{self.title}\n\n{self.summary}"

    @property
    def reported_digest(self) -> str:
        return hashlib.sha256(self.reported.encode()).hexdigest()


def check_name(environment: str) -> str:
    return f"{_NAME}{environment}"


def said_at_gate(
    decision: Decision,
    environment: str,
    policies: Sequence[object],
    zone: ZoneInfo,
    pull: Known[PullRequest | None] = _NOT_ASKED,
) -> Said:
    """While it waits people can do something about it; a verdict is final."""
    waits = decision.verdict is Verdict.WAIT
    before = _REFUSED if decision.verdict is Verdict.REFUSE else ""
    how = _how_to_approve(decision, environment, policies, pull) if waits else ""
    return Said(
        title=headline(decision, zone),
        summary=before + how + findings_markdown(decision, zone),
        conclusion=CONCLUSIONS[decision.verdict],
        buttons=buttons_for(decision, environment, policies, pull) if waits else (),
        report=findings_in_short(decision, zone),
    )


def _how_to_approve(
    decision: Decision, environment: str, policies: Sequence[object], pull: Known[PullRequest | None]
) -> str:
    """In one sentence, where an approval is missing: who may is told with each of them."""
    if isinstance(pull, Missing) or not _lacks_approval(decision):
        return ""
    methods = _methods(environment, policies)
    in_run = "press **Review deployments** in the run, where the environment asks for reviewers"
    if pull is None:
        only = in_run if "environment" in methods else "bring it in by one"
        return f"No pull request brought this commit, and approvals are given on one: {only}.\n\n"
    command = "/approve" if "`" in environment else f"/approve {environment}"
    ways = {
        "button": "press **Approve** here",
        "review": f"review #{pull.number}",
        "comment": f"write `{command}` on #{pull.number}",
        "environment": in_run,
    }
    return f"To approve: {say_any(way for method, way in ways.items() if method in methods)}.\n\n"


def _lacks_approval(decision: Decision) -> bool:
    return any(finding.code == "approvals.missing" for finding in decision.findings)


def said_in_verdict(decision: Decision, zone: ZoneInfo) -> str:
    """What GitHub shows beside the job itself: the line, and of a refusal each reason."""
    reasons = [one.why for one in decision.blocking if decision.verdict is one.verdict is Verdict.REFUSE]
    return "\n".join([headline(decision, zone), *(f"- {escape(why)}" for why in dict.fromkeys(reasons))])


def said_before_merge(decision: Decision, facts: Facts, policies: Sequence[object], zone: ZoneInfo) -> Said:
    return Said(
        title=headline(decision, zone, WORDS_BEFORE_MERGE),
        summary=_BEFORE_MERGE + findings_markdown(decision, zone),
        conclusion="neutral",
        buttons=buttons_for(decision, facts.environment, policies),
    )


def buttons_for(
    decision: Decision,
    environment: str,
    policies: Sequence[object],
    pull: Known[PullRequest | None] = _NOT_ASKED,
) -> tuple[CheckAction, ...]:
    """Approving only where one is missing and may be given by a button, which a pull request keeps."""
    takes = pull is not None and "button" in _methods(environment, policies)
    approve = CheckAction(
        label="Approve",
        description=f"Approve deploying to {environment}",
        identifier=_identifier("approve", environment),
    )
    return (
        *([approve] if takes and _lacks_approval(decision) else []),
        CheckAction(
            label="Look again",
            description="Ask GitHub for the present state",
            identifier=_identifier("look", environment),
        ),
        CheckAction(
            label="Freeze",
            description=f"Stop all deploying to {environment}",
            identifier=_identifier("freeze", environment),
        ),
    )


def read_button(identifier: str, name: str) -> tuple[str, str]:
    """The verb and the environment of a click on the button of a check run called `name`."""
    verb, _, environment = identifier.partition(":")
    return verb, environment or name.removeprefix(_NAME)


def show(
    github: GitHub, *, sha: str, name: str, said: Said, external_id: str, check_id: int | None = None
) -> int:
    """Create the check run, or change the one with `check_id`. Returns its id.

    One with remarks is made anew: GitHub adds the remarks of a change to those it has.
    """
    check = OwnCheck(
        sha=sha,
        name=name,
        conclusion=said.conclusion,
        title=said.title,
        summary=said.summary,
        actions=said.buttons,
        annotations=said.remarks,
        external_id=external_id,
        details_url=f"{github.pages_url}#{quote(name.removeprefix(_NAME))}" if github.pages_url else "",
    )
    return show_check(github, check, check_id=None if said.remarks else check_id)


def _identifier(verb: str, environment: str) -> str:
    """GitHub takes twenty characters: of a longer name the check run's own says the environment."""
    whole = f"{verb}:{environment}"
    return whole if len(whole) <= LONGEST_IDENTIFIER else verb


def _methods(environment: str, policies: Sequence[object]) -> frozenset[str]:
    """How every policy that names the environment takes approvals."""
    named = [environment_in(policy, environment) for policy in policies if isinstance(policy, Policy)]
    taken = [frozenset(one.approval_options.methods) for one in named if one is not None]
    return frozenset({"button", "review", "comment", "environment"}).intersection(*taken)
