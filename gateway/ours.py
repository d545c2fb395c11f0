"""Who we are on GitHub, so that only what our own App wrote counts as its word."""

from __future__ import annotations

from gateway.checks import our_logins
from gateway.look import Look
from gateway.reading import NOBODY, Node, login_of

_BOT = "[bot]"
WORKFLOWS = "github-actions[bot]"  # any workflow of the repository can write with this login


def our_own(look: Look) -> frozenset[str]:
    """Our App's login where its own token asks. Where another's does, as a job's: whoever made our checks."""
    viewer = look.data.get("viewer")
    asking = app_login(viewer)
    if asking and login_of(viewer).endswith(_BOT):
        return frozenset({asking})
    commit = look.repository["commit"]
    others = our_logins(commit["statusCheckRollup"]) if commit is not None else frozenset[str]()
    return others | ({asking} if asking else frozenset())


def app_login(viewer: Node | None) -> str:
    """The login of the App that asks; "" for a workflow, or where GitHub does not say.

    Whether GraphQL shows an App to itself with the `[bot]` that REST shows is not documented. A person
    is taken for the App of that name, which nobody else can write as.
    """
    login = login_of(viewer).removesuffix(_BOT)
    return f"{login}{_BOT}" if login != NOBODY and f"{login}{_BOT}" != WORKFLOWS else ""
