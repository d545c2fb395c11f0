from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from protocol.decision import decide
from protocol.facts import Approval, Emergency, Facts, Known, Missing, Relation
from protocol.verdict import Verdict
from tests.decisions import codes_of, finding_of
from tests.facts import EARLIER, NOW, PEOPLE, at, make_approval, make_check, make_deployment, make_facts
from tests.policies import example_policy, make_bare_policy, make_policy

ON_CALL = {"emergency": {"who": ["team:acme/on-call"]}}
FROZEN_SUNDAY = at("2026-12-20 03:00")


def emergency(by: str = "eve", reason: str = "The shop is down", at: datetime = NOW) -> Emergency:
    return Emergency(by=by, reason=reason, at=at)


def everything_wrong(**changes: object) -> Facts:
    """Closed, frozen, unapproved, failing, outdated, expired, rejected, and half of it unreadable."""
    wrong = {
        "requested_at": EARLIER - timedelta(days=9),
        "checks": (make_check(state=make_check().state.FAILED),),
        "approvals": (make_approval("bo", state="rejected"),),
        "deployments": (make_deployment(state="failure"), make_deployment("production", state="in_progress")),
        "relations": {"production": Relation.BEHIND},
        "freezes": Missing("no answer"),
        "changes": Missing("no answer"),
        "evidence": {},
        "place": "action",
    }
    return make_facts(**{**wrong, **changes})


def test_an_emergency_passes_everything_but_access() -> None:
    assert decide([example_policy()], everything_wrong(), FROZEN_SUNDAY).verdict is Verdict.REFUSE
    facts = everything_wrong(emergency=emergency(at=FROZEN_SUNDAY))
    decision = decide([example_policy()], facts, FROZEN_SUNDAY)
    assert decision.verdict is Verdict.ALLOW
    assert decision.recheck_at == FROZEN_SUNDAY + timedelta(hours=24)


def test_what_was_passed_stays_to_be_read() -> None:
    facts = everything_wrong(emergency=emergency(at=FROZEN_SUNDAY))
    decision = decide([example_policy()], facts, FROZEN_SUNDAY)
    passed = [finding.why for finding in decision.findings if finding.code == "windows.closed"]
    assert passed[0].startswith("Passed (emergency): production is closed")


def test_an_emergency_is_in_the_record_with_its_reason() -> None:
    finding = finding_of("emergency", make_policy(access=ON_CALL), make_facts(emergency=emergency()))
    assert (finding.code, finding.why) == ("emergency.used", "Emergency by eve: The shop is down")


def test_peers_19_an_emergency_nobody_closed_ends_by_itself() -> None:
    """After 24 hours, or what the policy says; then it neither passes nor holds anything."""
    policy = make_policy({"windows": {"closed": ["Mon,Tue"]}}, access=ON_CALL)
    facts = make_facts(emergency=emergency())
    end = NOW + timedelta(hours=24)
    assert decide([policy], facts, end - timedelta(seconds=1)).verdict is Verdict.ALLOW
    assert codes_of("windows", policy, facts, end) == [("wait", "windows.closed")]
    over = finding_of("emergency", policy, facts, end)
    assert (over.code, over.verdict) == ("emergency.expired", Verdict.ALLOW)
    assert over.why.startswith("eve's emergency ended Tue 2026-11-24 11:00 CET, 1d after it was declared;")


def test_how_long_an_emergency_lasts_is_the_policys_word() -> None:
    on_call = {"emergency": {**ON_CALL["emergency"], "expire": "2h"}}
    policy = make_policy({"windows": {"closed": ["Mon"]}}, access=on_call)
    facts = make_facts(emergency=emergency())
    assert codes_of("emergency", policy, facts, NOW + timedelta(hours=1)) == [("allow", "emergency.used")]
    assert codes_of("emergency", policy, facts, NOW + timedelta(hours=2)) == [("allow", "emergency.expired")]


def test_who_deploys_only_in_emergencies_does_not_after_one() -> None:
    policy = make_policy(access={"deployers": ["user:ada"], **ON_CALL})
    facts = make_facts(deployer="eve", emergency=emergency())
    assert decide([policy], facts, NOW).verdict is Verdict.ALLOW
    assert decide([policy], facts, NOW + timedelta(days=2)).verdict is Verdict.REFUSE


def test_an_emergency_does_not_pass_access() -> None:
    facts = everything_wrong(emergency=emergency(at=FROZEN_SUNDAY), deployer="reader")
    assert decide([example_policy()], facts, FROZEN_SUNDAY).verdict is Verdict.REFUSE


@pytest.mark.parametrize(
    ("declared", "code"),
    [
        pytest.param(emergency(by="ada"), "emergency.not_allowed", id="by somebody else"),
        pytest.param(emergency(by="robot[bot]"), "emergency.not_allowed", id="by a bot"),
        pytest.param(emergency(reason=" \n"), "emergency.no_reason", id="without a reason"),
    ],
)
def test_an_emergency_that_is_none_waits_and_passes_nothing(declared: Emergency, code: str) -> None:
    policy = make_policy({"windows": {"closed": ["Mon"]}}, access=ON_CALL)
    facts = make_facts(emergency=declared)
    assert codes_of("emergency", policy, facts) == [("wait", code)]
    assert codes_of("windows", policy, facts) == [("wait", "windows.closed")]


def test_an_on_call_team_that_cannot_be_read_waits() -> None:
    people = type(PEOPLE)(permissions=PEOPLE.permissions, teams={})
    facts = make_facts(emergency=emergency(), people=people)
    assert codes_of("emergency", make_policy(access=ON_CALL), facts) == [("wait", "facts.unavailable")]


@pytest.mark.parametrize(
    ("by", "said"),
    [
        pytest.param(
            "ada",
            "ada may not declare an emergency by the label on eve's issue; team acme/on-call may",
            id="somebody else",
        ),
        pytest.param(
            "robot[bot]",
            "robot[bot] may not declare an emergency by the label on eve's issue; team acme/on-call may",
            id="a bot",
        ),
        pytest.param(
            Missing("nobody says"),
            "Whether eve may declare an emergency: cannot tell yet, nobody says",
            id="nobody knows who",
        ),
    ],
)
def test_peers_19_a_label_by_whom_the_policy_does_not_name_declares_no_emergency(
    by: Known[str], said: str
) -> None:
    policy = make_policy({"windows": {"closed": ["Mon"]}}, access=ON_CALL)
    facts = make_facts(emergency=replace(emergency(), labelled_by=by))
    assert finding_of("emergency", policy, facts).why == said
    assert decide([policy], facts, NOW).verdict is Verdict.WAIT


def test_one_who_is_named_may_set_the_label_of_another_who_is() -> None:
    policy = make_policy(
        {"windows": {"closed": ["Mon"]}}, access={"emergency": {"who": ["user:eve", "user:bo"]}}
    )
    facts = make_facts(emergency=replace(emergency(), labelled_by="bo"))
    assert decide([policy], facts, NOW).verdict is Verdict.ALLOW


def test_a_policy_that_names_nobody_passes_nothing() -> None:
    policy = make_policy({"windows": {"closed": ["Mon"]}})
    facts = make_facts(emergency=emergency())
    assert codes_of("emergency", policy, facts) == [("allow", "policy.not_asked")]
    assert codes_of("windows", policy, facts) == [("wait", "windows.closed")]


def test_an_organisations_windows_are_passed_only_by_those_it_names() -> None:
    organisation = make_bare_policy({"production": {"windows": {"closed": ["Mon"]}}})
    own = make_policy(access=ON_CALL)
    assert decide([organisation, own], make_facts(emergency=emergency()), NOW).verdict is Verdict.WAIT


def test_a_missing_policy_is_not_passed_by_an_emergency() -> None:
    facts = make_facts(emergency=emergency())
    assert decide([Missing("no answer"), make_policy(access=ON_CALL)], facts, NOW).verdict is Verdict.WAIT


def test_without_an_emergency_nothing_is_said_of_it() -> None:
    assert codes_of("emergency", make_policy(access=ON_CALL)) == []


def test_a_reason_in_an_approval_is_no_emergency() -> None:
    said = Approval(by="eve", method="comment", state="approved", at=EARLIER, reason="EMERGENCY deploy now")
    policy = make_policy({"windows": {"closed": ["Mon"]}}, access=ON_CALL)
    assert decide([policy], make_facts(approvals=(said,)), NOW).verdict is Verdict.WAIT
