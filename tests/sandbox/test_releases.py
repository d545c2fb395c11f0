from __future__ import annotations

import pytest
from github import UnknownObjectException

from tests.sandbox_fixture import SHOP, Sandbox


def test_a_release_makes_its_tag_at_the_target(sandbox: Sandbox) -> None:
    repository = sandbox.github("grace").get_repo(SHOP)
    first = repository.get_branch("main").commit.sha
    sandbox.world.commit(SHOP, {"x.txt": "x\n"}, "X")
    repository.create_git_release("v1", "One", "notes", target_commitish=first)
    assert [(tag.name, tag.commit.sha) for tag in repository.get_tags()] == [("v1", first)]
    assert repository.get_release("v1").body == "notes"


def test_a_draft_has_no_tag_is_not_found_by_it_and_shows_to_writers_only(sandbox: Sandbox) -> None:
    repository = sandbox.github("grace").get_repo(SHOP)
    draft = repository.create_git_release("v1", "One", "notes", draft=True)
    with pytest.raises(UnknownObjectException):
        repository.get_release("v1")
    assert [one.tag_name for one in repository.get_releases()] == ["v1"]
    assert list(sandbox.github("bo").get_repo(SHOP).get_releases()) == []
    draft.update_release("One", "notes", draft=False)
    assert repository.get_release("v1").name == "One"


def test_a_release_is_changed_and_the_latest_is_a_full_one(sandbox: Sandbox) -> None:
    repository = sandbox.github("grace").get_repo(SHOP)
    repository.create_git_release("v1", "One", "notes")
    repository.create_git_release("v2", "Two", "notes", prerelease=True)
    assert repository.get_latest_release().tag_name == "v1"
    repository.get_release("v1").update_release("One", "better notes")
    assert repository.get_release("v1").body == "better notes"


def test_notes_name_what_merged_since_the_last_release(sandbox: Sandbox) -> None:
    repository = sandbox.github("ada").get_repo(SHOP)
    repository.create_git_release("v1", "One", "notes")
    sandbox.world.commit(SHOP, {"x.txt": "x\n"}, "X", branch="fix")
    repository.create_pull(base="main", head="fix", title="Mend the till").merge()
    notes = repository.generate_release_notes("v2").body
    assert "* Mend the till by @ada in " in notes
    assert notes.endswith("/acme/shop/compare/v1...v2")


def test_notes_asked_for_stand_below_the_body_and_count_with_it(sandbox: Sandbox) -> None:
    sandbox.world.commit(SHOP, {"x.txt": "x\n"}, "X", branch="fix")
    sandbox.github("ada").get_repo(SHOP).create_pull(base="main", head="fix", title="Mend the till").merge()
    asked = {"tag_name": "v1", "body": "Ours", "generate_release_notes": True}
    grace = sandbox.client_as("grace")
    too_long = grace.post(f"/repos/{SHOP}/releases", {**asked, "body": "x" * 125_000})
    made = grace.post(f"/repos/{SHOP}/releases", asked)
    assert (too_long.status_code, made.status_code) == (422, 201)
    assert made.json()["body"].startswith("Ours\n\n## What's Changed\n* Mend the till by @ada in ")


def test_a_tag_has_one_release(sandbox: Sandbox) -> None:
    grace = sandbox.client_as("grace")
    answers = [grace.post(f"/repos/{SHOP}/releases", {"tag_name": "v1"}).status_code for _ in range(2)]
    assert answers == [201, 422]


def test_an_app_without_workflows_does_not_release_a_commit_that_changes_them(sandbox: Sandbox) -> None:
    app = sandbox.world.add_app("gate", owner="acme", permissions={"contents": "write"})
    token = sandbox.world.installation_token(sandbox.world.install(app, SHOP)).text
    sandbox.world.commit(SHOP, {".github/workflows/ci.yml": "on: push\n"}, "CI")
    app_client = sandbox.client(token)
    assert app_client.post(f"/repos/{SHOP}/releases", {"tag_name": "v1"}).status_code == 403
    sandbox.world.commit(SHOP, {"x.txt": "x\n"}, "X")
    assert app_client.post(f"/repos/{SHOP}/releases", {"tag_name": "v1"}).status_code == 201


def test_a_body_longer_than_github_keeps_is_refused(sandbox: Sandbox) -> None:
    long = {"tag_name": "v1", "body": "x" * 125_001}
    assert sandbox.client_as("grace").post(f"/repos/{SHOP}/releases", long).status_code == 422


def test_a_deleted_release_leaves_its_tag(sandbox: Sandbox) -> None:
    repository = sandbox.github("grace").get_repo(SHOP)
    repository.create_git_release("v1", "One", "notes").delete_release()
    assert list(repository.get_releases()) == []
    assert [tag.name for tag in repository.get_tags()] == ["v1"]
