"""Serves a case under the shipped policy and lets `audit.mjs` audit it as a developer, who may introspect.

python tests/e2e/audit/run.py FOLDER, where FOLDER is where `npm install` put what package.json names.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from granian.constants import Interfaces
from graphql_world import AUDITOR

HERE = Path(__file__).parent


@contextmanager
def serving() -> Generator[str]:
    """The address of a server of the application."""
    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface", Interfaces.ASGI.value, "--port", str(port)]
    application = ["--no-log", "--factory", "graphql_world:audited"]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    server = subprocess.Popen([*command, *application], env=env)
    try:
        listening(port)
        yield f"http://127.0.0.1:{port}/graphql"
    finally:
        server.terminate()
        server.wait(timeout=20)


def audit(folder: Path) -> int:
    """The exit code of the audit."""
    node = shutil.which("node")
    assert node is not None, "the audit needs node"
    with serving() as address:
        env = {**os.environ, "HVELV_AUDIT_TOKEN": AUDITOR}
        return subprocess.run([node, str(HERE / "audit.mjs"), address], cwd=folder, env=env, check=False).returncode


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listening(port: int) -> None:
    """Returns when somebody does."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError


if __name__ == "__main__":
    sys.exit(audit(Path(sys.argv[1])))
