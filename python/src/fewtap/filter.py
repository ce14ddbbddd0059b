"""Sparse filters: layers of taps that run one after the other."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Union

import numpy as np

from . import _apply, _library, _repr
from ._apply import Rules
from ._arrays import Array, NDArray, as_numbers, pointer
from ._errors import ArgumentError, ShapeError
from .kernel import Kernel, as_kernel
from .parts import Layer, Rate
from .stored import Stored


@dataclass(frozen=True)
class Accuracy:
    """How close a filter is to a kernel.

    Attributes
    ----------
    relative_error
        `|K - T| / |T|` of the kernels themselves.
    photo_psnr, worst_photo_psnr
        How close filtered photographs come, dB, peak 1, linear light: mean and worst of three.
    flicker
        Largest distance of a phase's kernel from their mean; 0 at the image's own rate.
    """

    relative_error: float
    photo_psnr: float
    worst_photo_psnr: float
    flicker: float


@dataclass(frozen=True)
class FitRecord:
    """How something was fitted."""

    seed: int
    objective: str
    recipe: str
    effort: str
    termination: str


class Filter(Stored):
    """A sparse filter, from `fit`, `load`, `from_json` or `from_taps`. It never changes, and threads may share it."""

    _kind, _plan = "filter", "fewtap_plan_create"

    def __init__(self) -> None:
        raise TypeError("make a filter by fewtap.fit(kernel), Filter.load(path), Filter.from_json or Filter.from_taps")

    @classmethod
    def from_taps(
        cls,
        layers: Sequence[Any],
        *,
        gain: float = 1.0,
        taps: str | None = None,
        rate: Rate | tuple[int, int, int] | int | None = None,
    ) -> Filter:
        """A filter of given taps. Cheap enough for every step of a learning loop.

        Parameters
        ----------
        layers : sequence of (x, y, weight)
            For each layer, first layer first, three arrays of shape (n,).
        gain : float
            Factor on the result.
        taps : "integer" or "bilinear", optional
            How taps read; by default integer if all offsets are whole.
        rate : Rate, optional
            The lower rate that the layers run at.
        """
        parts = [Layer(*(as_numbers(values, f"layers[{index}]", 1) for values in _three(layer, index)))
                 for index, layer in enumerate(layers)]  # fmt: skip
        for index, layer in enumerate(parts):
            if len({values.size for values in layer}) > 1:
                sizes = ", ".join(str(values.size) for values in layer)
                raise ShapeError(f"layers[{index}] has {sizes} numbers of x, y, weight: expected as many of each")
        counts = np.array([layer.x.size for layer in parts], np.int64)
        x, y, weight = (np.concatenate([layer[part] for layer in parts] or [np.empty(0)]) for part in range(3))
        is_whole = bool(np.all(x == np.rint(x)) and np.all(y == np.rint(y)))
        model = _apply.choice(taps or ("integer" if is_whole else "bilinear"), {"integer": 0, "bilinear": 1}, "taps")
        factor, prefilter, interpolator = _rate(rate)
        found = _library.sized(
            _library.FilterParts,
            tap_model=model,
            layer_count=len(parts),
            tap_counts=pointer(counts),
            x=pointer(x),
            y=pointer(y),
            weight=pointer(weight),
            rate_factor=factor,
            prefilter_degree=prefilter,
            interpolator_degree=interpolator,
            gain=float(gain),
        )
        return cls._made("fewtap_filter_create", ctypes.byref(found))

    @property
    def _info(self) -> _library.FilterInfo:
        info = _library.sized(_library.FilterInfo)
        _library.call("fewtap_filter_get_info", self._handle, ctypes.byref(info))
        return info

    @property
    def layers(self) -> list[Layer]:
        """The taps, new arrays."""
        info = self._info
        counts = np.empty(info.layer_count, np.int64)
        x, y, weight = (np.empty(info.tap_count) for _ in range(3))
        _library.call(
            "fewtap_filter_get_taps",
            self._handle,
            pointer(counts),
            counts.size,
            pointer(x),
            pointer(y),
            pointer(weight),
            x.size,
        )
        cuts = np.cumsum(counts)[:-1]
        return [Layer(*parts) for parts in zip(*(np.split(values, cuts) for values in (x, y, weight)))]

    @property
    def taps(self) -> str:
        """How taps read: "integer" or "bilinear"."""
        return "bilinear" if self._info.tap_model == _library.BILINEAR_TAPS else "integer"

    @property
    def tap_count(self) -> int:
        """Taps in all layers; at the image's own rate these are the multiply-adds of a pixel."""
        return self._info.tap_count

    @property
    def gain(self) -> float:
        """Factor on the chain's result."""
        return self._info.gain

    @property
    def sum(self) -> float:
        """What a constant 1 becomes."""
        return self._info.sum

    @property
    def noise_gain(self) -> float:
        """Product of the layers' sums of weights' magnitudes."""
        return self._info.noise_gain

    @property
    def rate(self) -> Rate | None:
        """The lower rate that the layers run at; None at the image's own."""
        info = self._info
        if info.rate_factor <= 1:
            return None
        return Rate(info.rate_factor, info.prefilter_degree, info.interpolator_degree)

    @property
    def error(self) -> Accuracy | None:
        """How close it is to the kernel that it was fitted to; None if it was not fitted."""
        info = self._info
        if not info.has_fit:
            return None
        return Accuracy(info.relative_error, info.photo_psnr, info.worst_photo_psnr, info.flicker)

    @property
    def fit_record(self) -> FitRecord | None:
        """How it was fitted; None if it was not."""
        info = self._info
        if not info.has_fit:
            return None
        words = (value.decode() for value in (info.objective, info.recipe, info.effort, info.termination))
        return FitRecord(info.seed, *words)

    def measure(self, kernel: Union[Kernel, str, Array]) -> Accuracy:
        """How close it is to any kernel."""
        found = _library.sized(_library.Accuracy)
        kernel = as_kernel(kernel)
        _library.call("fewtap_filter_get_accuracy", self._handle, kernel._handle, ctypes.byref(found))
        return Accuracy(found.relative_error, found.photo_psnr, found.worst_photo_psnr, found.flicker)

    def kernel(self) -> Kernel:
        """The dense kernel that it stands for, as it really is; at a lower rate the mean over all phases."""
        return Kernel._made("fewtap_filter_get_kernel", self._handle)

    def apply(
        self,
        array: Array,
        *,
        border: str = "clamp",
        border_value: float = 0.0,
        out: Any = None,
        threads: int | None = None,
        layout: str | None = None,
        transfer: str = "linear",
        alpha: int | None = None,
        alpha_is_associated: bool = False,
        nonfinite: str = "refuse",
    ) -> Any:
        """Filters images: convolves them with what the filter stands for.

        Parameters
        ----------
        array : array of shape (H, W), (H, W, C) or (N, C, H, W)
            Of uint8, uint16 (codes of 0 to 1), float16, float32 or float64, of any strides; anything with NumPy's interface, the buffer
            protocol, or DLPack on the CPU. Computed in float32; float64 runs the reference in float64 throughout, which is slow.
        border : "clamp", "mirror", "wrap", "constant", "normalized" or "reflect"
            What stands outside the image: ``a a|a b c|c c``; ``c b|a b c|b a``; ``b c|a b c|a b``; `border_value`; nothing, for a mean
            over the pixels that exist; ``b a|a b c|c b``, which filters a padded copy.
        border_value : float
            For "constant".
        out : array, optional
            Where to write, of the same shape; may be `array` itself. Of another type of samples if not of float64.
        threads : int, optional
            All cores by default. The result does not depend on it, to the bit.
        layout : str, optional
            What the axes are, where the shape does not say: "hwc", "chw", "nhwc", or any letters with "h" and "w". Axes other than those
            two are filtered alike. A 3-D array is taken for (H, W, C) if C is at most 4, and refused else.
        transfer : "linear" or "srgb"
            How stored colors stand for light.
        alpha : int, optional
            The channel that is alpha: colors are filtered multiplied by it then, and divided again.
        alpha_is_associated : bool
            Whether the stored colors are multiplied by alpha already.
        nonfinite : "refuse", "zero" or "keep"
            What to do with NaN and infinite pixels.

        Returns
        -------
        array
            `out`, or a new NumPy array of the input's shape and dtype. After an interruption `out` is half written.
        """
        options: dict[str, Any] = {
            "transfer": transfer, "alpha": alpha, "alpha_is_associated": alpha_is_associated
        }  # fmt: skip
        if border == "reflect":
            rules = Rules("clamp", 0, nonfinite, threads=threads)

            def filtered(padded: NDArray, axes: str) -> Any:
                return self._run(padded, None, rules, layout=axes, **options)

            return _apply.run_padded(self.halo, array, out, layout, filtered)
        rules = Rules(border, border_value, nonfinite, threads=threads)
        return self._run(array, out, rules, layout=layout, **options)

    def apply_adjoint(
        self,
        array: Array,
        *,
        border: str = "clamp",
        out: Any = None,
        threads: int | None = None,
        layout: str | None = None,
        nonfinite: str = "refuse",
    ) -> Any:
        """Applies the adjoint of `apply` as a linear map: ``<apply(x), y> == <x, apply_adjoint(y)>``.

        It is the gradient of a loss with respect to the input image where `array` is that with respect to the result.

        Parameters
        ----------
        array : array of float32 or float64, shaped as for `apply`
        border, out, threads, layout, nonfinite
            As for `apply`; not "reflect". A border's constant, which is no part of x, counts as 0.
        """
        _apply.refuse_reflect(border, "adjoints")
        rules = Rules(border, 0, nonfinite, threads=threads)
        return self._run(array, out, rules, layout=layout, is_adjoint=True)

    def _summary(self) -> str:
        info = self._info
        layers = "+".join(str(layer.x.size) for layer in self.layers)
        rate = f" at 1/{info.rate_factor} of the rate" if info.rate_factor > 1 else ""
        error = f", {info.photo_psnr:.1f} dB on photographs" if info.has_fit else ""
        return f": {layers} {self.taps} taps{rate}{error}, noise gain {info.noise_gain:.3g}"

    def _pictures(self) -> list[str]:
        layers = [
            _repr.scatter(*layer, title=f"layer {index + 1}: {layer.x.size} taps")
            for index, layer in enumerate(self.layers)
        ]
        return [*layers, _repr.picture(self.kernel().array, "effective kernel")]


def _three(layer: Any, index: int) -> tuple[Any, Any, Any]:
    try:
        x, y, weight = layer
    except (TypeError, ValueError):
        raise ShapeError(f"layers[{index}] is no three arrays of x, y, weight") from None
    return x, y, weight


def _rate(rate: Rate | tuple[int, int, int] | int | None) -> tuple[int, int, int]:
    if rate is None:
        return 0, 0, 0
    if isinstance(rate, int):
        return (rate, 2, 2) if rate > 1 else (rate, 0, 0)
    try:
        factor, prefilter, interpolator = (int(value) for value in rate)
    except (TypeError, ValueError):
        raise ArgumentError(f"rate is {rate!r}: expected a whole number or a fewtap.Rate") from None
    return factor, prefilter, interpolator


def apply(array: Array, filter: Filter, **options: Any) -> Any:
    """`filter.apply(array, ...)`."""
    return filter.apply(array, **options)
