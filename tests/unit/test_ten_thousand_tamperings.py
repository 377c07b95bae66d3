"""Ten thousand ways to falsify a ledger, each found by whoever kept one earlier checkpoint.

The falsifier writes every table as he likes. In `thorough` tamperings he also has the signing key and makes all leaf
hashes and checkpoints anew, so that everything fits together again; what he lacks is the checkpoint in somebody's hand.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Final
from uuid import UUID

import pytest
from ledger_in_memory import Row, Stored, checkpoint, entry_rows, honest, row

from vault.errors import Tampered
from vault.ledger.merkle import check_consistency, consistency, cover, joined, perfect

pytestmark = pytest.mark.slow

TIMES: Final = 770
ENTRIES: Final = 9
LEDGER: Final = honest(ENTRIES)
KEPT: Final = LEDGER.checkpoints[-1]
Chance = random.Random
Tampering = Callable[[Stored, Chance], Stored]


def rows_of(stored: Stored, rows: list[Row]) -> Stored:
    return replace(stored, rows=tuple(rows))


def change(stored: Stored, chance: Chance) -> Stored:
    """A row says something else."""
    rows, at = list(stored.rows), chance.randrange(len(stored.rows))
    place = chance.randrange(len(rows[at].content))
    content = bytearray(rows[at].content)
    content[place] ^= 1 << chance.randrange(8)
    rows[at] = replace(rows[at], content=bytes(content))
    return rows_of(stored, rows)


def change_commitment(stored: Stored, chance: Chance) -> Stored:
    """A row is committed to otherwise."""
    rows, at = list(stored.rows), chance.randrange(len(stored.rows))
    rows[at] = replace(rows[at], commitment=chance.randbytes(32))
    return rows_of(stored, rows)


def change_both(stored: Stored, chance: Chance) -> Stored:
    """A row says something else and its commitment is made again, with whatever salt he guesses."""
    changed = change(stored, chance)
    at = next(n for n, (old, new) in enumerate(zip(stored.rows, changed.rows, strict=True)) if old != new)
    rows = list(changed.rows)
    rows[at] = replace(rows[at], commitment=chance.randbytes(32))
    return rows_of(stored, rows)


def change_as_insider(stored: Stored, chance: Chance) -> Stored:
    """A row says something else and he has the audit key as well."""
    changed = change(stored, chance)
    return rows_of(stored, [replace(each, commitment=each.due) for each in changed.rows])


def drop(stored: Stored, chance: Chance) -> Stored:
    """A row is gone."""
    rows = list(stored.rows)
    del rows[chance.randrange(len(rows))]
    return rows_of(stored, rows)


def reorder(stored: Stored, chance: Chance) -> Stored:
    """Two rows have changed places."""
    rows = list(stored.rows)
    one, other = chance.sample(range(len(rows)), 2)
    rows[one], rows[other] = rows[other], rows[one]
    return rows_of(stored, rows)


def insert(stored: Stored, chance: Chance) -> Stored:
    """An entry that never was, made with every key, before the checkpoint: after it would be a new entry."""
    rows, at = list(stored.rows), chance.randrange(len(stored.rows))
    rows[at:at] = entry_rows(1_000 + chance.randrange(1_000), chance.randrange(1, 3))
    return rows_of(stored, rows)


def truncate(stored: Stored, chance: Chance) -> Stored:
    """The newest rows are cut off."""
    return rows_of(stored, list(stored.rows[: chance.randrange(len(stored.rows))]))


def rewrite(stored: Stored, chance: Chance) -> Stored:
    """Everything is told anew."""
    first = 1 + chance.randrange(10_000)
    return rows_of(stored, [each for n in range(ENTRIES) for each in entry_rows(first + n, (first + n) % 3 + 1)])


def thorough(tampering: Tampering) -> Tampering:
    """The same, and every hash, checkpoint and signature made again to fit."""
    return lambda stored, chance: tampering(stored, chance).with_fresh_hashes()


def leaf_only(stored: Stored, chance: Chance) -> Stored:
    """A leaf hash is another."""
    leaves = list(stored.leaves)
    leaves[chance.randrange(len(leaves))] = chance.randbytes(32)
    return replace(stored, leaves=tuple(leaves))


TAMPERINGS: Final[dict[str, Tampering]] = {
    "change": change,
    "change the commitment": change_commitment,
    "change both": change_both,
    "change a leaf": leaf_only,
    "drop": drop,
    "reorder": reorder,
    "insert": insert,
    "truncate": truncate,
    "change as an insider, hashes fresh": thorough(change_as_insider),
    "drop, hashes fresh": thorough(drop),
    "reorder, hashes fresh": thorough(reorder),
    "insert, hashes fresh": thorough(insert),
    "rewrite, hashes fresh": thorough(rewrite),
}


def test_the_honest_ledger_is_whole() -> None:
    assert LEDGER.examined([KEPT, *LEDGER.checkpoints]) == []
    assert LEDGER.with_fresh_hashes() == LEDGER


@pytest.mark.parametrize("name", TAMPERINGS)
def test_no_tampering_passes_whoever_kept_one_earlier_checkpoint(name: str) -> None:
    chance, tampered = Chance(name), 0
    while tampered < TIMES:
        made = TAMPERINGS[name](LEDGER, chance)
        if made == LEDGER:  # he told the same again
            continue
        tampered += 1
        assert made.examined([KEPT]), f"{name}, the {tampered}th"


def test_that_makes_ten_thousand() -> None:
    assert TIMES * len(TAMPERINGS) >= 10_000


@pytest.mark.parametrize("seed", range(200))
def test_a_ledger_shown_to_two_readers_differently_is_found_when_they_meet(seed: int) -> None:
    chance = Chance(seed)
    fork_at = chance.randrange(1, len(LEDGER.leaves))
    one = LEDGER.leaves
    other = (*one[:fork_at], *(chance.randbytes(32) for _ in range(len(one) - fork_at + chance.randrange(3))))
    first, second = sorted((checkpoint(one), checkpoint(other)), key=lambda each: each.size)
    longer = one if second == checkpoint(one) else other
    for proof_of in (one, other):
        if len(proof_of) < second.size:
            continue
        path = [
            joined([perfect(proof_of[i << level : (i + 1) << level]) for level, i in cover(*each)])
            for each in consistency(first.size, second.size)
        ]
        with pytest.raises(Tampered):
            check_consistency((first.size, first.root), (second.size, second.root), path)
    assert len(longer) == second.size


def test_without_the_kept_checkpoint_a_thorough_rewrite_would_pass() -> None:
    """What the checkpoint is for: with every key in hand a ledger can be told anew, and fits together."""
    assert thorough(rewrite)(LEDGER, Chance(0)).examined() == []
    assert thorough(rewrite)(LEDGER, Chance(0)).examined([KEPT]) != []


def test_a_part_of_somebody_else_does_not_make_up_for_a_missing_one() -> None:
    rows = list(LEDGER.rows)
    at = next(n for n, each in enumerate(rows) if each.reference is not None)
    rows[at] = row(UUID(int=1), bytes(16), rows[at].content, None)
    assert rows_of(LEDGER, rows).with_fresh_hashes().examined()
