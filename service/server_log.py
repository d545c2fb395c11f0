"""What the web server itself says, as JSON lines like all the rest. Its parent loads no more than this."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

from gunicorn.config import Config
from gunicorn.glogging import Logger


class ServerLog(Logger):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn makes it by its name, given in `gunicorn_options`."""

    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(JsonLine())


class JsonLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "event": record.getMessage(),
            "logger": record.name,
            "level": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
        }
        exception = {"exception": self.formatException(record.exc_info)} if record.exc_info else {}
        return json.dumps({**line, **exception})
