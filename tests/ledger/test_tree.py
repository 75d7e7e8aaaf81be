# SPDX-License-Identifier: Apache-2.0
"""The Merkle tree: known answers, every small tree, random large ones, forgeries by the thousand."""

from __future__ import annotations

import hashlib
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.factory import Tree, sha256, some_leaves
from zhengtong.ledger import verifier
from zhengtong.ledger.crypto import digest
from zhengtong.ledger.rules import tree

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
EMPTY_LEAF = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
CT_ENTRIES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
"""The entries, and below the roots after each, of the test tree of Certificate Transparency's reference code."""
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def as_checkpoint(size: int, root: bytes) -> verifier.Checkpoint:
    return verifier.Checkpoint(size, root, 0, "sha256")


def by_definition(leaves: list[bytes]) -> bytes:
    """MTH as RFC 9162 §2.1.1 writes it: recursive, storing nothing."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + by_definition(leaves[:split]) + by_definition(leaves[split:]))


def test_the_empty_tree_hashes_to_the_hash_of_nothing() -> None:
    assert tree.fold(sha256, []).hex() == EMPTY
    assert tree.peaks(0) == []


def test_a_leaf_is_hashed_behind_a_zero_byte_and_a_node_behind_a_one() -> None:
    assert tree.leaf_hash(sha256, b"").hex() == EMPTY_LEAF
    assert tree.node_hash(sha256, b"a", b"b") == hashlib.sha256(b"\x01ab").digest()


def test_the_trees_of_certificate_transparency_have_their_published_roots() -> None:
    leaves = [tree.leaf_hash(sha256, bytes.fromhex(entry)) for entry in CT_ENTRIES]
    assert [Tree(leaves[:size]).root.hex() for size in range(1, 9)] == CT_ROOTS


def test_sm3_has_the_answer_of_its_standard() -> None:
    """GB/T 32905-2016, appendix A.1: the digest of "abc"."""
    assert digest("sm3", b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"


@pytest.mark.parametrize("size", range(1, 66))
def test_every_proof_of_every_small_tree_holds_for_both_verifiers(size: int) -> None:
    whole = Tree(some_leaves(size))
    assert whole.root == by_definition(whole.leaves)
    for index in range(size):
        proof = whole.inclusion(index, size)
        assert tree.verify_inclusion(sha256, whole.leaves[index], index, size, proof=proof, root=whole.root)
        assert verifier.included(as_checkpoint(size, whole.root), whole.leaves[index], index, proof)
    for old in range(1, size + 1):
        proof, old_root = whole.consistency(old, size), by_definition(whole.leaves[:old])
        assert whole.root_at(old) == old_root
        assert tree.verify_consistency(sha256, old, size, proof=proof, old_root=old_root, new_root=whole.root)
        linked = verifier.consistent(as_checkpoint(old, old_root), as_checkpoint(size, whole.root), proof)
        assert linked == (old < size)


BIG = Tree(some_leaves(5000))


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_proofs_of_larger_trees_hold_at_every_earlier_size(data: st.DataObject) -> None:
    size = data.draw(st.integers(66, 5000))
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size))
    root = BIG.root_at(size)
    proof = BIG.inclusion(index, size)
    assert len(proof) <= size.bit_length()
    assert tree.verify_inclusion(sha256, BIG.leaves[index], index, size, proof=proof, root=root)
    linked = BIG.consistency(old, size)
    assert len(linked) <= size.bit_length() + 1
    assert tree.verify_consistency(sha256, old, size, proof=linked, old_root=BIG.root_at(old), new_root=root)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.integers(0, 40), max_size=12))
def test_appending_in_any_batches_gives_the_same_tree(batches: list[int]) -> None:
    leaves = some_leaves(sum(batches))
    size, tops, nodes = 0, [], {}
    for batch in batches:
        made, tops = tree.extend(sha256, size, tops, leaves[size : size + batch])
        nodes |= {(level, index): hash_ for level, index, hash_ in made}
        size += batch
    whole = Tree(leaves)
    assert tree.fold(sha256, tops) == whole.root
    assert nodes == {node: hash_ for node, hash_ in whole.nodes.items() if node[0]}


def _flipped(random_: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    changed[random_.randrange(len(changed))] ^= 1 << random_.randrange(8)
    return bytes(changed)


def test_thousands_of_forged_inclusion_proofs_are_refused_by_both_verifiers() -> None:
    random_ = random.Random(20)
    tried = 0
    for _ in range(1000):
        size = random_.randrange(2, 700)
        index = random_.randrange(size)
        leaf, root, proof = BIG.leaves[index], BIG.root_at(size), BIG.inclusion(index, size)
        place = random_.randrange(len(proof))
        other = random_.choice([at for at in range(size) if at != index])
        forged = [
            (_flipped(random_, leaf), index, size, proof, root),
            (BIG.leaves[other], index, size, proof, root),
            (leaf, index, size, [*proof[:place], _flipped(random_, proof[place]), *proof[place + 1 :]], root),
            (leaf, index, size, [*proof[:place], *proof[place + 1 :]], root),
            (leaf, index, size, [*proof[:place], proof[place], *proof[place:]], root),
            (leaf, index, size, [*proof, sha256(b"more")], root),
            (leaf, index, size, proof, _flipped(random_, root)),
            (leaf, index, size, proof, BIG.root_at(size + 1)),
            (leaf, other, size, proof, root),
            (leaf, index + size, size, proof, root),
            (leaf, -1, size, proof, root),
            (leaf, index, 0, proof, root),
        ]
        if proof != proof[::-1]:
            forged.append((leaf, index, size, proof[::-1], root))
        for leaf_, index_, size_, proof_, root_ in forged:
            tried += 1
            assert not tree.verify_inclusion(sha256, leaf_, index_, size_, proof=proof_, root=root_)
            assert not verifier.included(as_checkpoint(size_, root_), leaf_, index_, proof_)
    assert tried > 12_000


def test_thousands_of_forged_consistency_proofs_are_refused_by_both_verifiers() -> None:
    random_ = random.Random(21)
    for _ in range(800):
        new = random_.randrange(3, 700)
        old = random_.randrange(1, new)
        before, after, proof = BIG.root_at(old), BIG.root_at(new), BIG.consistency(old, new)
        place = random_.randrange(len(proof))
        forged = [
            (old, new, [*proof[:place], _flipped(random_, proof[place]), *proof[place + 1 :]], before, after),
            (old, new, proof[:place] + proof[place + 1 :], before, after),
            (old, new, [*proof, sha256(b"more")], before, after),
            (old, new, proof, _flipped(random_, before), after),
            (old, new, proof, before, _flipped(random_, after)),
            (old, new, proof, after, before),
            (old, new, [], before, after),
            (new, old, proof, before, after),
            (0, new, proof, before, after),
            (old, old, proof, before, before),
        ]
        for old_, new_, proof_, before_, after_ in forged:
            assert not tree.verify_consistency(sha256, old_, new_, proof=proof_, old_root=before_, new_root=after_)
            assert not verifier.consistent(as_checkpoint(old_, before_), as_checkpoint(new_, after_), proof_)


def test_a_rewritten_history_has_no_consistency_proof() -> None:
    """The operator changes leaf 3 and rebuilds: no proof it can make links the old root to the new one."""
    leaves = some_leaves(40)
    honest = Tree(leaves[:20])
    rewritten = Tree([*leaves[:3], sha256(b"another"), *leaves[4:]])
    proof = rewritten.consistency(20, 40)
    assert not tree.verify_consistency(sha256, 20, 40, proof=proof, old_root=honest.root, new_root=rewritten.root)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 4)])
def test_no_proof_is_made_of_a_leaf_outside_the_tree(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="not in a tree"):
        tree.inclusion_ranges(index, size)


@pytest.mark.parametrize(("old", "new"), [(0, 4), (5, 4), (-1, 4)])
def test_no_consistency_is_proven_from_nothing_or_backwards(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="no consistency proof"):
        tree.consistency_ranges(old, new)
