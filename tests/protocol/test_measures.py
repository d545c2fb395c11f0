from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.measures import Attempt, Outcome, Week, Written, measures, measures_data, measures_text, week_of

MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)


def attempt(
    hour: float, outcome: Outcome = "success", sha: str = "a", environment: str = "production"
) -> Attempt:
    """One that took the half hour before `hour`."""
    ended = MONDAY + hour * HOUR
    return Attempt(environment=environment, sha=sha, began=ended - HOUR / 2, ended=ended, outcome=outcome)


def written(hour: float, *parents: str) -> Written:
    return Written(at=MONDAY + hour * HOUR, parents=parents)


def only(attempts: list[Attempt], commits: dict[str, Written] | None = None) -> Week:
    (week,) = measures(attempts, commits or {})
    return week


def test_what_went_in_is_counted_and_what_went_back_is_not() -> None:
    week = only(
        [attempt(1), attempt(2, "rolled_back"), attempt(3, "failed"), attempt(4), attempt(5, "gone_back")]
    )
    assert (week.deployments, week.attempts, week.failures) == (2, 4, 3)
    assert week.failure_rate == 0.75


def test_lead_time_is_of_every_commit_that_is_in_for_the_first_time() -> None:
    commits = {"a": written(-1), "b": written(1, "a"), "c": written(3, "b"), "old": written(-900)}
    week = only([attempt(0, sha="a"), attempt(4, sha="c"), attempt(9, sha="c")], commits)
    assert week.lead_time == 1 * HOUR  # 1 for a, 3 for b, 1 for c


def test_under_the_first_deployment_known_only_its_own_commit_counts() -> None:
    assert only([attempt(2, sha="b")], {"a": written(-900), "b": written(1, "a")}).lead_time == HOUR


def test_a_commit_dated_in_the_future_took_no_time() -> None:
    assert only([attempt(1)], {"a": written(5)}).lead_time == timedelta(0)


FAILURES = {
    "rolled back by itself": ([attempt(1, "rolled_back")], 0.5),
    "mended by the next version": ([attempt(1, "failed"), attempt(4)], 3.5),
    "mended by going back": ([attempt(1), attempt(2, "failed"), attempt(3, "gone_back")], 1.5),
    "mended when a later one rolled back": ([attempt(1, "failed"), attempt(3, "rolled_back")], 1.5),
    "gone back from": ([attempt(1), attempt(3, "gone_back")], 2.5),
    "not mended yet": ([attempt(1, "failed")], None),
    "not mended by what failed too": ([attempt(1, "failed"), attempt(2), attempt(3, "gone_back")], 2.0),
    "nothing failed": ([attempt(1)], None),
}


@pytest.mark.parametrize(("attempts", "hours"), FAILURES.values(), ids=FAILURES)
def test_time_to_restore_is_from_the_failing_attempt_s_beginning(
    attempts: list[Attempt], hours: float | None
) -> None:
    assert only(attempts).time_to_restore == (None if hours is None else hours * HOUR)


def test_weeks_are_iso_s_in_utc() -> None:
    assert week_of(datetime(2027, 1, 3, 23, 59, tzinfo=UTC)) == "2026-W53"
    assert week_of(datetime.fromisoformat("2027-01-04T00:30:00+01:00")) == "2026-W53"


def test_an_environment_is_one_in_whatever_case_and_is_named_as_it_was_last() -> None:
    [week] = measures([attempt(1, environment="production"), attempt(2, environment="Production")], {})
    assert (week.environment, week.deployments) == ("Production", 2)


def test_the_table_and_the_json_say_the_same() -> None:
    weeks = measures([attempt(1, "rolled_back"), attempt(2)], {"a": written(0)})
    assert measures_text(weeks).splitlines() == [
        "environment  week      deployments  lead time  failures      time to restore",
        "production   2026-W48  1            2h         50% (1 of 2)  30m",
    ]
    assert measures_data(weeks) == {
        "weeks": [
            {
                "environment": "production",
                "week": "2026-W48",
                "deployments": 1,
                "attempts": 2,
                "failures": 1,
                "lead_time_seconds": 7200.0,
                "change_failure_rate": 0.5,
                "time_to_restore_seconds": 1800.0,
            }
        ]
    }
    assert measures_text(()) == "No deployment has ended yet."


attempts_of_many = st.lists(
    st.builds(
        attempt,
        st.integers(0, 2_000),
        st.sampled_from(["success", "failed", "rolled_back", "gone_back"]),
        st.sampled_from("abcdef"),
        st.sampled_from(["production", "staging"]),
    ),
    max_size=30,
)
histories = st.lists(st.integers(-500, 2_000), min_size=6, max_size=6).map(
    lambda hours: {
        name: written(hour, *("abcdef"[at - 1 : at] if at else ""))
        for at, (name, hour) in enumerate(zip("abcdef", hours, strict=True))
    }
)


@given(attempts=attempts_of_many, commits=histories, chance=st.randoms(use_true_random=False))
def test_the_order_of_the_record_does_not_matter(
    attempts: list[Attempt], commits: dict[str, Written], chance: object
) -> None:
    shuffled = list(attempts)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    assert measures(shuffled, commits) == measures(attempts, commits)


@given(attempts=attempts_of_many, commits=histories)
def test_every_attempt_is_counted_in_one_week_and_no_length_is_negative(
    attempts: list[Attempt], commits: dict[str, Written]
) -> None:
    weeks = measures(attempts, commits)
    assert sum(week.deployments for week in weeks) == sum(one.outcome == "success" for one in attempts)
    assert sum(week.attempts for week in weeks) == sum(one.outcome != "gone_back" for one in attempts)
    for week in weeks:
        assert week.failure_rate is None or 0 <= week.failure_rate <= 1
        assert week.lead_time is None or week.lead_time >= timedelta(0)
        assert week.time_to_restore is None or week.time_to_restore >= timedelta(0)


@given(attempts=attempts_of_many, commits=histories)
def test_environments_do_not_touch_each_other(attempts: list[Attempt], commits: dict[str, Written]) -> None:
    alone = [one for one in attempts if one.environment == "staging"]
    among = [week for week in measures(attempts, commits) if week.environment == "staging"]
    assert list(measures(alone, commits)) == among
