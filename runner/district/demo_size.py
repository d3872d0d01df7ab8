"""How large a synthetic district is, and what its blocks of families are made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from runner.district.demo_names import LEVELS


class Role(IntEnum):
    """Who somebody is in the district; parents may be staff as well."""

    STUDENT = 0
    PARENT = 1
    OTHER_PARENT = 2
    GRANDPARENT = 3
    OTHER = 4
    STAFF = 5


FAMILY_SIZES: Final = (1, 2, 1, 1, 3, 1, 2, 1, 1, 2, 1, 4, 1, 2, 1, 1, 2, 1, 2, 1)
"""The children of each family of a block; a district is blocks of these twenty families, one after the other."""

STUDENTS_PER_BLOCK: Final = sum(FAMILY_SIZES)
ADULTS: Final = (Role.PARENT, Role.OTHER_PARENT, Role.GRANDPARENT, Role.OTHER)
STAFF_PER_BLOCK: Final = 2  # parents among the staff make it one in twelve
PEOPLE_PER_BLOCK: Final = STUDENTS_PER_BLOCK + len(ADULTS) * len(FAMILY_SIZES) + STAFF_PER_BLOCK


@dataclass(frozen=True, slots=True)
class Size:
    """How large a synthetic district is; everything else in it follows from the number of its students."""

    students: int

    @property
    def blocks(self) -> int:
        """The blocks of twenty families, the last one perhaps not full."""
        return -(-self.students // STUDENTS_PER_BLOCK)

    @property
    def families(self) -> int:
        """A number above every family's."""
        return self.blocks * len(FAMILY_SIZES)

    @property
    def last_person(self) -> int:
        """A number that no person_id exceeds."""
        return self.blocks * PEOPLE_PER_BLOCK

    @property
    def areas(self) -> int:
        """The areas, each with a school of every level: a school for 500 students or so."""
        return max(1, round(self.students / 500 / len(LEVELS)))
