"""What tests share: filters that need no fit, and seeded images."""

from __future__ import annotations

import signal

import numpy as np
import numpy.typing as npt
import pytest

import fewtap

Image = npt.NDArray[np.float32]


@pytest.fixture(autouse=True, scope="session")
def interrupts() -> None:
    """Ctrl-C interrupts, as in a terminal: a shell's background jobs begin with the signal ignored, and Python then leaves it so."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20261122)


@pytest.fixture
def image(rng: np.random.Generator) -> Image:
    return rng.random((37, 53), dtype=np.float32)


@pytest.fixture(scope="session")
def cross() -> fewtap.Filter:
    """Two layers, not symmetric, so that what is flipped or transposed shows."""
    return fewtap.Filter.from_taps(
        [
            ([0, 3, 0, -5], [0, 1, -2, 4], [0.5, 0.25, 0.375, -0.125]),
            ([0, 2, -1], [0, 0, 3], [0.5, 0.25, 0.25]),
        ]
    )


@pytest.fixture(scope="session")
def slow() -> fewtap.Kernel:
    """A kernel whose fit takes far longer than any test waits."""
    return fewtap.Kernel("heart:size=49")
