from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.commands import FileCommandError, Masks, Output, read_pairs


def said(*lines: str) -> tuple[list[str], Output]:
    log: list[str] = []
    output = Output(masks=Masks(), log=log.append)
    for line in lines:
        output.line(line)
    return log, output


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("a=1\nb=x=y\n", {"a": "1", "b": "x=y"}),
        ("a<<END\none\n\ntwo\nEND\nb=2\n", {"a": "one\n\ntwo", "b": "2"}),
        ("a<<END\nEND\n", {"a": ""}),
        ("a=x<<y\n", {"a": "x<<y"}),
        ("a=1\na=2\n", {"a": "2"}),
        ("a=one\u2028two\x1e\x85three\n", {"a": "one\u2028two\x1e\x85three"}),
        ("\n", {}),
        ("", {}),
    ],
)
def test_files_give_names_and_values(tmp_path: Path, text: str, pairs: dict[str, str]) -> None:
    file = tmp_path / "output"
    file.write_text(text)
    assert read_pairs(file) == pairs


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("a<<END\none\n", "Matching delimiter not found 'END'"), ("nonsense\n", "Invalid format 'nonsense'")],
)
def test_a_broken_file_says_why(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "output"
    file.write_text(text)
    with pytest.raises(FileCommandError, match=sentence):
        read_pairs(file)


def test_a_mask_hides_every_line_of_a_secret_from_then_on() -> None:
    log, output = said("s3cret", "::add-mask::s3cret%0Asecond line", "s3cret and second line")
    assert log == ["s3cret", "::add-mask::***", "*** and ***"]
    assert output.masks.occur_in("has s3cret in it")


def test_ten_annotations_of_a_level_are_kept() -> None:
    _, output = said(*(f"::notice::{number}" for number in range(12)), "::error::one")
    assert [note["annotation_level"] for note in output.annotations] == ["notice"] * 10 + ["failure"]


def test_an_annotation_knows_its_place() -> None:
    _, output = said("::error file=a%2Cb.py,line=3,endLine=5,title=T::a%25b")
    (note,) = output.annotations
    assert (note["path"], note["start_line"], note["end_line"]) == ("a,b.py", 3, 5)
    assert (note["title"], note["message"]) == ("T", "a%b")


def test_commands_sleep_between_stop_and_its_word() -> None:
    log, output = said("::stop-commands::w", "::error::no", "::other::", "::w::", "::error::yes")
    assert log == ["::error::no", "::other::", "##[error]yes"]
    assert len(output.annotations) == 1


def test_groups_are_marked_and_unknown_commands_are_shown() -> None:
    log, _ = said("::group::Build", "x", "::endgroup::", "::debug::hidden", "::odd::y", "a ::error:: b")
    assert log == ["##[group]Build", "x", "##[endgroup]", "::odd::y", "a ::error:: b"]
