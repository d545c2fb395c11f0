"""What is drawn at the foot of a terminal while a deployment goes on, and again, and again."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeAlias

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from action.job import Progress
from protocol.analysis import Analysis, Judgement
from protocol.durations import say_duration
from protocol.plan import Compare, Hold, Step, Watch

_TAIL = 6  # lines of the current step's output
_KEPT = 20  # of a step that failed
_ROOM = 6  # lines left to everything else on a low terminal
_WIDE_ENOUGH_FOR_REASONS = 90
_INDENT = (0, 0, 0, 4)
_COLUMNS = re.compile(r"( *(?:\S.*? {2,})?)(.*)", re.DOTALL)
Compared: TypeAlias = tuple[str, str]
EARLIER: Compared = ("before", "now")
SIDE_BY_SIDE: Compared = ("stable", "canary")
_OUTCOMES = {"pass": "green", "inconclusive": "yellow", "error": "red", "fail": "red"}


@dataclass(slots=True, kw_only=True)
class Doing:
    """The step that goes on. `known`: what the metrics said before it. `length`: how long it waits."""

    name: str
    known: Analysis | None
    length: timedelta
    compares: Compared
    began: float = field(default_factory=time.monotonic)
    said: list[str] = field(default_factory=list)
    printed: deque[str] = field(default_factory=lambda: deque(maxlen=_KEPT))

    @property
    def time(self) -> str:
        passed = since(self.began)
        return f"{passed} of {say_duration(self.length)}" if self.length else passed


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Of one moment, for a terminal of this size. `shown` makes words of others fit to be shown."""

    doing: Doing | None
    progress: Progress
    ahead: tuple[Step, ...]
    began: float
    width: int
    height: int
    shown: Callable[[str], str]

    def drawn(self) -> Group:
        return Group(*self._current(), *self._next(), self._summary())

    def _current(self) -> Iterator[RenderableType]:
        doing = self.doing
        if doing is None:
            return
        judged = self.progress.analysis if self.progress.analysis is not doing.known else None
        yield self._heading(doing)
        yield from self._last_lines(doing, judged)
        if judged is not None:
            yield metrics_table(judged, doing.compares, self.width, self.shown)

    def _last_lines(self, doing: Doing, judged: Analysis | None) -> Iterator[Text]:
        room = self.height - _ROOM - (len(judged.judgements) if judged is not None else 0)
        lines = tuple(doing.printed) or tuple(doing.said)
        for line in lines[-min(_TAIL, room) :] if room > 0 else ():
            yield one_line(f"    | {line}")

    def _heading(self, doing: Doing) -> Text:
        line = one_line(f"> {doing.name}  {doing.time}", style="bold cyan")
        shares = self.progress.shares
        if shares and shares[-1].share:
            line.append(f"  at most {shares[-1].share * 100:.3g}% of users see {self._version}")
        return line

    def _next(self) -> Iterator[Text]:
        names = [self.shown(step.name) for step in self._coming()]
        if names:
            yield one_line(f"  then {', '.join(names)}", style="dim")

    def _coming(self) -> list[Step]:
        """Nothing of the plan comes after a failure."""
        if any(record.outcome in ("failed", "stopped") for record in tuple(self.progress.steps)):
            return []
        begun = {*tuple(self.progress.began), *self.progress.done}
        return [step for step in self.ahead if step.name not in begun]

    def _summary(self) -> Text:
        progress = self.progress
        before = f"{self.shown(progress.previous_version)} → " if progress.previous_version else ""
        to_do = len(self._coming()) + (self.doing is not None)
        count = f"{len(progress.steps)} done, {to_do} to do"
        words = f"{progress.environment}  {before}{self._version}  {since(self.began)}  {count}"
        return one_line(words, style="dim")

    @property
    def _version(self) -> str:
        return self.shown(self.progress.version)


def length_of(step: Step | None) -> timedelta:
    """How long it waits and watches, by the policy."""
    lengths = timedelta()
    for work in step.work if step is not None else ():
        match work:
            case Hold() | Compare():
                lengths += work.length
            case Watch():
                lengths += work.monitor.for_
    return lengths


def compared_in(step: Step | None) -> Compared:
    """What its metrics stand beside."""
    side_by_side = step is not None and any(isinstance(work, Compare) for work in step.work)
    return SIDE_BY_SIDE if side_by_side else EARLIER


def metrics_table(
    analysis: Analysis, compared: Compared, width: int, shown: Callable[[str], str]
) -> RenderableType:
    reasons = width >= _WIDE_ENOUGH_FOR_REASONS
    table = Table(box=None, pad_edge=False, header_style="dim", expand=reasons)
    for title in ("metric", *compared, "judged"):
        table.add_column(title, no_wrap=True, overflow="ellipsis")
    if reasons:
        table.add_column("why", no_wrap=True, overflow="ellipsis", ratio=1)  # what the others leave
    for one in analysis.judgements:
        table.add_row(*_row(one, shown)[: len(table.columns)])
    return indented(table)


def _row(one: Judgement, shown: Callable[[str], str]) -> list[Text]:
    name = f"{one.name} (dry run)" if one.dry_run else one.name
    judged = Text(one.outcome.word, style=_OUTCOMES[one.outcome.word])
    return [Text(name), _number(one.before), _number(one.after), judged, Text(shown(one.why))]


def _number(value: float | None) -> Text:
    return Text("-" if value is None else f"{value:.4g}")


def one_line(text: str, style: str = "") -> Text:
    return Text(text, style=style, no_wrap=True, overflow="ellipsis")


def indented(what: RenderableType) -> Padding:
    return Padding(what, _INDENT)


def hanging(line: str, width: int) -> RenderableType:
    """A line of a list or a table: what does not fit in goes on below its own column."""
    first, rest = _COLUMNS.fullmatch(line).groups()  # type: ignore[union-attr]  # fits every line
    if not first or cell_len(first) > width // 2:
        return Text(line)
    table = Table.grid()
    table.add_column(width=cell_len(first))
    table.add_row(Text(first), Text(rest))
    return table


def since(began: float) -> str:
    return say_duration(timedelta(seconds=int(time.monotonic() - began)))
