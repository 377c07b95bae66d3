"""Merkle trees as RFC 6962 § 2.1 and RFC 9162 § 2.1 have them, with SHA-256: roots, proofs and what proofs prove.

    leaf hash = SHA-256(0x00 ‖ input)        node hash = SHA-256(0x01 ‖ left ‖ right)        empty tree = SHA-256()

Nothing here reads or stores. A node is named `(level, index)`: it stands over the 2^level leaves from index · 2^level
on, all of them there. A range `(start, end)` of leaves is what a proof's hash stands over; `cover` says of which nodes
it is made. Level 0 are the leaves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final

from vault.errors import Tampered

Node = tuple[int, int]
Range = tuple[int, int]

HASH_BYTES: Final = 32
EMPTY: Final = sha256().digest()
DOES_NOT_FIT: Final = "a proof does not fit its checkpoint"


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of what stands over two subtrees."""
    return sha256(b"\x01" + left + right).digest()


def cover(start: int, end: int) -> list[Node]:
    """The whole subtrees that `start` to `end` consists of, from left to right.

    Args:
        start: first leaf, aligned as the ranges of a tree are: 0, or a multiple of a power of two not below the length.
        end: behind the last leaf.
    """
    nodes: list[Node] = []
    while start < end:
        level = (end - start).bit_length() - 1
        nodes.append((level, start >> level))
        start += 1 << level
    return nodes


def joined(hashes: Sequence[bytes]) -> bytes:
    """The hash over subtrees of `cover`; the empty tree's for none."""
    if not hashes:
        return EMPTY
    *left, root = hashes
    for each in reversed(left):
        root = node_hash(each, root)
    return root


def perfect(hashes: Sequence[bytes]) -> bytes:
    """The hash over a power of two of neighbours of one level."""
    row = list(hashes)
    while len(row) > 1:
        row = [node_hash(row[n], row[n + 1]) for n in range(0, len(row), 2)]
    return row[0]


def _split(start: int, end: int) -> int:
    """Where a range of two or more parts: behind the largest power of two below its length."""
    return start + (1 << (end - start - 1).bit_length() - 1)


def inclusion(index: int, size: int) -> list[Range]:
    """The ranges whose hashes prove that leaf `index` is in the tree of `size` leaves, lowest first."""
    start, end, path = 0, size, list[Range]()
    while end - start > 1:
        middle = _split(start, end)
        if index < middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start = middle
    return path[::-1]


def consistency(old: int, new: int) -> list[Range]:
    """The ranges whose hashes prove that the tree of `new` leaves begins with the one of `old`, in their order.

    Args:
        old: 1 to `new`; everything is consistent with the empty tree, without a proof.
        new: the larger size.
    """
    start, end, path, whole = 0, new, list[Range](), True
    while old != end:
        middle = _split(start, end)
        if old <= middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start, whole = middle, False
    return path[::-1] if whole else [(start, end), *path[::-1]]


def root_by_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root that these hashes lead to from a leaf's hash (RFC 9162 § 2.1.3.2).

    Raises:
        Tampered: there cannot be such a proof, whatever the root.
    """
    ranges = inclusion(index, size) if 0 <= index < size else None
    if ranges is None or len(ranges) != len(path):
        raise Tampered(DOES_NOT_FIT)
    for (start, _), other in zip(ranges, path, strict=True):
        leaf = node_hash(leaf, other) if start > index else node_hash(other, leaf)
    return leaf


def check_consistency(old: tuple[int, bytes], new: tuple[int, bytes], path: Sequence[bytes]) -> None:
    """Return if the tree `new`, a size and a root, begins with the tree `old` (RFC 9162 § 2.1.4.2).

    Raises:
        Tampered: it does not, or the proof is of something else.
    """
    (size, root), (later, later_root) = old, new
    if not 0 <= size <= later or (size == 0 and path):
        raise Tampered(DOES_NOT_FIT)
    if size and (root, later_root) != _roots(size, later, root, path):
        raise Tampered(DOES_NOT_FIT)


def _roots(old: int, new: int, root: bytes, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The roots of both trees, made of the proof's hashes (and of `root`, where a power of two leaves it out)."""
    ranges = consistency(old, new)
    if len(ranges) != len(path):
        raise Tampered(DOES_NOT_FIT)
    pairs = list(zip(ranges, path, strict=True))
    first = later = root
    if ranges and ranges[0][1] == old:  # the proof begins with the last piece of the old tree
        first = later = pairs.pop(0)[1]
    for (start, _), other in pairs:
        later = node_hash(later, other) if start >= old else node_hash(other, later)
        first = first if start >= old else node_hash(other, first)
    return first, later


class Frontier:
    """The right edge of a growing tree: enough to add leaves and to know the root, whatever its size.

    Args:
        size: how many leaves there are.
        hashes: of the nodes `cover(0, size)`.
    """

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        self.size = size
        self._edge = list(hashes)

    def append(self, leaf: bytes) -> list[tuple[Node, bytes]]:
        """Add a leaf's hash; returns the nodes above it that became whole, lowest first."""
        made: list[tuple[Node, bytes]] = []
        self.size += 1
        index, node = self.size, leaf
        while not index & 1:
            index >>= 1
            node = node_hash(self._edge.pop(), node)
            made.append(((len(made) + 1, index - 1), node))
        self._edge.append(node)
        return made

    def root(self) -> bytes:
        """The root over all leaves so far."""
        return joined(self._edge)
