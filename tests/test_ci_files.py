"""The files for continuous integration: every shell step is run by bash, on a scratch repository and a district."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from runner.cli.app import execute
from tests.ci import ROOT, Played, Service, evaluated, flat, load, play_action, play_job
from tests.test_check import commands

if TYPE_CHECKING:
    from collections.abc import Callable

MARKER = "<!-- contact-preference-runner -->"
AUTUMN = "2026-10-01"
SHELLCHECK = Path(sys.executable).parent / "shellcheck"
PINNED = re.compile(r"[\w-]+/[\w./-]+@[0-9a-f]{40}")
HOSTILE = "jobs/$(touch pwned)`touch pwned`;touch pwned;'\"\n::error::x.yaml"


class Repository:
    """A scratch repository with the shipped jobs, and a district for them."""

    def __init__(self, folder: Path, template: Path) -> None:
        self.folder = folder / "repository"
        self.database = folder / "district.db"
        self.folder.mkdir()
        shutil.copy(template, self.database)
        shutil.copytree(ROOT / "jobs", self.folder / "jobs")
        self.git("init", "--quiet", "--initial-branch", "main")
        self.commit("the jobs")

    @property
    def url(self) -> str:
        return f"sqlite:///{self.database}"

    def git(self, *words: str) -> str:
        told = ("-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false")
        done = subprocess.run(["git", *told, *words], cwd=self.folder, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def commit(self, message: str) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def branch(self, file: str = "jobs/fall.yaml", change: Callable[[str], str] | None = None) -> str:
        """Change a file on a branch, and check out what its merge would be, as a service does. Return the branch."""
        self.git("checkout", "--quiet", "main")
        name = f"change-{len(self.git('branch').splitlines())}"
        self.git("checkout", "--quiet", "-b", name)
        path = self.folder / file
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        path.write_text(change(before) if change else f"{before}# changed\n", encoding="utf-8")
        head = self.commit("a change")
        self.git("checkout", "--quiet", "--detach", "main")
        self.git("merge", "--quiet", "--no-ff", "--no-edit", name)
        return head

    def merge(self) -> str:
        """Merge what was checked out last. Return what main was before."""
        before = self.git("rev-parse", "main")
        self.git("branch", "--force", "main", "HEAD")
        return before

    def count(self, query: str) -> int:
        with closing(sqlite3.connect(self.database)) as connection:
            count: int = connection.execute(query).fetchone()[0]
            return count

    def change(self, statement: str) -> None:
        with closing(sqlite3.connect(self.database)) as connection:
            assert connection.execute(statement).rowcount == 1
            connection.commit()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "district.db"
    assert execute(["demo", "--database", f"sqlite:///{file}", "--students", "200"]) == 0
    return file


@pytest.fixture
def repository(tmp_path: Path, template: Path) -> Repository:
    return Repository(tmp_path, template)


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service(tmp_path / "service")


def review(repository: Repository, service: Service, head: str, *, fork: bool = False, **inputs: str) -> Played:
    github = {
        "github.event_name": "pull_request",
        "github.event.pull_request": "there is one",
        "github.event.pull_request.number": "12",
        "github.event.pull_request.head.sha": head,
        "github.event.pull_request.head.repo.full_name": "somebody/policy" if fork else "district/policy",
        "github.repository": "district/policy",
        "github.sha": repository.git("rev-parse", "HEAD"),
    }
    given = {"as-of": AUTUMN, "database": "" if fork else repository.url, **inputs}
    return play_action(repository.folder, service, given, github)


def apply(repository: Repository, service: Service, before: str, **inputs: str) -> Played:
    github = {
        "github.event_name": "push",
        "github.event.before": before,
        "github.repository": "district/policy",
        "github.sha": repository.git("rev-parse", "HEAD"),
        "github.run_id": "99",
        "github.run_attempt": "1",
    }
    return play_action(repository.folder, service, {"do": "apply", "database": repository.url, **inputs}, github)


def offer(service: Service, repository: Repository, head: str, played: Played) -> None:
    """Let the service know of the merge, and of the artifact that its review left behind."""
    sha = repository.git("rev-parse", "HEAD")
    archive = shutil.make_archive(str(service.folder / "plan"), "zip", played.artifacts[f"contact-preferences-{head}"])
    service.answer(
        f"repos/district/policy/commits/{sha}/pulls", [{"number": 12, "merged_at": "x", "head": {"sha": head}}]
    )
    run = {"head_sha": head, "repository_id": 1, "head_repository_id": 1}
    artifact = {"id": 5, "expired": False, "created_at": "2026-10-01", "workflow_run": run}
    service.answer("repos/district/policy/actions/artifacts", {"artifacts": [artifact]})
    service.answer("repos/district/policy/actions/artifacts/5/zip", Path(archive).read_bytes())


def results(file: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["results"]
    return found


# GitHub


def test_a_change_is_checked_dry_run_shown_and_kept(repository: Repository, service: Service) -> None:
    head = repository.branch(change=lambda text: text.replace("\npreferences:", '\ngrades: ["03", "04"]\npreferences:'))
    played = review(repository, service, head)
    assert played.code == 0, played.log
    assert "\n6 job files and 6 test files: " in played.log
    assert "1 job files are meant" in played.log
    (comment,) = service.comments
    assert comment["body"].startswith(f"{MARKER}\n")
    assert "### fall-attendance" in comment["body"]
    assert re.search(r"^\*\*0\*\* people enter the scope, \*\*\d+\*\* people leave", comment["body"], re.MULTILINE)
    assert repository.git("status", "--porcelain") == ""
    assert played.summary == comment["body"]
    (name,) = played.artifacts
    assert name == f"contact-preferences-{head}"
    assert {file.name for file in played.artifacts[name].iterdir()} == {"plan.json", "report.md"}
    (result,) = results(played.artifacts[name] / "plan.json")
    assert (result["status"], result["as_of"], result["job"]["file"]) == ("dry_run", AUTUMN, "jobs/fall.yaml")
    assert played.outputs["exit-code"] == "0"
    assert repository.count("select count(*) from runner_run") == 0
    installed = (service.folder / "installed").read_text(encoding="utf-8")
    assert f"--constraint {ROOT}/constraints.txt {ROOT}[postgresql,mariadb]" in installed


def test_the_comment_is_updated_and_nobody_elses(repository: Repository, service: Service) -> None:
    theirs = {"id": 1, "user": {"type": "User"}, "body": f"{MARKER} is what I would write too"}
    other = {"id": 2, "user": {"type": "Bot"}, "body": f"coverage is fine {MARKER}"}
    old = {"id": 3, "user": {"type": "Bot"}, "body": f"{MARKER}\nan older dry run"}
    service.set_comments(theirs, other, old)
    played = review(repository, service, repository.branch("jobs/filters/primary.yaml"))
    assert played.code == 0, played.log
    assert service.comments[:2] == [theirs, other]
    (updated,) = service.comments[2:]
    assert "### juniors-and-seniors" in updated["body"]
    played = review(repository, service, repository.branch("README.md"))
    assert played.code == 0, played.log
    assert service.comments[2]["body"] == f"{MARKER}\n\nThis pull request changes no job.\n"
    assert played.artifacts == {}
    service.set_comments()
    assert review(repository, service, repository.branch("README.md")).code == 0
    assert service.comments == []


def test_mistakes_become_annotations_and_the_exit_code(repository: Repository, service: Service) -> None:
    head = repository.branch(change=lambda text: text.replace("keep", "kept").replace("teacher", "teachr"))
    played = review(repository, service, head)
    assert played.code == 3
    told = commands(played.log)
    places = [
        (properties["title"], properties["file"])
        for name, properties, _ in told
        if "col" in properties and name == "error"
    ]
    assert places == [("unknown-key", "jobs/fall.yaml"), ("wrong-value", "jobs/fall.yaml")]
    (comment,) = service.comments
    assert "unknown-key" in comment["body"]
    assert played.outputs["exit-code"] == "3"
    head = repository.branch(change=lambda text: text.replace("year: 2027", "year: 1999"))
    played = review(repository, service, head)
    assert played.code == 3
    ((_, properties, message),) = [told for told in commands(played.log) if told[0] == "error" and "title" in told[1]]
    assert properties["title"] == "unknown-calendar"
    assert "no such calendar in year 1999" in message


def test_a_policy_test_that_fails_is_annotated_and_the_dry_run_shown(repository: Repository, service: Service) -> None:
    head = repository.branch(change=lambda text: text.replace("teacher: on", "teacher: off"))
    played = review(repository, service, head)
    assert played.code == 4, played.log
    failed = [properties for _, properties, _ in commands(played.log) if properties.get("title") == "test-failed"]
    assert failed
    assert {properties["file"] for properties in failed} == {"jobs/fall.test.yaml"}
    assert "### fall-attendance" in service.comments[0]["body"]


def test_a_job_beyond_its_limits_is_shown_and_fails(repository: Repository, service: Service) -> None:
    head = repository.branch("jobs/juniors.yaml", lambda text: text.replace("people: 5000", "people: 1"))
    played = review(repository, service, head)
    assert played.code == played.steps.count("Say how it ended") * 4 == 4
    assert "limit-people" in service.comments[0]["body"]
    assert f"contact-preferences-{head}" in played.artifacts


def test_a_pull_request_from_a_fork_is_only_checked(repository: Repository, service: Service) -> None:
    played = review(repository, service, repository.branch(), fork=True)
    assert played.code == 0, played.log
    assert (service.asked, played.artifacts) == ([], {})


def test_names_of_others_are_no_commands_of_a_shell(repository: Repository, service: Service) -> None:
    def renamed(_: str) -> str:
        text = (ROOT / "jobs" / "fall.yaml").read_text(encoding="utf-8")
        return re.sub(r"^name: .*$", 'name: "::add-mask::a $(touch pwned)"', text, flags=re.MULTILINE)

    head = repository.branch(HOSTILE, renamed)
    played = review(repository, service, head, check="jobs\n", comment="true")
    assert played.code == 0, played.log
    assert "1 job files are meant" in played.log
    assert not list(repository.folder.rglob("pwned"))
    (name,) = played.artifacts
    (result,) = results(played.artifacts[name] / "plan.json")
    assert result["job"]["file"] == HOSTILE
    before, token, after = re.split(r"^::stop-commands::(\w{32})$", played.log, flags=re.MULTILINE)
    assert "::add-mask::" in after.split(f"\n::{token}::\n")[0]
    assert "add-mask" not in before + after.split(f"\n::{token}::\n")[1]


def test_jobs_can_be_named_and_a_history_is_needed_otherwise(repository: Repository, service: Service) -> None:
    repository.branch("README.md")
    played = review(repository, service, "0" * 40, jobs="\n  \njobs/juniors.yaml\njobs/fall.yaml\n")
    assert played.code == 0, played.log
    body = service.comments[0]["body"]
    assert 0 < body.index("### juniors-and-seniors") < body.index("### fall-attendance")
    repository.git("checkout", "--quiet", "--orphan", "alone")
    repository.commit("no commit before")
    played = review(repository, service, "0" * 40)
    assert played.code == 1
    assert "::error::the commit before is not there: check out with `fetch-depth: 0`" in played.log


def test_what_was_reviewed_is_applied_once_it_is_merged_and_nothing_else(
    repository: Repository, service: Service
) -> None:
    head = repository.branch()
    reviewed = review(repository, service, head)
    before = repository.merge()
    offer(service, repository, head, reviewed)
    repository.change(
        "update contact_point set attendance = 1 - attendance where contact_point_id = (select min(contact_point_id) "
        "from contact_point where channel = 'cell_phone' and attendance = 0 and custom = 0 and address <> '' "
        "and person_id in (select contact_id from relationship where messenger))"
    )
    played = apply(repository, service, before)
    assert (played.code, played.outputs["exit-code"]) == (5, "5")
    assert repository.count("select count(*) from runner_run") == 0
    assert "drift" in played.log
    played = apply(repository, service, before, **{"max-drift": "5%"})
    assert played.code == 0, played.log
    assert "applied as run 1" in played.log
    assert "Applied" in played.summary
    (name,) = played.artifacts
    (result,) = results(played.artifacts[name] / "result.json")
    assert (result["status"], result["as_of"]) == ("applied", AUTUMN)
    assert repository.count("select count(*) from runner_run") == 1


OURS = {"repository_id": 1, "head_repository_id": 1}


@pytest.mark.parametrize(
    ("pulls", "artifact", "told"),
    [
        (True, {"expired": True, "workflow_run": {**OURS, "head_sha": "abc"}}, "there is no plan of abc"),
        (True, {"expired": False, "workflow_run": {**OURS, "head_sha": "bcd"}}, "there is no plan of abc"),
        (
            True,
            {"expired": False, "workflow_run": {**OURS, "head_repository_id": 2, "head_sha": "abc"}},
            "there is no plan of abc",
        ),
        (False, {"expired": False, "workflow_run": {**OURS, "head_sha": "abc"}}, "came by no pull request"),
    ],
)
def test_nothing_is_fetched_that_nobody_reviewed(
    repository: Repository,
    service: Service,
    pulls: bool,  # noqa: FBT001 - a case
    artifact: dict[str, object],
    told: str,
) -> None:
    merged = [{"merged_at": None, "head": {"sha": "bcd"}}, {"merged_at": "x", "head": {"sha": "abc"}}]
    service.answer("repos/district/policy/commits/def/pulls", merged if pulls else merged[:1])
    found = [{"id": 5, "created_at": "2026-10-01", **artifact}]
    service.answer("repos/district/policy/actions/artifacts", {"artifacts": found})
    service.answer("repos/district/policy/actions/artifacts/5/zip", b"no archive")
    github = {"github.event_name": "push", "github.sha": "def", "steps.jobs.outputs.count": "1"}
    step = "Fetch the plan that was reviewed"
    played = play_action(repository.folder, service, {"do": "apply"}, github, only=step)
    assert (played.steps, played.code) == ([step], 5)
    assert told in played.log


def test_a_merge_that_changes_no_job_applies_nothing(repository: Repository, service: Service) -> None:
    repository.branch("README.md")
    played = apply(repository, service, repository.merge())
    assert played.code == 0, played.log
    assert (service.asked, played.artifacts) == ([], {})


def test_nothing_is_done_but_what_there_is_to_do(repository: Repository, service: Service) -> None:
    played = review(repository, service, "0" * 40, do="aply")
    assert played.code == 64
    assert "::error::`do` is review or apply" in played.log


# GitLab


def variables(repository: Repository, before: str) -> dict[str, str]:
    return {
        "CI_API_V4_URL": "http://api",
        "CI_PROJECT_ID": "3",
        "CI_MERGE_REQUEST_IID": "12",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": before,
        "CI_COMMIT_BEFORE_SHA": before,
        "CI_COMMIT_SHA": repository.git("rev-parse", "HEAD"),
        "COMMENT_TOKEN": "TOKEN",
        "DISTRICT_READER": repository.url,
        "DISTRICT_WRITER": repository.url,
        "RUNNER_SOURCE": "git+https://example.org/runner",
    }


def test_a_gitlab_pipeline_checks_plans_comments_and_applies(repository: Repository, service: Service) -> None:
    (repository.folder / ".gitignore").write_text(".runner/\nplan/\nresult/\n", encoding="utf-8")
    repository.git("checkout", "--quiet", "main")
    before = repository.commit("ignore")
    repository.branch(change=lambda text: text.replace("year: 2027", "year: 2027, name: no such"))
    service.answer("user", {"id": 7})
    tested = play_job(repository.folder, service, "check", variables(repository, before))
    assert tested.code == 4
    assert "\n    actual    stopped (unknown-calendar)\n" in tested.log
    failed = play_job(repository.folder, service, "plan", variables(repository, before))
    assert failed.code == 3, failed.log
    assert "unknown-calendar" in service.comments[0]["body"]

    repository.branch("jobs/juniors.yaml")
    planned = play_job(repository.folder, service, "plan", variables(repository, before))
    assert planned.code == 0, planned.log
    assert "1 job files are meant" in planned.log
    (comment,) = service.comments
    assert "### juniors-and-seniors" in comment["body"]
    assert {file.name for file in (repository.folder / "plan").iterdir()} == {"plan.json", "report.md"}
    assert repository.count("select count(*) from runner_run") == 0

    repository.merge()
    sha = repository.git("rev-parse", "HEAD")
    service.answer(f"projects/3/repository/commits/{sha}/merge_requests", [{"iid": 12, "state": "merged"}])
    plan = (repository.folder / "plan" / "plan.json").read_bytes()
    service.answer("projects/3/jobs/artifacts/refs%2Fmerge-requests%2F12%2Fhead/raw/plan/plan.json", plan)
    applied = play_job(repository.folder, service, "apply", variables(repository, before))
    assert applied.code == 0, applied.log
    assert "applied as run 1" in applied.log
    (result,) = results(repository.folder / "result" / "result.json")
    assert result["status"] == "applied"

    service.answer(f"projects/3/repository/commits/{sha}/merge_requests", [])
    refused = play_job(repository.folder, service, "apply", variables(repository, before))
    assert refused.code == 5
    assert "nobody reviewed" in refused.log
    checked = play_job(repository.folder, service, "check", variables(repository, before))
    assert checked.code == 0, checked.log
    for path in (repository.folder / "jobs").glob("*.test.yaml"):
        path.unlink()
    assert play_job(repository.folder, service, "check", variables(repository, before)).code == 0
    nothing = play_job(repository.folder, service, "apply", variables(repository, sha))
    assert nothing.code == 0
    assert repository.count("select count(*) from runner_run") == 1


# pre-commit


def test_the_hook_checks_all_jobs_whichever_of_their_files_is_committed(tmp_path: Path) -> None:
    (hook,) = load(".pre-commit-hooks.yaml")
    assert not hook["pass_filenames"]
    pattern = re.compile(hook["files"])
    wanted = [path.relative_to(ROOT).as_posix() for path in (ROOT / "jobs").rglob("*") if path.is_file()]
    assert wanted
    assert all(pattern.search(path) for path in [*wanted, "jobs/deep/er/x.yml"])
    assert not any(pattern.search(path) for path in ("README.md", "jobs/notes.md", "other/jobs/x.yaml", "compose.yaml"))
    shutil.copytree(ROOT / "jobs", tmp_path / "jobs")
    entry = [sys.executable, "-m", *shlex.split(hook["entry"]), *hook["args"]]
    assert subprocess.run(entry, cwd=tmp_path, check=False, capture_output=True).returncode == 0
    (tmp_path / "jobs" / "filters" / "primary.yaml").write_text("nothing: 1\n", encoding="utf-8")
    broken = subprocess.run(entry, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert broken.returncode == 3
    assert "jobs/filters/primary.yaml:1:1: unknown-key" in broken.stdout


# the files themselves


def scripts() -> dict[str, str]:
    """Return every text that a shell reads, by where it stands."""
    found = {step["name"]: step["run"] for step in load("action.yml")["runs"]["steps"] if "run" in step}
    pipeline = load("docs/ci/gitlab-ci.yml")
    for name, job in pipeline.items():
        if isinstance(job, dict) and "script" in job:
            found[f"gitlab {name}"] = "\n".join([*flat(pipeline["default"]["before_script"]), *flat(job["script"])])
    return found


@pytest.mark.parametrize("name", scripts())
def test_shellcheck_has_nothing_to_say(name: str) -> None:
    done = subprocess.run(
        [SHELLCHECK, "--shell=bash", "-"],
        input=f"set -e -o pipefail\n{scripts()[name]}",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout + done.stderr == ""


def test_no_expression_stands_in_the_text_of_a_shell() -> None:
    assert [name for name, text in scripts().items() if "${{" in text] == []
    workflow = load("docs/ci/github.yml")
    assert not [step for job in workflow["jobs"].values() for step in job["steps"] if "run" in step]


def test_actions_of_others_are_pinned_to_a_commit() -> None:
    steps = [*load("action.yml")["runs"]["steps"]]
    steps += [step for job in load("docs/ci/github.yml")["jobs"].values() for step in job["steps"]]
    used = {step["uses"] for step in steps if "uses" in step}
    ours = "OWNER/contact-preference-runner@COMMIT"
    assert ours in used
    assert [name for name in used - {ours} if not PINNED.fullmatch(name)] == []


def test_the_workflow_gives_what_the_action_takes_and_no_more_rights_than_needed() -> None:
    workflow, action = load("docs/ci/github.yml"), load("action.yml")
    for job in workflow["jobs"].values():
        (step,) = [step for step in job["steps"] if step["uses"].startswith("OWNER/")]
        assert set(step["with"]) <= set(action["inputs"])
    assert workflow["permissions"] == {}
    assert workflow["jobs"]["review"]["permissions"] == {"contents": "read", "pull-requests": "write"}
    rights = workflow["jobs"]["apply"]["permissions"]
    assert rights == {"actions": "read", "contents": "read", "pull-requests": "read"}
    assert "environment" in workflow["jobs"]["apply"]
    assert "concurrency" not in workflow["jobs"]["apply"]


def test_no_host_of_packages_is_named() -> None:
    files = (ROOT / "action.yml", ROOT / ".pre-commit-hooks.yaml", *(ROOT / "docs" / "ci").iterdir())
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    assert [word for word in ("pypi", "docker.io", "ghcr", "quay.io", "npmjs", "index-url") if word in text] == []


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("a == 'x' && b || 'c'", "y"),
        ("a != 'x' && b || 'it''s'", "it's"),
        ("(a == 'x' || a == 'z') && steps.one.outputs.code != ''", False),
        ("!steps.one.outputs.code && github.event.none == ''", True),
    ],
)
def test_expressions_are_understood(expression: str, value: object) -> None:
    assert evaluated(expression, {"a": "x", "b": "y"}) == value


# the rehearsal

REHEARSAL = ROOT / "docs" / "ci" / "rehearsal.sh"


def rehearse(folder: Path, runner: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "RUNNER": runner, "TMPDIR": str(folder), "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [REHEARSAL], cwd=folder, env=environment, capture_output=True, encoding="utf-8", timeout=240, check=False
    )


def test_the_rehearsal_goes_as_it_should_and_leaves_nothing_behind(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m runner "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    (tmp_path / "scratch").mkdir()
    done = rehearse(tmp_path / "scratch", str(program))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert re.findall(r"^\(exit (\d+)\)$", done.stdout, re.MULTILINE) == [*"030", *"20", *"05", *"00", *"000"]
    assert "::error file=jobs/fall.yaml,line=7,col=16,title=unknown-key::" in done.stdout
    assert "<!-- contact-preference-runner -->" in done.stdout
    assert "applied as run 1" in done.stdout
    assert re.search(r"^Not as reviewed +Reviewed +Now +Differs by$", done.stdout, re.MULTILINE)
    assert "undo of run 2 (absences)  applied as run 3" in done.stdout
    assert list((tmp_path / "scratch").iterdir()) == []


@pytest.mark.parametrize(("runner", "told"), [("true", "where 3 was expected"), ("no-such", "there is no no-such")])
def test_a_rehearsal_that_goes_wrong_says_so(tmp_path: Path, runner: str, told: str) -> None:
    done = rehearse(tmp_path, runner)
    assert done.returncode != 0
    assert told in done.stderr
    assert "went as it should" not in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_shellcheck_has_nothing_to_say_of_the_rehearsal() -> None:
    done = subprocess.run([SHELLCHECK, REHEARSAL], capture_output=True, text=True, check=False)
    assert done.stdout + done.stderr == ""
