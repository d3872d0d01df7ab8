"""The filter tree of SPEC section 3 a second time, in plain Python, for one person and what puts them in scope.

Part of `tests/second_implementation.py`; shares no code with `runner`.
"""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from typing import Any

Row = Mapping[str, Any]
Value = str | int | date

DATE_COLUMNS = ("birth_date", "start_date", "end_date")


@dataclass(frozen=True, slots=True)
class Case:
    """Of whom the filter is asked: a person, and the very enrollment or assignment that puts them in scope."""

    person: Row
    enrollment: Row
    assignment: Row
    school: Row
    pass_through: Mapping[str, AbstractSet[int]]


def fold(text: str) -> str:
    """Give a text as it is compared: lower case, with a final sigma as any other."""
    return text.lower().replace("\N{GREEK SMALL LETTER FINAL SIGMA}", "\N{GREEK SMALL LETTER SIGMA}")


def same_text(one: str | None, other: str | None) -> bool:
    """Whether two texts are equal; a missing one equals nothing."""
    return one is not None and other is not None and fold(one) == fold(other)


def fulfils(tree: Row, case: Case) -> bool:
    """Whether the whole tree holds for this very case; logic is two-valued."""
    if "all" in tree:
        return all(fulfils(branch, case) for branch in tree["all"])
    if "any" in tree:
        return any(fulfils(branch, case) for branch in tree["any"])
    if "not" in tree:
        return not fulfils(tree["not"], case)
    if "people" in tree:
        return case.person["person_id"] in tree["people"]
    if "sql" in tree:
        return case.person["person_id"] in case.pass_through[tree["sql"]]
    return _query_holds(tree, case)


def selected_people(tree: Row) -> set[int]:
    """Every id that some `people` selection of the tree names."""
    if "people" in tree:
        return set(tree["people"])
    branches = [*tree.get("all", []), *tree.get("any", [])]
    if "not" in tree:
        branches.append(tree["not"])
    found: set[int] = set()
    for branch in branches:
        found |= selected_people(branch)
    return found


def _query_holds(leaf: Row, case: Case) -> bool:
    field = leaf["field"]
    [operator] = [key for key in leaf if key != "field"]
    found = [_comparable(field, each) for each in _values(field, case) if each is not None]
    if operator == "is_null":
        missing = not found
        return missing if leaf[operator] else not missing
    several = leaf[operator] if isinstance(leaf[operator], list) else [leaf[operator]]
    wanted = [_comparable(field, each) for each in several]
    if operator in ("not_equals", "not_in"):
        # A comparison with a missing value is false, these two as well.
        return bool(found) and all(each not in wanted for each in found)
    return any(COMPARISONS[operator](each, wanted) for each in found)


def _values(field: str, case: Case) -> list[Any]:
    """List the values that a field has here: one, or for a school its name and its number."""
    if field == "assignment.school":
        return [case.school["name"], case.school["number"]]
    table, column = field.split(".")
    row = {"person": case.person, "enrollment": case.enrollment, "assignment": case.assignment}[table]
    return [row[column]]


def _comparable(field: str, value: Value) -> Value:
    column = field.split(".")[1]
    if isinstance(value, str):
        return date.fromisoformat(value) if column in DATE_COLUMNS else fold(value)
    return value


def _less_than(one: Value, other: Value) -> bool:
    """Texts by code point, dates by day, ids by number; never one with another."""
    if isinstance(one, str) and isinstance(other, str):
        return [ord(letter) for letter in one] < [ord(letter) for letter in other]
    if isinstance(one, date) and isinstance(other, date):
        return one < other
    if isinstance(one, int) and isinstance(other, int):
        return one < other
    raise TypeError(f"{one!r} can't be ordered with {other!r}")


def _at_most(one: Value, other: Value) -> bool:
    return one == other or _less_than(one, other)


# One operator, one question: (the district's value, the one, two or more values of the job).
COMPARISONS: dict[str, Callable[[Value, list[Value]], bool]] = {
    "equals": lambda found, wanted: found == wanted[0],
    "in": lambda found, wanted: found in wanted,
    "less_than": lambda found, wanted: _less_than(found, wanted[0]),
    "at_most": lambda found, wanted: _at_most(found, wanted[0]),
    "greater_than": lambda found, wanted: _less_than(wanted[0], found),
    "at_least": lambda found, wanted: _at_most(wanted[0], found),
    "between": lambda found, wanted: _at_most(wanted[0], found) and _at_most(found, wanted[1]),
    "contains": lambda found, wanted: str(wanted[0]) in str(found),
    "starts_with": lambda found, wanted: str(found).startswith(str(wanted[0])),
    "ends_with": lambda found, wanted: str(found).endswith(str(wanted[0])),
}
