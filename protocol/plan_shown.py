"""A plan as a person reads it, and as JSON for a program."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, assert_never

from protocol.durations import say_duration
from protocol.plan import (
    Baseline,
    Command,
    Compare,
    Hold,
    Lint,
    Plan,
    Probes,
    RollOut,
    Step,
    Tell,
    Undoing,
    Watch,
    Work,
)
from protocol.policy import Integrity, Monitor, Probe
from protocol.wording import counted


def plan_data(plan: Plan) -> dict[str, Any]:
    """The plan as JSON values; durations as the policy writes them."""
    return {
        "environment": plan.environment,
        "strategy": plan.strategy,
        "preparing": [_step_data(step) for step in plan.preparing],
        "steps": [_step_data(step) for step in plan.steps],
        "closing": [_step_data(step) for step in plan.closing],
        "monitor": say_duration(plan.monitor.for_) if plan.monitor else None,
        "rollback": _undoing_data(plan.undoing) if plan.undoing else None,
        "notes": list(plan.notes),
    }


def _step_data(step: Step) -> dict[str, Any]:
    work = [_work_data(work) for work in step.work]
    beside = {"integrity": _integrity_data(step.integrity)} if step.integrity else {}
    return {"name": step.name, "touches": step.touches, "work": work, **beside}


def _integrity_data(integrity: Integrity) -> dict[str, str]:
    return {"run": integrity.run, "every": say_duration(integrity.every)}


def _work_data(work: Work) -> dict[str, Any]:
    match work:
        case Command():
            return {"kind": "command", **_command_data(work)}
        case Probes():
            return {
                "kind": "probes",
                "probes": [_probe_data(probe) for probe in work.probes],
                **work.variables,
            }
        case Hold():
            since = {"since": work.since} if work.since else {}
            return {"kind": "hold", "for": say_duration(work.length), **since}
        case Compare():
            return {
                "kind": "compare",
                "for": say_duration(work.length),
                "metrics": sorted(work.monitor.metrics),
            }
        case Lint():
            return {"kind": "lint", "paths": work.paths}
        case Tell():
            return {"kind": "tell", "channels": list(work.channels)}
        case RollOut():
            batch = {"batch": work.rolling.batch, "run": work.rolling.run}
            beside = {"integrity": _integrity_data(work.integrity)} if work.integrity else {}
            return {"kind": "roll out", "targets_from": work.list.run, **batch, **beside}
        case Baseline():
            return {"kind": "baseline", "metrics": list(work.monitor.metrics)}
        case Watch():
            return {"kind": "watch", **_watch_data(work.monitor)}
        case _:
            assert_never(work)


def _watch_data(monitor: Monitor) -> dict[str, Any]:
    return {
        "for": say_duration(monitor.for_),
        "every": say_duration(monitor.every),
        "metrics": list(monitor.metrics),
        "integrity": _integrity_data(monitor.integrity) if monitor.integrity else None,
    }


def _command_data(command: Command) -> dict[str, Any]:
    return {
        "run": command.run,
        "timeout": say_duration(command.timeout),
        "retries": command.retries,
        "directory": command.directory,
        "env": {**command.env, **command.variables},
    }


def _probe_data(probe: Probe) -> dict[str, Any]:
    told = probe.model_dump(by_alias=True, exclude_defaults=True)
    return {
        key: say_duration(value) if isinstance(value, timedelta) else value for key, value in told.items()
    }


def _undoing_data(undoing: Undoing) -> dict[str, Any]:
    return {
        "automatic": undoing.automatic,
        "reversible": undoing.reversible,
        "shift": undoing.shift.run if undoing.shift else None,
        "run": undoing.command.run,
        "database": undoing.database.run if undoing.database else None,
    }


def render_plan(plan: Plan) -> str:
    """The plan for a person: what comes first, numbered steps, then how to go back."""
    count = "1 step" if len(plan.steps) == 1 else f"{len(plan.steps)} steps"
    lines = [f"{plan.environment}: {count}, {plan.strategy}"]
    for step in plan.preparing:
        lines += _step_lines("  first ", step)
    for number, step in enumerate(plan.steps, start=1):
        lines += _step_lines(f"{number:>3}. ", step)
    for step in plan.closing:
        lines += _step_lines("  then ", step)
    lines += _undoing_lines(plan.undoing)
    lines += [f"  note: {note}" for note in plan.notes]
    return "\n".join(lines)


def _step_lines(lead: str, step: Step) -> list[str]:
    said = [say_work(work) for work in step.work]
    said += [f"beside it {_say_integrity(step.integrity)}"] if step.integrity else []
    first = said[0] if said else "nothing"
    indent = " " * len(f"{lead}{step.name:<16} ")
    return [f"{lead}{step.name:<16} {first}", *(f"{indent}{line}" for line in said[1:])]


def say_work(work: Work) -> str:
    """One line about one piece of work."""
    match work:
        case Command():
            return _say_command(work)
        case Probes():
            return "; ".join(say_probe(probe) for probe in work.probes)
        case Hold():
            since = f" since {work.since}" if work.since else ""
            return f"hold for {say_duration(work.length)}{since}"
        case Compare():
            compared = ", ".join(work.monitor.metrics)
            return f"compare {compared} of canary and stable for {say_duration(work.length)}"
        case Lint():
            return f"lint changed files that match {work.paths}"
        case Tell():
            return f"tell {', '.join(work.channels)}"
        case RollOut():
            beside = f", beside it {_say_integrity(work.integrity)}" if work.integrity else ""
            return f"{_first_line(work.rolling.run)} on every target of {_first_line(work.list.run)}{beside}"
        case Baseline():
            return f"measure {', '.join(work.monitor.metrics)} as they are now"
        case Watch():
            return _say_watch(work.monitor)
        case _:
            assert_never(work)


def _say_watch(monitor: Monitor) -> str:
    watched = [*monitor.metrics]
    if monitor.integrity is not None:
        watched.append(_say_integrity(monitor.integrity))
    every = f" every {say_duration(monitor.every)}" if monitor.metrics else ""
    return f"watch {', '.join(watched) or 'nothing'}{every} for {say_duration(monitor.for_)}"


def _say_integrity(integrity: Integrity) -> str:
    return f"`{_first_line(integrity.run)}` every {say_duration(integrity.every)}"


def _say_command(command: Command) -> str:
    lead = "".join(f"{name}={value} " for name, value in command.variables.items())
    retries = f", retried {counted(command.retries, 'time')}" if command.retries else ""
    return f"{lead}{_first_line(command.run)}  (at most {say_duration(command.timeout)}{retries})"


def say_probe(probe: Probe) -> str:
    """What a probe looks at, by its name if it has one."""
    target = probe.url or probe.tcp or _first_line(probe.run or "")
    within = f" within {say_duration(probe.within)}" if probe.within else ""
    optional = "" if probe.critical else " (not critical)"
    return f"{probe.name}: {target}{within}{optional}" if probe.name else f"{target}{within}{optional}"


def _first_line(text: str) -> str:
    first, _, rest = text.strip().partition("\n")
    return f"{first} …" if rest else first


def _undoing_lines(undoing: Undoing | None) -> list[str]:
    if undoing is None:
        return ["  rollback: none"]
    service = undoing.own or undoing.command
    commands = [c.run for c in (undoing.shift, service, undoing.database) if c is not None]
    each = " for each target, the last one first" if undoing.over is not None else ""
    how = "by itself" if undoing.automatic else "only when asked (phase: rollback)"
    return [f"  rollback {how}{each}: " + ", then ".join(_first_line(run) for run in commands)]
