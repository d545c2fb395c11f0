from __future__ import annotations

from typing import Any

import pytest

from action.run import run
from tests.jobs import GitHubInMemory, policy_of
from tests.metrics import Answer, Asked, station

POLICY = """
steps: {{deploy: {{run: 'echo deploy $TRACK $VERSION >> story'}}}}
strategy: {{canary: {{weights: [5, 100], hold: {hold}, set: 'echo weigh $WEIGHT >> story'}}}}
monitor:
  for: {hold}
  every: 1s
  source: {{prometheus: '{url}'}}
  metrics:
    errors: {{query: 'errors{{track="$TRACK"}}', rollback_if: {{{bound}}}}}
rollback: {{run: 'echo deploy $TRACK $PREVIOUS_VERSION >> story'}}
"""
TAKEN_BACK = ["deploy canary 1.1.0", "weigh 5", "weigh 0", "deploy canary 1.0.0"]


def answering(*, canary: str | None, stable: str | None) -> Any:
    """A Prometheus in which each track has this value, or none."""

    def answer(asked: Asked) -> Answer:
        value = canary if "canary" in asked.parameters["query"] else stable
        ranged = asked.path.endswith("query_range")
        sample = {"values": [[1, value]]} if ranged else {"value": [1, value]}
        result = [] if value is None else [sample]
        kind = "matrix" if ranged else "vector"
        return Answer(body={"status": "success", "data": {"resultType": kind, "result": result}})

    return answer


@pytest.mark.parametrize(
    ("canary", "stable", "bound", "why"),
    [
        pytest.param(
            "2", "1", "above: 1.5", "the canary is worse than stable: errors: ", id="beyond a bound"
        ),
        pytest.param("2", "1", "rises: 5%", "the canary is worse than stable: errors: 1 → 2", id="risen"),
        pytest.param(None, "1", "above: 1.5", "the canary could not be judged: errors: never", id="no users"),
    ],
)
def test_a_canary_that_is_worse_or_unknown_is_taken_back(
    desk_of: Any, canary: str | None, stable: str, bound: str, why: str
) -> None:
    desk = desk_of()
    with station(answering(canary=canary, stable=stable)) as prometheus:
        text = POLICY.format(url=prometheus.url, bound=bound, hold="1m" if "rises" in bound else "1s")
        result = run(desk.job, GitHubInMemory(policies=[policy_of(text)]))
    assert result.status == "rollback", result.issues
    assert desk.file("story").splitlines() == TAKEN_BACK
    assert any(issue.startswith(f"canary 5%: {why}") for issue in result.issues), result.issues
    assert any(issue.startswith("at most 5% of users saw 1.1.0, for ") for issue in result.issues)


def test_both_tracks_are_asked_of_the_source(desk_of: Any) -> None:
    with station(answering(canary="1", stable="1")) as prometheus:
        text = POLICY.format(url=prometheus.url, bound="above: 1.5", hold="1s")
        result = run(desk_of().job, GitHubInMemory(policies=[policy_of(text)]))
    assert result.status == "success", result.issues
    asked = {one.parameters["query"] for one in prometheus.asked}
    assert asked == {'errors{track="canary"}', 'errors{track="stable"}'}
