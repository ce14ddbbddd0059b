"""Long work of the library, from which the caller can be told and that the caller can stop."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from . import _library

Result = TypeVar("Result")


@dataclass(frozen=True)
class Progress:
    """How far a fit is.

    Attributes
    ----------
    fraction
        0 to 1; None while nobody knows.
    stage
        What is being done, a few words.
    completed, total
        Steps done, and steps that there will be; `total` is None while nobody knows.
    photo_psnr
        PSNR on photographs of the best filter so far, dB; None while there is none.
    relative_error
        `|K - T| / |T|` of the best so far; None while there is none, and for a basis.
    """

    fraction: float | None
    stage: str
    completed: int
    total: int | None
    photo_psnr: float | None
    relative_error: float | None

    @classmethod
    def _of(cls, progress: _library.Progress) -> Progress:
        return cls(
            fraction=progress.fraction if progress.fraction >= 0 else None,
            stage=(progress.stage or b"").decode("utf-8", "replace"),
            completed=progress.completed,
            total=progress.total or None,
            photo_psnr=None if math.isnan(progress.photo_psnr) else progress.photo_psnr,
            relative_error=None if math.isnan(progress.relative_error) else progress.relative_error,
        )


class _Task(Generic[Result]):
    """Work on a thread of its own.

    Python runs handlers of signals on the main thread between its own instructions, and nowhere can a callback from C be sure to
    catch what they raise. So the caller's thread waits in Python, where it hears of Ctrl-C, and tells the library to stop.
    """

    def __init__(self, work: Callable[[Any], Result]) -> None:
        self._news = threading.Event()
        self._latest: Progress | None = None
        self._is_stopped = False
        self._is_done = False
        self._result: Result | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(work,), name="fewtap", daemon=True)

    def _heard(self, progress: Any, _context: int | None) -> int:
        self._latest = Progress._of(progress.contents)
        self._news.set()
        return 1 if self._is_stopped else 0

    def _run(self, work: Callable[[Any], Result]) -> None:
        try:
            self._result = work(_library.ProgressFunction(self._heard))
        except BaseException as error:
            self._error = error
        finally:
            self._is_done = True
            self._news.set()

    def run(self, tell: Callable[[Progress], object] | None) -> Result:
        try:
            self._thread.start()
            while not self._is_done:
                self._news.wait()
                self._news.clear()
                latest, self._latest = self._latest, None
                if latest is not None and tell is not None and tell(latest) is False:
                    # Who returns False wants what there is.
                    tell, self._is_stopped = None, True
        except BaseException:
            self._is_stopped = True
            if self._thread.ident is not None:
                self._thread.join()
            # What is being raised refers to this, and might be kept.
            self._result = None
            raise
        self._thread.join()
        error, self._error = self._error, None
        if error is not None:
            raise error
        return self._result  # type: ignore[return-value]


def watched(work: Callable[[Any], Result], tell: Callable[[Progress], object] | None, is_short: bool = False) -> Result:
    """Does `work`, which is given the progress function for the library, or None where nobody needs one.

    `tell` is called on the caller's thread. What it raises, and Ctrl-C, ends the work and is raised again when that has ended. If it
    returns False the work ends, and its result so far is the result.
    """
    on_main_thread = threading.current_thread() is threading.main_thread()
    if _library.is_forked() or (tell is None and (is_short or not on_main_thread)):
        return work(_library.ProgressFunction())
    return _Task(work).run(tell)


def threads_of(threads: int | None) -> int:
    """The library's number of threads. A fork of a process has lost the threads that the library had, so that it uses none."""
    if _library.is_forked():
        return 1
    return 0 if threads is None else int(threads)
