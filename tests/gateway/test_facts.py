"""Facts of a gate, asked of the sandbox: what is true there is what we read."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.check_runs import OwnCheck, show_check
from gateway.details import Details
from gateway.errors import Forbidden, NotFound, RateLimited, Unavailable
from gateway.look import first_look
from gateway.own_comments import write_own_comment
from gateway.people import people_of
from gateway.reading import Reading
from gateway.text import STICKY, box_text
from protocol.decision import decide
from protocol.errors import PolicyError
from protocol.facts import Approval, CheckState, Facts, Missing, Permission, Relation
from protocol.gate import Gate
from protocol.policy import Policy
from protocol.rollback import last_good
from protocol.verdict import Verdict
from sandbox.faults import Fault
from tests.waiting import PLAIN_POLICY, POLICY, SHOP, WORKFLOW, WaitingShop, now

TICKED_POLICY = """\
version: 1
environments:
  production:
    checklist:
      - {item: Maintenance window scheduled, tick: ["permission:write"]}
"""
REQUIRED_POLICY = """\
version: 1
environments:
  production:
    checklist:
      - {item: All tests passing, checks: required}
"""


def facts_of(shop: WaitingShop, gate: Gate) -> Facts:
    return shop.github().facts_for(gate, now())[1]


def test_a_merge_brings_its_pull_request(shop: WaitingShop) -> None:
    number, gate = shop.merged(body="## Rollback plan\nSwitch back.")
    facts = facts_of(shop, gate)
    pull = facts.pull_request
    assert pull is not None
    assert not isinstance(pull, Missing)
    assert (pull.number, pull.author, pull.merged, pull.merge_sha) == (number, "ada", True, gate.sha)
    assert pull.body == "## Rollback plan\nSwitch back."
    assert (facts.deployer, facts.branch, facts.sha) == ("grace", "main", gate.sha)


def test_a_merge_brings_its_changes_and_their_authors(shop: WaitingShop) -> None:
    _, gate = shop.merged(migrations__1_sql="select 1;\n")
    changes = facts_of(shop, gate).changes
    assert not isinstance(changes, Missing)
    assert (len(changes.paths), changes.lines, changes.authors) == (1, 1, frozenset({"ada"}))


def test_peers_14_policy_comes_from_the_default_branch_and_never_from_the_pull_requests_own(
    shop: WaitingShop,
) -> None:
    gate = shop.push(POLICY)
    lax = {".github/deploy.yml": PLAIN_POLICY}
    sha = shop.world.commit(SHOP, lax, "Ask nobody", branch="lax", author=shop.world.user("ada"), quiet=True)
    shop.ask("POST", "/pulls", {"title": "Ask nobody", "head": "lax", "base": "main"})
    (policy,), _ = shop.github().facts_for(replace(gate, sha=sha, ref="refs/heads/lax"), now())
    assert isinstance(policy, Policy)
    assert policy.environments["production"].approvals[0].name == "Release manager"


def test_without_a_policy_the_file_to_add_is_named(shop: WaitingShop) -> None:
    gate = shop.push()
    shop.world.commit(SHOP, {".github/deploy.yml": None}, "No policy", quiet=True)
    (policy,), _ = shop.github().facts_for(gate, now())
    assert policy == Missing("there is no .github/deploy.yml on the default branch of acme/shop: add one")


def test_an_invalid_policy_keeps_its_problems(shop: WaitingShop) -> None:
    gate = shop.push("version: 1\nenvironments:\n  production: {deploi: manual}\n")
    (policy,), _ = shop.github().facts_for(gate, now())
    assert isinstance(policy, PolicyError)
    assert ".github/deploy.yml:3:16" in str(policy)


def test_an_organisations_policy_stands_before_the_repositorys(shop: WaitingShop) -> None:
    gate = shop.push(PLAIN_POLICY)
    shop.world.add_repository("acme/.github", files={".github/deploy.yml": POLICY})
    shared, own = shop.github().facts_for(gate, now())[0]
    assert isinstance(shared, Policy)
    assert isinstance(own, Policy)
    assert shared.environments["production"].approvals
    assert not own.environments["production"].approvals


def test_a_repository_that_is_gone_is_not_found(shop: WaitingShop) -> None:
    gate = shop.push()
    shop.world.uninstall(shop.installation)
    with pytest.raises(NotFound):
        facts_of(shop, gate)


def test_an_environment_approval_counts_from_when_the_gate_was_asked(shop: WaitingShop) -> None:
    shop.world.add_environment(
        SHOP, "production", reviewers=(shop.world.user("grace"),), custom=(shop.played,)
    )
    gate = shop.push()
    environment = shop.repository.environments["production"].id
    answer = {"environment_ids": [environment], "state": "approved", "comment": "Go\nnow"}
    shop.ask("POST", f"/actions/runs/{gate.run_id}/pending_deployments", answer, by="grace")
    given = Approval(by="grace", method="environment", state="approved", at=gate.requested_at, reason="Go")
    assert facts_of(shop, gate).approvals == (given,)


def test_an_environment_approval_is_not_given_anew_by_running_the_run_again(shop: WaitingShop) -> None:
    """Where GitHub still lists it: what grace took back meanwhile in a comment stays taken back."""
    shop.world.add_environment(
        SHOP, "production", reviewers=(shop.world.user("grace"),), custom=(shop.played,)
    )
    gate = shop.push()
    environment = shop.repository.environments["production"].id
    answer = {"environment_ids": [environment], "state": "approved", "comment": ""}
    shop.ask("POST", f"/actions/runs/{gate.run_id}/pending_deployments", answer, by="grace")
    run = shop.repository.runs[gate.run_id]
    listed = list(run.approvals)
    shop.ask("POST", f"/actions/runs/{gate.run_id}/cancel")
    shop.world.move_clock(timedelta(minutes=2))
    shop.ask("POST", f"/actions/runs/{gate.run_id}/rerun", by="grace")
    again = shop.gate_of(gate.sha)
    run.approvals[:] = listed
    approvals = facts_of(shop, again).approvals
    assert again.requested_at > gate.requested_at + timedelta(minutes=1)
    assert not isinstance(approvals, Missing)
    assert [(one.by, one.at) for one in approvals] == [("grace", run.created_at)]


def test_peers_15_a_review_is_bound_to_the_commit_it_was_given_for(shop: WaitingShop) -> None:
    gate = shop.push()
    shop.world.commit(SHOP, {"a": "1"}, "One", branch="sell", author=shop.world.user("ada"))
    number = shop.ask("POST", "/pulls", {"title": "Sell", "head": "sell", "base": "main"})["number"]
    reviewed = shop.world.git(shop.repository).tip("sell")
    shop.ask("POST", f"/pulls/{number}/reviews", {"event": "APPROVE", "body": "Fine"}, by="grace")
    head = shop.world.commit(SHOP, {"a": "2"}, "Two", branch="sell", author=shop.world.user("ada"))
    facts = facts_of(shop, replace(gate, sha=head, ref="refs/heads/sell"))
    assert not isinstance(facts.approvals, Missing)
    (approval,) = facts.approvals
    assert (approval.by, approval.method, approval.state) == ("grace", "review", "approved")
    assert approval.sha == reviewed != head


def rejected(shop: WaitingShop, number: int) -> str:
    """A review by grace that asks for changes: where it is dismissed."""
    said = {"event": "REQUEST_CHANGES", "body": "Too risky"}
    review = shop.ask("POST", f"/pulls/{number}/reviews", said, by="grace")["id"]
    return f"/pulls/{number}/reviews/{review}/dismissals"


def verdict_and_no(shop: WaitingShop, gate: Gate) -> tuple[Verdict, list[str]]:
    """With the sentences about rejections. What follows comes in another second."""
    policies, facts = shop.github().facts_for(gate, now())
    decision = decide(policies, facts, now())
    shop.world.move_clock(timedelta(seconds=2))
    return decision.verdict, [one.why for one in decision.findings if one.code == "approvals.rejected"]


def test_a_rejection_that_another_dismissed_stands_until_its_author_takes_it_back(shop: WaitingShop) -> None:
    number, gate = shop.merged(policy=POLICY)
    shop.ask("PUT", rejected(shop, number), {"message": "Hurry"}, by="ada")
    said = "Rejected by grace; only they, or an emergency, can lift that: Too risky"
    assert verdict_and_no(shop, gate) == (Verdict.REFUSE, [said])
    shop.ask("POST", f"/issues/{number}/comments", {"body": "/withdraw"}, by="grace")
    assert verdict_and_no(shop, gate) == (Verdict.WAIT, [])


def test_whoever_rejected_takes_that_back_by_dismissing_their_own_review_or_approving(
    shop: WaitingShop,
) -> None:
    number, gate = shop.merged(policy=POLICY)
    shop.ask("PUT", rejected(shop, number), {"message": "Settled"}, by="grace")
    assert verdict_and_no(shop, gate) == (Verdict.WAIT, [])
    shop.ask("PUT", rejected(shop, number), {"message": "Hurry"}, by="ada")
    assert verdict_and_no(shop, gate)[0] is Verdict.REFUSE
    shop.ask("POST", f"/pulls/{number}/reviews", {"event": "APPROVE"}, by="grace")
    assert verdict_and_no(shop, gate) == (Verdict.WAIT, [])  # it was she who merged


def test_peers_13_dismissed_reviews_are_read_to_the_last(shop: WaitingShop) -> None:
    number, gate = shop.merged(policy=POLICY)
    review = rejected(shop, number)
    for _ in range(101):
        given = shop.ask("POST", f"/pulls/{number}/reviews", {"event": "APPROVE"}, by="bo")["id"]
        shop.ask("PUT", f"/pulls/{number}/reviews/{given}/dismissals", {"message": "Changed"})
    shop.ask("PUT", review, {"message": "Hurry"}, by="ada")
    assert verdict_and_no(shop, gate)[0] is Verdict.REFUSE


def test_peers_7_a_review_of_which_nobody_knows_who_dismissed_it_waits(shop: WaitingShop) -> None:
    number, gate = shop.merged(policy=POLICY)
    shop.ask("PUT", rejected(shop, number), {"message": "Hurry"}, by="ada")
    shop.repository.pulls[0].dismissals.clear()
    assert facts_of(shop, gate).approvals == Missing(
        "the reviews could not be read: GitHub does not say who dismissed the review of grace"
    )
    assert verdict_and_no(shop, gate)[0] is Verdict.WAIT


def test_peers_15_a_commits_date_proves_nothing(shop: WaitingShop) -> None:
    """Whoever writes a commit writes its date: one "of yesterday" that came after an approval has none."""
    workflow = {".github/deploy.yml": POLICY, ".github/workflows/deploy.yml": WORKFLOW}
    shop.world.commit(SHOP, workflow, "Policy", quiet=True)
    author = shop.world.user("ada")
    shop.world.commit(SHOP, {"a": "1"}, "One", branch="sell", author=author)
    number = shop.ask("POST", "/pulls", {"title": "Sell", "head": "sell", "base": "main"})["number"]
    shop.ask("POST", f"/pulls/{number}/reviews", {"event": "APPROVE"}, by="grace")
    shop.ask("POST", f"/issues/{number}/comments", {"body": "/approve"}, by="grace")
    shop.world.move_clock(timedelta(days=-1))
    shop.world.commit(SHOP, {"a": "2"}, "Two", branch="sell", author=author)
    shop.world.move_clock(timedelta(days=1, minutes=1))
    gate = shop.gate_of(shop.ask("PUT", f"/pulls/{number}/merge", {})["sha"])
    policies, facts = shop.github().facts_for(gate, now())
    missing = [one.why for one in decide(policies, facts, now()).findings if one.code == "approvals.missing"]
    assert ["0 of 1" in why for why in missing] == [True]


def test_peers_17_a_comment_approves_and_an_edited_one_does_not(shop: WaitingShop) -> None:
    number, gate = shop.merged()
    shop.ask("POST", f"/issues/{number}/comments", {"body": "/approve production"}, by="grace")
    edited = shop.ask("POST", f"/issues/{number}/comments", {"body": "Hm"}, by="bo")["id"]
    shop.world.move_clock(timedelta(seconds=5))
    shop.ask("PATCH", f"/issues/comments/{edited}", {"body": "/approve"}, by="bo")
    facts = facts_of(shop, gate)
    assert not isinstance(facts.approvals, Missing)
    assert [(one.by, one.method) for one in facts.approvals] == [("grace", "comment")]


def test_a_job_bound_to_an_environment_and_our_own_checks_are_no_evidence(shop: WaitingShop) -> None:
    gate = shop.push()
    github = shop.github()
    ours = OwnCheck(sha=gate.sha, name="deploy / production", title="Waits", summary="It waits.")
    show_check(github, ours)
    shop.ask("POST", f"/statuses/{gate.sha}", {"state": "success", "context": "lint"}, by="grace")
    facts = github.facts_for(gate, now())[1]
    assert not isinstance(facts.checks, Missing)
    assert [(check.name, check.state) for check in facts.checks] == [("lint", CheckState.PASSED)]


def test_required_checks_are_asked_for_where_the_policy_names_them(shop: WaitingShop) -> None:
    shop.repository.protected_branches.add("main")
    shop.repository.required_checks["main"] = ("lint",)
    number, gate = shop.merged(policy=REQUIRED_POLICY)
    for name in ("lint", "spelling"):
        shop.ask("POST", f"/statuses/{gate.sha}", {"state": "success", "context": name}, by="grace")
    facts = facts_of(shop, gate)
    assert not isinstance(facts.checks, Missing)
    assert {check.name: check.required for check in facts.checks} == {"lint": True, "spelling": False}
    assert number


def test_a_freeze_is_an_open_issue_by_someone_with_write_access(shop: WaitingShop) -> None:
    gate = shop.push()
    github = shop.github()
    body = "environment: production\nuntil: 2027-01-04 08:00\n\nStock-taking"
    issue = shop.ask(
        "POST", "/issues", {"title": "Freeze", "body": body, "labels": ["deploy-freeze"]}, by="grace"
    )
    facts = github.facts_for(gate, now())[1]
    assert not isinstance(facts.freezes, Missing)
    (freeze,) = facts.freezes
    assert (freeze.by, freeze.reason, freeze.environments) == (
        "grace",
        "Stock-taking",
        frozenset({"production"}),
    )
    assert freeze.until is not None
    assert freeze.until.isoformat() == "2027-01-04T08:00:00+00:00"
    github.close_issue(issue["number"])
    assert github.facts_for(gate, now())[1].freezes == ()


def test_an_emergency_is_read_from_its_issue(shop: WaitingShop) -> None:
    gate = shop.push()
    body = "environment: production\nreason: The shop is down"
    shop.ask("POST", "/issues", {"title": "Fire", "body": body, "labels": ["deploy-emergency"]}, by="grace")
    emergency = facts_of(shop, gate).emergency
    assert emergency is not None
    assert (emergency.by, emergency.reason) == ("grace", "The shop is down")


def test_a_push_changes_all_since_what_runs(shop: WaitingShop) -> None:
    github = shop.github()
    first = shop.push(POLICY)
    assert github.post_verdict(first, approved=True, comment="Go")
    shop.wait(lambda: shop.repository.runs[first.run_id].status == "completed")
    shop.world.commit(SHOP, {"one.py": "1\n"}, "One", author=shop.world.user("grace"), quiet=True)
    gate = shop.push(POLICY, two_dot_py="2\n")
    facts = github.facts_for(gate, now())[1]
    assert not isinstance(facts.changes, Missing)
    assert set(facts.changes.paths) == {"one.py", "two.py"}
    assert facts.changes.authors == {"ada", "grace"}
    assert facts.relations["production"] is Relation.AHEAD
    assert not isinstance(facts.deployments, Missing)
    assert [(one.sha, one.state, one.succeeded) for one in facts.deployments] == [
        (first.sha, "success", True)
    ]


def test_a_pull_request_brings_along_what_was_merged_before_and_not_deployed(shop: WaitingShop) -> None:
    github = shop.github()
    first = shop.push(POLICY)
    assert github.post_verdict(first, approved=True, comment="Go")
    shop.wait(lambda: shop.repository.runs[first.run_id].status == "completed")
    grace = shop.world.user("grace")
    shop.world.commit(SHOP, {"migrations/1.sql": "select 1;\n"}, "Migrate", author=grace, quiet=True)
    _, gate = shop.merged()
    changes = github.facts_for(gate, now())[1].changes
    assert not isinstance(changes, Missing)
    assert set(changes.paths) == {"migrations/1.sql", "shop.py"}
    assert changes.authors == {"ada", "grace"}


def test_a_pull_request_right_after_what_runs_needs_no_comparison(shop: WaitingShop) -> None:
    github = shop.github()
    first = shop.push(POLICY)
    assert github.post_verdict(first, approved=True, comment="Go")
    shop.wait(lambda: shop.repository.runs[first.run_id].status == "completed")
    _, gate = shop.merged()
    shop.responses.clear()
    github.facts_for(gate, now())
    assert {response.path.rpartition("/")[2] for response in shop.responses} == {"graphql", str(gate.run_id)}


def test_an_older_commit_is_behind_what_runs(shop: WaitingShop) -> None:
    github = shop.github()
    old = shop.push()
    new = shop.push(two_dot_py="2\n")
    assert github.post_verdict(new, approved=True, comment="Go")
    shop.wait(lambda: shop.repository.runs[new.run_id].status == "completed")
    assert facts_of(shop, old).relations["production"] is Relation.BEHIND


def test_a_tick_is_the_persons_whose_edit_ticked_it(shop: WaitingShop) -> None:
    number, gate = shop.merged(policy=TICKED_POLICY)
    github = shop.github()
    box = box_text("production", "Maintenance window scheduled")
    write_own_comment(github, number, f"- [ ] {box}", STICKY)
    comment = shop.ask("GET", f"/issues/{number}/comments")[0]["id"]
    shop.world.move_clock(timedelta(minutes=1))
    ticked = f"{STICKY}\n- [x] {box}"
    shop.ask("PATCH", f"/issues/comments/{comment}", {"body": ticked}, by="grace")
    shop.world.move_clock(timedelta(minutes=1))
    write_own_comment(github, number, f"- [x] {box}\n- [x] Ticked by ourselves", STICKY)
    ticks = github.facts_for(gate, now())[1].ticks
    assert not isinstance(ticks, Missing)
    assert [(tick.item, tick.by) for tick in ticks] == [("Maintenance window scheduled", "grace")]


def test_a_tick_is_found_behind_a_hundred_edits_of_our_own(shop: WaitingShop) -> None:
    number, gate = shop.merged(policy=TICKED_POLICY)
    github, box = shop.github(), box_text("production", "Maintenance window scheduled")
    write_own_comment(github, number, f"- [ ] {box}", STICKY)
    comment = shop.ask("GET", f"/issues/{number}/comments")[0]["id"]
    shop.ask("PATCH", f"/issues/comments/{comment}", {"body": f"{STICKY}\n- [x] {box}"}, by="grace")
    for minute in range(101):
        write_own_comment(github, number, f"- [x] {box}\nMinute {minute}", STICKY)
    ticks = github.facts_for(gate, now())[1].ticks
    assert not isinstance(ticks, Missing)
    assert [tick.by for tick in ticks] == ["grace"]


def test_people_come_with_their_permissions_and_teams(shop: WaitingShop) -> None:
    people = facts_of(shop, shop.push(POLICY)).people
    assert not isinstance(people.permissions, Missing)
    assert people.permissions["ada"] is Permission.ADMIN
    assert people.permissions["grace"] is Permission.WRITE
    assert people.teams == {"acme/release-managers": frozenset({"grace"})}


def test_peers_13_a_list_longer_than_a_page_is_read_to_its_end(shop: WaitingShop) -> None:
    number, gate = shop.merged()
    for at in range(105):
        shop.ask("POST", f"/statuses/{gate.sha}", {"state": "success", "context": f"check {at}"}, by="grace")
        shop.ask("POST", f"/issues/{number}/comments", {"body": "Hello"}, by="bo")
    shop.ask("POST", f"/issues/{number}/comments", {"body": "/reject"}, by="bo")
    facts = facts_of(shop, gate)
    assert not isinstance(facts.checks, Missing)
    assert not isinstance(facts.approvals, Missing)
    assert len(facts.checks) == 105
    assert [(one.by, one.state) for one in facts.approvals] == [("bo", "rejected")]


def test_peers_13_a_team_of_more_than_a_hundred_is_read_to_its_end(shop: WaitingShop) -> None:
    crowd = [f"person-{at}" for at in range(205)]
    for login in crowd:
        shop.world.add_user(login)
    shop.world.add_team("acme", "release-managers", members=(*crowd, "grace"))
    people = facts_of(shop, shop.push(POLICY)).people
    assert people.teams == {"acme/release-managers": frozenset({*crowd, "grace"})}


def test_peers_7_a_permission_that_lacks_leaves_the_fact_missing_and_the_gate_waiting(
    shop: WaitingShop,
) -> None:
    gate = shop.push(REQUIRED_POLICY.replace("required", "all"))
    policies, facts = shop.github(without=("checks", "statuses")).facts_for(gate, now())
    assert isinstance(facts.checks, Missing)
    assert "Resource not accessible by integration" in facts.checks.reason
    assert decide(policies, facts, now()).verdict is not Verdict.ALLOW


def test_a_permission_that_takes_the_repository_away_does_not_make_it_gone(shop: WaitingShop) -> None:
    gate = shop.push()
    with pytest.raises(Forbidden, match="Resource not accessible by integration"):
        shop.github(without=("issues",)).facts_for(gate, now())


def test_the_actions_own_token_reads_the_same_and_leaves_its_own_job_out(shop: WaitingShop) -> None:
    _, gate = shop.merged(policy=REQUIRED_POLICY.replace("required", "all"))
    (job,) = shop.repository.runs[gate.run_id].jobs
    job.permissions = {
        "actions": "read",
        "checks": "read",
        "contents": "write",
        "deployments": "write",
        "issues": "write",
        "pull_requests": "read",
        "statuses": "read",
    }
    token = shop.world.job_token(job, shop.repository)
    github = shop.github_with(token)
    inside = replace(gate, deployment_id=None, check_run_id=job.check_run.id)
    _, facts = github.facts_for(inside, now(), place="action")
    assert facts.place == "action"
    assert (facts.checks, facts.deployments) == ((), ())
    assert len(shop.responses) == 2


def test_people_beyond_the_first_page_are_asked_for_by_name(shop: WaitingShop) -> None:
    for at in range(110):
        shop.world.add_user(f"user-{at}")
        shop.world.add_collaborator(SHOP, f"user-{at}", "triage")
    shop.world.add_user("zoe")
    shop.world.add_collaborator(SHOP, "zoe", "maintain")
    number, gate = shop.merged()
    shop.ask("POST", f"/issues/{number}/comments", {"body": "/approve"}, by="zoe")
    permissions = facts_of(shop, gate).people.permissions
    assert not isinstance(permissions, Missing)
    assert permissions["zoe"] is Permission.MAINTAIN
    assert sum(response.path == "/graphql" for response in shop.responses) == 2


def test_what_runs_is_found_beyond_a_hundred_deployments_to_elsewhere(shop: WaitingShop) -> None:
    first = shop.push(POLICY)
    github = shop.github()
    assert github.post_verdict(first, approved=True, comment="Go")
    shop.wait(lambda: shop.repository.runs[first.run_id].status == "completed")
    for _ in range(101):
        shop.world.move_clock(timedelta(seconds=1))
        github.create_deployment(sha=first.sha, ref="", environment="preview")
    facts = facts_of(shop, shop.push(two_dot_py="2\n"))
    assert not isinstance(facts.deployments, Missing)
    assert facts.relations["production"] is Relation.AHEAD


def test_what_ran_before_is_found_beyond_a_hundred_deployments_to_elsewhere(shop: WaitingShop) -> None:
    github = shop.github()
    before = shop.push(POLICY)
    now_there = shop.push(two_dot_py="2\n")
    for gate, elsewhere in ((before, 60), (now_there, 60)):
        made = github.create_deployment(sha=gate.sha, ref="", environment="production")
        github.post_deployment_status(made, state="success")
        for _ in range(elsewhere):
            shop.world.move_clock(timedelta(seconds=1))
            github.create_deployment(sha=gate.sha, ref="", environment="preview")
    deployments = facts_of(shop, shop.push(two_dot_py="3\n")).deployments
    assert not isinstance(deployments, Missing)
    found = last_good(deployments, "production", but=now_there.sha)
    assert found is not None
    assert found.sha == before.sha


def test_commits_too_far_apart_to_see_are_compared_once(shop: WaitingShop) -> None:
    first = shop.push(POLICY)
    github = shop.github()
    assert github.post_verdict(first, approved=True, comment="Go")
    shop.wait(lambda: shop.repository.runs[first.run_id].status == "completed")
    for at in range(101):
        shop.world.commit(SHOP, {"count": str(at)}, f"Count {at}", quiet=True)
    gate = shop.push(two_dot_py="2\n")
    assert github.facts_for(gate, now())[1].relations["production"] is Relation.AHEAD
    assert sum("/compare/" in response.path for response in shop.responses) == 1
    shop.responses.clear()
    assert github.facts_for(gate, now())[1].relations["production"] is Relation.AHEAD
    assert len(shop.responses) == 2


def test_without_the_list_of_collaborators_each_is_asked_alone(shop: WaitingShop) -> None:
    gate = shop.push()
    look = first_look(shop.github(), gate, now())
    hidden = {
        "type": "FORBIDDEN",
        "path": ["repository", "collaborators"],
        "message": "Must have push access",
    }
    look = replace(look, reading=Reading(look.data, [hidden]))
    nothing = Details(teams={}, permissions={}, deployments={}, required={}, edits={})
    people = people_of(look, nothing, frozenset({"ada", "grace"}))
    assert people.permissions == {"ada": Permission.ADMIN, "grace": Permission.WRITE}


def test_a_cut_connection_decides_nothing(shop: WaitingShop) -> None:
    gate = shop.push()
    github = shop.github()
    shop.world.faults.add(Fault(kind="cut", path="graphql", times=2))
    with pytest.raises(Unavailable):
        github.facts_for(gate, now())
    assert github.facts_for(gate, now())[1].sha == gate.sha


def test_a_used_up_rate_limit_is_told_with_its_end(shop: WaitingShop) -> None:
    gate = shop.push()
    github = shop.github()
    shop.world.faults.add(Fault(kind="rate_limit", path="runs"))
    with pytest.raises(RateLimited) as limit:
        github.facts_for(gate, now())
    assert limit.value.until > now()
