"""An analysis for people: a Markdown table, and a Mermaid chart for each metric."""

from __future__ import annotations

import math
from collections.abc import Sequence

from protocol.analysis import Analysis, Judgement
from protocol.markdown import escape

_POINTS = 60  # as many as a chart in a job summary can show apart
_WORTH_DRAWING = 2


def render_analysis(analysis: Analysis) -> str:
    """The table and the charts, as a job summary or a comment shows them. Empty without metrics."""
    if not analysis.judgements:
        return ""
    charts = [chart for one in analysis.judgements if (chart := render_chart(one))]
    return "\n\n".join([_table(analysis.judgements), *charts]) + "\n"


def _table(judgements: Sequence[Judgement]) -> str:
    rows = ["| Metric | Before | After | Change | Verdict | Why |", "|---|---:|---:|---:|---|---|"]
    return "\n".join([*rows, *(_row(one) for one in judgements)])


def _row(one: Judgement) -> str:
    verdict = f"{one.outcome.word} (dry run)" if one.dry_run else one.outcome.word
    cells = [
        escape(one.name),
        _number(one.before),
        _number(one.after),
        _change(one),
        verdict,
        escape(one.why),
    ]
    return f"| {' | '.join(cells)} |"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _change(one: Judgement) -> str:
    if not one.before or one.after is None:
        return "-"
    return f"{(one.after - one.before) / abs(one.before):+.1%}"


def render_chart(one: Judgement) -> str:
    """The values as a line, the baseline's mean as a second; empty when there is no line to draw."""
    values = _thinned(one.values)
    if len(values) < _WORTH_DRAWING:
        return ""
    lines = [values] if one.before is None else [values, [one.before] * len(values)]
    low, high = _range([value for line in lines for value in line])
    return "\n".join(
        [
            "```mermaid",
            "xychart-beta",
            f'    title "{_title(one)}"',
            f'    x-axis "measurement" 1 --> {len(one.values)}',
            f"    y-axis {_plain(low)} --> {_plain(high)}",
            *(f"    line [{', '.join(_plain(value) for value in line)}]" for line in lines),
            "```",
        ]
    )


def _thinned(values: Sequence[float]) -> Sequence[float]:
    return values[:: math.ceil(len(values) / _POINTS) or 1]


def _range(values: Sequence[float]) -> tuple[float, float]:
    """With room above and below, so that a steady metric has a height too."""
    room = (max(values) - min(values)) / 10 or abs(values[0]) / 10 or 1
    return min(values) - room, max(values) + room


def _title(one: Judgement) -> str:
    name = "".join(letter if letter.isalnum() or letter in "._- " else " " for letter in one.name)
    return name if one.before is None else f"{name}, and its mean before"


def _plain(value: float) -> str:
    """Mermaid reads no exponents."""
    return f"{value:.6f}".rstrip("0").rstrip(".")
