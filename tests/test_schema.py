"""The JSON Schema: it says what the vocabulary says, is safe to use, and every way to break it can be told."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from runner.read import schema
from runner.read.document import Document, parse
from runner.read.explain import EXPLANATIONS
from runner.read.schema import NODE, findings, is_right, schema_text, validate
from runner.values.problems import CODES, Kind
from runner.values.vocabulary import FIELDS, Channel, CustomSelections, Enrollments, Mode, Operator, Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

JOB = json.loads(schema_text("job"))
FILTER = json.loads(schema_text("filter"))
KINDS = ["all", "any", "not", "people", "people_file", "sql", "field"]
# what these keywords hold is found by the keywords inside of them, or is for readers
STRUCTURE = {"properties", "items", "allOf", "if", "then", "else", "dependentSchemas", "$ref", "$defs"}
ANNOTATIONS = {"$schema", "$id", "$comment", "title", "description", "default", "examples"}


def subschemas(part: object, way: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    """Yield every schema within a schema, and the way to it."""
    if isinstance(part, list):
        for index, inner in enumerate(part):
            yield from subschemas(inner, (*way, index))
    elif isinstance(part, dict):
        names_things = way and way[-1] in {"properties", "$defs", "dependentSchemas"}
        if not names_things:
            yield way, part
        for key, inner in part.items():
            if names_things or key in STRUCTURE | {"not", "anyOf", "additionalProperties"}:
                yield from subschemas(inner, (*way, key))


def document(text: str) -> Document:
    return parse(text.encode(), "job.yaml")


def test_both_schemas_are_valid() -> None:
    for each in (JOB, FILTER):
        Draft202012Validator.check_schema(each)


def test_the_filter_schema_is_the_node_of_the_job_schema_beside_it() -> None:
    beside = "file:///schemas/job.schema.json"
    resolver = (
        Registry().with_resource(beside, Resource.from_contents(JOB)).resolver("file:///schemas/filter.schema.json")
    )
    assert resolver.lookup(FILTER["$ref"]).contents == JOB["$defs"]["node"]


def test_no_schema_names_a_host() -> None:
    assert JOB["$id"] == "urn:contact-preference-runner:job"
    assert set(re.findall(r"https?://[^\"]+", schema_text("job") + schema_text("filter"))) == {JOB["$schema"]}


def test_the_vocabulary_is_the_schema_s() -> None:
    properties, definitions = JOB["properties"], JOB["$defs"]
    assert list(properties["preferences"]["properties"]) == list(Channel)
    assert list(definitions["reasons"]["properties"]) == list(Reason)
    assert properties["mode"]["enum"] == list(Mode)
    assert properties["enrollment"]["enum"] == list(Enrollments)
    assert properties["custom_selections"]["enum"] == list(CustomSelections)
    assert definitions["node"]["properties"]["field"]["enum"] == list(FIELDS)
    assert list(definitions["node"]["properties"]) == [*KINDS, *Operator]


def test_the_labels_are_the_schema_s() -> None:
    channels, reasons = JOB["properties"]["preferences"]["properties"], JOB["$defs"]["reasons"]["properties"]
    assert {name: each["title"] for name, each in channels.items()} == {each.value: each.label for each in Channel}
    assert {name: each["title"] for name, each in reasons.items()} == {each.value: each.label for each in Reason}


def test_defaults_are_the_loader_s() -> None:
    given_by_schema = {name: each["default"] for name, each in JOB["properties"].items() if "default" in each}
    assert given_by_schema == {
        "enrollment": Enrollments.ACTIVE,
        "guardians_only": False,
        "custom_selections": CustomSelections.KEEP,
        "allow_empty": False,
    }


def test_no_mapping_takes_unknown_keys() -> None:
    for way, part in subschemas(JOB):
        if "properties" in part and "then" not in way and "if" not in way:
            assert part["additionalProperties"] is False, way


def test_everything_that_can_be_written_is_explained_to_editors() -> None:
    for way, part in subschemas(JOB):
        if len(way) > 1 and way[-2] == "properties" and not {"then", "if"} & set(way):
            referred = JOB["$defs"].get(part.get("$ref", "").removeprefix("#/$defs/"), {})
            assert part.get("title"), way
            told = part.get("description") or referred.get("description") or "preferences" in way
            assert told, way


def test_examples_fit_their_schemas() -> None:
    for way, part in subschemas(JOB):
        for example in part.get("examples", ()):
            validator = Draft202012Validator(JOB).evolve(schema=part)
            assert [error.message for error in validator.iter_errors(example)] == [], way


def test_every_way_to_break_the_schema_has_its_words() -> None:
    used = {keyword for _, part in subschemas(JOB) for keyword in part}
    assert used - STRUCTURE - ANNOTATIONS == set(EXPLANATIONS)


PATTERNS = {
    "name": (["fall-attendance", "Fall 2026: Ábécé", " x ", "x"], ["", " ", "a\n", "\na", "a\tb", "a\x85", "\u3000"]),
    "changed": (["0%", "25%", "12.5%", "100%", "100.0%"], ["25", "101%", "25%\n", "\u0662%", "1.%", " 5%", "-1%"]),
    "year": (["current"], ["current\n", " current", "Current", "2026", ""]),
}
ATTACKS = ["a" * 300_000 + "\n", " " * 300_000, " " * 300_000 + "\n", "1" * 300_000 + "%", "0." + "0" * 300_000 + "\n"]


def test_patterns_take_what_they_should_and_little_time() -> None:
    patterns = {str(way[-1]): part["pattern"] for way, part in subschemas(JOB) if "pattern" in part}
    assert set(patterns) == set(PATTERNS)
    for name, (good, bad) in PATTERNS.items():
        assert [word for word in good if not re.search(patterns[name], word)] == []
        assert [word for word in bad if re.search(patterns[name], word)] == []
        began = time.process_time()
        for attack in ATTACKS:
            re.search(patterns[name], attack)
        assert time.process_time() - began < 1


def test_the_packed_schema_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "__file__", str(tmp_path / "runner" / "read" / "schema.py"))
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "job.schema.json").write_text("beside")
    assert schema_text("job") == "beside"
    (tmp_path / "runner" / "schemas").mkdir(parents=True)
    (tmp_path / "runner" / "schemas" / "job.schema.json").write_text("packed")
    assert schema_text("job") == "packed"


def test_a_filter_file_is_held_against_the_node() -> None:
    assert validate(document("any: [{people: [1]}, {not: {sql: select 1}}]"), NODE) == ()
    [problem] = validate(document("any: [{peple: [1]}]"), NODE)
    assert (problem.code, problem.hint) == ("unknown-key", "did you mean `people`?")


words = st.sampled_from(
    [
        *JOB["properties"],
        *JOB["$defs"]["node"]["properties"],
        *JOB["$defs"]["calendarEntry"]["properties"],
        *("household_phone", "email", "text", "emergency", "on", "off", "students", "census_staff", "person.language"),
        *("current", "25%", "emial", "x", ""),
    ],
)
scalars = st.none() | st.booleans() | st.integers(-2, 3000) | st.sampled_from([1.0, 2.5]) | words
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=4),
    max_leaves=25,
)
jobs = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(JOB["properties"], values) | {"filter": values, "mode": words, "wrong": values},
)


@given(jobs | values)
def test_whatever_is_wrong_is_told_in_our_words_at_its_place(written: object) -> None:
    read = document(json.dumps(written))
    problems = validate(read)
    plain = Draft202012Validator(JOB)
    # 1.0 is a whole number to JSON Schema, and none to a database
    if not plain.is_valid(read.data):
        assert problems
    for problem in problems:
        assert CODES[problem.code].kind is Kind.INVALID
        assert problem.place is not None
        assert not re.search(r"is not of type|is a required property|does not match|\^|\\A|\$\(", problem.message)
    assert list(problems) == sorted(problems, key=lambda each: (each.place, each.code, each.message))


SOUND = [
    ("test" if path.name.endswith(".test.yaml") else "job", parse(path.read_bytes(), path.name).data)
    for path in sorted((Path(__file__).parent.parent / "jobs").glob("*.yaml"))
]


def changed(data: Any, draw: st.DrawFn) -> Any:  # noqa: ANN401 - anything that a file holds
    """Return data with one thing in it put in, replaced or left out."""
    inside = isinstance(data, dict | list) and data and draw(st.integers(0, 4))
    if not inside:
        return draw(scalars | st.text(max_size=3) | values)
    where = draw(st.sampled_from(sorted(data) if isinstance(data, dict) else range(len(data))))
    how = draw(st.sampled_from(["below", "below", "below", "out", "in"]))
    if how == "below":
        new = changed(data[where], draw)
        return {**data, where: new} if isinstance(data, dict) else [*data[:where], new, *data[where + 1 :]]
    if isinstance(data, dict):
        rest = {key: value for key, value in data.items() if key != where}
        return {**data, draw(words): draw(values)} if how == "in" else rest
    return [*data, draw(values)] if how == "in" else [*data[:where], *data[where + 1 :]]


@st.composite
def nearly_sound(draw: st.DrawFn) -> tuple[str, object]:
    name, found = draw(st.sampled_from(SOUND))
    for _ in range(draw(st.sampled_from([0, 1, 1, 1, 2, 3]))):
        found = changed(found, draw)
    return name, found


def agree(found: object, name: str, part: str | None = None) -> bool:
    """Say whether data fits, and see that both validators say the same."""
    quick = is_right(found, name, part)
    assert quick is (next(findings(found, name, part), None) is None)
    return quick


def test_what_stands_in_this_repository_is_right_to_both_validators() -> None:
    assert len({name for name, _ in SOUND}) == 2
    assert all(agree(found, name) for name, found in SOUND)


@settings(max_examples=2_000, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(nearly_sound())
def test_both_validators_take_the_same_documents(written: tuple[str, object]) -> None:
    name, found = written
    agree(found, name)


@settings(max_examples=1_000, deadline=None)
@given(jobs | values)
def test_both_validators_take_the_same_of_what_is_mostly_wrong(written: object) -> None:
    agree(written, "job")
    agree(written, "test")
    agree(written, "job", NODE)


def test_both_validators_take_the_same_characters() -> None:
    """What is a blank is where languages' regular expressions differ."""
    sound = cast("dict[str, object]", dict(SOUND)["job"])
    blanks = [chr(code) for code in range(0x11000) if code < 0x300 or 0x1FFF < code < 0x2100 or chr(code).isspace()]
    for blank in (*blanks, "\ufeff", "\u180e", "\ufffd", "\U0001f600"):
        for name in (blank, f"a{blank}b", f"{blank}a{blank}"):
            agree({**sound, "name": name}, "job")
        agree({**sound, "limits": {"changed": f"1{blank}%"}}, "job")
        agree({**sound, "calendar": {"year": f"current{blank}"}}, "job")
    for digit in ("\u0661", "\uff11", "\u00b2"):
        assert not agree({**sound, "limits": {"changed": f"{digit}%"}}, "job")


HEAD = "version: 1\nname: x\nmode: students\ncalendar: {year: 2026}\npreferences: {email: {general: on}}\n"


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "filter: {people: [" + "1, " * 49_900 + "]}",
        HEAD + "filter: {field: person.language, in: [" + "a, " * 49_900 + "]}",
        HEAD + "filter: {all: [" + "{field: person.language, equals: a}, " * 9_900 + "]}",
        HEAD + "filter: {all: [" + "{field: person.langage, equals: a}, " * 9_900 + "]}",
        HEAD + "filter: {all: [" + "{}, " * 24_000 + "]}",
        HEAD + "filter: {any: [" + ", ".join(f"{{fild{number}: a}}" for number in range(15_000)) + "]}",
        HEAD + "filter: " + "{not: " * 62 + "{}" + "}" * 62,
        "\n".join(f"nam{number}: 1" for number in range(24_900)),
        "preferences: {email: {" + ", ".join(f"emergenc{number}: on" for number in range(24_900)) + "}}",
        HEAD + "grades: [" + "1, " * 49_000 + "]",
        HEAD.replace("name: x", "name: " + "a" * 900_000),
        HEAD.replace("{email: {general: on}}", "\n  ? " + "e" * 900_000 + "\n  : {}"),
    ],
    ids=[
        "people",
        "in",
        "queries",
        "fields",
        "nodes",
        "keys below",
        "deep",
        "keys",
        "reasons",
        "grades",
        "name",
        "key",
    ],
)
def test_no_document_takes_long(text: str) -> None:
    read = document(text)
    began = time.process_time()
    validate(read)
    assert time.process_time() - began < 10
