"""SimPy's source distribution, of the version installed, fetched by pip into a folder that is thrown away.

What is missing: no list of index hosts and no hashes. pip asks whatever index the machine is set up for.
"""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path

# What pip says when it could not talk to an index at all. An index that answers "no such version" is not
# among them: that is a failure of the set-up, to be seen.
UNREACHABLE_SIGNS = (
    "Failed to establish a new connection",
    "Connection refused",
    "Temporary failure in name resolution",
    "Name or service not known",
    "nodename nor servname provided",
    "getaddrinfo failed",
    "Failed to resolve",
    "Network is unreachable",
    "No route to host",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "Connection aborted",
    "Cannot connect to proxy",
    "ProxyError",
)


class IndexUnreachable(Exception):
    """No package index can be reached from here; carries the line of pip's output that says so."""


def fetch_simpy(folder: Path, *, environment_variables: Mapping[str, str] | None = None) -> Path:
    """Download and unpack SimPy's sources and return their folder.

    `environment_variables` are pip's whole environment, the present one if None. Raises IndexUnreachable if
    pip reached no index, RuntimeError with pip's output if it failed in any other way.
    """
    version = importlib.metadata.version("simpy")
    # A source distribution's metadata are asked of its build backend, which pip installs apart from our
    # environment: that needs no setuptools here, which a Python since 3.12 does not bring.
    options = ["--disable-pip-version-check", "--retries", "2", "--no-deps", "--no-binary", ":all:"]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "download", *options, "--dest", str(folder), f"simpy=={version}"],
        capture_output=True,
        text=True,
        env=environment_variables,
        check=False,
    )
    if done.returncode != 0:
        output = done.stdout + done.stderr
        sign = unreachable_line(output)
        if sign is not None:
            raise IndexUnreachable(sign)
        raise RuntimeError(f"pip could not download the sources of simpy {version}:\n{output}")
    archive = folder / f"simpy-{version}.tar.gz"
    with tarfile.open(archive) as sources:
        sources.extractall(folder, filter="data")
    return folder / f"simpy-{version}"


def unreachable_line(pip_output: str) -> str | None:
    """Return the line of pip's output that says that no index can be reached, or None if there is none.

    An index that has named any version was reached, whatever a first attempt ran into.
    """
    if re.search(r"from versions: \d", pip_output):
        return None
    for line in pip_output.splitlines():
        if any(sign in line for sign in UNREACHABLE_SIGNS):
            return line.strip()
    return None
