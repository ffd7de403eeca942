"""Relocations, rosters and phases counted anew, from the pairs and the terms alone."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from carecircle.planning.checks.cover_look import SAME, Look, same, same_to

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd

    from carecircle.planning.instance import Instance
    from carecircle.planning.plan import Plan

__all__ = ["PhasedLook", "RelocationLook", "RosterLook"]


class RelocationLook(Look):
    """What is closed, moved and opened, what it costs, and that nobody loses by it in all."""

    def __init__(self, instance: Instance, plan: Plan) -> None:
        terms: Any = plan.terms
        self.before, self.moved = instance, dict(terms["moved"])
        self.gone = [*terms["closed"], *self.moved]
        forbidden = instance.forbidden | instance.site_ids.isin(self.gone)
        super().__init__(replace(instance, forbidden=forbidden), plan)

    def checks(self) -> list[Callable[[], Iterator[str]]]:
        """Return the checks in their order."""
        # what may be closed rules out none of its group
        stays = self.before.existing & self.before.required
        free = Look(replace(self.before, existing=stays), self.plan)
        rules = [self.changes, self.sites, self.money, free.people]
        found = [self.allocation, self.gains, self.objective, self.bound]
        return [*rules, *found, self.no_less, self.one_more]

    def changes(self) -> Iterator[str]:
        """Look for closings and moves of what cannot be closed or moved."""
        ids, before, terms = self.before.site_ids, self.before, self.plan.terms
        may = before.existing & ~before.forbidden
        for site in self.gone:
            if site not in ids[may]:
                yield f"site {site!r} does not stand today, so it cannot be closed or moved"
        if len(set(self.gone)) < len(self.gone):
            yield "a site is closed twice"
        if len(set(self.moved.values())) < len(self.moved):
            yield "two sites move to one"
        for out, into in self.moved.items():
            if into not in self.plan.chosen.index:
                yield f"site {out!r} moves to {into!r}, which is not chosen"
            move: Any = terms.get("move_cost")
            if move is None or (out, into) not in move.index:
                yield f"site {out!r} may not move to {into!r}"
        limit = terms.get("n_standing")
        stands = int((self.chosen | self.kept).sum())
        if isinstance(limit, int) and stands > limit:
            yield f"{stands} sites stand, {limit} were allowed"

    def money(self) -> Iterator[str]:
        """Look at what each change costs, and all together."""
        terms: Any = self.plan.terms
        move, closing = terms.get("move_cost"), terms.get("closing_cost")
        moved = {into: move.loc[(out, into)] for out, into in self.moved.items()}
        price = dict(zip(self.before.site_ids, self.before.cost, strict=True)) | moved
        paid = [Fraction(float(price[site])) for site in self.plan.chosen.index]
        for site, is_, said in zip(
            self.plan.chosen.index, paid, self.plan.chosen["cost"], strict=True
        ):
            if not same(is_, said):
                yield f"site {site!r} costs {float(is_):g}, the plan says {said:g}"
        if closing is not None:
            paid += [Fraction(float(closing.get(site, 0.0))) for site in terms["closed"]]
        spent = sum(paid, Fraction(0))
        if spent > Fraction(float(terms["budget"])) + SAME:
            yield f"the changes cost {float(spent):g}, the budget is {terms['budget']:g}"
        if not same(spent, terms["spent"]):
            yield f"the changes cost {float(spent):g}, the plan says {terms['spent']:g}"

    def no_less(self) -> Iterator[str]:
        """Look whether as much weight is covered as today."""
        today = Look(self.before, self.plan)
        was = self.weight(today.count(np.zeros_like(self.chosen)) > 0)
        if self.value() < was - SAME:
            yield f"{float(self.value()):g} is covered, {float(was):g} is today"

    def one_more(self) -> Iterator[str]:
        """Try each further opening that the money left over pays; none may beat the bound."""
        instance, terms = self.instance, self.plan.terms
        spent: Any = terms["spent"]
        budget: Any = terms["budget"]
        limit = terms.get("n_standing")
        if isinstance(limit, int) and (self.chosen | self.kept).sum() >= limit:
            return
        taken = instance.group[(self.chosen | self.kept) & (instance.group >= 0)]
        free = ~self.chosen & ~self.before.existing & ~instance.forbidden
        free &= ~np.isin(instance.group, taken) & (instance.cost <= budget - spent)
        use = self.near & (self.count(self.chosen) == 0)[instance.row] & free[instance.column]
        gain = np.bincount(
            instance.column[use], instance.weight[instance.row[use]], instance.n_sites
        )
        most = float(self.value()) + float(gain.max(initial=0.0))
        if most > self.plan.proof.bound + float(SAME) * max(1.0, most):
            into = instance.site_ids[int(np.argmax(gain))]
            yield f"with {into!r} {most:g} is covered, more than the bound"


class RosterLook(Look):
    """Who has what by the roster."""

    def checks(self) -> list[Callable[[], Iterator[str]]]:
        """Return the checks in their order."""
        rules = [self.sites, self.amounts, self.people, self.allocation, self.gains, self.left]
        return [*rules, self.duties, self.objective, self.bound, self.spare]

    def sign(self) -> int:
        """Return -1: the objective is to be small."""
        return -1

    def value(self) -> Fraction:
        """Count the sites, or add up their costs."""
        by_cost = self.plan.terms["least"] == "cost"
        price = self.instance.cost if by_cost else np.ones(len(self.chosen))
        return sum((Fraction(float(one)) for one in price[self.at]), Fraction(0))

    def short(self, stands: set[str]) -> list[tuple[str, str, int]]:
        """Return rule, unit and how many are missing, if these sites stand."""
        found: list[tuple[str, str, int]] = []
        rules: Any = self.plan.terms["rules"]
        for rule in rules:
            have = {str(unit): int(number) for unit, number in rule.has.items()}
            for site, text in rule.serves.dropna().items():
                for unit in {one.strip() for one in str(text).split(";")}:
                    have[unit] = have.get(unit, 0) + (str(site) in stands)
            lacks = ((str(unit), rule.least - have.get(str(unit), 0)) for unit in rule.units)
            found += [(rule.name, unit, lack) for unit, lack in lacks if lack > 0]
        return found

    def standing(self, chosen: list[str]) -> set[str]:
        """Return the ids of existing sites and some chosen ones."""
        return {str(site) for site in (*self.instance.site_ids[self.kept], *chosen)}

    def excused(self) -> set[tuple[str, str]]:
        """Return the units that were left out."""
        table: Any = self.plan.terms["units_left_out"]
        return {(str(one.rule), str(one.unit)) for one in table.itertuples()}

    def left(self) -> Iterator[str]:
        """Look for units left out without need."""
        usable = self.instance.site_ids[~self.instance.forbidden]
        cannot = {(rule, unit) for rule, unit, _ in self.short({str(site) for site in usable})}
        for rule, unit in sorted(self.excused() - cannot):
            yield f"{rule} {unit} is left out, but there are sites enough"
        for rule, unit in sorted(cannot - self.excused()):
            yield f"{rule} {unit} cannot have what it is owed, and is not named"

    def duties(self) -> Iterator[str]:
        """Look for units that lack what they are owed."""
        for rule, unit, lack in self.short(self.standing(self.plan.site_ids)):
            if (rule, unit) not in self.excused():
                yield f"{rule} {unit} lacks {lack}"

    def spare(self) -> Iterator[str]:
        """Leave each site out in turn: if all is met without it, the bound must allow that."""
        by_cost = self.plan.terms["least"] == "cost"
        for place, site in enumerate(self.plan.site_ids):
            if self.instance.required[self.at[place]]:
                continue
            price = float(self.instance.cost[self.at[place]]) if by_cost else 1.0
            others = [one for one in self.plan.site_ids if one != site]
            lack = {(rule, unit) for rule, unit, _ in self.short(self.standing(others))}
            less = float(self.value()) - price
            if lack <= self.excused() and less < self.plan.proof.bound - float(SAME):
                yield f"without site {site!r} all is met for {less:g}, less than the bound"


class PhasedLook(Look):
    """What is built when, and what is covered in each period."""

    def checks(self) -> list[Callable[[], Iterator[str]]]:
        """Return the checks in their order."""
        rules = [self.sites, self.amounts, self.people, self.periods, self.allocation, self.gains]
        return [*rules, self.yearly, self.objective, self.bound]

    @property
    def period(self) -> pd.Series:
        """Period of each chosen site."""
        return self.plan.chosen["period"]

    @property
    def n_periods(self) -> int:
        """Number of periods."""
        table: Any = self.plan.terms["periods"]
        return len(table)

    def starts(self) -> set[int]:
        """Return the first places of periods."""
        return {0, *(np.flatnonzero(np.diff(self.period.to_numpy())) + 1).tolist()}

    def periods(self) -> Iterator[str]:
        """Look at the number and the cost in each period."""
        period, terms = self.period.to_numpy(), self.plan.terms
        if (np.diff(period) < 0).any() or not np.isin(period, 1 + np.arange(self.n_periods)).all():
            yield "the periods are not in order, or one is unknown"
            return
        for name, each in (("n_sites", np.ones(len(period))), ("budget", None)):
            most: Any = terms.get(name)
            if most is None:
                continue
            price = self.instance.cost[self.at] if each is None else each
            for number, limit in enumerate(most, start=1):
                used = sum((Fraction(float(one)) for one in price[period == number]), Fraction(0))
                if used > Fraction(float(limit)) + SAME:
                    yield f"period {number}: {name} is {limit:g}, the plan takes {float(used):g}"

    def covered(self) -> list[Fraction]:
        """Return the weight covered at the end of each period."""
        every = []
        for number in range(1, self.n_periods + 1):
            there = np.zeros_like(self.chosen)
            there[self.at[self.period.to_numpy() <= number]] = True
            every.append(self.weight(self.count(there) > 0))
        return every

    def yearly(self) -> Iterator[str]:
        """Look at the table of periods, and whether any of them is worse than the one before."""
        table: Any = self.plan.terms["periods"]
        covered = self.covered()
        today = self.weight(self.count(np.zeros_like(self.chosen)) > 0)
        for before, now in zip([today, *covered], covered, strict=False):
            if now < before:
                yield f"{float(now):g} is covered after {float(before):g}"
        for number, (is_, said) in enumerate(zip(covered, table["covered"], strict=True), start=1):
            if not same(is_, said):
                yield f"period {number}: {float(is_):g} is covered, the plan says {said:g}"
        limit = self.plan.terms.get("earlier_bound")
        earlier = sum(covered[:-1], Fraction(0))
        if isinstance(limit, float) and earlier > Fraction(limit) + same_to(earlier):
            yield f"the earlier periods come to {float(earlier):g}, beyond their bound {limit:g}"

    def value(self) -> Fraction:
        """Count what the last period covers, or add up the periods by their weights."""
        weight: Any = self.plan.terms.get("period_weight")
        covered = self.covered()
        if weight is None:
            return covered[-1]
        parts = zip(weight, covered, strict=True)
        return sum((Fraction(float(one)) * part for one, part in parts), Fraction(0))
