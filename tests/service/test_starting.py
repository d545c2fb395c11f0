"""`/deploy` and `/rollback`: what they start, for whom, and what they refuse."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.app import App
from gateway.github import GitHub
from gateway.rulebook import people_asking, read_rulebook
from gateway.starts import Start, record_start, start_run
from gateway.threads import read_comment, read_thread
from gateway.tokens import AppKey, InstallationTokens
from protocol.commands import Command
from protocol.decision import decide
from protocol.facts import Changes, Relation
from protocol.gate import Gate
from protocol.policy import Policy
from protocol.verdict import Verdict
from service.replies import Reply
from service.requests import Request
from service.starting import deploy
from tests.asking import POLICY, WORKFLOW, Asking
from tests.runner import private_key
from tests.waiting import SHOP, now


def gates(asking: Asking) -> dict[str, Gate]:
    """The gates of runs that we started, by environment, once they wait."""
    by_hand = [run for run in asking.runs if run.event == "workflow_dispatch"]
    asking.shop.wait(lambda: all(run.pending for run in by_hand))
    return {gate.environment: gate for gate in asking.github.waiting_gates()}


def test_deploy_starts_each_environments_workflow(asking: Asking) -> None:
    comment = asking.say(asking.merged(), "/deploy staging production v2")
    assert asking.started() == [
        ("gate[bot]", {"environment": "staging", "version": "v2", "phase": ""}),
        ("gate[bot]", {"environment": "production", "version": "v2", "phase": ""}),
    ]
    assert asking.reactions(comment) == ["rocket"]
    assert "[this run](" in asking.reply(comment)


def test_whoever_asked_is_the_deployer_and_not_the_app(asking: Asking) -> None:
    asking.say(asking.merged(), "/deploy staging", by="ada")
    _, facts = asking.github.facts_for(gates(asking)["staging"], now())
    assert (facts.deployer, facts.triggered_by, facts.intent) == ("ada", "", "deploy")


def test_deploy_waits_instead_of_refusing_when_something_is_missing(asking: Asking) -> None:
    asking.say(asking.merged(), "/deploy production", by="ada")
    policies, facts = asking.github.facts_for(gates(asking)["production"], now())
    decision = decide(policies, facts, now())
    assert [finding.code for finding in decision.blocking] == ["approvals.missing"]


def test_peers_13_whoever_asked_does_not_approve_their_own_deployment(asking: Asking) -> None:
    number = asking.merged()
    asking.say(number, "/deploy production", by="grace")
    asking.say(number, "/approve production", by="grace")
    policies, facts = asking.github.facts_for(gates(asking)["production"], now())
    assert decide(policies, facts, now()).verdict is Verdict.WAIT


def test_a_run_of_ours_that_nobody_is_written_down_for_waits(asking: Asking) -> None:
    start_run(asking.github, "deploy.yml", "main", {"environment": "staging"})
    asking.shop.wait(lambda: any(run.pending for run in asking.runs))
    policies, facts = asking.github.facts_for(gates(asking)["staging"], now())
    decision = decide(policies, facts, now())
    assert facts.deployer == ""
    assert decision.verdict is Verdict.WAIT
    assert any("not known who started" in finding.why for finding in decision.blocking)


def test_another_app_cannot_write_down_for_whom_our_run_is(asking: Asking) -> None:
    start_run(asking.github, "deploy.yml", "main", {"environment": "staging"})
    gate = gates(asking)["staging"]
    record_start(another_app(asking), asking.github.run(gate.run_id), Start(by="ada"), how="Trust me.")
    _, facts = asking.github.facts_for(gate, now())
    assert facts.deployer == ""


def another_app(asking: Asking) -> GitHub:
    """The repository as an App sees it that may write checks there and is not ours."""
    permissions = {"checks": "write", "contents": "read", "metadata": "read"}
    app = asking.world.add_app("other", owner="acme", permissions=permissions, private_key=private_key())
    installation = asking.world.install(app, SHOP)
    key = AppKey(app_id=str(app.id), private_key=app.private_key)
    tokens = InstallationTokens(App(key, api_url=asking.shop.server.url), permissions=permissions)
    return asking.shop.github_with(tokens.token(installation.id, SHOP))


@pytest.mark.parametrize(
    ("login", "sentence"),
    [("bo", "bo may not deploy to staging; anyone with write access may"), ("grace", "")],
)
def test_peers_17_only_deployers_deploy(asking: Asking, login: str, sentence: str) -> None:
    comment = asking.say(asking.merged(), "/deploy staging", by=login)
    assert sentence in asking.reply(comment)
    assert len(asking.started()) == (0 if sentence else 1)
    assert asking.reactions(comment) == (["-1"] if sentence else ["rocket"])


def test_an_open_pull_request_is_merged_first(asking: Asking) -> None:
    comment = asking.say(asking.pull(), "/deploy staging")
    assert "it is not merged; merge it first" in asking.reply(comment)
    assert asking.started() == []


def test_peers_18_a_fork_is_never_deployed(asking: Asking) -> None:
    asking.write(POLICY.replace("hotfix/*", "*"))
    number = asking.pull()
    comment = read_comment(asking.github, asking.write_comment(number, "/deploy staging"))
    book, thread = read_rulebook(asking.github, now()), read_thread(asking.github, number)
    assert isinstance(book.own, Policy)
    assert thread.pull is not None
    request = Request(
        github=asking.github,
        comment=comment,
        thread=replace(thread, pull=replace(thread.pull, from_fork=True)),
        rulebook=book,
        policy=book.own,
        command=Command(word="deploy", environments=("staging",)),
        people=people_asking(asking.github, book.valid, ["staging"], "ada", now()),
        now=now(),
    )
    outcome = deploy(request, Reply(asking.github, number, "try", us=book.us, since=now()))
    assert "it comes from a fork; merge it first, forks are never deployed" in outcome.text
    assert asking.started() == []


def test_peers_17_whoever_runs_it_again_is_asked_for_as_well(asking: Asking) -> None:
    asking.say(asking.merged(), "/deploy staging", by="ada")
    run_id = gates(asking)["staging"].run_id
    asking.shop.ask("POST", f"/actions/runs/{run_id}/cancel")
    asking.shop.ask("POST", f"/actions/runs/{run_id}/rerun", by="grace")
    _, facts = asking.github.facts_for(gates(asking)["staging"], now())
    assert (facts.deployer, facts.triggered_by) == ("ada", "grace")


def test_a_hotfix_branch_is_deployed_from_its_own_branch(asking: Asking) -> None:
    asking.say(asking.pull("hotfix/basket"), "/deploy staging")
    (run,) = [run for run in asking.runs if run.event == "workflow_dispatch"]
    assert run.head_branch == "hotfix/basket"


def test_a_comment_on_an_issue_deploys_the_default_branch(asking: Asking) -> None:
    asking.say(asking.issue(), "/deploy staging")
    (run,) = [run for run in asking.runs if run.event == "workflow_dispatch"]
    assert run.head_branch == "main"


def test_a_version_that_is_a_tag_is_deployed_from_it(asking: Asking) -> None:
    sha = asking.world.git(asking.shop.repository).ref("refs/heads/main")
    asking.shop.ask("POST", "/git/refs", {"ref": "refs/tags/v1.0", "sha": sha})
    asking.say(asking.merged(), "/deploy staging v1.0")
    (run,) = [run for run in asking.runs if run.event == "workflow_dispatch"]
    assert (run.head_sha, run.ref) == (sha, "refs/tags/v1.0")


@pytest.mark.parametrize(
    ("policy", "workflow", "command", "sentence"),
    [
        pytest.param(
            POLICY.replace("staging: {deploy: manual, workflow: deploy.yml}", "staging: {deploy: manual}"),
            WORKFLOW,
            "/deploy staging",
            "the policy names no `workflow:` to start",
            id="no workflow named",
        ),
        pytest.param(
            POLICY.replace("deploy.yml}", "gone.yml}"),
            WORKFLOW,
            "/deploy staging",
            "there is no `.github/workflows/gone.yml` at main; add it",
            id="no such workflow",
        ),
        pytest.param(
            POLICY,
            "on: push\njobs: {}\n",
            "/deploy staging",
            "`deploy.yml` cannot be started by hand; add `workflow_dispatch:` under `on:`",
            id="not by hand",
        ),
        pytest.param(
            POLICY,
            WORKFLOW.replace("version:", "release:"),
            "/deploy staging v9",
            "`deploy.yml` takes no `version`; add it under `on.workflow_dispatch.inputs`",
            id="takes no version",
        ),
        pytest.param(
            POLICY,
            WORKFLOW.replace("phase:", "what:"),
            "/rollback staging",
            "`deploy.yml` takes no `phase`; add it under `on.workflow_dispatch.inputs`",
            id="takes no phase",
        ),
        pytest.param(
            POLICY,
            WORKFLOW,
            "/rollback staging",
            "no earlier version is known to have run well there; name one",
            id="nothing to go back to",
        ),
        pytest.param(
            POLICY,
            WORKFLOW,
            "/rollback staging v7",
            "v7 never ran there, as far as the latest deployments show",
            id="never ran",
        ),
        pytest.param(
            POLICY,
            WORKFLOW.replace("phase: {required: false}", "colour: {required: true}"),
            "/deploy staging",
            "GitHub did not start `deploy.yml`",
            id="an input we do not know",
        ),
    ],
)
def test_what_cannot_be_started_says_the_cure(
    asking: Asking, policy: str, workflow: str, command: str, sentence: str
) -> None:
    asking.write(policy, workflow)
    comment = asking.say(asking.issue(), command)
    assert sentence in asking.reply(comment)
    assert (asking.started(), asking.reactions(comment)) == ([], ["-1"])


def test_one_workflow_for_all_environments_is_started_once(asking: Asking) -> None:
    asking.write(POLICY, WORKFLOW.replace("environment: {required: true}", "why: {required: false}"))
    asking.say(asking.issue(), "/deploy staging production")
    assert len(asking.started()) == 1


def test_what_can_be_started_is_though_another_cannot(asking: Asking) -> None:
    asking.write(POLICY.replace("staging: {deploy: manual, workflow: deploy.yml}", "staging: {}"))
    comment = asking.say(asking.issue(), "/deploy staging production")
    assert (len(asking.started()), asking.reactions(comment)) == (1, ["confused"])


def deployed(asking: Asking, version: str, *, state: str = "success", ago: int = 1) -> str:
    """A new commit that ran in staging."""
    sha = asking.world.commit(SHOP, {f"{version}.py": "1\n"}, version, quiet=True)
    made = asking.github.create_deployment(
        sha=sha, ref="", environment="staging", payload={"version": version}
    )
    asking.github.post_deployment_status(made, state=state, auto_inactive=False)  # type: ignore[arg-type]
    asking.shop.repository.deployments[made].created_at -= timedelta(hours=ago)
    return sha


def test_rollback_goes_back_to_the_last_good_version(asking: Asking) -> None:
    good = deployed(asking, "v1", ago=3)
    deployed(asking, "v2", state="failure", ago=2)
    deployed(asking, "v3", ago=1)
    comment = asking.say(asking.issue(), "/rollback staging")
    assert asking.started() == [
        ("gate[bot]", {"environment": "staging", "version": "v1", "phase": "rollback"})
    ]
    _, facts = asking.github.facts_for(gates(asking)["staging"], now())
    assert (facts.intent, facts.sha, facts.deployer) == ("rollback", good, "ada")
    assert facts.relations["staging"] is Relation.BEHIND
    assert isinstance(facts.changes, Changes)
    assert set(facts.changes.paths) == {"v2.py", "v3.py"}  # what going back undoes
    assert f"back to {good[:7]}" in asking.reply(comment)


def test_rollback_never_goes_to_a_version_that_was_bad(asking: Asking) -> None:
    deployed(asking, "v1", ago=3)
    deployed(asking, "v2", state="failure", ago=2)
    comment = asking.say(asking.issue(), "/rollback staging v2")
    assert "v2 did not run well there; choose another version" in asking.reply(comment)
