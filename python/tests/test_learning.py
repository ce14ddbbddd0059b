"""The cells of Guides/Learning.md run in order and give what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from test_guide import ROOT, run

pytest.importorskip("torch", reason="needs PyTorch: pip install torch, or Debian's python3-torch")
pytest.importorskip("dask", reason='needs dask: pip install "dask[array]"')


def test_guide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = ROOT / "Guides" / "Learning.md"
    assert run(path, {}) == len(re.findall("  # -> ", path.read_text(encoding="utf-8"))) >= 10
