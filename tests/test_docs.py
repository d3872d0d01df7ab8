"""The documents tell the truth: examples run, links lead somewhere, nothing that exists is left out."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from runner.cli.app import COMMANDS
from runner.cli.exits import MEANINGS
from runner.tables import district, history
from runner.values.problems import CODES
from runner.values.result import WARNINGS
from runner.values.vocabulary import FIELDS, Channel, Mode, Operator, Reason

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
GENERATED = [path for path in DOCUMENTS if "[[[cog" in path.read_text(encoding="utf-8")]

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
COG = re.compile(r"^<!-- \[\[\[cog\n.*?^\]\]\] -->$|^<!-- \[\[\[end\]\]\] -->$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
PRIVATE = ("../shared", "SPEC.md", "STYLE.md", "DATABASES.md", "SPEED.md")


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def prose(path: Path) -> str:
    """Return a document without its code."""
    return FENCE.sub("", COG.sub("", read(path)))


def fences(path: Path, *languages: str) -> list[str]:
    return [text for language, text in FENCE.findall(COG.sub("", read(path))) if language in languages]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def anchors(path: Path) -> set[str]:
    """Return the anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def examples(path: Path) -> list[tuple[str, int]]:
    """Return the commands of a document that begin with `runner`, with the exit codes that it tells of them."""
    found: list[tuple[str, int]] = []
    for block in fences(path, "console", "sh"):
        lines = [line for line in block.splitlines() if line.startswith(("$ ", "runner "))]
        for line in lines:
            command = line.removeprefix("$ ")
            if command == "echo $?":
                told = block.splitlines()[block.splitlines().index(line) + 1]
                found[-1] = (found[-1][0], int(told))
            elif command.startswith("runner "):
                found.append((command, 0))
    return found


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    words = shlex.split(command)
    target = words.index(">") if ">" in words else len(words)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("RUNNER_")}
    done = subprocess.run(
        [sys.executable, "-m", "runner", *words[1:target]],
        cwd=folder,
        env={**environment, "PYTHONUTF8": "1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    for file in words[target + 1 :]:
        (folder / file).write_text(done.stdout, encoding="utf-8")
    return done


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """Make a folder that has of the repository what examples name."""
    shutil.copytree(ROOT / "jobs", tmp_path / "jobs")
    shutil.copytree(ROOT / "tests" / "data", tmp_path / "tests" / "data")
    return tmp_path


def test_the_examples_of_the_readme_run_in_their_order(desk: Path) -> None:
    job = fences(ROOT / "README.md", "yaml")[0]
    (desk / "first.yaml").write_text(job, encoding="utf-8")
    commands = examples(ROOT / "README.md")
    # the first is of the demo district that `make demo` would have made
    outside = [commands.pop(0)]
    assert [command for command, _ in outside] == ["runner run jobs/fall.yaml --as-of 2026-10-01"]
    for command, code in commands:
        done = run(command, desk)
        assert done.returncode == code, (command, done.stdout, done.stderr)
    verbs = {command.split()[1] for command, _ in commands}
    assert verbs >= {"demo", "check", "run", "history", "show", "changes", "undo", "init", "load"}
    assert run(outside[0][0], desk).returncode == 0


def test_the_readmes_undo_leaves_the_preferences_as_they_were(desk: Path) -> None:
    (desk / "first.yaml").write_text(fences(ROOT / "README.md", "yaml")[0], encoding="utf-8")
    commands = [command for command, _ in examples(ROOT / "README.md")[1:]]
    until = next(index for index, command in enumerate(commands) if command.startswith("runner undo 1 --as-of"))
    for command in commands[: until + 1]:
        assert run(command, desk).returncode == 0, command
    again = run("runner run first.yaml --dry-run --as-of 2026-10-01 --format json", desk)
    first = run("runner show 1 --format json", desk)
    told = [json.loads(done.stdout)["results"][0] for done in (again, first)]
    assert told[0]["changed"] > 0
    assert told[0]["fingerprint"] == told[1]["fingerprint"]


@pytest.mark.parametrize("command", [command for command, _ in examples(DOCS / "cli.md")])
def test_the_examples_of_the_command_line_are_understood(command: str, desk: Path) -> None:
    makes = {"init", "demo", "load"} & set(command.split())
    if "load" in makes:
        assert run("runner init", desk).returncode == 0
    if not makes:
        assert run("runner demo --students 50", desk).returncode == 0
    if {"show", "changes", "undo"} & set(command.split()):
        assert run("runner run jobs/fall.yaml --as-of 2026-10-01", desk).returncode == 0
    if "--reviewed" in command:
        plan = "runner run jobs/fall.yaml --as-of 2026-10-01 --dry-run --format json --output plan.json"
        assert run(plan, desk).returncode == 0
    done = run(command, desk)
    if command.startswith("runner run") and "staff-notices" in command:
        assert done.returncode in {0, 3}, done.stderr  # fifty students may come without any staff
    else:
        assert done.returncode == 0, (done.stdout, done.stderr)


def test_every_job_that_is_shown_is_sound(desk: Path) -> None:
    shown = [block for path in DOCUMENTS for block in fences(path, "yaml") if block.startswith(("version:", "# yaml-"))]
    assert len(shown) >= 2
    for number, block in enumerate(shown):
        # policy tests are shown right after the job that they are of
        file = f"shown-{number - 1}.test.yaml" if "\ntests:\n" in block else f"shown-{number}.yaml"
        (desk / file).write_text(block, encoding="utf-8")
        done = run(f"runner check {file}", desk)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_link_leads_somewhere(document: Path) -> None:
    for link in LINK.findall(prose(document)):
        if link.startswith("https://"):
            continue
        file, _, anchor = link.partition("#")
        target = (document.parent / file).resolve() if file else document
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        if anchor:
            assert anchor in anchors(target), link


@pytest.mark.parametrize("document", [*DOCUMENTS, DOCS / "generate.py", DOCS / "story.py"], ids=name)
def test_the_documents_stand_alone(document: Path) -> None:
    text = read(document)
    assert [word for word in PRIVATE if word in text] == []
    assert str(ROOT) not in text


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_fence_is_closed(document: Path) -> None:
    assert len(re.findall(r"^```", read(document), re.MULTILINE)) % 2 == 0


def test_every_command_has_its_section() -> None:
    sections = re.findall(r"^## runner (\w+)$", read(DOCS / "cli.md"), re.MULTILINE)
    assert sections == list(COMMANDS)
    for command in COMMANDS:
        assert f"\nUsage: runner {command} " in read(DOCS / "cli.md")
        assert any(example.split()[1] == command for example, _ in examples(DOCS / "cli.md"))


def test_every_error_and_warning_is_listed() -> None:
    listed = re.findall(r"^\| `([a-z-]+)` \|", read(DOCS / "errors.md"), re.MULTILINE)
    source = "\n".join(read(path) for path in (ROOT / "runner").rglob("*.py"))
    warnings = set(re.findall(r'\bWarned\(\s*"([a-z-]+)"', source))
    assert len(listed) == len(set(listed))
    assert warnings == set(WARNINGS)
    assert set(listed) == set(CODES) | warnings


def test_every_exit_code_is_in_the_readme() -> None:
    codes = re.findall(r"^\| `(\d+)` \|", read(ROOT / "README.md"), re.MULTILINE)
    assert [int(code) for code in codes] == sorted(MEANINGS)


def test_the_reference_of_the_job_file_leaves_nothing_out() -> None:
    schema = json.loads(read(ROOT / "schemas" / "job.schema.json"))
    told = set(re.findall(r"^\| `([\w.]+)` \|", read(DOCS / "job-file.md"), re.MULTILINE))
    expected = {
        *schema["properties"],
        *schema["properties"]["limits"]["properties"],
        *schema["$defs"]["calendarEntry"]["properties"],
        *(schema["$defs"]["node"]["properties"].keys() - {"field"}),
        *FIELDS,
        *Operator,
        *Channel,
        *Reason,
        *Mode,
    }
    assert expected - told == set()


def test_every_table_and_column_is_described() -> None:
    text = read(DOCS / "data.md")
    for table in (*district.sorted_tables, *history.sorted_tables):
        section = text.split(f"\n### {table.name}\n")[1].split("\n### ")[0]
        assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == [column.name for column in table.columns]


def test_the_generated_parts_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cogapp", "--check", "-P", *map(name, GENERATED)],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
