"""The report for a terminal: every line fits, every number is whole, and no text of others becomes a command."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime

import pytest

from runner.report.terminal import render_history, render_results
from runner.values.problems import Position, Problem
from runner.values.result import (
    CellCount,
    JobInfo,
    Reach,
    Recorded,
    Result,
    RunInfo,
    Status,
    Tally,
    UndoCount,
    Warned,
)
from runner.values.vocabulary import Channel, Reason

NOW = datetime(2026, 10, 1, 12, 0, 0)  # noqa: DTZ001 - UTC, as every time in the runner
MILLION = 1_234_567
HOSTILE = {
    "markup": "[red]fall[/red] [link=https://evil.example]x[/link] [/]",
    "a very long word": "x" * 300,
    "very many words": "fall " * 100,
    "newlines": "fall\n\r\nspring\ttab",
    "escape codes": "\x1b[31mfall\x1b[0m\x1b]8;;https://evil.example\x07\x9b31m",
    "wide characters": "学校" * 60,
    "an emoji name": ":boom: :smile:",
}


def tally(number: int, cell: CellCount | UndoCount | None = None, *, reach: bool = True) -> Tally:
    """Return a tally that sets all forty-eight cells, every number in it the same."""
    filled = cell or CellCount(on=True, changed=number, already=number, kept=number)
    return Tally(
        people=number,
        counts={channel: dict.fromkeys(Reason, filled) for channel in Channel},
        contact_points=number,
        custom_overwritten=number,
        bystanders=number,
        reach={reason: Reach(number, number // 2, number // 2, number, number) for reason in Reason} if reach else {},
        lost=number,
        fingerprint="1-2-3",
    )


def result(status: Status = Status.APPLIED, name: str = "fall-attendance", numbers: Tally | None = None) -> Result:
    return Result(
        status=status,
        job=JobInfo(name, "jobs/fall.yaml", "0" * 64, "student_contacts"),
        as_of=date(2026, 10, 1),
        database="sqlite",
        started_at=NOW,
        seconds=12.345,
        tally=numbers,
        run=RunInfo(42, "id"),
    )


def recorded(of: Result, actor: str = "ada") -> Recorded:
    return Recorded(42, "run", of.undo_of, actor, None, NOW, NOW, {}, of)


def written(*results: Result, width: int = 80, colour: bool = False) -> str:
    return render_results(results, width=width, colour=colour)


def require_plain(text: str, width: int = 80) -> None:
    assert text
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)
    for line in text.split("\n"):
        assert columns_of(line) <= width, line
        assert line == line.rstrip()


def columns_of(line: str) -> int:
    return sum(2 if "\u4e00" <= character <= "\u9fff" else 1 for character in line)


@pytest.mark.parametrize("width", [80, 100, 120])
@pytest.mark.parametrize("number", [0, 1, 999, MILLION, 99_999_999])
def test_a_run_of_any_size_fits(number: int, width: int) -> None:
    text = written(result(numbers=tally(number)), width=width)
    require_plain(text, width)
    assert f"{number:,}  people in scope" in text
    assert f"{number:,}  bystanders: people not in scope" in text
    assert "fall-attendance  applied as run 42" in text
    assert ("`runner undo 42` takes it back" in text) is (number > 0)


@pytest.mark.parametrize("number", [MILLION, 99_999_999])
def test_no_number_is_cut_or_broken(number: int) -> None:
    text = written(result(numbers=tally(number)))
    cells = len(Channel) * len(Reason)
    assert text.count(f"+{number:,}" if number == MILLION else f"+{number}") == cells
    assert text.count(f"{number:,}") >= 3 * cells + 3 * len(Reason)
    assert "…" not in text


def test_the_matrix_says_no_change_and_shows_the_direction() -> None:
    cells = {
        Channel.EMAIL: {
            Reason.GENERAL: CellCount(on=False, changed=7, already=0, kept=0),
            Reason.STAFF: CellCount(on=True, changed=0, already=9, kept=0),
        },
    }
    text = written(result(numbers=replace(tally(10), counts=cells)))
    require_plain(text)
    matrix = text.split("Preferences")[1].split("Setting")[0]
    assert matrix.count("No Change") == 46
    assert re.search(r"^General .* -7 +No Change$", matrix, re.MULTILINE)
    assert re.search(r"^Staff .* 0 +No Change$", matrix, re.MULTILINE)
    assert re.search(r"^Email · General: Off +7 +0 +0$", text, re.MULTILINE)
    for channel in Channel:
        assert channel.label.split()[-1] in matrix


@pytest.mark.parametrize(
    ("before", "after", "bar"),
    [
        (0, 18, "▒" * 18),
        (9, 18, "█" * 9 + "▒" * 9),
        (18, 9, "█" * 9 + "-" * 9),
        (9, 9, "█" * 9 + "·" * 9),
        (0, 0, "·" * 18),
    ],
)
def test_a_bar_shows_who_is_reached(before: int, after: int, bar: str) -> None:
    reach = {Reason.GENERAL: Reach(18, before, after, max(after - before, 0), max(before - after, 0))}
    text = written(result(numbers=replace(tally(18), reach=reach)))
    assert re.search(rf"^General +{before} +→ +{after} +18 +{bar} ", text, re.MULTILINE)


def test_nobody_in_scope_is_no_division_by_zero() -> None:
    text = written(result(Status.DRY_RUN, numbers=tally(0)))
    require_plain(text)
    assert re.search(r"^Emergency +0 +→ +0 +0 +·{18} +0 +0$", text, re.MULTILINE)
    assert "next: nothing to do: nothing would change" in text


@pytest.mark.parametrize("number", [0, 3, MILLION])
@pytest.mark.parametrize("status", [Status.APPLIED, Status.DRY_RUN])
def test_an_undo_tells_what_is_taken_back(status: Status, number: int) -> None:
    cell = UndoCount(restored=number, conflict=number, gone=number)
    text = written(replace(result(status, numbers=tally(number, cell)), undo_of=41))
    require_plain(text)
    assert "undo of run 41 (fall-attendance)" in text
    assert f"{number * 48:,}  of {number * 144:,} preferences are taken back" in text
    assert re.search(rf"^Email · Teacher +{number:,} +{number:,} +{number:,}$", text, re.MULTILINE)
    assert "bystanders" not in text
    assert ("without `--dry-run` applies it" in text) is (status is Status.DRY_RUN and number > 0)


@pytest.mark.parametrize("status", [status for status in Status if status not in {Status.APPLIED, Status.DRY_RUN}])
def test_a_failure_tells_its_errors_with_place_and_hint(status: Status) -> None:
    problem = Problem("empty-scope", "nobody is in scope " * 9, Position("jobs/fall.yaml", 7, 3), "look again " * 12)
    failed = replace(result(status, numbers=None), errors=(problem, Problem("locked", "wait")), run=None)
    text = written(failed)
    require_plain(text)
    assert "error: jobs/fall.yaml:7:3: empty-scope: nobody is in scope" in text
    assert "hint: look again" in text
    assert "error: locked: wait" in text
    assert "people in scope" not in text
    assert "next: " not in text
    assert ("nothing was changed" in text) is (status is not Status.UNKNOWN)


def test_a_refusal_tells_its_counts_too() -> None:
    problem = Problem("limit-people", f"{MILLION:,} people are in scope; the limit is 5", Position("f.yaml", 9, 1))
    text = written(replace(result(Status.REFUSED, numbers=tally(MILLION)), errors=(problem,)))
    require_plain(text)
    assert f"{MILLION:,}  people in scope" in text
    assert f"error: f.yaml:9:1: limit-people: {MILLION:,} people are in scope; the limit is 5" in text


def test_warnings_carry_their_codes() -> None:
    warnings = (Warned("people-lost", "people lose their last way " * 8), Warned("emergency-off", "[bold]off[/bold]"))
    text = written(replace(result(numbers=tally(1)), warnings=warnings))
    require_plain(text)
    assert "(people-lost)" in text
    assert "warning: [bold]off[/bold] (emergency-off)" in text


def test_a_job_that_could_not_be_read_goes_by_its_file() -> None:
    unread = replace(result(Status.INVALID), job=JobInfo(None, "jobs/[fall].yaml", None, None), database=None)
    text = written(unread)
    assert text.startswith("jobs/[fall].yaml  invalid: nothing was changed\njobs/[fall].yaml · as of 2026-10-01")


def test_without_reach_there_is_no_table_of_it() -> None:
    assert "Reached for" not in written(result(numbers=tally(1, reach=False)))


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("status", [Status.APPLIED, Status.DRY_RUN, Status.REFUSED])
def test_hostile_text_stays_text(status: Status, name: str) -> None:
    problem = Problem("unknown-calendar", name, Position(name, 1, 1), name)
    hostile = replace(
        result(status, name, tally(MILLION)),
        job=JobInfo(name, name, None, "students"),
        errors=(problem,) if status is Status.REFUSED else (),
        warnings=(Warned("unknown-people", name),),
    )
    text = written(hostile)
    require_plain(text)
    words = re.findall(r"[a-z]+", re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", name))
    assert all(word in re.sub(r"\s", "", text) for word in words)
    assert ("[red]" in text) is ("[red]" in name)


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_brings_no_escape_codes_of_its_own_into_a_coloured_report(name: str) -> None:
    text = written(result(Status.DRY_RUN, name, tally(1)), colour=True)
    assert "\x1b[" in text
    codes = re.findall(r"\x1b(?!\[[0-9;]*m)|\x9b|\x07|\x1b\[31mfall", text)
    assert codes == []


def test_colour_only_adds_colour() -> None:
    one = result(numbers=tally(MILLION))
    coloured = written(one, colour=True)
    assert coloured != written(one)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in plain.split("\n")] == written(one).split("\n")


def test_several_reports_stand_one_below_the_other() -> None:
    text = written(result(name="first", numbers=tally(1)), result(Status.INVALID, name="second"))
    require_plain(text)
    assert text.index("first  applied") < text.index("\n\nsecond  invalid")


def test_no_report_at_all_is_no_text() -> None:
    assert written() == ""


# the list of runs


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("name", ["fall-attendance", *HOSTILE.values()], ids=["plain", *HOSTILE])
def test_the_list_of_runs_fits(name: str, width: int) -> None:
    runs = [
        recorded(result(name=name, numbers=tally(MILLION)), actor=name),
        recorded(replace(result(numbers=tally(5)), undo_of=41)),
        recorded(replace(result(Status.FAILED), job=JobInfo(None, "f.yaml", None, None)), actor=""),
    ]
    text = render_history(runs, width=width, colour=False)
    require_plain(text, width)
    assert text.count("2026-10-01") >= 3
    assert f"{MILLION:,}" in text
    assert f"{MILLION * 48:,}" in text
    assert "…" not in text


def test_the_list_of_runs_is_coloured_where_wanted() -> None:
    runs = [recorded(result(numbers=tally(1)))]
    assert "\x1b[" in render_history(runs, width=80, colour=True)
    assert "\x1b[" not in render_history(runs, width=80, colour=False)


def test_no_runs_are_told_as_that() -> None:
    assert render_history([], width=80, colour=False) == "No runs yet."
