"""Big blur kernels as short chains of sparse layers, for NumPy.

A kernel is fitted once, which gives a sparse filter, and the filter runs over images::

    import fewtap
    filter = fewtap.fit("disk:radius=20", error=60)
    blurred = filter.apply(image)

We convolve: a point of light spreads as the kernel looks. Offsets and centers are `(x, y)`, columns and rows, +y down; shapes are NumPy's,
(height, width). Light is linear, its full scale 1.
"""

from ._apply import Halo
from ._errors import (
    ArgumentError,
    ArrayTypeError,
    CancelledError,
    ClosedError,
    FewtapError,
    FileError,
    FormatError,
    InternalError,
    NonFiniteError,
    NotReachedError,
    OutOfMemoryError,
    ReadOnlyError,
    ShapeError,
    UnsupportedError,
)
from ._library import version as _version
from ._watch import Progress
from .basis import Axis, Basis, BasisAccuracy, Family
from .convolving import clear_cache, convolve, correlate
from .filter import Accuracy, Filter, FitRecord, apply
from .fitting import fit
from .kernel import Kernel
from .maps import Map, Source, constant, field, plane, radial, ramp
from .parts import Layer, Rate

__version__ = _version()

__all__ = [
    "Accuracy",
    "ArgumentError",
    "ArrayTypeError",
    "Axis",
    "Basis",
    "BasisAccuracy",
    "CancelledError",
    "ClosedError",
    "Family",
    "FewtapError",
    "FileError",
    "Filter",
    "FitRecord",
    "FormatError",
    "Halo",
    "InternalError",
    "Kernel",
    "Layer",
    "Map",
    "NonFiniteError",
    "NotReachedError",
    "OutOfMemoryError",
    "Progress",
    "Rate",
    "ReadOnlyError",
    "ShapeError",
    "Source",
    "UnsupportedError",
    "apply",
    "clear_cache",
    "constant",
    "convolve",
    "correlate",
    "field",
    "fit",
    "plane",
    "radial",
    "ramp",
]
