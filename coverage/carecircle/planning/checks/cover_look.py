"""One look at one plan: sites, allocation, gains, objective, bound, each counted anew."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carecircle.planning.checks.exact_bounds import least_price, most_weight

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from carecircle.planning.instance import Instance
    from carecircle.planning.plan import Plan

    Flags = NDArray[np.bool_]

__all__ = ["FEWEST", "SAME", "Look", "same", "same_to"]

#: Figures this far apart, of 1 at least, count as the same.
SAME = Fraction(1, 10**6)
#: Problems whose objective is a number of sites or their cost.
FEWEST = ("min_sites", "min_sites_for_share")
# trying every swap is cheap up to so many looked-at pairs
_MOST_LOOKS = 20_000_000


class Look:
    """One look at one plan; each check yields the faults it finds."""

    def __init__(self, instance: Instance, plan: Plan) -> None:
        self.instance, self.plan = instance, plan
        self.at = instance.site_ids.get_indexer(plan.chosen.index)
        self.chosen = np.zeros(instance.n_sites, dtype=bool)
        self.chosen[self.at[self.at >= 0]] = True
        self.kept = instance.existing & ~instance.forbidden
        self.near = instance.minutes <= instance.limit[instance.row]
        self.dual: Fraction | None = None

    def checks(self) -> list[Callable[[], Iterator[str]]]:
        """Return the checks in their order: later ones rely on earlier ones."""
        rules = [self.sites, self.amounts, self.people, self.allocation, self.gains]
        return [*rules, self.apart, self.objective, self.bound, self.equity, self.second]

    def count(self, chosen: Flags) -> NDArray[np.int64]:
        """Return how many facilities cover each demand point."""
        use = self.near & (chosen | self.kept)[self.instance.column]
        own = np.zeros(self.instance.n_demand, dtype=np.int64)
        np.add.at(own, self.instance.row[use], 1)
        return own + self.instance.today_count

    def weight(self, which: Flags) -> Fraction:
        """Add up weights without rounding."""
        # a common denominator: whole numbers add up much faster than fractions
        parts = [float(one).as_integer_ratio() for one in self.instance.weight[which]]
        below = max((down for _, down in parts), default=1)
        return Fraction(sum(up * (below // down) for up, down in parts), below)

    def sites(self) -> Iterator[str]:
        """Look for sites that may not be chosen, or not together."""
        instance, ids = self.instance, self.plan.chosen.index
        if (self.at < 0).any():
            yield f"site {ids[self.at < 0][0]!r} is not in the problem"
        if ids.has_duplicates:
            yield f"site {ids[ids.duplicated()][0]!r} is chosen twice"
        for flags, what in (
            (instance.forbidden, "forbidden"),
            (instance.existing, "there already"),
        ):
            if (self.chosen & flags).any():
                yield f"site {instance.site_ids[self.chosen & flags][0]!r} is {what}"
        missing = instance.required & ~self.chosen & ~self.kept
        if missing.any():
            yield f"required site {instance.site_ids[missing][0]!r} is missing"
        stands = (self.chosen | self.kept) & (instance.group >= 0)
        for group in np.unique(instance.group[stands]):
            both = instance.site_ids[stands & (instance.group == group)]
            if len(both) > 1:
                yield f"sites {both[0]!r} and {both[1]!r} exclude one another"

    def amounts(self) -> Iterator[str]:
        """Look at number, budget and costs."""
        n_sites, budget = (self.plan.terms.get(name) for name in ("n_sites", "budget"))
        cost = self.instance.cost[self.at]
        if isinstance(n_sites, int) and len(self.at) > n_sites:
            yield f"{len(self.at)} sites are chosen, {n_sites} were allowed"
        if isinstance(budget, (int, float)):
            spent = sum((Fraction(float(one)) for one in cost), Fraction(0))
            if spent > Fraction(float(budget)) + SAME:
                yield f"the sites cost {float(spent):g}, the budget is {budget:g}"
        if not np.array_equal(self.plan.chosen["cost"].to_numpy(dtype=float), cost):
            yield "a cost differs from that of the problem"

    def people(self) -> Iterator[str]:
        """Look at who should be covered and is not, and who was left out without need."""
        reach = np.zeros(self.instance.n_demand, dtype=bool)
        reach[self.instance.row[self.near & self.may_stand()[self.instance.column]]] = True
        reach |= self.instance.today_count > 0
        ids = self.instance.demand_ids
        if set(self.plan.left_out) != set(ids[~reach]):
            yield "left_out is not the demand that nothing can cover"
        covered = self.count(self.chosen) > 0
        if self.plan.problem == "min_sites" and (reach & ~covered).any():
            yield f"demand {ids[reach & ~covered][0]!r} is not covered"
        share = self.plan.terms.get("share")
        if isinstance(share, float):
            total, got = self.weight(np.ones(len(ids), dtype=bool)), self.weight(covered)
            if got < Fraction(share) * total * (1 - SAME / 1000) - SAME:
                yield f"{float(got):g} of {float(total):g} is covered, below the share {share:g}"

    def may_stand(self) -> Flags:
        """Return which sites no rule shuts out: neither by hand nor by one of their group."""
        group, must = self.instance.group, self.kept | self.instance.required
        held = {int(one) for one in group[must] if one >= 0}
        rival = np.array([int(one) in held for one in group], dtype=bool) & ~must
        return ~self.instance.forbidden & ~rival

    def allocation(self) -> Iterator[str]:
        """Look whether everyone goes to the nearest facility that stands, within the limit."""
        instance, table = self.instance, self.plan.allocation
        if not table.index.equals(pd.Index(instance.demand_ids)):
            yield "the allocation is not one row per demand point"
            return
        best = instance.today_minutes.copy()
        use = self.near & (self.chosen | self.kept)[instance.column]
        np.minimum.at(best, instance.row[use], instance.minutes[use])
        said = table["minutes"].fillna(np.inf).to_numpy(dtype=float)
        wrong = said != best
        if wrong.any():
            yield f"demand {instance.demand_ids[wrong][0]!r} is not with its nearest facility"
            return
        sent = table["site_id"].notna().to_numpy()
        pairs = pd.DataFrame(
            {"row": instance.row[use], "site": instance.column[use], "m": instance.minutes[use]}
        )
        to = instance.site_ids.get_indexer(pd.Index(table["site_id"][sent]))
        asked = pd.DataFrame({"row": np.flatnonzero(sent), "site": to, "m": said[sent]})
        if len(asked.merge(pairs)) < len(asked):
            yield "someone is sent to a site that does not stand, or where no pair leads"

    def gains(self) -> Iterator[str]:
        """Look whether each gain is what the site adds to those before, and none rises."""
        covered, so_far = self.count(np.zeros_like(self.chosen)) > 0, Fraction(0)
        last, starts = None, self.starts()
        for place, site in enumerate(self.at):
            mine = np.zeros(self.instance.n_demand, dtype=bool)
            mine[self.instance.row[self.near & (self.instance.column == site)]] = True
            gain = self.weight(mine & ~covered)
            covered |= mine
            so_far += gain
            row = self.plan.chosen.iloc[place]
            if not same(gain, row["gain"]):
                yield f"site {row.name!r} adds {float(gain):g}, the plan says {row['gain']:g}"
            if not same(so_far, row["cumulative"]):
                yield f"up to site {row.name!r} the gains come to {float(so_far):g}"
            if last is not None and place not in starts and gain > last + same_to(last):
                yield f"site {row.name!r} adds more than the one before it"
            last = gain

    def starts(self) -> set[int]:
        """Return the places in the order of building where gains may rise again."""
        return {0}

    def sign(self) -> int:
        """Return 1 where the objective is to be large, -1 where small."""
        return -1 if self.plan.problem in FEWEST else 1

    def earlier(self) -> Iterator[tuple[Flags, int]]:
        """Yield the sites of each plan found before, and how many of them may be chosen."""
        for ids, differ in self.plan.terms.get("apart_from", ()):  # type: ignore[attr-defined]  # pairs
            yield self.instance.site_ids.isin(ids), max(len(ids) - differ, 0)

    def apart(self) -> Iterator[str]:
        """Look whether the plan is another one than those found before."""
        for own, room in self.earlier():
            if (own & self.chosen).sum() > room:
                yield f"more than {room} sites are those of one plan found before"

    def second(self) -> Iterator[str]:
        """Look whether so much of a second demand is covered as was asked for."""
        asked = self.plan.terms.get("at_least")
        if isinstance(asked, tuple):
            look, amount = Look(asked[0], self.plan), Fraction(float(asked[1]))
            got = look.weight(look.count(look.chosen) > 0)
            if got < amount - same_to(amount):
                yield f"of the second demand {float(got):g} is covered, below {float(amount):g}"

    def objective(self) -> Iterator[str]:
        """Look whether the objective is what the sites come to."""
        value, said = self.value(), self.plan.proof.objective
        if not same(value, said):
            yield f"the objective is {float(value):g}, the plan says {said:g}"

    def value(self) -> Fraction:
        """Count the objective."""
        problem, terms = self.plan.problem, self.plan.terms
        if problem in FEWEST:
            price = (
                self.instance.cost if terms.get("least") == "cost" else np.ones(len(self.chosen))
            )
            return sum((Fraction(float(one)) for one in price[self.at]), Fraction(0))
        count = self.count(self.chosen)
        if problem == "max_min_share":
            return min(self.shares(terms["unit"]), default=Fraction(0))
        return self.weight(count >= (2 if problem == "backup_cover" else 1))

    def shares(self, unit: object) -> list[Fraction]:
        """Return the covered share of each unit."""
        covered = self.count(self.chosen) > 0
        label = pd.Series(unit).reindex(self.instance.demand_ids)
        code, names = pd.factorize(label.where(self.instance.weight > 0), sort=True)
        every = [code == number for number in range(len(names))]
        return [self.weight(one & covered) / self.weight(one) for one in every]

    def bound(self) -> Iterator[str]:
        """Look whether the bound contradicts the objective, the duals, or a plan near by."""
        problem, value, said = self.plan.problem, self.value(), self.plan.proof.bound
        sign = self.sign()
        if np.isfinite(said) and sign * (value - Fraction(said)) > same_to(abs(value)):
            yield f"the objective {float(value):g} is beyond the bound {said:g}"
        self.dual = self.duality()
        if self.dual is not None and sign * (value - self.dual) > same_to(abs(value)):
            yield f"the objective {float(value):g} is beyond what duality allows"
        bare = not self.plan.terms.get("equity") and "at_least" not in self.plan.terms
        if problem == "max_cover" and bare:
            yield from self.swaps()

    def duality(self) -> Fraction | None:
        """Return the exact bound of weak duality, where there is one."""
        instance, terms = self.instance, self.plan.terms
        required = instance.required & ~instance.existing
        open_ = self.count(instance.required) == 0
        free = replace(instance, forbidden=~self.may_stand())
        if self.plan.problem == "max_cover":
            n_sites, budget = (
                float(value) if isinstance(value := terms.get(name), (int, float)) else np.inf
                for name in ("n_sites", "budget")
            )
            most = most_weight(
                free,
                open_,
                n_sites=n_sites - required.sum(),
                budget=budget - instance.cost[required].sum(),
            )
            return None if most is None else most + self.weight(~open_)
        if self.plan.problem == "min_sites":
            price = instance.cost if terms.get("least") == "cost" else np.ones(instance.n_sites)
            least = least_price(free, open_, price)
            spent = sum((Fraction(float(one)) for one in price[required]), Fraction(0))
            return None if least is None else least + spent
        return None

    def swaps(self) -> Iterator[str]:
        """Try every site in place of each chosen one; none may cover more than the bound."""
        instance, bound = self.instance, self.plan.proof.bound
        if (len(self.at) + 1) * len(instance.row) > _MOST_LOOKS:
            return
        budget = self.plan.terms.get("budget")
        most = float(budget) if isinstance(budget, (int, float)) else np.inf
        n_sites = self.plan.terms.get("n_sites")
        more = not isinstance(n_sites, int) or len(self.at) < n_sites
        outs = [-1] * more + [int(site) for site in self.at if not instance.required[site]]
        for out in outs:
            left = self.chosen.copy()
            left[[out] * (out >= 0)] = False
            covered = self.count(left) > 0
            gain = np.zeros(instance.n_sites)
            use = self.near & ~covered[instance.row]
            np.add.at(gain, instance.column[use], instance.weight[instance.row[use]])
            taken = instance.group[(left | self.kept) & (instance.group >= 0)]
            free = ~left & ~self.kept & ~instance.forbidden & ~np.isin(instance.group, taken)
            free &= instance.cost + instance.cost[left].sum() <= most
            for own, room in self.earlier():
                free &= (own & left).sum() + own <= room
            value = float(instance.weight[covered].sum()) + np.where(free, gain, 0.0).max(initial=0)
            if value > bound + float(SAME) * max(1.0, abs(bound)):
                into = instance.site_ids[int(np.argmax(np.where(free, gain, 0.0)))]
                yield f"with site {into!r} {value:g} is covered, more than the bound {bound:g}"

    def equity(self) -> Iterator[str]:
        """Look whether every rule between units holds."""
        for rule in self.plan.terms.get("equity", ()):  # type: ignore[attr-defined]  # a tuple of Equity
            shares = self.shares(rule.unit)
            if rule.min_share is not None and min(shares) < Fraction(rule.min_share) - SAME:
                yield f"a unit has {float(min(shares)):.6g} covered, below {rule.min_share:g}"
            apart = max(shares) - min(shares)
            if rule.max_gap is not None and apart > Fraction(rule.max_gap) + SAME:
                yield f"units are {float(apart):.6g} apart, above {rule.max_gap:g}"

    def proof_text(self) -> str:
        """Say what duality proves of the plan."""
        if self.dual is None:
            return ""
        value = self.value()
        gap = abs(value - self.dual) / max(abs(value), SAME)
        return f"; exact dual bound {float(self.dual):,.6g} (gap {float(gap):.2%})"


def same_to(size: Fraction) -> Fraction:
    """Return how far two figures of a size may be apart: a millionth, of 1 at least."""
    return SAME * (size if size > 1 else Fraction(1))


def same(exact: Fraction, said: float) -> bool:
    """Return whether a figure is the exact one, but for rounding."""
    if not np.isfinite(said):
        return False
    return abs(exact - Fraction(float(said))) <= same_to(abs(exact))
