"""Text to data and the place of every value: YAML 1.2 core, the only door to yaml."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

import yaml

from runner.read.characters import decode, place_after
from runner.read.scalars import BROKEN, Broken, first_unstorable_escape, is_storable, resolve
from runner.values.problems import Position, Problem, Stopped

if TYPE_CHECKING:
    from collections.abc import Mapping

Way: TypeAlias = tuple[str | int, ...]
"""The way from the top of a document to a value: keys, and indexes that count from 0."""

_Loader: TypeAlias = Any
_Event: TypeAlias = Any
"""PyYAML's stubs give its two loaders nothing in common, and allow for events without marks, made by hand."""

MAX_DEPTH = 64
MAX_NODES = 50_000
ESCAPE_HINT = "remove it, or write the character itself"

LENIENT = re.compile(r"[|>][-+0-9]*#|\t")
"""What libyaml takes in some places where PyYAML's own loader, and YAML, refuse it: left to the latter."""

SYNTAX = (
    (r"found character '\\t'", "A tab, where only spaces can stand.", "use spaces"),
    (r"but found '\\t'", "A tab, where only spaces can stand.", "use spaces"),
    (r"found character '(.)' that cannot start", "Text can't begin with `{0}` unless it is quoted.", "quote it"),
    ("mapping values are not allowed", "A colon that begins a value, where none can stand.", "quote text with a `: `"),
    ("unexpected end of stream", "The file ends within quoted text.", "close the quotes"),
    (r"expected ',' or '(.)'", "Here `{0}` or a comma is missing.", None),
    ("could not find expected ':'", "A line without a `:`, where a key must stand.", None),
    ("expected <block end>", "This line fits neither the lines above nor their indentation.", "align it"),
    (r"unknown escape character '(.)'", "In double quotes `\\{0}` means nothing.", "use single quotes"),
    ("expected the node content", "A value is missing here.", None),
    ("expected '<document start>'", "This stands outside of the one thing that the file is.", None),
    ("undefined tag handle", "A tag that is not declared.", "remove it"),
)


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML file as data, with the place of every value (`places`) and of every key (`keys`).

    `spans` gives, for each scalar, where its source begins and ends in `text`. `problems` are those of YAML itself;
    a value that has one is `BROKEN` in the data, a key that has one is left out.
    """

    file: str
    text: str
    data: object
    places: Mapping[Way, Position]
    keys: Mapping[Way, Position]
    spans: Mapping[Way, tuple[int, int]]
    problems: tuple[Problem, ...]

    def value(self, way: Way) -> object:
        """Return the value at a place of the data, None where there is none."""
        data = self.data
        for part in way:
            if isinstance(data, list) and isinstance(part, int):
                data = data[part] if part < len(data) else None
            else:
                data = data.get(part) if isinstance(data, dict) else None
        return data

    def source(self, way: Way) -> str | None:
        """Return a scalar as the file spells it: `03` for the number 3. None for what is no scalar."""
        span = self.spans.get(way)
        return None if span is None else self.text[slice(*span)]

    def place(self, way: Way) -> Position:
        """Return where a value stands, or the nearest thing around it."""
        while way not in self.places and way:
            way = way[:-1]
        return self.places.get(way) or Position(self.file, 1, 1)

    def key_place(self, way: Way) -> Position:
        """Return where the key of a value stands; the value's own place where it has none."""
        return self.keys.get(way) or self.place(way)

    def place_inside(self, way: Way, offset: int) -> Position:
        """Return where the character at `offset` of a text stands; the text's own place where YAML folded it."""
        value = self.place(way)
        text, source = self.value(way), self.source(way)
        if not isinstance(text, str) or source is None:
            return value
        if source.startswith("|"):
            return _place_inside_block(value, source, text, text[:offset])
        quote = source[0] if source[:1] in {'"', "'"} else ""
        if source == f"{quote}{text}{quote}" and "\n" not in source:
            return Position(self.file, value.line, value.column + len(quote) + offset)
        return value


def _place_inside_block(value: Position, source: str, text: str, before: str) -> Position:
    """Return the place after `before` in a literal block, whose lines stand below its `|`, each indented alike."""
    row = before.count("\n")
    rows = source.split("\n")
    if row + 1 >= len(rows):
        return value
    indent = len(rows[row + 1].rstrip("\r")) - len(text.split("\n")[row])
    return Position(value.file, value.line + 1 + row, indent + len(before.rpartition("\n")[2]) + 1)


def parse(content: bytes, file: str, *, fast: bool = True) -> Document:
    """Return the one document of a file; `fast` allows the C loader, which differs in nothing but speed.

    Raises `Stopped` where nothing sensible is left to read: no UTF-8, no YAML, nothing in it, or too much.
    """
    text = decode(content, file)
    _refuse_directives(text, file)
    if fast and not LENIENT.search(text) and hasattr(yaml, "CSafeLoader"):
        # whatever is wrong the slower loader says: better, and the same on every machine
        with suppress(yaml.YAMLError, Stopped):
            document = _Reader(text, file, yaml.CSafeLoader(text)).document()
            if not document.problems:
                return document
    try:
        return _Reader(text, file, yaml.SafeLoader(text)).document()
    except yaml.MarkedYAMLError as error:
        raise Stopped(_syntax_problem(error, file)) from None


def _refuse_directives(text: str, file: str) -> None:
    """Stop at a directive that is not %YAML 1.2; it can stand only before everything but comments and blank lines."""
    if "%" not in text:
        return
    for row, line in enumerate(text.split("\n")):
        if line.startswith("%") and not re.fullmatch(r"%YAML +1\.2 *( #.*)?\r?", line):
            message = f"A directive that is not %YAML 1.2: `{_short(line.rstrip())}`."
            _stop("yaml-directive", message, Position(file, row + 1, 1), "remove the line")
        if not line.startswith("%") and line.strip() and not line.lstrip().startswith("#"):
            return


class _Reader:
    """Builds one document from the events of a loader; recursion is safe, for it ends at `MAX_DEPTH`.

    A check of many files spends most of its time here, so what is asked of every event is asked in few steps.
    """

    def __init__(self, text: str, file: str, loader: _Loader) -> None:
        self.text = text
        self.file = file
        self.loader = loader
        self.next = loader.get_event
        self.places: dict[Way, Position] = {}
        self.keys: dict[Way, Position] = {}
        self.spans: dict[Way, tuple[int, int]] = {}
        self.problems: list[Problem] = []
        self.count = 0

    def document(self) -> Document:
        try:
            return self._document()
        except (ValueError, OverflowError):  # PyYAML hands any \U00000000 to chr()
            mark = self.loader.get_mark()
            place = Position(self.file, mark.line + 1, mark.column - 1)
            _stop("text-encoding", "An escape that stands for no character.", place, ESCAPE_HINT)
        finally:
            self.loader.dispose()

    def _document(self) -> Document:
        self.next()  # the stream starts
        started = isinstance(self.next(), yaml.DocumentStartEvent)
        data = self._node(self.next(), ()) if started else None
        if not started or (data is None and self.text[slice(*self.spans[()])] == ""):
            _stop("file-empty", "There is nothing in this file.", Position(self.file, 1, 1))
        self.next()  # the document ends
        if isinstance(event := self.next(), yaml.DocumentStartEvent):
            self._report("yaml-documents", "A second document begins here.", self._place(event), "one file, one job")
        return Document(self.file, self.text, data, self.places, self.keys, self.spans, tuple(self.problems))

    def _node(self, event: _Event, way: Way) -> object:
        place = self.places[way] = self._enter(event, way)
        span = (event.start_mark.index, event.end_mark.index)
        if isinstance(event, yaml.ScalarEvent):
            self.spans[way] = span
            return BROKEN if self._is_tagged(event, place) else self._scalar(event, place)
        if isinstance(event, yaml.SequenceStartEvent):
            self._is_tagged(event, place)
            return self._sequence(way)
        if isinstance(event, yaml.MappingStartEvent):
            self._is_tagged(event, place)
            return self._mapping(way)
        message = f"An alias, `*{event.anchor}`: a reviewer must see a value where it counts."
        return self._report("yaml-alias", message, place, "write the value out")

    def _enter(self, event: _Event, way: Way) -> Position:
        place = self._place(event)
        self.count += 1
        if self.count > MAX_NODES:
            _stop("yaml-size", f"More than {MAX_NODES:,} values in one file.", place)
        if len(way) >= MAX_DEPTH and isinstance(event, yaml.CollectionStartEvent):
            _stop("yaml-depth", f"Nested deeper than {MAX_DEPTH} levels.", place)
        return place

    def _is_tagged(self, event: _Event, place: Position) -> bool:
        if event.tag is None:
            return False
        self._report("yaml-tag", "A tag: a job file has only text, numbers, true, false and null.", place, "remove it")
        return True

    def _sequence(self, way: Way) -> list[object]:
        items: list[object] = []
        while not isinstance(event := self.next(), yaml.SequenceEndEvent):
            items.append(self._node(event, (*way, len(items))))
        return items

    def _mapping(self, way: Way) -> dict[str, object]:
        pairs: dict[str, object] = {}
        while not isinstance(event := self.next(), yaml.MappingEndEvent):
            key = self._key(event, way)
            if key is None:
                self._node(self.next(), self._nowhere(way))
            else:
                pairs[key] = self._node(self.next(), (*way, key))
        return pairs

    def _key(self, event: _Event, way: Way) -> str | None:
        """Return a key, or None and a problem for one that leaves its value out."""
        if not isinstance(event, yaml.ScalarEvent):
            self._node(event, self._nowhere(way))
            if not isinstance(event, yaml.AliasEvent):
                self._report("yaml-key", "A list or a mapping as a key: keys are text.", self._place(event))
            return None
        place = self._enter(event, way)
        self._is_tagged(event, place)
        inner = (*way, event.value)
        if not event.style and event.value == "<<":
            message = "A merge key, `<<`: a reviewer must see a value where it counts."
            self._report("yaml-alias", message, place, "write the keys out")
        elif not event.style and not isinstance(resolve(event.value), str):
            hint = f'quote it: "{_short(event.value)}"' if event.value else None
            self._report("yaml-key", f"A key that is not text: `{_short(event.value)}`.", place, hint)
        elif (first := self.keys.get(inner)) is not None:
            message = f"`{_short(event.value)}` stands here a second time; the first is on line {first.line}."
            self._report("yaml-duplicate-key", message, place, "keep one of them")
        else:
            self._refuse_unstorable(event)
            self.keys[inner] = place
            return event.value
        return None

    def _nowhere(self, way: Way) -> Way:
        """Return a way that no key can have: what stands there is looked at, and left out."""
        return (*way, f"\0{self.count}")

    def _scalar(self, event: _Event, place: Position) -> object:
        if event.style:
            self._refuse_unstorable(event)
            return event.value
        value = resolve(event.value)
        if value is BROKEN:
            message = f"`{_short(event.value)}` is no number that a database takes."
            self._report("yaml-number", message, place, "a finite number of at most 64 bits")
        return value

    def _refuse_unstorable(self, event: _Event) -> None:
        if not is_storable(event.value):
            # libyaml refuses some of these escapes as syntax and can't go on, so neither do we
            start = event.start_mark
            source = self.text[start.index : event.end_mark.index]
            lines = source[: first_unstorable_escape(source)].split("\n")
            column = len(lines[-1]) + 1 + (start.column if len(lines) == 1 else 0)
            place = Position(self.file, start.line + len(lines), column)
            _stop("text-encoding", "An escape for a character that no database takes.", place, ESCAPE_HINT)

    def _place(self, event: _Event) -> Position:
        mark = event.start_mark
        if mark.index >= len(self.text):  # libyaml begins a line there even where none ended
            return place_after(self.text, self.file)
        return Position(self.file, mark.line + 1, mark.column + 1)

    def _report(self, code: str, message: str, place: Position, hint: str | None = None) -> Broken:
        self.problems.append(Problem(code, message, place, hint))
        return BROKEN


def _syntax_problem(error: yaml.MarkedYAMLError, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    place = Position(file, mark.line + 1, mark.column + 1) if mark else Position(file, 1, 1)
    for pattern, message, hint in SYNTAX:
        if match := re.search(pattern, error.problem or ""):
            return Problem("yaml-syntax", message.format(*match.groups()), place, hint)
    return Problem("yaml-syntax", f"This is not YAML: {error.problem}.", place)


def _short(text: str) -> str:
    most = 40
    return text if len(text) <= most else f"{text[:most]}…"


def _stop(code: str, message: str, place: Position, hint: str | None = None) -> NoReturn:
    raise Stopped(Problem(code, message, place, hint))
