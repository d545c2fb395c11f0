"""The command that looks whether the data are damaged, run beside the work that shows users a version."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

from action.commands import environment_for_commands, run_command
from action.errors import StepFailed, Stopped
from action.job import Job, Progress
from action.stop import Stop, patience
from action.ticks import ticks
from protocol.policy import Integrity

_AT_ONCE = 0.0  # seconds after the job is wished to stop
_OVER = "the end of the work"


@contextmanager
def guarded(integrity: Integrity | None, job: Job, progress: Progress) -> Iterator[Job]:
    """The same job, whose work is stopped as soon as the data are found damaged. Then raises StepFailed.

    The last look is waited for; work that ends before the first is due is followed by one all the same.
    """
    if integrity is None:
        yield job
        return
    with patience(job.stop, _AT_ONCE) as work, patience(job.stop, _AT_ONCE) as cut, Stop() as enough:
        guard = _Guard(
            integrity=integrity,
            job=job,
            variables=progress.variables,
            damaged=work.request,
            enough=enough,
            cut=cut,
        )
        try:
            guard.begin()
            yield replace(job, stop=work)
            guard.finish()
        except Stopped:
            if job.stop.wished or not guard.wrong:
                raise
        finally:
            guard.end()
    if guard.wrong:
        raise StepFailed(f"the data are damaged: {guard.wrong}")


@dataclass(slots=True, kw_only=True)
class _Guard:
    """Looks every so often, at most one look at a time, in a thread so that a slow one delays nothing."""

    integrity: Integrity
    job: Job
    variables: Mapping[str, str]
    damaged: Callable[[str], None]
    enough: Stop  # no more looks
    cut: Stop  # nor the one under way
    looks: int = 0
    wrong: str = ""
    printed: tuple[str, ...] = ()
    thread: threading.Thread = field(init=False)

    def begin(self) -> None:
        self.thread = threading.Thread(target=self._keep_looking, daemon=True)
        self.thread.start()

    def finish(self) -> None:
        """Hear of the last look; with none at all it would be no guard."""
        self.enough.request(_OVER)
        self.thread.join()
        self.job.stop.check()
        if not self.looks:
            self._look()

    def end(self) -> None:
        """Leave nothing running, and show what was printed: earlier it would stand between other lines."""
        self.enough.request(_OVER)
        self.cut.request(_OVER)
        self.thread.join()
        if not self.looks:
            return
        with self.job.console.fence():
            for line in self.printed:
                self.job.console.output(line)
        found = f"damaged: {self.wrong}" if self.wrong else f"intact (looked at: {self.looks})"
        self.job.console.say(f"the data are {found}")

    def _keep_looking(self) -> None:
        every = self.integrity.every.total_seconds()
        with suppress(Stopped):
            for _ in ticks(every, math.inf, sleep=self.enough.sleep):
                self._look()
                if self.wrong:
                    self.damaged("damaged data")
                    return

    def _look(self) -> None:
        """It ends in time for the next, or it failed."""
        try:
            outcome = run_command(
                self.integrity.run,
                environ=environment_for_commands(self.job.environ, self.variables),
                directory=self.job.workflow.workspace,
                timeout=self.integrity.every.total_seconds(),
                stop=self.cut,
                write=lambda _: None,
            )
        except StepFailed as error:
            self.wrong = str(error)
        else:
            self.printed = outcome.last_lines
            self.wrong = "" if outcome.succeeded else f"`{self.integrity.run}` {outcome.reason}"
        self.looks += 1
