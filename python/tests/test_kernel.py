"""Kernels from arrays and words."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fewtap


def test_array_comes_back(rng: np.random.Generator) -> None:
    values = rng.standard_normal((5, 7))
    values[0, 0] = 0
    kernel = fewtap.Kernel(values, name="mine")
    assert np.array_equal(kernel.array, values)
    assert np.array_equal(np.asarray(kernel), values)
    assert (kernel.shape, kernel.center, kernel.name) == ((5, 7), (3, 2), "mine")
    assert kernel.sum == pytest.approx(values.sum()) and kernel.absolute_sum == pytest.approx(np.abs(values).sum())
    assert (kernel.radius, kernel.support) == (3, 34)


def test_any_numbers_make_the_same_kernel() -> None:
    whole = np.array([[0, 1, 0], [1, 4, 1], [3, 1, 2]])
    kernels = [whole, whole.tolist(), whole.astype(np.float16), whole.astype(np.uint8), whole[::-1, ::-1][::-1, ::-1]]
    hashes = {fewtap.Kernel(values, name=f"{index}").sha256 for index, values in enumerate(kernels)}
    assert len(hashes) == 1
    assert fewtap.Kernel(whole) == fewtap.Kernel(whole.tolist()) != fewtap.Kernel(whole.T)
    assert fewtap.Kernel(whole) == fewtap.Kernel(whole, (1, 1)) != fewtap.Kernel(whole, (0, 1))


def test_words() -> None:
    disk = fewtap.Kernel("disk:radius=20")
    assert disk.shape == (41, 41) and disk.sum == pytest.approx(1)


def test_even_sizes_need_a_center() -> None:
    with pytest.raises(ValueError, match="center"):
        fewtap.Kernel(np.ones((4, 4)))
    assert fewtap.Kernel(np.ones((4, 5)), center=(4, 0)).center == (4, 0)


@pytest.mark.parametrize(
    ("values", "options", "kind", "message"),
    [
        (np.ones(4), {}, ValueError, "2 dimensions"),
        (np.ones((0, 3)), {}, ValueError, "height|0"),
        (np.ones((1027, 1)), {}, ValueError, "1025"),
        (np.array([[np.nan]]), {}, ValueError, "nan"),
        (np.zeros((3, 3)), {}, ValueError, "zero"),
        (np.ones((3, 3), complex), {}, TypeError, "complex"),
        ([[1, 2], [3]], {}, ValueError, "values"),
        ([["a"]], {}, ValueError, "values"),
        ([[1j]], {}, TypeError, "values"),
        (7, {}, TypeError, "int"),
        (np.ones((3, 3)), {"center": (3, 1)}, ValueError, "center"),
        (np.ones((3, 3)), {"center": 1}, ValueError, "column and a row"),
        (np.ones((3, 3)), {"center": (0.5, 1)}, ValueError, "whole"),
        ("dsk:radius=2", {}, ValueError, "dsk"),
        ("disk:radius=x", {}, ValueError, "x"),
        ("disk:radius=2", {"name": "mine"}, ValueError, "words"),
    ],
)
def test_bad_kernels(values: Any, options: dict[str, Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message) as caught:
        fewtap.Kernel(values, **options)
    assert isinstance(caught.value, fewtap.FewtapError)


def test_copies(cross: fewtap.Filter) -> None:
    kernel = fewtap.Kernel(np.arange(12.0).reshape(3, 4), (0, 2), "märz <b>")
    for made in (copy.copy(kernel), copy.deepcopy(kernel), pickle.loads(pickle.dumps(kernel))):
        assert made == kernel and made.name == kernel.name and made is not kernel
    assert pickle.loads(pickle.dumps(cross)) == cross
    assert {cross: 1}[copy.deepcopy(cross)] == 1


def test_closed() -> None:
    kernel = fewtap.Kernel([[1.0]])
    with kernel as same:
        assert same is kernel and not kernel.closed
    assert kernel.closed
    kernel.close()
    for use in (lambda: kernel.array, lambda: kernel.sha256, lambda: fewtap.fit(kernel), kernel.__enter__):
        with pytest.raises(fewtap.ClosedError, match="closed"):
            use()
    assert "closed" in repr(kernel) and "closed" in kernel._repr_html_()


def test_objects_never_change(cross: fewtap.Filter) -> None:
    with pytest.raises(AttributeError, match="new one"):
        cross.gain = 2  # type: ignore[misc]


def test_files(tmp_path: Path, cross: fewtap.Filter) -> None:
    path = tmp_path / "filter.json"
    cross.save(path)
    assert fewtap.Filter.load(str(path)) == cross
    assert [entry.name for entry in tmp_path.iterdir()] == ["filter.json"]
    with pytest.raises(FileNotFoundError):
        fewtap.Filter.load(tmp_path / "none.json")
    with pytest.raises(FileNotFoundError):
        cross.save(tmp_path / "none" / "filter.json")
    with pytest.raises(IsADirectoryError):
        fewtap.Filter.load(tmp_path)
    for text in ("", "{}", "[1]", path.read_text()[:-9], "\x00", "{" * 10000):
        path.write_text(text)
        with pytest.raises(fewtap.FormatError):
            fewtap.Filter.load(path)
