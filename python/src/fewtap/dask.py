"""Filtering dask arrays, chunk by chunk: images that no memory holds, on as many machines as there are.

::

    import dask.array
    import fewtap.dask

    image = dask.array.from_zarr("huge.zarr")
    blurred = fewtap.dask.apply(image, filter)      # lazy; .compute(), .to_zarr() and the like run it

Each chunk is filtered with just the pixels around it that the filter reads. The result equals that of the whole image, to the bit.
Needs dask: ``pip install "dask[array]"``, and ``distributed`` for clusters.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, Union

import numpy as np

try:
    import dask.array as da
    from dask.array.overlap import overlap, trim_internal
except ImportError as error:
    raise ImportError('fewtap.dask needs dask: pip install "dask[array]"') from error

from . import maps
from ._apply import Halo, Rules, checked_colors, refuse_reflect
from ._arrays import Layout, NDArray, sample_type
from ._errors import ArgumentError, ArrayTypeError, NonFiniteError, ShapeError
from .basis import Basis
from .filter import Filter

__all__ = ["apply"]

# An index for the planes of maps, which is no letter of a layout.
_PLANES = "planes"


def apply(
    array: Any,
    filter: Union[Filter, Basis],
    *,
    map: Any = None,
    weights: Any = None,
    direction: str = "gather",
    border: str = "clamp",
    border_value: float = 0.0,
    layout: str | None = None,
    transfer: str = "linear",
    alpha: int | None = None,
    alpha_is_associated: bool = False,
    nonfinite: str = "refuse",
    threads: int = 1,
) -> Any:
    """Filters a dask array lazily: what comes equals ``filter.apply(array.compute(), ...)``, to the bit.

    Parameters
    ----------
    array : dask array of shape (H, W), (H, W, C) or (N, C, H, W)
        As for `Filter.apply`. Chunks narrower than what the filter reads around a pixel are put together, and those of filters at a
        lower rate begin at its pixels: the result has such chunks, too.
    filter : Filter or Basis
        Goes to workers as its JSON.
    map : dask array of shape (A, H, W), or as for `Basis.apply`
        For a basis. Sources such as `fewtap.radial` are made for the whole image at once, four bytes a pixel; a dask array is not.
    weights : array or dask array of shape (K, H, W)
        For a basis, instead of a map: how much of each filter a pixel gets, as for `Map.weights`.
    direction, border, border_value, layout, transfer, alpha, alpha_is_associated, nonfinite
        As for `Filter.apply` and `Basis.apply`.
    threads : int
        Of a chunk; dask filters several chunks at once.

    Returns
    -------
    dask array
        Of the input's shape and dtype. What is wrong with single pixels, such as NaN, is raised when it is computed.
    """
    if not isinstance(array, da.Array):
        raise ArrayTypeError(
            f"array is of type {type(array).__name__}: expected a dask array, as of dask.array.from_array; others take filter.apply"
        )
    if not isinstance(filter, (Filter, Basis)):
        raise ArrayTypeError(f"filter is of type {type(filter).__name__}: expected a fewtap.Filter or fewtap.Basis")
    sample_type(array.dtype, "array")
    _check_known(array, "array")
    axes = Layout.of(array.shape, layout)
    axes.check(array.shape, "array")
    checked_colors(transfer, alpha, alpha_is_associated, array.shape, axes)
    options: dict[str, Any] = {
        "border": border, "border_value": border_value, "nonfinite": nonfinite, "threads": threads, "layout": axes.axes,
        "transfer": transfer, "alpha": alpha, "alpha_is_associated": alpha_is_associated,
    }  # fmt: skip
    if alpha is not None:
        array = array.rechunk({axes.channel_axis("array"): -1})
    overlaps = _Overlaps.of(array, axes, filter.halo, is_periodic=border == "wrap")
    image = array.rechunk(overlaps.chunks)
    parts = [overlaps.around(image, axes.axes), axes.axes]
    if isinstance(filter, Basis):
        refuse_reflect(border, "bases")
        options["direction"] = direction
        planes = _planes(map, weights, axes.size(array.shape), filter)
        planes = planes.rechunk({0: -1, 1: overlaps.chunks_of("h"), 2: overlaps.chunks_of("w")})
        # Beyond the image parameters are those of its nearest pixel, whatever the border.
        parts += [overlaps.around(planes, (_PLANES, "h", "w"), edges="nearest"), (_PLANES, "h", "w")]
    elif map is not None or weights is not None:
        raise ArgumentError("a map is given for a filter, which is the same everywhere: give a Basis, or no map")
    Rules("clamp" if border == "reflect" else border, border_value, nonfinite, direction).options()
    work = _Work(type(filter).__name__, filter.to_json(), weights is not None, tuple(options.items()))
    dtype = array.dtype.newbyteorder("=")
    result = da.blockwise(
        work,
        axes.axes,
        *parts,
        dtype=dtype,
        meta=np.empty((0,) * array.ndim, dtype),
        concatenate=True,
        align_arrays=False,
    )
    return overlaps.inside(result, axes.axes)


@dataclass(frozen=True)
class _Overlaps:
    """How chunks of an image lap over each other: by `depths` pixels along those of its axes that are cut."""

    chunks: dict[int, Any]
    places: dict[str, int]
    depths: dict[str, int]
    is_periodic: bool

    @classmethod
    def of(cls, array: Any, axes: Layout, halo: Halo, is_periodic: bool) -> _Overlaps:
        chunks, depths = {}, {}
        places = {axis: axes.axes.index(axis) for axis in "hw"}
        for axis, sides in (("h", (halo.above, halo.below)), ("w", (halo.left, halo.right))):
            # As much on both sides, since a mirrored border reads on the other side; and a chunk with it begins at a lower rate's pixel.
            depth = -(-max(sides) // halo.alignment) * halo.alignment
            place = places[axis]
            chunks[place] = _aligned(array.chunks[place], halo.alignment, depth)
            # What is not cut has its borders by the filter itself.
            depths[axis] = depth if len(chunks[place]) > 1 else 0
        return cls(chunks, places, depths, is_periodic)

    def chunks_of(self, axis: str) -> Any:
        return self.chunks[self.places[axis]]

    def _by_index(self, axes: Any, edges: str) -> tuple[dict[int, int], dict[int, str]]:
        depths = {index: self.depths.get(axis, 0) for index, axis in enumerate(axes)}
        return depths, {index: edges if depth and self.is_periodic else "none" for index, depth in depths.items()}

    def around(self, array: Any, axes: Any, edges: str = "periodic") -> Any:
        """The array, of which each chunk has what is around it."""
        depths, kinds = self._by_index(axes, edges)
        return overlap(array, depths, kinds, allow_rechunk=False)

    def inside(self, array: Any, axes: str) -> Any:
        """The array without that again."""
        return trim_internal(array, *self._by_index(axes, "periodic"))


def _aligned(chunks: tuple[int, ...], alignment: int, least: int) -> tuple[int, ...]:
    """Chunks that begin at multiples of `alignment` next to where those given do, none narrower than `least`."""
    total = sum(chunks)
    cuts = [0]
    for end in np.cumsum(chunks[:-1]):
        cut = round(int(end) / alignment) * alignment
        if cut - cuts[-1] >= max(least, 1) and total - cut >= max(least, 1):
            cuts.append(cut)
    return tuple(int(size) for size in np.diff([*cuts, total]))


def _check_known(array: Any, name: str) -> None:
    if any(np.isnan(size) for size in array.shape):
        raise ShapeError(
            f"{name} has a shape that dask does not know, {array.shape}: call {name}.compute_chunk_sizes() first"
        )


def _planes(map: Any, weights: Any, size: tuple[int, int], basis: Basis) -> Any:
    """A map as a dask array of shape (K, H, W)."""
    if (map is None) == (weights is None):
        raise ArgumentError(
            "a basis needs either map or weights: the parameters of every pixel, or how much of each filter it gets"
        )
    name, given = ("map", map) if weights is None else ("weights", weights)
    if isinstance(given, maps.Map) and given.is_weights != (weights is not None):
        raise ArgumentError("a Map of weights is given by weights=, one of parameters by map=")
    if isinstance(given, (list, tuple)) and any(isinstance(source, da.Array) for source in given):
        given = da.stack([da.full(size, source) if np.isscalar(source) else _plane(source, size) for source in given])
    if isinstance(given, da.Array):
        _check_known(given, name)
        planes = given[np.newaxis] if given.ndim == 2 else given
    elif isinstance(given, (int, float, np.number)) and weights is None:
        planes = da.full((1, *size), float(given), dtype=np.float32)
    else:
        found = (
            maps.Map.weights(given)
            if weights is not None and not isinstance(given, maps.Map)
            else maps.as_map(given, *size)
        )
        planes = da.from_array(found.array, chunks=(-1, "auto", "auto"))
    count = len(basis.axes) if weights is None else basis._info.filter_count
    if planes.shape != (count, *size):
        what = "parameters of the basis" if weights is None else "filters of the basis"
        raise ShapeError(
            f"{name} has shape {planes.shape}: expected {(count, *size)}, the {count} {what} by the image's size"
        )
    if planes.dtype.kind not in "buif":
        raise ArrayTypeError(f"{name} has numbers of type {planes.dtype}: expected real numbers")
    return planes


def _plane(source: Any, size: tuple[int, int]) -> Any:
    return source if isinstance(source, da.Array) else da.from_array(maps.as_map(source, *size).array[0], chunks="auto")


@dataclass(frozen=True)
class _Work:
    """What is done with a chunk: everything in it is text and numbers, so that any process can get it."""

    kind: str
    json: str
    is_weights: bool
    options: tuple[tuple[str, Any], ...]

    def __call__(self, chunk: NDArray, planes: NDArray | None = None) -> Any:
        made, options = _made(self.kind, self.json), dict(self.options)
        try:
            if planes is None:
                return made.apply(chunk, **options)
            with (maps.Map.weights if self.is_weights else maps.Map.parameters)(planes) as map:
                return made.apply(chunk, map, **options)
        except NonFiniteError as error:
            raise NonFiniteError(f"in a chunk of shape {chunk.shape}, what is around it included: {error}") from None


@functools.lru_cache(maxsize=8)
def _made(kind: str, json: str) -> Any:
    """The filter or basis of a text, kept for the next chunk."""
    return (Basis if kind == "Basis" else Filter).from_json(json)
