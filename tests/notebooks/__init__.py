"""Tests of the notebooks, and what executes them.

execution       runs a notebook afresh; `python -m tests.notebooks.execution` rewrites them all
committed_form  the one form in which notebooks are committed, and what must not stand in one
"""
