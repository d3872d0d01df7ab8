"""The tables: a district's, and the runner's own. The only file that spells a column.

A district's tables carry the symbolic schema `DISTRICT`, which every connection and every compilation translates to
the schema where they really are, so that a district's own views can stand in for them.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
    false,
)

from runner.values.vocabulary import Channel, Reason

DISTRICT: Final = "district"
"""The schema name that stands for wherever the district's tables are."""

HISTORY_VERSION: Final = 1
"""The version of the runner's own tables, kept in runner_meta."""

district = MetaData(schema=DISTRICT)
history = MetaData()

# Compared byte by byte where nothing else is asked for; transactions, and every character there is.
_MARIADB: dict[str, Any] = {
    "mariadb_engine": "InnoDB",
    "mariadb_charset": "utf8mb4",
    "mariadb_collate": "utf8mb4_nopad_bin",
}

# SQLite gives a row number for free to a column declared as INTEGER PRIMARY KEY, and to no other.
Id = BigInteger().with_variant(Integer(), "sqlite")


def _key(name: str) -> Column[int]:
    return Column(name, Id, primary_key=True, autoincrement=False)


def _refers(name: str, table: str, column: str | None = None, *, null: bool = False) -> Column[int]:
    target = f"{DISTRICT}.{table}.{column or name}"
    return Column(name, Id, ForeignKey(target), nullable=null)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=True)


school = Table(
    "school",
    district,
    _key("school_id"),
    Column("number", String(60), unique=True),
    Column("name", String(200), nullable=False),
    **_MARIADB,
)
calendar = Table(
    "calendar",
    district,
    _key("calendar_id"),
    _refers("school_id", "school"),
    Column("name", String(200), nullable=False),
    Column("end_year", Integer, nullable=False),
    **_MARIADB,
)
person = Table(
    "person",
    district,
    _key("person_id"),
    Column("first_name", String(100), nullable=False),
    Column("last_name", String(100), nullable=False),
    Column("birth_date", Date),
    Column("gender", String(40)),
    Column("language", String(60)),
    Column("student_number", String(40)),
    Column("staff_number", String(40)),
    **_MARIADB,
)
enrollment = Table(
    "enrollment",
    district,
    _key("enrollment_id"),
    _refers("person_id", "person"),
    _refers("calendar_id", "calendar"),
    Column("grade", String(40), nullable=False),
    Column("service_type", String(10), nullable=False),
    Column("start_date", Date),
    Column("end_date", Date),
    _flag("no_show"),
    Index("enrollment_calendar", "calendar_id", "person_id"),
    Index("enrollment_person", "person_id"),
    **_MARIADB,
)
relationship = Table(
    "relationship",
    district,
    _key("relationship_id"),
    _refers("student_id", "person", "person_id"),
    _refers("contact_id", "person", "person_id"),
    Column("name", String(60), nullable=False),
    _flag("guardian"),
    _flag("messenger"),
    Column("start_date", Date),
    Column("end_date", Date),
    Index("relationship_student", "student_id"),
    Index("relationship_contact", "contact_id"),
    **_MARIADB,
)
household = Table(
    "household",
    district,
    _key("household_id"),
    Column("name", String(200), nullable=False),
    **_MARIADB,
)
household_member = Table(
    "household_member",
    district,
    _key("household_member_id"),
    _refers("household_id", "household"),
    _refers("person_id", "person"),
    _flag("secondary"),
    Column("start_date", Date),
    Column("end_date", Date),
    Index("household_member_household", "household_id"),
    Index("household_member_person", "person_id"),
    **_MARIADB,
)
district_assignment = Table(
    "district_assignment",
    district,
    _key("assignment_id"),
    _refers("person_id", "person"),
    _refers("school_id", "school"),
    Column("title", String(100)),
    Column("start_date", Date),
    Column("end_date", Date),
    Index("district_assignment_person", "person_id"),
    Index("district_assignment_school", "school_id"),
    **_MARIADB,
)
_HOUSEHOLD_PHONE = f"channel = '{Channel.HOUSEHOLD_PHONE}'"
contact_point = Table(
    "contact_point",
    district,
    _key("contact_point_id"),
    _refers("person_id", "person", null=True),
    _refers("household_id", "household", null=True),
    Column("channel", String(20), nullable=False),
    Column("address", String(320)),
    *(Column(reason.value, Boolean, nullable=False) for reason in Reason),
    Column("custom", Boolean, nullable=False, server_default=false()),
    CheckConstraint(
        f"({_HOUSEHOLD_PHONE} and household_id is not null and person_id is null)"
        f" or ({_HOUSEHOLD_PHONE.replace('=', '<>')} and household_id is null and person_id is not null)",
        name="contact_point_owner",
    ),
    CheckConstraint(
        "channel in ({})".format(", ".join(f"'{channel}'" for channel in Channel)),
        name="contact_point_channel",
    ),
    Index("contact_point_person", "person_id"),
    Index("contact_point_household", "household_id"),
    postgresql_with={"fillfactor": "85"},  # room for the new version of a row beside the old one: HOT updates
    **_MARIADB,
)

runner_run = Table(
    "runner_run",
    history,
    Column("run_no", Id, Identity(), primary_key=True),  # its sequence needs no right of its own
    Column("run_id", String(36), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("undo_of", Id),
    Column("job_name", String(200)),
    Column("job_sha256", String(64)),
    Column("job_files", JSON),
    Column("mode", String(20)),
    Column("as_of", Date),
    Column("actor", String(200)),
    Column("git_commit", String(64)),
    Column("started_at", DateTime),  # UTC
    Column("finished_at", DateTime),  # UTC
    Column("people", BigInteger),
    Column("changed", BigInteger),
    Column("result", JSON),
    UniqueConstraint("run_id", name="runner_run_run_id"),
    CheckConstraint("kind in ('run', 'undo', 'void')", name="runner_run_kind"),
    sqlite_autoincrement=True,  # a number is never given twice, even after the newest run was deleted
    **_MARIADB,
)
runner_change = Table(
    "runner_change",
    history,
    Column("run_no", Id, primary_key=True, autoincrement=False),  # no foreign key: it would be asked for every row
    Column("contact_point_id", Id, primary_key=True, autoincrement=False),
    Column("channel", String(20), nullable=False),
    Column("before_bits", SmallInteger, nullable=False),
    Column("after_bits", SmallInteger, nullable=False),
    sqlite_with_rowid=False,  # halves the log: the key is the table
    **_MARIADB,
)
runner_lock = Table(
    "runner_lock",
    history,
    Column("lock_id", Integer, primary_key=True, autoincrement=False),
    Column("taken", BigInteger, nullable=False),
    **_MARIADB,
)
runner_meta = Table(
    "runner_meta",
    history,
    Column("meta_id", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    **_MARIADB,
)


def columns_of(table: str) -> tuple[str, ...]:
    """Return the names of the columns of a table, a district's or the runner's own. KeyError where there is none."""
    named = {each.name: each for each in (*district.sorted_tables, *history.sorted_tables)}
    return tuple(column.name for column in named[table].columns)
