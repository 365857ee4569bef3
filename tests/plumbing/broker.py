"""A broker that can be switched off, made silent and brought back: a small relay in front of the real one."""

import socket
import threading
from contextlib import suppress
from enum import Enum
from urllib.parse import urlsplit


class Mood(Enum):
    WELL = "well"
    """Every byte reaches the real broker and comes back."""

    SILENT = "silent"
    """Connections are taken, nothing is ever answered: a machine that hangs."""

    GONE = "gone"
    """Connections end at once: a broker that restarts."""


class Relay:
    """Listens on a free port of 127.0.0.1 until `close`; `url` is the broker's address through it."""

    def __init__(self, broker_url: str) -> None:
        parts = urlsplit(broker_url)
        self._target = (parts.hostname or "127.0.0.1", parts.port or 6379)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.mood = Mood.WELL
        port = self._listener.getsockname()[1]
        secret = f":{parts.password}@" if parts.password else ""
        self.url = parts._replace(netloc=f"{secret}127.0.0.1:{port}").geturl()
        threading.Thread(target=self._listen, daemon=True).start()

    def become(self, mood: Mood) -> None:
        """Change the mood; connections made in the old one end, except that a hanging machine keeps them."""
        self.mood = mood
        if mood is not Mood.SILENT:
            self._end_all()

    def close(self) -> None:
        with suppress(OSError):  # closed before
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits in accept
        self._listener.close()
        self._end_all()

    def _end_all(self) -> None:
        while self._open:
            open_socket = self._open.pop()
            with suppress(OSError):
                open_socket.shutdown(socket.SHUT_RDWR)
            open_socket.close()

    def _listen(self) -> None:
        with suppress(OSError):  # the listener was closed
            while True:
                near, _ = self._listener.accept()
                if self.mood is Mood.GONE:
                    near.close()
                    continue
                far = socket.create_connection(self._target)
                self._open += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):  # either end was closed
            while data := source.recv(65536):
                if self.mood is Mood.WELL:
                    sink.sendall(data)
            sink.shutdown(socket.SHUT_RDWR)
