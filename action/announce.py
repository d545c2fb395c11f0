"""Tells the team, over Apprise, through the channels the policy names."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from action.console import Console

_AT_ONCE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One channel's message. `wrong` is empty when it was taken."""

    channel: str
    wrong: str = ""

    @property
    def delivered(self) -> bool:
        return not self.wrong


def announce(
    channels: tuple[str, ...], *, title: str, body: str, environ: Mapping[str, str], console: Console
) -> tuple[Delivery, ...]:
    """Tell every channel at once. One that fails is reported and holds nothing up."""
    if not channels:
        return ()
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        deliveries = tuple(pool.map(lambda channel: _deliver(channel, title, body, environ), channels))
    for delivery in deliveries:
        if delivery.delivered:
            console.say(f"told {delivery.channel}: {title}")
        else:
            console.annotate("warning", "Notification", f"{delivery.channel} was not told: {delivery.wrong}")
    return deliveries


def _deliver(channel: str, title: str, body: str, environ: Mapping[str, str]) -> Delivery:
    name = secret_name(channel)
    url = environ.get(name, "").strip()
    if not url:
        return Delivery(
            channel=channel, wrong=f"{name} is not set. Pass the secret under `env:` of the step."
        )
    try:
        return Delivery(channel=channel, wrong=_send(url, name, title, body))
    except Exception as error:  # noqa: BLE001 - a plugin of somebody else's may raise anything
        return Delivery(channel=channel, wrong=f"its plugin failed with {type(error).__name__}.")


def _send(url: str, name: str, title: str, body: str) -> str:
    """Send it; why not, if not. The address is a secret, so it is in no answer."""
    from apprise import Apprise  # noqa: PLC0415 - costs a second, and most steps tell nobody

    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # its log lines hold addresses, which are secrets
    messenger = Apprise()
    if not messenger.add(url):
        return f"{name} holds no address Apprise understands."
    if not messenger.notify(title=title, body=body):
        return "its service did not take the message."
    return ""


def secret_name(channel: str) -> str:
    """`on-call` → `NOTIFY_ON_CALL`."""
    return "NOTIFY_" + re.sub(r"\W+", "_", channel).upper()
