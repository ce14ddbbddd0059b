"""What goes wrong, as Python exceptions.

Every exception of this package is a `FewtapError`, and also the built-in exception that a caller would expect in its place.
"""

from __future__ import annotations


class FewtapError(Exception):
    """Base of all errors of this package."""


class ArgumentError(FewtapError, ValueError):
    """A value is out of range, or options contradict each other."""


class ShapeError(FewtapError, ValueError):
    """Sizes, counts or strides do not fit each other."""


class NonFiniteError(FewtapError, ValueError):
    """A pixel, weight or parameter is NaN or infinite where it must be a number."""


class ClosedError(FewtapError, ValueError):
    """An object is used after its `close()`."""


class FormatError(FewtapError, ValueError):
    """A text is not what it should be: a file's JSON, a specification in words."""


class FileError(FewtapError, OSError):
    """A file cannot be read or written."""


class NotReachedError(FewtapError, RuntimeError):
    """Nothing reaches what is asked for."""


class UnsupportedError(FewtapError, NotImplementedError):
    """What is asked for exists in theory, but not in this library."""


class CancelledError(FewtapError, RuntimeError):
    """Work was stopped before it had any result."""


class OutOfMemoryError(FewtapError, MemoryError):
    """More memory would be needed than there is, or than may be taken."""


class InternalError(FewtapError, RuntimeError):
    """A defect of the library: please report its message."""


class ArrayTypeError(FewtapError, TypeError):
    """Something is no array, or one whose samples are of a type that cannot be filtered."""


class ReadOnlyError(FewtapError, BufferError):
    """An array that should be written to cannot be."""


_BY_STATUS: dict[int, type[FewtapError]] = {
    1: ArgumentError,
    2: ShapeError,
    3: NonFiniteError,
    4: ClosedError,
    5: FormatError,
    6: FileError,
    7: NotReachedError,
    8: UnsupportedError,
    9: CancelledError,
    10: OutOfMemoryError,
    11: InternalError,
}


def error_of_status(status: int, message: str) -> FewtapError:
    """The exception for a status of the C library."""
    return _BY_STATUS.get(status, InternalError)(message or f"the library answered status {status}")
