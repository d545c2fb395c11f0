"""One deployment, as the log tells it."""

from __future__ import annotations

from flask import Blueprint, render_template

from protocol.entry import Change, Entry
from service.pages.places import zone_for
from service.pages.problems import NotShown
from service.pages.sight import seen
from service.pages.sources import Sources

ALWAYS = ("Error rate", "Response time")  # that the log tells of, measured or not


def add_deployment(pages: Blueprint, sources: Sources) -> None:
    @pages.get("/<owner>/<name>/log/<path:key>")
    def deployment(owner: str, name: str, key: str) -> str:
        here = seen(owner, name)
        entry = sources.entries.one(here.repository, key)
        if entry is None:
            raise NotShown("page.not_found")
        standing = sources.standings.of(here.installation_id, here.repository, sources.now)
        return render_template(
            "deployment.html",
            here=here,
            entry=entry,
            metrics=_metrics(entry),
            findings=[one for one in entry.findings if one.code != "policy.not_asked"],
            zone=zone_for(standing, ()),
            commit_url=f"{sources.server_url}/{here.repository}/commit/{entry.sha}",
        )


def _metrics(entry: Entry) -> list[Change]:
    measured = {change.name: change for change in entry.metrics}
    always = [measured.pop(name, Change(name=name)) for name in ALWAYS]
    return [*always, *measured.values()]
