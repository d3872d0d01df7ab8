"""The path of a test file to its tests, each with its job and district, or to every problem of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from runner.read import files
from runner.read.document import Document, parse
from runner.read.jobs import find_jobs, load
from runner.read.near_misses import did_you_mean, nearest
from runner.read.schema import validate
from runner.read.small_district import branch, changed, read_day, read_small_district, unknown_name
from runner.read.test_paths import is_test, job_of, test_of, tests_below
from runner.values.policy_test import DemoDistrict, Expected, PolicyTest, SmallDistrict, TestFile
from runner.values.problems import CODES, Position, Problem, Stopped
from runner.values.result import WARNINGS
from runner.values.vocabulary import Channel, Concern, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from runner.read.document import Way
    from runner.values.job import Job
    from runner.values.policy_test import District, Preference

NAME = "test"
"""The schema's."""

DEMO_STUDENTS = 1_000
"""As many as `runner demo` makes if nothing else is asked for."""

NUMBERS = ("people", "contact_points", "custom_overwritten", "bystanders", "lost")
CONCERNS = {
    "people": Concern.SCOPE,
    "kept": Concern.KEPT,
    "lost": Concern.LOST,
    "bystanders": Concern.BYSTANDERS,
}


def find_tests(paths: Iterable[Path]) -> list[Path]:
    """Return the test files that paths stand for, each once: those below a folder, the one beside a job file.

    Raises `Stopped` for paths that are not there, or if there is nothing to test.
    """
    paths = list(paths)
    problems = [problem for path in paths for problem in files.missing(path)]
    problems += [
        Problem("no-tests", f"{path} has no tests: there is no {test_of(path)}.", None, _HOW)
        for path in paths
        if path.is_file() and not is_test(path) and not test_of(path).exists()
    ]
    if problems:
        raise Stopped(*problems)
    found = tests_below(paths)
    if not found:
        where = ", ".join(str(path) for path in paths)
        raise Stopped(Problem("no-tests", f"There is no test file below {where}.", None, _HOW))
    return found


_HOW = "tests of `fall.yaml` stand in `fall.test.yaml` beside it"


def untested(paths: Iterable[Path]) -> list[Path]:
    """Return the job files below folders that have no test file beside them."""
    folders = [path for path in paths if path.is_dir()]
    try:
        jobs = find_jobs(folders) if folders else []
    except Stopped:
        return []
    return [job for job in jobs if not test_of(job).exists()]


def load_tests(path: Path) -> TestFile:
    """Return the tests of a file, or every problem of it and of the jobs that it names."""
    try:
        document = parse(files.read_alone(path, files.MAX_BYTES), str(path))
        problems = [*document.problems, *validate(document, name=NAME)]
        if problems:
            return TestFile(str(path), problems=_ordered(problems, path))
        reading = _Reading(document, path, [], {})
        tests = tuple(reading.tests())
    except Stopped as stopped:
        return TestFile(str(path), problems=stopped.problems)
    if reading.problems:
        return TestFile(str(path), problems=_ordered(reading.problems, path))
    return TestFile(str(path), cast("tuple[PolicyTest, ...]", tests))


def _ordered(problems: Iterable[Problem], path: Path) -> tuple[Problem, ...]:
    """Return problems once each, in the order of the file; those of other files come last."""
    first = Position(str(path), 1, 1)
    return tuple(
        sorted(
            set(problems),
            key=lambda problem: (
                (problem.place or first).file != str(path),
                problem.place or first,
                problem.code,
                problem.message,
            ),
        )
    )


@dataclass(frozen=True, slots=True)
class _Reading:
    """A document of the right shape, the problems found in it so far, and the jobs read for it."""

    document: Document
    path: Path
    problems: list[Problem]
    jobs: dict[Path, Job | None]

    def tests(self) -> Iterator[PolicyTest | None]:
        """Yield each test; None where it has problems."""
        data = cast("dict[str, Any]", self.document.data)
        names: dict[str, int] = {}
        for number, test in enumerate(data["tests"]):
            way: Way = ("tests", number)
            if test["name"] in names:
                message = f"Another test is called `{test['name']}` too."
                place = self.document.place((*way, "name"))
                self.problems.append(Problem("wrong-value", message, place, "a name says which test failed"))
            names[test["name"]] = number
            yield self._test(way, test, data)

    def _test(self, way: Way, test: Mapping[str, Any], data: Mapping[str, Any]) -> PolicyTest | None:
        job = self._job((*way, "job") if "job" in test else ("job",), test.get("job", data.get("job")))
        as_of = read_day(self.document, (*way, "as_of") if "as_of" in test else ("as_of",), self.problems)
        district = self._district(way, test, data["district"])
        expected = self._expected((*way, "expect"), test["expect"], district)
        if job is None or as_of is None:
            return None
        return PolicyTest(test["name"], self.document.place((*way, "name")), job, as_of, district, expected)

    def _job(self, way: Way, name: str | None) -> Job | None:
        path = job_of(self.path) if name is None else self.path.parent / name
        if path in self.jobs:
            return self.jobs[path]
        self.jobs[path] = None
        try:
            self.jobs[path] = load(path)
        except Stopped as stopped:
            # only of a file that is not there, or can't be read, nobody knows yet where it is named
            place = self.document.place(way)
            hint = "`job:` names another file" if name is None else None
            self.problems.extend(
                problem if problem.place else replace(problem, place=place, hint=problem.hint or hint)
                for problem in stopped.problems
            )
        return self.jobs[path]

    def _district(self, way: Way, test: Mapping[str, Any], data: str | Mapping[str, Any]) -> District:
        if isinstance(data, str) or "demo" in data:
            if "change" in test:
                message = "`change` means nothing in the demo district."
                place = self.document.key_place((*way, "change"))
                self.problems.append(Problem("unknown-key", message, place, "write a small district out"))
            return DemoDistrict(DEMO_STUDENTS if isinstance(data, str) else data["demo"])
        found = branch(self.document, ("district",))
        if "change" in test:
            found = changed(found, branch(self.document, (*way, "change")))
        return read_small_district(self.document, found, self.problems)

    def _expected(self, way: Way, data: Mapping[str, Any], district: District) -> Expected:
        place = self.document.key_place
        people = {
            concern: (frozenset(self._ids((*way, key), data[key], district)), place((*way, key)))
            for key, concern in CONCERNS.items()
            if isinstance(data.get(key), list)
        }
        preferences = None
        if "changes" in data:
            preferences = dict(self._preferences((*way, "changes"), data["changes"], district))
        errors = self._codes((*way, "errors"), data.get("errors", []), CODES)
        warnings = self._codes((*way, "warnings"), data.get("warnings", []), WARNINGS)
        return Expected(
            numbers=dict(self._numbers(way, data)),
            people=people,
            preferences=preferences,
            errors=(errors, place((*way, "errors")) if "errors" in data else None),
            warnings=(warnings, place((*way, "warnings"))) if "warnings" in data else None,
            place=place(way),
            preferences_place=place((*way, "changes")),
        )

    def _numbers(self, way: Way, data: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], tuple[int, Position]]]:
        place = self.document.place
        for key in NUMBERS:
            if isinstance(number := data.get(key), int):
                yield (key,), (number, place((*way, key)))
        for channel, reasons in data.get("counts", {}).items():
            for reason, cell in reasons.items():
                at = (*way, "counts", channel, reason)
                if isinstance(cell, int):
                    yield ("counts", channel, reason, "changed"), (cell, place(at))
                else:
                    for key, number in cell.items():
                        yield ("counts", channel, reason, key), (number, place((*at, key)))
        for reason, reach in data.get("reach", {}).items():
            for key, number in reach.items():
                yield ("reach", reason, key), (number, place((*way, "reach", reason, key)))

    def _ids(self, way: Way, names: list[str | int], district: District) -> Iterator[int]:
        named = district.people if isinstance(district, SmallDistrict) else {}
        numbers = {name: number for number, name in named.items()}
        for index, name in enumerate(names):
            if isinstance(name, int):
                yield name
            elif name in numbers:
                yield numbers[name]
            elif isinstance(district, SmallDistrict):
                self.problems.append(unknown_name(self.document, (*way, index), "person", name, numbers))
            else:
                message = "In the demo district people have no names."
                hint = "write their ids: `runner people` tells them"
                self.problems.append(Problem("unknown-name", message, self.document.place((*way, index)), hint))

    def _preferences(
        self,
        way: Way,
        data: Mapping[str, Mapping[str, Mapping[str, str]]],
        district: District,
    ) -> Iterator[tuple[Preference, tuple[bool, Position]]]:
        if not isinstance(district, SmallDistrict):
            message = "`changes` can't be told of the demo district: its contact points have no names."
            hint = "count them: `counts`, `contact_points`"
            self.problems.append(Problem("unknown-key", message, self.document.key_place(way), hint))
            return
        points = {owned: number for number, owned in district.owners.items()}
        for owner, channels in data.items():
            for name, reasons in channels.items():
                at = (*way, owner, name)
                point = points.get((owner, Channel(name)))
                if point is None:
                    self.problems.append(self._no_point(at, owner, Channel(name), points))
                    continue
                for reason, setting in reasons.items():
                    yield (point, Reason(reason)), (setting == "on", self.document.place((*at, reason)))

    def _no_point(self, way: Way, owner: str, channel: Channel, points: Mapping[tuple[str, Channel], int]) -> Problem:
        owned = {other.value: other for name, other in points if name == owner}
        if owned:
            return unknown_name(self.document, way, f"contact point of `{owner}` called", channel.value, owned)
        owners = dict(points)
        return unknown_name(self.document, way[:-1], "contact point of", owner, {name: 0 for name, _ in owners})

    def _codes(self, way: Way, codes: list[str], known: Mapping[str, object]) -> frozenset[str]:
        for index, code in enumerate(codes):
            if code not in known:
                hint = did_you_mean(nearest(code, known)) or "docs/errors.md lists them"
                place = self.document.place((*way, index))
                self.problems.append(Problem("wrong-value", f"There is no code `{code}`.", place, hint))
        return frozenset(codes)
