"""SPEC sections 3 to 6 a second time, in plain loops: independent evidence of what a run and an undo must give.

It shares no code with `runner` (the standard library only) and prefers what is obviously right to what is fast. Every
count of people is a set first; `as_of` is the D of the SPEC.
"""

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from types import MappingProxyType
from typing import Any, TypedDict

from tests.second_filter import Case, Row, fold, fulfils, same_text, selected_people

CHANNELS = ("household_phone", "home_phone", "work_phone", "cell_phone", "email", "secondary_email")
BITS = {
    "emergency": 1,
    "attendance": 2,
    "behavior": 4,
    "staff": 8,
    "general": 16,
    "food_service": 32,
    "priority": 64,
    "teacher": 128,
}
PRIME = 2147483647
FIRST_MONTH_OF_SCHOOL_YEAR = 7
NOTHING: Row = MappingProxyType({})

District = Mapping[str, Sequence[Row]]
Change = tuple[int, str, int, int]


class Cell(TypedDict):
    """What a run does in one cell."""

    set: str
    changed: int
    already: int
    kept: int


class UndoCell(TypedDict):
    """What an undo does in one cell."""

    restored: int
    conflict: int
    gone: int


class Reach(TypedDict):
    """How many people in scope a reason reaches, before and after."""

    people: int
    before: int
    after: int
    gained: int
    lost: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run gives; of a refused one too, except that `contact_points_after` is then as before."""

    people: frozenset[int]
    counts: dict[str, dict[str, Cell]]
    eligible: int
    changed: int
    contact_points: int
    custom_overwritten: int
    bystanders: int
    reach: dict[str, Reach]
    lost: int
    fingerprint: str
    changes: list[Change]
    contact_points_after: list[dict[str, Any]]
    broken: list[str]
    empty: bool
    warnings: frozenset[str]
    unmatched_calendars: int
    """Entries of `calendar` that match no calendar: elsewhere an error, here they match nothing."""


@dataclass(frozen=True, slots=True)
class UndoOutcome:
    """What an undo gives; of one refused by a conflict too, except that `contact_points_after` is then as before."""

    people: frozenset[int]
    counts: dict[str, dict[str, UndoCell]]
    changes: list[Change]
    contact_points_after: list[dict[str, Any]]
    conflict: bool


def run(
    district: District,
    job: Mapping[str, Any],
    as_of: date,
    pass_through: Mapping[str, AbstractSet[int]] = NOTHING,
) -> Outcome:
    """Say everything that a run of this job on that day gives; the district is left as it is."""
    people = people_in_scope(district, job, as_of, pass_through)
    settings = settings_of(job)
    counts: dict[str, dict[str, Cell]] = {}
    for channel, reason in settings:
        setting = settings[channel, reason]
        counts.setdefault(channel, {})[reason] = {"set": setting, "changed": 0, "already": 0, "kept": 0}

    after: list[dict[str, Any]] = []
    changes: list[Change] = []
    custom_overwritten = 0
    for before in district["contact_point"]:
        point = dict(before)
        for (channel, reason), setting in settings.items():
            if not is_eligible(district, point, (channel, reason), people, as_of):
                continue
            cell = counts[channel][reason]
            if point[reason] == (setting == "on"):
                cell["already"] += 1
            elif point["custom"] and job.get("custom_selections", "keep") == "keep":
                cell["kept"] += 1
            else:
                cell["changed"] += 1
                point[reason] = setting == "on"
        after.append(point)
        if point != before:
            changes.append((point["contact_point_id"], point["channel"], bits(before), bits(point)))
            custom_overwritten += 1 if point["custom"] else 0
    changes.sort()

    bystanders = people_beside(district, people, changes, as_of)
    reasons = [reason for reason in BITS if any(reason == set_reason for _, set_reason in settings)]
    reach = {reason: reach_of(district, after, people, reason, as_of) for reason in reasons}
    lost: set[int] = set()
    for reason in reasons:
        lost |= people_lost(district, after, people | bystanders, reason, as_of)

    cells = [cell for row in counts.values() for cell in row.values()]
    changed = sum(cell["changed"] for cell in cells)
    eligible = sum(cell["changed"] + cell["already"] + cell["kept"] for cell in cells)
    numbers = {"people": len(people), "changed": changed, "custom": custom_overwritten, "lost": len(lost)}
    broken = broken_limits(job, numbers, eligible)
    return Outcome(
        people=frozenset(people),
        counts=counts,
        eligible=eligible,
        changed=changed,
        contact_points=len(changes),
        custom_overwritten=custom_overwritten,
        bystanders=len(bystanders),
        reach=reach,
        lost=len(lost),
        fingerprint=fingerprint(changes),
        changes=changes,
        contact_points_after=[dict(point) for point in district["contact_point"]] if broken else after,
        broken=broken,
        empty=not people,
        warnings=warnings_of(district, job, counts, custom_overwritten, len(lost)),
        unmatched_calendars=sum(
            not any(entry_matches(entry, calendar, district, as_of) for calendar in district["calendar"])
            for entry in calendar_entries(job)
        ),
    )


def undo(
    district_now: District,
    changes: Sequence[Change],
    as_of: date,
    cells: Mapping[str, Collection[str]],
    *,
    skip_conflicts: bool,
) -> UndoOutcome:
    """Say everything that taking these changes back gives; the district is left as it is."""
    counts: dict[str, dict[str, UndoCell]] = {}
    for channel in CHANNELS:
        for reason in BITS:
            if reason in cells.get(channel, ()):
                counts.setdefault(channel, {})[reason] = {"restored": 0, "conflict": 0, "gone": 0}

    after = [dict(point) for point in district_now["contact_point"]]
    undone: list[Change] = []
    people: set[int] = set()
    for contact_point_id, channel, run_before, run_after in changes:
        found = [p for p in after if p["contact_point_id"] == contact_point_id and p["channel"] == channel]
        touched = [reason for reason in BITS if run_before & BITS[reason] != run_after & BITS[reason]]
        for reason in touched if not found else []:
            counts[channel][reason]["gone"] += 1
        for point in found:
            before = bits(point)
            for reason in touched:
                if bool(point[reason]) == bool(run_after & BITS[reason]):
                    counts[channel][reason]["restored"] += 1
                    point[reason] = bool(run_before & BITS[reason])
                else:
                    counts[channel][reason]["conflict"] += 1
            if bits(point) != before:
                undone.append((contact_point_id, channel, before, bits(point)))
                people |= people_of(district_now, point, as_of)
    undone.sort()

    any_conflict = any(cell["conflict"] for row in counts.values() for cell in row.values())
    conflict = any_conflict and not skip_conflicts
    return UndoOutcome(
        people=frozenset(people),
        counts=counts,
        changes=undone,
        contact_points_after=[dict(point) for point in district_now["contact_point"]] if conflict else after,
        conflict=conflict,
    )


# Section 2: rows.


def is_active(row: Row, as_of: date) -> bool:
    """Say whether a dated row holds on that day, both ends included."""
    started = row["start_date"] is None or row["start_date"] <= as_of
    ended = row["end_date"] is not None and row["end_date"] < as_of
    return started and not ended


def bits(point: Row) -> int:
    """Put all eight preferences of a contact point in one number."""
    return sum(bit for reason, bit in BITS.items() if point[reason])


def has_address(point: Row) -> bool:
    """Say whether the address is more than nothing, space, tab, CR and LF; a no-break space is an address."""
    return point["address"] is not None and point["address"].strip(" \t\r\n") != ""


def people_of(district: District, point: Row, as_of: date) -> set[int]:
    """Say whose contact point it is: its person, or the members of its household that are active on the day."""
    if point["channel"] != "household_phone":
        return {point["person_id"]}
    return {
        member["person_id"]
        for member in district["household_member"]
        if member["household_id"] == point["household_id"] and is_active(member, as_of)
    }


def has_assignment(district: District, person_id: int, as_of: date) -> bool:
    """Say whether the person has a district assignment active on the day, at whatever school."""
    return any(row["person_id"] == person_id and is_active(row, as_of) for row in district["district_assignment"])


# Sections 3 and 4: who is in scope.


def calendar_entries(job: Mapping[str, Any]) -> list[Row]:
    """List the entries of `calendar`, which may be one mapping, a list, or left out."""
    entries = job.get("calendar", [])
    return [entries] if isinstance(entries, Mapping) else list(entries)


def school_year(as_of: date) -> int:
    """Give the end year of the school year that holds the day."""
    return as_of.year + 1 if as_of.month >= FIRST_MONTH_OF_SCHOOL_YEAR else as_of.year


def entry_matches(entry: Row, calendar: Row, district: District, as_of: date) -> bool:
    """Say whether all keys of the entry hold for the calendar."""
    if "school" in entry:
        school = _school(district, calendar["school_id"])
        if not same_text(school["name"], entry["school"]) and not same_text(school["number"], entry["school"]):
            return False
    if "year" in entry:
        year = school_year(as_of) if entry["year"] == "current" else entry["year"]
        if calendar["end_year"] != year:
            return False
    return "name" not in entry or same_text(calendar["name"], entry["name"])


def people_in_scope(
    district: District,
    job: Mapping[str, Any],
    as_of: date,
    pass_through: Mapping[str, AbstractSet[int]],
) -> set[int]:
    """Find the ids of the people whose preferences the job is about."""
    calendars = [
        calendar
        for calendar in district["calendar"]
        if any(entry_matches(entry, calendar, district, as_of) for entry in calendar_entries(job))
    ]
    if job["mode"] == "census_staff":
        return _staff_in_scope(district, job, as_of, calendars, pass_through)
    students = _students_in_scope(district, job, as_of, calendars, pass_through)
    if job["mode"] == "students":
        return students
    return {
        row["contact_id"]
        for row in district["relationship"]
        if row["student_id"] in students
        and is_active(row, as_of)
        and row["messenger"]
        and (row["guardian"] or not job.get("guardians_only", False))
    }


def _students_in_scope(
    district: District,
    job: Mapping[str, Any],
    as_of: date,
    calendars: Sequence[Row],
    pass_through: Mapping[str, AbstractSet[int]],
) -> set[int]:
    students: set[int] = set()
    for enrollment in district["enrollment"]:
        if enrollment["calendar_id"] not in [calendar["calendar_id"] for calendar in calendars]:
            continue
        not_ended = enrollment["end_date"] is None or enrollment["end_date"] >= as_of
        in_time = {"active": is_active(enrollment, as_of), "not_ended": not_ended, "any": True}
        if not in_time[job.get("enrollment", "active")] or enrollment["no_show"]:
            continue
        if "grades" in job and fold(enrollment["grade"]) not in [fold(grade) for grade in job["grades"]]:
            continue
        case = Case(_person(district, enrollment["person_id"]), enrollment, NOTHING, NOTHING, pass_through)
        if "filter" not in job or fulfils(job["filter"], case):
            students.add(enrollment["person_id"])
    return students


def _staff_in_scope(
    district: District,
    job: Mapping[str, Any],
    as_of: date,
    calendars: Sequence[Row],
    pass_through: Mapping[str, AbstractSet[int]],
) -> set[int]:
    staff: set[int] = set()
    for assignment in district["district_assignment"]:
        if not is_active(assignment, as_of):
            continue
        school_id = assignment["school_id"]
        if "calendar" in job and school_id not in [calendar["school_id"] for calendar in calendars]:
            continue
        person = _person(district, assignment["person_id"])
        if fulfils(job["filter"], Case(person, NOTHING, assignment, _school(district, school_id), pass_through)):
            staff.add(assignment["person_id"])
    return staff


def _person(district: District, person_id: int) -> Row:
    [person] = [row for row in district["person"] if row["person_id"] == person_id]
    return person


def _school(district: District, school_id: int) -> Row:
    [school] = [row for row in district["school"] if row["school_id"] == school_id]
    return school


# Section 5: what changes.


def settings_of(job: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """Give "on" or "off" for each (channel, reason) that the job sets, in the order of the reports."""
    preferences = job["preferences"]
    settings = {}
    for channel in CHANNELS:
        for reason in BITS:
            setting = preferences.get(channel, {}).get(reason, "no_change")
            if setting != "no_change":
                settings[channel, reason] = setting
    return settings


def is_eligible(
    district: District,
    point: Row,
    cell: tuple[str, str],
    people: AbstractSet[int],
    as_of: date,
) -> bool:
    """Say whether the cell is about this contact point, with these people in scope."""
    channel, reason = cell
    if point["channel"] != channel or not has_address(point):
        return False
    owners = people_of(district, point, as_of)
    if not owners & people:
        return False
    return reason != "staff" or any(has_assignment(district, owner, as_of) for owner in owners)


def people_beside(district: District, people: AbstractSet[int], changes: Sequence[Change], as_of: date) -> set[int]:
    """Find the bystanders: not in scope, but active members of a household whose phone changes."""
    changed = {contact_point_id for contact_point_id, _, _, _ in changes}
    bystanders: set[int] = set()
    for point in district["contact_point"]:
        if point["contact_point_id"] in changed and point["channel"] == "household_phone":
            bystanders |= people_of(district, point, as_of) - people
    return bystanders


def people_reached(
    district: District,
    points: Sequence[Row],
    among: AbstractSet[int],
    reason: str,
    as_of: date,
) -> set[int]:
    """Find which of the people the reason reaches by these contact points."""
    reached: set[int] = set()
    for point in points:
        if point[reason] and has_address(point):
            reached |= people_of(district, point, as_of) & among
    return reached & people_counted(district, among, reason, as_of)


def people_counted(district: District, among: AbstractSet[int], reason: str, as_of: date) -> set[int]:
    """Find whom the reason counts at all: for `staff`, people with an assignment."""
    return {person for person in among if reason != "staff" or has_assignment(district, person, as_of)}


def people_lost(
    district: District,
    after: Sequence[Row],
    among: AbstractSet[int],
    reason: str,
    as_of: date,
) -> set[int]:
    """Find which of the people cease to be reached for the reason."""
    reached_before = people_reached(district, district["contact_point"], among, reason, as_of)
    return reached_before - people_reached(district, after, among, reason, as_of)


def reach_of(district: District, after: Sequence[Row], people: AbstractSet[int], reason: str, as_of: date) -> Reach:
    """Count the reach of one reason among the people in scope."""
    reached_before = people_reached(district, district["contact_point"], people, reason, as_of)
    reached_after = people_reached(district, after, people, reason, as_of)
    return {
        "people": len(people_counted(district, people, reason, as_of)),
        "before": len(reached_before),
        "after": len(reached_after),
        "gained": len(reached_after - reached_before),
        "lost": len(reached_before - reached_after),
    }


# Section 6: guards, warnings, the fingerprint.


def broken_limits(job: Mapping[str, Any], numbers: Mapping[str, int], eligible: int) -> list[str]:
    """List the codes of the limits that these numbers break; at the limit is not over it."""
    broken = []
    for name, number in numbers.items():
        most = job.get("limits", {}).get(name)
        if isinstance(most, str):
            most = Fraction(most.removesuffix("%")) * eligible / 100
        if most is not None and number > most:
            broken.append(f"limit-{name}")
    if job.get("custom_selections") == "refuse" and numbers["custom"] > 0:
        broken.append("custom-refused")
    return broken


def warnings_of(
    district: District,
    job: Mapping[str, Any],
    counts: Mapping[str, Mapping[str, Cell]],
    custom_overwritten: int,
    lost: int,
) -> frozenset[str]:
    """Give the codes of what a reviewer should look at, limit or not."""
    emergency = [row["emergency"] for row in counts.values() if "emergency" in row]
    known = {person["person_id"] for person in district["person"]}
    warnings = {
        "emergency-off": any(cell["set"] == "off" and cell["changed"] > 0 for cell in emergency),
        "emergency-kept": any(cell["set"] == "on" and cell["kept"] > 0 for cell in emergency),
        "custom-overwritten": custom_overwritten > 0,
        "people-lost": lost > 0,
        "unknown-people": not selected_people(job.get("filter", {})) <= known,
    }
    return frozenset(code for code, holds in warnings.items() if holds)


def fingerprint(changes: Sequence[Change]) -> str:
    """Give the text `n-a-b` of section 6 over a change set, whatever its order."""
    squares = cubes = 0
    for contact_point_id, _, before, after in changes:
        x = (contact_point_id % PRIME * 65537 + before * 257 + after) % PRIME
        squares += x * x % PRIME
        cubes += (x * x % PRIME) * x % PRIME
    return f"{len(changes)}-{squares}-{cubes}"
