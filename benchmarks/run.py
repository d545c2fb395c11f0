"""All benchmarks, each beside its reference. Exits 1 when a limit is not kept.

`python benchmarks/run.py [NAME ...]`, of decisions, openings, start_up, judge and whole_run; all by default.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import decisions, judge, openings, start_up, whole_run
from benchmarks.timing import Comparison, render

BENCHMARKS: Mapping[str, Callable[[], list[Comparison]]] = {
    "decisions": lambda: [decisions.measure()],
    "openings": openings.measure,
    "start_up": start_up.measure,
}
JUDGE = "judge"  # not timed: it counts what is found
WHOLE_RUN = "whole_run"  # a table of its own: requests, time and memory


def main(names: list[str]) -> int:
    known = [*BENCHMARKS, JUDGE, WHOLE_RUN]
    if unknown := [name for name in names if name not in known]:
        print(f"no benchmark is called {unknown[0]!r}: there are {', '.join(known)}", file=sys.stderr)
        return 2
    wanted = names or known
    kept = [_timed([name for name in wanted if name in BENCHMARKS])]
    kept += [_judged()] if JUDGE in wanted else []
    kept += [_whole_runs()] if WHOLE_RUN in wanted else []
    return 0 if all(kept) else 1


def _timed(names: list[str]) -> bool:
    if not names:
        return True
    busy_before = os.getloadavg()[0]
    comparisons = [one for name in names for one in BENCHMARKS[name]()]
    print(_machine(busy_before))
    print(render(comparisons))
    return all(one.kept for one in comparisons)


def _judged() -> bool:
    rows = judge.measure()
    print(judge.render_rows(rows))
    return all(row.kept for row in rows)


def _whole_runs() -> bool:
    rows = whole_run.measure()
    print(whole_run.render_rows(rows))
    return all(row.kept for row in rows)


def _machine(busy_before: float) -> str:
    """On a machine that had more to do than it has cores, only the ratios say something."""
    load = f"load {busy_before:.1f} before and {os.getloadavg()[0]:.1f} after on {os.cpu_count()} cores"
    return f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {load}\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
