"""Whose permission can matter, and what it is."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from gateway.details import Details, permissions
from gateway.errors import GatewayError
from gateway.freezes import authors_of, labellers_of
from gateway.look import Look
from gateway.ours import our_own
from gateway.reading import NOBODY, Node, login_of
from protocol.facts import Approval, Known, Missing, People, Permission, Tick

if TYPE_CHECKING:
    from gateway.github import GitHub


def logins_of(look: Look, pull: Known[Node | None], approvals: Known[tuple[Approval, ...]]) -> frozenset[str]:
    """Whose permission can matter. A bot has none to find out."""
    known_approvals = () if isinstance(approvals, Missing) else approvals
    issues = look.reading.part(
        "the freezes",
        ("repository", "issues"),
        lambda found: authors_of(found, our_own(look)) | labellers_of(found, our_own(look)),
    )
    named = {look.run.actor, look.run.triggering_actor, *(approval.by for approval in known_approvals)}
    named |= frozenset() if isinstance(issues, Missing) else issues
    if pull is not None and not isinstance(pull, Missing):
        named.add(login_of(pull["author"]))
    return frozenset(login for login in named if login not in ("", NOBODY) and not login.endswith("[bot]"))


def unlisted(look: Look, logins: frozenset[str]) -> frozenset[str]:
    """Who stands beyond the collaborators listed; nobody where the list is whole or not to be had."""
    listed = _listed_people(look)
    if isinstance(listed, Missing) or not look.repository["collaborators"]["pageInfo"]["hasNextPage"]:
        return frozenset()
    return logins - listed.keys()


def _listed_people(look: Look) -> Known[dict[str, Permission]]:
    return look.reading.part("who may do what", ("repository", "collaborators"), permissions)


def people_of(
    look: Look, details: Details, logins: frozenset[str], ticks: Known[tuple[Tick, ...]] = ()
) -> People:
    """Who ticked is known only after the rest was asked: of few, and seldom anybody unlisted."""
    tickers = frozenset() if isinstance(ticks, Missing) else frozenset(tick.by for tick in ticks)
    permissions = _permissions(look, details, logins | tickers)
    beyond = unlisted(look, tickers)
    if beyond and not isinstance(permissions, Missing):
        asked = permissions_of(look.github, beyond - permissions.keys(), look.now)
        permissions = asked if isinstance(asked, Missing) else {**permissions, **asked}
    return People(permissions=permissions, teams=details.teams)


def _permissions(look: Look, details: Details, logins: frozenset[str]) -> Known[dict[str, Permission]]:
    listed = _listed_people(look)
    if isinstance(listed, Missing):
        return permissions_of(look.github, logins, look.now)
    for login, permission in details.permissions.items():
        if isinstance(permission, Missing):
            return permission
        listed[login] = permission
    return listed


def permissions_of(github: GitHub, logins: Collection[str], now: datetime) -> Known[dict[str, Permission]]:
    """Asked one by one: whether a token may see the list of collaborators is not documented; this it may."""
    memory = github.memory.permissions
    found: dict[str, Permission] = {}
    for login in sorted(logins):
        permission = memory.at(login, now)
        try:
            found[login] = permission if permission is not None else github.permission_of(login)
        except GatewayError as error:
            return Missing(f"the permission of {login}: {error}")
        memory.keep(login, found[login], now)
    return found
