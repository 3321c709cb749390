"""A row says what its runs did; the seeds say whether a difference is real."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_1samp, ttest_rel
from sklearn.metrics import root_mean_squared_error

from seqcore.homework import GIVEN, rows_of
from seqcore.reports.comparison import FATE, FATES, Spread, parameters, rows, spread
from seqcore.reports.fairness import epochs_at, equal_seconds, until
from seqcore.reports.paired import WORDS, against_each_naive, against_naive, leaks, paired, pairs, words_of
from seqcore.reports.result import Result
from seqcore.size import weights
from seqcore.spec import RunSpec
from seqcore.training.events import EPOCH_FIELDS, Epoch, History, Started
from seqcore.training.trainer import Trainer, as_arrays

RNN, LSTM, GRU = rows_of(RunSpec(), ["rnn", "lstm", "gru"])
NAIVE = RunSpec().replace(architecture="naive")
STARTED = Started(10, "cpu", "fused", 30, 10, 5, 35, 40, 2.0)


def history(test, train=None, loss=None, pace=1.0):
    """Curves of made-up numbers; epoch k ends after (k + 1) * `pace` seconds."""
    epoch = np.arange(len(test), dtype=float)
    test = np.array(test, float)
    ones = np.ones(len(test))
    return History(epoch, ones if loss is None else np.array(loss, float), test if train is None else np.array(train),
                   test, ones, (epoch + 1) * pace)  # fmt: skip


def result(spec, seed=0, test=(3.0, 1.0), status="finished", started=STARTED, **curves):
    return Result(spec.replace(seed=seed), status, history(test, **curves), started, None)


def row_of(spec, finals):
    """The row of a spec whose runs end with these test errors, for seeds 0, 1, 2 ..."""
    return rows([spec], [result(spec, seed, (9.0, value)) for seed, value in enumerate(finals)])[0]


def test_scores_of_a_real_run_are_scikit_learns(series):
    specs = [LSTM.replace(hidden_size=4, seq_length=6, epochs=5, scaler=scaler, seed=seed)
             for scaler in ("minmax11", "standard") for seed in (0, 1)]  # fmt: skip
    results, expected = [], {}
    for spec in specs:
        trainer = Trainer(spec, series)
        events = list(trainer)
        arrays = as_arrays([event for event in events if isinstance(event, Epoch)])
        end = trainer.conclusion()
        results.append(Result(spec, "finished", History(**arrays), events[0], end))
        for part, at in (("train", trainer.windows.train_at), ("test", trainer.windows.test_at)):
            truth = series.values[at[:, None]]
            expected[spec, part] = root_mean_squared_error(truth, end.arrays[f"{part}_prediction"])
    table = rows(specs, results)
    assert [row.spec.data.scaler for row in table] == ["minmax11", "standard"]
    for row in table:
        for part, found in (("train", row.train), ("test", row.test)):
            wanted = [expected[row.spec.replace(seed=seed), part] for seed in (0, 1)]
            np.testing.assert_allclose(found.values, wanted, rtol=1e-6)
            np.testing.assert_allclose((found.mean, found.sd), (np.mean(wanted), np.std(wanted, ddof=1)), rtol=1e-5)
        assert row.weights == results[0].started.weights == weights(row.spec)
        assert row.last_epoch == 5 and row.counts["finished"] == 2


def test_every_spec_has_one_row_in_the_callers_order_even_without_results():
    found = [result(GRU, 1, (1, 5)), result(GRU, 0, (1, 4)), result(RNN.replace(lr=0.5), 0)]
    gru, lstm, rnn = rows([GRU.replace(seed=7), GRU, LSTM, RNN], found)
    assert [row.spec for row in (gru, lstm, rnn)] == [GRU, LSTM, RNN]
    assert gru.seeds == (0, 1) and gru.test.values == (4.0, 5.0) and gru.test.sd == pytest.approx(math.sqrt(0.5))
    assert lstm.test.count == 0 and math.isnan(lstm.test.mean) and lstm.naive_rmse is None
    assert lstm.weights == weights(LSTM) and lstm.best_epoch is None and set(lstm.counts.values()) == {0}


def test_a_diverged_seed_is_counted_and_harms_nothing():
    found = [
        result(RNN, 0, (9, 2)), result(RNN, 1, (9, math.nan), "diverged"), result(RNN, 2, (9, 4)),
        result(RNN, 3, (9, 1), "paused"), result(RNN, 4, (), "queued", started=None), result(LSTM, 0, (9, 3)),
    ]  # fmt: skip
    rnn, lstm = rows([RNN, LSTM], found)
    assert rnn.counts == {"finished": 2, "diverged": 1, "failed": 0, "stopped": 0, "running": 1, "waiting": 1}
    assert rnn.seeds == (0, 2) and rnn.test == Spread(3.0, math.sqrt(2), 2, (2.0, 4.0))
    assert lstm.test.mean == 3 and math.isnan(lstm.test.sd)
    assert rnn.naive_rmse == 2 and rnn.skill.values == (0.0, -1.0)
    assert tuple(rnn.counts) == FATES


def test_every_state_of_a_run_counts():
    table = rows([RNN], [result(RNN, seed, status=status) for seed, status in enumerate(FATE)])
    assert sum(table[0].counts.values()) == len(FATE) and table[0].counts["running"] == 3


def test_a_run_repeated_counts_once():
    (row,) = rows([RNN], [result(RNN, 0, (), "failed"), result(RNN, 0, (9, 2))])
    assert row.counts["failed"] == 0 and row.test.values == (2.0,)


def test_best_last_and_settled_epochs():
    curves = [result(RNN, 0, (9, 3, 4, 5), loss=(8, 1.06, 1.04, 1)), result(RNN, 1, (9, 8, 2, 7), loss=(1, 1, 3, 1))]
    (row,) = rows([RNN], curves)
    assert row.best.values == (3.0, 2.0) and row.best_epoch == 1.5 and row.last_epoch == 3
    assert row.settled.values == (2.0, 3.0)
    assert rows([RNN], [result(RNN, 0, (9, math.nan, 4, 5))])[0].best_epoch == 2


@given(st.lists(st.floats(0, 10), min_size=1, max_size=12))
def test_settled_is_the_first_epoch_from_which_the_loss_stays(loss):
    (row,) = rows([RNN], [result(RNN, 0, [1.0] * len(loss), loss=loss)])
    stays = [all(later <= 1.05 * loss[-1] for later in loss[k:]) for k in range(len(loss))]
    assert row.settled.values == (stays.index(True),)


def test_parameters_are_the_homeworks_and_what_differs_from_the_reference():
    assert parameters(GIVEN.settings) == "hidden_size=32, seq_length=19, num_layers=1, num_epochs=500"
    changed = LSTM.replace(lr=0.001, bidirectional=True, seed=3)
    (row,) = rows([changed], [], reference=RunSpec())
    assert row.parameters == parameters(GIVEN.settings) + ", bidirectional=True, lr=0.001"
    (plain,) = rows([GRU], [], reference=GRU)
    assert plain.parameters == parameters(GIVEN.settings)


def test_a_baseline_shows_its_order_and_has_no_epochs():
    started = replace(STARTED, kernel="ARIMA(1, 1, 0)", weights=3)
    spec = RunSpec().replace(architecture="arima")
    (row,) = rows([spec], [result(spec, 0, (9.0, 2.5), started=started)], seconds=1.5)
    assert (row.parameters, row.weights, row.test.mean) == ("ARIMA(1, 1, 0)", 3, 2.5)
    assert row.best.count == row.settled.count == 0 and row.last_epoch is None
    (waiting,) = rows([spec], [])
    assert waiting.parameters == "" and waiting.weights is None


def test_equal_seconds_reads_every_network_when_the_fastest_is_done():
    found = [
        result(RNN, 0, (9, 8, 7, 6), pace=1.0), result(RNN, 1, (9, 8, 7, 5), pace=2.0),
        result(LSTM, 0, (9, 4, 3, 2), pace=2.5), result(GRU, 0, (9, 1, 1, 1), pace=7.0),
        result(NAIVE, 0, (2,), pace=0.01), result(GRU, 1, (9, 1), "running", pace=0.01),
    ]  # fmt: skip
    seconds = equal_seconds(found)
    assert seconds == 6.0  # the RNN's mean of 4 and 8
    rnn, lstm, gru, naive = rows([RNN, LSTM, GRU, NAIVE], found, seconds)
    assert rnn.test.values == (6.0, 7.0) and rnn.last_epoch == 2.5
    assert lstm.test.values == (4.0,) and lstm.best.values == (4.0,) and lstm.seconds.mean == 5.0
    assert gru.last_epoch == 0 and naive.test.mean == 2
    assert equal_seconds(found[4:]) is None


@given(st.lists(st.floats(0.001, 5), min_size=1, max_size=20), st.floats(0, 60))
def test_the_epoch_at_a_moment_is_the_last_that_had_ended(steps, moment):
    full = replace(history([1.0] * len(steps)), seconds=np.cumsum(steps))
    ended = [k for k, at in enumerate(full.seconds) if at <= moment]
    assert epochs_at(full, moment) == max(ended, default=0)
    assert all(len(getattr(until(full, moment), name)) == max(1, len(ended)) for name in EPOCH_FIELDS)


def test_the_interval_and_p_are_scipys():
    a, b = [1.0, 1.3, 0.8, 1.1], [1.4, 1.6, 1.5, 1.2]
    found = paired(row_of(RNN, a), row_of(LSTM, b), 3)
    expected = ttest_rel(a, b)
    interval = expected.confidence_interval(1 - 0.05 / 3)
    np.testing.assert_allclose((found.low, found.high, found.p), (interval.low, interval.high, expected.pvalue))
    assert found.mean == pytest.approx(np.subtract(a, b).mean()) and found.count == 4
    assert (found.a, found.b) == (RNN, LSTM)
    naive = against_naive(row_of(RNN, a), 1)
    expected = ttest_1samp(np.subtract(a, 2.0), 0.0)
    interval = expected.confidence_interval(0.95)
    np.testing.assert_allclose((naive.low, naive.high, naive.p), (interval.low, interval.high, expected.pvalue))
    assert naive.verdict == "a" and naive.b is None


def test_verdicts():
    low, high, wide = row_of(RNN, [1, 1.1, 0.9]), row_of(LSTM, [5, 5.2, 4.9]), row_of(GRU, [0.2, 5, 1.5])
    assert paired(low, high, 1).verdict == "a" and paired(high, low, 1).verdict == "b"
    assert paired(low, wide, 1).verdict == "open"
    assert paired(low, row_of(GRU, [1.0]), 1).verdict == "few"
    close = row_of(GRU, [1.25, 1.27, 1.2])
    assert [paired(low, close, count).verdict for count in (1, 100)] == ["a", "open"]


@pytest.mark.parametrize(("by", "verdict", "p"), [(0.0, "open", 1.0), (-0.5, "a", 0.0), (0.5, "b", 0.0)])
def test_differences_without_variance_still_have_a_verdict(by, verdict, p):
    found = paired(row_of(RNN, [1 + by, 2 + by, 4 + by]), row_of(LSTM, [1, 2, 4]), 2)
    assert (found.verdict, found.p, found.low, found.high) == (verdict, p, by, by)


def test_only_common_seeds_with_a_number_are_compared():
    a = rows([RNN], [result(RNN, seed, (9, seed + 1.0)) for seed in (1, 2, 4)])[0]
    b = rows([LSTM], [result(LSTM, seed, (9, value)) for seed, value in ((0, 1), (1, 5), (2, 3), (4, math.inf))])[0]
    found = paired(a, b, 1)
    assert found.seeds == (1, 2) and found.differences == (-3.0, 0.0)
    alone = paired(a, row_of(GRU, []), 1)
    assert alone.verdict == "few" and alone.count == 0 and math.isnan(alone.mean)


def test_pairs_are_of_networks_with_results_at_the_level_of_those_with_an_interval():
    table = [row_of(RNN, [1, 2, 3]), row_of(NAIVE, [2]), row_of(LSTM, [2, 3, 5]), row_of(GRU, [4]),
             row_of(GRU.replace(lr=0.1), [])]  # fmt: skip
    found = pairs(table)
    assert [(one.a, one.b) for one in found] == [(RNN, LSTM), (RNN, GRU), (LSTM, GRU)]
    assert [one.verdict == "few" for one in found] == [False, True, True] and found[0].comparisons == 1
    assert [one.a for one in against_each_naive(table)] == [RNN, LSTM, GRU]
    assert {one.comparisons for one in against_each_naive(table)} == {2}
    assert pairs(table[:1]) == []


def test_a_leak_is_a_pair_that_differs_in_the_scaler_alone():
    leaky, clean = RNN.replace(scaler_fit="all"), RNN.replace(scaler_fit="train")
    table = [row_of(leaky, [1, 1.2]), row_of(clean, [3, 3.4]), row_of(leaky.replace(lr=0.1), [1, 1])]
    (found,) = leaks(table)
    assert (found.a, found.b, found.comparisons) == (leaky, clean, 1)
    np.testing.assert_allclose(found.differences, [-2, -2.2])


def test_every_verdict_has_its_sentence_with_the_test_and_its_numbers():
    low, high = row_of(RNN, [1, 1.1, 0.9]), row_of(LSTM, [5, 5.2, 4.9])
    found = [paired(low, high, 3), paired(high, low, 3), paired(low, low, 3), paired(low, row_of(GRU, [1]), 3)]
    assert [one.verdict for one in found] == list(WORDS)
    first, second, same, few = (str(words_of(one)) for one in found)
    assert "first forecasts better" in first and "second forecasts better" in second and "p < 0.001" in first
    assert "do not support" in same and "p = 1.000" in same and "3 comparisons" in same
    assert all("paired t test" in sentence for sentence in (first, second, same, few)) and "1 finished" in few


def test_a_spread_of_what_is_no_number_is_none_either():
    assert math.isnan(spread([1.0, math.inf]).sd) and spread([1.0, math.inf]).mean == math.inf
    assert math.isnan(spread([]).mean)
