from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from action.post import tell_the_end
from gateway.turns import PATIENCE, REF
from tests.entries import make_entry
from tests.jobs import GitHubInMemory, policy_of, reopened


@pytest.mark.parametrize(
    ("age", "left"),
    [
        pytest.param(0.0, REF, id="that is surely its own"),
        pytest.param(PATIENCE, "", id="that others may have taken for dead, and made anew"),
    ],
)
def test_the_turn_a_job_died_in_is_its_ends_to_give_back(desk_of: Any, age: float, left: str) -> None:
    job = desk_of().job
    github = GitHubInMemory(policies=[policy_of("deploy: manual")])
    job.journal.opened(make_entry(), tag="v1.2.0", ours=True)
    job.journal.turn(REF, job.clock() - timedelta(seconds=age))
    tell_the_end(reopened(job), github)
    assert github.turns_left == [left]


def test_a_turn_given_back_is_not_given_back_again(desk_of: Any) -> None:
    job = desk_of().job
    github = GitHubInMemory(policies=[policy_of("deploy: manual")])
    job.journal.opened(make_entry(), tag="v1.2.0", ours=True)
    job.journal.turn(REF, job.clock())
    job.journal.turn("", job.clock())
    tell_the_end(reopened(job), github)
    assert github.turns_left == [""]


@pytest.mark.parametrize(
    ("made", "noted"),
    [
        pytest.param({}, ["Not begun"], id="by GitHub"),
        pytest.param({"job_deployment": None}, [], id="by nobody yet"),
    ],
)
def test_on_the_deployment_stands_that_what_the_team_was_told_was_not_begun(
    desk_of: Any, made: dict[str, Any], noted: list[str]
) -> None:
    job = desk_of().job
    github = GitHubInMemory(policies=[policy_of("deploy: manual")], **made)
    job.journal.told("before", "team", "")
    assert tell_the_end(reopened(job), github) is None
    assert [one["description"] for one in github.statuses] == noted
