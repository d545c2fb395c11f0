"""What a query costs before it runs, and the queries GitHub does not run at all.

https://docs.github.com/graphql/overview/rate-limits-and-node-limits-for-the-graphql-api
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    is_composite_type,
    value_from_ast_untyped,
)

from sandbox.graph.problems import GraphProblem

LARGEST_PAGE = 100
MOST_NODES = 500_000
REQUESTS_PER_POINT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """`requests` is what GitHub counts to fetch every connection; `nodes` the most it can return."""

    requests: int
    nodes: int

    @property
    def cost(self) -> int:
        return max(1, round(self.requests / REQUESTS_PER_POINT))


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """Adds up one operation of a valid document."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]

    def price(self, operation: OperationDefinitionNode) -> Price:
        root = self.schema.get_root_type(operation.operation)
        assert root is not None  # noqa: S101 - the document is valid
        pages = list(self._pages(operation.selection_set, root, 1))
        price = Price(
            requests=sum(times for times, _ in pages), nodes=sum(times * size for times, size in pages)
        )
        if price.nodes > MOST_NODES:
            raise GraphProblem(
                "MAX_NODE_LIMIT_EXCEEDED",
                f"This query requests up to {price.nodes:,} possible nodes which exceeds the maximum limit "
                f"of {MOST_NODES:,}.",
            )
        return price

    def _pages(
        self, selection: SelectionSetNode, parent: GraphQLCompositeType, times: int
    ) -> Iterator[tuple[int, int]]:
        """(how often it is fetched, its size) of every connection below a selection."""
        for node in selection.selections:
            match node:
                case FieldNode():
                    yield from self._field(node, parent, times)
                case InlineFragmentNode(type_condition=None):
                    yield from self._pages(node.selection_set, parent, times)
                case InlineFragmentNode():
                    yield from self._fragment(node, times)
                case FragmentSpreadNode():
                    yield from self._fragment(self.fragments[node.name.value], times)

    def _fragment(self, node: Any, times: int) -> Iterator[tuple[int, int]]:
        parent = self.schema.get_type(node.type_condition.name.value)
        assert is_composite_type(parent)  # noqa: S101 - the document is valid
        return self._pages(node.selection_set, parent, times)

    def _field(self, node: FieldNode, parent: GraphQLCompositeType, times: int) -> Iterator[tuple[int, int]]:
        field = getattr(parent, "fields", {}).get(node.name.value)
        if field is None or node.selection_set is None:
            return
        inner = get_named_type(field.type)
        if isinstance(inner, GraphQLObjectType) and inner.name.endswith("Connection"):
            size = self._size(node)
            yield times, size
            times *= size
        yield from self._pages(node.selection_set, inner, times)

    def _size(self, node: FieldNode) -> int:
        name = node.name.value
        asked = {
            argument.name.value: value_from_ast_untyped(argument.value, dict(self.variables))
            for argument in node.arguments or ()
            if argument.name.value in ("first", "last")
        }
        sizes = [(bound, size) for bound, size in asked.items() if isinstance(size, int)]
        if not sizes and _only_counts(node):
            return 0
        if not sizes:
            raise GraphProblem(
                "MISSING_PAGINATION_BOUNDARIES",
                f"You must provide a `first` or `last` value to properly paginate the `{name}` connection.",
            )
        for bound, size in sizes:
            self._within(name, bound, size)
        return sizes[0][1]

    def _within(self, name: str, bound: str, size: int) -> None:
        if size > LARGEST_PAGE:
            raise GraphProblem(
                "EXCESSIVE_PAGINATION",
                f"Requesting {size} records on the `{name}` connection exceeds the `{bound}` limit of "
                f"{LARGEST_PAGE} records.",
            )
        if size < 1:
            raise GraphProblem(
                "ARGUMENT_LIMIT", f"`{bound}` on the `{name}` connection must be at least 1, not {size}."
            )


def _only_counts(node: FieldNode) -> bool:
    """GitHub answers `totalCount` alone without `first` or `last`, and fetches no page for it."""
    asked = node.selection_set.selections if node.selection_set else ()
    return all(isinstance(one, FieldNode) and one.name.value == "totalCount" for one in asked)


def meter(schema: GraphQLSchema, document: DocumentNode, variables: Mapping[str, Any]) -> Meter:
    found = (one for one in document.definitions if isinstance(one, FragmentDefinitionNode))
    return Meter(schema=schema, fragments={one.name.value: one for one in found}, variables=variables)
