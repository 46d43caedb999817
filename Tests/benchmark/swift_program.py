"""Figures that a program of this package measures by itself: no server is needed for them."""

import shutil
import subprocess

from progress import say
from throwaway_postgres import REPOSITORY


def figures(product):
    """What it prints, a figure on each line: name, number, unit. Nothing where there is no swift."""
    swift = shutil.which("swift")
    if not swift:
        say(f"no swift here: {product} is left out")
        return []
    say(f"building {product}")
    command = [swift, "run", "--configuration", "release", "--package-path", str(REPOSITORY), product]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout[-1000:]}{done.stderr[-1000:]}")
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    return [(name, float(number), unit) for name, number, unit in rows]
