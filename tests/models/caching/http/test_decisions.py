"""The values that decisions are."""

from models.caching.http import Change, Headers, HttpResponse, Permission, Serve
from models.caching.http.decisions import apply_changes

from .exchanges import control, stored


def test_changes_replace_a_key_or_remove_it() -> None:
    old, new = stored(Headers()), stored(Headers())
    store = {"/a": (old,), "/b": (old,)}
    apply_changes([Change(key="/a", variants=(new,)), Change(key="/b"), Change(key="/not there")], store)
    assert store == {"/a": (new,)}


def test_staleness_is_age_beyond_the_lifetime() -> None:
    serve = Serve(
        response=HttpResponse(),
        stored=stored(control("max-age=10")),
        permission=Permission.MAX_STALE,
        age=12.5,
    )
    assert serve.staleness == 2.5
