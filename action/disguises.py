"""A secret in the forms that programs give it: in Base64, in an address, in JSON."""

from __future__ import annotations

import json
from binascii import b2a_base64
from collections.abc import Iterator
from urllib.parse import quote

_BITS, _BITS_IN_BASE64 = 8, 6


def disguises(secret: str) -> Iterator[str]:
    yield from (quote(secret), quote(secret, safe=""))
    yield from (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
    for before in range(3):  # `USER:SECRET` of HTTP: whatever stands before it moves it by so many bytes
        encoded = _encoded(secret.encode(errors="surrogateescape"), before)
        yield encoded
        yield encoded.translate({ord("+"): "-", ord("/"): "_"})


def _encoded(data: bytes, before: int) -> str:
    """As much of its Base64 as does not depend on what stands around it."""
    encoded = b2a_base64(bytes(before) + data, newline=False).decode()
    first = -(-before * _BITS // _BITS_IN_BASE64)
    return encoded[first : (before + len(data)) * _BITS // _BITS_IN_BASE64]
