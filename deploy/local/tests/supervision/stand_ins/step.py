"""A small step: notes that it ran in PLAUDIT_LOCAL/steps; prints and ends as told."""

import argparse
import os
import sys
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("name")
parser.add_argument("--prints", default="")
parser.add_argument("--prints-link", action="store_true")
parser.add_argument("--fails-with", default="")
options = parser.parse_args()
if "PLAUDIT_LOCAL" in os.environ:
    with (Path(os.environ["PLAUDIT_LOCAL"]) / "steps").open("a") as steps:
        steps.write(f"{options.name}\n")
print(f"{os.environ['PLAUDIT_PUBLIC_URL']}/link/{os.getpid()}" if options.prints_link else options.prints)
sys.exit(options.fails_with or None)
