"""In a shell: the Tab key, readers that leave early, and `--quiet`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from runner.cli.app import COMMANDS, build, execute
from runner.cli.options import ResultFormat
from runner.values.vocabulary import Reason

if TYPE_CHECKING:
    from pathlib import Path

JOB: dict[str, Any] = {
    "version": 1,
    "mode": "students",
    "calendar": {"year": 2027},
    "preferences": {"email": {"general": "on"}},
}
LINES = {
    "bash": lambda words: {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)},
    "zsh": lambda words: {"_TYPER_COMPLETE_ARGS": words},
    "fish": lambda words: {"_TYPER_COMPLETE_ARGS": words, "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
}


def start(*arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("RUNNER_", "COMP_", "_TYPER"))}
    return subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "runner", *arguments],
        cwd=folder,
        env={**kept, **environment},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.parametrize("shell", LINES)
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("runner ", set(COMMANDS)),
        ("runner sho", {"show"}),
        ("runner run --format ", set(ResultFormat)),
        ("runner run --format m", {"markdown"}),
        ("runner people job.yaml --lost b", {"behavior"}),
        ("runner people job.yaml --lost ", set(Reason)),
        ("runner run --max-", {"--max-drift", "--max-age"}),
    ],
)
def test_the_tab_key_offers_what_fits(tmp_path: Path, shell: str, words: str, offered: set[str]) -> None:
    done = start(folder=tmp_path, _RUNNER_COMPLETE=f"complete_{shell}", **LINES[shell](words))
    assert done.returncode == 0
    told = {word.split("\t")[0].split('":"')[0].strip('"') for word in _offered(done.stdout, shell)}
    assert told == offered
    assert "sqlalchemy" not in done.stderr
    assert "jsonschema" not in done.stderr


def _offered(text: str, shell: str) -> list[str]:
    if shell == "zsh":
        text = text.removeprefix("_arguments '*: :((").removesuffix("))'\n")
    return text.rstrip("\n").split("\n")


@pytest.mark.parametrize(("words", "commands"), [("runner run --format ", ["run"]), ("runner ", list(COMMANDS))])
def test_completing_a_command_builds_only_that_one(
    monkeypatch: pytest.MonkeyPatch,
    words: str,
    commands: list[str],
) -> None:
    monkeypatch.setenv("TERMINAL_WIDTH", "80")  # and back, for the tests that follow
    monkeypatch.setenv("_RUNNER_COMPLETE", "complete_zsh")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", words)
    assert [command.name for command in build([]).registered_commands] == commands


def test_a_command_after_a_double_dash_is_called_too(tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_text(json.dumps({**JOB, "name": "sound"}))
    done = start("--", "check", "job.yaml", folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, "1 job file: no problems\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_the_list_says_of_a_command_what_its_own_help_says(command: str) -> None:
    (built,) = build([command]).registered_commands
    assert built.callback is not None
    assert built.callback.__doc__ == COMMANDS[command].summary


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_is_shown(tmp_path: Path, shell: str) -> None:
    hidden = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    done = start("--show-completion", shell, folder=tmp_path, **hidden)
    assert done.returncode == 0
    assert f"_RUNNER_COMPLETE=complete_{shell}" in done.stdout


def test_a_reader_that_leaves_early_is_no_bug(tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_text(json.dumps({**JOB, "name": "broken", "more": {}}))
    command = [sys.executable, "-m", "runner", "check", "job.yaml"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode in {3, 141}


# --quiet


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("RUNNER_DATABASE", "RUNNER_SCHEMA"):
        monkeypatch.delenv(name, raising=False)
    assert execute(["demo", "--students", "50"]) == 0
    capsys.readouterr()
    for name, keys in (("good", {}), ("tight", {"limits": {"people": 0}})):
        (tmp_path / f"{name}.yaml").write_text(json.dumps({**JOB, "name": name, **keys}))
    return tmp_path


QUIETLY = ("--quiet", "--as-of", "2026-10-01")


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("extra", [["--dry-run"], ["--format", "json"], ["--format", "markdown"], []])
def test_what_went_well_is_not_told(capsys: pytest.CaptureFixture[str], extra: list[str]) -> None:
    assert execute(["run", "good.yaml", *QUIETLY, *extra]) == 0
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


@pytest.mark.usefixtures("desk")
def test_what_went_wrong_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["run", "good.yaml", "tight.yaml", *QUIETLY, "--format", "json"]) == 4
    assert [each["job"]["name"] for each in json.loads(capsys.readouterr().out)["results"]] == ["tight"]
    assert execute(["run", "good.yaml", "tight.yaml", "--dry-run", "-q", "--as-of", "2026-10-01"]) == 4
    said = capsys.readouterr().out
    assert said.startswith("tight  refused: nothing was changed\n")
    assert "good" not in said


def test_a_file_gets_every_result(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["run", "good.yaml", *QUIETLY, "--format", "json", "--output", "result.json"]) == 0
    assert capsys.readouterr().out == ""
    assert len(json.loads((desk / "result.json").read_text())["results"]) == 1
