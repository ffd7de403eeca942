"""Sites that win most people from competitors, who choose by attraction and distance (Huff)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from carecircle.planning.checks.market_look import recounted
from carecircle.planning.engine.capture import Capture, Huff, Pulls, attraction_of, won_table
from carecircle.planning.engine.outcome import nearest_allocation, sites_left
from carecircle.planning.instance import check_instance
from carecircle.planning.options import SolveOptions
from carecircle.planning.plan import Plan, Proof

if TYPE_CHECKING:
    import pandas as pd

    from carecircle.planning.instance import Instance

__all__ = ["Huff", "market_share"]

_DEFAULT = SolveOptions()
_SQUARE = Huff()


def market_share(
    instance: Instance,
    competitors: pd.DataFrame,
    *,
    n_sites: int,
    attraction: pd.Series | None = None,
    huff: Huff = _SQUARE,
    options: SolveOptions = _DEFAULT,
) -> Plan:
    r"""Choose the sites that win the largest share of people from competitors.

    Parameters
    ----------
    instance
        The problem; pairs within the limit count. Existing sites are ours and stay; the nearest
        facility of today within the limit is ours too, with attraction 1.
    competitors
        ``home_id``, ``minutes``; may have ``attraction`` (1 each): the pairs of competitors.
    n_sites
        Most sites to choose, the required ones included.
    attraction
        Index ``site_id``: size or quality of each site; 1 each by default.
    huff
        Law of choice.
    options
        Limits of the search.

    Returns
    -------
    Plan
        Objective and ``gain`` are people won; ``share`` is of all weight. The allocation names the
        nearest of our sites within the limit, though people spread over all.

    Raises
    ------
    InputError
        If ``n_sites`` does not fit the candidates, an id is unknown, or a number is negative.

    Notes
    -----
    .. math:: \max \sum_i w_i \frac{A_i}{A_i + B_i}, \quad A_i = \sum_{j\ standing} a_j / c_{ij}^p

    with the pull B of competitors. The share is concave in A, so its tangents bound it from above:
    mixed-integer models with more and more tangents close the gap (I. Ljubic and E. Moreno 2018,
    Outer approximation and submodular cuts for maximum capture facility location problems with
    random utilities, European Journal of Operational Research 266(1), 46-56). Exact to 1e-7.

    Examples
    --------
    >>> import pandas as pd
    >>> from carecircle.planning.instance import Instance
    >>> pairs = pd.DataFrame({"home_id": ["H1", "H2"], "site_id": ["S1", "S2"],
    ...                       "minutes": [2.0, 2.0]})
    >>> demand = pd.DataFrame({"weight": [30.0, 20.0], "limit": 15.0}, index=["H1", "H2"])
    >>> few = Instance.from_pairs(pairs, demand, pd.DataFrame(index=["S1", "S2"]))
    >>> rival = pd.DataFrame({"home_id": ["H1"], "minutes": [2.0]})
    >>> plan = market_share(few, rival, n_sites=1)
    >>> plan.site_ids, plan.proof.objective
    (['S2'], 20.0)
    """
    check_instance(instance)
    started = time.perf_counter()
    n_new = sites_left(instance, n_sites)
    size = attraction_of(instance, attraction)
    pulls = Pulls(instance, size, competitors, huff)
    capture = Capture(instance, pulls, n_new)
    best = capture.greedy()
    if options.method == "exact":
        best, bound, status = capture.prove(best, options, started)
    else:
        bound, status = capture.relaxed(best, options), "heuristic"
    nearby = instance.within() & ~instance.forbidden[instance.column]
    value = pulls.won(best)
    plan = Plan(
        problem="market_share",
        chosen=won_table(instance, pulls, best),
        allocation=nearest_allocation(instance, best, nearby),
        proof=Proof(
            value, max(bound, value), status, time.perf_counter() - started, capture.solver
        ),
        left_out=instance.unreachable(),
        terms={
            "n_sites": n_sites, "won": value, "power": huff.power,
            "nearest_minutes": huff.nearest_minutes,
        },
    )  # fmt: skip
    return recounted(instance, plan, competitors, size, huff)
