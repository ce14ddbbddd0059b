"""`fewtap.torch`: gradients by finite differences, layers, errors, and life beside fork."""

from __future__ import annotations

import copy
import io
import os
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fewtap

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install torch, or Debian's python3-torch")

from torch.nn.utils.stateless import functional_call  # noqa: E402

from fewtap.torch import SparseBlur, VaryingBlur  # noqa: E402

BORDERS = ["clamp", "mirror", "wrap", "constant", "normalized"]


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(20261122)


@pytest.fixture(scope="module")
def between() -> fewtap.Filter:
    """Taps between pixels, none near a whole offset, where slopes jump."""
    return fewtap.Filter.from_taps(
        [
            ([0.3, 1.25, -2.1], [0.1, 1.7, -1.4], [0.5, 0.25, 0.375]),
            ([0.4, -1.6], [0.7, 0.3], [0.75, 0.25]),
        ],
        gain=1.5,
    )


@pytest.fixture(scope="module")
def lower() -> fewtap.Filter:
    return fewtap.Filter.from_taps([([0.3, 1.25], [0.1, -0.7], [0.75, 0.5])], rate=2)


@pytest.fixture(scope="module", params=["outputs", "offsets"])
def basis(request: Any) -> fewtap.Basis:
    filters = [
        fewtap.Filter.from_taps(
            [([0.3 * size, 1.3 * size, -size], [0.15 * size, 1.7, -size], [0.5, 0.25, 0.25])], taps="bilinear"
        )
        for size in (0.4, 0.9, 1.3)
    ]
    return fewtap.Basis.from_filters(filters, [[0, 1, 2]], interpolation=request.param)


def check(module: Any, *inputs: Any) -> None:
    """Gradients of the inputs and all parameters, against differences."""
    names = [name for name, _ in module.named_parameters()]

    def function(*values: Any) -> Any:
        return functional_call(module, dict(zip(names, values[len(inputs) :])), values[: len(inputs)])

    assert torch.autograd.gradcheck(function, (*inputs, *module.parameters()))


@pytest.mark.parametrize("border", BORDERS)
def test_gradients(between: fewtap.Filter, border: str) -> None:
    module = SparseBlur(
        between, learn_weights=True, learn_offsets=True, learn_gain=True, border=border, border_value=0.3
    )
    assert sorted(name for name, _ in module.named_parameters()) == ["gain", "offset", "weight"]
    check(module, torch.rand(1, 2, 3, 5, dtype=torch.float64, requires_grad=True))


def test_gradients_at_a_lower_rate(lower: fewtap.Filter) -> None:
    module = SparseBlur(lower, learn_weights=True, learn_offsets=True)
    check(module, torch.rand(1, 1, 5, 4, dtype=torch.float64, requires_grad=True))


def test_gradients_of_whole_offsets(cross: fewtap.Filter) -> None:
    module = SparseBlur(cross, learn_weights=True, border="wrap")
    check(module, torch.rand(2, 4, 5, dtype=torch.float64, requires_grad=True))


@pytest.mark.parametrize("direction", ["gather", "scatter"])
def test_gradients_of_a_map(basis: fewtap.Basis, direction: str) -> None:
    module = VaryingBlur(basis, direction=direction, border="mirror")
    # Off the knots, where slopes jump.
    map = 0.1 + 0.8 * torch.rand(1, 3, 4, dtype=torch.float64) + torch.randint(0, 2, (1, 3, 4))
    check(module, torch.rand(1, 2, 3, 4, dtype=torch.float64, requires_grad=True), map.requires_grad_())


@pytest.mark.parametrize("direction", ["gather", "scatter"])
@pytest.mark.parametrize("border", ["mirror", "constant"])
def test_gradients_of_weight_maps(basis: fewtap.Basis, direction: str, border: str) -> None:
    module = VaryingBlur(basis, direction=direction, border=border, border_value=0.3)
    image = torch.rand(2, 2, 3, 4, dtype=torch.float64, requires_grad=True)
    for shape in ((3, 3, 4), (2, 3, 3, 4)):
        weights = torch.randn(*shape, dtype=torch.float64, requires_grad=True)
        if basis.interpolation == "offsets":
            with pytest.raises(fewtap.UnsupportedError, match="interpolated taps"):
                module(image, weights=weights)
        else:
            assert torch.autograd.gradcheck(lambda x, w: module(x, weights=w), (image, weights))


@pytest.mark.parametrize("direction", ["gather", "scatter"])
def test_gradients_of_a_basis(basis: fewtap.Basis, direction: str) -> None:
    module = VaryingBlur(
        basis, direction=direction, border="mirror", learn_weights=True, learn_offsets=True, learn_gain=True
    )
    assert [tuple(value.shape) for value in module.parameters()] == [(9,), (9, 2), (3,)]
    map = 0.1 + 0.8 * torch.rand(2, 1, 3, 4, dtype=torch.float64) + torch.randint(0, 2, (2, 1, 3, 4))
    check(module, torch.rand(2, 1, 3, 4, dtype=torch.float64, requires_grad=True), map.requires_grad_())
    if basis.interpolation == "outputs":
        image, weights = torch.rand(1, 3, 4, dtype=torch.float64), torch.randn(3, 3, 4, dtype=torch.float64)

        def function(*values: Any) -> Any:
            return functional_call(
                module, dict(zip(("weight", "offset", "gain"), values)), (image,), {"weights": weights}
            )

        assert torch.autograd.gradcheck(function, tuple(module.parameters()))


@pytest.mark.parametrize("interpolation", ["outputs", "offsets"])
def test_the_ends_of_a_turn_are_one_filter(basis: fewtap.Basis, between: fewtap.Filter, interpolation: str) -> None:
    # Three angles by two sizes.
    first, second, third = basis.filters
    filters = [first, second, second, third, third, first, first, second]
    turning = fewtap.Basis.from_filters(
        filters,
        [[0, 60, 120, 180], [1, 2]],
        axes=["angle", "size"],
        periodic=[True, False],
        interpolation=interpolation,
    )
    module = VaryingBlur(turning, learn_weights=True, learn_offsets=True, learn_gain=True)
    assert [tuple(value.shape) for value in module.parameters()] == [(18,), (18, 2), (6,)]
    assert module.basis == turning.with_filters(filters)
    image = torch.rand(1, 3, 4, dtype=torch.float64)
    angles = torch.tensor([10.0, 50, 70, 100, 130, 170, 190, -10, 350, 400, 500, 605]).double().reshape(1, 3, 4)
    check(module, image, torch.cat([angles, torch.full_like(angles, 1.4)]).requires_grad_())


def test_fast_gradients_are_those_of_the_reference(between: fewtap.Filter) -> None:
    exact = torch.rand(2, 3, 40, 50, dtype=torch.float64, requires_grad=True)
    fast = exact.detach().float().requires_grad_()
    module = SparseBlur(between, learn_weights=True, learn_offsets=True, learn_gain=True)
    values = [exact, *module.parameters()]
    expected = torch.autograd.grad(module(exact).square().sum(), values)
    found = torch.autograd.grad(module(fast).square().sum(), [fast, *values[1:]])
    for one, other in zip(found, expected):
        assert one.shape == other.shape
        assert (one - other).abs().max() <= 1e-5 * other.abs().max()


def test_fast_gradients_of_a_map(basis: fewtap.Basis) -> None:
    module = VaryingBlur(basis)
    exact = torch.rand(2, 3, 20, 30, dtype=torch.float64, requires_grad=True)
    map = (2 * torch.rand(20, 30)).double().requires_grad_()
    fast, fast_map = (value.detach().float().requires_grad_() for value in (exact, map))
    expected = torch.autograd.grad(module(exact, map).square().sum(), [exact, map])
    found = torch.autograd.grad(module(fast, fast_map).square().sum(), [fast, fast_map])
    for one, other in zip(found, expected):
        assert one.shape == other.shape and one.dtype == torch.float32
        assert (one - other).abs().max() <= 1e-4 * other.abs().max()


@pytest.mark.parametrize("direction", ["gather", "scatter"])
def test_fast_gradients_of_a_basis(basis: fewtap.Basis, direction: str) -> None:
    module = VaryingBlur(basis, direction=direction, learn_weights=True, learn_offsets=True, learn_gain=True)
    exact = torch.rand(2, 3, 20, 30, dtype=torch.float64)
    # Off the knots, where slopes jump.
    kinds = {"map": 0.1 + 0.8 * torch.rand(1, 20, 30).double() + torch.randint(0, 2, (1, 20, 30))}
    if basis.interpolation == "outputs":
        kinds["weights"] = torch.randn(3, 20, 30).double()
    for name, planes in kinds.items():
        found = []
        for dtype in (torch.float64, torch.float32):
            given = planes.to(dtype).requires_grad_()
            result = module(exact.to(dtype), **{name: given})
            found.append(torch.autograd.grad(result.square().sum(), [given, *module.parameters()]))
        for one, other in zip(*found):
            assert one.shape == other.shape
            assert (one - other).abs().max() <= 1e-4 * one.abs().max()


def test_forward_is_apply(between: fewtap.Filter, basis: fewtap.Basis) -> None:
    image = torch.rand(2, 3, 20, 30)
    assert np.array_equal(SparseBlur(between)(image).numpy(), between.apply(image.numpy()))
    assert np.array_equal(SparseBlur(between)(image[0]).numpy(), between.apply(image.numpy())[0])
    map = 2 * torch.rand(20, 30)
    found = VaryingBlur(basis)(image, map)
    assert np.array_equal(found.numpy(), basis.apply(image.numpy(), map.numpy()))
    if basis.interpolation == "outputs":
        weights = torch.randn(3, 20, 30)
        for module in (VaryingBlur(basis), VaryingBlur(basis, learn_weights=True)):
            expected = basis.apply(image.numpy(), fewtap.Map.weights(weights.numpy()))
            assert np.array_equal(module(image, weights=weights).detach().numpy(), expected)
    each = VaryingBlur(basis)(image, torch.stack([map, 1 - map.clamp(max=1)])[:, None])
    assert torch.equal(each[0], found[0]) and not torch.equal(each[1], found[1])


@pytest.mark.parametrize(
    "view",
    [
        lambda image: image.transpose(2, 3),
        lambda image: image[:, :, ::2, 1::3],
        lambda image: image.to(memory_format=torch.channels_last),
        lambda image: image[:, :1].expand(-1, 3, -1, -1),
    ],
)
def test_strides(between: fewtap.Filter, view: Any) -> None:
    module = SparseBlur(between, learn_weights=True)
    outcomes = []
    for make in (view, lambda image: view(image).contiguous()):
        image = torch.rand(2, 3, 12, 18, generator=torch.Generator().manual_seed(1)).requires_grad_()
        result = module(make(image))
        # A cotangent that is not contiguous, either.
        outcomes.append([result, *torch.autograd.grad((result[..., ::2] ** 2).sum(), [image, module.weight])])
    for one, other in zip(*outcomes):
        assert torch.equal(one, other)


def test_only_what_is_wanted_is_saved(between: fewtap.Filter) -> None:
    saved: list[Any] = []
    with torch.autograd.graph.saved_tensors_hooks(lambda value: saved.append(value) or value, lambda value: value):
        SparseBlur(between)(torch.rand(3, 16, 16, requires_grad=True))
    assert all(value.numel() < 100 for value in saved), "the image is kept, of which its own gradient needs nothing"


def test_no_grad_and_twice(between: fewtap.Filter) -> None:
    module = SparseBlur(between, learn_weights=True)
    image = torch.rand(3, 8, 9, requires_grad=True)
    with torch.no_grad():
        assert not module(image).requires_grad
    with torch.inference_mode():
        assert module(torch.rand(3, 8, 9)).shape == (3, 8, 9)
    (first,) = torch.autograd.grad(module(image).square().sum(), image, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        first.sum().backward()


def test_learned_filters_come_back(between: fewtap.Filter, cross: fewtap.Filter, tmp_path: Path) -> None:
    assert SparseBlur(cross).filter() is cross
    module = SparseBlur(between, learn_weights=True, learn_offsets=True)
    assert module.filter() == between
    optimizer = torch.optim.SGD(module.parameters(), lr=1e-3)
    module(torch.rand(1, 8, 9)).square().sum().backward()
    optimizer.step()
    learned = module.filter()
    assert learned != between
    learned.save(tmp_path / "learned.json")
    assert fewtap.Filter.load(tmp_path / "learned.json") == learned
    assert learned.layers[1].weight.tolist() == module.weight.tolist()[3:]
    whole = SparseBlur(cross, learn_offsets=True)
    assert whole.filter().taps == "bilinear"
    image = torch.rand(1, 8, 9)
    assert torch.allclose(whole(image), SparseBlur(cross)(image), atol=1e-6)


def test_learned_bases_come_back(basis: fewtap.Basis, tmp_path: Path) -> None:
    assert VaryingBlur(basis).basis is basis
    module = VaryingBlur(basis, learn_weights=True)
    assert module.basis == basis
    optimizer = torch.optim.SGD(module.parameters(), lr=1e-3)
    image, map = torch.rand(1, 8, 9), 2 * torch.rand(8, 9)
    module(image, map).square().sum().backward()
    optimizer.step()
    module.basis.save(tmp_path / "learned.json")
    learned = fewtap.Basis.load(tmp_path / "learned.json")
    assert learned == module.basis != basis
    assert np.array_equal(learned.apply(image[0].numpy(), map.numpy())[None], module(image, map).detach().numpy())
    taps = np.concatenate([layer.weight for filter in learned.filters for layer in filter.layers])
    assert taps.tolist() == module.weight.tolist()
    # What learns nothing takes numbers as well.
    other = VaryingBlur(basis)
    other.load_state_dict(other.state_dict())
    assert other.basis is basis
    other.load_state_dict(module.state_dict())
    assert other.basis == learned


def test_copies(between: fewtap.Filter, basis: fewtap.Basis) -> None:
    image = torch.rand(1, 3, 8, 9)
    module = SparseBlur(between, learn_weights=True, border="wrap")
    for other in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert torch.equal(other(image), module(image)) and other.weight is not module.weight
    with torch.no_grad():
        module.weight[0] += 0.5
    memory = io.BytesIO()
    torch.save(module.state_dict(), memory)
    memory.seek(0)
    for learns in (True, False):
        other = SparseBlur(between, learn_weights=learns, border="wrap")
        other.load_state_dict(torch.load(memory))
        memory.seek(0)
        assert torch.equal(other(image), module(image))
    varying = pickle.loads(pickle.dumps(VaryingBlur(basis)))
    assert torch.equal(varying(image, torch.ones(8, 9)), VaryingBlur(basis)(image, torch.ones(8, 9)))
    learning = VaryingBlur(basis, learn_gain=True)
    with torch.no_grad():
        learning.gain[1] += 0.5
    for other in (copy.deepcopy(learning), pickle.loads(pickle.dumps(learning))):
        assert other.basis == learning.basis != basis and other.gain is not learning.gain
    assert "learns gain" in repr(learning)
    assert "learns weight" in repr(module) and "gather" in repr(varying)


def test_single_precision_parameters(between: fewtap.Filter) -> None:
    module = SparseBlur(between, learn_weights=True).float()
    module(torch.rand(1, 8, 9)).sum().backward()
    assert module.weight.grad is not None and module.weight.grad.dtype == torch.float32


def nan() -> Any:
    image = torch.rand(1, 3, 8, 9)
    image[0, 1, 2, 3] = float("nan")
    return image


@pytest.mark.parametrize(
    ("image", "error", "words"),
    [
        (np.zeros((3, 8, 9), np.float32), fewtap.ArrayTypeError, "ndarray.*expected a tensor"),
        (torch.zeros(3, 8, 9, dtype=torch.float16), fewtap.ArrayTypeError, r"torch.float16.*image.float\(\)"),
        (torch.zeros(3, 8, 9, dtype=torch.uint8), fewtap.ArrayTypeError, "torch.uint8"),
        (torch.zeros(3, 8, 9, device="meta"), fewtap.ArrayTypeError, r"device meta.*image.cpu\(\)"),
        (torch.zeros(3, 8, 9).to_sparse(), fewtap.ArrayTypeError, "sparse_coo"),
        (torch.zeros(8, 9), fewtap.ShapeError, r"\(8, 9\).*\(N, C, H, W\)"),
        (torch.zeros(1, 3, 0, 9), fewtap.ShapeError, "0 long"),
        (nan(), fewtap.NonFiniteError, "column 3, row 2"),
    ],
)
def test_bad_images(between: fewtap.Filter, image: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        SparseBlur(between)(image)


def test_bad_maps(basis: fewtap.Basis) -> None:
    module, image = VaryingBlur(basis), torch.rand(2, 3, 8, 9)
    with pytest.raises(fewtap.ShapeError, match=r"\(9, 8\).*expected \(1, 8, 9\)"):
        module(image, torch.rand(9, 8))
    with pytest.raises(fewtap.ShapeError, match=r"\(2, 8, 9\)"):
        module(image, torch.rand(2, 8, 9))
    with pytest.raises(fewtap.ShapeError, match="a map for each image"):
        module(image, torch.rand(3, 1, 8, 9))
    with pytest.raises(fewtap.ArrayTypeError, match="float64"):
        module(image, torch.rand(8, 9, dtype=torch.float64))
    with pytest.raises(fewtap.NonFiniteError):
        module(image, torch.full((8, 9), float("nan")))
    with pytest.raises(fewtap.ArgumentError, match="either map or weights"):
        module(image)
    with pytest.raises(fewtap.ArgumentError, match="either map or weights"):
        module(image, torch.rand(8, 9), weights=torch.rand(3, 8, 9))
    with pytest.raises(fewtap.ShapeError, match=r"weights has shape \(8, 9\): expected \(C, H, W\)"):
        module(image, weights=torch.rand(8, 9))
    with pytest.raises(fewtap.ShapeError, match=r"\(2, 8, 9\): expected \(3, 8, 9\), the basis' 3 filters"):
        module(image, weights=torch.rand(2, 8, 9))
    with pytest.raises(fewtap.ShapeError, match=r"expected a map for each image, or one of shape \(K, H, W\)"):
        module(image, weights=torch.rand(3, 3, 8, 9))
    if basis.interpolation == "outputs":
        with pytest.raises(fewtap.NonFiniteError, match="weight 0"):
            module(image, weights=torch.full((3, 8, 9), float("inf")))


def test_bad_modules(between: fewtap.Filter, basis: fewtap.Basis) -> None:
    with pytest.raises(fewtap.ArrayTypeError, match=r"expected a fewtap\.Filter"):
        SparseBlur(basis)
    with pytest.raises(fewtap.ArrayTypeError, match=r"expected a fewtap\.Basis"):
        VaryingBlur(between)
    with pytest.raises(fewtap.UnsupportedError, match="reflect"):
        SparseBlur(between, border="reflect")
    with pytest.raises(fewtap.ArgumentError, match="'none'"):
        SparseBlur(between, border="none")


def test_weights_that_are_no_numbers(between: fewtap.Filter) -> None:
    module = SparseBlur(between, learn_weights=True)
    with torch.no_grad():
        module.weight[0] = float("inf")
    with pytest.raises(fewtap.FewtapError, match="inf"):
        module(torch.rand(1, 8, 9))


def test_cotangents_that_are_no_numbers(between: fewtap.Filter) -> None:
    module = SparseBlur(between, learn_weights=True)
    with pytest.raises(fewtap.NonFiniteError):
        (module(torch.rand(1, 8, 9)) * float("nan")).sum().backward()


class Blurred(torch.utils.data.Dataset):  # type: ignore[type-arg, misc]
    """Images that workers blur."""

    def __init__(self, module: Any) -> None:
        self.module, self.images = module, torch.rand(4, 3, 200, 300)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Any:
        return self.module(self.images[index])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_data_loader(between: fewtap.Filter, start: str) -> None:
    module = SparseBlur(between)
    data = Blurred(module)
    # So that the library has had threads before the fork.
    expected = module(data.images)
    loader = torch.utils.data.DataLoader(data, num_workers=2, multiprocessing_context=start, timeout=120)
    assert torch.equal(torch.cat(list(loader)), expected)


@pytest.fixture
def forked() -> Iterator[Any]:
    """Runs a function in a fork, and answers whether it returned true."""

    def run(function: Any) -> bool:
        child = os.fork()
        if child == 0:
            try:
                os._exit(0 if function() else 1)
            except BaseException:
                os._exit(2)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    yield run


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_gradients_in_a_fork(between: fewtap.Filter, basis: fewtap.Basis, forked: Any) -> None:
    image, map = torch.rand(3, 300, 400), torch.rand(300, 400)

    def results() -> list[Any]:
        # Its own thread does all: PyTorch has lost those of its autograd, too, but needs none for the CPU.
        module = SparseBlur(between, learn_weights=True)
        result = module(image)
        return [result, *torch.autograd.grad(result.square().sum(), [module.weight]), VaryingBlur(basis)(image, map)]

    expected = results()
    assert forked(lambda: all(torch.equal(one, other) for one, other in zip(results(), expected)))
