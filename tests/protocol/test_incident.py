from __future__ import annotations

from protocol.analysis import Analysis
from protocol.incident import Happened, incident_body, incident_mark, incident_title
from protocol.sections import is_filled
from tests.entries import make_entry

ENTRY = make_entry(status="rollback", issues=("smoke: the shop is shut",), approvers=("grace",))


def test_what_is_known_is_filled_in_and_the_rest_is_asked() -> None:
    body = incident_body(ENTRY)
    assert body.startswith(incident_mark(ENTRY))
    assert "- smoke: the shop is shut\n- Approved by grace" in body
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
    assert f"| {began} | deploy \\| now | passed | 1m1s |  |" in body
    assert "| smoke | failed | 2s | shut |" in body


def test_without_metrics_or_steps_there_is_no_heading_for_them() -> None:
    body = incident_body(ENTRY, analysis=Analysis(judgements=()))
    assert "### Metrics" not in body
    assert "### Timeline" not in body


def test_each_end_has_its_own_words() -> None:
    assert incident_title(ENTRY).endswith("was rolled back")
    assert incident_title(make_entry(status="stopped")).endswith("was stopped")
