"""Filters of given taps, and what they tell of themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fewtap


def test_taps_come_back() -> None:
    layers = [([0.5, -3.25], [1, 2], [0.25, 0.5]), ([0], [0], [2.0])]
    filter = fewtap.Filter.from_taps(layers, gain=0.5)
    assert filter.taps == "bilinear" and filter.gain == 0.5 and filter.rate is None
    assert [layer.x.tolist() for layer in filter.layers] == [[0.5, -3.25], [0]]
    assert [layer.y.tolist() for layer in filter.layers] == [[1, 2], [0]]
    assert [layer.weight.tolist() for layer in filter.layers] == [[0.25, 0.5], [2]]
    assert filter.tap_count == 3 and filter.sum == 0.75 and filter.noise_gain >= 0.75
    assert filter.error is None and filter.fit_record is None
    again = fewtap.Filter.from_taps(filter.layers, gain=filter.gain, taps=filter.taps, rate=filter.rate)
    assert again == filter


def test_whole_offsets_are_integer_taps(cross: fewtap.Filter) -> None:
    assert cross.taps == "integer"
    assert fewtap.Filter.from_taps(cross.layers, taps="bilinear").taps == "bilinear"


def test_a_point_spreads_as_the_kernel_looks(cross: fewtap.Filter) -> None:
    point = np.zeros((31, 41))
    point[15, 20] = 1
    (x, y), (height, width) = cross.kernel().center, cross.kernel().shape
    found = cross.apply(point, border="constant")
    np.testing.assert_allclose(
        found[15 - y : 15 - y + height, 20 - x : 20 - x + width], cross.kernel().array, atol=1e-15
    )
    assert found.sum() == pytest.approx(cross.sum)


def test_halo_is_enough_and_needed(cross: fewtap.Filter, rng: np.random.Generator) -> None:
    low = fewtap.Filter.from_taps([([0, 2], [0, -1], [0.5, 0.5])], rate=fewtap.Rate(4, 2, 2))
    assert low.rate == (4, 2, 2)
    for filter in (cross, low):
        halo = filter.halo
        image = rng.random((160, 176), dtype=np.float32)
        whole = filter.apply(image)
        top, left = 64, 80
        # The tile's own pixels begin at `top`; its memory begins at a multiple of the alignment.
        above, before = (-(-side // halo.alignment) * halo.alignment for side in (halo.above, halo.left))
        cut = image[top - above : top + 20 + halo.below, left - before : left + 24 + halo.right]
        tile = filter.apply(cut.copy())[above : above + 20, before : before + 24]
        assert np.array_equal(tile, whole[top : top + 20, left : left + 24])
    assert cross.halo == (5, 6, 2, 7, 1) or cross.halo.alignment == 1


@pytest.mark.parametrize(
    ("layers", "options", "kind", "message"),
    [
        ([], {}, ValueError, "layer"),
        ([([], [], [])], {}, ValueError, "tap"),
        ([([0], [0])], {}, ValueError, r"layers\[0\].*x, y, weight"),
        ([3], {}, ValueError, r"layers\[0\]"),
        ([([0, 1], [0, 1], [1])], {}, ValueError, "2, 2, 1"),
        ([([0], [0], [np.nan])], {}, ValueError, "nan"),
        ([([0], [np.inf], [1])], {}, ValueError, "inf"),
        ([([0], [0], [1])], {"gain": np.nan}, ValueError, "gain"),
        ([([0.5], [0], [1])], {"taps": "integer"}, ValueError, "0.5"),
        ([([0], [0], [1])], {"taps": "cubic"}, ValueError, "'cubic'"),
        ([([0], [0], [1])], {"rate": 65}, ValueError, "64|65"),
        ([([0], [0], [1])], {"rate": (4, 9, 2)}, ValueError, "9"),
        ([([0], [0], [1])], {"rate": "half"}, ValueError, "half"),
        ([(["a"], [0], [1])], {}, ValueError, "layers"),
        ([([1e300], [0], [1])], {}, ValueError, "offset|1e"),
    ],
)
def test_bad_taps(layers: Any, options: dict[str, Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message) as caught:
        fewtap.Filter.from_taps(layers, **options)
    assert isinstance(caught.value, fewtap.FewtapError)


def test_measure(cross: fewtap.Filter) -> None:
    exact = cross.measure(cross.kernel())
    assert exact.relative_error < 1e-12 and exact.photo_psnr > 200
    assert cross.measure("disk:radius=5").relative_error > 0.1


def test_the_constructor_says_how() -> None:
    with pytest.raises(TypeError, match=r"fewtap\.fit"):
        fewtap.Filter()
    with pytest.raises(TypeError, match=r"Basis\.fit"):
        fewtap.Basis()
