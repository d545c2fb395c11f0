from __future__ import annotations

import pytest

from protocol.analysis import Analysis
from protocol.incident import Happened, incident_body, incident_mark, incident_title
from protocol.sections import is_filled
from tests.entries import make_entry

ENTRY = make_entry(status="rollback", issues=("smoke: the shop is shut",), approvers=("grace",))


def test_what_is_known_is_filled_in_and_the_rest_is_asked() -> None:
    body = incident_body(ENTRY)
    assert body.startswith(incident_mark(ENTRY))
    assert "- smoke: the shop is shut" in body
    for question in ("Why it was not caught", "How to prevent it"):
        assert f"### {question}" in body
        assert body.partition(question)[2].count("_To be answered._") >= 3


def test_the_failing_steps_last_lines_cannot_end_their_block() -> None:
    step = Happened(step="smoke", outcome="failed", seconds=3, last_lines=("```", "### Faked", "@all"))
    body = incident_body(ENTRY, steps=[step])
    assert "    ```\n    ### Faked\n    @all" in body
    assert is_filled(body, "Faked") is None


def test_the_timeline_tells_the_clock_of_every_step() -> None:
    steps = [
        Happened(step="deploy | now", outcome="passed", seconds=61, after=0),
        Happened(step="smoke", outcome="failed", seconds=2, after=61, wrong="shut"),
    ]
    body = incident_body(ENTRY, steps=steps)
    began = f"{ENTRY.at:%H:%M:%S}"
    assert "| Began (UTC+01:00) | Step |" in body
    assert f"| {began} | deploy \\| now | passed | 1m1s |  |" in body
    assert "| smoke | failed | 2s | shut |" in body


def test_without_metrics_or_steps_there_is_no_heading_for_them() -> None:
    body = incident_body(ENTRY, analysis=Analysis(judgements=()))
    assert "### Metrics" not in body
    assert "### Timeline" not in body


def test_each_end_has_its_own_words() -> None:
    assert incident_title(ENTRY).endswith("was rolled back")
    assert incident_title(make_entry(status="stopped")).endswith("was stopped")


@pytest.mark.parametrize(
    ("status", "first"),
    [
        ("rollback", "**production runs 1.2.2 again.** 1.2.3, begun 2026-11-23 10:04 UTC+01:00, was rolled"),
        ("failed", "**Look at what production runs: nothing went back by itself.** 1.2.3, begun"),
        ("held", "**production runs 1.2.3 until a person says whether it stays.** 1.2.3, begun"),
        ("success", "**production runs 1.2.3 now.** 1.2.3, begun"),
    ],
)
def test_what_runs_now_is_said_first(status: str, first: str) -> None:
    entry = make_entry(status=status, previous_version="1.2.2", approvers=("grace",), changes="Search (#7)")
    told = incident_body(entry).split("\n\n")
    assert told[1].startswith(first)
    assert told[2] == "Changes: Search (\\#7), deployed by ada and approved by grace."


def test_all_attempts_of_a_run_have_one_document() -> None:
    runs = "https://github.test/acme/shop/actions/runs"
    first, again, other = (
        make_entry(deployment_id=number, run_url=f"{runs}/{run}") for number, run in ((1, 5), (2, 5), (3, 6))
    )
    assert incident_mark(first) == incident_mark(again) != incident_mark(other)
    assert incident_mark(make_entry(deployment_id=1)) != incident_mark(make_entry(deployment_id=2))
