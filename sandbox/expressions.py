"""GitHub's `${{ }}` expressions: read once, evaluated against a scope of contexts."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

STATUS_FUNCTIONS = frozenset({"success", "failure", "always", "cancelled"})

_EMBEDDED = re.compile(r"\$\{\{((?:[^'}]|'[^']*'|\}(?!\}))*)\}\}")
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>-?(?:0x[0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][-+]?\d+)?))
      | (?P<string>'(?:[^']|'')*')
      | (?P<name>[A-Za-z_][A-Za-z0-9_-]*)
      | (?P<symbol>&&|\|\||==|!=|<=|>=|[<>!().,*]|\[|\])
    )""",
    re.VERBOSE,
)


class ExpressionError(Exception):
    """An expression GitHub would not accept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What an expression may name. `status` is that of the job so far, or of the jobs it needs."""

    contexts: Mapping[str, Any] = field(default_factory=dict)
    status: str = "success"


def render(text: str, scope: Scope) -> str:
    """`text` with every `${{ }}` replaced by its value, as GitHub writes values into strings."""
    return _EMBEDDED.sub(lambda found: as_text(evaluate(found[1], scope)), text)


def value_of(value: Any, scope: Scope) -> Any:
    """A YAML value whose strings may hold expressions; a lone `${{ }}` keeps its type."""
    if not isinstance(value, str):
        return value
    alone = _EMBEDDED.fullmatch(value.strip())
    return evaluate(alone[1], scope) if alone else render(value, scope)


def holds(condition: str | None, scope: Scope) -> bool:
    """An `if:`; without a status function it also asks for success()."""
    if condition is None or not condition.strip():
        return scope.status == "success"
    if "${{" in condition and not _EMBEDDED.fullmatch(condition.strip()):
        return bool(render(condition, scope))  # text around an expression is a non-empty string: true
    alone = _EMBEDDED.fullmatch(condition.strip())
    expression = alone[1] if alone else condition
    if not names_a_status_function(expression) and scope.status != "success":
        return False
    return _truth(evaluate(expression, scope))


def check(text: str) -> None:
    """Raise ExpressionError for a `${{ }}` in `text` that cannot be read."""
    for found in _EMBEDDED.finditer(text):
        _Reader(found[1]).read()


def names_a_status_function(expression: str) -> bool:
    tokens = _tokens(expression)
    pairs = zip(tokens, [*tokens[1:], ("end", "")], strict=True)
    return any(kind == "name" and text.lower() in STATUS_FUNCTIONS and after == ("symbol", "(")
               for (kind, text), after in pairs)  # fmt: skip


def evaluate(expression: str, scope: Scope) -> Any:
    return _Reader(expression).read()(scope)


def as_text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer():
            return str(int(value))
        case str() | int() | float():
            return str(value)
        case Mapping():
            return "Object"
    return "Array"


Evaluate = Callable[[Scope], Any]


def _tokens(expression: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    position = 0
    while expression[position:].strip():
        found = _TOKEN.match(expression, position)
        if found is None:
            raise ExpressionError(
                f"unexpected '{expression[position:].strip()[0]}' in '{expression.strip()}'"
            )
        tokens.append((found.lastgroup or "", found[found.lastgroup or 0]))
        position = found.end()
    return tokens


class _Reader:
    """Recursive descent, loosest operator first; every method gives a function of the scope."""

    def __init__(self, expression: str) -> None:
        self._expression = expression.strip()
        self._tokens = _tokens(expression)
        self._at = 0

    def read(self) -> Evaluate:
        result = self._either()
        if self._at < len(self._tokens):
            raise ExpressionError(f"unexpected '{self._tokens[self._at][1]}' in '{self._expression}'")
        return result

    def _either(self) -> Evaluate:
        left = self._both()
        while self._take("||"):
            left = _or(left, self._both())
        return left

    def _both(self) -> Evaluate:
        left = self._equality()
        while self._take("&&"):
            left = _and(left, self._equality())
        return left

    def _equality(self) -> Evaluate:
        left = self._order()
        while operator := self._take("==", "!="):
            left = _compared(operator, left, self._order())
        return left

    def _order(self) -> Evaluate:
        left = self._negation()
        while operator := self._take("<", "<=", ">", ">="):
            left = _compared(operator, left, self._negation())
        return left

    def _negation(self) -> Evaluate:
        if self._take("!"):
            operand = self._negation()
            return lambda scope: not _truth(operand(scope))
        return self._access(self._primary())

    def _access(self, base: Evaluate) -> Evaluate:
        while symbol := self._take(".", "["):
            base = self._property(base) if symbol == "." else self._index(base)
        return base

    def _property(self, base: Evaluate) -> Evaluate:
        if self._take("*"):
            return lambda scope: _Every(_values(base(scope)))
        name = self._next("name")
        return lambda scope: _member(base(scope), name)

    def _index(self, base: Evaluate) -> Evaluate:
        if self._take("*"):
            self._expect("]")
            return lambda scope: _Every(_values(base(scope)))
        key = self._either()
        self._expect("]")
        return lambda scope: _member(base(scope), key(scope))

    def _primary(self) -> Evaluate:
        if self._take("("):
            inner = self._either()
            self._expect(")")
            return inner
        kind, text = self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")
        self._at += 1
        match kind:
            case "number":
                number = float(int(text, 16)) if "x" in text.lower() else float(text)
                return lambda _scope: number
            case "string":
                return lambda _scope: text[1:-1].replace("''", "'")
            case "name":
                return self._named(text)
        raise ExpressionError(f"'{self._expression}' ends or breaks off too early")

    def _named(self, name: str) -> Evaluate:
        if self._take("("):
            return self._call(name)
        constants = {"true": True, "false": False, "null": None, "nan": math.nan, "infinity": math.inf}
        if name.lower() in constants:
            return lambda _scope: constants[name.lower()]
        return lambda scope: _member(scope.contexts, name)

    def _call(self, name: str) -> Evaluate:
        arguments: list[Evaluate] = []
        while not self._take(")"):
            arguments.append(self._either())
            if not self._take(","):
                self._expect(")")
                break
        function = _FUNCTIONS.get(name.lower())
        if function is None:
            raise ExpressionError(f"'{name}' is not a function of expressions, in '{self._expression}'")
        return lambda scope: function(scope, *(argument(scope) for argument in arguments))

    def _take(self, *symbols: str) -> str:
        if self._at < len(self._tokens) and self._tokens[self._at] in [("symbol", each) for each in symbols]:
            self._at += 1
            return self._tokens[self._at - 1][1]
        return ""

    def _expect(self, symbol: str) -> None:
        if not self._take(symbol):
            raise ExpressionError(f"'{symbol}' is missing in '{self._expression}'")

    def _next(self, kind: str) -> str:
        if self._at >= len(self._tokens) or self._tokens[self._at][0] != kind:
            raise ExpressionError(f"a {kind} is missing in '{self._expression}'")
        self._at += 1
        return self._tokens[self._at - 1][1]


class _Every(list[Any]):
    """What `.*` gives: a following `.name` applies to each."""


def _or(left: Evaluate, right: Evaluate) -> Evaluate:
    def either(scope: Scope) -> Any:
        value = left(scope)
        return value if _truth(value) else right(scope)

    return either


def _and(left: Evaluate, right: Evaluate) -> Evaluate:
    def both(scope: Scope) -> Any:
        value = left(scope)
        return right(scope) if _truth(value) else value

    return both


def _compared(operator: str, left: Evaluate, right: Evaluate) -> Evaluate:
    return lambda scope: _compare(operator, left(scope), right(scope))


def _compare(operator: str, left: Any, right: Any) -> bool:
    a, b = _comparable(left, right)
    match operator:
        case "==":
            return bool(a == b)
        case "!=":
            return bool(a != b)
        case "<":
            return bool(a < b)
        case "<=":
            return bool(a <= b)
        case ">":
            return bool(a > b)
    return bool(a >= b)


def _comparable(left: Any, right: Any) -> tuple[Any, Any]:
    """Strings ignore case; different types are compared as numbers; objects only with themselves."""
    if isinstance(left, str) and isinstance(right, str):
        return left.lower(), right.lower()
    if isinstance(left, (Mapping, list)) or isinstance(right, (Mapping, list)):
        return float(left is right), 1.0
    return _number(left), _number(right)


def _number(value: Any) -> float:
    match value:
        case None | "":
            return 0.0
        case bool() | int() | float():
            return float(value)
    try:
        return float(value)
    except ValueError:
        return math.nan


def _truth(value: Any) -> bool:
    if isinstance(value, (Mapping, list)):
        return True
    return bool(value) and value == value  # noqa: PLR0124 - NaN is false, and differs from itself


def _member(base: Any, key: Any) -> Any:
    if isinstance(base, _Every):
        found = (_member(each, key) for each in base)
        return _Every(each for each in found if each is not None)
    if isinstance(base, Mapping):
        return next(
            (value for name, value in base.items() if str(name).lower() == as_text(key).lower()), None
        )
    if isinstance(base, list) and isinstance(key, (int, float)) and 0 <= key < len(base):
        return base[int(key)]
    return None


def _values(base: Any) -> list[Any]:
    if isinstance(base, Mapping):
        return list(base.values())
    return list(base) if isinstance(base, list) else []


def _contains(_scope: Scope, where: Any, what: Any) -> bool:
    if isinstance(where, list):
        return any(_compare("==", each, what) for each in where)
    return as_text(what).lower() in as_text(where).lower()


def _format(_scope: Scope, template: Any, *values: Any) -> str:
    def place(found: re.Match[str]) -> str:
        if found[0] in ("{{", "}}"):
            return found[0][0]
        if int(found[1]) >= len(values):
            raise ExpressionError(f"format() has no value for {found[0]}")
        return as_text(values[int(found[1])])

    return re.sub(r"\{\{|\}\}|\{(\d+)\}", place, as_text(template))


def _join(_scope: Scope, values: Any, separator: Any = ",") -> str:
    return as_text(separator).join(map(as_text, values)) if isinstance(values, list) else as_text(values)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _from_json(_scope: Scope, text: Any) -> Any:
    try:
        return json.loads(as_text(text))
    except ValueError as error:
        raise ExpressionError(f"fromJSON() was given no JSON: {error}") from None


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "contains": _contains,
    "startswith": lambda _scope, text, head: as_text(text).lower().startswith(as_text(head).lower()),
    "endswith": lambda _scope, text, tail: as_text(text).lower().endswith(as_text(tail).lower()),
    "format": _format,
    "join": _join,
    "tojson": lambda _scope, value: json.dumps(_plain(value), indent=2),
    "fromjson": _from_json,
    "success": lambda scope: scope.status == "success",
    "failure": lambda scope: scope.status == "failure",
    "cancelled": lambda scope: scope.status == "cancelled",
    "always": lambda _scope: True,
}
