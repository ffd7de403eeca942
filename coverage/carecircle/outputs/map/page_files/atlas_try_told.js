/* What a plan changes besides shares: verdicts, uncovered areas, circles; in panel, table and legend. */
(function () {
  "use strict";
  const carecircle = window.carecircle;
  const { number, signed } = carecircle.format;
  const SHOWN = 6;
  const sum = (values) => values.reduce((a, b) => a + (b || 0), 0);

  carecircle.told = {
    /* What colours the areas: the verdict or the share, both under the plan. */
    colourSwitch(parent) {
      const { words } = this, ids = this.map.fills();
      const choices = [["cell", words.layer_cell], ["rate", words[`${this.weight()}_rate`]]].filter(([id]) => ids.includes(id));
      if (choices.length < 2) return;
      const group = this.add(parent, "div", "cc-switch cc-colour");
      group.setAttribute("role", "radiogroup");
      group.setAttribute("aria-label", words.try_colour);
      for (const [id, title] of choices) {
        const label = this.add(group, "label"), input = this.add(label, "input");
        Object.assign(input, { type: "radio", name: "cc-colour", value: id, checked: this.atlas.canvas.visible.has(id) });
        input.addEventListener("change", () => {
          this.map.fill(id);
          this.atlas.refreshLegend();
          this.atlas.canvas.redraw();
        });
        this.add(label, "span", "", title);
      }
    },

    /* Communities with a facility and on time, uncovered areas and who lives there: now, and the change. */
    verdictRows(table) {
      const { trial, words } = this, { verdicts } = trial.result, before = trial.today.verdicts;
      const total = verdicts.cell.length, inTime = ({ cell }) => cell.filter((code) => code < 2).length;
      const has = (one) => sum(one.has), { gaps, today } = this.map.shapes;
      const row = (title, now, was, of) => {
        const line = this.add(table, "tr"), change = now - was;
        this.add(line, "th", "", title);
        const cell = this.add(line, "td", "cc-num", number(now));
        if (of) this.add(cell, "small", "", `/ ${number(of)}`);
        this.add(line, "td", `cc-num ${change ? "" : "cc-same"}`, signed(change));
      };
      row(words.units_with_facility, has(verdicts), has(before), total);
      row(words.units_on_time, inTime(verdicts), inTime(before), total);
      if (gaps && today) this.gapRow(table, gaps, today);
    },

    /* Uncovered areas of the plan, first in rank first; a row leads there. */
    gapList() {
      const { words } = this, { shapes } = this.map, { gaps } = shapes, table = this.atlas.data.triedGaps;
      if (!gaps) return;
      const fold = this.fold(words.try_gaps, gaps.n), who = this.weight();
      if (!gaps.n) return void this.add(fold, "p", "cc-note", words.no_match);
      this.rows(fold, "gaps", gaps.n, (body, k) => {
        const row = this.add(body, "tr"), name = this.add(row, "th");
        this.button(name, table.title[k], () => this.goToGap(k), "cc-go");
        const cell = this.add(row, "td", "", words[`${who}_label`].replace("{}", number(gaps[who][k])));
        this.add(cell, "small", "", words[gaps.cause[k]]);
        const fresh = gaps.fresh[k];
        this.add(row, "td", `cc-num ${fresh > 0.05 ? "cc-down" : "cc-same"}`, fresh > 0.05 ? signed(fresh) : "0").title = words.try_newly;
      });
    },

    /* The first rows of a list; once the reader asks for them all of them, in a box that scrolls. */
    rows(fold, key, n, addRow) {
      const { words } = this, whole = (this.whole = this.whole || new Set()), all = whole.has(key);
      const body = this.add(this.add(fold, "div", all ? "cc-all" : ""), "table", `cc-split cc-${key}`);
      for (let k = 0; k < (all ? n : Math.min(SHOWN, n)); k++) addRow(body, k);
      if (n <= SHOWN) return;
      const toggle = this.button(
        fold,
        words[all ? "try_fewer" : "try_all"].replace("{}", number(all ? SHOWN : n)),
        () => {
          whole[all ? "delete" : "add"](key);
          this.list();
          this.moved.querySelector(`.cc-more[data-list="${key}"]`).focus();
        },
        "cc-go cc-more",
      );
      toggle.dataset.list = key;
      toggle.setAttribute("aria-expanded", String(all));
    },

    goToGap(k) {
      const { x, y } = this.map.shapes.gaps, box = this.map.shapes.own.gapShapes.box.slice(4 * k, 4 * k + 4);
      const { latLng } = carecircle.decode, { map } = this.atlas;
      if (!isFinite(x[k])) return;
      const bounds = L.latLngBounds(latLng(box[0], box[3]), latLng(box[2], box[1]));
      map.fitBounds(bounds, { animate: false, maxZoom: 16, ...this.atlas.free() });
      this.atlas.open({ type: this.trial.changed ? "try_gap" : "gap", index: k }, latLng(x[k], y[k]));
    },

    /* Columns of the table: the verdict of each community, how many of a unit are on time. */
    verdictColumns(level, numbers) {
      const { trial, words } = this, { verdicts } = trial.result, before = trial.today.verdicts;
      const values = (column) => numbers.map((i) => (i === undefined ? null : column[i]));
      if (level === "area") {
        return [{ id: "try_verdict", title: words.try_verdict, type: "text", values: numbers.map((i) => this.map.verdictOf(i)) }];
      }
      const now = verdicts.levels[level], was = before.levels[level];
      return [["onTime", words.units_on_time], ["has", words.units_with_facility]].flatMap(([key, title]) => [
        { id: `try_${key}`, title: `${title} · ${words.try_then}`, type: "number", values: values(now[key]) },
        { id: `try_${key}_change`, title: words.try_change, type: "signed", values: values(now[key].map((value, i) => value - was[key][i])) },
      ]);
    },

    /* Lines of the legend for the shapes of the plan. */
    signs() {
      const { map, words, trial } = this, { shapes, rings } = map;
      if (!trial.world) return [];
      const found = [], places = trial.result.names.length, before = trial.today.names.length;
      (this.atlas.canvas.visible.has("try_reached") && rings ? rings : []).forEach((minutes, ring) => {
        found.push({
          swatch: "ring", colour: map.inks(rings, map.ringColours)[ring][0], label: words.layer_circle.replace("{}", number(minutes)),
          count: places, change: places - before,
        });
      });
      if (this.atlas.canvas.visible.has("try_gaps") && shapes.gaps && shapes.today) {
        const { label, count, change } = this.gapsTold(shapes.gaps, shapes.today);
        found.push({ swatch: "hatch", colour: shapes.layer.colour, label, count, change });
      }
      return found;
    },
  };
})();
