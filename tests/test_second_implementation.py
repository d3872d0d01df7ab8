"""The second implementation against numbers worked out by hand, so that its word is worth something."""

import copy
from datetime import date, timedelta
from typing import Any

import pytest

from tests.second_implementation import BITS, CHANNELS, Outcome, UndoOutcome, run, undo
from tests.small_district import D, District, assignment, district, enrollment, point

YESTERDAY, TOMORROW = D - timedelta(1), D + timedelta(1)


def job(preferences: dict[str, dict[str, str]] | None = None, **other: object) -> dict[str, Any]:
    """Make a job; a census job has no calendar unless it is given one."""
    plain: dict[str, Any] = {"mode": "student_contacts", "preferences": preferences or {"email": {"general": "on"}}}
    if other.get("mode") != "census_staff":
        plain["calendar"] = {"year": 2026}
    return {**plain, **other}


def scope(of: District, as_of: date = D, **keys: object) -> set[int]:
    return set(run(of, job(**keys), as_of).people)  # type: ignore[arg-type]


def filtered(tree: dict[str, object], of: District, mode: str = "students") -> set[int]:
    return scope(of, mode=mode, filter=tree)


def test_siblings_share_a_contact_who_counts_once() -> None:
    found = run(district(point(1, "email", 3), point(2, "email", 4), point(3, "email", 1)), job(), D)
    assert found.people == {3, 4}
    assert found.counts == {"email": {"general": {"set": "on", "changed": 2, "already": 0, "kept": 0}}}
    assert found.changes == [(1, "email", 0, 16), (2, "email", 0, 16)]
    assert found.reach == {"general": {"people": 2, "before": 0, "after": 2, "gained": 2, "lost": 0}}


def test_guardians_only_and_the_other_modes() -> None:
    assert scope(district(), guardians_only=True) == {3}
    assert scope(district(), mode="students") == {1, 2}
    assert filtered({"field": "person.person_id", "at_least": 1}, district(), "census_staff") == {5}


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (None, None, {"active", "not_ended", "any"}),
        (D, D, {"active", "not_ended", "any"}),
        (TOMORROW, None, {"not_ended", "any"}),
        (None, YESTERDAY, {"any"}),
        (YESTERDAY, D, {"active", "not_ended", "any"}),
    ],
)
def test_dates_are_inclusive_and_the_enrollment_key_loosens_them(
    start: date | None,
    end: date | None,
    expected: set[str],
) -> None:
    of = district()
    of["enrollment"] = [enrollment(1, 1, start_date=start, end_date=end)]
    kinds = ("active", "not_ended", "any")
    assert {kind for kind in kinds if scope(of, mode="students", enrollment=kind)} == expected


def test_enrollment_any_does_not_loosen_relationships() -> None:
    of = district()
    of["relationship"][2]["end_date"] = YESTERDAY
    of["relationship"][0]["messenger"] = None
    of["relationship"][1]["start_date"] = D
    assert scope(of, enrollment="any") == {3}
    assert scope(of, as_of=YESTERDAY, enrollment="any") == {4}


def test_no_show_and_other_grades_are_out_and_a_null_no_show_is_in() -> None:
    of = district()
    of["enrollment"] = [enrollment(1, 1, no_show=True), enrollment(2, 2, no_show=None, grade="kg")]
    assert scope(of, mode="students") == {2}
    assert scope(of, mode="students", grades=["KG"]) == {2}
    assert scope(of, mode="students", grades=["KG "]) == set()


def test_calendars_match_by_every_key_of_some_entry() -> None:
    of = district()
    assert scope(of, mode="students", calendar={"school": "LINCOLN", "year": "current", "name": "main"}) == {1, 2}
    assert scope(of, mode="students", calendar=[{"school": "001"}, {"year": 1999}]) == {1, 2}
    assert scope(of, mode="students", calendar=[{"school": "1"}, {"name": "Main "}]) == set()
    assert scope(of, as_of=date(2025, 6, 30), mode="students", calendar={"year": "current"}) == set()
    assert scope(of, as_of=date(2025, 7, 1), mode="students", calendar={"year": "current"}) == {1, 2}
    assert run(of, job(calendar=[{"school": "001"}, {"year": 1999}]), D).unmatched_calendars == 1


def test_calendar_narrows_staff_to_the_schools_of_the_calendars() -> None:
    of = district()
    of["school"].append({"school_id": 8, "number": None, "name": "East"})
    of["district_assignment"] += [assignment(2, 3, school_id=8), assignment(3, 1, end_date=YESTERDAY)]
    tree = {"not": {"field": "person.language", "equals": "x"}}
    assert scope(of, mode="census_staff", calendar={"year": 2026}, filter=tree) == {5}
    assert scope(of, mode="census_staff", filter=tree) == {3, 5}


def test_a_comparison_with_a_missing_value_is_false_and_its_not_is_true() -> None:
    of = district()
    of["person"][0]["language"] = "Spanish"
    field = "person.language"
    assert filtered({"field": field, "not_equals": "German"}, of) == {1}
    assert filtered({"field": field, "not_in": ["German"]}, of) == {1}
    assert filtered({"not": {"field": field, "not_equals": "German"}}, of) == {2}
    assert filtered({"not": {"field": field, "equals": "SPANISH"}}, of) == {2}
    assert filtered({"field": field, "is_null": True}, of) == {2}
    assert filtered({"field": field, "is_null": False}, of) == {1}


@pytest.mark.parametrize(
    ("leaf", "expected"),
    [
        ({"equals": "ΟΔΟΣ"}, {1}),  # "Οδος" ends in a final sigma
        ({"equals": "100%"}, {2}),
        ({"contains": "%"}, {2}),
        ({"contains": "_"}, set()),
        ({"starts_with": "ΟΔ"}, {1}),
        ({"ends_with": "0%"}, {2}),
        ({"less_than": "a"}, {2}),
        ({"between": ["100%", "a"]}, {2}),
        ({"at_least": "ΟΔΟΣ"}, {1}),
        ({"greater_than": "οδος"}, set()),
        ({"equals": "100% "}, set()),
        ({"in": ["100%", "οδος"]}, {1, 2}),
    ],
)
def test_text_is_folded_and_percent_is_an_ordinary_character(leaf: dict[str, object], expected: set[int]) -> None:
    of = district()
    of["person"][0]["first_name"] = "Οδος"
    of["person"][1]["first_name"] = "100%"
    assert filtered({"field": "person.first_name", **leaf}, of) == expected


def test_not_stays_inside_the_very_enrollment() -> None:
    of = district()
    of["enrollment"] = [
        enrollment(1, 1, service_type="P"),
        enrollment(2, 1, service_type="S"),
        enrollment(3, 2, service_type="S"),
    ]
    special = {"field": "enrollment.service_type", "equals": "S"}
    assert filtered({"not": special}, of) == {1}  # by the first enrollment, in spite of the second
    third = {"field": "enrollment.grade", "equals": "03"}
    assert filtered({"all": [special, third]}, of) == {1, 2}
    of["enrollment"][1]["grade"] = "04"
    assert filtered({"all": [special, third]}, of) == {2}  # no one enrollment of student 1 fulfils both


def test_a_school_is_its_name_or_its_number() -> None:
    of = district()
    of["school"].append({"school_id": 8, "number": None, "name": "001"})
    of["district_assignment"] = [assignment(1, 5), assignment(2, 3, school_id=8)]
    field = "assignment.school"
    assert filtered({"field": field, "equals": "001"}, of, "census_staff") == {3, 5}
    assert filtered({"field": field, "not_equals": "lincoln"}, of, "census_staff") == {3}
    assert filtered({"field": field, "not_in": ["001", "x"]}, of, "census_staff") == set()
    assert filtered({"field": field, "contains": "linc"}, of, "census_staff") == {5}
    assert filtered({"field": field, "is_null": True}, of, "census_staff") == set()


def test_people_and_pass_through_leaves_select_ids() -> None:
    tree = {"any": [{"people": [1, 99]}, {"sql": "select 2"}]}
    found = run(district(), job(mode="students", filter={"not": {"not": tree}}), D, {"select 2": {2, 3}})
    assert found.people == {1, 2}
    assert found.warnings == {"unknown-people"}


@pytest.mark.parametrize(("address", "eligible"), [(None, 0), ("", 0), (" \t\r\n", 0), ("\u00a0", 1), (" x ", 1)])
def test_only_an_address_that_is_present_is_eligible_and_reaches(address: str | None, eligible: int) -> None:
    found = run(district(point(1, "email", 3, "general", address=address)), job(), D)
    assert found.eligible == eligible
    assert found.reach["general"]["before"] == eligible


def test_staff_needs_an_assignment_of_the_owner_or_of_some_active_member() -> None:
    points = [point(1, "email", 3), point(2, "household_phone", 50), point(3, "email", 4)]
    asked = job({"email": {"staff": "on"}, "household_phone": {"staff": "on"}})
    found = run(district(*points), asked, D)
    assert found.changes == [(2, "household_phone", 0, 8)]  # for 5, who lives there and is not in scope
    assert found.reach == {"staff": {"people": 0, "before": 0, "after": 0, "gained": 0, "lost": 0}}
    of = district(*points)
    of["household_member"][3]["end_date"] = YESTERDAY
    assert run(of, asked, D).eligible == 0
    of["district_assignment"].append(assignment(2, 3, start_date=D, end_date=D))
    assert [change[0] for change in run(of, asked, D).changes] == [1, 2]


def test_custom_selections_are_kept_overwritten_or_refused() -> None:
    of = district(
        point(1, "email", 3, custom=True),
        point(2, "email", 4, "emergency", custom=True),
        point(3, "email", 4),
    )
    before = copy.deepcopy(of)
    asked = {"email": {"emergency": "on"}}
    kept = run(of, job(asked), D)
    assert kept.counts == {"email": {"emergency": {"set": "on", "changed": 1, "already": 1, "kept": 1}}}
    assert (kept.eligible, kept.changed, kept.contact_points, kept.custom_overwritten) == (3, 1, 1, 0)
    assert kept.warnings == {"emergency-kept"}

    overwritten = run(of, job(asked, custom_selections="overwrite"), D)
    assert overwritten.counts == {"email": {"emergency": {"set": "on", "changed": 2, "already": 1, "kept": 0}}}
    assert (overwritten.custom_overwritten, overwritten.broken) == (1, [])
    assert overwritten.warnings == {"custom-overwritten"}
    assert [row["emergency"] for row in overwritten.contact_points_after] == [True, True, True]
    assert [row["custom"] for row in overwritten.contact_points_after] == [True, True, False]

    refused = run(of, job(asked, custom_selections="refuse"), D)
    assert (refused.counts, refused.broken) == (overwritten.counts, ["custom-refused"])
    assert refused.contact_points_after == before["contact_point"]
    assert of == before


def test_a_household_phone_turned_off_silences_bystanders_too() -> None:
    of = district(
        point(1, "household_phone", 50, "behavior staff"),
        point(2, "email", 2, "behavior"),
        point(3, "email", 3, "behavior", address=" "),
    )
    found = run(of, job({"household_phone": {"behavior": "off", "staff": "off"}}, mode="students"), D)
    assert found.changes == [(1, "household_phone", 4 + 8, 0)]
    assert found.bystanders == 2  # 3 and 5
    assert found.reach["behavior"] == {"people": 2, "before": 2, "after": 1, "gained": 0, "lost": 1}
    assert found.reach["staff"] == {"people": 0, "before": 0, "after": 0, "gained": 0, "lost": 0}
    assert found.lost == 3  # 1 in scope, 3 and 5 as bystanders; 2 still has the e-mail
    assert found.warnings == {"people-lost"}


def test_reach_of_staff_counts_people_with_an_assignment_and_so_does_lost() -> None:
    of = district(point(1, "household_phone", 50, "staff"))
    found = run(of, job({"household_phone": {"staff": "off"}}), D)
    assert (found.bystanders, found.lost) == (3, 1)  # 1, 2 and 5 beside 3; only 5 is of the staff
    of["district_assignment"].append(assignment(2, 3))
    found = run(of, job({"household_phone": {"staff": "off"}}), D)
    assert found.reach == {"staff": {"people": 1, "before": 1, "after": 0, "gained": 0, "lost": 1}}
    assert found.lost == 2


def test_emergency_off_warns_only_when_something_goes_off() -> None:
    asked = job({"email": {"emergency": "off"}, "cell_phone": {"emergency": "on"}})
    assert run(district(point(1, "email", 3), point(2, "cell_phone", 3)), asked, D).warnings == set()
    of = district(point(1, "email", 3, "emergency"), point(2, "cell_phone", 3))
    found = run(of, asked, D)
    assert found.warnings == {"emergency-off"}  # but nobody is lost: the cell phone comes on
    assert found.reach["emergency"] == {"people": 2, "before": 1, "after": 1, "gained": 0, "lost": 0}


@pytest.mark.parametrize(
    ("limits", "broken"),
    [
        ({"people": 2, "changed": 1, "custom": 1, "lost": 1}, []),
        ({"people": 1, "changed": 0, "custom": 0, "lost": 0}, ["people", "changed", "custom", "lost"]),
        ({"changed": "50%"}, []),
        ({"changed": "49.9%"}, ["changed"]),
        ({"changed": "0%"}, ["changed"]),
    ],
)
def test_a_limit_is_broken_by_more_than_it_says(limits: dict[str, object], broken: list[str]) -> None:
    of = district(point(1, "email", 3, "general", custom=True), point(2, "email", 4))
    asked = job({"email": {"general": "off"}}, custom_selections="overwrite", limits=limits)
    assert run(of, asked, D).broken == [f"limit-{name}" for name in broken]


def test_an_empty_scope_changes_nothing_and_has_zeros_for_every_cell_set() -> None:
    of = district(point(1, "email", 3))
    found = run(of, job(grades=["12"], preferences={"email": {"general": "on", "teacher": "no_change"}}), D)
    assert found.empty
    assert found.counts == {"email": {"general": {"set": "on", "changed": 0, "already": 0, "kept": 0}}}
    assert (found.changes, found.fingerprint, found.warnings) == ([], "0-0-0", frozenset())


def test_the_fingerprint_by_hand() -> None:
    of = district(point(2**31, "email", 3, "emergency"), point(-1, "email", 4))
    found = run(of, job(), D)
    assert found.changes == [(-1, "email", 0, 16), (2**31, "email", 1, 17)]
    # With P = 2^31 - 1, 2^31 mod P = 1:  x = 65537 + 1 * 257 + 17 = 65811
    #   x^2           = 4331087721    = 2 P + 36120427
    #   36120427 x    = 2377121421297 = 1106 P + 2004507715
    # and -1 mod P = P - 1:               x = -65537 + 0 * 257 + 16 = -65521 (mod P)
    #   x^2           = 4293001441    = P + 2145517794
    #   2145517794 x  = -140576471380674 = -65462 P + 2103119240
    assert found.fingerprint == f"2-{36120427 + 2145517794}-{2004507715 + 2103119240}"


def undone(of: District, changed: Outcome, *, skip: bool = False) -> UndoOutcome:
    cells = {channel: set(row) for channel, row in changed.counts.items()}
    return undo(of, changed.changes, D, cells, skip_conflicts=skip)


def after(of: District, found: Outcome) -> District:
    return {**copy.deepcopy(of), "contact_point": copy.deepcopy(found.contact_points_after)}


def test_an_undo_restores_what_the_run_changed_and_nothing_else() -> None:
    of = district(point(1, "email", 3, "teacher"), point(2, "email", 4, "general"), point(3, "household_phone", 50))
    done = run(of, job({"email": {"general": "on", "teacher": "off"}, "household_phone": {"general": "on"}}), D)
    now = after(of, done)
    now["contact_point"][0]["priority"] = True  # none of the run's business
    found = undone(now, done)
    assert found.counts == {
        "household_phone": {"general": {"restored": 1, "conflict": 0, "gone": 0}},
        "email": {
            "general": {"restored": 1, "conflict": 0, "gone": 0},
            "teacher": {"restored": 1, "conflict": 0, "gone": 0},
        },
    }
    assert found.changes == [(1, "email", 16 + 64, 128 + 64), (3, "household_phone", 16, 0)]
    assert found.people == {1, 2, 3, 5}
    assert not found.conflict
    assert found.contact_points_after == [{**of["contact_point"][0], "priority": True}, *of["contact_point"][1:]]


def test_a_conflict_refuses_an_undo_unless_it_is_skipped_and_what_is_gone_is_counted() -> None:
    of = district(point(1, "email", 3), point(2, "email", 4), point(3, "cell_phone", 3), point(4, "cell_phone", 4))
    done = run(of, job({"email": {"general": "on", "teacher": "on"}, "cell_phone": {"general": "on"}}), D)
    now = after(of, done)
    now["contact_point"][0]["general"] = False  # turned back by hand, while teacher still stands
    now["contact_point"][2]["channel"] = "home_phone"  # another contact point by now
    del now["contact_point"][3]
    now_before = copy.deepcopy(now)
    found = undone(now, done)
    assert found.counts == {
        "cell_phone": {"general": {"restored": 0, "conflict": 0, "gone": 2}},
        "email": {
            "general": {"restored": 1, "conflict": 1, "gone": 0},
            "teacher": {"restored": 2, "conflict": 0, "gone": 0},
        },
    }
    assert found.conflict
    assert found.contact_points_after == now["contact_point"]
    skipped = undone(now, done, skip=True)
    assert (skipped.conflict, skipped.counts) == (False, found.counts)
    assert skipped.people == {3, 4}
    assert skipped.changes == [(1, "email", 128, 0), (2, "email", 16 + 128, 0)]
    assert skipped.contact_points_after[:2] == of["contact_point"][:2]
    assert now == now_before


def test_an_undo_can_be_undone() -> None:
    of = district(point(1, "email", 3), point(2, "email", 4, "general"))
    done = run(of, job({"email": {"general": "off", "teacher": "on"}}), D)
    first = undone(after(of, done), done)
    assert first.contact_points_after == of["contact_point"]
    second = undo(of, first.changes, D, {"email": {"general", "teacher"}}, skip_conflicts=False)
    assert second.contact_points_after == done.contact_points_after


def test_channels_and_reasons_are_those_of_the_spec() -> None:
    assert CHANNELS == ("household_phone", "home_phone", "work_phone", "cell_phone", "email", "secondary_email")
    assert list(BITS.values()) == [1, 2, 4, 8, 16, 32, 64, 128]
