"""Recovers an unknown point spread function: learns a sparse filter from sharp images and their blurred, noisy counterparts.

    python learn_psf.py [--steps 1200] [--save learned.json]

Nobody tells the learner the kernel: it begins with a disk, and moves and weighs its taps until its blur looks like the given one.
Needs fewtap, PyTorch and NumPy.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch

import fewtap
from fewtap.torch import SparseBlur

SIZE, NOISE = 128, 0.002


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=1200, help="of Adam (%(default)s)")
    parser.add_argument("--save", type=Path, help="writes the learned filter")
    arguments = parser.parse_args()

    rng = np.random.default_rng(1)
    truth = fewtap.Kernel("heart:size=21")
    sharp = torch.stack([leaves(rng) for _ in range(9)])[:, None]
    blurred = convolved(sharp, truth)
    blurred += NOISE * torch.from_numpy(rng.standard_normal(blurred.shape, dtype=np.float32))

    # The last pair is kept for the end.
    start = fewtap.fit("disk:radius=9", layout="16x3", model="bilinear", progress=False)
    blur = SparseBlur(start, learn_weights=True, learn_offsets=True, border="wrap")
    report("before", blur, truth, sharp[8:], blurred[8:])
    begin = time.perf_counter()
    learn(blur, sharp[:8], blurred[:8], arguments.steps)
    print(f"{arguments.steps} steps in {time.perf_counter() - begin:.1f} s")
    report("after", blur, truth, sharp[8:], blurred[8:])
    known = fewtap.fit(truth, layout="16x3", model="bilinear", progress=False)
    print(f"a fit of as many taps to the kernel itself: off by {100 * known.error.relative_error:.1f}%")
    if arguments.save:
        blur.filter().save(arguments.save)


def learn(blur: SparseBlur, sharp: torch.Tensor, blurred: torch.Tensor, steps: int) -> None:
    optimizer = torch.optim.Adam(
        [{"params": [blur.weight], "lr": 0.004}, {"params": [blur.offset], "lr": 0.1}], betas=(0.9, 0.99)
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, [0.004, 0.1], total_steps=steps, pct_start=0.1)
    for step in range(steps):
        # Two pairs a step.
        some = [(2 * step) % len(sharp), (2 * step + 1) % len(sharp)]
        loss = (blur(sharp[some]) - blurred[some]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()


def report(when: str, blur: SparseBlur, truth: fewtap.Kernel, sharp: torch.Tensor, blurred: torch.Tensor) -> None:
    with torch.no_grad():
        error = (blur(sharp) - convolved(sharp, truth)).square().mean().item()
    kernel = blur.filter().measure(truth).relative_error
    print(
        f"{when}: PSNR {-10 * np.log10(error):.1f} dB on the pair kept apart, kernel off by {100 * kernel:.1f}% of the truth"
    )


def leaves(rng: np.random.Generator) -> torch.Tensor:
    """Disks over each other, of sizes as in photographs: edges at all places and scales."""
    y, x = np.mgrid[:SIZE, :SIZE]
    image = np.full((SIZE, SIZE), 0.5, np.float32)
    for radius in np.sort(2 + 40 * rng.power(0.4, 400))[::-1]:
        column, row = rng.uniform(0, SIZE, 2)
        image[(x - column) ** 2 + (y - row) ** 2 < radius**2] = rng.uniform(0, 1)
    return torch.from_numpy(image)


def convolved(image: torch.Tensor, kernel: fewtap.Kernel) -> torch.Tensor:
    """The truth: the dense kernel by FFT, the image periodic."""
    full = np.zeros((SIZE, SIZE))
    height, width = kernel.shape
    full[:height, :width] = kernel.array
    x, y = kernel.center
    spectrum = torch.from_numpy(np.fft.fft2(np.roll(full, (-y, -x), (0, 1))))
    return torch.fft.ifft2(torch.fft.fft2(image.double()) * spectrum).real.float()


if __name__ == "__main__":
    main()
