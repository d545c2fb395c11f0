"""What GitHub says about itself: its networks and what a caller has left."""

from __future__ import annotations

from sandbox.answers import Answer, ok
from sandbox.routing import Call, Routes
from sandbox.world import Quota

routes = Routes()


@routes.get("/meta")
def meta(_: Call) -> Answer:
    return ok({"verifiable_password_authentication": False, "hooks": ["127.0.0.0/8"], "api": ["127.0.0.0/8"]})


@routes.get("/rate_limit")
def rate_limit(call: Call) -> Answer:
    quota = _resource(call.world.quotas[call.caller.who])
    resources = dict.fromkeys(("core", "search", "graphql"), quota)
    return ok({"resources": resources, "rate": quota})


def _resource(quota: Quota) -> dict[str, int]:
    return {
        "limit": quota.limit,
        "remaining": quota.remaining,
        "reset": int(quota.resets_at.timestamp()),
        "used": quota.used,
    }
