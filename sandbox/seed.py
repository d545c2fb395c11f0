"""What a sandbox begins with: people, repositories and Apps, from a YAML file.

```yaml
users: [ada, grace]
organizations:
  acme: {owners: [ada], members: [grace], teams: {release-managers: [grace]}}
repositories:
  acme/shop:
    files: ./shop                    # a directory, or {path: text}
    private: false
    collaborators: {grace: write}
    teams: {release-managers: maintain}
    environments:
      production: {reviewers: [grace], wait_minutes: 0, custom: [deploy-protocol]}
apps:
  deploy-protocol:
    owner: acme
    permissions: {deployments: write}
    events: [deployment_protection_rule]
    webhook: http://127.0.0.1:8000/webhook
    secret: at least sixteen characters
    install: [acme/shop]
actions:                             # what plays a container action in a workflow
  acme/deploy: {directory: ., entrypoint: [python3, -m, action]}
```
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from sandbox.actions import LocalAction
from sandbox.state import App, Team, User
from sandbox.world import World

Seed = Mapping[str, Any]
DEFAULT: Seed = {
    "users": ["ada", "grace"],
    "organizations": {"acme": {"owners": ["ada"], "members": ["grace"]}},
    "repositories": {"acme/shop": {"files": {"README.md": "# Shop\n"}, "collaborators": {"grace": "write"}}},
}
ANY = "any name"
_NAMES = [str]
_ENVIRONMENT = {
    "reviewers": _NAMES,
    "wait_minutes": int,
    "prevent_self_review": bool,
    "custom": _NAMES,
    "branches": _NAMES,
}
_REPOSITORY = {
    "files": (str, {ANY: str}),
    "private": bool,
    "collaborators": {ANY: str},
    "teams": {ANY: str},
    "environments": {ANY: _ENVIRONMENT},
}
_APP = {
    "owner": str,
    "permissions": {ANY: str},
    "events": _NAMES,
    "webhook": str,
    "secret": str,
    "private_key": str,
    "install": _NAMES,
}
_ACTION = {"directory": str, "entrypoint": _NAMES, "post_entrypoint": _NAMES, "env": {ANY: str}}
_SHAPE = {
    "users": _NAMES,
    "organizations": {ANY: {"owners": _NAMES, "members": _NAMES, "teams": {ANY: _NAMES}}},
    "repositories": {ANY: _REPOSITORY},
    "apps": {ANY: _APP},
    "actions": {ANY: _ACTION},
}
PARTS = tuple(_SHAPE)
_NEEDED = {"apps": "owner", "actions": "directory"}
_WORDS = {list: "a list", dict: "a mapping", str: "text", int: "a whole number", bool: "true or false"}


class SeedError(Exception):
    """A seed file that cannot be used, with the cure."""


def read_seed(path: Path) -> Seed:
    """The seed in a file; directories in it are relative to the file."""
    try:
        read = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        raise SeedError(f"{path} cannot be read: {error}") from error
    if not isinstance(read, dict):
        raise SeedError(f"{path} is no mapping. A seed has: {', '.join(PARTS)}.")
    unknown = [name for name in read if name not in PARTS]
    if unknown:
        raise SeedError(f"{path}: unknown part '{unknown[0]}'. A seed has: {', '.join(PARTS)}.")
    try:
        seed: Seed = _checked(read, _SHAPE, "")
        _check_needed(seed)
    except SeedError as error:
        raise SeedError(f"{path}: {error}") from error
    for about in seed.get("repositories", {}).values():
        if isinstance(about.get("files"), str):
            about["files"] = files_under(path.parent / about["files"])
    for about in seed.get("actions", {}).values():
        about["directory"] = path.parent / about["directory"]
    return seed


def _checked(value: Any, shape: Any, at: str) -> Any:
    """What was read, without what is empty. Raises SeedError where it is not of this shape."""
    allowed = shape if isinstance(shape, tuple) else (shape,)
    kinds = [one if isinstance(one, type) else type(one) for one in allowed]
    fitting = next((one for one, kind in zip(allowed, kinds, strict=True) if type(value) is kind), None)
    if fitting is None:
        raise SeedError(f"'{at}' must be {' or '.join(_WORDS[kind] for kind in kinds)}.")
    if isinstance(value, list):
        return [_checked(one, fitting[0], f"{at}[{number}]") for number, one in enumerate(value, start=1)]
    if isinstance(value, dict):
        return dict(_checked_entries(value, fitting, at))
    return value


def _checked_entries(
    mapping: Mapping[Any, Any], shape: Mapping[str, Any], at: str
) -> Iterator[tuple[str, Any]]:
    for name, value in mapping.items():
        place = f"{at}.{name}" if at else str(name)
        if not isinstance(name, str):
            raise SeedError(f"the name in '{place}' must be text: put it in quotes.")
        inner = shape.get(ANY, shape.get(name))
        if value is None and isinstance(inner, dict) and ANY in shape:
            yield name, {}
        elif value is not None or ANY in shape:
            yield name, value if inner is None else _checked(value, inner, place)


def _check_needed(seed: Seed) -> None:
    for part, needed in _NEEDED.items():
        for name, about in seed.get(part, {}).items():
            if needed not in about:
                raise SeedError(f"'{part}.{name}' needs '{needed}'.")


def files_under(directory: Path) -> dict[str, bytes]:
    """Every file of a directory, by its path inside; `.git` is left out."""
    found = (path for path in sorted(directory.rglob("*")) if path.is_file())
    inside = ((path.relative_to(directory), path) for path in found)
    return {str(name): path.read_bytes() for name, path in inside if ".git" not in name.parts}


def read_actions(seed: Seed) -> dict[str, LocalAction]:
    return {
        name: LocalAction(
            directory=Path(about["directory"]),
            entrypoint=tuple(about.get("entrypoint", ())),
            post_entrypoint=tuple(about.get("post_entrypoint", ())),
            env=about.get("env", {}),
        )
        for name, about in (seed.get("actions") or {}).items()
    }


def plant(world: World, seed: Seed) -> None:
    """Fill a world. Apps come before environments, which may wait for their verdict. Raises SeedError."""
    for login in seed.get("users", ()):
        world.add_user(login)
    for login, about in seed.get("organizations", {}).items():
        with _planting(f"organizations.{login}"):
            _plant_organization(world, login, about)
    repositories: Mapping[str, Any] = seed.get("repositories", {})
    for full_name, about in repositories.items():
        with _planting(f"repositories.{full_name}"):
            _plant_repository(world, full_name, about)
    apps = dict[str, App]()
    for slug, about in seed.get("apps", {}).items():
        with _planting(f"apps.{slug}"):
            apps[slug] = _plant_app(world, slug, about)
    for full_name, about in repositories.items():
        for name, rules in about.get("environments", {}).items():
            with _planting(f"repositories.{full_name}.environments.{name}"):
                _plant_environment(world, full_name, name, rules, apps)


@contextmanager
def _planting(place: str) -> Iterator[None]:
    """A seed may name what it does not have."""
    try:
        yield
    except KeyError as error:
        raise SeedError(f"'{place}' names {error}, which is not in the seed.") from error
    except ValueError as error:
        raise SeedError(f"'{place}' cannot be made: {error}.") from error


def _plant_organization(world: World, login: str, about: Mapping[str, Any]) -> None:
    world.add_org(login, owners=tuple(about.get("owners", ())), members=tuple(about.get("members", ())))
    for slug, members in (about.get("teams") or {}).items():
        world.add_team(login, slug, members=tuple(members))


def _plant_repository(world: World, full_name: str, about: Mapping[str, Any]) -> None:
    world.add_repository(full_name, files=about.get("files"), private=bool(about.get("private")))
    for login, role in (about.get("collaborators") or {}).items():
        world.add_collaborator(full_name, login, role)
    for slug, role in (about.get("teams") or {}).items():
        world.grant_team(full_name.split("/", maxsplit=1)[0], slug, full_name, role)


def _plant_app(world: World, slug: str, about: Mapping[str, Any]) -> App:
    app = world.add_app(
        slug,
        owner=about["owner"],
        permissions=about.get("permissions"),
        events=tuple(about.get("events", ())),
        webhook_url=about.get("webhook"),
        webhook_secret=about.get("secret", ""),
        private_key=about.get("private_key"),
    )
    if about.get("install"):
        world.install(app, *about["install"])
    return app


def _plant_environment(
    world: World, full_name: str, name: str, rules: Mapping[str, Any], apps: Mapping[str, App]
) -> None:
    owner = full_name.split("/", maxsplit=1)[0]
    world.add_environment(
        full_name,
        name,
        reviewers=tuple(_reviewer(world, owner, reviewer) for reviewer in rules.get("reviewers", ())),
        wait_minutes=rules.get("wait_minutes", 0),
        prevent_self_review=bool(rules.get("prevent_self_review")),
        custom=tuple(apps[slug] for slug in rules.get("custom", ())),
        branches=tuple(rules["branches"]) if "branches" in rules else None,
    )


def _reviewer(world: World, owner: str, name: str) -> User | Team:
    """A login, or a team's slug in the repository's organisation."""
    organization = world.organizations.get(owner.lower())
    team = organization.teams.get(name) if organization else None
    return team or world.user(name)
