"""GraphQL over a small world: published queries give what the world holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import graphql
import pytest
import requests

from sandbox.faults import Fault
from sandbox.git import email_of
from sandbox.graph.execution import schema, snake
from sandbox.graph.limits import meter
from sandbox.graph.view import SHOWN_BY
from sandbox.server import serve
from sandbox.shapes.basics import node_id
from sandbox.state import (
    Approval,
    CheckRun,
    CheckSuite,
    Comment,
    CommitStatus,
    Deployment,
    DeploymentStatus,
    Issue,
    Job,
    PendingDeployment,
    PullRequest,
    Release,
    Repository,
    Review,
    User,
    Workflow,
    WorkflowRun,
)
from sandbox.world import World

QUERIES = Path(__file__).with_name("queries")
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
AT_NOON: dict[str, Any] = {"created_at": NOON, "updated_at": NOON}
NOON_TEXT = "2026-11-25T12:00:00Z"


@dataclass
class Shop:
    """One repository with a merged pull request, checks, a waiting run and a freeze."""

    world: World
    repository: Repository
    merge: str
    head: str
    job: Job
    token: str

    def ask(self, query: str, *, token: str | None = None, **variables: Any) -> dict[str, Any]:
        response = requests.post(
            f"{self.world.url}/graphql",
            json={"query": query, "variables": variables},
            headers={"Authorization": f"Bearer {token or self.token}"},
            timeout=10,
        )
        assert response.status_code == 200
        answer: dict[str, Any] = response.json()
        return answer

    def data(self, query: str, **variables: Any) -> Any:
        answer = self.ask(query, **variables)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def token_with(self, **permissions: str) -> str:
        app = next(iter(self.world.installations.values()))
        return self.world.installation_token(app, permissions={"metadata": "read", **permissions}).text


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    world = World(root=tmp_path_factory.mktemp("shop"), clock=lambda: NOON)
    shop = _open_shop(world)
    server = serve(world)
    yield shop
    server.stop()


def _open_shop(world: World) -> Shop:
    for login in ("ada", "grace", "bo"):
        world.add_user(login)
    world.add_org("acme", owners=("ada",), members=("grace", "bo"))
    world.add_team("acme", "release-managers", members=("grace",))
    policy = "version: 1\n"
    repository = world.add_repository("acme/shop", files={".github/deploy.yml": policy}, private=True)
    world.grant_team("acme", "release-managers", "acme/shop", "write")
    everything = dict.fromkeys(
        ["actions", "checks", "contents", "deployments", "issues", "members", "pull_requests", "statuses"],
        "read",
    )
    app = world.add_app("deploy-gate", owner="acme", permissions=everything)
    installation = world.install(app, "acme/shop")
    head, merge = _merge_a_pull(world, repository)
    job = _run_for(world, repository, merge)
    _freeze(world, repository)
    _release(world, repository, merge)
    token = world.installation_token(installation).text
    return Shop(world=world, repository=repository, merge=merge, head=head, job=job, token=token)


def _merge_a_pull(world: World, repository: Repository) -> tuple[str, str]:
    git, ada, grace, bo = world.git(repository), world.user("ada"), world.user("grace"), world.user("bo")
    base = git.tip("main") or ""
    message = f"Sell more\n\nCo-authored-by: bo <{email_of(bo)}>"
    head = world.commit("acme/shop", {"shop.py": "print()\n"}, message, branch="sell", author=ada)
    merge = git.merge(base, head, "Merge pull request #1", grace, NOON)
    git.set_ref("refs/heads/main", merge)
    issue = Issue(
        id=world.next_id(), number=1, title="Sell more", body="## Plan", author=ada, state="closed", **AT_NOON
    )
    issue.labels = [world.label(repository, "hotfix")]
    issue.comments = [Comment(id=world.next_id(), author=grace, body="/approve", **AT_NOON)]
    issue.pull = PullRequest(
        id=world.next_id(), issue=issue, head_ref="sell", head_sha=head, base_ref="main", base_sha=base
    )
    issue.pull.merged_at, issue.pull.merged_by, issue.pull.merge_commit_sha = NOON, grace, merge
    issue.pull.reviews = [
        _review(world, grace, "CHANGES_REQUESTED", head),
        _review(world, grace, "APPROVED", head),
        _review(world, bo, "APPROVED", head),
    ]
    repository.issues[1] = issue
    return head, merge


def _review(world: World, author: User, state: Literal["APPROVED", "CHANGES_REQUESTED"], sha: str) -> Review:
    return Review(id=world.next_id(), author=author, body="", state=state, commit_sha=sha, submitted_at=NOON)


def _run_for(world: World, repository: Repository, sha: str) -> Job:
    """A run whose test failed and whose deploy waits for grace, who has said yes."""
    run = _run(world, repository, sha)
    test = _check(world, run.suite, "test", "completed", "failure")
    deploy = _check(world, run.suite, "deploy", "waiting", None)
    done, waiting = (_deployment(world, sha, state) for state in ("success", "waiting"))
    deploy.deployment = waiting
    job = _waiting_job(world, run, deploy)
    repository.check_runs |= {one.id: one for one in (test, deploy)}
    repository.deployments |= {one.id: one for one in (done, waiting)}
    repository.statuses.append(
        CommitStatus(
            id=world.next_id(),
            sha=sha,
            context="lint",
            state="success",
            creator=world.user("ada"),
            created_at=NOON,
        )
    )
    return job


def _run(world: World, repository: Repository, sha: str) -> WorkflowRun:
    actions, ada = world.actions_app, world.user("ada")
    suite = CheckSuite(
        id=world.next_id(), head_sha=sha, head_branch="main", app=actions, status="waiting", **AT_NOON
    )
    workflow = Workflow(id=world.next_id(), name="Deploy", path=".github/workflows/deploy.yml", **AT_NOON)
    run = WorkflowRun(
        id=world.next_id(),
        repository=repository,
        workflow=workflow,
        number=7,
        event="push",
        head_branch="main",
        head_sha=sha,
        ref="refs/heads/main",
        actor=ada,
        triggering_actor=ada,
        suite=suite,
        **AT_NOON,
    )
    suite.run = run
    repository.check_suites[suite.id] = suite
    repository.runs[run.id] = run
    repository.workflows[workflow.path] = workflow
    return run


def _waiting_job(world: World, run: WorkflowRun, check: CheckRun) -> Job:
    grace = world.user("grace")
    environment = world.add_environment("acme/shop", "production", reviewers=(grace,), wait_minutes=5)
    job = Job(
        id=check.id,
        key=check.name,
        name=check.name,
        run=run,
        check_run=check,
        environment=environment,
        deployment=check.deployment,
        created_at=NOON,
    )
    waiting = PendingDeployment(
        job=job,
        environment=environment,
        deployment=check.deployment,
        waiting=list(environment.rules),
        since=NOON,
    )
    run.jobs, run.pending = [job], [waiting]
    run.approvals = [
        Approval(environments=[environment], state="approved", user=grace, comment="Go", at=NOON)
    ]
    return job


def _check(world: World, suite: CheckSuite, name: str, status: str, conclusion: str | None) -> CheckRun:
    return CheckRun(
        id=world.next_id(),
        name=name,
        head_sha=suite.head_sha,
        suite=suite,
        app=suite.app,
        status=status,
        conclusion=conclusion,
    )


def _deployment(world: World, sha: str, state: str) -> Deployment:
    ada = world.user("ada")
    status = DeploymentStatus(
        id=world.next_id(), state=state, creator=ada, environment="production", created_at=NOON
    )
    return Deployment(
        id=world.next_id(),
        ref="main",
        sha=sha,
        environment="production",
        payload={"version": "1.2.0"},
        creator=ada,
        statuses=[status],
        **AT_NOON,
    )


def _freeze(world: World, repository: Repository) -> None:
    label = world.label(repository, "deploy-freeze")
    for number, state in ((2, "open"), (3, "closed")):
        issue = Issue(
            id=world.next_id(),
            number=number,
            title="Stock-taking",
            body=None,
            author=world.user("grace"),
            **AT_NOON,
        )
        issue.labels, issue.state = [label], state  # type: ignore[assignment]
        repository.issues[number] = issue


def _release(world: World, repository: Repository, sha: str) -> None:
    world.git(repository).set_ref("refs/tags/v1.2.0", sha)
    release = Release(
        id=world.next_id(),
        tag="v1.2.0",
        target="main",
        name="1.2.0",
        body="Notes",
        author=world.user("ada"),
        created_at=NOON,
        published_at=NOON,
    )
    repository.releases[release.id] = release


def of_the_shop(selection: str) -> str:
    return '{ viewer { login } repository(owner: "acme", name: "shop") { ' + selection + " } }"


# The published queries


@pytest.fixture(scope="module")
def gate(shop: Shop) -> Any:
    """The answer to the gate's query."""
    return shop.data(
        (QUERIES / "gate.graphql").read_text(),
        owner="acme",
        name="shop",
        sha=shop.merge,
        policy="HEAD:.github/deploy.yml",
        envs=["production"],
    )


def test_the_gate_query_gives_policy_and_facts(shop: Shop, gate: Any) -> None:
    repository = gate["repository"]
    assert gate["rateLimit"]["cost"] == 3
    assert gate["rateLimit"]["nodeCount"] == 1875
    assert repository["defaultBranchRef"] == {"name": "main", "target": {"oid": shop.merge}}
    assert repository["policy"]["text"] == "version: 1\n"
    assert repository["commit"]["oid"] == shop.merge


def test_the_gate_query_shows_checks_and_statuses_together(shop: Shop, gate: Any) -> None:
    rollup = gate["repository"]["commit"]["statusCheckRollup"]
    shown = [(one["__typename"], one.get("name") or one["context"]) for one in rollup["contexts"]["nodes"]]
    assert rollup["state"] == "FAILURE"
    assert shown == [("CheckRun", "test"), ("CheckRun", "deploy"), ("StatusContext", "lint")]
    suite = rollup["contexts"]["nodes"][0]["checkSuite"]
    assert suite["app"]["slug"] == "github-actions"
    assert suite["workflowRun"] == {"databaseId": shop.job.run.id, "event": "push"}


def test_the_gate_query_counts_each_persons_last_opinion(shop: Shop, gate: Any) -> None:
    (pull,) = gate["repository"]["commit"]["associatedPullRequests"]["nodes"]
    (review,) = pull["latestOpinionatedReviews"]["nodes"]  # bo may only read: writersOnly leaves him out
    assert (review["author"]["login"], review["state"]) == ("grace", "APPROVED")
    assert review["commit"]["oid"] == pull["headRefOid"] == shop.head
    assert pull["mergeCommit"]["oid"] == shop.merge


def test_the_gate_query_shows_environments_and_deployments(shop: Shop, gate: Any) -> None:
    (environment,) = gate["repository"]["environments"]["nodes"]
    rules = [(rule["type"], rule["timeout"]) for rule in environment["protectionRules"]["nodes"]]
    assert rules == [("WAIT_TIMER", 5), ("REQUIRED_REVIEWERS", 0)]
    assert environment["latestCompletedDeployment"]["latestStatus"]["state"] == "SUCCESS"
    states = [one["state"] for one in gate["repository"]["deployments"]["nodes"]]
    assert states == ["ACTIVE", "WAITING"]


def test_the_run_query_leads_from_a_job_to_its_deployment_and_reviews(shop: Shop) -> None:
    check = node_id("CheckRun", shop.job.id)
    node = shop.data((QUERIES / "run.graphql").read_text(), check=check)["node"]
    assert node["databaseId"] == shop.job.id
    assert node["deployment"]["latestStatus"] == {"state": "WAITING"}
    request = node["pendingDeploymentRequest"]
    assert (request["environment"], request["waitTimer"]) == ({"name": "production"}, 5)
    assert request["reviewers"]["nodes"] == [{"login": "grace"}]
    (review,) = node["checkSuite"]["workflowRun"]["deploymentReviews"]["nodes"]
    assert (review["state"], review["comment"], review["user"]) == ("APPROVED", "Go", {"login": "grace"})


def test_the_teams_query_tells_who_is_in_which_team(shop: Shop) -> None:
    data = shop.data((QUERIES / "teams.graphql").read_text(), org="acme", u0=["grace"], u1=["bo"])
    organization = data["organization"]
    assert organization["u0"]["nodes"] == [{"slug": "release-managers"}]
    assert organization["u1"]["nodes"] == []
    assert organization["t0"]["members"]["nodes"] == [{"login": "grace"}]


# Single answers


PEOPLE = [("ADMIN", "ada"), ("WRITE", "grace"), ("READ", "bo")]
COMMENT = {"body": "/approve", "createdAt": NOON_TEXT, "lastEditedAt": None, "author": {"login": "grace"}}
AUTHORS = {"nodes": [{"user": {"login": "ada"}}, {"user": {"login": "bo"}}]}
FILE = {"path": "shop.py", "additions": 1, "changeType": "ADDED"}
SMALL: dict[str, tuple[str, Any]] = {
    "file of a branch": (
        'object(expression: "sell:shop.py") { ... on Blob { text byteSize } }',
        {"text": "print()\n", "byteSize": 8},
    ),
    "no such file": ('object(expression: "HEAD:none") { oid }', None),
    "open freezes": (
        'issues(first: 9, states: [OPEN], labels: ["deploy-freeze"]) { nodes { number body } }',
        {"nodes": [{"number": 2, "body": ""}]},
    ),
    "branches compared": (
        'ref(qualifiedName: "refs/heads/sell") { compare(headRef: "main") { status aheadBy behindBy } }',
        {"compare": {"status": "AHEAD", "aheadBy": 1, "behindBy": 0}},
    ),
    "permissions": (
        "collaborators(first: 9) { edges { permission node { login } } }",
        {"edges": [{"permission": permission, "node": {"login": login}} for permission, login in PEOPLE]},
    ),
    "one person's permission": (
        'collaborators(first: 9, login: "grace") { edges { permission } }',
        {"edges": [{"permission": "WRITE"}]},
    ),
    "files of a pull request": (
        "pullRequest(number: 1) { files(first: 9) { nodes { path additions changeType } } }",
        {"files": {"nodes": [FILE]}},
    ),
    "authors of a pull request": (
        """pullRequest(number: 1) { commits(first: 9) { nodes { commit {
        authors(first: 9) { nodes { user { login } } } } } } }""",
        {"commits": {"nodes": [{"commit": {"authors": AUTHORS}}]}},
    ),
    "comments of a pull request": (
        """pullRequest(number: 1) { comments(first: 9) {
        nodes { body createdAt lastEditedAt author { login } } } }""",
        {"comments": {"nodes": [COMMENT]}},
    ),
    "payload of a deployment": (
        "deployments(first: 1) { nodes { payload task ref { name } } }",
        {"nodes": [{"payload": '{"version": "1.2.0"}', "task": "deploy", "ref": {"name": "main"}}]},
    ),
    "latest release": (
        "latestRelease { tagName isLatest author { login } }",
        {"tagName": "v1.2.0", "isLatest": True, "author": {"login": "ada"}},
    ),
}


@pytest.mark.parametrize(("question", "expected"), SMALL.values(), ids=SMALL)
def test_a_repository_answers(shop: Shop, question: str, expected: Any) -> None:
    data = shop.data(of_the_shop(f"answer: {question}"))
    assert data["repository"]["answer"] == expected


def test_pages_join_up_to_the_whole_in_both_directions(shop: Shop) -> None:
    query = """query($first:Int,$last:Int,$after:String,$before:String) {
      repository(owner:"acme", name:"shop") { pullRequest(number:1) {
        reviews(first:$first, last:$last, after:$after, before:$before) {
          totalCount nodes { databaseId }
          pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } } }"""

    def page(**arguments: Any) -> tuple[list[int], dict[str, Any]]:
        reviews = shop.data(query, **arguments)["repository"]["pullRequest"]["reviews"]
        assert reviews["totalCount"] == 3
        return [node["databaseId"] for node in reviews["nodes"]], reviews["pageInfo"]

    whole, _ = page(first=100)
    start, info = page(first=2)
    rest, after = page(first=2, after=info["endCursor"])
    assert start + rest == whole
    assert (info["hasNextPage"], after["hasNextPage"], after["hasPreviousPage"]) == (True, False, True)
    assert page(last=2, before=after["startCursor"])[0] == start
    assert page(last=1)[0] == rest


# Refusals


def test_a_missing_repository_is_null_with_not_found(shop: Shop) -> None:
    answer = shop.ask('{ repository(owner:"acme", name:"none") { id } }')
    assert answer["data"] == {"repository": None}
    assert answer["errors"][0]["type"] == "NOT_FOUND"
    assert answer["errors"][0]["path"] == ["repository"]
    assert answer["errors"][0]["message"] == "Could not resolve to a Repository with the name 'acme/none'."


def test_a_private_repository_is_not_found_by_strangers(shop: Shop) -> None:
    shop.world.add_user("mallory")
    token = shop.world.token_for("mallory")
    answer = shop.ask('{ repository(owner:"acme", name:"shop") { id } }', token=token)
    assert answer["errors"][0]["type"] == "NOT_FOUND"


FORBIDDEN = {
    "deployments": (
        "contents",
        "latestRelease { id } deployments(first: 1) { totalCount }",
        "deployments",
    ),
    "issues": ("contents", "latestRelease { id } issues(first: 1) { totalCount }", "issues"),
    "contents": (
        "issues",
        'issues(first: 1) { totalCount } object(expression: "HEAD") { oid }',
        "object",
    ),
    "pull requests": ("checks", "name pullRequest(number: 1) { id }", "pullRequest"),
}


@pytest.mark.parametrize(("granted", "question", "field"), FORBIDDEN.values(), ids=FORBIDDEN)
def test_a_missing_permission_leaves_null_and_says_forbidden(
    shop: Shop, granted: str, question: str, field: str
) -> None:
    token = shop.token_with(**{granted: "read"})
    answer = shop.ask(of_the_shop(question), token=token)
    assert answer["data"]["viewer"] == {"login": "deploy-gate[bot]"}
    (error,) = answer["errors"]
    assert (error["type"], error["path"]) == ("FORBIDDEN", ["repository", field])
    assert error["message"] == "Resource not accessible by integration"


def test_a_check_without_its_permission_is_a_null_node_beside_the_statuses(shop: Shop) -> None:
    query = of_the_shop("""object(expression: "HEAD") { ... on Commit {
        statusCheckRollup { contexts(first: 9) { nodes { __typename } } } } }""")
    answer = shop.ask(query, token=shop.token_with(contents="read", statuses="read"))
    nodes = answer["data"]["repository"]["object"]["statusCheckRollup"]["contexts"]["nodes"]
    assert nodes == [None, None, {"__typename": "StatusContext"}]
    assert {error["type"] for error in answer["errors"]} == {"FORBIDDEN"}


REFUSED = {
    "no page size": ("teams { totalCount nodes { id } }", "MISSING_PAGINATION_BOUNDARIES"),
    "too large a page": ("teams(first: 101) { totalCount }", "EXCESSIVE_PAGINATION"),
    "too many nodes": (
        """teams(first: 100) { nodes { members(first: 100) { nodes {
        repositories(first: 100) { totalCount } } } } }""",
        "MAX_NODE_LIMIT_EXCEEDED",
    ),
}


@pytest.mark.parametrize(("query", "kind"), REFUSED.values(), ids=REFUSED)
def test_a_query_that_asks_too_much_is_not_run(shop: Shop, query: str, kind: str) -> None:
    answer = shop.ask('{ organization(login: "acme") { ' + query + " } }")
    assert "data" not in answer
    assert answer["errors"][0]["type"] == kind


def test_a_count_alone_needs_no_page_size(shop: Shop) -> None:
    data = shop.data('{ organization(login: "acme") { teams { totalCount } } }')
    assert data["organization"]["teams"]["totalCount"] == 1


def test_a_query_costs_its_points_and_rest_is_counted_apart(shop: Shop) -> None:
    def left() -> dict[str, int]:
        headers = {"Authorization": f"Bearer {shop.token}"}
        answer = requests.get(f"{shop.world.url}/rate_limit", headers=headers, timeout=10)
        return {name: one["remaining"] for name, one in answer.json()["resources"].items()}

    before = left()
    query = """{ rateLimit { cost remaining } organization(login: "acme") {
        teams(first: 100) { nodes { members(first: 1) { nodes {
          repositories(first: 1) { totalCount } } } } } } }"""
    limit = shop.data(query)["rateLimit"]
    after = left()
    assert limit == {"cost": 2, "remaining": before["graphql"] - 2}
    assert after == {**before, "graphql": before["graphql"] - 2}


def test_a_spent_hour_is_told_with_200_and_an_error(shop: Shop) -> None:
    shop.world.add_user("busy")
    shop.world.faults.add(Fault(kind="rate_limit", path="/graphql"))
    answer = shop.ask("{ viewer { login } }", token=shop.world.token_for("busy"))
    assert answer["errors"][0]["type"] == "RATE_LIMITED"
    assert "data" not in answer


def test_a_request_without_a_token_is_refused(shop: Shop) -> None:
    response = requests.post(f"{shop.world.url}/graphql", json={"query": "{ viewer { login } }"}, timeout=10)
    assert response.status_code == 401


def test_every_kept_field_can_be_answered() -> None:
    """A node class says a field itself, or shows a record that has it."""
    classes: dict[str, list[Any]] = {}
    for record, shown_by in SHOWN_BY.items():
        names = ("User", "Bot") if record.__name__ == "User" else (getattr(shown_by, "typename", ""),)
        for name in names:
            classes.setdefault(name, []).append((record, shown_by))
    missing = [
        f"{name}.{field}"
        for name, candidates in classes.items()
        for field in getattr(schema().type_map.get(name), "fields", {})
        for record, shown_by in candidates
        if not hasattr(shown_by, snake(field))
        and snake(field) not in getattr(record, "__dataclass_fields__", {})
    ]
    assert missing == []


def test_the_documented_example_costs_what_the_documentation_says() -> None:
    """https://docs.github.com/graphql/overview/rate-limits-and-node-limits-for-the-graphql-api."""
    text = """{ viewer { repositories(first:50) { nodes { issues(first:100) { nodes {
        labels(first:60) { nodes { id } } } } } } } }"""
    document = graphql.parse(text)
    operation = document.definitions[0]
    assert isinstance(operation, graphql.OperationDefinitionNode)
    price = meter(schema(), document, {}).price(operation)
    assert (price.requests, price.cost) == (5051, 51)
