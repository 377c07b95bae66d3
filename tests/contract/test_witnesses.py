"""Every witness takes what continues what it holds, refuses what shrinks or forks, and says where it is."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path

import pytest
from witness_standin import StandIn, standing_in

from vault.crypto.signing import SigningKey
from vault.errors import Misconfigured, Tampered, Unavailable
from vault.ledger.merkle import Frontier, Range, consistency, cover, joined, leaf_hash, perfect
from vault.ledger.notes import Checkpoint, Verifier, read_checkpoint, sign_checkpoint
from vault.ledger.witness_file import FileWitness
from vault.ledger.witness_http import HttpWitness
from vault.ledger.witnessing import Accepted, Holds, Witness
from vault.request import Secret

KEY = SigningKey(Secret(bytes(range(32))))
OTHER = SigningKey(Secret(bytes(32)))
ORIGIN = "hvelv/ledger/of-a-test"
BY = Verifier(ORIGIN, KEY.public())


class Log:
    """A log in memory."""

    def __init__(self, *leaves: str) -> None:
        self.leaves = [leaf_hash(leaf.encode()) for leaf in leaves]

    def checkpoint(self, size: int, key: SigningKey = KEY) -> Checkpoint:
        tree = Frontier()
        for leaf in self.leaves[:size]:
            tree.append(leaf)
        return sign_checkpoint(ORIGIN, size, tree.root(), key)

    def proof(self, old: int, new: int) -> list[bytes]:
        return [self._over(each) for each in consistency(old, new)]

    def _over(self, span: Range) -> bytes:
        return joined([perfect(self.leaves[i << level : (i + 1) << level]) for level, i in cover(*span)])


LOG = Log(*"abcdefghijk")
FORKED = Log(*"abcdeXghijk")


@pytest.fixture(params=["file", "http"])
def witness(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Witness]:
    if request.param == "file":
        yield FileWitness(tmp_path)
        return
    with standing_in() as stand_in:
        stand_in.keys[ORIGIN] = KEY.public()
        yield HttpWitness(stand_in.address)


async def test_it_takes_a_log_from_its_first_checkpoint_on(witness: Witness) -> None:
    assert await witness.add(LOG.checkpoint(3), BY, 0, []) == Accepted()
    assert await witness.add(LOG.checkpoint(7), BY, 3, LOG.proof(3, 7)) == Accepted()
    assert await witness.add(LOG.checkpoint(7), BY, 7, []) == Accepted()
    assert await witness.add(LOG.checkpoint(11), BY, 7, LOG.proof(7, 11)) == Accepted()


async def test_it_says_what_it_holds_when_taken_to_hold_something_else(witness: Witness) -> None:
    assert await witness.add(LOG.checkpoint(3), BY, 2, LOG.proof(2, 3)) == Holds(0)
    await witness.add(LOG.checkpoint(5), BY, 0, [])
    assert await witness.add(LOG.checkpoint(7), BY, 0, []) == Holds(5)
    assert await witness.add(LOG.checkpoint(4), BY, 0, []) == Holds(5)
    assert await witness.add(LOG.checkpoint(7), BY, 5, LOG.proof(5, 7)) == Accepted()


@pytest.mark.parametrize(("log", "size", "proof"), [
    pytest.param(FORKED, 11, FORKED.proof(7, 11), id="a fork with a proof of its own"),
    pytest.param(FORKED, 7, [], id="a fork of the same size"),
    pytest.param(FORKED, 11, LOG.proof(7, 11), id="a fork with the honest proof"),
    pytest.param(LOG, 11, [], id="without a proof"),
])  # fmt: skip
async def test_it_refuses_what_does_not_continue(witness: Witness, log: Log, size: int, proof: Sequence[bytes]) -> None:
    await witness.add(LOG.checkpoint(7), BY, 0, [])
    with pytest.raises(Tampered):
        await witness.add(log.checkpoint(size), BY, 7, proof)
    assert await witness.add(LOG.checkpoint(11), BY, 7, LOG.proof(7, 11)) == Accepted()


async def test_it_never_takes_a_smaller_tree(witness: Witness) -> None:
    await witness.add(LOG.checkpoint(7), BY, 0, [])
    assert await witness.add(LOG.checkpoint(3), BY, 3, []) == Holds(7)
    with pytest.raises((Tampered, Unavailable)):  # the protocol calls it a bad request
        await witness.add(LOG.checkpoint(3), BY, 7, [])
    assert await witness.add(LOG.checkpoint(7), BY, 7, []) == Accepted()


async def test_it_refuses_another_key(witness: Witness) -> None:
    await witness.add(LOG.checkpoint(7), BY, 0, [])
    for by in (BY, Verifier(ORIGIN, OTHER.public())):
        with pytest.raises((Tampered, Misconfigured)):
            await witness.add(LOG.checkpoint(11, OTHER), by, 7, LOG.proof(7, 11))


async def test_what_it_tells_of_is_what_it_took(witness: Witness) -> None:
    await witness.add(LOG.checkpoint(7), BY, 0, [])
    assert [read_checkpoint(note).size for note in await witness.heads()] in ([7], [])


async def test_a_witness_that_does_not_answer_is_unavailable(tmp_path: Path) -> None:
    with standing_in() as gone:
        address = gone.address
    with standing_in() as broken:
        broken.broken = 500
        for each in (FileWitness(tmp_path / "not mounted"), HttpWitness(address), HttpWitness(broken.address)):
            with pytest.raises(Unavailable):
                await each.add(LOG.checkpoint(7), BY, 0, [])
    with pytest.raises(Unavailable):
        await HttpWitness("http://[").add(LOG.checkpoint(7), BY, 0, [])


async def test_a_witness_nobody_told_of_the_log_says_what_to_do() -> None:
    with standing_in() as stand_in:
        witness = HttpWitness(stand_in.address)
        with pytest.raises(Misconfigured, match="give its operator the key"):
            await witness.add(LOG.checkpoint(7), BY, 0, [])
        stand_in.keys[ORIGIN] = OTHER.public()
        with pytest.raises(Misconfigured):
            await witness.add(LOG.checkpoint(7), BY, 0, [])


@pytest.mark.parametrize("text", ["", "x", "-1", "9" * 30])
async def test_an_answer_that_is_no_size_is_a_refusal(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    def answer(_: StandIn, body: str) -> tuple[int, str]:
        return 409, text

    monkeypatch.setattr(StandIn, "answer", answer)
    with standing_in() as stand_in, pytest.raises(Tampered):
        await HttpWitness(stand_in.address).add(LOG.checkpoint(7), BY, 3, [])


async def test_a_checkpoint_changed_on_the_disk_is_found(tmp_path: Path) -> None:
    witness = FileWitness(tmp_path)
    await witness.add(LOG.checkpoint(7), BY, 0, [])
    (held,) = tmp_path.glob("*.checkpoint")
    held.write_text(held.read_text().replace("\n7\n", "\n6\n"))
    with pytest.raises(Tampered):
        await witness.add(LOG.checkpoint(11), BY, 6, LOG.proof(6, 11))
