"""`gameday check-history FILE [--model NAME] [--json]`: whether what clients were told is linearizable.

The exit code is the verdict: 0 linearizable, 1 not, 3 unknown, as the search was given up; 2 for a file that
is no history, with the line that is wrong. Read are Jepsen's EDN, porcupine's etcd logs and key-value
histories, and our JSON lines, told apart by how the file begins. Without --model the model is the one that
has the operations of the file.

Transactions are looked through for Elle's anomalies instead: 1 if there is one, 0 if none was found, which
does not prove that they are serializable; "model" is "transactions" then.

JSON: {"file", "model", "verdict", "operations", "keys", "witnesses": [{"key", "why", "operations", "since",
"could_be", "breaking", "explained", "minimal"}], "undecided_keys", "anomalies": [{"name", "operations",
"steps"}], "equal_writes"}. "verdict" is "linearizable", "not linearizable", "unknown", "anomalies" or "no
anomalies"; an operation is the line of text that says it. "explained" is null where the search for it was
given up. "equal_writes" counts writes that reads cannot tell apart, on keys where most are such, if the
verdict is "linearizable" and there are reads and writes alone; it is 0 otherwise.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..misuse import Misuse, unknown_name
from .exit_codes import DONE, FAILED, UNDECIDED
from .output import JsonFlag, print_json

if TYPE_CHECKING:
    from models.consistency import Anomaly, Linearizability, Operation, Witness

MODELS = ("register", "cas-register", "kv", "list-append", "counter")
"""What --model may name: `models.consistency.linearizability.SPECIFICATIONS`, which waits to be imported."""


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("check-history")(check_history)


def check_history(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="A history: EDN, a log of porcupine's, JSON lines.", show_default=False
        ),
    ],
    model: Annotated[
        str | None, typer.Option(metavar="NAME", help=f"One of {', '.join(MODELS)}.", show_default=False)
    ] = None,
    json: JsonFlag = False,
) -> int:
    """Check whether the history in FILE is linearizable, each key by itself; if not, print why not.

    The exit code says it: 0 linearizable, 1 not, 3 unknown, 2 no history.
    """
    if model is not None and model not in MODELS:
        raise unknown_name("model", model, MODELS)
    history = _read(file)
    try:
        if any(each.kind == "transaction" for each in history):
            return _check_transactions(file, history, model, json)
        return _check_objects(file, history, model, json)
    except ValueError as error:
        raise Misuse(f"{file}: {error}") from None


def _read(file: Path) -> "tuple[Operation, ...]":
    from models.consistency import MalformedHistory, read_history  # models: only who checks waits for them

    try:
        return read_history(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise Misuse(f"{file}: line {line}: a history must be a text in UTF-8: {error.reason}") from None
    except OSError as error:
        raise Misuse(f"history must be a file that can be read, got {file}: {error.strerror}") from None
    except MalformedHistory as error:
        raise Misuse(f"{file}: {error}") from None


def _check_objects(file: Path, history: "Sequence[Operation]", model: str | None, json: bool) -> int:
    from models.consistency import Verdict, check_linearizability
    from models.consistency.linearizability import specification_for

    name = model or specification_for(history).name
    found = check_linearizability(history, name)
    if json:
        print_json(_document(file, name, found))
    else:
        typer.echo(f"{file}, as {name}: {found.text()}")
    codes = {Verdict.LINEARIZABLE: DONE, Verdict.NOT_LINEARIZABLE: FAILED, Verdict.UNKNOWN: UNDECIDED}
    return codes[found.verdict]


def _check_transactions(file: Path, history: "Sequence[Operation]", model: str | None, json: bool) -> int:
    from models.consistency import find_anomalies

    if model not in (None, "register", "list-append"):
        raise Misuse(f"model must be register or list-append for transactions, got {model}")
    anomalies = find_anomalies(history)
    verdict = "anomalies" if anomalies else "no anomalies"
    if json:
        print_json(
            {
                "file": file,
                "model": "transactions",
                "verdict": verdict,
                "operations": len(history),
                "keys": None,
                "witnesses": [],
                "undecided_keys": [],
                "anomalies": [_anomaly(each) for each in anomalies],
                "equal_writes": 0,
            }
        )
    else:
        head = f"{file}, as transactions: {verdict} in {len(history)}"
        typer.echo("\n\n".join([head, *(each.text() for each in anomalies)]))
    return FAILED if anomalies else DONE


def _document(file: Path, model: str, found: "Linearizability") -> dict[str, Any]:
    return {
        "file": file,
        "model": model,
        "verdict": found.verdict.value,
        "operations": found.operations_count,
        "keys": found.keys_count,
        "witnesses": [_witness(each) for each in found.witnesses],
        "undecided_keys": [repr(key) for key in found.undecided_keys],
        "anomalies": [],
        "equal_writes": 0 if found.equal_writes is None else found.equal_writes.equal_count,
    }


def _witness(witness: "Witness") -> dict[str, Any]:
    return {
        "key": None if witness.key is None else repr(witness.key),
        "why": witness.why,
        "operations": _lines(witness.operations),
        "since": witness.since,
        "could_be": [repr(value) for value in witness.could_be],
        "breaking": _lines([witness.breaking])[0],
        "explained": witness.explained_count,
        "minimal": witness.is_minimal,
    }


def _anomaly(anomaly: "Anomaly") -> dict[str, Any]:
    return {"name": anomaly.name, "operations": _lines(anomaly.operations), "steps": list(anomaly.steps)}


def _lines(operations: "Sequence[Operation]") -> list[str]:
    from models.consistency import operation_text

    return [operation_text(each) for each in operations]
