"""The plainest HTTP there is, read at a glance: a whole delivery in one piece of bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from service.door import PATH

_HEAD = re.compile(rb"POST %s HTTP/1\.1(?:\r\n[A-Za-z0-9-]+:[\x20-\x7e]*)+" % PATH.encode())
# With one of these a message may end elsewhere than its Content-Length says, or want more than an answer.
_MORE = re.compile(
    rb"\r\n(?:transfer-encoding|expect|upgrade|connection(?!: ?keep-alive(?:\r|$))):", re.IGNORECASE
)
_WANTED = re.compile(rb"\r\n(content-length|x-github-event|x-hub-signature-256): *([^\r]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What a delivery says, and nothing of it is checked."""

    event: str
    signature: str
    body: bytes


def read_plain(received: bytes) -> Sent | None:
    """The one delivery in `received`; None for anything else, however valid: that is a real parser's."""
    head, end, body = received.partition(b"\r\n\r\n")
    if not end or _HEAD.fullmatch(head) is None or _MORE.search(head) is not None:
        return None
    found = [(name.lower(), value.decode()) for name, value in _WANTED.findall(head)]
    wanted = dict(found)
    if len(found) != 3 or len(wanted) != 3 or wanted[b"content-length"] != str(len(body)):  # noqa: PLR2004 - each once
        return None
    return Sent(event=wanted[b"x-github-event"], signature=wanted[b"x-hub-signature-256"], body=body)
