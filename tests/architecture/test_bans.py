"""Clock, chance and environment are banned outside the composition root: Ruff is run on what must not pass."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
BANNED: Final = (
    "from datetime import UTC, datetime\n\nnow = datetime.now(UTC)\n",
    "import datetime\n\nnow = datetime.datetime.now(datetime.UTC)\n",
    "from datetime import date\n\ntoday = date.today()\n",
    "import time\n\nnow = time.time()\n",
    "from time import time_ns\n\nnow = time_ns()\n",
    "import time\n\nnow = time.monotonic()\n",
    'import os\n\nhome = os.environ["HOME"]\n',
    "from os import environ\n\nhome = environ\n",
    'import os\n\nhome = os.getenv("HOME")\n',
    "import os\n\nkey = os.urandom(32)\n",
    "import random\n\nnumber = random.random()\n",
    "from random import SystemRandom\n\nnumber = SystemRandom()\n",
    "import secrets\n\nkey = secrets.token_bytes(32)\n",
    "from uuid import uuid4\n\nnew = uuid4()\n",
    "import uuid\n\nnew = uuid.uuid4()\n",
)


def complaints(source: str, place: str) -> set[str]:
    """The rules that Ruff finds broken in a file of this text at this place of the tree."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("ruff")), "check", "--output-format=json", "--stdin-filename", place, "-"],
        cwd=ROOT,
        input=source,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in {0, 1}, done.stderr
    return {found["code"] for found in json.loads(done.stdout)}


@pytest.mark.parametrize("source", BANNED, ids=[source.splitlines()[-1] for source in BANNED])
def test_a_clock_or_chance_of_ones_own_is_refused(source: str) -> None:
    for package in ("vault", "policies", "identity", "products"):
        assert "TID251" in complaints(source, f"{package}/new.py")


def test_the_composition_root_may_read_them() -> None:
    for source in BANNED:
        assert "TID251" not in complaints(source, "hvelv/new.py")


def test_print_assert_and_a_missing_docstring_are_refused_in_the_product() -> None:
    found = complaints("def act(value: int) -> None:\n    assert value\n    print(value)\n", "vault/new.py")
    assert {"D100", "D103", "S101", "T201"} <= found
