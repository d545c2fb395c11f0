"""The environments of a repository as its page shows them: open or not, what runs there, who can help."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.needs import readable, zone_of
from gateway.standing import Standing
from protocol.answers import listed
from protocol.decision import environment_in
from protocol.errors import PolicyError
from protocol.facts import Deployment, Known, Missing
from protocol.outlook import Hours, hours_of, opening_at
from protocol.policy import Policy
from protocol.principals import say_principal
from protocol.windows import Opening
from service.waiting import Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One environment. Without `opening` nobody can say whether it is open, and `why` says why not."""

    name: str
    opening: Opening | None
    why: str
    running: Known[Deployment | None]
    waiting: Line | None
    deployers: tuple[str, ...]  # who deploys is among each of these
    helpers: tuple[str, ...]  # in an emergency
    contact: str


def places_of(standing: Known[Standing], waiting: Sequence[Line], now: datetime) -> list[Place]:
    """Those that the policy names, in its order, then others in which something waits."""
    own = _own(standing)
    named = list(own.environments) if own else []
    known = {name.casefold() for name in named}
    others = {line.environment.casefold(): line.environment for line in waiting}
    names = [*named, *(name for key, name in others.items() if key not in known)]
    return [_place(name, standing, _waiting_at(name, waiting), now) for name in names]


def zone_for(standing: Known[Standing], waiting: Sequence[Line]) -> ZoneInfo | None:
    """The policy's; where that could not be read, the one something was judged by."""
    if not isinstance(standing, Missing) and (known := readable(standing.policies)):
        return zone_of(known)
    return waiting[0].gates[-1].zone if waiting else None


def policy_troubles(standing: Known[Standing]) -> list[str]:
    """Why policies cannot be used, a sentence each."""
    if isinstance(standing, Missing):
        return []
    found = [one for one in standing.policies if not isinstance(one, Policy)]
    return [text for one in found for text in _trouble(one)]


def hours_at(standing: Known[Standing], environment: str) -> Known[tuple[Hours, ...]]:
    """Missing where anything is unknown that could close it."""
    if isinstance(standing, Missing):
        return Missing(f"GitHub could not be asked: {standing.reason}")
    if any(not isinstance(policy, Policy) for policy in standing.policies):
        return Missing("the policy cannot be used")
    own = _own(standing)
    if own is None or environment_in(own, environment) is None:
        return Missing("the policy does not name this environment, so what arrives there waits")
    if isinstance(standing.freezes, Missing):
        return standing.freezes
    return hours_of(readable(standing.policies), environment, standing.freezes)


def _own(standing: Known[Standing]) -> Policy | None:
    own = None if isinstance(standing, Missing) else standing.policies[-1]
    return own if isinstance(own, Policy) else None


def _waiting_at(environment: str, waiting: Iterable[Line]) -> Line | None:
    wanted = environment.casefold()
    return next((line for line in waiting if line.environment.casefold() == wanted), None)


def _place(name: str, standing: Known[Standing], waiting: Line | None, now: datetime) -> Place:
    hours = hours_at(standing, name)
    own = _own(standing)
    emergency = own.access.emergency if own else None
    return Place(
        name=name,
        opening=None if isinstance(hours, Missing) else opening_at(hours, now),
        why=hours.reason if isinstance(hours, Missing) else "",
        running=standing if isinstance(standing, Missing) else standing.running(name),
        waiting=waiting,
        deployers=() if isinstance(standing, Missing) else _deployers(readable(standing.policies), name),
        helpers=tuple(map(say_principal, emergency.who)) if emergency else (),
        contact=emergency.contact if emergency else "",
    )


def _deployers(policies: Sequence[Policy], name: str) -> tuple[str, ...]:
    """Of each policy that names the environment those of all, and the environment's own."""
    named = [(policy, one) for policy in policies if (one := environment_in(policy, name)) is not None]
    asked = [part.deployers for policy, one in named for part in (policy.access, one.access) if part]
    return tuple(dict.fromkeys(listed(map(say_principal, group), "or") for group in asked))


def _trouble(policy: object) -> list[str]:
    match policy:
        case PolicyError():
            return [str(problem) for problem in policy.problems] or [str(policy)]
        case Missing(reason=reason):
            return [reason]
    return []
