"""The wheel's tag: the library in it is for one platform, and for every Python, since `ctypes` calls it."""

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel


class WithLibrary(Distribution):
    """Installed where what is for one platform goes."""

    def has_ext_modules(self) -> bool:
        return True


class ForEveryPython(bdist_wheel):
    def get_tag(self) -> tuple[str, str, str]:
        return "py3", "none", super().get_tag()[2]


setup(distclass=WithLibrary, cmdclass={"bdist_wheel": ForEveryPython})
