"""Pictures for notebooks: HTML without anything from outside."""

from __future__ import annotations

import base64
import html
import struct
import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_SIDE = 160


def png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """A PNG file of (H, W, 3) pixels."""
    height, width, _ = pixels.shape

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    # Each row begins with the number of its filter, 0.
    rows = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows.tobytes()))
        + chunk(b"IEND", b"")
    )


def picture(values: npt.NDArray[np.float64], name: str) -> str:
    """Weights as an image: gray on black, negative ones blue."""
    peak = float(np.abs(values).max()) or 1.0
    # Small weights stay visible by the square root.
    codes = np.rint(255 * np.sqrt(np.abs(values) / peak)).astype(np.uint8)
    dark = np.where(values < 0, codes // 4, codes)
    data = base64.b64encode(png(np.stack([dark, dark, codes], axis=-1))).decode("ascii")
    height, width = values.shape
    scale = _SIDE / max(height, width)
    return (
        f'<img alt="{html.escape(name)}" width="{max(1, round(width * scale))}" height="{max(1, round(height * scale))}" '
        f'style="image-rendering:pixelated;border:1px solid #888" src="data:image/png;base64,{data}">'
    )


def scatter(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], weight: npt.NDArray[np.float64], title: str) -> str:
    """Taps as disks of areas by their weights, negative ones blue, about a cross at offset 0."""
    reach = max(1.0, float(np.abs(x).max(initial=0)), float(np.abs(y).max(initial=0))) * 1.15
    peak = float(np.abs(weight).max(initial=0)) or 1.0
    scale = _SIDE / (2 * reach)
    disks = "".join(
        f'<circle cx="{_SIDE / 2 + scale * dx:.1f}" cy="{_SIDE / 2 + scale * dy:.1f}" '
        f'r="{1.2 + 4 * (abs(w) / peak) ** 0.5:.1f}" fill="{"#d60" if w >= 0 else "#06d"}" fill-opacity="0.6"/>'
        for dx, dy, w in zip(x.tolist(), y.tolist(), weight.tolist())
    )
    half = _SIDE / 2
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_SIDE}" height="{_SIDE}" style="border:1px solid #888">'
        f"<title>{html.escape(title)}</title>"
        f'<path d="M{half} 0V{_SIDE}M0 {half}H{_SIDE}" stroke="#888" stroke-width="0.5"/>{disks}</svg>'
    )


def caption(text: str) -> str:
    """A line of text."""
    return f"<div><code>{html.escape(text)}</code></div>"


def figure(pictures: Sequence[str], *lines: str) -> str:
    """Pictures side by side above lines of text."""
    return f'<div><div style="display:flex;flex-wrap:wrap;gap:4px">{"".join(pictures)}</div>{"".join(map(caption, lines))}</div>'
