from __future__ import annotations

import base64
import io
import os
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
from github import InputGitTreeElement

from sandbox.git import EMPTY_TREE, ZERO
from sandbox.shapes.basics import node_id
from sandbox.state import Push
from tests.sandbox_fixture import SHOP, Sandbox


def git(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TERMINAL_PROMPT": "0"}
    identity = ("-c", "user.name=ada", "-c", "user.email=ada@shop.example")
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=directory, env=env, capture_output=True, text=True, check=False)


def address(sandbox: Sandbox, login: str | None = None) -> str:
    password = f"x-access-token:{sandbox.world.token_for(login)}@" if login else ""
    return sandbox.url.replace("http://", f"http://{password}") + f"/{SHOP}.git"


def test_a_real_clone_has_the_files_and_a_real_push_moves_the_branch(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    pushes: list[Push] = []
    sandbox.world.on_push.append(pushes.append)
    assert git(tmp_path, "clone", "-q", address(sandbox, "grace"), "work").returncode == 0
    work = tmp_path / "work"
    assert (work / "README.md").read_text() == "# Shop\n"
    (work / "big.bin").write_bytes(os.urandom(2_000_000))  # large enough to be sent in chunks
    git(work, "add", "big.bin")
    git(work, "commit", "-q", "-m", "Big")
    pushed = git(work, "push", "origin", "main", "main:refs/tags/v1")
    assert pushed.returncode == 0, pushed.stderr
    assert [(push.ref, push.pusher.login) for push in pushes] == [
        ("refs/heads/main", "grace"),
        ("refs/tags/v1", "grace"),
    ]
    assert sandbox.world.git(sandbox.world.repository(SHOP)).tip("main") == pushes[0].after


def test_a_public_repository_is_cloned_without_a_token(sandbox: Sandbox, tmp_path: Path) -> None:
    assert git(tmp_path, "clone", "-q", address(sandbox), "work").returncode == 0


def test_a_private_one_asks_who_is_there(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.world.repository(SHOP).private = True
    assert git(tmp_path, "clone", "-q", address(sandbox), "work").returncode != 0
    assert git(tmp_path, "clone", "-q", address(sandbox, "bo"), "work").returncode != 0
    assert git(tmp_path, "clone", "-q", address(sandbox, "grace"), "work").returncode == 0


def test_a_stranger_does_not_push(sandbox: Sandbox, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", address(sandbox, "bo"), "work")
    git(tmp_path / "work", "commit", "-q", "--allow-empty", "-m", "Mine")
    pushed = git(tmp_path / "work", "push", "origin", "main")
    assert pushed.returncode != 0
    assert "403" in pushed.stderr


def test_files_are_written_through_contents_with_their_present_sha(sandbox: Sandbox) -> None:
    repository = sandbox.github("grace").get_repo(SHOP)
    known = repository.get_contents("README.md")
    assert not isinstance(known, list)
    repository.update_file("README.md", "Better", "# Better shop\n", known.sha)
    after = repository.get_contents("README.md")
    assert not isinstance(after, list)
    assert after.decoded_content == b"# Better shop\n"
    stale = {"message": "Stale", "content": base64.b64encode(b"x").decode(), "sha": known.sha}
    assert sandbox.client_as("grace").put(f"/repos/{SHOP}/contents/README.md", stale).status_code == 409


def test_a_path_with_nothing_between_its_slashes_is_refused(sandbox: Sandbox) -> None:
    asked = {"message": "Nowhere", "content": ""}
    answer = sandbox.client_as("grace").put(f"/repos/{SHOP}/contents/a//b", asked)
    assert (answer.status_code, answer.json()["message"]) == (
        422,
        "path contains a malformed path component",
    )


@pytest.mark.parametrize(
    "name",
    ["plain.txt", "with blanks/in it", 'a "quoted" one', "back\\slash", "two\nlines", "grüße/é"],
    ids=["plain", "blanks", "quotes", "a backslash", "two lines", "not ASCII"],
)
def test_a_file_may_have_any_name_and_content(sandbox: Sandbox, name: str) -> None:
    git = sandbox.world.git(sandbox.world.repository(SHOP))
    content = b'\x00\xff\nM 100644 inline "other"\ndata 1\n'
    sha = sandbox.world.commit(SHOP, {name: content}, "data 3\nodd", quiet=True)
    assert git.file(sha, name) == content
    assert git.commit_of(sha).message == "data 3\nodd"
    gone = sandbox.world.commit(SHOP, {name: None}, "Take it away", quiet=True)
    assert [entry.path for entry in git.tree(gone)] == ["README.md", "migrations", "src"]


def test_contents_lists_a_directory_and_gives_a_raw_file_at_a_ref(sandbox: Sandbox) -> None:
    sandbox.world.commit(SHOP, {"src/app.py": "print('later')\n"}, "Later", branch="later")
    ada = sandbox.client_as("ada")
    listed = ada.get(f"/repos/{SHOP}/contents/src").json()
    assert [(one["path"], one["type"]) for one in listed] == [("src/app.py", "file")]
    raw = {"Accept": "application/vnd.github.raw+json"}
    there = ada.get(f"/repos/{SHOP}/contents/src/app.py?ref=later", headers=raw)
    assert there.text == "print('later')\n"
    assert ada.get(f"/repos/{SHOP}/contents/nothing").status_code == 404


@pytest.mark.parametrize(
    ("base", "head", "standing"),
    [
        ("main", "ahead", ("ahead", 1, 0)),
        ("ahead", "main", ("behind", 0, 1)),
        ("ahead", "other", ("diverged", 1, 1)),
        ("main", "main", ("identical", 0, 0)),
    ],
    ids=["ahead", "behind", "diverged", "identical"],
)
def test_compare_says_how_two_refs_stand(
    sandbox: Sandbox, base: str, head: str, standing: tuple[str, int, int]
) -> None:
    sandbox.world.commit(SHOP, {"ahead.txt": "x\n"}, "Ahead", branch="ahead")
    sandbox.world.commit(SHOP, {"other.txt": "x\n"}, "Other", branch="other")
    compared = sandbox.github("ada").get_repo(SHOP).compare(base, head)
    assert (compared.status, compared.ahead_by, compared.behind_by) == standing
    assert len(list(compared.commits)) == compared.ahead_by


def test_compare_names_changed_renamed_and_removed_files(sandbox: Sandbox) -> None:
    files = {"README.md": "# New\n", "src/app.py": None, "src/main.py": "print('hello')\n", "a b.txt": "x\n"}
    sandbox.world.commit(SHOP, files, "Many", branch="many")
    compared = sandbox.github("ada").get_repo(SHOP).compare("main", "many")
    found = {file.filename: (file.status, file.previous_filename) for file in compared.files}
    assert found == {
        "README.md": ("modified", None),
        "a b.txt": ("added", None),
        "src/main.py": ("renamed", "src/app.py"),
    }


def test_merges_answer_201_then_204_and_409_on_a_conflict(sandbox: Sandbox) -> None:
    sandbox.world.commit(SHOP, {"x.txt": "x\n"}, "X", branch="one")
    sandbox.world.commit(SHOP, {"README.md": "one\n"}, "One", branch="two")
    sandbox.world.commit(SHOP, {"README.md": "two\n"}, "Two")
    grace = sandbox.client_as("grace")
    answers = [
        grace.post(f"/repos/{SHOP}/merges", {"base": "main", "head": head}).status_code
        for head in ("one", "one", "two", "nowhere")
    ]
    assert answers == [201, 204, 409, 404]


def test_refs_are_made_moved_and_deleted(sandbox: Sandbox) -> None:
    repository = sandbox.github("grace").get_repo(SHOP)
    first = repository.get_branch("main").commit.sha
    second = sandbox.world.commit(SHOP, {"x.txt": "x\n"}, "X")
    ref = repository.create_git_ref("refs/heads/release/1", first)
    assert repository.get_git_ref("heads/release/1").object.sha == first
    ref.edit(second)
    assert repository.get_branch("release/1").commit.sha == second
    back = sandbox.client_as("grace").patch(f"/repos/{SHOP}/git/refs/heads/release/1", {"sha": first})
    assert (back.status_code, back.json()["message"]) == (422, "Update is not a fast forward")
    ref.delete()
    assert [branch.name for branch in repository.get_branches()] == ["main"]


def test_a_commit_shows_its_files_and_its_author(sandbox: Sandbox) -> None:
    sha = sandbox.world.commit(SHOP, {"x.txt": "x\ny\n"}, "X", author=sandbox.world.user("grace"))
    commit = sandbox.github("ada").get_repo(SHOP).get_commit(sha)
    assert commit.author.login == "grace"
    assert [(file.filename, file.additions) for file in commit.files] == [("x.txt", 2)]


def test_a_file_is_deleted_with_its_present_sha(sandbox: Sandbox) -> None:
    grace = sandbox.client_as("grace")
    sha = grace.get(f"/repos/{SHOP}/contents/README.md").json()["sha"]
    path = f"/repos/{SHOP}/contents/README.md"
    assert grace.delete(path, {"message": "Gone", "sha": "0" * 40}).status_code == 409
    assert grace.delete(path, {"message": "Gone", "sha": sha}).json()["content"] is None
    assert grace.get(path).status_code == 404


def test_trees_blobs_and_archives_are_the_ones_git_has(sandbox: Sandbox) -> None:
    ada = sandbox.client_as("ada")
    tree = ada.get(f"/repos/{SHOP}/git/trees/main?recursive=1").json()["tree"]
    blob = next(entry["sha"] for entry in tree if entry["path"] == "src/app.py")
    content = ada.get(f"/repos/{SHOP}/git/blobs/{blob}").json()["content"]
    assert base64.b64decode(content) == b"print('hello')\n"
    archive = ada.get(f"/repos/{SHOP}/tarball/main").content
    with tarfile.open(fileobj=io.BytesIO(archive)) as names:
        assert any(name.endswith("/src/app.py") for name in names.getnames())


def test_commits_are_listed_newest_first_and_by_path(sandbox: Sandbox) -> None:
    sandbox.world.commit(SHOP, {"README.md": "# Other\n"}, "Second")
    sandbox.world.commit(SHOP, {"x.txt": "x\n"}, "Third")
    repository = sandbox.github("ada").get_repo(SHOP)
    assert [one.commit.message for one in repository.get_commits()] == ["Third", "Second", "First commit"]
    touched = [one.commit.message for one in repository.get_commits(path="README.md")]
    assert touched == ["Second", "First commit"]


def test_a_ref_that_is_neither_branch_nor_tag_moves_in_silence(sandbox: Sandbox) -> None:
    pushes: list[Push] = []
    sandbox.world.on_push.append(pushes.append)
    ada, refs = sandbox.client_as("ada"), f"/repos/{SHOP}/git/refs"
    sha = ada.get(f"/repos/{SHOP}/commits/main").json()["sha"]
    assert ada.post(refs, {"ref": "refs/notes/log", "sha": sha}).status_code == 201
    assert ada.post(refs, {"ref": "refs/notes/log", "sha": sha}).status_code == 422
    assert ada.delete(f"{refs}/notes/log").status_code == 204
    assert pushes == []


def test_what_is_remembered_of_git_ends_when_a_ref_moves_even_behind_our_back(sandbox: Sandbox) -> None:
    ours = sandbox.world.git(sandbox.world.repositories[SHOP])
    before = ours.tip("main")
    tree = git(ours.path, "rev-parse", "main^{tree}").stdout.strip()
    after = git(ours.path, "commit-tree", tree, "-m", "behind our back").stdout.strip()
    assert ours.resolve("later") is None
    git(ours.path, "update-ref", "refs/heads/main", after)
    git(ours.path, "update-ref", "refs/heads/later", after)
    assert before != after
    assert (ours.tip("main"), ours.resolve("later")) == (after, after)
    git(ours.path, "pack-refs", "--all")
    assert ours.refs("refs/heads/later") == {"refs/heads/later": after}


# Objects one by one, and refs all at once


def test_a_commit_is_made_of_a_blob_and_a_tree_and_stands_on_no_branch_yet(sandbox: Sandbox) -> None:
    repository = sandbox.github("grace").get_repo(SHOP)
    main = repository.get_branch("main").commit
    blob = repository.create_git_blob("aGVsbG8K", "base64")
    files = [
        InputGitTreeElement("docs/hello.txt", "100644", "blob", sha=blob.sha),
        InputGitTreeElement("docs/inline.txt", "100644", "blob", content="inline\n"),
        InputGitTreeElement("src/app.py", "100644", "blob", sha=None),
    ]
    tree = repository.create_git_tree(files, main.commit.tree)
    commit = repository.create_git_commit("By hand", tree, [main.commit])
    assert repository.get_branch("main").commit.sha == main.sha
    git = sandbox.world.git(sandbox.world.repository(SHOP))
    assert (git.file(commit.sha, "docs/hello.txt"), git.file(commit.sha, "docs/inline.txt")) == (
        b"hello\n",
        b"inline\n",
    )
    assert git.file(commit.sha, "src/app.py") is None
    assert git.commit_of(commit.sha).parents == (main.sha,)


NO_OBJECTS = {
    "a blob that is no Base64": ("blobs", {"content": "?", "encoding": "base64"}),
    "a tree on a base that is not there": ("trees", {"base_tree": ZERO, "tree": []}),
    "a tree of what is not there": (
        "trees",
        {"tree": [{"path": "x", "mode": "100644", "type": "blob", "sha": ZERO}]},
    ),
    "a commit of no tree": ("commits", {"message": "x", "tree": ZERO}),
    "a commit in another's name": (
        "commits",
        {"message": "x", "tree": EMPTY_TREE, "author": {"name": "bo", "email": "bo@shop.example"}},
    ),
}


@pytest.mark.parametrize(("kind", "body"), NO_OBJECTS.values(), ids=NO_OBJECTS)
def test_an_object_that_cannot_be_is_refused(sandbox: Sandbox, kind: str, body: dict[str, Any]) -> None:
    sandbox.world.git(sandbox.world.repository(SHOP)).run("hash-object", "-w", "-t", "tree", "/dev/null")
    answer = sandbox.client_as("grace").post(f"/repos/{SHOP}/git/{kind}", body)
    assert answer.status_code == 422, answer.text


UPDATE = """mutation($input: UpdateRefsInput!) { updateRefs(input: $input) { clientMutationId } }"""


def update_refs(sandbox: Sandbox, login: str, *updates: dict[str, Any]) -> dict[str, Any]:
    home = node_id("Repository", sandbox.world.repository(SHOP).id)
    given = {"repositoryId": home, "refUpdates": updates, "clientMutationId": "me"}
    asked = {"query": UPDATE, "variables": {"input": given}}
    answer: dict[str, Any] = sandbox.client_as(login).post("/graphql", asked).json()
    return answer


def branches(sandbox: Sandbox) -> dict[str, str]:
    return sandbox.world.git(sandbox.world.repository(SHOP)).refs("refs/heads")


def test_refs_move_together_when_each_stands_where_it_was_said_to(sandbox: Sandbox) -> None:
    pushes: list[Push] = []
    sandbox.world.on_push.append(pushes.append)
    first = branches(sandbox)["refs/heads/main"]
    made = {"name": "refs/heads/lock", "beforeOid": ZERO, "afterOid": first}
    assert update_refs(sandbox, "grace", made) == {"data": {"updateRefs": {"clientMutationId": "me"}}}
    gone = {"name": "refs/heads/lock", "beforeOid": first, "afterOid": ZERO}
    assert "errors" not in update_refs(sandbox, "grace", gone)
    assert branches(sandbox) == {"refs/heads/main": first}
    assert [(push.before, push.after) for push in pushes] == [(ZERO, first), (first, ZERO)]


def test_one_ref_that_moved_meanwhile_keeps_all_where_they_are(sandbox: Sandbox) -> None:
    first = branches(sandbox)["refs/heads/main"]
    second = sandbox.world.commit(SHOP, {"x.txt": "x\n"}, "X")
    made = {"name": "refs/heads/lock", "afterOid": first}
    stale = {"name": "refs/heads/main", "beforeOid": first, "afterOid": first, "force": True}
    answer = update_refs(sandbox, "grace", made, stale)
    assert answer["errors"][0]["type"] == "UNPROCESSABLE"
    assert branches(sandbox) == {"refs/heads/main": second}


REFUSED = {
    "a stranger": ("bo", "refs/heads/mine", False, "FORBIDDEN"),
    "a name that is no ref": ("grace", "main", False, "UNPROCESSABLE"),
    "a step back that is not forced": ("grace", "refs/heads/main", False, "UNPROCESSABLE"),
}


@pytest.mark.parametrize(("login", "name", "force", "kind"), REFUSED.values(), ids=REFUSED)
def test_a_ref_is_not_moved_by(sandbox: Sandbox, login: str, name: str, force: bool, kind: str) -> None:
    first = branches(sandbox)["refs/heads/main"]
    second = sandbox.world.commit(SHOP, {"x.txt": "x\n"}, "X")
    answer = update_refs(sandbox, login, {"name": name, "afterOid": first, "force": force})
    assert answer["errors"][0]["type"] == kind
    assert branches(sandbox) == {"refs/heads/main": second}
