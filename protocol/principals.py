"""Who: `user:LOGIN`, `team:ORG/SLUG`, `permission:write|maintain|admin`, `anyone`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from protocol.facts import Known, Missing, People, Permission
from protocol.wording import nearest, say_any

_WITHOUT_NAMES = ("permission:write", "permission:maintain", "permission:admin", "anyone")


@dataclass(frozen=True, slots=True)
class Principal:
    kind: Literal["user", "team", "permission", "anyone"]
    name: str = ""  # login, "org/slug" or permission, in lower case

    @classmethod
    def parse(cls, text: str) -> Principal:
        """Read a principal as the policy writes it. Raises ValueError with the cure."""
        kind, _, name = text.strip().partition(":")
        name = name.strip().lower()
        match kind.strip().lower():
            case "anyone" if not name:
                return cls("anyone")
            case "user" if name:
                return cls("user", name)
            case "team" if name.count("/") == 1 and all(name.split("/")):
                return cls("team", name)
            case "permission" if name in ("write", "maintain", "admin"):
                return cls("permission", name)
        near = nearest(text, _WITHOUT_NAMES)
        cure = (
            f"did you mean '{near}'?"
            if near
            else f"write user:LOGIN, team:ORG/SLUG, {say_any(_WITHOUT_NAMES)}"
        )
        raise ValueError(f"'{text}' names nobody: {cure}")

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}" if self.name else self.kind

    def includes(self, login: str, people: People) -> Known[bool]:
        """Whether `login` is meant; Missing when that could not be found out."""
        login = login.lower()
        match self.kind:
            case "anyone":
                return True
            case "user":
                return login == self.name
            case "team":
                unknown = Missing(f"the members of team {self.name} are not known")
                members = people.teams.get(self.name, unknown)
                return members if isinstance(members, Missing) else login in members
            case "permission":
                if isinstance(people.permissions, Missing):
                    return people.permissions
                return people.permissions.get(login, Permission.NONE) >= Permission[self.name.upper()]


def say_principal(principal: Principal | str) -> str:
    """In a sentence: `grace`, `team acme/dba`, `anyone with write access`, `anyone`."""
    kind, _, name = str(principal).partition(":")
    match kind:
        case "team":
            return f"team {name}"
        case "permission":
            return f"anyone with {name} access"
    return name or kind


def anyone_of(principals: tuple[Principal, ...], login: str, people: People) -> Known[bool]:
    """True when any principal includes `login`; Missing only when none does for certain."""
    answers = [principal.includes(login, people) for principal in principals]
    if any(answer is True for answer in answers):
        return True
    return next((answer for answer in answers if isinstance(answer, Missing)), False)


def is_bot(login: str) -> bool:
    """Whether the login is an App's: a bot may be let deploy by name, and never approves."""
    return login.endswith("[bot]")
