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


def policy_expression(file: str) -> str:
    """HEAD is the default branch: never the branch or the commit that is being deployed."""
    return f"HEAD:{file}"


def policies_in(github: GitHub, reading: Reading, now: datetime) -> tuple[ReadPolicy, ...]:
    """The organisation's first, the repository's own last, as `decide` takes them."""
    repository, file, remembered = github.repository, github.policy_file, github.memory.policies
    own = reading.part(
        "the policy",
        ("repository", "policy"),
        lambda found: _repository_policy(repository, file, found, remembered, now),
    )
    shared = reading.part(
        "the organisation's policy",
        ("organisation",),
        lambda found: _organisation_policy(repository, found, remembered, now),
    )
    return (own,) if shared is None or reading.is_absent("organisation") else (shared, own)


def _repository_policy(
    repository: str, file: str, found: Node | None, remembered: Remembered[str, ReadPolicy], now: datetime
) -> ReadPolicy:
    if found is None:
        return Missing(f"there is no {file} on the default branch of {repository}: add one")
    return _policy(file, found, remembered, now)


def _organisation_policy(
    repository: str, found: Node | None, remembered: Remembered[str, ReadPolicy], now: datetime
) -> ReadPolicy | None:
    """The organisation's, which holds as well; None where it has none."""
    owner, _, name = repository.partition("/")
    if found is None or found["policy"] is None or name == ".github":
        return None
    return _policy(f"{owner}/.github/{POLICY_FILE}", found["policy"], remembered, now)


def _policy(file: str, blob: Node, remembered: Remembered[str, ReadPolicy], now: datetime) -> ReadPolicy:
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
