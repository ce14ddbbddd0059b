#!/usr/bin/env python3
"""Measures filters against their rivals in one interleaved run, and prints a table.

    peers.py prepare [--flags FLAGS]     writes kernels and fits filters, into .bench/peers, where they are not there yet
    peers.py run [FILTER...]             measures them: files of that folder, KERNEL@LABEL.json; all by default
    peers.py run --list                  names the rivals, and says which cannot take part, and why

Every round gives each method one turn after the other. A turn is one run not timed, then as many as make up some 20 ms; its
figure is their mean. What takes more than 0.2 s has a turn in three of the rounds only, and no run not timed. Stated are the
median of the rounds and their median absolute deviation (MAD). `/ ours` is how many times longer a method takes than each of
our filters, in the order of their rows: below 1 it is faster. On one thread that is of processor time, since other programs
change it little, on more of time on the wall. All methods repeat the image's outermost pixel at its border; photographs are
mirrored over and over to fill the size. Nothing is timed whose result was not compared with the dense truth (Double, by FFT)
first: `dB` is that PSNR, peak 1, in linear light, the mean over the photographs, or that of the first where a method is exact.
A rival that does not take part is named, with the reason.
"""
import argparse
import dataclasses
import functools
import json
import os
import pathlib
import platform
import re
import shlex
import statistics
import subprocess
import sys
import time

try:
    import cv2
    import numpy as np

    import rivals
    from served import Child, Refused, Served
except ImportError as error:
    sys.exit(f"peers.py: {error}: run it by `make bench-peers`, or in .bench/venv")

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".bench/peers"
SIZES = {"1080p": (1080, 1920), "4K": (2160, 3840)}
SHAPES = [("1080p", 1, "float"), ("1080p", 3, "float"), ("1080p", 3, "uint8"), ("4K", 1, "float"), ("4K", 3, "float")]
PLANE = [("1080p", 1, "float")]
# Kernel: specification, dB asked for, images that it is run over. Half a dB more than is to be shown (70 and 67, 66 and 58):
# a file predicts the mean of many photographs, and these three scatter about it.
KERNELS = {
    "disk20": ("disk:radius=20,size=49", [70.5, 67.5], SHAPES),
    "heart": ("heart:size=49", [66.5, 58.5], SHAPES),
    "star": ("star:points=4,radius=22,inner=7,size=49", [66.5, 58.5], SHAPES),
    "ampersand": ("glyph:text=&,size=45,font=DejaVu Sans Bold", [66.5, 58.5], SHAPES),
    **{f"disk{r}": (f"disk:radius={r}", [60], PLANE) for r in (8, 12, 48, 100, 128)},
    "square49": ("box:width=49", [60], PLANE),
    **{f"gaussian{s}": (f"gaussian:sigma={s}", [60], PLANE) for s in (5, 11, 20, 60)},
}
PHOTOS = [str(ROOT / f".bench/photos/{name}.png") for name in ("astronaut", "coffee", "chelsea")]
# A filter's file predicts the mean PSNR over these photographs from their mean spectra: so much may be missing, dB.
TOLERANCE = 2.5
# A rival whose floor is this, dB, is exact but for roundings.
EXACT = 90
# A method so slow, in milliseconds, needs no run that warms it up, and has a turn in so many rounds only.
SLOW, FEW = 200, 3


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    sub = commands.add_parser("prepare", help="write kernels and fit filters")
    flags = "of `fewtap fit`; {dB} stands for each demand of a kernel's (%(default)s)"
    sub.add_argument("--flags", default="--error {dB} --effort thorough", help=flags)
    sub.add_argument("--kernels", default=",".join(KERNELS), help="only these, separated by commas")
    sub.add_argument("--force", action="store_true", help="fit anew what was fitted since fewtap was built, too")
    sub = commands.add_parser("run", help="measure")
    sub.add_argument("filters", nargs="*", type=pathlib.Path, help="filter files; all of .bench/peers by default")
    sub.add_argument("--sizes", default=",".join(SIZES), help="only these, separated by commas")
    sub.add_argument("--channels", default="1,3", help="only these, separated by commas")
    sub.add_argument("--types", default="float,uint8", help="only these, separated by commas")
    sub.add_argument("--list", action="store_true", help="name the rivals and stop")
    sub.add_argument("--rivals", default="", help="only those whose name has one of these words, separated by commas")
    sub.add_argument("--threads", type=int, default=1, metavar="N")
    sub.add_argument("--rounds", type=int, default=7, metavar="N")
    sub.add_argument("--isa", help="FEWTAP_ISA of our engine: scalar, sse2, avx2, avx512, neon")
    sub.add_argument("--fftw", metavar="LIBRARY", help="another build of libfftw3f.so.3")
    sub.add_argument("--photos", default=",".join(PHOTOS), help="files, separated by commas; the first is timed")
    report = ROOT / ".bench/peers.json"
    sub.add_argument("--json", type=pathlib.Path, metavar="FILE", default=report, help="gets all figures (%(default)s)")
    arguments = parser.parse_args()
    try:
        if arguments.command == "prepare":
            prepare(arguments)
        else:
            run(arguments)
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
    except (OSError, rivals.Unavailable, Refused) as error:
        sys.exit(f"peers.py: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def prepare(arguments):
    fewtap = ROOT / ".build/release/fewtap"
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in arguments.kernels.split(","):
        if name not in KERNELS:
            sys.exit(f"peers.py: --kernels {name}: expected some of {', '.join(KERNELS)}")
        specification, demands, _ = KERNELS[name]
        kernel = FOLDER / f"{name}.npy"
        subprocess.run([fewtap, "kernel", specification, "-o", kernel, "--force", "--quiet"], check=True)
        values = np.load(kernel)
        if values.shape[0] < 49 and name == "ampersand":
            np.save(kernel, np.pad(values, (49 - values.shape[0]) // 2))
        for demand in demands if "{dB}" in arguments.flags else [None]:
            flags = arguments.flags.format(dB=demand)
            filter = FOLDER / f"{name}@{flags.strip('-').replace('--', '').replace(' ', '')}.json"
            if not arguments.force and filter.exists() and filter.stat().st_mtime > fewtap.stat().st_mtime:
                print(f"{filter.relative_to(ROOT)}: already there")
                continue
            subprocess.run([fewtap, "fit", kernel, "-o", filter, "--force", "--quiet", *shlex.split(flags)], check=True)
            print(f"{filter.relative_to(ROOT)}: {stated_psnr(filter):.1f} dB", flush=True)


def stated_psnr(filter):
    return json.loads(filter.read_text())["fit"]["photoPSNR"]


def ours_name(filter):
    """What was asked of it: of `prepare` the decibels, else what the file's name says."""
    label = filter.stem.split("@")[-1]
    return "fewtap, " + re.sub(r"^error([\d.]+)effortthorough$", r"\1 dB asked", label)


class Ours(Served):
    """One filter on one image, in the child process."""

    floor = None

    def __init__(self, child, filter, image, threads):
        self.name = ours_name(filter)
        super().__init__(child, image, threads, filter=str(filter), type=str(image.dtype).replace("32", ""))


class Scene:
    """Photographs filling a size. `images` are what methods are given, `lights` the same in linear light."""

    def __init__(self, photos, size, channels, type):
        self.size, self.channels, self.type = size, channels, type
        self.images, self.lights = [], []
        for photo in photos:
            codes = self.tiled(photo)
            light = decoded(codes / 255)
            if channels == 1:
                # ITU-R BT.709, the primaries of sRGB.
                light = light @ [0.2126, 0.7152, 0.0722]
            self.lights.append(np.ascontiguousarray(light, np.float32))
            self.images.append(self.lights[-1] if type == "float" else np.ascontiguousarray(codes))

    def tiled(self, photo):
        height, width = SIZES[self.size]
        codes = cv2.imread(photo, cv2.IMREAD_COLOR)
        if codes is None:
            sys.exit(f"peers.py: {photo}: cannot be read; Benchmarks/get-photos fetches the photographs")
        return np.pad(codes[:, :, ::-1], [(0, height), (0, width), (0, 0)], mode="symmetric")[:height, :width]

    def truth(self, kernel, image):
        """`image` through the kernel, in Double."""
        radius = kernel.shape[0] // 2
        # To an even size with small factors only, a few pixels more of the border do no harm.
        sides = [rivals.good_side(n + 2 * radius) for n in image.shape[:2]]
        spectrum = np.fft.rfft2(kernel, sides)
        result = []
        for plane in np.moveaxis(np.atleast_3d(image), 2, 0).astype(np.float64):
            padded = np.pad(plane, [(radius, side - n - radius) for n, side in zip(plane.shape, sides)], mode="edge")
            # The result at p lies at p + 2 radius: one of the kernel's corner, one of the border.
            filtered = np.fft.irfft2(np.fft.rfft2(padded) * spectrum, sides)
            result.append(filtered[2 * radius :, 2 * radius :][: plane.shape[0], : plane.shape[1]])
        return np.squeeze(np.stack(result, 2))


def decoded(codes):
    return np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4)


def encoded(light):
    power = 1.055 * np.maximum(light, 0.0031308) ** (1 / 2.4) - 0.055
    return np.clip(np.where(light <= 0.0031308, light * 12.92, power), 0, 1)


def psnr(result, truth):
    error = np.mean((result.astype(np.float64) - truth) ** 2)
    return float(-10 * np.log10(error)) if error > 0 else float("inf")


class Wrong(Exception):
    """A result is not what the method promises."""


class Race:
    """Filters of one kernel and their rivals on one scene."""

    def __init__(self, kernel, values, filters, scene, child, kinds, missing, arguments):
        self.kernel, self.values, self.scene = kernel, values, scene
        self.child, self.arguments = child, arguments
        self.methods, self.decibels, self.skipped = [], {}, {}
        # Milliseconds of the run that was checked, to plan the turns by.
        self.once = {}
        self.truths = [scene.truth(values, light) for light in scene.lights]
        for filter in filters:
            self.enter(ours_name(filter), lambda: self.ours(filter))
        task = rivals.Task(values, scene.images[0], arguments.threads, scene.lights)
        demands = list(self.decibels.values())
        for kind in kinds:
            if kind.library in missing:
                self.skipped[kind.name] = missing[kind.library]
                continue
            for demand in demands if kind.meets_demand else [None]:
                self.enter(kind.name, lambda: self.rival(kind(dataclasses.replace(task, demand=demand))))

    def enter(self, name, make):
        """Takes part in the race, unless its result is wrong."""
        try:
            method, decibels = make()
        except rivals.NotMeant:
            return
        except (rivals.Unavailable, Refused, Wrong) as error:
            self.skipped[name] = str(error)
            return
        if method.name not in self.decibels:
            self.methods.append(method)
            self.decibels[method.name] = decibels

    def ours(self, filter):
        ours = Ours(self.child, filter, self.scene.lights[0], self.arguments.threads)
        decibels = self.mean_psnr(ours, floor=stated_psnr(filter) - TOLERANCE)
        if self.scene.type == "float":
            return ours, decibels
        encoding = Ours(self.child, filter, self.scene.images[0], self.arguments.threads)
        encoding.run()
        # Its samples are those of the float result, encoded; a rounding may fall to either side.
        require_codes(encoding.result, encoded(ours.result.astype(np.float64)) * 255)
        return encoding, decibels

    def rival(self, rival):
        if rival.floor is None:
            return rival, None
        if self.scene.type == "float":
            return rival, self.mean_psnr(rival, rival.floor, photographs=1 if rival.floor >= EXACT else None)
        rival.run()
        # It filters the codes themselves, so that there is no PSNR in linear light.
        if rival.floor >= EXACT:
            require_codes(rival.result, self.codes)
        return rival, None

    def mean_psnr(self, method, floor, photographs=None):
        """Mean PSNR over the first photographs, or all; the method has the first of them afterwards, and its result."""
        decibels = []
        for light, truth in reversed(list(zip(self.scene.lights, self.truths))[:photographs]):
            method.take(light)
            self.once[method] = method.turn(1, warm=False)[0]
            decibels.append(psnr(method.result, truth))
        mean = statistics.fmean(decibels)
        if not mean >= floor:
            raise Wrong(f"{mean:.1f} dB where {floor:.1f} at least were expected: not timed")
        return mean

    @functools.cached_property
    def codes(self):
        """The codes themselves through the kernel."""
        return self.scene.truth(self.values, self.scene.images[0])

    def run(self):
        """Each method's rounds."""
        once = {method: self.once.get(method) or method.turn(1, warm=False)[0] for method in self.methods}
        times = {method: max(1, round(20 / milliseconds)) for method, milliseconds in once.items()}
        rounds = {method: [] for method in self.methods}
        # Far apart, the first among them.
        few = range(0, self.arguments.rounds, -(-self.arguments.rounds // FEW))
        for turn in range(self.arguments.rounds):
            for method in self.methods:
                if once[method] < SLOW or turn in few:
                    rounds[method].append(method.turn(times[method], warm=once[method] < SLOW))
        return [self.row(method, rounds[method]) for method in self.methods]

    def row(self, method, rounds):
        wall, processor = ([figure[i] for figure in rounds] for i in (0, 1))
        height, width = SIZES[self.scene.size]
        return {
            "kernel": self.kernel, "side": self.values.shape[0], "size": self.scene.size,
            "channels": self.scene.channels, "type": self.scene.type, "method": method.name,
            "ms": statistics.median(wall), "mad": deviation(wall),
            "processorMS": statistics.median(processor), "processorMAD": deviation(processor),
            "msPerMegapixel": statistics.median(wall) * 1e6 / (height * width), "dB": self.decibels[method.name],
            "exact": (method.floor or 0) >= EXACT,
            "wallRounds": wall, "processorRounds": processor,
        }  # fmt: skip


def require_codes(codes, values):
    """Codes must be the values rounded, give or take one."""
    differs = np.abs(codes - np.rint(values)).max()
    if not differs <= 1:
        raise Wrong(f"a sample differs by {differs:.0f} codes from the dense result: not timed")


def deviation(values):
    middle = statistics.median(values)
    return statistics.median(abs(value - middle) for value in values)


HEADINGS = [
    ("kernel", 10), ("side", 4), ("size", 5), ("ch", 2), ("type", 5), ("method", 31), ("ms", 8), ("MAD", 6),
    ("cpu ms", 8), ("MAD", 6), ("ms/MP", 7), ("dB", 5), ("/ ours", 15),
]  # fmt: skip


def print_row(cells):
    texts = (cell.ljust(n) if i in (0, 2, 4, 5) else cell.rjust(n) for i, (cell, (_, n)) in enumerate(zip(cells, HEADINGS)))
    print("  ".join(texts).rstrip(), flush=True)


def print_race(race, rows, threads):
    """A row a method; the last column says how many times longer it took than each of our filters."""
    basis = "processorMS" if threads == 1 else "ms"
    ours = [row[basis] for row in rows if is_ours(row)]
    scene = [str(race.values.shape[0]), race.scene.size, str(race.scene.channels), race.scene.type]
    for row in rows:
        row["ratios"] = [row[basis] / one for one in ours]
        print_row([
            race.kernel, *scene, row["method"],
            f"{row['ms']:.2f}", f"{row['mad']:.2f}", f"{row['processorMS']:.2f}", f"{row['processorMAD']:.2f}",
            f"{row['msPerMegapixel']:.2f}", "-" if row["dB"] is None else f"{row['dB']:.1f}",
            " ".join(short(ratio).rjust(7) for ratio in row["ratios"]),
        ])  # fmt: skip
    for name, why in race.skipped.items():
        print_row([race.kernel, *scene, name, f"skipped: {why}"])


def is_ours(row):
    return row["method"].startswith("fewtap, ")


def short(ratio):
    return f"{ratio:.2f}" if ratio < 9.95 else f"{ratio:.1f}" if ratio < 99.95 else f"{ratio:.0f}"


def print_summary(rows):
    """For each of our filters the fastest rival that is at least as good, and what is faster though not as good."""
    print("\nOurs, and the fastest rival at least as good. `times less` is how much less ours takes: below 1 it lost.\n")
    widths = [10, 5, 2, 5, 26, 5, 31, 10]
    headings = ["kernel", "size", "ch", "type", "filter", "dB", "fastest rival as good", "times less"]

    def line(cells):
        aligned = (c.rjust(n) if i in (2, 5, 7) else c.ljust(n) for i, (c, n) in enumerate(zip(cells, widths)))
        print("  ".join(aligned).rstrip())

    line(headings)
    races = {}
    for row in rows:
        races.setdefault(tuple(row[key] for key in ("kernel", "size", "channels", "type")), []).append(row)
    faster, won, held = [], 0, 0
    for scene, methods in races.items():
        ours = [row for row in methods if is_ours(row)]
        others = [row for row in methods if not is_ours(row) and row["method"] != "copy"]
        for i, row in enumerate(ours):
            good = [r for r in others if (r["exact"] if r["dB"] is None else r["dB"] >= row["dB"])]
            best = min(good, key=lambda r: r["ratios"][i], default=None)
            cells = [*map(str, scene), row["method"], f"{row['dB']:.1f}"]
            line([*cells, best["method"] if best else "none was run", short(best["ratios"][i]) if best else "-"])
            held += best is not None
            won += best is not None and best["ratios"][i] >= 1
            for other in others:
                if other["ratios"][i] < 1 and other not in good:
                    quality = "" if other["dB"] is None else f" ({other['dB']:.1f} dB)"
                    faster.append(
                        f"{' '.join(map(str, scene))}: {other['method']}{quality} takes {short(other['ratios'][i])} of the "
                        f"time of {row['method']} ({row['dB']:.1f} dB)"
                    )
    print(f"\nWon: {won} of {held}.")
    for text in faster:
        print(f"Faster, and not as good: {text}")


def machine(arguments):
    def output(*command):
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.strip()

    changed = output("git", "status", "--porcelain", "--untracked-files=no")
    cpu = platform.processor()
    if pathlib.Path("/proc/cpuinfo").exists():
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), cpu)
    return {
        "commit": output("git", "rev-parse", "--short=12", "HEAD") + (" with changes" if changed else ""),
        "processor": f"{cpu}, {os.cpu_count()} cores",
        "threads": arguments.threads,
        "rounds": arguments.rounds,
        "isa": arguments.isa or "chosen at run time",
        "python": f"{platform.python_version()}, numpy {np.__version__}",
    }


def libraries():
    """Versions of what is there, and why the others are not."""
    versions, missing = {}, {}
    for name, version in rivals.LIBRARIES.items():
        try:
            versions[name] = version()
        except rivals.Unavailable as error:
            missing[name] = str(error)
    return versions, missing


def chosen(words):
    """The rivals whose names have one of the words."""
    words = words.lower().split(",")
    for word in words:
        if not any(word in kind.name.lower() for kind in rivals.ALL):
            sys.exit(f"peers.py: --rivals {word}: no rival's name has that; --list names them")
    return [kind for kind in rivals.ALL if any(word in kind.name.lower() for word in words)]


def print_list(kinds, missing):
    for kind in kinds:
        print(f"{kind.name:31}  {' '.join(kind.__doc__.split())}")
        if kind.library in missing:
            print(f"{'':31}  skipped: {missing[kind.library]}")


def run(arguments):
    # libvips reads it once, when it is loaded.
    os.environ["VIPS_CONCURRENCY"] = str(arguments.threads)
    cv2.setNumThreads(arguments.threads)
    if arguments.rounds < 1 or arguments.threads < 1:
        sys.exit("peers.py: --rounds and --threads must be at least 1")
    for option, known in (("sizes", set(SIZES)), ("channels", {"1", "3"}), ("types", {"float", "uint8"})):
        if unknown := set(getattr(arguments, option).split(",")) - known:
            sys.exit(f"peers.py: --{option} {','.join(sorted(unknown))}: expected some of {','.join(sorted(known))}")
    if arguments.fftw:
        rivals.fftw.FFTW.load(arguments.fftw)
    kinds = chosen(arguments.rivals)
    versions, missing = libraries()
    if arguments.list:
        return print_list(kinds, missing)
    filters = {}
    for filter in arguments.filters or sorted(FOLDER.glob("*@*.json"), reverse=True):
        filters.setdefault(filter.stem.split("@")[0], []).append(filter)
    if not filters:
        sys.exit("peers.py: there are no filters: run `peers.py prepare` first")
    facts = machine(arguments)
    for key, value in (facts | versions | {name: f"skipped: {why}" for name, why in missing.items()}).items():
        print(f"{key:10} {value}")
    print()
    print_row([heading for heading, _ in HEADINGS])
    measure(filters, kinds, missing, arguments, {"machine": facts, "libraries": versions, "missing": missing})


def measure(filters, kinds, missing, arguments, report):
    """All races, one after the other; after each the file has all figures so far."""
    start = time.monotonic()
    report |= {"rows": [], "skipped": []}
    scenes = {}
    wanted = [set(text.split(",")) for text in (arguments.sizes, arguments.channels, arguments.types)]
    for kernel in sorted(filters, key=lambda name: list(KERNELS).index(name) if name in KERNELS else len(KERNELS)):
        values = np.load(filters[kernel][0].parent / f"{kernel}.npy").astype(np.float64)
        for layout in KERNELS.get(kernel, (None, None, SHAPES))[2]:
            if not all(str(part) in want for part, want in zip(layout, wanted)):
                continue
            if layout not in scenes:
                scenes[layout] = Scene(arguments.photos.split(","), *layout)
            child = Child([str(ROOT / "Benchmarks/.build/release/fewtap-bench"), "serve"], **isa(arguments))
            race = Race(kernel, values, filters[kernel], scenes[layout], child, kinds, missing, arguments)
            rows = race.run()
            print_race(race, rows, arguments.threads)
            child.close()
            rivals.torch.forget()
            report["rows"] += rows
            report["skipped"] += [
                {"kernel": kernel, "layout": layout, "method": name, "why": why} for name, why in race.skipped.items()
            ]
            arguments.json.write_text(json.dumps(report, indent=1) + "\n")
    if not report["rows"]:
        sys.exit("peers.py: --sizes, --channels and --types leave nothing to measure")
    print_summary(report["rows"])
    print(f"\n{time.monotonic() - start:.0f} s; all figures: {arguments.json}")


def isa(arguments):
    return {"FEWTAP_ISA": arguments.isa} if arguments.isa else {}


if __name__ == "__main__":
    main()
