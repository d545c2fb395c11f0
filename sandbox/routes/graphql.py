"""The GraphQL endpoint."""

from __future__ import annotations

from sandbox.answers import Answer, ok, unauthorized
from sandbox.graph.execution import answer
from sandbox.routing import Call, Routes

routes = Routes()


@routes.post("/graphql")
def run_query(call: Call) -> Answer:
    if call.caller.kind in ("anonymous", "app"):
        raise unauthorized("This endpoint requires you to be authenticated.")
    return ok(answer(call.world, call.caller, call.body))
