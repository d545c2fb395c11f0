"""A Deployment GitHub makes of something else than was asked for, as no sandbox would."""

from __future__ import annotations

import json

import pytest
import responses

from gateway.errors import RefMoved
from gateway.github import GitHub
from tests.scripted import SHOP

ASKED, OTHER = "a" * 40, "b" * 40


def test_peers_16_a_deployment_of_another_commit_than_asked_is_an_error(
    played: responses.RequestsMock, github: GitHub
) -> None:
    played.post(f"{SHOP}/deployments", json={"id": 1, "sha": OTHER}, status=201)
    with pytest.raises(RefMoved, match="Start the deployment again"):
        github.create_deployment(sha=ASKED, ref=ASKED, environment="staging")
    asked = json.loads(str(played.calls[0].request.body))
    assert (asked["ref"], asked["auto_merge"], asked["required_contexts"]) == (ASKED, False, [])
