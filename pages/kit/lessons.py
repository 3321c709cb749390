"""The ordered list of pages: a new lesson is a file in `pages/`, its prose in `assets/lessons/`, and a line here."""

from dataclasses import dataclass

from seqcore.text import N_


@dataclass(frozen=True)
class Lesson:
    """A page: `pages/<name>.py` and `assets/lessons/<language>/<name>.md`."""

    name: str
    title: str
    icon: str


LESSONS = (
    Lesson("home", N_("Home"), ":material/home:"),
    Lesson("train", N_("Train"), ":material/play_circle:"),
    Lesson("forward", N_("Forward pass"), ":material/function:"),
    Lesson("hidden", N_("Hidden states"), ":material/neurology:"),
    Lesson("gradients", N_("Gradients"), ":material/trending_down:"),
    Lesson("seq2seq", N_("Seq2seq"), ":material/translate:"),
    Lesson("transformer", N_("Transformer"), ":material/hub:"),
    Lesson("homework", N_("HW02"), ":material/table_chart:"),
    Lesson("study", N_("Study"), ":material/grid_on:"),
)
