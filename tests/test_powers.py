"""Powers and products of matrices: against exact numbers, and however large or small they become."""

import math
import warnings
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqcore.text import UserError
from seqcore.unrolled.powers import DRIFT, MATRICES, SHEAR, Chain, jacobian_norms, powers, recurrent_matrix

kinds = pytest.mark.parametrize("matrix", MATRICES)
chains = st.builds(
    Chain,
    matrix=st.sampled_from(list(MATRICES)),
    hidden_size=st.integers(2, 24),
    radius=st.floats(0.1, 2.0),
    seed=st.integers(0, 9999),
)


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_the_slides_numbers():
    assert f"{10 ** powers(1.1, 100)[100]:.2f}" == f"{float(Fraction(11, 10) ** 100):.2f}" == "13780.61"
    assert f"{10 ** powers(0.9, 100)[100]:.4e}" == "2.6561e-05"
    assert math.floor(10 ** powers(0.9, 100)[100] * 1e7) / 100 == 2.65  # as the slide has it, cut and not rounded


@given(st.floats(-3, 3), st.integers(0, 1000))
@settings(deadline=None)
def test_powers_are_right_for_every_weight(w, k):
    found = powers(w, k)
    assert found.shape == (k + 1,) and found[0] == 0 and not np.isnan(found).any()
    if w == 0:
        assert (found[1:] == -np.inf).all()
    else:
        exact = Fraction(w) ** k
        wanted = math.log10(abs(exact.numerator)) - math.log10(exact.denominator)
        assert found[k] == pytest.approx(wanted, rel=1e-12, abs=1e-9)


@given(chains)
@settings(deadline=None, max_examples=40)
def test_a_matrix_has_the_spectral_radius_asked_for(chain):
    W = recurrent_matrix(chain)
    assert W.shape == (chain.hidden_size, chain.hidden_size) and W.dtype == np.float64
    assert np.abs(np.linalg.eigvals(W)).max() == pytest.approx(chain.radius, rel=1e-6)
    assert np.array_equal(W, recurrent_matrix(chain))
    assert not np.allclose(W, recurrent_matrix(replace(chain, seed=(chain.seed + 1) % 10_000)))


@given(chains)
@settings(deadline=None, max_examples=40)
def test_the_norms_are_those_of_the_powers(chain):
    W = recurrent_matrix(chain)
    direct = [np.linalg.norm(np.linalg.matrix_power(W, k), 2) for k in range(31)]
    np.testing.assert_allclose(jacobian_norms(W, 30), np.log10(direct), atol=1e-9)


@pytest.mark.parametrize("radius", [0.1, 0.9, 1.0, 1.1, 2.0])
@kinds
def test_no_product_grows_slower_than_the_spectral_radius(matrix, radius):
    chain = Chain(matrix=matrix, radius=radius)
    norms, theory = jacobian_norms(recurrent_matrix(chain), 200), powers(radius, 200)
    assert np.isfinite(norms).all() and (norms > theory - 1e-9).all()
    assert norms[200] - norms[199] == pytest.approx(math.log10(radius), abs=0.05)  # Gelfand: in the end it is theory
    if matrix == "orthogonal":
        np.testing.assert_allclose(norms, theory, atol=1e-9)


def test_the_norm_of_a_matrix_far_from_normal_is_known_by_hand():
    chain = Chain(matrix="nonnormal", radius=0.9, hidden_size=10)
    k = np.arange(101)
    slow = 0.9**k * (1 - DRIFT) ** k
    push = SHEAR * (0.9**k - slow) / DRIFT  # [[r, r s], [0, r (1 - d)]]^k, by its eigenvectors
    pairs = np.stack([np.stack([0.9**k, push], 1), np.stack([0 * push, slow], 1)], 1)  # (101, 2, 2)
    np.testing.assert_allclose(
        jacobian_norms(recurrent_matrix(chain), 100), np.log10(np.linalg.norm(pairs, 2, axis=(1, 2))), atol=1e-9
    )


def test_a_matrix_far_from_normal_pushes_before_it_forgets():
    W = recurrent_matrix(Chain(matrix="nonnormal", radius=0.9))
    norms = jacobian_norms(W, 100)
    assert 4 <= norms.argmax() <= 10 and 10 ** norms.max() > 4 and norms[100] < -2
    values, vectors = np.linalg.eig(W)
    assert 1e2 < np.linalg.cond(vectors) < 1e12
    np.testing.assert_allclose(vectors @ np.diag(values) @ np.linalg.inv(vectors), W, atol=1e-5)
    normal = recurrent_matrix(Chain(matrix="orthogonal", radius=0.9))
    np.testing.assert_allclose(normal @ normal.T, 0.81 * np.eye(32), atol=1e-12)
    assert np.abs(W @ W.T - W.T @ W).max() > 0.5


def test_orthogonal_matrices_turn_to_all_sides_alike():
    corners = [recurrent_matrix(Chain(matrix="orthogonal", hidden_size=2, radius=1, seed=s))[0, 0] for s in range(400)]
    assert abs(np.mean(corners)) < 0.12  # without the signs of R it is always below 0


@pytest.mark.parametrize("wrong", [{"w": 3.1}, {"w": math.inf}, {"k": 1001}, {"radius": 0.0}, {"hidden_size": 65},
                                   {"distance": 201}, {"matrix": "diagonal"}, {"seed": -1}])  # fmt: skip
def test_what_is_out_of_range_is_refused(wrong):
    with pytest.raises(UserError):
        Chain(**wrong)
