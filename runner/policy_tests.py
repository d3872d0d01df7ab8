"""A policy test is played: its district is made in memory, its job is run there as anywhere, the result compared."""

from __future__ import annotations

import re
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from runner.district.create import create_tables
from runner.district.demo import fill_demo
from runner.district.small import fill_small
from runner.execute.database import in_memory, making
from runner.execute.explain import begin_inquiry, explain_person
from runner.execute.history import changes_of
from runner.execute.orders import order_job
from runner.execute.people import reading_people
from runner.execute.review import numbers
from runner.execute.snapshot import reading_district
from runner.pipeline import Patience, run
from runner.report.differences import label
from runner.report.explanation_words import verdict_words, why_words
from runner.values.explanation import Outcome, Why
from runner.values.policy_test import DemoDistrict, Mismatch, SmallDistrict, Tested
from runner.values.problems import Stopped
from runner.values.review import Difference
from runner.values.vocabulary import Concern, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from runner.execute.database import Database
    from runner.execute.explain import Inquiry
    from runner.execute.interrupts import Interrupts
    from runner.pipeline import Watch
    from runner.values.explanation import Explanation
    from runner.values.policy_test import District, PolicyTest, Preference
    from runner.values.result import Occasion, Result

SEED = 1
"""The demo district that `runner demo` makes if nothing else is asked for."""

WHOSE = {
    Concern.SCOPE: "People in scope",
    Concern.KEPT: "People whose own choice is kept",
    Concern.LOST: "People who lose their last way",
    Concern.BYSTANDERS: "Bystanders",
}
_MOST_REASONS = 5


def play(test: PolicyTest, occasion: Occasion, watch: Watch) -> Tested:
    """Return what came of a test. Its run is a real one; only that its database is in memory, and nobody else's."""
    began = watch.seconds()
    with _district(test) as database:
        concerned = _concerned(database, test, watch.interrupts)
        order = order_job(test.job, test.as_of, database.backend)
        result = run(database, order, occasion, watch, Patience())
        preferences = _changes(database, result)
    found = [*_stops(test, result)]
    if not found:
        found += _people(test, concerned)
        found += _numbers(test, result)
        found += _preferences(test, preferences)
    found += _warnings(test, result)
    found.sort(key=lambda mismatch: mismatch.place)
    mismatches = tuple(_explained(test, found, watch) if found else found)
    return Tested(test, mismatches, watch.seconds() - began)


@contextmanager
def _district(test: PolicyTest) -> Iterator[Database]:
    with in_memory() as database:
        with making(database) as connection:
            create_tables(connection, None, history_only=False)
            match test.district:
                case SmallDistrict():
                    fill_small(connection, test.district)
                case DemoDistrict():
                    fill_demo(connection, test.district.students, SEED, lambda _table, _count: None)
        yield database


def _concerned(database: Database, test: PolicyTest, interrupts: Interrupts) -> dict[Concern, frozenset[int]]:
    """Return who is concerned in the ways that the test asks about; nobody where a run would stop before it knew."""
    found: dict[Concern, frozenset[int]] = dict.fromkeys(test.expected.people, frozenset())
    with suppress(Stopped):  # the run says it too
        for concern in found:
            with reading_people(
                database, test.job, test.as_of, concern, reasons=test.job.reasons, interrupts=interrupts
            ) as (_, batches):
                found[concern] = frozenset(number for batch in batches for number in batch)
    return found


def _changes(database: Database, result: Result) -> dict[Preference, bool]:
    """Return what the run changed: nothing where it was refused."""
    if result.run is None or result.run.number is None:
        return {}
    with database.create_reader().connect() as connection:
        return {
            (change["contact_point_id"], Reason(change["reason"])): change["after"] == "on"
            for change in changes_of(connection, result.run.number)
        }


def _stops(test: PolicyTest, result: Result) -> Iterator[Mismatch]:
    """Yield where the run stops otherwise than expected; the rest is then not worth telling."""
    codes, place = test.expected.errors
    actual = {problem.code for problem in result.errors}
    if codes != actual:
        why = tuple(
            f"{problem.code}: {problem.message}" + (f"  {problem.place}" if problem.place else "")
            for problem in result.errors
            if problem.code not in codes
        )
        yield Mismatch(place or test.place, "How the run ends", _ending(codes), _ending(actual), why)


def _ending(codes: Iterable[str]) -> str:
    return f"stopped ({', '.join(sorted(codes))})" if codes else "it goes through"


def _warnings(test: PolicyTest, result: Result) -> Iterator[Mismatch]:
    if test.expected.warnings is not None:
        codes, place = test.expected.warnings
        actual = {warned.code for warned in result.warnings}
        if codes != actual:
            yield Mismatch(place, "Warnings", _listed(sorted(codes)), _listed(sorted(actual)))


def _people(test: PolicyTest, concerned: dict[Concern, frozenset[int]]) -> Iterator[Mismatch]:
    for concern, (wanted, place) in test.expected.people.items():
        if wanted != concerned[concern]:
            expected, actual = (_listed(map(test.district.person, sorted(ids))) for ids in (wanted, concerned[concern]))
            about = sorted(wanted ^ concerned[concern]) if concern is Concern.SCOPE else []
            yield Mismatch(place, WHOSE[concern], expected, actual, people=tuple(about))


def _numbers(test: PolicyTest, result: Result) -> Iterator[Mismatch]:
    actual = {} if result.tally is None else dict(numbers(result.tally))
    for path, (wanted, place) in test.expected.numbers.items():
        if path not in actual:
            yield Mismatch(place, label(Difference(path, wanted, 0, None)), f"{wanted:,}", "the job does not set this")
        elif actual[path] != wanted:
            what = label(Difference(path, wanted, actual[path], None))
            yield Mismatch(place, what, f"{wanted:,}", f"{actual[path]:,}")


def _preferences(test: PolicyTest, actual: dict[Preference, bool]) -> Iterator[Mismatch]:
    wanted = test.expected.preferences
    if wanted is None or not isinstance(test.district, SmallDistrict):
        return
    for preference, (on, place) in wanted.items():
        if actual.get(preference) is not on:
            change = _set(actual.get(preference))
            yield Mismatch(place, _named(test.district, preference), _set(on), change, preference=preference)
    for preference, on in actual.items():
        if preference not in wanted:
            place, name = test.expected.preferences_place, _named(test.district, preference)
            yield Mismatch(place, name, _set(None), _set(on), preference=preference)


def _set(on: bool | None) -> str:  # noqa: FBT001 - one of three
    return {True: "turned on", False: "turned off", None: "not changed"}[on]


def _named(district: SmallDistrict, preference: Preference) -> str:
    owner, channel = district.owners[preference[0]]
    return f"{owner} · {channel.label} · {preference[1].label}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


# --- why ---


def _explained(test: PolicyTest, found: list[Mismatch], watch: Watch) -> Iterator[Mismatch]:
    """Yield the mismatches with what `runner explain` says of those whom they are about, before the run."""
    with _district(test) as database, reading_district(database, watch.interrupts) as connection:
        try:
            inquiry = begin_inquiry(connection, database.backend, test.job, test.as_of, watch.interrupts.stop)
        except Stopped:
            yield from found  # nobody can be explained: the job stops before it looks at people
            return
        for mismatch in found:
            told = [_in_scope(inquiry, test, number) for number in mismatch.people[:_MOST_REASONS]]
            if mismatch.preference is not None and isinstance(test.district, SmallDistrict):
                told += _outcome(inquiry, test.district, mismatch.preference)
            yield replace(mismatch, why=(*mismatch.why, *told))


def _in_scope(inquiry: Inquiry, test: PolicyTest, person_id: int) -> str:
    try:
        explanation = explain_person(inquiry, person_id)
    except Stopped:
        return f"{test.district.person(person_id)}: there is no such person"
    return _told(explanation, test.district)


def _outcome(inquiry: Inquiry, district: SmallDistrict, preference: Preference) -> Iterator[str]:
    number, reason = preference
    row = next(row for row in district.rows["contact_point"] if row["contact_point_id"] == number)
    members = (
        each["person_id"]
        for each in district.rows.get("household_member", ())
        if each["household_id"] == row["household_id"]
    )
    person_id = next(members, None) if row["person_id"] is None else row["person_id"]
    if person_id is None:
        yield "nobody is a member of this household"
        return
    explanation = explain_person(inquiry, person_id)
    point = next((point for point in explanation.points if point.contact_point_id == number), None)
    cell = None if point is None else next((cell for cell in point.cells if cell.reason is reason), None)
    if point is None or cell is None:
        yield "the job does not set this"
        return
    now = "on" if cell.before else "off"
    told = {
        Outcome.CHANGED: f"it was {now}; in scope: {_listed(map(district.person, point.in_scope))}",
        Outcome.ALREADY: f"it is {now} already",
        Outcome.KEPT: f"it stays {now}: its owner chose that",
        Outcome.NOT_ELIGIBLE: f"it stays {now}: {why_words(point, cell)}",
    }[cell.outcome]
    yield f"{told}  ({cell.place})"
    if Why.OUT_OF_SCOPE in cell.why:
        yield _told(explanation, district)


def _told(explanation: Explanation, district: District) -> str:
    words = _renamed(verdict_words(explanation), district)
    return f"{district.person(explanation.person_id)} is {words}  ({explanation.verdict.place})"


def _renamed(words: str, district: District) -> str:
    """Return words about people with the names that the test gives them, in the place of their ids."""
    if isinstance(district, DemoDistrict):
        return words
    return re.sub(r"\b(?:person|student) (\d+)\b", lambda found: district.person(int(found[1])), words)
