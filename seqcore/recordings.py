"""The runs of the boards on transfer and on recurrence that pages show before a visitor has trained any.

`python -m seqcore.recordings assets/runs` trains them and writes each to its file in that folder.
"""

import argparse
import sys
from pathlib import Path

from seqcore.data.tasks.race import RaceSpec, side_by_side
from seqcore.data.text.transfer import TransferSpec
from seqcore.spec import Whole

TRANSFER = tuple(TransferSpec(seed=seed) for seed in range(3))
RACE = tuple(side_by_side({}, ("rnn", "lstm", "gru", "transformer"), 1))
"""What either board asks for as it opens."""

_FILES: dict[type[Whole], str] = {TransferSpec: "transfer_{seed}.npz", RaceSpec: "race_{architecture}_{seed}.npz"}


def file_of(spec: Whole) -> str:
    """The name of the file of a run of either kind."""
    return _FILES[type(spec)].format(**spec.flat())


def main(arguments: list[str] | None = None) -> None:
    """Train all of them, as wide as the machine is, and write those with numbers."""
    parser = argparse.ArgumentParser(prog="python -m seqcore.recordings", description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the files go")
    folder = parser.parse_args(arguments).folder
    from seqcore.compare import train_all
    from seqcore.reports.run_file import save_all

    results = train_all((*TRANSFER, *RACE), None, sys.stderr)
    for kind, name in _FILES.items():
        save_all(folder, [result for result in results if type(result.spec) is kind], name)


if __name__ == "__main__":
    main()
