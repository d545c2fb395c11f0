"""Tells the team, through the channels the policy names, what it was not told already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from action.console import Console
from action.job import Job, Progress
from gateway.notifications import send
from protocol.entry import Entry, version_of_line
from protocol.messages import (
    TEMPLATES,
    Message,
    News,
    Telling,
    message,
    news_of,
    notes,
    slug,
    told_already,
)
from protocol.plan import Plan
from protocol.policy import Notify

_AT_ONCE = 8
_NOTED: tuple[Telling, ...] = ("before", "during")  # the log itself shows that the end was told


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
    if telling == "after" and _ended_well(progress.noted):
        job.console.say("the team was told of this success in an earlier attempt of the run")
        return tuple(Delivery(channel=channel, earlier=True) for channel in channels)
    known = told_already(progress.noted, telling)
    earlier = [Delivery(channel=channel, earlier=True) for channel in channels if slug(channel) in known]
    rest = [channel for channel in channels if slug(channel) not in known]
    now = _deliver_all(rest, _message(telling, notify, news), job.environ)
    _report((*earlier, *now), job.console)
    if telling in _NOTED:
        told = [delivery.channel for delivery in now if delivery.delivered]
        progress.to_note += notes(telling, told)
    return (*earlier, *now)


def announce_lost(entry: Entry, notify: Notify, *, environ: Mapping[str, str], console: Console) -> None:
    """Tell of a deployment whose job died before it could."""
    channels = channels_for("failed", notify)
    _report(_deliver_all(list(channels), _message("failed", notify, news_of(entry)), environ), console)


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
    return message(getattr(notify.messages, telling) or TEMPLATES[telling], news)


def _deliver_all(channels: list[str], message: Message, environ: Mapping[str, str]) -> tuple[Delivery, ...]:
    if not channels:
        return ()
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        return tuple(pool.map(lambda channel: _deliver(channel, message, environ), channels))


def _deliver(channel: str, message: Message, environ: Mapping[str, str]) -> Delivery:
    name = secret_name(channel)
    address = environ.get(name, "").strip()
    if not address:
        return Delivery(
            channel=channel, wrong=f"{name} is not set. Pass the secret under `env:` of the step."
        )
    return Delivery(channel=channel, wrong=send(address, message))


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
