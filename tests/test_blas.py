"""The environment of a process that trains follows from the processor alone."""

import pytest

from seqcore import blas

FLAGS = "flags\t\t: fpu avx2 avx512f avx512bw avx512vl\n"


@pytest.mark.parametrize(
    ("about", "kernels"),
    [
        ("vendor_id\t: AuthenticAMD\ncpu family\t: 26\n" + FLAGS, "SkylakeX"),
        ("vendor_id\t: AuthenticAMD\ncpu family\t: 25\nflags\t\t: fpu avx2\n", None),  # would end with SIGILL
        ("vendor_id\t: GenuineIntel\ncpu family\t: 6\n" + FLAGS, None),  # OpenBLAS knows what is best there
        (None, None),
    ],
)
def test_kernels_are_named_where_openblas_would_miss_them(tmp_path, monkeypatch, about, kernels):
    monkeypatch.setattr(blas, "CPU", tmp_path / "cpuinfo")
    if about is not None:
        blas.CPU.write_text(about)
    environment = blas.environment()
    assert environment.get("OPENBLAS_CORETYPE") == kernels
    assert {environment[f"{name}_NUM_THREADS"] for name in ("OMP", "MKL", "OPENBLAS")} == {"1"}
