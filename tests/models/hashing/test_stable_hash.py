"""Hashes are the same everywhere: known answers, one of many at once, and what is refused."""

import os
import subprocess
import sys
from hashlib import blake2b
from typing import Any

import numpy as np
import pytest

from models.hashing import hash_of, hashes_of, scrambled


def test_scrambling_is_split_mix_64() -> None:
    """The first outputs of the generator for the seeds 0 and 1234567, as published with it."""
    assert scrambled(0) == 0xE220A8397B1DCDAF
    assert scrambled(1234567) == 6457827717110365317


def test_text_has_the_hash_of_its_bytes() -> None:
    digest = blake2b(b"customer 17", digest_size=8).digest()
    assert hash_of("customer 17") == hash_of(b"customer 17") == int.from_bytes(digest, "little")


@pytest.mark.slow
def test_hash_does_not_depend_on_the_hash_seed_of_the_process() -> None:
    program = "from models.hashing import hash_of; print(hash_of(('cart', 17, b'x')), hash_of('Zürich'))"
    another = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    output = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONHASHSEED": another, "PYTHONPATH": ":".join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert output == f"{hash_of(('cart', 17, b'x'))} {hash_of('Zürich')}\n"


def test_what_is_equal_has_one_hash() -> None:
    assert hash_of(1) == hash_of(True) == hash_of(np.int64(1)) == hash_of(np.uint8(1))
    assert hash_of(("a", 1)) == hash_of(("a", True))
    assert hash_of(np.str_("a")) == hash_of("a")


def test_what_differs_has_different_hashes() -> None:
    keys = [1, "1", (1,), ("1",), (1, 1), ((1,), 1), "", (), -1, 2**63, "a", ("a", "b"), ("ab",), ("b", "a")]
    assert len({hash_of(key) for key in keys}) == len(keys)


@pytest.mark.parametrize(
    "key", [None, 1.5, ["a"], {"a": 1}, object(), ("a", None)], ids=lambda key: type(key).__name__
)
def test_other_keys_are_refused(key: Any) -> None:
    with pytest.raises(TypeError, match="key must be a text, bytes, a whole number, or a tuple of these"):
        hash_of(key)


@pytest.mark.parametrize(
    "numbers", [np.array([0, 1, -1, 2**62]), np.array([[1, 2], [3, 4]], dtype=np.uint8), range(5, 50, 7)]
)
def test_many_at_once_are_hashed_as_one_by_one(numbers: Any) -> None:
    expected = [hash_of(int(number)) for number in np.ravel(numbers)]
    hashes = hashes_of(numbers)
    assert hashes.ravel().tolist() == expected
    assert hashes.shape == np.shape(numbers)


def test_many_texts_are_hashed_as_one_by_one() -> None:
    texts = ["a", "b", ("c", 1)]
    assert hashes_of(texts).tolist() == [hash_of(text) for text in texts]


@pytest.mark.slow
def test_blocks_of_keys_join_without_a_seam() -> None:
    """The first and the last key of a block, and of what is left after the last whole one."""
    block = 2**15
    count = 2 * block + 10
    numbers = np.arange(count)
    texts = [f"key {number}" for number in range(count)]
    of_numbers = (
        hashes_of(numbers.reshape(2, -1)).ravel(),
        hashes_of(range(count)),
        hashes_of(iter(numbers)),
    )
    of_texts = (hashes_of(texts), hashes_of(np.array(texts)), hashes_of(iter(texts)))
    for place in (0, block - 1, block, 2 * block - 1, 2 * block, count - 1):
        assert {int(hashes[place]) for hashes in of_numbers} == {hash_of(place)}
        assert {int(hashes[place]) for hashes in of_texts} == {hash_of(texts[place])}
    assert {len(hashes) for hashes in (*of_numbers, *of_texts)} == {count}


@pytest.mark.parametrize("nothing", [[], (), np.array([], dtype=np.int64), range(0), iter(())])
def test_no_keys_have_no_hashes(nothing: Any) -> None:
    hashes = hashes_of(nothing)
    assert hashes.shape == (0,)
    assert hashes.dtype == np.uint64


def test_one_odd_key_among_texts_is_hashed_or_refused_as_alone() -> None:
    texts: list[Any] = ["a", b"b", "c", 1, np.str_("d"), ("e",)]
    assert hashes_of(texts).tolist() == [hash_of(text) for text in texts]
    with pytest.raises(TypeError, match=r"key must be a text, bytes, .* got None"):
        hashes_of(["a", None])


@pytest.mark.slow
def test_each_bit_of_a_hash_is_set_for_half_of_the_keys() -> None:
    """100,000 keys: a share of 1/2 has a standard deviation of 0.0016; five are 0.008."""
    for hashes in (hashes_of(np.arange(100_000)), hashes_of(f"key {number}" for number in range(100_000))):
        shares = [((hashes >> np.uint64(bit)) & np.uint64(1)).mean() for bit in range(64)]
        assert max(abs(share - 0.5) for share in shares) < 0.008
