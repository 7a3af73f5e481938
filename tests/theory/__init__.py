"""Models with a known answer against it, at their own accuracy: what `gameday validate` runs, and more."""
