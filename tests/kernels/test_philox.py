from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from chowki.core.chance import generator, key
from chowki.kernels import philox

words = st.integers(0, 2**64 - 1)
U64 = np.uint64


def words_of(*values: int) -> tuple[np.uint64, ...]:
    return tuple(U64(value) for value in values)


@pytest.mark.parametrize(
    ("counter", "key_words", "expected"),
    [  # Random123's known-answer file, philox4x64 with 10 rounds
        (
            (0, 0, 0, 0),
            (0, 0),
            (0x16554D9ECA36314C, 0xDB20FE9D672D0FDC, 0xD7E772CEE186176B, 0x7E68B68AEC7BA23B),
        ),
        (
            (2**64 - 1,) * 4,
            (2**64 - 1,) * 2,
            (0x87B092C3013FE90B, 0x438C3C67BE8D0224, 0x9CC7D7C69CD777B6, 0xA09CAEBF594F0BA0),
        ),
        (
            (0x243F6A8885A308D3, 0x13198A2E03707344, 0xA4093822299F31D0, 0x082EFA98EC4E6C89),
            (0x452821E638D01377, 0xBE5466CF34E90C6C),
            (0xA528F45403E61D95, 0x38C72DBD566E9788, 0xA5A1610E72FD18B5, 0x57BD43B5E52B7FE6),
        ),
    ],
)
def test_known_answers(
    counter: tuple[int, ...], key_words: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    block = philox.philox(*words_of(*key_words), *words_of(*counter))
    assert tuple(int(word) for word in block) == expected


@given(st.integers(0, 2**31), st.integers(0, 2**40), st.integers(0, 2**31))
def test_equals_numpys_philox(seed: int, thing: int, look: int) -> None:
    ours = philox.uniform4(*key(seed, "test"), thing, look, 0)
    assert list(ours) == generator(seed, "test", thing, look).random(4).tolist()


def test_count_continues_numpys_stream() -> None:
    stream = generator(7, "test", 3, 5).random(40)
    k0, k1 = key(7, "test")
    ours = [u for count in range(10) for u in philox.uniform4(k0, k1, 3, 5, count)]
    assert ours == stream.tolist()


def test_purposes_and_seeds_are_unrelated() -> None:
    keys = {key(seed, purpose) for seed in range(50) for purpose in ("a", "b")}
    assert len(keys) == 100


def test_normals_are_normal() -> None:
    k0, k1 = key(1, "normal")
    draws = [z for i in range(5_000) for z in philox.normal2(k0, k1, i, 0, 0)]
    assert stats.kstest(draws, "norm").pvalue > 1e-3


@pytest.mark.parametrize("mean", [0.3, 4.0, 60.0, 400.0])
def test_poisson_is_the_inverse_of_its_distribution(mean: float) -> None:
    k0, k1 = key(1, "poisson")
    uniforms = [philox.uniform4(k0, k1, i, 0, 0)[0] for i in range(300)]
    assert [philox.poisson(mean, u) for u in uniforms] == stats.poisson(mean).ppf(uniforms).tolist()


@given(words, words)
def test_the_high_half_of_a_product(a: int, b: int) -> None:
    assert int(philox._high(U64(a), U64(b))) == (a * b) >> 64


def test_uniforms_stay_below_one() -> None:
    k0, k1 = key(2, "edge")
    draws = np.array([philox.uniform4(k0, k1, i, 0, 0) for i in range(2_000)])
    assert draws.min() >= 0.0
    assert draws.max() < 1.0
    assert stats.kstest(draws.ravel(), "uniform").pvalue > 1e-3
    assert math.isclose(draws.mean(), 0.5, abs_tol=4 / math.sqrt(12 * draws.size))
