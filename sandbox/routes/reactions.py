"""Reactions to issues, pull requests and comments: one of each kind from each person."""

from __future__ import annotations

from sandbox.answers import Answer, created, field_error, nothing, ok, unprocessable
from sandbox.routes.issues import ISSUE, ISSUES, READ, WRITE, comment_of, issue_of
from sandbox.routing import Call, Routes
from sandbox.shapes.issues import FACES, reaction_shape
from sandbox.state import Comment, Issue, Reaction

routes = Routes()

OF_ISSUE = ISSUE + "/reactions"
OF_COMMENT = ISSUES + "/comments/{comment_id}/reactions"


@routes.get(OF_ISSUE, needs=READ)
def reactions_to_an_issue(call: Call) -> Answer:
    return _listed(call, issue_of(call))


@routes.post(OF_ISSUE, needs=WRITE)
def react_to_an_issue(call: Call) -> Answer:
    return _react(call, issue_of(call))


@routes.delete(OF_ISSUE + "/{reaction_id}", needs=WRITE)
def take_back_from_an_issue(call: Call) -> Answer:
    return _take_back(call, issue_of(call))


@routes.get(OF_COMMENT, needs=READ)
def reactions_to_a_comment(call: Call) -> Answer:
    return _listed(call, comment_of(call)[1])


@routes.post(OF_COMMENT, needs=WRITE)
def react_to_a_comment(call: Call) -> Answer:
    return _react(call, comment_of(call)[1])


@routes.delete(OF_COMMENT + "/{reaction_id}", needs=WRITE)
def take_back_from_a_comment(call: Call) -> Answer:
    return _take_back(call, comment_of(call)[1])


def _listed(call: Call, to: Issue | Comment) -> Answer:
    wanted = call.query.get("content")
    chosen = [one for one in to.reactions if wanted in (None, one.content)]
    return call.page(chosen, lambda one: reaction_shape(call.world, one))


def _react(call: Call, to: Issue | Comment) -> Answer:
    """200 with the one there is, 201 with a new one."""
    content = call.want("Reaction", "content", str)
    if content not in FACES:
        raise unprocessable("Validation Failed", field_error("Reaction", "content"))
    for known in to.reactions:
        if known.user is call.user and known.content == content:
            return ok(reaction_shape(call.world, known))
    reaction = Reaction(id=call.world.next_id(), user=call.user, content=content, created_at=call.world.now())
    to.reactions.append(reaction)
    return created(reaction_shape(call.world, reaction))


def _take_back(call: Call, to: Issue | Comment) -> Answer:
    own = [one for one in to.reactions if one.user is call.user]
    to.reactions.remove(call.one_of(own, "reaction_id"))
    return nothing()
