"""FFTW, through ctypes: how fast a convolution by Fourier transform gets when everything is done right."""
import ctypes
import itertools
import time

import cv2
import numpy as np

from .rival import BORDER, ROOT, Rival, Unavailable, good_side, require_floats


def version():
    FFTW.load()
    return (ctypes.c_char * 64).in_dll(FFTW.c, "fftwf_version").value.decode().removeprefix("fftw-")


class FFTW(Rival):
    """FFTW in Float, real to complex, with cached plans and kernel spectrum: overlap-save in the tile that is measured to be
    fastest, or the image in one piece. Planes are given planar, at no charge for taking colors apart."""

    name = library = "FFTW"
    floor = 90
    c = None
    # The tile that was fastest, by image's height and width and kernel's radius.
    fastest = {}
    wisdom = ROOT / ".bench/fftw.wisdom"
    MEASURE, PATIENT = 0, 1 << 5
    SIDES = [128, 160, 192, 240, 256, 288, 320, 384, 480, 512, 576, 640, 768, 960, 1024, 1152, 1280]

    def __init__(self, task):
        self.load()
        require_floats(task)
        if task.threads != 1:
            raise Unavailable("measured on one thread only")
        self.radius = task.kernel.shape[0] // 2
        self.take(task.image)
        self.out = np.zeros_like(self.planes)
        self.height, self.width = task.image.shape[:2]
        self.padded = np.zeros((self.height + 2 * self.radius, self.width + 2 * self.radius), np.float32)
        self.choose_tile(task.kernel)

    def take(self, image):
        self.planes = np.ascontiguousarray(np.moveaxis(np.atleast_3d(image), 2, 0))

    @property
    def result(self):
        return np.squeeze(np.moveaxis(self.out, 0, 2))

    @classmethod
    def load(cls, path=None):
        if cls.c is not None:
            return
        try:
            library = ctypes.CDLL(path or "libfftw3f.so.3")
        except OSError as error:
            raise Unavailable(f"{error}; install with: Scripts/install-deps peers") from None
        for name in ("fftwf_plan_dft_r2c_2d", "fftwf_plan_dft_c2r_2d"):
            function = getattr(library, name)
            function.restype = ctypes.c_void_p
            function.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint]
        library.fftwf_execute.argtypes = [ctypes.c_void_p]
        library.fftwf_import_wisdom_from_filename(str(cls.wisdom).encode())
        cls.c = library

    def choose_tile(self, kernel):
        key = self.height, self.width, self.radius
        if key not in self.fastest:
            self.fastest[key] = self.fastest_tile(kernel)
        self.prepare(kernel, *self.fastest[key])
        self.wisdom.parent.mkdir(exist_ok=True)
        self.c.fftwf_export_wisdom_to_filename(str(self.wisdom).encode())
        self.name = f"FFTW, tiles {self.tile[1]}x{self.tile[0]}"

    def fastest_tile(self, kernel):
        """A tile, and the effort to plan it with."""
        whole = tuple(good_side(n + 2 * self.radius) for n in (self.height, self.width))
        sides = [side for side in self.SIDES if side >= 4 * self.radius]

        def work(tile):
            pieces = [-(-n // (side - 2 * self.radius)) for n, side in zip((self.height, self.width), tile)]
            return pieces[0] * pieces[1] * tile[0] * tile[1] * np.log2(tile[0] * tile[1])

        tiles = sorted(itertools.product(sides, sides), key=work)[:10] + [whole]
        tile = min(tiles, key=lambda tile: self.prepare(kernel, tile, self.MEASURE).seconds())
        # FFTW plans a large transform patiently for minutes, and gains nothing that was seen.
        return tile, self.MEASURE if tile == whole else self.PATIENT

    def prepare(self, kernel, tile, effort):
        self.tile = height, width = tile
        self.real = aligned((height, width), np.float32)
        self.spectrum = aligned((height, width // 2 + 1), np.complex64)
        buffers = self.real.ctypes.data, self.spectrum.ctypes.data
        self.forward = self.c.fftwf_plan_dft_r2c_2d(height, width, *buffers, effort)
        self.backward = self.c.fftwf_plan_dft_c2r_2d(height, width, *buffers[::-1], effort)
        self.real[:] = 0
        # FFTW leaves the factor of a transform and back to the caller.
        self.real[: kernel.shape[0], : kernel.shape[1]] = kernel / (height * width)
        self.c.fftwf_execute(self.forward)
        self.kernel = self.spectrum.copy()
        return self

    def seconds(self):
        """Of the first plane."""
        self.filter(1)
        times = []
        for _ in range(3):
            start = time.process_time()
            self.filter(1)
            times.append(time.process_time() - start)
        return min(times)

    def run(self):
        self.filter(len(self.planes))

    def filter(self, planes):
        r = self.radius
        height, width = self.tile
        for plane, out in zip(self.planes[:planes], self.out):
            cv2.copyMakeBorder(plane, r, r, r, r, BORDER, dst=self.padded)
            for y in range(0, self.height, height - 2 * r):
                for x in range(0, self.width, width - 2 * r):
                    tile = self.padded[y : y + height, x : x + width]
                    self.real[: tile.shape[0], : tile.shape[1]] = tile
                    self.c.fftwf_execute(self.forward)
                    np.multiply(self.spectrum, self.kernel, out=self.spectrum)
                    self.c.fftwf_execute(self.backward)
                    piece = out[y : y + height - 2 * r, x : x + width - 2 * r]
                    piece[:] = self.real[2 * r : 2 * r + piece.shape[0], 2 * r : 2 * r + piece.shape[1]]


def aligned(shape, dtype):
    """Zeros that start a cache line, as FFTW's SIMD wants them."""
    count = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = np.zeros(count + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + count].view(dtype).reshape(shape)
