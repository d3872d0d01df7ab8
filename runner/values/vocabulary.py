"""The words of the field: channels, reasons, modes, settings, and the fields and operators of a filter."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Channel(StrEnum):
    """A way to reach somebody; the order is the order in every report."""

    HOUSEHOLD_PHONE = "household_phone"
    HOME_PHONE = "home_phone"
    WORK_PHONE = "work_phone"
    CELL_PHONE = "cell_phone"
    EMAIL = "email"
    SECONDARY_EMAIL = "secondary_email"

    @property
    def label(self) -> str:
        """What people read."""
        return CHANNEL_LABELS[self]


class Reason(StrEnum):
    """What a message is about; the order is the order in every report."""

    EMERGENCY = "emergency"
    ATTENDANCE = "attendance"
    BEHAVIOR = "behavior"
    STAFF = "staff"
    GENERAL = "general"
    FOOD_SERVICE = "food_service"
    PRIORITY = "priority"
    TEACHER = "teacher"

    @property
    def label(self) -> str:
        """What people read."""
        return REASON_LABELS[self]

    @property
    def bit(self) -> int:
        """The runner's own bit for this reason: 1 for the first, 128 for the last."""
        return REASON_BITS[self]


class Mode(StrEnum):
    """Whose preferences a job sets."""

    STUDENT_CONTACTS = "student_contacts"
    STUDENTS = "students"
    CENSUS_STAFF = "census_staff"

    @property
    def label(self) -> str:
        """What people read."""
        return MODE_LABELS[self]


class Enrollments(StrEnum):
    """Which enrollments put a student in scope, by their dates."""

    ACTIVE = "active"
    NOT_ENDED = "not_ended"
    ANY = "any"


class Concern(StrEnum):
    """In which way a job concerns a person.

    CHANGED and KEPT: a contact point of theirs, or the phone of their household, is changed, or is left alone for the
    choice that was made on it. LOST: they cease to be reached. BYSTANDERS are not in scope and share what is changed.
    """

    SCOPE = "scope"
    CHANGED = "changed"
    KEPT = "kept"
    LOST = "lost"
    BYSTANDERS = "bystanders"


class CustomSelections(StrEnum):
    """What happens to contact points whose owner chose the preferences themselves."""

    KEEP = "keep"
    OVERWRITE = "overwrite"
    REFUSE = "refuse"


class Operator(StrEnum):
    """How a query leaf of a filter compares."""

    EQUALS = "equals"
    NOT_EQUALS = "not_equals"
    LESS_THAN = "less_than"
    AT_MOST = "at_most"
    GREATER_THAN = "greater_than"
    AT_LEAST = "at_least"
    BETWEEN = "between"
    IN = "in"
    NOT_IN = "not_in"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"
    IS_NULL = "is_null"


class Rule(StrEnum):
    """What somebody must fulfil to be in scope, each by its own name."""

    ENROLLED = "enrolled"  # there is an enrollment at all
    CALENDAR = "calendar"
    ACTIVE = "active"  # the enrollment is, by its dates
    NOT_ENDED = "not_ended"  # or it has not ended
    ATTENDS = "attends"  # no no-show
    GRADES = "grades"
    FILTER = "filter"
    RELATED = "related"  # there is a relationship to a student at all
    CURRENT = "current"  # the dates of the relationship, or of the assignment
    MESSENGER = "messenger"
    GUARDIAN = "guardian"
    ASSIGNED = "assigned"  # there is a district assignment at all
    SCHOOLS = "schools"


class FieldKind(StrEnum):
    """What a filter field holds, which decides the operators and the values that it takes."""

    TEXT = "text"
    CODE = "code"  # text whose order means nothing: KG would sort after 12
    DATE = "date"
    ID = "id"


@dataclass(frozen=True, slots=True)
class Field:
    """A field that a filter may ask for: `table.column`, what it holds, and the modes that know it."""

    name: str
    kind: FieldKind
    modes: frozenset[Mode]

    @property
    def table(self) -> str:
        """The part before the dot: person, enrollment or assignment."""
        return self.name.partition(".")[0]

    @property
    def column(self) -> str:
        """The part after the dot."""
        return self.name.partition(".")[2]

    @property
    def operators(self) -> tuple[Operator, ...]:
        """The operators that this field takes, in the vocabulary's order."""
        refused = {
            FieldKind.TEXT: frozenset[Operator](),
            FieldKind.CODE: ORDERING,
            FieldKind.DATE: PATTERNS,
            FieldKind.ID: PATTERNS,
        }[self.kind]
        return tuple(operator for operator in Operator if operator not in refused)


CHANNEL_LABELS = {
    Channel.HOUSEHOLD_PHONE: "Household Phone",
    Channel.HOME_PHONE: "Home/Other Phone",
    Channel.WORK_PHONE: "Work Phone",
    Channel.CELL_PHONE: "Cell Phone",
    Channel.EMAIL: "Email",
    Channel.SECONDARY_EMAIL: "Secondary Email",
}
REASON_LABELS = {
    Reason.EMERGENCY: "Emergency",
    Reason.ATTENDANCE: "Attendance",
    Reason.BEHAVIOR: "Behavior Messenger",
    Reason.STAFF: "Staff",
    Reason.GENERAL: "General",
    Reason.FOOD_SERVICE: "Food Service",
    Reason.PRIORITY: "Priority",
    Reason.TEACHER: "Teacher",
}
MODE_LABELS = {
    Mode.STUDENT_CONTACTS: "Student Messenger Contacts",
    Mode.STUDENTS: "Students",
    Mode.CENSUS_STAFF: "Census/Staff",
}
REASON_BITS = {reason: 1 << place for place, reason in enumerate(Reason)}
ALL_BITS = sum(REASON_BITS.values())

STUDENT_MODES = frozenset({Mode.STUDENT_CONTACTS, Mode.STUDENTS})
ORDERING = frozenset(
    {Operator.LESS_THAN, Operator.AT_MOST, Operator.GREATER_THAN, Operator.AT_LEAST, Operator.BETWEEN},
)
PATTERNS = frozenset({Operator.CONTAINS, Operator.STARTS_WITH, Operator.ENDS_WITH})

_EVERY_MODE = frozenset(Mode)
_STAFF_MODE = frozenset({Mode.CENSUS_STAFF})
FIELDS = {
    field.name: field
    for field in (
        Field("person.person_id", FieldKind.ID, _EVERY_MODE),
        Field("person.first_name", FieldKind.TEXT, _EVERY_MODE),
        Field("person.last_name", FieldKind.TEXT, _EVERY_MODE),
        Field("person.birth_date", FieldKind.DATE, _EVERY_MODE),
        Field("person.gender", FieldKind.TEXT, _EVERY_MODE),
        Field("person.language", FieldKind.TEXT, _EVERY_MODE),
        Field("person.student_number", FieldKind.TEXT, _EVERY_MODE),
        Field("person.staff_number", FieldKind.TEXT, _EVERY_MODE),
        Field("enrollment.grade", FieldKind.CODE, STUDENT_MODES),
        Field("enrollment.service_type", FieldKind.TEXT, STUDENT_MODES),
        Field("enrollment.start_date", FieldKind.DATE, STUDENT_MODES),
        Field("enrollment.end_date", FieldKind.DATE, STUDENT_MODES),
        Field("assignment.title", FieldKind.TEXT, _STAFF_MODE),
        Field("assignment.school", FieldKind.CODE, _STAFF_MODE),  # its name or its number
        Field("assignment.start_date", FieldKind.DATE, _STAFF_MODE),
        Field("assignment.end_date", FieldKind.DATE, _STAFF_MODE),
    )
}


def fold(text: str) -> str:
    """Return the form in which text is compared: lower case by Unicode, with a final sigma as any other.

    Case does not count; accents, width and trailing blanks do. No normalization.
    """
    return text.lower().replace("ς", "σ")  # noqa: RUF001 - they are meant
