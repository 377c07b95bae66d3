"""The demonstration is the end-to-end test of the main story: its exit code is the promise."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hvelv.demo.telling import Teller

ROOT = Path(__file__).parents[2]


@pytest.mark.clause("SOL-04")
@pytest.mark.clause("SOL-14")
@pytest.mark.clause("SOL-16")
@pytest.mark.clause("SOL-22")
@pytest.mark.clause("SOL-24")
@pytest.mark.clause("NAB-05")
@pytest.mark.clause("NAB-09")
@pytest.mark.clause("NAB-10")
@pytest.mark.clause("NAB-12")
def test_every_step_of_the_story_does_what_the_policy_says() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hvelv", "demo"],
        cwd=ROOT,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert "BROKEN" not in done.stdout, done.stdout
    assert done.returncode == 0, done.stdout + done.stderr
    assert "14. The thief comes back" in done.stdout
    assert "not one of her fields opens" in done.stdout
    assert "ledger opened · audit · dpo" not in done.stdout  # the officer's own reading is nobody's step
    assert "ledger refused · erasure · dpo" in done.stdout
    assert "ledger erased" in done.stdout


def test_a_broken_promise_is_counted_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    teller = Teller()
    teller.check("this holds", kept=True)
    teller.check("this does not", kept=False)
    assert teller.wrong == ["this does not"]
    assert "BROKEN" in capsys.readouterr().out
