"""What must be true after a bad release: everybody is served as before, and who saw it is told."""

from __future__ import annotations

from action.result import Result
from tests.load import Load
from tests.shops import NEW, OLD


def assert_nobody_saw_it(result: Result, load: Load) -> None:
    assert load.share_of(NEW) == 0
    assert load.failed == [], load.failed[:3]
    assert load.versions_now() == {OLD}


def assert_it_was_taken_back(result: Result, load: Load, *, most: float) -> None:
    """And what is said of who saw it holds what the users saw."""
    assert result.status == "rollback", result.issues
    assert load.versions_now() == {OLD}
    assert load.lost == []
    assert {answer.version for answer in load.failed} <= {NEW}
    assert result.exposure is not None
    assert result.exposure.most == most
    assert result.exposure.seconds >= load.seconds_of(NEW)
    assert any(
        issue.startswith(f"at most {100 * most:.3g}% of users saw {NEW}, for ") for issue in result.issues
    )
