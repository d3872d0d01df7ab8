"""What a command loads: start-up is a feature, and most of it is imports."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from runner.cli.app import COMMANDS

if TYPE_CHECKING:
    from pathlib import Path

JOB: dict[str, Any] = {
    "version": 1,
    "name": "fall",
    "mode": "students",
    "calendar": {"year": 2027},
    "preferences": {"email": {"general": "on"}},
}
EXPLAINING = {"jsonschema", "referencing", "runner.read.explain"}
COMPARING = {"runner.read.opposites", "runner.values.conflicts", "runner.values.result"}


def loaded_by(*arguments: str, folder: Path, code: int = 0) -> set[str]:
    command = [sys.executable, "-X", "importtime", "-m", "runner", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == code, done.stderr
    loaded = set(re.findall(r"^import time:.*\| +(\S+)$", done.stderr, re.MULTILINE))
    assert "runner.cli.app" in loaded
    return loaded


def write(folder: Path, file: str, **changes: object) -> str:
    (folder / file).write_text(json.dumps({**JOB, **changes}), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["--help"], 0), (["--version"], 0), ([], 64), (["chekc"], 64)],
    ids=["help", "version", "nothing", "no command"],
)
def test_a_list_of_the_commands_loads_none_of_them(tmp_path: Path, arguments: list[str], code: int) -> None:
    loaded = loaded_by(*arguments, folder=tmp_path, code=code)
    modules = {f"runner.cli.{command.module}" for command in COMMANDS.values()}
    assert not loaded & {"rich", "yaml", "jsonschema_rs", "runner.cli.options", *EXPLAINING, *COMPARING, *modules}


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_loads_no_library_of_its_work(tmp_path: Path, command: str) -> None:
    loaded = loaded_by(command, "--help", folder=tmp_path)
    assert not loaded & {"rich", "yaml", "sqlalchemy", "jinja2", "jsonschema_rs", *EXPLAINING}


def test_a_sound_job_loads_nothing_that_explains_or_compares(tmp_path: Path) -> None:
    loaded = loaded_by("check", write(tmp_path, "job.yaml"), folder=tmp_path)
    assert {"yaml", "jsonschema_rs", "runner.read.jobs"} <= loaded
    rare = {"runner.read.people_file", "runner.read.pass_through", "runner.read.policy_tests"}
    assert not loaded & {"rich", "sqlalchemy", "jinja2", *EXPLAINING, *COMPARING, *rare}


def test_a_job_with_a_mistake_loads_what_explains_it(tmp_path: Path) -> None:
    loaded = loaded_by("check", write(tmp_path, "job.yaml", more=1), folder=tmp_path, code=3)
    assert loaded >= EXPLAINING
    assert not loaded & {"rich", "sqlalchemy", "jinja2", *COMPARING}


def test_two_sound_jobs_load_what_compares_them(tmp_path: Path) -> None:
    loaded = loaded_by("check", write(tmp_path, "a.yaml"), write(tmp_path, "b.yaml", name="b"), folder=tmp_path)
    assert loaded >= COMPARING
    assert not loaded & {"rich", "sqlalchemy", "jinja2", *EXPLAINING}
