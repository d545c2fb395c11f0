"""What GitHub says about itself: its networks and what a caller has left."""

from __future__ import annotations

from dataclasses import replace

from sandbox.answers import Answer, ok
from sandbox.routing import Call, Routes
from sandbox.world import Quota, quota_name

routes = Routes()


@routes.get("/meta")
def meta(_: Call) -> Answer:
    return ok({"verifiable_password_authentication": False, "hooks": ["127.0.0.0/8"], "api": ["127.0.0.0/8"]})


@routes.get("/rate_limit")
def rate_limit(call: Call) -> Answer:
    core = _left(call, "core")
    return ok({"resources": {"core": core, "search": core, "graphql": _left(call, "graphql")}, "rate": core})


def _left(call: Call, resource: str) -> dict[str, int]:
    """What is left; of what was not used yet, as much as of the rest when that was new."""
    known = call.world.quotas
    core = known[quota_name(call.caller.who, "core")]
    return _resource(known.get(quota_name(call.caller.who, resource)) or replace(core, used=0))


def _resource(quota: Quota) -> dict[str, int]:
    return {
        "limit": quota.limit,
        "remaining": quota.remaining,
        "reset": int(quota.resets_at.timestamp()),
        "used": quota.used,
    }
