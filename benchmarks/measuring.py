"""All of it in order: start-up, loading, then each database with each size and each job."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks import bulk_load, rounds, start_up
from benchmarks.machine import describe, occasion
from benchmarks.processes import run_command
from benchmarks.results import EVERY, SIX
from benchmarks.stores.registry import BACKENDS, NotThereError, opened
from benchmarks.stores.store import demo
from benchmarks.ways import Bench
from runner.read.jobs import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from benchmarks.results import Results
    from benchmarks.stores.store import Store

    Tell = Callable[[str], None]

ROOT = Path(__file__).parent.parent
JOBS = {SIX: ROOT / "jobs" / "fall.yaml", EVERY: Path(__file__).with_name("every-cell.yaml")}
SIZES, ROUNDS = (10_000, 100_000), 5
LONG, LONG_ROUNDS = 1_000_000, 3
LOADED_STUDENTS = 10_000
MEASURES = ("start", "load", "jobs")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for; `backends` is None where it is left to the size: the longest is not tried on MariaDB."""

    backends: tuple[str, ...] | None
    sizes: tuple[int, ...]
    rounds: int
    measures: tuple[str, ...]
    jobs: tuple[str, ...]

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Wanted:
        """Return what BACKENDS, STUDENTS, ROUNDS, MEASURE and JOBS say. ValueError where that can't be."""
        backends = _listed(environment.get("BACKENDS"), BACKENDS)
        sizes = _listed(environment.get("STUDENTS"), None)
        return cls(
            backends=backends,
            sizes=tuple(int(size) for size in sizes) if sizes else SIZES,
            rounds=int(environment.get("ROUNDS", ROUNDS)),
            measures=_listed(environment.get("MEASURE"), MEASURES) or MEASURES,
            jobs=_listed(environment.get("JOBS"), tuple(JOBS)) or tuple(JOBS),
        )

    def sizes_on(self, backend: str) -> tuple[int, ...]:
        """Return the sizes to measure on a database."""
        if self.backends is None and backend == "mariadb":
            return tuple(size for size in self.sizes if size < LONG)
        return self.sizes if self.backends is None or backend in self.backends else ()

    def rounds_at(self, students: int) -> int:
        """Return how many rounds there are at a size: fewer at the longest."""
        return min(self.rounds, LONG_ROUNDS) if students >= LONG else self.rounds


def measure(wanted: Wanted, results: Results, tell: Tell) -> Iterator[None]:
    """Measure what is wanted, into `results`; yield after each part of it. A server that isn't there is told of."""
    results["machine"] = describe()
    if "start" in wanted.measures:
        results["start"] = {**start_up.measure(wanted.rounds, tell), "version": start_up.version(), **occasion()}
        yield
    with TemporaryDirectory(dir=ROOT, prefix=".bench-") as folder:
        for backend in BACKENDS:
            sizes = wanted.sizes_on(backend)
            if not sizes:
                continue
            try:
                with opened(backend, Path(folder)) as store:
                    if "load" in wanted.measures:
                        files = _csv(Path(folder), min(*sizes, LOADED_STUDENTS))
                        loaded = bulk_load.measure(store, backend, files, wanted.rounds, tell)
                        results["load"][backend] = {**loaded, **occasion()}
                        yield
                    for students in sizes if "jobs" in wanted.measures else ():
                        yield from _measure_jobs(store, (backend, students), wanted, results, tell)
            except NotThereError:
                tell(f"no {backend} server here: left out")


def _measure_jobs(store: Store, place: tuple[str, int], wanted: Wanted, results: Results, tell: Tell) -> Iterator[None]:
    backend, students = place
    tell(f"{backend}: a district of {students:,} students")
    made, count = store.make(students), wanted.rounds_at(students)
    benches = {name: Bench(store, backend, load(path), students) for name, path in JOBS.items()}
    for bench in (benches[name] for name in wanted.jobs):
        found = rounds.measure(bench, count, lambda step: tell(f"{backend}, {students:,}: {step}"))
        results["runs"][f"{backend}/{students}/{bench.job.name}"] = {**found, **occasion()}
        yield
    processes = run_command(benches[SIX], min(count, LONG_ROUNDS), tell)
    results["districts"][f"{backend}/{students}"] = {"demo": made, "version": store.version(), "process": processes}
    yield


def _csv(folder: Path, students: int) -> Path:
    """Return a folder with the CSV files of a district, made the first time."""
    files = folder / f"csv-{students}"
    if not files.exists():
        files.mkdir()
        url = f"sqlite:///{files}.db"
        demo(url, students)
        bulk_load.write_csv(url, files)
    return files


def _listed(text: str | None, known: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Return the parts of a list with commas; None of none. ValueError where one is not known."""
    if not text:
        return None
    names = tuple(name.strip() for name in text.split(","))
    if known is not None and (unknown := [name for name in names if name not in known]):
        raise ValueError(f"`{unknown[0]}` is none of {', '.join(known)}")
    return names
