"""Objects that the C library keeps for us."""

from __future__ import annotations

import ctypes
from types import TracebackType
from typing import Any, ClassVar, TypeVar

from . import _library, _repr
from ._errors import ClosedError

Self = TypeVar("Self", bound="Handle")


class Handle:
    """Owns one object of the library, until `close()` or until nobody refers to it.

    Objects never change, so that threads may share them. To close one while another thread uses it is safe: calls that have begun
    end as they would, later ones raise `ClosedError`.
    """

    # As the names of the library's functions for it tell.
    _kind: ClassVar[str]
    _box: ctypes.c_void_p

    def __new__(cls: type[Self], *_arguments: Any, **_options: Any) -> Self:
        made = object.__new__(cls)
        made._box = ctypes.c_void_p()
        return made

    def _make(self, name: str, *arguments: Any) -> None:
        """Calls a function of the library that makes such an object.

        It writes the handle right here, so that no Ctrl-C can come between the two and leave it without an owner.
        """
        _library.call(name, *arguments, ctypes.byref(self._box))

    @classmethod
    def _made(cls: type[Self], name: str, *arguments: Any) -> Self:
        made = cls.__new__(cls)
        made._make(name, *arguments)
        return made

    @property
    def _handle(self) -> int:
        handle = self._box.value
        if not handle:
            raise ClosedError(f"this {type(self).__name__} is closed")
        return handle

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return not self._box.value

    def close(self) -> None:
        """Frees it now; again does nothing. Filtering that runs in another thread ends as it would."""
        handle, self._box.value = self._box.value, None
        if handle:
            getattr(_library.library, f"fewtap_{self._kind}_free")(handle)

    def __enter__(self: Self) -> Self:
        _ = self._handle
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_"):
            raise AttributeError(f"a {type(self).__name__} never changes: make a new one instead of setting {name!r}")
        object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        return f"<fewtap.{type(self).__name__}{', closed' if self.closed else self._summary()}>"

    def _repr_html_(self) -> str:
        return _repr.figure([] if self.closed else self._pictures(), repr(self))

    def _summary(self) -> str:
        """What it is, after its class' name."""
        return ""

    def _pictures(self) -> list[str]:
        """What notebooks draw of it."""
        return []
