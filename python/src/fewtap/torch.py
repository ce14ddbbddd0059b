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

from collections.abc import Sequence
from typing import Any

import numpy as np

try:
    import torch
    from torch import Tensor, nn
    from torch.autograd.function import once_differentiable
except ImportError as error:
    raise ImportError("fewtap.torch needs PyTorch: pip install torch") from error

from ._apply import Rules, refuse_reflect
from ._arrays import NDArray
from ._errors import ArrayTypeError, ShapeError
from ._gradients import pullback
from .basis import Basis
from .filter import Filter
from .maps import Map

__all__ = ["SparseBlur", "VaryingBlur"]


class SparseBlur(nn.Module):
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

    Attributes
    ----------
    weight : tensor of shape (T,)
        Weights of all taps, layer by layer; float64, whatever the images are.
    offset : tensor of shape (T, 2)
        Their offsets `(x, y)` in pixels (of the lower rate, if there is one).
    gain : tensor of shape ()
    """

    weight: Tensor
    offset: Tensor
    gain: Tensor

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
        super().__init__()
        if not isinstance(filter, Filter):
            raise ArrayTypeError(f"filter is of type {type(filter).__name__}: expected a fewtap.Filter")
        self._rules = _rules(border, border_value, nonfinite, "gather", threads)
        layers = filter.layers
        self._counts = [layer.weight.size for layer in layers]
        self._taps = "bilinear" if learn_offsets else filter.taps
        self._rate = filter.rate
        # While nothing is learned it stays what it is, with the record of its fit.
        self._fixed = None if learn_weights or learn_offsets or learn_gain else filter
        weight = np.concatenate([layer.weight for layer in layers])
        offset = np.stack([np.concatenate([layer[axis] for layer in layers]) for axis in range(2)], axis=1)
        self._add("weight", torch.from_numpy(weight), learn_weights)
        self._add("offset", torch.from_numpy(offset), learn_offsets)
        self._add("gain", torch.tensor(filter.gain, dtype=torch.float64), learn_gain)

    def _add(self, name: str, value: Tensor, is_learned: bool) -> None:
        if is_learned:
            self.register_parameter(name, nn.Parameter(value))
        else:
            self.register_buffer(name, value)

    def filter(self) -> Filter:
        """The filter as it is now, to be saved, applied, or made a shader of."""
        if self._fixed is not None:
            return self._fixed
        return self._made(self.weight, self.offset, self.gain)

    def _made(self, weight: Tensor, offset: Tensor, gain: Tensor) -> Filter:
        numbers, places = _numbers(weight), _numbers(offset)
        cuts = np.cumsum(self._counts)[:-1]
        layers = zip(np.split(places[:, 0], cuts), np.split(places[:, 1], cuts), np.split(numbers, cuts))
        return Filter.from_taps(list(layers), gain=float(_numbers(gain)), taps=self._taps, rate=self._rate)

    def _load_from_state_dict(self, *arguments: Any) -> None:
        super()._load_from_state_dict(*arguments)
        if self._fixed is not None:
            self._fixed = self._made(self.weight, self.offset, self.gain)

    def forward(self, image: Tensor) -> Tensor:
        """The blurred images: float32 or float64 of shape (N, C, H, W) or (C, H, W), of any strides; channels are filtered alike."""
        _check(image, "image")
        return _Blur.apply(image, self.weight, self.offset, self.gain, self.filter(), self._rules)

    def extra_repr(self) -> str:
        layers = "+".join(str(count) for count in self._counts)
        learned = [name for name, _ in self.named_parameters()]
        return f"{layers} {self._taps} taps, border={self._rules.border!r}, learns {', '.join(learned) or 'nothing'}"


class VaryingBlur(nn.Module):
    """Blurs images with a basis, every pixel by its own filter; images and maps get gradients.

    Parameters
    ----------
    basis : Basis
    direction : "gather" or "scatter"
        As for `Basis.apply`.
    border, border_value, nonfinite, threads
        As for `SparseBlur`.
    """

    def __init__(
        self,
        basis: Basis,
        *,
        direction: str = "gather",
        border: str = "clamp",
        border_value: float = 0.0,
        nonfinite: str = "refuse",
        threads: int | None = None,
    ) -> None:
        super().__init__()
        if not isinstance(basis, Basis):
            raise ArrayTypeError(f"basis is of type {type(basis).__name__}: expected a fewtap.Basis")
        self._rules = _rules(border, border_value, nonfinite, direction, threads)
        self._basis = basis
        self._axes = len(basis.axes)

    @property
    def basis(self) -> Basis:
        """What it blurs with."""
        return self._basis

    def forward(self, image: Tensor, map: Tensor) -> Tensor:
        """The blurred images.

        Parameters
        ----------
        image : tensor of shape (N, C, H, W) or (C, H, W)
            float32 or float64.
        map : tensor of shape (A, H, W), or (H, W) for one parameter; (N, A, H, W) for a map an image
            The parameters of every pixel, of the image's dtype. Those outside of the basis' knots count as the nearest knot's and have the
            gradient 0.
        """
        _check(image, "image")
        _check(map, "map", dimensions=(2, 3, 4))
        if map.dtype != image.dtype:
            raise ArrayTypeError(f"map has dtype {map.dtype} and image {image.dtype}: expected the same")
        if map.ndim == 4:
            if image.ndim != 4 or map.shape[0] != image.shape[0]:
                raise ShapeError(
                    f"map has shape {tuple(map.shape)} and image {tuple(image.shape)}: expected a map for each image, or one "
                    "of shape (A, H, W) for all"
                )
            return torch.stack([self(one, own) for one, own in zip(image, map)])
        planes = map[None] if map.ndim == 2 else map
        expected = (self._axes, *image.shape[-2:])
        if tuple(planes.shape) != expected:
            raise ShapeError(
                f"map has shape {tuple(map.shape)}: expected {expected}, the basis' {self._axes} parameters by the image's size"
            )
        return _Vary.apply(image, planes, self._basis, self._rules)

    def extra_repr(self) -> str:
        return f"{self._basis!r}, direction={self._rules.direction!r}, border={self._rules.border!r}"


class _Blur(torch.autograd.Function):
    """A filter's application, whose numbers are those of the tensors."""

    @staticmethod
    def forward(
        ctx: Any, image: Tensor, weight: Tensor, offset: Tensor, gain: Tensor, filter: Filter, rules: Rules
    ) -> Tensor:
        ctx.made, ctx.rules, ctx.shape = filter, rules, image.shape
        # The gradient of pixels does not depend on them.
        ctx.save_for_backward(image if any(ctx.needs_input_grad[1:4]) else None, weight, offset, gain)
        return _applied(filter._run, image, rules)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, cotangent: Tensor) -> Any:
        image, weight, offset, gain = ctx.saved_tensors
        wants_input, *wants_numbers = ctx.needs_input_grad[:4]
        wants_taps = wants_numbers[0] or wants_numbers[1]
        changes = _stack(cotangent)
        found = pullback(
            "fewtap_plan_create",
            ctx.made._handle,
            changes if image is None else _stack(image),
            changes,
            ctx.rules,
            wants_input=wants_input,
            tap_count=weight.numel() if wants_taps else None,
            gain_count=1 if wants_numbers[2] else None,
        )
        return (
            _like(found.input, cotangent) if wants_input else None,
            _like(found.weight, weight) if wants_numbers[0] else None,
            _like(found.offset, offset) if wants_numbers[1] else None,
            _like(found.gain, gain) if wants_numbers[2] else None,
            None,
            None,
        )


class _Vary(torch.autograd.Function):
    """A basis' application by a map."""

    @staticmethod
    def forward(ctx: Any, image: Tensor, map: Tensor, basis: Basis, rules: Rules) -> Tensor:
        ctx.made, ctx.rules = basis, rules
        ctx.save_for_backward(image if ctx.needs_input_grad[1] else None, map)
        with Map.parameters(_numpy(map)) as parameters:
            return _applied(
                lambda *given, **options: basis._run(given[0], parameters, *given[1:], **options), image, rules
            )

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, cotangent: Tensor) -> Any:
        image, map = ctx.saved_tensors
        wants_input, wants_map = ctx.needs_input_grad[:2]
        changes = _stack(cotangent)
        with Map.parameters(_numpy(map)) as parameters:
            found = pullback(
                "fewtap_plan_create_varying",
                ctx.made._handle,
                changes if image is None else _stack(image),
                changes,
                ctx.rules,
                wants_input=wants_input,
                map_handle=parameters._handle,
                map_shape=tuple(map.shape) if wants_map else None,
            )
        return (
            _like(found.input, cotangent) if wants_input else None,
            _like(found.map, map) if wants_map else None,
            None,
            None,
        )


def _rules(border: str, border_value: float, nonfinite: str, direction: str, threads: int | None) -> Rules:
    refuse_reflect(border, "gradients")
    rules = Rules(border, border_value, nonfinite, direction, threads)
    # Here rather than at the first image.
    rules.options()
    return rules


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


def _applied(run: Any, image: Tensor, rules: Rules) -> Tensor:
    return torch.from_numpy(run(_numpy(image), None, rules, layout="nchw"[-image.ndim :]))


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
