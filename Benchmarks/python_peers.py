#!/usr/bin/env python3
"""Measures the Python package beside what its users use, in one interleaved run on one photograph and one thread each.

    python_peers.py [--size 1080x1920] [--rounds 7] [--photo FILE] [--json FILE]

Three tables: a convolution with a big kernel (scipy.ndimage, scipy.signal, OpenCV, PyTorch); a step of learning, forward and backward,
with respect to image and kernel (PyTorch); and a blur that varies over the image (deepinv). Nothing is timed whose result was not
compared with the dense truth first, in float64 by FFT: `dB` is that PSNR, peak 1, in linear light; the image's gradients are held to their
results by the dot-product test, and where there is one kernel for all places to PyTorch's in float64; tests hold those of taps. Times are of the processor, the median of the rounds and their median absolute deviation; `/ ours` is how
many times longer a method takes than fewtap's first row: below 1 it is faster. What takes more than half a second has two rounds.
The photograph is mirrored over and over to fill the size; all methods repeat its outermost pixel at the border. Fits and spectra of
kernels are made before. A rival that is not installed is named.

Run it by `make bench-python`, or in .bench/python with FEWTAP_LIBRARY and PYTHONPATH=python/src set.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import json
import pathlib
import platform
import statistics
import sys
import sysconfig
import time
import types

try:
    import cv2
    import numpy as np
    import scipy
    import torch
    from scipy import ndimage, signal

    import fewtap
    from fewtap.torch import SparseBlur
except ImportError as error:
    sys.exit(f"python_peers.py: {error}: run it by `make bench-python`, or as its head says")

ROOT = pathlib.Path(__file__).resolve().parent.parent
KERNELS = {"disk of radius 20": "disk:radius=20", "heart of 49 pixels": "heart:size=49"}
# A rival whose PSNR is this, dB, is exact but for roundings. Filters tell the worst of three photographs; another may be worse.
EXACT, TOLERANCE = 90, 2.5
# Methods so slow, in milliseconds, have a turn in so many rounds only.
SLOW, FEW = 500, 2
# Largest relative error of gradients in float32.
LARGEST_ERROR = 1e-4
# What a step of learning may take backward, of its time forward: the bar of METHOD.md.
BACKWARD_BAR = 3


@dataclasses.dataclass
class Row:
    """A method, what it came to, and its times in milliseconds."""

    name: str
    run: object
    figures: dict
    times: list = dataclasses.field(default_factory=list)

    @property
    def median(self):
        return statistics.median(self.times)

    @property
    def deviation(self):
        return statistics.median(abs(value - self.median) for value in self.times)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="1080x1920", help="height and width (%(default)s)")
    parser.add_argument("--rounds", type=int, default=7, metavar="N")
    parser.add_argument("--photo", type=pathlib.Path, default=ROOT / ".bench/photos/astronaut.png")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="gets all figures")
    arguments = parser.parse_args()
    try:
        height, width = (int(side) for side in arguments.size.split("x"))
    except ValueError:
        sys.exit(f"python_peers.py: --size {arguments.size}: expected HEIGHTxWIDTH")
    sys.stdout.reconfigure(line_buffering=True)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    image = photograph(arguments.photo, height, width)
    versions = {
        "fewtap": fewtap.__version__, "python": platform.python_version(), "numpy": np.__version__,
        "scipy": scipy.__version__, "opencv": cv2.__version__, "torch": torch.__version__, "processor": processor(),
    }
    print(", ".join(f"{name} {value}" for name, value in versions.items()))
    print(f"{arguments.photo.name} on {width}x{height}, one channel, float32, one thread")
    report = {"versions": versions, "size": [height, width], "rounds": arguments.rounds, "tables": {}}
    for name, words in KERNELS.items():
        kernel = fewtap.Kernel(words)
        tables = {
            f"convolution with a {name}": convolutions(image, kernel),
            f"a step of learning, {name}": learning_steps(image, kernel),
        }
        for title, rows in tables.items():
            report["tables"][title] = measured(title, rows, arguments.rounds)
    title = "a blur that varies: 9 measured kernels of 31 x 31 pixels, with weights"
    report["tables"][title] = measured(title, varying(image), arguments.rounds)
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")
    missed = [
        f"{title}: {row['name']}: backward takes {row['backward / forward']:.2f} times forward, more than {BACKWARD_BAR}"
        for title, rows in report["tables"].items()
        for row in rows
        if row["name"].startswith("fewtap") and row.get("backward / forward", 0) > BACKWARD_BAR
    ]
    print(*missed, sep="\n")
    sys.exit(1 if missed else 0)


def processor():
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines() if sys.platform == "linux" else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())


def photograph(path, height, width):
    """Linear light, gray, mirrored to fill the size."""
    codes = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if codes is None:
        sys.exit(f"python_peers.py: {path} cannot be read: fetch the photographs by Benchmarks/get-photos")
    values = codes[..., ::-1] / 255
    light = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4) @ (0.2126, 0.7152, 0.0722)
    rows, columns = light.shape
    return np.pad(light, ((0, max(0, height - rows)), (0, max(0, width - columns))), mode="symmetric")[
        :height, :width
    ].astype(np.float32)


def measured(title, rows, rounds):
    """Times all rows, one turn each a round, and prints the table."""
    for turn in range(rounds):
        for row in rows:
            if turn >= FEW and row.times and row.median > SLOW:
                continue
            row.times.append(timed(row.run))
    print(f"\n{title}")
    known = list(dict.fromkeys(name for row in rows for name in row.figures))
    print(f"{'':44}{'ms':>9}{'MAD':>8}{'/ ours':>9}" + "".join(f"{name:>22}" for name in known))
    for row in rows:
        figures = "".join(f"{shown(row.figures.get(name)):>22}" for name in known)
        print(f"{row.name:44}{row.median:9.2f}{row.deviation:8.2f}{row.median / rows[0].median:9.2f}{figures}")
    return [
        {"name": row.name, "ms": row.median, "mad": row.deviation, "rounds": len(row.times), **row.figures} for row in rows
    ]


def shown(figure):
    return "" if figure is None else figure if isinstance(figure, str) else f"{figure:.3g}"


def timed(run):
    """Milliseconds of the processor; of short runs the mean of some."""
    begin, count = time.process_time(), 0
    while count == 0 or time.process_time() - begin < 0.02:
        run()
        count += 1
    return (time.process_time() - begin) * 1e3 / count


def typical(run):
    """The median of some times, of slow ones the first."""
    times = [timed(run)]
    while len(times) < 7 and times[0] < SLOW:
        times.append(timed(run))
    return statistics.median(times)


def psnr(found, truth):
    return -10 * np.log10(max(float(np.mean((np.asarray(found, np.float64) - truth) ** 2)), 1e-30))


def row(name, run, truth, least):
    """A method whose result is checked."""
    found = psnr(run(), truth)
    if found < least:
        sys.exit(f"python_peers.py: {name} is {found:.1f} dB from the truth: expected {least:.1f}")
    return Row(name, run, {"dB": found})


def dense(image, kernel):
    """The truth: convolution with the outermost pixel repeated, in float64."""
    height, width = kernel.shape
    x, y = kernel.center
    padded = np.pad(image.astype(np.float64), ((height - 1 - y, y), (width - 1 - x, x)), mode="edge")
    return signal.fftconvolve(padded, kernel.array, mode="valid")


def filters(kernel):
    """Ours by name: those of the planner, and a chain at the image's own rate."""
    found = {f"fewtap, {error} dB": fewtap.fit(kernel, error=error, progress=False) for error in (60, 50)}
    found["fewtap, 96 taps in layers"] = fewtap.fit(kernel, taps=96, progress=False)
    return found


def described(filter):
    layers = "+".join(str(layer.x.size) for layer in filter.layers)
    return f"{layers} at 1/{filter.rate.factor}" if filter.rate else layers


def convolutions(image, kernel):
    truth = dense(image, kernel)
    values = kernel.array.astype(np.float32)
    (height, width), (x, y) = kernel.shape, kernel.center
    sides = ((height - 1 - y, y), (width - 1 - x, x))
    tensor = torch.from_numpy(image)[None, None]
    out = np.empty_like(image)
    rows = []
    for name, filter in filters(kernel).items():
        least = filter.error.worst_photo_psnr - TOLERANCE
        rows.append(row(name, lambda filter=filter: filter.apply(image, out=out, threads=1), truth, least))
        rows[-1].figures["taps"] = described(filter)
        if len(rows) == 1:
            module = SparseBlur(filter, threads=1)
            rows.append(row("  the same by fewtap.torch", lambda: inferred(module, tensor)[0, 0].numpy(), truth, least))
            rows.append(
                row("  the same by fewtap.convolve", lambda: fewtap.convolve(image, kernel, mode="nearest", threads=1), truth, least)
            )  # fmt: skip
    flipped = np.ascontiguousarray(values[::-1, ::-1])
    weights = torch.from_numpy(flipped)[None, None]
    origin = (y - height // 2, x - width // 2)
    rows += [
        row("scipy.ndimage.convolve", lambda: ndimage.convolve(image, values, mode="nearest", origin=origin), truth, EXACT),
        row("scipy.signal.fftconvolve", lambda: signal.fftconvolve(np.pad(image, sides, mode="edge"), values, "valid"), truth, EXACT),
        row("cv2.filter2D", lambda: cv2.filter2D(image, -1, flipped, anchor=(width - 1 - x, height - 1 - y),
                                                 borderType=cv2.BORDER_REPLICATE), truth, EXACT),
        row("torch conv2d", lambda: inferred(convolved, tensor, weights, sides)[0, 0].numpy(), truth, EXACT),
        row("torch FFT", lambda: inferred(transformed, tensor, torch.from_numpy(values), sides)[0, 0].numpy(), truth, EXACT),
    ]  # fmt: skip
    return rows


def inferred(function, *arguments):
    with torch.inference_mode():
        return function(*arguments)


def padded(tensor, sides):
    (above, below), (left, right) = sides
    return torch.nn.functional.pad(tensor, (left, right, above, below), mode="replicate")


def convolved(tensor, weights, sides):
    """PyTorch's convolutions correlate: `weights` are flipped."""
    return torch.nn.functional.conv2d(padded(tensor, sides), weights)


def transformed(tensor, values, sides):
    """By FFT, of sizes that are fast."""
    around = padded(tensor, sides)
    shape = [scipy.fft.next_fast_len(size, real=True) for size in around.shape[-2:]]
    product = torch.fft.rfft2(around, s=shape) * torch.fft.rfft2(values, s=shape)
    height, width = values.shape
    return torch.fft.irfft2(product, s=shape)[..., height - 1 : around.shape[-2], width - 1 : around.shape[-1]]


def learning_steps(image, kernel):
    """Forward and backward, with respect to the image and to all of the kernel."""
    (height, width), (x, y) = kernel.shape, kernel.center
    sides = ((height - 1 - y, y), (width - 1 - x, x))
    tensor = torch.from_numpy(image)[None, None].requires_grad_()
    change = torch.from_numpy(np.random.default_rng(1).standard_normal(image.shape, dtype=np.float32))[None, None]
    weights = torch.from_numpy(kernel.array.astype(np.float32))
    rows = []
    for name, filter in filters(kernel).items():
        module = SparseBlur(filter, learn_weights=True, learn_offsets=True, learn_gain=True, threads=1)
        fixed = SparseBlur(filter, threads=1)
        rows.append(stepped(f"{name}, offsets too", module, tensor, list(module.parameters()), change))
        rows.append(stepped(f"{name}, the image alone", fixed, tensor, [], change))
        if filter.rate is None:
            # Of a lower rate the kernel is a mean over places, of which there is no dense truth.
            rows[-1].figures["gradient off by"] = off(fixed, tensor, change, filter.kernel())
    flipped = weights.flip(0, 1)[None, None].contiguous().requires_grad_()
    learned = weights.clone().requires_grad_()
    rows += [
        stepped("torch conv2d", lambda tensor: convolved(tensor, flipped, sides), tensor, [flipped], change),
        stepped("torch FFT", lambda tensor: transformed(tensor, learned, sides), tensor, [learned], change),
    ]
    return rows


def off(module, tensor, change, kernel):
    (found,) = torch.autograd.grad(module(tensor), tensor, change)
    (height, width), (x, y) = kernel.shape, kernel.center
    exact = tensor.detach().double().requires_grad_()
    sides = ((height - 1 - y, y), (width - 1 - x, x))
    (truth,) = torch.autograd.grad(transformed(exact, torch.from_numpy(kernel.array), sides), exact, change.double())
    found = float((found - truth).norm() / truth.norm())
    if found > LARGEST_ERROR:
        sys.exit(f"python_peers.py: the image's gradient is off by {found:.2g}: expected {LARGEST_ERROR} at most")
    return found


def stepped(name, function, tensor, parameters, change):
    """A step's row; `backward / forward` is of times taken here, one after the other."""

    def step():
        return torch.autograd.grad(function(tensor), [tensor, *parameters], change)

    # <A x, c> = <x, A^T c>: of every method, also where there is no truth.
    result, gradient = inferred(function, tensor).double(), step()[0].double()
    values = tensor.detach().double()
    apart = abs((result * change).sum() - (values * gradient).sum()) / (result.norm() * change.norm())
    if not apart <= LARGEST_ERROR:
        sys.exit(f"python_peers.py: {name}: the gradient is not that of the result, by {apart:.2g}")
    forward, both = typical(lambda: inferred(function, tensor)), typical(step)
    return Row(name, step, {"forward, ms": forward, "backward / forward": both / forward - 1})


def varying(image):
    """Weights that are bilinear between 3 x 3 places, and kernels that grow to the corners: `sum_k psf_k * (w_k x)`."""
    height, width = image.shape
    places = [(column, line) for line in (-1, 0, 1) for column in (-1, 0, 1)]
    across, down = np.linspace(-1, 1, width), np.linspace(-1, 1, height)[:, None]
    weights = np.stack(
        [np.maximum(0, 1 - abs(across - x)) * np.maximum(0, 1 - abs(down - y)) for x, y in places]
    ).astype(np.float32)
    y, x = np.mgrid[-15:16, -15:16]
    psfs = []
    for column, line in places:
        # An ellipse with soft edges, along the way from the center.
        along, beside = 4 + 7 * np.hypot(column, line) / np.sqrt(2), 4
        angle = np.arctan2(line, column)
        u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
        values = 1 / (1 + np.exp(2 * (np.hypot(u / along, v / beside) - 1) * beside))
        psfs.append(values / values.sum())
    psfs = np.stack(psfs)
    truth = sum(dense(weight.astype(np.float64) * image, fewtap.Kernel(psf)) for weight, psf in zip(weights, psfs))
    rows = []
    out = np.empty_like(image)
    for error in (60, 50):
        basis, map = fewtap.Basis.from_psfs(psfs, weights, error=error, progress=False)
        rows.append(
            row(f"fewtap, {error} dB", lambda basis=basis, map=map: basis.apply(image, map, direction="scatter", out=out, threads=1),
                truth, error - TOLERANCE)
        )  # fmt: skip
    try:
        product = product_convolution()
    except ImportError as error:
        print(f"\ndeepinv does not take part: {error}")
        return rows
    tensor, multipliers = torch.from_numpy(image)[None, None], torch.from_numpy(weights)[None, None]
    stack = torch.from_numpy(psfs.astype(np.float32))[None, None]
    for name, uses_fft in (("deepinv SpaceVaryingBlur, FFT", True), ("deepinv SpaceVaryingBlur, direct", False)):
        rows.append(
            row(name, lambda uses_fft=uses_fft: inferred(
                    lambda: product(tensor, multipliers, stack, padding="replicate", use_fft=uses_fft))[0, 0].numpy(),
                truth, EXACT)
        )  # fmt: skip
    return rows


def product_convolution():
    """What deepinv's SpaceVaryingBlur calls. Its package asks for torchvision, and that for a newer PyTorch than Debian's, so that
    only the files that do this work are imported."""
    folder = pathlib.Path(sysconfig.get_path("purelib"))
    if not (folder / "deepinv").is_dir():
        raise ImportError("it is not installed: pip install --no-deps deepinv")
    for name in ("deepinv", "deepinv.utils", "deepinv.physics", "deepinv.physics.functional"):
        module = types.ModuleType(name)
        module.__path__ = [str(folder / name.replace(".", "/"))]
        sys.modules[name] = module
        parent, _, leaf = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], leaf, module)
    functional = sys.modules["deepinv.physics.functional"]
    convolution = importlib.import_module("deepinv.physics.functional.convolution")
    functional.conv2d, functional.conv2d_fft = convolution.conv2d, convolution.conv2d_fft
    return importlib.import_module("deepinv.physics.functional.product_convolution").product_convolution2d


if __name__ == "__main__":
    main()
