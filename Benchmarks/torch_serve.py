"""Convolves with PyTorch on request, in a process of its own: Debian's PyTorch needs the system's Python and an older NumPy.

Requests are those of `fewtap-bench serve` (Sources/fewtap-bench/Serve.swift), of floats only. `load` takes a `method` (conv2d,
separable, fft), the path of a `kernel` (NPY: [side, side]; for separable [2, side], its row and its column), width, height,
channels and threads; fft the `sides` of its transform, too. Also `{"version": {}}`, answered by `{"version": "..."}`, and
`{"forget": {}}`, which drops all jobs.
"""
import json
import platform
import sys
import time

try:
    import numpy as np
    import torch
    from torch.nn.functional import conv2d, pad
except ImportError as error:
    missing = str(error)
else:
    missing = None


class Job:
    """Planes [1, channels, height, width]; colors are taken apart at no charge, outside `run`."""

    def __init__(self, kernel, height, width, channels, threads, sides=None):
        torch.set_num_threads(threads)
        self.shape, self.sides = (height, width, channels), sides
        weights = torch.from_numpy(np.load(kernel).astype(np.float32))
        self.radius = weights.shape[1] // 2
        self.prepare(weights)

    def take(self, path):
        planes = np.moveaxis(np.fromfile(path, np.float32).reshape(self.shape), 2, 0)
        self.planes = torch.from_numpy(np.ascontiguousarray(planes))[None]

    def padded(self):
        return pad(self.planes, (self.radius,) * 4, mode="replicate")

    def filters(self, weights):
        """For each channel the same weights; conv2d correlates."""
        return weights.flip(0, 1).expand(self.shape[2], 1, *weights.shape).contiguous()

    def write(self, path):
        np.ascontiguousarray(np.moveaxis(self.result[0].numpy(), 0, 2)).tofile(path)


class Conv2D(Job):
    def prepare(self, weights):
        self.weights = self.filters(weights)

    def run(self):
        self.result = conv2d(self.padded(), self.weights, groups=self.shape[2])


class Separable(Job):
    def prepare(self, weights):
        self.row, self.column = self.filters(weights[:1]), self.filters(weights[1:].T)

    def run(self):
        rows = conv2d(self.padded(), self.row, groups=self.shape[2])
        self.result = conv2d(rows, self.column, groups=self.shape[2])


class Fourier(Job):
    """torch.fft with the kernel's spectrum kept, the image in one piece."""

    def prepare(self, weights):
        self.spectrum = torch.fft.rfft2(weights, s=self.sides)

    def run(self):
        product = torch.fft.rfft2(self.padded(), s=self.sides).mul_(self.spectrum)
        filtered = torch.fft.irfft2(product, s=self.sides)
        # The result at p lies at p + 2 radius: one of the kernel's corner, one of the border.
        height, width, _ = self.shape
        left = 2 * self.radius
        self.result = filtered[..., left : left + height, left : left + width].contiguous()


METHODS = {"conv2d": Conv2D, "separable": Separable, "fft": Fourier}


def answer(request, jobs):
    if missing:
        raise ImportError(missing)
    if "version" in request:
        capability = next(
            (line.split(":")[1].strip() for line in torch.__config__.show().splitlines() if "CPU capability" in line), "?"
        )
        return {
            "version": f"{torch.__version__} ({capability}), in Python {platform.python_version()}, numpy {np.__version__}"
        }
    if "forget" in request:
        jobs.clear()
        return {}
    if "load" in request:
        load = request["load"]
        jobs.append(METHODS[load.pop("method")](**load))
        return {"job": len(jobs) - 1}
    if "take" in request:
        jobs[request["take"]["job"]].take(request["take"]["path"])
        return {}
    if "run" in request:
        return timed(jobs[request["run"]["job"]].run, request["run"]["times"], request["run"]["warm"])
    if "output" in request:
        jobs[request["output"]["job"]].write(request["output"]["path"])
        return {}
    raise ValueError("a request is version, load, take, run, output or forget")


def timed(run, times, warm):
    with torch.inference_mode():
        if warm:
            run()
        wall, processor = time.perf_counter(), time.process_time()
        for _ in range(times):
            run()
        worked, spent = time.process_time() - processor, time.perf_counter() - wall
    return {"wall": spent * 1e3 / times, "processor": worked * 1e3 / times}


def main():
    jobs = []
    for line in sys.stdin:
        try:
            reply = answer(json.loads(line), jobs)
        except Exception as error:
            reply = {"error": f"{error or type(error).__name__}"}
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
