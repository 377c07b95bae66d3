"""Whoever may not hand out a token is told what to do about it, for each rule there is."""

from __future__ import annotations

import inspect
import re

import pytest

from hvelv.commands.token_rules import MENDING, mending
from identity import specs
from identity.errors import Unsound
from policies import persons


def test_every_rule_says_what_to_do_and_no_rule_is_invented() -> None:
    sources = inspect.getsource(specs), inspect.getsource(persons)
    rules = {rule for source in sources for rule in re.findall(r'"([a-z_]+\.[a-z_]+)"', source)}
    assert len(rules) >= 20
    assert rules == set(MENDING)


@pytest.mark.parametrize("rule", MENDING)
def test_the_line_names_the_rule_and_a_way_out(rule: str) -> None:
    line = mending(Unsound(rule))
    assert line.endswith(f"(rule `{rule}`)")
    assert len(line.splitlines()) == 1
    assert all(option in OPTIONS for option in re.findall(r"--[a-z-]+", line))


OPTIONS = {"--subject", "--recipient", "--purpose", "--second-factor", "--lifetime"}
