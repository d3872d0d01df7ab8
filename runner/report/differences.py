"""Where a result differs from its plan, in words and numbers that every report can lay out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.values.vocabulary import Channel, Reason

if TYPE_CHECKING:
    from runner.values.review import Difference

NUMBERS = {
    "people": "People in scope",
    "contact_points": "Contact points that change",
    "custom_overwritten": "Custom contact points overwritten",
    "bystanders": "Bystanders",
    "lost": "People who lose their last way",
}
CELL = {"changed": "change", "already": "already so", "kept": "custom, kept"}
REACH = {"people": "counted", "before": "before", "after": "after", "gained": "gained", "lost": "lost"}
VERDICTS = {True: "tolerated", False: "too much", None: ""}
"""What a difference means for the run; where it means nothing, there is nothing to say."""


def label(difference: Difference) -> str:
    """Return what a number is, as reports call it."""
    match difference.path:
        case ("counts", channel, reason, count):
            return f"{Channel(channel).label} · {Reason(reason).label}: {CELL[count]}"
        case ("reach", reason, count):
            return f"Reached for {Reason(reason).label}: {REACH[count]}"
        case (number,):
            return NUMBERS[number]
        case path:
            return ".".join(path)


def by_how_much(difference: Difference) -> str:
    """Return the difference with its sign."""
    return f"{difference.now - difference.reviewed:+,}"
