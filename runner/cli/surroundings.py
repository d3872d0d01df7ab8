"""What a run takes from where it is started: the clock, the user, the commit, an id of its own."""

from __future__ import annotations

import getpass
import os
import subprocess
import uuid
from datetime import UTC, date, datetime
from pathlib import Path

from runner.values.result import Occasion

_ACTORS = ("RUNNER_ACTOR", "GITHUB_ACTOR", "GITLAB_USER_LOGIN")
_LONGEST_ACTOR = 200


def occasion(as_of: datetime | None, folder: Path) -> Occasion:
    """Return the occasion of a run: today by the local clock unless a day is given."""
    return Occasion(
        as_of=today(as_of),
        now=datetime.now(UTC).replace(tzinfo=None),
        actor=_actor()[:_LONGEST_ACTOR],
        commit=_commit(folder),
        run_id=str(uuid.uuid4()),
    )


def today(as_of: datetime | None) -> date:
    """Return the day that counts: the one given, else today by the local clock."""
    return as_of.date() if as_of else date.today()  # noqa: DTZ011 - the local date, by TZ


def _actor() -> str:
    for name in _ACTORS:
        if actor := os.environ.get(name):
            return actor
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return f"uid {os.getuid()}" if hasattr(os, "getuid") else "unknown"


def _commit(folder: Path) -> str | None:
    """Return the commit of the job's folder; None outside a repository, or without git."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "HEAD"],  # noqa: S607 - the user's own git, by its name
            cwd=folder if folder.is_dir() else None,
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None
