"""One GraphQL request: read, checked, priced, run, and answered as GitHub answers."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLResolveInfo,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    build_schema,
    execute_sync,
    get_operation_ast,
    is_abstract_type,
    parse,
    validate,
)

from sandbox.auth import Caller
from sandbox.graph import checks, deployments, issues, people, repository  # noqa: F401 - they say what shows a record
from sandbox.graph.limits import meter
from sandbox.graph.mutations import Mutation
from sandbox.graph.problems import GraphProblem
from sandbox.graph.query import Query
from sandbox.graph.view import View
from sandbox.shapes.basics import stamp
from sandbox.world import World, quota_name

SCHEMA_FILE = Path(__file__).parents[1] / "schema.graphql"
WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@cache
def schema() -> GraphQLSchema:
    """GitHub's schema, pruned; a node says of which type it is."""
    built = build_schema(SCHEMA_FILE.read_text("utf-8"), assume_valid=True)
    for kind in built.type_map.values():
        if is_abstract_type(kind):
            kind.resolve_type = lambda node, _info, _kind: node.typename
    return built


def answer(world: World, caller: Caller, body: Any) -> dict[str, Any]:
    """The JSON of the answer; GitHub sends it with 200, errors or not."""
    text = body.get("query") if isinstance(body, dict) else None
    if not isinstance(text, str):
        return _refused(GraphProblem("", "A query attribute must be specified and must be a string."))
    try:
        document, invalid = _checked(text)
    except GraphQLError as error:
        return {"errors": [_shown(error)]}
    if invalid:
        return {"errors": [_shown(error) for error in invalid]}
    return _run(world, caller, document, body)


@lru_cache(maxsize=256)
def _checked(text: str) -> tuple[DocumentNode, tuple[GraphQLError, ...]]:
    """Read and checked once for each text: a client asks the same few questions again and again."""
    document = parse(text)
    return document, tuple(validate(schema(), document))


def _run(world: World, caller: Caller, document: DocumentNode, body: dict[str, Any]) -> dict[str, Any]:
    operation = get_operation_ast(document, body.get("operationName"))
    if not isinstance(operation, OperationDefinitionNode):
        return _refused(GraphProblem("", "An operation name is required"))
    variables = body.get("variables") or {}
    try:
        price = meter(schema(), document, variables).price(operation)
    except GraphProblem as problem:
        return _refused(problem)
    world.quotas[quota_name(caller.who, "graphql")].used += price.cost - 1  # every request has paid one point
    view = View(world=world, caller=caller, price=price)
    root = Mutation(view) if operation.operation is OperationType.MUTATION else Query(view)
    result = execute_sync(
        schema(),
        document,
        root_value=root,
        variable_values=variables,
        operation_name=body.get("operationName"),
        field_resolver=resolve,
    )
    errors = [_shown(error) for error in result.errors or ()]
    return {"data": result.data, **({"errors": errors} if errors else {})}


def resolve(node: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
    """A field is the node's attribute of that name in snake case; a method takes the arguments."""
    name = snake(info.field_name)
    need = getattr(node, "needs", {}).get(name)
    if need is not None:
        node.view.require(need, node.home_or_none)
    value = getattr(node, name)
    value = value(**{snake(word): given for word, given in arguments.items()}) if callable(value) else value
    if isinstance(value, list):
        return [_permitted(one) for one in value]
    permitted = _permitted(value)
    return stamp(permitted) if isinstance(permitted, datetime) else permitted


def _permitted(value: Any) -> Any:
    """Some nodes may be read only with a permission of their own, wherever they are met.

    The refusal stands in the node's place, so that a list keeps its other nodes.
    """
    need = getattr(value, "needs", {}).get("")
    if need is None:
        return value
    try:
        value.view.require(need, value.home_or_none)
    except GraphProblem as problem:
        return problem
    return value


@cache
def snake(name: str) -> str:
    return WORD_START.sub("_", name).lower()


def _refused(problem: GraphProblem) -> dict[str, Any]:
    return {"errors": [{**({"type": problem.kind} if problem.kind else {}), "message": str(problem)}]}


def _shown(error: GraphQLError) -> dict[str, Any]:
    original = error.original_error
    if original is not None and not isinstance(original, GraphProblem | GraphQLError):
        raise original
    kind = {"type": original.kind} if isinstance(original, GraphProblem) else {}
    return {**kind, **error.formatted}
