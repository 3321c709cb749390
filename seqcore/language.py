"""How well Transformers do on a text task: runs with several seeds, in plain numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

from seqcore.data.text.spec import LanguageSpec, TransformerSpec, task_of, transformer_spec
from seqcore.reports.result import Result
from seqcore.text import N_, UserError
from seqcore.translation import as_table, check_count

COLUMNS = ("Task", "Seed", "Weights", "Loss", "Right", "Right, left to itself", "Without a mistake", "Right, naive",
           "Seconds")  # fmt: skip


def runs(values: Mapping[str, Any], seeds: int) -> list[TransformerSpec | LanguageSpec]:
    """The run that `values` describe, by name, with its `task`; with `seeds` seeds from its own on.

    Raises `UserError` for a setting that the task does not read, a value out of its range, or too many runs.
    """
    spec = transformer_spec(values)
    unread = sorted(set(values) - {"task", *spec.flat()})
    if unread:
        raise UserError(N_("The task {task} has no setting named {name}."), task=task_of(spec), name=unread[0])
    check_count(seeds)
    return [spec.replace(seed=spec.seed + k) for k in range(seeds)]


def found(result: Result) -> dict[str, object]:
    """One run in plain numbers, by the names of `COLUMNS`; None where there is no number.

    All are of sentences never seen. "Right" is the share of right tokens where the network reads the true ones;
    "Right, left to itself" that where a translation goes on from its own tokens, or where no place of a decoder alone
    sees those after it; "Right, naive" that of whoever always says the most frequent token.
    """
    spec, history, started = result.spec, result.history, result.started
    arrays = result.snapshot.arrays if result.snapshot else {}
    free = arrays.get("free", arrays.get("over.free", ())[-1:])
    values = (
        task_of(spec), spec.seed, started.weights if started else None, _mean(arrays.get("over.loss", ())[-1:]),
        1 - float(history.test_rmse[-1]) if len(history) else None, _mean(free), _mean(arrays.get("whole", ())),
        1 - started.naive_rmse if started else None,
        round(float(history.seconds[-1]), 2) if len(history) else None,
    )  # fmt: skip
    return {**dict(zip(COLUMNS, values, strict=True)), "Status": result.status}


def _mean(values: Sequence[float]) -> float | None:
    return float(sum(values) / len(values)) if len(values) else None


def written(form: str, results: Sequence[Result]) -> str:
    """The runs as markdown or json."""
    return as_table(form, COLUMNS, [found(result) for result in results])
