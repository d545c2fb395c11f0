"""Sends a message to one channel, over Apprise. Its address is a secret, so it is in no answer."""

from __future__ import annotations

import logging
from functools import partial

from gateway.patience import within
from protocol.messages import Message

_PATIENCE = 30.0  # seconds; Apprise waits 4 for each piece of an answer, and pieces may drip


def send(address: str, message: Message, *, patience: float = _PATIENCE) -> str:
    """Why the message was not taken; empty when it was. Never raises: a plugin may fail in any way."""
    try:
        return within(patience, partial(_send, address, message))
    except TimeoutError:
        return f"its service did not answer in {patience:g}s; whether the message arrived is not known."


def _send(address: str, message: Message) -> str:
    from apprise import Apprise, NotifyFormat, NotifyType  # noqa: PLC0415 - costs a second, and most steps tell nobody

    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # its log lines hold addresses, which are secrets
    messenger = Apprise()
    try:
        if not messenger.add(address):
            return "Apprise does not understand its address."
        if not messenger.notify(
            title=message.title,
            body=message.body,
            body_format=NotifyFormat.TEXT,
            notify_type=NotifyType(message.tone),
        ):
            return "its service did not take the message."
    except Exception as error:  # noqa: BLE001 - a plugin of somebody else's may raise anything
        return f"its plugin failed with {type(error).__name__}."
    return ""
