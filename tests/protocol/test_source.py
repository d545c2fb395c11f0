"""YAML is read strictly, without surprises, and every fault says where it is."""

from __future__ import annotations

import time

import pytest

from protocol.errors import PolicyError
from protocol.source import MAX_BYTES, Mark, read_source

NO_ALIAS = (
    "is not allowed: write the value out or share it under environments.defaults, and put a pattern in quotes"
)
UNREADABLE = {
    "empty": ("", "1:1: the file is empty: start it with 'version: 1' and 'environments:'"),
    "only comments": ("# soon\n", "1:1: the file is empty: start it with 'version: 1' and 'environments:'"),
    "a list": ("- a\n", "1:1: a policy is a mapping of keys: start it with 'version: 1' and 'environments:'"),
    "plain text": (
        "hello\n",
        "1:1: a policy is a mapping of keys: start it with 'version: 1' and 'environments:'",
    ),
    "not UTF-8": (b"name: caf\xe9\n", "1:1: the file is not UTF-8 (byte 10): save it as UTF-8"),
    "UTF-16": ("version: 1".encode("utf-16"), "1:1: the file is not UTF-8 (byte 1): save it as UTF-8"),
    "half a character": ("a: \ud800", "1:1: the file is not UTF-8 (byte 4): save it as UTF-8"),
    "too large": (
        "#" * (MAX_BYTES + 1),
        "1:1: the file holds 1,000,001 bytes: a policy holds at most 1,000,000",
    ),
    "a control character": (
        "version: 1\nlog: \x07\n",
        "2:6: the character U+0007 cannot be printed: remove it",
    ),
    "two documents": (
        "a: 1\n---\nb: 2\n",
        "2:1: a second document begins here: a policy is one; remove '---'",
    ),
    "deeper than anybody writes": (
        "a: " + "[" * 5000,
        "1:36: this is nested more than 32 deep: a policy never is",
    ),
    "tab": ("a:\n\tb: 1\n", "2:1: a tab stands where YAML wants spaces: replace it by spaces"),
    "unclosed list": (
        "a: [1, 2\nb: 3\n",
        "2:2: the list or mapping opened on line 1 is not closed, or a ',' is missing",
    ),
    "unclosed quote": ("a: 'b\n", "2:1: the quote opened on line 1 is not closed"),
    "unquoted @": ("a: @b\n", "1:4: text that begins with '@' needs quotes"),
    "unquoted %": ("a: %b\n", "1:4: text that begins with '%' needs quotes"),
    "colon in text": (
        "a: b: c\n",
        "1:5: a ':' stands where no key can be: put text that holds ': ' in quotes, or mend the indentation",
    ),
    "bare pattern": ("a: [*.sql]\n", "1:5: text that begins with '*' needs quotes"),
    "bare channel": (
        "# see [#12]\nb: 'in [#ops]'\na: [#ops]\nc: 1\n",
        "3:5: text that begins with '#' needs quotes, or it is a comment",
    ),
    "a value missing in a list": (
        "a: [1, , 2]\n",
        "1:8: a list or mapping in brackets is not closed, or a value is missing in it",
    ),
    "a list beside its key": (
        "a: - b\n",
        "1:4: a list begins on a line of its own: move the '-' there, or use [brackets]",
    ),
    "a dash without its space": (
        "a:\n  - b\n  -c\nd: 1\n",
        "3:3: this is neither key nor item: write ': ' after a key, '- ' before an item, or indent it",
    ),
    "a backslash of another language": (
        'a: "\\d+"\n',
        "1:5: '\\d' means nothing in double quotes: use single ones, or write '\\\\d'",
    ),
    "a quote inside quotes": (
        "a: 'it's'\n",
        "1:8: text goes on after its closing quote: put all of it in quotes of the kind it does not hold",
    ),
    "an unfinished merge": (
        "a: 1\n<<<<<<< HEAD\nb: 1\n=======\n",
        "2:1: a merge is not finished here: keep one of the two sides, and remove the marks",
    ),
    "a no-break space for indentation": (
        "a:\n \xa0b: 1\n",
        "2:2: a no-break space stands where YAML wants a space: replace it",
    ),
    "a no-break space after a key": (
        "a:\n  - b:\xa01\n",
        "2:7: a no-break space stands where YAML wants a space: replace it",
    ),
    "crooked indentation": (
        "a:\n  b: 1\n c: 2\n",
        "3:2: this is not YAML (did not find expected key): look at the indentation here and above",
    ),
}


@pytest.mark.parametrize(("text", "problem"), UNREADABLE.values(), ids=UNREADABLE)
def test_an_unreadable_file_has_one_sentence_with_its_place(text: str | bytes, problem: str) -> None:
    with pytest.raises(PolicyError) as error:
        read_source(text, "deploy.yml")
    assert str(error.value) == f"deploy.yml:{problem}"


ILLEGIBLE = {
    "alias": (
        "a: &base {b: 1}\nc: *base\n",
        f"2:4: the alias '*base' {NO_ALIAS}",
    ),
    "merge key": (
        "a: &base {b: 1}\nc: {<<: *base}\n",
        f"2:9: the alias '*base' {NO_ALIAS}",
    ),
    "alias as key": (
        "a: &base b\n*base : 1\n",
        f"2:1: the alias '*base' {NO_ALIAS}",
    ),
    "tag": (
        "a: !!python/name:os.system x\n",
        (
            "1:4: the tag 'tag:yaml.org,2002:python/name:os.system' has no meaning in a policy: "
            "remove it or put it in quotes"
        ),
    ),
    "list as key": (
        "? [a, b]\n: 1\n",
        "1:3: a key must be a word, not a list or mapping: quote text that holds '{' or '['",
    ),
    "mapping as key": (
        "{a: 1}: b\n",
        "1:1: a key must be a word, not a list or mapping: quote text that holds '{' or '['",
    ),
    "no key": ("'': 1\n", "1:1: the key before ':' is empty: write its name"),
    "a tagged list": (
        "a: !!set [b]\n",
        "1:4: the tag 'tag:yaml.org,2002:set' has no meaning in a policy: remove it or put it in quotes",
    ),
    "an escaped control character": (
        'run: "a\\0b"\n',
        "1:6: the character U+0000 cannot be printed: remove it",
    ),
    "an escaped control character in a key": (
        '"a\\eb": 1\n',
        "1:1: the character U+001B cannot be printed: remove it",
    ),
}


@pytest.mark.parametrize(("text", "problem"), ILLEGIBLE.values(), ids=ILLEGIBLE)
def test_what_is_illegible_is_reported_and_the_rest_is_read(text: str, problem: str) -> None:
    source = read_source(f"{text}last: 1\n", "deploy.yml")
    assert [str(one) for one in source.problems] == [f"deploy.yml:{problem}"]
    assert source.root.entries["last"].node.value == 1


def test_a_file_that_is_illegible_as_a_whole_has_no_other_problem() -> None:
    with pytest.raises(
        PolicyError,
        match=r"^deploy.yml:1:1: the tag '!x' has no meaning in a policy: remove it or put it in quotes$",
    ):
        read_source("!x {a: 1}", "deploy.yml")


VALUES = {
    "text": ("hello", "hello"),
    "whole number": ("12", 12),
    "negative": ("-3", -3),
    "fraction": ("0.9", 0.9),
    "exponent": ("1e3", 1000.0),
    "true": ("true", True),
    "false": ("FALSE", False),
    "nothing": ("", None),
    "tilde": ("~", None),
    "quoted number": ("'12'", "12"),
    "Norway": ("NO", "NO"),
    "on": ("on", "on"),
    "yes": ("yes", "yes"),
    "clock time": ("10:00", "10:00"),
    "day": ("2026-12-24", "2026-12-24"),
    "moment": ("2026-11-27 15:00", "2026-11-27 15:00"),
    "hexadecimal": ("0x1f", "0x1f"),
    "infinity": (".inf", ".inf"),
    "a number nobody means": ("9" * 5000, "9" * 5000),
}


@pytest.mark.parametrize(("text", "value"), VALUES.values(), ids=VALUES)
def test_words_stay_words(text: str, value: object) -> None:
    assert read_source(f"key: {text}", "deploy.yml").root.plain == {"key": value}


def test_keys_are_text_whatever_they_look_like() -> None:
    assert read_source("{on: 1, 404: 2, true: 3}", "deploy.yml").root.plain == {"on": 1, "404": 2, "true": 3}


def test_a_byte_order_mark_is_no_part_of_the_file() -> None:
    assert read_source("a: 1".encode("utf-8-sig"), "deploy.yml").root.plain == {"a": 1}


def test_values_remember_where_they_stand() -> None:
    root = read_source("# äöü\nwindows:\n  open: [Mon, 'Tue ü', Wed]\n", "deploy.yml").root
    wednesday = root.find("windows", "open", 2)
    assert wednesday is not None
    assert (wednesday.mark, root.entries["windows"].key) == (Mark(3, 24), Mark(2, 1))


def test_a_key_written_twice_is_reported_beside_everything_else() -> None:
    source = read_source("a: 1\nb: 2\na: 3\n", "deploy.yml")
    assert [str(problem) for problem in source.problems] == [
        "deploy.yml:3:1: key 'a' is already on line 1: keep one of them"
    ]


def test_a_bomb_of_aliases_is_refused_before_it_goes_off() -> None:
    layers = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 30)]
    bomb = "\n".join(["l0: &l0 boom", *layers])
    began = time.process_time()
    with pytest.raises(PolicyError, match=r"^deploy.yml:2:10: the alias '\*l0' is not allowed") as error:
        read_source(bomb, "deploy.yml")
    assert len(error.value.problems) == 101
    assert "there may be more" in error.value.problems[-1].message
    assert time.process_time() - began < 2
