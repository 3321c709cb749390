"""Find the bugs: the mended code runs and learns, each mistake does what is said of it, and marks are judged."""

import math
from contextlib import suppress
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from pages.kit.bug_hunt import READERS, as_label, read_marked
from seqcore.data.mistakes import LINES, MISTAKES, Line, program
from seqcore.text import UserError

PAD, BOS, EOS, V, SIZE = 0, 1, 2, 8, 32
NAME, STATE, SHIFT, FILLING, OWN, DIMENSION, END = MISTAKES


def made(*wrong: int) -> SimpleNamespace:
    """The code with the mistakes of these lines, an encoder and a decoder of it, and what learns both."""
    torch.manual_seed(0)
    names: dict = {}
    exec(program(wrong), names)
    encoder, decoder = names["Encoder"](V, SIZE), names["Decoder"](V, SIZE)
    optimiser = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.01)

    def learn(source, target):
        return names["learn"](encoder, decoder, optimiser, source, target)

    def said(source, most=20):
        return names["translate"](encoder, decoder, source, most)

    return SimpleNamespace(encoder=encoder, decoder=decoder, learn=learn, said=said)


def pairs(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Three words, to be said backwards; of every second target only the last two."""
    source = torch.randint(3, V, (count, 3))
    target = torch.full((count, 5), PAD)
    target[:, 0], target[:, 1:4], target[:, 4] = BOS, source.flip(1), EOS
    target[::2, 1:4], target[::2, 4] = target[::2, [1, 2, 4]], PAD
    return source, target


def words(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Sources of three words, and the same backwards, all of one length."""
    source = torch.randint(3, V, (count, 3))
    ends = torch.full((count, 1), BOS), torch.full((count, 1), EOS)
    return source, torch.cat([ends[0], source.flip(1), ends[1]], 1)


def trained(*wrong: int, steps: int = 200, draw=words) -> tuple[SimpleNamespace, list[float]]:
    code = made(*wrong)
    return code, [code.learn(*draw(64)) for _ in range(steps)]


def share_right(code: SimpleNamespace) -> float:
    source, target = words(40)
    said = [code.said(row[None])[0].tolist() for row in source]
    return sum(a == b for a, b in zip(said, target[:, 1:].tolist(), strict=True)) / 40


@pytest.fixture(scope="module")
def mended() -> SimpleNamespace:
    return trained()[0]


def with_weights_of(code: SimpleNamespace, *wrong: int) -> SimpleNamespace:
    """A network that has learnt without a mistake, and speaks with these."""
    other = made(*wrong)
    other.encoder.load_state_dict(code.encoder.state_dict())
    other.decoder.load_state_dict(code.decoder.state_dict())
    return other


def test_the_mended_code_learns_to_translate_what_it_has_not_seen(mended):
    assert share_right(mended) > 0.9


def test_only_the_lines_of_the_mistakes_differ_and_each_has_its_own():
    right = program().splitlines()
    assert len(MISTAKES) == 7 and sum(mistake.loud for mistake in MISTAKES.values()) == 1
    for number in MISTAKES:
        wrong = program([number]).splitlines()
        assert [n for n, (a, b) in enumerate(zip(right, wrong, strict=True), 1) if a != b] == [number]
    assert program(MISTAKES) == "\n".join(line.text for line in LINES) + "\n"
    assert all(line.why or not line.text for line in LINES if isinstance(line, Line))


def test_the_undefined_name_stops_python_when_a_decoder_is_made():
    with pytest.raises(NameError, match="hidden_size"):
        made(NAME)


def test_without_the_state_the_source_makes_no_difference_and_the_loss_still_falls(mended):
    code, losses = trained(STATE, steps=60)
    assert losses[-1] < 0.9 * losses[0]
    sources = torch.tensor([[[3, 4, 5]], [[7, 6, 3]]])
    assert torch.equal(code.said(sources[0]), code.said(sources[1]))
    assert not torch.equal(mended.said(sources[0]), mended.said(sources[1]))
    token, states = torch.tensor([[4]]), torch.randn(2, 1, 1, SIZE)  # what was said before is forgotten, too
    assert torch.equal(code.decoder(token, states[0])[0], code.decoder(token, states[1])[0])
    assert not torch.equal(mended.decoder(token, states[0])[0], mended.decoder(token, states[1])[0])


def test_an_unshifted_target_leaks_so_that_even_noise_is_learnt_and_nothing_is_translated():
    def noise(count):  # no source says anything about its target
        target = torch.randint(3, V, (count, 6))
        target[:, 0] = BOS
        return torch.randint(3, V, (count, 3)), target

    assert trained(SHIFT, steps=120, draw=noise)[1][-1] < 0.05
    assert trained(steps=120, draw=noise)[1][-1] > 0.9 * math.log(V - 3)
    code, losses = trained(SHIFT)
    assert losses[-1] < 0.05 and share_right(code) == 0


def test_counted_filling_changes_the_loss_and_makes_it_look_better():
    def filled(count):
        source, target = pairs(count)
        return source, torch.cat([target, torch.full((count, 10), PAD)], 1)

    code, _ = trained(FILLING, steps=30, draw=filled)
    right, (source, batch) = with_weights_of(code), filled(64)
    words_alone = right.learn(source, batch)
    assert words_alone == pytest.approx(with_weights_of(code).learn(source, batch[:, :5]), abs=1e-6)
    assert code.learn(source, batch) < 0.5 * words_alone


def test_a_decoder_that_never_reads_its_own_words_fails_with_weights_that_are_good(mended):
    assert share_right(with_weights_of(mended, OWN)) < 0.3 < 0.9 < share_right(with_weights_of(mended))


def test_the_wrong_dimension_gives_as_many_numbers_a_step_as_there_are_words(mended):
    source = torch.tensor([[3, 4, 5]])
    assert mended.said(source).shape == (1, 4)
    code = with_weights_of(mended, DIMENSION)
    assert code.said(source, most=1).tolist() == [[0] * V]
    assert code.said(source, most=2).shape == (1, 2 * V)


def test_with_the_wrong_comparison_no_sentence_ends(mended):
    source, code = torch.tensor([[3, 4, 5]]), with_weights_of(mended, END)
    right = mended.said(source)
    assert right[0, -1] == EOS
    said = code.said(source)
    assert said.shape == (1, 20) and torch.equal(said[:, :4], right)


def test_marks_are_read_in_order_and_once_each():
    assert read_marked("") == []
    assert read_marked("20,3,20") == [3, 20]
    assert READERS["marked"]("3,20") == "3,20"


@pytest.mark.parametrize("text", ["0", "48", "4", "3,", "x", "3 20", "٣", "3," * 99 + "3", "-1", "<b>", "3\n"])
def test_marks_that_are_no_lines_are_a_sentence(text):
    with pytest.raises(UserError, match="lines of this code"):
        READERS["marked"](text)


@given(st.text(max_size=30))
def test_marks_from_any_text_are_lines_of_code_or_a_sentence(text):
    with suppress(UserError):
        assert all(LINES[number - 1].text for number in read_marked(text))


def test_a_label_shows_the_line_as_it_is():
    label = as_label(9, LINES[8].text)
    assert label.strip("`").replace("\u00a0", " ") == " 9          super().__init__()"


def page() -> None:
    import streamlit as st

    from pages.kit.bug_hunt import FIRST, READERS, as_link, bug_hunt
    from pages.kit.form import open_form

    for problem in open_form("seq2seq", FIRST, READERS):
        st.warning(str(problem))
    bug_hunt("seq2seq")
    st.session_state["linked"] = as_link("seq2seq")


def opened(**query: str) -> AppTest:
    app = AppTest.from_function(page, default_timeout=30)
    app.query_params.update(query)
    app.run()
    assert not app.exception
    return app


def told(app: AppTest) -> list[str]:
    return [each.label for each in app.expander if "·" in each.label]


def test_nothing_is_told_before_the_first_check():
    app = opened()
    assert told(app) == [] and app.session_state["linked"] == {}
    assert len(app.checkbox) == sum(bool(line.text) for line in LINES)
    app.button(key="seq2seq.bugs.check").click().run()
    assert told(app) == []


def test_found_mistakes_are_opened_missed_ones_keep_their_line_and_false_alarms_are_told_why():
    app = opened()
    for number in (NAME, OWN, 3):
        app.checkbox(key=f"seq2seq.bugs.{number}").check()
    app.button(key="seq2seq.bugs.check").click().run()
    assert app.session_state["linked"] == {"marked": f"3,{NAME},{OWN}"}
    assert any(text.value.startswith("**2 of 7**") for text in app.markdown)
    assert [label.startswith("**Not found yet**") for label in told(app)] == [n not in (NAME, OWN) for n in MISTAKES]
    assert not any(f"Line {number}" in label for number in (STATE, END) for label in told(app))
    assert any(text.value == f"Line 3: {LINES[2].why}" for text in app.markdown)
    app.button(key="seq2seq.bugs.again").click().run()
    assert app.session_state["linked"] == {} and not any(box.value for box in app.checkbox)


def test_a_link_brings_the_marks_and_a_broken_one_a_sentence():
    app = opened(**{"seq2seq.marked": f"{END}"})
    assert [box.value for box in app.checkbox].count(True) == 1
    assert any(text.value.startswith("**1 of 7**") for text in app.markdown)
    assert "lines of this code" in opened(**{"seq2seq.marked": "99"}).warning[0].value


def test_the_mended_code_that_is_shown_is_the_one_that_runs():
    assert program().rstrip() in [code.value for code in opened().code]
