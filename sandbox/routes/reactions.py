"""Reactions to comments: one of each kind from each person."""

from __future__ import annotations

from typing import Any

from sandbox.answers import Answer, created, field_error, not_found, nothing, ok, unprocessable
from sandbox.routes.issues import ISSUES, READ, WRITE, comment_of
from sandbox.routing import Call, Routes
from sandbox.shapes.issues import FACES, reaction_shape
from sandbox.state import Comment, Reaction

routes = Routes()

REACTIONS = ISSUES + "/comments/{comment_id}/reactions"


@routes.get(REACTIONS, needs=READ)
def reactions(call: Call) -> Answer:
    wanted = call.query.get("content")
    chosen = [one for one in _comment(call).reactions if wanted in (None, one.content)]
    return call.page(chosen, lambda one: reaction_shape(call.world, one))


@routes.post(REACTIONS, needs=WRITE)
def react(call: Call) -> Answer:
    """200 with the one there is, 201 with a new one."""
    comment, content = _comment(call), call.want("Reaction", "content", str)
    if content not in FACES:
        raise unprocessable("Validation Failed", field_error("Reaction", "content"))
    for known in comment.reactions:
        if known.user is call.user and known.content == content:
            return ok(reaction_shape(call.world, known))
    reaction = Reaction(id=call.world.next_id(), user=call.user, content=content, created_at=call.world.now())
    comment.reactions.append(reaction)
    return created(reaction_shape(call.world, reaction))


@routes.delete(REACTIONS + "/{reaction_id}", needs=WRITE)
def take_back(call: Call) -> Answer:
    comment, wanted = _comment(call), call.number("reaction_id")
    own: list[Any] = [one for one in comment.reactions if one.id == wanted and one.user is call.user]
    if not own:
        raise not_found()
    comment.reactions.remove(own[0])
    return nothing()


def _comment(call: Call) -> Comment:
    return comment_of(call)[1]
