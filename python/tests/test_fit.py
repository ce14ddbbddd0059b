"""Fits, their progress, and their end before the end."""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
from types import FrameType

import numpy as np
import pytest

import fewtap
from fewtap import _library, _progress


def test_planner_keeps_its_error() -> None:
    kernel = fewtap.Kernel("disk:radius=6")
    filter = fewtap.fit(kernel, error=55, progress=False)
    assert filter.error is not None and filter.error.photo_psnr >= 55
    assert filter.error.photo_psnr == pytest.approx(filter.measure(kernel).photo_psnr, abs=1e-6)
    assert filter.fit_record is not None and filter.fit_record.recipe == "planner"
    assert filter.tap_count < kernel.support


def test_search_keeps_its_budget_and_its_seed() -> None:
    kernel = np.asarray(fewtap.Kernel("disk:radius=5"))
    first = fewtap.fit(kernel, taps=12, effort="fast", seed=7, threads=1, progress=False)
    again = fewtap.fit(kernel, taps=12, effort="fast", seed=7, threads=2, progress=False)
    other = fewtap.fit(kernel, taps=12, effort="fast", seed=8, progress=False)
    assert first.tap_count <= 12 and first == again != other
    assert first.fit_record is not None and first.fit_record.seed == 7 and first.fit_record.effort == "fast"


def test_layout_and_bilinear_taps() -> None:
    filter = fewtap.fit("gaussian:sigma=2", layout="4x2", model="bilinear", effort="fast", progress=False)
    assert filter.taps == "bilinear" and [layer.x.size for layer in filter.layers] == [4, 4]
    low = fewtap.fit("disk:radius=30", layout="dense", rate=8, progress=False)
    assert low.rate is not None and low.rate.factor == 8


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"error": 50, "taps": 96}, "error and taps contradict"),
        ({"taps": -1}, "taps is -1"),
        ({"error": 0}, "error is 0"),
        ({"error": float("nan")}, "error is nan"),
        ({"error": 50, "cost": 1.0}, "cost|error"),
        ({"layout": "24y4"}, "24y4"),
        ({"effort": "lazy"}, "lazy"),
        ({"objective": "beauty"}, "beauty"),
        ({"model": "cubic"}, "'cubic'"),
        ({"seed": 0}, "seed"),
        ({"seed": 1 << 64}, "seed"),
        ({"seed": 1.5}, "seed"),
        ({"threads": -3}, "threads"),
        ({"progress": "yes"}, "progress"),
        ({"rate": 99}, "99|64"),
    ],
)
def test_bad_options(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        fewtap.fit("disk:radius=3", **options)  # type: ignore[arg-type]
    assert isinstance(caught.value, fewtap.FewtapError)


def test_progress_is_told_on_the_callers_thread(slow: fewtap.Kernel) -> None:
    told: list[fewtap.Progress] = []
    threads = set()

    def tell(progress: fewtap.Progress) -> None:
        told.append(progress)
        threads.add(threading.current_thread())

    filter = fewtap.fit(slow, taps=96, seconds=0.6, progress=tell)
    assert threads == {threading.current_thread()} and len(told) >= 3
    fractions = [progress.fraction for progress in told if progress.fraction is not None]
    assert fractions == sorted(fractions) and all(0 <= fraction <= 1 for fraction in fractions)
    assert all(progress.stage for progress in told)
    assert filter.fit_record is not None and filter.fit_record.termination in ("timeLimit", "completed")


class Enough(Exception):
    """What a progress function may raise."""


def test_an_exception_ends_the_fit(slow: fewtap.Kernel) -> None:
    gc.collect()
    before = _library.handle_count()

    def tell(progress: fewtap.Progress) -> None:
        if progress.photo_psnr is not None:
            raise Enough(progress.stage)

    began = time.monotonic()
    with pytest.raises(Enough):
        fewtap.fit(slow, taps=200, effort="thorough", progress=tell)
    assert time.monotonic() - began < 20
    assert _library.handle_count() == before


def test_false_ends_the_fit_with_the_best_so_far(slow: fewtap.Kernel) -> None:
    def tell(progress: fewtap.Progress) -> bool:
        return progress.photo_psnr is None

    filter = fewtap.fit(slow, taps=96, effort="thorough", progress=tell)
    assert filter.fit_record is not None and filter.fit_record.termination == "cancelled"
    assert filter.error is not None and filter.error.photo_psnr > 20


@pytest.mark.parametrize("kind", ["fit", "planner", "basis", "each"])
def test_ctrl_c(slow: fewtap.Kernel, kind: str) -> None:
    members: list[fewtap.Kernel] = []
    gc.collect()
    before = _library.handle_count()
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        if kind == "fit":
            fewtap.fit(slow, taps=200, effort="thorough", progress=False)
        elif kind == "planner":
            fewtap.fit(slow, error=70, thorough=True, exact_shift=True, progress=False)
        elif kind == "basis":
            fewtap.Basis.fit("motion:length=1...40,angle=0...180", error=70, progress=False)
        else:
            members = [fewtap.Kernel(f"heart:size={size}") for size in range(21, 121, 2)]
            fewtap.Basis.fit(members, error=75, progress=False)
    timer.join()
    assert time.monotonic() - began < 20
    members = []
    assert _library.handle_count() == before


def test_other_signals_may_raise(slow: fewtap.Kernel) -> None:
    def handler(number: int, frame: FrameType | None) -> None:
        raise Enough(number)

    previous = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(Enough):
            fewtap.fit(slow, taps=200, effort="thorough", progress=False)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def test_ctrl_c_while_filtering(cross: fewtap.Filter) -> None:
    images = np.zeros((60, 1, 500, 500))
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        cross.apply(images)
    timer.join()


def test_fits_beside_each_other() -> None:
    found: dict[int, fewtap.Filter] = {}

    def work(seed: int) -> None:
        found[seed] = fewtap.fit("disk:radius=4", taps=10, effort="fast", seed=seed, progress=seed % 2 == 0)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in (1, 2, 3, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed, filter in found.items():
        assert filter == fewtap.fit("disk:radius=4", taps=10, effort="fast", seed=seed, progress=False)


class Terminal:
    """A stream that says it is one."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None: ...

    def isatty(self) -> bool:
        return True


def test_terminal_line(slow: fewtap.Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    fewtap.fit(slow, taps=96, seconds=1.2)
    shown = terminal.text.split("\r")
    assert any("dB" in line for line in shown)
    # The line is wiped.
    assert shown[-1] == "" and shown[-2].strip() == "" and "\n" not in terminal.text


def test_no_terminal_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    fewtap.fit("disk:radius=4", taps=10, effort="fast", progress=True)
    captured = capsys.readouterr()
    assert captured.err == captured.out == ""


def test_notebook_bar(slow: fewtap.Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []

    class Display:
        def update(self, data: dict[str, str], raw: bool) -> None:
            shown.append(data["text/html"])

    def display(data: dict[str, str], raw: bool, display_id: bool) -> Display:
        shown.append(data["text/html"])
        return Display()

    monkeypatch.setattr(_progress, "_notebook", lambda: display)
    fewtap.fit(slow, taps=96, seconds=1.2)
    assert shown[0].startswith("<progress") and shown[-1] == "" and len(shown) > 2
