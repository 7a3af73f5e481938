"""The example in the README runs as it stands and prints what the README says."""

import re
import subprocess
import sys

import pytest

from .architecture_rules.source import CHECKOUT

README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```\n\nIt prints\n\n```text\n(.*?)```", README, re.DOTALL)


def test_each_python_block_is_followed_by_what_it_prints() -> None:
    assert len(EXAMPLES) == README.count("```python") > 0


@pytest.mark.slow
def test_the_examples_print_what_the_readme_says() -> None:
    for code, printed in EXAMPLES:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.stdout, done.stderr) == (printed, "")


def test_the_first_example_fits_on_a_screen() -> None:
    lines = [line for line in EXAMPLES[0][0].splitlines() if line and not line.startswith(("from", "import"))]
    assert len(lines) <= 15


def test_every_file_that_the_readme_links_to_is_there() -> None:
    links = re.findall(r"\]\(([^):#]+)\)", README)
    assert [link for link in links if not (CHECKOUT / link).exists()] == []
    assert len(links) > 3
