"""A deployment as somebody at a terminal follows it: what is done scrolls away, what goes on stays below."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, TextIO, cast

from rich.console import Console as Terminal
from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from action.console import Console
from action.errors import Stopped
from action.picture import (
    EARLIER,
    Doing,
    Picture,
    compared_in,
    hanging,
    indented,
    length_of,
    metrics_table,
    one_line,
    since,
)
from protocol.plan import Step

if TYPE_CHECKING:
    from action.job import Progress, StepOutcome
    from action.result import Result

_A_SECOND = 8  # how often it is drawn anew
_MARKS: dict[StepOutcome, str] = {"passed": "✓", "failed": "✗", "stopped": "■"}
_PLAIN_MARKS: dict[StepOutcome, str] = {"passed": "+", "failed": "x", "stopped": "!"}
_COLOURS: dict[StepOutcome, str] = {"passed": "green", "failed": "red", "stopped": "yellow"}
_LEVELS = {"error": "red", "warning": "yellow", "notice": "cyan"}
_FOR_A_PERSON = ("waiting", "held", "stopped")


@contextmanager
def open_screen(stream: TextIO) -> Iterator[Screen]:
    """Whatever happens inside, the terminal is left as it was found."""
    screen = Screen(stream)
    try:
        screen.begin()
        yield screen
    finally:
        screen.leave()


class Screen(Console):
    def __init__(self, stream: TextIO) -> None:
        super().__init__(github=False, stream=stream)
        self._terminal = Terminal(
            file=cast("TextIO", _WhileRead(stream, self._give_up)), highlight=False, markup=False, emoji=False
        )
        self._marks = _MARKS if self._terminal.encoding.startswith("utf") else _PLAIN_MARKS
        self._live: Live | None = None
        self._drawing: threading.Thread | None = None
        self._left = threading.Event()
        self._began = time.monotonic()
        self._ahead: tuple[Step, ...] = ()
        self._progress: Progress | None = None
        self._doing: Doing | None = None
        self._compared = EARLIER  # what the metrics were judged beside when they were judged last

    def begin(self) -> None:
        self._live = Live(
            get_renderable=self._drawn,
            console=self._terminal,
            auto_refresh=False,
            transient=True,
            vertical_overflow="crop",
        )
        self._live.start()
        self._terminal.show_cursor(True)  # even a process that is killed leaves it so
        self._drawing = threading.Thread(target=self._keep_drawing, args=(self._live,), daemon=True)
        self._drawing.start()

    def _keep_drawing(self, live: Live) -> None:
        """Never while a line is printed: what is drawn must know how many lines it drew before."""
        while not self._left.wait(1 / _A_SECOND):
            with self._lock:
                live.refresh()

    def follow(self, ahead: Sequence[Step], progress: Progress) -> None:
        self._ahead, self._progress = tuple(ahead), progress

    def _drawn(self) -> Group:
        if self._progress is None:
            return Group(one_line(f"looking at what is known  {since(self._began)}", style="dim"))
        return Picture(
            doing=self._doing,
            progress=self._progress,
            ahead=self._ahead,
            began=self._began,
            width=self._terminal.width,
            height=self._terminal.height,
            shown=self.shown,
        ).drawn()

    def leave(self) -> None:
        if self._live is not None and self._drawing is not None:
            self._left.set()
            self._drawing.join()
            self._live.stop()
            self._live = None

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        """A step of the deployment; its own words and, where it failed, the last it printed come below it."""
        if self._progress is None:
            with super().group(title):
                yield
            return
        doing = self._doing = self._begin(title, self._progress)
        outcome: StepOutcome = "failed"
        try:
            yield
            outcome = "passed"
        except Stopped:
            outcome = "stopped"
            raise
        finally:
            self._doing = None
            if self._progress.analysis is not doing.known:
                self._compared = doing.compares
            self._show(doing, outcome)

    def _begin(self, title: str, progress: Progress) -> Doing:
        step = next((one for one in self._ahead if one.name == title), None)
        name = " ".join(self.shown(title).split())
        return Doing(name=name, known=progress.analysis, length=length_of(step), compares=compared_in(step))

    def _show(self, doing: Doing, outcome: StepOutcome) -> None:
        line = Text.assemble(
            (f"{self._marks[outcome]} ", _COLOURS[outcome]), doing.name, (f"  {since(doing.began)}", "dim")
        )
        self._print(line)
        for said in doing.said:
            self._print(indented(Text(said, style="dim")))
        for printed in doing.printed if outcome != "passed" else ():
            self._print(indented(Text(f"| {printed}")))

    def say(self, text: str = "") -> None:
        for line in text.splitlines() or [""]:
            if self._doing is not None:
                self._doing.said.append(self.shown(line))
            else:
                self._print(hanging(self.shown(line), self._terminal.width))

    def output(self, line: str) -> None:
        self.heed(line)
        if self._doing is not None:
            self._doing.printed.append(self.shown(line))
        else:
            self._print(Text(self.shown(line), style="dim"))

    def annotate(
        self,
        level: Literal["error", "warning", "notice"],
        title: str,
        message: str,
        *,
        file: str = "",
        line: int = 0,
    ) -> None:
        where = f"{file}:{line}: " if file else ""
        for words in f"{level}: {where}{title}: {message}".splitlines():
            self._print(Text(self.shown(words), style=_LEVELS[level]))

    def conclude(self, result: Result) -> None:
        """The last word, below everything: how it ended, why, and where that is written down."""
        self.leave()
        colour = "green" if result.exit_code == 0 else "yellow" if result.status in _FOR_A_PERSON else "red"
        how = f"{result.environment}: {result.status}, {result.version}, after {since(self._began)}"
        if result.status == "rollback" and result.previous_version:
            how += f"; it runs {result.previous_version} again"
        self._print(Text(self.shown(how), style=f"bold {colour}"))
        for issue in result.issues:
            self._print(indented(Text(self.shown(issue))))
        if self._progress is not None and self._progress.analysis is not None:
            analysis, width = self._progress.analysis, self._terminal.width
            self._print(metrics_table(analysis, self._compared, width, self.shown))
        for name, address in (("log", result.release_url), ("documented in", result.issue_url)):
            if address:
                self._print(indented(Text(f"{name}: {self.shown(address)}", overflow="fold")))

    def _write(self, line: str) -> None:
        self._print(Text(line))

    def _print(self, what: RenderableType) -> None:
        with self._lock:
            self._terminal.print(what)


class _WhileRead(io.TextIOBase):
    """The terminal, for as long as there is one: when it is closed the deployment goes on to its end."""

    def __init__(self, stream: TextIO, give_up: Callable[[], None]) -> None:
        self._stream, self._give_up = stream, give_up

    @property
    def encoding(self) -> str:  # type: ignore[override]  # a variable in typeshed
        return self._stream.encoding

    def isatty(self) -> bool:
        return self._stream.isatty()

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except (OSError, ValueError):
            self._give_up()
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except (OSError, ValueError):
            self._give_up()
