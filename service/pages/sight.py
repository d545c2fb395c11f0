"""What the person who looks may see: anything else is not there."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g

from service.pages.problems import NotShown


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A repository that GitHub showed this person, by its own spelling."""

    repository: str
    installation_id: int

    @property
    def owner(self) -> str:
        return self.repository.partition("/")[0]

    @property
    def name(self) -> str:
        return self.repository.partition("/")[2]


def all_seen() -> list[Seen]:
    """By name."""
    found = sorted(g.viewer.repositories.items(), key=lambda item: item[0].casefold())
    return [Seen(repository=repository, installation_id=id_) for repository, id_ in found]


def seen(owner: str, name: str) -> Seen:
    """Raises NotShown alike for what does not exist and for what may not be seen."""
    wanted = f"{owner}/{name}".casefold()
    here = next((one for one in all_seen() if one.repository.casefold() == wanted), None)
    if here is None:
        raise NotShown("page.not_found")
    return here
