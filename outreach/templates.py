"""Templates: what service mail, SMS and internal notices may say, in Norwegian and English, with typed variables.

A template names for each variable the field of the policy its value comes from. At the start every template is held
against the policy and refused if it names a field nobody declared, one of the sensitive class, one the policy does not
let this channel have, or a variable it does not declare. What is rendered later can only be what was checked.

Dates, amounts and energy are written as the reader's language writes them (Babel). Nothing of a template is code: the
environment is sandboxed, and a variable without a value is an error, never an empty string.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, unique
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_currency
from jinja2 import StrictUndefined, TemplateError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from outreach.errors import MessageRefused, TemplateRefused
from policies.model import FieldType, PolicySet

OSLO: Final = ZoneInfo("Europe/Oslo")


@unique
class Channel(Enum):
    """By which way a message goes; each has its processor."""

    MAIL = "mailgun"
    SMS = "twilio"
    NOTICE = "slack"


@unique
class Language(Enum):
    """What customers read. The value is the locale."""

    NB = "nb_NO"
    EN = "en_GB"


@unique
class Plain(Enum):
    """Variables that come from no field: they name nobody."""

    LINK = "link"
    REFERENCE = "reference"
    EVENT = "event"


Source = str | Plain
"""Where a value comes from: a field of the policy, such as `project.details`, or nothing personal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A template in one language. `subject` is empty where the channel has none."""

    subject: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One thing to say. `purpose` is why the address may be opened for it; variables map to where values come from."""

    name: str
    channel: Channel
    purpose: str
    variables: Mapping[str, Source]
    wordings: Mapping[Language, Wording]


@dataclass(frozen=True, slots=True, repr=False)
class Rendered:
    """What is to be sent. Without a repr: it is written to somebody."""

    subject: str
    text: str


Value = str | int | date | datetime

_ENVIRONMENT: Final = ImmutableSandboxedEnvironment(
    undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True
)


class Templates:
    """The templates of a house, checked. Raises `TemplateRefused` naming the first that does not fit the policy."""

    def __init__(self, policy: PolicySet, templates: Sequence[Template]) -> None:
        for template in templates:
            _check(policy, template)
        self._policy = policy
        self._known = {template.name: template for template in templates}

    def named(self, name: str) -> Template:
        """A template by its name.

        Raises:
            TemplateRefused: there is none.
        """
        if name not in self._known:
            raise TemplateRefused(f"no template is called `{name}`")
        return self._known[name]

    def written(self, name: str, language: Language, values: Mapping[str, Value]) -> dict[str, str]:
        """Each value as the language writes it: what is sealed until the message goes.

        Raises:
            MessageRefused: a variable has no value, an undeclared one has, or a value is not of its field's type.
        """
        template = self.named(name)
        if values.keys() != template.variables.keys():
            raise MessageRefused("variables")
        return {key: _written(self._type(source), values[key], language) for key, source in template.variables.items()}

    def rendered(self, name: str, language: Language, said: Mapping[str, str]) -> Rendered:
        """The message, of values already written.

        Raises:
            MessageRefused: they are not those of the template.
        """
        template = self.named(name)
        if said.keys() != template.variables.keys():
            raise MessageRefused("variables")
        wording = template.wordings[language]
        return Rendered(*(_ENVIRONMENT.from_string(text).render(said) for text in (wording.subject, wording.text)))

    def _type(self, source: Source) -> FieldType:
        return FieldType.TEXT if isinstance(source, Plain) else self._policy.fields[source].type


def _check(policy: PolicySet, template: Template) -> None:
    where = f"template `{template.name}`"
    if template.purpose not in policy.purposes:
        raise TemplateRefused(f"{where}: unknown purpose `{template.purpose}`, declare it in the policy")
    missing = [language.name.lower() for language in Language if language not in template.wordings]
    if missing:
        raise TemplateRefused(f"{where}: write it in `{missing[0]}` as well")
    for source in template.variables.values():
        if not isinstance(source, Plain):
            _check_field(policy, template, source)
    _check_words(template)


def _check_field(policy: PolicySet, template: Template, field: str) -> None:
    where = f"template `{template.name}`"
    declared = policy.fields.get(field)
    if declared is None:
        raise TemplateRefused(f"{where}: unknown field `{field}`, declare it in the policy or remove the variable")
    if policy.categories[declared.category].special:
        raise TemplateRefused(f"{where}: `{field}` is of the sensitive class and leaves in no message")
    if template.channel is Channel.SMS and declared.type is FieldType.AMOUNT_NOK:
        raise TemplateRefused(f"{where}: `{field}` is about money, which leaves in no SMS")
    to = template.channel.value
    if template.channel is Channel.NOTICE and not any(
        (use.purpose, use.to) == (template.purpose, to) for use in declared.uses
    ):
        raise TemplateRefused(f"{where}: the policy does not let `{to}` have `{field}` for `{template.purpose}`")


def _check_words(template: Template) -> None:
    for language, wording in template.wordings.items():
        where = f"template `{template.name}`, `{language.name.lower()}`"
        try:
            trees = [_ENVIRONMENT.parse(text) for text in (wording.subject, wording.text)]
        except TemplateError:
            raise TemplateRefused(f"{where}: it does not parse") from None
        used = {name for tree in trees for name in meta.find_undeclared_variables(tree)}
        if used - template.variables.keys():
            raise TemplateRefused(f"{where}: undeclared variable `{min(used - template.variables.keys())}`")
        if template.variables.keys() - used:
            raise TemplateRefused(f"{where}: `{min(template.variables.keys() - used)}` is declared and not used")


def _written(kind: FieldType, value: Value, language: Language) -> str:
    """A value of its field's type as the language writes it; a value of another type is refused, never shown."""
    locale = language.value
    match kind, value:
        case FieldType.AMOUNT_NOK, int():
            return format_currency(value, "NOK", locale=locale, format_type="standard")
        case FieldType.INSTANT, datetime():
            return format_datetime(value.astimezone(OSLO), "d. MMMM y 'kl.' HH:mm" if language is Language.NB
                                   else "d MMMM y 'at' HH:mm", locale=locale)  # fmt: skip
        case FieldType.DATE, date() if not isinstance(value, datetime):
            return format_date(value, "long", locale=locale)
        case (FieldType.TEXT | FieldType.NAME | FieldType.ADDRESS | FieldType.CHOICE | FieldType.EMAIL
              | FieldType.PHONE | FieldType.REGION), str():  # fmt: skip
            return value
        case _:
            raise MessageRefused("type")
