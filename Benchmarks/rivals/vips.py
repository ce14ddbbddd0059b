"""libvips, through pyvips."""
import numpy as np

from .rival import Rival, Unavailable, require_brief, require_sigma


def version():
    pyvips = module()
    return ".".join(str(pyvips.version(i)) for i in range(3))


def module():
    try:
        import pyvips
    except (ImportError, OSError) as error:
        raise Unavailable(f"{error}; install with: pip install -r Benchmarks/peers-requirements.txt") from None
    # Else a result is kept and not computed again.
    pyvips.cache_set_max(0)
    return pyvips


class VipsRival(Rival):
    """What the rivals of libvips have in common."""

    library = "libvips"

    def __init__(self, task):
        self.pyvips = module()
        self.take(task.image)
        self.prepare(task)

    def take(self, image):
        self.image = self.pyvips.Image.new_from_array(image)

    def run(self):
        self.result = self.filtered().numpy()


class VipsConv(VipsRival):
    """libvips conv: direct, whatever the kernel's size."""

    name = "libvips conv"
    floor = 90

    def prepare(self, task):
        # 0.6 ns a multiply-add were seen.
        require_brief(task.multiplies * 6e-10)
        self.mask = self.pyvips.Image.new_from_array(np.ascontiguousarray(task.kernel[::-1, ::-1], np.float64))

    def filtered(self):
        return self.image.conv(self.mask, precision="float").cast(self.image.format)


class VipsGaussian(VipsRival):
    """libvips gaussblur, cut near 3 sigma as our kernel is."""

    name = "libvips gaussblur"
    floor = 40

    def prepare(self, task):
        self.sigma = require_sigma(task)

    def filtered(self):
        return self.image.gaussblur(self.sigma, precision="float", min_ampl=np.exp(-4.5)).cast(self.image.format)
