from __future__ import annotations

from typing import Any

import pytest

from sandbox.expressions import ExpressionError, Scope, evaluate, holds, render, value_of

CONTEXTS = {
    "github": {"ref": "refs/heads/main", "event": {"labels": [{"name": "a"}, {"name": "b"}], "n": 3}},
    "needs": {"build": {"outputs": {"it-is": "yes"}, "result": "success"}},
    "inputs": {"dry": False, "empty": ""},
}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("github.ref == 'refs/heads/MAIN'", True),
        ("needs.build.outputs.it-is", "yes"),
        ("needs['build']['result'] != 'failure'", True),
        ("github.event.labels.*.name", ["a", "b"]),
        ("contains(github.event.labels.*.name, 'B')", True),
        ("github.nothing.at.all", None),
        ("inputs.empty || 'other'", "other"),
        ("github.ref && 'set'", "set"),
        ("!inputs.dry && 1 < 2", True),
        ("'it''s'", "it's"),
        ("0x10 == 16", True),
        ("'' == 0", True),
        ("null == false", True),
        ("github.event == github.event", True),
        ("'x' > 1", False),
        ("startsWith(github.ref, 'REFS/')", True),
        ("endsWith('abc', 'BC')", True),
        ("format('{0}-{1} {{}}', 'a', 3)", "a-3 {}"),
        ("join(github.event.labels.*.name, '+')", "a+b"),
        ("fromJSON('[1, 2]')[1]", 2),
        ("toJSON(needs.build.outputs)", '{\n  "it-is": "yes"\n}'),
        ("(1 == 1 || false) && 'yes'", "yes"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_an_expression_has_githubs_value(expression: str, expected: Any) -> None:
    assert evaluate(expression, Scope(contexts=CONTEXTS)) == expected


@pytest.mark.parametrize(
    ("condition", "status", "expected"),
    [
        (None, "success", True),
        (None, "failure", False),
        ("always()", "failure", True),
        ("${{ failure() }}", "failure", True),
        ("failure()", "success", False),
        ("github.ref == 'refs/heads/main'", "failure", False),
        ("always() && github.ref == 'refs/heads/main'", "cancelled", True),
        ("cancelled()", "cancelled", True),
        ("'success()' == ''", "success", False),
    ],
)
def test_an_if_asks_for_success_unless_it_speaks_of_status(
    condition: str | None, status: str, expected: bool
) -> None:
    assert holds(condition, Scope(contexts=CONTEXTS, status=status)) is expected


def test_text_keeps_what_stands_around_an_expression() -> None:
    assert render("n=${{ github.event.n }} ${{ '}}' }}.", Scope(contexts=CONTEXTS)) == "n=3 }}."


def test_a_lone_expression_keeps_its_type() -> None:
    assert value_of("${{ inputs.dry }}", Scope(contexts=CONTEXTS)) is False


@pytest.mark.parametrize("expression", ["1 +", "nope()", "(1", "a.", "format('{1}', 1)", "fromJSON('{')", ""])
def test_what_github_would_refuse_is_an_error(expression: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(expression, Scope())
