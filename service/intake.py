"""Many deliveries at the door at once: committed together, then handed over together."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from service.inbox import Delivery, Inbox

PATIENCE = 9.0  # seconds; GitHub waits for ten


@dataclass(frozen=True, slots=True, eq=False)
class _InLine:
    """A delivery that waits to be committed; the answer is whether it is to be handled."""

    delivery: Delivery
    answer: Future[bool] = field(default_factory=Future)


class Intake:
    """Making sure that a delivery lies on the disk takes longest, and one time does for all that wait.

    So one clerk writes for everybody; on SQLite nobody could write beside it anyway.
    """

    def __init__(
        self, inbox: Inbox, hand_over: Callable[[Sequence[str]], None], clock: Callable[[], float]
    ) -> None:
        self._inbox = inbox
        self._hand_over = hand_over
        self._clock = clock
        self._line: deque[_InLine] = deque()
        self._clerk = ThreadPoolExecutor(max_workers=1, thread_name_prefix="intake")

    def take_in(self, delivery: Delivery) -> bool:
        """Commit it; False when that was done before. Raises SQLAlchemyError, or TimeoutError when unsure."""
        mine = _InLine(delivery)
        self._line.append(mine)
        self._clerk.submit(self._serve)
        return mine.answer.result(PATIENCE)

    def _serve(self) -> None:
        waiting = [self._line.popleft() for _ in range(len(self._line))]
        if not waiting:
            return  # an earlier turn did it
        try:
            wanted = self._inbox.commit_all([one.delivery for one in waiting], self._clock())
            self._hand_over(sorted(wanted))
        except Exception as error:  # noqa: BLE001 - raised to each of them
            for one in waiting:
                one.answer.set_exception(error)
        else:
            for one in waiting:
                one.answer.set_result(one.delivery.guid in wanted)
