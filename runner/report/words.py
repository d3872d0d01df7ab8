"""What people are told of a result, in words: shared by the reports that are read outside of a terminal."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.report.problems import visible
from runner.values.result import CellCount, Status, UndoCount
from runner.values.vocabulary import Mode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runner.values.result import Result, Tally

OUTCOMES = {
    Status.APPLIED: ("Applied", "The preferences have been set."),
    Status.DRY_RUN: ("Dry run", "Nothing has been changed yet."),
    Status.REFUSED: ("Refused", "The job goes beyond a limit of its own. Nothing was changed."),
    Status.DRIFTED: ("Drifted", "Something is no longer as it was. Nothing was changed."),
    Status.LOCKED: ("Locked", "Another run was under way, or others kept changing the data. Nothing was changed."),
    Status.FAILED: ("Failed", "Nothing was changed."),
    Status.UNKNOWN: ("Unknown", "The database gave no answer: the run may have been applied, or not."),
    Status.INVALID: ("Invalid", "It can't be run as it is. Nothing was changed."),
    Status.INTERRUPTED: ("Interrupted", "Somebody stopped the run. Nothing was changed."),
}
"""For each status a word, and what it means for the preferences."""

REACHED = "Reached means: by at least one phone number or address of their own, or the phone of their household."
BYSTANDERS = "People who are not in scope, but share a household phone whose preferences change."
GLOSSARY = (
    ("In scope", "The people whom the job is about: of its schools, grades and filter, on the day it is for."),
    ("Contact point", "One phone number or address, with a preference for each kind of message."),
    ("Preference", "Whether one kind of message is sent to one contact point."),
    ("Eligible", "A preference that the job sets, of a contact point in scope that has a number or an address."),
    ("Kept", "A preference that its owner chose, in the portal, to be otherwise; the job leaves it so."),
    ("Custom", "A contact point whose owner chose its preferences, in the portal."),
    ("Bystanders", BYSTANDERS),
    ("Reached", "Somebody hears about it: by at least one phone or address of their own, or their household's phone."),
    ("Gained", "People who could not be reached before, and can be after."),
    ("Lost", "People who could be reached before, and can't be after: this was their last way to hear about it."),
    ("No Change", "The job says nothing of these preferences: they stay as they are."),
)
"""What the words of a report mean, for a reader who meets them for the first time."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number, what it counts, what more there is to say of it, and whether it should alarm."""

    number: int
    what: str
    more: str = ""
    alarming: bool = False


def title(result: Result) -> str:
    """Return the name of a result: its job's, or that of the run which it takes back."""
    name = (result.job.name or "").strip() or result.job.file
    return name if result.undo_of is None else f"Undo of run {result.undo_of} ({name})"


def outcome(result: Result) -> tuple[str, str]:
    """Return how a job ended as a word and a sentence."""
    word, meaning = OUTCOMES[result.status]
    tally = result.tally
    if result.status is Status.APPLIED:
        word = f"Applied as run {result.run.number}" if result.run else word
        meaning = meaning if tally is None or tally.changed else "Nothing had to change: all of it was so already."
    if result.status is Status.DRY_RUN and tally is not None and not tally.changed:
        meaning = "Nothing would change: all of it is so already."
    return word, meaning


def origin(result: Result) -> tuple[tuple[str, str], ...]:
    """Return where a result comes from, as names and values."""
    facts = (
        ("Job file", result.job.file),
        ("Whose preferences", Mode(result.job.mode).label if result.job.mode else None),
        ("As of", result.as_of.isoformat()),
        ("Database", result.database),
        ("Started", f"{result.started_at.isoformat(sep=' ', timespec='minutes')} UTC"),
    )
    return tuple((name, value) for name, value in facts if value)


def is_undo(tally: Tally) -> bool:
    """Return whether a tally is of an undo."""
    return any(isinstance(cell, UndoCount) for _, _, cell in tally.cells())


def figures(result: Result) -> Iterator[Figure]:
    """Yield the numbers that stand for the whole of a result that was counted."""
    tally = result.tally
    if tally is None:
        return
    done = result.status is Status.APPLIED
    undo = result.undo_of is not None or is_undo(tally)
    people = _of(tally.people, "person", "people")
    yield Figure(tally.people, f"{people} concerned" if undo else f"{people} in scope")
    yield _preferences(tally, done=done, undo=undo)
    points = _of(tally.contact_points, "contact point", "contact points")
    own = f"{tally.custom_overwritten:,} of them with choices of their owners" if tally.custom_overwritten else ""
    yield Figure(tally.contact_points, f"{points} {_changes(done=done)}", own)
    if not undo:
        yield Figure(
            tally.bystanders,
            _of(tally.bystanders, "bystander", "bystanders"),
            "not in scope, but they share a household phone that changes",
        )
    lose = _of(tally.lost, "person", "people")
    verb = ("lost" if done else "would lose") + (" their" if tally.lost != 1 else " the")
    yield Figure(tally.lost, f"{lose} {verb} last way to hear about something", alarming=tally.lost > 0)


def _preferences(tally: Tally, *, done: bool, undo: bool) -> Figure:
    noun = _of(tally.changed, "preference", "preferences")
    if undo:
        what = f"{noun} taken back" if done else f"{noun} would be taken back"
        return Figure(tally.changed, what, f"of {tally.eligible:,} that the run had changed")
    more = f"of {tally.eligible:,} eligible; {already(tally):,} already so, {kept(tally):,} kept"
    return Figure(tally.changed, f"{noun} {_changes(done=done)}", more)


def custom(result: Result) -> str:
    """Return in a sentence or two what becomes of choices that people made themselves; nothing for an undo."""
    tally = result.tally
    if tally is None or is_undo(tally):
        return ""
    done = result.status is Status.APPLIED
    stayed, gone = kept(tally), tally.custom_overwritten
    keep = f"{stayed:,} {_of(stayed, 'preference', 'preferences')}"
    stay = _of(stayed, "stays as its owner", "stay as their owners") if not done else "stayed as their owners"
    lose = f"{gone:,} {_of(gone, 'contact point', 'contact points')} with choices of their owners"
    sentences = [f"{keep} {stay} chose."] if stayed else []
    sentences += [f"{lose} {'were' if done else 'would be'} overwritten."] if gone else []
    return " ".join(sentences) or "No choice that somebody made themselves is touched, and none stands in the way."


def next_step(results: Sequence[Result]) -> tuple[str, str]:
    """Return what can be done next after all the results, and the command for it; empty where that is nothing."""
    for result in results:
        if result.status is Status.UNKNOWN and result.run is not None:
            return "To learn what became of it, and to settle it:", f"runner resolve {result.run.id}"
    counted = [result for result in results if result.tally is not None and not result.errors]
    if len(counted) < len(results) or not any(result.tally.changed for result in counted if result.tally):
        return "", ""
    undone = [result.undo_of for result in results if result.undo_of is not None]
    if all(result.status is Status.DRY_RUN for result in results):
        if undone:
            return "To take the run back:", f"runner undo {undone[0]}"
        jobs = " ".join(shell_word(result.job.file) for result in results)
        plans = dict.fromkeys(shell_word(result.review.file) for result in results if result.review is not None)
        reviewed = " ".join(f"--reviewed {plan}" for plan in plans or ["PLAN.json"])
        command = f"runner run {jobs} {reviewed}"
        return APPLY, command if len(command) <= _LONGEST else "runner run JOB… --reviewed PLAN.json"
    runs = [result.run.number for result in results if result.run is not None and result.status is Status.APPLIED]
    return ("To see what it would mean to take this back:", f"runner undo {runs[-1]} --dry-run") if runs else ("", "")


_LONGEST = 2_000
APPLY = "To apply exactly this, and nothing else:"
PLAN = "PLAN.json is what the same dry run writes with `--format json --output PLAN.json`."


def shell_word(text: str) -> str:
    """Return a word for a command line on one line; no HTML comment can begin in it."""
    return shlex.quote(visible(text).replace("\n", "\\n").replace("\t", "\\t")).replace("<!--", "<!''--")


def already(tally: Tally) -> int:
    """Return how many preferences had the value already."""
    return sum(cell.already for _, _, cell in tally.cells() if isinstance(cell, CellCount))


def kept(tally: Tally) -> int:
    """Return how many preferences are kept as their owners chose."""
    return sum(cell.kept for _, _, cell in tally.cells() if isinstance(cell, CellCount))


def _changes(*, done: bool) -> str:
    return "changed" if done else "would change"


def _of(number: int, one: str, several: str) -> str:
    return one if number == 1 else several
