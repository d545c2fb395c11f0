from __future__ import annotations

import json
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from sandbox.faults import Fault, Faults
from sandbox.recording import Recording
from tests.sandbox_fixture import PATIENCE, SHOP, Sandbox


@pytest.mark.parametrize("path", ["/repos/acme/none", "/nothing/here", f"/repos/{SHOP}/issues/nine"])
def test_what_is_not_there_is_not_found_in_githubs_words(sandbox: Sandbox, path: str) -> None:
    answer = sandbox.client_as("ada").get(path)
    assert (answer.status_code, answer.json()["message"], answer.json()["status"]) == (
        404,
        "Not Found",
        "404",
    )


def test_a_private_repository_does_not_exist_for_strangers(sandbox: Sandbox) -> None:
    sandbox.world.repository(SHOP).private = True
    assert sandbox.client_as("bo").get(f"/repos/{SHOP}").status_code == 404
    assert sandbox.client().get(f"/repos/{SHOP}").status_code == 404
    assert sandbox.client_as("grace").get(f"/repos/{SHOP}").status_code == 200


def test_a_wrong_token_is_bad_credentials(sandbox: Sandbox) -> None:
    answer = sandbox.client("ghp_wrong").get(f"/repos/{SHOP}")
    assert (answer.status_code, answer.json()["message"]) == (401, "Bad credentials")


def test_a_missing_field_is_named(sandbox: Sandbox) -> None:
    answer = sandbox.client_as("ada").post(f"/repos/{SHOP}/issues", {"body": "no title"})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"resource": "Issue", "field": "title", "code": "missing_field"}]


def test_broken_json_is_refused(sandbox: Sandbox) -> None:
    answer = sandbox.client_as("ada").ask("POST", f"/repos/{SHOP}/issues", data=b"{")
    assert (answer.status_code, answer.json()["message"]) == (400, "Problems parsing JSON")


def test_json_is_read_as_curl_sends_it(sandbox: Sandbox) -> None:
    headers = {
        "Authorization": f"Bearer {sandbox.world.token_for('ada')}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    asked = json.dumps({"query": "{ viewer { login } }"})
    answer = requests.post(f"{sandbox.url}/graphql", asked, headers=headers, timeout=10)
    assert answer.json() == {"data": {"viewer": {"login": "ada"}}}


def test_an_answer_that_is_still_true_costs_nothing(sandbox: Sandbox) -> None:
    ada = sandbox.client_as("ada")
    first = ada.get(f"/repos/{SHOP}")
    second = ada.get(f"/repos/{SHOP}", headers={"If-None-Match": first.headers["ETag"]})
    assert (second.status_code, second.content) == (304, b"")
    assert second.headers["X-RateLimit-Remaining"] == first.headers["X-RateLimit-Remaining"]
    sandbox.github("ada").get_repo(SHOP).create_issue("Something changed")
    assert ada.get(f"/repos/{SHOP}", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_an_exhausted_rate_limit_says_when_it_is_full_again(sandbox: Sandbox) -> None:
    sandbox.world.faults.add(Fault(kind="rate_limit"))
    ada = sandbox.client_as("ada")
    refused = ada.get(f"/repos/{SHOP}")
    assert (refused.status_code, refused.headers["X-RateLimit-Remaining"]) == (403, "0")
    assert int(refused.headers["X-RateLimit-Reset"]) > sandbox.world.now().timestamp()
    assert ada.get(f"/repos/{SHOP}").status_code == 403
    sandbox.world.move_clock(timedelta(hours=1))
    assert ada.get(f"/repos/{SHOP}").status_code == 200


def test_a_secondary_limit_says_how_long_to_wait(sandbox: Sandbox) -> None:
    sandbox.world.faults.add(Fault(kind="secondary_limit", method="POST", seconds=7))
    refused = sandbox.client_as("ada").post(f"/repos/{SHOP}/issues", {"title": "Too fast"})
    assert (refused.status_code, refused.headers["Retry-After"]) == (403, "7")


def test_a_fault_happens_as_often_as_asked_where_asked(sandbox: Sandbox) -> None:
    sandbox.world.faults.add(Fault(kind="status", status=503, path="/issues", times=2))
    ada = sandbox.client_as("ada")
    assert ada.get(f"/repos/{SHOP}").status_code == 200
    assert [ada.get(f"/repos/{SHOP}/issues").status_code for _ in range(3)] == [503, 503, 200]


@pytest.mark.parametrize(("after_effect", "issues"), [(False, 0), (True, 1)], ids=["before", "after"])
def test_a_cut_connection_leaves_no_answer(sandbox: Sandbox, after_effect: bool, issues: int) -> None:
    sandbox.world.faults.add(Fault(kind="cut", method="POST", after_effect=after_effect))
    with pytest.raises(requests.ConnectionError):
        sandbox.client_as("ada").post(f"/repos/{SHOP}/issues", {"title": "Lost?"})
    assert len(sandbox.client_as("ada").get(f"/repos/{SHOP}/issues").json()) == issues


def test_an_error_may_come_after_the_work_was_done(sandbox: Sandbox) -> None:
    sandbox.world.faults.add(Fault(kind="status", status=502, method="POST", after_effect=True))
    ada = sandbox.client_as("ada")
    assert ada.post(f"/repos/{SHOP}/issues", {"title": "Done"}).status_code == 502
    assert [one["title"] for one in ada.get(f"/repos/{SHOP}/issues").json()] == ["Done"]


def test_latency_is_waited_for(sandbox: Sandbox) -> None:
    sandbox.world.faults.add(Fault(kind="latency", seconds=0.2))
    started = time.monotonic()
    sandbox.client_as("ada").get(f"/repos/{SHOP}")
    assert time.monotonic() - started >= 0.2


class ClearedOnceTaken(Faults):
    """Somebody who sees a fault taken clears it while whoever took it is held up."""

    def take(self, method: str, path: str, *kinds: str) -> Fault | None:
        fault = super().take(method, path, *kinds)
        somebody = threading.Thread(target=self.clear)
        somebody.start()
        somebody.join(0.2)
        return fault


def test_a_delay_that_is_cleared_before_anybody_waits_is_over() -> None:
    faults = ClearedOnceTaken()
    faults.add(Fault(kind="latency", seconds=10 * PATIENCE))
    waiting = threading.Thread(target=faults.wait_out, args=("GET", "/", "latency"), daemon=True)
    waiting.start()
    waiting.join(PATIENCE)
    assert not waiting.is_alive()


def test_another_process_sets_faults_moves_the_clock_counts_and_gets_tokens(sandbox: Sandbox) -> None:
    control = sandbox.client()
    assert control.post("/_sandbox/faults", {"kind": "status", "status": 500}).status_code == 201
    assert sandbox.client_as("ada").get(f"/repos/{SHOP}").status_code == 500
    assert control.post("/_sandbox/faults", {"kind": "status", "times": "many", "x": 1}).status_code == 422
    assert control.delete("/_sandbox/faults").status_code == 204
    before = sandbox.world.now()
    control.post("/_sandbox/clock", {"seconds": 3600})
    assert sandbox.world.now() - before >= timedelta(hours=1)
    token = control.post("/_sandbox/tokens", {"login": "cleo"}).json()["token"]
    assert sandbox.client(token).get("/user").json()["login"] == "cleo"
    counted = control.get("/_sandbox/exchanges?who=user:cleo").json()
    assert (counted["count"], counted["exchanges"][0]["template"]) == (1, "/user")


def test_every_exchange_is_kept_as_a_line_of_json(sandbox: Sandbox, tmp_path: Path) -> None:
    Recording(tmp_path / "record.jsonl").follow(sandbox.world)
    sandbox.client_as("ada").post(f"/repos/{SHOP}/issues", {"title": "Kept"})
    line = json.loads((tmp_path / "record.jsonl").read_text())
    assert (line["template"], line["status"], line["who"]) == (
        "/repos/{owner}/{repo}/issues",
        201,
        "user:ada",
    )
    assert line["response"]["title"] == "Kept"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/contents/:(glob)*", None, 404),
        ("GET", "/contents/src?ref=--output=/tmp/x", None, 404),
        ("GET", "/compare/--all...main", None, 404),
        ("GET", "/git/trees/--help", None, 404),
        ("GET", "/issues?since=yesterday", None, 422),
        ("PUT", "/contents/.git/config", {"message": "m", "content": "eA=="}, 422),
        ("PUT", "/contents/x", {"message": "m", "content": "!!"}, 422),
        ("POST", "/git/refs", {"ref": "refs/heads/../x", "sha": "0" * 40}, 422),
        ("POST", "/git/refs", {"ref": "refs/heads/x", "sha": "--help"}, 422),
        ("POST", "/merges", {"base": "main", "head": "--all"}, 404),
        ("POST", "/releases", {"tag_name": "a b"}, 422),
        ("POST", "/issues", [1], 422),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_makes_no_sense_is_refused_and_never_an_error_of_ours(
    sandbox: Sandbox, method: str, path: str, body: object, status: int
) -> None:
    answer = sandbox.client_as("ada").ask(method, f"/repos/{SHOP}{path}", json=body)
    assert answer.status_code == status, answer.text


def test_requests_at_once_do_not_lose_each_other(sandbox: Sandbox) -> None:
    def open_five() -> None:
        ada = sandbox.client_as("ada")
        for number in range(5):
            ada.post(f"/repos/{SHOP}/issues", {"title": str(number)})

    threads = [threading.Thread(target=open_five) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(sandbox.world.repository(SHOP).issues) == list(range(1, 31))
