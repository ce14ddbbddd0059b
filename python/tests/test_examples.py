"""The examples run, and reach what they promise."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import fewtap

EXAMPLES = Path(__file__).parents[1] / "examples"


def run(name: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name), *arguments], capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_learn_psf(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="needs PyTorch: pip install torch, or Debian's python3-torch")
    text = run("learn_psf.py", "--save", str(tmp_path / "learned.json"))
    psnr, error = map(float, re.findall(r"^after: PSNR ([\d.]+) dB .* off by ([\d.]+)%", text, re.M)[0])
    assert psnr >= 50 and error <= 20, text
    learned = fewtap.Filter.load(tmp_path / "learned.json")
    assert learned.tap_count == 48
    assert 100 * learned.measure(fewtap.Kernel("heart:size=21")).relative_error == pytest.approx(error, abs=0.06)


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux, which bounds what a process allocates")
def test_larger_than_memory(tmp_path: Path) -> None:
    pytest.importorskip("dask", reason='needs dask: pip install "dask[array]"')
    text = run("larger_than_memory.py", "--folder", str(tmp_path))
    assert "the image of 400 MB does not fit into memory" in text
    assert text.count("equal to the bit") == 4, text
