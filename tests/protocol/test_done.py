from __future__ import annotations

import pytest

from protocol.done import broken_off_before, done_before, note_of, still_done


@pytest.mark.parametrize(
    ("passed", "begun", "done"),
    [
        pytest.param(["verify", "backup", "migrate"], ["deploy"], ("backup", "migrate"), id="both"),
        pytest.param(["backup"], ["migrate"], ("backup", "part of migrate"), id="a migration half way"),
        pytest.param([], ["backup"], (), id="half a backup is none"),
        pytest.param(["verify"], [], (), id="neither"),
        pytest.param(["backup", "migrate"], ["rollback: database"], (), id="taken back"),
    ],
)
def test_what_stands_when_an_attempt_ends(passed: list[str], begun: list[str], done: tuple[str, ...]) -> None:
    assert still_done(passed, [*passed, *begun]) == done


def test_a_note_is_read_back_by_the_next_attempt_of_the_same_version() -> None:
    noted = ["Failed - 1.1.0 in 2s", note_of(["backup", "migrate"], version="1.1.0", attempt=1)]
    assert done_before(noted, version="1.1.0", attempt=2) == {"backup", "migrate"}
    assert done_before(noted, version="1.2.0", attempt=2) == frozenset()
    assert done_before(noted, version="1.1.0", attempt=3) == frozenset()


def test_a_migration_that_broke_off_is_not_done_and_known_to_have_begun() -> None:
    noted = [note_of(["backup", "part of migrate"], version="1.1.0", attempt=1)]
    assert done_before(noted, version="1.1.0", attempt=2) == {"backup"}
    assert broken_off_before(noted, version="1.1.0", attempt=2) == {"migrate"}
    assert broken_off_before(noted, version="1.1.0", attempt=3) == frozenset()


def test_of_the_jobs_of_a_matrix_all_must_have_done_it() -> None:
    noted = [
        note_of(["backup", "migrate"], version="1.1.0", attempt=1),
        note_of(["backup", "part of migrate"], version="1.1.0", attempt=1),
    ]
    assert done_before(noted, version="1.1.0", attempt=2) == {"backup"}
    assert broken_off_before(noted, version="1.1.0", attempt=2) == {"migrate"}


def test_nobody_can_note_another_step_as_done() -> None:
    assert (
        done_before(["Done in attempt 1: deploy, smoke (1.1.0)"], version="1.1.0", attempt=2) == frozenset()
    )
