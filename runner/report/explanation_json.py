"""An explanation as JSON text; `schemas/explanation.schema.json` is its shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.report.explanation_words import node_words, rule_words, verdict_words, why_words
from runner.report.json import dumps
from runner.values.explanation import EXPLANATION_VERSION
from runner.values.job import All, Not, PassThrough, People
from runner.values.job import Any as AnyOf

if TYPE_CHECKING:
    from datetime import date

    from runner.report.explanation_words import Chain
    from runner.values.explanation import (
        AssignmentChain,
        CellVerdict,
        EnrollmentChain,
        Explanation,
        Membership,
        NodeVerdict,
        PointVerdict,
        RelationshipChain,
        Roles,
        StudentChain,
    )
    from runner.values.job import Node
    from runner.values.problems import Position


def render_explanation(explanation: Explanation) -> str:
    """Return the JSON document of an explanation."""
    verdict = explanation.verdict
    return dumps(
        {
            "format_version": EXPLANATION_VERSION,
            "job": {
                "name": explanation.job.name,
                "file": explanation.job.file,
                "sha256": explanation.job.sha256,
                "mode": explanation.mode.value,
            },
            "as_of": explanation.as_of.isoformat(),
            "database": explanation.database,
            "person_id": explanation.person_id,
            "in_scope": verdict.in_scope,
            "decisive": {
                "rule": verdict.rule.value,
                "message": verdict_words(explanation),
                "student_id": verdict.student_id,
                **_place(verdict.place),
            },
            "roles": _roles(explanation.roles),
            "students": [_student(student) for student in explanation.students],
            "as_student": None if explanation.own is None else _student(explanation.own),
            "assignments": [_assignment(assignment) for assignment in explanation.assignments],
            "contact_points": [_point(explanation, point) for point in explanation.points],
        },
    )


def _place(place: Position) -> dict[str, Any]:
    return {"file": place.file, "line": place.line, "column": place.column}


def _roles(roles: Roles) -> dict[str, int]:
    return {
        "enrollments": roles.enrollments,
        "contact_of": roles.contact_of,
        "contacts": roles.contacts,
        "assignments": roles.assignments,
        "households": roles.households,
    }


def _student(student: StudentChain) -> dict[str, Any]:
    return {
        "student_id": student.student_id,
        "selected": student.selected,
        "enrollments": [_enrollment(enrollment) for enrollment in student.enrollments],
        "relationships": [_relationship(relationship) for relationship in student.relationships],
    }


def _enrollment(enrollment: EnrollmentChain) -> dict[str, Any]:
    return {
        "enrollment_id": enrollment.enrollment_id,
        "holds": enrollment.holds,
        "school": enrollment.school,
        "calendar": enrollment.calendar,
        "end_year": enrollment.end_year,
        "grade": enrollment.grade,
        "no_show": enrollment.no_show,
        **_dates(enrollment),
        "rules": _rules(enrollment),
        "filter": None if enrollment.filter is None else _node(enrollment.filter),
    }


def _relationship(relationship: RelationshipChain) -> dict[str, Any]:
    return {
        "relationship_id": relationship.relationship_id,
        "holds": relationship.holds,
        "student_id": relationship.student_id,
        "contact_id": relationship.contact_id,
        "messenger": relationship.messenger,
        "guardian": relationship.guardian,
        **_dates(relationship),
        "rules": _rules(relationship),
    }


def _assignment(assignment: AssignmentChain) -> dict[str, Any]:
    return {
        "assignment_id": assignment.assignment_id,
        "holds": assignment.holds,
        "school": assignment.school,
        **_dates(assignment),
        "rules": _rules(assignment),
        "filter": None if assignment.filter is None else _node(assignment.filter),
    }


def _rules(chain: Chain) -> list[dict[str, Any]]:
    return [
        {
            "rule": check.rule.value,
            "holds": check.holds,
            "message": rule_words(check.rule, chain, holds=check.holds),
            **_place(check.place),
        }
        for check in chain.checks
    ]


def _dates(row: Chain | Membership) -> dict[str, str | None]:
    return {"start_date": _written(row.start_date), "end_date": _written(row.end_date)}


def _written(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


def _node(verdict: NodeVerdict) -> dict[str, Any]:
    return {
        "node": _kind(verdict.node),
        "holds": verdict.holds,
        "message": node_words(verdict),
        "found": [value if isinstance(value, str | int | None) else value.isoformat() for value in verdict.found],
        **_place(verdict.node.place),
        "nodes": [_node(node) for node in verdict.nodes],
    }


def _kind(node: Node) -> str:
    match node:
        case All():
            return "all"
        case AnyOf():
            return "any"
        case Not():
            return "not"
        case People():
            return "people"
        case PassThrough():
            return "sql"
        case query:
            return query.field.name


def _point(explanation: Explanation, point: PointVerdict) -> dict[str, Any]:
    return {
        "contact_point_id": point.contact_point_id,
        "channel": point.channel.value,
        "household_id": point.household_id,
        "memberships": [
            {
                "household_member_id": membership.household_member_id,
                **_dates(membership),
                "active": membership.active,
            }
            for membership in point.memberships
        ],
        "address": point.address.value,
        "custom": point.custom,
        "in_scope_through": list(point.in_scope),
        "bystander": explanation.bystander(point),
        "cells": {cell.reason.value: _cell(point, cell) for cell in point.cells},
    }


def _cell(point: PointVerdict, cell: CellVerdict) -> dict[str, Any]:
    return {
        "set": "on" if cell.on else "off",
        "before": "on" if cell.before else "off",
        "outcome": cell.outcome.value,
        "why": [why.value for why in cell.why],
        "message": why_words(point, cell) or None,
        **_place(cell.place),
    }
