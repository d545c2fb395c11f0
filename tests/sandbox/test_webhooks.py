from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator

import pytest

from sandbox.faults import Fault
from sandbox.state import App
from sandbox.webhooks import sign
from tests.sandbox_fixture import SHOP, Receiver, Sandbox, deliveries_of, start_receiver

EVENTS = ("push", "pull_request", "pull_request_review", "issues", "issue_comment", "label", "release")
SECRET = "a secret of the test"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with start_receiver() as running:
        yield running


@pytest.fixture
def app(sandbox: Sandbox, receiver: Receiver) -> App:
    app = sandbox.world.add_app(
        "gate",
        owner="acme",
        permissions={"contents": "read", "issues": "write", "pull_requests": "read"},
        events=EVENTS,
        webhook_url=receiver.url,
        webhook_secret=SECRET,
    )
    sandbox.world.install(app, SHOP)
    return app


def test_the_published_signature_vector() -> None:
    signature = sign("It's a Secret to Everybody", b"Hello, World!")
    assert signature == "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


def test_a_delivery_is_signed_and_carries_githubs_headers(
    sandbox: Sandbox, receiver: Receiver, app: App
) -> None:
    sandbox.world.commit(SHOP, {"x.txt": "x\n"}, "X")
    push = receiver.wait_for("push")
    digest = hmac.new(SECRET.encode(), push.body, hashlib.sha256).hexdigest()
    assert push.headers["X-Hub-Signature-256"] == f"sha256={digest}"
    assert push.headers["X-GitHub-Hook-Installation-Target-ID"] == str(app.id)
    assert push.headers["User-Agent"].startswith("GitHub-Hookshot/")
    assert push.payload["commits"][0]["added"] == ["x.txt"]
    assert push.payload["repository"]["full_name"] == SHOP
    assert push.payload["organization"]["login"] == "acme"
    assert push.payload["sender"]["login"] == "ada"


def test_a_pull_requests_life_is_told_in_order(sandbox: Sandbox, receiver: Receiver, app: App) -> None:
    sandbox.world.commit(SHOP, {"x.txt": "x\n"}, "X", branch="fix")
    pull = sandbox.github("ada").get_repo(SHOP).create_pull(base="main", head="fix", title="Fix")
    pull.add_to_labels("hotfix")
    sandbox.world.commit(SHOP, {"y.txt": "y\n"}, "Y", branch="fix")
    sandbox.github("grace").get_repo(SHOP).get_pull(1).create_review(event="APPROVE")
    pull.merge()
    sandbox.settle()
    told = [(one.event, one.payload.get("action")) for one in receiver.received]
    assert told == [
        ("installation", "created"),
        ("push", None),
        ("pull_request", "opened"),
        ("pull_request", "labeled"),
        ("push", None),
        ("pull_request", "synchronize"),
        ("pull_request_review", "submitted"),
        ("pull_request", "closed"),
        ("push", None),
    ]
    assert receiver.received[7].payload["pull_request"]["merged"] is True


def test_issues_comments_labels_and_releases_are_told(sandbox: Sandbox, receiver: Receiver, app: App) -> None:
    repository = sandbox.github("grace").get_repo(SHOP)
    repository.create_label("freeze", "ff0000")
    issue = repository.create_issue("Freeze", labels=["freeze"])
    comment = issue.create_comment("why")
    comment.edit("because")
    issue.edit(title="Thaw")
    issue.edit(state="closed")
    repository.create_git_release("v1", "v1", "notes")
    for event, action in (
        ("label", "created"),
        ("issues", "opened"),
        ("issue_comment", "created"),
        ("issue_comment", "edited"),
        ("issues", "edited"),
        ("issues", "closed"),
        ("release", "published"),
    ):
        assert receiver.wait_for(event, action).payload["installation"]["id"]


def test_events_the_app_did_not_ask_for_are_not_sent(sandbox: Sandbox, receiver: Receiver, app: App) -> None:
    installation = next(iter(sandbox.world.installations.values()))
    installation.events = ("issues",)
    sandbox.world.commit(SHOP, {"x.txt": "x\n"}, "X")
    sandbox.github("ada").get_repo(SHOP).create_issue("One")
    sandbox.settle()
    assert [one.event for one in receiver.received] == ["installation", "issues"]


def test_a_failed_delivery_is_listed_and_repeated_under_its_guid(
    sandbox: Sandbox, receiver: Receiver, app: App
) -> None:
    sandbox.settle()
    receiver.status = 503
    sandbox.github("ada").get_repo(SHOP).create_issue("One")
    sandbox.settle()
    receiver.status = 202
    client = sandbox.client_of(app)
    (failed,) = client.get("/app/hook/deliveries?status=failure").json()
    assert (failed["event"], failed["status_code"]) == ("issues", 503)
    assert client.post(f"/app/hook/deliveries/{failed['id']}/attempts").status_code == 202
    sandbox.settle()
    again = client.get("/app/hook/deliveries").json()[0]
    assert (again["guid"], again["redelivery"], again["status"]) == (failed["guid"], True, "OK")
    whole = client.get(f"/app/hook/deliveries/{again['id']}").json()
    assert whole["request"]["payload"]["issue"]["title"] == "One"


def test_deliveries_are_paged_by_cursor(sandbox: Sandbox, receiver: Receiver, app: App) -> None:
    repository = sandbox.github("ada").get_repo(SHOP)
    for number in range(3):
        repository.create_issue(str(number))
    sandbox.settle()
    client = sandbox.client_of(app)
    first = client.get("/app/hook/deliveries?per_page=2")
    second = client.session.get(
        first.links["next"]["url"], headers={"Authorization": f"Bearer {client.token}"}
    ).json()
    ids = [one["id"] for one in (*first.json(), *second)]
    assert len(ids) == 4
    assert ids == sorted(ids, reverse=True)


def test_a_dropped_delivery_never_arrives_and_is_listed_as_failed(
    sandbox: Sandbox, receiver: Receiver, app: App
) -> None:
    sandbox.settle()
    sandbox.world.faults.add(Fault(kind="webhook_drop", path="issues"))
    sandbox.github("ada").get_repo(SHOP).create_issue("Lost")
    sandbox.settle()
    assert [one.event for one in receiver.received] == ["installation"]
    failed = sandbox.client_of(app).get("/app/hook/deliveries?status=failure").json()
    assert [one["event"] for one in failed] == ["issues"]


def test_a_doubled_delivery_arrives_twice_under_one_guid(
    sandbox: Sandbox, receiver: Receiver, app: App
) -> None:
    sandbox.settle()
    sandbox.world.faults.add(Fault(kind="webhook_duplicate", path="issues"))
    sandbox.github("ada").get_repo(SHOP).create_issue("Twice")
    sandbox.settle()
    guids = [one.headers["X-GitHub-Delivery"] for one in receiver.received if one.event == "issues"]
    assert len(guids) == 2
    assert len(set(guids)) == 1


def test_a_door_that_is_closed_is_a_failure_too(sandbox: Sandbox, app: App) -> None:
    sandbox.settle()
    app.webhook_url = "http://127.0.0.1:9/webhook"
    sandbox.github("ada").get_repo(SHOP).create_issue("Nobody home")
    sandbox.settle()
    (delivery,) = deliveries_of(sandbox.world, "issues")
    assert (delivery.status_code, delivery.status) == (0, "failed to connect to host")


def test_an_installations_life_is_told(sandbox: Sandbox, receiver: Receiver, app: App) -> None:
    installation = next(iter(sandbox.world.installations.values()))
    sandbox.world.add_repository("acme/other", files={"README.md": "# Other\n"})
    sandbox.world.extend_installation(installation, "acme/other")
    client = sandbox.client_of(app)
    client.put(f"/app/installations/{installation.id}/suspended")
    client.delete(f"/app/installations/{installation.id}/suspended")
    client.delete(f"/app/installations/{installation.id}")
    sandbox.settle()
    told = [(one.event, one.payload["action"]) for one in receiver.received]
    assert told == [
        ("installation", "created"),
        ("installation_repositories", "added"),
        ("installation", "suspend"),
        ("installation", "unsuspend"),
        ("installation", "deleted"),
    ]
    added = receiver.received[1].payload["repositories_added"]
    assert [one["full_name"] for one in added] == ["acme/other"]
