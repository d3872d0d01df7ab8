"""What jsonschema found, told in the words of the field: a code, a message, a place and a hint."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from runner.read.near_misses import did_you_mean, nearest
from runner.values.problems import Problem
from runner.values.vocabulary import Mode, Operator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from runner.read.document import Document, Way

Problems: TypeAlias = "Iterator[Problem]"

EXPECTED = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "boolean": "`true` or `false`",
}
ACTUAL = {
    dict: "a mapping",
    list: "a list",
    str: "text",
    int: "a number",
    float: "a number with a fraction",
    bool: "`{}`",
}
TRUTHS = {"true": "true", "yes": "true", "on": "true", "y": "true"} | dict.fromkeys(
    ("false", "no", "off", "n"), "false"
)
SETTINGS = {
    "yes": "on",
    "true": "on",
    "y": "on",
    "enabled": "on",
    "no": "off",
    "false": "off",
    "n": "off",
    "disabled": "off",
}
KINDS = ("all", "any", "not", "field", "people", "people_file", "sql")
OPERATORS = tuple(operator.value for operator in Operator)
TEXT_CHANNELS = r"(text|sms|mms)s?([ _-]?(messag(e|er|ing)|messenger|phone|number)s?)?"
SHAPES = {
    "name": "A name is one line of text, and not only blanks.",
    "changed": "A percentage is written `25%`, from `0%` to `100%`.",
    "year": "A year is a number, the end year, or `current`.",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """A value that fails a keyword of the schema: `asked` is what the keyword asks for, `schema` where it stands."""

    way: Way
    value: Any
    keyword: str
    asked: Any
    schema: Mapping[str, Any]


def explain(document: Document, found: Finding) -> Problems:
    """Yield the problems that one finding of jsonschema stands for: one for each unknown key, for example."""
    yield from EXPLANATIONS[found.keyword](document, found)


def _not_in_mode(document: Document, found: Finding) -> Problems:
    mode = document.data.get("mode") if isinstance(document.data, dict) else None
    yield Problem(
        "not-in-mode",
        f"`{found.way[-1]}` means nothing in the mode `{mode}`.",
        document.key_place(found.way),
        "remove it",
    )


def _unknown_keys(document: Document, found: Finding) -> Problems:
    for key in _extras(found):
        place = document.key_place((*found.way, key))
        if found.way[-1:] == ("preferences",) and re.fullmatch(TEXT_CHANNELS, key.lower()):
            message = f"`{key}` is no channel: recipients could be charged for messages that they never asked for."
            yield Problem("text-channel", message, place, "remove it; a call to the cell phone is `cell_phone`")
            continue
        hint = did_you_mean(_meant(key, found.schema["properties"]))
        yield Problem("unknown-key", f"`{key}` means nothing here.", place, hint or _one_of(found.schema["properties"]))


def _missing_keys(document: Document, found: Finding) -> Problems:
    misspelt = {nearest(key, found.asked) for key in found.value}
    for key in found.asked:
        if key not in found.value and key not in misspelt:
            yield Problem("missing-key", f"The key `{key}` is missing.", document.place(found.way), NEEDED.get(key))


NEEDED = {
    "as_of": "the day that the runs are for: `as_of: 2026-10-01`",
    "district": "a small one, or `district: demo`",
    "expect": "what must come out: `expect: {people: [Anna]}`",
    "version": "write `version: 1`",
    "mode": "one of `student_contacts`, `students`, `census_staff`",
    "calendar": "a student mode needs one: `calendar: {school: …, year: …}`",
    "filter": "census_staff needs one",
}


def _missing_kind(document: Document, found: Finding) -> Problems:
    if _extras(found):
        return  # most likely the kind itself is misspelt
    operator = next((key for key in found.value if key in OPERATORS), None)
    if operator is not None:
        message = f"`{operator}` compares nothing: the key `field` is missing."
        yield Problem(
            "missing-key", message, document.place(found.way), "write `{field: person.language, " + operator + ": …}`"
        )
    else:
        yield Problem("missing-key", "A filter node without its key.", document.place(found.way), _one_of(KINDS))


def _wrong_type(document: Document, found: Finding) -> Problems:
    expected = " or ".join(EXPECTED[name] for name in _as_list(found.asked))
    actual = ACTUAL.get(type(found.value), "left empty").format(str(found.value).lower())
    message = f"{_subject(found.way)} must be {expected}, not {actual}."
    yield Problem("wrong-type", message, document.place(found.way), _type_hint(document, found))


def _type_hint(document: Document, found: Finding) -> str | None:
    choices = found.schema.get("enum", ())
    if isinstance(found.value, bool) and "on" in choices:
        return f"write `{'on' if found.value else 'off'}`"
    if choices:
        return _one_of(choices)
    hint = MAPPINGS.get(found.schema.get("title", ""))
    if "object" in found.asked and (hint or {"string", "array"}.isdisjoint(_as_list(found.asked))):
        return hint
    source = document.source(found.way)
    if not source:
        return None
    if "array" in found.asked:
        number = "integer" in found.schema.get("items", {}).get("type", "integer") or source[0] in {'"', "'"}
        return f"write a list: `[{_short(source)}]`" if number else f'write a list: `["{_short(source)}"]`'
    return _spelling_hint(_as_list(found.asked), found.value, source)


def _spelling_hint(expected: list[str], value: object, source: str) -> str | None:
    if "string" in expected:
        return f'quote it: "{_short(source)}"' if isinstance(value, int | float) else None
    word = str(value).lower()
    if "boolean" in expected:
        return f"write `{TRUTHS[word]}`" if word in TRUTHS else None
    if isinstance(value, float):
        return f"write `{value:.0f}`" if value.is_integer() else None
    return "write it without quotes" if re.fullmatch(r"[0-9]+", word) else None


MAPPINGS = {
    "Job": "a job file begins with `version: 1`",
    "Calendar": "write `{school: …, year: …}`",
    "Calendar entry": "write `{school: …, year: …}`",
    "Filter": "a list goes under `all:` or `any:`",
    "Filter node": "write `{field: person.language, equals: …}`, for example",
    "Reach of a reason": "write `{before: 1, after: 2}`, for example",
    "Reasons": "name the reasons: `{emergency: on}`",
    "Settings": "name the reasons: `{emergency: on}`",
    "Expect": "`{people: [Anna]}`, for example",
    "Person": "write `{}` for somebody of whom nothing is known",
    "Test": "a test has a name and an `expect`",
    "Policy tests": "a test file begins with `version: 1`",
}


def _wrong_choice(document: Document, found: Finding) -> Problems:
    value, choices = found.value, found.asked
    labels = {label: token for label, token in LABELS.items() if token in choices}
    near = SETTINGS.get(value.lower()) if "on" in choices else None
    hint = did_you_mean(near or nearest(value, choices, labels)) or _one_of(choices)
    if found.way[-1] == "field":
        yield Problem("unknown-field", f"There is no field `{_short(value)}`.", document.place(found.way), hint)
    else:
        message = f"`{_short(value)}` is nothing that {_subject(found.way)} takes."
        yield Problem("wrong-value", message, document.place(found.way), hint)


LABELS = {mode.label: mode.value for mode in Mode} | {"No Change": "no_change"}


def _wrong_version(document: Document, found: Finding) -> Problems:
    message = f"Version {found.value} is not known to this runner."
    yield Problem("wrong-value", message, document.place(found.way), f"write `{found.way[-1]}: {found.asked}`")


def _wrong_shape(document: Document, found: Finding) -> Problems:
    is_year = found.way[-1] == "year" and re.fullmatch(r"[0-9]{4}", found.value)
    hint = "write it without quotes" if is_year else None
    yield Problem("wrong-value", SHAPES[str(found.way[-1])], document.place(found.way), hint)


def _wrong_size(document: Document, found: Finding) -> Problems:
    sizes = {
        "minimum": "must be at least {}",
        "maximum": "must be at most {}",
        "maxLength": "must have at most {} characters",
        "minLength": "must not be empty",
    }
    message = f"{_subject(found.way)} {sizes[found.keyword].format(found.asked)}."
    hint = "the end year: 2026 is the school year 2025-26" if found.way[-1] == "year" else None
    yield Problem("wrong-value", message, document.place(found.way), hint)


def _wrong_count(document: Document, found: Finding) -> Problems:
    if found.way[-1] == "between":
        yield Problem(
            "wrong-value", "`between` takes exactly two values.", document.place(found.way), "the first and the last"
        )
    else:
        yield Problem(
            "too-few", f"{_subject(found.way)} is empty.", document.place(found.way), "write at least one, or remove it"
        )


def _too_few_keys(document: Document, found: Finding) -> Problems:
    if found.way[-1:] == ("expect",):
        yield Problem("too-few", "Nothing is expected.", document.place(found.way), _one_of(found.schema["properties"]))
    elif "field" in found.value:
        message = f"The field `{found.value['field']}` is compared with nothing."
        yield Problem("missing-key", message, document.place(found.way), _one_of(OPERATORS))
    else:
        yield Problem(
            "too-few", "An empty calendar entry.", document.place(found.way), "one of `school`, `year`, `name`"
        )


def _too_many_keys(document: Document, found: Finding) -> Problems:
    kinds = [key for key in found.value if key in KINDS]
    operators = [key for key in found.value if key in OPERATORS]
    if len(kinds) > 1:
        message = f"`{kinds[1]}` can't stand beside `{kinds[0]}`: a filter node is one of them."
        yield Problem(
            "unknown-key", message, document.key_place((*found.way, kinds[1])), "make a list of both under `all`"
        )
    elif kinds != ["field"] and operators:
        message = f"`{operators[0]}` can't stand beside `{kinds[0]}`: it compares a field."
        yield Problem("unknown-key", message, document.key_place((*found.way, operators[0])))
    elif len(operators) > 1:
        message = f"`{operators[1]}` can't stand beside `{operators[0]}`: a query has one operator."
        yield Problem(
            "unknown-key", message, document.key_place((*found.way, operators[1])), "make a list of both under `all`"
        )


EXPLANATIONS: Mapping[str, Callable[[Document, Finding], Problems]] = {
    "not": _not_in_mode,  # `{"not": {}}`: in this mode, never
    "additionalProperties": _unknown_keys,
    "required": _missing_keys,
    "anyOf": _missing_kind,
    "type": _wrong_type,
    "enum": _wrong_choice,
    "const": _wrong_version,
    "pattern": _wrong_shape,
    "minimum": _wrong_size,
    "maximum": _wrong_size,
    "minLength": _wrong_size,
    "maxLength": _wrong_size,
    "minItems": _wrong_count,
    "maxItems": _wrong_count,
    "minProperties": _too_few_keys,
    "maxProperties": _too_many_keys,
}


def _extras(found: Finding) -> list[str]:
    return [key for key in found.value if key not in found.schema["properties"]]


def _meant(key: str, properties: Mapping[str, Any]) -> str | None:
    labels = {schema["title"]: name for name, schema in properties.items() if "title" in schema}
    return nearest(key, properties, labels)


def _subject(way: Way) -> str:
    name = next((part for part in reversed(way) if isinstance(part, str)), None)
    if name is None:
        return "The file" if not way else "An item"
    return f"An item of `{name}`" if isinstance(way[-1], int) else f"`{name}`"


def _one_of(choices: Any) -> str:  # noqa: ANN401 - a list of an enum, or the keys of a mapping
    return "one of " + ", ".join(f"`{choice}`" for choice in choices)


def _as_list(names: Any) -> list[str]:  # noqa: ANN401 - JSON Schema has it both ways
    return [names] if isinstance(names, str) else list(names)


def _short(text: str) -> str:
    most = 60
    return text if len(text) <= most else f"{text[:most]}…"
