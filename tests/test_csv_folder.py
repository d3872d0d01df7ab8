"""A folder of CSV files: loaded whole, or refused with every problem in its place and nobody's name in it."""

from __future__ import annotations

import csv
import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, func, insert, select, text

from runner.district.csv_findings import MOST
from runner.district.csv_folder import load_folder
from runner.district.csv_values import check_of, fault_of
from runner.district.demo import fill_demo
from runner.tables import contact_point, district, enrollment, person, school
from runner.values.problems import Position, Problem, Stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Column, Connection

GRAND_BEND = Path(__file__).parent / "data" / "grand-bend"
CHANNELS = "household_phone, home_phone, work_phone, cell_phone, email, secondary_email"
FILES = {
    "school": "school_id,number,name\n1,001,Arthur Elementary\n2,,Lincoln Middle\n",
    "calendar": "calendar_id,school_id,name,end_year\n1,1,2025-26,2026\n",
    "person": "person_id,first_name,last_name,birth_date\n1,Ada,Rivera,2015-03-04\n2,Bo,Rivera,\n",
    "enrollment": "enrollment_id,person_id,calendar_id,grade,service_type,no_show\n1,1,1,05,P,0\n",
    "relationship": "relationship_id,student_id,contact_id,name,guardian\n1,1,2,Mother,true\n",
    "household": "household_id,name\n1,12 Elm Street\n",
    "household_member": "household_member_id,household_id,person_id\n1,1,1\n2,1,2\n",
    "district_assignment": "assignment_id,person_id,school_id\n1,2,1\n",
    "contact_point": (
        "contact_point_id,person_id,household_id,channel,address,"
        "emergency,attendance,behavior,staff,general,food_service,priority,teacher\n"
        "1,2,,email,bo@mail.example,1,0,0,0,1,0,1,0\n"
        "2,,1,household_phone,555-0100,1,1,1,0,0,0,0,0\n"
    ),
}


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.connect().execution_options(schema_translate_map={"district": None}) as connection:
        district.create_all(connection)
        connection.commit()
        yield connection
    engine.dispose()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for table, content in FILES.items():
        (tmp_path / f"{table}.csv").write_text(content, encoding="utf-8")
    return tmp_path


def silent(_table: str, _read: int, _total: int) -> None:
    pass


def load(connection: Connection, folder: Path) -> dict[str, int]:
    return load_folder(connection, folder, silent)


def problems(connection: Connection, folder: Path) -> tuple[Problem, ...]:
    with pytest.raises(Stopped) as stopped:
        load(connection, folder)
    connection.rollback()
    assert not any(rows(connection).values())
    return stopped.value.problems


def rows(connection: Connection) -> dict[str, int]:
    return {
        table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in district.sorted_tables
    }


def change(folder: Path, table: str, old: str, new: str) -> Path:
    path = folder / f"{table}.csv"
    content = path.read_text(encoding="utf-8")
    assert content.count(old) == 1
    path.write_text(content.replace(old, new), encoding="utf-8", newline="")
    return path


def at(path: Path, line: int, column: int) -> Position:
    return Position(str(path), line, column)


def test_a_folder_is_loaded(connection: Connection, folder: Path) -> None:
    assert load(connection, folder) == {
        "school": 2,
        "calendar": 1,
        "person": 2,
        "enrollment": 1,
        "relationship": 1,
        "household": 1,
        "household_member": 2,
        "district_assignment": 1,
        "contact_point": 2,
    }
    assert connection.execute(select(person).order_by(person.c.person_id)).all() == [
        (1, "Ada", "Rivera", date(2015, 3, 4), None, None, None, None),
        (2, "Bo", "Rivera", None, None, None, None, None),
    ]
    assert connection.execute(select(contact_point).order_by(contact_point.c.contact_point_id)).all() == [
        (1, 2, None, "email", "bo@mail.example", True, False, False, False, True, False, True, False, False),
        (2, None, 1, "household_phone", "555-0100", True, True, True, False, False, False, False, False, False),
    ]
    assert connection.execute(select(school.c.number).order_by(school.c.school_id)).all() == [("001",), (None,)]


def test_numbers_and_flags_are_stored_as_such(connection: Connection, folder: Path) -> None:
    load(connection, folder)
    columns = ", ".join(f"typeof({name})" for name in ("contact_point_id", "emergency", "custom", "person_id"))
    kinds = f"select distinct {columns} from contact_point"
    assert set(connection.execute(text(kinds)).all()) == {
        ("integer", "integer", "integer", "integer"),
        ("integer", "integer", "integer", "null"),
    }


def test_nothing_is_committed_for_the_caller(tmp_path: Path, folder: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'district.db'}")
    with engine.connect().execution_options(schema_translate_map={"district": None}) as connection:
        district.create_all(connection)
        connection.commit()
        load(connection, folder)
        connection.rollback()
        assert not any(rows(connection).values())
        load(connection, folder)
        connection.commit()
        assert all(rows(connection).values())
    engine.dispose()


def test_grand_bend_is_loaded(connection: Connection) -> None:
    assert load(connection, GRAND_BEND) == {
        "school": 3,
        "calendar": 6,
        "person": 2901,
        "enrollment": 1920,
        "relationship": 1872,
        "household": 1138,
        "household_member": 2927,
        "district_assignment": 86,
        "contact_point": 3509,
    }
    assert connection.execute(text("pragma foreign_key_check")).all() == []


def test_a_demo_written_as_csv_and_loaded_is_the_same_demo(connection: Connection, tmp_path: Path) -> None:
    def content() -> dict[str, list[Any]]:
        return {table.name: list(connection.execute(select(table))) for table in district.sorted_tables}

    fill_demo(connection, 300, 1, lambda _table, _rows: None)
    before = content()
    for table in district.sorted_tables:
        with (tmp_path / f"{table.name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(table.columns.keys())
            writer.writerows(before[table.name])
    connection.rollback()
    assert load(connection, tmp_path) == {table: len(of_table) for table, of_table in before.items()}
    assert content() == before


def test_progress_counts_the_bytes_of_all_files(connection: Connection) -> None:
    told: list[tuple[str, int, int]] = []
    load_folder(connection, GRAND_BEND, lambda table, read, total: told.append((table, read, total)))
    total = sum(path.stat().st_size for path in GRAND_BEND.glob("*.csv"))
    assert {of for _, _, of in told} == {total}
    assert [read for _, read, _ in told] == sorted(read for _, read, _ in told)
    assert told[-1][1] == total
    assert {table for table, _, _ in told} == {table.name for table in district.sorted_tables}


@pytest.mark.parametrize(
    ("table", "old", "new"),
    [
        ("person", "person_id,first", "\ufeffperson_id,first"),
        ("person", "1,Ada,Rivera", '1,"Ada",Rivera'),
        ("person", "Rivera,\n", "Rivera,\n\n\n"),
        ("person", "Rivera,2015-03-04\n", "Rivera,2015-03-04\r\n"),
        ("person", "2,Bo,Rivera,\n", "2,Bo,Rivera,"),
        ("person", "2,Bo,Rivera", "002,Bo,Rivera"),
        ("person", "2,Bo,Rivera", "2,Bo,Rivéra"),
        ("person", "2,Bo,Rivera", '2,Bo,"Rivera, ""the""\nthird"'),
        ("person", "birth_date\n1,Ada,Rivera,2015-03-04\n2,Bo,Rivera,\n", "gender\n1,Ada,Rivera,F\n2,Bo,Rivera,\n"),
        ("household", "1,12 Elm Street\n", "1,12 Elm Street\n-5,13 Elm Street\n"),
        ("household", "1,12 Elm Street\n", "1,12 Elm Street\n9223372036854775807,13 Elm Street\n"),
        ("household", "1,12 Elm Street\n", "9,13 Elm Street\n1,12 Elm Street\n"),
        ("enrollment", "P,0", "P,FALSE"),
        ("enrollment", "P,0", "P,"),
        ("relationship", "true", "True"),
        ("relationship", "1,1,2,Mother,true\n", ""),
    ],
)
def test_a_folder_may_be_written_so_too(
    connection: Connection,
    folder: Path,
    table: str,
    old: str,
    new: str,
) -> None:
    change(folder, table, old, new)
    load(connection, folder)


def test_text_is_kept_as_it_stands(connection: Connection, folder: Path) -> None:
    change(folder, "person", "2,Bo,Rivera", '2, Bo  ,"Ri,v""e\r\nra ☃"')
    change(folder, "contact_point", "bo@mail.example", "   ")
    load(connection, folder)
    assert connection.execute(select(person.c.first_name, person.c.last_name).where(person.c.person_id == 2)).one() == (
        " Bo  ",
        'Ri,v"e\r\nra ☃',
    )
    assert connection.execute(select(contact_point.c.address).where(contact_point.c.person_id == 2)).scalar() == "   "


def test_flags_of_every_spelling(connection: Connection, folder: Path) -> None:
    change(folder, "contact_point", ",1,0,0,0,1,0,1,0\n", ",TRUE,0,false,False,true,0,1,FALSE\n")
    load(connection, folder)
    flags = select(contact_point).where(contact_point.c.person_id == 2)
    assert tuple(connection.execute(flags).one())[5:] == (True, False, False, False, True, False, True, False, False)


VALUE = "csv-value"
AS_DATE = "write it as YYYY-MM-DD"
AS_FLAG = "write 0, 1, true or false"
TO_PERSON = "person_id filled, household_id empty."
TO_HOUSEHOLD = "A household_phone belongs to a household: household_id filled, person_id empty."
TEXTS = "text messages are left out: recipients could be charged for what they never asked for"
QUOTES = 'a field in quotes ends at a quote, and a quote in it is doubled: "6"" pipe"'


@pytest.mark.parametrize(
    ("table", "old", "new", "code", "line", "column", "message", "hint"),
    [
        # the header
        ("person", "birth_date", "birthdate", "csv-header", 1, 32, "Field 4 of the header is not a column of person.",
         "did you mean `birth_date`?"),
        ("person", "birth_date", "Birth Date", "csv-header", 1, 32, "Field 4 of the header is not a column of person.",
         "did you mean `birth_date`?"),
        ("household", "id,name", "id,name,colour", "csv-header", 1, 19,
         "Field 3 of the header is not a column of household.", "the columns of household are household_id, name"),
        ("person", "birth_date", "last_name", "csv-header", 1, 32, "The header has last_name twice.", None),
        ("calendar", ",end_year", "", "csv-header", 1, 1,
         "The header lacks end_year, which calendar must have.", None),
        ("contact_point", "emergency,", "", "csv-header", 1, 1,
         "The header lacks emergency, which contact_point must have.", None),
        ("household", "household_id,name", '"household_id"x,name', "csv-shape", 1, 1,
         "The quotes of this record are wrong; nothing after it was read.", QUOTES),
        ("household", "household_id,name", "\n\nhousehold_id,name,x", "csv-header", 3, 19,
         "Field 3 of the header is not a column of household.", "the columns of household are household_id, name"),
        # the shape
        ("person", "Rivera,\n", "Rivera\n", "csv-shape", 3, 1, "The record has 3 fields, and the header 4.", None),
        ("person", "Rivera,\n", "Rivera,,x\n", "csv-shape", 3, 1, "The record has 5 fields, and the header 4.", None),
        ("person", "2,Bo,Rivera", '2,Bo,"Riv"era', "csv-shape", 3, 1,
         "The quotes of this record are wrong; nothing after it was read.", QUOTES),
        ("person", "2,Bo,Rivera", '2,Bo,"Rivera', "csv-shape", 3, 1,
         "The quotes of this record are wrong; nothing after it was read.", QUOTES),
        ("household", "12 Elm Street", "x" * 131_073, "csv-shape", 2, 1, "A field is longer than 131,072 characters.",
         "is there a quote that is never closed?"),
        # numbers
        ("school", "2,,", "2.0,,", VALUE, 3, 1, "school_id is not a whole number: `2.0`.", None),
        ("school", "2,,", "two,,", VALUE, 3, 1, "school_id is not a whole number.", None),
        ("school", "2,,", "\u0662,,", VALUE, 3, 1, "school_id is not a whole number.", None),
        ("school", "2,,", "+2,,", VALUE, 3, 1, "school_id is not a whole number: `+2`.", None),
        ("school", "2,,", " 2,,", VALUE, 3, 1, "school_id is not a whole number: ` 2`.", None),
        ("school", "2,,", "2_0,,", VALUE, 3, 1, "school_id is not a whole number.", None),
        ("school", "2,,", "9223372036854775808,,", VALUE, 3, 1,
         "school_id does not fit in 64 bits: `9223372036854775808`.", None),
        ("school", "2,,", "-9223372036854775809,,", VALUE, 3, 1,
         "school_id does not fit in 64 bits: `-9223372036854775809`.", None),
        ("school", "2,,", "1" * 5000 + ",,", VALUE, 3, 1, "school_id is not a whole number.", None),
        ("school", "2,,", ",,", VALUE, 3, 1, "school_id is empty, and must not be.", None),
        ("calendar", "2025-26,2026", "2025-26,3000000000", VALUE, 2, 13,
         "end_year does not fit in 32 bits: `3000000000`.", None),
        # dates
        ("person", "2015-03-04", "2015-02-30", VALUE, 2, 14, "birth_date is not in the calendar: `2015-02-30`.", None),
        ("person", "2015-03-04", "0000-01-01", VALUE, 2, 14, "birth_date is not in the calendar: `0000-01-01`.", None),
        ("person", "2015-03-04", "20150304", VALUE, 2, 14, "birth_date is not a date: `20150304`.", AS_DATE),
        ("person", "2015-03-04", "3/4/2015", VALUE, 2, 14, "birth_date is not a date: `3/4/2015`.", AS_DATE),
        ("person", "2015-03-04", "2015-W10-3", VALUE, 2, 14, "birth_date is not a date.", AS_DATE),
        ("person", "2015-03-04", "2015-03-0\u0664", VALUE, 2, 14, "birth_date is not a date.", AS_DATE),
        ("person", "2015-03-04", "Rivera", VALUE, 2, 14, "birth_date is not a date.", AS_DATE),
        # flags
        ("enrollment", "P,0", "P,2", VALUE, 2, 12, "no_show is not a flag: `2`.", AS_FLAG),
        ("enrollment", "P,0", "P,yes", VALUE, 2, 12, "no_show is not a flag: `yes`.", AS_FLAG),
        ("enrollment", "P,0", "P,Rivera", VALUE, 2, 12, "no_show is not a flag.", AS_FLAG),
        ("contact_point", ",1,0,0,0,1,0,1,0", ",1,0,0,0,1,0,,0", VALUE, 2, 40, "priority is empty, and must not be.",
         None),
        # text
        ("person", "2,Bo,", "2,,", VALUE, 3, 3, "first_name is empty, and must not be.", None),
        ("person", "2,Bo,", f"2,{'é' * 101},", VALUE, 3, 3, "first_name is longer than 100 characters: 101.", None),
        ("enrollment", "05,P", "05,PPPPPPPPPPP", VALUE, 2, 10, "service_type is longer than 10 characters: 11.", None),
        ("person", "2,Bo,", "2,B\0o,", "text-encoding", 3, 3, "first_name holds a NUL character (U+0000).", None),
        # contact points
        ("contact_point", ",email,", ",e-mail,", VALUE, 2, 6, "channel is not one of them.", "did you mean `email`?"),
        ("contact_point", ",email,", ",Email,", VALUE, 2, 6, "channel is not one of them.", "did you mean `email`?"),
        ("contact_point", ",email,", ",pigeon,", VALUE, 2, 6, "channel is not one of them.",
         f"the channels are {CHANNELS}"),
        ("contact_point", ",email,", ",text,", VALUE, 2, 6, "`text` is not a channel.", TEXTS),
        ("contact_point", ",email,", ",SMS,", VALUE, 2, 6, "`sms` is not a channel.", TEXTS),
        ("contact_point", "1,2,,email", "1,2,1,email", VALUE, 2, 7,
         f"A contact point of email belongs to a person: {TO_PERSON}", None),
        ("contact_point", "1,2,,email", "1,,,email", VALUE, 2, 5,
         f"A contact point of email belongs to a person: {TO_PERSON}", None),
        ("contact_point", "1,2,,email", "1,,1,email", VALUE, 2, 6,
         f"A contact point of email belongs to a person: {TO_PERSON}", None),
        ("contact_point", "2,,1,household", "2,1,,household", VALUE, 3, 6, TO_HOUSEHOLD, None),
        ("contact_point", "2,,1,household", "2,1,1,household", VALUE, 3, 7, TO_HOUSEHOLD, None),
        ("contact_point", "2,,1,household", "2,,,household", VALUE, 3, 5, TO_HOUSEHOLD, None),
        # keys and references
        ("person", "2,Bo,Rivera,\n", "2,Bo,Rivera,\n02,Bo,Rivera,\n", "csv-duplicate", 4, 1,
         "person_id 2 stands in line 3 already.", None),
        ("school", "2,,", "2,001,", "csv-duplicate", 3, 3, "The number of this school stands in line 2 already.", None),
        ("calendar", "1,1,2025", "1,7,2025", "csv-reference", 2, 3, "school_id 7 is in no line of school.csv.", None),
        ("relationship", "1,1,2,", "1,1,3,", "csv-reference", 2, 5, "contact_id 3 is in no line of person.csv.", None),
        ("contact_point", "2,,1,", "2,,-1,", "csv-reference", 3, 4, "household_id -1 is in no line of household.csv.",
         None),
        # a record of several lines has the line where it begins; what begins later has no column
        ("person", "2,Bo,Rivera,\n", '2,"B\no",Rivera,\n3,,Rivera,\n', VALUE, 5, 3,
         "first_name is empty, and must not be.", None),
        ("person", "2,Bo,Rivera,\n", '2,"B\r\no",Rivera,never\n', VALUE, 3, 1, "birth_date is not a date.", AS_DATE),
        ("person", "2,Bo,Rivera,\n", '2,"B,""o",Rivera,never\n', VALUE, 3, 18, "birth_date is not a date.", AS_DATE),
        ("person", "2,Bo,Rivera,\n", "\n\n2,Bo,Rivera,never\n", VALUE, 5, 13, "birth_date is not a date.", AS_DATE),
    ],
)  # fmt: skip
def test_a_problem(  # noqa: PLR0917 - a case is a line
    connection: Connection,
    folder: Path,
    table: str,
    old: str,
    new: str,
    code: str,
    line: int,
    column: int,
    message: str,
    hint: str | None,
) -> None:
    path = change(folder, table, old, new)
    assert problems(connection, folder) == (Problem(code, message, at(path, line, column), hint),)


def test_a_byte_that_is_not_utf_8_is_found_where_it_stands(connection: Connection, folder: Path) -> None:
    path = folder / "person.csv"
    path.write_bytes(path.read_bytes().replace(b"2,Bo,Rivera", b"2,B\xf6,Rivera"))
    assert problems(connection, folder) == (
        Problem("text-encoding", "first_name is not UTF-8.", at(path, 3, 3), "save the file as UTF-8"),
    )


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_file_in_utf_16(connection: Connection, folder: Path, encoding: str) -> None:
    path = folder / "person.csv"
    path.write_bytes(("\ufeff" + FILES["person"]).encode(encoding))
    assert problems(connection, folder) == (
        Problem("text-encoding", "person.csv is UTF-16.", at(path, 1, 1), "save it as UTF-8"),
    )


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n", b"\r\n\r\n"])
def test_an_empty_file(connection: Connection, folder: Path, content: bytes) -> None:
    path = folder / "household.csv"
    path.write_bytes(content)
    assert problems(connection, folder) == (
        Problem("file-empty", "household.csv has nothing in it, not even a header.", at(path, 1, 1)),
    )


def test_missing_files_are_all_named_and_the_others_read(connection: Connection, folder: Path) -> None:
    (folder / "person.csv").rename(folder / "Persons.csv")
    (folder / "calendar.csv").unlink()
    (folder / "notes.csv").write_text("nothing of ours", encoding="utf-8")
    path = change(folder, "household", "1,12", "one,12")
    assert set(problems(connection, folder)) == {
        Problem(
            "csv-missing",
            "person.csv is missing.",
            at(folder / "person.csv", 1, 1),
            "`Persons.csv` is there: is that the file? Name it `person.csv`.",
        ),
        Problem("csv-missing", "calendar.csv is missing.", at(folder / "calendar.csv", 1, 1)),
        Problem("csv-value", "household_id is not a whole number.", at(path, 2, 1)),
        Problem(
            "csv-reference",
            "household_id 1 is in no line of household.csv.",
            at(folder / "household_member.csv", 2, 3),
        ),
        Problem(
            "csv-reference",
            "household_id 1 is in no line of household.csv.",
            at(folder / "household_member.csv", 3, 3),
        ),
        Problem(
            "csv-reference",
            "household_id 1 is in no line of household.csv.",
            at(folder / "contact_point.csv", 3, 4),
        ),
    }


def test_no_folder(connection: Connection, tmp_path: Path) -> None:
    place = at(tmp_path / "nowhere", 1, 1)
    assert problems(connection, tmp_path / "nowhere") == (Problem("file-missing", "There is no such folder.", place),)


def test_a_file_for_a_folder(connection: Connection, folder: Path) -> None:
    path = folder / "person.csv"
    message = "The folder can't be read: Not a directory."
    assert problems(connection, path) == (Problem("file-unreadable", message, at(path, 1, 1)),)


def test_a_folder_and_a_pipe_for_a_file(connection: Connection, folder: Path) -> None:
    for name in ("household", "school"):
        (folder / f"{name}.csv").unlink()
    (folder / "household.csv").mkdir()
    os.mkfifo(folder / "school.csv")
    assert set(problems(connection, folder)) == {
        Problem("file-unreadable", f"{name} is not a regular file.", at(folder / name, 1, 1))
        for name in ("household.csv", "school.csv")
    }


def test_a_loop_of_links(connection: Connection, folder: Path) -> None:
    path = folder / "household.csv"
    path.unlink()
    path.symlink_to(path)
    message = "household.csv can't be read: Too many levels of symbolic links."
    assert problems(connection, folder) == (Problem("file-unreadable", message, at(path, 1, 1)),)


def test_rows_already_there_are_left_alone(connection: Connection, folder: Path) -> None:
    connection.execute(insert(school).values(school_id=9, name="Arthur Elementary"))
    with pytest.raises(Stopped) as stopped:
        load(connection, folder)
    assert stopped.value.problems == (
        Problem(
            "not-empty",
            "The database holds rows already, in school.",
            hint="use another database, such as `--database sqlite:///new.db`",
        ),
    )
    assert rows(connection)["school"] == 1


def test_every_problem_is_told_in_the_order_of_its_place(connection: Connection, folder: Path) -> None:
    change(folder, "enrollment", "1,1,1,05,P,0\n", "1,1,9,,P,maybe\n1,1,1,05,P,0\n3,1\nx,1,1,05,P,0\n")
    path = folder / "enrollment.csv"
    assert problems(connection, folder) == (
        Problem("csv-reference", "calendar_id 9 is in no line of calendar.csv.", at(path, 2, 5)),
        Problem(VALUE, "grade is empty, and must not be.", at(path, 2, 7)),
        Problem(VALUE, "no_show is not a flag.", at(path, 2, 10), AS_FLAG),
        Problem("csv-duplicate", "enrollment_id 1 stands in line 2 already.", at(path, 3, 1)),
        Problem("csv-shape", "The record has 2 fields, and the header 6.", at(path, 4, 1)),
        Problem(VALUE, "enrollment_id is not a whole number.", at(path, 5, 1)),
    )


def test_a_row_that_is_wrong_elsewhere_can_be_referred_to(connection: Connection, folder: Path) -> None:
    path = change(folder, "person", "2,Bo,Rivera,\n", "2,Bo\n")
    message = "The record has 2 fields, and the header 4."
    assert problems(connection, folder) == (Problem("csv-shape", message, at(path, 3, 1)),)


def test_of_many_problems_a_hundred_are_told_and_all_counted(connection: Connection, folder: Path) -> None:
    wrong = "".join(f"{number},,Rivera,\n" for number in range(10, 1_000))
    repeated = "".join(f"{number},Ada,Rivera,\n" for number in range(10, 30))
    path = change(folder, "person", "2,Bo,Rivera,\n", f"2,Bo,Rivera,\n{wrong}{repeated}")
    found = problems(connection, folder)
    assert len(found) == MOST + 1
    assert found[-1] == Problem(VALUE, "There are 1010 problems; these are the first 100 that were found.")
    message = "first_name is empty, and must not be."
    assert found[:-1] == tuple(Problem(VALUE, message, at(path, 4 + n, len(f"{10 + n},") + 1)) for n in range(MOST))


def test_a_hundred_problems_are_told_without_a_word_more(connection: Connection, folder: Path) -> None:
    wrong = "".join(f"{number},,Rivera,\n" for number in range(10, 110))
    change(folder, "person", "2,Bo,Rivera,\n", f"2,Bo,Rivera,\n{wrong}")
    assert {problem.message for problem in problems(connection, folder)} == {"first_name is empty, and must not be."}


def test_a_connection_may_try_again(connection: Connection, folder: Path) -> None:
    change(folder, "person", "2,Bo,Rivera", "two,Bo,Rivera")
    assert len(problems(connection, folder)) == 5  # itself, and four references to the person
    change(folder, "person", "two,Bo,Rivera", "2,Bo,Rivera")
    load(connection, folder)
    assert rows(connection)["person"] == 2


@pytest.mark.parametrize("enforced", ["on", "off"])
def test_references_are_checked_whether_the_database_does_so_or_not(
    connection: Connection,
    folder: Path,
    enforced: str,
) -> None:
    connection.rollback()
    connection.execute(text(f"pragma foreign_keys = {enforced}"))
    path = change(folder, "calendar", "1,1,2025", "1,7,2025")
    message = "school_id 7 is in no line of school.csv."
    assert problems(connection, folder) == (Problem("csv-reference", message, at(path, 2, 3)),)


NAME = "Zebedee"  # a name that stands where none belongs


@pytest.mark.parametrize("table", FILES)
def test_no_problem_repeats_a_name_wherever_it_stands(connection: Connection, folder: Path, table: str) -> None:
    path = folder / f"{table}.csv"
    content = FILES[table]
    for line, record in enumerate(content.splitlines()):
        for index, _ in enumerate(record.split(",")):
            fields = record.split(",")
            fields[index] = NAME
            lines = content.splitlines()
            lines[line] = ",".join(fields)
            path.write_text("\n".join(lines), encoding="utf-8")
            told: tuple[Problem, ...] = ()
            try:
                load(connection, folder)
            except Stopped as stopped:
                told = stopped.problems
            assert NAME.lower() not in repr(told).lower()
            connection.rollback()


COLUMNS: list[Column[Any]] = [person.c.person_id, person.c.birth_date, person.c.gender, enrollment.c.no_show]
COLUMNS += [contact_point.c.channel, contact_point.c.emergency, contact_point.c.person_id, school.c.name]
CELLS = st.one_of(
    st.sampled_from(
        ["", "0", "1", "True", "2", "-1", "007", "2015-02-28", "2015-02-29", "email", "sms", "1" * 19, "é"]
    ),
    st.text(max_size=50),
    st.text(alphabet="0123456789-", max_size=20),
    st.just("\udcf6"),
)


@given(st.sampled_from(COLUMNS), st.lists(CELLS, min_size=1, max_size=5))
def test_many_fields_are_accepted_just_where_each_of_them_is(column: Column[Any], cells: list[str]) -> None:
    check = check_of(column)
    sound = all(fault_of(column, cell) is None for cell in cells)
    assert check.accepts(cells) is sound
    assert check.accepts(cells) is sound  # what was seen before does not make it different


def test_an_error_that_the_files_do_not_explain_is_the_database_s_own(
    connection: Connection,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_connection: Connection) -> None:
        connection.execute(text("insert into school (school_id, name) values (1, 'twice')"))

    check: Callable[[Connection], None] = refuse
    monkeypatch.setattr("runner.district.csv_folder._check_references", check)
    with pytest.raises(Exception, match=r"UNIQUE constraint failed: school\.school_id"):
        load(connection, folder)
