"""An explanation as text: an indented tree with a mark before every rule and its place in the job file behind it."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from runner.report.explanation_words import (
    MEANS,
    dates,
    listed,
    node_words,
    number,
    roles,
    rule_words,
    verdict_words,
    why_words,
)
from runner.report.problems import visible
from runner.values.explanation import Outcome
from runner.values.vocabulary import Mode, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.values.explanation import (
        AssignmentChain,
        CellVerdict,
        Check,
        EnrollmentChain,
        Explanation,
        NodeVerdict,
        PointVerdict,
        RelationshipChain,
        StudentChain,
    )
    from runner.values.problems import Position

_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}
_INDENT = "  "
_OUTCOMES = {
    Outcome.CHANGED: ("→", "green"),
    Outcome.ALREADY: ("=", "dim"),
    Outcome.KEPT: ("!", "yellow"),
    Outcome.NOT_ELIGIBLE: ("-", "dim"),
}


class _Page:
    """The lines of a report so far, each fitted into the width."""

    def __init__(self, width: int, *, colour: bool) -> None:
        self._width = width
        self._colour = colour
        self.lines: list[str] = []

    def blank(self) -> None:
        self.lines.append("")

    def paragraph(self, text: str, style: str = "") -> None:
        self.lines += [self._painted(line, style) for line in textwrap.wrap(visible(text), self._width)]

    def line(self, depth: int, mark: tuple[str, str], text: str, place: Position | None = None) -> None:
        """Add a marked line; its place in the job file stands at the right, below the text where there is no room."""
        sign, style = mark
        where = "" if place is None else visible(f"{place.file}:{place.line}")
        # A tree may be deeper than the page is wide: half of it stays for words.
        start = _INDENT * min(depth, self._width // (2 * len(_INDENT))) + f"{sign} "
        hanging = " " * len(start)
        rows = textwrap.wrap(
            visible(text),
            self._width,
            initial_indent=start,
            subsequent_indent=hanging,
            break_on_hyphens=False,
        )
        if where and len(rows[-1]) + 2 + len(where) > self._width:
            rows.append("")
        if where:
            room = max(self._width - len(where), len(rows[-1]))
            rows[-1] = rows[-1].ljust(room) + self._painted(where, "dim")
        rows[0] = rows[0].replace(sign, self._painted(sign, style), 1)
        self.lines += rows

    def _painted(self, text: str, style: str) -> str:
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self._colour and style and text else text


def render_explanation(explanation: Explanation, *, width: int, colour: bool) -> str:
    """Return the report: the verdict and what decides it, what leads there, then every contact point."""
    page = _Page(width, colour=colour)
    mode = explanation.mode
    verdict = explanation.verdict
    page.paragraph(f"{explanation.job.name}  person {explanation.person_id}", "bold")
    page.paragraph(
        f"{explanation.job.file} · {mode.label} · as of {explanation.as_of} · {explanation.database}",
        "dim",
    )
    page.blank()
    page.line(0, _mark(holds=verdict.in_scope), verdict_words(explanation), verdict.place)
    page.line(0, ("·", "dim"), roles(explanation.roles))
    page.line(0, ("·", "dim"), _summary(explanation))
    if explanation.students or explanation.assignments:
        page.blank()
        page.paragraph(MEANS[mode], "bold")
    for student in explanation.students:
        _student(page, explanation, student, mode)
    for assignment in explanation.assignments:
        _assignment(page, assignment)
    if explanation.own is not None:
        _own(page, explanation, explanation.own)
    page.blank()
    page.paragraph("Contact points", "bold")
    for point in explanation.points:
        _point(page, explanation, point)
    if not explanation.points:
        page.line(1, ("-", "dim"), "none: neither of their own, nor of a household of theirs")
    return "\n".join(page.lines)


def _mark(*, holds: bool) -> tuple[str, str]:
    return ("✓", "green") if holds else ("✗", "red")


def _summary(explanation: Explanation) -> str:
    outcomes = [cell.outcome for point in explanation.points for cell in point.cells]
    told = ", ".join(
        f"{outcomes.count(outcome)} {words}"
        for outcome, words in (
            (Outcome.CHANGED, "changed"),
            (Outcome.ALREADY, "already so"),
            (Outcome.KEPT, "kept"),
            (Outcome.NOT_ELIGIBLE, "not eligible"),
        )
    )
    points = number(len(explanation.points), "contact point")
    return f"{points}; preferences that the job sets there: {told if outcomes else 'none'}"


def _student(page: _Page, explanation: Explanation, student: StudentChain, mode: Mode) -> None:
    depth = 1
    if mode is Mode.STUDENT_CONTACTS:
        leads = student.selected and student.related
        page.line(depth, _mark(holds=leads), f"student {student.student_id}")
        depth += 1
        for relationship in student.relationships:
            _relationship(page, explanation, relationship, depth)
    _enrollments(page, student, depth)


def _own(page: _Page, explanation: Explanation, own: StudentChain) -> None:
    page.blank()
    too = " too" if explanation.students else ""
    title = f"Person {own.student_id} is a student{too}: this mode sets the preferences of their contacts"
    page.paragraph(title, "bold")
    _enrollments(page, own, 1)
    for relationship in own.relationships:
        _relationship(page, explanation, relationship, 1)


def _enrollments(page: _Page, student: StudentChain, depth: int) -> None:
    for enrollment in student.enrollments:
        _enrollment(page, enrollment, depth)
    if not student.enrollments:
        page.line(depth, _mark(holds=False), "no enrollment")


def _enrollment(page: _Page, enrollment: EnrollmentChain, depth: int) -> None:
    where = " · ".join(filter(None, [enrollment.school, enrollment.calendar]))
    page.line(depth, _mark(holds=enrollment.holds), f"enrollment {enrollment.enrollment_id}: {where}")
    for check in enrollment.checks:
        _check(page, check, rule_words(check.rule, enrollment, holds=check.holds), depth + 1)
        if check.rule is Rule.CALENDAR and not check.holds:
            return  # what an enrollment of another school or year would do besides, nobody asks
    if not {Rule.ACTIVE, Rule.NOT_ENDED} & {check.rule for check in enrollment.checks}:
        page.line(depth + 1, ("·", "dim"), f"{dates(enrollment)}, which the job does not ask")
    _filter(page, enrollment.filter, depth + 1)


def _relationship(page: _Page, explanation: Explanation, relationship: RelationshipChain, depth: int) -> None:
    contact = f" to contact {relationship.contact_id}" if relationship.student_id == explanation.person_id else ""
    text = f"relationship {relationship.relationship_id}{contact}"
    page.line(depth, _mark(holds=relationship.holds), text)
    for check in relationship.checks:
        _check(page, check, rule_words(check.rule, relationship, holds=check.holds), depth + 1)
    if all(check.rule is not Rule.GUARDIAN for check in relationship.checks):
        guardian = "a guardian" if relationship.guardian else "no guardian"
        page.line(depth + 1, ("·", "dim"), f"{guardian}, which the job does not ask")


def _assignment(page: _Page, assignment: AssignmentChain) -> None:
    where = f": {assignment.school}" if assignment.school else ""
    page.line(1, _mark(holds=assignment.holds), f"assignment {assignment.assignment_id}{where}")
    for check in assignment.checks:
        _check(page, check, rule_words(check.rule, assignment, holds=check.holds), 2)
    _filter(page, assignment.filter, 2)


def _check(page: _Page, check: Check, words: str, depth: int) -> None:
    page.line(depth, _mark(holds=check.holds), words, check.place)


def _filter(page: _Page, tree: NodeVerdict | None, depth: int) -> None:
    if tree is None:
        return
    for below, verdict in _walked(tree):
        words = node_words(verdict)
        text = f"filter: {words}" if below == 0 else words
        page.line(depth + below, _mark(holds=verdict.holds), text, verdict.node.place)


def _walked(verdict: NodeVerdict, depth: int = 0) -> Iterator[tuple[int, NodeVerdict]]:
    yield depth, verdict
    for node in verdict.nodes:
        yield from _walked(node, depth + 1)


def _point(page: _Page, explanation: Explanation, point: PointVerdict) -> None:
    of = "" if point.household_id is None else f" of household {point.household_id}"
    custom = ", custom: its owner chose the preferences" if point.custom else ""
    sign, style = "●" if point.changes else "○", "green" if point.changes else "dim"
    page.line(1, (sign, style), f"{point.channel.label} {point.contact_point_id}{of}{custom}")
    for membership in point.memberships:
        active = "active" if membership.active else f"not active on {explanation.as_of}"
        text = f"membership {membership.household_member_id}: {dates(membership)}, {active}"
        page.line(2, _mark(holds=membership.active), text)
    others = listed(point.in_scope, "person", "people")
    if explanation.bystander(point):
        text = f"person {explanation.person_id} is a bystander here: it changes because of {others}, in scope"
        page.line(2, ("!", "yellow"), text)
    elif point.household_id is not None and point.in_scope:
        page.line(2, ("·", "dim"), f"active members in scope: {others}")
    for cell in point.cells:
        _cell(page, point, cell)
    if not point.cells:
        page.line(2, ("·", "dim"), "No Change: the job sets nothing for this channel")
    if explanation.refuses_custom and point.custom and point.changes:
        text = "this change makes the job refuse the whole run: `custom_selections: refuse`"
        page.line(2, ("!", "yellow"), text)


def _cell(page: _Page, point: PointVerdict, cell: CellVerdict) -> None:
    now = f"(it is {_setting(on=cell.before)})"
    told = {
        Outcome.CHANGED: f"changed {now}",
        Outcome.ALREADY: "already so",
        Outcome.KEPT: f"kept {now}: its owner chose that",
        Outcome.NOT_ELIGIBLE: f"not eligible {now}: {why_words(point, cell)}",
    }[cell.outcome]
    page.line(2, _OUTCOMES[cell.outcome], f"{cell.reason.label} {_setting(on=cell.on)}: {told}", cell.place)


def _setting(*, on: bool) -> str:
    return "On" if on else "Off"
