"""What the databases that are servers share: a driver that may not be installed, and sessions to tell of."""

from __future__ import annotations

from importlib.util import find_spec

from runner.values.problems import Problem, Stopped


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
