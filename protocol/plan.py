"""What would run, in order: an environment's steps and strategy stages as data."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import accumulate
from typing import Literal, TypeAlias

from protocol.decision import environment_in
from protocol.placeholders import fill_address
from protocol.policy import (
    BlueGreen,
    Canary,
    CommandStep,
    Environment,
    Hotfix,
    Integrity,
    Messages,
    MigrateStep,
    Monitor,
    Notify,
    Policy,
    Probe,
    Rollback,
    Rolling,
    Strategy,
)
from protocol.windows import Schedule

StrategyName: TypeAlias = Literal["at once", "canary", "rolling", "blue-green"]
Touch: TypeAlias = Literal["nothing", "database", "service"]
"""What a step changes as soon as it has begun; it decides what a rollback has to undo."""

_ALL = 100
_STRATEGY_TIMEOUT = timedelta(minutes=15)
_MOST_NAMED = 10  # targets of a batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A shell command; `variables` (WEIGHT, TARGET, TRACK) join its environment."""

    run: str
    timeout: timedelta = timedelta(minutes=10)
    retries: int = 0
    directory: str = "."
    env: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Probes:
    """Looks at the running service, all at once; every critical one must pass."""

    probes: tuple[Probe, ...]
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hold:
    """Waits, so that the stage before it is seen at work. `since`: counted from the begin of that step."""

    length: timedelta
    since: str = ""


@dataclass(frozen=True, slots=True)
class Compare:
    """Holds, and meanwhile compares the canary's metrics with those of the stable version."""

    length: timedelta
    monitor: Monitor


@dataclass(frozen=True, slots=True)
class Lint:
    """Reads the changed SQL files that match, before they are run.

    Outside the windows of `schedule` are the peak hours, when nothing may lock a table.
    """

    paths: str
    schedule: Schedule


@dataclass(frozen=True, slots=True)
class RollOut:
    """A rolling deployment over targets that only `list` knows, one per line."""

    list: Command
    rolling: Rolling
    integrity: Integrity | None = None


@dataclass(frozen=True, slots=True)
class Tell:
    """Tells the team's channels that the new version is out and being looked at."""

    channels: tuple[str, ...]
    messages: Messages = field(default_factory=Messages)


@dataclass(frozen=True, slots=True)
class Baseline:
    """Measures what is normal before anything changes."""

    monitor: Monitor


@dataclass(frozen=True, slots=True)
class Watch:
    """Watches the metrics and the data for as long as the policy says."""

    monitor: Monitor


Work: TypeAlias = Command | Probes | Hold | Compare | Lint | RollOut | Tell | Baseline | Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`exposes`: the share of users (0 to 1) who may see the new version; None where that stays as it is.

    `integrity` is looked at beside the work: damaged data end it at once, and it fails.
    One that is not `repeatable` is never done over what it may have done in part before.
    """

    name: str
    work: tuple[Work, ...]
    touches: Touch = "nothing"
    repeatable: bool = True
    exposes: float | None = None
    integrity: Integrity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Undoing:
    """How to go back. `shift` takes the traffic away first; `database` is migrate.undo.

    `own` takes back what this very deployment did, where that is less than what `command` does.
    `over` goes back target by target; `listing` prints them where the policy does not.
    """

    automatic: bool
    command: Command
    own: Command | None = None
    over: Rolling | None = None
    listing: Command | None = None
    shift: Command | None = None
    database: Command | None = None
    reversible: bool = True
    health: tuple[Probe, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    environment: str
    strategy: StrategyName
    steps: tuple[Step, ...]
    preparing: tuple[Step, ...] = ()  # the preflight's: what the checklist runs and who is told
    closing: tuple[Step, ...] = ()  # after success: a failure here is an issue, not a rollback
    monitor: Monitor | None = None
    undoing: Undoing | None = None
    notify: Notify = field(default_factory=Notify)
    hotfix: Hotfix | None = None
    notes: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """Where the environment is looked at: the first address among its probes."""
        probes = (
            p for step in self.steps for work in step.work if isinstance(work, Probes) for p in work.probes
        )
        return next((probe.url for probe in probes if probe.url and "$" not in probe.url), "")


def plan_of(policy: Policy, environment_name: str) -> Plan:
    """The plan of one environment the policy names. Raises ValueError for another."""
    environment = environment_in(policy, environment_name)
    if environment is None:
        named = ", ".join(policy.environments) or "none"
        raise ValueError(f"the policy does not name the environment '{environment_name}'; it names {named}")
    notify = _notify(policy, environment)
    return Plan(
        environment=environment_name,
        strategy=_strategy_of(environment),
        steps=tuple(_steps(policy, environment, notify)),
        preparing=tuple(_preparing_steps(environment, notify)),
        closing=tuple(_closing_steps(environment)),
        monitor=environment.monitor,
        undoing=_undoing(environment),
        notify=notify,
        hotfix=policy.hotfix,
        notes=tuple(_notes(environment)),
    )


def _notify(policy: Policy, environment: Environment) -> Notify:
    """An environment's own channels take the place of the policy's; its own words, one message at a time."""
    own = environment.notify
    if own is None:
        return policy.notify
    words = policy.notify.messages.model_dump() | own.messages.model_dump(exclude_none=True)
    return own.model_copy(update={"messages": Messages(**words)})


def _preparing_steps(environment: Environment, notify: Notify) -> Iterator[Step]:
    for item in environment.checklist:
        if item.run is not None:
            yield Step(name=item.item, work=(Command(run=item.run, timeout=item.timeout),))
    if notify.before:
        yield Step(name="tell the team", work=(Tell(notify.before),))


def _strategy_of(environment: Environment) -> StrategyName:
    strategy = environment.strategy
    if strategy is None:
        return "at once"
    if strategy.canary is not None:
        return "canary"
    return "rolling" if strategy.rolling is not None else "blue-green"


def _steps(policy: Policy, environment: Environment, notify: Notify) -> Iterator[Step]:
    steps, monitor = environment.steps, environment.monitor
    if monitor is not None and monitor.metrics:
        before = monitor.of_track("stable" if _canary(environment) else "")
        yield Step(name="baseline", work=(Baseline(before),))
    if steps.verify is not None:
        yield Step(name="verify", work=(_command(steps.verify),))
    if steps.backup is not None:
        yield Step(name="backup", work=(_command(steps.backup),))
    if steps.migrate is not None:
        yield from _migration(steps.migrate, Schedule(environment.windows.open, (), policy.timezone))
    yield from _strategy_steps(environment)
    if notify.during:
        yield Step(name="tell the team", work=(Tell(notify.during, notify.messages),))
    if steps.health:
        yield Step(name="health", work=(Probes(steps.health),))
    if steps.smoke:
        yield Step(name="smoke", work=(Probes(steps.smoke),))
    if monitor is not None:
        now = monitor.of_track("canary" if _canary(environment) else "")
        yield Step(name="monitor", work=(Watch(now),))


def _command(step: CommandStep, **variables: str) -> Command:
    return Command(
        run=step.run,
        timeout=step.timeout,
        retries=step.retries,
        directory=step.directory,
        env=step.env,
        variables=variables,
    )


def _migration(migrate: MigrateStep, schedule: Schedule) -> Iterator[Step]:
    if migrate.lint is not None:
        yield Step(name="lint migrations", work=(Lint(migrate.lint, schedule),))
    yield Step(name="migrate", work=(_command(migrate),), touches="database", repeatable=migrate.reversible)


def _canary(environment: Environment) -> Canary | None:
    return environment.strategy.canary if environment.strategy is not None else None


def _strategy_steps(environment: Environment) -> Iterator[Step]:
    strategy = environment.strategy
    if strategy is not None and strategy.canary is not None:
        yield from _canary_steps(strategy.canary, environment)
    elif strategy is not None and strategy.rolling is not None:
        yield from _rolling_steps(strategy.rolling, _integrity(environment))
    elif strategy is not None and strategy.blue_green is not None:
        yield from _blue_green_steps(strategy.blue_green)
    elif environment.steps.deploy is not None:
        yield Step(name="deploy", work=(_command(environment.steps.deploy),), touches="service", exposes=1.0)


def _canary_steps(canary: Canary, environment: Environment) -> Iterator[Step]:
    steps = environment.steps
    if steps.deploy is not None:
        yield Step(name="deploy", work=(_command(steps.deploy, TRACK="canary"),), touches="service")
        if steps.health:  # before anybody is sent to it
            yield Step(name="canary health", work=(Probes(steps.health, {"WEIGHT": "0", "TRACK": "canary"}),))
    for weight in canary.weights:
        work: list[Work] = [_set_weight(canary, weight)]
        if canary.hold and (weight < _ALL or environment.monitor is None):  # at 100 % monitor takes its place
            work.append(_watched(canary.hold, weight, environment.monitor))
        if steps.health:
            work.append(Probes(steps.health, {"WEIGHT": str(weight), "TRACK": "canary"}))
        yield Step(
            name=f"canary {weight}%",
            work=tuple(work),
            touches="service",
            exposes=weight / 100,
            integrity=_integrity(environment) if weight < _ALL else None,  # at 100 % monitor takes its place
        )


def _integrity(environment: Environment) -> Integrity | None:
    return environment.monitor.integrity if environment.monitor is not None else None


def _watched(hold: timedelta, weight: int, monitor: Monitor | None) -> Work:
    """At 100 % nothing stable is left to compare with."""
    by_track = monitor.by_track() if monitor is not None and weight < _ALL else None
    return Compare(hold, by_track) if by_track is not None else Hold(hold)


def _set_weight(canary: Canary, weight: int) -> Command:
    return Command(
        run=canary.set, timeout=_STRATEGY_TIMEOUT, variables={"WEIGHT": str(weight), "TRACK": "canary"}
    )


def _rolling_steps(rolling: Rolling, integrity: Integrity | None) -> Iterator[Step]:
    if rolling.targets_from is None:
        yield from roll_over(rolling, rolling.targets, integrity)
    else:
        listing = Command(run=rolling.targets_from)
        yield Step(name="rolling", work=(RollOut(listing, rolling, integrity),))


def roll_over(
    rolling: Rolling, targets: Sequence[str], integrity: Integrity | None = None
) -> tuple[Step, ...]:
    """One step a batch: every target of it, then the health of each. None is done twice."""
    targets = tuple(dict.fromkeys(targets))
    batches = batches_of(targets, rolling.batch)
    done = list(accumulate(len(batch) for batch in batches))
    return tuple(
        Step(
            name=f"rolling {number}/{len(batches)}: {_say_targets(batch)}",
            work=tuple(_roll_batch(rolling, batch)),
            touches="service",
            exposes=done[number - 1] / len(targets),
            integrity=integrity,
        )
        for number, batch in enumerate(batches, start=1)
    )


def _say_targets(batch: Sequence[str]) -> str:
    """As many as a line holds: the step's name stands in the log, the summary and the issue."""
    shown, left = batch[:_MOST_NAMED], len(batch) - _MOST_NAMED
    return ", ".join(shown) + (f" and {left} more" if left > 0 else "")


def roll_back_over(undoing: Undoing, targets: Sequence[str]) -> tuple[Step, ...]:
    """The way back over `targets`, the last one first; over all there are, where none is given."""
    over = undoing.over
    if over is None:
        return ()
    if targets or undoing.listing is None:
        steps = roll_over(over, tuple(reversed(targets or over.targets)))
        # Fewer see the new version with each, but it is safe to say so only at the end.
        return tuple(replace(step, exposes=0.0 if step is steps[-1] else None) for step in steps)
    return (Step(name="rolling", work=(RollOut(undoing.listing, over),), exposes=0.0),)


def batches_of(targets: Sequence[str], batch: str) -> tuple[tuple[str, ...], ...]:
    """Cut targets into batches of a number (`2`) or a share (`25%`, rounded up)."""
    share = batch.strip()
    size = math.ceil(len(targets) * float(share[:-1]) / 100) if share.endswith("%") else int(share)
    size = max(1, size)
    return tuple(tuple(targets[start : start + size]) for start in range(0, len(targets), size))


def _roll_batch(rolling: Rolling, batch: Sequence[str]) -> Iterator[Work]:
    for target in batch:
        yield Command(run=rolling.run, timeout=_STRATEGY_TIMEOUT, variables={"TARGET": target})
    if rolling.health is not None:
        for target in batch:
            yield Probes((rolling.health,), {"TARGET": target})


def _blue_green_steps(blue_green: BlueGreen) -> Iterator[Step]:
    idle = {"TRACK": "idle"}
    deploy = Command(run=blue_green.deploy_idle, timeout=_STRATEGY_TIMEOUT, variables=idle)
    yield Step(name="deploy idle", work=(deploy,))
    if blue_green.test is not None:
        test = Command(run=blue_green.test, timeout=_STRATEGY_TIMEOUT, variables=idle)
        yield Step(name="test idle", work=(test,))
    switch = Command(run=blue_green.switch, timeout=_STRATEGY_TIMEOUT, variables={"TRACK": "live"})
    yield Step(name="switch", work=(switch,), touches="service", exposes=1.0)


def _closing_steps(environment: Environment) -> Iterator[Step]:
    strategy = environment.strategy
    if strategy is not None and strategy.canary is not None and strategy.canary.promote is not None:
        stable = {"TRACK": "stable", "WEIGHT": str(_ALL)}
        promote = Command(run=strategy.canary.promote, timeout=_STRATEGY_TIMEOUT, variables=stable)
        yield Step(name="promote", work=(promote,))
        yield Step(name="canary 0%", work=(_set_weight(strategy.canary, 0),))
    if strategy is not None and strategy.blue_green is not None:
        yield from _release(strategy.blue_green)


def _release(blue_green: BlueGreen) -> Iterator[Step]:
    if blue_green.release is None:
        return
    keep: tuple[Work, ...] = (Hold(blue_green.keep, since="switch"),) if blue_green.keep else ()
    release = Command(run=blue_green.release, timeout=_STRATEGY_TIMEOUT, variables={"TRACK": "idle"})
    yield Step(name="release", work=(*keep, release))


def _undoing(environment: Environment) -> Undoing | None:
    rollback, strategy, migrate = environment.rollback, environment.strategy, environment.steps.migrate
    if rollback is None:
        return None
    canary = _canary(environment)
    rolling = strategy.rolling if strategy is not None else None
    listing = rolling.targets_from if rolling is not None else None
    return Undoing(
        automatic=rollback.automatic,
        command=_going_back(rollback, canary, "stable"),
        own=_own_way_back(rollback, strategy) if strategy is not None else None,
        over=rolling.model_copy(update={"run": rollback.run}) if rolling is not None else None,
        listing=Command(run=listing) if listing is not None else None,
        shift=_set_weight(canary, 0) if canary is not None else None,
        database=_undo(migrate) if migrate is not None else None,
        reversible=migrate is None or (migrate.reversible and migrate.undo is not None),
        health=environment.steps.health,
    )


def _own_way_back(rollback: Rollback, strategy: Strategy) -> Command | None:
    """Before the end the stable servers and the blue side still are what they were."""
    if strategy.canary is not None:
        return _going_back(rollback, strategy.canary, "canary")
    switch_back = strategy.blue_green.switch_back if strategy.blue_green is not None else None
    if switch_back is None:
        return None
    return Command(run=switch_back, timeout=rollback.timeout, variables={"TRACK": "idle"})


def _going_back(rollback: Rollback, canary: Canary | None, track: str) -> Command:
    variables = {"TRACK": track} if canary is not None else {}
    return Command(run=rollback.run, timeout=rollback.timeout, variables=variables)


def _undo(migrate: MigrateStep) -> Command | None:
    if migrate.undo is None:
        return None
    return Command(run=migrate.undo, timeout=migrate.timeout, directory=migrate.directory, env=migrate.env)


def _notes(environment: Environment) -> Iterator[str]:
    strategy = environment.strategy
    if environment.steps.deploy is not None and strategy is not None and strategy.rolling is not None:
        yield "steps.deploy is not run: strategy.rolling.run takes its place"
    if environment.steps.deploy is not None and strategy is not None and strategy.blue_green is not None:
        yield "steps.deploy is not run: strategy.blue_green.deploy_idle takes its place"
    blue_green = strategy.blue_green if strategy is not None else None
    if blue_green is not None and blue_green.keep and blue_green.release is None:
        yield "strategy.blue_green.keep has no `release`: the side before stays until the next deployment"
    if environment.rollback is None:
        yield "no `rollback:` is written: a deployment that fails stays as it is and a person is asked"
    elif environment.steps.migrate is not None and not environment.steps.migrate.reversible:
        yield "the migration is not reversible: after it, a failure stops and asks a person"


def fill_probe(probe: Probe, words: Mapping[str, str]) -> Probe:
    """The probe of this target or stage: `$TARGET` and the like in its address are filled in."""
    given = {key: address for key, address in (("url", probe.url), ("tcp", probe.tcp)) if address is not None}
    filled = {key: fill_address(address, words) for key, address in given.items()}
    return probe.model_copy(update=filled) if filled != given else probe
