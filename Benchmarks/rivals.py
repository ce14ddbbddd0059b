"""What peers.py measures fewtap against: ways to convolve an image with a dense kernel, each as its users would run it.

A rival is made for one kernel and images like one: all that can be prepared is prepared there (plans, spectra, buffers).
`take` gives it the image, and `run`, which is timed, does the rest and leaves `result`. Images are [height, width] or
[height, width, channels]; the border repeats the outermost pixel. `floor` is the least PSNR that its result must have, dB: 90
where the method is exact, near what was seen where it approximates, and None where it does not filter.
"""
import ctypes
import itertools
import pathlib
import time

import cv2
import numpy as np

BORDER = cv2.BORDER_REPLICATE
ROOT = pathlib.Path(__file__).resolve().parent.parent


class Unavailable(Exception):
    """This rival cannot do that, and why."""


class NotMeant(Exception):
    """This rival is not for such kernels or images: nobody misses it."""


class Rival:
    def __init__(self, kernel, image, threads):
        self.take(image)
        self.result = np.zeros_like(image)

    def take(self, image):
        self.image = image


class Copy(Rival):
    """Copies the image: what memory costs."""

    name = "copy"
    floor = None

    def run(self):
        np.copyto(self.result, self.image)


class Filter2D(Rival):
    """OpenCV's filter2D: direct up to 11x11, by DFT beyond."""

    name = "OpenCV filter2D"
    floor = 90

    def __init__(self, kernel, image, threads):
        super().__init__(kernel, image, threads)
        # It correlates.
        self.kernel = np.ascontiguousarray(kernel[::-1, ::-1], np.float32)

    def run(self):
        cv2.filter2D(self.image, -1, self.kernel, dst=self.result, borderType=BORDER)


class Filter2DAsFloat(Filter2D):
    """The same for bytes by way of floats: more to write, and faster."""

    name = "OpenCV filter2D, as float"

    def __init__(self, kernel, image, threads):
        if image.dtype == np.float32:
            raise NotMeant
        super().__init__(kernel, image, threads)
        self.floats, self.filtered = np.zeros(image.shape, np.float32), np.zeros(image.shape, np.float32)

    def run(self):
        np.copyto(self.floats, self.image)
        cv2.filter2D(self.floats, -1, self.kernel, dst=self.filtered, borderType=BORDER)
        # Alone it rounds, and saturates at 0 and 255.
        cv2.convertScaleAbs(cv2.max(self.filtered, 0, dst=self.filtered), dst=self.result)


class LowRate(Rival):
    """What people write for a cheap large blur: OpenCV shrinks the image, filters it there, and enlarges the result."""

    name = "OpenCV resize, filter2D, resize"
    floor = 35

    def __init__(self, kernel, image, threads):
        super().__init__(kernel, image, threads)
        radius = kernel.shape[0] // 2
        self.factor = max([f for f in (2, 4, 8, 16) if 5 * f <= radius + 1], default=1)
        if self.factor == 1:
            raise Unavailable("the kernel is too small for a lower rate")
        height, width = (-(-n // self.factor) for n in image.shape[:2])
        self.low = np.zeros((height, width) + image.shape[2:], image.dtype)
        self.filtered = np.zeros_like(self.low)
        self.kernel = np.ascontiguousarray(self.shrunk(kernel)[::-1, ::-1], np.float32)

    def shrunk(self, kernel):
        """The kernel's sums over cells of factor x factor, the middle cell around the kernel's middle."""
        # An odd number of cells has the parity of the kernel only at half its pixel.
        cell = 2 * self.factor
        halves = np.kron(kernel, np.full((2, 2), 0.25))
        cells = -(-halves.shape[0] // cell) | 1
        padded = np.pad(halves, (cells * cell - halves.shape[0]) // 2)
        return padded.reshape(cells, cell, cells, cell).sum((1, 3))

    def run(self):
        size = self.image.shape[1::-1]
        cv2.resize(self.image, self.low.shape[1::-1], dst=self.low, interpolation=cv2.INTER_AREA)
        cv2.filter2D(self.low, -1, self.kernel, dst=self.filtered, borderType=BORDER)
        cv2.resize(self.filtered, size, dst=self.result, interpolation=cv2.INTER_CUBIC)


def sigma_of(kernel):
    """The standard deviation of a sampled, cut Gaussian, from the ratio of two of its weights; None for other kernels."""
    middle, step = kernel.shape[0] // 2, max(1, kernel.shape[0] // 8)
    ratio = kernel[middle, middle] / max(kernel[middle, middle + step], 1e-300)
    if ratio <= 1:
        return None
    sigma = step / np.sqrt(2 * np.log(ratio))
    axis = cv2.getGaussianKernel(kernel.shape[0], sigma, cv2.CV_64F)
    return float(sigma) if np.allclose(axis @ axis.T, kernel, rtol=1e-4, atol=kernel.max() * 1e-5) else None


class GaussianRival(Rival):
    """What the rivals below have in common: they do Gaussians only."""

    def __init__(self, kernel, image, threads):
        super().__init__(kernel, image, threads)
        self.sigma, self.side = sigma_of(kernel), kernel.shape[0]
        if self.sigma is None:
            raise NotMeant


class GaussianBlur(GaussianRival):
    """OpenCV's GaussianBlur, cut where our kernel is."""

    name = "OpenCV GaussianBlur"
    floor = 90

    def run(self):
        cv2.GaussianBlur(self.image, (self.side, self.side), self.sigma, dst=self.result, borderType=BORDER)


class GaussianBlurOwnSize(GaussianRival):
    """OpenCV's GaussianBlur as most people call it: it cuts the kernel itself, at 4 sigma for floats."""

    name = "OpenCV GaussianBlur, own size"
    floor = 40

    def run(self):
        cv2.GaussianBlur(self.image, (0, 0), self.sigma, dst=self.result, borderType=BORDER)


class StackBlur(GaussianRival):
    """OpenCV's stackBlur of equal variance: its kernel is a pyramid."""

    name = "OpenCV stackBlur"
    floor = 35

    def __init__(self, kernel, image, threads):
        super().__init__(kernel, image, threads)
        # A triangle of n + 1 steps a side has the variance n (n + 2) / 6.
        self.side = 2 * round(np.sqrt(1 + 6 * self.sigma**2) - 1) + 1

    def run(self):
        cv2.stackBlur(self.image, (self.side, self.side), dst=self.result)


class BoxFilters(GaussianRival):
    """Three of OpenCV's boxFilter, of equal variance."""

    name = "OpenCV boxFilter x3"
    floor = 35

    def __init__(self, kernel, image, threads):
        super().__init__(kernel, image, threads)
        # A box of n pixels has the variance (n^2 - 1) / 12; of two odd sides, as many of each as come nearest.
        small = (int(np.sqrt(4 * self.sigma**2 + 1)) - 1) | 1
        mixes = [[small] * (3 - n) + [small + 2] * n for n in range(4)]
        self.sides = min(mixes, key=lambda sides: abs(sum(n * n - 1 for n in sides) / 12 - self.sigma**2))

    def run(self):
        source = self.image
        for side in self.sides:
            cv2.boxFilter(source, -1, (side, side), dst=self.result, borderType=BORDER)
            source = self.result


class FFTW(Rival):
    """FFTW in Float, real to complex, with cached plans and kernel spectrum: overlap-save in the tile that is measured to be
    fastest, or the image in one piece. Planes are given planar, at no charge for taking colors apart."""

    name = "FFTW"
    floor = 90
    library = None
    wisdom = ROOT / ".bench/fftw.wisdom"
    MEASURE, PATIENT = 0, 1 << 5
    SIDES = [128, 160, 192, 240, 256, 288, 320, 384, 480, 512, 576, 640, 768, 960, 1024, 1152, 1280]

    def __init__(self, kernel, image, threads):
        self.load()
        if image.dtype != np.float32:
            raise Unavailable("it takes floats only")
        if threads != 1:
            raise Unavailable("measured on one thread only")
        self.radius = kernel.shape[0] // 2
        self.take(image)
        self.out = np.zeros_like(self.planes)
        self.height, self.width = image.shape[:2]
        self.padded = np.zeros((self.height + 2 * self.radius, self.width + 2 * self.radius), np.float32)
        self.choose_tile(kernel)

    def take(self, image):
        self.planes = np.ascontiguousarray(np.moveaxis(np.atleast_3d(image), 2, 0))

    @property
    def result(self):
        return np.squeeze(np.moveaxis(self.out, 0, 2))

    @classmethod
    def load(cls, path=None):
        if cls.library is not None:
            return
        try:
            library = ctypes.CDLL(path or "libfftw3f.so.3")
        except OSError as error:
            raise Unavailable(f"{error} (Scripts/install-deps peers)") from None
        for name in ("fftwf_plan_dft_r2c_2d", "fftwf_plan_dft_c2r_2d"):
            function = getattr(library, name)
            function.restype = ctypes.c_void_p
            function.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint]
        library.fftwf_execute.argtypes = [ctypes.c_void_p]
        library.fftwf_import_wisdom_from_filename(str(cls.wisdom).encode())
        cls.library = library

    @classmethod
    def version(cls):
        cls.load()
        return (ctypes.c_char * 64).in_dll(cls.library, "fftwf_version").value.decode()

    def choose_tile(self, kernel):
        def work(tile):
            pieces = [-(-n // (side - 2 * self.radius)) for n, side in zip((self.height, self.width), tile)]
            return pieces[0] * pieces[1] * tile[0] * tile[1] * np.log2(tile[0] * tile[1])

        whole = tuple(good_side(n + 2 * self.radius) for n in (self.height, self.width))
        sides = [side for side in self.SIDES if side >= 4 * self.radius]
        tiles = sorted(itertools.product(sides, sides), key=work)[:10] + [whole]
        fastest = sorted(tiles, key=lambda tile: self.prepare(kernel, tile, self.MEASURE).seconds())[:2]
        # FFTW plans a large transform patiently for minutes, and gains nothing that was seen.
        patient = [tile for tile in fastest if tile != whole]
        if patient:
            fastest = sorted(patient, key=lambda tile: self.prepare(kernel, tile, self.PATIENT).seconds())
            self.prepare(kernel, fastest[0], self.PATIENT)
        else:
            self.prepare(kernel, whole, self.MEASURE)
        self.wisdom.parent.mkdir(exist_ok=True)
        self.library.fftwf_export_wisdom_to_filename(str(self.wisdom).encode())
        self.name = f"FFTW, tiles {self.tile[1]}x{self.tile[0]}"

    def prepare(self, kernel, tile, effort):
        self.tile = height, width = tile
        self.real = aligned((height, width), np.float32)
        self.spectrum = aligned((height, width // 2 + 1), np.complex64)
        buffers = self.real.ctypes.data, self.spectrum.ctypes.data
        self.forward = self.library.fftwf_plan_dft_r2c_2d(height, width, *buffers, effort)
        self.backward = self.library.fftwf_plan_dft_c2r_2d(height, width, *buffers[::-1], effort)
        self.real[:] = 0
        # FFTW leaves the factor of a transform and back to the caller.
        self.real[: kernel.shape[0], : kernel.shape[1]] = kernel / (height * width)
        self.library.fftwf_execute(self.forward)
        self.kernel = self.spectrum.copy()
        return self

    def seconds(self):
        self.run()
        times = []
        for _ in range(3):
            start = time.process_time()
            self.run()
            times.append(time.process_time() - start)
        return min(times)

    def run(self):
        r = self.radius
        height, width = self.tile
        for plane, out in zip(self.planes, self.out):
            cv2.copyMakeBorder(plane, r, r, r, r, BORDER, dst=self.padded)
            for y in range(0, self.height, height - 2 * r):
                for x in range(0, self.width, width - 2 * r):
                    tile = self.padded[y : y + height, x : x + width]
                    self.real[: tile.shape[0], : tile.shape[1]] = tile
                    self.library.fftwf_execute(self.forward)
                    np.multiply(self.spectrum, self.kernel, out=self.spectrum)
                    self.library.fftwf_execute(self.backward)
                    piece = out[y : y + height - 2 * r, x : x + width - 2 * r]
                    piece[:] = self.real[2 * r : 2 * r + piece.shape[0], 2 * r : 2 * r + piece.shape[1]]


class VipsRival(Rival):
    """What the rivals of libvips have in common."""

    def __init__(self, kernel, image, threads):
        try:
            import pyvips
        except (ImportError, OSError) as error:
            raise Unavailable(f"pyvips: {error}") from None
        # Else a result is kept and not computed again.
        pyvips.cache_set_max(0)
        self.pyvips = pyvips
        self.take(image)
        self.prepare(kernel, image)

    def take(self, image):
        self.image = self.pyvips.Image.new_from_array(image)

    def run(self):
        self.result = self.filtered().numpy()


class VipsConv(VipsRival):
    """libvips conv: direct, whatever the kernel's size."""

    name = "libvips conv"
    floor = 90

    def prepare(self, kernel, image):
        # 0.6 ns a multiply-add were seen.
        seconds = image.size * np.count_nonzero(kernel) * 6e-10
        if seconds > 2:
            raise Unavailable(f"it would take about {seconds:.0f} s a run")
        self.mask = self.pyvips.Image.new_from_array(np.ascontiguousarray(kernel[::-1, ::-1], np.float64))

    def filtered(self):
        return self.image.conv(self.mask, precision="float").cast(self.image.format)


class VipsGaussian(VipsRival):
    """libvips gaussblur, cut near 3 sigma as our kernel is."""

    name = "libvips gaussblur"
    floor = 40

    def prepare(self, kernel, image):
        self.sigma = sigma_of(kernel)
        if self.sigma is None:
            raise NotMeant

    def filtered(self):
        return self.image.gaussblur(self.sigma, precision="float", min_ampl=np.exp(-4.5)).cast(self.image.format)


ALL = [
    Copy, Filter2D, Filter2DAsFloat, FFTW, LowRate, GaussianBlur, GaussianBlurOwnSize, StackBlur, BoxFilters, VipsConv,
    VipsGaussian,
]  # fmt: skip


def aligned(shape, dtype):
    """Zeros that start a cache line, as FFTW's SIMD wants them."""
    count = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = np.zeros(count + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + count].view(dtype).reshape(shape)


def good_side(n):
    """The least number from n on that has no prime factor above 7, and is even."""
    while True:
        rest = n
        for prime in (2, 3, 5, 7):
            while rest % prime == 0:
                rest //= prime
        if rest == 1 and n % 2 == 0:
            return n
        n += 1
