"""SciPy, in float32: its users' three ways to convolve, and its Gaussian."""
import numpy as np

from .rival import Rival, Unavailable, require_brief, require_floats, require_sigma

try:
    import scipy.fft
    import scipy.ndimage
    import scipy.signal

    missing = None
except ImportError as error:
    missing = f"{error}; install with: pip install -r Benchmarks/peers-requirements.txt"


def version():
    if missing:
        raise Unavailable(missing)
    return scipy.__version__


class SciPy(Rival):
    library = "SciPy"

    def __init__(self, task):
        version()
        require_floats(task)
        super().__init__(task)
        self.threads = task.threads
        # Of an image with channels, each by itself.
        self.kernel = task.kernel.astype(np.float32).reshape(task.kernel.shape + (1,) * (task.image.ndim - 2))


class Convolve(SciPy):
    """ndimage.convolve: direct, whatever the kernel's size; sums in double."""

    name = "SciPy ndimage.convolve"
    floor = 90

    def __init__(self, task):
        super().__init__(task)
        # 0.9 ns a multiply-add were seen.
        require_brief(task.multiplies * 9e-10)

    def run(self):
        scipy.ndimage.convolve(self.image, self.kernel, output=self.result, mode="nearest")


class GaussianFilter(SciPy):
    """ndimage.gaussian_filter, cut where our kernel is."""

    name = "SciPy ndimage.gaussian_filter"
    floor = 90

    def __init__(self, task):
        super().__init__(task)
        self.sigma, self.radius = require_sigma(task), task.kernel.shape[0] // 2

    def run(self):
        scipy.ndimage.gaussian_filter(
            self.image, self.sigma, output=self.result, mode="nearest", radius=self.radius, axes=(0, 1)
        )


class FFTConvolve(SciPy):
    """signal.fftconvolve of the padded image, in one piece; transforms the kernel anew each time, as its interface has it."""

    name = "SciPy signal.fftconvolve"
    floor = 90
    method = "fftconvolve"

    def run(self):
        radius = self.kernel.shape[0] // 2
        # Costs no more than cv2.copyMakeBorder.
        padded = np.pad(self.image, [(radius, radius)] * 2 + [(0, 0)] * (self.image.ndim - 2), mode="edge")
        with scipy.fft.set_workers(self.threads):
            self.result = getattr(scipy.signal, self.method)(padded, self.kernel, mode="valid", axes=(0, 1))


class OverlapAdd(FFTConvolve):
    """signal.oaconvolve of the padded image: in tiles whose size it chooses itself."""

    name = "SciPy signal.oaconvolve"
    method = "oaconvolve"
