"""Bases: filters at the knots of a grid of parameters, of which every pixel gets its own."""

from __future__ import annotations

import ctypes
import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Union

import numpy as np
import numpy.typing as npt

from . import _apply, _library, _repr, maps
from ._apply import Rules
from ._arrays import Array, as_array, as_numbers, pointer
from ._errors import ArgumentError, ShapeError
from ._progress import ProgressOption
from ._watch import threads_of
from .filter import Filter
from .fitting import _positive, _text, checked_seed, planner_options, run_fit
from .handle import Handle
from .kernel import Kernel, as_kernel
from .maps import Map
from .stored import Stored


@dataclass(frozen=True)
class Axis:
    """A parameter of a basis.

    Attributes
    ----------
    name, unit
        What it is called, and what it is in; "" for a number without a unit.
    knots
        Where filters stand, ascending, shape (n,).
    low, high
        The values that it was made for.
    is_periodic
        Whether values beyond come around again.
    """

    name: str
    unit: str
    knots: npt.NDArray[np.float64]
    low: float
    high: float
    is_periodic: bool


@dataclass(frozen=True)
class BasisAccuracy:
    """How close a basis is to its family between the knots.

    Attributes
    ----------
    photo_psnr, worst_photo_psnr
        PSNR on photographs, dB, mean and at the worst place.
    relative_error, noise_gain
        The largest.
    """

    photo_psnr: float
    worst_photo_psnr: float
    relative_error: float
    noise_gain: float


class Family(Handle):
    """Kernels that change with parameters.

    Parameters
    ----------
    words : str
        A kernel's words with ranges, such as ``"disk:radius=0...24"`` or ``"motion:length=1...24,angle=0...180"``.
    """

    _kind = "family"

    def __init__(self, words: str) -> None:
        self._words = words
        self._make("fewtap_family_parse", words.encode())

    @classmethod
    def measured(
        cls,
        kernels: Any,
        points: Any,
        *,
        axes: Sequence[str] = ("x", "y"),
        units: Sequence[str | None] | None = None,
        name: str = "measured",
        center: tuple[int, int] | None = None,
    ) -> Family:
        """A family through kernels that stand on a grid of parameters, in any order, linear between them.

        Parameters
        ----------
        kernels : array of shape (K, h, w), or sequence of kernels
        points : array of shape (K, A)
            The parameters of each.
        axes, units : sequences of A texts
            What the parameters are called.
        center : (int, int), optional
            Column and row of offset 0 in each array.
        """
        members = _members(kernels, center)
        places = as_numbers(points, "points")
        if places.ndim == 1:
            places = places[:, np.newaxis]
        if places.shape != (len(members), len(axes)):
            raise ShapeError(
                f"points has shape {places.shape}: expected ({len(members)}, {len(axes)}), kernels by axes"
            )
        made = cls._made(
            "fewtap_family_measured",
            _handles(members),
            len(members),
            _axes(axes, units),
            len(axes),
            pointer(places),
            name.encode(),
        )
        made._words = name
        return made

    _words: str

    def kernel(self, *point: float) -> Kernel:
        """The kernel at a point of the parameters."""
        values = np.array(point, np.float64)
        return Kernel._made("fewtap_family_get_kernel", self._handle, pointer(values), values.size)

    def _summary(self) -> str:
        return f" {self._words!r}"


class Basis(Stored):
    """Filters at the knots of a grid of parameters, from `fit`, `from_psfs`, `from_filters`, `load` or `from_json`."""

    _kind, _plan = "basis", "fewtap_plan_create_varying"

    def __init__(self) -> None:
        raise TypeError(
            "make a basis by Basis.fit(family), Basis.from_psfs, Basis.from_filters, Basis.load or from_json"
        )

    @classmethod
    def fit(
        cls,
        family: Union[Family, str, Array, Sequence[Kernel]],
        *,
        error: float | None = None,
        interpolation: str | None = None,
        knots: Sequence[int] | int | None = None,
        taps: int | None = None,
        layers: int | None = None,
        tracks: str | None = None,
        terms: Sequence[int] | int | None = None,
        objective: str | None = None,
        recipe: str | None = None,
        seed: int = 1,
        threads: int | None = None,
        progress: ProgressOption = True,
    ) -> Basis:
        """Fits a basis to a family, in seconds to minutes.

        Parameters
        ----------
        family : Family, str, array of shape (K, h, w), or sequence of kernels
            Words with ranges, such as ``"disk:radius=0...24"``, are a family. Kernels are fitted each for itself, for maps of weights:
            then only `error`, `seed`, `threads` and `progress` can be given.
        error : float, optional
            dB on photographs at the worst place between the knots; 60 unless `knots` are given.
        interpolation : "outputs" or "offsets", optional
            What is interpolated between knots: outputs of filters, or offsets of taps.
        knots : int or sequence of int, optional
            Knots along each parameter; as many as the error asks for by default.
        taps, layers : int, optional
            Of a filter, for "offsets".
        tracks : "knots", "series" or "auto", optional
            How taps change, for "offsets"; `terms` are the functions of each parameter of a series.
        objective, recipe, seed, threads, progress
            As for `fewtap.fit`.
        """
        if not isinstance(family, (Family, str)):
            given = [interpolation, knots, taps, layers, tracks, terms, objective, recipe]
            if any(value is not None for value in given):
                raise ArgumentError(
                    "kernels are fitted each for itself, as error, seed and threads say: leave out the rest"
                )
            return cls._fit_each(_members(family, None), error, seed, threads, progress)
        source = family if isinstance(family, Family) else Family(family)
        knot_counts, term_counts = _counts(knots), _counts(terms)
        options = _library.sized(
            _library.BasisOptions,
            interpolation=_text(interpolation),
            knots=None if knot_counts is None else pointer(knot_counts),
            knot_count=0 if knot_counts is None else knot_counts.size,
            error=_positive(error, "error"),
            taps=_positive(taps, "taps"),
            layers=_positive(layers, "layers"),
            tracks=_text(tracks),
            terms=None if term_counts is None else pointer(term_counts),
            term_count=0 if term_counts is None else term_counts.size,
            objective=_text(objective),
            recipe=_text(recipe),
            seed=checked_seed(seed),
            threads=threads_of(threads),
        )
        return run_fit("fewtap_basis_fit", (source._handle,), options, progress, cls)

    @classmethod
    def _fit_each(
        cls, kernels: list[Kernel], error: float | None, seed: int, threads: int | None, progress: ProgressOption
    ) -> Basis:
        options = planner_options(error, None, False, False, False, seed, threads)
        arguments = (_handles(kernels), len(kernels))
        return run_fit("fewtap_basis_fit_each", arguments, options, progress, cls)

    @classmethod
    def from_psfs(
        cls,
        psfs: Union[Array, Sequence[Kernel]],
        weights: Array | None = None,
        *,
        positions: Any = None,
        shape: tuple[int, int] | None = None,
        center: tuple[int, int] | None = None,
        error: float | None = None,
        seed: int = 1,
        threads: int | None = None,
        progress: ProgressOption = True,
    ) -> tuple[Basis, Map]:
        """A basis and a map from measured point spread functions.

        Parameters
        ----------
        psfs : array of shape (K, h, w), or sequence of kernels
        weights : array of shape (K, H, W), optional
            How much of each a pixel gets: the two that a space-varying blur of deepinv takes, without its batch and channels. Apply the
            basis with `direction="scatter"` for the same operator, ``sum_k psf_k * (weight_k x)``.
        positions : array of shape (K, 2), optional
            Instead: column and row, `(x, y)`, of the pixel that each was measured at; they must stand on a grid. Linear between them.
        shape : (int, int), optional
            Height and width of the image, for `positions`.
        center : (int, int), optional
            Column and row of offset 0 in each array.
        error : float, optional
            dB on photographs, 60 by default.
        seed, threads, progress
            As for `fewtap.fit`.

        Returns
        -------
        Basis, Map
            For ``basis.apply(image, map, direction="scatter")``.
        """
        if (weights is None) == (positions is None):
            raise ArgumentError(
                "give either weights or positions: how much of each kernel a pixel gets, or where each was measured"
            )
        members = _members(psfs, center)
        if positions is not None:
            if shape is None:
                raise ArgumentError("positions need shape, the height and width of the image")
            # The map first: what is wrong with it should not cost a fit.
            map = Map(shape, [maps.field("column"), maps.field("row")])
            family = Family.measured(members, positions, axes=("column", "row"), units=("px", "px"))
            return cls.fit(family, error=error, seed=seed, threads=threads, progress=progress), map
        assert weights is not None
        map = Map.weights(weights)
        if map.shape[0] != len(members):
            raise ShapeError(
                f"weights has {map.shape[0]} planes and psfs {len(members)} kernels: expected as many of each"
            )
        return cls._fit_each(members, error, seed, threads, progress), map

    @classmethod
    def from_filters(
        cls,
        filters: Sequence[Filter],
        knots: Sequence[Any],
        *,
        axes: Sequence[str] = ("index",),
        units: Sequence[str | None] | None = None,
        periodic: Sequence[bool] | None = None,
        interpolation: str = "outputs",
    ) -> Basis:
        """The basis of given filters.

        Parameters
        ----------
        filters : sequence of Filter
            Those at the knots of a grid, of which the last axis' follow one another.
        knots : sequence of arrays
            For each axis its knots, ascending.
        axes, units, periodic : sequences
            For each axis its name, its unit, and whether values beyond come around.
        """
        lines = [as_numbers(values, f"knots[{index}]", 1) for index, values in enumerate(knots)]
        if len(lines) != len(axes) or (periodic is not None and len(periodic) != len(axes)):
            raise ShapeError(
                f"there are {len(lines)} axes of knots and {len(axes)} names of axes: expected as many of each"
            )
        counts = np.array([line.size for line in lines], np.int64)
        if int(np.prod(counts)) != len(filters):
            raise ShapeError(f"there are {len(filters)} filters: expected {int(np.prod(counts))}, one for every knot")
        places = np.concatenate([*lines, np.empty(0)])
        around = None if periodic is None else np.array(periodic, np.int32)
        return cls._made(
            "fewtap_basis_create",
            interpolation.encode(),
            _axes(axes, units),
            len(axes),
            pointer(counts),
            pointer(places),
            None if around is None else pointer(around),
            _handles(filters),
            len(filters),
        )

    def with_filters(self, filters: Sequence[Filter]) -> Basis:
        """The basis of other filters at the same knots; cheap enough for every step of a learning loop.

        Parameters
        ----------
        filters : sequence of Filter
            As many as it has, in the order of `filters`. Those at the ends of a periodic axis must be alike.

        Returns
        -------
        Basis
            Without a record of a fit, and without the series that its taps may have followed.
        """
        return Basis._made("fewtap_basis_with_filters", self._handle, _handles(filters), len(filters))

    @property
    def _info(self) -> _library.BasisInfo:
        info = _library.sized(_library.BasisInfo)
        _library.call("fewtap_basis_get_info", self._handle, ctypes.byref(info))
        return info

    @property
    def interpolation(self) -> str:
        """What is interpolated between knots: "outputs" or "offsets"."""
        return self._info.interpolation.decode()

    @property
    def axes(self) -> list[Axis]:
        """Its parameters."""
        found = []
        for index in range(self._info.axis_count):
            info = _library.sized(_library.AxisInfo)
            _library.call("fewtap_basis_get_axis", self._handle, index, ctypes.byref(info))
            knots = np.empty(info.knot_count)
            _library.call("fewtap_basis_get_knots", self._handle, index, pointer(knots), knots.size)
            name, unit = info.name.decode("utf-8", "replace"), info.unit.decode("utf-8", "replace")
            found.append(Axis(name, unit, knots, info.low, info.high, bool(info.is_periodic)))
        return found

    @property
    def filters(self) -> list[Filter]:
        """The filters of the knots, the last axis' one after the other."""
        return [
            Filter._made("fewtap_basis_get_filter", self._handle, index) for index in range(self._info.filter_count)
        ]

    def filter_at(self, *point: float) -> Filter:
        """The filter that stands at a point of the parameters, of a basis of "offsets"."""
        place = np.array(point, np.float64)
        return Filter._made("fewtap_basis_get_filter_at", self._handle, pointer(place), place.size)

    def mixture(self, *point: float) -> npt.NDArray[np.float64]:
        """How much of each filter there is at a point of the parameters, shape (K,), of sum 1."""
        place = np.array(point, np.float64)
        weights = np.empty(self._info.filter_count)
        _library.call(
            "fewtap_basis_get_mixture", self._handle, pointer(place), place.size, pointer(weights), weights.size
        )
        return weights

    @property
    def error(self) -> BasisAccuracy | None:
        """How close it is to its family; None if it was not fitted."""
        info = self._info
        if not info.has_fit:
            return None
        return BasisAccuracy(info.photo_psnr, info.worst_photo_psnr, info.relative_error, info.noise_gain)

    def apply(
        self,
        array: Array,
        map: Any,
        *,
        direction: str = "gather",
        border: str = "clamp",
        border_value: float = 0.0,
        out: Any = None,
        threads: int | None = None,
        layout: str | None = None,
        transfer: str = "linear",
        alpha: int | None = None,
        alpha_is_associated: bool = False,
        nonfinite: str = "refuse",
        allows_halfs: bool = False,
    ) -> Any:
        """Filters images, every pixel by its own filter.

        Parameters
        ----------
        array : array of shape (H, W), (H, W, C) or (N, C, H, W)
            As for `Filter.apply`.
        map : Map, array, number, source, or sequence
            The parameters of every pixel: an array of shape (A, H, W), or (H, W) for one parameter; or for each parameter a number, an
            array or a source such as `fewtap.radial(0, 24)`. Weights must be a `Map.weights(array)`. One map serves all images.
        direction : "gather" or "scatter"
            Whether each pixel of the result collects by its own filter, or each pixel of the image spreads by its own.
        border, border_value, out, threads, layout, transfer, alpha, alpha_is_associated, nonfinite
            As for `Filter.apply`; no "reflect".
        allows_halfs : bool
            Whether rows between layers may be kept in half floats where that is faster.

        Returns
        -------
        array
            `out`, or a new NumPy array of the input's shape and dtype.
        """
        _apply.refuse_reflect(border, "bases")
        rules = Rules(border, border_value, nonfinite, direction, threads, allows_halfs)
        return self._run(
            array,
            out,
            rules,
            map_of=functools.partial(maps.as_map, map),
            layout=layout,
            transfer=transfer,
            alpha=alpha,
            alpha_is_associated=alpha_is_associated,
        )

    def apply_adjoint(
        self,
        array: Array,
        map: Any,
        *,
        direction: str = "gather",
        border: str = "clamp",
        out: Any = None,
        threads: int | None = None,
        layout: str | None = None,
        nonfinite: str = "refuse",
    ) -> Any:
        """Applies the adjoint of `apply` with the same map and direction, as `Filter.apply_adjoint`."""
        _apply.refuse_reflect(border, "adjoints")
        rules = Rules(border, 0, nonfinite, direction, threads)
        map_of = functools.partial(maps.as_map, map)
        return self._run(array, out, rules, map_of=map_of, layout=layout, is_adjoint=True)

    def _summary(self) -> str:
        axes = ", ".join(f"{axis.name} {axis.low:g} to {axis.high:g} {axis.unit}".strip() for axis in self.axes)
        error = self.error
        figures = "" if error is None or not math.isfinite(error.worst_photo_psnr) else (
            f", {error.worst_photo_psnr:.1f} dB on photographs at the worst place"
        )  # fmt: skip
        return f": {self._info.filter_count} filters over {axes}{figures}"

    def _pictures(self) -> list[str]:
        filters = self.filters
        shown = filters[:: max(1, len(filters) // 8)]
        return [_repr.picture(filter.kernel().array, "kernel") for filter in shown]


def _members(kernels: Any, center: tuple[int, int] | None) -> list[Kernel]:
    """Kernels of a stack of shape (K, h, w), or of a sequence of kernels, words and arrays."""
    if isinstance(kernels, (list, tuple)) and any(isinstance(kernel, (Kernel, str)) for kernel in kernels):
        return [as_kernel(kernel) for kernel in kernels]
    stack = as_numbers(kernels, "psfs", 3) if isinstance(kernels, (list, tuple)) else as_array(kernels, "psfs")
    if stack.ndim != 3:
        raise ShapeError(f"psfs has shape {stack.shape}: expected (K, h, w)")
    return [Kernel(values, center, f"psf {index}") for index, values in enumerate(stack)]


def _handles(items: Sequence[Handle]) -> Any:
    return (ctypes.c_void_p * max(1, len(items)))(*(item._handle for item in items))


def _axes(names: Sequence[str], units: Sequence[str | None] | None) -> Any:
    known: Sequence[str | None] = [None] * len(names) if units is None else units
    if len(known) != len(names):
        raise ShapeError(f"there are {len(names)} axes and {len(known)} units: expected as many of each")
    return (_library.Axis * max(1, len(names)))(
        *(_library.Axis(name.encode(), None if unit is None else unit.encode()) for name, unit in zip(names, known))
    )


def _counts(values: Sequence[int] | int | None) -> npt.NDArray[np.int64] | None:
    if values is None:
        return None
    found = np.atleast_1d(np.asarray(values))
    if found.dtype.kind not in "ui" or found.ndim != 1:
        raise ArgumentError(f"{values!r} are no counts: expected a whole number, or one for each parameter")
    return found.astype(np.int64)
