"""What follows a hotfix that is in: its way back to the main branch, and its post-mortem."""

from __future__ import annotations

from action.github import GitHub
from action.job import Job
from gateway.errors import GatewayError
from gateway.text import post_mortem_line
from protocol.backports import POST_MORTEM_LABEL, hotfix_post_mortem
from protocol.entry import Entry
from protocol.globs import matches_any
from protocol.policy import Hotfix


def after_hotfix(job: Job, github: GitHub, hotfix: Hotfix | None, entry: Entry) -> None:
    """Once it runs where hotfixes come from. What GitHub does not take is reported and undoes nothing."""
    if hotfix is None or not _is_in(hotfix, job, entry):
        return
    back = _back_port(job, github, hotfix, entry)
    job.console.say(f"back-port: {back}")
    if hotfix.post_mortem:
        _open_post_mortem(job, github, entry, back)


def _is_in(hotfix: Hotfix, job: Job, entry: Entry) -> bool:
    here = entry.environment.casefold() == hotfix.from_.casefold()
    branch = job.workflow.ref_type == "branch" and matches_any(hotfix.branches, job.workflow.ref_name)
    return entry.status == "success" and here and branch and job.inputs.phase != "rollback"


def _back_port(job: Job, github: GitHub, hotfix: Hotfix, entry: Entry) -> str:
    """Where the back-port stands, in a few words."""
    branch, onto = job.workflow.ref_name, hotfix.back_port
    if onto is None:
        return "not asked for by the policy"
    try:
        found = github.back_port(sha=entry.sha, branch=branch, onto=onto)
    except GatewayError as error:
        job.console.annotate("warning", "Back-port", f"{branch} was not brought back to {onto}: {error}")
        return f"to be made by hand, since it failed ({error})"
    if found.state == "conflict":
        job.console.annotate("warning", "Back-port", f"it conflicts: a person must finish {found.url}")
    return found.said(onto)


def _open_post_mortem(job: Job, github: GitHub, entry: Entry, back: str) -> None:
    """One for each run, whoever is first: the App at its gate, or this job. At a terminal there is no run."""
    number, branch = job.workflow.run_id or entry.deployment_id or 0, job.workflow.ref_name
    mark = post_mortem_line(number, entry.environment)
    try:
        if not github.find_issues(mark, labels=[POST_MORTEM_LABEL], state="all"):
            body = hotfix_post_mortem(mark, entry, branch, back)
            github.open_issue(f"Post-mortem: hotfix {branch}", body, [POST_MORTEM_LABEL])
    except GatewayError as error:
        job.console.annotate("warning", "Post-mortem not opened", str(error))
