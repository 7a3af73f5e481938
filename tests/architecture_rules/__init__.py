"""The rules that tests/test_architecture.py holds the whole checkout to, one family in each file.

Each rule is a pure function from a source, or a module, to a list of complaints, so that its own tests can
feed it small made-up sources that break it.

- `source`: a file of the checkout, parsed; which files there are
- `directions`: who may import whom, and through what
- `faces`: what an `__init__.py` may hold
- `documentation`: docstrings on modules and on public names
- `shape`: lengths of functions and files, names that say nothing
- `determinism`: no wall clock, no global random numbers
- `portability`: nothing of one machine, a reason beside each ignore, plain pins
"""
