"""`python -m service.shift`: one worker, from its start until it is asked to stop."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import structlog

from service.clients import LOOKS, Clients
from service.logs import configure_logs
from service.outage import Outage
from service.queue import Queue, open_queue
from service.quotas import Quotas
from service.reconcile import Reconcile
from service.settings import Settings, read_settings
from service.stopping import GRACE, heard_later, when_asked_to_stop
from service.tables import open_database
from service.worker import Worker
from service.workers import Workers

SWEEP_EVERY = 0.5  # seconds; so late a window may be seen to open
TELL_EVERY = 15.0
RECONCILE_EVERY, RECONCILE_AGAIN = 600.0, 20.0  # the latter when GitHub could not be asked all

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Chore:
    """What is done every so many seconds; sooner `again` where `work` answers that it is not finished."""

    name: str
    work: Callable[[], bool]
    seconds: float
    again: float


def work(settings: Settings) -> int:
    """Run the worker until asked to stop; then finish what it holds and leave the rest."""
    clients, engine = Clients(settings), open_database(settings.database_url, synced=False)
    queue, workers = Queue(open_queue(settings)), Workers(engine)
    worker = Worker(
        engine=engine,
        workers=workers,
        queue=queue,
        github_for=clients.github_for,
        clock=time.time,
        app_id=clients.app_id,
    )
    reconcile = Reconcile(clients, engine, time.time)
    outage = Outage(time.monotonic)
    for logger in ("huey", "huey.consumer.Worker", "huey.consumer.Scheduler"):
        outage.silences(logger)
    consumer = queue.huey.create_consumer(
        workers=LOOKS, periodic=False, initial_delay=0.05, max_delay=0.5, shutdown_timeout=GRACE
    )
    with heard_later():
        consumer.start()
        stop = when_asked_to_stop()  # in place of the consumer's own handlers
    log.info("worker.started")
    exchange = partial(_exchange, clients, Quotas(engine), workers)
    for chore in (
        Chore("reconcile", reconcile.run, RECONCILE_EVERY, RECONCILE_AGAIN),
        Chore("exchange", exchange, TELL_EVERY, TELL_EVERY),
    ):
        threading.Thread(target=carry_out, args=(chore, outage, stop), daemon=True).start()
    carry_out(Chore("sweep", worker.sweep, SWEEP_EVERY, SWEEP_EVERY), outage, stop)
    consumer.stop(graceful=True)
    log.info("worker.stopped")
    return 0


def _exchange(clients: Clients, quotas: Quotas, workers: Workers) -> bool:
    """What only this process heard is told to all; it hears among how many GitHub's limits are shared."""
    now = time.time()
    clients.workers = workers.alive(now)
    quotas.keep(dict(clients.remaining), now)
    return True


def carry_out(chore: Chore, outage: Outage, stop: threading.Event) -> None:
    """Now and then, sooner again after it was not finished; a failure is told."""
    while not stop.is_set():
        finished, began = False, time.monotonic()
        try:
            finished = chore.work()
            outage.worked(since=began)
        except Exception as error:
            if not outage.is_why(error):
                log.exception("worker.failed", work=chore.name)
        stop.wait(chore.seconds if finished else chore.again)


if __name__ == "__main__":
    configure_logs()
    sys.exit(work(read_settings(os.environ)))
