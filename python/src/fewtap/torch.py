"""Sparse filters as layers of PyTorch: to blur, to differentiate through a blur, and to learn one.

::

    from fewtap.torch import SparseBlur

    blur = SparseBlur(fewtap.fit("disk:radius=20"), learn_weights=True)
    loss = (blur(images) - truth).square().mean()
    loss.backward()                 # gradients of images and weights
    blur.filter().save("learned.json")

All runs on the processor: float32 by the fast engine, float64 by the slow reference, for checks of gradients. Tensors of other devices are
refused, so that no copy comes unseen: `blur(image.cpu()).to(image.device)`. Gradients are of the first order.
Needs PyTorch: ``pip install torch``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

try:
    import torch
    from torch import Tensor, nn
    from torch.autograd.function import once_differentiable
except ImportError as error:
    raise ImportError("fewtap.torch needs PyTorch: pip install torch") from error

from ._apply import Rules, refuse_reflect
from ._arrays import NDArray
from ._errors import ArgumentError, ArrayTypeError, ShapeError
from ._gradients import pullback
from .basis import Basis
from .filter import Filter
from .maps import Map
from .parts import Rate

__all__ = ["SparseBlur", "VaryingBlur"]


class _Blur(nn.Module):
    """Blurs with filters of which weights, offsets and gains are tensors: parameters where they are learned, else buffers."""

    def __init__(
        self,
        made: Filter | Basis,
        filters: Sequence[Filter],
        gain: float | list[float],
        learned: tuple[bool, bool, bool],
        rules: Rules,
    ) -> None:
        super().__init__()
        refuse_reflect(rules.border, "gradients")
        # What is wrong with them is told here rather than at the first image.
        rules.options()
        self._rules = rules
        self._kinds = [
            _Kind(
                [layer.weight.size for layer in filter.layers], "bilinear" if learned[1] else filter.taps, filter.rate
            )
            for filter in filters
        ]
        # While nothing is learned it stays what it is, with the record of its fit.
        self._fixed = None if any(learned) else made
        layers = [layer for filter in filters for layer in filter.layers]
        weight = np.concatenate([layer.weight for layer in layers])
        offset = np.stack([np.concatenate([layer[axis] for layer in layers]) for axis in range(2)], axis=1)
        values = torch.from_numpy(weight), torch.from_numpy(offset), torch.tensor(gain, dtype=torch.float64)
        for name, value, is_learned in zip(("weight", "offset", "gain"), values, learned):
            if is_learned:
                self.register_parameter(name, nn.Parameter(value))
            else:
                self.register_buffer(name, value)

    def _now(self) -> Any:
        """What it blurs with as it is now."""
        return self._built(self._filters()) if self._fixed is None else self._fixed

    def _built(self, filters: list[Filter]) -> Any:
        """What it blurs with, of its filters."""
        raise NotImplementedError

    def _filters(self) -> list[Filter]:
        weight, offset, gain = _numbers(self.weight), _numbers(self.offset), _numbers(self.gain).reshape(-1)
        made, first = [], 0
        for kind, factor in zip(self._kinds, gain):
            cuts = np.cumsum([first, *kind.counts])
            layers = [(offset[a:b, 0], offset[a:b, 1], weight[a:b]) for a, b in pairwise(cuts)]
            made.append(Filter.from_taps(layers, gain=float(factor), taps=kind.taps, rate=kind.rate))
            first = cuts[-1]
        return made

    def _load_from_state_dict(self, *arguments: Any) -> None:
        before = [_numbers(value).copy() for value in (self.weight, self.offset, self.gain)]
        super()._load_from_state_dict(*arguments)
        after = [_numbers(value) for value in (self.weight, self.offset, self.gain)]
        if self._fixed is not None and not all(map(np.array_equal, before, after)):
            self._fixed = self._built(self._filters())

    def extra_repr(self) -> str:
        learned = [name for name, _ in self.named_parameters()]
        return f"border={self._rules.border!r}, learns {', '.join(learned) or 'nothing'}"


class _Kind(NamedTuple):
    """What does not change of a filter while its numbers are learned."""

    counts: list[int]
    taps: str
    rate: Rate | None


class SparseBlur(_Blur):
    """Blurs images with a sparse filter, of which weights, offsets and gain may be learned.

    Parameters
    ----------
    filter : Filter
        What it begins with.
    learn_weights, learn_offsets, learn_gain : bool
        What are parameters; the others are buffers. Offsets can move between pixels, so that `learn_offsets` makes taps of whole pixels
        bilinear ones; where an offset is whole, the slope is that to the right or downwards.
    border : "clamp", "mirror", "wrap", "constant" or "normalized"
        As for `Filter.apply`.
    border_value : float
        For "constant".
    nonfinite : "refuse", "zero" or "keep"
        What to do with NaN and infinite pixels.
    threads : int, optional
        All cores by default; one in workers that are forks, as those of a `DataLoader`.
    """

    weight: Tensor
    """Weights of all taps, layer by layer, shape (T,); float64, whatever the images are."""
    offset: Tensor
    """Their offsets `(x, y)` in pixels (of the lower rate, if there is one), shape (T, 2)."""
    gain: Tensor
    """The filter's gain, shape ()."""

    def __init__(
        self,
        filter: Filter,
        *,
        learn_weights: bool = False,
        learn_offsets: bool = False,
        learn_gain: bool = False,
        border: str = "clamp",
        border_value: float = 0.0,
        nonfinite: str = "refuse",
        threads: int | None = None,
    ) -> None:
        if not isinstance(filter, Filter):
            raise ArrayTypeError(f"filter is of type {type(filter).__name__}: expected a fewtap.Filter")
        rules = Rules(border, border_value, nonfinite, threads=threads)
        super().__init__(filter, [filter], filter.gain, (learn_weights, learn_offsets, learn_gain), rules)

    def filter(self) -> Filter:
        """The filter as it is now, to be saved, applied, or made a shader of."""
        found: Filter = self._now()
        return found

    def _built(self, filters: list[Filter]) -> Filter:
        return filters[0]

    def forward(self, image: Tensor) -> Tensor:
        """The blurred images: float32 or float64 of shape (N, C, H, W) or (C, H, W), of any strides; channels are filtered alike."""
        _check(image, "image")
        return _Apply.apply(image, None, self.weight, self.offset, self.gain, self._now(), self._rules, None)

    def extra_repr(self) -> str:
        (kind,) = self._kinds
        return f"{'+'.join(map(str, kind.counts))} {kind.taps} taps, {super().extra_repr()}"


class VaryingBlur(_Blur):
    """Blurs images with a basis, every pixel by its own filter. Images, maps and weights get gradients; taps may be learned.

    Parameters
    ----------
    basis : Basis
        What it begins with. Once taps are learned, those of a basis whose taps follow a series go straight from knot to knot.
    direction : "gather" or "scatter"
        As for `Basis.apply`.
    learn_weights, learn_offsets, learn_gain : bool
        As for `SparseBlur`, of all filters. A "normalized" border needs filters of one sum.
    border, border_value, nonfinite, threads
        As for `SparseBlur`.
    """

    weight: Tensor
    """Weights of all taps, filter by filter and layer by layer, shape (T,). On a periodic axis the last knot's filter is the first one's,
    and not counted again."""
    offset: Tensor
    """Their offsets `(x, y)`, shape (T, 2)."""
    gain: Tensor
    """The filters' gains, shape (K,)."""

    def __init__(
        self,
        basis: Basis,
        *,
        direction: str = "gather",
        learn_weights: bool = False,
        learn_offsets: bool = False,
        learn_gain: bool = False,
        border: str = "clamp",
        border_value: float = 0.0,
        nonfinite: str = "refuse",
        threads: int | None = None,
    ) -> None:
        if not isinstance(basis, Basis):
            raise ArrayTypeError(f"basis is of type {type(basis).__name__}: expected a fewtap.Basis")
        filters, axes = basis.filters, basis.axes
        owners = np.arange(len(filters)).reshape([axis.knots.size for axis in axes])
        for index, axis in enumerate(axes):
            if axis.is_periodic:
                ends = np.moveaxis(owners, index, 0)
                ends[-1] = ends[0]
        own, which = np.unique(owners, return_inverse=True)
        members = [filters[index] for index in own]
        gains = [filter.gain for filter in members]
        rules = Rules(border, border_value, nonfinite, direction, threads)
        super().__init__(basis, members, gains, (learn_weights, learn_offsets, learn_gain), rules)
        self._shape, self._axes, self._which = basis, len(axes), which.reshape(-1)
        # Of each tap of the basis the place among the parameters.
        starts = np.cumsum([0, *(sum(kind.counts) for kind in self._kinds)])
        places = np.concatenate([np.arange(starts[index], starts[index + 1]) for index in self._which])
        self._taps = None if len(members) == len(filters) else torch.from_numpy(places)

    @property
    def basis(self) -> Basis:
        """What it blurs with, as it is now."""
        found: Basis = self._now()
        return found

    def _built(self, filters: list[Filter]) -> Basis:
        return self._shape.with_filters([filters[index] for index in self._which])

    def forward(self, image: Tensor, map: Tensor | None = None, *, weights: Tensor | None = None) -> Tensor:
        """The blurred images.

        Parameters
        ----------
        image : tensor of shape (N, C, H, W) or (C, H, W)
            float32 or float64.
        map : tensor of shape (A, H, W), or (H, W) for one parameter; (N, A, H, W) for a map an image
            The parameters of every pixel, of the image's dtype. Those outside of the basis' knots count as the nearest knot's and have the
            gradient 0.
        weights : tensor of shape (K, H, W), or (N, K, H, W) for weights an image
            Instead of a map: how much of each filter a pixel gets, of any sign and sum; for bases of "outputs".
        """
        _check(image, "image")
        if (map is None) == (weights is None):
            raise ArgumentError(
                "give either map or weights: the parameters of every pixel, or how much of each filter it gets"
            )
        given, name, count, what = (
            (weights, "weights", len(self._which), "filters") if map is None else (map, "map", self._axes, "parameters")
        )
        _check(given, name, dimensions=(3, 4) if map is None else (2, 3, 4))
        assert given is not None
        if given.dtype != image.dtype:
            raise ArrayTypeError(f"{name} has dtype {given.dtype} and image {image.dtype}: expected the same")
        if given.ndim == 4 and (image.ndim != 4 or given.shape[0] != image.shape[0]):
            raise ShapeError(
                f"{name} has shape {tuple(given.shape)} and image {tuple(image.shape)}: expected a map for each image, or one "
                f"of shape ({'K' if map is None else 'A'}, H, W) for all"
            )
        planes = given[None] if given.ndim == 2 else given
        expected = (count, *image.shape[-2:])
        if tuple(planes.shape[-3:]) != expected:
            raise ShapeError(
                f"{name} has shape {tuple(given.shape)}: expected {expected}, the basis' {count} {what} by the image's size"
            )
        weight, offset, gain = self.weight, self.offset, self.gain
        if self._taps is not None:
            weight, offset, gain = weight[self._taps], offset[self._taps], gain[torch.from_numpy(self._which)]
        rest = weight, offset, gain, self._now(), self._rules, Map.weights if map is None else Map.parameters
        if given.ndim == 4:
            return torch.stack([_Apply.apply(one, own, *rest) for one, own in zip(image, planes)])
        return _Apply.apply(image, planes, *rest)

    def extra_repr(self) -> str:
        return f"{self.basis!r}, direction={self._rules.direction!r}, {super().extra_repr()}"


class _Apply(torch.autograd.Function):
    """The application of a filter or basis, whose numbers are those of the tensors; that of a basis by planes, of which `map_of` makes
    a map."""

    @staticmethod
    def forward(
        ctx: Any,
        image: Tensor,
        planes: Tensor | None,
        weight: Tensor,
        offset: Tensor,
        gain: Tensor,
        made: Filter | Basis,
        rules: Rules,
        map_of: Callable[[NDArray], Map] | None,
    ) -> Tensor:
        ctx.made, ctx.rules, ctx.map_of = made, rules, map_of
        # The gradient of pixels does not depend on them.
        ctx.save_for_backward(image if any(ctx.needs_input_grad[1:5]) else None, planes, weight, offset, gain)
        with _given(planes, map_of) as map:
            of = {"map_of": lambda height, width: map} if map else {}
            return torch.from_numpy(made._run(_numpy(image), None, rules, layout="nchw"[-image.ndim :], **of))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, cotangent: Tensor) -> Any:
        image, planes, weight, offset, gain = ctx.saved_tensors
        wants_input, wants_map, wants_weight, wants_offset, wants_gain = ctx.needs_input_grad[:5]
        changes = _stack(cotangent)
        with _given(planes, ctx.map_of) as map:
            found = pullback(
                ctx.made,
                changes if image is None else _stack(image),
                changes,
                ctx.rules,
                wants_input=wants_input,
                tap_count=weight.numel() if wants_weight or wants_offset else None,
                gain_count=gain.numel() if wants_gain else None,
                map=map,
                wants_map=wants_map,
            )
        return (
            _like(found.input, cotangent) if wants_input else None,
            _like(found.map, planes) if wants_map else None,
            _like(found.weight, weight) if wants_weight else None,
            _like(found.offset, offset) if wants_offset else None,
            _like(found.gain, gain) if wants_gain else None,
            None,
            None,
            None,
        )


def _check(tensor: Any, name: str, dimensions: Sequence[int] = (3, 4)) -> None:
    if not isinstance(tensor, Tensor):
        raise ArrayTypeError(
            f"{name} is of type {type(tensor).__name__}: expected a tensor; NumPy's arrays take Filter.apply"
        )
    if tensor.device.type != "cpu" or tensor.layout != torch.strided:
        raise ArrayTypeError(
            f"{name} is a {tensor.layout} tensor on device {tensor.device}: fewtap filters dense tensors on the CPU; move it by "
            f"{name}.cpu(), and the result back by .to({name}.device)"
        )
    if tensor.dtype not in (torch.float32, torch.float64):
        raise ArrayTypeError(
            f"{name} has dtype {tensor.dtype}: expected torch.float32, or torch.float64 for the reference; convert it, as by "
            f"{name}.float()"
        )
    if tensor.ndim not in dimensions:
        shapes = " or ".join({2: "(H, W)", 3: "(C, H, W)", 4: "(N, C, H, W)"}[count] for count in dimensions)
        raise ShapeError(f"{name} has shape {tuple(tensor.shape)}: expected {shapes}")
    if tensor.numel() == 0:
        raise ShapeError(f"{name} has shape {tuple(tensor.shape)}: no axis may be 0 long")


def _given(planes: Tensor | None, map_of: Callable[[NDArray], Map] | None) -> Any:
    """The map of planes as a context, which frees it; that of None if there are none."""
    return contextlib.nullcontext() if planes is None or map_of is None else map_of(_numpy(planes))


def _numpy(tensor: Tensor) -> NDArray:
    array: NDArray = tensor.detach().resolve_neg().numpy()
    return array


def _numbers(tensor: Tensor) -> NDArray:
    return _numpy(tensor.detach().cpu().double())


def _stack(tensor: Tensor) -> NDArray:
    """Images and channels as one axis."""
    return _numpy(tensor.reshape(-1, *tensor.shape[-2:]))


def _like(array: NDArray | None, tensor: Tensor) -> Tensor:
    assert array is not None
    return torch.from_numpy(array).reshape(tensor.shape).to(tensor.dtype).to(tensor.device)
