"""Bytes of `policies.yaml` -> `PolicySet`, or every reason why not. Pure: reads no file, caches nothing.

Read in four steps, each on what the one before found whole; all problems of a step are reported together.

 1. `text`        bytes to a tree that knows where everything stands; what YAML is read
 2. `shape`       the keys of each entry and the sort of each value (also the JSON Schema for editors)
 3. `references`, `entries`, `contents`      unknown names; keys that go together; values that exclude others
 4. `references`, `facts`, `uses`, `keeping` what nobody uses, and what could never take effect

Nothing has a default: what the file does not say is either a mistake or absent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256

from policies.document import contents, entries, facts, keeping, references, uses
from policies.document.build import policy_set
from policies.document.lanes import lanes
from policies.document.shape_check import parse, schema
from policies.document.text import read
from policies.document.tree import Finding, Tree
from policies.errors import PolicyErrors, Problem
from policies.model import PolicySet

__all__ = ["declared", "load", "schema"]


def load(text: bytes, name: str = "policies.yaml") -> PolicySet:
    """The policy that `text` declares, identified by the SHA-256 of exactly these bytes.

    Args:
        text: the whole file.
        name: what to call it in messages.

    Raises:
        PolicyErrors: with all problems of the first step that found any, in the order of the file.
    """
    tree, unreadable = read(text, name)
    return declared(tree, digest=sha256(text).digest(), name=name, unreadable=unreadable)


def declared(tree: Tree, *, digest: bytes, name: str, unreadable: Sequence[Problem] = ()) -> PolicySet:
    """The policy of a tree already read; `unreadable` are the problems reading it found. Raises like `load`."""
    shaped = parse(tree)
    if isinstance(shaped, list):
        raise PolicyErrors(name, [*unreadable, *map(tree.problem, shaped)])
    policy = policy_set(shaped, digest)
    unsound = (
        references.unknown(policy),
        entries.findings(policy),
        entries.repeated(tree.root),
        contents.findings(policy),
    )
    _refuse(name, tree, unsound, unreadable)
    seen = lanes(policy)
    idle = (references.unused(policy), facts.findings(policy, seen), uses.findings(policy, seen))
    _refuse(name, tree, (*idle, keeping.findings(policy, seen)))
    return policy


def _refuse(
    name: str,
    tree: Tree,
    checks: Sequence[Iterable[Finding]],
    unreadable: Sequence[Problem] = (),
) -> None:
    problems = [*unreadable, *(tree.problem(finding) for findings in checks for finding in findings)]
    if problems:
        raise PolicyErrors(name, problems)
