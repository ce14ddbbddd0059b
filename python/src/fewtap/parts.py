"""What filters are made of."""

# Annotations are types here, not texts: tools read those of tuples elsewhere, where the names would not be known.
from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Layer(NamedTuple):
    """Taps of one layer: three arrays of one length.

    Attributes
    ----------
    x, y
        Offsets in pixels (of the lower rate, if there is one), to the right and down.
    weight
        Factors.
    """

    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    weight: npt.NDArray[np.float64]


class Rate(NamedTuple):
    """A lower rate that a filter's layers run at.

    Attributes
    ----------
    factor
        Pixels along each axis for one of the lower rate, 2 to 64.
    prefilter, interpolator
        Degrees of the B-splines before and after, 1 to 3.
    """

    factor: int
    prefilter: int = 2
    interpolator: int = 2
