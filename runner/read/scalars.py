"""What a plain scalar means in YAML 1.2, and which characters and numbers no database takes."""

from __future__ import annotations

import re

MAX_INTEGER = 2**63 - 1
MIN_INTEGER = -(2**63)
SURROGATES = range(0xD800, 0xE000)

# The core schema of YAML 1.2, section 10.3.2. YAML 1.1 also takes `on`, `no`, dates, `12:30` and octal `012`.
CONSTANTS = {
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
FIRST_OF_NUMBER = frozenset("-+.0123456789")
NUMBER = re.compile(
    r"""
      (?P<integer> [-+]?[0-9]+ | 0o[0-7]+ | 0x[0-9a-fA-F]+ )
    | (?P<float> [-+]? (\.[0-9]+ | [0-9]+(\.[0-9]*)?) ([eE][-+]?[0-9]+)? )
    | (?P<neither> [-+]?\.(inf|Inf|INF) | \.(nan|NaN|NAN) )
    """,
    re.VERBOSE,
)
ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(0)|.)", re.DOTALL)


class Broken:
    """The type of `BROKEN`."""

    def __repr__(self) -> str:
        return "BROKEN"


BROKEN = Broken()
"""Stands in the data for a value that could not be read, so that nobody reports a second problem at its place."""


def resolve(text: str) -> object:
    """Return what a plain scalar means, or BROKEN for a number that is not finite or has more than 64 bits."""
    if text in CONSTANTS:
        return CONSTANTS[text]
    if text[0] not in FIRST_OF_NUMBER:
        return text
    number = NUMBER.fullmatch(text)
    if number is None:
        return text
    if number["integer"] is not None:
        return _integer(text)
    value = float("inf" if number["float"] is None else text)
    return BROKEN if value in {float("inf"), float("-inf")} else value


def _integer(text: str) -> int | Broken:
    base = {"0o": 8, "0x": 16}.get(text[:2], 10)
    digits = text.lstrip("+-0ox") or "0"
    # 22 octal digits hold 64 bits; Python itself refuses to read more than 4,300 decimal ones
    if len(digits) > len("1777777777777777777777"):
        return BROKEN
    number = int(digits, base) * (-1 if text.startswith("-") else 1)
    return number if MIN_INTEGER <= number <= MAX_INTEGER else BROKEN


def is_storable(text: str) -> bool:
    """Say whether databases take a text: PostgreSQL has no U+0000, none has half a character."""
    if text.isascii():
        return "\0" not in text
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def first_unstorable_escape(source: str) -> int:
    """Return where in a double-quoted scalar the escape stands for which its text is not storable."""
    return next((escape.start() for escape in ESCAPE.finditer(source) if _is_unstorable(escape)), 0)


def _is_unstorable(escape: re.Match[str]) -> bool:
    digits = next((group for group in escape.groups() if group is not None), None)
    return digits is not None and ((code := int(digits, 16)) == 0 or code in SURROGATES)
