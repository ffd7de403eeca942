/* Homes and areas in the colours of a tried plan, legends counted anew; today's exactly as they were. */
(function () {
  "use strict";
  const carecircle = window.carecircle;
  const NO_CELL = 4; // as the worker codes an area of which nothing can be said

  carecircle.paint = {
    /* Codes and legends of today, for the way back. */
    keep() {
      const { atlas } = this, { homes } = atlas.data;
      const layers = atlas.payload.groups.flatMap((group) => group.layers);
      this.painted = {};
      for (const id of ["homes", "rate", "cell"]) {
        const layer = layers.find((one) => one.id === id), drawer = atlas.canvas.drawers.find((one) => one.id === id);
        const codes = id === "homes" ? homes.n && homes.codes : drawer && drawer.codes;
        if (!layer || !codes) continue;
        this.painted[id] = { layer, codes, today: codes.slice(), counts: layer.legend.map((entry) => entry.count) };
      }
    },

    /* The plan's classes, or today's where there is no plan. */
    paint(result) {
      this.atlas.data.homes.tried = result;
      this.paintOne("homes", result && this.homeCodes(result));
      this.paintOne("rate", result && this.areaCodes((i) => this.rateCode(result, i)));
      this.paintOne("cell", result && this.areaCodes((i) => (i === undefined ? NO_CELL : result.verdicts.cell[i])));
    },

    /* All homes are counted, those with a place are drawn. */
    paintOne(id, codes) {
      const one = this.painted[id];
      if (!one) return;
      const { layer, today, counts } = one;
      one.codes.set(codes ? codes.drawn : today);
      const now = codes && new Array(counts.length).fill(0);
      if (codes) for (const code of codes.all) now[code]++;
      layer.legend.forEach((entry, k) => {
        entry.count = now ? now[k] : counts[k];
        entry.change = now ? now[k] - counts[k] : 0;
      });
    },

    /* Classes as map/layers.py makes them: within an edge, over the limit, no way, not assessed. */
    homeCodes(result) {
      const { edges, left_out: leftOut } = this.atlas.data.homes, n = edges.length, { minutes, state } = result;
      const all = new Uint8Array(minutes.length);
      for (let home = 0; home < all.length; home++) {
        let code = 0;
        if (state[home] === 2) code = n + 2;
        else if (state[home] === 0) code = n + (isNaN(minutes[home]) ? 1 : 0);
        else while (code < n - 1 && minutes[home] > edges[code]) code++;
        all[home] = code;
      }
      const skipped = new Set(leftOut);
      return { all, drawn: skipped.size ? all.filter((_, home) => !skipped.has(home)) : all };
    },

    /* Code of each area of the map from its number in the worker, undefined where that has none. */
    areaCodes(codeOf) {
      const all = this.areaRows().map(codeOf);
      return { all, drawn: all };
    },

    areaRows() {
      if (!this.rows) {
        const number = new Map(this.trial.world.units.area.id.map((id, i) => [id, i]));
        this.rows = this.atlas.payload.table.levels[0].ids.map((id) => number.get(id));
      }
      return this.rows;
    },

    rateCode(result, i) {
      const { covered, total } = result.area[this.atlas.payload.table.weight], { edges } = this.painted.rate.layer;
      if (i === undefined || !(total[i] > 0)) return edges.length + 1;
      const share = (100 * covered[i]) / total[i];
      return edges.filter((edge) => share >= edge - 1e-9).length;
    },

    /* Verdict of an area in words. */
    verdictOf(i) {
      const { cell } = this.painted, { verdicts } = this.trial.result;
      return cell && i !== undefined ? cell.layer.legend[verdicts.cell[i]].label : this.atlas.payload.words.not_assessed;
    },
  };
})();
