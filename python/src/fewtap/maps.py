"""Maps: which filter of a basis every pixel gets."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Union

import numpy as np
import numpy.typing as npt

from . import _library, _repr
from ._apply import choice
from ._arrays import Array, as_array, planes
from ._errors import ArgumentError, ArrayTypeError, ShapeError
from .handle import Handle

Length = Union[float, str]
"""Pixels, or a share as "60%"."""


@dataclass(frozen=True)
class Source:
    """Where a parameter's values come from: made by `constant`, `plane`, `ramp`, `radial` and `field`."""

    fields: dict[str, Any]
    plane: Any = None


def constant(value: float) -> Source:
    """One value everywhere."""
    return Source({"kind": _library.MAP_CONSTANT, "value": float(value)})


def plane(values: Array, *, nearest: bool = False, stretch: bool = False, period: float = 0.0) -> Source:
    """Numbers of an array of shape (h, w), sampled where its size is not the image's.

    Parameters
    ----------
    values : array of shape (h, w)
        Real numbers.
    nearest : bool
        Whether to take the nearest number instead of interpolating.
    stretch : bool
        Whether its shape may differ from the image's.
    period : float
        The way around of values that come around, 360 for degrees.
    """
    return Source(
        {"kind": _library.MAP_PLANE, "nearest": int(nearest), "stretches": int(stretch), "period": float(period)},
        values,
    )


def ramp(
    low: float,
    high: float,
    *,
    start: Length = 0.0,
    rise: Length,
    angle: float = 0.0,
    center: tuple[Length, Length] | None = None,
    exponent: float = 1.0,
) -> Source:
    """A ramp on both sides of a line: tilt-shift.

    Parameters
    ----------
    low, high : float
        The value up to a distance of `start` from the line, and from `start + rise` on.
    start, rise : float or "share%"
        Pixels, or a share of the image's height.
    angle : float
        Of the line, degrees, counterclockwise from the right.
    center : (x, y), optional
        A point of the line, pixels or shares of the sides; the image's middle by default.
    exponent : float
        Of the ramp.
    """
    return Source(
        {
            "kind": _library.MAP_RAMP,
            "angle": float(angle),
            **_rising(low, high, start, rise, exponent),
            **_center(center),
        }
    )


def radial(
    low: float,
    high: float,
    *,
    start: Length = 0.0,
    rise: Length = "100%",
    center: tuple[Length, Length] | None = None,
    exponent: float = 1.0,
) -> Source:
    """A ramp by the distance from a point, as `ramp`; shares of lengths are of half the image's diagonal."""
    return Source({"kind": _library.MAP_RADIAL, **_rising(low, high, start, rise, exponent), **_center(center)})


def field(name: str, *, center: tuple[Length, Length] | None = None) -> Source:
    """The place in the image: "x", "y" (-1 to 1), "column", "row", "radius" (1: half the diagonal) or "direction" (degrees)."""
    return Source({"kind": _library.MAP_FIELD, "field": name.encode(), **_center(center)})


def _rising(low: float, high: float, start: Length, rise: Length, exponent: float) -> dict[str, Any]:
    return {
        "low": float(low),
        "high": float(high),
        "start": _length(start, "start"),
        "rise": _length(rise, "rise"),
        "exponent": float(exponent),
    }


def _center(center: tuple[Length, Length] | None) -> dict[str, Any]:
    if center is None:
        return {}
    x, y = center
    return {"has_center": 1, "center_x": _length(x, "center[0]"), "center_y": _length(y, "center[1]")}


def _length(value: Length, name: str) -> _library.Length:
    try:
        if isinstance(value, str):
            if not value.endswith("%"):
                raise ValueError
            return _library.Length(float(value[:-1]) / 100, 1)
        return _library.Length(float(value), 0)
    except (TypeError, ValueError):
        raise ArgumentError(f"{name} is {value!r}: expected pixels, or a share such as '60%'") from None


class Map(Handle):
    """The parameters of every pixel of an image, or its weights of a basis' filters.

    Parameters
    ----------
    shape : (int, int)
        Height and width of the image.
    sources : sequence
        For each parameter of the basis a `Source`, a number, or an array of shape (H, W).
    """

    _kind = "map"

    def __init__(self, shape: tuple[int, int], sources: Sequence[Any]) -> None:
        height, width = shape
        found = [as_source(source) for source in sources]
        kept = [None if source.plane is None else planes(source.plane, "plane") for source in found]
        structs = (_library.MapSource * max(1, len(found)))(
            *(
                _library.sized(
                    _library.MapSource,
                    **source.fields,
                    **({} if image is None else {"plane": ctypes.pointer(image[0])}),
                )
                for source, image in zip(found, kept)
            )
        )
        self._make("fewtap_map_create", int(width), int(height), structs, len(found))

    @classmethod
    def parameters(cls, values: Array) -> Map:
        """The map of an array of shape (A, H, W), a plane for each parameter, or (H, W) for one; copied."""
        image, _kept = planes(values, "values")
        return cls._made("fewtap_map_parameters", ctypes.byref(image))

    @classmethod
    def weights(cls, values: Array) -> Map:
        """Weights of a basis' filters at every pixel, an array of shape (K, H, W), of any sign and sum; copied.

        Gather is ``out = sum_k w_k * (F_k in)``, scatter ``out = sum_k F_k (w_k * in)``.
        """
        image, _kept = planes(values, "values")
        return cls._made("fewtap_map_weights", ctypes.byref(image))

    def admitted(self, basis: Handle, *, nan: str = "refuse", strict: bool = False) -> Map:
        """The map as `basis` can use it: in memory, NaN replaced, values clamped to what the basis was made for, or wrapped into it.

        Plans clamp and wrap by themselves, and refuse NaN.

        Parameters
        ----------
        basis : Basis
            Whose parameters they are.
        nan : {"refuse", "low", "high"}
            What a NaN stands for: an error, or the least or largest value that the basis has.
        strict : bool
            Whether values outside are an error.
        """
        return Map._made(
            "fewtap_map_admit",
            self._handle,
            basis._handle,
            choice(nan, _library.MAP_NANS, "nan"),
            int(strict),
            None,
            0,
        )

    @property
    def _info(self) -> _library.MapInfo:
        info = _library.sized(_library.MapInfo)
        _library.call("fewtap_map_get_info", self._handle, ctypes.byref(info))
        return info

    @property
    def shape(self) -> tuple[int, int, int]:
        """Planes, height and width."""
        info = self._info
        return info.plane_count, info.height, info.width

    @property
    def is_weights(self) -> bool:
        """Whether its planes are weights of filters, not parameters."""
        return bool(self._info.is_weights)

    @property
    def array(self) -> npt.NDArray[np.float32]:
        """The values, a new array of shape (K, H, W)."""
        values = np.empty(self.shape, np.float32)
        image, _kept = planes(values, "values")
        _library.call("fewtap_map_get_values", self._handle, ctypes.byref(image))
        return values

    def __reduce__(self) -> tuple[Any, ...]:
        return (Map.weights if self.is_weights else Map.parameters), (self.array,)

    def _summary(self) -> str:
        count, height, width = self.shape
        return f": {count} {'weights' if self.is_weights else 'parameters'} of {width}x{height} pixels"

    def _pictures(self) -> list[str]:
        step = max(1, max(self.shape[1:]) // 160)
        return [_repr.picture(plane[::step, ::step].astype(np.float64), "map") for plane in self.array[:16]]


def as_source(source: Any) -> Source:
    """A source itself, or the one of a number or an array."""
    if isinstance(source, Source):
        return source
    if isinstance(source, (int, float, np.integer, np.floating)):
        return constant(float(source))
    try:
        return plane(as_array(source))
    except ArrayTypeError:
        raise ArrayTypeError(
            f"a source of type {type(source).__name__} is none: expected a number, an array of shape (H, W), or fewtap.ramp "
            "and the like"
        ) from None


def as_map(given: Any, height: int, width: int) -> Map:
    """The map that a user means for images of a size: itself, an array of parameters, a source, or a sequence of sources."""
    if isinstance(given, Map):
        return given
    if isinstance(given, (list, tuple)):
        return Map((height, width), given)
    if isinstance(given, (Source, int, float, np.integer, np.floating)):
        return Map((height, width), [given])
    values = as_array(given, "map")
    if values.shape[-2:] != (height, width):
        raise ShapeError(
            f"map has shape {values.shape}: expected the image's height and width at its end, {height}, {width}"
        )
    return Map.parameters(values)
