"""From webhook to verdict over the sandbox: what GitHub holds afterwards is what counts."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import requests

from gateway.check_runs import OwnCheck, show_check
from sandbox.faults import Fault
from sandbox.state import CheckRun
from sandbox.webhooks import sign
from sandbox.world import Exchange
from tests.serving import SECRET, Served
from tests.waiting import PLAIN_POLICY, POLICY, SHOP, WORKFLOW

REVIEWED = """\
version: 1
environments:
  production: {deploy: manual, checklist: [{item: Reviewed, reviews: 1}]}
"""


def test_a_gate_requested_by_a_push_is_opened_and_the_job_runs(served: Served) -> None:
    gate = served.shop.push(PLAIN_POLICY)
    served.settle()
    served.shop.wait(lambda: served.shop.repository.runs[gate.run_id].conclusion == "success")
    assert served.verdicts() == ["approved"]
    assert (served.check().name, served.check().conclusion, served.check().title) == (
        "deploy / production",
        "success",
        "Allowed",
    )


def test_a_gate_that_waits_shows_every_finding_on_its_check_run(served: Served) -> None:
    number, gate = served.shop.merged(policy=POLICY)
    served.settle()
    [shown] = [check for check in served.checks() if check.head_sha == gate.sha]
    assert (shown.status, shown.conclusion) == ("completed", "neutral")
    assert [button["identifier"] for button in shown.actions] == [
        "approve:production",
        "look:production",
        "freeze:production",
    ]
    summary = shown.summary or ""
    assert "approvals.missing" in summary
    assert "team acme/release-managers" in summary
    assert f"To approve: press **Approve** here, review #{number}" in summary
    assert served.verdicts() == []


def test_what_we_wrote_ourselves_is_no_reason_to_look_again(served: Served) -> None:
    gate = served.shop.push(POLICY)
    served.settle()
    looks = len(served.asked("GET", f"/actions/runs/{gate.run_id}"))
    check = OwnCheck(
        sha=gate.sha, name="deploy / staging", title="-", summary="-", external_id="gate:1:staging"
    )
    show_check(served.shop.github(), check)
    served.settle()
    assert "check_run" in {one.event for one in served.deliveries()}
    assert len(served.asked("GET", f"/actions/runs/{gate.run_id}")) == looks


def test_a_freeze_that_is_closed_opens_the_gate(served: Served) -> None:
    number = announce_freeze(served)
    served.shop.push(PLAIN_POLICY)
    served.settle()
    assert "freeze.active" in served.summary()
    served.shop.ask("PATCH", f"/issues/{number}", {"state": "closed"}, by="grace")
    served.settle()
    assert served.verdicts() == ["approved"]
    assert served.check().conclusion == "success"


def test_opinions_that_change_are_seen_as_they_are_now(served: Served) -> None:
    """A review submitted and dismissed, a comment written, edited and deleted, while the gate waits."""
    served.shop.world.add_team("acme", "release-managers", members=("bo",))
    served.shop.world.add_collaborator(SHOP, "bo")
    number, gate = served.shop.merged(policy=POLICY.replace("count: 1", "count: 2"))
    head = served.shop.ask("GET", f"/pulls/{number}")["head"]["sha"]
    served.settle()
    seen = [approvals(served)]
    review = served.shop.ask(
        "POST", f"/pulls/{number}/reviews", {"event": "APPROVE", "commit_id": head}, by="bo"
    )
    seen.append(after(served))
    served.shop.ask("PUT", f"/pulls/{number}/reviews/{review['id']}/dismissals", {"message": "Changed"})
    seen.append(after(served))
    comment = served.shop.ask("POST", f"/issues/{number}/comments", {"body": "/approve"}, by="bo")
    seen.append(after(served))
    served.shop.ask("PATCH", f"/issues/comments/{comment['id']}", {"body": "/approve it"}, by="bo")
    seen.append(after(served))
    comment = served.shop.ask("POST", f"/issues/{number}/comments", {"body": "/approve"}, by="bo")
    seen.append(after(served))
    served.shop.ask("DELETE", f"/issues/comments/{comment['id']}", by="bo")
    seen.append(after(served))
    assert seen == ["0 of 2", "1 of 2", "0 of 2", "1 of 2", "0 of 2", "1 of 2", "0 of 2"]
    assert (served.verdicts(), served.gate().run_id) == ([], gate.run_id)


@pytest.mark.parametrize(("dismisser", "verdicts"), [("ada", []), ("grace", ["approved"])])
def test_a_rejection_holds_the_gate_until_its_own_author_dismisses_it(
    served: Served, dismisser: str, verdicts: list[str]
) -> None:
    """The page on a pull request lets whoever may write dismiss anybody's review."""
    served.shop.world.add_collaborator(SHOP, "bo")
    number, _ = served.shop.merged(policy=REVIEWED)
    head = served.shop.ask("GET", f"/pulls/{number}")["head"]["sha"]
    reviews, word = f"/pulls/{number}/reviews", {"body": "Hm", "commit_id": head}
    review = served.shop.ask("POST", reviews, {**word, "event": "REQUEST_CHANGES"}, by="grace")["id"]
    served.shop.ask("POST", reviews, {**word, "event": "APPROVE"}, by="bo")
    served.settle()
    assert served.verdicts() == []
    served.shop.ask("PUT", f"{reviews}/{review}/dismissals", {"message": "Settled"}, by=dismisser)
    served.settle()
    assert served.verdicts() == verdicts
    asked = "grace asked for changes; only they, or an emergency, can lift that"
    assert (asked in (gate_check(served).summary or "")) is (not verdicts)


def after(served: Served) -> str:
    """GitHub tells seconds only: what follows comes in another one."""
    served.settle()
    served.shop.world.move_clock(timedelta(seconds=2))
    return approvals(served)


def approvals(served: Served) -> str:
    """How many the gate's check run says there are."""
    (said,) = re.findall(r"\d of 2", (gate_check(served).summary or "").partition("approvals.missing")[0])
    return str(said)


def gate_check(served: Served) -> CheckRun:
    return next(one for one in served.checks() if ":gate:" in one.external_id)


def test_a_refusal_rejects_and_says_why(served: Served) -> None:
    gate = served.shop.push(PLAIN_POLICY.replace("{deploy: manual}", '{access: {deployers: ["user:grace"]}}'))
    served.settle()
    served.shop.wait(lambda: served.shop.repository.runs[gate.run_id].conclusion == "failure")
    assert served.verdicts() == ["rejected"]
    assert (served.check().conclusion, "access.not_deployer" in served.summary()) == ("failure", True)
    assert served.summary().startswith("This job is refused for good. When what ❌ names is settled, run it")
    (verdict,) = served.asked("POST", "deployment_protection_rule")
    assert verdict.request_body["comment"].splitlines()[1:] == [
        "- ada may not deploy to production; grace may"
    ]


def test_peers_6_a_closed_window_wakes_at_its_opening_and_not_before(served: Served) -> None:
    opens = (datetime.now(UTC) + timedelta(hours=3)).replace(minute=0, second=0, microsecond=0)
    served.clock.stop()
    served.shop.push(windows_policy(opens))
    served.settle()
    assert served.gate().recheck_at == opens.timestamp()
    served.clock.later = opens.timestamp() - served.clock() - 30
    asked = len(served.shop.world.exchanges)
    served.settle()
    assert len(served.shop.world.exchanges) == asked
    served.clock.later += 31
    served.settle()
    assert served.verdicts() == ["approved"]
    assert served.gate().lateness == pytest.approx(1)


def test_peers_6_every_hold_has_its_next_look(served: Served) -> None:
    served.clock.stop()
    served.shop.push(POLICY)  # waits for a person, so no clock of the policy's wakes it
    served.settle()
    assert served.gate().recheck_at == pytest.approx(served.clock() + 12 * 3600, abs=30)


def test_peers_6_at_most_ten_status_reports_only_when_the_reason_changes(served: Served) -> None:
    gate = served.shop.push(POLICY)
    served.settle()
    served.settle()
    for number in range(12):
        policy = POLICY.replace("Release manager", f"Manager {number}")
        served.shop.world.commit("acme/shop", {".github/deploy.yml": policy}, "Rename", quiet=True)
        served.clock.later += 12 * 3600 + 1
        served.settle()
    pending = served.pending(gate)
    assert pending is not None
    assert len(pending.reports) == len(set(pending.reports)) == 9
    assert all(len(report) <= 1024 for report in pending.reports)


def test_counted_a_verdict_takes_five_requests_cold(served: Served) -> None:
    served.reconcile(served.clients)  # as at every start
    served.shop.world.exchanges.clear()
    served.shop.merged(policy=POLICY.replace("count: 1", "count: 1, when: {paths: [none]}"))
    served.settle()
    made = requests_until_the_verdict(served)
    assert len(made) <= 5, made


def test_counted_a_verdict_takes_three_requests_warm(served: Served) -> None:
    freeze = announce_freeze(served)
    served.shop.merged(policy=POLICY.replace("count: 1", "count: 1, when: {paths: [none]}"))
    served.settle()
    served.shop.world.exchanges.clear()
    served.shop.ask("PATCH", f"/issues/{freeze}", {"state": "closed"}, by="grace")
    served.settle()
    made = requests_until_the_verdict(served)
    assert len(made) <= 3, made


def test_peers_2_an_acknowledgement_waits_for_nothing_but_the_database(served: Served) -> None:
    """GitHub gives up after ten seconds, and is not asked anything by then."""
    served.shop.world.faults.add(Fault(kind="timeout", seconds=30, times=None))
    asked_at = time.monotonic()
    send(served, "pull_request_review", {"action": "submitted", "repository": {"full_name": SHOP}})
    assert time.monotonic() - asked_at < 5
    assert [one.state for one in served.deliveries()] == ["new"]
    served.shop.world.faults.clear()


def test_peers_8_policy_and_approvals_are_read_again_right_before_the_verdict(served: Served) -> None:
    freeze = announce_freeze(served)
    served.shop.push(PLAIN_POLICY)
    served.settle()
    served.shop.world.commit("acme/shop", {".github/deploy.yml": POLICY}, "Ask somebody", quiet=True)
    served.shop.ask("PATCH", f"/issues/{freeze}", {"state": "closed"}, by="grace")
    served.settle()
    assert served.verdicts() == []
    assert "approvals.missing" in served.summary()


def test_peers_10_the_verdict_goes_to_the_configured_host_whatever_the_payload_says(served: Served) -> None:
    served.shop.world.faults.add(Fault(kind="webhook_drop", path="deployment_protection_rule"))
    gate = served.shop.push(PLAIN_POLICY)
    asked = next(
        one for one in served.shop.world.deliveries if one.event == "deployment_protection_rule"
    ).payload
    path = f"/repos/acme/shop/actions/runs/{gate.run_id}/deployment_protection_rule"
    send(
        served,
        "deployment_protection_rule",
        {**asked, "deployment_callback_url": f"https://evil.example{path}"},
    )
    served.settle()
    assert served.verdicts() == ["approved"]


def test_peers_11_two_environments_of_one_run_are_two_gates(served: Served) -> None:
    served.shop.world.add_environment("acme/shop", "staging", custom=(served.shop.played,))
    policy = "version: 1\nenvironments: {staging: {}, production: {}}\n"
    both = WORKFLOW + WORKFLOW.partition("jobs:\n")[2].replace("deploy:", "stage:").replace(
        "production", "staging"
    )
    sha = served.shop.world.commit(
        "acme/shop", {".github/deploy.yml": policy, ".github/workflows/deploy.yml": both}, "Both"
    )
    run = next(run for run in served.shop.repository.runs.values() if run.head_sha == sha)
    served.settle()
    served.shop.wait(lambda: run.conclusion == "success")
    assert served.verdicts() == ["approved", "approved"]


def test_a_doubled_webhook_brings_one_verdict(served: Served) -> None:
    served.shop.world.faults.add(Fault(kind="webhook_duplicate", path="deployment_protection_rule"))
    served.shop.push(PLAIN_POLICY)
    served.settle()
    served.settle()
    assert served.verdicts() == ["approved"]


def test_an_answer_that_was_lost_after_the_verdict_is_not_given_twice(served: Served) -> None:
    lost = Fault(kind="cut", path="deployment_protection_rule", after_effect=True)
    served.shop.world.faults.add(lost)
    served.shop.push(PLAIN_POLICY)
    served.settle()
    served.clock.later += 11
    served.settle()
    assert (served.verdicts(), served.gate().state) == (["approved"], "gone")


FAULTS = {
    "GitHub fails": Fault(kind="status", status=500, path="graphql"),
    "GitHub is away": Fault(kind="status", status=502, path="actions/runs"),
    "the connection is cut": Fault(kind="cut", path="graphql"),
    "the answer to a verdict is an error": Fault(
        kind="status", status=502, path="deployment_protection_rule"
    ),
    "no token is to be had": Fault(kind="status", status=503, path="access_tokens"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_peers_7_a_failure_of_github_waits_with_a_reason_and_passes(served: Served, fault: Fault) -> None:
    served.clock.stop()
    served.shop.world.faults.add(replace(fault, times=None))
    served.shop.push(PLAIN_POLICY)
    served.settle()
    gate = served.gate()
    assert (gate.state, gate.failures) == ("waiting", 1)
    assert gate.recheck_at == pytest.approx(served.clock() + 3, abs=3)
    assert "GitHub" in gate.findings or "reached" in gate.findings
    assert served.verdicts() == []
    served.shop.world.faults.clear()
    served.clock.later += 11
    served.settle()
    assert served.verdicts() == ["approved"]
    assert served.gate().failures == 0


def test_peers_21_a_used_up_limit_is_waited_for(served: Served) -> None:
    served.clock.stop()
    served.shop.world.faults.add(Fault(kind="secondary_limit", path="graphql", seconds=120))
    served.shop.push(PLAIN_POLICY)
    served.settle()
    gate = served.gate()
    assert (gate.state, gate.recheck_at) == ("waiting", pytest.approx(served.clock() + 120, abs=5))
    served.clock.later += 121
    served.settle()
    assert served.verdicts() == ["approved"]


def test_a_gate_that_can_never_be_seen_again_is_let_go_when_its_run_must_be_over(served: Served) -> None:
    """As of a repository that the App is not installed on any more."""
    served.shop.push(POLICY)
    served.settle()
    served.shop.world.faults.add(Fault(kind="status", status=422, path="graphql", times=None))
    served.clock.later += 34 * 86_400
    served.settle()
    assert served.gate().state == "waiting"
    served.clock.later += 86_400
    served.settle()
    assert served.gate().state == "gone"


def test_a_check_run_that_could_not_be_shown_is_made_up_for(served: Served) -> None:
    served.shop.world.faults.add(Fault(kind="status", status=502, path="check-runs", times=2))
    served.shop.push(PLAIN_POLICY)
    served.settle()
    assert (served.verdicts(), served.gate().state) == (["approved"], "owing")
    for _ in range(2):
        served.clock.later += 11
        served.settle()
    assert (served.verdicts(), served.gate().state) == (["approved"], "allowed")
    assert (served.check().conclusion, served.check().title) == ("success", "Allowed")


def test_people_are_told_when_github_cannot_be_asked_for_long(served: Served) -> None:
    served.shop.world.faults.add(Fault(kind="status", status=500, path="graphql", times=None))
    gate = served.shop.push(PLAIN_POLICY)
    served.settle()
    assert served.checks() == []
    for _ in range(4):
        served.clock.later += 601
        served.settle()
    pending = served.pending(gate)
    assert pending is not None
    assert served.check().title == "Waiting: the gate cannot be judged now"
    assert "GitHub answered 500" in served.summary()
    assert len(pending.reports) == 1
    served.shop.world.faults.clear()
    served.clock.later += 601
    served.settle()
    assert (served.verdicts(), served.check().conclusion) == (["approved"], "success")


def test_a_missing_permission_is_told_at_once(served: Served) -> None:
    served.shop.installation.permissions = {
        name: level for name, level in served.shop.installation.permissions.items() if name != "actions"
    }
    served.shop.push(PLAIN_POLICY)
    served.settle()
    assert served.verdicts() == []
    assert "permission" in served.summary()


def test_where_github_takes_our_tokens_no_more_new_ones_are_asked_for(served: Served) -> None:
    """As after an installation was suspended for a while: they would hold for an hour by themselves."""
    gate = served.shop.push(POLICY)
    served.settle()
    tokens = served.shop.world.tokens
    for token in [token for token, one in tokens.items() if one.installation is served.shop.installation]:
        del tokens[token]
    served.shop.world.commit(SHOP, {".github/deploy.yml": PLAIN_POLICY}, "Ask nobody", quiet=True)
    served.clock.later += 43_201
    served.settle()
    served.clock.later += 60
    served.settle()
    assert served.verdicts() == ["approved"]
    served.shop.wait(lambda: served.shop.repository.runs[gate.run_id].conclusion == "success")


def test_a_cancelled_run_is_let_go_and_its_check_closed(served: Served) -> None:
    gate = served.shop.push(POLICY)
    served.settle()
    served.shop.ask("POST", f"/actions/runs/{gate.run_id}/cancel")
    served.settle()
    assert (served.gate().state, served.check().conclusion) == ("gone", "neutral")


def test_a_fault_of_our_own_is_told_and_tried_again(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*_: object) -> None:
        raise ZeroDivisionError

    served.shop.push(PLAIN_POLICY)
    with monkeypatch.context() as patched:
        patched.setattr("service.judge.decide", break_down)
        served.settle()
    assert "ZeroDivisionError" in served.summary()
    served.clock.later += 601
    served.settle()
    assert served.verdicts() == ["approved"]


def send(served: Served, event: str, payload: dict[str, Any]) -> None:
    body = json.dumps(payload).encode()
    headers = {
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": str(uuid4()),
        "X-Hub-Signature-256": sign(SECRET, body),
    }
    answer = requests.post(str(served.shop.played.webhook_url), data=body, headers=headers, timeout=10)
    assert answer.status_code == 202


def announce_freeze(served: Served) -> int:
    served.shop.ask("POST", "/labels", {"name": "deploy-freeze", "color": "ededed"}, by="grace")
    about = {"title": "Counting stock", "body": "environment: production\n\nNot now."}
    return int(
        served.shop.ask("POST", "/issues", {**about, "labels": ["deploy-freeze"]}, by="grace")["number"]
    )


def requests_until_the_verdict(served: Served) -> list[str]:
    """Without what is asked once a minute for all gates of an organisation, and for pull requests."""
    made = [one for one in served.shop.world.exchanges if one.who.startswith(("installation", "app"))]
    verdict = next(at for at, one in enumerate(made) if one.path.endswith("deployment_protection_rule"))
    return [f"{one.method} {one.template}" for one in made[: verdict + 1] if not _is_shared(one)]


def _is_shared(exchange: Exchange) -> bool:
    body = exchange.request_body or {}
    return body.get("repositories") == [".github"] or "query Policies" in body.get("query", "")


def windows_policy(opens: datetime) -> str:
    day, end = opens.strftime("%a"), opens + timedelta(hours=1)
    closes = "24:00" if end.hour == 0 else end.strftime("%H:%M")
    return f"""\
version: 1
timezone: UTC
environments:
  production: {{windows: {{open: ["{day} {opens:%H:%M}-{closes}"]}}}}
"""
