"""The C library: its structs and functions as `fewtap.h` has them, loaded once.

A test compares every size, offset, constant and signature here with the header.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from ctypes import POINTER, c_char, c_char_p, c_double, c_float, c_int32, c_int64, c_uint32, c_uint64, c_void_p
from pathlib import Path
from typing import Any, TypeVar

from ._errors import error_of_status

ABI_VERSION = 1

OK = 0
CANCELLED = 9

INTEGER_TAPS, BILINEAR_TAPS = 0, 1
UINT8, UINT16, FLOAT16, FLOAT32, FLOAT64 = 1, 2, 3, 4, 5
MAP_CONSTANT, MAP_PLANE, MAP_RAMP, MAP_RADIAL, MAP_FIELD = 0, 1, 2, 3, 4
MAP_NANS = {"refuse": 0, "low": 1, "high": 2}

TRANSFERS = {"linear": 0, "srgb": 1}
BORDERS = {"clamp": 0, "mirror": 1, "wrap": 2, "constant": 3, "normalized": 4}
NONFINITES = {"refuse": 0, "zero": 1, "keep": 2}
DIRECTIONS = {"gather": 0, "scatter": 1}


class Error(ctypes.Structure):
    message: bytes
    _fields_ = [("status", c_int32), ("message", c_char * 1020)]


class Progress(ctypes.Structure):
    fraction: float
    stage: bytes
    completed: int
    total: int
    photo_psnr: float
    relative_error: float
    _fields_ = [
        ("size", c_uint32),
        ("fraction", c_double),
        ("stage", c_char_p),
        ("completed", c_int64),
        ("total", c_int64),
        ("photo_psnr", c_double),
        ("relative_error", c_double),
    ]


ProgressFunction = ctypes.CFUNCTYPE(c_int32, POINTER(Progress), c_void_p)


class KernelInfo(ctypes.Structure):
    width: int
    height: int
    center_x: int
    center_y: int
    sum: float
    absolute_sum: float
    radius: int
    support_count: int
    sha256: bytes
    _fields_ = [
        ("size", c_uint32),
        ("width", c_int64),
        ("height", c_int64),
        ("center_x", c_int64),
        ("center_y", c_int64),
        ("sum", c_double),
        ("absolute_sum", c_double),
        ("radius", c_int64),
        ("support_count", c_int64),
        ("sha256", c_char * 65),
    ]


class FilterParts(ctypes.Structure):
    _fields_ = [
        ("size", c_uint32),
        ("tap_model", c_int32),
        ("layer_count", c_int64),
        ("tap_counts", c_void_p),
        ("x", c_void_p),
        ("y", c_void_p),
        ("weight", c_void_p),
        ("rate_factor", c_int32),
        ("prefilter_degree", c_int32),
        ("interpolator_degree", c_int32),
        ("gain", c_double),
    ]


class FilterInfo(ctypes.Structure):
    tap_model: int
    layer_count: int
    tap_count: int
    rate_factor: int
    prefilter_degree: int
    interpolator_degree: int
    gain: float
    sum: float
    noise_gain: float
    min_x: int
    max_x: int
    min_y: int
    max_y: int
    has_fit: int
    relative_error: float
    photo_psnr: float
    worst_photo_psnr: float
    flicker: float
    seed: int
    objective: bytes
    recipe: bytes
    effort: bytes
    termination: bytes
    _fields_ = [
        ("size", c_uint32),
        ("tap_model", c_int32),
        ("layer_count", c_int64),
        ("tap_count", c_int64),
        ("rate_factor", c_int32),
        ("prefilter_degree", c_int32),
        ("interpolator_degree", c_int32),
        ("gain", c_double),
        ("sum", c_double),
        ("noise_gain", c_double),
        ("min_x", c_int64),
        ("max_x", c_int64),
        ("min_y", c_int64),
        ("max_y", c_int64),
        ("has_fit", c_int32),
        ("relative_error", c_double),
        ("photo_psnr", c_double),
        ("worst_photo_psnr", c_double),
        ("flicker", c_double),
        ("seed", c_uint64),
        ("objective", c_char * 16),
        ("recipe", c_char * 16),
        ("effort", c_char * 16),
        ("termination", c_char * 16),
    ]


class Accuracy(ctypes.Structure):
    relative_error: float
    photo_psnr: float
    worst_photo_psnr: float
    flicker: float
    _fields_ = [
        ("size", c_uint32),
        ("relative_error", c_double),
        ("photo_psnr", c_double),
        ("worst_photo_psnr", c_double),
        ("flicker", c_double),
    ]


class FitOptions(ctypes.Structure):
    _fields_ = [
        ("size", c_uint32),
        ("taps", c_int32),
        ("layout", c_char_p),
        ("tap_model", c_int32),
        ("objective", c_char_p),
        ("recipe", c_char_p),
        ("guess", c_char_p),
        ("effort", c_char_p),
        ("seconds", c_double),
        ("seed", c_uint64),
        ("rate_factor", c_int32),
        ("prefilter_degree", c_int32),
        ("interpolator_degree", c_int32),
        ("maximum_noise_gain", c_double),
        ("nonnegative", c_int32),
        ("fraction_bits", c_int32),
        ("threads", c_int32),
    ]


class PlannerOptions(ctypes.Structure):
    _fields_ = [
        ("size", c_uint32),
        ("error", c_double),
        ("cost", c_double),
        ("exact_shift", c_int32),
        ("clean_highlights", c_int32),
        ("thorough", c_int32),
        ("seed", c_uint64),
        ("threads", c_int32),
    ]


class Image(ctypes.Structure):
    _fields_ = [
        ("data", c_void_p),
        ("width", c_int64),
        ("height", c_int64),
        ("channels", c_int64),
        ("pixel_stride", c_int64),
        ("row_stride", c_int64),
        ("channel_stride", c_int64),
        ("type", c_int32),
        ("transfer", c_int32),
        ("has_alpha", c_int32),
        ("alpha_index", c_int32),
        ("alpha_is_associated", c_int32),
    ]


class PlanInfo(ctypes.Structure):
    left: int
    right: int
    above: int
    below: int
    alignment: int
    _fields_ = [
        ("size", c_uint32),
        ("width", c_int64),
        ("is_varying", c_int32),
        ("left", c_int64),
        ("right", c_int64),
        ("above", c_int64),
        ("below", c_int64),
        ("alignment", c_int64),
    ]


class ApplyOptions(ctypes.Structure):
    progress: Any
    _fields_ = [
        ("size", c_uint32),
        ("border", c_int32),
        ("border_value", c_float),
        ("nonfinite", c_int32),
        ("direction", c_int32),
        ("threads", c_int32),
        ("allows_halfs", c_int32),
        ("progress", ProgressFunction),
        ("progress_context", c_void_p),
    ]


class Gradients(ctypes.Structure):
    input: Any
    map: Any
    _fields_ = [
        ("size", c_uint32),
        ("input", POINTER(Image)),
        ("x", c_void_p),
        ("y", c_void_p),
        ("weight", c_void_p),
        ("tap_count", c_int64),
        ("gain", c_void_p),
        ("gain_count", c_int64),
        ("map", POINTER(Image)),
    ]


class Axis(ctypes.Structure):
    _fields_ = [("name", c_char_p), ("unit", c_char_p)]


class BasisOptions(ctypes.Structure):
    _fields_ = [
        ("size", c_uint32),
        ("interpolation", c_char_p),
        ("knots", c_void_p),
        ("knot_count", c_int64),
        ("error", c_double),
        ("taps", c_int32),
        ("layers", c_int32),
        ("tracks", c_char_p),
        ("terms", c_void_p),
        ("term_count", c_int64),
        ("objective", c_char_p),
        ("recipe", c_char_p),
        ("seed", c_uint64),
        ("threads", c_int32),
    ]


class BasisInfo(ctypes.Structure):
    axis_count: int
    filter_count: int
    interpolation: bytes
    min_x: int
    max_x: int
    min_y: int
    max_y: int
    has_fit: int
    photo_psnr: float
    worst_photo_psnr: float
    relative_error: float
    noise_gain: float
    seed: int
    objective: bytes
    recipe: bytes
    termination: bytes
    _fields_ = [
        ("size", c_uint32),
        ("axis_count", c_int64),
        ("filter_count", c_int64),
        ("interpolation", c_char * 16),
        ("min_x", c_int64),
        ("max_x", c_int64),
        ("min_y", c_int64),
        ("max_y", c_int64),
        ("has_fit", c_int32),
        ("photo_psnr", c_double),
        ("worst_photo_psnr", c_double),
        ("relative_error", c_double),
        ("noise_gain", c_double),
        ("seed", c_uint64),
        ("objective", c_char * 16),
        ("recipe", c_char * 16),
        ("termination", c_char * 16),
    ]


class AxisInfo(ctypes.Structure):
    knot_count: int
    low: float
    high: float
    is_periodic: int
    name: bytes
    unit: bytes
    _fields_ = [
        ("size", c_uint32),
        ("knot_count", c_int64),
        ("low", c_double),
        ("high", c_double),
        ("is_periodic", c_int32),
        ("name", c_char * 64),
        ("unit", c_char * 16),
    ]


class Length(ctypes.Structure):
    _fields_ = [("value", c_double), ("is_share", c_int32)]


class MapSource(ctypes.Structure):
    _fields_ = [
        ("size", c_uint32),
        ("kind", c_int32),
        ("value", c_double),
        ("plane", POINTER(Image)),
        ("nearest", c_int32),
        ("stretches", c_int32),
        ("period", c_double),
        ("low", c_double),
        ("high", c_double),
        ("start", Length),
        ("rise", Length),
        ("exponent", c_double),
        ("angle", c_double),
        ("has_center", c_int32),
        ("center_x", Length),
        ("center_y", Length),
        ("field", c_char_p),
    ]


class MapInfo(ctypes.Structure):
    width: int
    height: int
    plane_count: int
    is_weights: int
    _fields_ = [
        ("size", c_uint32),
        ("width", c_int64),
        ("height", c_int64),
        ("plane_count", c_int64),
        ("is_weights", c_int32),
    ]


class MapSurvey(ctypes.Structure):
    least: float
    largest: float
    outside_count: int
    nan_count: int
    _fields_ = [
        ("least", c_double),
        ("largest", c_double),
        ("outside_count", c_int64),
        ("nan_count", c_int64),
    ]


# All arguments of every function but the error's, which is last; the results are statuses. Handles are `c_void_p`.
_HANDLE = c_void_p
_RESULT = POINTER(c_void_p)
_TEXT = POINTER(c_void_p)
_WATCH = (ProgressFunction, c_void_p)
FUNCTIONS: dict[str, tuple[Any, ...]] = {
    "fewtap_kernel_create": (c_void_p, c_int64, c_int64, c_void_p, c_char_p, _RESULT),
    "fewtap_kernel_parse": (c_char_p, _RESULT),
    "fewtap_kernel_get_info": (_HANDLE, POINTER(KernelInfo)),
    "fewtap_kernel_get_values": (_HANDLE, c_void_p, c_int64),
    "fewtap_kernel_get_name": (_HANDLE, _TEXT),
    "fewtap_filter_create": (POINTER(FilterParts), _RESULT),
    "fewtap_filter_get_info": (_HANDLE, POINTER(FilterInfo)),
    "fewtap_filter_get_taps": (_HANDLE, c_void_p, c_int64, c_void_p, c_void_p, c_void_p, c_int64),
    "fewtap_filter_get_kernel": (_HANDLE, _RESULT),
    "fewtap_filter_from_json": (c_char_p, c_int64, _RESULT),
    "fewtap_filter_to_json": (_HANDLE, _TEXT, POINTER(c_int64)),
    "fewtap_filter_get_accuracy": (_HANDLE, _HANDLE, POINTER(Accuracy)),
    "fewtap_fit": (_HANDLE, POINTER(FitOptions), *_WATCH, _RESULT),
    "fewtap_fit_planned": (_HANDLE, POINTER(PlannerOptions), *_WATCH, _RESULT),
    "fewtap_plan_create": (_HANDLE, c_int64, _RESULT),
    "fewtap_plan_create_varying": (_HANDLE, c_int64, _RESULT),
    "fewtap_plan_get_info": (_HANDLE, POINTER(PlanInfo)),
    "fewtap_apply": (_HANDLE, _HANDLE, POINTER(Image), POINTER(Image), POINTER(ApplyOptions)),
    "fewtap_apply_adjoint": (_HANDLE, _HANDLE, POINTER(Image), POINTER(Image), POINTER(ApplyOptions)),
    "fewtap_pullback": (
        _HANDLE,
        _HANDLE,
        POINTER(Image),
        POINTER(Image),
        POINTER(Gradients),
        POINTER(ApplyOptions),
    ),
    "fewtap_family_parse": (c_char_p, _RESULT),
    "fewtap_family_measured": (c_void_p, c_int64, POINTER(Axis), c_int64, c_void_p, c_char_p, _RESULT),
    "fewtap_family_get_kernel": (_HANDLE, c_void_p, c_int64, _RESULT),
    "fewtap_basis_fit": (_HANDLE, POINTER(BasisOptions), *_WATCH, _RESULT),
    "fewtap_basis_fit_each": (c_void_p, c_int64, POINTER(PlannerOptions), *_WATCH, _RESULT),
    "fewtap_basis_create": (
        c_char_p,
        POINTER(Axis),
        c_int64,
        c_void_p,
        c_void_p,
        c_void_p,
        c_void_p,
        c_int64,
        _RESULT,
    ),
    "fewtap_basis_with_filters": (_HANDLE, c_void_p, c_int64, _RESULT),
    "fewtap_basis_get_info": (_HANDLE, POINTER(BasisInfo)),
    "fewtap_basis_get_axis": (_HANDLE, c_int64, POINTER(AxisInfo)),
    "fewtap_basis_get_knots": (_HANDLE, c_int64, c_void_p, c_int64),
    "fewtap_basis_get_filter": (_HANDLE, c_int64, _RESULT),
    "fewtap_basis_get_filter_at": (_HANDLE, c_void_p, c_int64, _RESULT),
    "fewtap_basis_get_mixture": (_HANDLE, c_void_p, c_int64, c_void_p, c_int64),
    "fewtap_basis_from_json": (c_char_p, c_int64, _RESULT),
    "fewtap_basis_to_json": (_HANDLE, _TEXT, POINTER(c_int64)),
    "fewtap_map_create": (c_int64, c_int64, POINTER(MapSource), c_int64, _RESULT),
    "fewtap_map_parameters": (POINTER(Image), _RESULT),
    "fewtap_map_weights": (POINTER(Image), _RESULT),
    "fewtap_map_admit": (_HANDLE, _HANDLE, c_int32, c_int32, POINTER(MapSurvey), c_int64, _RESULT),
    "fewtap_map_get_info": (_HANDLE, POINTER(MapInfo)),
    "fewtap_map_get_values": (_HANDLE, POINTER(Image)),
}
# Functions without a status: the result, then the arguments.
PLAIN_FUNCTIONS: dict[str, tuple[Any, ...]] = {
    "fewtap_abi_version": (c_int32,),
    "fewtap_version": (c_char_p,),
    "fewtap_free": (None, c_void_p),
    "fewtap_handle_count": (c_int64,),
    "fewtap_kernel_free": (None, _HANDLE),
    "fewtap_family_free": (None, _HANDLE),
    "fewtap_filter_free": (None, _HANDLE),
    "fewtap_basis_free": (None, _HANDLE),
    "fewtap_map_free": (None, _HANDLE),
    "fewtap_plan_free": (None, _HANDLE),
}


def _path() -> Path:
    given = os.environ.get("FEWTAP_LIBRARY")
    if given:
        return Path(given)
    name = "libfewtap.dylib" if sys.platform == "darwin" else "libfewtap.so"
    return Path(__file__).with_name(name)


def _load() -> ctypes.CDLL:
    path = _path()
    if not path.is_file():
        raise ImportError(
            f"fewtap's library is not at {path}: install the wheel, or name the library that Scripts/build-c-library makes "
            "in the environment variable FEWTAP_LIBRARY"
        )
    try:
        library = ctypes.CDLL(str(path))
        library.fewtap_abi_version.restype = c_int32
        version = int(library.fewtap_abi_version())
        if version != ABI_VERSION:
            raise ImportError(f"fewtap's library {path} has ABI version {version}: this package needs {ABI_VERSION}")
        for name, arguments in FUNCTIONS.items():
            _declare(library, name, c_int32, (*arguments, POINTER(Error)))
        for name, (result, *plain) in PLAIN_FUNCTIONS.items():
            _declare(library, name, result, tuple(plain))
    except (OSError, AttributeError) as error:
        raise ImportError(f"fewtap's library {path} cannot be loaded: {error}") from error
    return library


def _declare(library: ctypes.CDLL, name: str, result: Any, arguments: tuple[Any, ...]) -> None:
    function = getattr(library, name)
    function.argtypes, function.restype = arguments, result


library = _load()
_is_forked = threading.Event()
os.register_at_fork(after_in_child=_is_forked.set)

Options = TypeVar("Options", bound=ctypes.Structure)


def sized(struct: type[Options], **fields: Any) -> Options:
    """A struct that tells its size, with the given fields; others are 0, which stands for defaults."""
    return struct(size=ctypes.sizeof(struct), **fields)


def status_of(name: str, *arguments: Any) -> tuple[int, str]:
    """Calls a function, which releases the interpreter's lock, and answers its status and message."""
    error = Error()
    status = int(getattr(library, name)(*arguments, ctypes.byref(error)))
    return status, error.message.decode("utf-8", "replace") if status else ""


def call(name: str, *arguments: Any) -> None:
    """Calls a function.

    Raises
    ------
    FewtapError
        The class that belongs to the status, with the library's message.
    """
    status, message = status_of(name, *arguments)
    if status:
        raise error_of_status(status, message)


def text(name: str, *arguments: Any, has_length: bool = False) -> str:
    """Calls a function whose last result is a new text, which is freed here."""
    result, length = c_void_p(), c_int64()
    try:
        call(name, *arguments, ctypes.byref(result), *([ctypes.byref(length)] if has_length else []))
        return ctypes.string_at(result.value or 0, length.value if has_length else -1).decode("utf-8")
    finally:
        library.fewtap_free(result)


def is_forked() -> bool:
    """Whether this process is a fork of one that had loaded the library: threads of its own did not come along."""
    return _is_forked.is_set()


def version() -> str:
    """The version of the library."""
    return str(library.fewtap_version().decode("ascii"))


def handle_count() -> int:
    """How many objects of the library are alive: for tests of leaks."""
    return int(library.fewtap_handle_count())
