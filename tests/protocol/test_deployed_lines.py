from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from protocol.deployed_lines import MARKER, with_line
from tests.entries import AT, make_entry


def test_each_environment_has_one_line_with_its_newest_deployment() -> None:
    body = with_line(None, make_entry(environment="staging"), "")
    body = with_line(body, make_entry(version="1.2.4", at=AT + timedelta(hours=1)), "")
    body = with_line(body, make_entry(version="1.2.5", at=AT + timedelta(hours=2), status="rollback"), "")
    assert body.splitlines() == [
        MARKER,
        "**Deployments**",
        "",
        "- production: Rollback - 1.2.5 by ada, 2026-11-23 12:04 <!-- production 2026-11-23T12:04:00+01:00 -->",
        "- staging: Success - 1.2.3 by ada, 2026-11-23 10:04 <!-- staging 2026-11-23T10:04:00+01:00 -->",
    ]


def test_a_line_written_late_does_not_replace_a_newer_one() -> None:
    newer = with_line(None, make_entry(version="2", at=AT + timedelta(hours=1)), "")
    assert with_line(newer, make_entry(version="1"), "") == newer


@given(version=st.text(), environment=st.text(), issue=st.text())
def test_a_line_is_found_again_whatever_people_wrote(version: str, environment: str, issue: str) -> None:
    entry = make_entry(version=version, environment=environment, issues=(issue,), status="failed")
    body = with_line(None, entry, "")
    assert with_line(body, entry, "") == body


def test_a_line_leads_to_the_log() -> None:
    assert "2026-11-23 10:04 ([log](https://x.test/log)) <!--" in with_line(
        None, make_entry(), "https://x.test/log"
    )
