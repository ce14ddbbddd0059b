"""What peers.py measures fewtap against: ways to convolve an image with a dense kernel, each as its users would run it."""
from . import fftw, opencv, scipy, torch, vips
from .rival import NotMeant, Task, Unavailable, good_side

# What says a library's version, or raises Unavailable.
LIBRARIES = {
    "OpenCV": opencv.version, "FFTW": fftw.version, "SciPy": scipy.version, "PyTorch": torch.version, "libvips": vips.version,
}  # fmt: skip
ALL = [
    opencv.Copy, opencv.Filter2D, opencv.Filter2DAsFloat, opencv.SepFilter2D, opencv.LowRank, opencv.BoxFilter, opencv.LowRate,
    opencv.GaussianBlur, opencv.GaussianBlurOwnSize, opencv.StackBlur, opencv.BoxFilters, fftw.FFTW, scipy.Convolve,
    scipy.FFTConvolve, scipy.OverlapAdd, scipy.GaussianFilter, torch.Conv2D, torch.Separable, torch.Fourier, vips.VipsConv,
    vips.VipsGaussian,
]  # fmt: skip
