"""A Python file as the rules see it: its tree, who contains whom, and what texts and names stand for."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

Function = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
HOLE = "{}"  # in a text: something that only the running program knows


@dataclass(frozen=True)
class Found:
    """One place where a rule is broken."""

    line: int
    rule: str
    problem: str


class Source:
    """One file. Raises SyntaxError for what is not Python."""

    def __init__(self, text: str) -> None:
        self.lines = text.splitlines()
        self.tree = ast.parse(text)
        self.parents = {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    @cached_property
    def calls(self) -> list[ast.Call]:
        return [node for node in ast.walk(self.tree) if isinstance(node, ast.Call)]

    @cached_property
    def functions(self) -> dict[str, Function]:
        """Functions and methods by name; of two with one name, the later."""
        return {node.name: node for node in ast.walk(self.tree) if isinstance(node, FUNCTIONS)}

    @cached_property
    def assigned(self) -> dict[tuple[ast.AST, str], list[ast.expr]]:
        """What names are given, by plain assignment, in each function and at the top."""
        found: dict[tuple[ast.AST, str], list[ast.expr]] = {}
        for node in ast.walk(self.tree):
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    found.setdefault((self._block(node), name), []).append(value)
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                    found.setdefault((self._block(node), name), []).append(value)
        return found

    @cached_property
    def imported(self) -> dict[str, str]:
        """What imported names stand for: `objects` is `hubspot_api.objects`."""
        found: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found |= {each.asname or each.name: each.name for each in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found |= {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
        return found

    def around(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield what contains a node, the nearest first."""
        while (parent := self.parents.get(node)) is not None:
            yield parent
            node = parent

    def scope(self, node: ast.AST) -> ast.Module | Function:
        """The outermost function around a node, or the file."""
        functions = [each for each in self.around(node) if isinstance(each, FUNCTIONS)]
        return functions[-1] if functions else self.tree

    def text(self, node: ast.AST | None, seen: frozenset[str] = frozenset()) -> str:
        """What is known of a text: literals, names given once, `{}` for the rest. "" when nothing is."""
        match node:
            case ast.Constant(value=str(value)):
                return value
            case ast.Name(id=name):
                return "" if name in seen else self._named(node, seen | {name})
            case ast.JoinedStr(values=values):
                return "".join(self.text(value, seen) for value in values)
            case ast.FormattedValue(value=value):
                return self.text(value, seen) or HOLE
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return (self.text(left, seen) or HOLE) + (self.text(right, seen) or HOLE)
            case ast.BinOp(left=left, op=ast.Mod()):
                return self.text(left, seen).replace("%s", HOLE).replace("%d", HOLE)
            case ast.Call(func=ast.Attribute(attr="format", value=value)):
                return self.text(value, seen)
            case ast.Call(func=ast.Attribute(attr="get" | "getenv"), args=[_, default]):
                return self.text(default, seen)  # os.environ.get("HUBSPOT_URL", "https://api.hubapi.com")
        return ""

    def _named(self, node: ast.Name, seen: frozenset[str]) -> str:
        """The text of a name that is assigned once where it is seen from."""
        for block in self.around(node):
            values = self.assigned.get((block, node.id))
            if values:
                return self.text(values[0], seen) if len(values) == 1 else ""
        return ""

    def _block(self, node: ast.AST) -> ast.AST:
        return next((each for each in self.around(node) if isinstance(each, FUNCTIONS)), self.tree)

    def dotted(self, node: ast.AST) -> str:
        """A call's or name's full name: `hubspot_api.objects.get`; `().x` for what is called in between."""
        match node:
            case ast.Name(id=name):
                return self.imported.get(name, name)
            case ast.Attribute(value=value, attr=attr):
                return f"{self.dotted(value)}.{attr}"
            case ast.Call(func=func):
                return f"{self.dotted(func)}()"
        return ""


def words(node: ast.AST) -> set[str]:
    """Every name, attribute, keyword and short text inside a node."""
    found: set[str] = set()
    for each in ast.walk(node):
        match each:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                found.add(name)
            case ast.keyword(arg=str(name)) | ast.Constant(value=str(name)):
                found.add(name)
    return found
