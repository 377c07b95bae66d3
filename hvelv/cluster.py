"""How a new PostgreSQL cluster is made: who may connect, what it logs, which roles and databases it begins with.

A cluster appears whole or not at all: it is made beside its place and renamed into it.

* Connections come over one private Unix socket; the operating system says who asks (peer), and only the account that
  started the server may become one of Hvelv's roles. There are no passwords and no ports.
* The superuser of the cluster is reachable over no connection. `hvelv_owner` owns both databases, migrates them and may
  create others; `hvelv_app`, `hvelv_gateway` and `hvelv_sweeper` have what the migrations grant them.
* The server's log never holds a value: errors go to the session that caused them, and only to it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from hvelv.errors import StartFailed
from hvelv.programs import Programs

SUPERUSER: Final = "hvelv_bootstrap"
OWNER: Final = "hvelv_owner"
ROLES: Final = (OWNER, "hvelv_app", "hvelv_gateway", "hvelv_sweeper")
INITDB: Final = (
    "-U",
    SUPERUSER,
    "-A",
    "peer",
    "--encoding=UTF8",
    "--no-locale",
    "--data-checksums",
    "--no-instructions",
)
DATABASES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"hvelv_control": ("hvelv_app", "hvelv_gateway", "hvelv_sweeper"), "hvelv_contents": ("hvelv_app", "hvelv_sweeper")}
)

SETTINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "listen_addresses": "",
        "unix_socket_permissions": "0700",
        "fsync": "on",
        "full_page_writes": "on",
        "password_encryption": "scram-sha-256",
        # statements, their parameters and the errors they cause can hold values: none of them is logged
        "log_statement": "none",
        "log_min_duration_statement": "-1",
        "log_min_duration_sample": "-1",
        "log_min_error_statement": "panic",
        "log_min_messages": "log",
        "log_error_verbosity": "terse",
        "log_parameter_max_length": "0",
        "log_parameter_max_length_on_error": "0",
        "log_autovacuum_min_duration": "-1",
        "log_checkpoints": "off",
        "log_lock_waits": "off",
        "log_timezone": "UTC",
        "timezone": "UTC",
    }
)


def make(cluster: Path, programs: Programs, settings: Mapping[str, str]) -> None:
    """Make the cluster unless it is there; the caller holds the lock of the data directory.

    Raises:
        StartFailed: a program refused, or the cluster belongs to another PostgreSQL version.
    """
    if cluster.exists():
        _same_version(cluster, programs)
        return
    unfinished = cluster.with_name(f"{cluster.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    give(unfinished, programs)
    durable = settings.get("fsync", "on")
    sync = () if durable == "on" else ("--no-sync",)
    place = ("-D", str(unfinished))
    _succeed(programs, "initdb", *place, *sync, *INITDB)
    _write(unfinished / "pg_hba.conf", ["local all all peer map=hvelv"], programs)
    _write(unfinished / "pg_ident.conf", _mapping(programs), programs)
    single = ("--single", *place, "-c", "exit_on_error=on", "-c", f"fsync={durable}", "postgres")
    _succeed(programs, "postgres", *single, stdin=_sql())
    configure(unfinished, programs, settings)
    unfinished.rename(cluster)


def configure(cluster: Path, programs: Programs, settings: Mapping[str, str]) -> None:
    """Write the server's settings; `settings` add to those that every cluster has."""
    lines = [f"{name} = '{_escaped(value)}'" for name, value in {**SETTINGS, **settings}.items()]
    _write(cluster / "postgresql.conf", lines, programs)


def give(path: Path, programs: Programs) -> None:
    """Make the server's account the owner of something we just created."""
    if programs.account.borrowed:
        os.chown(path, programs.account.uid, programs.account.gid)


def admission(database: str, roles: Iterable[str]) -> list[str]:
    """The statements that let only these roles into a database."""
    return [
        f"revoke all on database {database} from public",
        f"grant connect, temporary on database {database} to {', '.join(roles)}",
    ]


def _same_version(cluster: Path, programs: Programs) -> None:
    made_by = (cluster / "PG_VERSION").read_text().strip()
    if made_by != str(programs.major):
        msg = (
            f"`{cluster}` was made by postgresql {made_by} and the programs found are {programs.major}; "
            f"install {made_by}, or choose another `HVELV_DATA_DIR`"
        )
        raise StartFailed(msg)


def _mapping(programs: Programs) -> list[str]:
    # root could become anybody anyway; a borrowed account runs the server and asks it nothing
    callers = ["root"] if programs.account.borrowed else ["root", programs.account.name]
    return [f'hvelv "{caller}" {role}' for caller in callers for role in ROLES]


def _sql() -> str:
    """One statement a line: that is what single-user mode reads."""
    statements = [
        *(f"create role {role} login" for role in ROLES),
        f"alter role {OWNER} createdb createrole",
        # to look at its own crash recovery, and to close the sessions of a database before dropping it
        f"grant pg_checkpoint, pg_signal_backend to {OWNER}",
        *(f"create database {database} owner {OWNER}" for database in DATABASES),
    ]
    for database, roles in DATABASES.items():
        statements += admission(database, roles)
    return "".join(f"{statement};\n" for statement in statements)


def _succeed(programs: Programs, name: str, *arguments: str, stdin: str = "") -> None:
    done = programs.run(name, *arguments, stdin=stdin)
    if done.returncode != 0:
        msg = f"`{name}` failed: {last_line(done.stderr.splitlines())}"
        raise StartFailed(msg)


def last_line(lines: Iterable[str]) -> str:
    """The last line that says something."""
    return next((line.strip() for line in reversed(list(lines)) if line.strip()), "it said nothing")


def _write(path: Path, lines: Iterable[str], programs: Programs) -> None:
    """Replace a configuration file whole."""
    new = path.with_name(f"{path.name}.new")
    new.touch(mode=0o600)
    new.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    give(new, programs)
    new.replace(path)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''")
