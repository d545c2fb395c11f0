"""One job of a workflow file as many: which combinations there are, and how they mind each other.

https://docs.github.com/actions/how-tos/write-workflows/choose-what-workflows-do/run-job-variations
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from sandbox.expressions import ExpressionError, Scope, as_text, value_of
from sandbox.state import Job
from sandbox.workflow import Job as JobPlan
from sandbox.workflow import Part, Strategy, Table

MOST_JOBS = 256
TAKEN = ("waiting", "queued", "in_progress")


def parts_of(plan: JobPlan, scope: Scope) -> list[Part]:
    """What the job comes up as; once, with no values, where it has no matrix."""
    matrix = _strategy(plan).matrix
    found = [{}] if matrix is None else _combinations(plan.key, _resolved(matrix, scope))
    if not 0 < len(found) <= MOST_JOBS:
        raise ExpressionError(f"the matrix of '{plan.key}' makes {len(found)} jobs, not 1 to {MOST_JOBS}")
    return [Part(values=values, index=index, total=len(found)) for index, values in enumerate(found)]


def contexts_of(plan: JobPlan | None, part: Part) -> dict[str, Any]:
    """`matrix` and `strategy`, as the job's expressions name them."""
    strategy = _strategy(plan)
    about = {
        "fail-fast": strategy.fail_fast,
        "max-parallel": strategy.max_parallel or part.total,
        "job-index": part.index,
        "job-total": part.total,
    }
    return {"matrix": part.values, "strategy": about}


def titled(name: str, part: Part) -> str:
    """A name that does not name the matrix is told apart by its values."""
    leaves = ", ".join(_leaves(part.values))
    return f"{name} ({leaves})" if leaves and "matrix." not in name else name


def siblings(job: Job) -> list[Job]:
    """The other jobs of its matrix that are not over yet."""
    mine = (one for one in job.run.current_jobs if one.key == job.key and one is not job)
    return [one for one in mine if one.conclusion is None]


def has_room(job: Job) -> bool:
    """Whether `max-parallel` lets one more of its matrix begin."""
    most = _strategy(job.plan).max_parallel
    return most is None or sum(one.status in TAKEN for one in siblings(job)) < most


def doomed_by(job: Job) -> list[Job]:
    """Whom its end takes along: with `fail-fast` a failure ends all of the matrix."""
    fatal = job.conclusion in ("failure", "timed_out") and not job.may_fail
    return siblings(job) if fatal and _strategy(job.plan).fail_fast else []


def _strategy(plan: JobPlan | None) -> Strategy:
    return (plan.strategy if plan else None) or Strategy()


def _resolved(matrix: Any, scope: Scope) -> Table:
    """With every expression's value, wherever it stands."""
    table = value_of(matrix, scope)
    if not isinstance(table, Mapping):
        raise ExpressionError(f"a matrix must be a mapping, not {as_text(table) or 'nothing'!r}")
    return {str(name): _valued(value, scope) for name, value in table.items()}


def _valued(value: Any, scope: Scope) -> Any:
    if isinstance(value, list):
        return [_valued(one, scope) for one in value]
    if isinstance(value, dict):
        return {name: _valued(one, scope) for name, one in value.items()}
    return value_of(value, scope)


def _combinations(key: str, table: Table) -> list[dict[str, Any]]:
    vectors = {name: value for name, value in table.items() if name not in ("include", "exclude")}
    for name, value in vectors.items():
        if not isinstance(value, list) or not value:
            raise ExpressionError(f"the matrix vector '{name}' of '{key}' does not contain any values")
    whole = [dict(zip(vectors, values, strict=True)) for values in product(*vectors.values())]
    excluded = table.get("exclude") or []
    kept = [one for one in whole if not any(_agrees(one, unwanted) for unwanted in excluded)]
    return _including(kept if vectors else [], table.get("include") or [], set(vectors))


def _agrees(values: Table, other: Table) -> bool:
    return all(name in values and values[name] == value for name, value in other.items())


def _including(kept: list[dict[str, Any]], included: list[Table], vectors: set[str]) -> list[dict[str, Any]]:
    """An `include` adds to every combination it does not contradict; where it fits none, it is one more."""
    made = [dict(one) for one in kept]
    for extra in included:
        own = {name: value for name, value in extra.items() if name in vectors}
        fitting = [one for one in made[: len(kept)] if _agrees(one, own)]
        for one in fitting:
            one.update(extra)
        if not fitting:
            made.append(dict(extra))
    return made


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _leaves(one)
    else:
        yield as_text(value)
