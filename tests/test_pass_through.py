"""Pass-through SQL: what is sent, what is refused and where, and that `:as_of` is bound and no other colon is."""

from __future__ import annotations

import re
import sqlite3
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from runner.read.pass_through import MOST_FAULTS, as_of_places, bindable, faults

GOOD = [
    "select person_id from bus_rider",
    "SELECT person_id FROM bus_rider WHERE starts <= :as_of",
    "  -- who rides\n  select person_id /* the bus; (really) */ from bus_rider -- ) q",
    "with riders as (select person_id from bus_rider) select person_id from riders",
    "with recursive n(person_id) as (values (1) union all select 1 + person_id from n) select * from n",
    "values (1), (2)",
    "select person_id from p where name = 'it''s; ) -- /* for update'",
    'select "for", "lo""ck" from p where "a;)" = 1',
    "select `for`, [lock it] from p",
    "select person_id from p where replace(name, 'a', 'b') = (replace(name, 'b', 'a'))",
    "select insert('Quadratic', 3, 4, 'What')",
    "select person_id from p where path = 'C:\\dir'",
    "select person_id from p where name like '50\\%'",
    "select person_id from p where created::date = :as_of::date",
    "select a[1:2] from p",
    "select information, lockers, forename, updated, _for, delete_at from p",
    "select 5 - -1, 5 -(-1), 1.5e3, 0xFF",
    "select person_id\r\nfrom p -- dos\r\nwhere 1 = 1",
    "select updates.delete from updates",
]


@pytest.mark.parametrize("sql", GOOD)
def test_one_plain_select_is_sent(sql: str) -> None:
    assert faults(sql) == ()


@pytest.mark.parametrize(
    ("sql", "at"),
    [
        ("", 0),
        ("-- nothing\n", 0),
        ("delete from person", 0),
        ("  insert into p values (1)", 2),
        ("(select 1)", 0),
        ("explain select 1", 0),
        ("select 1; ", 8),
        ("select 1; delete from person", 8),
        ("select 1) q where 1=1 -- ", 8),
        ("select 1) q; commit; delete from person where (1=1", 8),
        ("select (1", 7),
        ("select 1 from p where name = 'x", 29),
        ('select 1 from p where name = "x', 29),
        ("select 1 from p where name = `x", 29),
        ("select 1 /* x", 9),
        ("select 1 /*! delete */", 9),
        ("select 1 /*M!100000 delete */", 9),
        ("select 1 /* /* */ ) q */", 12),
        ("select 1 --x\n", 9),
        ("select 1 --\u00a0) q\n", 9),
        ("select 1 # (\n) q", 9),
        ("select 1 -- a\r) q\n", 13),
        ("select 1 into outfile '/tmp/x'", 9),
        ("select 1 for update", 9),
        ("select 1 fOr Share", 9),
        ("select 1 lock in share mode", 9),
        ("with x as (delete from person returning 1) select * from x", 11),
        ("with x as (select 1) delete from person", 21),
        ("with x as ( /* y */ update person set a = 1) select 1", 20),
        ("with x as (merge into p using q on (1=1)) select 1", 11),
        ("with x as (replace into p values (1)) select 1", 11),
        (r"select 1 from p where name = 'x\' or 1=1 -- '", 31),
        (r"select 1 from p where name = 'x\\'", 32),
        (r'select 1 from p where name = "x\" or 1=1 -- "', 31),
        (r"select e'\'' from p", 8),
        (r"select 1 \ 2", 9),
        ("select $$ ) q $$", 7),
        ("select $tag$ ) q $tag$", 7),
        ("select 1$$)$$", 8),
        ("select a[$$](x$$]) q", 8),
        ("select a[']'] from p", 8),
        ("select [a]](]) q", 10),
        ("select 1 `) q where 1 `", 9),
        ("select 1 where x = ?", 19),
        ("select 1\f", 8),
        ("select 1\rfrom p", 8),
    ],
)
def test_what_is_refused_and_where(sql: str, at: int) -> None:
    assert [fault.offset for fault in faults(sql)][:1] == [at]


def test_everything_is_told_at_once_in_order() -> None:
    found = faults("delete from a; select 'x\\' for update) /*! */ (")
    assert [fault.offset for fault in found] == sorted(fault.offset for fault in found)
    assert len(faults("select ;" + "; " * 1000)) == MOST_FAULTS


@pytest.mark.parametrize(
    ("sql", "escaped"),
    [
        ("select :as_of", "select :as_of"),
        ("select (:as_of)::date, :as_of::date", r"select (:as_of)\:\:date, :as_of\:\:date"),
        ("select '12:30', ':as_of'", r"select '12\:30', '\:as_of'"),
        ('select ":as_of", `a:as_of`, [b:as_of]', r'select "\:as_of", `a\:as_of`, [b\:as_of]'),
        ("-- :as_of\nselect :as_of /* :as_of */", "-- \\:as_of\nselect :as_of /* \\:as_of */"),
        ("select :as_of_day, :as_o, :as_of$, a:as_of", r"select \:as_of_day, \:as_o, \:as_of$, a\:as_of"),
        ("select x::as_of, :AS_OF, @a := 1", r"select x\:\:as_of, \:AS_OF, @a \:= 1"),
        (r"select 'a\:b'", r"select 'a\\:b'"),
    ],
)
def test_only_as_of_stays_open(sql: str, escaped: str) -> None:
    assert bindable(sql) == escaped
    assert [sql[start:end] for start, end in as_of_places(sql)] == [":as_of"] * len(as_of_places(sql))


@pytest.mark.parametrize(
    ("sql", "row"),
    [
        ("select :as_of, ':as_of', '12:30', 'a::b', ':'", ("D", ":as_of", "12:30", "a::b", ":")),
        ("select ':a:b:', ':as_of:', ':%:', ':as_of', :as_of", (":a:b:", ":as_of:", ":%:", ":as_of", "D")),
        (r"select 'C:\x:y', '\:', '\\:as_of'", (r"C:\x:y", r"\:", r"\\:as_of")),
        ("select :as_of -- :as_of 12:30\n, /* :as_of */ :as_of", ("D", "D")),
        ("select '%s', '%(as_of)s', '%%'", ("%s", "%(as_of)s", "%%")),
    ],
)
def test_sqlalchemy_sends_what_was_written(sql: str, row: tuple[str, ...]) -> None:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        parameters = {"as_of": "D"} if as_of_places(sql) else {}
        assert tuple(connection.execute(text(bindable(sql)), parameters).one()) == row
    engine.dispose()


pieces = st.sampled_from(
    [
        *(
            "select ",
            "1",
            "a",
            "'",
            "''",
            '"',
            "`",
            "[",
            "]",
            "(",
            ")",
            ";",
            "--",
            "-- ",
            "/*",
            "*/",
            "\n",
            " ",
            ",",
            ":",
        ),
        *(
            ":as_of",
            "x$$",
            "$$",
            "#",
            "\\",
            "!",
            "M",
            " from p",
            "delete ",
            " union ",
            "=",
            "values ",
            "é",
            "\u00a0",
            "?",
        ),
    ],
)


@given(st.lists(pieces, max_size=25).map("".join))
def test_what_passes_cannot_leave_its_parentheses_in_sqlite(body: str) -> None:
    sql = f"select {body}"
    if faults(sql):
        return
    # If our parenthesis were closed by the SQL, what follows it would be reached: an unknown column, and an error.
    connection = sqlite3.connect(":memory:")
    connection.execute("create table p (a)")
    for probe in ("select * from (\n{}\n) q", "select * from (\n{}\n) q where q.no_such_column = 1"):
        try:
            connection.execute(probe.format(sql.replace(":as_of", "1"))).fetchall()
            outcome = None
        except sqlite3.Error as error:
            outcome = str(error)
        if outcome is None:
            assert "where" not in probe
        assert outcome != "You can only execute one statement at a time."
    connection.close()


@given(st.text("'\"`[]()-/*;:\\ \n\rax$#", max_size=40))
def test_escaping_changes_nothing_but_colons(sql: str) -> None:
    assert re.sub(r"\\(:)", r"\1", bindable(sql)) == sql
    assert all(0 <= fault.offset <= len(sql) for fault in faults(sql))


@pytest.mark.parametrize(
    "piece", ["'", '"', "`", "[", "/*", "/* ", "''", "(", ")", "; ", "--", "-- \n", ":as_of", "$$", "a", "1"]
)
def test_no_sql_takes_long(piece: str) -> None:
    sql = "select 1 " + piece * (500_000 // len(piece))
    began = time.process_time()
    if not faults(sql):
        bindable(sql)
    assert time.process_time() - began < 10
