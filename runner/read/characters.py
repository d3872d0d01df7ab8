"""Bytes to text: strict UTF-8 with no character that YAML, a reader's eye or a database would trip over."""

from __future__ import annotations

import codecs
import re
from typing import NoReturn

from runner.values.problems import Position, Problem, Stopped

# U+0085, U+2028 and U+2029 break lines in YAML 1.1 and not in 1.2; U+FEFF can't be seen.
UNWANTED = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
OTHER_ENCODINGS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
SAVE_AS = "save the file as UTF-8"


def decode(content: bytes, file: str) -> str:
    """Return a file's text, without the mark that Windows editors put before UTF-8.

    Raises `Stopped` for any other encoding, and for characters that can't be seen or stored.
    """
    if content.startswith(OTHER_ENCODINGS):
        _stop("This is UTF-16 or UTF-32, not UTF-8.", Position(file, 1, 1))
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8")
        _stop(f"The byte 0x{content[error.start]:02X} here is not UTF-8.", place_after(before, file))
    if unwanted := UNWANTED.search(text):
        message = f"A character that can't be seen or stored: U+{ord(unwanted[0]):04X}."
        _stop(message, place_after(text[: unwanted.start()], file), "remove it, or write it as an escape in quotes")
    return text


def place_after(before: str, file: str) -> Position:
    """Return the place of the character that follows `before`, the beginning of a file."""
    lines = before.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return Position(file, len(lines), len(lines[-1]) + 1)


def _stop(message: str, place: Position, hint: str = SAVE_AS) -> NoReturn:
    raise Stopped(Problem("text-encoding", message, place, hint))
