from __future__ import annotations

import random
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from protocol.analysis import Analysis, Judgement, Measurement, Outcome, analyse, judge
from protocol.charts import render_analysis, render_chart
from protocol.policy import Metric

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
STEADY = [0.98, 1.0, 1.02, 0.99, 1.01, 1.0, 0.97, 1.03]
SILENCE = None


def make_metric(*, dry_run: bool = False, limits: dict[str, int] | None = None, **rollback_if: Any) -> Metric:
    document = {"query": "up", "rollback_if": rollback_if, "dry_run": dry_run, "limits": limits or {}}
    return Metric.model_validate(document)


def measured(*values: float | str | None) -> list[Measurement]:
    """Every 15 seconds; text is an error."""
    return [_measurement(NOON + number * timedelta(seconds=15), value) for number, value in enumerate(values)]


def _measurement(at: datetime, value: float | str | None) -> Measurement:
    return Measurement(at=at, error=value) if isinstance(value, str) else Measurement(at=at, value=value)


def times(factor: float) -> list[Measurement]:
    return measured(*(value * factor for value in STEADY))


@pytest.mark.parametrize(
    ("metric", "values", "outcome"),
    [
        pytest.param(make_metric(above=0.9), [0.9, 0.5], Outcome.PASS, id="at the bound"),
        pytest.param(make_metric(above=0.9), [0.5, 0.91], Outcome.FAIL, id="above it once"),
        pytest.param(make_metric(below=10), [10, 11], Outcome.PASS, id="at the lower bound"),
        pytest.param(make_metric(below=10), [11, 9], Outcome.FAIL, id="below it once"),
        pytest.param(
            make_metric(above=1, limits={"failures": 1}), [2, 0, 0], Outcome.PASS, id="as many as the limit"
        ),
        pytest.param(
            make_metric(above=1, limits={"failures": 1}), [2, 2, 0], Outcome.FAIL, id="more than the limit"
        ),
        pytest.param(make_metric(above=1), [], Outcome.INCONCLUSIVE, id="never measured"),
        pytest.param(make_metric(above=1), [SILENCE, SILENCE], Outcome.INCONCLUSIVE, id="no traffic"),
        pytest.param(make_metric(above=1), [float("nan"), 0], Outcome.INCONCLUSIVE, id="no number"),
        pytest.param(
            make_metric(above=1, limits={"inconclusive": 1}), [SILENCE, 0], Outcome.PASS, id="a gap allowed"
        ),
        pytest.param(make_metric(above=1), ["503"] * 4 + [0], Outcome.PASS, id="four errors in a row"),
        pytest.param(make_metric(above=1), ["503"] * 5 + [0], Outcome.ERROR, id="five errors in a row"),
        pytest.param(
            make_metric(above=1), ["503"] * 4 + [0] + ["503"] * 4, Outcome.PASS, id="errors not in a row"
        ),
        pytest.param(make_metric(above=1), ["503"] * 4, Outcome.INCONCLUSIVE, id="only errors, but few"),
        pytest.param(make_metric(above=1), ["503"] * 5 + [2], Outcome.FAIL, id="fail is worse than error"),
        pytest.param(
            make_metric(above=1), ["503"] * 5 + [SILENCE], Outcome.ERROR, id="error is worse than none"
        ),
    ],
)
def test_the_worst_of_values_and_gaps_is_the_outcome(
    metric: Metric, values: list[float | str | None], outcome: Outcome
) -> None:
    assert judge("cpu", metric, measured(*values), []).outcome is outcome


@pytest.mark.parametrize(
    ("rises", "factor", "outcome"),
    [
        pytest.param("5%", 1.0, Outcome.PASS, id="alike"),
        pytest.param("5%", 1.2, Outcome.FAIL, id="beyond the percentage"),
        pytest.param("50%", 1.2, Outcome.PASS, id="beyond chance, within the percentage"),
        pytest.param("5%", 0.5, Outcome.PASS, id="lower"),
        pytest.param("15pp", 1.2, Outcome.FAIL, id="beyond the percentage points"),
        pytest.param("30pp", 1.2, Outcome.PASS, id="within the percentage points"),
    ],
)
def test_a_rise_is_judged_against_the_baseline(rises: str, factor: float, outcome: Outcome) -> None:
    assert judge("latency", make_metric(rises=rises), times(factor), times(1)).outcome is outcome


def test_noise_is_not_a_rise_though_its_mean_is_higher() -> None:
    noisy = measured(0.2, 2.5, 0.4, 1.9, 0.5, 2.0, 0.3, 1.5)
    judgement = judge("latency", make_metric(rises="5%"), noisy, times(1))
    assert judgement.outcome is Outcome.PASS
    assert judgement.why == "1 → 1.163, which chance explains, allowed is less than 5%"


@pytest.mark.parametrize(
    ("before", "after"),
    [pytest.param(4, 8, id="baseline too short"), pytest.param(8, 4, id="measured too little")],
)
def test_below_five_samples_a_rise_is_inconclusive(before: int, after: int) -> None:
    judgement = judge("latency", make_metric(rises="5%"), times(9)[:after], times(1)[:before])
    assert judgement.outcome is Outcome.INCONCLUSIVE
    assert judgement.why == f"{before} measurements before and {after} after; 5 of each are needed"


def test_the_first_errors_of_a_service_that_had_none_are_a_rise() -> None:
    assert judge("errors", make_metric(rises="5%"), times(0.01), times(0)).outcome is Outcome.FAIL


def test_the_reason_names_the_last_error() -> None:
    why = judge("cpu", make_metric(above=1), measured("timeout", *["503"] * 4), []).why
    assert why == "5 errors in a row, the last: 503"


def make_analysis(*, dry_run: bool) -> Analysis:
    metrics = {"cpu": make_metric(above=0.9), "queue": make_metric(above=10, dry_run=dry_run)}
    values = {"cpu": measured(0.5, 0.6), "queue": measured(11, 12)}
    return analyse(metrics, values, {"cpu": measured(0.4, 0.4)})


def test_a_metric_that_only_gave_errors_says_the_last_of_them() -> None:
    judgement = judge("errors", make_metric(above=1), measured("refused", "no JSON", SILENCE), [])
    assert judgement.outcome is Outcome.INCONCLUSIVE
    assert judgement.why == "never measured, the last error: no JSON"


def test_the_worst_metric_decides() -> None:
    analysis = make_analysis(dry_run=False)
    assert analysis.outcome is Outcome.FAIL
    assert analysis.reasons == ("queue: 2 of 2 measurements above 10",)


def test_a_dry_run_never_counts() -> None:
    analysis = make_analysis(dry_run=True)
    assert analysis.outcome is Outcome.PASS
    assert analysis.reasons == ()


def test_a_metric_nobody_measured_is_never_a_pass() -> None:
    assert analyse({"cpu": make_metric(above=0.9)}, {}, {}).outcome is Outcome.INCONCLUSIVE


def test_the_table_has_a_row_for_each_metric() -> None:
    assert render_analysis(make_analysis(dry_run=True)).splitlines()[:4] == [
        "| Metric | Before | After | Change | Verdict | Why |",
        "|---|---:|---:|---:|---|---|",
        "| cpu | 0.4 | 0.55 | +37.5% | pass | 0 of 2 measurements above 0.9 |",
        "| queue | - | 11.5 | - | fail (dry run) | 2 of 2 measurements above 10 |",
    ]


def test_a_chart_draws_the_values_over_the_mean_before() -> None:
    charts = render_analysis(make_analysis(dry_run=True)).split("```mermaid\n")[1:]
    assert charts[0].splitlines() == [
        "xychart-beta",
        '    title "cpu, and its mean before"',
        '    x-axis "measurement" 1 --> 2',
        "    y-axis 0.38 --> 0.62",
        "    line [0.5, 0.6]",
        "    line [0.4, 0.4]",
        "```",
        "",
    ]


def make_judgement(*values: float, name: str = "cpu", why: str = "") -> Judgement:
    return Judgement(
        name=name, outcome=Outcome.PASS, why=why, dry_run=False, baseline=(), values=tuple(values)
    )


def test_a_single_value_draws_no_line() -> None:
    assert render_chart(make_judgement(1.0)) == ""


def test_a_steady_metric_has_a_height() -> None:
    assert "y-axis -1 --> 1" in render_chart(make_judgement(0, 0))


def test_a_long_chart_is_thinned_and_keeps_to_plain_numbers() -> None:
    chart = render_chart(make_judgement(*(number * 1e-5 for number in range(1000))))
    [line] = re.findall(r"line \[(.*)\]", chart)
    assert len(line.split(", ")) <= 60
    assert "e" not in line


def test_foreign_text_cannot_leave_its_cell_or_its_title() -> None:
    hostile = make_judgement(1, 2, name='a"]\n```|<img>', why="| <b>@ada</b>")
    rendered = render_analysis(Analysis((hostile,)))
    row, chart = rendered.splitlines()[2], rendered[rendered.index("```mermaid") :]
    assert re.findall(r"(?<!\\)[<>|`]", row) == ["|"] * 7
    assert 'title "a        img "' in chart
    assert chart.count("```") == 2


def test_without_metrics_there_is_nothing_to_show() -> None:
    assert render_analysis(analyse({}, {}, {})) == ""


def test_before_the_end_only_a_rise_far_beyond_chance_counts() -> None:
    metrics = {"slow": make_metric(rises="5%")}
    before = {"slow": times(1) + times(1)}
    samples = {"slow": times(1.1)}
    assert analyse(metrics, samples, before, interim=True).outcome is Outcome.FAIL
    few = {"slow": times(1.02)[:6] + measured(1.2, 1.3)}
    assert analyse(metrics, few, before, interim=True).outcome is Outcome.PASS


def test_asking_after_every_sample_finds_no_rise_that_is_not_there() -> None:
    chance = random.Random(7)
    metrics = {"slow": make_metric(rises="5%")}
    false_alarms = 0
    for _ in range(40):
        before, after = (measured(*(chance.lognormvariate(0, 0.3) for _ in range(60))) for _ in range(2))
        looks = (analyse(metrics, {"slow": after[:n]}, {"slow": before}, interim=True) for n in range(5, 60))
        false_alarms += any(look.outcome is Outcome.FAIL for look in looks)
    assert false_alarms == 0
