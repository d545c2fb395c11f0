"""A proposed policy in words: what is wrong with it, what it changes, what its own tests say."""

from __future__ import annotations

from protocol.document import parse_policy
from protocol.facts import Missing
from service.proposal import said_of_proposal

FILE = ".github/deploy.yml"
TEXT = """\
version: 1
environments:
  production:
    approvals: [{name: "Bo <b>", count: 2, from: ["team:acme/dba"]}]
"""
NOW = parse_policy(TEXT, FILE)


def test_one_that_changes_nothing_is_good() -> None:
    said = said_of_proposal(f"# Ours\n{TEXT}", FILE, NOW)
    assert (said.conclusion, said.title) == ("success", "Valid, 0 changes")
    assert "Nothing that a gate or a deployment would notice." in said.summary


def test_one_that_tightens_is_good() -> None:
    said = said_of_proposal(TEXT.replace("count: 2", "count: 3"), FILE, NOW)
    assert (said.conclusion, said.title) == ("success", "Valid, 1 change")


def test_what_loosens_is_read_first() -> None:
    text = TEXT.replace("count: 2", "count: 1").replace("production:", "production:\n    workflow: ship.yml")
    lines = [line for line in said_of_proposal(text, FILE, NOW).summary.splitlines() if line.startswith("-")]
    assert ["loosens" in line for line in lines] == [True, False]


def test_peers_20_a_policys_own_words_are_escaped() -> None:
    said = said_of_proposal(TEXT.replace("count: 2", "count: 1"), FILE, NOW)
    assert "Bo \\<b\\> \\> count drops" in said.summary
    broken = said_of_proposal(TEXT.replace("approvals", "<img>"), FILE, NOW)
    assert "<img" not in broken.summary.replace("\\<", "")


def test_the_first_policy_has_nothing_to_be_compared_with() -> None:
    said = said_of_proposal(TEXT, FILE, Missing("there is none"))
    assert said.conclusion == "success"
    assert "no policy that could be compared" in said.summary


def test_one_that_could_not_be_read_is_neither_good_nor_bad() -> None:
    assert said_of_proposal(Missing("it is a folder"), FILE, NOW).conclusion == "neutral"


def test_what_an_organisations_policy_no_longer_names_loosens() -> None:
    text = TEXT.replace("production:", "staging:")
    assert said_of_proposal(text, FILE, NOW, shared=True).conclusion == "neutral"
    assert said_of_proposal(text, FILE, NOW).conclusion == "success"
