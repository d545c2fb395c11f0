"""A policy file's text, read whole: a Policy, or every fault with its line and column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import reduce
from itertools import chain, islice

from pydantic import ValidationError

from protocol.agreement import disagreements
from protocol.coherence import incoherences, zone_of
from protocol.errors import MOST_PROBLEMS, PolicyError, Problem
from protocol.faults import Fault, faults_of
from protocol.policy import DEFAULTS, Policy
from protocol.source import MERGE, Entry, Mark, Node, Path, read_source


def parse_policy(text: str | bytes, file: str) -> Policy:
    """Read `.github/deploy.yml`. Raises PolicyError with all that is wrong, as `FILE:LINE:COL: message`."""
    source = read_source(text, file)
    root = _on_defaults(source.root)
    policy, faults = _validated(root)
    found = islice(chain(faults, _faults_between(root, faults)), MOST_PROBLEMS)
    problems = {*source.problems[:MOST_PROBLEMS], *(_placed(fault, root, file) for fault in found)}
    if problems or policy is None:
        raise PolicyError(tuple(problems))
    return policy


def _on_defaults(root: Node) -> Node:
    """The tree with `environments.defaults` under each environment; each node keeps its own place."""
    environments = root.entries.get("environments")
    defaults = root.find("environments", DEFAULTS)
    if environments is None or defaults is None or not (defaults.entries or not defaults.legible):
        return root
    base = defaults.entries or {MERGE: Entry(defaults.mark, defaults)}
    based = {name: _based_on(base, entry) for name, entry in environments.node.entries.items()}
    merged = Entry(environments.key, Node(environments.node.mark, based))
    return Node(root.mark, {**root.entries, "environments": merged})


def _based_on(base: Mapping[str, Entry], environment: Entry) -> Entry:
    node = environment.node
    if node.value is not None and not isinstance(node.value, dict):
        return environment
    return Entry(environment.key, Node(node.mark, {**base, **node.entries}))


def _validated(root: Node) -> tuple[Policy | None, list[Fault]]:
    """The policy, or the faults of single values."""
    blanks = list(islice(_blanks(root), MOST_PROBLEMS))
    try:
        policy = Policy.model_validate(root.plain, context={"zone": zone_of(root)}, by_name=False)
    except ValidationError as error:
        empty = {fault.path for fault in blanks}
        others = (
            fault for fault in faults_of(error) if fault.path not in empty and _may_be_judged(fault, root)
        )
        return None, [*blanks, *islice(others, MOST_PROBLEMS)]
    return policy, blanks


def _may_be_judged(fault: Fault, root: Node) -> bool:
    """What could not be read from the file is no fault of its value."""
    return fault.of_key or _reached(root, fault.lacking or fault.path).legible


def _reached(root: Node, path: Path) -> Node:
    """The deepest node of the path. What is not in the file is passed over: one probe for a list of one."""
    return reduce(lambda node, part: node.find(part) or node, path, root)


def _faults_between(root: Node, faults: list[Fault]) -> Iterator[Fault]:
    """The faults of values beside each other. None is asked of a value that has a fault of its own."""
    legible = reduce(_blotted, faults, root)
    yield from disagreements(legible)
    yield from incoherences(legible)


def _blotted(root: Node, fault: Fault) -> Node:
    if fault.lacking is not None:
        return root.blotted(fault.lacking, if_lacking=True)
    return root.blotted(fault.path)


def _blanks(node: Node, path: Path = ()) -> Iterator[Fault]:
    """Keys and items without a value. Only an environment may be bare, and JSON may expect null."""
    inside = [(key, entry.node) for key, entry in node.entries.items()] or enumerate(node.items)
    for part, child in inside:
        if child.value is None and not _may_be_bare((*path, part)):
            yield Fault((*path, part), _blank(part))
        elif isinstance(child.value, dict | tuple):
            yield from _blanks(child, (*path, part))


def _blank(part: str | int) -> str:
    if isinstance(part, int):
        return "this item is empty: write it or remove the '-'"
    return f"'{part}' is empty: give it a value or remove the key"


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
