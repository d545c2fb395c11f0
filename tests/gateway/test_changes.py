"""What a version brings, read from the sandbox's real history."""

from __future__ import annotations

from protocol.changes import Contents, Part
from tests.waiting import SHOP, WaitingShop


def test_a_merged_pull_request_is_one_part_with_its_authors(shop: WaitingShop) -> None:
    base = shop.push().sha
    number, gate = shop.merged()
    (part,) = shop.github().changes(head=gate.sha, base=base, version="1").parts
    assert (part.number, part.title, part.authors, part.commits) == (number, "Sell more", ("ada",), 2)
    assert part.url.endswith(f"/pull/{number}")


def test_commits_of_nobody_s_pull_request_stand_alone_newest_first(shop: WaitingShop) -> None:
    base = shop.push().sha
    ada = shop.world.user("ada")
    head = [shop.world.commit(SHOP, {"x": title}, title, author=ada, quiet=True) for title in ("One", "Two")][
        -1
    ]
    found = shop.github().changes(head=head, base=base, version="1")
    assert [(part.title, part.authors) for part in found.parts] == [("Two", ("ada",)), ("One", ("ada",))]
    assert found.complete


def test_a_first_deployment_brings_its_own_commit(shop: WaitingShop) -> None:
    head = shop.push().sha
    (part,) = shop.github().changes(head=head, base="", version="1").parts
    assert part == Part(title="Change it", authors=("ada",), url=part.url)


def test_the_same_version_again_brings_nothing(shop: WaitingShop) -> None:
    head = shop.push().sha
    assert shop.github().changes(head=head, base=head, version="1") == Contents()


def test_a_base_that_is_gone_leaves_what_is_known_of_the_commit(shop: WaitingShop) -> None:
    head = shop.push().sha
    found = shop.github().changes(head=head, base="0" * 39 + "1", version="1")
    assert ([part.title for part in found.parts], found.complete) == (["Change it"], False)


def test_a_long_way_is_read_page_by_page(shop: WaitingShop) -> None:
    base = shop.push().sha
    for at in range(104):
        head = shop.world.commit(SHOP, {"x": str(at)}, f"Commit {at}", quiet=True)
    shop.responses.clear()
    found = shop.github().changes(head=head, base=base, version="1")
    assert [part.title for part in found.parts] == [f"Commit {at}" for at in reversed(range(104))]
    assert found.complete
    assert len([one for one in shop.responses if one.path == "/graphql"]) == 2


def test_release_notes_come_from_the_changelog_else_from_the_release(shop: WaitingShop) -> None:
    shop.push()
    head = shop.world.commit(SHOP, {"CHANGELOG.md": "## 1.2.0\n\n- Search\n"}, "Notes", quiet=True)
    github = shop.github()
    github.create_release("v1.3.0", sha=head, body="What's changed")
    written = github.changes(head=head, base="", version="v1.2.0")
    assert written.notes == "- Search"
    assert written.notes_url.endswith(f"/acme/shop/blob/{head}/CHANGELOG.md")
    assert github.changes(head=head, base="", version="v1.3.0", tag="v1.3.0").notes == "What's changed"
