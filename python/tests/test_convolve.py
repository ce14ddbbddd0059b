"""`convolve` and `correlate` beside SciPy's, and what they keep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import ndimage

import fewtap
from fewtap import convolving

NDArray = npt.NDArray[Any]

MODES = ["reflect", "nearest", "mirror", "wrap", "constant", "grid-mirror", "grid-wrap", "grid-constant"]
# One that no filter can better than by its own taps: results then equal SciPy's up to rounding.
SMALL = np.array([[0, 1, 0, 0], [2, 0, 0, 3], [0, 0, -1, 0]], np.float64)


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    fewtap.clear_cache()


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The kernels that were fitted."""
    done: list[str] = []
    original = convolving.fit

    def fit(kernel: fewtap.Kernel, **options: Any) -> fewtap.Filter:
        done.append(kernel.sha256)
        return original(kernel, **options)

    monkeypatch.setattr(convolving, "fit", fit)
    return done


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["convolve", "correlate"])
@pytest.mark.parametrize("shape", [(3, 4), (4, 3), (3, 3), (2, 4), (1, 4)])
def test_equals_scipy(name: str, mode: str, shape: tuple[int, int], image: NDArray) -> None:
    kernel = np.pad(SMALL, ((0, 1), (0, 0)))[: shape[0], : shape[1]]
    for data in (image, image.astype(np.float64)):
        found = getattr(fewtap, name)(data, kernel, error=120, mode=mode, cval=0.5)
        want = getattr(ndimage, name)(data.astype(np.float64), kernel, mode=mode, cval=0.5)
        assert found.dtype == data.dtype
        np.testing.assert_allclose(found, want, atol=1e-4)


def test_error_is_that_of_a_unit_kernel(rng: np.random.Generator) -> None:
    # A photograph's spectrum falls with frequency.
    noise = rng.standard_normal((256, 256))
    spectrum = np.fft.fft2(noise) / np.maximum(
        np.hypot(*np.meshgrid(np.fft.fftfreq(256), np.fft.fftfreq(256))), 1 / 256
    )
    photo = np.real(np.fft.ifft2(spectrum))
    photo = (photo - photo.min()) / np.ptp(photo)
    disk = fewtap.Kernel("disk:radius=9").array
    for scale in (1.0, 200.0, 1e-4):
        found = fewtap.convolve(photo, disk * scale, error=50, progress=False)
        want = ndimage.convolve(photo, disk * scale)
        assert 20 * np.log10(scale / np.sqrt(np.mean((found - want) ** 2))) > 45


def test_kernels_in_words_and_with_centers(image: NDArray) -> None:
    found = fewtap.convolve(image, "box:width=3", progress=False)
    np.testing.assert_allclose(found, ndimage.uniform_filter(image.astype(np.float64), 3), atol=1e-5)
    kernel = fewtap.Kernel([[1.0, 0.0, 0.0]], center=(2, 0))
    assert np.allclose(fewtap.convolve(image, kernel, mode="wrap"), np.roll(image, -2, axis=1), atol=1e-6)
    assert np.allclose(fewtap.correlate(image, kernel, mode="wrap"), np.roll(image, 2, axis=1), atol=1e-6)


def test_out_and_layout(image: NDArray) -> None:
    stack = np.stack([image, image[::-1]])
    out = np.empty_like(stack)
    assert fewtap.convolve(stack, SMALL, layout="chw", out=out) is out
    assert np.array_equal(out[0], fewtap.convolve(image, SMALL))
    doubles = np.empty(image.shape)
    assert fewtap.convolve(image.astype(np.float64), SMALL, out=doubles) is doubles
    assert np.array_equal(doubles, out[0])
    with pytest.raises(ValueError, match="layout="):
        fewtap.convolve(stack, SMALL)


def test_a_kernel_is_fitted_once(image: NDArray, fits: list[str]) -> None:
    for _ in range(3):
        fewtap.convolve(image, SMALL)
    assert len(fits) == 1
    fewtap.convolve(image, SMALL.copy(order="F"))
    assert len(fits) == 1
    fewtap.convolve(image, SMALL, error=70)
    fewtap.correlate(image, SMALL)
    assert len(fits) == 3
    for index in range(convolving._CAPACITY):
        fewtap.convolve(image, [[1.0, 1.0 + index]])
    fewtap.convolve(image, SMALL)
    assert len(fits) == 4 + convolving._CAPACITY and len(convolving._kept) == convolving._CAPACITY


def test_folder(image: NDArray, fits: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "filters"
    want = fewtap.convolve(image, SMALL, cache=folder)
    (path,) = folder.iterdir()
    fewtap.clear_cache()
    assert np.array_equal(fewtap.convolve(image, SMALL, cache=str(folder)), want) and len(fits) == 1
    # A file that is not whole is made anew.
    path.write_text(path.read_text()[:100])
    fewtap.clear_cache()
    assert np.array_equal(fewtap.convolve(image, SMALL, cache=folder), want) and len(fits) == 2
    assert fewtap.Filter.load(path).tap_count > 0
    fewtap.clear_cache(folder)
    assert not list(folder.iterdir())
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    fewtap.convolve(image, SMALL, cache=True)
    assert len(list(tmp_path.glob("**/fewtap/*/*.json"))) == 1


def test_bad_arguments(image: NDArray) -> None:
    for arguments, options, kind, message in [
        ((image, SMALL), {"mode": "edge"}, ValueError, "'edge'"),
        ((image, SMALL), {"error": -3}, ValueError, "error"),
        ((image, np.zeros((3, 3))), {}, ValueError, "zero"),
        ((image, np.ones(3)), {}, ValueError, "2 dimensions"),
        ((image, np.full((3, 3), np.inf)), {}, ValueError, "inf"),
        ((image.astype(int), SMALL), {}, TypeError, "int64"),
    ]:
        with pytest.raises(kind, match=message):
            fewtap.convolve(*arguments, **options)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="origin"):
        fewtap.correlate(image, SMALL, origin=1)
