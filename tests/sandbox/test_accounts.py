from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox_fixture import SHOP, Sandbox, start_sandbox


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with start_sandbox(tmp_path) as running:
        running.world.add_team("acme", "release-managers", members=("grace",))
        yield running


@pytest.mark.parametrize(
    ("login", "permission", "role"),
    [("ada", "admin", "admin"), ("grace", "write", "write"), ("bo", "read", "read")],
    ids=["owner", "collaborator", "stranger of a public repository"],
)
def test_a_persons_permission_is_their_strongest_role(
    sandbox: Sandbox, login: str, permission: str, role: str
) -> None:
    answer = sandbox.client_as("ada").get(f"/repos/{SHOP}/collaborators/{login}/permission").json()
    assert (answer["permission"], answer["role_name"]) == (permission, role)


def test_a_team_lifts_its_members(sandbox: Sandbox) -> None:
    sandbox.world.grant_team("acme", "release-managers", SHOP, "maintain")
    answer = sandbox.client_as("ada").get(f"/repos/{SHOP}/collaborators/grace/permission").json()
    assert (answer["permission"], answer["role_name"]) == ("write", "maintain")


def test_a_stranger_has_no_role_in_a_private_repository(sandbox: Sandbox) -> None:
    sandbox.world.repository(SHOP).private = True
    answer = sandbox.client_as("ada").get(f"/repos/{SHOP}/collaborators/bo/permission").json()
    assert answer["permission"] == "none"


def test_membership_of_a_team_is_told(sandbox: Sandbox) -> None:
    ada = sandbox.client_as("ada")
    team = sandbox.github("ada").get_organization("acme").get_team_by_slug("release-managers")
    assert [member.login for member in team.get_members()] == ["grace"]
    assert ada.get("/orgs/acme/teams/release-managers/memberships/grace").json()["state"] == "active"
    assert ada.get("/orgs/acme/teams/release-managers/memberships/bo").status_code == 404


def test_people_and_organisations_are_found(sandbox: Sandbox) -> None:
    ada = sandbox.client_as("ada")
    assert ada.get("/user").json()["login"] == "ada"
    assert ada.get("/users/grace").json()["type"] == "User"
    assert ada.get("/users/acme").json()["type"] == "Organization"
    assert [one["login"] for one in ada.get("/orgs/acme/members").json()] == ["ada", "grace"]
    assert ada.get("/orgs/acme/memberships/ada").json()["role"] == "admin"
    assert [one["login"] for one in ada.get("/user/orgs").json()] == ["acme"]
    assert ada.get("/rate_limit").json()["resources"]["core"]["limit"] == 5000
    assert ada.get("/meta").status_code == 200


def test_a_repository_is_made_and_people_invited(sandbox: Sandbox) -> None:
    ada = sandbox.client_as("ada")
    made = ada.post("/orgs/acme/repos", {"name": "new", "auto_init": True})
    assert (made.status_code, made.json()["full_name"]) == (201, "acme/new")
    assert ada.put("/repos/acme/new/collaborators/bo", {"permission": "push"}).status_code == 204
    assert ada.get("/repos/acme/new/collaborators/bo").status_code == 204
    assert sandbox.client_as("bo").put("/repos/acme/new/collaborators/bo", {}).status_code == 403
