"""Servers that a test starts, and may kill: never the ones that others use."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

_PATIENCE = 60.0


@dataclass
class OwnServer:
    """A server of the test's own: its address, and how to start it again after a kill."""

    backend: str
    port: int
    folder: Path
    command: list[str]
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The URL of its database `district`, from where no password is asked."""
        user = "postgres" if self.backend == "postgresql" else "root"
        return f"{self.backend}://{user}@127.0.0.1:{self.port}/district"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        (self.folder / "data" / "postmaster.pid").unlink(missing_ok=True)
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )
        deadline = time.monotonic() + _PATIENCE
        while not self._answers():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise RuntimeError((self.folder / "log").read_text(encoding="utf-8", errors="replace")[-2_000:])
            time.sleep(0.05)

    def kill(self) -> None:
        """End it as a power cut would: kill -9, all of its processes at once."""
        if self.process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def _answers(self) -> bool:
        try:
            with self.administrator().connect() as connection:
                connection.execute(text("select 1"))
        except DBAPIError:
            return False
        return True

    def administrator(self) -> Engine:
        """Return an engine that makes and drops databases."""
        drivers = {"postgresql": "postgresql+psycopg", "mariadb": "mariadb+pymysql"}
        name = {"postgresql": "postgres", "mariadb": "mysql"}[self.backend]
        url = f"{drivers[self.backend]}{self.url.removeprefix(self.backend).rsplit('/', 1)[0]}/{name}"
        return create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)


@contextmanager
def own_server(backend: str) -> Iterator[OwnServer]:
    """Yield a running server with an empty database `district`, and let nothing of it remain."""
    with TemporaryDirectory(prefix="runner-own-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        server = _postgresql(folder) if backend == "postgresql" else _mariadb(folder)
        try:
            server.start()
            with server.administrator().connect() as connection:
                connection.execute(text("CREATE DATABASE district"))
            yield server
        finally:
            server.kill()


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _postgresql(folder: Path) -> OwnServer:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    initdb = shutil.which("initdb") or (str(found[-1]) if found else None)
    _require(initdb, "PostgreSQL")
    as_user, data, port = become("postgres", folder), folder / "data", free_port()
    call([*as_user, str(initdb), "-D", str(data), "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8"])
    postgres = str(Path(str(initdb)).with_name("postgres"))
    options = ["-D", str(data), "-p", str(port), "-c", "listen_addresses=127.0.0.1", "-k", str(folder)]
    return OwnServer("postgresql", port, folder, [*as_user, postgres, *options, "-c", "shared_buffers=32MB"])


def _mariadb(folder: Path) -> OwnServer:
    install, server = shutil.which("mariadb-install-db"), shutil.which("mariadbd") or shutil.which("/usr/sbin/mariadbd")
    _require(install and server, "MariaDB")
    as_user, data, port = become("mysql", folder), folder / "data", free_port()
    where = ["--no-defaults", f"--datadir={data}"]
    method = "--auth-root-authentication-method=normal"
    call([*as_user, str(install), *where, method, "--skip-test-db"])
    options = [f"--port={port}", "--bind-address=127.0.0.1", f"--socket={folder}/s.sock", f"--pid-file={folder}/pid"]
    memory = "--innodb-buffer-pool-size=32M"
    return OwnServer("mariadb", port, folder, [*as_user, str(server), *where, *options, memory])


def become(user: str, folder: Path) -> list[str]:
    """Return how to become the server's user, who then owns the folder: no server runs as root."""
    if os.geteuid() != 0:
        return []
    who = pwd.getpwnam(user)
    os.chown(folder, who.pw_uid, who.pw_gid)
    return ["setpriv", f"--reuid={user}", f"--regid={who.pw_gid}", "--clear-groups", "--"]


def call(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise RuntimeError(done.stdout.decode(errors="replace") + done.stderr.decode(errors="replace"))


def _require(program: str | None, name: str) -> None:
    if not program:
        if os.environ.get("CI"):
            raise FileNotFoundError(name)
        pytest.skip(f"no {name} is installed here that a test could start")
