"""The contact points of a synthetic district: addresses of fiction, and preferences as people leave them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import case, literal, null, or_

from runner import tables
from runner.district.demo_dice import PRIME, digits, joined, labelled, text
from runner.district.demo_scratch import cast, numbers, slots
from runner.values.vocabulary import Channel, Reason

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select

    from runner.district.demo_dice import Dice
    from runner.district.demo_size import Size

RATES: Final = {
    Reason.EMERGENCY: 93,
    Reason.ATTENDANCE: 62,
    Reason.BEHAVIOR: 38,
    Reason.STAFF: 4,
    Reason.GENERAL: 55,
    Reason.FOOD_SERVICE: 35,
    Reason.PRIORITY: 66,
    Reason.TEACHER: 48,
}
"""For each reason, how many of a hundred contact points have it on."""

CUSTOM: Final = 6
SLOTS_PER_PERSON: Final = 8


def contact_points(dice: Dice, size: Size) -> list[Select[*tuple[Any, ...]]]:
    """Return the rows of contact_point: people's own, then the households' phones."""
    return [_of_people(dice), _of_households(dice, size)]


def _of_people(dice: Dice) -> Select[*tuple[Any, ...]]:
    # Another number for each slot of a person, from a product that the temporary table has ready.
    thrown = cast.c.scattered * slots.c.factor % PRIME
    mail = joined("p", text(cast.c.person_id), "@", slots.c.domain)
    return (
        labelled(
            contact_point_id=cast.c.person_id * SLOTS_PER_PERSON + slots.c.slot,
            person_id=cast.c.person_id,
            channel=slots.c.channel,
            **_address(dice, thrown, case((slots.c.domain.is_(None), _phone(dice, thrown)), else_=mail)),
            **_preferences(dice, thrown),
        )
        .select_from(cast.join(slots, slots.c.role == cast.c.role))
        .where(dice.draw(thrown, "has point", 100) < slots.c.percent)
    )


def _of_households(dice: Dice, size: Size) -> Select[*tuple[Any, ...]]:
    household, number = tables.household.c.household_id, numbers.c.n
    thrown = dice.scatter(household * 2 + number, "household phone")
    return (
        labelled(
            contact_point_id=(size.last_person + 1) * SLOTS_PER_PERSON + household * 2 + number,
            household_id=household,
            channel=literal(Channel.HOUSEHOLD_PHONE.value),
            **_address(dice, thrown, _phone(dice, thrown)),
            **_preferences(dice, thrown),
        )
        .select_from(tables.household.join(numbers, numbers.c.n < 2))  # noqa: PLR2004 - at most two phones
        .where(or_(number == 0, dice.chance(thrown, "second phone", 15)))
    )


def _address(
    dice: Dice, thrown: ColumnElement[int], address: ColumnElement[str]
) -> dict[str, ColumnElement[str | None]]:
    """Return the expression for address: three in a hundred are missing, and one is blank."""
    kind = dice.draw(thrown, "address", 100)
    return {"address": case((kind < 3, null()), (kind == 3, "   "), else_=address)}  # noqa: PLR2004


def _phone(dice: Dice, thrown: ColumnElement[int]) -> ColumnElement[str]:
    """Return an expression for a phone number of those that are kept for fiction."""
    area, line = dice.draw(thrown, "area code", 800) + 200, dice.draw(thrown, "line", 100)
    return joined("(", text(area), ") 555-01", digits(line, 2))


def _preferences(dice: Dice, thrown: ColumnElement[int]) -> dict[str, ColumnElement[bool]]:
    rates = {reason.value: rate for reason, rate in RATES.items()} | {"custom": CUSTOM}
    return {name: dice.chance(thrown, name, rate) for name, rate in rates.items()}
