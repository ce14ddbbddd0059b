"""What all rivals have in common."""
import dataclasses
import pathlib
import time

import cv2
import numpy as np

BORDER = cv2.BORDER_REPLICATE
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# A run may take so long, in seconds; what would take longer is told and not run.
LONGEST = 3


class Unavailable(Exception):
    """This rival cannot do that, and why."""


class NotMeant(Exception):
    """This rival would be the same as another one here: nobody misses it."""


@dataclasses.dataclass
class Task:
    """What a rival is made for: a kernel [side, side] and images like this one. `lights` are photographs of its size in linear
    light; `demand` is the PSNR on them, dB, that a rival shall reach whose quality can be chosen. `known` keeps what costs time
    to find out, for the next demand."""

    kernel: np.ndarray
    image: np.ndarray
    threads: int
    lights: list
    demand: float | None = None
    known: dict = dataclasses.field(default_factory=dict)

    @property
    def multiplies(self):
        """Multiply-adds of a direct convolution, zeros left out."""
        return self.image.size * np.count_nonzero(self.kernel)


class Rival:
    """Made for one task: all that can be prepared is prepared there (plans, spectra, buffers). `take` gives it the image, and
    `run`, which is timed, does the rest and leaves `result`. Images are [height, width] or [height, width, channels].

    `name` says what it is, `library` whose it is. `floor` is the least PSNR that its result must have, dB: 90 where the method
    is exact, near what was seen where it approximates, and None where it does not filter. `meets_demand` rivals are made once
    for each of our filters, whose PSNR they have to reach."""

    meets_demand = False

    def __init__(self, task):
        self.take(task.image)
        self.result = np.zeros_like(task.image)

    def take(self, image):
        self.image = image

    def turn(self, times, warm=True):
        """Milliseconds a run: on the wall, and of all this process's threads."""
        if warm:
            self.run()
        wall, processor = time.perf_counter(), time.process_time()
        for _ in range(times):
            self.run()
        worked, spent = time.process_time() - processor, time.perf_counter() - wall
        return spent * 1e3 / times, worked * 1e3 / times


def require_brief(seconds):
    if seconds > LONGEST:
        raise Unavailable(f"it would take about {seconds:.0f} s a run")


def require_floats(task):
    if task.image.dtype != np.float32:
        raise Unavailable("it takes floats only")


def row_and_column(kernel):
    """The factors of a separable kernel, both of equal sum; None for other kernels."""
    columns, weights, rows = np.linalg.svd(kernel)
    if weights[1] > 1e-6 * weights[0]:
        return None
    sign = np.sign(rows[0].sum()) or 1
    return [sign * np.sqrt(weights[0]) * factor for factor in (rows[0], columns[:, 0])]


def require_separable(task):
    factors = row_and_column(task.kernel)
    if factors is None:
        raise Unavailable("the kernel is not a column times a row")
    return factors


def sigma_of(kernel):
    """The standard deviation of a sampled, cut Gaussian, from the ratio of two of its weights; None for other kernels."""
    middle, step = kernel.shape[0] // 2, max(1, kernel.shape[0] // 8)
    ratio = kernel[middle, middle] / max(kernel[middle, middle + step], 1e-300)
    if ratio <= 1 + 1e-9:
        return None
    sigma = step / np.sqrt(2 * np.log(ratio))
    axis = cv2.getGaussianKernel(kernel.shape[0], sigma, cv2.CV_64F)
    return float(sigma) if np.allclose(axis @ axis.T, kernel, rtol=1e-4, atol=kernel.max() * 1e-5) else None


def require_sigma(task):
    sigma = sigma_of(task.kernel)
    if sigma is None:
        raise Unavailable("the kernel is no Gaussian")
    return sigma


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
