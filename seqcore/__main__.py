"""The core from a shell: `python -m seqcore --help`, `train --help`, `compare --help` and so on."""

import argparse
import json
import math
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from seqcore.catalogue import RECURRENT, UPLOAD
from seqcore.data.tasks import LAG
from seqcore.data.tasks.spec import MemorySpec
from seqcore.data.text.spec import TRANSFORMER, LanguageSpec, TransformerSpec, TranslationSpec, task_of
from seqcore.homework import (
    ASKED,
    MOST_SEEDS,
    PRESETS,
    SEEDS,
    VARIANTS,
    baselines_of,
    read_models,
    read_rows,
    read_seeds,
    recipe,
    rows_of,
    runs_of,
)
from seqcore.look import Look, Study
from seqcore.spec import SETTINGS, RunSpec, Setting, Whole, from_flat, settings_of, to_json
from seqcore.text import UserError
from seqcore.training.events import Epoch, Failed, History, Started

FORMATS = ("markdown", "csv", "json", "latex")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 if it went well, 1 if what was asked for cannot be done, 130 after Ctrl-C."""
    options = _parser().parse_args(arguments)
    try:
        return options.command(options)
    except UserError as problem:
        print(f"seqcore: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nseqcore: interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m seqcore", description="Train sequence models and look inside.")
    commands = parser.add_subparsers(required=True, metavar="command")
    train = commands.add_parser("train", help="train one model; ends with a line of JSON")
    train.set_defaults(command=_train)
    _add_settings(train, RunSpec())
    _add_csv(train)
    train.add_argument("--out", type=Path, help="write curves and last snapshot to this .npz file")
    compare = commands.add_parser("compare", help="train a table of models with several seeds, on all cores")
    compare.set_defaults(command=_compare)
    compare.add_argument("--preset", choices=PRESETS, default="hw02", help="the settings to begin with")
    compare.add_argument("--models", default=",".join(ASKED), help=f"[{', '.join(v.name for v in VARIANTS)}]")
    compare.add_argument("--rows", help="the rows, as the address of the page holds them; instead of --models")
    compare.add_argument("--seeds", default=str(SEEDS), help=f"runs of each row [1 to {MOST_SEEDS}] (default: {SEEDS})")
    compare.add_argument("--no-classical", action="store_true", help="leave the classical forecasters out")
    compare.add_argument("--format", choices=FORMATS, default="markdown", help="(default: markdown)")
    _add_settings(compare, recipe(), but=("architecture", "bidirectional", "seed"))
    _add_csv(compare)
    memory = commands.add_parser("memory", help="train cells on a memory task: who remembers how far")
    memory.set_defaults(command=_memory)
    memory.add_argument("--cells", default=",".join(RECURRENT), help=f"(default: {','.join(RECURRENT)})")
    memory.add_argument("--lags", default="", help="several lags, as 10,20,40; instead of --lag")
    _add_runs(memory)
    _add_settings(memory, MemorySpec(), but=("architecture", "bidirectional"))
    translate = commands.add_parser("translate", help="train encoder and decoder on a text task")
    translate.set_defaults(command=_translate)
    translate.add_argument("--attentions", default="", help="several kinds, as none,additive; instead of --attention")
    _add_runs(translate)
    _add_settings(translate, TranslationSpec())
    transformer = commands.add_parser("transformer", help="train a Transformer, or one half of it, on a text task")
    transformer.set_defaults(command=_transformer)
    _add_runs(transformer)
    defaults = {**LanguageSpec().flat(), **TransformerSpec().flat()}
    del defaults["architecture"]  # the task decides
    _add_options(transformer, {name: TRANSFORMER[name][1] for name in defaults}, defaults)
    doctor = commands.add_parser("doctor", help="say what this machine has and whether the engine works")
    doctor.set_defaults(command=_doctor)
    return parser


def _add_settings(parser: argparse.ArgumentParser, default: Whole, but: Sequence[str] = ()) -> None:
    settings = {name: facts for name, (_, facts) in settings_of(type(default)).items()}
    _add_options(
        parser, {name: facts for name, facts in settings.items() if name not in (*but, "digest")}, default.flat()
    )


def _add_options(parser: argparse.ArgumentParser, settings: Mapping[str, Setting], defaults: Mapping) -> None:
    for name, facts in settings.items():
        bounds = f" [{facts.low:g} to {facts.high:g}]" if facts.low is not None else ""
        choices = f" [{', '.join(facts.choices)}]" if facts.choices else ""
        words = f"{facts.help}{bounds}{choices} (default: {defaults[name]})".replace("%", "%%")
        parser.add_argument(f"--{name.replace('_', '-')}", dest=name, metavar=facts.kind.upper(), help=words)
    parser.add_argument("--quiet", action="store_true", help="no progress")


def _add_csv(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--csv", type=Path, help="a CSV file to take the series from")
    parser.add_argument("--column", help="its column (default: the first numeric one)")


def _add_runs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seeds", default="1", help="runs of each, with seeds from --seed on (default: 1)")
    parser.add_argument("--out", type=Path, help="write each run's curves and last snapshot to this folder")
    parser.add_argument("--format", choices=("markdown", "json"), default="markdown", help="(default: markdown)")


def _settings(options: argparse.Namespace, kind: type[Whole] = RunSpec) -> dict:
    """The settings given, by name, in their own types."""
    return _chosen(options, {name: facts for name, (_, facts) in settings_of(kind).items()})


def _chosen(options: argparse.Namespace, settings: Mapping[str, Setting]) -> dict:
    chosen = {name: value for name in settings if (value := getattr(options, name, None)) is not None}
    return {name: settings[name].parse(name, text) for name, text in chosen.items()}


def _seeds(options: argparse.Namespace) -> int:
    whole = SETTINGS["seed"][1]
    return whole.check("seeds", whole.parse("seeds", options.seeds))


def _memory(options: argparse.Namespace) -> int:
    from seqcore.compare import train_all
    from seqcore.memory import side_by_side, written
    from seqcore.reports.run_file import save_all

    values = _settings(options, MemorySpec)
    lags = [LAG.check("lag", LAG.parse("lag", part)) for part in options.lags.split(",") if part]
    cells = [part.strip() for part in options.cells.split(",") if part.strip()]
    wanted = side_by_side(values, cells, lags, _seeds(options))
    results = train_all(wanted, None, None if options.quiet else sys.stderr)
    if options.out:
        save_all(options.out, results, "memory_{architecture}_{lag}_{seed}.npz")
    print(written(options.format, results))
    return 0


def _translate(options: argparse.Namespace) -> int:
    from seqcore.compare import train_all
    from seqcore.reports.run_file import save_all
    from seqcore.translation import side_by_side, written

    spec = from_flat(_settings(options, TranslationSpec), TranslationSpec)
    attentions = [part.strip() for part in options.attentions.split(",") if part.strip()] or [spec.model.attention]
    wanted = side_by_side(spec, attentions, [spec.teaching.teacher_forcing], _seeds(options))
    results = train_all(wanted, None, None if options.quiet else sys.stderr)
    if options.out:
        save_all(options.out, results, "translation_{task}_{attention}_{seed}.npz")
    print(written(options.format, results))
    return 0


def _transformer(options: argparse.Namespace) -> int:
    from seqcore.compare import train_all
    from seqcore.language import runs, written
    from seqcore.reports.run_file import save_all

    wanted = runs(_chosen(options, {name: facts for name, (_, facts) in TRANSFORMER.items()}), _seeds(options))
    results = train_all(wanted, None, None if options.quiet else sys.stderr)
    if options.out:
        save_all(options.out, results, f"transformer_{task_of(wanted[0])}_{{seed}}.npz")
    print(written(options.format, results))
    return 0


def _compare(options: argparse.Namespace) -> int:
    from seqcore.compare import check, train_all, written
    from seqcore.data.series import load

    values = _settings(options)
    base = recipe(options.preset)
    series = _series(options, values) if options.csv else load(values.get("series", base.data.series))
    base = base.replace(**values)
    seeds = read_seeds(options.seeds)
    networks = read_rows(options.rows) if options.rows else rows_of(base, read_models(options.models))
    networks = [row.replace(series=base.data.series, digest=base.data.digest) for row in networks]
    classical = [] if options.no_classical else baselines_of(base, series.season)
    wanted = runs_of([*networks, *classical], seeds)
    check(wanted, series)
    results = train_all(wanted, series, None if options.quiet else sys.stderr)
    print(written(options.format, [*networks, *classical], results, series.unit))
    return 0


def _train(options: argparse.Namespace) -> int:
    values = _settings(options)
    series = _series(options, values)
    spec = from_flat(values)
    import torch
    from threadpoolctl import threadpool_limits

    from seqcore.training.make import make_trainer

    torch.set_num_threads(1)  # as in a worker: the same numbers there and here
    threadpool_limits(1)  # so for NumPy's products

    trainer = make_trainer(spec, series)
    epochs: list[Epoch] = []
    started: Started | None = None
    failure = None
    told = time.monotonic()
    for event in trainer:
        if isinstance(event, Started):
            started = event
        elif isinstance(event, Failed):
            failure = event.template.format(**event.values)
        elif isinstance(event, Epoch):
            epochs.append(event)
            if not options.quiet and (time.monotonic() - told > 0.2 or event.epoch == spec.training.epochs):
                told = time.monotonic()
                _progress(event, spec.training.epochs, series.unit)
    if not options.quiet:
        print(file=sys.stderr)
    if options.out:
        _write(options.out, trainer, spec, started, epochs)
    last = epochs[-1]
    best = min(epochs, key=lambda e: e.test_rmse if math.isfinite(e.test_rmse) else math.inf)
    result = {
        "spec": to_json(spec),
        "unit": series.unit,
        "weights": started.weights,
        "device": started.device,
        "kernel": started.kernel,
        "epoch": last.epoch,
        "train_rmse": _number(last.train_rmse),
        "test_rmse": _number(last.test_rmse),
        "best_epoch": best.epoch,
        "best_test_rmse": _number(best.test_rmse),
        "seconds": round(last.seconds, 3),
        "failure": failure,
    }
    print(json.dumps(result))
    return 1 if failure else 0


def _number(value: float) -> float | None:
    """JSON knows no NaN and no infinity."""
    return value if math.isfinite(value) else None


def _series(options: argparse.Namespace, values: dict):
    """The series the options name; a CSV also enters `values`, as the spec's fingerprint of it."""
    if options.csv is None:
        from seqcore.data.series import load

        return load(values.get("series", RunSpec().data.series))
    from seqcore.data.upload import column, read_table

    table = read_table(options.csv.read_bytes(), options.csv.name)
    series = column(table, options.column or table.numeric[0])
    values.update(series=UPLOAD, digest=series.digest)
    return series


def _progress(event: Epoch, epochs: int, unit: str) -> None:
    left = event.seconds / max(event.epoch, 1) * (epochs - event.epoch)
    line = (
        f"\repoch {event.epoch:>5}/{epochs}  train {event.train_rmse:.4g}  test {event.test_rmse:.4g} {unit}"
        f"  {event.seconds:.1f} s, {left:.1f} s left   "
    )
    print(line, end="", file=sys.stderr, flush=True)


def _write(path: Path, trainer, spec: RunSpec, started: Started, epochs: list[Epoch]) -> None:
    from seqcore.reports.run_file import RunFile, save
    from seqcore.training.trainer import as_arrays

    window = len(trainer.windows.train_x)
    snapshot = trainer.snapshot(Look(window, free_running=True, weights=True, study=Study()))
    save(path, RunFile(spec, started, History(**as_arrays(epochs)), snapshot))


def _doctor(options: argparse.Namespace) -> int:
    from seqcore.doctor import report

    healthy = True
    for name, value, well in report():
        healthy &= well
        print(f"{'ok ' if well else 'BAD'}  {name:<12} {value}", flush=True)
    return 0 if healthy else 1


if __name__ == "__main__":
    sys.exit(main())
