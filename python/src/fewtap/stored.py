"""What filters and bases share: files, and plans that run them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, ClassVar, TypeVar, Union

from . import _apply, _library
from ._apply import Halo, Rules
from ._files import write_text
from .handle import Handle

Self = TypeVar("Self", bound="Stored")


class Stored(Handle):
    """What a JSON file tells all of, whose text makes two equal and goes to other processes, and what plans run."""

    # The library's function that makes its plan.
    _plan: ClassVar[str]

    @classmethod
    def from_json(cls: type[Self], json: Union[str, bytes]) -> Self:
        """The one of a file's text."""
        data = json.encode() if isinstance(json, str) else bytes(json)
        return cls._made(f"fewtap_{cls._kind}_from_json", data, len(data))

    def to_json(self) -> str:
        """A file's text."""
        return _library.text(f"fewtap_{self._kind}_to_json", self._handle, has_length=True)

    @classmethod
    def load(cls: type[Self], path: Union[str, os.PathLike[str]]) -> Self:
        """Reads a file, as the command `fewtap` writes them, too."""
        return cls.from_json(Path(path).read_bytes())

    def save(self, path: Union[str, os.PathLike[str]]) -> None:
        """Writes a file: all of it, or none of it."""
        write_text(Path(path), self.to_json())

    @property
    def halo(self) -> Halo:
        """Pixels that a pixel of the result reads at most, on each side of its own."""
        return _apply.halo_of(self._plan, self._handle)

    def _run(self, array: Any, out: Any, rules: Rules, **options: Any) -> Any:
        return _apply.run(self._plan, self._handle, array, out, rules, **options)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash(self.to_json())

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_json, (self.to_json(),)
