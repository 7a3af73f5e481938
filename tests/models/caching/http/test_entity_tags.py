"""Entity tags: the table of RFC 9110 section 8.8.3.2."""

import pytest

from models.caching.http import Headers
from models.caching.http.entity_tags import entity_tag, is_weak, strongly_equal, weakly_equal


@pytest.mark.parametrize(
    ("first", "second", "strong", "weak"),
    [
        ('W/"1"', 'W/"1"', False, True),
        ('W/"1"', 'W/"2"', False, False),
        ('W/"1"', '"1"', False, True),
        ('"1"', '"1"', True, True),
        # "W/" is case-sensitive (section 8.8.3): with "w/" it is another, malformed tag.
        ('w/"1"', '"1"', False, False),
    ],
)
def test_the_two_comparisons(first: str, second: str, strong: bool, weak: bool) -> None:
    assert (strongly_equal(first, second), weakly_equal(first, second)) == (strong, weak)
    assert (strongly_equal(second, first), weakly_equal(second, first)) == (strong, weak)


def test_a_weak_tag_begins_with_its_mark() -> None:
    assert is_weak('W/"1"')
    assert not is_weak('"W/1"')


def test_several_tags_that_differ_are_none() -> None:
    """RFC 9110 section 8.8.3: ETag is one entity-tag, and so says nothing if there are two."""
    assert entity_tag(Headers([("ETag", '"1"')])) == '"1"'
    assert entity_tag(Headers([("ETag", '"1"'), ("ETag", '"1"')])) == '"1"'
    assert entity_tag(Headers([("ETag", '"1"'), ("ETag", '"2"')])) is None
    assert entity_tag(Headers()) is None
