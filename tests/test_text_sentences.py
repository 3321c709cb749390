"""The grammar of sentences: every pair it makes is right in both languages, and is made in one way."""

import re

import numpy as np
import pytest

from seqcore.data.text import TEXT_TASKS, vocabularies
from seqcore.data.text.grammar import Grammar
from seqcore.data.text.sentences import GRAMMAR, GREETINGS

SENTENCES = TEXT_TASKS["sentences"]


@pytest.fixture(scope="module")
def every():
    """All English sentences about one's mother or older brother, who stand for all relatives, with their Chinese."""
    few = [rule for rule in GRAMMAR.rules["relative"] if rule[0] in ("mother", "older brother")]
    smaller = Grammar({**GRAMMAR.rules, "relative": few})
    pairs = list(smaller.every())
    assert len(pairs) == smaller.count() > 100_000
    return pairs


def test_a_sentence_has_one_translation_and_is_made_in_one_way(every):
    assert len(dict(every)) == len(every)
    assert GRAMMAR.count() == 562_131
    assert not [rule for rules in GRAMMAR.rules.values() for rule in rules if re.search("[<>]", "".join(rule))]


def test_no_sentence_breaks_a_rule_of_either_language(every):
    wrong_english = re.compile(
        r"\ba [aeiou]|\ban [^aeiou]|  | [.?!]|drink (?:books?|apples?|rice)|eat (?:tea|books?)"
        r"|\b(?:he|she|mother|brother) (?:are|were|do|have|want|like|go|drink)\b[^?]*\."
        r"|\b(?:I|we|they) (?:is|does|has|wants|likes|goes|drinks)\b|\bI (?:know|love|like|am waiting for) me\b"
        r"|\b(?:two|three|four|five|ten|twelve) (?:book|dog|pen)\b"
    )
    wrong_chinese = re.compile(
        "二[^本份支頂把輛台封個顆根隻匹頭條]|[^十]二|[a-zA-Z ]|很[不很非]|都都|的的|正在在|了.*了|沒.*了|沒有[一兩]"
    )
    assert not [english for english, _ in every if wrong_english.search(english)]
    assert not [chinese for _, chinese in every if wrong_chinese.search(chinese)]
    assert all((english[-1] == "?") == (chinese[-1] == "?") for english, chinese in every)


def test_vocabularies_hold_what_a_sentence_can_say_and_nothing_else(every):
    sources, targets = vocabularies("sentences")
    said = {
        token for english, _ in every for token in english.replace("'s", " 's").replace("cannot", "can not").split()
    }
    said = {word.rstrip(".?!").lower() for word in said} | set(".?!")
    others = {word for english, _ in GRAMMAR.rules["relative"] for word in english.split()}
    assert said | others == set(sources.tokens) and len(sources) == 304
    kin = {character for _, chinese in GRAMMAR.rules["relative"] for character in chinese}
    assert {character for _, chinese in every for character in chinese} | kin == set(targets.tokens)


def test_lengths_of_sentences_are_what_they_are_said_to_be(every):
    assert max(len(SENTENCES.tokens(english)) for english, _ in every[::5]) <= SENTENCES.source_length == 14
    assert max(len(chinese) for _, chinese in every) == SENTENCES.target_length == 22


def test_one_sentence_in_ten_is_kept_for_the_test_and_no_greeting(every):
    share = np.mean([SENTENCES.part(chinese) == "test" for chinese in {chinese for _, chinese in every}])
    assert share == pytest.approx(0.1, abs=0.005)
    assert {SENTENCES.part(chinese) for _, chinese in GREETINGS} == {"train"}


HAND = """
How are you? | 你好嗎?
Good morning! | 早安!
I am tired today. | 我今天很累。
My older brother is not very tall. | 我哥哥不太高。
She was very happy yesterday. | 她昨天非常開心。
Are you hungry? | 你餓嗎?
Were they busy last night? | 他們昨天晚上忙嗎?
He is a doctor. | 他是醫生。
They are doctors. | 他們是醫生。
We are not students. | 我們不是學生。
Is your mother an engineer? | 你媽媽是工程師嗎?
Who is he? | 他是誰?
How old is her older brother? | 她哥哥幾歲?
I am taller than my older brother. | 我比我哥哥高。
We are as smart as them. | 我們跟他們一樣聰明。
He is not as young as me. | 他沒有我年輕。
My mother drinks tea every morning. | 我媽媽每天早上都喝茶。
I do not drink coffee every day. | 我不是每天都喝咖啡。
Does she go to school every day? | 她每天都去學校嗎?
You never eat apples. | 你從來不吃蘋果。
Do they often swim? | 他們常常游泳嗎?
What do you eat every night? | 你每天晚上都吃什麼?
Where does his mother work? | 他媽媽在哪裡工作?
My mother works at the hospital. | 我媽媽在醫院工作。
I bought two books yesterday. | 我昨天買了兩本書。
Yesterday I bought two books. | 我昨天買了兩本書。
She drank a cup of tea this morning. | 她今天早上喝了一杯茶。
He went home last night. | 他昨天晚上回家了。
We did not read a newspaper yesterday. | 我們昨天沒看報紙。
Did you drink tea yesterday? | 你昨天喝茶了嗎?
What did she buy last week? | 她上星期買了什麼?
Where did they go yesterday? | 他們昨天去了哪裡?
Who wrote a letter last night? | 誰昨天晚上寫了一封信?
They sang in the park yesterday. | 他們昨天在公園裡唱歌。
I saw three cats yesterday. | 我昨天看到了三隻貓。
I saw a white horse in the park this morning. | 我今天早上在公園裡看到了一匹白色的馬。
He will go to Japan next week. | 他下星期會去日本。
I will not come tomorrow. | 我明天不會來。
Will you buy a car tomorrow? | 你明天會買車嗎?
When will he come? | 他什麼時候會來?
I am going to buy an umbrella tomorrow. | 我明天要買一把雨傘。
What are you going to eat tonight? | 你今天晚上要吃什麼?
Where are you going? | 你要去哪裡?
I want to drink two cups of coffee. | 我想喝兩杯咖啡。
She does not want to go home. | 她不想回家。
Do you want to swim? | 你想游泳嗎?
What does he want to drink? | 他想喝什麼?
I want a bowl of noodles. | 我要一碗麵。
Do you want a glass of water? | 你要一杯水嗎?
She likes cats. | 她喜歡貓。
I do not like dogs. | 我不喜歡狗。
We like to sing. | 我們喜歡唱歌。
Please drink a cup of tea. | 請喝一杯茶。
Do not eat cake. | 不要吃蛋糕。
He can swim. | 他會游泳。
Can you speak Chinese? | 你會說中文嗎?
Can I use your phone? | 我可以用你的手機嗎?
You cannot go to the zoo. | 你不能去動物園。
She is reading a book. | 她正在看書。
I am not sleeping. | 我沒有在睡覺。
What are you doing? | 你正在做什麼?
Who is singing? | 誰正在唱歌?
He is studying at school. | 他正在學校念書。
I am waiting for her. | 我正在等她。
I know your mother. | 我認識你媽媽。
They do not know me. | 他們不認識我。
Do you love him? | 你愛他嗎?
I have an older sister. | 我有一個姊姊。
She has twelve fish. | 她有十二條魚。
We do not have a car. | 我們沒有車。
Do you have a pen? | 你有筆嗎?
How many books do you have? | 你有幾本書?
This is my mother's computer. | 這是我媽媽的電腦。
That is not our dog. | 那不是我們的狗。
Whose hat is this? | 這是誰的帽子?
This is an old umbrella. | 這是一把舊雨傘。
Is that a bird? | 那是鳥嗎?
What is this? | 這是什麼?
My book is very good. | 我的書非常好看。
This tea is good. | 這杯茶很好喝。
That cake is not good. | 那塊蛋糕不好吃。
Is this car expensive? | 這輛車貴嗎?
This story is interesting. | 這個故事很有趣。
His bird is white. | 他的鳥是白色的。
What color is your hat? | 你的帽子是什麼顏色的?
What colour is your hat? | 你的帽子是什麼顏色的?
This phone is cheaper than that one. | 這支手機比那支便宜。
This dog is bigger than that cat. | 這隻狗比那隻貓大。
My mother is not at home. | 我媽媽不在家。
Is she in the library? | 她在圖書館裡嗎?
Where were you last night? | 你昨天晚上在哪裡?
Where is my pen? | 我的筆在哪裡?
The book is on the table. | 書在桌子上。
There is a cat under the chair. | 椅子下面有一隻貓。
There are two letters in my bag. | 我的包包裡有兩封信。
There is no pen in the box. | 盒子裡沒有筆。
Is there a book on the bed? | 床上有書嗎?
How many eggs are there on the table? | 桌子上有幾顆蛋?
What is in the bag? | 包包裡有什麼?
It is very hot today. | 今天非常熱。
It is not cold in Taipei today. | 台北今天不冷。
It was cold last night. | 昨天晚上很冷。
It will be hot tomorrow. | 明天會很熱。
Is it cold today? | 今天冷嗎?
It is raining in Japan. | 日本正在下雨。
"""


def test_translations_are_those_made_by_hand(every):
    made = {english[0].upper() + english[1:]: chinese for english, chinese in every}
    by_hand = dict(line.split(" | ") for line in HAND.strip().splitlines())
    assert {english: made.get(english) for english in by_hand} == by_hand
