"""gunicorn's entry: `service.web:application()` builds the WSGI application in each web process."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from service.app import create_app
from service.logs import configure_logs
from service.queue import Queue, open_queue
from service.settings import read_settings
from service.tables import open_database

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


def application() -> WSGIApplication:
    configure_logs()
    settings = read_settings(os.environ)
    engine = open_database(settings.database_url)
    return create_app(settings, engine, Queue(open_queue(settings)), time.time)
