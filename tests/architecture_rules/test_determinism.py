"""The rules on clocks and chance fail on sources that use them."""

from __future__ import annotations

import pytest

from tests.in_one_test import in_one_test

from .determinism import sources_of_chance
from .source import Source


@in_one_test(
    "text",
    [
        "import time",
        "from time import perf_counter",
        "import random",
        "from random import choice",
        "import uuid",
        "from datetime import datetime\nstart = datetime.now()",
        "import datetime\nstart = datetime.datetime.utcnow()",
        "from datetime import date\nday = date.today()",
        "import numpy as np\nx = np.random.random()",
        "import numpy\nnumpy.random.seed(1)",
        "import numpy as np\nrng = np.random.default_rng()",
        "from numpy.random import default_rng",
        "key = hash('name')",
    ],
)
@in_one_test("package", ["simulator", "models"])
def test_chance_and_wall_clock_are_found(package: str, text: str) -> None:
    assert len(sources_of_chance(Source(f"{package}/core.py", text))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "now = env.now",
        "from datetime import datetime\nwhen = datetime.strptime(text, pattern)",
        "import numpy as np\ndef draw(rng: np.random.Generator) -> float: ...",
        "class Key:\n    def __hash__(self):\n        return hash(self.parts)",
    ],
)
def test_what_repeats_passes(text: str) -> None:
    assert sources_of_chance(Source("models/link.py", text)) == []


def test_only_the_simulator_makes_generators() -> None:
    text = "import numpy as np\nrng = np.random.Generator(np.random.PCG64(1))"
    assert sources_of_chance(Source("simulator/randomness/streams.py", text)) == []
    assert len(sources_of_chance(Source("models/link.py", text))) == 1


def test_experiments_may_look_at_the_clock() -> None:
    assert sources_of_chance(Source("experiments/runner.py", "import time")) == []
