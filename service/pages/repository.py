"""One repository: its environments, what waits in them and why, and its deployment log."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask import Blueprint, render_template, request

from protocol.entry import Entry
from service.pages.places import places_of, policy_troubles, zone_for
from service.pages.sight import Seen, seen
from service.pages.sources import Sources

AT_ONCE = 25  # entries on a page
MOST_GATES = 20  # of an environment: nobody reads more


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPage:
    """One page of the log, of one environment where that was asked. Numbers start with 1."""

    entries: tuple[Entry, ...]
    environment: str | None
    number: int
    has_more: bool


def add_repository(pages: Blueprint, sources: Sources) -> None:
    @pages.get("/<owner>/<name>")
    def repository(owner: str, name: str) -> str:
        here, now = seen(owner, name), sources.now
        standing = sources.standings.of(here.installation_id, here.repository, now)
        waiting = sources.waiting.lines([here.repository], most=MOST_GATES)
        return render_template(
            "repository.html",
            here=here,
            standing=standing,
            places=places_of(standing, waiting, now),
            troubles=policy_troubles(standing),
            zone=zone_for(standing, waiting),
            log=_log_page(here, sources),
            now=now,
            server_url=sources.server_url,
        )


def _log_page(here: Seen, sources: Sources) -> LogPage:
    environment = request.args.get("environment") or None
    number = _number(request.args.get("page", ""))
    found = sources.entries.of(
        here.repository, environment=environment, limit=AT_ONCE + 1, after=(number - 1) * AT_ONCE
    )
    return LogPage(
        entries=found[:AT_ONCE],
        environment=environment,
        number=number,
        has_more=len(found) > AT_ONCE,
    )


def _number(text: str) -> int:
    """Whatever is no page's number is the first page."""
    return int(text) if re.fullmatch("[1-9][0-9]{0,3}", text) else 1
