"""A wire between client and server that can be cut: at any message, before it is passed on, after, or at its answer."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Cut(Enum):
    """How the wire breaks at a message of the client."""

    BEFORE = "before it is sent"
    AFTER = "after it is sent"
    ANSWER = "before its answer"
    LATE = "sent late, after the client has gone"
    HELD = "never sent, and the server notices late"


_ANSWERED = 0.05
LATE = 0.7
"""For how many seconds a message is on its way, after the client has lost the connection."""


@dataclass
class Wire:
    """Where the wire breaks: at the message for which `at` says so, once; `dead` lets no new connection through.

    Connections go to `server`, as it is when they are made.
    """

    server: tuple[str, int]
    port: int = 0
    cut: Cut | None = None
    at: Callable[[bytes], bool] = lambda _: False
    dead_after: bool = False
    dead: bool = False
    on_cut: Callable[[], None] = lambda: None
    cuts: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def breaks(self, message: bytes) -> bool:
        """Return whether the wire breaks at this message."""
        with self._lock:
            if self.cut is None or self.cuts or not self.at(message):
                return False
            self.cuts += 1
            self.dead = self.dead_after
            return True


@contextmanager
def wire(server: tuple[str, int]) -> Iterator[Wire]:
    """Yield a wire to a server; its `port` on 127.0.0.1 is where the client connects to."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        a_wire = Wire(server, listener.getsockname()[1])
        threading.Thread(target=_accept, args=(listener, a_wire), daemon=True).start()
        yield a_wire
        a_wire.dead = True
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, a_wire: Wire) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        if a_wire.dead:
            client.close()
            continue
        try:
            upstream = socket.create_connection(a_wire.server)
        except OSError:
            client.close()
            continue
        for one in (client, upstream):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stop_answers = threading.Event()
        threading.Thread(target=_requests, args=(client, upstream, a_wire, stop_answers), daemon=True).start()
        threading.Thread(target=_answers, args=(upstream, client, stop_answers), daemon=True).start()


def _requests(client: socket.socket, server: socket.socket, a_wire: Wire, stop_answers: threading.Event) -> None:
    with suppress(OSError):
        while message := client.recv(1 << 20):
            if a_wire.breaks(message):
                stop_answers.set()
                _break(client, server, message, a_wire)
                break
            server.sendall(message)
    _close(client, server)


def _break(client: socket.socket, server: socket.socket, message: bytes, a_wire: Wire) -> None:
    match a_wire.cut:
        case Cut.AFTER:
            server.sendall(message)
            _close(client)
        case Cut.ANSWER:
            server.sendall(message)
            time.sleep(_ANSWERED)  # the other thread takes the answer, and passes on nothing
        case Cut.LATE:
            _close(client)
            a_wire.on_cut()
            time.sleep(LATE)
            server.sendall(message)
            time.sleep(_ANSWERED)
            return
        case Cut.HELD:
            _close(client)
            a_wire.on_cut()
            time.sleep(LATE)
            return
        case _:
            pass
    a_wire.on_cut()


def _answers(server: socket.socket, client: socket.socket, stopped: threading.Event) -> None:
    with suppress(OSError):
        while answer := server.recv(1 << 20):
            if not stopped.is_set():
                client.sendall(answer)
    if not stopped.is_set():
        _close(client, server)


def _close(*sockets: socket.socket) -> None:
    for one in sockets:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
