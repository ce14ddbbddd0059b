"""Filtering arrays by a plan of the library."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from . import _library
from ._arrays import Array, Colors, Layout, NDArray, Pair, as_array, is_describable, native, output, sample_type
from ._errors import ArgumentError, ArrayTypeError, UnsupportedError
from ._watch import threads_of, watched
from .handle import Handle

# Below so many samples a call ends before somebody could want to stop it.
_SHORT = 1 << 20
# The reference that float64 runs is slower by far.
_SHORT_OF_DOUBLES = 1 << 14


class Halo(NamedTuple):
    """Pixels that a pixel of the result reads at most, on each side of its own.

    A tile of an image gives the same pixels as the whole, to the bit, if it is that much larger, and if its first row and column are
    multiples of `alignment` in the image.
    """

    left: int
    right: int
    above: int
    below: int
    alignment: int


@dataclass(frozen=True)
class Rules:
    """How to filter, as users say it."""

    border: str = "clamp"
    border_value: float = 0.0
    nonfinite: str = "refuse"
    direction: str = "gather"
    threads: int | None = None
    allows_halfs: bool = False

    def options(self) -> _library.ApplyOptions:
        return _library.sized(
            _library.ApplyOptions,
            border=choice(self.border, _library.BORDERS, "border"),
            border_value=float(self.border_value),
            nonfinite=choice(self.nonfinite, _library.NONFINITES, "nonfinite"),
            direction=choice(self.direction, _library.DIRECTIONS, "direction"),
            threads=threads_of(self.threads),
            allows_halfs=int(self.allows_halfs),
        )


def choice(value: str, choices: dict[str, int], name: str) -> int:
    """What a word stands for.

    Raises
    ------
    ArgumentError
        It is none of the words.
    """
    if value not in choices:
        raise ArgumentError(f"{name} is {value!r}: expected one of {', '.join(map(repr, choices))}")
    return choices[value]


def checked_colors(
    transfer: str, alpha: int | None, alpha_is_associated: bool, shape: tuple[int, ...], layout: Layout
) -> Colors:
    """What samples stand for; `alpha` may count from the end.

    Raises
    ------
    ArgumentError
        There is no such transfer function, or no such channel.
    """
    choice(transfer, _library.TRANSFERS, "transfer")
    if alpha is None:
        return Colors(transfer)
    count = shape[layout.channel_axis("array")]
    if not -count <= alpha < count:
        raise ArgumentError(f"alpha is {alpha}: expected a channel, {-count} to {count - 1}")
    return Colors(transfer, alpha % count, alpha_is_associated)


class Plan(Handle):
    """A filter or basis made ready for images of one width."""

    _kind = "plan"


def halo_of(make: str, handle: int) -> Halo:
    """What a filter or basis reads."""
    info = _library.sized(_library.PlanInfo)
    with Plan._made(make, handle, 1) as plan:
        _library.call("fewtap_plan_get_info", plan._handle, ctypes.byref(info))
    return Halo(info.left, info.right, info.above, info.below, info.alignment)


def run(
    make: str,
    handle: int,
    array: Array,
    out: Any,
    rules: Rules,
    *,
    layout: str | None = None,
    transfer: str = "linear",
    alpha: int | None = None,
    alpha_is_associated: bool = False,
    map_of: Callable[[int, int], Handle] | None = None,
    is_adjoint: bool = False,
) -> Any:
    """Filters `array` into `out`, or into a new array of its shape and dtype, and returns that.

    `map_of` gives a map for images of a height and width.
    """
    source = as_array(array)
    sample_type(source.dtype, "array")
    axes = Layout.of(source.shape, layout)
    axes.check(source.shape, "array")
    colors = checked_colors(transfer, alpha, alpha_is_associated, source.shape, axes)
    if is_adjoint and source.dtype.itemsize < 4:
        raise ArrayTypeError(f"array has samples of type {source.dtype}: an adjoint takes float32 or float64")
    target = output(out, source)
    options = rules.options()
    height, width = axes.size(source.shape)
    written = target if is_describable(target) else native(np.empty_like(target, subok=False))
    readable = native(source)
    if readable is source and np.may_share_memory(source, written):
        readable = source.copy()
    pair = Pair(readable, written, axes, colors)
    map = map_of(height, width) if map_of else None
    function = "fewtap_apply_adjoint" if is_adjoint else "fewtap_apply"

    def work(progress: Any) -> None:
        options.progress = progress
        with Plan._made(make, handle, width) as plan:
            for image, result in pair.images():
                _library.call(
                    function,
                    plan._handle,
                    map and map._handle,
                    ctypes.byref(image),
                    ctypes.byref(result),
                    ctypes.byref(options),
                )

    watched(work, None, is_short=source.size < (_SHORT_OF_DOUBLES if source.dtype.itemsize == 8 else _SHORT))
    if written is not target:
        np.copyto(target, written)
    return target if out is None else out


def run_padded(halo: Halo, array: Array, out: Any, layout: str | None, filtered: Callable[[NDArray, str], Any]) -> Any:
    """Filters an image with borders mirrored about the outermost pixels' outer edges, `b a | a b c | c b`, which the library has not:
    of a padded copy, whose padding is cut off again.
    """
    source = as_array(array)
    sample_type(source.dtype, "array")
    axes = Layout.of(source.shape, layout)
    axes.check(source.shape, "array")
    # So that a lower rate's pixels stay where they are.
    left, above = (-(-side // halo.alignment) * halo.alignment for side in (halo.left, halo.above))
    margins = {"h": (above, halo.below), "w": (left, halo.right)}
    padded = np.pad(source, [margins.get(axis, (0, 0)) for axis in axes.axes], mode="symmetric")
    target = output(out, source)
    result = filtered(padded, axes.axes)
    inside = tuple(
        slice(margins[axis][0], margins[axis][0] + count) if axis in margins else slice(None)
        for axis, count in zip(axes.axes, source.shape)
    )
    np.copyto(target, result[inside], casting="same_kind")
    return target if out is None else out


def refuse_reflect(border: str, what: str) -> None:
    """Raises `UnsupportedError` for a border that only filters have."""
    if border == "reflect":
        raise UnsupportedError(f"border 'reflect' is not for {what}: pad the image, or use 'mirror'")
