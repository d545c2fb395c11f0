"""Carries a plan's steps out, one after another, each journalled before it starts and after it ends."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from traceback import format_exception
from typing import assert_never

from action.announce import announce, news_so_far
from action.commands import Outcome, environment_for_commands, in_few_words, run_command
from action.errors import ActionError, StepFailed, Stopped
from action.job import Job, Progress, StepOutcome, StepRecord
from action.migrations import lint_migrations
from action.outputs import NAME, outputs_file, read_outputs
from action.probes import Look, Prober
from protocol.exposure import Share
from protocol.plan import (
    Baseline,
    Command,
    Compare,
    Hold,
    Lint,
    Probes,
    RollOut,
    Step,
    Tell,
    Watch,
    Work,
    fill_probe,
    roll_over,
)
from protocol.plan_shown import say_work
from protocol.policy import Notify


def carry_out(steps: Iterable[Step], job: Job, progress: Progress) -> None:
    """Raises StepFailed at the first step that fails and Stopped when the job is to end."""
    waiting = deque(steps)
    while waiting:
        job.stop.check()
        step = waiting.popleft()
        if step.name in progress.done:
            _pass_over(step, job, progress)
        else:
            waiting.extendleft(reversed(_carry_out_one(step, job, progress)))


def _pass_over(step: Step, job: Job, progress: Progress) -> None:
    """What it changed is there, and a rollback has to undo it all the same."""
    progress.touched.add(step.touches)
    job.journal.step_ended(step.name, job.clock())
    progress.steps.append(StepRecord(name=step.name, outcome="skipped", seconds=0))
    job.console.say(f"{step.name}: done in an earlier attempt of this run, and not repeated")


def _carry_out_one(step: Step, job: Job, progress: Progress) -> tuple[Step, ...]:
    """One step; what it answers is to be done next."""
    progress.touched.add(step.touches)
    progress.began[step.name] = time.monotonic()
    _expose(step, job, progress, rising=True)
    job.journal.step_began(step.name, job.clock())
    run = _StepRun(step=step, job=job, progress=progress)
    try:
        with job.console.group(step.name), _beside(step, job, progress) as run.job, _surprises(job):
            following = run.carry_out()
    except StepFailed as error:
        run.record("failed", str(error))
        job.console.annotate("error", f"{progress.environment}: {step.name}", str(error))
        raise
    except Stopped as error:
        run.record("stopped", str(error))
        raise
    run.record("passed")
    _expose(step, job, progress, rising=False)
    return following


@contextmanager
def _surprises(job: Job) -> Iterator[None]:
    """Whatever a step ends of, a way back or a person must be told; why is shown whole."""
    try:
        yield
    except Exception as error:
        if isinstance(error, ActionError):
            raise
        with job.console.fence():
            for line in "".join(format_exception(error)).splitlines():
                job.console.output(line)
        raise StepFailed(f"it could not be carried out: {error!r}") from error


def _beside(step: Step, job: Job, progress: Progress) -> AbstractContextManager[Job]:
    """The job as the step's work sees it: stopped where the data are found damaged meanwhile."""
    if step.integrity is None:
        return nullcontext(job)
    from action.integrity import guarded  # noqa: PLC0415 - only where the policy looks at the data

    return guarded(step.integrity, job, progress)


def _expose(step: Step, job: Job, progress: Progress, *, rising: bool) -> None:
    """More users may see the new version from a step's begin, fewer only from its end."""
    now = progress.shares[-1].share if progress.shares else 0.0
    if step.exposes is not None and step.exposes != now and (step.exposes > now) is rising:
        progress.shares.append(Share(at=job.clock(), share=step.exposes))


@dataclass(slots=True, kw_only=True)
class _StepRun:
    step: Step
    job: Job
    progress: Progress
    began: float = field(default_factory=time.monotonic)
    last_lines: tuple[str, ...] = ()

    def carry_out(self) -> tuple[Step, ...]:
        if self.step.name in self.progress.broken_off:
            self._begin_again()
        following: list[Step] = []
        for work in self.step.work:
            following += self._do(work)
        return tuple(following)

    def _begin_again(self) -> None:
        """Over what an earlier attempt may have done in part; how far it came, nobody knows."""
        began = "an earlier attempt of this run began it and did not finish it"
        if not self.step.repeatable:
            raise StepFailed(
                f"{began}, and it is not reversible: look at the database, then run the job "
                "with `repeat: true`"
            )
        self.job.console.annotate("warning", self.step.name, f"{began}; it is begun again")
        self.progress.issues.append(f"{self.step.name}: {began}; it was begun again")

    def record(self, outcome: StepOutcome, wrong: str = "") -> None:
        wrong = self.job.console.plain(wrong)
        self.job.journal.step_ended(self.step.name, self.job.clock(), wrong)
        self.progress.steps.append(
            StepRecord(
                name=self.step.name,
                outcome=outcome,
                seconds=time.monotonic() - self.began,
                wrong=wrong,
                last_lines=tuple(self.job.console.plain(line) for line in self.last_lines),
            )
        )

    def _do(self, work: Work) -> tuple[Step, ...]:
        self.job.console.say(say_work(work))
        match work:
            case Command():
                self._run(work)
            case Probes():
                self._look(work)
            case Hold():
                self._hold(work)
            case Compare():
                self._compare(work)
            case Lint():
                self._lint(work)
            case Tell():
                self._tell(work)
            case Baseline():
                self._measure(work)
            case Watch():
                self._watch(work)
            case RollOut():
                return self._roll_out(work)
            case _:
                assert_never(work)
        return ()

    def _hold(self, work: Hold) -> None:
        since = self.progress.began.get(work.since, time.monotonic())
        self.job.stop.sleep(since + work.length.total_seconds() - time.monotonic())

    def _compare(self, work: Compare) -> None:
        from action.canary import compare_tracks  # noqa: PLC0415 - only where the policy has metrics

        compare_tracks(work, self.job, self.progress)

    def _run(self, command: Command) -> None:
        if target := command.variables.get("TARGET"):
            self.progress.targets.append(target)
        outcome = self._outcome_of(command)
        if not outcome.succeeded:
            raise StepFailed(f"`{in_few_words(command.run)}` {outcome.reason}")
        if self.step.name == "verify":
            self._learn_what_runs(_last_line(outcome.printed))

    def _learn_what_runs(self, version: str) -> None:
        """Where this very version runs already, as after a failed attempt, the way back leads further."""
        if version in (self.progress.version, self.progress.sha):
            back = self.progress.previous_version or "no version that is known"
            self.job.console.say(f"{version} already runs; the way back leads to {back}")
        elif version:
            self.progress.previous_version = version

    def _outcome_of(self, command: Command) -> Outcome:
        words = {**command.env, **self.progress.variables, **command.variables}
        with outputs_file(self.job.workflow.temporary) as outputs:
            with self.job.console.fence():
                outcome = run_command(
                    command.run,
                    environ=self._environ({**words, NAME: str(outputs)}),
                    directory=self._directory(command.directory),
                    timeout=command.timeout.total_seconds(),
                    retries=command.retries,
                    stop=self.job.stop,
                    write=self.job.console.output,
                )
            self.last_lines = outcome.last_lines
            if outcome.succeeded:
                self._hand_on(read_outputs(outputs, self.job.environ))
        return outcome

    def _hand_on(self, outputs: Mapping[str, str]) -> None:
        self.job.console.mask_secrets(outputs)
        self.progress.outputs |= outputs
        if outputs:
            self.job.console.say(f"handed on: {', '.join(outputs)}")

    def _environ(self, variables: Mapping[str, str]) -> dict[str, str]:
        return environment_for_commands(self.job.environ, variables)

    def _directory(self, name: str) -> Path:
        directory = self.job.workflow.workspace / name
        if not directory.is_dir():
            raise StepFailed(
                f"there is no directory {name!r} in the workspace; run actions/checkout before this step"
            )
        return directory

    def _look(self, work: Probes) -> None:
        words = {**self.progress.variables, **work.variables}
        environ = self._environ(words)
        prober = Prober(environ=environ, workspace=self._directory("."), stop=self.job.stop)
        looks = prober.look_at_all(tuple(fill_probe(probe, words) for probe in work.probes))
        for look in looks:
            self._show(look)
        failed = [look for look in looks if not look.passed]
        masked = self.job.console.masked
        self.progress.issues += [masked(look.failure) for look in failed if not look.critical]
        wrong = [look.failure for look in failed if look.critical]
        if wrong:
            raise StepFailed("; ".join(wrong))

    def _show(self, look: Look) -> None:
        mark = f"{look.name or look.target}: passed" if look.passed else f"FAILED: {look.failure}"
        tries = f", {look.attempts} attempts" if look.attempts > 1 else ""
        self.job.console.say(f"{mark} ({look.seconds:.1f}s{tries})")
        if not look.passed:
            self.last_lines += look.printed
            with self.job.console.fence():
                for line in look.printed:
                    self.job.console.output(line)

    def _lint(self, work: Lint) -> None:
        if "migrate" in self.progress.done:
            self.job.console.say("what was migrated is not read again")
            return
        self.progress.issues += lint_migrations(work, self.job, self.progress.changed_paths)

    def _tell(self, work: Tell) -> None:
        notify = Notify(during=work.channels, messages=work.messages)
        news = news_so_far(self.job, self.progress)
        announce("during", notify, news, job=self.job, progress=self.progress)

    def _measure(self, work: Baseline) -> None:
        from action.monitoring import take_baseline  # noqa: PLC0415 - only where the policy has metrics

        take_baseline(work.monitor, self.job, self.progress)

    def _watch(self, work: Watch) -> None:
        from action.monitoring import watch  # noqa: PLC0415 - as above

        watch(work.monitor, self.job, self.progress)

    def _roll_out(self, work: RollOut) -> tuple[Step, ...]:
        outcome, listing = self._outcome_of(work.list), f"`{in_few_words(work.list.run)}`"
        if not outcome.succeeded:
            raise StepFailed(f"{listing} {outcome.reason}")
        if outcome.cut:
            raise StepFailed(
                f"{listing} printed more than can be kept, so none is begun; let it print the targets alone"
            )
        targets = _lines(outcome.printed)
        if not targets:
            raise StepFailed(f"{listing} printed no target; it must print one per line")
        return roll_over(work.rolling, targets, work.integrity)


def _lines(text: str) -> tuple[str, ...]:
    """Those that say something."""
    return tuple(line.strip() for line in text.split("\n") if line.strip())


def _last_line(text: str) -> str:
    return next(reversed(_lines(text)), "")
