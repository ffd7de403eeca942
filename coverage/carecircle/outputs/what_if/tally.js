/* Sums from homes to the city, as in planning/tally.py: the very figures of an assessment. */
(function () {
  "use strict";
  const whatIf = (globalThis.whatIf = globalThis.whatIf || {});

  const UNCOVERED = 0, COVERED = 1, NOT_ASSESSED = 2;
  const STATES = ["uncovered", "covered", "notAssessed"];
  const rounded = (value) => whatIf.even(value * 1e9) / 1e9;

  /* Compensated sums by group, in row order; NaN and groups below 0 are passed over. */
  class Sums {
    constructor(n) {
      this.total = new Float64Array(n);
      this.lost = new Float64Array(n);
    }

    add(group, value) {
      const step = value - this.lost[group], grown = this.total[group] + step;
      this.lost[group] = grown - this.total[group] - step;
      this.total[group] = grown;
    }
  }

  /* How many of a weight each area has in each state; NaN where no home of the area knows it. */
  function areaSums(values, area, state, n, name) {
    const sums = STATES.map(() => new Sums(n)), whole = new Sums(n), known = new Uint8Array(n);
    for (let home = 0; home < values.length; home++) {
      const to = area[home], value = values[home];
      if (to < 0 || Number.isNaN(value)) continue;
      known[to] = 1;
      whole.add(to, value);
      sums[state[home]].add(to, value);
    }
    const finish = ({ total }) => total.map((value, i) => (known[i] || name === "homes" ? rounded(value) : NaN));
    const [uncovered, covered, notAssessed] = sums.map(finish);
    return { total: finish(whole), covered, uncovered, notAssessed };
  }

  function unitSums(values, unit) {
    const n = unit.id.length, sums = new Sums(n), known = new Uint8Array(n);
    values.forEach((value, area) => {
      if (Number.isNaN(value) || unit.of[area] < 0) return;
      known[unit.of[area]] = 1;
      sums.add(unit.of[area], value);
    });
    return sums.total.map((value, i) => (known[i] ? value : NaN));
  }

  /* Homes outside all areas have no limit: nobody among them is assessed. */
  function addStray(figures, unit, values, area) {
    let total = 0, known = false;
    values.forEach((value, home) => {
      if (area[home] >= 0 || Number.isNaN(value)) return;
      total += value;
      known = true;
    });
    if (!known) return;
    for (const [name, more] of [["total", total], ["covered", 0], ["uncovered", 0], ["notAssessed", total]]) {
      figures[name][unit.stray] = (figures[name][unit.stray] || 0) + more;
    }
  }

  /* Level -> weight -> total, covered, uncovered, notAssessed of each unit. */
  function tally(world, state) {
    const { homes, units } = world, n = units.area.id.length, found = {};
    for (const level of Object.keys(units)) found[level] = {};
    for (const [name, values] of Object.entries(homes.weights)) {
      const area = areaSums(values, homes.area, state, n, name);
      for (const [level, unit] of Object.entries(units)) {
        if (level === "area") {
          found.area[name] = area;
          continue;
        }
        const figures = {};
        for (const [key, column] of Object.entries(area)) figures[key] = unitSums(column, unit);
        if (unit.stray >= 0) addStray(figures, unit, values, homes.area);
        found[level][name] = figures;
      }
    }
    return found;
  }

  Object.assign(whatIf, { Sums, tally, UNCOVERED, COVERED, NOT_ASSESSED });
})();
