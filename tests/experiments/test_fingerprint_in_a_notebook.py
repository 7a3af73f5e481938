"""A results file refuses rows of other code, also where a notebook's code is spread over several cells."""

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
print(code_fingerprint(mine))
"""


@pytest.fixture(scope="module")
def fingerprint_of():
    """Return the fingerprints of some versions of the cells, from one process per version."""

    def fingerprint(cells: dict[str, str]) -> str:
        script = STUDY.format(cells="\n".join(cells.values()))
        command = [sys.executable, "-c", script]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.strip()

    return fingerprint


@pytest.mark.slow
def test_the_fingerprint_follows_what_a_study_needs_and_nothing_else(fingerprint_of):
    first = fingerprint_of(CELLS)
    assert len(first) == 16
    changed = {name: fingerprint_of({**CELLS, name: text.replace("1", "2")}) for name, text in CELLS.items()}
    assert {name for name, found in changed.items() if found == first} == {"unused"}
    assert len(set(changed.values())) == len(CELLS)
