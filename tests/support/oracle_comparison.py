"""Asks `decide` and the independent evaluator the same questions, and counts what came out."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from itertools import product

import pytest
from oracle import Oracle
from oracle_states import State

from policies.decision import Permit, decide
from policies.model import Access, PolicySet, Principal, RecordId

Question = tuple[Principal, Access, str, RecordId]


class Comparison:
    """Of many questions in many states under one policy."""

    def __init__(self, policy: PolicySet) -> None:
        self.policy = policy
        self.outcomes: Counter[str] = Counter()

    def ask(self, state: State, questions: Iterable[Question]) -> None:
        """Raises AssertionError at the first question they answer differently."""
        oracle = Oracle(self.policy, state.world)
        for (who, access, field, record), now in product(questions, state.instants):
            expected = oracle.decide(who, access, field, record, now)
            answer = decide(self.policy, who, access, field, record, state.standing, now)
            assert answer in expected, (answer, expected, who.roles, access, field, record, now, state.world.history)
            self.outcomes["permit" if isinstance(answer, Permit) else answer.rule] += 1

    def report(self, capsys: pytest.CaptureFixture[str], what: str) -> None:
        counted = ", ".join(f"{rule} {count:,}" for rule, count in sorted(self.outcomes.items()))
        with capsys.disabled():
            sys.stdout.write(f"\n{what}: {self.outcomes.total():,} combinations agree ({counted})\n")
