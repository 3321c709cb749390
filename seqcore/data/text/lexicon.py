"""The words of the English-Chinese grammar, in classes narrow enough that whatever is said makes sense.

A symbol is written "english chinese | english chinese": the Chinese has no spaces. Nouns and verbs come as tables, as
each of their forms is a symbol of its own.
"""

from collections.abc import Iterable
from typing import NamedTuple

from seqcore.data.text.grammar import Rule

CLOSED = {
    # who, to whom and whose; `far` is whom one speaks of, `near` those who speak, so that nobody knows oneself
    "i": "I 我",
    "you": "you 你",
    "we": "we 我們",
    "they": "they 他們",
    "she": "he 他 | she 她 | {kin} {kin}",
    "far": "him 他 | her 她 | them 他們 | {kin} {kin}",
    "near": "me 我 | you 你 | us 我們",
    "my": "my 我 | your 你 | his 他 | her 她",
    "kin": "{my} {relative} {my}{relative}",
    "relative": "father 爸爸 | mother 媽媽 | son 兒子 | daughter 女兒 | older brother 哥哥 | younger brother 弟弟"
    " | older sister 姊姊 | younger sister 妹妹 | friend 朋友",
    "holder": "{my} {my} | our 我們 | their 他們",
    "whose": "{holder} {holder} | {kin}'s {kin}",
    # how many: 兩 and not 二 before a measure word, but 十二
    "few": "two 兩 | three 三",
    "number": "{few} {few} | four 四 | five 五 | ten 十 | twelve 十二",
    # when
    "lately": "yesterday 昨天 | last night 昨天晚上 | this morning 今天早上",
    "before": "{lately} {lately} | last week 上星期",
    "later": "tomorrow 明天 | tonight 今天晚上 | next week 下星期",
    "always": "every day 每天都 | every morning 每天早上都 | every night 每天晚上都",
    "often": "often 常常 | sometimes 有時候 | never 從來不",
    # where
    "to": "to school 學校 | to the park 公園 | to the library 圖書館 | to the hospital 醫院 | to the market 市場"
    " | to the restaurant 餐廳 | to the zoo 動物園",
    "town": "Taipei 台北 | Japan 日本",
    "trip": "{to} {to} | to {town} {town}",
    "travel": "go {trip} 去{trip} | go home 回家 | come 來",
    "at": "at home 家 | at school 學校 | at the hospital 醫院 | at the market 市場 | at the zoo 動物園"
    " | in {town} {town} | in the park 公園裡 | in the library 圖書館裡 | in the restaurant 餐廳裡"
    " | in the kitchen 廚房裡",
    "outdoors": "in the park 公園裡 | at the zoo 動物園 | at the market 市場",
    "spot": "on the table 桌子上 | on the chair 椅子上 | on the bed 床上 | in the box 盒子裡 | in the bag 包包裡"
    " | in {whose} bag {whose}的包包裡",
    "corner": "on the chair 椅子上 | on the bed 床上 | under the table 桌子下面 | under the chair 椅子下面"
    " | under the bed 床下面 | in the kitchen 廚房裡",
    # how: 老 of people, 舊 of things; 好吃, 好喝 and 好看 are all "good"
    "feeling": "tired 累 | busy 忙 | happy 開心 | hungry 餓 | thirsty 渴 | sad 難過 | nervous 緊張",
    "stature": "tall 高 | short 矮 | young 年輕 | smart 聰明",
    "taller": "taller 高 | shorter 矮 | younger 年輕 | smarter 聰明",
    "trait": "{stature} {stature} | old 老",
    "age": "new 新 | old 舊",
    "size": "big 大 | small 小",
    "colour": "{shade} {shade} | red 紅色的 | blue 藍色的",
    "shade": "black 黑色的 | white 白色的",
    "price": "expensive 貴 | cheap 便宜",
    "newer": "newer 新 | older 舊 | cheaper 便宜 | more expensive 貴",
    "bigger": "bigger 大 | smaller 小 | cuter 可愛 | more beautiful 漂亮",
    "quality": "{age} {age} | {size} {size} | {price} {price} | beautiful 漂亮",
    "look": "{size} {size} | beautiful 漂亮 | cute 可愛",
    "interest": "interesting 有趣 | boring 無聊",
    "tasty": "good 好吃",
    "drinkable": "good 好喝",
    "readable": "good 好看",
    "warmth": "hot 熱 | cold 冷",
    # what one can do (會), and what one feels for others
    "ability": "swim 游泳 | sing 唱歌 | dance 跳舞 | cook 煮飯 | play basketball 打籃球 | drive 開車"
    " | speak Chinese 說中文 | speak English 說英文",
    "bond": "know 認識 | love 愛 | like 喜歡",
    "bonds": "knows 認識 | loves 愛 | likes 喜歡",
    "minding": "waiting for 等 | helping 幫",
    "demo": "this 這 | that 那",
    "tool": "pen 筆 | phone 手機 | computer 電腦 | umbrella 雨傘 | car 車",
}


class Noun(NamedTuple):
    """A noun in the English forms the grammar needs, its measure word and itself in Chinese."""

    bare: str
    """Any of it: books, tea."""
    any: str
    """One that is not counted in Chinese: a book, tea."""
    one: str
    """One that is: a book, a cup of tea."""
    many: str
    """What follows a number: books, cups of tea."""
    name: str
    """What follows "this": book, tea."""
    measure: str
    chinese: str


def article(english: str) -> str:
    return f"{'an' if english[0] in 'aeiou' else 'a'} {english}"


def counted(english: str, plural: str, measure: str, chinese: str) -> Noun:
    one = article(english)
    return Noun(plural, one, one, plural, english, measure, chinese)


def measured(english: str, unit: str, units: str, measure: str, chinese: str) -> Noun:
    return Noun(english, english, f"a {unit} of {english}", f"{units} of {english}", english, measure, chinese)


BOOK = counted("book", "books", "本", "書")
NEWSPAPER = counted("newspaper", "newspapers", "份", "報紙")
PEN = counted("pen", "pens", "支", "筆")
PHONE = counted("phone", "phones", "支", "手機")
HAT = counted("hat", "hats", "頂", "帽子")
UMBRELLA = counted("umbrella", "umbrellas", "把", "雨傘")
CAR = counted("car", "cars", "輛", "車")
COMPUTER = counted("computer", "computers", "台", "電腦")
LETTER = counted("letter", "letters", "封", "信")
STORY = counted("story", "stories", "個", "故事")
APPLE = counted("apple", "apples", "顆", "蘋果")
EGG = counted("egg", "eggs", "顆", "蛋")
BANANA = counted("banana", "bananas", "根", "香蕉")
DOG = counted("dog", "dogs", "隻", "狗")
CAT = counted("cat", "cats", "隻", "貓")
BIRD = counted("bird", "birds", "隻", "鳥")
HORSE = counted("horse", "horses", "匹", "馬")
COW = counted("cow", "cows", "頭", "牛")
FISH = counted("fish", "fish", "條", "魚")
CAKE = measured("cake", "piece", "pieces", "塊", "蛋糕")
BREAD = measured("bread", "piece", "pieces", "塊", "麵包")
RICE = measured("rice", "bowl", "bowls", "碗", "白飯")
NOODLES = measured("noodles", "bowl", "bowls", "碗", "麵")

CLASSES = {
    "thing": ([BOOK, PEN, PHONE, HAT, UMBRELLA, CAR, COMPUTER], "few", ("age", "colour")),
    "animal": ([DOG, CAT, BIRD, HORSE, COW, FISH], "number", ("size", "shade")),
    "pet": ([DOG, CAT, BIRD], "number", ()),
    "item": ([BOOK, PEN, PHONE, HAT, NEWSPAPER, LETTER, APPLE, EGG], "number", ()),
    "paper": ([NEWSPAPER], "number", ()),
    "book": ([BOOK], "number", ()),
    "tale": ([BOOK, STORY], "few", ()),
    "reading": ([BOOK, NEWSPAPER], "few", ()),
    "writing": ([LETTER, STORY], "few", ()),
    "fruit": ([APPLE, EGG, BANANA], "number", ()),
    "meal": ([RICE, NOODLES, BREAD, CAKE], "few", ()),
    "dish": ([APPLE, EGG, BANANA, RICE, BREAD, CAKE], "few", ()),  # "this noodles" is no English
    "drink": (
        [measured("tea", "cup", "cups", "杯", "茶"), measured("coffee", "cup", "cups", "杯", "咖啡"),
         measured("water", "glass", "glasses", "杯", "水"), measured("milk", "glass", "glasses", "杯", "牛奶"),
         measured("juice", "glass", "glasses", "杯", "果汁")], "few", (),
    ),
    "grocery": ([BOOK, NEWSPAPER, PEN, APPLE, EGG, BANANA], "number", ()),
    "sibling": (
        [counted("older brother", "older brothers", "個", "哥哥"),
         counted("older sister", "older sisters", "個", "姊姊"),
         counted("younger brother", "younger brothers", "個", "弟弟"),
         counted("younger sister", "younger sisters", "個", "妹妹"), counted("friend", "friends", "個", "朋友")],
        "few", (),
    ),
    "job": (
        [counted("teacher", "teachers", "位", "老師"), counted("doctor", "doctors", "位", "醫生"),
         counted("student", "students", "位", "學生"), counted("nurse", "nurses", "位", "護理師"),
         counted("engineer", "engineers", "位", "工程師"), counted("farmer", "farmers", "位", "農夫")], "number", (),
    ),
}  # fmt: skip
"""Nouns by class, the symbol that counts them, and the adjectives that may stand before them."""

UNIONS = {
    "food": ("fruit", "meal"),
    "goods": ("thing", "paper", "fruit"),
    "treat": ("drink", "food", "thing"),
    "seen": ("thing", "animal"),
    "own": ("thing", "animal", "sibling"),
}

FORMS = ("", "a_", "one_", "counted_", "many_", "some_", "name_", "whose_", "this_", "that_", "the_")


class Verb(NamedTuple):
    """A verb with an object in its English forms, in Chinese, and what is taken on one day and day after day."""

    base: str
    third: str
    ing: str
    past: str
    chinese: str
    once: str = ""
    daily: str = ""


VERBS = (
    Verb("eat", "eats", "eating", "ate", "吃", "food", "food"),
    Verb("drink", "drinks", "drinking", "drank", "喝", "drink", "drink"),
    Verb("read", "reads", "reading", "read", "看", "reading", "reading"),
    Verb("write", "writes", "writing", "wrote", "寫", "writing", "writing"),
    Verb("buy", "buys", "buying", "bought", "買", "goods", "grocery"),
)

SLEEP = Verb("sleep", "sleeps", "sleeping", "slept", "睡覺")
WORK = Verb("work", "works", "working", "worked", "工作")
STUDY = Verb("study", "studies", "studying", "studied", "念書")
COOK = Verb("cook", "cooks", "cooking", "cooked", "煮飯")
SWIM = Verb("swim", "swims", "swimming", "swam", "游泳")
SING = Verb("sing", "sings", "singing", "sang", "唱歌")
DANCE = Verb("dance", "dances", "dancing", "danced", "跳舞")
PLAY = Verb("play basketball", "plays basketball", "playing basketball", "played basketball", "打籃球")

ACTIVITIES = (WORK, STUDY, COOK, SWIM, SING, DANCE, PLAY)

DONE_AT = {
    ("at home", "家裡"): (SLEEP, WORK, STUDY, COOK, DANCE),
    ("at school", "學校"): (STUDY, SWIM, SING, DANCE, PLAY),
    ("in the park", "公園裡"): (SING, DANCE, PLAY),
    ("in the library", "圖書館裡"): (WORK, STUDY),
    ("in the restaurant", "餐廳裡"): (WORK, SING),
    ("at the hospital", "醫院"): (WORK,),
    ("at the zoo", "動物園"): (WORK,),
    ("in the kitchen", "廚房裡"): (COOK,),
}


def parsed(text: str) -> list[Rule]:
    """The rules of a symbol written "english chinese | english chinese"."""
    return [tuple(entry.strip().rsplit(" ", 1)) for entry in text.split(" | ")]


def noun_forms(name: str, nouns: Iterable[Noun], number: str, adjectives: Iterable[str]) -> dict[str, list[Rule]]:
    """The symbols of a class of nouns, one for each of `FORMS`."""
    rules = {form + name: [] for form in FORMS}
    for noun in nouns:
        rules[name].append((noun.bare, noun.chinese))
        rules["a_" + name].append((noun.any, noun.chinese))
        rules["one_" + name].append((noun.one, f"一{noun.measure}{noun.chinese}"))
        rules["counted_" + name].append((noun.many, noun.measure + noun.chinese))
        rules["name_" + name].append((noun.name, noun.chinese))
        rules["this_" + name].append((f"this {noun.name}", f"這{noun.measure}{noun.chinese}"))
        rules["that_" + name].append((f"that {noun.name}", f"那{noun.measure}{noun.chinese}"))
        for slot in adjectives:
            rules["one_" + name].append((f"{{a_{slot}}} {noun.name}", f"一{noun.measure}{{a_{slot}}}{noun.chinese}"))
            rules["counted_" + name].append((f"{{{slot}}} {noun.many}", f"{noun.measure}{{{slot}}}{noun.chinese}"))
    rules["many_" + name] = parsed(f"{{{number}}} {{counted_{name}}} {{{number}}}{{counted_{name}}}")
    rules["some_" + name] = parsed(f"{{one_{name}}} {{one_{name}}} | {{many_{name}}} {{many_{name}}}")
    rules["whose_" + name] = parsed(f"{{whose}} {{name_{name}}} {{whose}}的{{name_{name}}}")
    rules["the_" + name] = [(f"{{{form}_{name}}}",) * 2 for form in ("this", "that", "whose")]
    return rules


def with_article(rules: Iterable[Rule]) -> list[Rule]:
    """Adjectives with "a" or "an" before them; a slot becomes that of the symbol with articles."""
    return [(f"{{a_{e[1:]}", f"{{a_{c[1:]}") if e[0] == "{" else (article(e), c) for e, c in rules]


def verb_forms() -> dict[str, list[Rule]]:
    """What one does, in the forms and with the objects that a pattern of sentences needs."""

    def objects(form: str, kind: str, when: str, done: str = "") -> list[Rule]:
        taken = [(getattr(v, form), v.chinese + done, f"{{{kind}{getattr(v, when)}}}") for v in VERBS]
        return [(f"{english} {thing}", chinese + thing) for english, chinese, thing in taken]

    def activities(form: str) -> list[Rule]:
        return [(getattr(v, form), v.chinese) for v in ACTIVITIES]

    return {
        "act": activities("base"),
        "order": objects("base", "some_", "once"),
        "once": parsed("{order} {order} | {act} {act} | {travel} {travel}"),
        "deed": [*objects("base", "a_", "once"), ("{travel}", "{travel}")],
        "ever": parsed("{deed} {deed} | {act} {act}"),
        "live": [*objects("base", "", "daily"), *activities("base"), ("go {to}", "去{to}")],
        "lives": [*objects("third", "", "daily"), *activities("third"), ("goes {to}", "去{to}")],
        "doing": [*objects("ing", "a_", "daily"), *activities("ing"), (SLEEP.ing, SLEEP.chinese)],
        "did": [
            *objects("past", "some_", "once", "了"),
            *parsed("went {trip} 去了{trip} | went home 回家了 | came 來了"),
        ],
        "take": [(v.base, v.chinese) for v in VERBS],
        "taking": [*((v.ing, v.chinese) for v in VERBS), ("doing", "做")],
    } | {
        name: [(f"{getattr(v, form)} {at}", place + v.chinese) for (at, place), verbs in DONE_AT.items() for v in verbs]
        for name, form in {"stay": "base", "stays": "third", "staying": "ing", "stayed": "past"}.items()
    }


def words() -> dict[str, list[Rule]]:
    """The rules of every symbol that is no sentence."""
    rules = {symbol: parsed(text) for symbol, text in CLOSED.items()} | verb_forms()
    for slot in ("age", "size", "colour", "shade"):
        rules["a_" + slot] = with_article(rules[slot])
    for name, (nouns, number, adjectives) in CLASSES.items():
        rules |= noun_forms(name, nouns, number, adjectives)
    for name, parts in UNIONS.items():
        rules |= {form + name: [(f"{{{form}{part}}}",) * 2 for part in parts] for form in FORMS}
    for symbol in ("quality", "look", "interest", "tasty", "drinkable", "readable", "feeling", "trait", "warmth"):
        slot = f"{{{symbol}}}"
        rules["is_" + symbol] = [
            (slot, "很" + slot), ("very " + slot, "非常" + slot),
            ("not " + slot, "不" + slot), ("not very " + slot, "不太" + slot),
        ]  # fmt: skip
    return rules
