"""`due` and the evaluator written from the rules alone answer alike on random histories, by two calendars.

X"""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from lives import histories
from oracle_keeping import Keeping
from oracle_policy import POLICY, SUBJECT
from oracle_real import shipped
from oracle_world import World

from policies.model import PolicySet
from policies.retention import KeptByClock, KeptByHold, NoAnchor, due


@pytest.mark.parametrize("policy", [POLICY, shipped()], ids=["small policy", "shipped policy"])
@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_due_agrees_on_random_histories(policy: PolicySet, data: st.DataObject) -> None:
    events, standing = data.draw(histories(policy))
    keeping = Keeping(policy, World(SUBJECT, events))
    latest = max(at for at, _ in keeping.world.history)
    asked = [latest, latest + data.draw(st.timedeltas(timedelta(0), timedelta(days=12000)))]
    kinds = {field.category: field.record for field in policy.fields.values()}
    for category, record in product(policy.categories, standing.records):
        if standing.records[record].kind == kinds.get(category):
            ends = [answer.until for now in asked for answer in keeping.due(category, record, now)
                    if isinstance(answer, KeptByClock | KeptByHold) and answer.until is not None]  # fmt: skip
            for now in [*asked, *ends, *(end - timedelta(microseconds=1) for end in ends)]:
                answer = due(policy, category, record, standing, now)
                if isinstance(answer, NoAnchor):
                    answer = NoAnchor(tuple(sorted(answer.rules)))
                assert answer in keeping.due(category, record, now), (category, record, now)
                event(type(answer).__name__)
