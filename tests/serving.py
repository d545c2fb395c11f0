"""The App over a served shop: a real door that webhooks come to, and a worker that is stepped by hand."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, Row, select
from werkzeug.serving import WSGIRequestHandler, make_server

from protocol.gate import Gate
from sandbox.state import CheckRun, PendingDeployment
from sandbox.world import Exchange
from service.app import create_app
from service.clients import Clients
from service.events import EVENTS
from service.queue import Queue, open_queue
from service.reconcile import Reconcile
from service.settings import Settings
from service.tables import deliveries, gates
from service.worker import Worker
from service.workers import Workers
from tests.listening import listening
from tests.migrated import migrated
from tests.waiting import WaitingShop, waiting_shop

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

SECRET = "a secret between the sandbox and the App"


@dataclass(kw_only=True)
class Clock:
    """The App's own, not GitHub's, so many seconds `later` than it is, or than when it was stopped."""

    later: float = 0.0
    stopped_at: float | None = None

    def __call__(self) -> float:
        return self.later + (time.time() if self.stopped_at is None else self.stopped_at)

    def stop(self) -> None:
        """From now on only `later` moves it, however long the work takes."""
        self.stopped_at = time.time()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self(), UTC)


@dataclass(kw_only=True)
class Served:
    """`acme/shop` and its App, whose work is done only in `settle` and `reconcile`."""

    shop: WaitingShop
    settings: Settings
    engine: Engine
    queue: Queue
    worker: Worker
    clients: Clients
    clock: Clock

    def settle(self) -> None:
        """Until every webhook has come in, and all work that is due has been done."""
        self.shop.server.courier.settle()
        while True:
            self.worker.sweep()
            if not self._work():
                return
            self.shop.server.courier.settle()

    def _work(self) -> bool:
        worked = False
        while (task := self.queue.huey.dequeue()) is not None:
            self.queue.huey.execute(task)
            worked = True
        return worked

    def reconcile(self, clients: Clients | None = None) -> None:
        """As at a start, by a process that remembers nothing, if none is given."""
        Reconcile(clients or Clients(self.settings), self.engine, self.clock).run()

    def gate(self) -> Row[Any]:
        """What we know of the only gate."""
        with self.engine.connect() as connection:
            return connection.execute(select(gates)).one()

    def deliveries(self) -> list[Row[Any]]:
        with self.engine.connect() as connection:
            return list(connection.execute(select(deliveries)))

    def checks(self) -> list[CheckRun]:
        """The App's own check runs, the newest last."""
        found = self.shop.repository.check_runs.values()
        return [run for run in found if run.external_id.startswith("deploy-protocol:")]

    def check(self) -> CheckRun:
        return self.checks()[-1]

    def summary(self) -> str:
        return self.check().summary or ""

    def pending(self, gate: Gate) -> PendingDeployment | None:
        return next(iter(self.shop.repository.runs[gate.run_id].pending), None)

    def verdicts(self) -> list[str]:
        """Every verdict the sandbox took, in order."""
        return [
            one.request_body["state"]
            for one in self.asked("POST", "deployment_protection_rule")
            if "state" in one.request_body and one.status < 300
        ]

    def asked(self, method: str, path: str) -> list[Exchange]:
        ours = (one for one in self.shop.world.exchanges if one.who.startswith(("installation", "app")))
        return [one for one in ours if one.method == method and path in one.path]


@contextmanager
def serving(root: Path, database_url: str = "") -> Iterator[Served]:
    http = make_server("127.0.0.1", 0, _closed, threaded=True, request_handler=_Quiet)
    with waiting_shop(root / "github") as shop, listening(http):
        url = f"http://127.0.0.1:{http.server_port}"
        settings = Settings(
            app_id=shop.played.id,
            private_key=shop.played.private_key,
            webhook_secrets=(SECRET,),
            client_id=shop.played.client_id,
            client_secret=shop.played.client_secret,
            public_url=url,
            api_url=shop.server.url,
            server_url=shop.server.url,
            data_dir=root,
            database_url=database_url or f"sqlite:///{root / 'service.sqlite3'}",
        )
        engine = migrated(settings.database_url, root)
        served = _serve(shop, settings, engine)
        http.app = create_app(settings, engine, served.queue, served.clock)
        shop.played.webhook_url, shop.played.webhook_secret = f"{url}/webhook", SECRET
        shop.installation.events = tuple(EVENTS)
        yield served
        shop.server.courier.settle()
        engine.dispose()


def _serve(shop: WaitingShop, settings: Settings, engine: Engine) -> Served:
    queue, clock = Queue(open_queue(settings)), Clock()
    clients = Clients(settings, clock.now)
    workers = Workers(engine)
    worker = Worker(engine=engine, workers=workers, queue=queue, github_for=clients.github_for, clock=clock)
    return Served(
        shop=shop,
        settings=settings,
        engine=engine,
        queue=queue,
        worker=worker,
        clients=clients,
        clock=clock,
    )


def _closed(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("503 Service Unavailable", [])
    return []


class _Quiet(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        return
