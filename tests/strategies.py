"""Hypothesis strategies for small, nasty districts and valid jobs about them, fast enough for thousands of examples.

Every row is one draw of bytes, one byte a choice: 0 is the plainest option, a missing byte is 0, and a row of zeros is
no row, so shrinking a byte simplifies a value and shrinking a row drops it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, TypeVar

from hypothesis import strategies as st

District = dict[str, list[dict[str, object]]]
Job = dict[str, Any]
T = TypeVar("T")

SIGMA = "\N{GREEK SMALL LETTER SIGMA}"
DAY = date(2025, 9, 2)
"""The day around which the dates of the districts crowd."""

CHANNELS = ("email", "cell_phone", "home_phone", "work_phone", "secondary_email")
REASONS = ("emergency", "attendance", "behavior", "staff", "general", "food_service", "priority", "teacher")
FLAGS = (*(True,) * 6, False, None)

# Every pool starts with its plainest value; a value that stands twice is drawn more often.
BEFORE, AFTER = DAY - timedelta(1), DAY + timedelta(1)
STARTS = (*(None, DAY - timedelta(30), DAY, BEFORE) * 4, AFTER, DAY + timedelta(40))
ENDS = (*(None, DAY + timedelta(30), DAY, AFTER) * 4, BEFORE, DAY - timedelta(20))
BIRTHS = (None, date(2010, 5, 1), date(2010, 5, 2), date(1980, 2, 29), date(1999, 12, 31))
FIRST_NAMES = (
    *("Ana", "ana", "ANA ", "Bo", "Éva", "éva", "Eva", "İpek", "i̇pek", "Σίσυφος", "ΣΊΣΥΦΟΣ"),
    *("😀", "ﬁ", "\\", "%", "_", "O'Neil"),
)
LAST_NAMES = (
    *("Lee", "lee", "Groß", "GROSS", "groß ", "Ὀδυσσεύς", "ὈΔΥΣΣΕΎΣ", "100%", "a_b", "axb"),
    *('quo"te', "back\\slash", "𐐀", "𐐨", "\uffee"),
)
GENDERS = ("F", "M", "f", "X", None)
LANGUAGES = (
    *("Spanish", "spanish", "SPANISH ", "Español", "espanol", None, None, "", "Ελληνικός", "ελληνικόσ", "ΕΛΛΗΝΙΚΌΣ"),
    *("ﬁnnish", "finnish", "German ß", "german ss", "İ", "i", "100%", "a_b", "😀", " "),
)
NUMBERS = ("1", "10", "2", "a1", "A1", "1 ", None, None)
GRADES = ("03", "03", "04", "KG", "kg", "KG ", "12", "É", "é", "ς", "Σ")
RELATIONS = ("Mother", "Father", "Guardian", "Mother")
TITLES = ("Teacher", "teacher", "TEACHER ", "Principal", None, None, "Coach_1", "Coach%", "Διευθυντής", "ΔΙΕΥΘΥΝΤΉΣ")
SCHOOL_NAMES = (
    *("Lincoln", "LINCOLN", "Lincoln ", "École", "ecole", "Straße", "STRASSE", "Δρόμος", "ΔΡΌΜΟΣ", "İnönü", "100%"),
    *("A_B", "AxB", "O'Hara \\", 'So "X"', "ﬁ", "😀"),
)
SCHOOL_NUMBERS = ("001", "lincoln", None, "école", "7%", None, SIGMA, "straße", "a_b")
CALENDAR_NAMES = ("Main", "MAIN", "Main ", "Summer", "Été", "été", "Δρόμος", "%")
END_YEARS = (2026, 2026, 2025, 2027)
PRESENT = ("a@b.example", "555-0100", "\u00a0", " x ", "\u2003", "\x0b")
ADDRESSES = (*PRESENT[:2] * 8, *PRESENT, None, "", " ", "\t \r\n")
PERSON_IDS = (1, 2, 3, 5, 6, 8, 40, 4, 2**31 + 7, 9, 11, 7)
UNKNOWN_PERSON = 999_999
SPECIAL_POINTS = (
    *(12, 3, 2**31 + 5, 7, -4, 40, 2**31 - 1, 1, 2**31 - 2, 2**32 + 3, 21, 2**31, 2**53 + 1, -(2**31) - 3, 5),
)

EQUALITY = ("equals", "not_equals", "in", "not_in", "is_null", "not_equals", "not_in")
ORDER = ("less_than", "at_most", "greater_than", "at_least", "between")
PATTERNS = ("contains", "starts_with", "ends_with")
PERSON_COLUMNS = ("language", "gender", "first_name", "last_name", "birth_date", "person_id", "student_number")
PERSON_FIELDS = tuple(f"person.{column}" for column in (*PERSON_COLUMNS, "staff_number", "language"))
ENROLLMENT_FIELDS = tuple(f"enrollment.{column}" for column in ("grade", "service_type", "start_date", "end_date"))
ASSIGNMENT_FIELDS = tuple(f"assignment.{column}" for column in ("school", "title", "school", "start_date", "end_date"))
TABLES = {"person": "person", "enrollment": "enrollment", "assignment": "district_assignment"}
DISTRICT_TABLES = (
    *("school", "calendar", "person", "enrollment", "relationship", "household"),
    *("household_member", "district_assignment", "contact_point"),
)
DEEPEST = 3
# All draws are rows, equally wide: hypothesis mutates by putting one draw in the place of another, and what does not
# fit becomes zeros.
ROW = st.binary(min_size=24, max_size=24)
FEW = (6, 7, 8, 5, 10, 12, 4, 3, 6, 7, 8, 9, 5, 10, 12, 2, 1, 0)
MANY = (9, 10, 12, 14, 16, 8, 10, 12, 14, 16, 7, 5, 3, 2, 1, 0)
SIZES = (
    (2, 1, 3, 4),  # schools
    (3, 2, 1, 4, 6),  # calendars
    FEW,  # people with their own contact points
    (3, 2, 4, 1, 5, 3, 2, 4, 3, 3, 2, 0),  # households with their phones
    FEW,  # enrollments
    MANY,  # relationships
    MANY,  # memberships
    (4, 3, 2, 5, 6, 8, 4, 3, 2, 5, 1, 0),  # assignments
)


@dataclass(slots=True)
class Choices:
    """Bytes, read one by one as choices; past the end every choice is the first option."""

    data: bytes
    place: int = field(default=0)

    def below(self, end: int) -> int:
        """Give a number from 0 to end - 1."""
        self.place += 1
        return self.data[self.place - 1] % end if self.place <= len(self.data) else 0

    def one_of(self, options: Sequence[T]) -> T:
        """Give one of the options, the first for 0."""
        return options[self.below(len(options))]

    def once_in(self, times: int) -> bool:
        """Give True once in so many times, False for 0."""
        return self.below(times) == times - 1


def as_ofs() -> st.SearchStrategy[date]:
    """Mostly the day around which the districts' dates crowd; else its neighbours, and the turn of the school year."""
    near = [DAY + timedelta(days) for days in (1, -1, 30, 31, -30)]
    far = [date(2026, 6, 30), date(2025, 7, 1), date(2025, 6, 30), date(2024, 2, 29)]
    return st.sampled_from([DAY] * 12 + near + far)


# Districts.


@st.composite
def districts(draw: st.DrawFn) -> District:
    """Districts of up to 12 people, with at least one school and calendar: integrity holds, little else is regular."""
    header = Choices(draw(ROW))
    tables = []
    for sizes in SIZES:
        rows = [draw(ROW) for _ in range(header.one_of(sizes))]
        tables.append([Choices(row) for row in rows if any(row)])
    return _district(tables)


def _district(tables: list[list[Choices]]) -> District:
    schools, calendars, people, households, enrollments, relationships, memberships, assignments = tables
    schools, calendars = schools or [Choices(b"")], calendars or [Choices(b"")]
    district: District = {table: [] for table in DISTRICT_TABLES}
    _add_schools(district, schools, calendars)
    for person_id, choices in zip(PERSON_IDS, people, strict=False):
        _add_person(district, person_id, choices)
    for household_id, choices in enumerate(households, start=1):
        district["household"].append({"household_id": household_id, "name": "Family"})
        for _ in range(choices.one_of((1, 0, 2, 3))):
            _add_contact_point(district, "household_phone", choices, household_id=household_id)
    if not people:
        return district
    ids = [person["person_id"] for person in district["person"]]
    for enrollment_id, choices in enumerate(enrollments, start=1):
        district["enrollment"].append(_enrollment(enrollment_id, choices, ids, district))
    for relationship_id, choices in enumerate(relationships, start=1):
        district["relationship"].append(_relationship(relationship_id, choices, ids, district))
    for member_id, choices in enumerate(memberships if households else [], start=1):
        district["household_member"].append(
            {
                "household_member_id": member_id,
                "household_id": choices.below(len(households)) + 1,
                "person_id": choices.one_of(ids),
                "start_date": choices.one_of(STARTS),
                "end_date": choices.one_of(ENDS),
                "secondary": choices.one_of((False, True, None)),
            },
        )
    for assignment_id, choices in enumerate(assignments, start=1):
        district["district_assignment"].append(
            {
                "assignment_id": assignment_id,
                "person_id": choices.one_of(ids),
                "school_id": choices.below(len(schools)) + 1,
                "start_date": choices.one_of(STARTS),
                "end_date": choices.one_of(ENDS),
                "title": choices.one_of(TITLES),
            },
        )
    return district


def _add_schools(district: District, schools: Sequence[Choices], calendars: Sequence[Choices]) -> None:
    taken: set[str] = set()
    for school_id, choices in enumerate(schools, start=1):
        number = choices.one_of(SCHOOL_NUMBERS)
        if number in taken:  # a school's number is unique
            number = None
        if number is not None:
            taken.add(number)
        district["school"].append({"school_id": school_id, "number": number, "name": choices.one_of(SCHOOL_NAMES)})
    for calendar_id, choices in enumerate(calendars, start=1):
        district["calendar"].append(
            {
                "calendar_id": calendar_id,
                "school_id": choices.below(len(schools)) + 1,
                "end_year": choices.one_of(END_YEARS),
                "name": choices.one_of(CALENDAR_NAMES),
            },
        )


def _add_person(district: District, person_id: int, choices: Choices) -> None:
    district["person"].append(
        {
            "person_id": person_id,
            "first_name": choices.one_of(FIRST_NAMES),
            "last_name": choices.one_of(LAST_NAMES),
            "birth_date": choices.one_of(BIRTHS),
            "gender": choices.one_of(GENDERS),
            "language": choices.one_of(LANGUAGES),
            "student_number": choices.one_of(NUMBERS),
            "staff_number": choices.one_of(NUMBERS),
        },
    )
    for _ in range(choices.one_of((2, 1, 3, 0, 2))):
        _add_contact_point(district, choices.one_of(CHANNELS), choices, person_id=person_id)


def _add_contact_point(
    district: District,
    channel: str,
    choices: Choices,
    *,
    person_id: int | None = None,
    household_id: int | None = None,
) -> None:
    so_far = len(district["contact_point"])
    rest = 100 + so_far * 31 % 64  # not in order, and no number twice: at most 51 points
    address = choices.one_of(ADDRESSES)
    preferences = choices.below(256)
    district["contact_point"].append(
        {
            "contact_point_id": SPECIAL_POINTS[so_far] if so_far < len(SPECIAL_POINTS) else rest,
            "person_id": person_id,
            "household_id": household_id,
            "channel": channel,
            "address": address,
            **{reason: bool(preferences >> place & 1) for place, reason in enumerate(REASONS)},
            "custom": choices.once_in(4),
        },
    )


def _enrollment(enrollment_id: int, choices: Choices, ids: list[object], district: District) -> dict[str, object]:
    return {
        "enrollment_id": enrollment_id,
        "person_id": choices.one_of([*ids[: len(ids) // 2 + 1] * 4, *ids]),  # so that students have contacts
        "calendar_id": choices.one_of(district["calendar"])["calendar_id"],
        "start_date": choices.one_of(STARTS),
        "end_date": choices.one_of(ENDS),
        "grade": choices.one_of(GRADES),
        "service_type": choices.one_of(("P", "P", "S", "N")),
        "no_show": choices.one_of((*(False, None) * 4, True)),
    }


def _relationship(relationship_id: int, choices: Choices, ids: list[object], district: District) -> dict[str, object]:
    enrolled = [enrollment["person_id"] for enrollment in district["enrollment"]]
    return {
        "relationship_id": relationship_id,
        "student_id": choices.one_of([*enrolled * 2, *ids]),
        "contact_id": choices.one_of(ids[::-1]),
        "messenger": choices.one_of(FLAGS),
        "start_date": choices.one_of(STARTS),
        "end_date": choices.one_of(ENDS),
        "guardian": choices.one_of(FLAGS),
        "name": RELATIONS[relationship_id % len(RELATIONS)],
    }


# Pass-through SELECTs of which Python knows the answer.


def _ids(
    rows: Sequence[dict[str, object]],
    holds: Callable[[dict[str, Any]], bool],
    column: str = "person_id",
) -> set[int]:
    found: list[Any] = [row[column] for row in rows if holds(row)]
    return {each for each in found if each is not None}


def pass_through_ids(district: District, as_of: date) -> dict[str, set[int]]:
    """Every SELECT that a job of `jobs(district, pass_through=True)` may hold, and the ids it gives on that day."""
    contacts = _ids(district["relationship"], lambda _: True, "contact_id")
    return {
        "select person_id from person where person_id > 5": _ids(district["person"], lambda row: row["person_id"] > 5),
        "select person_id from person where gender is null": _ids(
            district["person"],
            lambda row: row["gender"] is None,
        ),
        "select person_id from enrollment where end_date is null": _ids(
            district["enrollment"],
            lambda row: row["end_date"] is None,
        ),
        "select person_id from enrollment where start_date <= :as_of": _ids(
            district["enrollment"],
            lambda row: row["start_date"] is not None and row["start_date"] <= as_of,
        ),
        "select person_id from contact_point": _ids(district["contact_point"], lambda _: True),
        "select person_id from contact_point where channel = 'email'": _ids(
            district["contact_point"],
            lambda row: row["channel"] == "email",
        ),
        "select contact_id as person_id from relationship": contacts,
        "select p.person_id from person p where p.person_id not in (select contact_id from relationship)": _ids(
            district["person"],
            lambda row: row["person_id"] not in contacts,
        ),
        "select person_id from person where 'a:b' = 'a:b'": _ids(district["person"], lambda _: True),
        "select person_id from person where person_id < 0": set(),
    }


# Jobs.


def jobs(district: District, *, pass_through: bool = False) -> st.SearchStrategy[Job]:
    """Give valid jobs about this district, as the YAML would say them; most values occur in it, if not so spelt.

    `pass_through` lets filters hold `{"sql": ...}` leaves, each a key of `pass_through_ids`. Every entry of `calendar`
    matches a calendar, except that `year: current` may not on some days.
    """
    texts = list(pass_through_ids(district, DAY)) if pass_through else []
    return st.tuples(*[ROW] * 6).map(
        lambda rows: _job(
            district,
            Choices(rows[0] + rows[1]),
            Choices(rows[2] + rows[3]),
            Choices(rows[4] + rows[5]),
            texts,
        ),
    )


def _job(district: District, choices: Choices, leaves: Choices, matrix: Choices, texts: Sequence[str]) -> Job:
    mode = choices.one_of(("student_contacts", "students", "student_contacts", "census_staff"))
    job: Job = {"mode": mode}
    if mode != "census_staff" or choices.once_in(3):
        job["calendar"] = _calendars(district, choices)
    if mode != "census_staff":
        if choices.once_in(4):
            grades = [_respelt(str(row["grade"]), choices) for row in district["enrollment"][:4]]
            job["grades"] = sorted({*grades, choices.one_of(GRADES)})
        if choices.once_in(2):
            job["enrollment"] = choices.one_of(("active", "not_ended", "any"))
    if mode == "student_contacts" and choices.once_in(3):
        job["guardians_only"] = choices.one_of((False, True))
    if mode == "census_staff" or choices.once_in(2):
        job["filter"] = _tree(district, leaves, mode, texts, depth=0)
    job["preferences"] = _preferences(district, matrix)
    if choices.once_in(2):
        job["custom_selections"] = choices.one_of(("overwrite", "overwrite", "refuse", "keep"))
    if choices.once_in(3):
        job["allow_empty"] = choices.one_of((False, True))
    if choices.once_in(3):
        job["limits"] = _limits(choices)
    return job


def _calendars(district: District, choices: Choices) -> dict[str, Any] | list[dict[str, Any]]:
    entries = [_calendar_entry(district, choices) for _ in range(choices.one_of((1, 1, 2, 2, 3)))]
    return entries[0] if len(entries) == 1 and not choices.once_in(2) else entries


def _calendar_entry(district: District, choices: Choices) -> dict[str, Any]:
    calendar_id = choices.one_of(district["enrollment"] or district["calendar"])["calendar_id"]
    [calendar] = [row for row in district["calendar"] if row["calendar_id"] == calendar_id]
    [school] = [row for row in district["school"] if row["school_id"] == calendar["school_id"]]
    keys = choices.one_of(("year", "school", "school year", "year", "name", "school name", "school year name"))
    entry: dict[str, Any] = {}
    if "school" in keys:
        names = [str(text) for text in (school["name"], school["number"]) if text is not None]
        entry["school"] = _respelt(choices.one_of(names), choices)
    if "year" in keys:
        current = calendar["end_year"] == DAY.year + 1 and choices.once_in(2)
        entry["year"] = "current" if current else calendar["end_year"]
    if "name" in keys:
        entry["name"] = _respelt(str(calendar["name"]), choices)
    return entry


def _respelt(text: str, choices: Choices) -> str:
    """Spell a text as it is, or with other capitals of the same lower case; ß and ﬁ have none."""
    other = choices.one_of((text, text.swapcase(), text.upper(), text.lower()))
    return other if _folded(other) == _folded(text) else text


def _preferences(district: District, choices: Choices) -> dict[str, dict[str, str]]:
    channels = ("household_phone", *CHANNELS)
    used = [str(row["channel"]) for row in district["contact_point"]]
    preferences: dict[str, dict[str, str]] = {}
    if choices.once_in(2):  # the whole matrix
        settings = choices.one_of((("on", "no_change"), ("off", "no_change"), ("on", "off")))
        preferences = {channel: {reason: choices.one_of(settings) for reason in REASONS} for channel in channels}
    else:
        for _ in range(choices.one_of((1, 2, 3, 4, 6, 8))):
            row = preferences.setdefault(choices.one_of((*channels, *used * 2)), {})
            row[choices.one_of(REASONS)] = choices.one_of(("off", "on", "off", "on", "no_change"))
    if not any(setting != "no_change" for row in preferences.values() for setting in row.values()):
        preferences.setdefault("email", {})["general"] = "on"  # a job sets something
    return preferences


def _limits(choices: Choices) -> dict[str, Any]:
    limits: dict[str, Any] = {}
    limits["changed"] = choices.one_of(("25%", 1000, 0, "0%", 3, "12.5%", "100%", "50%", "33.3%", 8))
    for guard in ("people", "custom", "lost"):
        if choices.once_in(2):
            limits[guard] = choices.one_of((0, 1, 2, 3, 1000))
    if len(limits) > 1 and choices.once_in(2):
        del limits["changed"]
    return limits


def _tree(district: District, choices: Choices, mode: str, texts: Sequence[str], depth: int) -> dict[str, Any]:
    kind = choices.one_of(("leaf", "any", "not", "any", "all", "leaf")) if depth < DEEPEST else "leaf"
    if kind == "not":
        return {"not": _tree(district, choices, mode, texts, depth + 1)}
    if kind in ("all", "any"):
        branches = range(choices.one_of((2, 1, 3, 2)))
        return {kind: [_tree(district, choices, mode, texts, depth + 1) for _ in branches]}
    if texts and choices.once_in(3):
        return {"sql": choices.one_of(texts)}
    if choices.once_in(8):
        ids = {int(str(row["person_id"])) for row in district["person"] if choices.once_in(2)}
        return {"people": sorted(ids) if ids and choices.once_in(2) else sorted({*ids, UNKNOWN_PERSON})}
    return _query(district, choices, mode)


def _query(district: District, choices: Choices, mode: str) -> dict[str, Any]:
    of_mode = ASSIGNMENT_FIELDS if mode == "census_staff" else ENROLLMENT_FIELDS
    name = choices.one_of(PERSON_FIELDS + of_mode * 2)
    dated = name.endswith("_date")
    operators: tuple[str, ...] = EQUALITY
    if name not in ("enrollment.grade", "assignment.school"):
        operators += ORDER
    if not dated and name != "person.person_id":
        operators += PATTERNS
    operator = choices.one_of(operators)
    found = _occurring(district, name)
    if operator == "is_null":
        return {"field": name, operator: choices.one_of((False, True))}
    if operator in PATTERNS:
        return {"field": name, operator: _part(str(choices.one_of(found)), operator, choices)}
    if operator == "between":
        pair = [_wanted(choices.one_of(found), choices) for _ in range(2)]
        return {"field": name, operator: sorted(pair, key=_folded)}
    if operator in ("in", "not_in"):
        several = {_wanted(choices.one_of(found), choices) for _ in range(choices.one_of((1, 2, 3)))}
        return {"field": name, operator: sorted(several)}
    return {"field": name, operator: _wanted(choices.one_of(found), choices)}


def _occurring(district: District, name: str) -> list[Any]:
    """List the values of a field in the district, and one that need not occur."""
    if name == "assignment.school":
        values: list[Any] = [row[column] for row in district["school"] for column in ("name", "number")]
        return [*(value for value in values if value is not None), "Lincoln"]
    table, column = name.split(".")
    values = [row[column] for row in district[TABLES[table]]]
    other: Any = "a"
    if column.endswith("_date"):
        other = DAY
    if column == "person_id":
        other = UNKNOWN_PERSON
    return [*(value for value in values if value is not None), other]


def _wanted(value: Any, choices: Choices) -> Any:  # noqa: ANN401 -- a text, an id or a date
    """Say a value of the district as a job would: dates as ISO text, some a day off; texts in some spelling."""
    if isinstance(value, date):
        return (value + timedelta(choices.one_of((0, 0, 1, -1)))).isoformat()
    return _respelt(value, choices) if isinstance(value, str) else value


def _folded(value: Any) -> Any:  # noqa: ANN401 -- a text, an id or a date
    return value.lower().replace("ς", SIGMA) if isinstance(value, str) else value


def _part(text: str, operator: str, choices: Choices) -> str:
    """Cut a part out of a text where the operator looks for it, never nothing; `%` and `_` often."""
    if choices.once_in(8):
        return choices.one_of(("%", "_", "\\", "'", "s", SIGMA))
    cut = choices.below(len(text) or 1)
    part = {"starts_with": text[: cut + 1], "ends_with": text[cut:], "contains": text[cut : cut + 2]}[operator]
    return _respelt(part or "a", choices)
