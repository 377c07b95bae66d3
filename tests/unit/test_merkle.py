"""Trees against RFC 6962's own recursive definition, and against the roots published for certificate transparency."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import pytest

from vault.errors import Tampered
from vault.ledger.merkle import (
    EMPTY,
    Frontier,
    check_consistency,
    consistency,
    cover,
    inclusion,
    joined,
    leaf_hash,
    perfect,
    root_by_inclusion,
)

MOST = 40
# the inputs and roots of the reference implementation's tests of certificate transparency
INPUTS = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


def defined(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962 § 2.1, word for word."""
    if not leaves:
        return sha256().digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    middle = 1
    while middle * 2 < len(leaves):
        middle *= 2
    return sha256(b"\x01" + defined(leaves[:middle]) + defined(leaves[middle:])).digest()


LEAVES = [str(number).encode() for number in range(MOST)]


def over(start: int, end: int) -> bytes:
    """The hash of a range, by way of its cover."""
    return joined([perfect([leaf_hash(LEAVES[n]) for n in range(i << v, (i + 1) << v)]) for v, i in cover(start, end)])


def test_roots_are_those_of_certificate_transparency() -> None:
    tree = Frontier()
    assert tree.root() == EMPTY == defined([])
    for data, root in zip(INPUTS, ROOTS, strict=True):
        tree.append(leaf_hash(data))
        assert tree.root().hex() == root


def test_a_tree_grows_into_the_root_of_the_definition_whatever_its_size() -> None:
    tree = Frontier()
    for size in range(1, MOST + 1):
        for (level, index), made in tree.append(leaf_hash(LEAVES[size - 1])):
            assert made == defined(LEAVES[index << level : (index + 1) << level])
        assert tree.root() == defined(LEAVES[:size]) == over(0, size)
        again = Frontier(size, [over(i << v, (i + 1) << v) for v, i in cover(0, size)])
        assert again.root() == tree.root()


def test_every_leaf_of_every_tree_is_proven_and_no_other() -> None:
    for size in range(1, MOST + 1):
        root = defined(LEAVES[:size])
        for index in range(size):
            path = [over(*each) for each in inclusion(index, size)]
            assert root_by_inclusion(leaf_hash(LEAVES[index]), index, size, path) == root
            assert root_by_inclusion(leaf_hash(b"another"), index, size, path) != root
            with pytest.raises(Tampered):
                root_by_inclusion(leaf_hash(LEAVES[index]), index, size, [*path, root])
        with pytest.raises(Tampered):
            root_by_inclusion(leaf_hash(LEAVES[0]), size, size, [])


def test_every_tree_is_proven_to_begin_every_later_one() -> None:
    for new in range(1, MOST + 1):
        later = defined(LEAVES[:new])
        for old in range(1, new + 1):
            root = defined(LEAVES[:old])
            path = [over(*each) for each in consistency(old, new)]
            check_consistency((old, root), (new, later), path)
            for wrong in ((old, leaf_hash(b"x")), (new, leaf_hash(b"x"))):
                pair = (wrong, (new, later)) if wrong[0] == old else ((old, root), wrong)
                with pytest.raises(Tampered):
                    check_consistency(*pair, path)
            with pytest.raises(Tampered):
                check_consistency((old, root), (new, later), [*path, root])


def test_everything_begins_with_nothing_and_nothing_begins_with_more() -> None:
    root = defined(LEAVES[:3])
    check_consistency((0, EMPTY), (3, root), [])
    with pytest.raises(Tampered):
        check_consistency((0, EMPTY), (3, root), [root])
    with pytest.raises(Tampered):
        check_consistency((4, root), (3, root), [])
