"""kill -9 at random moments while GitHub fails: every gate gets the verdict its policy says, none two.

`python -m benchmarks.soak [--gates 500] [--kills 100] [--seed N]`. The sandbox and its bad weather live
in this process; web and worker are real processes under a supervisor that starts them again.
"""

from __future__ import annotations

import argparse
import collections
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psutil
import requests

from gateway.tokens import PERMISSIONS
from sandbox.faults import Fault, Faults
from sandbox.occasions import occasion_of_push
from sandbox.server import Server, serve
from sandbox.starts import start_workflows
from sandbox.state import App, Push
from sandbox.world import Exchange, World
from service.events import EVENTS
from tests.started import SECRET, environ_for

WORKFLOW = """\
on: {push: {branches: [main]}}
jobs: {deploy: {runs-on: ubuntu-latest, environment: production, steps: [{run: echo out}]}}
"""
POLICIES = {
    "approved": "version: 1\nenvironments: {production: {deploy: manual}}\n",
    "rejected": 'version: 1\nenvironments: {production: {access: {deployers: ["user:grace"]}}}\n',
    "": 'version: 1\nenvironments: {production: {approvals: [{name: Boss, from: ["user:grace"]}]}}\n',
}
BETWEEN_KILLS = (0.2, 4.0)  # seconds
OWNERS = 10  # each an installation with limits of its own


@dataclass(kw_only=True)
class Plan:
    """`slowness` is how long an answer takes that times out; beyond 15 s our client gives up."""

    gates: int = 500
    kills: int = 100
    rate: float = 0.2
    slowness: float = 16.0
    patience: float = 900.0
    seed: int = 1
    database_url: str = ""  # SQLite in a file unless given
    workers: int = 1


@dataclass(kw_only=True)
class Outcome:
    """What the sandbox saw. Empty lists are what we want."""

    seconds: float
    kills: int
    restarts: int
    faults: int
    lost: list[str]  # gates that never got the verdict their policy says
    wrong: list[str]  # gates that were told anything else
    by_worker: list[int]  # verdicts each worker gave
    verdicts: Mapping[str, int]


class Weather(Faults):
    """So many of the API's requests go wrong, each in a random way, while it is `bad`."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.bad = True
        self.played = 0
        self._plan = plan
        self._random = random.Random(plan.seed)

    def take(self, method: str, path: str, *kinds: str) -> Fault | None:  # noqa: ARG002 - all alike
        chances = [fault for fault in self._choices() if fault.kind in kinds]
        if not self.bad or not chances or self._random.random() >= self._plan.rate * len(chances) / 6:
            return None
        self.played += 1
        return self._random.choice(chances)

    def _choices(self) -> tuple[Fault, ...]:
        return (
            Fault(kind="status", status=500),
            Fault(kind="status", status=502, after_effect=True),
            Fault(kind="secondary_limit", seconds=1),
            Fault(kind="timeout", seconds=self._plan.slowness),
            Fault(kind="cut"),
            Fault(kind="cut", after_effect=True),
        )


@dataclass(kw_only=True)
class Supervisor:
    """Starts one part of the service, and again whenever it ends."""

    name: str  # its part of the service, and a number
    environ: Mapping[str, str]
    log: Path
    starts: int = 0
    process: subprocess.Popen[bytes] | None = None
    stopping: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None

    def start(self) -> Supervisor:
        self.thread = threading.Thread(target=self._keep)
        self.thread.start()
        return self

    def _keep(self) -> None:
        command = [sys.executable, "-m", "service", self.name.split()[0]]
        while not self.stopping.is_set():
            self.starts += 1
            with self.log.open("ab") as output:
                self.process = subprocess.Popen(command, env=dict(self.environ), stdout=output, stderr=output)
            self.process.wait()
            time.sleep(0.05)

    @property
    def began(self) -> bool:
        return self.log.exists() and '"worker.started"' in self.log.read_text()

    def victims(self) -> list[psutil.Process]:
        with suppress(psutil.NoSuchProcess):
            if self.process is not None and self.process.poll() is None:
                root = psutil.Process(self.process.pid)
                return [root, *root.children(recursive=True)]
        return []

    def stop(self) -> None:
        self.stopping.set()
        for victim in self.victims()[:1]:
            victim.terminate()
        if self.thread is not None:
            self.thread.join()


def soak(plan: Plan, root: Path) -> Outcome:
    """Let gates arrive, kill, wait for calm, and compare what GitHub holds with what the policies say."""
    began = time.monotonic()
    world = World(root=root / "github")
    world.faults = weather = Weather(plan)
    posted: dict[str, list[str]] = collections.defaultdict(list)
    world.on_exchange.append(lambda exchange: _note(posted, exchange))
    with _served(world) as server:
        app = _populate(world, plan)
        environ = environ_for(app, root, server.url)
        environ |= {"DATABASE_URL": plan.database_url} if plan.database_url else {}
        app.webhook_url = f"{environ['PUBLIC_URL']}/webhook"
        names = ["web", *(f"worker {number}" for number in range(plan.workers))]
        parts = [Supervisor(name=name, environ=environ, log=root / f"{name}.log") for name in names]
        try:
            for part in parts:
                part.start()
            _wait_until_up(environ["PUBLIC_URL"], parts[1:])
            expected = _arrive_while_killing(world, plan, parts)
            calm = partial(_all_as_expected, world, expected)
            _wait(lambda: weather.played > 0 or calm(), plan.patience)  # processes may be slow to start
            weather.bad = False
            _kill_all(parts[1:])  # whoever starts again asks GitHub what was lost
            _wait(calm, plan.patience)
        finally:
            for part in parts:
                part.stop()
            server.courier.settle(30)
        lost, wrong = _compare(world, expected, posted)
        return Outcome(
            seconds=time.monotonic() - began,
            kills=plan.kills,
            restarts=sum(part.starts - 1 for part in parts),
            faults=weather.played,
            lost=lost,
            wrong=wrong,
            by_worker=[part.log.read_text().count('"gate.verdict"') for part in parts[1:]],
            verdicts=collections.Counter(_outcome(world, name) for name in expected),
        )


@contextmanager
def _served(world: World) -> Iterator[Server]:
    """Without a runner: what passes its gate stays queued."""
    server = serve(world, run_workflows=False)
    world.on_push.append(partial(_begin_runs, world))
    try:
        yield server
    finally:
        server.stop()


def _begin_runs(world: World, push: Push) -> None:
    start_workflows(world, occasion_of_push(world, push))


def _note(posted: dict[str, list[str]], exchange: Exchange) -> None:
    if exchange.template.endswith("deployment_protection_rule") and "state" in (exchange.request_body or {}):
        posted[exchange.path.split("/actions/")[0]].append(exchange.request_body["state"])


def _populate(world: World, plan: Plan) -> App:
    ada = world.add_user("ada")
    world.add_user("grace")
    owners = [f"acme{number}" for number in range(min(OWNERS, plan.gates))]
    for owner in owners:
        world.add_org(owner, owners=("ada", "grace"))
    app = world.add_app(
        "gate", owner=owners[0], permissions=dict(PERMISSIONS), events=tuple(EVENTS), webhook_secret=SECRET
    )
    for number in range(plan.gates):
        name = _name(number, plan)
        files = {".github/deploy.yml": _policy(number), ".github/workflows/deploy.yml": WORKFLOW}
        world.add_repository(name, files=dict(files), author=ada)
        world.add_environment(name, "production", custom=(app,))
    for owner in owners:
        mine = [_name(number, plan) for number in range(plan.gates)]
        world.install(app, *(name for name in mine if name.startswith(f"{owner}/")))
    return app


def _name(number: int, plan: Plan) -> str:
    return f"acme{number % min(OWNERS, plan.gates)}/shop-{number}"


def _verdict(number: int) -> str:
    return tuple(POLICIES)[number % len(POLICIES)]


def _policy(number: int) -> str:
    return POLICIES[_verdict(number)]


def _wait_until_up(url: str, workers: list[Supervisor]) -> None:
    """The web part and every worker: one that is late would find nothing left to do."""
    for _ in range(600):
        with suppress(requests.RequestException):
            if all(one.began for one in workers) and requests.get(f"{url}/readyz", timeout=5).ok:
                return
        time.sleep(0.1)


def _arrive_while_killing(world: World, plan: Plan, parts: list[Supervisor]) -> dict[str, str]:
    """Pushes at random moments for as long as the killing takes."""
    chance, killers = random.Random(plan.seed + 1), random.Random(plan.seed + 2)
    gap = 2 * plan.kills * sum(BETWEEN_KILLS) / 2 / plan.gates
    killer = threading.Thread(target=_kill, args=(plan, parts, killers))
    killer.start()
    expected: dict[str, str] = {}
    for number in range(plan.gates):
        name = _name(number, plan)
        world.commit(name, {"shop.py": f"{number}\n"}, "Sell", author=world.user("ada"))
        expected[name] = _verdict(number)
        time.sleep(chance.uniform(0, gap))
    killer.join()
    return expected


def _kill(plan: Plan, parts: list[Supervisor], chance: random.Random) -> None:
    """Every other one is a whole part, which starts again; the rest are whichever process of it."""
    for number in range(plan.kills):
        time.sleep(chance.uniform(*BETWEEN_KILLS))
        part = chance.choice(parts)
        while not (victims := part.victims()):
            time.sleep(0.05)  # it is being started again
        with suppress(psutil.NoSuchProcess):
            victims[0 if number % 2 == 0 else chance.randrange(len(victims))].kill()


def _kill_all(parts: list[Supervisor]) -> None:
    for victim in (victim for part in parts for victim in part.victims()[:1]):
        with suppress(psutil.NoSuchProcess):
            victim.kill()


def _wait(until: Callable[[], bool], patience: float) -> None:
    give_up = time.monotonic() + patience
    while time.monotonic() < give_up and not until():
        time.sleep(0.2)


def _all_as_expected(world: World, expected: Mapping[str, str]) -> bool:
    with world.lock:
        return all(_outcome(world, name) == verdict for name, verdict in expected.items())


def _outcome(world: World, name: str) -> str:
    """What became of the repository's only gate: approved, rejected, or "" while it waits and is shown so."""
    run = next(iter(world.repository(name).runs.values()), None)
    if run is None:
        return "no run"
    if run.pending:
        return "" if _shown(world, name) else "not seen"
    return "rejected" if run.conclusion == "failure" else "approved"


def _shown(world: World, name: str) -> bool:
    checks = world.repository(name).check_runs.values()
    return any(check.external_id.startswith("deploy-protocol:") for check in checks)


def _compare(
    world: World, expected: Mapping[str, str], posted: Mapping[str, list[str]]
) -> tuple[list[str], list[str]]:
    became = {name: _outcome(world, name) for name in expected}
    told = {name: set(posted.get(f"/repos/{name}", ())) for name in expected}
    lost = [f"{name}: {became[name]}" for name in expected if became[name] != expected[name]]
    wrong = [f"{name}: {told[name]}" for name in expected if not told[name] <= {expected[name]} - {""}]
    return lost, wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gates", type=int, default=500)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a directory for logs, kept afterwards")
    asked = parser.parse_args()
    plan = Plan(gates=asked.gates, kills=asked.kills, seed=asked.seed)
    with tempfile.TemporaryDirectory(prefix="soak-") as home:
        outcome = soak(plan, asked.keep or Path(home))
    print(outcome)
    return 1 if outcome.lost or outcome.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
