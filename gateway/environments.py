"""What protects an environment: the Apps whose word its jobs wait for."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from gateway.github import GitHub

RULES = "custom_deployment_protection_rules"


def apps_asked(github: GitHub, environment: str) -> frozenset[int]:
    """The ids of the Apps that a job entering `environment` waits for. Raises GatewayError."""
    # https://docs.github.com/en/rest/deployments/protection-rules
    place = quote(environment, safe="")
    found = github.connection.rest(
        "GET", f"/repos/{quote(github.repository)}/environments/{place}/deployment_protection_rules"
    )
    return frozenset(rule["app"]["id"] for rule in found[RULES] if rule["enabled"])
