"""Dense kernels: what a filter shall do."""

from __future__ import annotations

import ctypes
from typing import Any, Union

import numpy as np
import numpy.typing as npt

from . import _library, _repr
from ._arrays import Array, as_numbers, pointer
from ._errors import ArgumentError
from .handle import Handle


class Kernel(Handle):
    """A dense kernel with a center.

    We convolve: a point of light spreads as the kernel looks.

    Parameters
    ----------
    values : array of shape (H, W), or str
        Weights, of which none may be NaN; or a kernel in words: a name and parameters, such as ``"disk:radius=20"``,
        ``"heart:size=49"``, ``"gaussian:sigma=3"``.
    center : (int, int), optional
        Column and row, `(x, y)`, of offset 0. The middle, unless a size is even: then it must be given.
    name : str, optional
        What it is called.

    Raises
    ------
    ShapeError
        It has not two axes, is larger than 1025 pixels, or has an even size and no center.
    NonFiniteError
        A weight is NaN or infinite.
    FormatError, ArgumentError
        The words are none.
    """

    _kind = "kernel"

    def __init__(
        self,
        values: Union[str, Array, list[list[float]]],
        center: tuple[int, int] | None = None,
        name: str | None = None,
    ) -> None:
        if isinstance(values, str):
            if center is not None or name is not None:
                raise ArgumentError("a kernel in words has a center and a name of its own: leave them out")
            self._make("fewtap_kernel_parse", values.encode())
            return
        weights = as_numbers(values, "values", 2)
        middle = None if center is None else (ctypes.c_int64 * 2)(*_pair(center))
        height, width = weights.shape
        self._make("fewtap_kernel_create", pointer(weights), width, height, middle, (name or "kernel").encode())

    @property
    def _info(self) -> _library.KernelInfo:
        info = _library.sized(_library.KernelInfo)
        _library.call("fewtap_kernel_get_info", self._handle, ctypes.byref(info))
        return info

    @property
    def array(self) -> npt.NDArray[np.float64]:
        """The weights, a new array of shape (H, W)."""
        info = self._info
        values = np.empty((info.height, info.width))
        _library.call("fewtap_kernel_get_values", self._handle, pointer(values), values.size)
        return values

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        if copy is False:
            raise ValueError("a kernel's weights are always copied out")
        return self.array if dtype is None else self.array.astype(dtype, copy=False)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        info = self._info
        return info.height, info.width

    @property
    def center(self) -> tuple[int, int]:
        """Column and row, `(x, y)`, of offset 0."""
        info = self._info
        return info.center_x, info.center_y

    @property
    def name(self) -> str:
        """What it is called."""
        return _library.text("fewtap_kernel_get_name", self._handle)

    @property
    def sum(self) -> float:
        """Sum of the weights: what a constant 1 becomes."""
        return self._info.sum

    @property
    def absolute_sum(self) -> float:
        """Sum of the weights' magnitudes."""
        return self._info.absolute_sum

    @property
    def radius(self) -> int:
        """Largest distance of a nonzero weight from the center along either axis."""
        return self._info.radius

    @property
    def support(self) -> int:
        """How many weights are not zero: what the kernel costs as it is."""
        return self._info.support_count

    @property
    def sha256(self) -> str:
        """Hash of size, center and weights, hexadecimal: the same for the same kernel, whatever its name."""
        return self._info.sha256.decode("ascii")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Kernel) and self.sha256 == other.sha256

    def __hash__(self) -> int:
        return hash(self.sha256)

    def __reduce__(self) -> tuple[Any, ...]:
        return Kernel, (self.array, self.center, self.name)

    def _summary(self) -> str:
        info = self._info
        return f" {self.name!r}: {info.width}x{info.height}, {info.support_count} weights, sum {info.sum:.6g}"

    def _pictures(self) -> list[str]:
        return [_repr.picture(self.array, self.name)]


def _pair(center: tuple[int, int]) -> tuple[int, int]:
    try:
        x, y = center
        if int(x) == x and int(y) == y:
            return int(x), int(y)
    except (TypeError, ValueError):
        pass
    raise ArgumentError(f"center is {center!r}: expected two whole numbers, a column and a row")


def as_kernel(kernel: Union[Kernel, str, Array, list[list[float]]]) -> Kernel:
    """The kernel itself, or the one of an array or of words."""
    return kernel if isinstance(kernel, Kernel) else Kernel(kernel)
