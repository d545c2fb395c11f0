"""One process: its inputs, its signals, its outside; and what its exit code says."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from types import FrameType
from typing import TYPE_CHECKING

from action.console import Console
from action.errors import ActionError, InputError, Stopped
from action.inputs import Inputs, Workflow, inputs_from, workflow_from
from action.stop import Stop
from gateway.ahead import ask_ahead
from gateway.github import GitHub

if TYPE_CHECKING:
    from action.job import Job
    from action.journal import Journal

BAD_INPUT = 2
_STOPPED = 130
_LAST_SECONDS = 6.5  # GitHub kills a cancelled container ten seconds after asking


def start(environ: Mapping[str, str], *, console: Console | None = None, hurried: bool = True) -> int:
    """Carry out the phase. 0 done · 1 failed · 2 bad input · 3 wait · 4 refuse · 5 held · 130 stopped.

    `hurried`: whoever asks us to stop ends us soon after, as GitHub does.
    """
    console = console or Console(github=True)
    console.mask_secrets(environ)
    try:
        with Stop(hurried=hurried) as stop:
            return _carried_out(inputs_from(environ), workflow_from(environ), environ, console, stop)
    except InputError as error:
        console.annotate("error", "Input", str(error))
        return BAD_INPUT
    except Stopped as error:
        console.annotate("error", "Stopped", f"{error}; nothing had begun")
        return _STOPPED
    except ActionError as error:
        console.annotate("error", "Deployment", str(error))
        return 1


def _carried_out(
    inputs: Inputs, workflow: Workflow, environ: Mapping[str, str], console: Console, stop: Stop
) -> int:
    with _github(inputs, workflow) as github:
        stop.listen()
        if stop.hurried:
            stop.then(_end_in_time)
        if inputs.phase != "finish":
            ask_ahead(github, sha=workflow.sha, run_id=workflow.run_id)
        from action.run import run  # noqa: PLC0415 - loaded while GitHub answers

        gc.enable()
        with closing(_journal(inputs, workflow)) as journal:
            return run(_job(inputs, workflow, console, journal, stop, environ), github).exit_code


def _journal(inputs: Inputs, workflow: Workflow) -> Journal:
    from action.journal import new_journal, shared_journal  # noqa: PLC0415 - loaded while GitHub answers

    if inputs.phase not in ("start", "finish"):
        return new_journal(workflow.temporary)
    return shared_journal(workflow.temporary, inputs.environment, anew=inputs.phase == "start")


def _job(  # noqa: PLR0917 - all that a process is given, in the order in which it is had
    inputs: Inputs,
    workflow: Workflow,
    console: Console,
    journal: Journal,
    stop: Stop,
    environ: Mapping[str, str],
) -> Job:
    from action.job import Job  # noqa: PLC0415 - loaded while GitHub answers

    return Job(
        inputs=inputs,
        workflow=workflow,
        console=console,
        journal=journal,
        stop=stop,
        clock=_now,
        environ=environ,
    )


def _now() -> datetime:
    return datetime.now(UTC)


def _end_in_time() -> None:
    """Once asked to stop, never outlive the time we are given; the end of the job tells the rest.

    Process 1 of a container has no default for any signal, so the alarm needs a handler of its own.
    """
    signal.signal(signal.SIGALRM, _end_now)
    signal.setitimer(signal.ITIMER_REAL, _LAST_SECONDS)


def _end_now(number: int, frame: FrameType | None) -> None:
    del number, frame
    os._exit(_STOPPED)


@contextmanager
def _github(inputs: Inputs, workflow: Workflow) -> Iterator[GitHub]:
    github = GitHub(
        workflow.repository,
        lambda: inputs.github_token,
        api_url=workflow.api_url,
        policy_file=inputs.policy,
    )
    try:
        yield github
    finally:
        github.close()


def end(environ: Mapping[str, str]) -> int:
    """The post-entrypoint: nothing to do where the job told its own story."""
    from action.journal import Journal  # noqa: PLC0415 - of this alone
    from action.post import journal_left, tell_the_end  # noqa: PLC0415 - as above

    console = Console(github=True)
    console.mask_secrets(environ)
    left = journal_left(environ)
    if left is None:
        return 0
    try:
        inputs, workflow = inputs_from(environ), workflow_from(environ)
        with Stop() as stop, _github(inputs, workflow) as github:
            tell_the_end(_job(inputs, workflow, console, Journal(left), stop, environ), github)
    except ActionError as error:
        console.annotate("error", "The end of the job", str(error))
        return BAD_INPUT if isinstance(error, InputError) else 1
    return 0
