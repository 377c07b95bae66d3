"""The policy, put in the words of the schema. Built once per policy version."""

from __future__ import annotations

from functools import lru_cache

from policies.model import FieldPolicy, Period, PolicySet, RetentionRule, Use
from schema.notice import ControllerInfo, FieldInfo, FieldUse, PolicyInfo, RecipientInfo, RetentionInfo

MONTHS = 12


@lru_cache(maxsize=4)
def policy_info(policy: PolicySet) -> PolicyInfo:
    """Everything a person may know about what is done with their data."""
    who = policy.controller
    return PolicyInfo(
        version=policy.version,
        digest=policy.digest.hex(),
        controller=ControllerInfo(
            name=who.name,
            contact=who.contact,
            data_protection_officer=who.data_protection_officer,
            supervisory_authority=who.supervisory_authority,
        ),
        fields=[_field(policy, field) for field in policy.fields.values()],
        recipients=[
            RecipientInfo(name=r.name, title=r.title, kind=r.kind.value, country=r.country, transfer=r.transfer)
            for r in policy.recipients.values()
        ],
    )


def _field(policy: PolicySet, field: FieldPolicy) -> FieldInfo:
    category = policy.categories[field.category]
    return FieldInfo(
        name=field.name,
        category=category.name,
        special=category.special,
        source=field.source,
        uses=[_use(policy, use) for use in field.uses],
        retention=[_retention(policy.retention[name]) for name in category.retention],
        clauses=list(field.clauses),
    )


def _use(policy: PolicySet, use: Use) -> FieldUse:
    purpose = policy.purposes[use.purpose]
    return FieldUse(
        purpose=use.purpose,
        basis=purpose.basis.value,
        article=purpose.article,
        recipient=use.to,
        sees=use.sees.value,
    )


def _retention(rule: RetentionRule) -> RetentionInfo:
    return RetentionInfo(
        name=rule.name,
        keep=None if rule.keep is None else _duration(rule.keep),
        since=list(rule.anchor),
        until=rule.until,
        sequel=rule.then.value,
        stated_in_notice=rule.stated_in_notice,
        clauses=list(rule.clauses),
    )


def _duration(period: Period) -> str:
    """ISO 8601, in the largest unit that fits."""
    if period.days or not period.months:
        return f"P{period.days}D"
    years, months = divmod(period.months, MONTHS)
    return f"P{years}Y" if not months else f"P{period.months}M"
