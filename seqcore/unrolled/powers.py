"""Why products of many factors vanish or explode: w to the k, and a linear RNN in which the factor is a matrix.

Everything is in powers of ten, as 1.1 to the 10,000 is no floating-point number any more but its logarithm is.
"""

from dataclasses import dataclass

import numpy as np

from seqcore.spec import Checked, choice, integer, real
from seqcore.text import N_

MATRICES = {"random": N_("random"), "orthogonal": N_("orthogonal"), "nonnormal": N_("far from normal")}
"""Kinds of recurrent matrix; all can have the same spectral radius."""

DRIFT, SHEAR = 0.1, 2.0
"""Of each pair of units of a matrix far from normal: how much faster the second forgets, and how hard it pushes."""


@dataclass(frozen=True)
class Chain(Checked):
    """A number multiplied with itself, and a linear RNN h_t = W h_{t-1} of a given spectral radius."""

    w: float = real(
        1.1, "w", -3.0, 3.0, step=0.01, main=True, help=N_("The weight that every step back multiplies with once more.")
    )
    k: int = integer(100, "k", 0, 1000, main=True, unit=N_("steps"), help=N_("How many steps back."))
    matrix: str = choice("random", N_("Recurrent matrix"), MATRICES, help=N_(
        "Random: normally distributed entries. Orthogonal: turns, and stretches all directions alike. Far from normal: "
        "its eigenvectors are nearly parallel, so that it pushes before it forgets."
    ))  # fmt: skip
    hidden_size: int = integer(32, N_("Hidden size (hidden_size)"), 2, 64, help=N_("How many numbers the state has."))
    radius: float = real(
        0.9, N_("Spectral radius"), 0.1, 2.0, step=0.01, main=True,
        help=N_("The size of the largest eigenvalue of W: below 1 the far past fades, above 1 it explodes."),
    )  # fmt: skip
    distance: int = integer(100, N_("Distance"), 2, 200, unit=N_("steps"), help=N_("How far back the picture reaches."))
    seed: int = integer(0, N_("Seed"), 0, 9999, help=N_("Another seed, other random numbers."))


def powers(w: float, k: int) -> np.ndarray:
    """log10 |w^j| for j = 0 ... k: (k + 1,) float64, with -inf for the powers of 0. The sign of w^j is that of w to j.

    0 to the 0 is 1, as everywhere in this project.
    """
    steps = np.arange(k + 1)
    if w == 0:
        return np.where(steps == 0, 0.0, -np.inf)
    return steps * np.log10(abs(w))


def recurrent_matrix(chain: Chain) -> np.ndarray:
    """W (H, H) float64 of the kind, size, spectral radius and seed asked for.

    "random": entries N(0, 1), scaled. "orthogonal": from a QR decomposition, made uniform over all rotations by the
    signs of R's diagonal (Mezzadri 2007), times the radius. "nonnormal": pairs [[1, SHEAR], [0, 1 - DRIFT]], times the
    radius, seen from random orthogonal axes; its eigenvalues differ within each pair, so it can be diagonalised.
    """
    H = chain.hidden_size
    entries = np.random.default_rng(chain.seed).standard_normal((H, H))
    if chain.matrix == "random":
        return entries * (chain.radius / np.abs(np.linalg.eigvals(entries)).max())
    Q, R = np.linalg.qr(entries)
    Q *= np.sign(np.diag(R))
    if chain.matrix == "orthogonal":
        return chain.radius * Q
    second = np.arange(H) % 2
    pairs = np.diag(1 - DRIFT * second) + np.diag(SHEAR * (1.0 - second[:-1]), 1)
    return chain.radius * Q @ pairs @ Q.T


def jacobian_norms(W: np.ndarray, distance: int) -> np.ndarray:
    """log10 of the spectral norm of ∂h_T/∂h_{T-k} for k = 0 ... distance: (distance + 1,) float64.

    In h_t = W h_{t-1} that Jacobian is W^k. It is multiplied up step by step, as backpropagation does, and brought back
    to size 1 after each step, its size kept as a logarithm: so it can neither overflow nor underflow.
    """
    product, size = np.eye(len(W)), 0.0
    found = np.zeros(distance + 1)
    for k in range(1, distance + 1):
        product = W @ product
        norm = np.linalg.norm(product, 2)
        product /= norm
        size += np.log10(norm)
        found[k] = size
    return found
