"""One deployment on the sandbox whose job dies: by a real signal, at a step of one's choice."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from tempfile import mkdtemp

from action.journal import read_story
from protocol.entry import Entry, entries_in
from sandbox.state import Deployment, DeploymentStatus, Issue, Repository, WorkflowRun
from tests.chat import Chat, start_chat
from tests.forks import PATIENCE, Fork, Forked, start_fork
from tests.pids import is_gone
from tests.sandbox_fixture import Sandbox, start_sandbox

AT = Path(__file__).parent / "at_a_step"
_WORKFLOW = """
on: {push: {branches: [main]}}
jobs:
  deploy:
    runs-on: ubuntu-latest
    environment: production
    steps: [{run: 'true'}]
"""
_HEAD = """
version: 1
log: {releases: always}
notify: {before: [team], during: [team], after: [team], rollback: [team]}
environments:
  production:
"""


@dataclass(kw_only=True)
class Theatre:
    """A sandbox, a chat and a parent of processes for many scenes."""

    sandbox: Sandbox
    chat: Chat
    fork: Fork
    root: Path
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _building: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def apart(self) -> Iterator[Theatre]:
        """A GitHub and a chat of one's own, which may fail without failing others."""
        with ExitStack() as stack:
            root = Path(mkdtemp(dir=self.root))
            sandbox = stack.enter_context(start_sandbox(root / "world", run_workflows=True))
            chat = stack.enter_context(start_chat())
            yield Theatre(sandbox=sandbox, chat=chat, fork=self.fork, root=root)

    def scene(self, steps: str, *, stuck_at: str = "", merged: bool = False) -> Scene:
        """A repository of its own, with a run that deploys version 1.1.0, pushed or `merged`."""
        with self._building:
            name = f"acme/shop-{next(self._numbers)}"
            world = self.sandbox.world
            world.add_repository(name, files={"README.md": "A shop.\n"})
            world.add_environment(name, "production", reviewers=(world.user("ada"),))
            policy = _HEAD + "\n".join(f"    {line}" for line in steps.strip().splitlines()) + "\n"
            files = {".github/deploy.yml": policy, ".github/workflows/deploy.yml": _WORKFLOW}
            sha = world.commit(name, files, "A shop that sells", author=world.user("ada"), quiet=merged)
            sha = self._merged(name) if merged else sha
        directory = self.root / name.replace("/", "-")
        (directory / "workspace").mkdir(parents=True)
        (directory / "stuck_at").write_text(stuck_at)
        scene = Scene(theatre=self, directory=directory, name=name, sha=sha, token=world.token_for("ada"))
        wait_for(lambda: bool(scene.repository.runs), "no run was started")
        return scene

    def taken(self, path: str) -> int:
        """How many writes of this kind GitHub has taken."""
        made = list(self.sandbox.world.exchanges)
        return sum(one.method == "POST" and re.search(path, one.path) is not None for one in made)

    def _merged(self, name: str) -> str:
        """The commit that brought the first pull request in."""
        world, ada = self.sandbox.world, self.sandbox.client_as("ada")
        world.commit(
            name, {"search.py": "1\n"}, "Search", branch="search", author=world.user("ada"), quiet=True
        )
        fields = {"title": "Faster search", "head": "search", "base": "main"}
        number = ada.post(f"/repos/{name}/pulls", fields).json()["number"]
        return str(ada.put(f"/repos/{name}/pulls/{number}/merge", {}).json()["sha"])


@dataclass(kw_only=True)
class Scene:
    theatre: Theatre
    directory: Path
    name: str
    sha: str
    token: str = field(repr=False)
    attempt: int = 1

    @property
    def repository(self) -> Repository:
        return self.theatre.sandbox.world.repository(self.name)

    @property
    def run(self) -> WorkflowRun:
        [run] = self.repository.runs.values()
        return run

    @property
    def environ(self) -> dict[str, str]:
        files = {f"GITHUB_{one}": str(self.file(one.lower())) for one in ("OUTPUT", "STATE", "STEP_SUMMARY")}
        return {
            "PATH": f"{AT}:{os.environ['PATH']}",
            "SCENE": str(self.directory),
            "GITHUB_API_URL": self.theatre.sandbox.url,
            "GITHUB_SERVER_URL": self.theatre.sandbox.url,
            "GITHUB_REPOSITORY": self.name,
            "GITHUB_SHA": self.sha,
            "GITHUB_REF": "refs/heads/main",
            "GITHUB_REF_NAME": "main",
            "GITHUB_RUN_ID": str(self.run.id),
            "GITHUB_RUN_ATTEMPT": str(self.attempt),
            "GITHUB_ACTOR": "ada",
            "GITHUB_WORKSPACE": str(self.directory / "workspace"),
            "RUNNER_TEMP": str(self.directory / f"temporary-{self.attempt}"),
            "INPUT_ENVIRONMENT": "production",
            "INPUT_VERSION": "1.1.0",
            "INPUT_GITHUB_TOKEN": self.token,
            "NOTIFY_TEAM": f"{self.theatre.chat.channel}/{self.directory.name}",
            **files,
        }

    def file(self, name: str) -> Path:
        return self.directory / f"{name}-{self.attempt}"

    # What happens

    def begin(self) -> Forked:
        return self.theatre.fork.action(self.file("log"), self.environ)

    def end_of_job(self) -> str:
        """The post step, in a container of its own; what it printed."""
        state = dict(line.split("=", 1) for line in self.text("state").splitlines())
        kept = {f"STATE_{name}": value for name, value in state.items()}
        number = len(list(self.directory.glob("post-*.log")))
        output = self.directory / f"post-{number}.log"
        post = self.theatre.fork.action(output, {**self.environ, **kept}, "post")
        assert post.wait() == 0, post.said()
        return post.said()

    def wait_until_stuck(self, job: Forked) -> None:
        self.wait_for((self.directory / "stuck").exists, job)

    def wait_for(self, until: Callable[[], bool], job: Forked) -> None:
        wait_for(lambda: until() or job.ended() is not None, "it never came to that")
        assert job.ended() is None, job.said()

    def run_again(self) -> Forked:
        """The same run's next attempt, on a runner of its own; nothing is stuck any more."""
        self.attempt += 1
        (self.directory / "stuck_at").write_text("")
        return self.begin()

    def go_on(self) -> None:
        (self.directory / "go").touch()

    def expire_the_token(self) -> None:
        world = self.theatre.sandbox.world
        world.tokens[self.token].expires_at = world.now() - timedelta(seconds=1)

    def container_ends(self) -> None:
        """With its first process a container loses all the others."""
        give_up = time.monotonic() + PATIENCE
        while alive := self.alive():
            assert time.monotonic() < give_up, alive
            for pid in alive:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    # What is left

    def alive(self) -> list[int]:
        """Every process that the job started, however far it went from us."""
        mark = f"SCENE={self.directory}".encode()
        return [pid for pid in _pids() if mark in _environ_of(pid).split(b"\0")]

    def left_behind(self) -> list[int]:
        """Of those, who was not ended."""
        return [pid for pid in self.alive() if not is_gone(pid)]

    @property
    def knows_what_it_brings(self) -> bool:
        """Its journal, or the end of the job would have to ask."""
        stories = map(read_story, self.file("temporary").rglob("*.jsonl"))
        return any(story is not None and story.since is None for story in stories)

    def text(self, name: str) -> str:
        path = self.file(name)
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def output(self, name: str) -> str:
        found = re.findall(rf"^{name}<<(\S+)\n(.*?)\n?\1$", self.text("output"), re.MULTILINE | re.DOTALL)
        return str(found[-1][1]) if found else ""

    @property
    def story(self) -> list[str]:
        path = self.directory / "story"
        return path.read_text().splitlines() if path.exists() else []

    @property
    def made(self) -> list[Deployment]:
        """The Deployments that the job made; GitHub's own, for the job, waits at its gate."""
        return [one for one in self.repository.deployments.values() if one.job is None]

    @property
    def statuses(self) -> list[DeploymentStatus]:
        """Of the job's Deployment, oldest first, without those that only keep a note."""
        told = sorted((one for made in self.made for one in made.statuses), key=lambda one: one.id)
        return [one for one in told if not one.description.startswith(("Told ", "Done in "))]

    @property
    def entries(self) -> list[Entry]:
        return [entry for one in self.repository.releases.values() for entry in entries_in(one.body or "")]

    @property
    def issues(self) -> list[Issue]:
        return [one for one in self.repository.issues.values() if one.pull is None]

    @property
    def remarks(self) -> list[str]:
        """What stands on the pull requests."""
        return [said.body for pull in self.repository.pulls for said in pull.issue.comments]

    @property
    def titles(self) -> list[str]:
        """What the team was told, in order."""
        here = f"/{self.directory.name}"
        return [one.json["title"] for one in self.theatre.chat.heard if one.path == here]


@contextmanager
def theatre(root: Path) -> Iterator[Theatre]:
    with ExitStack() as stack:
        sandbox = stack.enter_context(start_sandbox(root / "world", run_workflows=True))
        chat = stack.enter_context(start_chat())
        fork = stack.enter_context(start_fork())
        yield Theatre(sandbox=sandbox, chat=chat, fork=fork, root=root)


def wait_for(until: Callable[[], bool], why: str) -> None:
    give_up = time.monotonic() + PATIENCE
    while not until():
        assert time.monotonic() < give_up, why
        time.sleep(0.01)


def _pids() -> list[int]:
    return [int(place.name) for place in Path("/proc").iterdir() if place.name.isdigit()]


def _environ_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""
