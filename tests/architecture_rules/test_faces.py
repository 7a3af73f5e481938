"""The rules on faces fail on faces that break them."""

from __future__ import annotations

import pytest

from .faces import FACE_NAMES_MAX, face_complaints
from .source import Source

GOOD = '''"""Maps the package."""

from .link import LINKS_MAX, Link, connect

__all__ = ["LINKS_MAX", "Link", "connect"]
'''


def face(text: str) -> Source:
    return Source("models/network/__init__.py", text)


def test_good_face_passes() -> None:
    assert face_complaints(face(GOOD)) == []


def test_only_faces_are_judged_as_faces() -> None:
    assert face_complaints(Source("models/network/link.py", "x = 1")) == []


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        (GOOD.replace('"""Maps the package."""', ""), "needs a docstring"),
        (GOOD.replace('"""Maps the package."""', '""" """'), "needs a docstring"),
        (GOOD + "\nlimit = 3\n", "no logic"),
        (GOOD + "\ndef run():\n    pass\n", "no logic"),
        (GOOD + "\nif LINKS_MAX:\n    pass\n", "no logic"),
        (GOOD + "\nfrom .more import *\n", "no logic"),
        (GOOD.replace('["LINKS_MAX", "Link", "connect"]', "sorted(globals())"), "no logic"),
        (GOOD.replace("__all__", "names"), "lists its names in __all__"),
        (GOOD.replace('"Link", "connect"', '"connect", "Link"'), "not sorted"),
        (GOOD.replace('"Link", ', ""), "Link is imported but not in __all__"),
        (GOOD.replace("LINKS_MAX, Link,", "LINKS_MAX,"), "__all__ names Link, which is not imported"),
        (GOOD.replace('"Link"', '"Link", "Link"'), "twice"),
    ],
)
def test_broken_face_is_found(broken: str, complaint: str) -> None:
    assert any(complaint in found for found in face_complaints(face(broken)))


def test_face_with_too_many_names_is_found() -> None:
    names = [f"Name{number}" for number in range(FACE_NAMES_MAX + 1)]
    text = f'"""Map."""\nfrom .names import {", ".join(names)}\n__all__ = {names!r}\n'
    assert face_complaints(face(text)) == [
        f"models/network/__init__.py:1: {FACE_NAMES_MAX + 1} names; a face has at most {FACE_NAMES_MAX}"
    ]
