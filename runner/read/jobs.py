"""The path of a job file to a `Job`, or to every problem of the file and of those that it names."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from runner.read import files
from runner.read.document import Document, parse
from runner.read.filters import Reading, read_filter
from runner.read.schema import validate
from runner.values.job import CalendarEntry, Job, Limits
from runner.values.problems import Position, Problem, Stopped
from runner.values.vocabulary import Channel, CustomSelections, Enrollments, Mode, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from runner.values.job import Node, ReadFile

    _Opened = tuple[files.Folder, Document]

SET = {"on": True, "off": False}
JOB_KEYS = frozenset({"version", "mode", "preferences"})


def load(path: Path) -> Job:
    """Return the job of a file, read with every file that it names.

    Raises `Stopped` with every problem, in the order of the file: of YAML, of shape, and of meaning wherever the
    shape is good enough to look for it.
    """
    if path.name.endswith(files.TESTS):
        message = f"{path} holds policy tests, and is no job."
        raise Stopped(Problem("no-jobs", message, None, "`runner test` plays them"))
    return _load(*_open(path))


def load_all(paths: Iterable[Path]) -> Iterator[tuple[Path, Job | Stopped]]:
    """Yield the files that `find_jobs` returns, each with its job or with what stops it; none is read twice.

    Raises `Stopped` as `find_jobs` does.
    """
    for path, opened in _find(paths):
        try:
            if isinstance(opened, Stopped):
                raise opened
            yield path, _load(*opened) if opened else load(path)
        except Stopped as stopped:
            yield path, stopped


def _open(path: Path) -> _Opened:
    folder = files.open_folder(path)
    return folder, parse(files.read_job(folder, path), str(path))


def _load(folder: files.Folder, document: Document) -> Job:
    problems = [*document.problems, *validate(document)]
    data = document.data if isinstance(document.data, dict) else {}
    reading = Reading(document, _mode(data), folder, problems, [])
    node = read_filter(reading, ("filter",)) if "filter" in data else None
    problems += _nothing_set(document, data)
    if problems:
        raise Stopped(*sorted(set(problems), key=lambda problem: _order(problem, document.file)))
    digest, read = files.digest(folder, reading.people_files)
    return _job(document, node, digest, read)


def texts_of(path: Path) -> dict[str, str]:
    """Return the text of a job file, and of the filter file that it names, by their names; for a job with problems.

    What is no YAML by its name is left out: it could be a people file. So is what can't be read at all.
    """
    texts: dict[str, str] = {}
    with suppress(Stopped):
        if path.suffix in files.YAML:
            folder = files.open_folder(path)
            content = files.read_job(folder, path)
            texts[path.name] = content.decode("utf-8", "replace")
            data = parse(content, str(path)).data
            name = data.get("filter") if isinstance(data, dict) else None
            if isinstance(name, str) and name.endswith(files.YAML):
                inner = files.read_inside(folder, name, files.MAX_BYTES, Position(str(path), 1, 1))
                texts[name] = inner.decode("utf-8", "replace")
    return texts


def find_jobs(paths: Iterable[Path]) -> list[Path]:
    """Return the job files that paths stand for, each once, those of a folder in the order of their names.

    A file is taken as it is. A folder is searched for `*.yaml` and `*.yml`, all the way down, but not in folders and
    files whose names begin with a dot; tests (`*.test.yaml`) are no jobs. In a folder a job is what has one of the
    keys `version`, `mode` and `preferences` at its top, or can't be read at all: so filter files, which are read with
    the job that names them, and other programs' YAML are left alone. Raises `Stopped` for a path that is not there
    (with every one of them), or if no job is left.
    """
    return [path for path, _ in _find(paths)]


def _find(paths: Iterable[Path]) -> Iterator[tuple[Path, _Opened | Stopped | None]]:
    """Yield what `find_jobs` returns; with what it had to open, as it was found, or what kept that from being read."""
    paths = list(paths)
    problems = [problem for path in paths for problem in files.missing(path)]
    if problems:
        raise Stopped(*problems)
    found: set[str] = set()
    for path in paths:
        for job, opened in _jobs_below(path) if path.is_dir() else [(path, None)]:
            if (true := files.true_path(job)) not in found:
                found.add(true)
                yield job, opened
    if not found:
        where = ", ".join(str(path) for path in paths)
        raise Stopped(Problem("no-jobs", f"There is no job file below {where}.", None, "a job file ends in .yaml"))


def _jobs_below(folder: Path) -> Iterator[tuple[Path, _Opened | Stopped]]:
    for path in files.yaml_files(folder):
        try:
            opened = _open(path)
        except Stopped as stopped:
            yield path, stopped  # whoever loads it hears why
        else:
            data = opened[1].data
            if isinstance(data, dict) and not JOB_KEYS.isdisjoint(data):
                yield path, opened


def _mode(data: Mapping[str, object]) -> Mode | None:
    return next((mode for mode in Mode if mode == data.get("mode")), None)


def _nothing_set(document: Document, data: Mapping[str, object]) -> Iterator[Problem]:
    preferences = data.get("preferences")
    if not isinstance(preferences, dict):
        return
    channels = [reasons if isinstance(reasons, dict) else {"": None} for reasons in preferences.values()]
    if all(setting == "no_change" for reasons in channels for setting in reasons.values()):
        place = document.keys[("preferences",)]
        yield Problem("nothing-set", "These preferences set nothing.", place, "turn a reason `on` or `off`")


def _job(document: Document, node: Node | None, digest: str, read: tuple[ReadFile, ...]) -> Job:
    data = cast("dict[str, Any]", document.data)
    return Job(
        name=data["name"],
        description=data.get("description"),
        mode=Mode(data["mode"]),
        calendars=_calendars(document, data.get("calendar")),
        grades=tuple(data["grades"]) if "grades" in data else None,
        enrollment=Enrollments(data.get("enrollment", Enrollments.ACTIVE)),
        filter=node,
        preferences=_preferences(data["preferences"]),
        guardians_only=data.get("guardians_only", False),
        custom_selections=CustomSelections(data.get("custom_selections", CustomSelections.KEEP)),
        allow_empty=data.get("allow_empty", False),
        limits=_limits(data.get("limits", {})),
        file=document.file,
        sha256=digest,
        files=read,
        places=_places(document),
    )


def _calendars(document: Document, data: object) -> tuple[CalendarEntry, ...]:
    if data is None:
        return ()
    several = isinstance(data, list)
    entries = cast("list[dict[str, Any]]", data if several else [data])
    return tuple(
        CalendarEntry(
            school=entry.get("school"),
            year=entry.get("year"),
            name=entry.get("name"),
            place=document.place(("calendar", index) if several else ("calendar",)),
        )
        for index, entry in enumerate(entries)
    )


def _preferences(data: Mapping[str, Mapping[str, str]]) -> dict[Channel, dict[Reason, bool]]:
    cells = {
        channel: {reason: SET[setting] for reason in Reason if (setting := data[channel].get(reason)) in SET}
        for channel in Channel
        if channel in data
    }
    return {channel: reasons for channel, reasons in cells.items() if reasons}


def _limits(data: Mapping[str, Any]) -> Limits:
    changed = data.get("changed")
    percent = Decimal(changed.removesuffix("%")) if isinstance(changed, str) else None
    number = None if isinstance(changed, str) else changed
    return Limits(data.get("people"), number, percent, data.get("custom"), data.get("lost"))


def _places(document: Document) -> dict[str, Position]:
    """Return the place of each top-level key, and of those below preferences and limits: `limits.people`."""
    return {
        ".".join(map(str, way)): place
        for way, place in document.keys.items()
        if len(way) == 1 or way[0] in {"preferences", "limits"}
    }


def _order(problem: Problem, job: str) -> tuple[bool, Position, str, str]:
    place = problem.place or Position(job, 0, 0)
    return (place.file != job, place, problem.code, problem.message)
