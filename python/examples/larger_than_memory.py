"""Filters an image of 400 MB, into a file of as many, by a process that may allocate 250 MB; then checks strips of it, to the bit.

    python larger_than_memory.py [--side 10000] [--limit 250] [--folder DIR]

The limit is beyond what Python and its packages take before there is an image. Needs fewtap and dask, and Linux, which counts what a
process allocates (RLIMIT_DATA); files that are mapped do not count.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path

import dask
import dask.array as da
import numpy as np

import fewtap
import fewtap.dask

CHUNK = 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=10_000, help="pixels, of 4 bytes (%(default)s)")
    parser.add_argument("--limit", type=int, default=250, help="MB that the process may allocate (%(default)s)")
    parser.add_argument("--folder", type=Path, help="where the files go; a temporary folder by default")
    arguments = parser.parse_args()
    filter = fewtap.fit("disk:radius=20", error=50, progress=False)
    print(filter)
    limit = allocated() + arguments.limit * 1_000_000
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        run(filter, Path(folder), arguments.side)


def allocated() -> int:
    """What RLIMIT_DATA counts of this process, bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmData"))


class File:
    """An array's file as dask reads it, piece by piece: dask copies what NumPy maps, all of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        array = self.array
        self.shape, self.dtype, self.ndim = array.shape, array.dtype, array.ndim

    @property
    def array(self) -> np.ndarray:
        return np.load(self.path, mmap_mode="r")

    def __getitem__(self, index: tuple[slice, ...]) -> np.ndarray:
        return np.array(self.array[index])


def run(filter: fewtap.Filter, folder: Path, side: int) -> None:
    paint(folder / "image.npy", side)
    file = File(folder / "image.npy")
    image = file.array
    try:
        np.array(image)
        raise SystemExit("the image fits into memory: give a larger --side or a lower --limit")
    except MemoryError:
        print(f"the image of {image.nbytes / 1e6:.0f} MB does not fit into memory")

    begin = time.perf_counter()
    result = np.lib.format.open_memmap(folder / "blurred.npy", mode="w+", dtype=image.dtype, shape=image.shape)
    lazy = fewtap.dask.apply(da.from_array(file, chunks=CHUNK), filter, border="mirror")
    with dask.config.set(scheduler="threads", num_workers=min(4, os.cpu_count() or 1)):
        da.store(lazy, result, lock=False)
    seconds = time.perf_counter() - begin
    print(f"filtered in {seconds:.1f} s, {image.size / 1e6 / seconds:.0f} megapixels a second")
    check(filter, image, result)


def paint(path: Path, side: int) -> None:
    """Waves, edges and noise, some rows at a time."""
    image = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(side, side))
    x = np.arange(side, dtype=np.float32)
    for y in range(0, side, 100):
        rows = image[y : y + 100]
        lines = np.arange(y, y + len(rows), dtype=np.float32)[:, None]
        rows[:] = np.random.default_rng(y).random(rows.shape, dtype=np.float32)
        rows += np.sin(x * np.float32(0.01)) * np.cos(lines * np.float32(0.02)) + (x // 96 + lines // 96) % 2


def check(filter: fewtap.Filter, image: np.ndarray, result: np.ndarray) -> None:
    """Strips over the whole width, at both ends and over a seam of chunks, filtered without dask."""
    height, unit = len(image), filter.halo.alignment
    above, below = (-(-side // unit) * unit for side in (filter.halo.above, filter.halo.below))
    for middle in (0, CHUNK, height // 2, height):
        first, last = max(0, middle - 32), min(height, middle + 32)
        begin, end = max(0, (first - above) // unit * unit), min(height, last + below)
        # Borders of the strip that are not the image's are cut off.
        strip = filter.apply(image[begin:end], border="mirror")[first - begin : last - begin]
        if not np.array_equal(strip, result[first:last]):
            raise SystemExit(f"rows {first} to {last} are not those of the whole image")
        print(f"rows {first} to {last}: equal to the bit")


if __name__ == "__main__":
    main()
