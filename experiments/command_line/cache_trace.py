"""`gameday cache-trace FILE --policy P --size N[KiB|MiB|GiB|items]`: what a cache would have missed.

Replays the requests of a trace against an eviction policy and counts: requests, misses, and the bytes missed,
as whole numbers. An object larger than the cache is not let in (by S3-FIFO none that fills its small queue, a
tenth of that), others are evicted until a new one fits, and a key keeps the size that it was let in with.
Several policies and sizes, with commas between, are replayed side by side, and the file is read once.

FILE is CSV (rows time,key,size, with or without a header), one key a line (each of size 1), or libCacheSim's
binary format oracleGeneral; any of them may be packed by gzip. Its order is that of the requests, whatever
its times say. Requests of size 0 are left out and told of. --size is in bytes, or, with "items", in objects,
whose sizes then matter for the bytes missed alone.

JSON: {"file", "format", "requests", "bytes", "size_zero", "seed", "caches": [{"policy", "size", "unit",
"requests", "misses", "missed_bytes", "hit_ratio", "byte_hit_ratio"}]}. "size_zero" counts what was left out;
"size" is a number of "unit", which is "bytes" or "items".

Left out: the number of distinct keys, for which all of them would have to be kept.

Exit codes: 0 done, 2 misuse or a file that is no trace (the line or the record is named), 130 Ctrl-C.
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from ..misuse import Misuse, unknown_name
from .exit_codes import DONE
from .output import JsonFlag, is_watched, note, print_json
from .study_options import read_whole_number

if TYPE_CHECKING:
    from tqdm import tqdm

    from models.caching.eviction import EvictionPolicy
    from models.caching.traces import ReplayCounts, TraceFormat, Unit

POLICIES = ("lru", "fifo", "lfu", "random", "clock", "sieve", "s3-fifo", "arc", "w-tinylfu")
"""What --policy may name: `models.caching.eviction.POLICIES`, which waits to be imported."""

FORMATS = ("csv", "keys", "oracleGeneral")
"""What --format may name: `models.caching.traces.FORMATS`, which waits to be imported."""

_UNITS = {"": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "items": 1}
_SIZE = re.compile(rf"([0-9]{{1,18}}) ?({'|'.join(_UNITS)})")


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("cache-trace")(cache_trace)


def cache_trace(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A trace, plain or packed by gzip.", show_default=False)
    ],
    policy: Annotated[
        str,
        typer.Option(metavar="P,...", help=f"Which key goes: {', '.join(POLICIES)}.", show_default=False),
    ],
    size: Annotated[
        str,
        typer.Option(
            metavar="N[KiB|MiB|GiB|items],...", help="What fits, in bytes or in items.", show_default=False
        ),
    ],
    format_: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="NAME",
            help=f"One of {', '.join(FORMATS)}; if not given, by the file's name and its first bytes.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[str, typer.Option(metavar="N", help="Determines every random draw; >= 0.")] = "0",
    json: JsonFlag = False,
) -> int:
    """Replay the trace in FILE against caches, and count requests, misses and missed bytes."""
    caches = _caches(policy, size)
    number = read_whole_number("seed", seed, 0)
    if format_ is not None and format_ not in FORMATS:
        raise unknown_name("format", format_, FORMATS)
    from models.workload import TraceError  # models: only who replays waits for them

    try:
        replayed = _replay(file, format_, caches, number)  # type: ignore[arg-type]  # it is one of FORMATS
    except TraceError as error:
        raise Misuse(str(error)) from None
    if replayed.size_zero_count:
        note(f"gameday: {replayed.size_zero_count} requests of size 0 were left out")
    if json:
        print_json(_document(file, replayed, number))
    else:
        typer.echo(_text(file, replayed))
    return DONE


@dataclass(frozen=True, slots=True)
class _Cache:
    """One cache that was asked for; `size_text` is as it was typed."""

    policy: str
    size: int
    unit: "Unit"
    size_text: str

    def make(self, seed: int) -> "EvictionPolicy":
        """Its policy, empty; with random numbers that do not depend on which other caches there are."""
        from models.caching.eviction import POLICIES as POLICIES_BY_NAME
        from simulator import Environment

        draw = Environment(seed=seed).stream(f"cache-trace/{self.policy}/{self.size} {self.unit}").random
        return POLICIES_BY_NAME[self.policy](self.size, draw)


@dataclass(frozen=True, slots=True)
class _Replayed:
    format: str
    size_zero_count: int
    counts: "list[tuple[_Cache, ReplayCounts]]"


def _caches(policies: str, sizes: str) -> list[_Cache]:
    """All policies with all sizes, the sizes of a policy together."""
    names = _listed("policy", policies)
    for name in names:
        if name not in POLICIES:
            raise unknown_name("policy", name, POLICIES)
    return [_cache(name, text) for name in names for text in _listed("size", sizes)]


def _listed(option: str, text: str) -> list[str]:
    listed = [item.strip() for item in text.split(",")]
    if len(set(listed)) != len(listed):
        raise Misuse(f"{option} must be given once each, got {text}")
    return listed


def _cache(policy: str, text: str) -> _Cache:
    match = _SIZE.fullmatch(text)
    if match is None or int(match[1]) == 0:
        units = ", ".join(name for name in _UNITS if name)
        raise Misuse(f"size must be a whole number > 0, alone (bytes) or with one of {units}, got {text!r}")
    return _Cache(policy, int(match[1]) * _UNITS[match[2]], "items" if match[2] == "items" else "bytes", text)


def _replay(file: Path, format_: "TraceFormat | None", caches: list[_Cache], seed: int) -> _Replayed:
    from models.caching.traces import ReplayCounts, open_trace, replay

    policies = [cache.make(seed) for cache in caches]
    counts = [ReplayCounts() for _ in caches]
    size_zero_count = 0
    with open_trace(file, trace_format=format_) as trace, _progress(file) as bar:
        for block in trace:
            size_zero_count += block.size_zero_count
            for index, cache in enumerate(caches):
                counts[index] += replay(policies[index], [block], unit=cache.unit)
            bar.update(trace.position - bar.n)
    return _Replayed(trace.format, size_zero_count, list(zip(caches, counts, strict=True)))


def _progress(file: Path) -> "tqdm[NoReturn]":
    """A bar of the bytes of the file, packed or not; of what is no plain file the end is not known."""
    from tqdm import tqdm

    total = file.stat().st_size if file.is_file() else None
    return tqdm(total=total, unit="B", unit_scale=True, disable=not is_watched(), file=sys.stderr)


def _text(file: Path, replayed: _Replayed) -> str:
    """A line for the trace, and one for each cache."""
    requests = replayed.counts[0][1]
    rows = [
        (
            f"{cache.policy}, {cache.size_text}:",
            f"misses {counts.misses},",
            f"missed bytes {counts.missed_bytes},",
            f"hit ratio {counts.hit_ratio:.6f},",
            f"byte hit ratio {counts.byte_hit_ratio:.6f}",
        )
        for cache, counts in replayed.counts
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [f"{file}, read as {replayed.format}: requests {requests.requests}, bytes {requests.bytes}"]
    lines += [" ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(lines)


def _document(file: Path, replayed: _Replayed, seed: int) -> dict[str, Any]:
    requests = replayed.counts[0][1]
    return {
        "file": file,
        "format": replayed.format,
        "requests": requests.requests,
        "bytes": requests.bytes,
        "size_zero": replayed.size_zero_count,
        "seed": seed,
        "caches": [
            {
                "policy": cache.policy,
                "size": cache.size,
                "unit": cache.unit,
                "requests": counts.requests,
                "misses": counts.misses,
                "missed_bytes": counts.missed_bytes,
                "hit_ratio": counts.hit_ratio,
                "byte_hit_ratio": counts.byte_hit_ratio,
            }
            for cache, counts in replayed.counts
        ],
    }
