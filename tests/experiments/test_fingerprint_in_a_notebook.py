"""A results file refuses rows of other code, also where a notebook's code is spread over several cells."""

import json
import subprocess
import sys

import pytest

# What stands in a notebook before the study; each piece is something that the study needs.
CELLS = {
    "constant": "OFFSET = 1",
    "base": "class Base:\n    def base(self): return 1",
    "class": "class Part(Base):\n    SIZE = 1\n    @property\n    def size(self): return self.SIZE",
    "function": "def build():\n    return [Part() for _ in range(1)]",
    "unused": "def unused(): return 1\nseed = 1\nsize = 1",
}
STUDY = """
from experiments import Measure, Run, study
from experiments.provenance import code_fingerprint
{cells}
@study(name="mine", question="?", measures={{"value": Measure(description="v")}})
def mine(*, seed: int) -> Run:
    return Run(measures={{"value": OFFSET + sum(part.size + part.base() for part in build())}})
print(code_fingerprint(mine), flush=True)
"""
# Each version is run as `__main__` of a process of its own, forked from one that has imported the packages.
EACH_IN_A_FORK = """
import json, os, sys
import experiments
for script in json.load(sys.stdin):
    child = os.fork()
    if not child:
        exec(compile(script, "<string>", "exec"), sys.modules["__main__"].__dict__)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
"""


def fingerprints_of(*versions: dict[str, str]) -> list[str]:
    """Return the fingerprints of some versions of the cells, from one process per version."""
    scripts = json.dumps([STUDY.format(cells="\n".join(cells.values())) for cells in versions])
    command = [sys.executable, "-c", EACH_IN_A_FORK]
    done = subprocess.run(command, input=scripts, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.split()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_the_fingerprint_follows_what_a_study_needs_and_nothing_else():
    versions = [{**CELLS, name: text.replace("1", "2")} for name, text in CELLS.items()]
    first, *others = fingerprints_of(CELLS, *versions)
    assert len(first) == 16
    changed = dict(zip(CELLS, others, strict=True))
    assert {name for name, found in changed.items() if found == first} == {"unused"}
    assert len(set(changed.values())) == len(CELLS)
