"""The synthetic district: the same for the same seed, and with every kind of row that a job can meet."""

from __future__ import annotations

from datetime import date
from math import gcd
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine, func, insert, or_, select, text

from runner.district.demo import fill_demo
from runner.district.demo_names import SCHOOL_NAMES, SCHOOL_PREFIXES
from runner.tables import (
    calendar,
    contact_point,
    district,
    district_assignment,
    enrollment,
    household,
    household_member,
    person,
    relationship,
    school,
)
from runner.values.problems import Problem, Stopped
from runner.values.vocabulary import Channel, Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import ColumnElement, Connection, FromClause

STUDENTS = 1_000
SEPTEMBER, AUTUMN = date(2025, 9, 2), date(2026, 10, 1)


@pytest.fixture(scope="module")
def demo() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.connect().execution_options(schema_translate_map={"district": None}) as connection:
        district.create_all(connection)
        fill_demo(connection, STUDENTS, 1, lambda _table, _rows: None)
        yield connection
    engine.dispose()


@pytest.fixture
def empty() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.connect().execution_options(schema_translate_map={"district": None}) as connection:
        connection.execute(text("pragma foreign_keys = on"))
        district.create_all(connection)
        yield connection
    engine.dispose()


def count(connection: Connection, source: FromClause, *conditions: ColumnElement[bool]) -> int:
    return connection.execute(select(func.count()).select_from(source).where(*conditions)).scalar_one()


def active(table: FromClause, day: date) -> ColumnElement[bool]:
    started = or_(table.c.start_date.is_(None), table.c.start_date <= day)
    return started & or_(table.c.end_date.is_(None), table.c.end_date >= day)


def content(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    return {
        table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
        for table in district.sorted_tables
    }


def demo_of(students: int, seed: int) -> dict[str, list[tuple[Any, ...]]]:
    engine = create_engine("sqlite://")
    with engine.connect().execution_options(schema_translate_map={"district": None}) as connection:
        district.create_all(connection)
        fill_demo(connection, students, seed, lambda _table, _rows: None)
        rows = content(connection)
    engine.dispose()
    return rows


def test_counts_and_progress_are_the_rows_of_each_table_in_an_order_that_references_allow(empty: Connection) -> None:
    told: list[tuple[str, int]] = []
    rows = fill_demo(empty, 40, 1, lambda table, count: told.append((table, count)))
    assert list(rows.items()) == told
    assert rows == {table.name: count(empty, table) for table in district.sorted_tables}
    assert [table for table, _ in told] == [table.name for table in district.tables.values()]
    assert empty.execute(text("pragma foreign_key_check")).all() == []


def test_the_same_seed_makes_the_same_district() -> None:
    assert demo_of(100, 5) == demo_of(100, 5)


def test_another_seed_makes_another_district() -> None:
    one, other = demo_of(100, 5), demo_of(100, 6)
    assert {table for table in one if one[table] == other[table]} <= {"school", "calendar"}


def test_a_second_district_after_a_roll_back_is_the_same(empty: Connection) -> None:
    empty.commit()
    fill_demo(empty, 50, 1, lambda _table, _rows: None)
    first = content(empty)
    empty.rollback()
    assert not any(content(empty).values())
    fill_demo(empty, 50, 1, lambda _table, _rows: None)
    assert content(empty) == first


@pytest.mark.parametrize("students", [1, 31, 32])
def test_there_are_as_many_students_as_asked_for(empty: Connection, students: int) -> None:
    fill_demo(empty, students, 3, lambda _table, _rows: None)
    assert count(empty, person, person.c.student_number.is_not(None)) == students
    assert count(empty, school) == 4


def test_rows_already_there_are_left_alone(empty: Connection) -> None:
    empty.execute(insert(school).values(school_id=1, name="Arthur Elementary"))
    empty.execute(insert(household).values(household_id=1, name="12 Elm Street"))
    with pytest.raises(Stopped) as stopped:
        fill_demo(empty, 10, 1, lambda _table, _rows: None)
    assert stopped.value.problems == (
        Problem(
            "not-empty",
            "The database holds rows already, in household, school.",
            hint="use another database, such as `--database sqlite:///new.db`",
        ),
    )
    assert count(empty, person) == 0


def test_every_reference_holds(demo: Connection) -> None:
    assert demo.execute(text("pragma foreign_key_check")).all() == []
    assert demo.execute(text("pragma integrity_check")).scalar() == "ok"


def test_a_student_has_about_three_people_and_seven_contact_points(demo: Connection) -> None:
    assert 2.6 < count(demo, person) / STUDENTS < 3.4
    assert 6 < count(demo, contact_point) / STUDENTS < 8


def test_schools_and_their_numbers(demo: Connection) -> None:
    assert demo.execute(select(school.c.number, school.c.name).order_by(school.c.school_id)).all() == [
        ("001", "Arthur Elementary"),
        ("002", "Lincoln Middle"),
        ("003", "Roosevelt High"),
        (None, "Fillmore Academy"),
    ]


def test_made_up_schools_have_names_and_numbers_of_their_own() -> None:
    assert gcd(len(SCHOOL_NAMES), len(SCHOOL_PREFIXES)) == 1
    rows = demo_of(4_000, 1)["school"]
    assert len(rows) == 8
    assert len({name for _, _, name in rows}) == 8
    assert {name.rpartition(" ")[2] for _, _, name in rows} == {"Elementary", "Middle", "High", "Academy"}
    assert [number for _, number, _ in rows if number is not None] == [f"{n:03}" for n in range(1, 9) if n != 4]


def test_every_school_has_two_years_and_one_a_summer(demo: Connection) -> None:
    names = demo.execute(select(calendar.c.end_year, calendar.c.name).order_by(calendar.c.calendar_id)).all()
    assert [tuple(row) for row in names] == [
        (2026, "2025-26 Arthur Elementary"),
        (2027, "2026-27 Arthur Elementary"),
        (2026, "2025-26 Lincoln Middle"),
        (2027, "2026-27 Lincoln Middle"),
        (2026, "2025-26 Roosevelt High"),
        (2027, "2026-27 Roosevelt High"),
        (2026, "Summer 2026 Roosevelt High"),
        (2026, "2025-26 Fillmore Academy"),
        (2027, "2026-27 Fillmore Academy"),
    ]


@pytest.mark.parametrize("day", [SEPTEMBER, AUTUMN])
@pytest.mark.parametrize("name", ["Arthur Elementary", "Lincoln Middle", "Roosevelt High", "Fillmore Academy"])
def test_every_school_has_students_on_both_days(demo: Connection, name: str, day: date) -> None:
    enrolled = enrollment.join(calendar).join(school)
    assert count(demo, enrolled, school.c.name == name, active(enrollment, day), enrollment.c.no_show.is_not(True)) > 20


def test_grades_are_those_of_the_school(demo: Connection) -> None:
    taught = select(school.c.name, enrollment.c.grade).select_from(enrollment.join(calendar).join(school)).distinct()
    by_school: dict[str, set[str]] = {}
    for name, grade in demo.execute(taught.where(enrollment.c.service_type == "P")):
        by_school.setdefault(name, set()).add(grade)
    elementary = {"PK", "KG", "01", "02", "03", "04", "05"}
    middle, high = {"06", "07", "08"}, {"09", "10", "11", "12"}
    assert by_school["Arthur Elementary"] == elementary
    assert by_school["Lincoln Middle"] == middle
    assert by_school["Roosevelt High"] == high
    assert by_school["Fillmore Academy"] <= elementary | middle | high


year = enrollment.join(calendar)
point, own = contact_point.c, contact_point.c.person_id


@pytest.mark.parametrize(
    ("source", "condition"),
    [
        (enrollment, enrollment.c.no_show.is_(True)),
        (enrollment, enrollment.c.no_show.is_(None)),
        (enrollment, enrollment.c.no_show.is_(False)),
        (enrollment, enrollment.c.service_type == "S"),
        (enrollment, enrollment.c.service_type == "N"),
        (enrollment, enrollment.c.start_date.is_(None)),
        (enrollment, enrollment.c.start_date == date(2025, 8, 25)),
        (enrollment, enrollment.c.start_date == date(2026, 8, 24)),
        (year, (calendar.c.end_year == 2026) & (enrollment.c.end_date == date(2026, 5, 29))),
        (year, (calendar.c.end_year == 2026) & (enrollment.c.end_date < date(2026, 5, 1))),
        (year, (calendar.c.end_year == 2026) & (enrollment.c.start_date > SEPTEMBER)),
        (year, (calendar.c.end_year == 2027) & enrollment.c.end_date.is_(None)),
        (year, (calendar.c.end_year == 2027) & enrollment.c.end_date.is_not(None)),
        (year, (calendar.c.end_year == 2027) & (enrollment.c.start_date > AUTUMN)),
        (year, calendar.c.name.startswith("Summer")),
        *((relationship, relationship.c.name == name) for name in ("Mother", "Father", "Guardian", "Grandmother")),
        *(
            (relationship, relationship.c.guardian.is_(guardian) & relationship.c.messenger.is_(messenger))
            for guardian in (True, False)
            for messenger in (True, False)
        ),
        (relationship, relationship.c.guardian.is_(None)),
        (relationship, relationship.c.messenger.is_(None)),
        *((table, table.c.end_date < SEPTEMBER) for table in (relationship, household_member, district_assignment)),
        *((table, table.c.start_date > AUTUMN) for table in (relationship, household_member, district_assignment)),
        *((table, active(table, SEPTEMBER)) for table in (relationship, household_member, district_assignment)),
        *((table, active(table, AUTUMN)) for table in (relationship, household_member, district_assignment)),
        (household_member, household_member.c.secondary.is_(True)),
        (household_member, household_member.c.secondary.is_(None)),
        (district_assignment, district_assignment.c.title.is_(None)),
        *((person, person.c.language == language) for language in ("English", "Spanish", "Vietnamese", "Somali")),
        (person, person.c.language == "Français"),
        (person, person.c.language.is_(None)),
        (person, person.c.birth_date.is_(None)),
        *((person, person.c.gender == gender) for gender in ("F", "M", "X")),
        (person, person.c.gender.is_(None)),
        *((contact_point, point.channel == channel) for channel in Channel),
        (contact_point, point.address.is_(None)),
        (contact_point, point.address == "   "),
        (contact_point, point.custom.is_(True)),
        *((contact_point, point[reason].is_(flag)) for reason in Reason for flag in (True, False)),
    ],
)
def test_there_is_every_kind_of_row(demo: Connection, source: FromClause, condition: ColumnElement[bool]) -> None:
    assert count(demo, source, condition) > 0


def most(connection: Connection, *columns: ColumnElement[Any]) -> int:
    """Return how many rows there are at most of one combination of these columns."""
    counts = select(func.count().label("n")).where(columns[0].is_not(None)).group_by(*columns).subquery()
    largest: int = connection.execute(select(func.max(counts.c.n))).scalar_one()
    return largest


def test_siblings_share_contacts_and_a_household(demo: Connection) -> None:
    assert most(demo, relationship.c.contact_id) == 4
    assert most(demo, household_member.c.household_id) >= 6


def test_several_of_a_kind(demo: Connection) -> None:
    assert most(demo, district_assignment.c.person_id) >= 2
    assert most(demo, contact_point.c.person_id, contact_point.c.channel) == 2
    assert most(demo, contact_point.c.household_id) == 2
    assert most(demo, relationship.c.student_id) == 4


def test_every_household_has_a_phone(demo: Connection) -> None:
    with_phone = select(contact_point.c.household_id)
    assert count(demo, household, household.c.household_id.not_in(with_phone.where(own.is_(None)))) == 0


def test_children_of_parents_who_live_apart_have_two_households(demo: Connection) -> None:
    students = select(person.c.person_id).where(person.c.student_number.is_not(None))
    second = count(demo, household_member, household_member.c.secondary.is_(True))
    assert 0.08 < second / STUDENTS < 0.25
    assert most(demo, household_member.c.person_id) == 2
    not_students = household_member.c.person_id.not_in(students)
    assert count(demo, household_member, household_member.c.secondary.is_(True), not_students) == 0


def test_a_twelfth_is_staff_and_some_of_them_are_parents(demo: Connection) -> None:
    staff = select(district_assignment.c.person_id)
    assert 9 < STUDENTS / count(demo, person, person.c.person_id.in_(staff)) < 15
    assert count(demo, person, person.c.person_id.in_(staff) != person.c.staff_number.is_not(None)) == 0
    assert count(demo, relationship, relationship.c.contact_id.in_(staff), relationship.c.messenger.is_(True)) > 0


def test_second_enrollments_are_at_another_school(demo: Connection) -> None:
    first, second = enrollment.alias(), enrollment.alias()
    both = first.join(second, (first.c.person_id == second.c.person_id) & (first.c.service_type == "P"))
    same = (first.c.calendar_id == second.c.calendar_id) & (second.c.service_type != "P")
    assert count(demo, both, second.c.service_type != "P") > 0
    assert count(demo, both, same) == 0


@pytest.mark.parametrize(
    ("condition", "low", "high"),
    [
        (point.address.is_(None), 2, 4),
        (point.address == "   ", 0.5, 1.5),
        (point.custom.is_(True), 5, 7),
        (point.emergency.is_(True), 90, 96),
        (point.staff.is_(True), 2, 6),
        (point.general.is_(True), 50, 60),
    ],
)
def test_rates_in_a_hundred(demo: Connection, condition: ColumnElement[bool], low: float, high: float) -> None:
    assert low < 100 * count(demo, contact_point, condition) / count(demo, contact_point) < high


def test_addresses_are_fiction(demo: Connection) -> None:
    mail = point.channel.in_([Channel.EMAIL, Channel.SECONDARY_EMAIL])
    there = func.trim(point.address) != ""
    kept_for_fiction = point.address.regexp_match(r"^\([2-9][0-9]{2}\) 555-01[0-9]{2}$")
    assert count(demo, contact_point, ~mail, there, ~kept_for_fiction) == 0
    assert (
        count(demo, contact_point, mail, there, ~point.address.regexp_match(r"^p[0-9]+@[a-z.]+\.(org|example)$")) == 0
    )
    assert count(demo, contact_point, mail, there) > 0
