"""What is shown in a line, and in a notebook."""

from __future__ import annotations

import base64
import io
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from PIL import Image as Pillow

import fewtap
from fewtap import _repr


def pictures(html: str) -> list[np.ndarray]:
    found = re.findall(r'src="data:image/png;base64,([^"]+)"', html)
    return [np.asarray(Pillow.open(io.BytesIO(base64.b64decode(data)))) for data in found]


def parsed(html: str) -> ElementTree.Element:
    """HTML of this package is well-formed but for images, which have no end."""
    return ElementTree.fromstring(re.sub(r"(<img[^>]*)>", r"\1/>", html))


def test_kernel_is_drawn() -> None:
    values = np.array([[0.0, 1.0], [-1.0, 0.25]])
    kernel = fewtap.Kernel(values, (0, 0), name="half")
    assert repr(kernel) == "<fewtap.Kernel 'half': 2x2, 3 weights, sum 0.25>"
    (picture,) = pictures(kernel._repr_html_())
    assert picture.tolist() == [[[0, 0, 0], [255, 255, 255]], [[63, 63, 255], [128, 128, 128]]]


def test_nothing_of_a_name_is_markup() -> None:
    name = "\"><script>alert('x')</script>&"
    html = fewtap.Kernel([[1.0]], name=name)._repr_html_()
    assert "<script" not in html
    image = parsed(html).find(".//img")
    assert image is not None and image.get("alt") == name


def test_filter_is_drawn(cross: fewtap.Filter) -> None:
    assert repr(cross) == "<fewtap.Filter: 4+3 integer taps, noise gain 1.25>"
    html = cross._repr_html_()
    plots = parsed(html).findall(".//{http://www.w3.org/2000/svg}svg")
    assert [len(plot.findall("{http://www.w3.org/2000/svg}circle")) for plot in plots] == [4, 3]
    assert pictures(html)[0].shape[:2] == cross.kernel().shape


def test_basis_and_map_are_drawn(cross: fewtap.Filter) -> None:
    basis = fewtap.Basis.from_filters([cross, cross], [[0, 9]], axes=["<b>"], units=["px"])
    assert repr(basis) == "<fewtap.Basis: 2 filters over <b> 0 to 9 px>"
    html = basis._repr_html_()
    assert "<b>" not in html and len(pictures(html)) == 2
    map = fewtap.Map((900, 1000), [fewtap.field("x"), 0.0])
    assert repr(map) == "<fewtap.Map: 2 parameters of 1000x900 pixels>"
    assert len(pictures(map._repr_html_())) == 2
    assert repr(fewtap.Family("disk:radius=0...24")) == "<fewtap.Family 'disk:radius=0...24'>"


@pytest.mark.parametrize("shape", [(1, 1), (1, 1025), (300, 7)])
def test_png_of_any_shape(shape: tuple[int, int], rng: np.random.Generator) -> None:
    pixels = rng.integers(0, 256, (*shape, 3), np.uint8)
    assert np.array_equal(np.asarray(Pillow.open(io.BytesIO(_repr.png(pixels)))), pixels)
