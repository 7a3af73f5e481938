"""The rules on imports fail on imports that break them."""

from __future__ import annotations

import pytest

from .directions import (
    absolute_imports_of_own_package,
    imports_past_a_face,
    relative_imports_out_of_the_package,
    undeclared_dependencies,
    wrong_directions,
)
from .source import Source

FACES = frozenset({"simulator", "simulator.randomness", "models", "models.network"})


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("simulator/core.py", "import models"),
        ("simulator/core.py", "from models.network import Network"),
        ("simulator/core.py", "def late():\n    from experiments import study"),
        ("models/network/link.py", "from experiments import study"),
        ("models/network/link.py", "import pandas as pd"),
        ("simulator/core.py", "import matplotlib.pyplot as plt"),
        ("models/network/link.py", "from tests.conftest import anything"),
    ],
)
def test_import_against_the_direction_is_found(path: str, text: str) -> None:
    assert len(wrong_directions(Source(path, text))) == 1


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("models/network/link.py", "from simulator import Environment"),
        ("experiments/study.py", "import pandas as pd\nfrom models.network import Network\nimport simulator"),
        ("simulator/core.py", "from .scopes import CancelScope\nimport numpy as np"),
    ],
)
def test_import_along_the_direction_passes(path: str, text: str) -> None:
    assert wrong_directions(Source(path, text)) == []


def test_import_past_a_face_is_found() -> None:
    past = Source("models/network/link.py", "from simulator.randomness.streams import Streams")
    assert len(imports_past_a_face(past, FACES)) == 1
    assert len(imports_past_a_face(Source("experiments/study.py", "import models.network.link"), FACES)) == 1


def test_import_from_a_face_of_any_level_passes() -> None:
    text = "from models.network import Network\nfrom simulator import Environment"
    assert imports_past_a_face(Source("experiments/study.py", text), FACES) == []


def test_absolute_import_inside_a_package_is_found() -> None:
    source = Source("models/network/link.py", "from models.infrastructure import Host")
    assert len(absolute_imports_of_own_package(source)) == 1
    relative = Source("models/network/link.py", "from ..infrastructure import Host")
    assert absolute_imports_of_own_package(relative) == []


def test_relative_import_above_the_package_is_found() -> None:
    inside = Source("models/network/link.py", "from ..infrastructure import Host")
    assert relative_imports_out_of_the_package(inside) == []
    above = Source("models/network/link.py", "from ...simulator import Environment")
    assert len(relative_imports_out_of_the_package(above)) == 1


def test_undeclared_third_party_import_is_found() -> None:
    imports = "import json\nimport numpy\nimport networkx\nimport simulator\nimport pydantic_core"
    source = Source("models/link.py", imports)
    assert [line.partition(" is ")[0] for line in undeclared_dependencies(source, {"numpy", "pydantic"})] == [
        "models/link.py:3: networkx"
    ]
    assert len(undeclared_dependencies(source, {"numpy"})) == 2
