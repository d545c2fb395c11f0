"""Real git repositories behind the sandbox: bare directories and the git command line."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from sandbox.state import User

ZERO = "0" * 40
SHAS = re.compile(r"[0-9a-f]{40}(\.\.\.?[0-9a-f]{40})?")
OBJECT_TYPES = ("blob", "tree", "commit", "tag")
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
CONFIG = "[http]\n\treceivepack = true\n[uploadpack]\n\tallowAnySHA1InWant = true\n"
RECORD, FIELD = "\x1e", "\x1f"
COMMIT_FORMAT = FIELD.join(("%H", "%T", "%P", "%an", "%ae", "%aI", "%cn", "%ce", "%cI", "%B")) + RECORD
STATUS_WORDS = {"A": "added", "D": "removed", "M": "modified", "R": "renamed", "T": "changed", "C": "copied"}


class GitError(Exception):
    """Git said no; the message is its own."""


class MergeConflictError(GitError):
    """Two histories that git cannot join alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    name: str
    email: str
    date: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Signature
    committer: Signature
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    path: str
    previous_path: str | None
    status: str
    sha: str
    additions: int
    deletions: int
    patch: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a tree: `type` is `blob`, `tree` or `commit`; `size` is of blobs."""

    path: str
    mode: str
    type: str
    sha: str
    size: int | None


@dataclass(frozen=True, slots=True)
class Git:
    """One bare repository. Refs are full names; a branch is its short name."""

    path: Path

    @classmethod
    def create(cls, path: Path, default_branch: str) -> Git:
        path.mkdir(parents=True)
        git = cls(path)
        git.run("init", "--quiet", "--bare", "--template=", f"--initial-branch={default_branch}")
        with (path / "config").open("a", encoding="utf-8") as config:
            config.write(CONFIG)
        return git

    def run(self, *arguments: str, stdin: bytes | None = None, env: Mapping[str, str] | None = None) -> bytes:
        """Standard output of `git ARGUMENTS`, untouched by anyone's own git settings."""
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            input=stdin,
            capture_output=True,
            env={**clean_environment(), **(env or {})},
            check=False,
        )
        if done.returncode != 0:
            raise GitError(
                done.stderr.decode(errors="replace").strip() or done.stdout.decode(errors="replace")
            )
        return done.stdout

    def text(self, *arguments: str, **options: bytes | None) -> str:
        return self.run(*arguments, stdin=options.get("stdin")).decode(errors="replace").strip()

    def read(self, *arguments: str) -> bytes:
        """The same for what only reads, remembered until a ref moves, and for ever where SHAs are named.

        A refusal is not remembered, for an object can come later.
        """
        return _read(self, b"" if _names_objects(arguments) else self._refs_as_they_are(), arguments)

    def read_text(self, *arguments: str) -> str:
        return self.read(*arguments).decode(errors="replace").strip()

    def _refs_as_they_are(self) -> bytes:
        """Their files' names and contents; reading them costs a hundredth of asking git."""
        folders = os.walk(self.path / "refs")
        files = sorted(Path(folder, name) for folder, _, names in folders for name in names)
        found = (self.path / "HEAD", self.path / "packed-refs", *files)
        return b"\0".join(part for path in found for part in (bytes(path), _content(path)))

    # Names

    def resolve(self, name: str) -> str | None:
        """The commit a branch, tag, ref, HEAD or (short) SHA names; None when it names none."""
        if not name or "\n" in name:
            return None
        try:
            return _commit_named(self, self._refs_as_they_are(), name)
        except GitError:
            return None

    def tip(self, branch: str) -> str | None:
        return self.ref(f"refs/heads/{branch}")

    def ref(self, ref: str) -> str | None:
        """As its own file says, and git where there is none."""
        inside = ref.startswith("refs/heads/") and ".." not in ref
        if inside and (own := _content(self.path / ref)):
            return own.decode("ascii").strip()
        return self.refs(ref).get(ref)

    def refs(self, prefix: str = "refs") -> dict[str, str]:
        """Full ref name to the SHA of the object it points at."""
        lines = self.read_text("for-each-ref", "--format=%(refname) %(objectname)", prefix).splitlines()
        return {line.split(" ")[0]: line.split(" ")[1] for line in lines}

    def valid_ref(self, ref: str) -> bool:
        try:
            self.run("check-ref-format", ref)
        except GitError:
            return False
        return True

    def set_ref(self, ref: str, sha: str) -> None:
        self.run("update-ref", ref, sha)

    def delete_ref(self, ref: str) -> None:
        self.run("update-ref", "-d", ref)

    def move_refs(self, moves: Iterable[tuple[str, str, str]]) -> None:
        """(ref, before, after), all or none. Forty zeros stand for "is not there"."""
        lines = "".join(f"update {ref} {after} {before}\n" for ref, before, after in moves)
        self.run("update-ref", "--stdin", stdin=lines.encode())

    def fetch(self, source: Path, *wanted: str) -> None:
        """Refs (`FROM:TO`) or the commits of these SHAs, from another repository on this machine."""
        self.run("fetch", "--quiet", "--no-auto-gc", str(source), *wanted)

    # Objects

    def object_type(self, sha: str) -> str | None:
        try:
            return self.read_text("cat-file", "-t", sha)
        except GitError:
            return None

    def object_at(self, expression: str) -> tuple[str, str] | None:
        """(SHA, type) of what `HEAD:path`, a ref or a SHA names."""
        try:
            sha = self.read_text("rev-parse", "--verify", "--quiet", "--end-of-options", expression)
            return sha, self.read_text("cat-file", "-t", sha)
        except GitError:
            return None

    def blob(self, sha: str) -> bytes:
        return self.read("cat-file", "blob", sha)

    def file(self, commit: str, path: str) -> bytes | None:
        entry = self.entry(commit, path)
        return self.blob(entry.sha) if entry is not None and entry.type == "blob" else None

    def entry(self, commit: str, path: str) -> Entry | None:
        entries = self._entries("ls-tree", "-z", "-l", commit, "--", path.rstrip("/"))
        return entries[0] if entries else None

    def tree(self, commit: str, path: str = "", *, recursive: bool = False) -> list[Entry]:
        """The entries of a directory, with full paths."""
        options = ["-r", "-t"] if recursive else []
        where = ["--", f"{path.rstrip('/')}/"] if path else []
        return self._entries("ls-tree", "-z", "-l", *options, commit, *where)

    def _entries(self, *arguments: str) -> list[Entry]:
        entries = []
        for line in self.read(*arguments).decode(errors="surrogateescape").split("\0"):
            if not line:
                continue
            head, path = line.split("\t", 1)
            mode, kind, sha, size = head.split()
            entries.append(
                Entry(path=path, mode=mode, type=kind, sha=sha, size=None if size == "-" else int(size))
            )
        return entries

    def commit_of(self, sha: str) -> Commit:
        return self.log(sha, limit=1)[0]

    def log(self, *revisions: str, path: str | None = None, limit: int | None = None) -> list[Commit]:
        """Newest first."""
        limits = [] if limit is None else [f"--max-count={limit}"]
        where = ["--", path] if path else ["--"]
        out = self.read("log", f"--format={COMMIT_FORMAT}", *limits, "--end-of-options", *revisions, *where)
        records = out.decode(errors="replace").split(RECORD)
        return [_commit(record.lstrip("\n")) for record in records if record.strip()]

    # Comparing

    def merge_base(self, one: str, other: str) -> str | None:
        try:
            return self.read_text("merge-base", one, other)
        except GitError:
            return None

    def contains(self, ancestor: str, descendant: str) -> bool:
        try:
            self.run("merge-base", "--is-ancestor", ancestor, descendant)
        except GitError:
            return False
        return True

    def count(self, revisions: str) -> int:
        return int(self.read_text("rev-list", "--count", revisions))

    def changes(self, base: str, head: str) -> list[FileChange]:
        """What differs between two trees, with patches."""
        return list(_changes(self, self._sha(base), self._sha(head)))

    def _sha(self, name: str) -> str:
        """The object a name stands for now; a SHA stands for itself."""
        return name if len(name) == len(ZERO) else self.text("rev-parse", "--verify", name)

    # Writing

    def commit(
        self,
        branch: str,
        files: Mapping[str, str | bytes | None],
        message: str,
        author: User,
        when: datetime,
        *,
        parent: str | None = None,
    ) -> str:
        """Commit these files onto a branch; None deletes one. Answers the new tip."""
        start = parent or self.tip(branch)
        story = b"".join(
            (
                _beginning(f"refs/heads/{branch}", start, message, author, when),
                *(_file(path, content) for path, content in files.items()),
                b"get-mark :1\n",
            )
        )
        return self.text("fast-import", "--quiet", "--force", "--date-format=raw", stdin=story)

    def commit_tree(self, tree: str, parents: list[str], message: str, author: User, when: datetime) -> str:
        flags = [flag for parent in parents for flag in ("-p", parent)]
        env = signed_by(author, when)
        return (
            self.run("commit-tree", tree, *flags, "-F", "-", stdin=message.encode(), env=env).decode().strip()
        )

    def merge(self, into: str, other: str, message: str, author: User, when: datetime) -> str:
        """A merge commit of two commits, on no branch yet."""
        tree = self.merged_tree(into, other)
        return self.commit_tree(tree, [into, other], message, author, when)

    def merged_tree(self, into: str, other: str) -> str:
        try:
            return self.text("merge-tree", "--write-tree", into, other).splitlines()[0]
        except GitError as error:
            raise MergeConflictError(f"{into} and {other} do not merge: {error}") from error

    def write_blob(self, content: bytes) -> str:
        return self.text("hash-object", "-w", "--stdin", stdin=content)

    def write_tree(self, start: str | None, staged: Iterable[str]) -> str:
        """A tree like `start`, changed by these lines for the index (`MODE SHA TAB PATH`)."""
        with tempfile.TemporaryDirectory() as scratch:
            env = {"GIT_INDEX_FILE": str(Path(scratch, "index"))}
            if start:
                self.run("read-tree", start, env=env)
            self.run("update-index", "-z", "--index-info", stdin="\0".join(staged).encode(), env=env)
            return self.run("write-tree", env=env).decode().strip()

    def removal(self, path: str) -> str:
        """The line for the index that takes a path away."""
        return f"0 {ZERO}\t{path}"


def clean_environment() -> dict[str, str]:
    """The process's environment without anyone's git settings in it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {
        **kept,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_LITERAL_PATHSPECS": "1",
    }


def email_of(user: User) -> str:
    return user.email or f"{user.id}+{user.login}@users.noreply.github.com"


def signed_by(author: User, when: datetime) -> dict[str, str]:
    date = when.astimezone(UTC).isoformat()
    return {
        "GIT_AUTHOR_NAME": author.login,
        "GIT_AUTHOR_EMAIL": email_of(author),
        "GIT_AUTHOR_DATE": date,
        "GIT_COMMITTER_NAME": author.login,
        "GIT_COMMITTER_EMAIL": email_of(author),
        "GIT_COMMITTER_DATE": date,
    }


def _beginning(ref: str, start: str | None, message: str, author: User, when: datetime) -> bytes:
    """A commit, told to `git fast-import`: one process, where plumbing takes six."""
    who = f"{author.login} <{email_of(author)}> {int(when.timestamp())} +0000"
    head = f"commit {ref}\nmark :1\nauthor {who}\ncommitter {who}\n".encode()
    return head + _data(message.encode()) + (f"from {start}\n".encode() if start else b"")


def _file(path: str, content: str | bytes | None) -> bytes:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    if content is None:
        return f'D "{escaped}"\n'.encode()
    raw = content.encode() if isinstance(content, str) else content
    mode = "100755" if raw.startswith(b"#!") else "100644"
    return f'M {mode} inline "{escaped}"\n'.encode() + _data(raw)


def _data(raw: bytes) -> bytes:
    return b"data %d\n%b\n" % (len(raw), raw)


def _commit(record: str) -> Commit:
    sha, tree, parents, author, email, date, committer, c_email, c_date, message = record.split(FIELD, 9)
    return Commit(
        sha=sha,
        tree=tree,
        parents=tuple(parents.split()),
        author=Signature(name=author, email=email, date=datetime.fromisoformat(date)),
        committer=Signature(name=committer, email=c_email, date=datetime.fromisoformat(c_date)),
        message=message.rstrip("\n"),
    )


def _content(path: Path) -> bytes:
    """Nothing where there is no file, or none any more, or where the path cannot be one."""
    try:
        return path.read_bytes()
    except (OSError, ValueError):
        return b""


def _names_objects(arguments: Sequence[str]) -> bool:
    """Whether nothing but SHAs and ranges of them is asked about; what follows a `--` are paths."""
    asked = arguments[: arguments.index("--")] if "--" in arguments else arguments
    named = [one for one in asked[1:] if not one.startswith("-") and one not in OBJECT_TYPES]
    return bool(named) and all(map(SHAS.fullmatch, named))


@lru_cache(maxsize=2048)
def _commit_named(git: Git, _refs: bytes, name: str) -> str:
    candidates = (f"refs/heads/{name}", f"refs/tags/{name}", name)
    asked = "".join(f"{candidate}^{{commit}}\n" for candidate in candidates)
    answers = git.text("cat-file", "--batch-check=%(objectname) %(objecttype)", stdin=asked.encode())
    found = [line.removesuffix(" commit") for line in answers.splitlines() if line.endswith(" commit")]
    if not found:
        raise GitError(f"{name} names no commit")
    return found[0]


@lru_cache(maxsize=2048)
def _read(git: Git, _refs: bytes, arguments: tuple[str, ...]) -> bytes:
    return git.run(*arguments)


@lru_cache(maxsize=1024)
def _changes(git: Git, base: str, head: str) -> tuple[FileChange, ...]:
    """Kept, because what two commits differ in never changes and every pull request asks for it."""
    told = git.run("diff", "--raw", "--numstat", "--patch", "-z", "--no-abbrev", "-M", base, head)
    counted, _, patched = told.partition(b"\0\0diff --git ")
    raw, counts = _raw_and_counts(counted.decode(errors="surrogateescape"))
    patches = _patches(patched.decode(errors="replace")) if patched else []
    return tuple(
        FileChange(
            path=path,
            previous_path=previous,
            status=STATUS_WORDS.get(status, "changed"),
            sha=sha,
            additions=additions,
            deletions=deletions,
            patch=patch,
        )
        for (status, sha, path, previous), (additions, deletions), patch in zip(
            raw, counts, patches, strict=True
        )
    )


def _raw_and_counts(out: str) -> tuple[list[tuple[str, str, str, str | None]], list[tuple[int, int]]]:
    """(status letter, blob, path, previous path) and (added, deleted) of each change, in one order."""
    raw: list[tuple[str, str, str, str | None]] = []
    counts: list[tuple[int, int]] = []
    stream = iter(out.split("\0"))
    for field in stream:
        if field.startswith(":"):
            raw.append(_raw_change(field, stream))
        elif field:
            counts.append(_line_counts(field, stream))
    return raw, counts


def _raw_change(head: str, stream: Iterator[str]) -> tuple[str, str, str, str | None]:
    _, _, old, new, status = head.lstrip(":").split(" ")
    first = next(stream)
    renamed = status[0] in "RC"
    path = next(stream) if renamed else first
    return status[0], old if status[0] == "D" else new, path, first if renamed else None


def _line_counts(field: str, stream: Iterator[str]) -> tuple[int, int]:
    """`ADDED TAB DELETED TAB PATH`; dashes for a binary file; no path for a rename, both names follow."""
    added, deleted, path = field.split("\t", 2)
    if not path:
        next(stream)
        next(stream)
    return (0 if added == "-" else int(added)), (0 if deleted == "-" else int(deleted))


def _patches(out: str) -> list[str]:
    """The hunks of each file. Lines of a file always have a sign before them, so the cut is safe."""
    whole = out.split("\ndiff --git ")
    return [one[one.find("\n@@") + 1 :].rstrip("\n") if "\n@@" in one else "" for one in whole]
