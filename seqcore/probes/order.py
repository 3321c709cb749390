"""In which order units are drawn, so that those alike lie together."""

import numpy as np


def by_activity(states: np.ndarray) -> np.ndarray:
    """The units of `states` (T, H), those that move most over the steps first: a permutation (H,)."""
    return _descending(_finite(states).std(axis=0))


def by_correlation(states: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The units of `states` (T, H) from those that go with `values` (T,) to those that go against them: (H,)."""
    return _descending(_standard(_finite(values[:, None]))[:, 0] @ _standard(_finite(states)))


def by_cluster(states: np.ndarray) -> np.ndarray:
    """The units of `states` (T, H) as the leaves of a tree that joins those whose courses correlate: (H,).

    Average linkage over 1 - r, the branches turned so that neighbours are most alike (Bar-Joseph et al. 2001); a unit
    that does not move correlates with none.
    """
    from scipy.cluster.hierarchy import leaves_list, linkage  # a quarter of a second, for who asks first

    units = states.shape[1]
    if units < 2:
        return np.arange(units)
    course = _standard(_finite(states))
    distance = 1.0 - np.clip(course.T @ course, -1.0, 1.0)
    tree = linkage(distance[np.triu_indices(units, 1)], "average", optimal_ordering=True)
    return leaves_list(tree).astype(np.intp)


def _descending(values: np.ndarray) -> np.ndarray:
    return np.argsort(-values, kind="stable")


def _finite(values: np.ndarray) -> np.ndarray:
    """As float64; a column with anything in it that is not finite is 0, as if it did not move."""
    values = values.astype(float)
    return np.where(np.isfinite(values).all(axis=0), values, 0.0)


def _standard(values: np.ndarray) -> np.ndarray:
    """Columns (T, H) about their means, of length 1; those that do not move are 0."""
    centred = values - values.mean(axis=0)
    length = np.linalg.norm(centred, axis=0)
    moves = length > 1e-6 * np.abs(values).max(axis=0, initial=0.0) * np.sqrt(len(values))
    return np.divide(centred, length, out=np.zeros_like(centred), where=moves)
