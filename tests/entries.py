"""An entry of the log; a test says only what matters to it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from protocol.entry import Entry

AT = datetime(2026, 11, 23, 10, 4, tzinfo=timezone(timedelta(hours=1)))


def make_entry(**changes: Any) -> Entry:
    given: dict[str, Any] = {
        "repository": "acme/shop",
        "environment": "production",
        "version": "1.2.3",
        "sha": "a" * 40,
        "at": AT,
        "deployer": "ada",
        "status": "success",
        "deployment_id": 42,
    }
    return Entry(**(given | changes))
