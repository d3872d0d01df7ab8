"""What an explanation says in words: rules, nodes of a filter, verdicts; text and JSON share them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from runner.values.explanation import AssignmentChain, EnrollmentChain, RelationshipChain, Why, decisive
from runner.values.job import All, Not, PassThrough, People
from runner.values.job import Any as AnyOf
from runner.values.vocabulary import Mode, Operator, Rule

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from runner.values.explanation import (
        CellVerdict,
        Explanation,
        Membership,
        NodeVerdict,
        PointVerdict,
        Roles,
        Verdict,
    )
    from runner.values.job import Query

    Chain = EnrollmentChain | AssignmentChain | RelationshipChain


MEANS = {
    Mode.STUDENT_CONTACTS: "Students whose contact they are",
    Mode.STUDENTS: "Their enrollments",
    Mode.CENSUS_STAFF: "Their district assignments",
}
_MOST = 6


def verdict_words(explanation: Explanation) -> str:
    """Return the verdict as a sentence."""
    verdict = explanation.verdict
    if verdict.in_scope:
        leads = {
            Rule.RELATED: f"a messenger contact of student {verdict.student_id}, who is selected",
            Rule.ENROLLED: "a student with an enrollment that is selected",
            Rule.ASSIGNED: "somebody with a district assignment that is selected",
        }[verdict.rule]
        return f"in scope: {leads}"
    return f"out of scope: {_why_out(explanation, verdict)}"


def _why_out(explanation: Explanation, verdict: Verdict) -> str:
    who = f"person {explanation.person_id}" if verdict.student_id is None else f"student {verdict.student_id}"
    day = explanation.as_of
    if verdict.node is not None:
        return f"the filter leaves {who} out: {deciding(verdict.node)}"
    if verdict.rule is Rule.CURRENT and explanation.mode is Mode.CENSUS_STAFF:
        return f"the district assignment of {who} is not active on {day}"
    return {
        Rule.ENROLLED: f"{who} has no enrollment",
        Rule.CALENDAR: f"{who} has no enrollment in the calendars of the job",
        Rule.ACTIVE: f"the enrollment of {who} is not active on {day}",
        Rule.NOT_ENDED: f"the enrollment of {who} has ended before {day}",
        Rule.ATTENDS: f"the enrollment of {who} is a no-show",
        Rule.GRADES: f"the grade of {who} is none of the job's",
        Rule.RELATED: f"{who} is no student's contact",
        Rule.CURRENT: f"the relationship of person {explanation.person_id} to {who} is not active on {day}",
        Rule.MESSENGER: f"person {explanation.person_id} is no messenger contact of {who}",
        Rule.GUARDIAN: f"person {explanation.person_id} is no guardian of {who}, and the job is about guardians only",
        Rule.ASSIGNED: f"{who} has no district assignment",
        Rule.SCHOOLS: f"the school that {who} is assigned to has none of the job's calendars",
    }[verdict.rule]


def deciding(verdict: NodeVerdict) -> str:
    """Return a node that is false as the reason for it: a `not` by what holds below it."""
    match verdict.node:
        case Not():
            return f"`not` is false, for this holds: {_holding(decisive(verdict.nodes[0]))}"
        case All() | AnyOf():
            return "nothing in `any` holds"
        case _:
            return node_words(verdict)


def _holding(verdict: NodeVerdict) -> str:
    match verdict.node:
        case All() | AnyOf():
            return "everything in `all`"
        case Not():
            return f"not: {node_words(decisive(verdict.nodes[0]))}"
        case _:
            return node_words(verdict)


def node_words(verdict: NodeVerdict) -> str:
    """Return a node of the filter in words, a leaf with what was found."""
    match verdict.node:
        case All():
            return "all:"
        case AnyOf():
            return "any:"
        case Not():
            return "not:"
        case People(ids):
            return f"people: {'one' if verdict.holds else 'none'} of the {number(len(ids), 'id')} listed"
        case PassThrough():
            return f"sql: {'one' if verdict.holds else 'none'} of the people that this SELECT finds"
        case query:
            return f"{_query_words(query)}: {_found_words(verdict, query)}"


def _query_words(query: Query) -> str:
    values = [_value(value) for value in query.values[:_MOST]]
    if len(query.values) > _MOST:
        values.append(f"… {len(query.values) - _MOST} more")
    told = ", ".join(values)
    if query.operator in {Operator.IN, Operator.NOT_IN, Operator.BETWEEN}:
        told = f"[{told}]"
    return f"{query.field.name} {query.operator} {told}"


def _found_words(verdict: NodeVerdict, query: Query) -> str:
    found = [_value(value) for value in verdict.found if value is not None]
    if found:
        return f"found {' and '.join(found)}"
    return "found nothing" if query.operator is Operator.IS_NULL else "found nothing, so false"


def _value(value: str | int | date) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)


def rule_words(rule: Rule, chain: Chain, *, holds: bool) -> str:
    """Return a rule in words, as it came out, with the facts that it looks at."""
    if rule is Rule.GRADES and isinstance(chain, EnrollmentChain):
        return f"grade {_value(chain.grade)}, {'one' if holds else 'none'} of the job's"
    is_it = "" if holds else "not "
    return {
        Rule.CALENDAR: f"{is_it}in a calendar of the job",
        Rule.ACTIVE: f"{is_it}active on the day: {dates(chain)}",
        Rule.NOT_ENDED: f"{'not ended' if holds else 'ended'} before the day: {dates(chain)}",
        Rule.ATTENDS: "no no-show" if holds else "a no-show",
        Rule.CURRENT: f"{is_it}active on the day: {dates(chain)}",
        Rule.MESSENGER: "a messenger contact" if holds else "no messenger contact",
        Rule.GUARDIAN: "a guardian" if holds else "no guardian, and the job is about guardians only",
        Rule.SCHOOLS: f"{is_it}at a school of the job's calendars",
    }[rule]


def dates(row: Chain | Membership) -> str:
    """Return from when to when a row holds."""
    if row.start_date is None and row.end_date is None:
        return "no dates"
    start = "" if row.start_date is None else f"from {row.start_date}"
    end = "" if row.end_date is None else f"to {row.end_date}"
    return " ".join(filter(None, [start, end]))


def roles(known: Roles) -> str:
    """Return what a person is known as."""
    told = []
    if known.enrollments or known.contacts:
        told.append(f"a student with {number(known.enrollments, 'enrollment')} and {number(known.contacts, 'contact')}")
    if known.contact_of:
        told.append(f"a contact of {number(known.contact_of, 'student')}")
    if known.assignments:
        told.append(f"staff with {number(known.assignments, 'assignment')}")
    if known.households:
        told.append(f"a member of {number(known.households, 'household')}, now or before")
    return "known as " + ("; ".join(told) if told else "nobody in particular: no enrollment, contact or assignment")


def why_words(point: PointVerdict, cell: CellVerdict) -> str:
    """Return why a preference is not eligible."""
    shared = point.household_id is not None
    words = {
        Why.ADDRESS_MISSING: "it has no address",
        Why.ADDRESS_BLANK: "its address is blank",
        Why.OUT_OF_SCOPE: "its owner is out of scope",
        Why.NOT_A_MEMBER: "the membership is not active",
        Why.NO_MEMBER_IN_SCOPE: "no active member of the household is in scope",
        Why.NO_ASSIGNMENT: "no active member of the household has a district assignment"
        if shared
        else "its owner has no district assignment that is active",
    }
    return "; ".join(words[why] for why in cell.why)


def listed(ids: Sequence[int], one: str, many: str) -> str:
    """Return some ids in words, the first of many."""
    told = ", ".join(str(each) for each in ids[:_MOST])
    more = f" and {len(ids) - _MOST} more" if len(ids) > _MOST else ""
    return f"{one if len(ids) == 1 else many} {told}{more}"


def number(count: int, one: str, many: str | None = None) -> str:
    """Return a number of things."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
