"""The policies that hold: the repository's own and its organisation's, from their default branches."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from gateway.github import POLICY_FILE
from gateway.memory import ReadPolicy, Remembered
from gateway.reading import Node, Reading, Unreadable, known
from protocol.document import parse_policy
from protocol.errors import PolicyError
from protocol.facts import Missing

if TYPE_CHECKING:
    from gateway.github import GitHub

HOME = ".github"  # where an organisation keeps what holds for all of its repositories


def policies_in(github: GitHub, reading: Reading, now: datetime) -> tuple[ReadPolicy, ...]:
    """The organisation's first, the repository's own last, as `decide` takes them."""
    repository, file, remembered = github.repository, github.policy_file, github.memory.policies
    own = reading.part(
        "the policy",
        ("repository", "policy"),
        lambda found: _repository_policy(repository, file, found, remembered, now),
    )
    shared = _shared_policy(github, reading, now)
    return (own,) if shared is None else (shared, own)


def _repository_policy(
    repository: str, file: str, found: Node | None, remembered: Remembered[str, ReadPolicy], now: datetime
) -> ReadPolicy:
    if found is None:
        return Missing(f"there is no {file} on the default branch of {repository}: add one")
    return policy_in(found, file, remembered, now)


def _shared_policy(github: GitHub, reading: Reading, now: datetime) -> ReadPolicy | None:
    """The organisation's, which holds as well; None where it has none.

    It is part of the same answer: the App's token to look sees that repository beside ours, where its
    installation covers it. A job's own token sees it only where it is public.
    """
    owner, _, name = github.repository.partition("/")
    if name == HOME or reading.is_absent("organisation"):
        return None
    file = f"{owner}/{HOME}/{POLICY_FILE}"
    return reading.part(
        "the organisation's policy",
        ("organisation", "policy"),
        lambda found: None if found is None else policy_in(found, file, github.memory.policies, now),
    )


def policy_in(blob: Node, file: str, remembered: Remembered[str, ReadPolicy], now: datetime) -> ReadPolicy:
    """Parsed once for each content: the same oid is the same text."""
    key = f"{file}@{blob['oid']}"
    policy = remembered.at(key, now)
    if policy is None:
        policy = remembered.keep(key, known(file, lambda: _parsed(file, blob)), now)
    return policy


def text_of(blob: Node) -> str:
    """A file's whole text. Raises Unreadable."""
    if blob["__typename"] != "Blob":
        raise Unreadable("it is a folder, not a file")
    if blob["isBinary"] or blob["text"] is None:
        raise Unreadable("it is not text")
    if blob["isTruncated"]:
        raise Unreadable("it is too long")
    return str(blob["text"])


def _parsed(file: str, blob: Node) -> ReadPolicy:
    text = text_of(blob)
    try:
        return parse_policy(text, file)
    except PolicyError as error:
        return error
