"""Whether a failed deployment is rolled back, and how: decided first, then done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from action.announce import announce, news_so_far
from action.job import Job, Progress, StepRecord
from action.steps import carry_out
from protocol.facts import Deployment
from protocol.order import Standing, standing
from protocol.plan import Probes, Step, Touch, Undoing, roll_back_over
from protocol.policy import Notify
from protocol.rollback import is_good


@dataclass(frozen=True, slots=True, kw_only=True)
class GoBack:
    """Back to `version`, by these steps in this order."""

    version: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Stay:
    """Nothing is rolled back, and why. `harmless`: nothing had been changed."""

    why: str
    harmless: bool = False


def way_back(
    undoing: Undoing | None,
    *,
    touched: AbstractSet[Touch],
    failed_step: str,
    previous_version: str,
    bad_versions: AbstractSet[str],
    targets: Sequence[str] = (),
    asked: bool = False,
) -> GoBack | Stay:
    """What to do about a failure; the safe direction of doubt is to stay and ask a person."""
    if touched <= {"nothing"}:
        return Stay("nothing had been changed", harmless=True)
    if undoing is None:
        return Stay("the policy has no `rollback:`; a person must look")
    if not undoing.automatic and not asked:
        return Stay("the policy does not roll back by itself; start it with `phase: rollback`")
    if failed_step == "migrate":
        return Stay("how far the migration got is not known; a person must look at the database")
    if "database" in touched and not undoing.reversible:
        return Stay(
            "the migration cannot be reversed, so the version before it may not run; a person must look"
        )
    beside = undoing.own is not None and not asked  # what ran before runs still, whatever its name
    if "service" in touched and not previous_version and not beside:
        return Stay("no version is known to go back to; a person must look")
    if "service" in touched and previous_version in bad_versions:
        return Stay(f"{previous_version} was bad itself; a person must choose a version")
    steps = _steps(undoing, touched, () if asked else targets, asked=asked, named=bool(previous_version))
    return GoBack(version=previous_version, steps=tuple(steps))


def _steps(
    undoing: Undoing, touched: AbstractSet[Touch], targets: Sequence[str], *, asked: bool, named: bool
) -> Iterator[Step]:
    if "service" in touched and undoing.over is not None:
        for step in roll_back_over(undoing, targets):
            yield replace(step, name=f"rollback: {step.name}")
    elif "service" in touched:
        command = undoing.command if asked else undoing.own or undoing.command
        if undoing.shift is not None:
            yield Step(name="rollback: traffic", work=(undoing.shift,), exposes=0.0)
        if named or undoing.shift is None:  # a canary without users may stay as it is
            yield Step(name="rollback: previous version", work=(command,), exposes=0.0)
    if "database" in touched and undoing.database is not None:
        yield Step(name="rollback: database", work=(undoing.database,))
    if undoing.health:
        yield Step(name="rollback: health", work=(Probes(undoing.health),))


def roll_back(back: GoBack, job: Job, progress: Progress, notify: Notify) -> None:
    """Announce it and do it. Raises StepFailed and Stopped where it does not come to its end."""
    target = back.version or "what ran before"
    job.console.say(f"Rolling {progress.environment} back from {progress.version} to {target}")
    progress.previous_version = back.version
    news = replace(news_so_far(job, progress), previous_version=target)
    announce("rollback", notify, news, job=job, progress=progress)
    carry_out(back.steps, job, progress)


def how_far(back: GoBack, went: Sequence[StepRecord], why: str) -> str:
    """The state of each part of a way back that did not come to its end: `went` are the steps it took."""
    names = {step.name for step in went}
    done = [_part(step.name) for step in went if step.outcome == "passed"]
    left = [_part(step.name) for step in back.steps if step.name not in names]
    during = f" during {went[-1].name}" if went else ""
    said = f"done: {', '.join(done)}" if done else "nothing of it was done"
    not_begun = f"; not begun: {', '.join(left)}" if left else ""
    return f"{during}, since {why}; {said}{not_begun}. A person must look"


def _part(name: str) -> str:
    return name.removeprefix("rollback: ")


def bad_versions(deployments: tuple[Deployment, ...], environment: str) -> frozenset[str]:
    """Versions and commits that failed here when they ran last."""
    here = [one for one in deployments if one.environment.casefold() == environment.casefold()]
    bad = [one for one in here if standing(deployments, one.environment, one.sha)[0] is Standing.FAILED]
    good = {one.version for one in here if one.version and is_good(deployments, one)}
    return frozenset({one.sha for one in bad} | {one.version for one in bad if one.version} - good)
