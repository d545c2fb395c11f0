"""The command that looks whether the data are whole, run beside the watch on the metrics."""

from __future__ import annotations

import contextlib
import threading
from types import TracebackType
from typing import Self

from action.commands import Outcome, environment_for_commands, run_command
from action.errors import StepFailed, Stopped
from action.job import Job, Progress
from action.stop import Stop
from protocol.policy import Integrity

_PAUSE = 0.05  # seconds between looks whether the last one has ended


class IntegrityCheck:
    """Runs every so often, at most one at a time, in a thread so that a slow one delays no sample."""

    def __init__(self, integrity: Integrity | None, job: Job, progress: Progress) -> None:
        self._integrity = integrity
        self._job = job
        self._progress = progress
        self._stop = Stop()
        self._running: _Run | None = None
        self._due = integrity.every.total_seconds() if integrity is not None else 0.0
        self._began = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._running is not None:
            self._stop.request("the end of the watch")
            self._running.join()
        self._stop.__exit__(kind, error, at)

    def look(self, passed: float) -> None:
        """Begin one when it is due. Raises StepFailed when one found damage."""
        if self._integrity is None:
            return
        self._hear()
        if self._running is None and passed >= self._due:
            self._begin(self._integrity)
            self._due += self._integrity.every.total_seconds()

    def finish(self) -> None:
        """Hear of the last one; a watch with none at all would be no watch."""
        if self._integrity is not None and not self._began:
            self._begin(self._integrity)
        while self._running is not None:
            self._hear()
            self._job.stop.sleep(_PAUSE)

    def _begin(self, integrity: Integrity) -> None:
        self._began = True
        self._running = _Run(integrity, self._job, self._progress, self._stop)
        self._running.start()

    def _hear(self) -> None:
        """Show what it printed only when it has ended: it would stand between other lines."""
        run = self._running
        if run is None or run.is_alive():
            return
        self._running = None
        with self._job.console.fence():
            for line in run.printed:
                self._job.console.output(line)
        if run.wrong:
            raise StepFailed(f"the data are not whole: {run.wrong}")
        self._job.console.say("the data are whole")


class _Run(threading.Thread):
    """One run. It ends in time for the next, or it failed."""

    def __init__(self, integrity: Integrity, job: Job, progress: Progress, stop: Stop) -> None:
        super().__init__(daemon=True)
        self._integrity, self._job, self._stop_wish = integrity, job, stop
        self._variables = progress.variables
        self.printed: tuple[str, ...] = ()
        self.wrong = f"`{integrity.run}` could not be run"

    def run(self) -> None:
        with contextlib.suppress(Stopped):
            outcome = self._outcome()
            self.printed = outcome.last_lines
            self.wrong = "" if outcome.succeeded else f"`{self._integrity.run}` {outcome.reason}"

    def _outcome(self) -> Outcome:
        return run_command(
            self._integrity.run,
            environ=environment_for_commands(self._job.environ, self._variables),
            directory=self._job.workflow.workspace,
            timeout=self._integrity.every.total_seconds(),
            stop=self._stop_wish,
            write=lambda _: None,
        )
