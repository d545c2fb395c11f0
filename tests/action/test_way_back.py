from __future__ import annotations

from typing import Any

import pytest

from action.way_back import GoBack, Stay, bad_versions, way_back
from protocol.plan import Command, Undoing
from protocol.rollback import last_good
from tests.jobs import OLD_SHA, OLDER_SHA, ran_before

UNDOING = Undoing(
    automatic=True, command=Command(run="back"), shift=Command(run="weigh"), database=Command(run="down")
)


def ask(undoing: Undoing | None = UNDOING, **changes: Any) -> GoBack | Stay:
    given = {
        "touched": {"nothing", "service"},
        "failed_step": "smoke",
        "previous_version": "1.0.0",
        "bad_versions": frozenset(),
    }
    return way_back(undoing, **(given | changes))


def commands(back: GoBack | Stay) -> list[str]:
    assert isinstance(back, GoBack)
    return [step.name.removeprefix("rollback: ") for step in back.steps]


def test_traffic_goes_first_then_the_version() -> None:
    assert commands(ask()) == ["traffic", "previous version"]


def test_a_migration_is_undone_after_the_version_that_needs_it_is_gone() -> None:
    assert commands(ask(touched={"service", "database"})) == ["traffic", "previous version", "database"]


def test_a_migration_alone_is_undone_alone() -> None:
    assert commands(ask(touched={"database"}, failed_step="deploy idle")) == ["database"]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"touched": {"nothing"}}, "nothing had been changed"),
        ({"undoing": None}, "has no `rollback:`"),
        ({"undoing": Undoing(automatic=False, command=Command(run="back"))}, "does not roll back by itself"),
        ({"touched": {"database"}, "failed_step": "migrate"}, "how far the migration got is not known"),
        (
            {
                "touched": {"service", "database"},
                "undoing": Undoing(automatic=True, command=Command(run="back"), reversible=False),
            },
            "cannot be reversed",
        ),
        ({"previous_version": ""}, "no version is known to go back to"),
        ({"bad_versions": frozenset({"1.0.0"})}, "1.0.0 was bad itself"),
    ],
    ids=["untouched", "no rollback", "by hand", "half migrated", "irreversible", "first", "bad version"],
)
def test_where_going_back_is_not_safe_it_stays_and_says_why(changes: dict[str, Any], why: str) -> None:
    answer = ask(**changes)
    assert isinstance(answer, Stay)
    assert why in answer.why
    assert answer.harmless is (changes.get("touched") == {"nothing"})


def test_an_asked_rollback_needs_no_automatic_one() -> None:
    undoing = Undoing(automatic=False, command=Command(run="back"))
    assert isinstance(ask(undoing, asked=True), GoBack)


def test_the_last_good_version_skips_what_failed_and_what_runs() -> None:
    failed = ran_before("d" * 40, "1.0.9", id=9, state="failure", succeeded=False)
    known = (failed, ran_before(), ran_before(OLDER_SHA, "0.9.0", id=3))
    newest = last_good(known, "Production")
    before = last_good(known, "production", but=OLD_SHA)
    assert newest is not None
    assert before is not None
    assert (newest.version, before.version) == ("1.0.0", "0.9.0")
    assert bad_versions(known, "production") == {"1.0.9", "d" * 40}


def test_a_version_that_was_good_and_then_failed_is_bad() -> None:
    again = ran_before(id=9, state="failure", succeeded=False)
    assert last_good((again, ran_before()), "production") is None
