"""PyTorch, in a process of its own (torch_serve.py): in this Python where it has it, else in the system's."""
import sys
import tempfile

import numpy as np

from served import Child, Refused, Served

from .rival import ROOT, Rival, Unavailable, good_side, require_brief, require_floats, require_separable

SERVE = ROOT / "Benchmarks/torch_serve.py"
INSTALL = "install with: Scripts/install-deps peers (Debian, Ubuntu), or pip install torch in .bench/venv"
child = None


def version():
    """Starts the process, once."""
    global child
    why = ""
    for python in [] if child else [sys.executable, "/usr/bin/python3"]:
        try:
            started = Child([python, str(SERVE)])
        except OSError as error:
            why = why or str(error)
            continue
        try:
            started.ask(version={})
        except Refused as error:
            started.close()
            why = why or str(error)
        else:
            child = started
            break
    if child is None:
        raise Unavailable(f"{why}; {INSTALL}")
    return child.ask(version={})["version"]


def forget():
    """Drops the images of the last race."""
    if child:
        child.ask(forget={})


class Torch(Served, Rival):
    library = "PyTorch"
    floor = 90

    def __init__(self, task, kernel, **load):
        version()
        require_floats(task)
        with tempfile.NamedTemporaryFile(suffix=".npy") as file:
            np.save(file.name, kernel)
            super().__init__(child, task.image, task.threads, method=self.method, kernel=file.name, **load)


class Conv2D(Torch):
    """torch.nn.functional.conv2d, a group a channel: direct, whatever the kernel's size."""

    name, method = "PyTorch conv2d", "conv2d"

    def __init__(self, task):
        # 0.16 ns a multiply-add were seen, zeros too.
        require_brief(task.image.size * task.kernel.size * 1.6e-10)
        super().__init__(task, task.kernel)


class Separable(Torch):
    """conv2d by a row, then by a column, for a kernel that is a column times a row."""

    name, method = "PyTorch conv2d, separable", "separable"

    def __init__(self, task):
        super().__init__(task, np.stack(require_separable(task)))


class Fourier(Torch):
    """torch.fft with the kernel's spectrum kept, the image in one piece of a size that has small factors."""

    name, method = "PyTorch fft", "fft"

    def __init__(self, task):
        sides = [good_side(n + task.kernel.shape[0] - 1) for n in task.image.shape[:2]]
        super().__init__(task, task.kernel, sides=sides)
