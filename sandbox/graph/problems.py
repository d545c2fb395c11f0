"""What GraphQL refuses, with the `type` GitHub gives it."""

from __future__ import annotations

from sandbox.answers import Answer, Refusal


class GraphProblem(Exception):  # noqa: N818 - an entry of `errors` in an answer, not a fault of ours
    """One entry of an answer's `errors`."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def unresolvable(what: str) -> GraphProblem:
    return GraphProblem("NOT_FOUND", f"Could not resolve to {what}.")


class OverLimit(Refusal):
    """Nothing left of this hour: GraphQL says so with 200, where REST has 403."""

    def answer(self) -> Answer:
        error = {"type": "RATE_LIMITED", "message": self.message}
        return Answer(body={"errors": [error]}, headers=self.headers)
