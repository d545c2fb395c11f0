"""What a deployment leaves on the pull requests it brings: our one comment on each, many written at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from gateway.errors import GatewayError, RateLimited, Unavailable
from gateway.own_comments import own_comment
from gateway.reading import login_of
from gateway.text import BODY, clip
from protocol.deployed_lines import MARKER, says, with_line
from protocol.entry import Entry
from protocol.wording import say_all

if TYPE_CHECKING:
    from gateway.connection import Answer
    from gateway.github import GitHub

FEW = 10  # comments that GitHub surely makes within its ten seconds for a request
_PULL = """  p%d: pullRequest(number: %d) {
    id
    comments(first: 100) {
      pageInfo { hasNextPage }
      nodes { id body viewerDidAuthor author { __typename login } }
    }
  }"""
_CURE = "Give the job `pull-requests: write`."
_ADD = "  c%d: addComment(input: {subjectId: $on%d, body: $text%d}) { clientMutationId }"
_CHANGE = "  c%d: updateIssueComment(input: {id: $on%d, body: $text%d}) { clientMutationId }"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """`node` is the comment to be changed where one `is_there`, else the pull request to make it on."""

    number: int
    node: str
    text: str
    is_there: bool


def asked_of_pulls(numbers: Sequence[int]) -> str:
    """The part of a question that shows what stands on these pull requests."""
    return "\n".join(_PULL % (at, number) for at, number in enumerate(numbers))


def unreadable(numbers: Sequence[int], found: Mapping[str, Any]) -> tuple[str, ...]:
    """One sentence for all that could not be read, so that nothing is written there twice."""
    missing = [number for at, number in enumerate(numbers) if not found.get(f"p{at}")]
    if not missing:
        return ()
    return (f"{_named(missing)}: could not be read, so nothing was said there. {_CURE}",)


def remarks_wanted(
    github: GitHub, entry: Entry, numbers: Sequence[int], found: Mapping[str, Any], *, where: str
) -> tuple[Remark, ...]:
    """What is still to be written; nothing where our line stands already."""
    shown = ((number, found.get(f"p{at}")) for at, number in enumerate(numbers))
    wanted = (_wanted(github, entry, number, pull, where) for number, pull in shown if pull)
    return tuple(remark for remark in wanted if remark is not None)


def _wanted(github: GitHub, entry: Entry, number: int, pull: Any, where: str) -> Remark | None:
    if _is_told_already(github, entry, pull["comments"]):
        return None
    ours = _our_comment(github, number, pull["comments"])
    before = ours[1] if ours else None
    text = clip(with_line(before, entry, where), BODY)
    if text == before:
        return None
    node = ours[0] if ours else str(pull["id"])
    return Remark(number=number, node=node, text=text, is_there=ours is not None)


def _is_told_already(github: GitHub, entry: Entry, comments: Any) -> bool:
    """By the other of us, the App or a job: each changes its own comment only."""
    theirs = (one for one in comments["nodes"] if not one["viewerDidAuthor"])
    told = [one for one in theirs if one["body"].startswith(MARKER) and says(one["body"], entry)]
    if not told:
        return False
    from gateway.tellers import tellers  # noqa: PLC0415  # start-up time
    from protocol.incident import incident_mark  # noqa: PLC0415  # start-up time

    ours = tellers(github, incident_mark(entry)).logins
    return any(login_of(one["author"]) in ours for one in told)


def _our_comment(github: GitHub, number: int, comments: Any) -> tuple[str, str] | None:
    """Its node and text. Past the first hundred it is looked for page by page."""
    for one in comments["nodes"]:
        if one["viewerDidAuthor"] and one["body"].startswith(MARKER):
            return str(one["id"]), str(one["body"])
    known = own_comment(github, number, MARKER) if comments["pageInfo"]["hasNextPage"] else None
    return (known.node, known.body) if known else None


def write_remarks(github: GitHub, remarks: Sequence[Remark]) -> tuple[str, ...]:
    """Write them all with one request. What GitHub did not take, each reason once.

    GitHub ends a request that takes it longer than ten seconds, with a part of it done: what is left
    follows, a few at once. Without any answer it may still be at it, so nothing is written twice.
    https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
    """
    try:
        return _refusals(_written(github, remarks)) if remarks else ()
    except Unavailable as error:
        if not error.status:
            raise
    waiting, wrong = iter(_left(github, remarks)), dict[int, str]()
    while batch := tuple(islice(waiting, FEW)):
        wrong |= _written(github, batch)
    return _refusals(wrong)


def _refusals(wrong: Mapping[int, str]) -> tuple[str, ...]:
    """Each reason once, with the pull requests it is about."""
    numbers = {why: [number for number, one in wrong.items() if one == why] for why in wrong.values()}
    return tuple(f"{_named(these)}: {why}" for why, these in numbers.items())


def _left(github: GitHub, remarks: Sequence[Remark]) -> Iterator[Remark]:
    """Those that do not stand yet, as GitHub shows it now. Raises Unavailable where it does not."""
    numbers = [remark.number for remark in remarks]
    owner, _, name = github.repository.partition("/")
    found = github.connection.graphql(question(numbers), {"owner": owner, "name": name}).data["repository"]
    if unseen := unreadable(numbers, found or {}):
        raise Unavailable(unseen[0])
    for at, remark in enumerate(remarks):
        ours = _our_comment(github, remark.number, found[f"p{at}"]["comments"])
        if ours is None:
            yield remark
        elif ours[1] != remark.text:
            yield replace(remark, node=ours[0], is_there=True)


def question(numbers: Sequence[int]) -> str:
    asked = asked_of_pulls(numbers)
    head = "query Lines($owner: String!, $name: String!)"
    return f"{head} {{\n repository(owner: $owner, name: $name) {{\n{asked}\n }}\n}}"


def _written(github: GitHub, batch: Sequence[Remark]) -> dict[int, str]:
    """Why each that was not taken was not."""
    try:
        answer = github.connection.mutate(document(batch), _variables(batch))
    except (Unavailable, RateLimited):
        raise
    except GatewayError as error:
        return {remark.number: str(error) for remark in batch}
    lost = ((at, remark) for at, remark in enumerate(batch) if not answer.data.get(f"c{at}"))
    return {remark.number: _said(answer, f"c{at}") for at, remark in lost}


def document(batch: Sequence[Remark]) -> str:
    """The one request that writes them all; what people wrote is in its variables."""
    parts = [(_CHANGE if one.is_there else _ADD) % (at, at, at) for at, one in enumerate(batch)]
    declared = ", ".join(f"$on{at}: ID!, $text{at}: String!" for at in range(len(batch)))
    return f"mutation Lines({declared}) {{\n" + "\n".join(parts) + "\n}"


def _variables(batch: Sequence[Remark]) -> dict[str, str]:
    nodes = {f"on{at}": remark.node for at, remark in enumerate(batch)}
    return nodes | {f"text{at}": remark.text for at, remark in enumerate(batch)}


def _said(answer: Answer, part: str) -> str:
    """GitHub's reason for one part of a request."""
    error = next((one for one in answer.errors if (one.get("path") or [part])[0] == part), {})
    said = str(error.get("message") or "GitHub did not say why")
    return f"{said}. {_CURE}" if error.get("type") == "FORBIDDEN" else said


def _named(numbers: Sequence[int]) -> str:
    word = "Pull request" if len(numbers) == 1 else "Pull requests"
    return f"{word} {say_all(f'#{number}' for number in numbers)}"
