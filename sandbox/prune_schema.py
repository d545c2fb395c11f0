"""Prune GitHub's public GraphQL schema to the part the sandbox plays; run only when that part changes.

    npm pack @octokit/graphql-schema && tar xf octokit-graphql-schema-*.tgz
    python -m sandbox.prune_schema package > sandbox/schema.graphql

What to keep is said in `schema.keep`. Nothing is written unless the pruned schema is true to the full
one: read as an older version of it, GitHub's own must not break a single thing in it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias, TypeVar

from graphql import build_schema, parse, print_ast, validate_schema, visit
from graphql.language import (
    REMOVE,
    DirectiveNode,
    FieldDefinitionNode,
    InterfaceTypeDefinitionNode,
    NamedTypeNode,
    Node,
    ObjectTypeDefinitionNode,
    TypeDefinitionNode,
    UnionTypeDefinitionNode,
    Visitor,
)
from graphql.language.visitor import VisitorActionEnum
from graphql.utilities import find_breaking_changes

Keep: TypeAlias = Mapping[str, Sequence[str]]
Definitions: TypeAlias = Mapping[str, TypeDefinitionNode]
Named = TypeVar("Named", NamedTypeNode, FieldDefinitionNode)

KEEP = Path(__file__).with_name("schema.keep")


class PruneError(Exception):
    """A `schema.keep` that does not fit GitHub's schema."""


def main() -> None:
    package = Path(sys.argv[1])
    full = (package / "schema.graphql").read_text("utf-8")
    about = json.loads((package / "package.json").read_text("utf-8"))
    pruned = prune(full, keep_list(KEEP.read_text("utf-8")))
    check(pruned, full)
    sys.stdout.write(f"{header(about)}\n{pruned}\n")


def header(about: Mapping[str, str]) -> str:
    return "\n".join(
        (
            f"# GitHub's public GraphQL schema, pruned from npm {about['name']} {about['version']}",
            f"# (licence {about['license']}, whose text is in docs/third-party.md).",
            "# Made by sandbox/prune_schema.py from sandbox/schema.keep; edit that file, not this one.\n",
        )
    )


def keep_list(text: str) -> dict[str, list[str]]:
    lines = (line.split("#")[0].strip() for line in text.splitlines())
    pairs = (line.split(":", 1) for line in lines if line)
    return {name.strip(): fields.split() for name, fields in pairs}


def prune(full: str, keep: Keep) -> str:
    document = visit(parse(full, no_location=True), Plain())
    types: Definitions = {d.name.value: d for d in document.definitions if isinstance(d, TypeDefinitionNode)}
    kept = {name: pruned(definition, keep) for name, definition in types.items()}
    reached = reach(kept, keep)
    complain_of_strays(types, reached, keep)
    return "\n\n".join(print_ast(kept[name]) for name in sorted(reached))


class Plain(Visitor):
    """Leaves descriptions and directives out, apart from `@deprecated`."""

    def enter(self, node: Node, *_: object) -> Node | VisitorActionEnum | None:
        if isinstance(node, DirectiveNode) and node.name.value != "deprecated":
            return REMOVE
        return replace(node, description=None) if getattr(node, "description", None) else None  # type: ignore[call-arg]


def pruned(definition: TypeDefinitionNode, keep: Keep) -> TypeDefinitionNode:
    wanted = set(keep.get(definition.name.value, ()))
    if isinstance(definition, UnionTypeDefinitionNode):
        return replace(definition, types=named(definition.types, wanted))
    if isinstance(definition, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode):
        faces = named(definition.interfaces, set(keep))
        wanted.update(name for face in faces for name in keep[face.name.value])
        return replace(definition, interfaces=faces, fields=named(definition.fields, wanted))
    return definition


def named(nodes: tuple[Named, ...] | None, wanted: set[str]) -> tuple[Named, ...]:
    return tuple(node for node in nodes or () if node.name.value in wanted)


def reach(kept: Definitions, keep: Keep) -> set[str]:
    """Every type a request can name: what fields lead to, and the objects behind an interface."""
    reached: set[str] = set()
    ahead = {"Query", "Mutation"} & set(kept)
    while ahead:
        name = ahead.pop()
        reached.add(name)
        ahead |= (named_in(kept[name]) | implementers(kept[name], kept, keep)) & set(kept) - reached
    return reached


def implementers(definition: TypeDefinitionNode, kept: Definitions, keep: Keep) -> set[str]:
    if not isinstance(definition, InterfaceTypeDefinitionNode):
        return set()
    faces = {name: getattr(kept[name], "interfaces", ()) for name in keep if name in kept}
    return {name for name, of in faces.items() if definition.name.value in {face.name.value for face in of}}


def named_in(definition: Node) -> set[str]:
    names = Names()
    visit(definition, names)
    return names.found


class Names(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def enter_named_type(self, node: NamedTypeNode, *_: object) -> None:
        self.found.add(node.name.value)


def complain_of_strays(types: Definitions, reached: set[str], keep: Keep) -> None:
    composite = (ObjectTypeDefinitionNode, InterfaceTypeDefinitionNode, UnionTypeDefinitionNode)
    unnamed = [name for name in sorted(reached - set(keep)) if isinstance(types[name], composite)]
    unreached = sorted(set(keep) - reached)
    unknown = [f"{name}.{field}" for name in keep if name in types for field in unknown_in(types[name], keep)]
    if unnamed or unreached or unknown:
        raise PruneError(
            f"schema.keep does not fit: reached but not named {unnamed}, named but not reached {unreached}, "
            f"not GitHub's {unknown}. Name, drop or correct them."
        )


def unknown_in(definition: TypeDefinitionNode, keep: Keep) -> set[str]:
    if isinstance(definition, UnionTypeDefinitionNode):
        return set(keep[definition.name.value]) - {member.name.value for member in definition.types or ()}
    fields = getattr(definition, "fields", None) or ()
    return set(keep[definition.name.value]) - {field.name.value for field in fields}


def check(pruned: str, full: str) -> None:
    problems = differences(pruned, full)
    if problems:
        raise PruneError("The pruned schema is not true to GitHub's: " + "; ".join(problems))


def differences(pruned: str, full: str) -> list[str]:
    """What a client of the pruned schema would find otherwise at GitHub."""
    ours, theirs = build_schema(pruned), build_schema(full, assume_valid=True)
    problems = [error.message for error in validate_schema(ours)]
    return problems + [change.description for change in find_breaking_changes(ours, theirs)]


if __name__ == "__main__":
    main()
