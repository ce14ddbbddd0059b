"""Families, bases and maps."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import ndimage

import fewtap
from fewtap import Map

NDArray = npt.NDArray[Any]


@pytest.fixture(scope="module")
def shifts() -> list[fewtap.Filter]:
    """Filters that only move, so that results are plain to see."""
    return [fewtap.Filter.from_taps([([offset], [0], [1.0])]) for offset in (0, 2, 5)]


@pytest.fixture(scope="module")
def basis(shifts: list[fewtap.Filter]) -> fewtap.Basis:
    return fewtap.Basis.from_filters(shifts, [[0, 1, 2]], axes=["shift"], units=["px"])


def moved(image: NDArray, offset: int) -> NDArray:
    return image[:, np.maximum(np.arange(image.shape[1]) - offset, 0)]


def test_a_basis_tells_what_it_is(basis: fewtap.Basis, shifts: list[fewtap.Filter]) -> None:
    (axis,) = basis.axes
    assert (axis.name, axis.unit, axis.low, axis.high, axis.is_periodic) == ("shift", "px", 0, 2, False)
    assert axis.knots.tolist() == [0, 1, 2]
    assert basis.filters == shifts and basis.interpolation == "outputs" and basis.error is None
    assert basis.mixture(0.25).tolist() == [0.75, 0.25, 0]
    assert basis.halo.left == 5 and basis.halo.right == 0
    assert fewtap.Basis.from_json(basis.to_json()) == basis == pickle.loads(pickle.dumps(basis))


def test_gather_by_parameters(basis: fewtap.Basis, image: NDArray) -> None:
    map = np.zeros(image.shape)
    map[:, 20:] = 1.5
    want = np.where(map > 0, (moved(image, 2) + moved(image, 5)) / 2, image)
    for given in (map, map[np.newaxis], map.astype(np.float32), [map], Map.parameters(map), [fewtap.plane(map)]):
        np.testing.assert_allclose(basis.apply(image, given), want, atol=1e-6)
    np.testing.assert_allclose(basis.apply(image.astype(np.float64), map), want, atol=1e-12)


def test_maps_with_nan(basis: fewtap.Basis, image: NDArray) -> None:
    map = np.full(image.shape, 1.0)
    map[3, 4], map[5, 6] = np.nan, 9
    given = Map.parameters(map)
    with pytest.raises(fewtap.NonFiniteError, match="column 4, row 3"):
        given.admitted(basis)
    for nan, value in (("low", 0), ("high", 2)):
        want = np.full(image.shape, 1.0, np.float32)
        want[3, 4], want[5, 6] = value, 2
        assert np.array_equal(given.admitted(basis, nan=nan).array[0], want)
    with pytest.raises(fewtap.ArgumentError, match="outside of"):
        given.admitted(basis, nan="low", strict=True)
    with pytest.raises(fewtap.ArgumentError, match="'refuse', 'low', 'high'"):
        given.admitted(basis, nan="nearest")


def test_weights(basis: fewtap.Basis, image: NDArray, rng: np.random.Generator) -> None:
    weights = rng.standard_normal((3, *image.shape)).astype(np.float32)
    offsets = (0, 2, 5)
    map = Map.weights(weights)
    assert map.is_weights and map.shape == weights.shape and np.array_equal(map.array, weights)
    gathered = sum(weights[k] * moved(image, offsets[k]) for k in range(3))
    np.testing.assert_allclose(basis.apply(image, map), gathered, atol=1e-5)
    spread = np.zeros(image.shape)
    for k, offset in enumerate(offsets):
        spread[:, offset:] += (weights[k] * image)[:, : image.shape[1] - offset]
    found = basis.apply(image, map, direction="scatter", border="constant")
    np.testing.assert_allclose(found, spread, atol=1e-5)
    assert pickle.loads(pickle.dumps(map)).array.tolist() == weights.tolist()
    # float64 stays so, and so do its weights.
    exact, fine = image.astype(np.float64), rng.standard_normal((3, *image.shape))
    gathered = sum(fine[k] * moved(exact, offsets[k]) for k in range(3))
    found = basis.apply(exact, Map.weights(fine))
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, gathered, atol=1e-14)


def test_with_filters(basis: fewtap.Basis, cross: fewtap.Filter, image: NDArray) -> None:
    changed = basis.with_filters([cross, *basis.filters[1:]])
    assert changed.filters == [cross, *basis.filters[1:]] and changed != basis
    assert [axis.name for axis in changed.axes] == ["shift"] and changed.with_filters(basis.filters) == basis
    assert np.array_equal(changed.apply(image, 0.0), cross.apply(image))
    with pytest.raises(fewtap.ShapeError, match="filter_count is 2: expected 3"):
        basis.with_filters([cross, cross])
    angles = fewtap.Basis.from_filters([cross, basis.filters[1], cross], [[0, 90, 180]], periodic=[True])
    with pytest.raises(fewtap.ArgumentError, match="periodic"):
        angles.with_filters(basis.filters)


@pytest.mark.parametrize("direction", ["gather", "scatter"])
@pytest.mark.parametrize("kind", ["parameters", "weights"])
def test_adjoint(basis: fewtap.Basis, rng: np.random.Generator, direction: str, kind: str) -> None:
    x, y = (rng.standard_normal((2, 3, 25, 33)).astype(np.float32) for _ in range(2))
    map = (
        Map.parameters(rng.uniform(0, 2, (25, 33)))
        if kind == "parameters"
        else Map.weights(rng.standard_normal((3, 25, 33)))
    )
    forward = basis.apply(x, map, direction=direction, border="constant").astype(np.float64)
    backward = basis.apply_adjoint(y, map, direction=direction, border="constant").astype(np.float64)
    scale = np.linalg.norm(x) * np.linalg.norm(y) * 3
    assert abs(np.vdot(forward, y) - np.vdot(x, backward)) <= 20 * np.finfo(np.float32).eps * scale


def test_map_sources() -> None:
    shape = (40, 60)
    map = Map(
        shape,
        [
            3.0,
            fewtap.field("column"),
            fewtap.ramp(1, 5, start="25%", rise=5, angle=0),
            fewtap.radial(0, 8, rise=10, center=("50%", 20)),
        ],
    )
    assert map.shape == (4, 40, 60) and not map.is_weights
    values = map.array
    assert np.all(values[0] == 3)
    assert values[1, 7].tolist() == list(range(60))
    rows = np.abs(np.arange(40) - 19.5)
    np.testing.assert_allclose(values[2, :, 30], 1 + 4 * np.clip((rows - 10) / 5, 0, 1), atol=1e-5)
    assert values[3, 19:21, 29:31].max() <= 1 and values[3, 0, 0] == 8
    plane = Map(shape, [np.arange(2400.0).reshape(shape)]).array
    assert plane[0, 39, 59] == 2399
    ramp = fewtap.plane([[0.0], [1.0]] @ np.ones((1, 2)), stretch=True)
    assert Map(shape, [ramp]).array[0, [0, -1], 0] == pytest.approx([0, 1])


@pytest.mark.parametrize(
    ("sources", "kind", "message"),
    [
        ([], ValueError, "source|count|parameter"),
        (["50%"], TypeError, "str"),
        ([fewtap.field("height")], ValueError, "height"),
        ([np.zeros((3, 4, 5))], ValueError, "one channel|channels|shape"),
        ([np.zeros((7, 40))], ValueError, "stretch"),
        ([0.0] * 5, ValueError, "1 to 4"),
        ([np.zeros((40, 60), complex)], TypeError, "complex"),
        ([float("nan")], ValueError, "nan"),
        ([fewtap.ramp(0, 1, rise=-3)], ValueError, "-3|rise"),
    ],
)
def test_bad_sources(sources: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message) as caught:
        Map((40, 60), sources)
    assert isinstance(caught.value, fewtap.FewtapError)


def test_bad_lengths() -> None:
    for bad in ("50", "x%", None, [1]):
        with pytest.raises(ValueError, match="share"):
            fewtap.ramp(0, 1, rise=bad)  # type: ignore[arg-type]


def test_mismatched_maps(basis: fewtap.Basis, image: NDArray) -> None:
    height, width = image.shape
    cases: list[tuple[Any, type[Exception], str]] = [
        (np.zeros((height, width + 1)), ValueError, r"\(37, 54\)"),
        (Map.parameters(np.zeros((height + 1, width))), ValueError, "38"),
        (np.zeros((2, height, width)), ValueError, "shift|2"),
        (Map.weights(np.zeros((2, height, width))), ValueError, "2|3"),
        ([1.0, 2.0], ValueError, "2"),
        (np.full((height, width), np.nan), ValueError, "nan"),
        ("ramp", TypeError, "str"),
        (None, TypeError, "NoneType"),
    ]
    for map, kind, message in cases:
        with pytest.raises(kind, match=message) as caught:
            basis.apply(image, map)
        assert isinstance(caught.value, fewtap.FewtapError), map
    closed = Map.parameters(np.zeros((height, width)))
    closed.close()
    with pytest.raises(fewtap.ClosedError):
        basis.apply(image, closed)
    with pytest.raises(ValueError, match="'spread'"):
        basis.apply(image, 1.0, direction="spread")
    with pytest.raises(NotImplementedError, match="reflect"):
        basis.apply(image, 1.0, border="reflect")


def test_fit_of_a_family(image: NDArray) -> None:
    basis = fewtap.Basis.fit("gaussian:sigma=0.5...2", knots=3, progress=False)
    assert basis.error is not None and basis.error.photo_psnr > 40
    family = fewtap.Family("gaussian:sigma=0.5...2")
    found = basis.apply(image, fewtap.constant(2.0))
    kernel = family.kernel(2.0).array
    want = ndimage.convolve(image, kernel, mode="nearest")
    assert np.sqrt(np.mean((found - want) ** 2)) < 0.01
    with pytest.raises(ValueError, match=r"2\.5"):
        fewtap.Basis.fit("gaussian:sigma=0.5...2", knots=[2.5], progress=False)  # type: ignore[list-item]
    with pytest.raises(fewtap.FewtapError):
        fewtap.Basis.fit("gaussian:sigma=2", progress=False)


def psfs(rng: np.random.Generator, count: int = 3) -> NDArray:
    y, x = np.mgrid[-4:5, -4:5]
    stack = np.stack([np.exp(-((x - k) ** 2 + (y + k) ** 2) / (2 + k)) for k in range(count)])
    return stack / stack.sum(axis=(1, 2), keepdims=True)


def test_psfs_and_weights(image: NDArray, rng: np.random.Generator) -> None:
    stack = psfs(rng)
    weights = rng.random((3, *image.shape)).astype(np.float32)
    basis, map = fewtap.Basis.from_psfs(stack, weights, error=70, progress=False)
    found = basis.apply(image, map, direction="scatter", border="constant")
    want = sum(ndimage.convolve(weights[k] * image, stack[k], mode="constant") for k in range(3))
    assert 20 * np.log10(1 / np.sqrt(np.mean((found - want) ** 2))) > 60
    for arguments, message in [
        ((stack, weights[:2]), "2 planes.*3 kernels"),
        ((stack[0], weights), r"\(9, 9\)"),
        ((stack, None), "either weights or positions"),
    ]:
        with pytest.raises(ValueError, match=message):
            fewtap.Basis.from_psfs(*arguments, progress=False)


def test_psfs_at_positions(image: NDArray, rng: np.random.Generator) -> None:
    stack = psfs(rng, 4)
    positions = [(0, 0), (52, 0), (0, 36), (52, 36)]
    basis, map = fewtap.Basis.from_psfs(stack, positions=positions, shape=image.shape, error=40, progress=False)
    assert [axis.name for axis in basis.axes] == ["column", "row"] and map.shape == (2, 37, 53)
    found = basis.apply(image, map)
    corner = ndimage.convolve(image, stack[0], mode="nearest")[0, 0]
    assert abs(found[0, 0] - corner) < 0.02
    with pytest.raises(ValueError, match=r"grid|point"):
        fewtap.Basis.from_psfs(
            stack, positions=[(0, 0), (1, 2), (7, 5), (9, 9)], shape=image.shape, error=40, progress=False
        )
    with pytest.raises(ValueError, match="shape"):
        fewtap.Basis.from_psfs(stack, positions=positions, progress=False)


def test_bad_grids(shifts: list[fewtap.Filter]) -> None:
    for knots, options, message in [
        ([[0, 1]], {}, "3 filters: expected 2"),
        ([[0, 2, 1]], {}, "ascend|order|knot"),
        ([[0, 1, 2]], {"axes": ["a", "b"]}, "as many"),
        ([[0, 1, 2]], {"units": ["px", "px"]}, "as many"),
        ([[0, 1, np.nan]], {}, "nan"),
        ([[0, 1, 2]], {"interpolation": "taps"}, "taps"),
    ]:
        with pytest.raises(ValueError, match=message):
            fewtap.Basis.from_filters(shifts, knots, **options)  # type: ignore[arg-type]
