"""Plays a composite action, and the jobs of a GitLab pipeline, here: their shell is real, the service is not.

`gh` and `curl` are replaced by programs that answer out of a folder and write down what they were asked.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parent.parent
EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}", re.DOTALL)
TOKEN = re.compile(r"'(?:[^']|'')*'|&&|\|\||[A-Za-z_][\w.-]*|==|!=|[()!]|\s+")
BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")

SERVICE = '''#!{python}
"""Stands for a service: answers by path out of a folder, keeps comments there, and writes down what it was asked."""
import json, pathlib, sys
folder, words = pathlib.Path({folder!r}), sys.argv[1:]
file = folder / "asked.jsonl"
file.open("a").write(json.dumps([pathlib.Path(sys.argv[0]).name, *words]) + "\\n")
def after(*names):
    return [words[place + 1] for place, word in enumerate(words) if word in names]
method = (after("--method", "--request") or ["GET"])[0]
path = next(word for word in words if word.startswith(("repos/", "http"))).removeprefix("http://api/").split("?")[0]
body = [word.split("@", 1)[1] for word in after("-F", "--data-urlencode") if word.startswith("body")]
comments = folder / "comments.json"
known = json.loads(comments.read_text())
if method in ("PATCH", "PUT"):
    (one,) = [comment for comment in known if str(comment["id"]) == path.rsplit("/", 1)[1]]
    one["body"] = pathlib.Path(body[0]).read_text()
elif method == "POST":
    me = {{"type": "Bot", "id": 7}}
    known.append({{"id": len(known) + 1, "user": me, "author": me, "body": pathlib.Path(body[0]).read_text()}})
elif path.endswith(("/comments", "/notes")):
    print(json.dumps(known))
else:
    answer = folder / path.replace("/", "+")
    if not answer.exists():
        print("404:", path, file=sys.stderr)
        sys.exit(22)
    out = open(after("--output")[0], "wb") if after("--output") else sys.stdout.buffer
    out.write(answer.read_bytes())
comments.write_text(json.dumps(known))
'''

PYTHON = """#!{python}
# Stands for python3: makes no environment, and installs nothing, but puts our own runner where it would be.
import pathlib, sys, os
if sys.argv[1:3] != ["-m", "venv"]:
    os.execv({python!r}, [{python!r}, *sys.argv[1:]])
bin = pathlib.Path(sys.argv[3], "bin")
bin.mkdir(parents=True)
for name, text in {{
    "runner": "exec {python} -m runner \\"$@\\"",
    "python": "echo \\"$@\\" > {folder}/installed",
    "pip": "echo \\"$@\\" > {folder}/installed",
}}.items():
    (bin / name).write_text("#!/bin/sh\\n" + text + "\\n")
    (bin / name).chmod(0o755)
"""


@dataclass
class Service:
    """A folder with the answers of a service, and the programs that would ask it."""

    folder: Path
    path: str = ""

    def __post_init__(self) -> None:
        programs = self.folder / "bin"
        programs.mkdir(parents=True)
        texts = {"gh": SERVICE, "curl": SERVICE, "python3": PYTHON, "apt-get": "#!/bin/sh\n"}
        for name, text in texts.items():
            (programs / name).write_text(text.format(python=sys.executable, folder=str(self.folder)), encoding="utf-8")
            (programs / name).chmod(0o755)
        self.path = f"{programs}:{os.environ['PATH']}"
        self.set_comments()

    def answer(self, path: str, data: object) -> None:
        """Let a path of the service give this data, or these bytes."""
        content = data if isinstance(data, bytes) else json.dumps(data).encode()
        (self.folder / path.replace("/", "+")).write_bytes(content)

    def set_comments(self, *comments: Mapping[str, object]) -> None:
        """Let these be the comments."""
        (self.folder / "comments.json").write_text(json.dumps(comments), encoding="utf-8")

    @property
    def comments(self) -> list[dict[str, Any]]:
        """The comments there are."""
        found: list[dict[str, Any]] = json.loads((self.folder / "comments.json").read_text(encoding="utf-8"))
        return found

    @property
    def asked(self) -> list[list[str]]:
        """What the service was asked, word by word."""
        file = self.folder / "asked.jsonl"
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


@dataclass
class Played:
    """What came of an action or a job."""

    code: int
    log: str
    summary: str = ""
    steps: list[str] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    artifacts: dict[str, Path] = field(default_factory=dict)


def load(name: str) -> Any:  # noqa: ANN401 - whatever the file holds
    """Return a YAML file of the repository."""
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def play_action(
    repository: Path,
    service: Service,
    given: Mapping[str, str],
    github: Mapping[str, str],
    only: str | None = None,
) -> Played:
    """Run the steps of action.yml, or only one, as GitHub does, with these inputs and this context, in a repository."""
    action = load("action.yml")
    scratch = service.folder / f"job-{len(list(service.folder.glob('job-*')))}"
    scratch.mkdir()
    context = {"runner.temp": str(scratch), "github.action_path": str(ROOT), **github}
    for name, declared in action["inputs"].items():
        context[f"inputs.{name}"] = given.get(name, str(filled(declared["default"], {"github.token": "TOKEN"})))
    assert set(given) <= set(action["inputs"])
    played = Played(0, "")
    for step in action["runs"]["steps"]:
        if step["name"] != (only or step["name"]) or ("if" in step and not evaluated(step["if"], context)):
            continue
        played.steps.append(step["name"])
        if "uses" in step:
            content = {key: filled(value, context) for key, value in step["with"].items()}
            kept = scratch / "artifacts" / str(content["name"])
            shutil.copytree(str(content["path"]), kept)
            played.artifacts[str(content["name"])] = kept
            continue
        files = {name: scratch / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV")}
        for file in files.values():
            file.touch()
        environment = {key: str(filled(value, context)) for key, value in step.get("env", {}).items()}
        environment |= {"GITHUB_REPOSITORY": "district/policy", **{name: str(file) for name, file in files.items()}}
        done = run(step["run"], repository, service, environment)
        played.log += done.stdout
        for line in files["GITHUB_OUTPUT"].read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition("=")
            context[f"steps.{step['id']}.outputs.{name}"] = value
        files["GITHUB_OUTPUT"].unlink()
        played.summary = files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8")
        played.code = done.returncode
        if played.code:
            break
    played.outputs = {name: str(filled(output["value"], context)) for name, output in action["outputs"].items()}
    return played


def play_job(repository: Path, service: Service, name: str, variables: Mapping[str, str]) -> Played:
    """Run a job of the GitLab example as GitLab does, in a repository."""
    pipeline = load("docs/ci/gitlab-ci.yml")
    job = pipeline[name]
    shutil.rmtree(repository / ".runner", ignore_errors=True)
    known = dict(variables)
    for key, value in {**pipeline["variables"], **job.get("variables", {})}.items():
        known[key] = re.sub(r"\$(\w+)", lambda found: known[found[1]], str(value))
    lines = [*flat(pipeline["default"]["before_script"]), *flat(job["script"])]
    done = run("\n".join(lines), repository, service, known)
    return Played(done.returncode, done.stdout)


def run(text: str, folder: Path, service: Service, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a text in bash, with the programs of the service before all others."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("RUNNER", "GITHUB", "CI_"))}
    return subprocess.run(
        [*BASH, text],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", **environment, "PATH": service.path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def filled(text: object, context: Mapping[str, str]) -> object:
    """Return a text with its expressions evaluated; whoever asks for what is not known is told so."""
    return EXPRESSION.sub(lambda found: str(evaluated(found[1], context)), text) if isinstance(text, str) else text


def evaluated(expression: str, context: Mapping[str, str]) -> object:
    """Return the value of an expression of GitHub's: its `&&` and `||` return an operand, as Python's do."""
    words = {"&&": " and ", "||": " or ", "!": " not "}

    def translated(found: re.Match[str]) -> str:
        token = found[0]
        if token[0] == "'":
            return repr(token[1:-1].replace("''", "'"))
        if re.match(r"[A-Za-z_]", token):
            # the outputs of a step that was left out are empty, and so is what an event has not
            optional = token.startswith(("steps.", "github.event."))
            return repr(context.get(token, "") if optional else context[token])
        return words.get(token, token)

    assert TOKEN.sub("", expression) == ""
    return eval(TOKEN.sub(translated, expression).strip().replace("\n", " "), {"__builtins__": {}})  # noqa: S307 - ours


def flat(lines: object) -> list[str]:
    """Return the lines of a script; GitLab takes lists in lists."""
    return [line for part in lines for line in flat(part)] if isinstance(lines, list) else [str(lines)]
