"""SimPy's own tests and tutorial examples, run on our Environment in place of SimPy's.

SimPy's source distribution, of the version that is installed, is downloaded by pip when the tests run, into a
temporary folder; nothing of it is kept here.

- `source_distribution`: the download, and the one case in which these tests are skipped;
- `in_place`: puts our class wherever SimPy and its tests look for `Environment`; runs in the subprocess, as a
  pytest plugin or as the runner of one script;
- `suite`: starts SimPy's tests in a subprocess and reads what came of them;
- `left_out`: the tests of SimPy that say nothing about our Environment, each with its reason.
"""
