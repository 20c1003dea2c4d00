"""Steps that repeat in a row, such as those of a loop: one of them is shown, in a box that says how many there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .graph import LEAVES, Card, Cluster, Graph, altered, consumers_of, merged, parameters_in
from .rolling import Names, common, kinds_of_clusters, words_of

LONGEST_STEP = 64  # cards in a step
FEWEST = 3  # steps that are worth rolling up
ROUNDS = 3  # loops in loops
MOST_NAMES = 4  # in the title of a box


@dataclass(slots=True)
class Run:
    """Computed cards that repeat: `numbers` are those of all steps, one step after the other.

    `carried` tells, for a place in the step and one of its operands, at which place of an earlier step that was
    computed; `initial` are the operands instead of it in the first step.
    """

    numbers: list[int]
    period: int
    carried: dict[tuple[int, int], int] = field(default_factory=dict)
    initial: dict[int, list[int]] = field(default_factory=dict)
    shared: Cluster | None = None  # the innermost box around all steps
    box: Cluster | None = None  # the new one around a step
    word: str = "step"  # or "one", of layers in a row

    @property
    def repeats(self) -> int:
        return len(self.numbers) // self.period


def steps_rolled_up(graph: Graph) -> Graph:
    """Where the same cards repeat, each time computed from the time before, they are shown once: the last time."""
    for _ in range(ROUNDS):
        runs = runs_of(graph)
        if not runs:
            break
        graph = rolled(graph, runs)
    return graph


# -- finding them ----------------------------------------------------------------------------------------


def runs_of(graph: Graph) -> list[Run]:
    row = [number for number, card in enumerate(graph.cards) if card.role not in LEAVES and card.role != "stub"]
    place = {number: i for i, number in enumerate(row)}
    kinds = kinds_in_row(graph, row)
    taken = np.zeros(len(row), bool)
    runs = []
    for start, end, period in stretches(kinds):
        if taken[start:end].any():
            continue
        first, repeats = same_steps(graph, row, place, (start, end, period))
        run = Run(row[first : first + repeats * period], period)
        if repeats >= FEWEST:
            find_carried(graph, run)
            if run.carried:
                taken[first : first + repeats * period] = True
                runs.append(run)
    return runs


def kinds_in_row(graph: Graph, row: list[int]) -> Any:
    """A number for what each computed card is, without regard to what it is computed from."""
    names = Names()
    boxes = kinds_of_clusters(graph, names)
    found = []
    for number in row:
        card = graph.cards[number]
        kind = *words_of(card), card.shape, card.count, len(card.parents)
        found.append(names[kind, boxes[id(card.cluster)]])
    return np.array(found, np.int64)


def stretches(kinds: Any) -> list[tuple[int, int, int]]:
    """Where kinds repeat with some period, as (start, end, period): the longest first, then the shortest period."""
    found = []
    for period in range(1, min(LONGEST_STEP, len(kinds) // FEWEST) + 1):
        differs = np.flatnonzero(kinds[period:] != kinds[:-period])
        starts, ends = np.append(0, differs + 1), np.append(differs, len(kinds) - period) + period
        covered = (ends - starts) // period * period
        for i in np.flatnonzero(covered >= FEWEST * period):
            found.append((-int(covered[i]), period, int(starts[i]), int(ends[i])))
    return [(start, end, period) for _, period, start, end in sorted(found)]


def same_steps(graph: Graph, row: list[int], place: dict[int, int], where: tuple[int, int, int]) -> tuple[int, int]:
    """The most steps in a stretch that compute from the same things, as the place of the first and their number."""
    start, end, period = where
    best = start, 0
    i = start + period
    while i <= end:
        if i == end or not is_same(graph, row, place, i, period, start):
            best = max(best, (start, (i - start) // period), key=lambda each: each[1])
            start = i - period + 1
            i = max(i, start + period - 1)
        i += 1
    return best


def is_same(graph: Graph, row: list[int], place: dict[int, int], i: int, period: int, start: int) -> bool:
    """Whether a card is computed as the one a step before it: from the same card, or from what is one step later."""
    card, before = graph.cards[row[i]], graph.cards[row[i - period]]
    for a, b in zip(card.parents, before.parents):
        if a == b:
            continue
        if (a in card.stretched) != (b in before.stretched):
            return False
        here, there = place.get(a), place.get(b)
        if here is None and there is None:
            one, other = graph.cards[a], graph.cards[b]
            if (one.role, one.shape) != (other.role, other.shape):
                return False
        elif here is None or there is None or here - there != period:
            # The first step starts with something else: that is what later steps take from the step before.
            is_start = start <= (-1 if here is None else here) < start + period and (there is None or there < start)
            if not (is_start and i < start + 2 * period):
                return False
    return True


def find_carried(graph: Graph, run: Run) -> None:
    """Which operands come from an earlier step, seen from the last one; and what the first ones were."""
    at = {number: i for i, number in enumerate(run.numbers)}
    last = len(run.numbers) - run.period
    for slot in range(run.period):
        for t, parent in enumerate(graph.cards[run.numbers[last + slot]].parents):
            if parent not in at or at[parent] >= last:
                continue
            source = at[parent] % run.period
            every = [graph.cards[number].parents[t] for number in run.numbers[slot :: run.period]]
            if all(each == parent for each in every):
                continue
            run.carried[slot, t] = source
            outside = [each for each in every if each not in at]
            known = run.initial.setdefault(source, [])
            known += [each for each in dict.fromkeys(outside) if each not in known]


# -- their box -------------------------------------------------------------------------------------------


def find_boxes(graph: Graph, run: Run) -> dict[int, Cluster]:
    """For the boxes around the cards of all steps those that stand for them, inside a box for the step."""
    first, last = graph.cards[run.numbers[0]], graph.cards[run.numbers[-1]]
    clusters = [graph.cards[number].cluster for number in run.numbers]
    shared = around_all(clusters)
    depth = len(shared.chain()) if shared else 0
    run.box = run.shared = shared
    if run.period > 1:
        inner = [each.cluster.chain()[depth:] for each in (first, last) if each.cluster]
        ends = [chain[0].title for chain in inner if chain]
        symbols = [[graph.cards[i].symbol for i in run.numbers[slot :: run.period]] for slot in range(run.period)]
        names = dict.fromkeys(common(same) for same in symbols)
        run.word = "step" if len(set(ends)) < 2 else "one"
        repeats = sum(graph.cards[number].steps for number in run.numbers[:: run.period])
        title = f"× {repeats:,} steps" if run.word == "step" else f"× {repeats:,} in a row"
        label = " … ".join(dict.fromkeys(ends)) or ", ".join([*names][:MOST_NAMES]) + ", …" * (len(names) > MOST_NAMES)
        run.box = Cluster("", title, label, shared)
    found: dict[int, Cluster] = {}
    for slot in range(run.period):
        outer = run.box
        for same in zip(*(each.chain()[depth:] for each in clusters[slot :: run.period] if each)):
            if id(same[-1]) not in found:
                box = Cluster(same[-1].path, common([each.title for each in same]), same[-1].label, outer)
                found.update((id(each), box) for each in same)
            outer = found[id(same[-1])]
    return found


def around_all(clusters: Sequence[Cluster | None]) -> Cluster | None:
    """The innermost cluster around all of these."""
    different = {id(cluster): cluster for cluster in clusters}.values()
    shared = None
    for level in zip(*(cluster.chain() if cluster else [] for cluster in different)):
        if any(each is not level[0] for each in level):
            break
        shared = level[0]
    return shared


# -- rolling them up -------------------------------------------------------------------------------------


def rolled(graph: Graph, runs: list[Run]) -> Graph:
    """The graph with one step for each run."""
    boxes: dict[int, Cluster] = {}
    for run in runs:
        boxes |= find_boxes(graph, run)
    graph, where = with_stubs(graph, runs, boxes)
    groups: list[Any] = list(range(len(graph.cards)))
    of_group: dict[Any, Run] = {}
    for i, run in enumerate(runs):
        for j, number in enumerate(run.numbers):
            groups[where[number]] = group = -1 - (i * LONGEST_STEP + j % run.period)
            of_group[group] = run
    gather_leaves(graph, groups, of_group)
    names = Names()
    return merged(
        graph,
        [names[group] for group in groups],
        lambda _, inside: of_all_steps([graph.cards[number] for number in inside]),
    )


def with_stubs(graph: Graph, runs: list[Run], boxes: dict[int, Cluster]) -> tuple[Graph, dict[int, int]]:
    """The graph with its new boxes, and stubs for what comes from the step before; and where each card went."""
    of_run = {number: (run, i % run.period) for run in runs for i, number in enumerate(run.numbers)}
    stubs: dict[tuple[int, int], int] = {}
    cards: list[Card] = []
    where: dict[int, int] = {}

    def place(number: int) -> int:
        """Where a card went, or goes now: what a later step starts with may be a leaf that comes after this one."""
        if number not in where:
            card = graph.cards[number]
            run, slot = of_run.get(number, (None, 0))
            parents: list[int] = []
            for t, parent in enumerate(card.parents):
                source = None if run is None else run.carried.get((slot, t))
                parents += [place(parent)] if run is None or source is None else before(run, source)
            stretched = frozenset(place(p) for p in card.stretched)
            box = run.box if run else card.cluster
            if run or card.role in LEAVES:  # what is computed outside of the steps stays there
                box = boxes.get(id(card.cluster), box)
            where[number] = len(cards)
            cards.append(altered(card, parents=tuple(parents), stretched=stretched & {*parents}, cluster=box))
        return where[number]

    def before(run: Run, source: int) -> list[int]:
        """What stands for the step before: a stub, to which leads what the first step starts with."""
        initial = [place(each) for each in run.initial[source]]
        if run.period == 1:
            return initial
        if (id(run), source) not in stubs:
            stubs[id(run), source] = len(cards)
            card = graph.cards[run.numbers[source]]
            text = f"{card.label or card.symbol} of the {run.word} before"
            cards.append(Card("stub", text, parents=tuple(initial), nodes=0, cluster=run.box))
        return [stubs[id(run), source]]

    for number in range(len(graph.cards)):
        place(number)
    return replace(graph, cards=cards, roots=[where[root] for root in graph.roots]), where


def gather_leaves(graph: Graph, groups: list[Any], of_group: dict[Any, Run]) -> None:
    """Leaves that are used at one place of a step only, in each step another one, are one leaf, too."""
    for number, users in enumerate(consumers_of(graph)):
        card, inside = graph.cards[number], [groups[user] for user in users]
        is_own = users and len({*inside}) == len(users) and all(group in of_group for group in inside)
        if card.role not in LEAVES or not is_own:
            continue
        run = of_group[inside[0]]
        places = [graph.cards[user].parents.index(number) for user in users]
        groups[number] = ("leaf", card.shape, *inside, *places)
        card.cluster = run.box if card.cluster is run.shared else card.cluster


def of_all_steps(cards: list[Card]) -> Card:
    """One card for one place in all steps, with what the last step has there."""
    first, last = cards[0], cards[-1]
    if len(cards) == 1:
        return first
    return altered(
        last,
        symbol=common([card.symbol for card in cards]),
        name=common([card.name for card in cards]),
        options=common([card.options for card in cards]),
        label=common([card.label for card in cards]),
        count=sum(card.steps for card in cards) * first.count,
        steps=1,
        in_row=True,
        parameters=parameters_in(cards),
        cluster=first.cluster,
    )
