"""The page as text: all of a result is in it, and no text of others becomes more than text. A browser is not needed."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files

import pytest

from runner.report.html import MOST_LINES, MOST_PROBLEMS, STEPS, render_results
from runner.report.problems import visible
from runner.values.problems import Position, Problem
from runner.values.result import CellCount, Reach, Result, Status
from runner.values.sources import Sources
from runner.values.vocabulary import Channel, Reason
from tests.results import EVERY_STATUS, FALL, FULL, HOSTILE, REVIEW, SOURCES, UNDO, hostile, result

TEMPLATE = files("runner.report").joinpath("page", "report.html").read_text("utf-8")
EMPTY = {"meta", "link", "rect"}


class Page(HTMLParser):
    """The elements of a page: their tags, attributes and texts; every one that is opened is closed."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.html = html
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.rows: list[list[str]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in EMPTY:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag not in EMPTY:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data

    def values(self, name: str) -> list[str]:
        return [value for _, found, value in self.attributes if found == name]

    @property
    def words(self) -> str:
        return " ".join(self.text.split())

    @property
    def table(self) -> list[list[str]]:
        return [[" ".join(cell.split()) for cell in row] for row in self.rows]


def page(*told: tuple[Result, Sources]) -> Page:
    return Page(render_results([each for each, _ in told], [each for _, each in told]))


OURS = set(re.findall(r"<([a-z][a-z0-9]*)", TEMPLATE))


def require_harmless(found: Page) -> None:
    assert set(found.tags) <= OURS
    names = {name for _, name, _ in found.attributes}
    assert not [name for name in names if name.startswith("on") or name in {"style", "src", "action", "srcset"}]
    assert [value for value in found.values("href") if not re.fullmatch(r"#[a-z0-9-]+|data:,", value)] == []
    ids = found.values("id")
    assert len(ids) == len(set(ids))
    assert {value[1:] for value in found.values("href") if value.startswith("#")} <= set(ids)
    assert set(found.values("aria-labelledby")) <= set(ids)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069]", found.html)
    assert "://" not in re.sub(r">[^<]*<", "><", found.html)
    found.html.encode()


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_text_of_others_becomes_more_than_text(text: str) -> None:
    one = hostile(text)
    found = page(one, one)
    require_harmless(found)
    shown = " ".join(visible(text[:1_000]).split())
    assert found.words.count(shown) >= 10
    assert found.html.startswith("<!doctype html>\n<html lang=")


def test_nothing_but_our_own_style_is_not_escaped() -> None:
    assert TEMPLATE.count("| safe") == 1
    assert "{{ style | safe }}" in TEMPLATE
    assert "autoescape false" not in TEMPLATE


def test_the_policy_allows_this_style_and_nothing_else() -> None:
    html = render_results([result()])
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    assert f'<meta http-equiv="Content-Security-Policy" content="{policy}">' in html
    assert "url(" not in style[1]
    assert "@import" not in style[1]


def test_the_whole_matrix_is_told() -> None:
    found = page((result(), SOURCES))
    head = next(index for index, row in enumerate(found.table) if len(row) == 7)
    assert found.table[head] == ["Message about", *(channel.label for channel in Channel)]
    rows = found.table[head + 1 : head + 9]
    assert [row[0] for row in rows] == [reason.label for reason in Reason]
    cells = {
        (row[0], channel): cell.removeprefix(channel.label)
        for row in rows
        for channel, cell in zip(Channel, row[1:], strict=True)
    }
    assert cells.pop(("Emergency", Channel.HOUSEHOLD_PHONE)) == "46 On"
    assert cells.pop(("Attendance", Channel.HOUSEHOLD_PHONE)) == "0 On"
    assert cells.pop(("Teacher", Channel.EMAIL)) == "1,447 Off"
    assert set(cells.values()) == {"No Change"}


def test_the_more_change_the_hotter_a_cell() -> None:
    classes = page((result(), SOURCES)).values("class")
    assert classes.count("on heat-0") == 1
    assert classes.count("on heat-2") == 1  # the root of 46 of 1,447 is a sixth, and a little
    assert classes.count(f"off heat-{STEPS}") == 1
    assert classes.count("unset") == 45
    hot = " ".join(page((result(tally=FULL), SOURCES)).values("class"))
    assert all(f"heat-{step}" in hot for step in range(1, STEPS + 1))
    style = files("runner.report").joinpath("page", "report.css").read_text("utf-8")
    assert all(f".{way}.heat-{step}" in style for way in ("on", "off") for step in range(1, STEPS + 1))


def test_reach_is_told_in_numbers_and_drawn() -> None:
    found = page((result(), SOURCES))
    teacher = next(row for row in found.table if row[0] == "Teacher" and len(row) == 6)
    assert teacher[1:] == ["of 1,095 people", "Before941", "After838", "Gained0", "Lost\u2212103"]
    assert "941 of 1,095 people before, 838 after" in found.values("aria-label")
    assert found.values("width").count("76.53%") == 2  # the 838 who are reached before and after
    assert found.values("width").count("9.41%") == 1  # the 103 who are lost
    nobody = replace(FALL, reach={Reason.STAFF: Reach(0, 0, 0, 0, 0)})
    assert "0 of 0 people before, 0 after" in page((result(tally=nobody), SOURCES)).values("aria-label")


def test_what_people_chose_and_bystanders_are_told() -> None:
    words = page((result(tally=replace(FALL, custom_overwritten=1)), SOURCES)).words
    for told in (
        "39 preferences stay as their owners chose.",
        "1 contact point with choices of their owners would be overwritten.",
        "409 bystanders",
        "103 ! people would lose their last way to hear about something",
        "103 people lose their last way to hear about something (people-lost)",
        "Every family hears about absences.",
        "Student Messenger Contacts",
        "1493-2-3",
    ):
        assert told in words, told
    untouched = replace(FALL, counts={Channel.EMAIL: {Reason.STAFF: CellCount(on=True, changed=3, already=0, kept=0)}})
    assert "No choice that somebody made themselves is touched" in page((result(tally=untouched), SOURCES)).words


@pytest.mark.parametrize("status", Status)
def test_every_status_is_told_with_its_errors(status: Status) -> None:
    told = EVERY_STATUS[status]
    found = page((told, SOURCES))
    require_harmless(found)
    for problem in told.errors:
        assert problem.message.replace("`", "") in found.words
        assert f"{problem.code}" in found.words
        assert str(problem.place or "") in found.words
    assert ("Broken limits" in found.words) == (status is Status.REFUSED)
    assert ("--reviewed" in found.words) == (status is Status.DRY_RUN)
    assert ("matrix" in found.values("class")) == (told.tally is not None)
    assert ("What they mean" in found.words) == (told.tally is not None)


def test_what_differs_from_what_was_reviewed_is_told() -> None:
    drifted = replace(EVERY_STATUS[Status.DRIFTED], review=REVIEW)
    found = page((drifted, SOURCES))
    require_harmless(found)
    assert "Not as reviewed The plan is plans/fall.json, counted at 2026-10-01 12:30 UTC." in found.words
    assert "Up to 5% may differ." in found.words
    told = {row[0]: row[1:] for row in found.table if len(row) == 5}
    assert told["People in scope"] == ["Reviewed1,090", "Now1,095", "Differs by+5", "Verdicttolerated"]
    assert told["Email · Teacher: change"][-1] == "Verdicttoo much"
    assert told["Reached for Teacher: lost"][-1] == "Verdictnot judged"
    exact = replace(REVIEW, differences=(), drifted=False, max_drift="0")
    found = page((replace(result(), review=exact), SOURCES))
    assert "As reviewed" in found.words
    assert "runner run jobs/fall.yaml --reviewed plans/fall.json" in found.words
    assert "PLAN.json" not in found.words
    strict = replace(drifted, review=replace(REVIEW, max_drift="0"))
    assert "Nothing may differ." in page((strict, SOURCES)).words


def test_an_undo_tells_what_is_taken_back() -> None:
    found = page((UNDO, SOURCES))
    assert ["Email · Teacher", "Taken back30", "Changed since4", "Gone2"] in found.table
    assert "Undo of run 3 (fall-attendance)" in found.words
    assert "The files of the job that is taken back" in found.words
    assert "bystanders" not in found.words.split("Words of this report")[0]


def test_several_jobs_are_listed_first() -> None:
    found = page((result(), SOURCES), (EVERY_STATUS[Status.INVALID], SOURCES), (UNDO, SOURCES))
    require_harmless(found)
    assert found.table[1:4] == [
        ["fall-attendance", "○ Dry run", "1,493"],
        ["fall-attendance", "✕ Invalid", "not counted"],
        ["Undo of run 3 (fall-attendance)", "✓ Applied as run 42", "30"],
    ]
    assert found.tags.count("article") == 3


def test_a_result_without_sources_is_told_all_the_same() -> None:
    found = Page(render_results([result(), result()]))
    require_harmless(found)
    assert "listing" not in found.values("class")
    assert "sql" not in found.values("class")


def test_the_job_is_shown_with_its_lines_and_a_people_file_is_not() -> None:
    found = page((result(), SOURCES))
    assert found.values("value") == ["1", "2", "3"]
    assert "name: fall" in found.words
    assert "jobs/ids.csv: a list of people, which a report never shows." in found.words
    assert found.tags.count("details") == 3  # the job file, the SQL, the words
    assert [name for tag, name, _ in found.attributes if tag == "details"] == ["open"]
    assert "The 2 SQL statements of a run" in found.words
    assert "SELECT 1\nFROM person" in found.text


def test_a_line_with_a_problem_is_marked_and_linked() -> None:
    found = page((EVERY_STATUS[Status.INVALID], SOURCES))
    assert "#job-1-file-1-3" in found.values("href")
    assert found.values("class").count("marked") == 1
    assert "mode: students Column 1: gradez means nothing here." in found.words
    assert "jobs/filters/f.yaml:1:1" in found.words  # of a file that is not on the page: told, not linked


def broken(text: str, *lines: int) -> Page:
    problems = tuple(Problem("unknown-key", f"number {line}", Position("f.yaml", line, 1)) for line in lines)
    return page((replace(EVERY_STATUS[Status.INVALID], errors=problems), Sources(files={"f.yaml": text})))


def test_of_a_long_file_the_lines_that_matter_are_shown() -> None:
    text = "".join(f"line {number}\n" for number in range(1, 3_001))
    found = broken(text, 2_000)
    shown = [int(value) for value in found.values("value")]
    assert shown == [*range(1, MOST_LINES + 1), *range(1_997, 2_004)]
    assert f"{1_996 - MOST_LINES:,} lines not shown" in found.words
    assert "997 lines not shown" in found.words
    assert "#job-1-file-1-2000" in found.values("href")
    assert "not shown" not in broken(text, 1_002, 1_008, 1_015, 2_000).words.split("line 1017")[0].replace("1 line", "")
    assert "1 line not shown" in broken("x\n" * (MOST_LINES + 1), 1).words


def test_lines_break_where_yaml_breaks_them_and_long_ones_are_cut() -> None:
    found = broken("a\r\nb\rc\x0cd\n" + "x" * 5_000, 3)
    assert found.values("value") == ["1", "2", "3", "4"]
    assert "c\\x0cd Column 1: number 3" in found.words
    assert "x" * 2_000 + "…" in found.words
    assert "x" * 2_001 not in found.words
    assert broken("", 1).values("value") == ["1"]


def test_thousands_of_problems_are_counted() -> None:
    found = broken("x\n", *range(1, 3_001))
    assert f"… and {3_000 - MOST_PROBLEMS:,} more" in found.words
    assert found.words.count("number ") == MOST_PROBLEMS + 1


def test_ticks_in_a_message_become_code_only_in_pairs() -> None:
    told = replace(EVERY_STATUS[Status.FAILED], errors=(Problem("database-error", "a `b` c"),))
    assert "<code>b</code> c</span>" in render_results([told])
    odd = replace(told, errors=(Problem("database-error", "a ` b"),))
    assert "a ` b</span>" in render_results([odd])
