"""The log where people look, with many writers at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from gateway.errors import Unavailable
from gateway.github import GitHub
from gateway.pull_lines import Remark, question, remarks_wanted, write_remarks
from gateway.pull_lines import document as lines_document
from gateway.record import log_entries
from gateway.releases import document
from gateway.turns import REF, TAG, Kept, turn
from protocol.changes import Part
from protocol.continuation import older
from protocol.deployed_lines import MARKER
from protocol.entry import Entry, entries_in, upsert
from sandbox.faults import Fault
from tests.entries import AT, make_entry
from tests.waiting import SHOP, WaitingShop

RELEASED = "v1.2.0"


@pytest.fixture
def sha(shop: WaitingShop) -> str:
    shop.push()
    return shop.push(two_dot_py="2\n").sha  # a release of a commit that touches workflows needs more rights


def in_release(github: GitHub) -> tuple[Entry, ...]:
    release = github.release_for(RELEASED)
    assert release is not None
    return entries_in(release.body)


def test_twenty_deployments_that_end_together_leave_twenty_entries(shop: WaitingShop, sha: str) -> None:
    entries = [make_entry(sha=sha, deployment_id=at, environment=f"shop-{at}") for at in range(1, 21)]

    def write(entry: Entry) -> None:
        github = shop.github()
        github.write_log(entry, tag=RELEASED)
        github.close()

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(write, entries))
    found = in_release(shop.github())
    assert len(found) == 20
    assert {entry.key: entry for entry in found} == {entry.key: entry for entry in entries}


def test_every_environment_has_one_line_on_the_pull_request(shop: WaitingShop, sha: str) -> None:
    number, gate = shop.merged()

    def write(environment: str) -> None:
        github = shop.github()
        github.write_log(make_entry(sha=gate.sha, environment=environment), tag=None, pulls=[number])
        github.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, ["staging", "production", "europe", "asia"]))
    (comment,) = shop.repository.issues[number].comments
    assert comment.body.startswith(MARKER)
    assert [line.split(":")[0] for line in comment.body.splitlines()[3:]] == [
        "- asia",
        "- europe",
        "- production",
        "- staging",
    ]


def test_a_turn_that_a_dead_writer_left_is_taken_after_a_while(shop: WaitingShop, sha: str) -> None:
    shop.ask("POST", "/git/refs", {"ref": REF, "sha": sha})
    with turn(shop.github(), sha, patience=0.3) as ours:
        pass
    assert ours.alone


def test_a_token_that_may_make_no_ref_looks_again_after_writing(shop: WaitingShop, sha: str) -> None:
    number, gate = shop.merged()
    github = shop.github(without=("contents",))
    with turn(github, gate.sha) as ours:
        pass
    assert not ours.alone
    written = github.write_log(make_entry(sha=gate.sha), tag=None, pulls=[number])
    assert written.problems == ()


def made_refs(shop: WaitingShop) -> list[str]:
    asked = (one for one in shop.world.exchanges if one.path.endswith("/git/refs") and one.method == "POST")
    return [one.request_body["ref"] for one in asked if one.status == 201]


REFUSED = {
    "beside branches and tags": (2, [TAG]),
    "altogether": (None, []),
}


@pytest.mark.parametrize(("times", "made"), REFUSED.values(), ids=REFUSED)
def test_where_github_refuses_our_ref_the_entry_is_written_and_looked_at_again(
    shop: WaitingShop, sha: str, times: int | None, made: list[str]
) -> None:
    number, _ = shop.merged()
    shop.world.faults.add(Fault(kind="status", method="POST", path="/git/refs$", times=times, status=422))
    entry, github = make_entry(sha=sha), shop.github()
    assert github.write_log(entry, tag=RELEASED, pulls=[number]).problems == ()
    shop.world.faults.clear()
    assert in_release(github) == (entry,)
    assert made_refs(shop) == made
    assert [ref for ref in (REF, TAG) if shop.world.git(shop.repository).ref(ref)] == []
    asked = [one.request_body["query"] for one in shop.world.exchanges if one.path == "/graphql"]
    assert sum("release(tagName: $tag)" in question for question in asked) == 2


def test_a_ref_that_github_does_not_let_go_holds_nobody_for_ever(shop: WaitingShop, sha: str) -> None:
    shop.ask("POST", "/git/refs", {"ref": REF, "sha": sha})
    shop.world.faults.add(Fault(kind="status", method="DELETE", path="/git/refs/", times=1, status=422))
    with turn(shop.github(), sha, patience=0.2) as ours:
        assert made_refs(shop)[-1] == TAG
    assert not ours.alone


def test_a_turn_one_died_in_oneself_is_given_back_and_not_waited_for(shop: WaitingShop, sha: str) -> None:
    shop.ask("POST", "/git/refs", {"ref": REF, "sha": sha})
    written_down: list[str] = []
    kept = Kept(left=REF, keep=written_down.append)
    with turn(shop.github(), sha, kept=kept, sleep=lambda _: pytest.fail("waited")) as ours:
        assert (written_down, kept.left) == ([REF], "")
    assert (written_down, ours.alone) == ([REF, ""], True)


def test_fifty_pull_requests_hear_of_it_in_one_request_more_than_none(shop: WaitingShop, sha: str) -> None:
    numbers = opened_at_once(shop, 50)
    github = shop.github()
    for environment, words in (("staging", 1), ("production", 2)):
        shop.responses.clear()
        entry = make_entry(sha=sha, environment=environment, version="1.2.3")
        assert github.write_log(entry, tag=None, pulls=numbers).problems == ()
        asked = [one for one in shop.responses if "access_tokens" not in one.path]
        assert len(asked) == 1 + 1 + 2  # what stands there, fifty lines, and our turn
        assert lines_on(shop, numbers) == {(words,)}


def lines_on(shop: WaitingShop, numbers: list[int]) -> set[tuple[int, ...]]:
    """On how many comments of a pull request how many lines stand."""
    comments = [shop.repository.issues[number].comments for number in numbers]
    return {tuple(one.body.count("Success - 1.2.3") for one in these) for these in comments}


@pytest.mark.parametrize(
    ("written", "more"),
    [
        pytest.param(0, 2, id="nothing was written"),
        pytest.param(5, 1, id="a part was written"),
        pytest.param(12, 0, id="all was written"),
    ],
)
def test_where_github_ends_the_request_what_is_left_follows_and_nothing_twice(
    shop: WaitingShop, sha: str, written: int, more: int
) -> None:
    numbers = opened_at_once(shop, 12)
    github = shop.github()
    remarks = remarks_on(github, make_entry(sha=sha, version="1.2.3"), numbers)
    write_remarks(github, remarks[:written])
    shop.world.faults.add(Fault(kind="status", path="graphql", status=502))
    shop.responses.clear()
    assert write_remarks(github, remarks) == ()
    assert len(shop.responses) == 1 + 1 + more  # all at once, what stands, and ten at a time
    assert lines_on(shop, numbers) == {(1,)}


def test_without_an_answer_nothing_is_written_again(shop: WaitingShop, sha: str) -> None:
    numbers, github = [opened(shop, "topic")], shop.github()
    remarks = remarks_on(github, make_entry(sha=sha, version="1.2.3"), numbers)
    shop.world.faults.add(Fault(kind="cut", path="graphql", after_effect=True))
    with pytest.raises(Unavailable):
        write_remarks(github, remarks)
    assert lines_on(shop, numbers) == {(1,)}


def remarks_on(github: GitHub, entry: Entry, numbers: list[int]) -> tuple[Remark, ...]:
    found = github.connection.graphql(question(numbers), {"owner": "acme", "name": "shop"})
    return remarks_wanted(github, entry, numbers, found.data["repository"], where="")


def opened_at_once(shop: WaitingShop, how_many: int) -> list[int]:
    """Pull requests of the same commit."""
    sha = shop.world.commit(SHOP, {"topic.py": "1\n"}, "Topic", branch="topic", quiet=True)
    branches = [f"topic-{at}" for at in range(how_many)]
    for branch in branches:
        shop.world.git(shop.repository).set_ref(f"refs/heads/{branch}", sha)
    return [pull_of(shop, branch) for branch in branches]


def opened(shop: WaitingShop, branch: str) -> int:
    shop.world.commit(SHOP, {f"{branch}.py": "1\n"}, branch, branch=branch, quiet=True)
    return pull_of(shop, branch)


def pull_of(shop: WaitingShop, branch: str) -> int:
    return int(shop.ask("POST", "/pulls", {"title": branch, "head": branch, "base": "main"})["number"])


def test_a_pull_request_that_does_not_take_its_line_is_named_and_the_others_have_theirs(
    shop: WaitingShop, sha: str
) -> None:
    number = opened(shop, "topic")
    written = shop.github().write_log(make_entry(sha=sha), tag=None, pulls=[number, 998, 999])
    [problem] = written.problems
    assert problem.startswith("Pull requests #998 and #999: could not be read")
    assert len(shop.repository.issues[number].comments) == 1


def test_our_mark_in_another_s_words_is_left_alone(shop: WaitingShop, sha: str) -> None:
    number = opened(shop, "topic")
    shop.ask("POST", f"/issues/{number}/comments", {"body": f"{MARKER}\nmine"})
    shop.github().write_log(make_entry(sha=sha), tag=None, pulls=[number])
    theirs, ours = shop.repository.issues[number].comments
    assert (theirs.body, ours.body.startswith(MARKER)) == (f"{MARKER}\nmine", True)


def test_words_on_pull_requests_are_never_part_of_the_request() -> None:
    remark = Remark(number=1, node='x") { id } #', text='y") { id } #', is_there=False)
    assert ") { id } #" not in lines_document([remark])


def test_what_github_does_not_take_is_said_and_the_rest_is_written(shop: WaitingShop, sha: str) -> None:
    number, _ = shop.merged()
    entry = make_entry(sha="f" * 40)
    written = shop.github().write_log(entry, tag=RELEASED, pulls=[number])
    assert written.problems[0].startswith("Release: ")
    assert len(shop.repository.issues[number].comments) == 1


def test_a_full_release_goes_on_in_an_issue_and_leads_there(shop: WaitingShop, sha: str) -> None:
    github = shop.github()
    entries = [
        make_entry(sha=sha, deployment_id=at, at=AT + timedelta(minutes=at), issues=("x" * 20_000,))
        for at in range(1, 7)
    ]
    for entry in entries:
        assert github.write_log(entry, tag=RELEASED).problems == ()
    release = github.release_for(RELEASED)
    assert release is not None
    numbers = older(release.body)
    moved = [one for number in numbers for one in entries_in(shop.repository.issues[number].body or "")]
    assert len(numbers) >= 1
    assert len(release.body) <= 125_000
    assert sorted(entry.deployment_id or 0 for entry in (*entries_in(release.body), *moved)) == [*range(1, 7)]
    for number in numbers:
        issue = shop.repository.issues[number]
        assert (issue.title, issue.state) == (f"Deployment log of {RELEASED}, continued", "closed")
        assert f"[v1.2.0]({release.url})" in (issue.body or "")


def test_a_release_that_others_have_filled_is_left_as_it_is_and_that_is_said(
    shop: WaitingShop, sha: str
) -> None:
    github, theirs = shop.github(), "x" * 124_500
    github.create_release(RELEASED, sha=sha, body=theirs)
    written = github.write_log(make_entry(sha=sha), tag=RELEASED)
    assert "no room for the log. Shorten what is written there" in written.problems[0]
    release = github.release_for(RELEASED)
    assert release is not None
    assert release.body == theirs
    assert not github.find_issues(labels=["deployment-log"], state="all")


def test_a_log_whose_older_part_was_deleted_is_read_and_goes_on(shop: WaitingShop, sha: str) -> None:
    github = shop.github()
    long = [
        make_entry(sha=sha, deployment_id=at, at=AT + timedelta(minutes=at), issues=("x" * 40_000,))
        for at in range(1, 4)
    ]
    for entry in long[:2]:
        github.write_log(entry, tag=RELEASED)
    [number] = shop.repository.issues
    del shop.repository.issues[number]
    assert github.write_log(long[2], tag=RELEASED).problems == ()
    assert [entry.deployment_id for entry in log_entries(github)] == [3, 2]


def test_an_entry_that_fills_an_issue_alone_is_cut_and_still_read_back(shop: WaitingShop, sha: str) -> None:
    github = shop.github()
    long = make_entry(sha=sha, deployment_id=1, issues=("<" * 10_000,), changes="x" * 10_000)
    for entry in (
        long,
        make_entry(sha=sha, deployment_id=2, at=AT + timedelta(hours=1), issues=("y" * 20_000,)),
    ):
        assert github.write_log(entry, tag=RELEASED).problems == ()
    found = {entry.deployment_id: entry for entry in log_entries(github)}
    assert found[1].changes == "x" * 4_999 + "…"
    assert set(found) == {1, 2}


def test_a_release_of_ours_has_github_s_notes_where_the_version_has_none(shop: WaitingShop) -> None:
    _, gate = shop.merged()
    github = shop.github()
    github.write_log(make_entry(sha=gate.sha), tag="v2")
    github.write_log(make_entry(sha=gate.sha, notes_url="https://shop.test/CHANGELOG.md"), tag="v3")
    bodies = {one.tag: one.body or "" for one in shop.repository.releases.values()}
    assert "* Sell more by @ada in " in bodies["v2"]
    assert "What's Changed" not in bodies["v3"]
    assert len(entries_in(bodies["v2"])) == len(entries_in(bodies["v3"])) == 1


def test_where_github_s_notes_leave_no_room_the_release_is_made_without(shop: WaitingShop, sha: str) -> None:
    shop.world.faults.add(Fault(kind="status", method="POST", path="/releases$", status=422))
    entry = make_entry(sha=sha)
    assert shop.github().write_log(entry, tag=RELEASED).problems == ()
    [release] = shop.repository.releases.values()
    assert release.body == upsert(None, entry)


def test_people_s_words_come_back_as_they_were(shop: WaitingShop, sha: str) -> None:
    words = "**b** <script> 👩‍🚀 \u202eאבג\u202c <!-- x --> " + "long " * 2_000
    part = Part(number=3, title=words, authors=(words,))
    entry = make_entry(sha=sha, deployer=words, issues=(words,), changes=words, included=(part,))
    github = shop.github()
    github.write_log(entry, tag=RELEASED)
    assert in_release(github) == (entry,)


def test_the_question_names_each_pull_request() -> None:
    assert "p1: pullRequest(number: 9)" in document(True, [7, 9])
    assert "release" not in document(False, [7])
    assert SHOP not in document(True, [])
