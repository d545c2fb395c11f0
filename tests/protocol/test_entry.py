from __future__ import annotations

import json
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.changes import Part
from protocol.entry import (
    Change,
    Said,
    entries_in,
    entry_data,
    entry_from,
    marked,
    one_line,
    render_entry,
    upsert,
    version_of_line,
    without_log,
)
from tests.entries import AT, make_entry

AWKWARD = {
    "the end of a comment": "--> done",
    "a comment": "<!-- /deploy-protocol:entry production/1 -->",
    "dashes": "-----",
    "Markdown": "# *a* _b_ `c` [d](e) ![f](g) | h",
    "HTML": "<script>alert('&amp;')</script>",
    "emoji": "👩‍🚀🏳️‍🌈 shipped",
    "right to left": "\u202eאבג\u202c and \u2066دخل\u2069",
    "10,000 characters": "long " * 2_000,
    "lines": "one\r\ntwo\n## three\n\n- four\u2028five",
    "a mention": "@everyone",
    "empty": "",
}


def test_an_entry_is_written_in_the_protocols_form() -> None:
    entry = make_entry(
        changes="Faster search (#7)",
        changes_url="https://github.test/acme/shop/compare/b...a",
        seconds=95,
        previous_version="1.2.2",
        metrics=(Change(name="Error rate", before="0.1%", after="0.2%"),),
        approvers=("bo",),
        findings=(Said(code="windows.open", verdict="allow", why="open until 16:00"),),
    )
    assert render_entry(entry) == (
        "## 2026-11-23 10:04 - Version 1.2.3\n"
        "\n"
        "**Deployer**: ada\n"
        "**Changes**: [Faster search (\\#7)](https://github.test/acme/shop/compare/b...a)\n"
        "**Status**: Success\n"
        "**Issues**: None\n"
        "**Metrics**:\n"
        "- Deployment time: 1m35s\n"
        "- Error rate: 0.1% -> 0.2%\n"
        "- Response time: not measured -> not measured\n"
        "\n"
        "**Environment**: production\n"
        "**Previous version**: 1.2.2\n"
        "**Approvers**: bo\n"
        "**Findings**:\n"
        "- allow: open until 16:00 (windows.open)\n"
    )


@pytest.mark.parametrize("text", AWKWARD.values(), ids=AWKWARD)
def test_an_entry_reads_back_as_it_was_whatever_people_wrote(text: str) -> None:
    entry = make_entry(
        version=text,
        deployer=text,
        changes=text,
        included=(Part(number=1, title=text, authors=(text,)), Part(title=text)),
        issues=(text, text),
        approvers=(text,),
        emergency=text,
    )
    assert entries_in(marked(entry)) == (entry,)
    assert entries_in(upsert("Release notes", entry)) == (entry,)
    assert entry_from(json.loads(json.dumps(entry_data(entry)))) == entry


@given(version=st.text(), issues=st.lists(st.text(), max_size=3), deployer=st.text(), environment=st.text())
def test_any_text_survives_markdown_and_json(
    version: str, issues: list[str], deployer: str, environment: str
) -> None:
    entry = make_entry(version=version, issues=tuple(issues), deployer=deployer, environment=environment)
    assert entries_in(upsert("Notes\n", entry)) == (entry,)
    assert entry_from(json.loads(json.dumps(entry_data(entry)))) == entry


@given(text=st.text())
def test_peers_20_no_text_opens_or_closes_a_comment_or_a_tag_in_what_people_see(text: str) -> None:
    visible = render_entry(make_entry(version=text, issues=(text,)))
    for sign in ("<", ">"):
        bare = visible.replace(f"\\{sign}", "").replace(" -> ", "")
        assert sign not in bare


def test_a_second_writing_replaces_the_first_and_leaves_the_others() -> None:
    first, second = make_entry(deployment_id=1), make_entry(deployment_id=2)
    body = upsert(upsert("Our words", first), second)
    changed = upsert(body, make_entry(deployment_id=1, status="rollback"))
    assert [(entry.deployment_id, entry.status) for entry in entries_in(changed)] == [
        (2, "success"),
        (1, "rollback"),
    ]
    assert changed.startswith("Our words\n")
    assert upsert(changed, make_entry(deployment_id=1, status="rollback")) == changed


def test_words_around_our_section_stay() -> None:
    body = upsert("Before", make_entry(deployment_id=1)) + "After\n"
    changed = upsert(body, make_entry(deployment_id=2))
    assert changed.startswith("Before\n")
    assert changed.endswith("After\n")
    assert len(entries_in(changed)) == 2


def test_a_release_without_words_gets_the_section_alone() -> None:
    assert entries_in(upsert(None, make_entry())) == (make_entry(),)


def test_windows_line_ends_change_nothing() -> None:
    body = upsert("Notes", make_entry(deployment_id=1)).replace("\n", "\r\n")
    changed = upsert(body, make_entry(deployment_id=1, status="failed"))
    assert [entry.status for entry in entries_in(changed)] == ["failed"]


def test_half_an_entry_is_written_anew_and_swallows_nothing() -> None:
    body = upsert("Notes", make_entry(deployment_id=1))
    broken = body.replace("<!-- /deploy-protocol:entry production/1 -->", "") + "Words below\n"
    changed = upsert(broken, make_entry(deployment_id=1))
    assert len(entries_in(changed)) == 1
    assert "Words below" in changed


def test_several_changes_are_listed_with_links_and_authors() -> None:
    parts = (
        Part(number=7, title="Faster *search*", authors=("ada", "bo"), url="https://x.test/7", commits=3),
        Part(title="Fix <b>", authors=("grace",), url="https://x.test/c"),
    )
    text = render_entry(make_entry(changes="Faster search", included=parts, notes_url="https://x.test/n"))
    assert (
        "**Changes**: Faster search\n"
        "- [Faster \\*search\\* (\\#7)](https://x.test/7) by ada, bo, 3 commits\n"
        "- [Fix \\<b\\>](https://x.test/c) by grace\n"
        "- [Release notes](https://x.test/n)\n"
        "\n"
        "**Status**: Success\n"
    ) in text


def test_what_others_wrote_is_told_from_our_log() -> None:
    body = upsert("Before\n", make_entry()) + "After\n"
    assert without_log(body).split() == ["Before", "After"]


@pytest.mark.parametrize(
    "data",
    ["{", "[]", '{"schema_version": 2}', '{"schema_version": 1}'],
    ids=["torn", "list", "newer", "bare"],
)
def test_a_machine_form_that_cannot_be_read_is_passed_over(data: str) -> None:
    key = "production/1"
    body = f"<!-- deploy-protocol:entry {key} {data} -->\nx\n<!-- /deploy-protocol:entry {key} -->\n"
    assert entries_in(body) == ()


def test_one_line_fits_a_deployment_status_and_names_its_version() -> None:
    line = one_line(make_entry(issues=("smoke: " + "x" * 300,), status="rollback", seconds=61))
    assert len(line) == 140
    assert line.startswith("Rollback - 1.2.3 in 1m1s by ada: smoke: xxx")
    assert version_of_line(line) == "1.2.3"
    assert version_of_line("Deployed by hand") is None


def test_an_address_cannot_leave_its_link() -> None:
    text = render_entry(make_entry(changes_url="https://x.test/a) <b> [c](d"))
    assert "](https://x.test/a%29%20%3Cb%3E%20%5Bc%5D%28d)" in text
    assert "](#)" in render_entry(make_entry(changes_url="javascript:alert(1)"))


def test_the_moment_keeps_its_offset() -> None:
    assert entry_data(make_entry())["at"] == "2026-11-23T10:04:00+01:00"
    assert entry_from(entry_data(make_entry())).at == AT.astimezone(UTC)
