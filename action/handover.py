"""What `start` hands over to `finish` of the same job: a word in the journal, checked when it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from action.errors import ActionError
from action.inputs import Inputs, Workflow
from action.job import Progress, StepRecord
from action.journal import Story
from protocol.entry import Entry
from protocol.exposure import Share

if TYPE_CHECKING:
    from protocol.analysis import Measurement


def handed(progress: Progress, at: datetime) -> dict[str, Any]:
    """What cannot be found out again: what ran before, what was changed, measured and met on the way."""
    return {
        "previous_version": progress.previous_version,
        "previous_sha": progress.previous_sha,
        "bad_versions": sorted(progress.bad_versions),
        "touched": sorted(progress.touched),
        "issues": progress.issues,
        "steps": [asdict(step) for step in progress.steps],
        "baselines": {name: [_plain(one) for one in looks] for name, looks in progress.baselines.items()},
        "emergency": progress.emergency,
        "outputs": progress.outputs,
        "noted": list(progress.noted),
        "at": at.isoformat(),
    }


def _plain(look: Measurement) -> list[Any]:
    return [look.at.isoformat(), look.value, look.error]


def progress_from(story: Story, inputs: Inputs, workflow: Workflow) -> Progress:
    """Go on where `start` ended. Raises ActionError when it was another job's, or cannot be read."""
    _require_ours(story.entry, inputs, workflow)
    try:
        return _progress(story.entry, story.handed or {})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ActionError(
            f"What `phase: start` handed over cannot be read ({error!r}). Something else wrote to "
            "RUNNER_TEMP; look at what runs, then use `phase: rollback` or start again."
        ) from error


def _require_ours(entry: Entry, inputs: Inputs, workflow: Workflow) -> None:
    found = (entry.repository, entry.environment, entry.sha, entry.run_url, entry.run_attempt)
    ours = (workflow.repository, inputs.environment, workflow.sha, workflow.run_url, workflow.run_attempt)
    if found != ours:
        raise ActionError(
            f"What was handed over is of {entry.environment} in {entry.run_url or 'another run'}, attempt "
            f"{entry.run_attempt}, and not of this job. Run `phase: start` in the same job before `finish`."
        )


def _progress(entry: Entry, data: Mapping[str, Any]) -> Progress:
    return Progress(
        environment=entry.environment,
        version=entry.version,
        sha=entry.sha,
        deployment_id=entry.deployment_id,
        previous_version=data["previous_version"],
        previous_sha=data["previous_sha"],
        bad_versions=frozenset(data["bad_versions"]),
        touched=set(data["touched"]),
        issues=list(data["issues"]),
        steps=[StepRecord(**{**step, "last_lines": tuple(step["last_lines"])}) for step in data["steps"]],
        baselines={name: _measurements(looks) for name, looks in data["baselines"].items()},
        emergency=data["emergency"],
        outputs=dict(data["outputs"]),
        noted=tuple(data["noted"]),
        shares=[
            Share(at=datetime.fromisoformat(data["at"]), share=1.0)
        ],  # what own steps show, and when, is theirs
    )


def _measurements(looks: list[list[Any]]) -> tuple[Measurement, ...]:
    from protocol.analysis import Measurement  # noqa: PLC0415 - only where there are metrics

    return tuple(
        Measurement(at=datetime.fromisoformat(at), value=value, error=error) for at, value, error in looks
    )
