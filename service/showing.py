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
from protocol.facts import Facts
from protocol.headlines import WORDS_BEFORE_MERGE, headline
from protocol.markdown import escape
from protocol.policy import Policy
from protocol.report import findings_markdown
from protocol.verdict import Decision, Verdict

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


_REFUSED = "This job is refused for good. When what ❌ names is settled, run it again.\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What people are told, with the buttons they are given and remarks at lines of files."""

    title: str
    summary: str
    conclusion: Conclusion
    buttons: tuple[CheckAction, ...] = ()
    remarks: tuple[Annotation, ...] = ()

    @property
    def digest(self) -> str:
        """The same for the same words."""
        return hashlib.sha256(repr(self).encode()).hexdigest()


def check_name(environment: str) -> str:
    return f"{_NAME}{environment}"


def said_at_gate(decision: Decision, environment: str, policies: Sequence[object], zone: ZoneInfo) -> Said:
    """While it waits people can do something about it; a verdict is final."""
    waits = decision.verdict is Verdict.WAIT
    return Said(
        title=headline(decision, zone),
        summary=(_REFUSED if decision.verdict is Verdict.REFUSE else "") + findings_markdown(decision, zone),
        conclusion=CONCLUSIONS[decision.verdict],
        buttons=buttons_for(decision, environment, policies) if waits else (),
    )


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


def buttons_for(decision: Decision, environment: str, policies: Sequence[object]) -> tuple[CheckAction, ...]:
    """Approving only where an approval is missing and may be given by a button."""
    wanted = any(finding.code == "approvals.missing" for finding in decision.findings)
    approve = CheckAction(
        label="Approve",
        description=f"Approve deploying to {environment}",
        identifier=_identifier("approve", environment),
    )
    return (
        *([approve] if wanted and _takes_buttons(environment, policies) else []),
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


def _takes_buttons(environment: str, policies: Sequence[object]) -> bool:
    known = [environment_in(policy, environment) for policy in policies if isinstance(policy, Policy)]
    return all("button" in one.approval_options.methods for one in known if one is not None)
