"""`fewtap.dask`: chunks give what the whole image gives, to the bit, here and on a cluster."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import fewtap

dask = pytest.importorskip("dask", reason='needs dask: pip install "dask[array]"')

import dask.array as da  # noqa: E402

import fewtap.dask  # noqa: E402

BORDERS = ["clamp", "mirror", "wrap", "constant", "normalized", "reflect"]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    with dask.config.set(scheduler="synchronous"):
        yield


@pytest.fixture(scope="module", params=["own rate", "lower rate"])
def filter(request: Any, cross: fewtap.Filter) -> fewtap.Filter:
    if request.param == "own rate":
        return cross
    return fewtap.Filter.from_taps([([0, 1, -2], [0, 1, 1], [0.5, 0.25, 0.25])], rate=3)


@pytest.fixture(scope="module", params=["outputs", "offsets", "lower rates"])
def basis(request: Any) -> fewtap.Basis:
    rates = [None, None, None] if request.param != "lower rates" else [2, 3, 2]
    filters = [
        fewtap.Filter.from_taps(
            [([0, 3.5 * size, -size], [0, 1, -2 * size], [0.5, 0.25, 0.25])], taps="bilinear", rate=rate
        )
        for size, rate in zip((0.5, 1, 2), rates)
    ]
    return fewtap.Basis.from_filters(
        filters, [[0, 1, 2]], interpolation="offsets" if request.param == "offsets" else "outputs"
    )


def same(found: Any, expected: Any) -> None:
    assert isinstance(found, da.Array) and found.dtype == expected.dtype and found.shape == expected.shape
    values = found.compute()
    assert values.dtype == expected.dtype
    np.testing.assert_array_equal(values, expected)


def samples(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> Any:
    values = rng.random(shape)
    return (255 * values).astype(dtype) if np.dtype(dtype).kind == "u" else values.astype(dtype)


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize(
    ("shape", "chunks", "dtype"),
    [
        ((67, 91), (20, 25), np.float32),
        ((67, 91), (67, 25), np.float64),
        ((61, 50, 3), (17, 13, 2), np.uint8),
        ((2, 3, 40, 47), (1, 2, 20, 30), np.float16),
        # Lower than what a filter reads.
        ((5, 80), (3, 20), np.float32),
    ],
)
def test_filters(
    rng: np.random.Generator, filter: fewtap.Filter, shape: Any, chunks: Any, dtype: Any, border: str
) -> None:
    image = samples(rng, shape, dtype)
    found = fewtap.dask.apply(da.from_array(image, chunks=chunks), filter, border=border, border_value=0.25)
    assert max(found.numblocks) > 1
    same(found, filter.apply(image, border=border, border_value=0.25))


@pytest.mark.parametrize("direction", ["gather", "scatter"])
@pytest.mark.parametrize("border", BORDERS[:5])
@pytest.mark.parametrize(
    ("shape", "chunks", "dtype"),
    [
        ((67, 91), (20, 25), np.float32),
        ((50, 61, 3), (25, 17, 2), np.uint8),
        ((2, 1, 30, 47), (1, 1, 20, 30), np.float64),
    ],
)
def test_bases(
    rng: np.random.Generator, basis: fewtap.Basis, shape: Any, chunks: Any, dtype: Any, border: str, direction: str
) -> None:
    image = samples(rng, shape, dtype)
    size = shape[-2:] if len(shape) != 3 else shape[:2]
    map = (2 * rng.random(size)).astype(np.float32)
    expected = basis.apply(image, map, border=border, direction=direction)
    for given in (map, da.from_array(map, chunks=(30, 40))):
        found = fewtap.dask.apply(
            da.from_array(image, chunks=chunks), basis, map=given, border=border, direction=direction
        )
        assert max(found.numblocks) > 1
        same(found, expected)


def test_maps_of_all_kinds(rng: np.random.Generator, basis: fewtap.Basis) -> None:
    image = rng.random((60, 70), dtype=np.float32)
    lazy = da.from_array(image, chunks=32)
    plane = (2 * rng.random((60, 70))).astype(np.float32)
    given: list[tuple[Any, Any]] = [
        (1.3, 1.3),
        (fewtap.radial(0, 2), fewtap.radial(0, 2)),
        ([fewtap.ramp(0, 2, rise=20)], [fewtap.ramp(0, 2, rise=20)]),
        (fewtap.Map.parameters(plane), plane),
        ([da.from_array(plane, chunks=20)], plane),
        (da.from_array(plane[None], chunks=20), plane),
    ]
    for lazily, at_once in given:
        same(fewtap.dask.apply(lazy, basis, map=lazily), basis.apply(image, at_once))


@pytest.mark.parametrize("direction", ["gather", "scatter"])
def test_weights(rng: np.random.Generator, cross: fewtap.Filter, direction: str) -> None:
    basis = fewtap.Basis.from_filters([cross, fewtap.Filter.from_taps([([0, 4], [0, -3], [0.5, 0.5])])], [[0, 1]])
    image, weights = rng.random((60, 70), dtype=np.float32), rng.random((2, 60, 70), dtype=np.float32)
    expected = basis.apply(image, fewtap.Map.weights(weights), direction=direction, border="wrap")
    for given in (weights, fewtap.Map.weights(weights), da.from_array(weights, chunks=(1, 25, 40))):
        found = fewtap.dask.apply(
            da.from_array(image, chunks=32), basis, weights=given, direction=direction, border="wrap"
        )
        same(found, expected)


def test_colors(rng: np.random.Generator, cross: fewtap.Filter) -> None:
    image = samples(rng, (50, 60, 4), np.uint8)
    options: dict[str, Any] = {"transfer": "srgb", "alpha": -1}
    same(fewtap.dask.apply(da.from_array(image, chunks=(32, 32, 1)), cross, **options), cross.apply(image, **options))


def test_layouts(rng: np.random.Generator, cross: fewtap.Filter) -> None:
    image = rng.random((40, 5, 6, 50), dtype=np.float32)
    found = fewtap.dask.apply(da.from_array(image, chunks=(20, 2, 4, 20)), cross, layout="hzcw")
    same(found, cross.apply(image, layout="hzcw"))


def test_it_is_lazy_and_named_by_its_content(rng: np.random.Generator, cross: fewtap.Filter) -> None:
    def refuse(*_: Any) -> Any:
        raise AssertionError("computed")

    lazy = da.from_array(rng.random((40, 50), dtype=np.float32), chunks=20)
    fewtap.dask.apply(lazy.map_blocks(refuse, dtype=np.float32, meta=np.empty((0, 0), np.float32)), cross)
    assert fewtap.dask.apply(lazy, cross).name == fewtap.dask.apply(lazy, pickle.loads(pickle.dumps(cross))).name
    assert fewtap.dask.apply(lazy, cross).name != fewtap.dask.apply(lazy, cross, border="wrap").name


def test_bad_input(rng: np.random.Generator, cross: fewtap.Filter, basis: fewtap.Basis) -> None:
    image = rng.random((40, 50), dtype=np.float32)
    lazy = da.from_array(image, chunks=20)
    apply = fewtap.dask.apply
    with pytest.raises(fewtap.ArrayTypeError, match="expected a dask array"):
        apply(image, cross)
    with pytest.raises(fewtap.ArrayTypeError, match=r"expected a fewtap\.Filter or fewtap\.Basis"):
        apply(lazy, "disk:radius=3")
    with pytest.raises(fewtap.ArrayTypeError, match="int32"):
        apply(lazy.astype(np.int32), cross)
    with pytest.raises(fewtap.ShapeError, match="no image"):
        apply(lazy[0], cross)
    with pytest.raises(fewtap.ShapeError, match="compute_chunk_sizes"):
        apply(lazy[lazy[:, 0] > 0.5], cross)
    with pytest.raises(fewtap.ArgumentError, match="'none'"):
        apply(lazy, cross, border="none")
    with pytest.raises(fewtap.UnsupportedError, match="reflect"):
        apply(lazy, basis, map=1, border="reflect")
    with pytest.raises(fewtap.ArgumentError, match="same everywhere"):
        apply(lazy, cross, map=1)
    with pytest.raises(fewtap.ArgumentError, match="either map or weights"):
        apply(lazy, basis)
    with pytest.raises(fewtap.ShapeError, match=r"\(1, 50, 40\).*expected \(1, 40, 50\)"):
        apply(lazy, basis, map=lazy.T)
    with pytest.raises(fewtap.ArgumentError, match="weights="):
        apply(lazy, basis, map=fewtap.Map.weights(np.ones((3, 40, 50))))
    image[21, 33] = np.nan
    broken = apply(da.from_array(image, chunks=20), cross)
    with pytest.raises(fewtap.NonFiniteError, match="chunk"):
        broken.compute()
    assert np.isfinite(apply(da.from_array(image, chunks=20), cross, nonfinite="zero").compute()).all()


def test_threads_of_dask(rng: np.random.Generator, cross: fewtap.Filter) -> None:
    image = rng.random((300, 400), dtype=np.float32)
    found = fewtap.dask.apply(da.from_array(image, chunks=32), cross, border="mirror")
    np.testing.assert_array_equal(
        found.compute(scheduler="threads", num_workers=4), cross.apply(image, border="mirror")
    )


@pytest.mark.filterwarnings("ignore")
def test_cluster(rng: np.random.Generator, cross: fewtap.Filter) -> None:
    """On two processes, which get all that they need by pickling."""
    distributed = pytest.importorskip("distributed", reason="needs distributed: pip install distributed")
    basis = fewtap.Basis.from_filters([cross, fewtap.Filter.from_taps([([0, 4], [0, -3], [0.5, 0.5])])], [[0, 2]])
    image, map = rng.random((200, 300, 3), dtype=np.float32), 2 * rng.random((200, 300))
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, memory_limit=0
    )
    with cluster, distributed.Client(cluster) as client:
        assert len(set(client.run(os.getpid).values())) == 2
        lazy = da.from_array(image, chunks=(64, 64, 3))
        futures = client.compute(
            [fewtap.dask.apply(lazy, cross, border="wrap"), fewtap.dask.apply(lazy, basis, map=da.from_array(map, 64))]
        )
        found = client.gather(futures)
        broken = client.compute(fewtap.dask.apply(lazy / 0, cross))
        with pytest.raises(fewtap.NonFiniteError):
            broken.result()
    np.testing.assert_array_equal(found[0], cross.apply(image, border="wrap"))
    np.testing.assert_array_equal(found[1], basis.apply(image, map))
