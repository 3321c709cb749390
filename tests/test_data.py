"""The series the project ships, and the scalers."""

import csv
import gzip
import hashlib
import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from seqcore.catalogue import SERIES
from seqcore.data import generated
from seqcore.data.scaler import Scaler, fit
from seqcore.data.series import FOLDER, Series, load
from seqcore.spec import SETTINGS, DataSpec
from seqcore.text import UserError

NAMES = [entry.name for entry in SERIES]

FACTS = {
    "aapl_hw02": (1009, "2008-01-02", "2011-12-30"),
    "goog_hw02": (1101, "2004-08-19", "2008-12-31"),
    "aapl": (3270, "2000-03-01", "2013-03-01"),
    "ibm": (3270, "2000-03-01", "2013-03-01"),
    "msft": (3270, "2000-03-01", "2013-03-01"),
    "goog": (2148, "2004-08-19", "2013-03-01"),
    "airline": (144, "1949-01-01", "1960-12-01"),
    "sunspots": (309, 1700, 2008),
    "co2": (2284, "1958-03-29", "2001-12-29"),
    "seattle_max": (1461, "2012-01-01", "2015-12-31"),
    "seattle_min": (1461, "2012-01-01", "2015-12-31"),
    "elec_equip": (257, "1995-01-01", "2016-05-01"),
    "nile": (100, 1871, 1970),
    "lynx": (114, 1821, 1934),
    "ecg": (2500, 0, 2499),
    "sine": (1000, 0, 999),
    "sine_noise": (1000, 0, 999),
}
"""Name -> rows, first and last time: what the sources say."""


def test_the_facts_are_in_the_order_of_the_catalogue_and_its_first_is_the_default():
    assert list(FACTS) == NAMES
    assert DataSpec().series == NAMES[0]


@pytest.mark.parametrize("name", NAMES)
def test_a_series_is_whole(name):
    series, (rows, first, last) = load(name), FACTS[name]
    assert (series.name, len(series.values), len(series.times)) == (name, rows, rows)
    assert series.values.dtype == np.float64 and np.isfinite(series.values).all()
    assert series.values.min() < series.values.max()
    assert series.times.dtype in ("datetime64[D]", np.int64)
    assert (series.times[1:] > series.times[:-1]).all()
    assert [str(series.times[0]), str(series.times[-1])] == [str(first), str(last)]
    assert series.label and series.source and series.licence
    assert series.generated == ("generated" in series.label)
    assert series.unit or series.generated


def test_known_values_are_read_from_the_right_column():
    assert load("aapl_hw02").values[0] == 194.84
    assert load("airline").values[-1] == 432
    assert load("seattle_max").values[0] == 12.8 and load("seattle_min").values[0] == 5.0
    assert load("ecg").values[0] == -0.195
    np.testing.assert_array_equal(load("co2").values[[0, -1]], [316.1, 371.5])


def test_the_gaps_of_co2_are_filled_by_straight_lines_and_their_number_is_in_the_label():
    with (FOLDER / "co2.csv").open() as file:
        cells = [row["co2"] for row in csv.DictReader(file)]
    gaps = [k for k, cell in enumerate(cells) if not cell]
    assert f"{len(gaps)} gaps" in load("co2").label
    alone = next(k for k in gaps if cells[k - 1] and cells[k + 1])
    values = load("co2").values
    assert values[alone] == pytest.approx((values[alone - 1] + values[alone + 1]) / 2)
    np.testing.assert_array_equal([v for k, v in enumerate(values) if k not in gaps], [float(c) for c in cells if c])


@pytest.mark.parametrize("name", ["aapl_hw02", "goog_hw02", "aapl", "ibm", "msft", "goog"])
def test_no_split_makes_a_price_jump(name):
    values = load(name).values
    # The largest real fall is Apple's after its warning of 2000-09-28; the smallest split would halve the price.
    falls = np.flatnonzero(values[1:] < 0.6 * values[:-1])
    assert [str(load(name).times[k + 1]) for k in falls] == (["2000-09-29"] if name == "aapl" else [])


@pytest.mark.parametrize("entry", [entry for entry in SERIES if entry.season], ids=lambda entry: entry.name)
def test_a_season_later_is_more_alike_than_half_a_season_later(entry):
    values = load(entry.name).values
    steps = np.arange(len(values))
    around = values - np.polyval(np.polyfit(steps, values, 1), steps)
    season, half = (np.square(around[lag:] - around[:-lag]).mean() for lag in (entry.season, entry.season // 2))
    assert season < half


def test_the_sine_is_25_values_that_repeat():
    np.testing.assert_allclose(load("sine").values[25:], load("sine").values[:-25], atol=1e-9)


def test_generated_series_are_the_same_every_time_and_their_noise_is_what_they_say():
    np.testing.assert_array_equal(generated.sine_noise(), load("sine_noise").values)
    t = np.arange(1000)
    noise = load("sine_noise").values - np.sin(t * np.pi / 10) - np.sin(t * np.pi / 25) / 2
    assert noise.std() == pytest.approx(0.1, rel=0.1)


def test_a_loaded_series_is_one_object_that_nobody_can_change():
    series = load("nile")
    assert load("nile") is series
    for array in (series.values, series.times):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_bare_values_are_a_series_of_their_own():
    values = [1, 2, 4]
    series = Series.of(values)
    np.testing.assert_array_equal(series.values, [1.0, 2.0, 4.0])
    np.testing.assert_array_equal(series.times, [0, 1, 2])


@pytest.mark.parametrize("name", ["", "upload", "../stocks.csv.gz", "nile.csv", "x" * 500])
def test_a_name_that_is_not_in_the_catalogue_is_refused(name):
    with pytest.raises(UserError, match="no data set named"):
        load(name)


def test_the_catalogue_is_what_lies_in_the_folder():
    tables = {path.name for path in FOLDER.iterdir() if path.name.endswith((".csv", ".csv.gz"))}
    assert tables == {entry.file for entry in SERIES if entry.file}
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert all(f"| {name} |" in readme for name in tables)


def test_the_stocks_are_those_whose_licence_is_on_record():
    record = json.loads((FOLDER / "stocks.license_record.json").read_text(encoding="utf-8"))
    with gzip.open(FOLDER / "stocks.csv.gz") as file:
        assert hashlib.sha256(file.read()).hexdigest() == record["uncompressed_sha256"]["stocks.csv.gz"]


def test_data_needs_neither_torch_nor_streamlit_and_a_worker_no_pandas():
    code = "import sys, seqcore.data.series, seqcore.data.windows\nassert 'pandas' not in sys.modules\n"
    code += "import seqcore.data.upload\nseqcore.data.series.load('nile')\n"
    code += "assert not {'torch', 'streamlit'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=FOLDER.parents[1], check=True)


numbers = arrays(np.float64, st.integers(2, 50), elements=st.floats(-1e9, 1e9).map(lambda x: round(x, 6)))


@settings(deadline=None)
@given(st.sampled_from(list(SETTINGS["scaler"][1].choices)), numbers)
def test_a_scaler_goes_there_and_back(kind, values):
    scaler = fit(kind, values)
    if scaler.scale == 0:
        assert values.min() == values.max()
        return
    back = scaler.undo(scaler.apply(values))
    np.testing.assert_allclose(back, values, rtol=1e-12, atol=1e-12 * np.abs(values).max())


def test_each_scaler_reaches_what_it_promises():
    values = np.array([2.0, 3.0, 10.0])
    np.testing.assert_allclose(fit("minmax11", values).apply(values), [-1, -0.75, 1])
    np.testing.assert_allclose(fit("minmax01", values).apply(values), [0, 0.125, 1])
    standard = fit("standard", values).apply(values)
    assert standard.mean() == pytest.approx(0) and standard.std() == pytest.approx(1)
    np.testing.assert_array_equal(fit("none", values).apply(values), values)
    with pytest.raises(ValueError, match="no scaler named 'other'"):
        fit("other", values)


def test_the_range_of_a_scaler_may_be_all_a_float_holds():
    values = np.array([-1.5e308, 1.5e308])
    np.testing.assert_array_equal(fit("minmax11", values).apply(values), [-1, 1])


def test_an_error_in_scaled_units_times_scale_is_an_error_in_the_datas():
    scaler = Scaler(offset=7.0, scale=2.5)
    assert scaler.undo(np.float32(1.5)) - scaler.undo(np.float32(0.5)) == 2.5
    assert scaler.undo(np.ones(3, np.float32)).dtype == np.float64
