# SPDX-License-Identifier: Apache-2.0
"""The Merkle tree of RFC 9162 §2.1, over stored hashes of complete subtrees.

A node `(level, index)` is the hash of the 2^level leaves from `index * 2^level` on; `(0, i)` is leaf i. A stored node
never changes, so any earlier root and any proof is folded from O(log n) of them. The hash is a parameter: the tree
knows neither SHA-256 nor SM3. Proofs are lists of hashes, nearest the leaf first, as the RFC writes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

Hash = Callable[[bytes], bytes]
NodeId = tuple[int, int]
Range = tuple[int, int]


def leaf_hash(hash_: Hash, data: bytes) -> bytes:
    """MTH of one entry. The prefixes 0x00 and 0x01 keep a leaf from ever passing for a node."""
    return hash_(b"\x00" + data)


def node_hash(hash_: Hash, left: bytes, right: bytes) -> bytes:
    return hash_(b"\x01" + left + right)


def peaks(size: int) -> list[NodeId]:
    """The complete subtrees that make up a tree of `size` leaves, left to right."""
    return range_nodes((0, size))


def range_nodes(span: Range) -> list[NodeId]:
    """The complete subtrees of the leaves `[start, end)`, left to right, where `span` is a subtree of the RFC."""
    start, end = span
    found: list[NodeId] = []
    while start < end:
        level = (end - start).bit_length() - 1
        found.append((level, start >> level))
        start += 1 << level
    return found


def fold(hash_: Hash, hashes: Sequence[bytes]) -> bytes:
    """The root over complete subtrees given left to right; over none, the hash of nothing (RFC 9162 §2.1.1)."""
    if not hashes:
        return hash_(b"")
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(hash_, left, root)
    return root


def extend(
    hash_: Hash, size: int, tops: list[bytes], leaves: Iterable[bytes]
) -> tuple[list[tuple[int, int, bytes]], list[bytes]]:
    """Append leaf hashes to a tree of `size` leaves whose peaks hash to `tops`.

    Returns the new complete subtrees above the leaves as (level, index, hash), and the new peaks.
    """
    tops, made = list(tops), []
    for position, leaf in enumerate(leaves, size):
        tops.append(leaf)
        index, level = position, 0
        while index & 1:
            right = tops.pop()
            left = tops.pop()
            index, level = index >> 1, level + 1
            top = node_hash(hash_, left, right)
            made.append((level, index, top))
            tops.append(top)
    return made, tops


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """PATH(m, D_n) of RFC 9162 §2.1.3.1 as leaf ranges. Raises `ValueError` unless 0 ≤ index < size."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    path, start, end = [], 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start = middle
    return path[::-1]


def consistency_ranges(old: int, new: int) -> list[Range]:
    """PROOF(m, D_n) of RFC 9162 §2.1.4.1 as leaf ranges. Raises `ValueError` unless 0 < old ≤ new."""
    if not 0 < old <= new:
        raise ValueError(f"no consistency proof from {old} to {new}")
    proof, start, end, whole = [], 0, new, True
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            proof.append((middle, end))
            end = middle
        else:
            proof.append((start, middle))
            start, whole = middle, False
    if not whole:
        proof.append((start, end))
    return proof[::-1]


def prove(hash_: Hash, ranges: Sequence[Range], nodes: Mapping[NodeId, bytes]) -> list[bytes]:
    """The hashes of `ranges`, folded from stored `nodes`, which must hold every one of `needed(ranges)`."""
    return [fold(hash_, [nodes[node] for node in range_nodes(span)]) for span in ranges]


def needed(ranges: Iterable[Range]) -> set[NodeId]:
    return {node for span in ranges for node in range_nodes(span)}


def verify_inclusion(hash_: Hash, leaf: bytes, index: int, size: int, *, proof: Sequence[bytes], root: bytes) -> bool:
    """RFC 9162 §2.1.3.2, for a leaf *hash*."""
    if not 0 <= index < size:
        return False
    position, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            found = node_hash(hash_, sibling, found)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            found = node_hash(hash_, found, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(
    hash_: Hash, old: int, new: int, *, proof: Sequence[bytes], old_root: bytes, new_root: bytes
) -> bool:
    """RFC 9162 §2.1.4.2. From the empty tree nothing can be proven, so `old` must be positive."""
    if not 0 < old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        return False
    position, last = old - 1, new - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    before = after = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            before = node_hash(hash_, sibling, before)
            after = node_hash(hash_, sibling, after)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            after = node_hash(hash_, after, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and before == old_root and after == new_root


def _split(count: int) -> int:
    """The largest power of two smaller than `count` (≥ 2)."""
    return 1 << ((count - 1).bit_length() - 1)
