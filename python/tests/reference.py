"""Convolution by SciPy in float64: what filters should give."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

import fewtap

Plane = npt.NDArray[np.float64]

_MODES = {"clamp": "nearest", "mirror": "mirror", "wrap": "wrap", "constant": "constant", "reflect": "reflect"}


def filtered(filter: fewtap.Filter, plane: npt.NDArray[Any], border: str, value: float = 0.0) -> Plane:
    """One plane under a filter's effective kernel, and that under SciPy's convolution."""
    kernel = filter.kernel()
    (x, y), (height, width) = kernel.center, kernel.shape
    # SciPy's origin counts from the middle.
    origin = (y - height // 2, x - width // 2)
    return np.asarray(
        ndimage.convolve(plane.astype(np.float64), kernel.array, mode=_MODES[border], cval=value, origin=origin)
    )


def bound(filter: fewtap.Filter, plane: npt.NDArray[Any]) -> float:
    """How far float32 may be off: gamma_n of a chain's operations, times what its weights and the image can come to."""
    operations = 2 * (filter.tap_count + 4 * len(filter.layers))
    return operations * float(np.finfo(np.float32).eps) * filter.noise_gain * max(1.0, float(np.abs(plane).max()))
