"""Calculated properties of a portal's own: sums, products and the like of its number properties.

HubSpot's formulas can do more; what is not arithmetic is refused rather than answered wrongly.
developers.hubspot.com/docs/guides/api/crm/properties#create-calculation-properties
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping

from emulator.crm.records import Record

Number = float
_Evaluate = Callable[[Mapping[str, str]], Number]

_OPERATORS: dict[type[ast.operator], Callable[[Number, Number], Number]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_LONGEST = 1_000
# Records are read deep inside a call, where not much of Python's stack may be left.
_DEEPEST = 100


class InvalidFormula(ValueError):
    """The message says what cannot be calculated."""


def calculation(formula: str) -> Callable[[Record], str | None]:
    """Read a formula; a record without one of the values has no result.

    Raises InvalidFormula.
    """
    try:
        tree = ast.parse(formula[: _LONGEST + 1].strip(), mode="eval") if len(formula) <= _LONGEST else None
    except (SyntaxError, ValueError, RecursionError):
        tree = None
    if tree is None:
        raise InvalidFormula(f"'{formula[:80]}' is not a formula")
    evaluate = _read(tree.body)

    def derive(record: Record) -> str | None:
        try:
            return _written(evaluate(record.values))
        except (KeyError, ValueError, ZeroDivisionError, OverflowError):
            return None

    return derive


def _read(node: ast.expr, depth: int = 0) -> _Evaluate:
    if depth > _DEEPEST:
        raise InvalidFormula("it is nested too deeply")
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return lambda _values: float(number)
        case ast.Name(id=name):
            return lambda values: float(values[name])
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            inner = _read(operand, depth + 1)
            return lambda values: -inner(values)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            combine, first, second = _OPERATORS[type(op)], _read(left, depth + 1), _read(right, depth + 1)
            return lambda values: combine(first(values), second(values))
    raise InvalidFormula("only numbers, properties, + - * / and parentheses are understood")


def _written(number: Number) -> str:
    return str(int(number)) if number == int(number) else repr(number)
