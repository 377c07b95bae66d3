"""The audits of graphql-http, where node and that package are at hand (`make audit-http`)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FOLDER = os.environ.get("HVELV_TEST_GRAPHQL_HTTP")


@pytest.mark.slow
@pytest.mark.skipif(FOLDER is None or shutil.which("node") is None, reason="`make audit-http` installs what it needs")
def test_graphql_over_http_is_spoken_without_error_or_warning() -> None:
    path = os.pathsep.join(entry for entry in sys.path if entry)
    command = [sys.executable, str(HERE / "audit" / "run.py"), str(FOLDER)]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False)
    sys.stdout.write(done.stdout)  # `make audit-http` shows it
    assert done.returncode == 0, done.stdout
    assert '"warn":0,"error":0' in done.stdout
