"""The repository on this machine, seen through its files and git."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any

from gateway.errors import GatewayError
from protocol.starting import AROUND, WORKFLOW, Draft, Migrations, Surroundings

_LANGUAGES = {
    "package.json": "JavaScript",
    "pyproject.toml": "Python",
    "setup.py": "Python",
    "requirements.txt": "Python",
    "go.mod": "Go",
    "Cargo.toml": "Rust",
    "Gemfile": "Ruby",
    "pom.xml": "Java",
    "build.gradle": "Java",
    "build.gradle.kts": "Kotlin",
    "composer.json": "PHP",
    "mix.exs": "Elixir",
}
_DEFAULT_BRANCHES = ("main", "master", "trunk")
_DEPLOY_SCRIPTS = ("ops/deploy", "bin/deploy", "scripts/deploy", "scripts/deploy.sh", "deploy.sh")
_MIGRATIONS = (
    (
        "alembic.ini",
        Migrations(found="alembic.ini", run="alembic upgrade head", undo="alembic downgrade -1"),
    ),
    (
        "db/migrate",
        Migrations(found="db/migrate", run="bin/rails db:migrate", undo="bin/rails db:rollback"),
    ),
    ("manage.py", Migrations(found="manage.py", run="python manage.py migrate")),
    ("prisma/migrations", Migrations(found="prisma/migrations", run="npx prisma migrate deploy")),
)
_DRAFTED = {f"{PurePosixPath(path).stem}.{end}" for path in (WORKFLOW, AROUND) for end in ("yml", "yaml")}
_OF_PAGES = "github-pages"  # GitHub's own, for a site and not for a version
_SQL_DIRECTORIES = ("migrations", "db/migrations", "database/migrations", "sql/migrations")


class NoCheckout(GatewayError):
    """There is no git repository here, or git refused."""


@dataclass(frozen=True, slots=True)
class Checkout:
    root: Path

    @classmethod
    def around(cls, directory: Path) -> Checkout:
        """The checkout that holds `directory`. Raises NoCheckout."""
        try:
            return cls(Path(_git(directory, "rev-parse", "--show-toplevel")))
        except NoCheckout as error:
            raise NoCheckout(f"Go to your repository's checkout and run this there. ({error})") from error

    def git(self, *arguments: str) -> str:
        """What git prints. Raises NoCheckout with what it complained of."""
        return _git(self.root, *arguments)

    def surroundings(self) -> Surroundings:
        workflows = dict(self._workflows())
        places = {name: tuple(_environments_of(data)) for name, data in workflows.items()}
        return Surroundings(
            branch=self.default_branch(),
            languages=self._languages(),
            deploy=self._deploy_command(),
            migrations=self._migrations(),
            workflows=tuple(workflows),
            environments=tuple(dict.fromkeys(chain.from_iterable(places.values()))),
            pull_requests_test=any(map(_runs_on_pull_requests, workflows.values())),
            deploys_already=any(found for name, found in places.items() if name not in _DRAFTED),
        )

    def default_branch(self) -> str:
        """What the remote says, else a branch with a usual name, else the one that is checked out."""
        return (
            self._pointed_at("refs/remotes/origin/HEAD").removeprefix("origin/")
            or next((name for name in _DEFAULT_BRANCHES if self.git("branch", "--list", name)), "")
            or self._pointed_at("HEAD")
            or _DEFAULT_BRANCHES[0]
        )

    def _pointed_at(self, name: str) -> str:
        try:
            return self.git("symbolic-ref", "--short", name)
        except NoCheckout:
            return ""

    def repository(self) -> str:
        """`OWNER/NAME`, as the remote `origin` says it. Raises NoCheckout."""
        try:
            remote = self.git("remote", "get-url", "origin")
        except NoCheckout as error:
            raise NoCheckout(f"Which repository? Set GITHUB_REPOSITORY to OWNER/NAME. ({error})") from error
        found = re.search(r"[/:]([^/:]+/[^/:]+?)(?:\.git)?/?$", remote)
        if found is None:
            raise NoCheckout("The remote 'origin' names no repository on GitHub. Set GITHUB_REPOSITORY.")
        return found[1]

    def start_branch(self, name: str, sha: str) -> None:
        """Make a branch at a commit of the remote and go there. Raises NoCheckout, and then nothing moved."""
        if self.git("branch", "--list", name):
            raise NoCheckout(
                f"Branch {name} already exists. Go on with `git switch {name}`, or name another."
            )
        self.git("fetch", "--quiet", "origin", sha)
        self.git("switch", "--quiet", "--create", name, sha)

    def is_dirty(self) -> bool:
        """Whether files that git knows differ from what is committed."""
        return bool(self.git("status", "--porcelain", "--untracked-files=no"))

    def kept(self, drafts: Sequence[Draft]) -> dict[str, Draft]:
        """By a draft's path, the file that stands in its place already, and is never changed."""
        taken = {draft.path: self._taken(draft) for draft in drafts}
        return {place: Draft(path=file, text=self._text(file)) for place, file in taken.items() if file}

    def _taken(self, draft: Draft) -> str:
        """Of a pull request template there are several places, in any case; a workflow may end otherwise."""
        places = [draft.path]
        if draft.path in (WORKFLOW, AROUND):
            places.append(f"{draft.path.removesuffix('.yml')}.yaml")
        if draft.path.endswith("pull_request_template.md"):
            places += ["pull_request_template.md", "docs/pull_request_template.md"]
        wanted = {place.casefold() for place in places}
        folders = {(self.root / place).parent for place in places}
        here = [file for folder in folders if folder.is_dir() for file in folder.iterdir()]
        names = (str(file.relative_to(self.root)) for file in here)
        return next((name for name in names if name.casefold() in wanted), "")

    def write(self, draft: Draft) -> None:
        """Write a file that is not there. Raises NoCheckout rather than write over one or outside."""
        path = self.root / draft.path
        if not path.parent.resolve().is_relative_to(self.root.resolve()):
            raise NoCheckout(f"{draft.path} leads out of the repository. Make its directory a real one.")
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(draft.text)
        except FileExistsError:
            raise NoCheckout(f"{draft.path} has appeared meanwhile, and is kept. Run this again.") from None

    def _languages(self) -> tuple[str, ...]:
        names = {file.name for file in self._files()}
        return tuple(dict.fromkeys(language for file, language in _LANGUAGES.items() if file in names))

    def _files(self) -> Iterator[PurePosixPath]:
        """Those that git knows and those that it would add; what it ignores was written by others."""
        listed = self.git("ls-files", "--cached", "--others", "--exclude-standard")
        return (PurePosixPath(line) for line in listed.splitlines())

    def _has(self, path: str) -> bool:
        return (self.root / path).exists()

    def _deploy_command(self) -> str:
        script = next((file for file in _DEPLOY_SCRIPTS if (self.root / file).is_file()), "")
        if script:
            return f'./{script} "$VERSION"'
        if re.search(r"^deploy:", self._text("Makefile"), re.MULTILINE):
            return 'make deploy VERSION="$VERSION"'
        scripts = _mapping(self._json("package.json").get("scripts"))
        return "npm run deploy" if "deploy" in scripts else ""

    def _migrations(self) -> Migrations | None:
        for place, migrations in _MIGRATIONS:
            if self._has(place):
                return migrations
        for place in _SQL_DIRECTORIES:
            if (self.root / place).is_dir():
                sql = any((self.root / place).glob("*.sql"))
                return Migrations(found=place, lint=f"{place}/*.sql" if sql else "")
        return self._migrations_of_parts()

    def _migrations_of_parts(self) -> Migrations | None:
        """Of a repository with several parts, each with its own."""
        parents = [file.parent for file in self._files() if file.suffix == ".sql"]
        places = sorted({str(parent) for parent in parents if parent.name == "migrations"})
        if not places:
            return None
        all_of_them = places[0] if len(places) == 1 else "**/migrations"
        return Migrations(found=", ".join(places), lint=f"{all_of_them}/*.sql")

    def _workflows(self) -> Iterator[tuple[str, dict[str, Any]]]:
        from yaml import BaseLoader, YAMLError, load  # noqa: PLC0415 - hotfix needs none of it

        files = sorted((self.root / ".github" / "workflows").glob("*.y*ml"))
        for file in files:
            try:
                data = load(file.read_text(encoding="utf-8"), BaseLoader)  # noqa: S506 - makes text only
            except (OSError, UnicodeDecodeError, YAMLError):
                data = None
            yield file.name, _mapping(data)

    def _text(self, path: str) -> str:
        try:
            return (self.root / path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return ""

    def _json(self, path: str) -> dict[str, Any]:
        try:
            return _mapping(json.loads(self._text(path)))
        except ValueError:
            return {}


def _environments_of(workflow: dict[str, Any]) -> Iterator[str]:
    for job in _mapping(workflow.get("jobs")).values():
        named = _mapping(job).get("environment")
        name = _mapping(named).get("name") if isinstance(named, dict) else named
        if isinstance(name, str) and name and "${{" not in name and name != _OF_PAGES:
            yield name


def _runs_on_pull_requests(workflow: dict[str, Any]) -> bool:
    events = workflow.get("on")
    return "pull_request" in (events if isinstance(events, str | list | dict) else ())


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _git(directory: Path, *arguments: str) -> str:
    command = ["git", "-C", str(directory), *arguments]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise NoCheckout("git is not installed here. Install it and run this again.") from None
    if answer.returncode:
        raise NoCheckout(f"git {arguments[0]}: {_complaint(answer.stderr)}")
    return answer.stdout.strip()


def _complaint(said: str) -> str:
    """The line with the reason: git puts warnings before it and advice after it."""
    lines = [line for line in said.splitlines() if line.strip()] or ["git refused"]
    return next((line for line in lines if line.startswith(("fatal:", "error:"))), lines[-1])
