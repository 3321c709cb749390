"""What the library of matrix products has to be told; it listens only while NumPy is being imported."""

from pathlib import Path

CPU = Path("/proc/cpuinfo")


def environment() -> dict[str, str]:
    """Environment variables for a process that trains: one thread, and the kernels its processor deserves.

    All that train on one machine must be given the same, or their numbers differ in the last bits. OpenBLAS up to
    0.3.31 does not know AMD's Zen 5 and takes its AVX2 kernels there, at half the speed; for Zen 4 it takes the
    AVX-512 kernels named here by itself. Source: OpenBLAS pull request 6033.
    """
    one_thread = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "MKL", "OPENBLAS")}
    about = CPU.read_text() if CPU.exists() else ""
    fast = "AuthenticAMD" in about and "avx512vl" in about
    return {**one_thread, "OPENBLAS_CORETYPE": "SkylakeX"} if fast else one_thread
