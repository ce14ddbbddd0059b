"""Gradients of a loss through a filter or basis, by the library."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _library
from ._apply import Plan, Rules
from ._arrays import NDArray, planes, pointer
from ._watch import watched
from .maps import Map
from .stored import Stored

# Below so many samples a call ends before somebody could want to stop it; the reference that float64 runs is slower by far.
_SHORT, _SHORT_OF_DOUBLES = 1 << 19, 1 << 13


@dataclass(frozen=True)
class Gradients:
    """What a loss changes by; None for what was not wanted.

    Attributes
    ----------
    input
        With the image's pixels, of its shape and dtype.
    offset
        With the taps' offsets, shape (T, 2), columns x and y; of a basis those of all filters.
    weight
        With their weights, shape (T,).
    gain
        With the gain, shape (K,) for K filters.
    map
        With the values of a map, float64 of shape (A, H, W), or of weights (K, H, W).
    """

    input: NDArray | None = None
    offset: npt.NDArray[np.float64] | None = None
    weight: npt.NDArray[np.float64] | None = None
    gain: npt.NDArray[np.float64] | None = None
    map: NDArray | None = None


def pullback(
    made: Stored,
    image: NDArray,
    cotangent: NDArray,
    rules: Rules,
    *,
    wants_input: bool = False,
    tap_count: int | None = None,
    gain_count: int | None = None,
    map: Map | None = None,
    wants_map: bool = False,
) -> Gradients:
    """The gradients of a loss of which the filtered image has the gradient `cotangent`.

    Parameters
    ----------
    image, cotangent : arrays of shape (K, H, W), both float32 or both float64
    wants_input, tap_count, gain_count, wants_map
        What is wanted: of the pixels; of so many taps; of so many gains; of the map.
    """
    (source, _source), (change, _change) = planes(image, "image"), planes(cotangent, "cotangent")
    wanted = _library.sized(_library.Gradients)
    result = Gradients(
        input=np.empty(image.shape, image.dtype) if wants_input else None,
        offset=None if tap_count is None else np.empty((2, tap_count)),
        weight=None if tap_count is None else np.empty(tap_count),
        gain=None if gain_count is None else np.empty(gain_count),
        map=np.empty(map.shape) if map and wants_map else None,
    )
    if result.input is not None:
        wanted.input = ctypes.pointer(planes(result.input, "input")[0])
    if result.offset is not None and result.weight is not None:
        (wanted.x, wanted.y), wanted.weight = (pointer(line) for line in result.offset), pointer(result.weight)
        wanted.tap_count = result.weight.size
    if result.gain is not None:
        wanted.gain, wanted.gain_count = pointer(result.gain), result.gain.size
    if result.map is not None:
        wanted.map = ctypes.pointer(planes(result.map, "map")[0])
    options = rules.options()

    def work(progress: Any) -> None:
        options.progress = progress
        with Plan._made(made._plan, made._handle, image.shape[2]) as plan:
            _library.call(
                "fewtap_pullback",
                plan._handle,
                map and map._handle,
                *(ctypes.byref(given) for given in (source, change, wanted, options)),
            )

    watched(work, None, is_short=image.size < (_SHORT_OF_DOUBLES if image.dtype.itemsize == 8 else _SHORT))
    return Gradients(
        result.input, None if result.offset is None else result.offset.T, result.weight, result.gain, result.map
    )
