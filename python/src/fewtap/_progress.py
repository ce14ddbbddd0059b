"""Progress as people see it: a line in a terminal, a bar in a notebook."""

from __future__ import annotations

import html
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO, Union

from ._errors import ArgumentError
from ._watch import Progress

ProgressOption = Union[bool, None, Callable[[Progress], object]]

# What ends sooner needs no bar.
_PATIENCE = 0.3
_INTERVAL = 0.1


def words(progress: Progress) -> str:
    """A line of text: `fitting 42% 57.3 dB`."""
    parts = [progress.stage or "fitting"]
    if progress.fraction is not None:
        parts.append(f"{100 * progress.fraction:.0f}%")
    if progress.total is not None:
        parts.append(f"{progress.completed}/{progress.total}")
    if progress.photo_psnr is not None:
        parts.append(f"{progress.photo_psnr:.1f} dB")
    return " ".join(parts)


class _Pace:
    """When it is time to show something."""

    def __init__(self) -> None:
        self._next = time.monotonic() + _PATIENCE

    def is_time(self) -> bool:
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + _INTERVAL
        return True


class TerminalLine:
    """One line that is written anew, and wiped at the end."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._pace = _Pace()
        self._width = 0

    def __call__(self, progress: Progress) -> None:
        if self._pace.is_time():
            line = words(progress)
            self._stream.write("\r" + line.ljust(self._width))
            self._stream.flush()
            self._width = len(line)

    def close(self) -> None:
        if self._width:
            self._stream.write("\r" + " " * self._width + "\r")
            self._stream.flush()


class NotebookBar:
    """One display of a notebook that is updated, and emptied at the end."""

    def __init__(self, display: Callable[..., Any]) -> None:
        self._display = display
        self._pace = _Pace()
        self._handle: Any = None

    def __call__(self, progress: Progress) -> None:
        if self._pace.is_time():
            value = "" if progress.fraction is None else f' value="{progress.fraction:.3f}"'
            self._show(f"<progress{value}></progress> {html.escape(words(progress))}")

    def close(self) -> None:
        if self._handle is not None:
            self._show("")

    def _show(self, content: str) -> None:
        data = {"text/html": content, "text/plain": ""}
        if self._handle is None:
            self._handle = self._display(data, raw=True, display_id=True)
        else:
            self._handle.update(data, raw=True)


def _notebook() -> Callable[..., Any] | None:
    """The function that shows something in a notebook, if this is one."""
    # Who runs in a notebook has IPython loaded.
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is None or not hasattr(shell, "kernel"):
        return None
    from IPython.display import display  # type: ignore[import-not-found, unused-ignore]

    return display  # type: ignore[no-any-return, unused-ignore]


@contextmanager
def reporter(option: ProgressOption) -> Iterator[Callable[[Progress], object] | None]:
    """What progress is told to: True is a line in a terminal or a bar in a notebook and nothing elsewhere; or a function.

    Raises
    ------
    ArgumentError
        It is neither.
    """
    if callable(option):
        yield option
        return
    if option not in (True, False, None):
        raise ArgumentError(f"progress is {option!r}: expected True, False or a function of a fewtap.Progress")
    display = _notebook() if option else None
    shown: TerminalLine | NotebookBar | None = None
    if display is not None:
        shown = NotebookBar(display)
    elif option and sys.stderr is not None and sys.stderr.isatty():
        shown = TerminalLine(sys.stderr)
    try:
        yield shown
    finally:
        if shown is not None:
            shown.close()
