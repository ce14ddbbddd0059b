"""OpenCV's filters, as its users call them."""
import bisect

import cv2
import numpy as np

from .rival import BORDER, NotMeant, Rival, Unavailable, require_floats, require_separable, require_sigma


def version():
    return cv2.__version__


class OpenCV(Rival):
    library = "OpenCV"


class Copy(Rival):
    """Copies the image: what memory costs."""

    name, library = "copy", "numpy"
    floor = None

    def run(self):
        np.copyto(self.result, self.image)


class Filter2D(OpenCV):
    """OpenCV's filter2D: direct up to 11x11, by DFT beyond."""

    name = "OpenCV filter2D"
    floor = 90

    def __init__(self, task):
        super().__init__(task)
        # It correlates.
        self.kernel = np.ascontiguousarray(task.kernel[::-1, ::-1], np.float32)

    def run(self):
        cv2.filter2D(self.image, -1, self.kernel, dst=self.result, borderType=BORDER)


class Filter2DAsFloat(Filter2D):
    """The same for bytes by way of floats: more to write, and faster."""

    name = "OpenCV filter2D, as float"

    def __init__(self, task):
        if task.image.dtype == np.float32:
            raise NotMeant
        super().__init__(task)
        self.floats, self.filtered = (np.zeros(task.image.shape, np.float32) for _ in range(2))

    def run(self):
        np.copyto(self.floats, self.image)
        cv2.filter2D(self.floats, -1, self.kernel, dst=self.filtered, borderType=BORDER)
        # Alone it rounds, and saturates at 0 and 255.
        cv2.convertScaleAbs(cv2.max(self.filtered, 0, dst=self.filtered), dst=self.result)


class LowRate(OpenCV):
    """What people write for a cheap large blur: OpenCV shrinks the image, filters it there, and enlarges the result."""

    name = "OpenCV resize, filter2D, resize"
    floor = 35

    def __init__(self, task):
        super().__init__(task)
        radius = task.kernel.shape[0] // 2
        self.factor = max([f for f in (2, 4, 8, 16) if 5 * f <= radius + 1], default=1)
        if self.factor == 1:
            raise Unavailable("the kernel is too small for a lower rate")
        height, width = (-(-n // self.factor) for n in task.image.shape[:2])
        self.low = np.zeros((height, width) + task.image.shape[2:], task.image.dtype)
        self.filtered = np.zeros_like(self.low)
        self.kernel = np.ascontiguousarray(self.shrunk(task.kernel)[::-1, ::-1], np.float32)

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


class SepFilter2D(OpenCV):
    """OpenCV's sepFilter2D, for a kernel that is a column times a row."""

    name = "OpenCV sepFilter2D"
    floor = 90

    def __init__(self, task):
        super().__init__(task)
        self.factors = [reversed_factor(factor) for factor in require_separable(task)]

    def run(self):
        cv2.sepFilter2D(self.image, -1, *self.factors, dst=self.result, borderType=BORDER)


class LowRank(OpenCV):
    """A kernel of low rank by sepFilter2D, a pass over rows and columns for each of its largest singular values: as few as
    reach the PSNR of one of our filters."""

    name = "OpenCV sepFilter2D, low rank"
    meets_demand = True

    def __init__(self, task):
        super().__init__(task)
        require_floats(task)
        columns, weights, rows = np.linalg.svd(task.kernel)
        full = np.count_nonzero(weights > 1e-6 * weights[0])
        if full == 1:
            raise NotMeant

        def reaches(rank):
            if rank not in task.known:
                task.known[rank] = psnr_without((columns[:, rank:] * weights[rank:]) @ rows[rank:], task.lights)
            return task.known[rank] >= task.demand

        self.floor = task.demand
        rank = bisect.bisect_left(range(1, full), True, key=reaches) + 1
        self.name = f"OpenCV sepFilter2D, rank {rank}"
        scaled = columns * weights
        self.passes = [[reversed_factor(rows[i]), reversed_factor(scaled[:, i])] for i in range(rank)]
        self.part = np.zeros_like(task.image)

    def run(self):
        for i, factors in enumerate(self.passes):
            cv2.sepFilter2D(self.image, -1, *factors, dst=self.part if i else self.result, borderType=BORDER)
            if i:
                cv2.add(self.result, self.part, dst=self.result)


def reversed_factor(factor):
    """As sepFilter2D wants it, which correlates, and is faster where a factor is its mirror image to the bit, sign aside."""
    flipped = factor[::-1]
    for sign in (1, -1):
        if np.allclose(factor, sign * flipped, rtol=0, atol=1e-9 * np.abs(factor).max()):
            flipped = (flipped + sign * factor) / 2
            break
    return flipped.astype(np.float32)


def psnr_without(rest, lights):
    """Mean PSNR over photographs of a kernel that lacks this rest."""
    flipped = np.ascontiguousarray(rest[::-1, ::-1], np.float32)
    norms = [cv2.norm(cv2.filter2D(light, -1, flipped, borderType=BORDER), cv2.NORM_L2SQR) / light.size for light in lights]
    return float(np.mean(-10 * np.log10(norms)))


class BoxFilter(OpenCV):
    """OpenCV's boxFilter, for squares: its time does not grow with the side."""

    name = "OpenCV boxFilter"
    floor = 90

    def __init__(self, task):
        super().__init__(task)
        if np.ptp(task.kernel) > 1e-6 * task.kernel.max():
            raise Unavailable("the kernel is no full square")
        self.side = task.kernel.shape[0]

    def run(self):
        cv2.boxFilter(self.image, -1, (self.side, self.side), dst=self.result, borderType=BORDER)


class GaussianRival(OpenCV):
    """What the rivals below have in common: they do Gaussians only."""

    def __init__(self, task):
        super().__init__(task)
        self.sigma, self.side = require_sigma(task), task.kernel.shape[0]


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

    def __init__(self, task):
        super().__init__(task)
        # A triangle of n + 1 steps a side has the variance n (n + 2) / 6.
        self.side = 2 * round(np.sqrt(1 + 6 * self.sigma**2) - 1) + 1

    def run(self):
        cv2.stackBlur(self.image, (self.side, self.side), dst=self.result)


class BoxFilters(GaussianRival):
    """Three of OpenCV's boxFilter, of equal variance."""

    name = "OpenCV boxFilter x3"
    floor = 35

    def __init__(self, task):
        super().__init__(task)
        # A box of n pixels has the variance (n^2 - 1) / 12; of two odd sides, as many of each as come nearest.
        small = (int(np.sqrt(4 * self.sigma**2 + 1)) - 1) | 1
        mixes = [[small] * (3 - n) + [small + 2] * n for n in range(4)]
        self.sides = min(mixes, key=lambda sides: abs(sum(n * n - 1 for n in sides) / 12 - self.sigma**2))

    def run(self):
        source = self.image
        for side in self.sides:
            cv2.boxFilter(source, -1, (side, side), dst=self.result, borderType=BORDER)
            source = self.result
