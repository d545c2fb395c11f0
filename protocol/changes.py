"""What a version brings since the one before: its commits, grouped by the pull requests that brought them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from protocol.markdown import escaped, linked

MOST_SHOWN = 50
_LONGEST_TITLE = 300
_HEADING = re.compile(r"^(?P<level>#{1,6})\s+(?P<text>[^\n]*)$", re.MULTILINE)
_FENCED = re.compile(r"^ {0,3}(?P<fence>```|~~~).*?(?:^ {0,3}(?P=fence)|\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One commit. `number` is the pull request that brought it, if one did."""

    sha: str
    title: str
    authors: tuple[str, ...] = ()
    url: str = ""
    number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    number: int
    title: str
    author: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One pull request with the people who wrote it; a commit that came alone has no `number`."""

    title: str
    authors: tuple[str, ...] = ()
    url: str = ""
    number: int | None = None
    commits: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """All that is new, newest first. Not `complete`: there is more than we read."""

    parts: tuple[Part, ...] = ()
    complete: bool = True
    notes: str = ""  # the version's own section of CHANGELOG.md, else its release notes
    notes_url: str = ""

    @property
    def pulls(self) -> tuple[int, ...]:
        return tuple(part.number for part in self.parts if part.number is not None)


def span(base: str | None, head: str) -> tuple[str, str]:
    """From the commit before, if there is one, to `head`: in short, and the page of a repository for it."""
    if base:
        return f"{base[:7]}...{head[:7]}", f"compare/{base}...{head}"
    return head[:7], f"commit/{head}"


def new_commits(head: str, base: str, parents: Mapping[str, Sequence[str]]) -> tuple[set[str], bool]:
    """What `head` has and `base` has not, and whether the piece of history in `parents` shows all of it."""
    old = set(_ancestors(base, parents))
    found = set(_ancestors(head, parents, but=old))
    return found & parents.keys(), found <= parents.keys()


def _ancestors(
    sha: str, parents: Mapping[str, Sequence[str]], but: Iterable[str] = frozenset()
) -> Iterator[str]:
    seen = set(but)
    waiting = [sha]
    while waiting:
        commit = waiting.pop()
        if commit not in seen:
            seen.add(commit)
            yield commit
            waiting += parents.get(commit, ())


def grouped(commits: Sequence[Commit], pulls: Mapping[int, Pull]) -> tuple[Part, ...]:
    """One part for each pull request, and one for each commit without: in the commits' order.

    The commit that GitHub makes to merge a pull request counts with it, and its merger is no author.
    """
    parts: dict[str, Part] = {}
    for commit in commits:
        pull = pulls.get(commit.number) if commit.number is not None else None
        key = f"#{pull.number}" if pull is not None else commit.sha
        part = parts.get(key)
        if part is None:
            parts[key] = _part(commit, pull)
        else:
            authors = tuple(dict.fromkeys((*part.authors, *commit.authors)))
            parts[key] = replace(part, authors=authors, commits=part.commits + 1)
    return tuple(parts.values())


def _part(commit: Commit, pull: Pull | None) -> Part:
    if pull is None:
        return Part(title=commit.title[:_LONGEST_TITLE], authors=commit.authors, url=commit.url)
    authors = tuple(dict.fromkeys(filter(None, (pull.author, *commit.authors))))
    return Part(title=pull.title[:_LONGEST_TITLE], authors=authors, url=pull.url, number=pull.number)


def headline(parts: Sequence[Part]) -> str:
    """The parts in a few words: the newest by name, the others by their number."""
    if not parts:
        return "Nothing new"
    others = len(parts) - 1
    first = parts[0].title + (f" (#{parts[0].number})" if parts[0].number is not None else "")
    return first + (f" and {others} more" if others else "")


def change_lines(parts: Sequence[Part]) -> Iterator[str]:
    """A Markdown list: each part with its link and authors."""
    for part in parts[:MOST_SHOWN]:
        number = f" (#{part.number})" if part.number is not None else ""
        by = ", ".join(escaped(author) for author in part.authors)
        commits = f", {part.commits} commits" if part.commits > 1 else ""
        yield f"- {linked(part.title + number, part.url)}" + (f" by {by}" if by else "") + commits
    if len(parts) > MOST_SHOWN:
        yield f"- and {len(parts) - MOST_SHOWN} more"


def section_of(changelog: str, version: str) -> str:
    """What a changelog says under the heading that names the version; nothing where none does.

    Another's, such as `Upgrading from 1.2.0`, may name it as well: the highest is its own.
    """
    name = re.compile(rf"(?<![\w.-])v?{re.escape(version.removeprefix('v'))}(?![\w+.-]*\w)")
    headings = list(_HEADING.finditer(_without_code(changelog)))
    named = [
        (len(heading["level"]), found.start(), at)
        for at, heading in enumerate(headings)
        if version and (found := name.search(heading["text"]))
    ]
    if not named:
        return ""
    _, _, at = min(named)
    return changelog[headings[at].end() : _end(headings[at:], len(changelog))].strip()


def _without_code(changelog: str) -> str:
    """As long as it was: a comment in a shell's example looks like a heading."""
    return _FENCED.sub(lambda block: re.sub(r"[^\n]", " ", block[0]), changelog)


def _end(headings: Sequence[re.Match[str]], default: int) -> int:
    """Where a section ends: before the next heading that is not below its own."""
    level = len(headings[0]["level"])
    following = (heading.start() for heading in headings[1:] if len(heading["level"]) <= level)
    return next(following, default)
