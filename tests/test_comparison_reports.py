"""Conflicts and differences as text, Markdown and JSON: every line fits, nothing of others becomes markup."""

from __future__ import annotations

import json
import re
from datetime import date

import pytest

from runner.report import comparisons, comparisons_json, comparisons_markdown
from runner.values.conflicts import Compared, Conflict, Conflicts, Opposite, Setting
from runner.values.difference import CellDifference, Difference, Movement, Side
from runner.values.problems import Position
from runner.values.result import CellCount, JobInfo, Reach, Tally, Warned
from runner.values.vocabulary import Channel, Reason
from tests.test_terminal_report import HOSTILE, require_plain

DAY = date(2026, 10, 1)
LONG = 65_536
MARKUP = "<script>alert(1)</script> | @mayor `code` *bold* ![x](https://evil.example) <!-- x --> \u202egnorw"


def info(name: str = "fall", file: str = "jobs/fall.yaml") -> JobInfo:
    return JobInfo(name, file, "0" * 64, "student_contacts")


def tally(number: int) -> Tally:
    return Tally(
        people=number,
        counts={Channel.EMAIL: {Reason.GENERAL: CellCount(on=True, changed=number, already=0, kept=0)}},
        contact_points=number,
        custom_overwritten=number,
        bystanders=number,
        reach={Reason.GENERAL: Reach(number, number, number, number, number)},
        lost=number,
        fingerprint="1-2-3",
    )


def difference(
    old: int | None = 1_234_567,
    new: int | None = 7_654_321,
    movements: tuple[Movement, ...] = (),
    cells: dict[Channel, dict[Reason, CellDifference]] | None = None,
    name: str = "fall",
) -> Difference:
    sides = [
        None if count is None else Side(info(name, f"{folder}/{name}.yaml"), tally(count))
        for folder, count in (("base", old), ("jobs", new))
    ]
    moves = (sum(each.enter for each in movements), sum(each.leave for each in movements))
    return Difference(DAY, "sqlite", sides[0], sides[1], *moves, movements, cells or {}, ())


def full(name: str = "fall") -> Difference:
    """Return a difference in every cell, with large numbers, and in schools of all names."""
    cell = CellDifference(old=True, new=False, on=0, off=1_234_567, left=1_234_567)
    cells = {channel: dict.fromkeys(Reason, cell) for channel in Channel}
    cells[Channel.EMAIL] = dict.fromkeys(Reason, CellDifference(old=True, new=True, on=1, off=0, left=0))
    movements = (Movement(1, name, "03", 1_234_567, 0), Movement(2, "Arthur", "KG", 1, 2))
    return difference(movements=movements, cells=cells, name=name)


def conflicts(count: int, name: str = "fall", *, points: int = 3, kept: int = 2) -> Conflicts:
    found = [
        Conflict(
            Opposite(
                Channel.EMAIL,
                Reason.GENERAL,
                Setting(number, name, on=True, place=Position(f"{name}.yaml", 3, 4)),
                Setting(number + 1, "other", on=False, place=Position("other.yaml", 5, 6)),
            ),
            points,
            kept,
        )
        for number in range(count)
    ]
    jobs = (Compared(info(name), 5), Compared(info("other", "other.yaml"), None))
    return Conflicts(DAY, "sqlite", jobs, tuple(found), (Warned("nobody-in-scope", f"{name}: nobody is in scope"),))


@pytest.mark.parametrize("name", HOSTILE)
def test_every_line_of_the_text_fits_and_obeys_nobody(name: str) -> None:
    require_plain(comparisons.render_difference(full(HOSTILE[name]), width=80, colour=False))
    require_plain(comparisons.render_conflicts(conflicts(2, HOSTILE[name]), width=80, colour=False))


def test_colours_are_only_where_they_are_asked_for() -> None:
    assert "\x1b[" in comparisons.render_difference(full(), width=80, colour=True)
    assert "\x1b[" in comparisons.render_conflicts(conflicts(1), width=80, colour=True)


def test_the_text_of_a_difference() -> None:
    cells = {Channel.EMAIL: {Reason.GENERAL: CellDifference(old=None, new=True, on=5, off=0, left=0)}}
    text = comparisons.render_difference(
        difference(None, 7, (Movement(1, "Arthur", None, 7, 0),), cells), width=80, colour=False
    )
    assert text.splitlines()[:3] == [
        "fall  a new job",
        "new: jobs/fall.yaml · Student Messenger Contacts",
        "as of 2026-10-01 · sqlite",
    ]
    assert re.search(r"^7  people enter the scope$", text, re.MULTILINE)
    assert re.search(r"^People in scope +– +7$", text, re.MULTILINE)  # noqa: RUF001 - no such job
    assert re.search(r"^School  Enter  Leave$", text, re.MULTILINE)
    assert re.search(r"^Arthur +7 +0$", text, re.MULTILINE)
    assert re.search(r"^Email · General +No Change → On +5 +0 +0$", text, re.MULTILINE)
    assert re.search(r"^General +– +– +7 +7 +– +7$", text, re.MULTILINE)  # noqa: RUF001 - as above
    assert "add up" not in text


def test_a_job_that_goes_and_one_that_got_another_name() -> None:
    assert "fall  a job that goes\nold: base/fall.yaml" in comparisons.render_difference(
        difference(3, None), width=80, colour=False
    )
    renamed = difference(3, 3)
    assert renamed.new is not None
    renamed = Difference(DAY, "sqlite", renamed.old, Side(info("autumn"), tally(3)), 0, 0, (), {}, ())
    assert comparisons.render_difference(renamed, width=80, colour=False).startswith("fall → autumn  what the change")


def test_no_difference_is_said() -> None:
    for render in (
        comparisons.render_difference(difference(3, 3), width=80, colour=False),
        comparisons_markdown.render_difference(difference(3, 3)),
    ):
        told = " ".join(render.split())
        assert "No difference: the same people are in scope, and every contact point ends the same." in told
        assert "School" not in render
        assert "Left alone" not in render


def test_lines_that_add_up_to_more_are_explained() -> None:
    twice = Difference(
        DAY,
        "sqlite",
        None,
        Side(info(), tally(1)),
        1,
        0,
        (Movement(1, "A", "1", 1, 0), Movement(1, "A", "2", 1, 0)),
        {},
        (),
    )
    told = " ".join(comparisons.render_difference(twice, width=80, colour=False).split())
    assert "1 person enters the scope 0 people leave the scope 0 people stay in it" in told
    assert "Somebody counts once for each school and grade that puts them in scope" in told
    assert "Somebody counts once for each school and grade" in comparisons_markdown.render_difference(twice)


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (
            conflicts(1),
            "2 jobs: 1 cell is set differently for the same contact points. Whichever job runs last decides.",
        ),
        (conflicts(2), "2 jobs: 2 cells are set differently for the same contact points."),
        (conflicts(1, points=0), "2 jobs: 1 cell is set differently, but for no contact point that both jobs set."),
        (conflicts(0), "2 jobs: no two of them set a cell differently."),
    ],
)
def test_conflicts_are_summed_up(found: Conflicts, told: str) -> None:
    assert told in " ".join(comparisons.render_conflicts(found, width=80, colour=False).split())
    assert told in comparisons_markdown.render_conflicts(found)


def test_the_text_of_conflicts() -> None:
    text = comparisons.render_conflicts(conflicts(1), width=80, colour=False)
    assert text.startswith(
        "fall and other\n"
        "  Email · General: 3 contact points (2 custom ones kept)\n"
        "    On   fall.yaml:3:4\n"
        "    Off  other.yaml:5:6\n"
    )
    assert "warning: fall: nobody is in scope (nobody-in-scope)" in text
    apart = comparisons.render_conflicts(conflicts(1, points=0), width=80, colour=False)
    assert "  no contact point that both set: Email · General (2 kept)\n" in apart
    assert "On  " not in apart


def test_no_markup_comes_of_names() -> None:
    hostile = full(MARKUP)
    for text in (
        comparisons_markdown.render_difference(hostile),
        comparisons_markdown.render_conflicts(conflicts(2, MARKUP)),
    ):
        # what stands in code is shown as it is, so only the rest could be obeyed
        outside = re.sub(r"(`+) ?.*?[^`]\1(?!`)", "", text)
        assert "<script" not in outside
        assert "@mayor" not in outside
        assert "https://" not in outside
        assert "*bold*" not in outside
        assert text.count("<!--") == 1
        assert "\u202e" not in text
        for line in text.splitlines():
            if line.startswith("|"):
                assert line.count(" | ") + 1 in {3, 4, 5, 7}, line


@pytest.mark.parametrize("name", ["fall", "学" * 200, MARKUP * 3], ids=["plain", "wide", "markup"])
def test_a_comment_is_never_too_long(name: str) -> None:
    movements = tuple(Movement(number, f"{number} {name}", "03", 1, 2) for number in range(5_000))
    text = comparisons_markdown.render_difference(difference(movements=movements))
    assert len(text) < LONG
    assert len(text.encode()) < LONG
    assert (shown := text.count("| 03 | 1 | 2 |")) > 10
    assert f"… and {5_000 - shown:,} more, for which a comment has no room." in text
    assert text.endswith("\n\n</details>\n")
    text = comparisons_markdown.render_conflicts(conflicts(5_000, name))
    assert len(text.encode()) < LONG
    assert "more, for which a comment has no room." in text


def test_warnings_of_a_comment_have_an_end() -> None:
    found = conflicts(0)
    many = Conflicts(DAY, "sqlite", found.jobs, (), tuple(Warned("unknown-people", f"job {n}") for n in range(30)))
    text = comparisons_markdown.render_conflicts(many)
    assert text.count("⚠️") == 20
    assert "- … and 10 more" in text


def test_the_markdown_begins_with_its_marker() -> None:
    assert comparisons_markdown.render_difference(full()).startswith("<!-- contact-preference-runner: diff -->\n")
    assert comparisons_markdown.render_conflicts(conflicts(1)).startswith(
        "<!-- contact-preference-runner: conflicts -->\n"
    )


def test_the_json_of_conflicts() -> None:
    assert json.loads(comparisons_json.render_conflicts(conflicts(1))) == {
        "format_version": "1.0",
        "as_of": "2026-10-01",
        "database": "sqlite",
        "jobs": [
            {"name": "fall", "file": "jobs/fall.yaml", "sha256": "0" * 64, "mode": "student_contacts", "people": 5},
            {"name": "other", "file": "other.yaml", "sha256": "0" * 64, "mode": "student_contacts", "people": None},
        ],
        "conflicts": [
            {
                "channel": "email",
                "reason": "general",
                "contact_points": 3,
                "kept": 2,
                "settings": [
                    {"job": "fall", "set": "on", "file": "fall.yaml", "line": 3, "column": 4},
                    {"job": "other", "set": "off", "file": "other.yaml", "line": 5, "column": 6},
                ],
            },
        ],
        "warnings": [{"code": "nobody-in-scope", "message": "fall: nobody is in scope"}],
    }


def test_the_json_of_a_difference() -> None:
    cells = {Channel.EMAIL: {Reason.GENERAL: CellDifference(old=None, new=True, on=5, off=1, left=2)}}
    told = json.loads(comparisons_json.render_difference(difference(None, 7, (Movement(1, "A", "3", 7, 0),), cells)))
    assert told["old"] is None
    assert told["new"]["job"]["file"] == "jobs/fall.yaml"
    assert (told["new"]["people"], told["new"]["lost"]) == (7, 7)
    assert (told["enter"], told["leave"], told["stay"]) == (7, 0, 0)
    assert told["by_school"] == [{"school_id": 1, "school": "A", "grade": "3", "enter": 7, "leave": 0}]
    assert told["cells"] == {
        "email": {"general": {"old": "no_change", "new": "on", "on": 5, "off": 1, "left_alone": 2}},
    }
