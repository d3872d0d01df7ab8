"""SQL text laid out for reading: a clause a line, a column a line, a subquery deeper than what asks it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_TOKEN = re.compile(r"(\s*)('(?:[^']|'')*'|\"[^\"]*\"|\[[^\]]*\]|`[^`]*`|--[^\n]*|\w+|.)", re.ASCII | re.DOTALL)
_CLAUSES = frozenset({"SELECT", "FROM", "WHERE", "SET", "UNION", "VALUES", "GROUP", "ORDER", "LEFT", "INNER"})
_INDENT = "  "
_LONGEST = 200


def render_statements(title: str, statements: Iterable[tuple[str, str, Mapping[str, object]]]) -> str:
    """Return statements as a script: each with what it does and the values bound to it, as comments."""
    return "\n\n".join([f"-- {title}", *(_statement(*statement) for statement in statements)])


def _statement(title: str, sql: str, values: Mapping[str, object]) -> str:
    bound = [f"--   :{name} = {_value(value)}" for name, value in values.items()]
    return "\n".join([f"-- {title}", *bound, f"{lay_out(sql)};"])


def _value(value: object) -> str:
    if value is None:
        return "(known when the run is under way)"
    text = f"{value}".replace("\n", " ").replace("\r", " ")
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text):,} characters)"


def lay_out(sql: str) -> str:
    """Return the statement with its line breaks set anew; its tokens stay as they are."""
    lines = [""]
    levels: list[int | None] = [0]  # for each open parenthesis the indentation of its subquery; None where it has none
    words = [(bool(space), word) for space, word in _TOKEN.findall(sql.strip())]

    def break_line(level: int) -> None:
        if lines[-1].strip():
            lines.append("")
        lines[-1] = _INDENT * level

    for place, (spaced, word) in enumerate(words):
        before, after = (words[near][1] if 0 <= near < len(words) else "" for near in (place - 1, place + 1))
        level = levels[-1]
        if word == ")" and len(levels) > 1:
            levels.pop()
            if level is not None:
                break_line(level - 1)
        elif level is not None and (word in _CLAUSES or (word == "JOIN" and before not in {"OUTER", "INNER"})):
            break_line(level)
        elif level is not None and (word in {"AND", "OR"} or (word == "ON" and "JOIN" in lines[-1])):
            break_line(level + 1)
        lines[-1] += (" " if spaced and lines[-1].strip() else "") + word
        if word == "(":
            indented = (len(lines[-1]) - len(lines[-1].lstrip())) // len(_INDENT)
            levels.append(indented + 1 if after in {"SELECT", "WITH"} else None)
        elif level is not None and (word == "," or word.startswith("--")):
            break_line(level + 1)
    return "\n".join(line.rstrip() for line in lines)
