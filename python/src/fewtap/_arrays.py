"""Any array as images that the library can read and write, without a copy where strides allow."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, Union, runtime_checkable

import numpy as np
import numpy.typing as npt

from . import _library
from ._errors import ArrayTypeError, ReadOnlyError, ShapeError

NDArray = npt.NDArray[Any]


@runtime_checkable
class SupportsDLPack(Protocol):
    """An array that others can look into by DLPack, as those of PyTorch, JAX and CuPy."""

    def __dlpack__(self, *, stream: Any = ...) -> Any: ...

    def __dlpack_device__(self) -> tuple[Any, int]: ...


@runtime_checkable
class SupportsArrayInterface(Protocol):
    """An array that others can look into by NumPy's interface, as a picture of Pillow."""

    @property
    def __array_interface__(self) -> dict[str, Any]: ...


Array = Union[NDArray, SupportsDLPack, SupportsArrayInterface, memoryview, bytearray, bytes]

_TYPES = {
    "u1": _library.UINT8,
    "u2": _library.UINT16,
    "f2": _library.FLOAT16,
    "f4": _library.FLOAT32,
    "f8": _library.FLOAT64,
}

# Numbers of DLPack's devices whose memory a processor can read: CPU, and memory of the host pinned for CUDA and ROCm.
_HOST_DEVICES = (1, 3, 11)


def as_array(array: Any, name: str = "array") -> NDArray:
    """A NumPy array in the same memory.

    Raises
    ------
    ArrayTypeError
        It is no array, or its memory is not the processor's.
    """
    if isinstance(array, np.ndarray):
        if isinstance(array, np.ma.MaskedArray) and np.ma.is_masked(array):
            raise ArrayTypeError(f"{name} is a masked array with masked values: fill them first, as by array.filled(0)")
        return np.asarray(array)
    if isinstance(array, np.generic):
        raise ArrayTypeError(f"{name} is a single number, {array!r}: an array is expected")
    if hasattr(array, "__array_interface__"):
        return np.asarray(array)
    if hasattr(array, "__dlpack__"):
        return _from_dlpack(array, name)
    try:
        return np.asarray(memoryview(array))
    except TypeError:
        raise ArrayTypeError(
            f"{name} is of type {type(array).__name__}: expected an array with NumPy's interface, the buffer protocol "
            "or DLPack"
        ) from None


def _from_dlpack(array: Any, name: str) -> NDArray:
    device = int(array.__dlpack_device__()[0])
    if device not in _HOST_DEVICES:
        raise ArrayTypeError(
            f"{name} lies in the memory of another device (DLPack's type {device}): move it to the CPU"
        )
    try:
        return np.from_dlpack(array)
    except (BufferError, RuntimeError, TypeError) as error:
        raise ArrayTypeError(f"{name} does not let NumPy look into it: {error}") from error


def as_numbers(array: Any, name: str, dimensions: int | None = None) -> npt.NDArray[np.float64]:
    """Numbers of an array, or of nested lists, as contiguous float64; a copy where they are not that already."""
    try:
        found = as_array(array, name)
    except ArrayTypeError:
        if not isinstance(array, (list, tuple)):
            raise
        try:
            found = np.array(array, np.float64)
        except ValueError as error:
            raise ShapeError(f"{name}: {error}") from None
        except TypeError as error:
            raise ArrayTypeError(f"{name}: {error}") from None
    if found.dtype.kind not in "buif":
        raise ArrayTypeError(f"{name} has numbers of type {found.dtype}: expected real numbers")
    if dimensions is not None and found.ndim != dimensions:
        raise ShapeError(f"{name} has shape {found.shape}: expected {dimensions} dimensions")
    return np.ascontiguousarray(found, dtype=np.float64)


def sample_type(dtype: np.dtype[Any], name: str) -> int:
    """The library's type of samples.

    Raises
    ------
    ArrayTypeError
        There is none.
    """
    found = _TYPES.get(dtype.str[1:])
    if found is None:
        raise ArrayTypeError(
            f"{name} has samples of type {dtype}: expected uint8, uint16, float16, float32 or float64; "
            "convert it, as by array.astype('float32')"
        )
    return found


@dataclass(frozen=True)
class Layout:
    """Which axes of an array are what: letters of which `h` and `w` are an image's, and all others count images or channels."""

    axes: str

    @classmethod
    def of(cls, shape: tuple[int, ...], axes: str | None) -> Layout:
        """The layout of an array of `shape`; `axes` says it, or is None.

        Raises
        ------
        ShapeError
            The letters do not fit, or a 3-D array may be either of two.
        """
        if axes is not None:
            if len(axes) != len(shape) or len(set(axes)) != len(axes) or not {"h", "w"} <= set(axes):
                raise ShapeError(
                    f"layout {axes!r} does not fit an array of shape {shape}: expected {len(shape)} different letters, "
                    "'h' and 'w' among them, such as 'hw', 'hwc', 'chw' or 'nchw'"
                )
            return cls(axes)
        if len(shape) == 2:
            return cls("hw")
        if len(shape) == 4:
            return cls("nchw")
        if len(shape) != 3:
            raise ShapeError(
                f"an array of shape {shape} is no image: expected (H, W), (H, W, C) or (N, C, H, W), or say its layout"
            )
        if shape[2] > 4:
            raise ShapeError(
                f"an array of shape {shape} may be (H, W, C) or (C, H, W): say which, by layout='hwc' or layout='chw'; "
                "only a last axis of at most 4 is taken for channels"
            )
        return cls("hwc")

    def size(self, shape: tuple[int, ...]) -> tuple[int, int]:
        """Height and width of each image."""
        return shape[self.axes.index("h")], shape[self.axes.index("w")]

    def check(self, shape: tuple[int, ...], name: str) -> None:
        """Raises `ShapeError` if there is nothing in an array of `shape`."""
        if 0 in shape:
            raise ShapeError(f"{name} has shape {shape}: no axis may be 0 long")

    def channel_axis(self, name: str) -> int:
        """The axis of channels.

        Raises
        ------
        ShapeError
            There is none.
        """
        if "c" not in self.axes:
            raise ShapeError(f"{name} has layout {self.axes!r}, without 'c': alpha needs an axis of channels")
        return self.axes.index("c")


@dataclass(frozen=True)
class Colors:
    """What samples stand for: the transfer function, and which channel is alpha."""

    transfer: str = "linear"
    alpha: int | None = None
    alpha_is_associated: bool = False


@dataclass(frozen=True)
class Pair:
    """An input and an output, cut into images of which each is of one channel stride in both."""

    source: NDArray
    target: NDArray
    layout: Layout
    colors: Colors = field(default_factory=Colors)

    def images(self) -> Iterator[tuple[_library.Image, _library.Image]]:
        """Descriptors of both, one pair after the other; valid as long as the arrays are."""
        height, width = self.layout.axes.index("h"), self.layout.axes.index("w")
        others = [axis for axis in range(len(self.layout.axes)) if axis not in (height, width)]
        if self.colors.alpha is None:
            outer, inner = self._split(others)
        else:
            channel = self.layout.channel_axis("array")
            outer, inner = [axis for axis in others if axis != channel], [channel]
        for index in np.ndindex(*(self.source.shape[axis] for axis in outer)):
            at: list[Any] = [slice(None)] * self.source.ndim
            for axis, place in zip(outer, index):
                at[axis] = slice(place, place + 1)
            yield self._image(self.source[tuple(at)], inner), self._image(self.target[tuple(at)], inner)

    def _split(self, others: list[int]) -> tuple[list[int], list[int]]:
        """Axes to walk, and axes that are one run of channels in both arrays."""
        inner = others[-1:]
        while len(inner) < len(others):
            axis = others[-1 - len(inner)]
            if not all(self._joins(array, axis, inner) for array in (self.source, self.target)):
                break
            inner.insert(0, axis)
        return others[: len(others) - len(inner)], inner

    @staticmethod
    def _joins(array: NDArray, axis: int, inner: list[int]) -> bool:
        counts = [array.shape[place] for place in inner]
        length = int(np.prod(counts))
        return array.shape[axis] == 1 or length == 1 or array.strides[axis] == length * _stride(array, inner)

    def _image(self, array: NDArray, inner: list[int]) -> _library.Image:
        height, width = self.layout.size(array.shape)
        colors = self.colors
        return _library.Image(
            # Also of arrays that may not be written to: the library only reads inputs.
            data=array.__array_interface__["data"][0],
            width=width,
            height=height,
            channels=int(np.prod([array.shape[axis] for axis in inner], dtype=np.int64)),
            pixel_stride=array.strides[self.layout.axes.index("w")],
            row_stride=array.strides[self.layout.axes.index("h")],
            channel_stride=_stride(array, inner),
            type=sample_type(array.dtype, "array"),
            transfer=_library.TRANSFERS[colors.transfer],
            has_alpha=int(colors.alpha is not None),
            alpha_index=colors.alpha or 0,
            alpha_is_associated=int(colors.alpha_is_associated),
        )


def _stride(array: NDArray, inner: list[int]) -> int:
    """Bytes from one channel to the next along axes that are one run: the stride of the last that is longer than 1."""
    for axis in reversed(inner):
        if array.shape[axis] > 1:
            return int(array.strides[axis])
    return int(array.itemsize)


def is_describable(array: NDArray) -> bool:
    """Whether strides say it all: native, aligned samples that lie apart."""
    strides = [abs(stride) for stride, count in zip(array.strides, array.shape) if count > 1]
    return (
        array.dtype.isnative
        and bool(array.flags.aligned)
        and all(stride and stride % array.itemsize == 0 for stride in strides)
        and not _overlaps_itself(array)
    )


def _overlaps_itself(array: NDArray) -> bool:
    """Whether two samples may share a byte, as views of sliding windows do."""
    reach = array.itemsize
    for stride, count in sorted((abs(stride), count) for stride, count in zip(array.strides, array.shape) if count > 1):
        if stride < reach:
            return True
        reach += stride * (count - 1)
    return False


def native(array: NDArray) -> NDArray:
    """The array, or a copy that strides can describe."""
    return array if is_describable(array) else np.array(array, dtype=array.dtype.newbyteorder("="), order="C")


def output(out: Any, source: NDArray, name: str = "out") -> NDArray:
    """The array that results are written to.

    Raises
    ------
    ReadOnlyError
        It cannot be written to.
    ShapeError
        Its shape is not the source's.
    """
    if out is None:
        return np.empty_like(source, dtype=source.dtype.newbyteorder("="), subok=False)
    found = _writable(out, as_array(out, name))
    if not found.flags.writeable:
        raise ReadOnlyError(f"{name} is read-only: expected an array that can be written to")
    if found.shape != source.shape:
        raise ShapeError(f"{name} has shape {found.shape}: expected the input's, {source.shape}")
    if (found.dtype.itemsize == 8) != (source.dtype.itemsize == 8) and sample_type(found.dtype, name):
        raise ArrayTypeError(
            f"{name} has samples of type {found.dtype} and the input {source.dtype}: with float64 both must be it"
        )
    sample_type(found.dtype, name)
    return found


def _writable(given: Any, found: NDArray) -> NDArray:
    """What NumPy before 2.1 takes for read-only because DLPack did not say, by the view that PyTorch itself gives."""
    view = getattr(given, "numpy", None)
    if found.flags.writeable or isinstance(given, np.ndarray) or view is None:
        return found
    other = view()
    return other if isinstance(other, np.ndarray) and np.shares_memory(other, found) else found


def planes(array: Any, name: str) -> tuple[_library.Image, NDArray]:
    """An array of (K, H, W), or (H, W) for one plane, of numbers, as an image of K channels; valid while the array lives."""
    found = as_array(array, name)
    if found.ndim == 2:
        found = found[np.newaxis]
    if found.ndim != 3:
        raise ShapeError(f"{name} has shape {found.shape}: expected (K, H, W), or (H, W) for one plane")
    if found.dtype.kind not in "buif":
        raise ArrayTypeError(f"{name} has numbers of type {found.dtype}: expected real numbers")
    if found.dtype not in (np.float32, np.float64):
        found = found.astype(np.float32 if found.dtype.itemsize <= 2 else np.float64)
    Layout("chw").check(found.shape, name)
    found = native(found)
    image, _ = next(Pair(found, found, Layout("chw")).images())
    return image, found


def pointer(array: NDArray) -> ctypes.c_void_p:
    """Where an array of numbers begins."""
    return ctypes.c_void_p(array.__array_interface__["data"][0])
