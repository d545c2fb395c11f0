"""Real processes of the action for a few milliseconds each: forked by one that has imported everything."""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from action.__main__ import main
from action.result import Result
from protocol.entry import entry_data, entry_from
from tests.entries import make_entry

PATIENCE = 180.0  # more than the turn of a dead writer of the log is waited for
_ROOT = Path(__file__).parents[1]
_PARENT = (sys.executable, "-W", "ignore", "-c", "from tests.forks import serve; serve()")


@dataclass(frozen=True, kw_only=True)
class Forked:
    """One process of the action; what it prints is in `output`."""

    pid: int
    output: Path

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def ended(self) -> int | None:
        """Its exit code, or minus the signal that ended it; None while it runs."""
        code = self.output.with_suffix(".code")
        return int(code.read_text()) if code.exists() else None

    def wait(self) -> int:
        give_up = time.monotonic() + PATIENCE
        while (code := self.ended()) is None:
            assert time.monotonic() < give_up, self.said()
            time.sleep(0.01)
        return code

    def said(self) -> str:
        return self.output.read_text(encoding="utf-8") if self.output.exists() else ""


@dataclass(kw_only=True)
class Fork:
    """Where they come from. Safe to use from several threads."""

    process: subprocess.Popen[str]
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock)

    def action(self, output: Path, environ: Mapping[str, str], *arguments: str) -> Forked:
        request = {"output": str(output), "environ": dict(environ), "arguments": arguments}
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with self._one_at_a_time:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
            return Forked(pid=int(self.process.stdout.readline()), output=output)


@contextmanager
def start_fork() -> Iterator[Fork]:
    pipe = subprocess.PIPE
    with subprocess.Popen(_PARENT, cwd=_ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            yield Fork(process=process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(PATIENCE)


def serve() -> None:
    """The parent: a child for each line of standard input, its pid on standard output."""
    _load_everything()
    children: dict[int, Path] = {}
    while line := _next_line(children):
        request = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _become(request)
        children[pid] = Path(request["output"]).with_suffix(".code")
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _next_line(children: dict[int, Path]) -> str:
    """Empty at the end. No handler of SIGCHLD: one that comes just before a read waits for the read's end."""
    while not select.select([sys.stdin], [], [], 0.005)[0]:
        _reap(children)
    return sys.stdin.readline()


def _load_everything() -> None:
    """Whatever a job or its end would load or build, once."""
    from apprise import Apprise  # noqa: PLC0415 - it warns, and only this process keeps silent

    for package in ("protocol", "gateway", "action"):
        for module in iter_modules([str(_ROOT / package)], f"{package}."):
            import_module(module.name)
    Apprise().add("json://127.0.0.1")
    entry_from(entry_data(make_entry()))
    Result.model_rebuild()
    gc.freeze()  # what is loaded is never looked at again, and so stays shared


def _reap(children: dict[int, Path]) -> None:
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            pid, status = ended
            written = children[pid].with_suffix(".writing")
            written.write_text(str(os.waitstatus_to_exitcode(status)))
            written.rename(children.pop(pid))


def _become(request: dict[str, Any]) -> None:
    """The child: the action with nothing of its parent's but its modules."""
    code = 70
    try:
        os.setsid()
        for number, path, flags in (
            (0, os.devnull, os.O_RDONLY),
            (1, request["output"], os.O_WRONLY | os.O_CREAT | os.O_APPEND),
        ):
            os.dup2(os.open(path, flags, 0o600), number)
        os.dup2(1, 2)
        os.environ.clear()
        os.environ.update(request["environ"])
        code = main(request["arguments"])
    except BaseException:  # noqa: BLE001 - a child never goes on as its parent
        traceback.print_exc()
    finally:
        with suppress(OSError):
            sys.stdout.flush()
        os._exit(code)
