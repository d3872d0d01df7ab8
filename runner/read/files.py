"""The files of a job: regular ones, inside the job's own folder, no larger than any job needs; the only disk access."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, NoReturn

from runner.read.near_misses import did_you_mean, nearest
from runner.values.job import ReadFile
from runner.values.problems import Position, Problem, Stopped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_BYTES = 1024 * 1024
MAX_PEOPLE_BYTES = 64 * 1024 * 1024

YAML = (".yaml", ".yml")
TESTS = (".test.yaml", ".test.yml")

# A FIFO would hold the runner up for ever, a terminal could become its own; Windows has neither.
OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True, slots=True)
class Folder:
    """A job file's folder: as the user wrote it, as the system knows it, and what was read in it so far, by name."""

    given: Path
    root: Path
    contents: dict[str, bytes] = field(default_factory=dict)


def open_folder(job: Path) -> Folder:
    """Return the folder of a job file. Raises `Stopped` where it can't be."""
    try:
        return Folder(job.parent, job.parent.resolve(strict=True))
    except FileNotFoundError:
        _stop("file-missing", f"There is no folder {job.parent}.", None)
    except (OSError, RuntimeError, ValueError) as error:
        _stop("file-unreadable", f"{job.parent} can't be read: {_reason(error)}.", None)


def read_job(folder: Folder, job: Path) -> bytes:
    """Return the bytes of the job file itself, which may be a link to anywhere. Raises `Stopped`."""
    path = _resolve(job, str(job), None)
    return _remember(folder, job.name, _read(path, str(job), MAX_BYTES, None))


def read_inside(folder: Folder, name: str, limit: int, place: Position) -> bytes:
    """Return the bytes of a file that a job names at `place`, at most `limit` of them. Raises `Stopped`."""
    if (key := PurePath(name).as_posix()) in folder.contents:
        return folder.contents[key]
    shown = str(folder.given / name)
    # first where it would be, then where it is: a file outside is not there for us, whether it exists or not
    for strict in (False, True):
        path = _resolve(folder.root / name, shown, place, written=name, strict=strict)
        if not path.is_relative_to(folder.root):
            message = f"`{name}` lies outside the job file's folder."
            _stop("file-outside", message, place, "move it into that folder, and write its path from there")
    return _remember(folder, key, _read(path, shown, limit, place))


def read_alone(path: Path, limit: int) -> bytes:
    """Return the bytes of a file that belongs to no job, at most `limit` of them. Raises `Stopped`."""
    return _read(_resolve(path, str(path), None), str(path), limit, None)


def missing(path: Path) -> Iterator[Problem]:
    """Yield the problem of a path that is not there."""
    try:
        _resolve(path, str(path), None)
    except Stopped as stopped:
        yield from stopped.problems


def true_path(path: Path) -> str:
    """Return where a path leads, also if it leads nowhere: the same for two names of one file."""
    return os.path.realpath(path)


def yaml_files(folder: Path) -> Iterator[Path]:
    """Yield the YAML files below a folder by name, but tests and what begins with a dot; no links to folders."""
    return (path for path in _below(folder, YAML) if not path.name.endswith(TESTS))


def test_files(folder: Path) -> Iterator[Path]:
    """Yield the tests below a folder, in the same way."""
    return _below(folder, TESTS)


def _below(folder: Path, endings: tuple[str, ...]) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if name.endswith(endings) and not name.startswith("."):
                yield Path(parent, name)


def digest(folder: Folder, hashed_only: Iterable[str]) -> tuple[str, tuple[ReadFile, ...]]:
    """Return the SHA-256 over every file read, and the files; of those `hashed_only` the text is left out."""
    total = hashlib.sha256()
    files = []
    textless = {PurePath(name).as_posix() for name in hashed_only}
    for name, content in folder.contents.items():
        # name and length first, so that no two sets of files give the same bytes
        total.update(f"{name}\0{len(content)}\0".encode("utf-8", "surrogateescape"))
        total.update(content)
        text = None if name in textless else content.decode("utf-8")
        files.append(ReadFile(name, hashlib.sha256(content).hexdigest(), text))
    return total.hexdigest(), tuple(files)


def _resolve(path: Path, shown: str, place: Position | None, *, written: str = "", strict: bool = True) -> Path:
    try:
        return path.resolve(strict=strict)
    except FileNotFoundError:
        _stop("file-missing", f"There is no file {shown}.", place, did_you_mean(_neighbour(path, written or shown)))
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, no permission, U+0000
        _stop("file-unreadable", f"{shown} can't be read: {_reason(error)}.", place)


def _read(path: Path, name: str, limit: int, place: Position | None) -> bytes:
    try:
        with open(path, "rb", opener=lambda file, _: os.open(file, OPEN_FLAGS)) as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                _stop("file-unreadable", f"{name} is no regular file.", place)
            # room for all of the limit would take longer to make than a small file takes to read
            content = stream.read(min(status.st_size, limit) + 1)
            if len(content) > status.st_size:  # it grows, or lies in a place such as /proc
                content += stream.read(limit + 1 - len(content))
    except OSError as error:
        _stop("file-unreadable", f"{name} can't be read: {_reason(error)}.", place)
    if len(content) > limit:
        _stop("file-too-large", f"{name} is larger than {limit // 1024 // 1024} MiB.", place)
    return content


def _remember(folder: Folder, name: str, content: bytes) -> bytes:
    folder.contents[name] = content
    return content


def _neighbour(path: Path, written: str) -> str | None:
    try:
        near = nearest(path.name, os.listdir(path.parent))  # noqa: PTH208 - names are all that is wanted
    except OSError:
        return None
    return None if near is None else str(PurePath(written).with_name(near))


def _reason(error: Exception) -> str:
    if isinstance(error, IsADirectoryError):
        return "it is a folder"
    if isinstance(error, PermissionError):
        return "no permission"
    if isinstance(error, RuntimeError) or "loop" in str(error) or "symbolic links" in str(error):
        return "its links lead round in a circle"
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)


def _stop(code: str, message: str, place: Position | None, hint: str | None = None) -> NoReturn:
    raise Stopped(Problem(code, message, place, hint))
