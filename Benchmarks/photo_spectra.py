#!/usr/bin/env python3
"""Measures the power spectra of the reference photographs (PyPI scikit-image: astronaut, coffee, chelsea), in linear light.

Prints the Swift table of Sources/FewtapFit/PhotoSpectrum.swift; with --check, fails if that table differs.

A photograph's residual after filtering with the difference D of two kernels has the mean square
    integral |D^(f)|^2 S(f) df,   S the power spectral density of the photograph (peak 1, cycles a pixel).
S is that of the photograph continued by reflection (no jump at its edges, so no window is needed), averaged over direction in
bins that are equally spaced in log2 f.
"""
import pathlib
import re
import sys

import numpy as np
import skimage.data

NAMES = ["astronaut", "coffee", "chelsea"]
BINS_PER_OCTAVE = 3
FIRST = -8.0  # log2 of the lowest frequency that is told apart
COUNT = 24  # up to the corner of the spectrum, log2 sqrt(1/2) = -0.5


def luminance(name):
    image = getattr(skimage.data, name)().astype(float) / 255
    linear = np.where(image <= 0.04045, image / 12.92, ((image + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def table(plane):
    mirrored = np.pad(plane - plane.mean(), [(0, n) for n in plane.shape], mode="symmetric")
    power = np.abs(np.fft.fft2(mirrored)) ** 2 / mirrored.size
    fy, fx = (np.fft.fftfreq(n) for n in mirrored.shape)
    log_f = np.log2(np.maximum(np.hypot(fy[:, None], fx[None, :]), 1e-9))
    position = (log_f - FIRST) * BINS_PER_OCTAVE
    values = []
    for k in range(COUNT):
        # A triangle around the bin's center: what linear interpolation between bins assumes.
        weight = np.maximum(0, 1 - np.abs(position - k))
        values.append(np.log2((weight * power).sum() / weight.sum()))
    return values


def text():
    lines = []
    for name in NAMES:
        values = [f"{v:.2f}" for v in table(luminance(name))]
        lines.append(f"    // {name}")
        lines.append("    [")
        for i in range(0, COUNT, 12):
            lines.append("      " + ", ".join(values[i : i + 12]) + ",")
        lines.append("    ],")
    return "\n".join(lines)


if __name__ == "__main__":
    measured = text()
    if "--check" in sys.argv:
        source = pathlib.Path(__file__).parent.parent / "Sources/FewtapFit/PhotoSpectrum.swift"
        if measured not in source.read_text():
            sys.exit(f"{source.name} does not hold the table that this script measures:\n{measured}")
        print("the table is up to date")
    else:
        print(measured)
