"""Tells the team, through the channels the policy names, what it was not told already."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import takewhile

from action.console import Console
from action.job import Job, Progress
from action.record import Told
from gateway.notifications import send
from protocol.entry import Status, version_of_line
from protocol.messages import (
    TEMPLATES,
    TONES,
    Message,
    News,
    Telling,
    message,
    news_of,
    noted_channels,
    notes,
    slug,
)
from protocol.plan import Plan
from protocol.policy import Notify

_AT_ONCE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One channel's message. `wrong` is empty when it was taken, now or in an earlier attempt of the run."""

    channel: str
    wrong: str = ""
    earlier: bool = False

    @property
    def delivered(self) -> bool:
        return not self.wrong


def announce(
    telling: Telling, notify: Notify, news: News, *, job: Job, progress: Progress
) -> tuple[Delivery, ...]:
    """Tell every channel at once. One that fails is reported and holds nothing up."""
    channels = channels_for(telling, notify)
    known = _told_earlier(telling, channels, progress.noted)
    earlier = [Delivery(channel=channel, earlier=True) for channel in channels if channel in known]
    rest = [channel for channel in channels if channel not in known]
    now = _deliver_all(rest, _message(telling, notify, news), telling, job)
    _report((*earlier, *now), job.console)
    told = [delivery.channel for delivery in now if delivery.delivered]
    if telling in ("before", "during"):
        progress.to_note += notes(telling, told)
    if telling == "before":
        progress.heard += told
    return (*earlier, *now)


def _told_earlier(telling: Telling, channels: Iterable[str], noted: Sequence[str]) -> frozenset[str]:
    """Those of the channels that an earlier attempt of the run told; of a success all but those noted."""
    match telling:
        case "before" | "during":
            known = noted_channels(noted, telling)
            return frozenset(channel for channel in channels if slug(channel) in known)
        case "after" if _ended_well(noted):
            since = list(takewhile(lambda text: version_of_line(text) is None, noted))
            left = noted_channels(since, "after but not")
            return frozenset(channel for channel in channels if slug(channel) not in left)
        case _:
            return frozenset()


def announce_end(job: Job, progress: Progress, told: Told, notify: Notify) -> tuple[Delivery, ...]:
    """How it ended, with where that can be read."""
    news = news_of(told.entry, log_url=told.release_url)
    return announce(telling_of(told.entry.status), notify, news, job=job, progress=progress)


def telling_of(status: Status) -> Telling:
    return "after" if status == "success" else "failed"


def call_off(heard: Sequence[str], why: str, *, job: Job, progress: Progress) -> None:
    """Whoever heard that a deployment begins hears that it did not."""
    news = replace(news_so_far(job, progress), ended="was not begun in", issues=why)
    announce("failed", Notify(after=tuple(heard)), news, job=job, progress=progress)


def channels_for(telling: Telling, notify: Notify) -> tuple[str, ...]:
    """A deployment that fails is told to those who hear of rollbacks and of ends."""
    match telling:
        case "before":
            return notify.before
        case "during":
            return notify.during
        case "after":
            return notify.after
        case "rollback":
            return notify.rollback
        case "failed":
            return tuple(dict.fromkeys((*notify.rollback, *notify.after)))


def _ended_well(noted: Iterable[str]) -> bool:
    """Whether the newest line of the log that this run has written tells of a success."""
    newest = next((text for text in noted if version_of_line(text)), "")
    return newest.startswith("Success")


def _message(telling: Telling, notify: Notify, news: News) -> Message:
    return message(getattr(notify.messages, telling) or TEMPLATES[telling], news, TONES[telling])


def _deliver_all(channels: list[str], message: Message, telling: Telling, job: Job) -> tuple[Delivery, ...]:
    if not channels:
        return ()
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        return tuple(pool.map(lambda channel: _deliver(channel, message, telling, job), channels))


def _deliver(channel: str, message: Message, telling: Telling, job: Job) -> Delivery:
    """Journalled before and after, so that the end of a job that died tells the others and nobody twice."""
    name = secret_name(channel)
    address = job.environ.get(name, "").strip()
    if not address:
        return Delivery(
            channel=channel, wrong=f"{name} is not set. Pass the secret under `env:` of the step."
        )
    job.journal.telling(telling, channel)
    wrong = send(address, message)
    job.journal.told(telling, channel, wrong)
    return Delivery(channel=channel, wrong=wrong)


def _report(deliveries: Iterable[Delivery], console: Console) -> None:
    for delivery in deliveries:
        if not delivery.delivered:
            console.annotate("warning", "Notification", f"{delivery.channel} was not told: {delivery.wrong}")
        elif delivery.earlier:
            console.say(f"{delivery.channel} was told in an earlier attempt of the run")
        else:
            console.say(f"told {delivery.channel}")


def secret_name(channel: str) -> str:
    """`on-call` → `NOTIFY_ON_CALL`."""
    return "NOTIFY_" + slug(channel).upper()


def asks_to_be_told(plan: Plan) -> bool:
    notify = plan.notify
    return bool(notify.before or notify.during or notify.after)


def news_so_far(job: Job, progress: Progress, **more: str) -> News:
    """What can be told of a deployment that has not come to its end."""
    return News(
        repository=job.workflow.repository,
        environment=progress.environment,
        version=progress.version,
        previous_version=progress.previous_version,
        issues="; ".join(progress.issues),
        run_url=job.workflow.run_url,
        **more,
    )
