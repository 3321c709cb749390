"""A synchronous grammar: rules that write a sentence in two languages at once.

A rule is a pair of templates with the same slots, `("{whose} {name}", "{whose}的{name}")`; the slots may stand in
another order, and each is filled on both sides by one rule of the symbol it names. Nothing is recursive.

Source: Lewis & Stearns 1968, "Syntax-directed transduction"; Chiang 2006, "An introduction to synchronous grammars".
"""

import itertools
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

Rule = tuple[str, str]

SLOT = re.compile(r"{(\w+)}")


@dataclass(frozen=True)
class Grammar:
    """Rules by symbol; all that can be said is what follows from the symbol `sentence`."""

    rules: Mapping[str, tuple[Rule, ...]]

    @cached_property
    def slots(self) -> dict[str, tuple[tuple[str, ...], ...]]:
        """The slots of every rule, by symbol, for the symbols a sentence is made of, in the order they are met."""
        found, waiting = {}, ["sentence"]
        while waiting:
            symbol = waiting.pop(0)
            if symbol not in found:
                found[symbol] = tuple(tuple(SLOT.findall(english)) for english, _ in self.rules[symbol])
                waiting += [slot for slots in found[symbol] for slot in slots]
        return found

    def draw(self, rng: np.random.Generator, symbol: str = "sentence") -> Rule:
        """One of all pairs, every rule of a symbol as likely as its others."""
        number = int(rng.integers(len(self.rules[symbol])))
        slots = self.slots[symbol][number]
        return filled(self.rules[symbol][number], {slot: self.draw(rng, slot) for slot in slots})

    def every(self, symbol: str = "sentence") -> Iterator[Rule]:
        """All pairs a symbol stands for, one after the other."""
        for rule, slots in zip(self.rules[symbol], self.slots[symbol], strict=True):
            for values in itertools.product(*(list(self.every(slot)) for slot in slots)):
                yield filled(rule, dict(zip(slots, values, strict=True)))

    def count(self) -> int:
        """How many pairs there are."""

        @cache
        def of(symbol: str) -> int:
            return sum(math.prod(map(of, slots)) for slots in self.slots[symbol])

        return of("sentence")

    def terminals(self, side: int) -> Iterator[str]:
        """What stands in the rules beside the slots: side 0 is English, 1 Chinese."""
        for symbol in self.slots:
            yield from (SLOT.sub(" ", rule[side]) for rule in self.rules[symbol])

    def longest(self, side: int, tokens: Callable[[str], list[str]]) -> int:
        """The most tokens of one sentence."""

        @cache
        def of(symbol: str) -> int:
            rules = zip(self.rules[symbol], self.slots[symbol], strict=True)
            return max(len(tokens(SLOT.sub(" ", rule[side]))) + sum(map(of, slots)) for rule, slots in rules)

        return of("sentence")


def filled(rule: Rule, values: Mapping[str, Rule]) -> Rule:
    """Both templates of a rule with what its slots stand for."""
    english, chinese = rule
    return (
        english.format_map({slot: value[0] for slot, value in values.items()}),
        chinese.format_map({slot: value[1] for slot, value in values.items()}),
    )
