"""A policy file's text, read whole: a Policy, or every fault with its line and column."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice

from pydantic import ValidationError

from protocol.coherence import incoherences, zone_of
from protocol.errors import PolicyError, Problem
from protocol.faults import Fault, Path, faults_of
from protocol.policy import DEFAULTS, Policy
from protocol.source import Entry, Mark, Node, read_source

MOST_PROBLEMS = 100  # nobody reads more, and a hostile file could have a hundred thousand


def parse_policy(text: str | bytes, file: str) -> Policy:
    """Read `.github/deploy.yml`. Raises PolicyError with all that is wrong, as `FILE:LINE:COL: message`."""
    source = read_source(text, file)
    root = _on_defaults(source.root)
    policy, faults = _validated(root)
    blanks = list(_blanks(root))
    empty = {fault.path for fault in blanks}
    found = chain(blanks, (fault for fault in faults if fault.path not in empty), incoherences(root))
    doubles = source.problems[:MOST_PROBLEMS]
    problems = {*doubles, *(_placed(fault, root, file) for fault in islice(found, MOST_PROBLEMS))}
    if problems or policy is None:
        raise PolicyError(tuple(problems))
    return policy


def _on_defaults(root: Node) -> Node:
    """The tree with `environments.defaults` under each environment; each node keeps its own place."""
    environments = root.entries.get("environments")
    defaults = root.find("environments", DEFAULTS)
    if environments is None or defaults is None or not defaults.entries:
        return root
    based = {name: _based_on(defaults, entry) for name, entry in environments.node.entries.items()}
    merged = Entry(environments.key, Node(environments.node.mark, based))
    return Node(root.mark, {**root.entries, "environments": merged})


def _based_on(defaults: Node, environment: Entry) -> Entry:
    node = environment.node
    if node.value is not None and not isinstance(node.value, dict):
        return environment
    return Entry(environment.key, Node(node.mark, {**defaults.entries, **node.entries}))


def _validated(root: Node) -> tuple[Policy | None, Iterator[Fault]]:
    try:
        return Policy.model_validate(root.plain, context={"zone": zone_of(root)}, by_name=False), iter(())
    except ValidationError as error:
        return None, faults_of(error)


def _blanks(node: Node, path: Path = ()) -> Iterator[Fault]:
    """Keys and items without a value. Only an environment may be bare, and JSON may expect null."""
    if node.value is None and not _may_be_bare(path):
        what = f"'{path[-1]}' is empty: give it a value or remove the key"
        yield Fault(
            path, what if isinstance(path[-1], str) else "this item is empty: write it or remove the '-'"
        )
    for key, entry in node.entries.items():
        yield from _blanks(entry.node, (*path, key))
    for index, item in enumerate(node.items):
        yield from _blanks(item, (*path, index))


def _may_be_bare(path: Path) -> bool:
    return (len(path) == 2 and path[0] == "environments") or "json" in path[:-1]  # noqa: PLR2004 (a name below it)


def _placed(fault: Fault, root: Node, file: str) -> Problem:
    mark = _mark_of(fault, root)
    return Problem(file, mark.line, mark.column, fault.message)


def _mark_of(fault: Fault, root: Node) -> Mark:
    """The deepest place of the path. What is not in the file is passed over: one probe for a list of one."""
    node, mark = root, root.mark
    for part in fault.path:
        entry = node.entries.get(str(part))
        child = node.find(part)
        if child is not None:
            mark = entry.key if entry is not None and fault.of_key else child.mark
            node = child
    return mark
