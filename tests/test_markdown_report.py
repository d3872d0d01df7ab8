"""The report for a comment: all of a result is in it, no text of others becomes markup, and it is never too long."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from runner.report.markdown import LIMIT, MARKER, render_results
from runner.report.markdown_text import block, code, plain, spoken
from runner.report.problems import visible
from runner.report.words import figures
from runner.values.problems import Position, Problem
from runner.values.result import JobInfo, Status, Warned
from runner.values.sources import Sources
from runner.values.vocabulary import Channel, Reason
from tests.results import EVERY_STATUS, FALL, HOSTILE, REVIEW, SOURCES, UNDO, hostile, result

GITHUB = 65_536
GITHUB_FLAVOURED = MarkdownIt("gfm-like")
ANY_TEXT = st.text(st.characters() | st.sampled_from("@#`|<>[]()*_~$:!&\\-+=.1w/ \n\"'"), max_size=60)
QUICK = settings(max_examples=300, deadline=None, phases=[Phase.explicit, Phase.generate])


class Page(HTMLParser):
    """What a browser would make of HTML: its tags, and its text within code and outside of it, cell by cell."""

    def __init__(self, markdown: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.comments: list[str] = []
        self.words: list[tuple[str, bool]] = []
        self.rows: list[list[str]] = []
        self._code = 0
        self._cell = False
        self.feed(GITHUB_FLAVOURED.render(markdown))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not [name for name, _ in attrs if name not in {"style", "class"}], attrs
        self.tags.append(tag)
        self._code += tag == "code"
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")
            self._cell = True

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag == "code"
        self._cell &= tag not in {"td", "th"}

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def handle_data(self, data: str) -> None:
        self.words.append((data, self._code > 0))
        if self._cell:
            self.rows[-1][-1] += data

    @property
    def text(self) -> str:
        return "".join(text for text, _ in self.words)


OURS = {"h2", "h3", "p", "ul", "li", "strong", "code", "blockquote", "table", "thead", "tbody", "tr", "th", "td"} | {
    "details",
    "summary",
    "sub",
    "pre",
}


def require_harmless(markdown: str) -> Page:
    page = Page(markdown)
    assert set(page.tags) <= OURS
    assert [f"<!--{comment}-->" for comment in page.comments] == [MARKER]
    assert markdown.startswith(f"{MARKER}\n")
    assert markdown.count(MARKER) == 1
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]", page.text)
    outside = "".join(text if not of_code else " " for text, of_code in page.words)
    assert not re.search(r"@\w|#\d|GH-\d|://|www\.|mailto:\w|xmpp:\w|(?<!\w)[!%~&$^]\w|:[\w+-]+:", outside), outside
    for row in page.rows:
        assert len(row) in {4, 5, 7}
    markdown.encode()
    return page


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_text_of_others_becomes_more_than_text(text: str) -> None:
    one = hostile(text)
    for told in ([one], [one, one]):
        require_harmless(render_results([each for each, _ in told], [each for _, each in told]))


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_is_one_word_of_the_command_to_apply(text: str) -> None:
    told = replace(result(), job=JobInfo("fall", text, None, "students"))
    markdown = render_results([told])
    require_harmless(markdown)
    if len(text) < 1_000:
        command = re.findall(r"^runner run .*$", markdown, re.MULTILINE)[-1]
        name = visible(text).replace("\n", "\\n").replace("\t", "\\t")
        assert shlex.split(command) == ["runner", "run", name, "--reviewed", "PLAN.json"]


@QUICK
@given(ANY_TEXT)
def test_plain_text_comes_out_as_it_went_in(text: str) -> None:
    page = Page(f"- {plain(text, 1_000)}\n\n| {plain(text, 1_000)} | b |\n| - | - |\n")
    expected = " ".join(visible(text).split())
    assert page.rows[0][0].replace("\u200b", "") == expected
    assert page.words
    assert set(page.tags) == {"ul", "li", "table", "thead", "tr", "th"}


@QUICK
@given(ANY_TEXT)
def test_code_comes_out_as_it_went_in(text: str) -> None:
    page = Page(f"a {code(text, 1_000)} b")
    assert page.text.strip().replace("\u200b", "") == f"a {' '.join(visible(text).split())} b"
    assert page.tags == ["p", "code"]
    assert "<!--" not in code(text, 1_000)


@QUICK
@given(ANY_TEXT)
def test_a_message_comes_out_as_it_went_in_but_for_its_ticks(text: str) -> None:
    page = Page(f"a {spoken(text, 1_000)} b")
    expected = " ".join(visible(text).split())
    assert page.text.strip().replace("\u200b", "").replace("`", "") == f"a {expected} b".replace("`", "")
    assert set(page.tags) <= {"p", "code"}


def test_what_stands_between_ticks_in_a_message_is_code() -> None:
    assert spoken("did you mean `grades`?", 100) == "did you mean `grades`?"
    assert spoken("`a` or `b`: it's <one>", 100) == "`a` or `b`: it's &#60;one&#62;"
    assert spoken("one ` tick", 100) == "one &#96; tick"


def test_long_text_is_cut_and_says_so() -> None:
    assert plain("x" * 50, 10) == "x" * 9 + "…"
    assert plain("x" * 10, 10) == "x" * 10


def test_a_block_of_code_is_longer_fenced_than_what_it_holds() -> None:
    assert block("a ``` b") == "````sh\na ``` b\n````"


def test_the_whole_matrix_is_told() -> None:
    page = Page(render_results([result()]))
    matrix = next(index for index, row in enumerate(page.rows) if row[0] == "Preferences that would change")
    assert page.rows[matrix][1:] == [channel.label for channel in Channel]
    rows = page.rows[matrix + 1 : matrix + 9]
    assert [row[0] for row in rows] == [reason.label for reason in Reason]
    cells = {(row[0], channel): cell for row in rows for channel, cell in zip(Channel, row[1:], strict=True)}
    assert cells.pop(("Emergency", Channel.HOUSEHOLD_PHONE)) == "46 On"
    assert cells.pop(("Attendance", Channel.HOUSEHOLD_PHONE)) == "0 On"
    assert cells.pop(("Teacher", Channel.EMAIL)) == "1,447 Off"
    assert set(cells.values()) == {"No Change"}


def test_reach_custom_choices_and_bystanders_are_told() -> None:
    page = Page(render_results([result()], [SOURCES]))
    assert ["Emergency", "1,079 → 1,084 of 1,095", "5", "0"] in page.rows
    assert ["Teacher", "941 → 838 of 1,095", "0", "103 ⚠️"] in page.rows
    assert ["Email · Teacher: Off", "1,447", "405", "26"] in page.rows
    for told in (
        "1,095 people in scope",
        "1,493 preferences would change (of 2,952 eligible; 1,420 already so, 39 kept)",
        "409 bystanders",
        "103 people would lose their last way to hear about something ⚠️",
        "39 preferences stay as their owners chose.",
        "Every family hears about absences.",
        "103 people lose their last way to hear about something (people-lost)",
        "Student Messenger Contacts",
        "as of 2026-10-01",
    ):
        assert told in page.text, told


def test_overwritten_choices_are_told() -> None:
    told = render_results([result(tally=replace(FALL, custom_overwritten=7))])
    assert "7 contact points with choices of their owners would be overwritten." in told
    assert "(7 of them with choices of their owners)" in told
    assert "7 contact points with choices of their owners were overwritten." in render_results(
        [result(Status.APPLIED, replace(FALL, custom_overwritten=7))]
    )


@pytest.mark.parametrize("status", Status)
def test_every_status_is_told_with_its_errors(status: Status) -> None:
    told = EVERY_STATUS[status]
    page = require_harmless(render_results([told], [SOURCES]))
    for problem in told.errors:
        assert problem.message.replace("`", "") in page.text
        assert problem.code in page.text
        assert str(problem.place or "") in page.text
    assert ("Broken limits" in page.text) == (status is Status.REFUSED)
    assert ("--reviewed" in page.text) == (status is Status.DRY_RUN)
    assert ("Preferences that" in page.text) == (told.tally is not None)
    if status not in {Status.APPLIED, Status.UNKNOWN}:
        assert "othing " in page.text


def test_an_applied_run_says_how_to_take_it_back() -> None:
    told = render_results([result(Status.APPLIED)])
    assert "**Applied as run 42.**" in told
    assert "1,493** preferences changed" in told
    assert "runner undo 42 --dry-run" in told


def test_what_differs_from_what_was_reviewed_is_told() -> None:
    page = require_harmless(render_results([replace(EVERY_STATUS[Status.DRIFTED], review=REVIEW)]))
    assert "Not as reviewed. The plan is plans/fall.json, counted at 2026-10-01 12:30 UTC." in page.text
    assert page.rows[1:4] == [
        ["Email · Teacher: change", "900", "1,447", "+547", "too much ⛔"],
        ["People in scope", "1,090", "1,095", "+5", "tolerated"],
        ["Reached for Teacher: lost", "100", "103", "+3", ""],
    ]
    same = replace(result(), review=replace(REVIEW, differences=(), drifted=False))
    assert "runner run jobs/fall.yaml --reviewed plans/fall.json" in render_results([same])
    assert "PLAN.json" not in render_results([same])


def test_many_differences_are_counted() -> None:
    many = replace(REVIEW, differences=REVIEW.differences * 30)
    assert "… and 40 more." in render_results([replace(EVERY_STATUS[Status.DRIFTED], review=many)])


def test_what_was_not_counted_has_no_figures() -> None:
    assert list(figures(EVERY_STATUS[Status.LOCKED])) == []


def test_an_unknown_outcome_says_how_to_settle_it() -> None:
    told = render_results([EVERY_STATUS[Status.UNKNOWN]])
    assert "runner resolve 00000000-0000-0000-0000-000000000042" in told


def test_an_undo_tells_what_is_taken_back() -> None:
    page = Page(render_results([UNDO]))
    assert "Undo of run 3 (fall-attendance)" in page.text
    assert ["Email · Teacher", "30", "4", "2"] in page.rows
    assert "30 taken back" in page.text
    assert "bystander" not in page.text
    assert "30 preferences taken back (of 36 that the run had changed)" in page.text
    pretended = render_results([replace(UNDO, status=Status.DRY_RUN, run=None)])
    assert "runner undo 3\n" in pretended
    assert "30** preferences would be taken back" in pretended


def test_where_nothing_changes_there_is_nothing_to_apply() -> None:
    idle = replace(FALL, counts={}, contact_points=0)
    told = render_results([result(tally=idle)])
    assert "Nothing would change" in told
    assert "--reviewed" not in told
    assert "Nothing had to change" in render_results([result(Status.APPLIED, idle)])


def test_several_jobs_are_one_comment_with_one_command() -> None:
    other = replace(result(name="other"), job=JobInfo("other", "jobs/my job.yaml", None, "students"))
    page = require_harmless(markdown := render_results([result(), other]))
    assert "2 jobs (dry run: 2)" in page.text
    assert ["fall-attendance", "🔎 Dry run", "1,095", "1,493", "103"] in page.rows
    assert markdown.count("### ") == 2
    assert "runner run jobs/fall.yaml 'jobs/my job.yaml' --reviewed PLAN.json" in markdown
    assert "--reviewed" not in render_results([result(), EVERY_STATUS[Status.REFUSED]])


LONG = {"plain": "word " * 2_000, "references": "@#" * 5_000, "wide": "学" * 10_000, "beyond the plane": "😀" * 10_000}


@pytest.mark.parametrize(
    ("text", "jobs"),
    [*((text, jobs) for text in LONG for jobs in (1, 2, 30)), ("plain", 300)],
)
def test_a_comment_is_never_too_long(text: str, jobs: int) -> None:
    text = LONG[text]
    problems = tuple(
        Problem("unknown-key", f"{number} {text}", Position(text, number, 1), text) for number in range(80)
    )
    warnings = tuple(Warned("people-lost", f"{number} {text}") for number in range(80))
    full = replace(
        FALL, counts={channel: dict.fromkeys(Reason, FALL.counts[Channel.EMAIL][Reason.TEACHER]) for channel in Channel}
    )
    bad = replace(hostile(text)[0], errors=problems, warnings=warnings, tally=full)
    good = replace(hostile(text)[0], status=Status.DRY_RUN, errors=(), tally=full)
    markdown = render_results([good] * (jobs - 1) + [bad], [Sources(text)] * jobs)
    assert len(markdown.encode()) < GITHUB
    assert len(markdown.encode()) <= LIMIT
    assert len(markdown.encode("utf-16-le")) // 2 < GITHUB
    page = require_harmless(markdown)
    assert "⛔ Refused." in page.text  # what failed is told, wherever it stands
    assert re.search(r"… and \d+ more", page.text)
    assert "No Change" not in page.text
    assert "1,447 Off" in page.text


def test_what_is_left_out_is_counted() -> None:
    problems = tuple(Problem("unknown-key", f"number {number}") for number in range(1_234))
    page = Page(render_results([replace(EVERY_STATUS[Status.INVALID], errors=problems)]))
    assert "number 49 " in page.text
    assert "number 50 " not in page.text
    assert "… and 1,184 more" in page.text
    told = render_results([result()] * 300)
    left = re.search(r"… and ([\d,]+) more jobs, for which a comment has no room\.", told)
    assert left
    assert int(left[1].replace(",", "")) + told.count("### ") == 300


def test_a_result_alone_is_told_in_full_where_it_fits() -> None:
    problems = tuple(Problem("unknown-key", f"number {number}") for number in range(50))
    assert "more" not in render_results([replace(EVERY_STATUS[Status.INVALID], errors=problems)])
