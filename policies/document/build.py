"""`Policies` (the shape) -> `PolicySet` (the model). Only rewriting: nothing is looked up, nothing can fail.

What the shape leaves out becomes `None` or empty, never a choice. `from: <fact>` counts the last time it was recorded,
like `{ last: [<fact>] }`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from types import MappingProxyType

from policies import model, recipients
from policies.document import shape


def policy_set(found: shape.Policies, digest: bytes) -> model.PolicySet:
    """The policy set `found` describes; `digest` identifies the bytes it was read from."""
    frozen = MappingProxyType
    return model.PolicySet(
        version=found.version,
        digest=digest,
        controller=model.Controller(**found.controller.model_dump()),
        roles=frozen({name: _role(name, role) for name, role in found.roles.items()}),
        records=frozen(
            {n: model.RecordKind(n, r.product, r.parent, tuple(r.clauses)) for n, r in found.records.items()},
        ),
        facts=frozen({name: _fact(name, fact) for name, fact in found.facts.items()}),
        consents=frozen(
            {
                name: model.ConsentRule(name, tuple(c.purposes), tuple(c.options), tuple(c.clauses))
                for name, c in found.consents.items()
            },
        ),
        states=frozen({n: model.StateRule(n, begins=s.from_, ends=tuple(s.to)) for n, s in found.states.items()}),
        purposes=frozen({name: _purpose(name, purpose) for name, purpose in found.purposes.items()}),
        recipients=frozen({name: _recipient(name, recipient) for name, recipient in found.recipients.items()}),
        retention=frozen({name: _retention(name, rule) for name, rule in found.retention.items()}),
        holds=frozen({name: _hold(name, hold) for name, hold in found.holds.items()}),
        categories=frozen({name: _category(name, category) for name, category in found.categories.items()}),
        fields=frozen({name: _field(name, field) for name, field in found.fields.items()}),
    )


def condition(text: str) -> model.Condition:
    """`loan.submitted` or `not loan.closed`."""
    return model.Condition(text.removeprefix("not "), holds=not text.startswith("not "))


def _conditions(texts: Iterable[str]) -> tuple[model.Condition, ...]:
    return tuple(condition(text) for text in texts)


def period(text: str) -> model.Period:
    """`P20Y`, `P24M`, `P1Y6M`, `P90D`: years and months, or days."""
    number = {unit: int(count) for count, unit in re.findall(r"([0-9]+)([YMD])", text)}
    return model.Period(months=12 * number.get("Y", 0) + number.get("M", 0), days=number.get("D", 0))


def _role(name: str, found: shape.Role) -> model.Role:
    return model.Role(name, found.kind, found.recipient, found.second_factor, tuple(found.clauses))


def _fact(name: str, found: shape.Fact) -> model.FactRule:
    return model.FactRule(
        name=name,
        product=found.product,
        record=found.record,
        by=tuple(found.by),
        after=_conditions(found.after),
        assigns=model.Assigns(found.assigns.recipient, found.assigns.purpose) if found.assigns else None,
        clauses=tuple(found.clauses),
    )


def _purpose(name: str, found: shape.Purpose) -> model.Purpose:
    return model.Purpose(
        name=name,
        basis=found.basis,
        article=found.article,
        consent=found.consent,
        contract=found.contract,
        law=found.law,
        balancing=found.balancing,
        objection=model.Objection(found.objection) if found.objection else model.Objection.NOT_APPLICABLE,
        roles=MappingProxyType(dict(found.roles)),
        assigned_by=tuple(found.assigned_by or ()),
        reason_required=found.reason is not None,
        conditions=_conditions(found.while_ or ()),
        despite_restriction=found.despite_restriction,
        clauses=tuple(found.clauses),
    )


def _recipient(name: str, found: shape.Recipient) -> recipients.Recipient:
    return recipients.Recipient(
        name=name,
        title=found.name,
        kind=found.kind,
        country=found.country,
        transfer=found.transfer,
        parent=found.parent,
        valid_from=found.valid.from_,
        valid_to=found.valid.to,
        clauses=tuple(found.clauses),
        agreement=_agreement(found.agreement) if found.agreement else None,
    )


def _agreement(found: shape.Agreement) -> recipients.Agreement:
    return recipients.Agreement(
        signed=found.signed, regions=tuple(found.regions), requests=found.requests, abroad=found.abroad
    )


def _retention(name: str, found: shape.Retention) -> model.RetentionRule:
    return model.RetentionRule(
        name=name,
        anchor=_anchor(found.from_),
        latest=found.from_ is not None and not isinstance(found.from_, shape.First),
        keep=period(found.keep) if found.keep else None,
        applies_after=found.applies_after,
        unless=tuple(found.unless or ()),
        also_on=tuple(event.removesuffix(".withdrawn") for event in found.also_on or ()),
        with_person=found.with_ is not None,
        until=found.until,
        then=found.then,
        stated_in_notice=found.stated_in_notice,
        clauses=tuple(found.clauses),
    )


def _anchor(found: str | shape.First | shape.Last | None) -> tuple[str, ...]:
    if found is None:
        return ()
    if isinstance(found, str):
        return (found,)
    return tuple(found.first if isinstance(found, shape.First) else found.last)


def _hold(name: str, found: shape.Hold) -> model.HoldRule:
    return model.HoldRule(
        name=name,
        law=found.law,
        categories=tuple(found.categories),
        anchor=found.from_,
        keep=period(found.keep) if found.keep else None,
        clauses=tuple(found.clauses),
    )


def _category(name: str, found: shape.Category) -> model.Category:
    return model.Category(
        name=name,
        number=found.number,
        retention=tuple(found.retention),
        instance=found.instance,
        special=found.special,
        computed=found.computed,
        clauses=tuple(found.clauses),
    )


def _field(name: str, found: shape.FieldEntry) -> model.FieldPolicy:
    return model.FieldPolicy(
        name=name,
        record=name.partition(".")[0],
        category=found.category,
        type=found.type,
        choices=tuple(found.choices or ()),
        source=found.source,
        required_for=found.required_for,
        collect=tuple(model.Collect(row.by, row.purpose, _conditions(row.when)) for row in found.collect),
        uses=tuple(model.Use(row.purpose, row.to, row.sees) for row in found.uses),
        index=found.index,
        clauses=tuple(found.clauses),
    )
