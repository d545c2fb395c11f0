from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.deployed_lines import MARKER, says, with_line
from tests.entries import AT, make_entry


def test_each_environment_has_one_line_with_its_newest_deployment() -> None:
    body = with_line(None, make_entry(environment="staging"), "")
    body = with_line(body, make_entry(version="1.2.4", at=AT + timedelta(hours=1)), "")
    body = with_line(body, make_entry(version="1.2.5", at=AT + timedelta(hours=2), status="rollback"), "")
    newest = "Rollback - 1.2.5 by ada, 2026-11-23 12:04 <!-- production 2026-11-23T12:04:00+01:00 -->"
    assert body.splitlines() == [
        MARKER,
        "**Deployments**",
        "",
        f"- production: {newest}",
        "- staging: Success - 1.2.3 by ada, 2026-11-23 10:04 <!-- staging 2026-11-23T10:04:00+01:00 -->",
    ]


def test_a_line_written_late_does_not_replace_a_newer_one() -> None:
    newer = with_line(None, make_entry(version="2", at=AT + timedelta(hours=1)), "")
    assert with_line(newer, make_entry(version="1"), "") == newer


@pytest.mark.parametrize(
    ("told", "is_told"),
    [
        pytest.param({}, True, id="its own line"),
        pytest.param({"at": AT - timedelta(seconds=3)}, True, id="its words, dated a little earlier"),
        pytest.param({"at": AT + timedelta(hours=1), "version": "2"}, True, id="a later deployment's"),
        pytest.param({"at": AT - timedelta(hours=1), "version": "1"}, False, id="an earlier deployment's"),
        pytest.param({"environment": "staging"}, False, id="another environment's"),
    ],
)
def test_a_comment_says_what_a_deployment_has_to_say(told: dict[str, Any], is_told: bool) -> None:
    assert says(with_line(None, make_entry(**told), ""), make_entry()) is is_told


@given(version=st.text(), environment=st.text(), issue=st.text())
def test_a_line_is_found_again_whatever_people_wrote(version: str, environment: str, issue: str) -> None:
    entry = make_entry(version=version, environment=environment, issues=(issue,), status="failed")
    body = with_line(None, entry, "")
    assert with_line(body, entry, "") == body


def test_a_line_leads_to_the_log() -> None:
    assert "2026-11-23 10:04 ([log](https://x.test/log)) <!--" in with_line(
        None, make_entry(), "https://x.test/log"
    )
