"""Ten thousand gates wait for one window: what waiting costs, and how they go when it opens.

`python -m benchmarks.crowd [--gates 10000]`. The gates wait at the sandbox and in the App's SQLite
database; gunicorn and one worker are real processes, and only they are measured.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
from sqlalchemy import insert

from gateway.tokens import PERMISSIONS
from sandbox.server import serve
from sandbox.starts import Start, start_workflows
from sandbox.state import App, Repository
from sandbox.workflow import Occasion
from sandbox.world import World
from service.database import migrate
from service.tables import gates, open_database
from tests.started import Started, environ_for, started

OWNERS, REPOSITORIES = 100, 10  # installations, and repositories of each
IDLE = 20.0  # seconds of waiting that are measured
SET_UP = timedelta(minutes=1)  # to start and to measure before the window opens
POPULATED = 50  # gates a second, on a busy machine
WORKFLOW = """\
on: {push: {branches: [main]}}
jobs: {deploy: {runs-on: ubuntu-latest, environment: production, steps: [{run: echo out}]}}
"""
POLICY = """\
version: 1
timezone: UTC
environments:
  production: {in_flight: allow, windows: {open: ["%s-24:00"]}}
"""


@dataclass(kw_only=True)
class Numbers:
    gates: int
    processes: int
    megabytes: float  # resident memory of all processes, shared pages counted in each
    megabytes_apart: float  # the same with shared pages counted once
    idle_cpu: float  # per cent of one processor
    first: float  # seconds from the opening to the first verdict
    early: int
    decided: int
    rate: float  # verdicts a second
    ours: float  # milliseconds of processor a verdict took of ours, and
    sandbox: float  # of the sandbox, which is one process and answers one request at a time
    load: float  # of the machine at the end, with everybody else's


def crowd(count: int, root: Path, patience: float) -> Numbers:
    world = World(root=root / "github")
    server = serve(world, run_workflows=False)
    begins = datetime.now(UTC) + SET_UP + timedelta(seconds=count / POPULATED)
    opens = begins.replace(second=0, microsecond=0) + timedelta(minutes=1)
    app = _populate(world, count, opens)
    environ = environ_for(app, root, server.url)
    database = f"sqlite:///{root / 'crowd.sqlite3'}"
    _wait_in(database, world, root, opens)
    with started(root, {**environ, "DATABASE_URL": database}) as service:
        service.wait_until_ready()
        while "reconcile.done" not in service.said():
            time.sleep(0.5)  # the first one is no part of waiting
        idle = _idle(service)
        memory = _memory(service)
        before = _spent(_processes(service)), _spent([psutil.Process()])
        at = _verdicts(world, count, opens, patience)
        after = _spent(_processes(service)), _spent([psutil.Process()])
        ours, sandbox = (
            1000 * (late - early) / max(len(at), 1) for early, late in zip(before, after, strict=True)
        )
        processes = len(service.children()) + 1
    server.stop()
    late = [moment - opens.timestamp() for moment in at]
    return Numbers(
        gates=count,
        processes=processes,
        megabytes=memory[0],
        megabytes_apart=memory[1],
        idle_cpu=idle,
        first=min(late, default=float("nan")),
        early=sum(moment < 0 for moment in late),
        decided=len(at),
        rate=(len(late) - 1) / (max(late) - min(late)) if len(late) > 1 else 0.0,
        ours=ours,
        sandbox=sandbox,
        load=os.getloadavg()[0],
    )


def _populate(world: World, count: int, opens: datetime) -> App:
    """Repositories that share one git directory, each with its share of waiting runs."""
    ada = world.add_user("ada")
    owners = [f"acme{number}" for number in range(OWNERS)]
    for owner in owners:
        world.add_org(owner, owners=("ada",))
    app = world.add_app(
        "gate", owner="acme0", permissions=dict(PERMISSIONS), events=("deployment_protection_rule",)
    )
    files = {".github/deploy.yml": POLICY % f"{opens:%H:%M}", ".github/workflows/deploy.yml": WORKFLOW}
    first = world.add_repository("acme0/shop-0", files=dict(files), author=ada)
    sha = world.git(first).tip("main") or ""
    for owner in owners:
        names = [f"{owner}/shop-{number}" for number in range(REPOSITORIES)]
        for name in names:
            _share(world, name, first)
            world.add_environment(name, "production", custom=(app,))
        world.install(app, *names)
    repositories = list(world.repositories.values())
    push = Occasion(event="push", ref="refs/heads/main")
    for number in range(count):
        repository = repositories[number % len(repositories)]
        start_workflows(world, Start(repository=repository, occasion=push, sha=sha, actor=ada))
    return app


def _share(world: World, name: str, first: Repository) -> None:
    if name in world.repositories:
        return
    owner, _, short = name.partition("/")
    world.repositories[name] = Repository(
        id=world.next_id(),
        name=short,
        owner=world.account(owner),
        path=first.path,
        created_at=first.created_at,
        updated_at=first.updated_at,
        pushed_at=first.pushed_at,
    )


def _wait_in(database: str, world: World, root: Path, opens: datetime) -> None:
    """As the first look at each would have left it."""
    engine = open_database(database)
    migrate(engine, root)
    installations = {one.account.login: one.id for one in world.installations.values()}
    rows = [
        {
            "installation_id": installations[repository.owner.login],
            "repository": repository.full_name,
            "run_id": run.id,
            "environment": "production",
            "deployment_id": pending.deployment.id if pending.deployment else 0,
            "sha": run.head_sha,
            "ref": run.ref,
            "requested_at": pending.since.timestamp(),
            "state": "waiting",
            "recheck_at": opens.timestamp(),
            "looked_at": pending.since.timestamp(),
        }
        for repository in world.repositories.values()
        for run in repository.runs.values()
        for pending in run.pending
    ]
    with engine.begin() as connection:
        connection.execute(insert(gates), rows)
    engine.dispose()


def _processes(service: Started) -> list[psutil.Process]:
    return [psutil.Process(service.process.pid), *service.children()]


def _idle(service: Started) -> float:
    before, began = _spent(_processes(service)), time.monotonic()
    time.sleep(IDLE)
    return 100 * (_spent(_processes(service)) - before) / (time.monotonic() - began)


def _spent(processes: list[psutil.Process]) -> float:
    """Seconds of processor."""
    times = [process.cpu_times() for process in processes]
    return sum(one.user + one.system for one in times)


def _memory(service: Started) -> tuple[float, float]:
    found = [process.memory_full_info() for process in _processes(service)]
    return sum(one.rss for one in found) / 1e6, sum(one.pss for one in found) / 1e6


def _verdicts(world: World, count: int, opens: datetime, patience: float) -> list[float]:
    """When each came, on this machine's clock."""
    at: list[float] = []
    verdict = "deployment_protection_rule"
    world.on_exchange.append(
        lambda one: at.append(time.time()) if one.path.endswith(verdict) and one.status < 300 else None
    )
    give_up = opens.timestamp() + patience
    while len(at) < count and time.time() < give_up:
        time.sleep(0.5)
    return list(at)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gates", type=int, default=10_000)
    parser.add_argument("--patience", type=float, default=1800.0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="crowd-") as home:
        numbers = crowd(asked.gates, Path(home), asked.patience)
    print(numbers)
    good = numbers.early == 0 and numbers.megabytes_apart < 300 and numbers.idle_cpu < 2 and numbers.first < 2
    return 0 if good and numbers.decided == numbers.gates else 1


if __name__ == "__main__":
    sys.exit(main())
