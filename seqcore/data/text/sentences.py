"""Short English sentences into Traditional Chinese, as it is written in Taiwan, from a grammar of our own.

English word by word, Chinese character by character. What the two languages do differently is what is to be learnt:
questions end in 嗎 or keep the order of a statement (你在哪裡?); a noun is counted through its measure word (三隻貓),
by 兩 and not 二; the time stands before the verb (我昨天買了一本書), the place too (他在公園裡唱歌), and a place that
holds something comes first (桌子上有一本書); 不, 沒 and 沒有 all say "not"; "can" is 會 or 可以, and "good" is 好吃,
好喝 or 好看.

300 tokens make 562,131 English sentences, all different, with 417,835 translations. Every English sentence has one
translation: "you" is always 你, "the" is not written, and the past needs its day.
Question and exclamation marks are those of a keyboard, as in "你好嗎?".
"""

import re
from collections.abc import Mapping
from itertools import permutations

import numpy as np

from seqcore.data.text.grammar import Grammar, Rule
from seqcore.data.text.lexicon import CLASSES, words
from seqcore.data.text.task import TextTask
from seqcore.text import N_

MARKS = {".": "。", "?": "?", "!": "!"}

PERSONS = tuple(
    dict(zip(("who", "be", "was", "aux", "have", "s", "other", "job"), row, strict=True))
    for row in (
        ("{i}", "am", "was", "do", "have", "", "{far}", "{a_job}"),
        ("{you}", "are", "were", "do", "have", "", "{far}", "{a_job}"),
        ("{we}", "are", "were", "do", "have", "", "{far}", "{job}"),
        ("{they}", "are", "were", "do", "have", "", "{near}", "{job}"),
        ("{she}", "is", "was", "does", "has", "s", "{near}", "{a_job}"),
    )
)
"""What a pattern's <who> decides: the forms of its verbs, and whom it can be about."""

GREETINGS = (
    ("How are you?", "你好嗎?"),
    ("Hello!", "你好!"),
    ("Good morning!", "早安!"),
    ("Good night!", "晚安!"),
    ("Thank you!", "謝謝你!"),
    ("You are welcome.", "不客氣。"),
    ("I am sorry.", "對不起。"),
    ("Goodbye!", "再見!"),
    ("See you tomorrow!", "明天見!"),
    ("Nice to meet you!", "很高興認識你!"),
    ("Happy birthday!", "生日快樂!"),
    ("What is your name?", "你叫什麼名字?"),
)

PATTERNS = (
    # how and what somebody is
    ("<who> <be> {is_trait}.", "<who>{is_trait}"),
    ("<who> <be> {is_feeling} today.", "<who>今天{is_feeling}"),
    ("<who> <was> {is_feeling} {lately}.", "<who>{lately}{is_feeling}"),
    ("<be> <who> {feeling}?", "<who>{feeling}嗎"),
    ("<was> <who> {feeling} {lately}?", "<who>{lately}{feeling}嗎"),
    ("<who> <be> <job>.", "<who>是<job>"),
    ("<who> <be> not <job>.", "<who>不是<job>"),
    ("<be> <who> <job>?", "<who>是<job>嗎"),
    ("who <be> <who>?", "<who>是誰"),
    ("how old <be> <who>?", "<who>幾歲"),
    ("<who> <be> {taller} than <other>.", "<who>比<other>{taller}"),
    ("<who> <be> as {stature} as <other>.", "<who>跟<other>一樣{stature}"),
    ("<who> <be> not as {stature} as <other>.", "<who>沒有<other>{stature}"),
    # every day
    ("<who> {live<s>} {always}.", "<who>{always}{live<s>}"),
    ("<who> <aux> not {live} {always}.", "<who>不是{always}{live}"),
    ("<aux> <who> {live} {always}?", "<who>{always}{live}嗎"),
    ("<who> {often} {live<s>}.", "<who>{often}{live<s>}"),
    ("<aux> <who> often {live}?", "<who>常常{live}嗎"),
    ("what <aux> <who> {take} {always}?", "<who>{always}{take}什麼"),
    ("where <aux> <who> {act}?", "<who>在哪裡{act}"),
    ("<who> {stay<s>}.", "<who>在{stay<s>}"),
    # yesterday
    ("<who> {did} {before}. / {before} <who> {did}.", "<who>{before}{did}"),
    ("<who> did not {ever} {before}.", "<who>{before}沒{ever}"),
    ("did <who> {ever} {before}?", "<who>{before}{ever}了嗎"),
    ("what did <who> {take} {before}?", "<who>{before}{take}了什麼"),
    ("where did <who> go {before}?", "<who>{before}去了哪裡"),
    ("who {did} {before}?", "誰{before}{did}"),
    ("<who> {stayed} {before}. / {before} <who> {stayed}.", "<who>{before}在{stayed}"),
    ("<who> saw {some_animal} {before}. / {before} <who> saw {some_animal}.", "<who>{before}看到了{some_animal}"),
    ("<who> saw {some_animal} {outdoors} {before}.", "<who>{before}在{outdoors}看到了{some_animal}"),
    # tomorrow
    ("<who> will {once} {later}. / {later} <who> will {once}.", "<who>{later}會{once}"),
    ("<who> will not {ever} {later}.", "<who>{later}不會{ever}"),
    ("will <who> {ever} {later}?", "<who>{later}會{ever}嗎"),
    ("when will <who> {travel}?", "<who>什麼時候會{travel}"),
    ("<who> <be> going to {once} {later}. / {later} <who> <be> going to {once}.", "<who>{later}要{once}"),
    ("what <be> <who> going to {take} {later}?", "<who>{later}要{take}什麼"),
    ("where <be> <who> going?", "<who>要去哪裡"),
    # wishes
    ("<who> want<s> to {once}.", "<who>想{once}"),
    ("<who> <aux> not want to {ever}.", "<who>不想{ever}"),
    ("<aux> <who> want to {ever}?", "<who>想{ever}嗎"),
    ("what <aux> <who> want to {take}?", "<who>想{take}什麼"),
    ("<who> want<s> {some_treat}.", "<who>要{some_treat}"),
    ("<aux> <who> want {some_treat}?", "<who>要{some_treat}嗎"),
    ("<who> like<s> {animal}.", "<who>喜歡{animal}"),
    ("<who> <aux> not like {animal}.", "<who>不喜歡{animal}"),
    ("<aux> <who> like {animal}?", "<who>喜歡{animal}嗎"),
    ("<who> like<s> to {live}.", "<who>喜歡{live}"),
    ("<aux> <who> like to {live}?", "<who>喜歡{live}嗎"),
    ("please {order}.", "請{order}"),
    ("do not {live}.", "不要{live}"),
    # what one is able, and what one is allowed to do
    ("<who> can {ability}.", "<who>會{ability}"),
    ("<who> cannot {ability}.", "<who>不會{ability}"),
    ("can <who> {ability}?", "<who>會{ability}嗎"),
    ("<who> can {allowed}.", "<who>可以{allowed}"),
    ("<who> cannot {allowed}.", "<who>不能{allowed}"),
    ("can <who> {allowed}?", "<who>可以{allowed}嗎"),
    # now
    ("<who> <be> {doing}.", "<who>正在{doing}"),
    ("<who> <be> not {doing}.", "<who>沒有在{doing}"),
    ("<be> <who> {doing}?", "<who>正在{doing}嗎"),
    ("what <be> <who> {taking}?", "<who>正在{taking}什麼"),
    ("who is {doing}?", "誰正在{doing}"),
    ("<who> <be> {staying}.", "<who>正在{staying}"),
    ("<who> <be> {minding} <other>.", "<who>正在{minding}<other>"),
    # what one feels for others
    ("<who> {bond<s>} <other>.", "<who>{bond<s>}<other>"),
    ("<who> <aux> not {bond} <other>.", "<who>不{bond}<other>"),
    ("<aux> <who> {bond} <other>?", "<who>{bond}<other>嗎"),
    # what one has
    ("<who> <have> {some_own}.", "<who>有{some_own}"),
    ("<who> <aux> not have {a_own}.", "<who>沒有{a_own}"),
    ("<aux> <who> have {a_own}?", "<who>有{a_own}嗎"),
    ("how many {counted_own} <aux> <who> have?", "<who>有幾{counted_own}"),
    ("{demo} is {whose_seen}.", "{demo}是{whose_seen}"),
    ("{demo} is not {whose_seen}.", "{demo}不是{whose_seen}"),
    ("is {demo} {whose_seen}?", "{demo}是{whose_seen}嗎"),
    ("whose {name_seen} is {demo}?", "{demo}是誰的{name_seen}"),
    # things
    ("{demo} is {one_seen}.", "{demo}是{one_seen}"),
    ("is {demo} {a_seen}?", "{demo}是{a_seen}嗎"),
    ("{demo} is {kin}.", "{demo}是{kin}"),
    ("what is {demo}?", "{demo}是什麼"),
    ("{verdict}.", "{verdict}"),
    ("is {doubt}?", "{doubt}嗎"),
    ("{hued}.", "{hued}"),
    ("what color is {the_seen}? / what colour is {the_seen}?", "{the_seen}是什麼顏色的"),
    ("{rival}.", "{rival}"),
    ("{this_animal} is {bigger} than {that_animal}.", "{this_animal}比{that_animal}{bigger}"),
    # places
    ("<who> <be> {at}.", "<who>在{at}"),
    ("<who> <be> not {at}.", "<who>不在{at}"),
    ("<be> <who> {at}?", "<who>在{at}嗎"),
    ("<who> <was> {at} {before}.", "<who>{before}在{at}"),
    ("where <be> <who>?", "<who>在哪裡"),
    ("where <was> <who> {before}?", "<who>{before}在哪裡"),
    ("where is {whose_seen}?", "{whose_seen}在哪裡"),
    ("where is the {name_lying}?", "{name_lying}在哪裡"),
    ("the {lying}.", "{lying}"),
    ("there is {found}.", "{found}"),
    ("there are {several}.", "{several}"),
    ("there is no {missing}.", "{missing}"),
    ("is there {perhaps}?", "{perhaps}嗎"),
    ("how many {amount}?", "{amount}"),
    ("what is {spot}?", "{spot}有什麼"),
    # weather
    ("it is {is_warmth} today.", "今天{is_warmth}"),
    ("it is {is_warmth} in {town} today.", "{town}今天{is_warmth}"),
    ("it was {is_warmth} {before}.", "{before}{is_warmth}"),
    ("it will be {warmth} {later}.", "{later}會很{warmth}"),
    ("is it {warmth} today?", "今天{warmth}嗎"),
    ("it is raining in {town}.", "{town}正在下雨"),
    ("is it raining in {town}?", "{town}正在下雨嗎"),
)
"""Both languages side by side, the writings of one meaning parted by " / "; the last mark is the English one's."""

QUALITIES = {
    "thing": "quality", "animal": "look", "tale": "interest", "book": "readable", "dish": "tasty", "drink": "drinkable",
}  # fmt: skip
"""What can be said of the nouns of a class: "good" is another word for each."""

HUES = {"thing": "colour", "animal": "shade"}

PLACES = {"item": "spot", "pet": "corner"}
"""Where the nouns of a class can lie."""


def replaced(template: str, values: Mapping[str, str]) -> str:
    """A template with every <name> replaced by its value."""
    for name, value in values.items():
        template = template.replace(f"<{name}>", value)
    return template


def each(table: Mapping[str, str], english: str, chinese: str) -> list[Rule]:
    """One rule for each class of nouns <n>, with the symbol <of> that goes with it."""
    rows = [{"n": noun, "of": symbol} for noun, symbol in table.items()]
    return [(replaced(english, row), replaced(chinese, row)) for row in rows]


def phrases() -> dict[str, list[Rule]]:
    """Symbols in which a noun decides what may be said of it, or where it may be."""
    return {
        "allowed": [("{deed}", "{deed}"), ("use {holder} {tool}", "用{holder}的{tool}")],
        "verdict": each(QUALITIES, "{the_<n>} is {is_<of>}", "{the_<n>}{is_<of>}"),
        "doubt": each(QUALITIES, "{the_<n>} {<of>}", "{the_<n>}{<of>}"),
        "hued": each(HUES, "{the_<n>} is {<of>}", "{the_<n>}是{<of>}"),
        "rival": [
            (f"{this} {n.name} is {{newer}} than {that} one", f"{zhe}{n.measure}{n.chinese}比{na}{n.measure}{{newer}}")
            for n in CLASSES["thing"][0]
            for (this, zhe), (that, na) in permutations((("this", "這"), ("that", "那")))
        ],
        "name_lying": each(PLACES, "{name_<n>}", "{name_<n>}"),
        "lying": each(PLACES, "{name_<n>} is {<of>}", "{name_<n>}在{<of>}"),
        "found": each(PLACES, "{one_<n>} {<of>}", "{<of>}有{one_<n>}"),
        "several": each(PLACES, "{many_<n>} {<of>}", "{<of>}有{many_<n>}"),
        "missing": each(PLACES, "{name_<n>} {<of>}", "{<of>}沒有{name_<n>}"),
        "perhaps": each(PLACES, "{a_<n>} {<of>}", "{<of>}有{a_<n>}"),
        "amount": each(PLACES, "{counted_<n>} are there {<of>}", "{<of>}有幾{counted_<n>}"),
    }  # fmt: skip


def pattern(english: str, chinese: str) -> list[Rule]:
    """The rules of one pattern: for every person, if it speaks of one, and for every writing."""
    return [
        (replaced(writing, person), replaced(chinese, person) + MARKS[writing[-1]])
        for person in (PERSONS if "<who>" in english else ({},))
        for writing in english.split(" / ")
    ]


def grammar() -> Grammar:
    patterns = {f"pattern_{number}": pattern(*sides) for number, sides in enumerate(PATTERNS)}
    patterns["greeting"] = list(GREETINGS)
    return Grammar({"sentence": [(f"{{{name}}}",) * 2 for name in patterns], **patterns, **phrases(), **words()})


CONTRACTIONS = tuple(
    (re.compile(short), full)
    for short, full in (
        (r"\bwon't\b", "will not"),
        (r"\bcan(?:'t|not)\b", "can not"),
        (r"n't\b", " not"),
        (r"'m\b", " am"),
        (r"'re\b", " are"),
        (r"'ll\b", " will"),
        (r"\b(he|she|it|that|what|where|who|when|how)'s\b", r"\1 is"),
    )
)


def split(text: str) -> list[str]:
    """Lower-case words, the 's of an owner, and marks, one by one; a contraction is two words."""
    for short, full in CONTRACTIONS:
        text = short.sub(full, text)
    return re.findall(r"'s\b|\w+|[^\w\s]", text)


GRAMMAR = grammar()

GREETED = 0.03
"""The share of sayings among what is drawn, beside those that the rules draw."""


def draw(rng: np.random.Generator) -> tuple[str, str]:
    """A sentence, and now and then a saying: no rule leads to those, so that each has to be met more than once."""
    english, chinese = GRAMMAR.draw(rng, "greeting" if rng.random() < GREETED else "sentence")
    return english[0].upper() + english[1:], chinese


TASKS = (
    TextTask(
        "sentences", N_("English into Chinese"),
        N_("Short English sentences become Chinese ones, from a grammar of about 100 patterns."),
        "Synchronous grammars: Lewis & Stearns 1968, Chiang 2006",
        source_tokens=tuple(sorted({token for text in GRAMMAR.terminals(0) for token in split(text.lower())})),
        target_tokens=tuple(sorted({token for text in GRAMMAR.terminals(1) for token in text if token != " "})),
        source_length=GRAMMAR.longest(0, lambda text: split(text.lower())),
        target_length=GRAMMAR.longest(1, lambda text: list(text.replace(" ", ""))),
        split_source=split, split_target=list, join_target="".join,
        draw=draw, by_heart=frozenset(chinese for _, chinese in GREETINGS),
    ),
)  # fmt: skip
