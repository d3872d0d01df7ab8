"""Where jobs and their files may lie, and which files of a folder are jobs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runner.read import files
from runner.read.jobs import find_jobs, load, load_all
from runner.values.problems import Problem, Stopped

JOB = """\
version: 1
name: fall
mode: students
calendar: {year: 2026}
preferences: {email: {general: on}}
"""


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


def write(name: str, text: str = JOB) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def problems_of(path: Path) -> list[Problem]:
    with pytest.raises(Stopped) as stopped:
        load(path)
    return list(stopped.value.problems)


def codes_of(path: Path) -> list[str]:
    return [problem.code for problem in problems_of(path)]


def test_a_job_file_that_is_not_there_names_its_neighbour() -> None:
    write("jobs/fall.yaml")
    [problem] = problems_of(Path("jobs/fal.yaml"))
    assert (problem.code, problem.hint) == ("file-missing", "did you mean `jobs/fall.yaml`?")


def test_a_folder_that_is_not_there() -> None:
    assert codes_of(Path("jobs/fall.yaml")) == ["file-missing"]


def test_a_folder_is_no_job_file() -> None:
    Path("jobs").mkdir()
    assert codes_of(Path("jobs")) == ["file-unreadable"]


def test_a_name_with_a_null_is_no_path() -> None:
    assert codes_of(Path("a\0b")) == ["file-unreadable"]


def test_a_job_file_over_one_mebibyte() -> None:
    assert codes_of(write("job.yaml", JOB + "#" * 1024 * 1024)) == ["file-too-large"]


def test_a_job_file_of_one_mebibyte() -> None:
    load(write("job.yaml", JOB + "#" * (1024 * 1024 - len(JOB))))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs here")
def test_a_fifo_is_refused_and_not_waited_for() -> None:
    os.mkfifo("ids.csv")
    os.mkfifo("job.yaml")
    assert codes_of(write("fall.yaml", JOB + "filter: {people_file: ids.csv}\n")) == ["file-unreadable"]
    assert codes_of(Path("job.yaml")) == ["file-unreadable"]


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there are no devices here")
def test_a_device_is_refused() -> None:
    assert codes_of(Path("/dev/zero")) == ["file-unreadable"]


@pytest.mark.parametrize("name", ["../ids.csv", "sub/../../ids.csv", "out.csv", "../work2/ids.csv", "deep/out/ids.csv"])
def test_nothing_outside_the_folder_is_read(name: str, tmp_path: Path) -> None:
    write("../ids.csv", "person_id\n1\n")
    write("../work2/ids.csv", "person_id\n1\n")
    write("sub/ids.csv", "person_id\n1\n")
    Path("out.csv").symlink_to(tmp_path / "ids.csv")
    Path("deep").mkdir()
    Path("deep/out").symlink_to("../../work2")
    assert codes_of(write("fall.yaml", f"{JOB}filter: {{people_file: {name}}}\n")) == ["file-outside"]


def test_whether_something_outside_exists_is_not_told() -> None:
    assert codes_of(write("fall.yaml", JOB + "filter: ../nowhere/at/all.yaml\n")) == ["file-outside"]


def test_links_within_the_folder_are_followed() -> None:
    write("2026/ids.csv", "person_id\n1\n")
    Path("current").symlink_to("2026")
    job = load(write("fall.yaml", JOB + "filter: {people_file: current/ids.csv}\n"))
    assert job.files[1].path == "current/ids.csv"


def test_a_job_behind_a_link_reads_beside_the_link() -> None:
    write("../store/fall.yaml", JOB + "filter: {people_file: ids.csv}\n")
    write("ids.csv", "person_id\n1\n")
    Path("fall.yaml").symlink_to("../store/fall.yaml")
    assert load(Path("fall.yaml")).file == "fall.yaml"


def test_links_that_lead_round_in_a_circle() -> None:
    Path("a.csv").symlink_to("b.csv")
    Path("b.csv").symlink_to("a.csv")
    assert codes_of(write("fall.yaml", JOB + "filter: {people_file: a.csv}\n")) == ["file-unreadable"]
    assert codes_of(Path("a.csv")) == ["file-unreadable"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_no_permission() -> None:
    write("ids.csv").chmod(0)
    assert codes_of(write("fall.yaml", JOB + "filter: {people_file: ids.csv}\n")) == ["file-unreadable"]


def test_one_file_named_in_two_ways_is_read_once() -> None:
    write("ids.csv", "person_id\n1\n")
    job = load(write("fall.yaml", JOB + "filter: {any: [{people_file: ids.csv}, {people_file: ./ids.csv}]}\n"))
    assert [read.path for read in job.files] == ["fall.yaml", "ids.csv"]


def test_a_people_file_of_another_kind_tells_a_hundred_lines_and_how_many_more() -> None:
    write("ids.csv", "person_id\n" + "Ana\n" * 500)
    problems = problems_of(write("fall.yaml", JOB + "filter: {people_file: ids.csv}\n"))
    assert len(problems) == 101
    assert problems[-1].message == "400 more lines are no ids."
    assert not any("Ana" in problem.message for problem in problems)


def test_a_people_file_with_a_field_of_more_than_a_csv_can_hold() -> None:
    write("ids.csv", 'person_id\n"' + "1" * 200_000)
    assert codes_of(write("fall.yaml", JOB + "filter: {people_file: ids.csv}\n")) == ["people-file"]


def test_a_people_file_in_another_encoding() -> None:
    Path("ids.csv").write_bytes("person_id\n1\n".encode("utf-16"))
    assert codes_of(write("fall.yaml", JOB + "filter: {people_file: ids.csv}\n")) == ["text-encoding"]


def test_a_people_file_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_PEOPLE_BYTES", 100)
    write("ids.csv", "person_id\n" + "1\n" * 50)
    assert codes_of(write("fall.yaml", JOB + "filter: {people_file: ids.csv}\n")) == ["file-too-large"]


def test_places_are_those_that_the_user_would_type() -> None:
    write("jobs/filters/a.yaml", "{}\n")
    path = write("jobs/fall.yaml", JOB + "filter: filters/a.yaml\nextra: 1\n")
    places = [str(problem.place) for problem in problems_of(path)]
    assert places == ["jobs/fall.yaml:7:1", "jobs/filters/a.yaml:1:1"]


def test_finds_the_jobs_below_a_folder() -> None:
    for name in ("jobs/b.yaml", "jobs/a.yml", "jobs/deep/c.yaml"):
        write(name)
    write("jobs/broken.yaml", "version: [\n")
    write("jobs/empty.yaml", "")
    write("jobs/other-version.yaml", "version: 2\n")
    write("jobs/filters/juniors.yaml", "people: [1]\n")
    write("jobs/mkdocs.yaml", "site_name: x\n")
    write("jobs/list.yaml", "- a\n")
    write("jobs/fall.test.yaml", "mode: x\n")
    write("jobs/.github/workflow.yaml")
    write("jobs/.hidden.yaml")
    write("jobs/job.json")
    names = ["a.yml", "b.yaml", "broken.yaml", "empty.yaml", "other-version.yaml", "deep/c.yaml"]
    assert find_jobs([Path("jobs")]) == [Path("jobs", name) for name in names]


def test_a_file_is_taken_as_it_is_and_once() -> None:
    odd, job = write("job.txt", "- a\n"), write("jobs/a.yaml")
    assert find_jobs([odd, job, Path("jobs"), Path("jobs/../job.txt")]) == [odd, job]


def test_links_in_a_folder_that_lead_nowhere_are_told() -> None:
    write("jobs/a.yaml")
    Path("jobs/b.yaml").symlink_to("b.yaml")
    Path("jobs/c").symlink_to("..")
    assert find_jobs([Path("jobs")]) == [Path("jobs/a.yaml"), Path("jobs/b.yaml")]


def test_every_path_that_is_not_there_is_told() -> None:
    write("jobs/a.yaml")
    with pytest.raises(Stopped) as stopped:
        find_jobs([Path("job"), Path("jobs"), Path("nowhere")])
    assert [(problem.code, problem.hint) for problem in stopped.value.problems] == [
        ("file-missing", "did you mean `jobs`?"),
        ("file-missing", None),
    ]


def test_a_folder_without_jobs() -> None:
    Path("jobs").mkdir()
    with pytest.raises(Stopped) as stopped:
        find_jobs([Path("jobs")])
    assert [problem.code for problem in stopped.value.problems] == ["no-jobs"]


def test_all_are_loaded_as_each_alone_and_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sound, broken, no_yaml = (
        write("jobs/a.yaml"),
        write("jobs/b.yaml", JOB.replace("fall", "")),
        write("jobs/c.yaml", "name: [\n"),
    )
    write("jobs/filter.yaml", "people: [1]\n")
    named = write("one.txt")
    paths = [named, Path("jobs"), sound]
    opened: list[str] = []
    read_job = files.read_job

    def watched(folder: files.Folder, job: Path) -> bytes:
        opened.append(str(job))
        return read_job(folder, job)

    monkeypatch.setattr(files, "read_job", watched)
    found = dict(load_all(paths))
    assert sorted(opened) == ["jobs/a.yaml", "jobs/b.yaml", "jobs/c.yaml", "jobs/filter.yaml", "one.txt"]
    assert list(found) == find_jobs(paths) == [named, sound, broken, no_yaml]
    assert (found[named], found[sound]) == (load(named), load(sound))
    for path in (broken, no_yaml):
        stopped = found[path]
        assert isinstance(stopped, Stopped)
        assert list(stopped.problems) == problems_of(path)


def test_a_file_that_does_not_know_its_size_is_read_to_its_end() -> None:
    if not (path := Path("/proc/version")).exists():
        pytest.skip("no /proc here")
    assert path.stat().st_size == 0
    assert files.read_alone(path, 10_000) == path.read_bytes()
    with pytest.raises(Stopped, match="is larger than"):
        files.read_alone(path, 10)
