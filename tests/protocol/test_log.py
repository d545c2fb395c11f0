from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.entry import one_line
from protocol.log import entry_of_line, selected
from protocol.moments import parse_since
from tests.entries import AT, make_entry

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
PLACE = {"repository": "acme/shop", "environment": "production", "sha": "a" * 40}


@given(
    version=st.from_regex(r"[\w.+-]{1,30}", fullmatch=True),
    seconds=st.none() | st.integers(0, 10**6),
    issue=st.from_regex(r"[a-z]([ -~]{0,40}[a-z])?", fullmatch=True).map(lambda text: " ".join(text.split())),
    deployer=st.from_regex(r"[a-z0-9-]{1,20}(\[bot\])?", fullmatch=True),
)
def test_a_deployment_s_line_reads_back(version: str, seconds: int | None, issue: str, deployer: str) -> None:
    written = make_entry(
        version=version, seconds=seconds, issues=(issue,), status="failed", deployer=deployer
    )
    entry = entry_of_line(one_line(written), **PLACE, at=AT, deployer="gate[bot]", deployment_id=1)
    assert entry is not None
    assert (entry.version, entry.status, entry.issues) == (version, "failed", (issue,))
    assert (entry.seconds, entry.deployer) == (seconds, deployer)


@pytest.mark.parametrize(
    "length", [pytest.param(length, id=f"a version of {length} characters") for length in (78, 79, 81, 110)]
)
def test_a_line_without_room_for_a_whole_name_is_read_back_all_the_same(length: int) -> None:
    version, deployer = "v" * length, "a" * 39  # GitHub's longest login
    line = one_line(make_entry(version=version, deployer=deployer, issues=("x" * 200,), seconds=1))
    entry = entry_of_line(line, **PLACE, at=AT, deployer="gate[bot]", deployment_id=1)
    assert entry is not None
    assert (entry.version, entry.seconds) == (version, 1)
    assert entry.deployer in (deployer, "gate[bot]")


def test_a_line_that_names_nobody_is_of_whom_github_names() -> None:
    entry = entry_of_line("Success - 1.0 in 3s: by hand", **PLACE, at=AT, deployer="ada", deployment_id=1)
    assert entry is not None
    assert (entry.deployer, entry.issues) == ("ada", ("by hand",))


@pytest.mark.parametrize(
    "line",
    ["", "Deployed", "success - 1.0", "Success - ", "Success - 1.0 in 9999999d", "Success - 1.0 in 1s2d"],
)
def test_other_people_s_lines_are_no_entries(line: str) -> None:
    assert entry_of_line(line, **PLACE, at=AT, deployer="ada", deployment_id=1) is None


def test_of_two_entries_for_one_deployment_the_first_is_kept() -> None:
    first, second = make_entry(approvers=("bo",)), make_entry()
    assert selected([first, second]) == (first,)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        pytest.param("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC), id="a day"),
        pytest.param("2026-11-01 10:00", datetime(2026, 11, 1, 10, tzinfo=UTC), id="a moment"),
        pytest.param("2d12h", NOW - timedelta(days=2, hours=12), id="how long ago"),
    ],
)
def test_since_is_a_day_a_moment_or_how_long_ago(text: str, moment: datetime) -> None:
    assert parse_since(text, NOW) == moment


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01", "99999999d", "25:00"])
def test_no_time_at_all_is_told_how_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time: write a day such as"):
        parse_since(text, NOW)
