"""What GraphQL refuses, with the `type` GitHub gives it."""

from __future__ import annotations


class GraphProblem(Exception):  # noqa: N818 - an entry of `errors` in an answer, not a fault of ours
    """One entry of an answer's `errors`."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def unresolvable(what: str) -> GraphProblem:
    return GraphProblem("NOT_FOUND", f"Could not resolve to {what}.")


def not_by_integration() -> GraphProblem:
    return GraphProblem("FORBIDDEN", "Resource not accessible by integration")
