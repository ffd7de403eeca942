"""What the chosen sites must hold to (number, budget, required ones, groups), by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, vstack

from carecircle.errors import InputError
from carecircle.planning.engine.conflicts import Conflict, RuledModel, smallest_conflict
from carecircle.planning.engine.cover_case import some_ids
from carecircle.planning.engine.highs import Model
from carecircle.planning.engine.outcome import sites_left

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carecircle.planning.instance import Instance

    Flags = NDArray[np.bool_]
    Floats = NDArray[np.float64]

__all__ = ["SERVED", "SiteRows", "service_conflict"]

#: Name of the rule that nobody may be missed.
SERVED = "everyone who can be reached is served"


@dataclass(frozen=True, eq=False)
class SiteRows:
    """Rows over the sites of an instance, and the bounds of each site.

    Attributes
    ----------
    matrix, most
        Rows by sites; the most that each may be.
    names
        Of the rows; then one for each required site.
    lower, upper
        Per site: 1 where it must stand; 0 where it may not.
    of_column
        Per site: number of the name that makes it required, -1 none.
    """

    matrix: csr_array
    most: NDArray[np.float64]
    names: tuple[str, ...]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    of_column: NDArray[np.int64]

    @classmethod
    def of(cls, instance: Instance, n_sites: int | None, budget: float | None) -> SiteRows:
        """Write down number, budget and groups; existing sites stand, and count for groups alone.

        Raises
        ------
        InputError
            If neither number nor budget is given, or they do not fit the candidates.
        """
        if n_sites is None and budget is None:
            raise InputError("give n_sites, budget, or both")
        if budget is not None and not budget >= 0:
            raise InputError(f"budget is {budget!r}; give an amount of 0 or more")
        required = np.flatnonzero(instance.required & ~instance.existing)
        spent = float(instance.cost[required].sum())
        if budget is not None and spent > budget:
            raise InputError(
                f"budget is {budget:g}, but the required sites cost {spent:g}"
                f" ({some_ids(instance.site_ids[required])}); raise it or require fewer"
            )
        new = (~instance.existing).astype(np.float64)
        rows, most, names = [], [], []
        if n_sites is not None:
            sites_left(instance, n_sites)
            rows.append(new)
            most.append(float(n_sites))
            names.append(f"n_sites ({n_sites})")
        if budget is not None:
            rows.append(new * instance.cost)
            most.append(float(budget))
            names.append(f"budget ({budget:g})")
        groups = np.unique(instance.group[instance.group >= 0])
        for group in groups:
            inside = instance.group == group
            rows.append(inside.astype(np.float64))
            most.append(1.0)
            names.append(f"at most one of {some_ids(instance.site_ids[inside])}")
        of_column = np.full(instance.n_sites, -1)
        of_column[required] = len(names) + np.arange(len(required))
        names += [f"{site} is required" for site in instance.site_ids[required]]
        stands = instance.required | (instance.existing & ~instance.forbidden)
        return cls(
            matrix=csr_array(np.vstack(rows)),
            most=np.array(most),
            names=tuple(names),
            lower=stands.astype(np.float64),
            upper=(~instance.forbidden).astype(np.float64),
            of_column=of_column,
        )

    def ruled(self, model: Model, names: tuple[str, ...], of_row: NDArray[np.int64]) -> RuledModel:
        """Name the rules of a model whose first variables are the sites, and last rows are these.

        Parameters
        ----------
        model
            The model.
        names
            Its other rules.
        of_row
            Per other row: number of its rule, -1 for what holds in any case.
        """
        own = len(self.names)
        other = np.where(of_row >= 0, of_row + own, -1)
        rest = np.full(len(model.cost) - len(self.of_column), -1)
        return RuledModel(
            model,
            (*self.names, *names),
            np.concatenate((other, np.arange(len(self.most)))),
            np.concatenate((self.of_column, rest)),
        )


def service_conflict(instance: Instance, pairs: Flags, must: Flags, n_sites: int) -> Conflict:
    """Name the rules that keep a number of sites from serving everyone who must be served.

    Parameters
    ----------
    instance
        The problem.
    pairs
        Per pair: the site may serve the demand point.
    must
        Per demand point: must be served.
    n_sites
        Most sites to choose, the required ones included; existing ones are not counted.
    """
    rows = SiteRows.of(instance, n_sites, None)
    use = pairs & must[instance.row] & ~instance.forbidden[instance.column]
    _, row = np.unique(instance.row[use], return_inverse=True)
    n, m = int(row.max(initial=-1)) + 1, instance.n_sites
    serve = csr_array((np.ones(len(row)), (row, instance.column[use])), shape=(n, m))
    model = Model(
        cost=np.zeros(m),
        lower=rows.lower,
        upper=rows.upper,
        integral=np.ones(m, dtype=bool),
        matrix=csr_array(vstack((serve, rows.matrix))),
        row_lower=np.concatenate((np.ones(n), np.full(len(rows.most), -np.inf))),
        row_upper=np.concatenate((np.full(n, np.inf), rows.most)),
    )
    return smallest_conflict(rows.ruled(model, (SERVED,), np.zeros(n, dtype=np.int64)))
