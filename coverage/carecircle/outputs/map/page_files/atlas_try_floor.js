/* Floor area under a tried plan: what communities lack, in panel and table, and what is enlarged. */
(function () {
  "use strict";
  const carecircle = window.carecircle;
  const { known, number, signed } = carecircle.format;
  const SAME_M2 = 0.05;
  const sum = (values) => values.reduce((a, b) => a + (b || 0), 0);
  const way = (change) => (change > SAME_M2 ? "cc-down" : change < -SAME_M2 ? "cc-up" : "cc-same"); // to lack more is worse

  Object.assign(carecircle.told, {
    /* What the city lacks in all, and its floor area per 100 households. */
    floorRows(table) {
      const { trial, words } = this, now = trial.result.floor, before = trial.today.floor;
      if (!now) return;
      const row = (title, value, change, digits, better) => {
        const line = this.add(table, "tr");
        this.add(line, "th", "", title);
        this.add(line, "td", "cc-num", known(value) ? number(value, digits) : "—");
        this.add(line, "td", `cc-num ${known(change) ? way(better * change) : "cc-same"}`, known(change) ? signed(change, digits) : "—");
      };
      const lacking = ({ area }) => sum(area.shortfall), unknown = now.area.provided.filter(Number.isNaN).length;
      row(words.try_floor, lacking(now), lacking(now) - lacking(before), 0, 1);
      if (now.city.per100.length === 1) row(words.try_per_100, now.city.per100[0], now.city.per100[0] - before.city.per100[0], 1, -1);
      if (unknown) this.add(this.add(table, "tr"), "td", "cc-note", words.try_floor_unknown.replace("{}", number(unknown))).colSpan = 3;
    },

    /* Communities that lack more or less than today; a row leads there. */
    floorList() {
      const { trial, words } = this, now = trial.result.floor, before = trial.today.floor;
      if (!now || !trial.changed) return;
      const change = (i) => now.area.shortfall[i] - before.area.shortfall[i];
      const rows = Array.from(now.area.shortfall.keys()).filter((i) => Math.abs(change(i)) > SAME_M2).sort((a, b) => Math.abs(change(b)) - Math.abs(change(a)) || a - b);
      if (!rows.length) return;
      const place = new Map(this.atlas.payload.table.levels[0].ids.map((id, row) => [id, row]));
      this.rows(this.fold(words.try_floor_moved, rows.length), "floor", rows.length, (table, k) => {
        const i = rows[k], line = this.add(table, "tr"), row = place.get(trial.world.units.area.id[i]);
        this.button(this.add(line, "th"), this.atlas.data.areas.title[row], () => this.atlas.goTo({ type: "area", index: row }), "cc-go");
        this.add(line, "td", "cc-num", number(now.area.shortfall[i]));
        this.add(line, "td", `cc-num ${way(change(i))}`, signed(change(i)));
      });
    },

    /* The same in the table beside the map. */
    floorColumns(level, numbers) {
      const { trial, words } = this, now = trial.result.floor && trial.result.floor[level], before = trial.today.floor && trial.today.floor[level];
      if (!now || !before) return [];
      const values = (of) => numbers.map((i) => (i === undefined || !known(of(i)) ? null : of(i)));
      return [
        { id: "try_floor", title: `${words.try_floor} · ${words.try_then}`, type: "number", values: values((i) => now.shortfall[i]) },
        { id: "try_floor_change", title: words.try_change, type: "signed", less: true, values: values((i) => now.shortfall[i] - before.shortfall[i]) },
      ];
    },

    /* Facilities enlarged; of those that no check counts it is said. */
    enlargedLines(line, name) {
      const { trial, words } = this, { enlarge } = trial.scenario;
      for (const [id, m2] of Object.entries(enlarge)) {
        const counts = trial.world.floor && trial.world.floor[trial.world.facilities.id.indexOf(id)];
        line("try_enlarged", `${name(id)} +${number(m2)} m²${counts ? "" : ` · ${words.try_no_floor}`}`, "enlarge", id);
      }
    },
  });
})();
