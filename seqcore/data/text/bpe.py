"""Byte-pair encoding: words grow out of characters, as the pair most often met becomes one piece, again and again.

The merges are learnt by Hugging Face's `tokenizers`; what each of them does to a word is here in plain Python.

Source: Gage 1994; Sennrich et al. 2016, "Neural machine translation of rare words with subword units". The units are
characters, as there, not the bytes of GPT-2.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

Pair = tuple[str, str]
Word = tuple[str, ...]


def learnt(words: Mapping[str, int], size: int) -> list[Pair]:
    """The merges, the first one first, that lead from the characters of `words` and the space to `size` pieces.

    `words` says how often each occurs. At each merge the pair that stands in the most places is taken; of several, the
    one whose pieces are older, where characters are as old as their number in Unicode. It ends early where no pair
    stands in two places.
    """
    from tokenizers import Tokenizer, models, trainers  # 6 MB that only the learning needs

    learner = Tokenizer(models.BPE())
    trainer = trainers.BpeTrainer(vocab_size=size, min_frequency=2, initial_alphabet=[" "], show_progress=False)
    learner.train_from_iterator((word for word, times in words.items() for _ in range(times)), trainer)
    return [(left, right) for left, right in json.loads(learner.to_str())["model"]["merges"]]


def growth(words: Sequence[Word], ranks: Mapping[Pair, int]) -> tuple[list[list[Word]], list[tuple[Pair, int]]]:
    """`words`, given as characters, and how they are after each merge; and the merges, each a pair and its places.

    Of the pairs that stand there the one with the lowest of `ranks` is next: the one that was learnt first.
    """
    stages, merges = [list(words)], []
    while places := Counter(pair for word in stages[-1] for pair in pairwise(word) if pair in ranks):
        pair = min(places, key=ranks.__getitem__)
        merges.append((pair, places[pair]))
        stages.append([merged(word, pair) for word in stages[-1]])
    return stages, merges


def merged(word: Word, pair: Pair) -> Word:
    """The word with the pair as one piece wherever it stands, from the left on."""
    pieces, place = [], 0
    while place < len(word):
        width = 2 if word[place : place + 2] == pair else 1
        pieces.append("".join(word[place : place + width]))
        place += width
    return tuple(pieces)


def counted(words: Mapping[str, int], merges: Sequence[Pair]) -> tuple[Counter[Pair], dict[str, Word]]:
    """In how many places of `words` each pair stood when it was merged; and every word's pieces in the end."""
    ranks = {pair: number for number, pair in enumerate(merges)}
    counts, pieces = Counter(), {}
    for word, times in words.items():
        stages, made = growth([tuple(word)], ranks)
        pieces[word] = stages[-1][0]
        for pair, places in made:
            counts[pair] += places * times
    return counts, pieces
