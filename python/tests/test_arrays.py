"""Arrays of every kind go in and come out."""

from __future__ import annotations

import array as stdlib_array
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image as Pillow
from reference import bound, filtered

import fewtap
from fewtap import _arrays
from fewtap._arrays import Layout, Pair

NDArray = npt.NDArray[Any]


@pytest.mark.parametrize("border", ["clamp", "mirror", "wrap", "constant", "reflect"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_equals_scipy(cross: fewtap.Filter, image: NDArray, border: str, dtype: Any) -> None:
    found = cross.apply(image.astype(dtype), border=border, border_value=0.25)
    assert found.dtype == dtype
    off = np.abs(found - filtered(cross, image, border, 0.25)).max()
    assert off <= bound(cross, image) * (1 if dtype == np.float32 else 1e-8)


def test_reflect_of_small_images_and_lower_rates(rng: np.random.Generator) -> None:
    low = fewtap.Filter.from_taps([([0, 1, -3], [0, 2, 1], [0.5, 0.25, 0.25])], rate=4)
    for shape in [(5, 7), (40, 43)]:
        small = rng.random(shape)
        found = low.apply(small, border="reflect")
        # A whole period of the padding, so that phases of the lower rate agree.
        margin = 4 * low.halo.alignment * max(low.halo[:4])
        padded = np.pad(small, margin, mode="symmetric")
        want = low.apply(padded)[margin:-margin, margin:-margin]
        np.testing.assert_allclose(found, want, rtol=0, atol=1e-13)


def test_normalized_border_keeps_a_constant(cross: fewtap.Filter) -> None:
    found = cross.apply(np.full((20, 30), 0.5, np.float32), border="normalized")
    assert np.abs(found - 0.5 * cross.sum).max() <= bound(cross, found)


VIEWS: dict[str, Callable[[NDArray], NDArray]] = {
    "plain": lambda image: image.copy(),
    "flipped": lambda image: image[::-1, ::-1].copy()[::-1, ::-1],
    "transposed": lambda image: np.asfortranarray(image),
    "every second": lambda image: np.repeat(np.repeat(image, 2, 0), 3, 1)[::2, ::3],
    "a field of records": lambda image: np.rec.fromarrays([image, image * 0], names="a,b").a,
    "a cut": lambda image: np.pad(image, 5)[5:-5, 5:-5],
}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("out", VIEWS)
def test_strides(cross: fewtap.Filter, image: NDArray, view: str, out: str) -> None:
    want = cross.apply(image)
    given, target = VIEWS[view](image), VIEWS[out](np.zeros_like(image))
    assert np.array_equal(given, image)
    assert cross.apply(given, out=target) is target
    assert np.array_equal(target, want)


def test_no_byte_between_samples_is_touched(cross: fewtap.Filter, image: NDArray) -> None:
    around = np.full((2 * image.shape[0], 3 * image.shape[1]), 7, np.float32)
    cross.apply(image, out=around[::2, ::3])
    around[::2, ::3] = 7
    assert np.all(around == 7)


def test_what_strides_cannot_say_is_copied(cross: fewtap.Filter, image: NDArray) -> None:
    want = cross.apply(image)
    unaligned = np.frombuffer(b"x" + image.tobytes(), np.uint8)[1:].view(np.float32).reshape(image.shape)
    assert not unaligned.flags.aligned
    swapped = image.astype(image.dtype.newbyteorder())
    packed = np.zeros(image.shape, np.dtype([("flag", "u1"), ("value", "f4")]))
    packed["value"] = image
    for given in (unaligned, swapped, packed["value"]):
        found = cross.apply(given)
        assert np.array_equal(found, want) and found.dtype == np.float32
    row = np.broadcast_to(image[0], image.shape)
    assert np.array_equal(cross.apply(row), cross.apply(row.copy()))
    windows = np.lib.stride_tricks.sliding_window_view(image[0], 9)
    assert np.array_equal(cross.apply(windows), cross.apply(windows.copy()))
    target = np.zeros(image.shape, ">f4")
    assert np.array_equal(cross.apply(image, out=target), want)
    cross.apply(image, out=packed["value"])
    assert np.array_equal(packed["value"], want) and not packed["flag"].any()


def test_out_may_be_the_input(cross: fewtap.Filter, image: NDArray) -> None:
    want = cross.apply(image)
    shifted = np.concatenate([image, image[:1]])
    cross.apply(shifted[:-1], out=shifted[1:])
    assert np.array_equal(shifted[1:], want)
    cross.apply(image, out=image)
    assert np.array_equal(image, want)


LAYOUTS = [
    ((5, 21, 34, 3), "nhwc"),
    ((5, 3, 21, 34), None),
    ((5, 3, 21, 34), "nchw"),
    ((21, 34, 3), None),
    ((21, 34, 17), "hwc"),
    ((3, 21, 34), "chw"),
    ((2, 5, 3, 21, 34), "tnchw"),
    ((21, 2, 34, 3), "hnwc"),
]


@pytest.mark.parametrize(("shape", "layout"), LAYOUTS)
@pytest.mark.parametrize("order", [0, 1, 2])
def test_layouts(
    cross: fewtap.Filter, rng: np.random.Generator, shape: tuple[int, ...], layout: str | None, order: int
) -> None:
    stack = rng.random(shape, dtype=np.float32)
    axes = Layout.of(shape, layout).axes
    rows, columns = axes.index("h"), axes.index("w")
    planes = np.moveaxis(stack, (rows, columns), (-2, -1))
    want = np.empty_like(planes)
    for index in np.ndindex(planes.shape[:-2]):
        want[index] = cross.apply(np.ascontiguousarray(planes[index]))
    # The same numbers with axes in other orders of memory.
    turned = np.roll(np.arange(stack.ndim), order)
    given = np.ascontiguousarray(stack.transpose(turned)).transpose(np.argsort(turned))
    assert np.array_equal(given, stack)
    for source, out in ((given, None), (stack, np.empty_like(given)), (given, np.empty_like(stack))):
        found = np.moveaxis(cross.apply(source, layout=layout, out=out), (rows, columns), (-2, -1))
        assert np.array_equal(found, want)


def test_contiguous_stacks_are_one_call_without_a_copy() -> None:
    for shape, axes in [((5, 3, 8, 9), "nchw"), ((8, 9, 3), "hwc"), ((4, 5, 3, 8, 9), "tnchw"), ((1, 3, 8, 9), "nchw")]:
        stack = np.zeros(shape, np.float32)
        assert len(list(Pair(stack, stack, Layout(axes)).images())) == 1
        assert _arrays.native(stack) is stack
    stack = np.zeros((5, 3, 8, 9), np.float32)[::2, :2]
    assert len(list(Pair(stack, stack, Layout("nchw")).images())) == 3
    assert _arrays.native(stack) is stack


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_codes(cross: fewtap.Filter, image: NDArray, dtype: str) -> None:
    peak = np.iinfo(dtype).max
    codes = np.rint(image * peak).astype(dtype)
    found = cross.apply(codes)
    assert found.dtype == codes.dtype
    light = filtered(cross, codes / peak, "clamp")
    want = np.clip(light * peak, 0, peak)
    assert np.abs(found - want).max() <= 0.5 + peak * bound(cross, image)


def test_halfs(cross: fewtap.Filter, image: NDArray) -> None:
    halfs = image.astype(np.float16)
    found = cross.apply(halfs)
    want = filtered(cross, halfs, "clamp")
    assert found.dtype == np.float16
    # Half a unit in the last place of a half float.
    assert np.all(np.abs(found - want) <= bound(cross, image) + np.abs(want) * 2.0**-11 + 2.0**-25)


def test_other_type_of_out(cross: fewtap.Filter, image: NDArray) -> None:
    codes = np.rint(image * 255).astype(np.uint8)
    out = np.empty(image.shape, np.float32)
    cross.apply(codes, out=out)
    assert np.abs(out - filtered(cross, codes / 255, "clamp")).max() <= bound(cross, image)


def test_transfer_and_alpha(rng: np.random.Generator) -> None:
    shift = fewtap.Filter.from_taps([([0, 4], [0, 0], [0.5, 0.5])])
    picture = rng.integers(0, 256, (9, 12, 4), np.uint8)
    found = shift.apply(picture, transfer="srgb", alpha=-1)
    codes = picture / 255
    light = np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4)
    light[..., 3] = codes[..., 3]
    light[..., :3] *= light[..., 3:]
    moved = light[:, np.maximum(np.arange(12) - 4, 0)]
    mixed = (light + moved) / 2
    mixed[..., :3] /= np.maximum(mixed[..., 3:], 1e-9)
    want = np.where(mixed <= 0.0031308, mixed * 12.92, 1.055 * mixed ** (1 / 2.4) - 0.055)
    want[..., 3] = mixed[..., 3]
    visible = mixed[..., 3] > 0.02
    assert np.abs(found - 255 * want)[visible].max() <= 0.51
    batch = np.stack([picture, picture[::-1]]).transpose(0, 3, 1, 2)
    stacked = shift.apply(batch, transfer="srgb", alpha=3)
    assert np.array_equal(stacked[0].transpose(1, 2, 0), found)
    with pytest.raises(fewtap.ArgumentError, match="-4 to 3"):
        shift.apply(picture, alpha=4)
    with pytest.raises(fewtap.ShapeError, match="'c'"):
        shift.apply(picture[..., 0], alpha=0)


class Interface:
    """An array seen only by NumPy's interface."""

    def __init__(self, image: NDArray) -> None:
        self.kept = image
        self.__array_interface__ = image.__array_interface__


class Tensor:
    """An array seen by DLPack, which gives a view for NumPy before 2.1, as PyTorch's tensors do."""

    def __init__(self, image: NDArray) -> None:
        self.kept = image

    def __dlpack__(self, **options: Any) -> Any:
        return self.kept.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.kept.__dlpack_device__()

    def numpy(self) -> NDArray:
        return self.kept


@pytest.mark.parametrize("protocol", [Interface, Tensor])
def test_protocols(cross: fewtap.Filter, image: NDArray, protocol: Callable[[NDArray], Any]) -> None:
    want = cross.apply(image)
    assert np.array_equal(cross.apply(protocol(image)), want)
    out = np.zeros_like(image)
    given = protocol(out)
    assert cross.apply(image, out=given) is given
    assert np.array_equal(out, want)


def test_buffers(cross: fewtap.Filter, image: NDArray) -> None:
    want = cross.apply(image)
    assert np.array_equal(cross.apply(memoryview(image)), want)
    flat = stdlib_array.array("f", image.ravel().tolist())
    given = memoryview(flat).cast("B").cast("f", image.shape)
    assert np.array_equal(cross.apply(given), want)
    cross.apply(given, out=given)
    assert np.array_equal(np.asarray(given), want)
    picture = Pillow.fromarray(np.rint(image * 255).astype(np.uint8))
    assert np.array_equal(cross.apply(picture), cross.apply(np.asarray(picture)))


class OtherDevice:
    def __dlpack__(self, **_: Any) -> Any:
        raise AssertionError("nobody should ask")

    def __dlpack_device__(self) -> tuple[int, int]:
        return 2, 0


BAD: dict[str, tuple[Any, type[Exception], str]] = {
    "integers": (np.zeros((4, 4), np.int64), TypeError, "int64.*astype"),
    "complex": (np.zeros((4, 4), complex), TypeError, "complex128"),
    "truth": (np.zeros((4, 4), bool), TypeError, "bool"),
    "objects": (np.zeros((4, 4), object), TypeError, "object"),
    "text": ("heart", TypeError, "str"),
    "a list": ([[1.0, 2.0]], TypeError, "list"),
    "none": (None, TypeError, "NoneType"),
    "a number": (np.float32(3), TypeError, "single number"),
    "bytes": (b"12345678", ValueError, r"\(8,\)"),
    "one axis": (np.zeros(9, np.float32), ValueError, r"\(9,\)"),
    "five axes": (np.zeros((1, 1, 1, 4, 4), np.float32), ValueError, "layout"),
    "no rows": (np.zeros((0, 4), np.float32), ValueError, "0 long"),
    "no images": (np.zeros((0, 3, 4, 4), np.float32), ValueError, "0 long"),
    "no channels": (np.zeros((4, 4, 0), np.float32), ValueError, "0 long"),
    "ambiguous": (np.zeros((3, 40, 50), np.float32), ValueError, "layout='chw'"),
    "not a number": (np.full((4, 4), np.nan, np.float32), ValueError, "nan"),
    "infinite": (np.full((4, 4), np.inf, np.float64), ValueError, "inf"),
    "elsewhere": (OtherDevice(), TypeError, "CPU"),
    "masked": (np.ma.masked_array(np.ones((4, 4)), mask=np.eye(4)), TypeError, "masked"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_arrays(cross: fewtap.Filter, name: str) -> None:
    given, kind, message = BAD[name]
    with pytest.raises(kind, match=message) as caught:
        cross.apply(given)
    assert isinstance(caught.value, fewtap.FewtapError)


def test_bad_outputs(cross: fewtap.Filter, image: NDArray) -> None:
    frozen = np.zeros_like(image)
    frozen.flags.writeable = False
    cases: list[tuple[Any, type[Exception], str]] = [
        (frozen, BufferError, "read-only"),
        (bytes(image.nbytes), BufferError, "read-only"),
        (np.zeros((37, 52), np.float32), ValueError, r"\(37, 52\).*\(37, 53\)"),
        (np.zeros_like(image, dtype=np.int32), TypeError, "int32"),
        (np.zeros_like(image, dtype=np.float64), TypeError, "float64"),
        ([[0.0]], TypeError, "list"),
    ]
    for out, kind, message in cases:
        with pytest.raises(kind, match=message) as caught:
            cross.apply(image, out=out)
        assert isinstance(caught.value, fewtap.FewtapError)
    assert not frozen.any()


def test_bad_options(cross: fewtap.Filter, image: NDArray) -> None:
    for options, message in [
        ({"border": "edge"}, "'edge'.*'clamp'"),
        ({"nonfinite": "ignore"}, "'refuse'"),
        ({"transfer": "rec709"}, "'srgb'"),
        ({"layout": "ww"}, "'ww'"),
        ({"layout": "chw"}, "'chw'"),
        ({"threads": -1}, "threads"),
    ]:
        with pytest.raises(ValueError, match=message):
            cross.apply(image, **options)  # type: ignore[arg-type]


def test_nonfinite_policies(cross: fewtap.Filter, image: NDArray) -> None:
    image[5, 7] = np.nan
    with pytest.raises(fewtap.NonFiniteError, match="column 7, row 5"):
        cross.apply(image)
    assert np.isnan(cross.apply(image, nonfinite="keep")).any()
    cleaned = np.nan_to_num(image, nan=0.0)
    assert np.array_equal(cross.apply(image, nonfinite="zero"), cross.apply(cleaned))


def test_threads_do_not_change_the_result(cross: fewtap.Filter, rng: np.random.Generator) -> None:
    large = rng.random((700, 900, 3), dtype=np.float32)
    want = cross.apply(large, threads=1)
    for threads in (None, 2, 3, 7):
        assert np.array_equal(cross.apply(large, threads=threads), want)


@pytest.mark.parametrize("border", ["clamp", "mirror", "wrap", "constant"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_adjoint(cross: fewtap.Filter, rng: np.random.Generator, border: str, dtype: Any) -> None:
    x, y = (rng.standard_normal((2, 31, 45, 3)).astype(dtype) for _ in range(2))
    forward = cross.apply(x, border=border, layout="nhwc").astype(np.float64)
    backward = cross.apply_adjoint(y, border=border, layout="nhwc").astype(np.float64)
    left, right = np.vdot(forward, y), np.vdot(x, backward)
    scale = np.linalg.norm(x) * np.linalg.norm(y) * cross.noise_gain
    assert abs(left - right) <= 2 * cross.tap_count * float(np.finfo(dtype).eps) * scale


def test_adjoint_takes_no_codes(cross: fewtap.Filter, image: NDArray) -> None:
    for dtype in (np.uint8, np.float16):
        with pytest.raises(TypeError, match="float32 or float64"):
            cross.apply_adjoint(image.astype(dtype))
    with pytest.raises(NotImplementedError, match="reflect"):
        cross.apply_adjoint(image, border="reflect")
