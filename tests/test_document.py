"""Reading YAML 1.2: the same data, places and problems from both loaders, whatever the bytes."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from runner.read.document import MAX_DEPTH, MAX_NODES, Document, parse
from runner.read.scalars import BROKEN
from runner.values.problems import CODES, Kind, Position, Problem, Stopped

UNSAFE = {code: f"\\u{code:04x}" for code in (*range(0x7F, 0xA0), 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF)}
"""The characters that JSON takes as they are and YAML does not, or that can't be seen."""
BOTH = pytest.mark.parametrize("fast", [True, False], ids=["C", "Python"])


def outcome(content: bytes, *, fast: bool) -> Document | tuple[Problem, ...]:
    try:
        return parse(content, "job.yaml", fast=fast)
    except Stopped as stopped:
        return stopped.problems


def comparable(result: Document | tuple[Problem, ...]) -> object:
    if isinstance(result, Document):
        # what was left out is looked at and has places too, which nobody asks for
        places = {way: place for way, place in result.places.items() if not any("\0" in str(part) for part in way)}
        return (result.data, places, result.keys, result.problems, [result.source(way) for way in places])
    return result


def read(text: str, *, fast: bool = True) -> Document:
    return parse(text.encode(), "job.yaml", fast=fast)


def problems_of(content: bytes | str, *, fast: bool = True) -> list[tuple[str, int, int]]:
    result = outcome(content.encode() if isinstance(content, str) else content, fast=fast)
    found = result.problems if isinstance(result, Document) else result
    return [(each.code, each.place.line, each.place.column) for each in found if each.place]


def test_the_fast_loader_is_there() -> None:
    assert hasattr(yaml, "CSafeLoader"), "the tests below would compare the slow loader with itself"


@BOTH
@pytest.mark.parametrize(
    ("written", "value"),
    [
        *((word, word) for word in ("on", "off", "yes", "no", "y", "n", "On", "OFF", "tRUE", "nULL")),
        *((word, True) for word in ("true", "True", "TRUE")),
        *((word, False) for word in ("false", "False", "FALSE")),
        *((word, None) for word in ("null", "Null", "NULL", "~", "")),
        *(("012", 12), ("09", 9), ("0", 0), ("-0", 0), ("+7", 7), ("0o17", 15), ("0x1F", 31), ("00000000000000007", 7)),
        *(("0o", "0o"), ("0b11", "0b11"), ("1_000", "1_000"), ("-0x1", "-0x1"), ("0O7", "0O7"), ("٣", "٣")),
        *(("1.5", 1.5), (".5", 0.5), ("1.", 1.0), ("-1e3", -1000.0), ("1e-400", 0.0), ("e3", "e3"), (".", ".")),
        *((text, text) for text in ("12:30:45", "190:20", "2026-08-24", "2026-08-24T10:00:00Z", "1.2.3", "=", "25%")),
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
        ("0x7FFFFFFFFFFFFFFF", 2**63 - 1),
        ("0" * 5000 + "1", 1),
        *(
            ("9223372036854775808", BROKEN),
            ("0x8000000000000000", BROKEN),
            ("9" * 5000, BROKEN),
            ("0x" + "f" * 9, 2**36 - 1),
        ),
        *((word, BROKEN) for word in (".inf", "-.Inf", "+.INF", ".nan", ".NaN", "1e999", "-1e999")),
        *(('"03"', "03"), ("'on'", "on"), ('"~"', "~"), ('""', ""), ('"\\x41\\u00e9\\U0001F600"', "Aé😀")),
        ('"\\N\\_\\L\\P\\e"', "\x85\xa0\u2028\u2029\x1b"),
        ("|\n  a\n   b\n", "a\n b\n"),
        (">-\n  a\n  b\n", "a b"),
    ],
)
def test_what_scalars_mean(written: str, value: object, fast: bool) -> None:  # noqa: FBT001 - a parameter
    data = read(f"a: {written}\n", fast=fast).data
    assert isinstance(data, dict)
    assert (type(data["a"]), data["a"]) == (type(value), value)


@BOTH
@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("a: 1\na: 2\n", [("yaml-duplicate-key", 2, 1)]),
        ("{a: 1, 'a': 2}", [("yaml-duplicate-key", 1, 8)]),
        ("a: &x 1\nb: *x\n", [("yaml-alias", 2, 4)]),
        ("*x : 1\n", [("yaml-alias", 1, 1)]),
        ("<<: {a: 1}\n", [("yaml-alias", 1, 1)]),
        ("'<<': {a: 1}\n", []),
        ("!!set {a, b}\n", [("yaml-tag", 1, 1)]),
        ("a: !!binary aGk=\n", [("yaml-tag", 1, 4)]),
        ("a: !own [1]\n", [("yaml-tag", 1, 4)]),
        ("a: ! 1\n", [("yaml-tag", 1, 4)]),
        ("!!str a: 1\n", [("yaml-tag", 1, 1)]),
        ("1: a\n", [("yaml-key", 1, 1)]),
        ("~: a\n", [("yaml-key", 1, 1)]),
        ("? ~\n: b\n", [("yaml-key", 1, 3)]),
        ("{[a]: b}\n", [("yaml-key", 1, 2)]),
        ("? {a: b}\n: c\n", [("yaml-key", 1, 3)]),
        ("'1': a\non: b\n2026-08-24: c\n", []),
        ("a: .inf\nb: 1e999\nc: 99999999999999999999\n", [("yaml-number", line, 4) for line in (1, 2, 3)]),
        ("a: 1\n---\nb: 2\n", [("yaml-documents", 2, 1)]),
        ("---\na: 1\n...\n", []),
        ("%YAML 1.2\n---\na: 1\n", []),
        ("# a\n\n%YAML  1.2 # yes\n---\na: 1\n", []),
        ("%YAML 1.1\n---\na: 1\n", [("yaml-directive", 1, 1)]),
        ("%YAML 1.3\n---\na: 1\n", [("yaml-directive", 1, 1)]),
        ("%TAG ! tag:x,2026:\n---\na: 1\n", [("yaml-directive", 1, 1)]),
        ("# a\n%RUN\n---\na: 1\n", [("yaml-directive", 2, 1)]),
        ("a: |\n  %x\n", []),
        ("a:\t1\n", [("yaml-syntax", 1, 3)]),
        ("a: 1\t\n", [("yaml-syntax", 1, 5)]),
        ("a: b\tc\n", [("yaml-syntax", 1, 5)]),
        ("a:\n\tb: 1\n", [("yaml-syntax", 2, 1)]),
        ("a: 'b\tc'\nd: |\n  e\tf\n# \t\n", []),
        ('a: "\\ud800"\n', [("text-encoding", 1, 5)]),
        ('a: "x\n  \\ud83d\\ude00"\n', [("text-encoding", 2, 3)]),
        ('a: "\\\\ud800 \\0"\n', [("text-encoding", 1, 13)]),
        ('a: "\\x00"\n', [("text-encoding", 1, 5)]),
        ('"\\0": 1\n', [("text-encoding", 1, 2)]),
        ('a: "\\U00110000"\n', [("text-encoding", 1, 5)]),
        ('a: "\\UFFFFFFFF"\n', [("text-encoding", 1, 5)]),
        ("a: b\0c\n", [("text-encoding", 1, 5)]),
        ("a: b\x85c\n", [("text-encoding", 1, 5)]),
        ("a: b\n# \ufeff\n", [("text-encoding", 2, 3)]),
        ("a: \x1b[31m\n", [("text-encoding", 1, 4)]),
        ("", [("file-empty", 1, 1)]),
        ("# nothing\n", [("file-empty", 1, 1)]),
        ("---\n", [("file-empty", 1, 1)]),
        ("~\n", []),
        ("[" * 2000, [("yaml-depth", 1, MAX_DEPTH + 1)]),
        ("- " * 2000, [("yaml-depth", 1, 2 * MAX_DEPTH + 1)]),
        ("".join(" " * row + "a:\n" for row in range(200)), [("yaml-depth", MAX_DEPTH + 1, MAX_DEPTH + 1)]),
        ("[" * MAX_DEPTH + "]" * MAX_DEPTH, []),
        ("a: b: c\n", [("yaml-syntax", 1, 5)]),
        ("a: @b\n", [("yaml-syntax", 1, 4)]),
        ("a: [1\n", [("yaml-syntax", 2, 1)]),
        ("a: 'b\n", [("yaml-syntax", 2, 1)]),
        ("a: !e!x 1\n", [("yaml-syntax", 1, 4)]),
        (": 1\n", [("yaml-syntax", 1, 1)]),
        ("{: b}\n", [("yaml-syntax", 1, 2)]),
    ],
)
def test_what_is_refused_and_where(text: str, problems: list[tuple[str, int, int]], fast: bool) -> None:  # noqa: FBT001
    assert problems_of(text, fast=fast) == problems


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"a: \xff\n", (1, 4)),
        (b"a: 1\nb: \xc3\xa9\xc3\n", (2, 5)),
        (b"a: \xed\xa0\x80\n", (1, 4)),
        (b"a: \xc0\x80\n", (1, 4)),
        ("a: é\n".encode("latin-1"), (1, 4)),
        ("a: 1\n".encode("utf-16"), (1, 1)),
        ("a: 1\n".encode("utf-16-be"), (1, 1)),
        ("a: 1\n".encode("utf-32"), (1, 1)),
    ],
)
def test_other_encodings_than_utf_8(content: bytes, place: tuple[int, int]) -> None:
    assert problems_of(content) == [("text-encoding", *place)]


@BOTH
def test_the_mark_of_windows_editors_is_no_character(fast: bool) -> None:  # noqa: FBT001
    document = parse(b"\xef\xbb\xbfa: [03]\r\nb: 1\r\n", "job.yaml", fast=fast)
    assert document.data == {"a": [3], "b": 1}
    assert document.place(("b",)) == Position("job.yaml", 2, 4)
    assert document.source(("a", 0)) == "03"


@BOTH
def test_places_and_sources_count_characters(fast: bool) -> None:  # noqa: FBT001
    document = read("é😀: é # 😀\nlist: [😀, 03, {'k': v}]\n", fast=fast)
    assert document.place(("é😀",)) == Position("job.yaml", 1, 5)
    assert document.keys[("é😀",)] == Position("job.yaml", 1, 1)
    assert document.place(("list", 1)) == Position("job.yaml", 2, 11)
    assert document.source(("list", 1)) == "03"
    assert document.keys[("list", 2, "k")] == Position("job.yaml", 2, 16)
    assert document.source(("list", 2)) is None
    assert document.place(("list", 2, "gone")) == document.place(("list", 2)) == document.key_place(("list", 2))


@BOTH
@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("select X", (1, 11)),
        ("'select X'", (1, 12)),
        ('"select X"', (1, 12)),
        ('"select\\x20X"', (1, 4)),
        ("select\n  X", (1, 4)),
        ("|\n  select\n    X\n  end\n", (3, 5)),
        ("|\r\n  select\r\n    X\r\n", (3, 5)),
        ("|2-\n\n   select\n\n  X\n", (5, 3)),
        ("|  # comment\n  select\n  é X", (3, 5)),
        (">\n  select\n  X\n", (1, 4)),
    ],
)
def test_places_inside_a_text(written: str, place: tuple[int, int], fast: bool) -> None:  # noqa: FBT001
    document = read(f"a: {written}", fast=fast)
    text = document.value(("a",))
    assert isinstance(text, str)
    assert document.place_inside(("a",), text.index("X")) == Position("job.yaml", *place)


def test_a_broken_value_stands_in_and_a_broken_key_is_left_out() -> None:
    assert read("a: [1, .inf]\n2: x\nb: *c\nd: !!str 1\na: 5\n").data == {"a": [1, BROKEN], "b": BROKEN, "d": BROKEN}


@BOTH
def test_everything_of_a_file_is_told_but_what_makes_the_rest_unreadable(fast: bool) -> None:  # noqa: FBT001
    text = "a: &x 1\na: *x\n1: .inf\nb: {<<: {c: !!str 1}}\n---\n"
    assert [code for code, *_ in problems_of(text, fast=fast)] == [
        *("yaml-duplicate-key", "yaml-alias", "yaml-key", "yaml-number", "yaml-alias", "yaml-tag", "yaml-documents"),
    ]


@BOTH
def test_as_many_values_as_a_file_may_have(fast: bool) -> None:  # noqa: FBT001
    most = "[" + ", ".join(["1"] * (MAX_NODES - 1)) + "]"
    assert problems_of(most, fast=fast) == []
    assert problems_of(most.replace("[1", "[1, 1"), fast=fast) == [("yaml-size", 1, len(most) + 2)]


@BOTH
@pytest.mark.parametrize(
    "text",
    [
        "\n".join(f"k{number}: 1" for number in range(100_000)),
        "a: 1\n" * 100_000,
        "%a\n" * 300_000,
        "#\n" * 400_000,
        "{" * 500_000,
        "? " * 400_000,
        "a: " + "9" * 1_000_000,
        "a: '" + "''" * 400_000,
        "- *a\n" * 200_000,
        "&a " * 300_000,
    ],
    ids=["keys", "one key", "directives", "comments", "braces", "questions", "digits", "quotes", "aliases", "anchors"],
)
def test_no_file_takes_long(text: str, fast: bool) -> None:  # noqa: FBT001
    began = time.process_time()
    problems_of(text[: 1024 * 1024], fast=fast)
    assert time.process_time() - began < 10


@st.composite
def yaml_like(draw: st.DrawFn) -> str:
    """Return text made of what YAML makes something of."""
    pieces = [
        *(
            "a",
            "b",
            "on",
            "03",
            "1.5",
            ".inf",
            "~",
            "é",
            "😀",
            "<<",
            "%",
            "%YAML 1.2",
            "---",
            "...",
            "!",
            "!!str",
            "&x",
        ),
        *("*x", "|", ">", "|-", "|2", "[", "]", "{", "}", ",", ":", ": ", "- ", "? ", "#", " #", "'", '"', "''", '\\"'),
        *("\\", "\\0", "\\ud800", "\\x", "\\U00110000", "@", "`", "\n", "\n  ", "\n ", "\n\n", "\r\n", "\t", " ", "  "),
    ]
    return "".join(draw(st.lists(st.sampled_from(pieces), max_size=30)))


@given(yaml_like())
@example("a: 1\n%x\n")
@example("a: 'x\n%y'\n")
def test_both_loaders_agree(text: str) -> None:
    content = text.encode()
    assert comparable(outcome(content, fast=True)) == comparable(outcome(content, fast=False))


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "ignore")))
def test_any_bytes_give_a_document_or_problems_with_a_place(content: bytes) -> None:
    result = outcome(content, fast=True)
    for problem in result.problems if isinstance(result, Document) else result:
        assert CODES[problem.code].kind is Kind.INVALID
        assert problem.place is not None
        assert problem.place.line >= 1
        assert problem.place.column >= 1


scalars: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
)


@given(
    st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=4),
        max_leaves=20,
    ).filter(lambda data: data is not None),
)
def test_what_is_written_as_json_is_read_as_it_was(data: object) -> None:
    document = read(json.dumps(data, ensure_ascii=False).translate(UNSAFE))
    assert document.data == data
    assert document.problems == ()
