"""Threads, forks, and nothing left behind."""

from __future__ import annotations

import gc
import multiprocessing
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import fewtap
from fewtap import _library

NDArray = npt.NDArray[Any]


def test_threads_share_a_filter(cross: fewtap.Filter, rng: np.random.Generator) -> None:
    images = rng.random((8, 64, 80), dtype=np.float32)
    want = [cross.apply(image) for image in images]
    wrong: list[int] = []

    def work(index: int) -> None:
        for _ in range(50):
            if not np.array_equal(cross.apply(images[index]), want[index]):
                wrong.append(index)

    threads = [threading.Thread(target=work, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_close_while_others_use_it(cross: fewtap.Filter, image: NDArray) -> None:
    want = cross.apply(image)
    for _ in range(20):
        filter = fewtap.Filter.from_json(cross.to_json())
        seen: list[bool] = []

        def work(filter: fewtap.Filter = filter, seen: list[bool] = seen) -> None:
            try:
                while True:
                    seen.append(np.array_equal(filter.apply(image), want))
            except fewtap.ClosedError:
                pass

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        while not seen:
            time.sleep(0.001)
        filter.close()
        for thread in threads:
            thread.join()
        assert all(seen)


def test_the_interpreter_is_free_meanwhile(rng: np.random.Generator) -> None:
    # 900 taps of 4 million pixels: far longer than the other thread needs for a step.
    filter = fewtap.Filter.from_taps([(np.arange(900) % 30, np.arange(900) // 30, np.full(900, 1 / 900))])
    image = rng.random((1000, 1000), dtype=np.float32)
    steps = 0
    is_done = threading.Event()

    def count() -> None:
        nonlocal steps
        while not is_done.is_set():
            steps += 1
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    began = time.monotonic()
    thread.start()
    filter.apply(image, threads=1)
    took = time.monotonic() - began
    is_done.set()
    thread.join()
    assert steps > 10 * took


def _in_fork(image: NDArray, queue: Any) -> None:
    try:
        filter = fewtap.Filter.from_taps([([0, 1], [0, 0], [0.5, 0.5])])
        found = filter.apply(image)
        fitted = fewtap.fit("disk:radius=3", taps=8, effort="fast")
        queue.put((found, fitted.tap_count))
    except BaseException as error:
        queue.put(error)


@pytest.mark.skipif(sys.platform != "linux", reason="forks of Linux")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_fork_filters_and_fits(rng: np.random.Generator) -> None:
    large = rng.random((1200, 1300), dtype=np.float32)
    # The library has started threads, which the fork will not have.
    want = fewtap.Filter.from_taps([([0, 1], [0, 0], [0.5, 0.5])]).apply(large)
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    process = context.Process(target=_in_fork, args=(large, queue))
    process.start()
    result = queue.get(timeout=60)
    process.join()
    if isinstance(result, BaseException):
        raise result
    assert np.array_equal(result[0], want) and 0 < result[1] <= 8


def resident() -> int:
    """Bytes of memory that this process holds."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def _each(image: NDArray, json: str, map: fewtap.Map) -> dict[str, Callable[[], object]]:
    basis = fewtap.Basis.from_filters([fewtap.Filter.from_json(json)] * 2, [[0, 1]])
    filter = fewtap.Filter.from_json(json)
    frozen = np.zeros_like(image)
    frozen.flags.writeable = False

    def refused(call: Callable[[], object]) -> Callable[[], None]:
        def run() -> None:
            try:
                call()
            except fewtap.FewtapError:
                return
            raise AssertionError("it was not refused")

        return run

    return {
        "kernels": lambda: fewtap.Kernel([[1.0, 2.0, 3.0]]).sha256,
        "words": lambda: fewtap.Kernel("disk:radius=3").array,
        "filters": lambda: fewtap.Filter.from_json(json).layers,
        "texts": lambda: filter.to_json(),
        "taps": lambda: fewtap.Filter.from_taps([([0, 1], [0, 0], [0.5, 0.5])]).kernel(),
        "apply": lambda: filter.apply(image),
        "maps": lambda: fewtap.Map(image.shape, [fewtap.field("x")]),
        "varying": lambda: basis.apply(image, map),
        "halo": lambda: basis.halo,
        "reprs": lambda: repr(filter),
        "bad words": refused(lambda: fewtap.Kernel("dsk:radius=3")),
        "bad kernels": refused(lambda: fewtap.Kernel([[np.nan]])),
        "bad files": refused(lambda: fewtap.Filter.from_json(json[:-20])),
        "bad maps": refused(lambda: basis.apply(image, map.array[:, 1:])),
        "bad outputs": refused(lambda: filter.apply(image, out=frozen)),
        "bad options": refused(lambda: fewtap.fit("disk:radius=3", seed=0)),
    }


def test_nothing_is_left_after_10000_calls(cross: fewtap.Filter, rng: np.random.Generator) -> None:
    image = rng.random((16, 24), dtype=np.float32)
    map = fewtap.Map.parameters(rng.random(image.shape))
    calls = _each(image, cross.to_json(), map)
    for call in calls.values():
        for _ in range(50):
            call()
    gc.collect()
    handles, memory = _library.handle_count(), resident()
    rounds = -(-10_000 // len(calls))
    for _ in range(rounds):
        for call in calls.values():
            call()
    gc.collect()
    assert _library.handle_count() == handles
    # A page a call would be 40 MB; allocators keep some.
    assert resident() - memory < 6_000_000


def test_nothing_is_left_after_fits() -> None:
    def once(index: int) -> None:
        if index % 2:
            fewtap.fit("disk:radius=2", taps=5, effort="fast", progress=None)
        else:
            with pytest.raises(ZeroDivisionError):
                fewtap.fit("disk:radius=9", taps=40, progress=lambda progress: 1 / 0)

    for index in range(6):
        once(index)
    gc.collect()
    handles, memory, threads = _library.handle_count(), resident(), threading.active_count()
    for index in range(40):
        once(index)
    gc.collect()
    assert _library.handle_count() == handles and threading.active_count() == threads
    assert resident() - memory < 12_000_000


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    import os

    return subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment}, capture_output=True, text=True, timeout=60
    )


def test_end_of_the_process_with_objects_alive() -> None:
    result = run(
        "import fewtap; k = fewtap.Kernel('disk:radius=3'); f = fewtap.Filter.from_taps([([0],[0],[1.0])]); f.me = 1"
    )
    assert "never changes" in result.stderr
    result = run("import fewtap, builtins; builtins.kept = fewtap.Kernel('disk:radius=3'); kept.__class__.cycle = kept")
    assert (result.returncode, result.stderr) == (0, "")


def test_library_that_is_not_there(tmp_path: Path) -> None:
    result = run("import fewtap", FEWTAP_LIBRARY=str(tmp_path / "none.so"))
    assert "ImportError" in result.stderr and "none.so" in result.stderr
    (tmp_path / "bad.so").write_bytes(b"no library")
    result = run("import fewtap", FEWTAP_LIBRARY=str(tmp_path / "bad.so"))
    assert "ImportError" in result.stderr and "bad.so" in result.stderr


def test_versions_agree() -> None:
    text = (Path(__file__).parents[1] / "pyproject.toml").read_text()
    assert f'version = "{fewtap.__version__}"' in text
