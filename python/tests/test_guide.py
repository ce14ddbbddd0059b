"""The guide's cells run in order and give what it says; so do the README's."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


def cells(path: Path) -> list[tuple[int, str]]:
    """The lines that cells begin at, and their code; blank lines above keep the file's numbers."""
    text = path.read_text(encoding="utf-8")
    return [
        (text[: found.start(1)].count("\n"), found[1])
        for found in re.finditer(r"^```python\n(.*?)^```$", text, re.M | re.S)
    ]


def checked(code: str) -> str:
    """Code in which lines `expression  # -> text` check themselves."""
    return re.sub(r"^( *)(.+?)  # -> (.+)$", _line, code, flags=re.M)


def _line(found: re.Match[str]) -> str:
    indent, expression, text = found.groups()
    return f"{indent}_check(({expression}), {text!r})"


def run(path: Path, namespace: dict[str, object]) -> int:
    count = 0

    def check(value: object, text: str) -> None:
        nonlocal count
        assert repr(value) == text
        count += 1

    namespace["_check"] = check
    for line, code in cells(path):
        exec(compile("\n" * line + checked(code), str(path), "exec"), namespace)
    return count


def test_guide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = ROOT / "Guides" / "Python.md"
    assert run(path, {}) == len(re.findall("  # -> ", path.read_text(encoding="utf-8"))) > 15


@pytest.mark.parametrize("name", ["README.md", "python/README.md"])
def test_readme(name: str) -> None:
    image = np.random.default_rng(1).random((64, 80, 3), dtype=np.float32)
    namespace: dict[str, object] = {"image": image}
    run(ROOT / name, namespace)
    blurred = namespace["blurred"]
    assert isinstance(blurred, np.ndarray) and blurred.shape == image.shape and blurred.std() < image.std() / 5
