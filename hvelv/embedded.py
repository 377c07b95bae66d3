"""The embedded PostgreSQL: one server on a private socket, in one data directory, for development and single machines.

    data/lock         held by the process that is responsible for the server
    data/cluster      PostgreSQL's own directory
    data/run          the socket; in `/tmp` where the path would be too long or odd
    data/server.log   what the server says; never a value
    data/elsewhere    only for root: where cluster, socket and log are, when the server's account cannot reach `data`

One process starts the server and stops it when it ends; others attach to the socket. A process that was killed leaves
the server running, and the next one that starts takes over. Permissions of folders that were there before are never
changed.
"""

from __future__ import annotations

import atexit
import fcntl
import hashlib
import os
import re
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Final
from urllib.parse import quote

from hvelv import cluster
from hvelv.errors import InUse, NotRunning, StartFailed
from hvelv.programs import SHARED, Account, Programs, find, reachable

READY_WITHIN_S: Final = 60.0
STOPPED_WITHIN_S: Final = 60.0
PAUSE_S: Final = 0.02
SOCKET: Final = ".s.PGSQL.5432"
# the name of a socket has 107 bytes; a comma or a quote in it would end a list of hosts
SOCKET_PATH: Final = re.compile(rf"[A-Za-z0-9_./+@~-]{{1,{106 - len(SOCKET)}}}")


class EmbeddedPostgres:
    """A server for one data directory.

    Args:
        data: the directory; made when it is missing.
        user: for root: the account that runs the server, else `hvelv` or `nobody`.
        settings: settings of the server beside those that `hvelv.cluster` makes.
    """

    def __init__(self, data: Path, *, user: str | None = None, settings: Mapping[str, str] | None = None) -> None:
        self.data = data.resolve()
        self._user = user
        self._settings = dict(settings or {})
        self._lock: IO[bytes] | None = None
        self._child: subprocess.Popen[bytes] | None = None

    # -- life --------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Make the cluster if needed, start the server, and be responsible for it until `stop`, `leave` or exit.

        When it returns the server takes connections. Starting a server that runs does nothing.

        Raises:
            InUse: another process is responsible for this data directory.
            NoPrograms: there is no PostgreSQL to start.
            StartFailed: the server did not come up; nothing is left running.
        """
        if self._lock is not None and self.running:
            return
        try:
            self._start()
        except OSError as error:
            msg = f"cannot use `{error.filename or self.data}`: {_reason(error)}; choose another `HVELV_DATA_DIR`"
            raise StartFailed(msg) from error

    def _start(self) -> None:
        account = Account.choose(self._user, self.cluster)
        programs = find(account)
        self._take_lock(account)
        try:
            self._place(account)
            cluster.make(self.cluster, programs, self._settings)
            self._bring_up(programs)
        except BaseException:
            self.stop(immediate=True)
            raise
        atexit.register(self._at_exit, os.getpid())

    def attach(self) -> None:
        """Find the server that another process runs in this data directory.

        Raises:
            NotRunning: nothing listens there.
        """
        if not self.running:
            msg = f"no database runs in `{self.data}`; start one with `hvelv dev`, or set `HVELV_CONTROL_URL`"
            raise NotRunning(msg)

    def stop(self, *, immediate: bool = False) -> None:
        """Stop the server this process is responsible for: sessions are closed, everything acknowledged is on disk.

        Args:
            immediate: stop without a checkpoint, as after a power failure; the next start recovers from the log.
        """
        if self._lock is None:
            return
        if (pid := self.pid) is not None:
            _signal(pid, signal.SIGQUIT if immediate else signal.SIGINT)
            self._until_gone(pid)
        self.leave()

    def leave(self) -> None:
        """Stop being responsible and leave the server running for whoever starts or attaches next."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None
        self._child = None
        atexit.unregister(self._at_exit)

    def discard(self) -> None:
        """Stop the server and remove all it has: for demonstrations and tests."""
        home = self.home
        if self.running:
            self.start()
        self.stop(immediate=True)
        for path in (self.sockets, home, self.data):
            shutil.rmtree(path, ignore_errors=True)

    # -- looking -----------------------------------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether a server listens on the socket."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(str(self.sockets / SOCKET))
            except OSError:
                return False
        return True

    @property
    def pid(self) -> int | None:
        """The server's process, or None when none runs."""
        if self._child is not None and self._child.poll() is None:
            return self._child.pid
        # without a listener the file is left over, and its number may be anybody's by now
        return self._recorded_pid() if self.running else None

    def dsn(self, role: str, database: str) -> str:
        """The address for asyncpg and Piccolo; it holds no secret."""
        return f"postgresql://{role}@/{database}?host={quote(str(self.sockets), safe='/')}"

    @property
    def home(self) -> Path:
        """Where cluster, socket and log are: the data directory, except where root runs the server for another."""
        elsewhere = self.data / "elsewhere"
        return Path(elsewhere.read_text(encoding="utf-8").strip()) if elsewhere.exists() else self.data

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own directory; tests look for plaintext here."""
        return self.home / "cluster"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.home / "server.log"

    @property
    def sockets(self) -> Path:
        """The folder of the socket, for `host=`."""
        beside = self.home / "run"
        if SOCKET_PATH.fullmatch(str(beside)):
            return beside
        return Path("/tmp") / f"hvelv-{hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]}"  # noqa: S108  `_private_folder` refuses one that others made

    # -- steps of `start` --------------------------------------------------------------------------------------------

    def _take_lock(self, account: Account) -> None:
        if self._lock is not None:
            return
        self.data.mkdir(mode=0o711 if account.borrowed else 0o700, parents=True, exist_ok=True)
        lock = (self.data / "lock").open("a+b")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().decode() or "unknown"
            lock.close()
            msg = f"`{self.data}` is in use by process {holder}; stop it, or choose another `HVELV_DATA_DIR`"
            raise InUse(msg) from None
        lock.truncate(0)
        lock.write(str(os.getpid()).encode())
        lock.flush()
        self._lock = lock

    def _place(self, account: Account) -> None:
        """Choose a home that the server's account can reach; decided once, when the data directory is new."""
        if self.home == self.data and not self.cluster.exists() and not reachable(self.data, account):
            home = SHARED / f"{self.data.name}-{secrets.token_hex(8)}"
            home.mkdir(mode=0o711, parents=True)
            SHARED.chmod(0o755)
            (self.data / "elsewhere").write_text(f"{home}\n", encoding="utf-8")
        _private_folder(self.sockets, account)

    def _bring_up(self, programs: Programs) -> None:
        """Start the server unless one runs, and wait until it takes connections."""
        deadline = time.monotonic() + READY_WITHIN_S
        if not self.running:
            self._launch(programs)
        while not self.running or not self._ready():
            if time.monotonic() > deadline:
                msg = f"postgresql did not come up in {READY_WITHIN_S:.0f} seconds: {self._last_words()}"
                raise StartFailed(msg)
            if self._child is not None and self._child.poll() is not None:
                self._launch_again(programs)
            time.sleep(PAUSE_S)

    def _launch(self, programs: Programs) -> None:
        cluster.configure(self.cluster, programs, {**self._settings, "unix_socket_directories": str(self.sockets)})
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("wb") as log:
            self._child = programs.spawn("postgres", "-D", str(self.cluster), log=log)

    def _launch_again(self, programs: Programs) -> None:
        """Once more: the sessions of a server that was killed live on for a moment, and no other starts beside them."""
        words = self._last_words()
        if "shared memory" not in self.log.read_text(errors="replace"):
            msg = f"postgresql ended at once: {words}"
            raise StartFailed(msg)
        time.sleep(10 * PAUSE_S)
        self._launch(programs)

    def _ready(self) -> bool:
        return "ready" in self._pid_file()[7:8]

    def _until_gone(self, pid: int) -> None:
        deadline = time.monotonic() + STOPPED_WITHIN_S
        while self._recorded_pid() == pid and self._alive(pid):
            if time.monotonic() > deadline:
                _signal(pid, signal.SIGKILL)
            time.sleep(PAUSE_S)

    def _alive(self, pid: int) -> bool:
        if self._child is not None and self._child.pid == pid:
            return self._child.poll() is None
        return _signal(pid, 0)

    def _recorded_pid(self) -> int | None:
        lines = self._pid_file()
        return int(lines[0]) if lines else None

    def _pid_file(self) -> list[str]:
        try:
            return [line.strip() for line in (self.cluster / "postmaster.pid").read_text().splitlines()]
        except OSError:
            return []

    def _last_words(self) -> str:
        return cluster.last_line(self.log.read_text(errors="replace").splitlines())

    def _at_exit(self, starter: int) -> None:
        # a forked child ends without ending its parent's server
        if os.getpid() == starter:
            self.stop()


def _private_folder(path: Path, account: Account) -> None:
    """Make the socket's folder, or refuse one that somebody else put there.

    Raises:
        StartFailed: the folder belongs to another account.
    """
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != account.uid or found.st_mode & 0o077:
            msg = f"`{path}` belongs to somebody else; remove it"
            raise StartFailed(msg) from None
    else:
        os.chown(path, account.uid, account.gid)


def _signal(pid: int, number: int) -> bool:
    """Send a signal; says whether there was a process to take it."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
