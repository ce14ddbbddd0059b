"""Convolution as `scipy.ndimage` calls it, by filters that are fitted once and kept."""

from __future__ import annotations

import os
import sys
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any, Union

import numpy as np

from . import _library
from ._apply import choice
from ._arrays import Array, as_array, as_numbers, output
from ._errors import FewtapError
from ._files import write_text
from ._progress import ProgressOption
from .filter import Filter
from .fitting import fit
from .kernel import Kernel

Cache = Union[bool, str, "os.PathLike[str]"]

_CAPACITY = 64
_MODES = {
    "reflect": "reflect",
    "grid-mirror": "reflect",
    "nearest": "clamp",
    "mirror": "mirror",
    "wrap": "wrap",
    "grid-wrap": "wrap",
    "constant": "constant",
    "grid-constant": "constant",
}

_kept: OrderedDict[tuple[str, float, int], Filter] = OrderedDict()
_lock = threading.Lock()


def convolve(
    image: Array,
    kernel: Union[Kernel, str, Array],
    error: float = 60.0,
    *,
    mode: str = "reflect",
    cval: float = 0.0,
    out: Any = None,
    layout: str | None = None,
    seed: int = 1,
    threads: int | None = None,
    cache: Cache = False,
    progress: ProgressOption = True,
) -> Any:
    """Convolves images with a kernel, as `scipy.ndimage.convolve` does, by a filter that stands for it.

    The kernel is flipped, as a convolution does: a point of light spreads as the kernel looks. `correlate` does not flip.

    Parameters
    ----------
    image : array of shape (H, W), (H, W, C) or (N, C, H, W)
        As for `Filter.apply`; channels are filtered alike. All is computed in float32, float64 images too: its rounding lies far below
        `error`, and `Filter.apply` has the slow reference.
    kernel : Kernel, str, or array of shape (h, w)
        Weights; offset 0 is at ``(w // 2, h // 2)``, or where a Kernel says.
    error : float
        How close filtered photographs shall come, dB: 60 is hard to see. Of a kernel of another sum than 1 it is that of the kernel divided
        by its sum of magnitudes.
    mode : "reflect", "nearest", "mirror", "wrap", "constant", "grid-mirror", "grid-wrap" or "grid-constant"
        What stands outside the image, by SciPy's names: all of them. "reflect" filters a padded copy.
    cval : float
        For "constant".
    out, layout, threads
        As for `Filter.apply`.
    seed, progress
        As for `fewtap.fit`.
    cache : bool or path
        Filters are kept in memory, the last 64. True keeps them in a folder of the user's caches, too; a path in that folder.

    Returns
    -------
    array
        `out`, or a new NumPy array of the input's shape and dtype.
    """
    border = _border(mode)
    filter = _filter(_centered(kernel, is_flipped=False), error, seed, threads, cache, progress)
    return _applied(filter, image, border, cval, out, layout, threads)


def correlate(
    image: Array,
    kernel: Union[Kernel, str, Array],
    error: float = 60.0,
    *,
    mode: str = "reflect",
    cval: float = 0.0,
    out: Any = None,
    layout: str | None = None,
    seed: int = 1,
    threads: int | None = None,
    cache: Cache = False,
    progress: ProgressOption = True,
) -> Any:
    """Correlates images with a kernel, as `scipy.ndimage.correlate` does: as `convolve`, but the kernel is not flipped.

    Parameters
    ----------
    image, kernel, error, mode, cval, out, layout, seed, threads, cache, progress
        As for `convolve`.

    Returns
    -------
    array
        As of `convolve`.
    """
    border = _border(mode)
    filter = _filter(_centered(kernel, is_flipped=True), error, seed, threads, cache, progress)
    return _applied(filter, image, border, cval, out, layout, threads)


def _applied(
    filter: Filter, image: Array, border: str, cval: float, out: Any, layout: str | None, threads: int | None
) -> Any:
    """Filters in float32, whatever the image is: what the filter leaves out is far larger than what that rounds."""
    source = as_array(image, "image")
    if source.dtype.itemsize != 8 or source.dtype.kind != "f":
        return filter.apply(source, border=border, border_value=cval, out=out, layout=layout, threads=threads)
    target = output(out, source)
    result = filter.apply(source.astype(np.float32), border=border, border_value=cval, layout=layout, threads=threads)
    np.copyto(target, result)
    return target if out is None else out


def clear_cache(cache: Cache = False) -> None:
    """Forgets the filters of `convolve`: those in memory, and those in the folder that `cache` says."""
    with _lock:
        _kept.clear()
    folder = _folder(cache)
    if folder is not None and folder.is_dir():
        for path in folder.glob("*.json"):
            path.unlink(missing_ok=True)


def _border(mode: str) -> str:
    choice(mode, dict.fromkeys(_MODES, 0), "mode")
    return _MODES[mode]


def _centered(kernel: Union[Kernel, str, Array], is_flipped: bool) -> Kernel:
    """The kernel to convolve with, of which an array's offset 0 is where SciPy has it."""
    if isinstance(kernel, str):
        kernel = Kernel(kernel)
    if isinstance(kernel, Kernel):
        if not is_flipped:
            return kernel
        values, (x, y) = kernel.array, kernel.center
    else:
        values = as_numbers(kernel, "kernel", 2)
        y, x = (count // 2 for count in values.shape)
    if is_flipped:
        (height, width), values = values.shape, values[::-1, ::-1]
        x, y = width - 1 - x, height - 1 - y
    return Kernel(values, (x, y), "convolve")


def _filter(
    kernel: Kernel, error: float, seed: int, threads: int | None, cache: Cache, progress: ProgressOption
) -> Filter:
    """The filter of a kernel: a kept one, or a new one."""
    key = (kernel.sha256, float(error), seed)
    with _lock:
        found = _kept.get(key)
        if found is not None:
            _kept.move_to_end(key)
            return found
    folder = _folder(cache)
    path = None if folder is None else folder / f"{key[0]}-{key[1]:g}-{key[2]}.json"
    found = _read(path)
    if found is None:
        found = _fitted(kernel, error, seed, threads, progress)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_text(path, found.to_json())
    with _lock:
        _kept[key] = found
        while len(_kept) > _CAPACITY:
            _kept.popitem(last=False)
    return found


def _read(path: Path | None) -> Filter | None:
    if path is None:
        return None
    try:
        return Filter.load(path)
    except (FewtapError, OSError):
        # Not there, or not whole: it is made anew.
        return None


def _fitted(kernel: Kernel, error: float, seed: int, threads: int | None, progress: ProgressOption) -> Filter:
    """Fits the kernel divided by its sum of magnitudes, and gives that back as gain, so that `error` means the same for all."""
    scale = kernel.absolute_sum
    if not np.isfinite(scale) or abs(scale - 1) < 1e-9 or scale == 0:
        return fit(kernel, error=error, seed=seed, threads=threads, progress=progress)
    unit = Kernel(kernel.array / scale, kernel.center, kernel.name)
    found = fit(unit, error=error, seed=seed, threads=threads, progress=progress)
    return Filter.from_taps(found.layers, gain=found.gain * scale, taps=found.taps, rate=found.rate)


def _folder(cache: Cache) -> Path | None:
    if cache is False or cache is None:
        return None
    if cache is not True:
        return Path(cache)
    if sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "fewtap" / _library.version()
