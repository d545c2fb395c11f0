from __future__ import annotations

import io
from datetime import timedelta

import pytest
from rich.console import Console as Terminal
from rich.console import RenderableType

from action.job import Progress, StepRecord
from action.picture import EARLIER, SIDE_BY_SIDE, Doing, Picture, compared_in, hanging, metrics_table
from protocol.analysis import Analysis, Judgement, Outcome
from protocol.plan import Compare, Hold, Step
from protocol.policy import Monitor

AHEAD = (Step(name="backup", work=()), Step(name="deploy", work=()), Step(name="smoke", work=()))
WHY = "0.01 → 0.06, higher beyond chance, allowed is less than 1pp"


def read(what: RenderableType, width: int = 96) -> list[str]:
    terminal = Terminal(file=io.StringIO(), width=width, highlight=False, markup=False)
    with terminal.capture() as shown:
        terminal.print(what)
    return [line.rstrip() for line in shown.get().splitlines()]


def analysis(count: int = 1) -> Analysis:
    one = Judgement(
        name="error_rate", outcome=Outcome.FAIL, why=WHY, dry_run=False, baseline=(0.01,), values=(0.06,)
    )
    return Analysis((one,) * count)


def make_picture(progress: Progress, doing: Doing | None, height: int = 30) -> Picture:
    return Picture(
        doing=doing,
        progress=progress,
        ahead=AHEAD,
        began=0.0,
        width=96,
        height=height,
        shown=lambda text: text,
    )


def make_progress() -> Progress:
    return Progress(environment="production", version="1.1.0", sha="a" * 40, previous_version="1.0.0")


HANGING = {
    "in the last column": (
        "  5. deploy    ./ops/copy --all now",
        32,
        ["  5. deploy    ./ops/copy --all", "               now"],
    ),
    "at the indentation": ("  one two three", 11, ["  one two", "  three"]),
    "nothing to hang from": ("one two three", 11, ["one two", "three"]),
    "no room to hang in": ("  5. deploy    ./copy a", 18, ["  5. deploy", "./copy a"]),
    "wide letters": ("方法  alpha beta", 18, ["方法  alpha beta"]),
}


@pytest.mark.parametrize(("line", "width", "shown"), HANGING.values(), ids=HANGING)
def test_what_does_not_fit_in_a_line_goes_on_below_its_column(
    line: str, width: int, shown: list[str]
) -> None:
    assert read(hanging(line, width), width) == shown


@pytest.mark.parametrize(
    ("width", "lines"),
    [
        (100, ["metric      before  now   judged  why", f"error_rate  0.01    0.06  fail    {WHY}"]),
        (60, ["metric      before  now   judged", "error_rate  0.01    0.06  fail"]),
    ],
    ids=["with reasons", "without"],
)
def test_metrics_are_told_with_their_reasons_where_there_is_room(width: int, lines: list[str]) -> None:
    table = metrics_table(analysis(), EARLIER, width, lambda text: text)
    assert read(table, width) == [f"    {line}" for line in lines]


def test_a_reason_too_long_is_cut_and_takes_no_room_from_the_numbers() -> None:
    [_, line] = read(metrics_table(analysis(), EARLIER, 90, lambda text: text), 70)
    assert line == "    error_rate  0.01    0.06  fail    0.01 → 0.06, higher beyond chan…"


def test_what_the_metrics_said_before_a_step_is_not_shown_as_if_they_said_it_now() -> None:
    progress = make_progress()
    progress.analysis = analysis()
    doing = Doing(name="smoke", known=progress.analysis, length=timedelta(), compares=EARLIER)
    assert "error_rate" not in "\n".join(read(make_picture(progress, doing).drawn()))
    progress.analysis = analysis()
    assert "error_rate" in "\n".join(read(make_picture(progress, doing).drawn()))


@pytest.mark.parametrize("height", [7, 9, 12, 30])
def test_a_picture_fits_the_terminal(height: int) -> None:
    progress = make_progress()
    doing = Doing(name="backup", known=None, length=timedelta(), compares=EARLIER)
    doing.printed.extend(f"table {number}" for number in range(40))
    lines = read(make_picture(progress, doing, height).drawn())
    assert len(lines) < height
    assert "    | table 39" in lines


def test_nothing_of_the_plan_comes_after_a_failure() -> None:
    progress = make_progress()
    doing = Doing(name="backup", known=None, length=timedelta(), compares=EARLIER)
    progress.began["backup"] = 0.0
    assert "  then deploy, smoke" in read(make_picture(progress, doing).drawn())
    progress.steps.append(StepRecord(name="backup", outcome="failed", seconds=1))
    doing = Doing(name="rollback: database", known=None, length=timedelta(), compares=EARLIER)
    assert not [line for line in read(make_picture(progress, doing).drawn()) if "then" in line]


def test_a_canarys_metrics_stand_beside_the_stable_versions() -> None:
    weight = Step(name="canary 5%", work=(Compare(timedelta(minutes=2), Monitor()),))
    assert compared_in(weight) == SIDE_BY_SIDE
    assert compared_in(Step(name="canary 100%", work=(Hold(timedelta(minutes=2)),))) == EARLIER
    assert read(metrics_table(analysis(), SIDE_BY_SIDE, 60, lambda text: text), 60) == [
        "    metric      stable  canary  judged",
        "    error_rate  0.01    0.06    fail",
    ]
