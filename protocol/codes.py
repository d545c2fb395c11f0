"""The catalogue of stable codes; `python -m protocol.codes > docs/codes.md` writes the page from it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

from protocol.rollback import RULES_PASSED
from protocol.verdict import Verdict

ANY_RULE = "any"


@dataclass(frozen=True, slots=True)
class Code:
    """What a finding's code means, and what a person does about it.

    `verdicts` are the rule's own; anything that a hotfix, a rollback or an emergency passes is `allow`.
    """

    code: str
    rule: str
    verdicts: tuple[Verdict, ...]
    meaning: str
    cure: str = ""


_ALLOW = (Verdict.ALLOW,)
_WAIT = (Verdict.WAIT,)
_REFUSE = (Verdict.REFUSE,)
_AS_SET = (Verdict.ALLOW, Verdict.WAIT, Verdict.REFUSE)

CODES: tuple[Code, ...] = (
    Code(
        "policy.missing",
        "policy",
        _WAIT,
        "No policy could be read.",
        "Add `.github/deploy.yml` to the default branch, and let the App read it.",
    ),
    Code(
        "policy.invalid",
        "policy",
        _WAIT,
        "The policy has faults; the first is named.",
        "Run `deploy-protocol check`, which names them all, and repair the file on the default branch.",
    ),
    Code(
        "policy.environment_unknown",
        "policy",
        _WAIT,
        "The repository's policy does not name this environment.",
        "Add it under `environments:`, or correct its name in the workflow.",
    ),
    Code("policy.not_asked", ANY_RULE, _ALLOW, "The policy asks nothing of this rule here."),
    Code(
        "facts.unavailable",
        ANY_RULE,
        _WAIT,
        "Something the rule needs could not be read. Unsure means wait.",
        "The sentence names what was missing. Often a permission of the App; otherwise it is tried again.",
    ),
    Code(
        "emergency.used",
        "emergency",
        _ALLOW,
        "A declared emergency passes everything but access and the policy.",
    ),
    Code(
        "emergency.not_allowed",
        "emergency",
        _WAIT,
        "Somebody whom `access.emergency.who` does not name declared an emergency, or set its label; nothing "
        "is passed.",
        "One of those named declares it, or takes the label off and sets it anew; or it is taken back.",
    ),
    Code(
        "emergency.no_reason",
        "emergency",
        _WAIT,
        "The emergency was declared without a reason; nothing is passed.",
        "Declare it again with the reason.",
    ),
    Code(
        "emergency.expired",
        "emergency",
        _ALLOW,
        "The emergency is older than `access.emergency.expire`; nothing is passed.",
        "If it goes on, declare it again.",
    ),
    Code("rollback.proven", "rollback", _ALLOW, "The version to go back to ran well in this environment."),
    Code(
        "rollback.bad",
        "rollback",
        _REFUSE,
        "The version to go back to failed in this environment, or was rolled back itself.",
        "Choose an older version.",
    ),
    Code(
        "rollback.not_proven",
        "rollback",
        _REFUSE,
        "The version to go back to never ran well in this environment.",
        "Deploy it like any other version.",
    ),
    Code("hotfix.descended", "hotfix", _ALLOW, "The hotfix starts from what `hotfix.from` runs."),
    Code(
        "hotfix.not_descended",
        "hotfix",
        _REFUSE,
        "The hotfix does not contain the commit that `hotfix.from` runs, or is older than it.",
        "Branch from what runs there and make the fix on top.",
    ),
    Code("hotfix.small", "hotfix", _ALLOW, "The hotfix changes no more lines than `hotfix.max_lines`."),
    Code(
        "hotfix.large",
        "hotfix",
        _ALLOW,
        "A warning: the hotfix changes more lines than `hotfix.max_lines`.",
        "See whether everything in it must be in the hotfix.",
    ),
    Code("access.allowed", "access", _ALLOW, "The person may deploy to this environment."),
    Code("access.own_code", "access", _ALLOW, "The commit is in the repository itself."),
    Code(
        "access.not_deployer",
        "access",
        _REFUSE,
        "Who started the deployment, or ran it again, is not among those who may.",
        "Somebody named in `access.deployers`, of the policy and of the environment, starts it.",
    ),
    Code(
        "access.fork",
        "access",
        _REFUSE,
        "The commit comes from a fork and was not merged.",
        "Review and merge it, then deploy the merge.",
    ),
    Code("outdated.not", "outdated", _ALLOW, "The commit contains all that the environment runs."),
    Code(
        "outdated",
        "outdated",
        _REFUSE,
        "The environment runs a newer commit.",
        "Deploy the newer one, or start a rollback when going back is meant.",
    ),
    Code(
        "outdated.diverged",
        "outdated",
        _AS_SET,
        "The environment runs commits that this one lacks. `diverged:` sets the verdict; a hotfix may.",
        "Merge what runs there into the branch, or start a rollback.",
    ),
    Code("in_flight.none", "in_flight", _ALLOW, "No other deployment to this environment is under way."),
    Code(
        "in_flight.other",
        "in_flight",
        _AS_SET,
        "Another deployment to this environment is under way. `in_flight:` sets the verdict.",
        "It ends by itself, or its run is cancelled.",
    ),
    Code("order.done", "order", _ALLOW, "The commit ran well in the environment before, for long enough."),
    Code(
        "order.staging_missing",
        "order",
        _WAIT,
        "The commit was not deployed yet to the environment named by `after`.",
        "Deploy it there first.",
    ),
    Code(
        "order.staging_held",
        "order",
        _WAIT,
        "The commit runs in the environment named by `after`, and nobody could say yet whether it is well.",
        "Look at it there; then run its job again, which watches once more, or start a rollback.",
    ),
    Code(
        "order.staging_failed",
        "order",
        _REFUSE,
        "The commit failed in the environment named by `after`.",
        "Repair it there, then start again.",
    ),
    Code(
        "order.baking",
        "order",
        _WAIT,
        "The commit has not been in the environment before for as long as `bake` asks.",
        "Nothing: it is looked at again when the time has passed.",
    ),
    Code("windows.open", "windows", _ALLOW, "An open window, until the moment named."),
    Code(
        "windows.grace",
        "windows",
        _ALLOW,
        "The window has closed, but this was asked for before, within `grace`.",
    ),
    Code(
        "windows.closed",
        "windows",
        _WAIT,
        "Outside every open window, or inside a closed one or a holiday.",
        "Nothing: it is looked at again when the window opens.",
    ),
    Code("freeze.none", "freezes", _ALLOW, "No freeze holds."),
    Code("freeze.excepted", "freezes", _ALLOW, "A freeze holds, but `except` lets this deployment pass."),
    Code(
        "freeze.active",
        "freezes",
        _WAIT,
        "A freeze of the policy, or an open issue labelled `deploy-freeze`, holds.",
        "It ends at the moment named; closing the issue lifts it.",
    ),
    Code("checks.passed", "checks", _ALLOW, "All checks asked for passed."),
    Code(
        "checks.pending",
        "checks",
        _WAIT,
        "Checks are still running.",
        "Nothing: it is looked at again when they end.",
    ),
    Code(
        "checks.missing",
        "checks",
        _WAIT,
        "A check that the item names has not been seen on this commit.",
        "Run it, or correct the name in the policy.",
    ),
    Code(
        "checks.none",
        "checks",
        _WAIT,
        "The commit has no check at all, or no required one.",
        "Run one, or set `allow_none: true` on the item.",
    ),
    Code(
        "checks.failed",
        "checks",
        _REFUSE,
        "A check failed for good.",
        "Repair it, or run it again, and start again.",
    ),
    Code("review.enough", "review", _ALLOW, "Enough people reviewed the head commit."),
    Code(
        "review.missing",
        "review",
        _WAIT,
        "Too few reviews of the head commit by people who may write and did not write it.",
        "Ask for a review; one of an earlier commit must be given again.",
    ),
    Code(
        "review.changes_requested",
        "review",
        _WAIT,
        "A reviewer asked for changes.",
        "The same person approves, or dismisses their own review. Another's dismissal changes nothing.",
    ),
    Code("approvals.enough", "approvals", _ALLOW, "Enough of the right people approved this commit."),
    Code(
        "approvals.missing",
        "approvals",
        _WAIT,
        "Too few approvals that count. Those that do not are listed with the reason.",
        "One of those named approves.",
    ),
    Code(
        "approvals.rejected",
        "approvals",
        _REFUSE,
        "Somebody who may approve said no.",
        "The same person withdraws it, approves, or dismisses their own review; then start again. "
        "Another's dismissal of it changes nothing.",
    ),
    Code("checklist.done", "checklist", _ALLOW, "The item is shown to be done."),
    Code("checklist.left_to_action", "checklist", _ALLOW, "Only the action can show this item; it will."),
    Code(
        "checklist.unticked",
        "checklist",
        _WAIT,
        "The item is not ticked by somebody who may.",
        "One of those named ticks it on the pull request.",
    ),
    Code(
        "checklist.not_deployed",
        "checklist",
        _WAIT,
        "The commit has not run well in the environment that the item names.",
        "Deploy it there.",
    ),
    Code(
        "checklist.section_missing",
        "checklist",
        _WAIT,
        "The pull request has no such heading, or nothing is written under it.",
        "Write it. Comments and the template's own placeholders do not count.",
    ),
    Code(
        "checklist.not_shown",
        "checklist",
        _WAIT,
        "The action has not run the item's command, or not sent its notification, yet.",
        "Nothing: the action does it.",
    ),
    Code(
        "checklist.failed",
        "checklist",
        _WAIT,
        "The item's command failed, or nobody could be notified.",
        "The sentence says what happened; repair it and run the job again.",
    ),
    Code("expiry.running", "expiry", _ALLOW, "The deployment may wait until the moment named."),
    Code(
        "expired",
        "expiry",
        _REFUSE,
        "It was asked for longer ago than `expire`.",
        "Start it again.",
    ),
)


_PASSING = (
    "",
    "## What passes what",
    "",
    "- A **hotfix**, once it is proven to start from what `hotfix.from` runs, passes what `hotfix.ignores`",
    "  lists: windows, freezes, order. Never the approvals: it needs at least `hotfix.approvals` of them.",
    "- A **rollback**, to a version that ran well in the environment and was not rolled back itself, passes",
    f"  {', '.join(sorted(RULES_PASSED))}. Access, one at a time, approvals and expiry hold.",
    "- An **emergency**, declared with a reason by somebody in `access.emergency.who`, passes everything but",
    "  access and the policy itself. Those named there may deploy while it lasts. Of several policies, each",
    "  must name the person itself; one that names nobody passes nothing.",
)


def as_markdown() -> str:
    """The reference page, docs/codes.md."""
    return "\n".join(_page()) + "\n"


def _page() -> Iterator[str]:
    yield "# Finding codes"
    yield ""
    yield "<!-- Written by `python -m protocol.codes > docs/codes.md`; a test keeps it complete. -->"
    yield ""
    yield "Every answer of every rule carries one of these codes. They are stable: a code never gets another"
    yield "meaning. What a hotfix, a rollback or an emergency passes keeps its code and becomes `allow`."
    yield ""
    yield "| Code | Rule | Verdict | Meaning | What to do |"
    yield "|---|---|---|---|---|"
    for code in CODES:
        verdicts = ", ".join(verdict.word for verdict in code.verdicts)
        yield f"| `{code.code}` | {code.rule} | {verdicts} | {code.meaning} | {code.cure or 'nothing'} |"
    yield from _PASSING


if __name__ == "__main__":
    sys.stdout.write(as_markdown())
