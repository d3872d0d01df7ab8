"""Every case of `cases/problems`: a job file that is wrong, and the whole list of what must be said about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

import runner.read
from runner.read.jobs import load
from runner.values.problems import CODES, Kind, Stopped

CASES = Path(__file__).parent / "cases" / "problems"
OWN_TESTS = {
    "no-jobs",  # of a search, not of a file: tests/test_jobs.py
    "plan-file",  # of a file that is no job: tests/test_reviewed.py
    "no-tests",  # of a search too, and
    "unknown-name",  # of a file of policy tests: tests/test_policy_tests.py
}


@dataclass(frozen=True)
class Expected:
    """A problem as a case writes it; a misspelt key is an error."""

    code: str
    message: str
    file: str | None = "job.yaml"
    line: int | None = None
    column: int | None = None
    hint: str | None = None


@dataclass(frozen=True)
class Case:
    """A job, the files beside it, and its problems. `MANY` stands for 50,000 values, `LARGE` for more than 1 MiB."""

    job: str
    problems: list[dict[str, object]]
    files: dict[str, str] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        for name, content in {"job.yaml": self.job, **self.files}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            text = content.replace("MANY", ", ".join(["1"] * 50_000)).replace("LARGE", "#" * (1024 * 1024 + 1))
            path.write_text(text, encoding="utf-8", newline="")


def read_cases() -> dict[str, Case]:
    return {
        f"{path.stem}: {name}": Case(**case)
        for path in sorted(CASES.glob("*.yaml"))
        for name, case in yaml.safe_load(path.read_text(encoding="utf-8")).items()
    }


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in read_cases().items()])
def test_tells_every_problem_at_its_place(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case.write(tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Stopped) as stopped:
        load(Path("job.yaml"))
    found = []
    for problem in stopped.value.problems:
        at = problem.place
        file, line, column = (at.file, at.line, at.column) if at else (None, None, None)
        found.append(Expected(problem.code, problem.message, file, line, column, problem.hint))
    assert found == [Expected(**problem) for problem in case.problems]  # type: ignore[arg-type]


def test_every_code_that_reading_raises_has_a_case() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in Path(runner.read.__path__[0]).glob("*.py"))
    raised = {code for code, meaning in CODES.items() if meaning.kind is Kind.INVALID and f'"{code}"' in source}
    assert {str(problem["code"]) for case in read_cases().values() for problem in case.problems} == raised - OWN_TESTS


def test_a_misspelt_key_in_a_case_is_an_error() -> None:
    with pytest.raises(TypeError):
        Case(job="", problem=[])  # type: ignore[call-arg]
