"""`python -m service [web|worker|setup|migrate]`: both parts under one parent, or each apart."""

from __future__ import annotations

import os
import subprocess
import sys
from threading import Event

from service.settings import Settings, SettingsError, read_settings
from service.stopping import GRACE, when_asked_to_stop

_MEMORY = {"MALLOC_ARENA_MAX": "2"}  # glibc would keep what was freed apart for each of many threads
_MIGRATE = [sys.executable, "-m", "service", "migrate"]
_WORKER = [sys.executable, "-m", "service.shift"]


def main(arguments: list[str] | None = None) -> int:
    """Start what the first argument names. Returns the exit code: 2 for bad settings."""
    part = (arguments if arguments is not None else sys.argv[1:]) or ["all"]
    try:
        return _start(part)
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a person reads this, not a log collector
        return 2


def _start(part: list[str]) -> int:
    """Raises SettingsError."""
    if part == ["setup"]:
        from service.setup import set_up  # noqa: PLC0415 - as below

        return set_up(os.environ)
    settings = read_settings(os.environ)
    match part:
        case ["web"]:
            _migrate(settings)
            return _become(_web(settings))
        case ["worker"]:
            _migrate(settings)
            return _become(_WORKER)
        case ["migrate"]:
            _migrate(settings)
            return 0
        case ["all"]:
            return _both(settings)
    known = "web, worker, setup, migrate or nothing"
    print(f"'{' '.join(part)}' is not a part of the service: write {known}.", file=sys.stderr)  # noqa: T201
    return 2


def _migrate(settings: Settings) -> None:
    """Imported only here: the parent of both stays small."""
    from service.database import migrate  # noqa: PLC0415
    from service.logs import configure_logs  # noqa: PLC0415
    from service.tables import open_database  # noqa: PLC0415

    configure_logs()
    engine = open_database(settings.database_url)
    migrate(engine, settings.data_dir)
    engine.dispose()


def _web(settings: Settings) -> list[str]:
    return [sys.executable, "-m", "gunicorn", *gunicorn_options(settings)]


def _become(command: list[str]) -> int:
    """The same process, without what migrating took."""
    os.execve(command[0], command, {**_MEMORY, **os.environ})


def gunicorn_options(settings: Settings) -> list[str]:
    return [
        "service.web:application()",
        f"--bind={settings.host}:{settings.port}",
        "--worker-class=service.reception.Reception",
        "--logger-class=service.server_log.ServerLog",
        "--workers=1",  # its loop alone answers more than GitHub sends, and SQLite has one writer anyway
        "--threads=16",
        "--keep-alive=75",  # longer than proxies keep theirs, so that none is closed as it is used
        f"--graceful-timeout={GRACE}",
        "--timeout=30",
        "--no-control-socket",
    ]


def _both(settings: Settings) -> int:
    """What hinders both parts is noticed and said once, before either begins."""
    stop = when_asked_to_stop()
    hindered = _run([_MIGRATE], stop)
    if hindered or stop.is_set():
        return hindered
    ended = _run([_web(settings), _WORKER], stop)
    return 0 if stop.is_set() else max(1, ended)


def _run(commands: list[list[str]], stop: Event) -> int:
    """One parent for all: when one ends, the others are asked to stop. Its code; 0 when we were asked."""
    children = [subprocess.Popen(command, env={**_MEMORY, **os.environ}) for command in commands]
    while not stop.is_set() and all(child.poll() is None for child in children):
        stop.wait(0.2)
    unasked = [child for child in children if child.poll() is not None]
    for child in children:
        if child.poll() is None:
            child.terminate()
    codes = {child: _ended(child) for child in children}
    return 0 if stop.is_set() else max(codes[child] for child in unasked)


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
