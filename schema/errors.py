"""The closed set of codes in `errors[].extensions.code`. Each has one fixed message, so no message can echo input.

the request      METHOD_NOT_ALLOWED  UNSUPPORTED_MEDIA_TYPE  TOO_LARGE  BAD_REQUEST
the document     SYNTAX  LIMIT  VALIDATION  OPERATION  VARIABLES  INTROSPECTION  NOTHING_SELECTED
who asks         UNAUTHENTICATED  PURPOSE_REQUIRED  RECIPIENT_REQUIRED
the policy       WITHHELD  REFUSED
the data         NOT_FOUND  INVALID  CONFLICT
the house        UNAVAILABLE  DAMAGED  INTERNAL
outside          REGISTER
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, unique
from types import MappingProxyType
from typing import Final


@unique
class Code(Enum):
    """What went wrong, for a program to read."""

    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
    TOO_LARGE = "TOO_LARGE"
    BAD_REQUEST = "BAD_REQUEST"
    SYNTAX = "SYNTAX"
    LIMIT = "LIMIT"
    VALIDATION = "VALIDATION"
    OPERATION = "OPERATION"
    VARIABLES = "VARIABLES"
    INTROSPECTION = "INTROSPECTION"
    NOTHING_SELECTED = "NOTHING_SELECTED"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    PURPOSE_REQUIRED = "PURPOSE_REQUIRED"
    RECIPIENT_REQUIRED = "RECIPIENT_REQUIRED"
    WITHHELD = "WITHHELD"
    REFUSED = "REFUSED"
    NOT_FOUND = "NOT_FOUND"
    INVALID = "INVALID"
    CONFLICT = "CONFLICT"
    UNAVAILABLE = "UNAVAILABLE"
    DAMAGED = "DAMAGED"
    INTERNAL = "INTERNAL"
    REGISTER = "REGISTER"


MESSAGES: Final[Mapping[Code, str]] = MappingProxyType(
    {
        Code.METHOD_NOT_ALLOWED: "send a `POST`",
        Code.UNSUPPORTED_MEDIA_TYPE: "send `application/json` in UTF-8",
        Code.TOO_LARGE: "the request is longer than 64 KiB",
        Code.BAD_REQUEST: "the body is not a GraphQL request",
        Code.SYNTAX: "the document does not parse",
        Code.LIMIT: "the document asks for too much at once",
        Code.VALIDATION: "the document does not fit the schema",
        Code.OPERATION: "name exactly one operation of the document",
        Code.VARIABLES: "the variables do not fit the operation",
        Code.INTROSPECTION: "introspection is not open to this caller",
        Code.NOTHING_SELECTED: "select at least one governed field of the customer",
        Code.UNAUTHENTICATED: "a valid token is required",
        Code.PURPOSE_REQUIRED: "state a purpose: `@access(purpose: ...)` on the operation",
        Code.RECIPIENT_REQUIRED: "several of your roles may ask: state one as `recipient` of `@access`",
        Code.WITHHELD: "withheld by the policy",
        Code.REFUSED: "refused by the policy",
        Code.NOT_FOUND: "there is nothing here for this request",
        Code.INVALID: "a value does not fit its field",
        Code.CONFLICT: "the idempotency key was used for another request",
        Code.UNAVAILABLE: "not available now; safe to send again with the same idempotency key",
        Code.DAMAGED: "stored data does not open",
        Code.INTERNAL: "something went wrong here",
        Code.REGISTER: "a register outside the house did not answer as agreed; nothing was stored",
    }
)
