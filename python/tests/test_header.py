"""Structs, constants and functions of `_library` are those of fewtap.h."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from fewtap import _errors, _library

HEADER = Path(__file__).parents[2] / "Sources" / "CFewtap" / "include" / "fewtap.h"
TEXT = re.sub(r"///.*", "", HEADER.read_text(encoding="utf-8"))

STRUCTS = {
    "fewtap_error": _library.Error,
    "fewtap_progress": _library.Progress,
    "fewtap_kernel_info": _library.KernelInfo,
    "fewtap_filter_parts": _library.FilterParts,
    "fewtap_filter_info": _library.FilterInfo,
    "fewtap_accuracy": _library.Accuracy,
    "fewtap_fit_options": _library.FitOptions,
    "fewtap_planner_options": _library.PlannerOptions,
    "fewtap_image": _library.Image,
    "fewtap_plan_info": _library.PlanInfo,
    "fewtap_apply_options": _library.ApplyOptions,
    "fewtap_gradients": _library.Gradients,
    "fewtap_axis": _library.Axis,
    "fewtap_basis_options": _library.BasisOptions,
    "fewtap_basis_info": _library.BasisInfo,
    "fewtap_axis_info": _library.AxisInfo,
    "fewtap_length": _library.Length,
    "fewtap_map_source": _library.MapSource,
    "fewtap_map_info": _library.MapInfo,
    "fewtap_map_survey": _library.MapSurvey,
}

# Of files, which Python reads and writes itself.
UNUSED = {"fewtap_filter_load", "fewtap_filter_save", "fewtap_basis_load", "fewtap_basis_save"}


def test_struct_names() -> None:
    assert set(re.findall(r"typedef struct (\w+) \{", TEXT)) == set(STRUCTS)


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
def test_sizes_and_offsets(tmp_path: Path) -> None:
    lines, expected = [], []
    for name, struct in STRUCTS.items():
        lines.append(f'printf("{name} %zu\\n", sizeof({name}));')
        expected.append(f"{name} {ctypes.sizeof(struct)}")
        for field, *_ in struct._fields_:
            size = getattr(struct, field).size
            lines.append(
                f'printf("{name}.{field} %zu %zu\\n", offsetof({name}, {field}), sizeof((({name} *)0)->{field}));'
            )
            expected.append(f"{name}.{field} {getattr(struct, field).offset} {size}")
    source = tmp_path / "layout.c"
    source.write_text(
        "#include <stddef.h>\n#include <stdio.h>\n#include <fewtap.h>\nint main(void) {\n" + "\n".join(lines) + "\n}\n"
    )
    program = tmp_path / "layout"
    subprocess.run(["cc", "-I", str(HEADER.parent), "-o", str(program), str(source)], check=True)
    assert (
        subprocess.run([str(program)], check=True, capture_output=True, text=True).stdout.split("\n")[:-1] == expected
    )


def test_every_field_is_known() -> None:
    for name, struct in STRUCTS.items():
        found = re.search(rf"typedef struct {name} \{{(.*?)\}} {name};", TEXT, re.S)
        assert found
        fields = []
        for declaration in found[1].split(";"):
            for part in declaration.split(","):
                words = re.findall(r"(\w+)(?:\[\d+\])?\s*$", part)
                fields += words
        assert fields == [field for field, *_ in struct._fields_], name


def constants() -> dict[str, int]:
    return {name: int(value) for name, value in re.findall(r"(FEWTAP_\w+) = (\d+)", TEXT)}


def test_constants() -> None:
    known = constants()
    for prefix, values in [
        ("FEWTAP_BORDER_", _library.BORDERS),
        ("FEWTAP_NONFINITE_", _library.NONFINITES),
        ("FEWTAP_MAP_NAN_", _library.MAP_NANS),
        ("FEWTAP_", _library.TRANSFERS),
        ("FEWTAP_", _library.DIRECTIONS),
    ]:
        for name, value in values.items():
            assert known.pop(prefix + name.upper()) == value
    for name in ("UINT8", "UINT16", "FLOAT16", "FLOAT32", "FLOAT64", "OK", "CANCELLED"):
        assert known.pop("FEWTAP_" + name) == getattr(_library, name)
    for name in ("CONSTANT", "PLANE", "RAMP", "RADIAL", "FIELD"):
        assert known.pop("FEWTAP_MAP_" + name) == getattr(_library, "MAP_" + name)
    assert known.pop("FEWTAP_TAPS_INTEGER") == _library.INTEGER_TAPS
    assert known.pop("FEWTAP_TAPS_BILINEAR") == _library.BILINEAR_TAPS
    # What is left are the errors, and each has a class of its own.
    known["FEWTAP_CANCELLED"] = _library.CANCELLED
    assert sorted(known.values()) == sorted(_errors._BY_STATUS), known
    assert len(set(_errors._BY_STATUS.values())) == len(known)
    version = re.search(r"#define FEWTAP_ABI_VERSION (\d+)", TEXT)
    assert version and int(version[1]) == _library.ABI_VERSION


SCALARS = {
    "int32_t": ctypes.c_int32,
    "int64_t": ctypes.c_int64,
    "uint32_t": ctypes.c_uint32,
    "uint64_t": ctypes.c_uint64,
    "double": ctypes.c_double,
    "float": ctypes.c_float,
    "fewtap_map_nan": ctypes.c_int32,
    "void": None,
}


def of_c(declaration: str) -> object:
    """A parameter's type: a scalar's class, a struct's, or 'pointer'."""
    words = declaration.replace("const", " ").split()
    if "fewtap_progress_function" in words:
        return _library.ProgressFunction
    if "*" in declaration or "[" in declaration:
        struct = STRUCTS.get(words[0])
        is_single = declaration.count("*") == 1 and struct is not None
        return ctypes.POINTER(struct) if is_single and struct else "pointer"
    return SCALARS[words[0]]


def of_ctypes(argument: object) -> object:
    """The same of a declared argument."""
    if argument in SCALARS.values() or argument is _library.ProgressFunction:
        return argument
    if argument in [ctypes.POINTER(struct) for struct in STRUCTS.values()]:
        return argument
    assert argument in (
        ctypes.c_void_p,
        ctypes.c_char_p,
        ctypes.POINTER(ctypes.c_void_p),
        ctypes.POINTER(ctypes.c_int64),
    )
    return "pointer"


def prototypes() -> dict[str, tuple[str, list[str]]]:
    found = re.findall(r"^([\w ]+[\w*] ?\*?)\b(fewtap_\w+)\(([^)]*)\);", TEXT, re.M)
    return {name: (result, [] if arguments == "void" else arguments.split(",")) for result, name, arguments in found}


def test_signatures() -> None:
    known = prototypes()
    declared = set(_library.FUNCTIONS) | set(_library.PLAIN_FUNCTIONS)
    assert set(known) - UNUSED == declared
    for name in declared:
        result, arguments = known[name]
        types = [of_c(argument) for argument in arguments]
        if name in _library.FUNCTIONS:
            assert result.strip() == "fewtap_status", name
            assert types[-1] is ctypes.POINTER(_library.Error), name
            assert [of_ctypes(argument) for argument in _library.FUNCTIONS[name]] == types[:-1], name
        else:
            plain, *given = _library.PLAIN_FUNCTIONS[name]
            assert [of_ctypes(argument) for argument in given] == types, name
            assert of_ctypes(plain) == of_c(result), name
