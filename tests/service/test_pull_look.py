"""What people see on a pull request, over the sandbox: its check runs and our one comment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import requests
from sqlalchemy import delete

from gateway.text import STICKY
from sandbox.faults import Fault
from sandbox.state import CheckRun
from service.pulls import APART, QUIET
from service.tables import pulls
from tests.serving import Served
from tests.waiting import PLAIN_POLICY, SHOP, WORKFLOW

TICKED = """\
version: 1
timezone: Europe/Berlin
environments:
  production:
    approvals:
      - {name: Release manager, from: ["team:acme/release-managers"]}
    checklist:
      - {item: Window scheduled, tick: ["permission:write"]}
      - {item: Team told, tick: ["permission:write"]}
      - {item: Rollback plan documented, section: Rollback plan}
"""
LONE = """\
version: 1
environments:
  production:
    approvals:
      - {name: Release manager, count: 2, from: ["team:acme/release-managers"]}
"""
CY_APPROVES = PLAIN_POLICY.replace("{deploy: manual}", '{approvals: [{name: Cy, from: ["user:cy"]}]}')
TO_TELL = PLAIN_POLICY.replace("{deploy: manual}", '{checklist: [{item: Told, tick: ["permission:write"]}]}')


def settle(served: Served) -> None:
    """Past the moment in which many events become one look."""
    served.settle()
    served.clock.later += QUIET + 1
    served.settle()


def opened(served: Served, policy: str | None = TICKED, **files: str) -> int:
    """A pull request by ada, seen by the App."""
    if policy is not None:
        served.shop.world.commit(SHOP, {".github/deploy.yml": policy}, "Policy", quiet=True)
    push(served, **files)
    number = served.shop.ask("POST", "/pulls", {"title": "Sell", "head": "sell", "base": "main"})["number"]
    settle(served)
    return int(number)


def push(served: Served, **files: str) -> None:
    named = {name.replace("__", "/").replace("_dot_", "."): text for name, text in files.items()}
    content = named or {"shop.py": "print()\n"}
    served.shop.world.commit(SHOP, content, "Sell", branch="sell", author=served.shop.world.user("ada"))


def propose(served: Served, policy: str | None) -> None:
    """A change of the policy, on the pull request's branch."""
    change = {".github/deploy.yml": policy}
    served.shop.world.commit(SHOP, change, "Change it", branch="sell", author=served.shop.world.user("ada"))


def check(served: Served, name: str = "deploy / production") -> CheckRun:
    return [one for one in served.checks() if one.name == name][-1]


def comments(served: Served, number: int) -> list[str]:
    found = served.shop.repository.issues[number].comments
    return [one.body for one in found if one.body.startswith(STICKY)]


def tick(served: Served, number: int, item: str, *, by: str, box: str = "x") -> None:
    """As a click on the checkbox does: the whole text with the one box changed."""
    comment = next(
        one for one in served.shop.repository.issues[number].comments if one.body.startswith(STICKY)
    )
    other = " " if box == "x" else "x"
    body = comment.body.replace(f"[{other}] {item}", f"[{box}] {item}")
    assert body != comment.body
    served.shop.ask("PATCH", f"/issues/comments/{comment.id}", {"body": body}, by=by)


def press(served: Served, identifier: str, *, by: str) -> None:
    """A button of production's check run."""
    url = f"{served.shop.server.url}/_sandbox/check-runs/{check(served).id}/click"
    assert requests.post(url, json={"login": by, "identifier": identifier}, timeout=20).ok
    settle(served)


def writes(served: Served) -> int:
    paths = ("/check-runs", "/comments")
    return sum(len(served.asked(method, path)) for method in ("POST", "PATCH") for path in paths)


def test_before_the_merge_the_check_run_says_what_deploying_will_need(served: Served) -> None:
    opened(served)
    seen = check(served)
    assert (seen.status, seen.conclusion) == ("completed", "neutral")
    assert seen.title == "Will wait: approval by team acme/release-managers, checklist"
    assert "checklist.unticked" in (seen.summary or "")
    assert "access." not in (seen.summary or "")
    assert [button["identifier"] for button in seen.actions] == [
        "approve:production",
        "look:production",
        "freeze:production",
    ]


def test_one_comment_holds_the_checklist_of_all_environments(served: Served) -> None:
    number = opened(served)
    (comment,) = comments(served, number)
    assert "- [ ] Window scheduled <!-- production --> to be ticked on the pull request" in comment
    assert "- ⏳ Rollback plan documented: pull request \\#" in comment
    assert "| **production** | nothing yet |" in comment


def test_nothing_is_written_again_while_nothing_changed(served: Served) -> None:
    number = opened(served)
    before = writes(served)
    served.shop.ask("PATCH", f"/issues/{number}", {"title": "Sell more"})
    settle(served)
    assert writes(served) == before


def test_a_tick_is_taken_up_with_the_name_of_who_ticked(served: Served) -> None:
    number = opened(served)
    tick(served, number, "Window scheduled", by="grace")
    settle(served)
    (comment,) = comments(served, number)
    assert "- [x] Window scheduled <!-- production --> ticked by grace" in comment
    assert "- [ ] Team told" in comment


def test_a_tick_by_somebody_who_may_not_is_shown_as_none(served: Served) -> None:
    number = opened(served, TICKED.replace("permission:write", "permission:admin"))
    tick(served, number, "Window scheduled", by="grace")
    settle(served)
    (comment,) = comments(served, number)
    assert "- [ ] Window scheduled" in comment
    assert "grace may not" in comment


def test_a_tick_made_while_the_comment_is_rewritten_is_not_lost(served: Served) -> None:
    number = opened(served)
    stale = comments(served, number)[0]
    tick(served, number, "Window scheduled", by="grace")
    ours = served.clients.github_for(served.shop.installation.id, SHOP)
    comment = served.shop.repository.issues[number].comments[0].id
    assert ours.rewrite_comment(comment, comments(served, number)[0], stale)
    assert "- [ ] Window scheduled" in comments(served, number)[0]
    settle(served)
    assert "- [x] Window scheduled <!-- production --> ticked by grace" in comments(served, number)[0]


def test_a_tick_on_our_comment_opens_the_gate(served: Served) -> None:
    number, _ = served.shop.merged(policy=TO_TELL)
    settle(served)
    assert served.verdicts() == []
    tick(served, number, "Told", by="grace")
    settle(served)
    assert served.verdicts() == ["approved"]


def test_while_a_gate_waits_the_comment_says_so_and_after_it_what_runs(served: Served) -> None:
    number, gate = served.shop.merged(policy=TO_TELL)
    settle(served)
    assert "⏳ Waiting: Told: to be ticked" in comments(served, number)[0]
    tick(served, number, "Told", by="grace")
    settle(served)
    served.shop.wait(lambda: served.shop.repository.runs[gate.run_id].conclusion == "success")
    settle(served)
    (comment,) = comments(served, number)
    assert f"| **production** | {gate.sha[:7]}, " in comment
    assert "✅ Runs, started by grace" in comment


def test_a_new_head_gets_check_runs_of_its_own(served: Served) -> None:
    opened(served)
    first = check(served)
    push(served, other_dot_py="1\n")
    settle(served)
    assert check(served).id != first.id
    assert check(served).head_sha == served.shop.world.git(served.shop.repository).tip("sell")


def test_a_freeze_is_seen_on_every_open_pull_request(served: Served) -> None:
    number = opened(served, PLAIN_POLICY)
    assert check(served).title == "Could be deployed now"
    body = "environment: production\n\nStock-taking"
    served.shop.ask(
        "POST", "/issues", {"title": "Stop", "body": body, "labels": ["deploy-freeze"]}, by="grace"
    )
    served.settle()
    served.clock.later += 20 * APART
    served.settle()
    assert check(served).title == "Will wait: frozen"
    assert "Will wait: frozen" in comments(served, number)[0]


def test_a_repository_without_a_policy_is_left_alone(served: Served) -> None:
    number = opened(served, None)
    assert (served.checks(), comments(served, number)) == ([], [])


def test_peers_20_what_people_wrote_is_escaped_on_the_check_run_and_in_the_comment(served: Served) -> None:
    hostile = "<img src=x> @acme/all [click](https://evil.example) | `x"
    policy = f"{PLAIN_POLICY[: -len('{deploy: manual}') - 1]}\n    checklist:\n"
    policy += f'      - {{item: "{hostile}", tick: ["permission:write"]}}\n'
    number = opened(served, policy)
    for text in (check(served).summary or "", comments(served, number)[0]):
        assert "<img" not in text.replace("\\<", "")
        assert "@acme/all" not in text
        assert "[click](" not in text.replace("\\[", "")
    tick(served, number, "\\<img", by="grace")
    settle(served)
    assert "ticked by grace" in comments(served, number)[0]


def test_a_pull_request_that_breaks_the_policy_is_told_where(served: Served) -> None:
    opened(served)
    propose(served, TICKED.replace("checklist", "cheklist"))
    settle(served)
    seen = check(served, "deploy policy")
    assert (seen.conclusion, seen.title) == ("failure", "1 problem: the policy could not be used")
    (note,) = seen.annotations
    assert (note["path"], note["start_line"]) == (".github/deploy.yml", 7)
    assert "did you mean 'checklist'?" in note["message"]


def test_peers_14_what_a_pull_request_loosens_is_told_and_does_not_hold_yet(served: Served) -> None:
    opened(served, LONE)
    propose(served, LONE.replace("count: 2", "count: 1"))
    settle(served)
    seen = check(served, "deploy policy")
    assert (seen.conclusion, seen.title) == ("neutral", "Loosens the policy: 1 of 1 change")
    assert "count drops from 2 to 1" in (seen.summary or "")
    assert "0 of 2 approvals" in (check(served).summary or "")


def test_the_proposed_policys_own_tests_are_run(served: Served) -> None:
    opened(served)
    case = "\ntests:\n  - {at: 2026-11-27 15:00, environment: production, expect: wait}\n"
    propose(served, TICKED + case)
    settle(served)
    seen = check(served, "deploy policy")
    assert (seen.conclusion, seen.title) == ("failure", "1 policy test failed")
    assert [note["start_line"] for note in seen.annotations] == [(TICKED + case).count("\n")]


def test_removing_the_policy_is_told(served: Served) -> None:
    opened(served)
    propose(served, None)
    settle(served)
    assert (check(served, "deploy policy").conclusion, check(served, "deploy policy").title) == (
        "failure",
        "The policy is removed",
    )


def test_a_policy_that_cannot_be_used_is_told_in_the_comment(served: Served) -> None:
    number = opened(served, "version: 1\n")
    (comment,) = comments(served, number)
    assert "Everything waits" in comment
    assert "'environments' is missing" in comment


def test_what_github_refused_is_shown_later_and_nothing_twice(served: Served) -> None:
    served.shop.world.faults.add(Fault(kind="status", status=500, path="/comments", times=1))
    number = opened(served)
    assert comments(served, number) == []
    served.clock.later += 61
    settle(served)
    assert len(comments(served, number)) == 1
    assert len([one for one in served.checks() if one.name == "deploy / production"]) == 1


def test_what_ends_by_the_clock_is_shown_without_any_event(served: Served) -> None:
    ends = datetime.now(UTC) + timedelta(minutes=5)
    freeze = f'{{from: "2020-01-01 00:00", until: "{ends:%Y-%m-%d %H:%M}", reason: Stock-taking}}'
    opened(served, PLAIN_POLICY.replace("{deploy: manual}", f"{{freezes: [{freeze}]}}"))
    assert (check(served).title or "").startswith("Will wait: frozen until ")
    served.clock.later += 300 + 21 * 30
    served.settle()
    assert check(served).title == "Could be deployed now"


def test_an_approval_by_the_button_before_the_merge_counts_for_the_merge_and_no_other_commit(
    served: Served,
) -> None:
    served.shop.world.commit(SHOP, {".github/workflows/deploy.yml": WORKFLOW}, "Deploy", quiet=True)
    number = opened(served, CY_APPROVES)
    served.shop.world.add_user("cy")
    served.shop.world.add_collaborator(SHOP, "cy")
    press(served, "approve:production", by="cy")
    assert check(served).title == "Could be deployed now"
    push(served, other_dot_py="1\n")
    settle(served)
    assert "not counted: cy (for another commit)" in (check(served).summary or "")
    press(served, "approve:production", by="cy")
    served.shop.ask("PUT", f"/pulls/{number}/merge", {}, by="grace")
    settle(served)
    assert served.verdicts() == ["approved"]


def test_a_lost_database_brings_no_second_comment(served: Served) -> None:
    number = opened(served)
    with served.engine.begin() as connection:
        connection.execute(delete(pulls))
    served.shop.ask("PATCH", f"/issues/{number}", {"title": "Sell more"})
    settle(served)
    assert len(comments(served, number)) == 1
