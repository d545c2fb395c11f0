"""`python -m service [web|worker]`: both under one parent, or each apart."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from service.logs import configure_logs
from service.settings import Settings, SettingsError, read_settings

if TYPE_CHECKING:
    from service.clients import Clients
    from service.quotas import Quotas

SWEEP_EVERY = 1.0  # seconds
TELL_EVERY = 15.0
RECONCILE_EVERY, RECONCILE_AGAIN = 600.0, 20.0  # the latter when GitHub could not be asked all
GRACE = 25  # seconds to finish what is held when asked to stop

log = structlog.get_logger()


def main(arguments: list[str] | None = None) -> int:
    """Start what the first argument names. Returns the exit code: 2 for bad settings."""
    part = (arguments if arguments is not None else sys.argv[1:]) or ["all"]
    configure_logs()
    try:
        settings = read_settings(os.environ)
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a person reads this, not a log collector
        return 2
    match part:
        case ["web"]:
            _migrate(settings)
            return _web(settings)
        case ["worker"]:
            _migrate(settings)
            return work(settings)
        case ["all"]:
            return _both()
    print(f"'{' '.join(part)}' is no part of the service: write web, worker or nothing.", file=sys.stderr)  # noqa: T201
    return 2


def _migrate(settings: Settings) -> None:
    """Only where it is needed: the parent of both stays small."""
    from service.database import migrate  # noqa: PLC0415
    from service.tables import open_database  # noqa: PLC0415

    engine = open_database(settings.database_url)
    migrate(engine, settings.data_dir)
    engine.dispose()


def _web(settings: Settings) -> int:
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", *gunicorn_options(settings)])


def gunicorn_options(settings: Settings) -> list[str]:
    return [
        "service.web:application()",
        f"--bind={settings.host}:{settings.port}",
        "--worker-class=gthread",
        "--workers=2",
        "--threads=8",
        f"--graceful-timeout={GRACE}",
        "--timeout=30",
        "--no-control-socket",
    ]


def work(settings: Settings) -> int:
    """Run the worker until asked to stop; then finish what it holds and leave the rest."""
    from service.clients import LOOKS, Clients  # noqa: PLC0415 - only the worker speaks to GitHub
    from service.queue import Queue, open_queue  # noqa: PLC0415 - as above
    from service.quotas import Quotas  # noqa: PLC0415 - as above
    from service.reconcile import Reconcile  # noqa: PLC0415 - as above
    from service.tables import open_database  # noqa: PLC0415 - as above
    from service.worker import Worker  # noqa: PLC0415 - as above
    from service.workers import Workers  # noqa: PLC0415 - as above

    clients, engine = Clients(settings), open_database(settings.database_url)
    queue, workers = Queue(open_queue(settings)), Workers(engine)
    worker = Worker(
        engine=engine, workers=workers, queue=queue, github_for=clients.github_for, clock=time.time
    )
    reconcile = Reconcile(clients, engine, time.time)
    consumer = queue.huey.create_consumer(
        workers=LOOKS, periodic=False, initial_delay=0.05, max_delay=0.5, shutdown_timeout=GRACE
    )
    consumer.start()
    stop = _when_asked_to_stop()  # in place of the consumer's own handlers
    log.info("worker.started")
    threading.Thread(
        target=_every, args=(stop, reconcile.run, RECONCILE_EVERY, RECONCILE_AGAIN), daemon=True
    ).start()
    remaining = partial(_tell_remaining, clients, Quotas(engine))
    threading.Thread(target=_every, args=(stop, remaining, TELL_EVERY, TELL_EVERY), daemon=True).start()
    _every(stop, worker.sweep, SWEEP_EVERY, SWEEP_EVERY)
    consumer.stop(graceful=True)
    log.info("worker.stopped")
    return 0


def _tell_remaining(clients: Clients, quotas: Quotas) -> bool:
    """What only this process heard, told to all."""
    quotas.keep(dict(clients.remaining), time.time())
    return True


def _when_asked_to_stop() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _every(stop: threading.Event, work: Callable[[], bool], seconds: float, again: float) -> None:
    """Do it now and then, sooner again after it was not finished; a failure is told."""
    while not stop.is_set():
        finished = False
        try:
            finished = work()
        except Exception:
            log.exception("worker.failed", work=work.__qualname__)
        stop.wait(seconds if finished else again)


def _both() -> int:
    """One parent for both: when either ends, the other is asked to stop too."""
    children = [
        subprocess.Popen([sys.executable, "-m", "service", part], cwd=Path.cwd())
        for part in ("web", "worker")
    ]
    stop = _when_asked_to_stop()
    while not stop.is_set() and all(child.poll() is None for child in children):
        stop.wait(0.2)
    for child in children:
        if child.poll() is None:
            child.terminate()
    codes = [_ended(child) for child in children]
    return 0 if stop.is_set() else max(1, *codes)  # one that ends unasked is a failure


def _ended(child: subprocess.Popen[bytes]) -> int:
    """The exit code, as a shell would tell it; nobody outlives the grace."""
    try:
        code = child.wait(timeout=GRACE + 5)
    except subprocess.TimeoutExpired:
        child.kill()
        code = child.wait()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
