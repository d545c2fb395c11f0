"""Controls for another process: the clock, faults, counts and tokens. GitHub has none of these."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta

from sandbox.answers import Answer, created, nothing, ok, unprocessable
from sandbox.faults import Fault
from sandbox.routing import Call, Routes

routes = Routes()


@routes.get("/_sandbox/clock")
def clock(call: Call) -> Answer:
    return ok({"now": call.world.now().isoformat()})


@routes.post("/_sandbox/clock")
def move_clock(call: Call) -> Answer:
    seconds = call.get("seconds")
    if not isinstance(seconds, int | float):
        raise unprocessable("The body is {seconds: NUMBER}; the clock moves on by as many.")
    moved = call.world.move_clock(timedelta(seconds=seconds))
    return ok({"now": moved.isoformat()})


@routes.get("/_sandbox/faults")
def faults(call: Call) -> Answer:
    return ok([asdict(fault) for fault in call.world.faults.active])


@routes.post("/_sandbox/faults")
def add_fault(call: Call) -> Answer:
    try:
        fault = Fault(**call.body)
    except TypeError as error:
        raise unprocessable(str(error)) from None
    call.world.faults.add(fault)
    return created(asdict(fault))


@routes.delete("/_sandbox/faults")
def clear_faults(call: Call) -> Answer:
    call.world.faults.clear()
    return nothing()


@routes.get("/_sandbox/exchanges")
def exchanges(call: Call) -> Answer:
    """Who asked what, oldest first; `who` narrows to one kind of caller or one caller."""
    who = call.query.get("who", "")
    chosen = [one for one in call.world.exchanges if one.who.startswith(who)]
    shown = [
        {
            "who": one.who,
            "method": one.method,
            "template": one.template,
            "path": one.path,
            "status": one.status,
        }
        for one in chosen
    ]
    return ok({"count": sum(one.status != 304 for one in chosen), "exchanges": shown})  # noqa: PLR2004


@routes.delete("/_sandbox/exchanges")
def forget_exchanges(call: Call) -> Answer:
    call.world.exchanges.clear()
    return nothing()


@routes.post("/_sandbox/tokens")
def make_token(call: Call) -> Answer:
    login = call.want("token", "login", str)
    if login.lower() not in call.world.users:
        call.world.add_user(login)
    return created({"token": call.world.token_for(login)})
