"""What the databases that are servers share: drivers that may lack, the options of a URL, sessions to tell of."""

from __future__ import annotations

import socket
from difflib import get_close_matches
from importlib.util import find_spec
from typing import TYPE_CHECKING

from runner.values.problems import Problem, Stopped

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Any

    from sqlalchemy.engine import URL

DOCTOR_HINT = "`runner doctor` says what the database lacks, and what mends it"
RIGHTS_HINT = "`runner doctor` says what it lacks, `runner grants` how to give it"


def require_driver(module: str, extra: str) -> None:
    """Check that a driver is installed. Stopped, with the command that installs it, where it is not."""
    if find_spec(module) is None:
        raise Stopped(
            Problem(
                "no-driver",
                f"the driver `{module}` is not installed",
                hint=f'`pip install "contact-preference-runner[{extra}]"`',
            ),
        )


def session(number: int, user: str | None, seconds: int | None) -> str:
    """Tell of a session, by its number, its user, and for how many seconds its transaction has been open."""
    return f"session {number} of {user or 'another user'}, for {seconds or 0:,} s"


def notice_a_dead_network(connected: socket.socket) -> None:
    """Have the operating system ask after half a minute of silence, and end what gives no answer for another."""
    if connected.family == getattr(socket, "AF_UNIX", None):
        return
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3), ("TCP_USER_TIMEOUT", 60_000)):
        if hasattr(socket, name):  # not every system has each of them
            connected.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def unsaid(url: URL, known: Collection[str], ours: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of our own options that a URL does not set behind its `?`. Stopped where it sets an unknown one.

    What it sets may be a password: it is never repeated.
    """
    for name, value in url.query.items():
        if name not in known:
            near = get_close_matches(name, sorted(known), n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"it is one of {', '.join(sorted(known))}"
            raise Stopped(Problem("database-url", f"`{name}` is no option of this database's URL", hint=hint))
        if not isinstance(value, str):
            raise Stopped(Problem("database-url", f"the option `{name}` stands twice in the database's URL"))
    return {name: value for name, value in ours.items() if name not in url.query}
