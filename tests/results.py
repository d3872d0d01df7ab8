"""Results for tests of reports: each status, numbers small and large, and texts that would be more than text."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from runner.values.problems import Position, Problem
from runner.values.result import CellCount, JobInfo, Reach, Result, RunInfo, Status, Tally, UndoCount, Warned
from runner.values.review import Difference, Review
from runner.values.sources import Sources
from runner.values.vocabulary import Channel, Reason

NOW = datetime(2026, 10, 1, 12, 30, 0)  # noqa: DTZ001 - UTC, as every time in the runner

MILLIONS = 12_345_678

HOSTILE = {
    "a script": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "a fake marker": "<!-- contact-preference-runner -->",
    "an end of a comment": "--> <b>bold</b> <!--",
    "bars": "a | b || c \\| d",
    "back-ticks": "`a` ``b`` ``` ~~~ `c",
    "a mention": "@octocat and @github/team, mail octo@example.org",
    "links": "https://evil.example www.evil.example [x](https://evil.example) ![y](ftp://evil.example/y.png) <http://z.example>",
    "a link without slashes": "mailto:a@example.org xmpp:b@example.org",
    "references": "#12 GH-12 owner/repo#3 !4 %5 ~6 &7 $8 ^9",
    "markup": "**bold** _it_ *it* ~~gone~~ # head $x^2$ :boom: 1. one &amp; &lt;",
    "a heading": "# head",
    "a list": "- one\n- two\n\n1. three\n\n    code",
    "an underline": "===\n---",
    "newlines": "a\r\nb\n\n</details>\n```\nc\td",
    "right-to-left": "\u202egpj.evil\u202c \u200fabc \u2067x\u2069 \u061c",
    "control characters": "\x00\x1b[31mred\x1b[0m\x07\x9b",
    "halves of characters": "\udcff\ud800",
    "template markup": "{{ 7 * 7 }} {% raw %} {# c #}",
    "attributes": "\" onmouseover=\"alert(1)' x='",
    "an end of style": "</style></title></pre></textarea>",
    "a long word": "x" * 3_000,
    "wide characters": "学校" * 200,
    "nothing": " ",
}
"""Texts that a job, a file name, a school or a message could hold."""

FALL = Tally(
    people=1_095,
    counts={
        Channel.HOUSEHOLD_PHONE: {
            Reason.EMERGENCY: CellCount(on=True, changed=46, already=608, kept=1),
            Reason.ATTENDANCE: CellCount(on=True, changed=0, already=407, kept=12),
        },
        Channel.EMAIL: {Reason.TEACHER: CellCount(on=False, changed=1_447, already=405, kept=26)},
    },
    contact_points=1_266,
    custom_overwritten=0,
    bystanders=409,
    reach={
        Reason.EMERGENCY: Reach(1_095, 1_079, 1_084, 5, 0),
        Reason.ATTENDANCE: Reach(1_095, 1_006, 1_006, 0, 0),
        Reason.TEACHER: Reach(1_095, 941, 838, 0, 103),
    },
    lost=103,
    fingerprint="1493-2-3",
)
FULL = replace(
    FALL,
    people=MILLIONS,
    counts={
        channel: {
            reason: CellCount(
                on=channel.value > Channel.HOME_PHONE.value,
                changed=MILLIONS * place**2 // 49,
                already=MILLIONS,
                kept=0,
            )
            for place, reason in enumerate(Reason)
        }
        for channel in Channel
    },
    contact_points=MILLIONS,
    custom_overwritten=MILLIONS,
    bystanders=MILLIONS,
    reach={
        reason: Reach(MILLIONS, MILLIONS >> place, MILLIONS >> 2, MILLIONS >> 3, MILLIONS >> place)
        for place, reason in enumerate(Reason)
    },
    lost=MILLIONS,
)
UNDONE = replace(
    FALL,
    people=12,
    counts={Channel.EMAIL: {Reason.TEACHER: UndoCount(restored=30, conflict=4, gone=2)}},
    bystanders=0,
    reach={},
    lost=0,
)
SOURCES = Sources(
    "Every family hears about absences.",
    {"jobs/fall.yaml": "version: 1\nname: fall\nmode: students\n", "jobs/ids.csv": None},
    (("Count it.", "SELECT 1\nFROM person"), ("All of it, or none.", "COMMIT")),
)


def result(status: Status = Status.DRY_RUN, tally: Tally | None = FALL, name: str | None = "fall-attendance") -> Result:
    """Return a result of this status; what failed has a problem, and what can't be counted then has no tally."""
    return Result(
        status=status,
        job=JobInfo(name, "jobs/fall.yaml", "0" * 64, "student_contacts"),
        as_of=date(2026, 10, 1),
        database="sqlite",
        started_at=NOW,
        seconds=1.25,
        tally=tally,
        run=RunInfo(42, "00000000-0000-0000-0000-000000000042") if status in {Status.APPLIED, Status.UNKNOWN} else None,
        errors=ERRORS.get(status, ()),
        warnings=(Warned("people-lost", "103 people lose their last way to hear about something"),) if tally else (),
    )


ERRORS = {
    Status.REFUSED: (
        Problem("limit-people", "1,095 people are in scope; the limit is 500", Position("jobs/fall.yaml", 2, 9)),
        Problem("limit-lost", "103 people would lose their last way to hear about something; the limit is 0"),
    ),
    Status.INVALID: (
        Problem(
            "unknown-key",
            "`gradez` means nothing here.",
            Position("jobs/fall.yaml", 3, 1),
            "did you mean `grades`?",
        ),
        Problem("file-missing", "There is no file jobs/x.csv.", Position("jobs/filters/f.yaml", 1, 1)),
    ),
    Status.DRIFTED: (Problem("undo-conflict", "4 preferences that run 3 set have been changed since"),),
    Status.LOCKED: (Problem("locked", "another run holds the lock"),),
    Status.FAILED: (Problem("database-error", "the database answered with an error"),),
    Status.UNKNOWN: (Problem("outcome-unknown", "the run's row could not be read again after COMMIT"),),
    Status.INTERRUPTED: (Problem("interrupted", "interrupted: nothing was changed"),),
}
COUNTED = {Status.APPLIED, Status.DRY_RUN, Status.REFUSED, Status.DRIFTED}
EVERY_STATUS = {status: result(status, FALL if status in COUNTED else None) for status in Status}
REVIEW = Review(
    file="plans/fall.json",
    started_at=NOW,
    fingerprint="1-2-3",
    max_drift="5%",
    drifted=True,
    differences=(
        Difference(("people",), 1_090, 1_095, tolerated=True),
        Difference(("counts", "email", "teacher", "changed"), 900, 1_447, tolerated=False),
        Difference(("reach", "teacher", "lost"), 100, 103, tolerated=None),
    ),
)
UNDO = replace(result(Status.APPLIED, UNDONE), undo_of=3)


def hostile(text: str) -> tuple[Result, Sources]:
    """Return a result that holds this text wherever a text of others can stand."""
    problem = Problem("unknown-calendar", f"No school `{text}` {text}", Position(text, 2, 3), f"did you mean {text}?")
    told = replace(
        result(Status.REFUSED, FALL, text),
        job=JobInfo(text, text, "0" * 64, "students"),
        database=text,
        errors=(problem, problem),
        warnings=(Warned("people-lost", f"{text} `{text}", Position(text, 1, 1), text),),
        review=replace(REVIEW, file=text),
    )
    return told, Sources(text, {text: f"{text}\n{text}\n", f"{text}.csv": None}, ((text, text),))
