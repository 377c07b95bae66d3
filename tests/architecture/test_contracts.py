"""The import contracts hold, and each of them notices when it is broken."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
CONTRACTS: Final = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
    "contracts"
]
# one module per package that breaks what it can break
BREACHES: Final = {
    "policies": ("import time", "import vault.errors"),
    "identity": ("import hvelv.errors",),
    "schema": ("import vault.errors",),
    "outreach": ("import socket",),
    "products": (
        "import asyncpg",
        "import cryptography.x509",
        "import hvac",
        "import pgqueuer",
        "import pysodium",
        "import sentry_sdk",
        "import jinja2",
        "import vault.storage.engine",
    ),
}


def lint(tree: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "COLUMNS": "200", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def verdicts(output: str) -> dict[str, str]:
    """What the summary says of each contract: `KEPT` or `BROKEN`."""
    names = [contract["name"] for contract in CONTRACTS]
    return {
        name: line.removeprefix(name).strip().split(" ")[0]
        for name in names
        for line in output.splitlines()
        if line.startswith(name) and ("KEPT" in line or "BROKEN" in line)
    }


def test_all_contracts_hold() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout
    assert set(verdicts(done.stdout).values()) == {"KEPT"}


@pytest.mark.slow
def test_every_contract_notices_a_breach(tmp_path: Path) -> None:
    for package in ROOT.glob("*/__init__.py"):
        shutil.copytree(
            package.parent, tmp_path / package.parent.name, ignore=shutil.ignore_patterns("__pycache__", "*.json")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for broken, lines in BREACHES.items():
        (tmp_path / broken / "breach.py").write_text("".join(f"{line}\n" for line in lines))
    done = lint(tmp_path)
    assert verdicts(done.stdout) == {contract["name"]: "BROKEN" for contract in CONTRACTS}, done.stdout
