"""Proofs of the ledger as the schema shows them, and whether a request asks for any."""

from __future__ import annotations

from typing import Any, Final, cast

from graphql import FieldNode, FragmentDefinitionNode, FragmentSpreadNode, InlineFragmentNode, SelectionSetNode

from schema.ledger import LedgerCheckpoint, LedgerProof
from vault.request import LedgerProof as Made
from vault.request import SignedCheckpoint

PROOF: Final = "proof"


def proof_shown(made: Made | None) -> LedgerProof | None:
    """A proof in hexadecimal."""
    if made is None:
        return None
    return LedgerProof(
        content=made.content,
        salt=made.salt.hex(),
        month=made.month,
        index=str(made.index),
        path=[each.hex() for each in made.path],
        checkpoint=made.checkpoint,
        key=made.key,
    )


def checkpoint_shown(made: SignedCheckpoint) -> LedgerCheckpoint:
    """A checkpoint in hexadecimal."""
    return LedgerCheckpoint(
        origin=made.origin, size=str(made.size), root=made.root.hex(), note=made.note, at=made.at, key=made.key
    )


def proofs_wanted(info: object) -> bool:
    """Whether `proof` is selected anywhere below the field being resolved: proofs cost, and few ask for them."""
    raw = cast("Any", info)._raw_info  # noqa: SLF001  (Strawberry's info has no public name for it)
    unseen: dict[str, FragmentDefinitionNode] = dict(raw.fragments)
    waiting: list[SelectionSetNode | None] = [node.selection_set for node in raw.field_nodes]
    while waiting:  # each fragment once: spreading them in each other twice doubles with every step
        chosen = waiting.pop()
        for node in chosen.selections if chosen else ():
            match node:
                case FieldNode() if node.name.value == PROOF:
                    return True
                case FieldNode() | InlineFragmentNode():
                    waiting.append(node.selection_set)
                case FragmentSpreadNode() if node.name.value in unseen:
                    waiting.append(unseen.pop(node.name.value).selection_set)
                case _:
                    pass
    return False
