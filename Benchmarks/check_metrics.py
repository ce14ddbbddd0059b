#!/usr/bin/env python3
"""Holds `fewtap bench metrics` to the programs that others measure with: FLIP to NVIDIA's flip-evaluator, SSIM and PSNR to
scikit-image, on photographs and what is done to them.

  check_metrics.py                   compares, prints a table, and fails where figures are further apart than is promised
  check_metrics.py --print-expected  prints the numbers that Tests/FewtapMetricsTests holds us to, as Swift; the comparison
                                     also fails if the tests hold others

Needs what Benchmarks/peers-requirements.txt names, `swift build -c release`, and the photographs of Benchmarks/get-photos.
"""
import argparse
import importlib.metadata
import json
import pathlib
import subprocess
import sys
import tempfile

import flip_evaluator
import numpy as np
import skimage.io
import skimage.metrics

ROOT = pathlib.Path(__file__).resolve().parent.parent
TESTS = ROOT / "Tests" / "FewtapMetricsTests" / "ExpectedMetrics.swift"
PHOTOS = ["astronaut", "coffee", "chelsea"]
# What the doc comments of Flip and StructuralSimilarity promise. Photographs reach SSIM through light and back, which costs a
# rounding to Float.
BOUNDS = {"flip": 1e-5, "pixel": 1e-4, "ssim": 1e-7, "psnr": 1e-5}


def unit(codes):
    """Codes 0...255 as the numbers in 0...1 that fewtap has for them."""
    return codes.astype(np.float32) / np.float32(255)


def flip(reference, picture):
    """The map of flip-evaluator and its mean, taken in double: its own mean adds pixels up in float, off by up to 1e-3."""
    colors = [np.repeat(codes, 3, axis=2) if codes.shape[2] == 1 else codes for codes in (reference, picture)]
    error, float_mean, _ = flip_evaluator.evaluate(*(unit(codes) for codes in colors), "LDR", applyMagma=False)
    return error.squeeze(2), error.mean(dtype=np.float64), float_mean


def ssim(reference, picture):
    return skimage.metrics.structural_similarity(
        *(unit(codes).astype(np.float64) for codes in (reference, picture)),
        gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1, channel_axis=2,
    )  # fmt: skip


def psnr(reference, picture):
    return skimage.metrics.peak_signal_noise_ratio(*(codes / 255 for codes in (reference, picture)), data_range=1)


# Pictures by formula, of whole numbers only: FormulaPictures.swift makes the same bits.

WIDTH, HEIGHT = 53, 71
PIXELS = [(0, 0), (52, 0), (17, 31), (26, 64), (40, 70), (5, 50)]


def hashed(x, y, channel, seed):
    mask = 0xFFFFFFFF
    h = (x * 0x9E3779B1 + y * 0x85EBCA77 + channel * 0xC2B2AE3D + seed * 0x27D4EB2F) & mask
    h = ((h ^ h >> 15) * 0x2C1B3C6D) & mask
    return h ^ h >> 12


def made(code, channels):
    """The picture of `code(x, y, channel)`, clamped to a byte."""
    values = [[[code(x, y, c) for c in range(channels)] for x in range(WIDTH)] for y in range(HEIGHT)]
    return np.clip(values, 0, 255).astype(np.uint8)


def scene(channels=3):
    def code(x, y, channel):
        phase = (3 * x + 2 * y * (channel + 1)) % 120
        wave = min(phase, 120 - phase)
        patch = 60 if (x // 9 + y // 7) % 5 == channel else 0
        return 30 + 2 * wave + patch + hashed(x, y, channel, 1) % 32

    return made(code, channels)


def distorted():
    """Pairs of a name, a reference and a picture."""
    colors, gray = scene(), scene(1)

    def blurred(x, y, c):
        rows = [min(max(y + dy, 0), HEIGHT - 1) for dy in (-1, 0, 1)]
        columns = [min(max(x + dx, 0), WIDTH - 1) for dx in (-1, 0, 1)]
        return sum(int(colors[row, column, c]) for row in rows for column in columns) // 9

    def faded(x, y, c):
        code = int(colors[y, x, c])
        return [code * 3 // 4, code, 255 - (255 - code) * 3 // 4][c]

    yield "noise", colors, made(lambda x, y, c: int(colors[y, x, c]) + hashed(x, y, c, 2) % 64 - 32, 3)
    yield "shift", colors, made(lambda x, y, c: colors[y, min(x + 1, WIDTH - 1), c], 3)
    yield "blur", colors, made(blurred, 3)
    yield "faded", colors, made(faded, 3)
    yield "grayNoise", gray, made(lambda x, y, c: int(gray[y, x, c]) + hashed(x, y, c, 3) % 48 - 24, 1)
    yield "whiteOnBlack", made(lambda x, y, c: 0, 3), made(lambda x, y, c: 255, 3)


def expected():
    """The table of the tests, as Swift."""
    versions = [f"{name} {importlib.metadata.version(name)}" for name in ("flip-evaluator", "scikit-image")]
    lines = [f"  // Printed by `Benchmarks/check_metrics.py --print-expected` with {', '.join(versions)}."]
    lines += ["  static let all = ["]
    for name, reference, picture in distorted():
        error, mean, _ = flip(reference, picture)
        pixels = ", ".join(f"{error[y, x]:.7f}" for x, y in PIXELS)
        lines += [f"    ExpectedMetrics(", f"      .{name}, ssim: {float(ssim(reference, picture))!r}, flip: {mean:.9f},"]
        lines += [f"      flipPixels: [{pixels}]),"]
    return "\n".join([*lines, "  ]\n"])


def changes(photo):
    """What is done to photographs: names and pictures."""
    noise = np.random.default_rng(4)
    yield "noise", np.clip(photo + noise.normal(0, 12, photo.shape), 0, 255).astype(np.uint8)
    yield "off by one", np.clip(photo + noise.integers(-1, 2, photo.shape), 0, 255).astype(np.uint8)
    yield "shifted", np.roll(photo, 1, axis=1)
    yield "gray", np.repeat(photo[..., 1:2], 3, axis=2)
    yield "negative", 255 - photo


def compare(fewtap, photos):
    """Prints the table; true if all is within the bounds."""
    fine = True
    print(f"{'photograph':28}{'FLIP':>10}{'off':>10}{'pixel off':>10}{'own mean':>10}{'SSIM':>10}{'off':>10}{'dB off':>10}")
    with tempfile.TemporaryDirectory() as folder:
        a, b, error_map = (f"{folder}/{name}" for name in ("reference.png", "picture.png", "map.npy"))
        for name in PHOTOS:
            photo = skimage.io.imread(photos / f"{name}.png")[..., :3]
            for change, picture in changes(photo):
                skimage.io.imsave(a, photo, check_contrast=False)
                skimage.io.imsave(b, picture, check_contrast=False)
                command = [fewtap, "bench", "metrics", b, a, "--json", "--map", error_map, "--force"]
                ours = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
                error, mean, float_mean = flip(photo, picture)
                off = {
                    "flip": abs(ours["flip"] - mean),
                    "pixel": np.abs(np.load(error_map).squeeze() - error).max(),
                    "ssim": abs(ours["ssim"] - ssim(photo, picture)),
                    "psnr": abs(ours["psnr"] - psnr(photo, picture)),
                }
                fine &= all(off[key] <= bound for key, bound in BOUNDS.items())
                print(
                    f"{name + ', ' + change:28}{ours['flip']:10.6f}{off['flip']:10.1e}{off['pixel']:10.1e}"
                    f"{abs(float_mean - mean):10.1e}{ours['ssim']:10.6f}{off['ssim']:10.1e}{off['psnr']:10.1e}"
                )
    print(f"{'promised within':28}{'':10}{BOUNDS['flip']:10.0e}{BOUNDS['pixel']:10.0e}", end="")
    print(f"{'':20}{BOUNDS['ssim']:10.0e}{BOUNDS['psnr']:10.0e}")
    print("own mean: how far the mean that flip-evaluator gives, a sum in float, is from that of its map")
    return fine


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--print-expected", action="store_true", help="print the tests' numbers and end")
    parser.add_argument("--fewtap", default=ROOT / ".build/release/fewtap", help="the built command")
    parser.add_argument("--photos", type=pathlib.Path, default=ROOT / ".bench/photos", help="folder of photographs")
    options = parser.parse_args()
    if options.print_expected:
        return print(expected(), end="")
    if expected() not in TESTS.read_text(encoding="utf-8"):
        sys.exit(f"check_metrics: {TESTS.name} holds other numbers than --print-expected gives")
    if not compare(options.fewtap, options.photos):
        sys.exit("check_metrics: some figure is further from its peer than is promised")


main()
