"""Who we are on GitHub, so that only what our own App wrote counts as its word."""

from __future__ import annotations

from gateway.checks import our_logins
from gateway.look import Look
from gateway.reading import NOBODY, Node, login_of

WORKFLOWS = "github-actions[bot]"  # any workflow of the repository can write with this login


def our_own(look: Look) -> frozenset[str]:
    """Our App's login where its own token asks. Where another's does, as a job's: whoever made our checks."""
    asking = app_login(look.data.get("viewer"))
    if asking:
        return frozenset({asking})
    commit = look.repository["commit"]
    return our_logins(commit["statusCheckRollup"]) if commit is not None else frozenset()


def app_login(viewer: Node | None) -> str:
    """The App that asks; "" for a person, a workflow, or where GitHub does not say."""
    login = login_of(viewer)
    return login if login.endswith("[bot]") and login not in (WORKFLOWS, NOBODY) else ""
