"""Fits of a filter to a kernel."""

from __future__ import annotations

import ctypes
from typing import Any, TypeVar, Union

from . import _apply, _library
from ._arrays import Array
from ._errors import ArgumentError, error_of_status
from ._progress import ProgressOption, reporter
from ._watch import threads_of, watched
from .filter import Filter, _rate
from .handle import Handle
from .kernel import Kernel, as_kernel
from .parts import Rate

Result = TypeVar("Result", bound=Handle)


def fit(
    kernel: Union[Kernel, str, Array],
    *,
    error: float | None = None,
    cost: float | None = None,
    exact_shift: bool = False,
    clean_highlights: bool = False,
    thorough: bool = False,
    taps: int | None = None,
    layout: str | None = None,
    model: str | None = None,
    objective: str | None = None,
    recipe: str | None = None,
    guess: str | None = None,
    effort: str | None = None,
    seconds: float | None = None,
    rate: Rate | tuple[int, int, int] | int | None = None,
    maximum_noise_gain: float | None = None,
    nonnegative: bool = False,
    fraction_bits: int | None = None,
    seed: int = 1,
    threads: int | None = None,
    progress: ProgressOption = True,
) -> Filter:
    """Fits a filter to a kernel.

    By default a planner chooses rate, layers and taps: the cheapest filter of at least `error` dB, or the best of at most `cost`. Any
    option of a search (from `taps` to `fraction_bits`) searches for taps of the kernel as told instead.

    Parameters
    ----------
    kernel : Kernel, str, or array of shape (H, W)
        Words such as ``"disk:radius=20"`` are a kernel, too.
    error : float, optional
        Planner: at least so many dB on photographs; 60 if nothing is said.
    cost : float, optional
        Planner: at most so many milliseconds a megapixel and channel on one core.
    exact_shift : bool
        Planner: a shift of the image must shift the result alike, which forbids lower rates.
    clean_highlights : bool
        Planner: a point of light may change its look little.
    thorough : bool
        Planner: search at length, up to half a minute.
    taps : int, optional
        Search: so many taps in all.
    layout : str, optional
        Search: the layers, such as "24x4", "76,8,6,6", "17r4,4r4", or "dense" for all taps at a lower rate.
    model : "integer" or "bilinear", optional
        Search: how taps read.
    objective : "photo", "balanced", "highlights" or "charbonnier", optional
    recipe : "fewtap" or "paper", optional
    guess : "mass", "sparse", "radial" or "random", optional
    effort : "fast", "normal" or "thorough", optional
    seconds : float, optional
        Search: as much as fits into so many seconds, instead of an effort.
    rate : int or Rate, optional
        Search: the lower rate that the layers run at.
    maximum_noise_gain : float, optional
    nonnegative : bool
        Search: no weight may be negative.
    fraction_bits : int, optional
        Search: bits of the place between two pixels that bilinear taps are rounded to, 1 to 16.
    seed : int
        The same seed gives the same filter, to the bit, for any number of threads.
    threads : int, optional
        All cores by default.
    progress : bool or function
        True: a line in a terminal, a bar in a notebook, nothing elsewhere. A function is called with a `Progress` some 20 times a second;
        what it raises ends the fit, as Ctrl-C does, and is raised again; if it returns False the best filter so far is the result.

    Returns
    -------
    Filter
        Its `error` tells how close it came, and `fit_record` how it ended.
    """
    search: dict[str, Any] = {
        "taps": taps,
        "layout": layout,
        "model": model,
        "objective": objective,
        "recipe": recipe,
        "guess": guess,
        "effort": effort,
        "seconds": seconds,
        "rate": rate,
        "maximum_noise_gain": maximum_noise_gain,
        "nonnegative": nonnegative or None,
        "fraction_bits": fraction_bits,
    }
    plan: dict[str, Any] = {
        "error": error,
        "cost": cost,
        "exact_shift": exact_shift or None,
        "clean_highlights": clean_highlights or None,
        "thorough": thorough or None,
    }
    of_search = [name for name, value in search.items() if value is not None]
    of_plan = [name for name, value in plan.items() if value is not None]
    if of_search and of_plan:
        raise ArgumentError(
            f"{', '.join(of_plan)} and {', '.join(of_search)} contradict each other: a planner chooses taps, a search is told them"
        )
    source = as_kernel(kernel)
    if not of_search:
        options = planner_options(error, cost, exact_shift, clean_highlights, thorough, seed, threads)
        return run_fit("fewtap_fit_planned", (source._handle,), options, progress, Filter)
    factor, prefilter, interpolator = _rate(rate)
    found = _library.sized(
        _library.FitOptions,
        taps=_positive(taps, "taps"),
        layout=_text(layout),
        tap_model=_apply.choice(model or "integer", {"integer": 0, "bilinear": 1}, "model"),
        objective=_text(objective),
        recipe=_text(recipe),
        guess=_text(guess),
        effort=_text(effort),
        seconds=_positive(seconds, "seconds"),
        seed=checked_seed(seed),
        rate_factor=factor,
        prefilter_degree=prefilter,
        interpolator_degree=interpolator,
        maximum_noise_gain=_positive(maximum_noise_gain, "maximum_noise_gain"),
        nonnegative=int(nonnegative),
        fraction_bits=_positive(fraction_bits, "fraction_bits"),
        threads=threads_of(threads),
    )
    return run_fit("fewtap_fit", (source._handle,), found, progress, Filter)


def planner_options(
    error: float | None,
    cost: float | None,
    exact_shift: bool,
    clean_highlights: bool,
    thorough: bool,
    seed: int,
    threads: int | None,
) -> _library.PlannerOptions:
    """What a planner is asked for."""
    return _library.sized(
        _library.PlannerOptions,
        error=_positive(error, "error"),
        cost=_positive(cost, "cost"),
        exact_shift=int(exact_shift),
        clean_highlights=int(clean_highlights),
        thorough=int(thorough),
        seed=checked_seed(seed),
        threads=threads_of(threads),
    )


def run_fit(
    function: str, arguments: tuple[Any, ...], options: ctypes.Structure, progress: ProgressOption, kind: type[Result]
) -> Result:
    """Runs a fit of the library under the caller's eyes.

    Raises
    ------
    FewtapError
        It failed, or was ended before there was anything.
    """

    def work(told: Any) -> Result:
        made = kind.__new__(kind)
        status, message = _library.status_of(
            function, *arguments, ctypes.byref(options), told, None, ctypes.byref(made._box)
        )
        if status not in (_library.OK, _library.CANCELLED) or made.closed:
            raise error_of_status(status, message)
        return made

    with reporter(progress) as tell:
        return watched(work, tell)


def checked_seed(seed: int) -> int:
    """Raises `ArgumentError` unless it is a number of 64 bits other than 0."""
    if not isinstance(seed, int) or not 1 <= seed < 1 << 64:
        raise ArgumentError(f"seed is {seed!r}: expected a whole number from 1 to {(1 << 64) - 1}")
    return seed


def _positive(value: Any, name: str) -> Any:
    if value is None:
        return 0
    # 0 stands for the default in the library.
    if not value > 0:
        raise ArgumentError(f"{name} is {value!r}: expected more than 0, or None")
    return value


def _text(value: str | None) -> bytes | None:
    return None if value is None else value.encode()
