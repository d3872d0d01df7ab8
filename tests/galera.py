"""A MariaDB Galera cluster of three nodes on this machine's loopback, made for a test and taken away after it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from tests.own_servers import become, call

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

PACKAGES = ("mariadb-server", "galera-4", "rsync")
_PROVIDER = "/usr/lib/galera/libgalera_smm.so"
_PATIENCE = 90.0
_ADDRESSES = "gcomm://" + ",".join(f"127.0.0.1:3567{number}" for number in (1, 2, 3))


@dataclass
class Node:
    """One node: its number (1, 2, 3), from which its ports follow."""

    number: int
    folder: Path
    process: subprocess.Popen[bytes] | None = None
    options: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        """Return where clients connect to."""
        return 34400 + self.number

    @property
    def url(self) -> str:
        """Return the URL of the server, where no database is named yet."""
        return f"mariadb://root@127.0.0.1:{self.port}/"

    def engine(self) -> Engine:
        """Return an engine for looking at the node, and for setting its options."""
        url = f"mariadb+pymysql://root@127.0.0.1:{self.port}/mysql"
        return create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)

    def start(self, *, first: bool = False) -> None:
        """Start the node: the first one makes the cluster, others join it. Wait until it is ready."""
        command = [*become("mysql", self.folder), "mariadbd", *self._options("gcomm://" if first else _ADDRESSES)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )
        deadline = time.monotonic() + _PATIENCE
        while self.status("wsrep_ready") != "ON":
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise RuntimeError((self.folder / "log").read_text(encoding="utf-8", errors="replace")[-3_000:])
            time.sleep(0.2)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def status(self, variable: str) -> str | None:
        """Return one of SHOW STATUS; None where the node does not answer."""
        try:
            with self.engine().connect() as connection:
                row = connection.execute(text(f"SHOW STATUS LIKE '{variable}'")).one_or_none()
        except DBAPIError:
            return None
        return None if row is None else str(row[1])

    def make_first(self) -> None:
        """Let this node make the cluster anew, though it was not the last to leave."""
        state = self.folder / "data" / "grastate.dat"
        text_before = state.read_text(encoding="utf-8")
        state.write_text(text_before.replace("safe_to_bootstrap: 0", "safe_to_bootstrap: 1"), encoding="utf-8")

    def _options(self, cluster: str) -> list[str]:
        number, data = self.number, self.folder / "data"
        provider = (
            f"gmcast.listen_addr=tcp://127.0.0.1:3567{number};base_host=127.0.0.1;base_port=3567{number};"
            f"ist.recv_addr=127.0.0.1:3568{number};gcache.size=64M;pc.recovery=false"
        )
        return [
            "--no-defaults",
            f"--datadir={data}",
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            f"--socket={self.folder}/s.sock",
            f"--pid-file={self.folder}/pid",
            "--binlog-format=ROW",
            "--innodb-autoinc-lock-mode=2",
            "--innodb-buffer-pool-size=64M",
            "--wsrep-on=ON",
            f"--wsrep-provider={_PROVIDER}",
            "--wsrep-cluster-name=runner",
            f"--wsrep-cluster-address={cluster}",
            "--wsrep-node-address=127.0.0.1",
            "--wsrep-sst-method=rsync",
            f"--wsrep-sst-receive-address=127.0.0.1:3569{number}",
            f"--wsrep-provider-options={provider}",
            *self.options,
        ]


def install() -> None:
    """Install what the cluster needs, where it is not there: on Debian, as root."""
    if Path(_PROVIDER).exists() and shutil.which("mariadbd") and shutil.which("rsync"):
        return
    call(["apt-get", "update", "--quiet"])
    call(["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *PACKAGES])


@contextmanager
def cluster() -> Iterator[list[Node]]:
    """Yield three nodes that are one cluster; nothing of them remains."""
    with TemporaryDirectory(prefix="runner-galera-", dir="/tmp") as name:
        Path(name).chmod(0o755)
        nodes = []
        try:
            for number in (1, 2, 3):
                node = Node(number, Path(name) / str(number))
                node.folder.mkdir()
                as_user = become("mysql", node.folder)
                where = ["--no-defaults", f"--datadir={node.folder}/data"]
                method = "--auth-root-authentication-method=normal"
                call([*as_user, "mariadb-install-db", *where, method, "--skip-test-db"])
                nodes.append(node)
                node.start(first=number == 1)
            yield nodes
        finally:
            for node in nodes:
                node.kill()
