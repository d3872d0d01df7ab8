"""Opposite settings that reading alone sees, and those that it can rule out for certain."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from runner.read.jobs import load
from runner.read.opposites import opposites, warn
from runner.values.vocabulary import Channel, Reason
from tests import second_implementation as second
from tests.strategies import as_ofs, districts, jobs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    from runner.values.conflicts import Opposite
    from runner.values.job import Job
    from tests.strategies import District

ON = {"email": {"general": "on"}, "household_phone": {"general": "on"}}
OFF = {"email": {"general": "off"}, "household_phone": {"general": "off"}}


def read(folder: Path, name: str, **keys: object) -> Job:
    path = folder / f"{name}.yaml"
    calendar = {} if keys.get("mode") == "census_staff" else {"calendar": {"year": 2027}}
    data = {"version": 1, "name": name, "mode": "students", **calendar, "preferences": ON, **keys}
    path.write_text(json.dumps({key: value for key, value in data.items() if value is not None}), encoding="utf-8")
    return load(path)


def cells(found: Sequence[Opposite]) -> list[tuple[int, int, str, str]]:
    return [(each.first.job, each.second.job, each.channel.value, each.reason.value) for each in found]


def test_every_two_jobs_are_compared_cell_by_cell(tmp_path: Path) -> None:
    jobs = [
        read(tmp_path, "one", preferences={"email": {"general": "on", "teacher": "off", "priority": "on"}}),
        read(
            tmp_path, "two", preferences={"email": {"teacher": "on", "priority": "on"}, "cell_phone": {"staff": "on"}}
        ),
        read(tmp_path, "three", preferences={"cell_phone": {"staff": "off"}, "email": {"general": "off"}}),
    ]
    assert cells(opposites(jobs)) == [
        (0, 1, "email", "teacher"),
        (0, 2, "email", "general"),
        (1, 2, "cell_phone", "staff"),
    ]
    assert opposites(jobs[:1]) == ()


def test_both_places_are_told(tmp_path: Path) -> None:
    one = tmp_path / "one.yaml"
    text = "version: 1\nname: {}\nmode: students\ncalendar: {{year: 2027}}\npreferences:\n  email: {}\n"
    one.write_text(text.format("one", "{general: on}"), encoding="utf-8")
    two = tmp_path / "two.yaml"
    two.write_text(text.format("two", "\n    teacher: on\n    general: off"), encoding="utf-8")
    [found] = opposites([load(one), load(two)])
    assert (found.channel, found.reason) == (Channel.EMAIL, Reason.GENERAL)
    assert [(each.name, each.on, str(each.place)) for each in (found.first, found.second)] == [
        ("one", True, f"{one}:6:11"),
        ("two", False, f"{two}:8:5"),
    ]
    warned = warn(found)
    assert warned.code == "opposite-settings"
    assert warned.message == f"`email: general` is on here, and off at {two}:8:5"
    assert (warned.place, warned.also) == (found.first.place, found.second.place)


def query(field: str, **operator: object) -> dict[str, object]:
    return {"field": f"person.{field}", **operator}


SPANISH, POLISH = {"field": "person.language", "equals": "Spanish"}, {"field": "person.language", "equals": "Polish"}
BORN = {"field": "person.birth_date", "equals": "2010-05-01"}
APART: dict[str, tuple[Any, Any]] = {
    "other values": (SPANISH, POLISH),
    "a value and its not": (SPANISH, {"not": SPANISH}),
    "case does not count": (SPANISH, {"field": "person.language", "not_equals": "SPANISH"}),
    "lists without a value in common": (query("language", **{"in": ["a", "b"]}), query("language", **{"in": ["c"]})),
    "a list and what is not in it": (query("gender", **{"in": ["a", "b"]}), query("gender", not_in=["b", "a", "c"])),
    "missing and not": (query("gender", is_null=True), query("gender", is_null=False)),
    "missing and a value": (query("gender", is_null=True), query("gender", equals="F")),
    "missing and unequal": (query("gender", is_null=True), query("gender", not_equals="F")),
    "other people": ({"people": [1, 2]}, {"people": [3]}),
    "people, and a field": ({"people": [1, 2]}, {"field": "person.person_id", "equals": 3}),
    "people and not": ({"people": [1, 2]}, {"not": {"people": [2, 1, 3]}}),
    "deep in the tree": ({"all": [BORN, {"all": [SPANISH, BORN]}]}, {"not": {"any": [BORN, SPANISH]}}),
    "an any of one": ({"any": [SPANISH]}, {"not": {"all": [{"not": POLISH}]}}),
    "not of not": ({"not": {"not": SPANISH}}, POLISH),
    "one that nobody fulfils": ({"all": [SPANISH, POLISH]}, None),
    "dates": (BORN, {"field": "person.birth_date", "equals": "2010-05-02"}),
    "unequal and missing again": (
        query("gender", not_equals="F"),
        {"not": {"field": "person.gender", "is_null": False}},
    ),
}
PERHAPS_TOGETHER: dict[str, tuple[Any, Any]] = {
    "no filters": (None, None),
    "one filter": (SPANISH, None),
    "the same": (SPANISH, SPANISH),
    "other fields": (SPANISH, BORN),
    "any": ({"any": [SPANISH, BORN]}, {"not": SPANISH}),
    "not of all": ({"not": {"all": [SPANISH, BORN]}}, SPANISH),
    "not equal is true of the missing": ({"not": SPANISH}, {"field": "person.language", "is_null": True}),
    "ordering is not looked at": (
        query("birth_date", less_than="2010-01-01"),
        query("birth_date", at_least="2012-01-01"),
    ),
    "patterns are not looked at": (query("language", starts_with="a"), query("language", equals="b")),
    "grades: somebody may have two enrollments": (
        {"field": "enrollment.grade", "equals": "03"},
        {"field": "enrollment.grade", "equals": "04"},
    ),
    "people in common": ({"people": [1, 2]}, {"people": [2, 3]}),
    "SQL": ({"sql": "select person_id from person"}, {"not": {"sql": "select person_id from person"}}),
}


@pytest.mark.parametrize("case", APART)
def test_people_that_filters_part_never_meet_but_at_a_household_phone(case: str, tmp_path: Path) -> None:
    one, other = APART[case]
    found = opposites([read(tmp_path, "one", filter=one), read(tmp_path, "two", filter=other, preferences=OFF)])
    assert cells(found) == [(0, 1, "household_phone", "general")]


@pytest.mark.parametrize("case", PERHAPS_TOGETHER)
def test_what_is_not_certain_is_not_left_out(case: str, tmp_path: Path) -> None:
    one, other = PERHAPS_TOGETHER[case]
    found = opposites([read(tmp_path, "one", filter=one), read(tmp_path, "two", filter=other, preferences=OFF)])
    assert cells(found) == [(0, 1, "household_phone", "general"), (0, 1, "email", "general")]


@pytest.mark.parametrize(
    ("first", "second_mode", "together"),
    [
        ("students", "census_staff", False),
        ("census_staff", "census_staff", False),
        ("student_contacts", "students", True),
        ("census_staff", "student_contacts", True),
    ],
)
def test_contacts_of_other_students_may_be_the_same_people(
    first: str,
    second_mode: str,
    together: bool,  # noqa: FBT001 - what is expected
    tmp_path: Path,
) -> None:
    jobs = [
        read(tmp_path, "one", mode=first, filter=SPANISH),
        read(tmp_path, "two", mode=second_mode, filter=POLISH, preferences=OFF),
    ]
    assert ((0, 1, "email", "general") in cells(opposites(jobs))) is together


def test_calendars_and_grades_prove_nothing(tmp_path: Path) -> None:
    jobs = [
        read(tmp_path, "one", calendar={"year": 2026}, grades=["03"]),
        read(tmp_path, "two", calendar={"year": 2027}, grades=["04"], preferences=OFF),
    ]
    assert len(opposites(jobs)) == 2


def test_what_is_left_out_never_meets(tmp_path: Path) -> None:
    """Of random jobs that reading alone parts, nobody is in scope of both."""
    parted = 0

    @seed(3)
    @settings(
        max_examples=150,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(data=st.data(), district=districts(), as_of=as_ofs())
    def every(data: st.DataObject, district: District, as_of: date) -> None:
        nonlocal parted
        drawn = [data.draw(jobs(district)) for _ in range(2)]
        for job in drawn:
            if job["mode"] == "student_contacts":
                job["mode"] = "students"
                job.pop("guardians_only", None)
        if data.draw(st.booleans()) and "filter" in drawn[0]:
            drawn[1] = {**drawn[0], "filter": {"not": drawn[0]["filter"]}}
        for job, setting in zip(drawn, ("on", "off"), strict=True):
            job["preferences"] = {"email": {"general": setting}}
        path = tmp_path / "job.yaml"
        loaded = []
        for job in drawn:
            path.write_text(json.dumps({"version": 1, "name": "test", **job}, ensure_ascii=False), encoding="utf-8")
            loaded.append(load(path))
        if not opposites(loaded):
            parted += 1
            people = [second.people_in_scope(district, job, as_of, {}) for job in drawn]
            assert not people[0] & people[1]

    every()
    assert parted >= 15
