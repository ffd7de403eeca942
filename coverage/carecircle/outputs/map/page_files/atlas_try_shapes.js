/* Uncovered areas and circles of a tried plan: asked for after its figures, drawn when they arrive. */
(function () {
  "use strict";
  const carecircle = window.carecircle;
  const AT_ONCE = 8; // facilities in one message, so that a newer plan waits for no more
  const EDGE = 0.6; // alpha of the outline of a ring
  const MOST_HELD = 4000, QUIET_MS = 100;

  const NOTHING = { start: [0], x: new Float64Array(0), y: new Float64Array(0) };
  const keyOf = ({ key }, minutes) => `${key} within ${minutes}`;

  function boxesOf({ first, start, x, y }) {
    const n = first.length - 1, box = new Float64Array(4 * n);
    for (let s = 0; s < n; s++) {
      const xs = x.subarray(start[first[s]], start[first[s + 1]]), ys = y.subarray(start[first[s]], start[first[s + 1]]);
      const least = (values) => values.reduce((a, b) => Math.min(a, b), Infinity), most = (values) => values.reduce((a, b) => Math.max(a, b), -Infinity);
      box.set([least(xs), least(ys), most(xs), most(ys)], 4 * s);
    }
    return box;
  }

  class TrialShapes {
    constructor(atlas, trial, told) {
      Object.assign(this, { atlas, trial, told, gaps: null, today: null, circles: null, asked: null, rings: "" });
      this.held = new Map(); // key of a place and minutes -> its circle
      Object.assign(this, { pixels: new carecircle.Pixels(), union: new carecircle.Union() });
    }

    /* Uncovered areas are drawn as today's are, by a drawer of their own. */
    drawer() {
      const { payload, data } = this.atlas, layers = payload.groups.flatMap((group) => group.layers);
      const today = layers.find((layer) => layer.id === "gaps") || { colour: "#8c2d19" };
      const empty = { parts: "", sizes: "", xy: "" };
      this.own = { ...data };
      this.layer = { id: "try_gaps", type: "gaps", colour: today.colour, labels: [], shapes: empty, xy: "", placed: "" };
      const drawer = carecircle.drawers([this.layer], this.own).find((one) => one.id === "try_gaps"), hit = drawer.hit;
      drawer.hit = (...args) => {
        const found = hit(...args);
        return found && { ...found, type: "try_gap" };
      };
      return drawer;
    }

    /* Bring gaps and circles in line with a result; what belongs to an older one is dropped. */
    async update(result, minutes) {
      if (this.asked === result && this.rings === String(minutes)) return;
      Object.assign(this, { asked: result, rings: String(minutes), circles: null });
      this.gather(result, minutes);
      try {
        const few = this.missing(result, minutes).length <= AT_ONCE;
        if (few) await this.circle(result, minutes);
        // who goes on changing the plan does not wait for what would soon be out of date
        await new Promise((good) => setTimeout(good, QUIET_MS));
        await this.trial.running;
        if (this.asked === result) await this.gap(result);
        if (!few && this.asked === result) await this.circle(result, minutes);
      } catch (fault) {
        this.trial.fail(fault.message);
      }
    }

    /* Whether everything that is drawn belongs to the last result. */
    get settled() {
      return this.circles !== null && this.gapsOf === this.asked && this.asked === this.trial.result;
    }

    async gap(result) {
      const gaps = await this.trial.ask({ type: "gaps", scenario: result.scenario });
      if (result === this.trial.today) this.today = gaps;
      if (this.asked !== result) return;
      Object.assign(this, { gaps, gapsOf: result });
      this.place();
      this.told();
      if (this.today) return;
      // a plan from a link: today's are counted for the difference alone
      this.today = await this.trial.ask({ type: "gaps", scenario: {} });
      this.told();
    }

    /* Into the drawer, with labels of the language shown. */
    place() {
      const { shapes, x, y, n } = this.gaps;
      Object.assign(this.own.gapShapes, shapes, { n, box: boxesOf(shapes) });
      Object.assign(this.own.gapPlaces, { n, x, y });
      this.speak();
    }

    /* Labels and popups in the language of the page. */
    speak() {
      const { words } = this.atlas.payload, gaps = this.gaps;
      if (!gaps) return;
      const { number } = carecircle.format, who = this.weight(), rows = Array.from({ length: gaps.n }, (_, k) => k);
      const many = (k) => words[`${who}_label`].replace("{}", number(gaps[who][k]));
      this.layer.labels = rows.map((k) => (gaps.kind[k] === "scattered" ? "" : `${many(k)} · ${words[gaps.cause[k]]}`));
      this.atlas.data.triedGaps = Object.assign(this.atlas.data.triedGaps, {
        title: rows.map((k) => this.title(k)),
        subtitle: rows.map((k) => `${words.layer_gaps} · ${words[gaps.kind[k]]} · ${words.try_then}`),
        fields: ["rank", "cause", "elders", "try_newly", "population", "households", "homes", "minutes_mean", "over_mean_p90", "nearest"].map((key) => words[key]),
        values: rows.map((k) => [
          number(k + 1), words[gaps.cause[k]], number(gaps.elders[k]), number(gaps.fresh[k]), number(gaps.people[k]), number(gaps.households[k]),
          number(gaps.homes[k]), number(gaps.minutes[k], 1), `${number(gaps.over[k], 1)} / ${number(gaps.over90[k], 1)}`, this.facility(gaps.nearest[k]),
        ]),
      });
    }

    weight() {
      return this.atlas.payload.table.weight;
    }

    title(k) {
      const { title } = this.atlas.data.areas, { words } = this.atlas.payload;
      return this.gaps.areas[k].map((i) => title[i]).join(words.comma) || words.layer_gaps;
    }

    facility(id) {
      const row = this.trial.world.facilities.id.indexOf(id);
      return row < 0 ? id : this.atlas.data.facilities.title[row];
    }

    missing({ places }, minutes) {
      return places.filter((place) => !this.held.has(keyOf(place, minutes)));
    }

    /* Circles of all facilities that count, once all are known. */
    gather(result, minutes) {
      if (this.missing(result, minutes).length) return;
      this.circles = result.places.map((place) => this.held.get(keyOf(place, minutes)));
      if (this.held.size <= MOST_HELD) return;
      const wanted = new Set(result.places.map((place) => keyOf(place, minutes)));
      for (const key of this.held.keys()) if (!wanted.has(key)) this.held.delete(key);
    }

    /* Only circles not yet known are drawn anew. */
    async circle(result, minutes) {
      const missing = this.missing(result, minutes);
      for (let k = 0; k < missing.length; k += AT_ONCE) {
        const some = missing.slice(k, k + AT_ONCE);
        const { circles } = await this.trial.ask({ type: "circles", scenario: result.scenario, ids: some.map(({ id }) => id), minutes });
        if (this.asked !== result || this.rings !== String(minutes)) return;
        some.forEach((place, i) => this.held.set(keyOf(place, minutes), (circles[i] || minutes.map(() => NOTHING)).map(boxed)));
      }
      this.gather(result, minutes);
      if (missing.length) this.told();
    }

    /* One tint for each ring, however many circles lie over each other; the longest ring first. */
    fill(view, rings, colours) {
      // a soft tint needs half the pixels each way
      const coarse = Math.max(0.5, view.ratio / 2), width = Math.round(view.size.x * coarse), height = Math.round(view.size.y * coarse);
      const { pixels, union } = this, inks = carecircle.reached.inks(rings, colours);
      pixels.clear(width, height);
      rings.forEach((_, ring) => {
        union.clear(width, height);
        for (const circles of this.circles) {
          const { box } = circles[ring], seen = box[2] > view.west && box[0] < view.east && box[3] > view.north && box[1] < view.south;
          if (seen) union.add(circles[ring], view.scale * coarse, view.dx * coarse, view.dy * coarse);
        }
        union.mark(pixels.colours, 1 << ring);
      });
      const palette = Uint32Array.from({ length: 1 << rings.length }, (_, code) => carecircle.layered(inks.filter((_, ring) => code & (1 << ring))));
      // a line where a ring ends, the innermost of several
      const edges = Uint32Array.from(palette, (_, codes) => carecircle.layered([[inks[Math.max(0, 31 - Math.clz32(codes))][0], EDGE]])), codes = pixels.colours;
      // a look past the end of the pixels would cost more than all the others
      const last = codes.length - width;
      for (let at = 0; at < last; at++) {
        const code = codes[at], ends = (code ^ codes[at + 1]) | (code ^ codes[at + width]);
        codes[at] = ends ? edges[ends] : palette[code];
      }
      for (let at = last; at < codes.length; at++) codes[at] = palette[codes[at]];
      pixels.lay(view);
    }
  }

  /* A circle as the drawers trace shapes: one shape of several rings. */
  function boxed({ start, x, y }) {
    const shape = { n: 1, first: [0, start.length - 1], start, x, y };
    return { ...shape, box: boxesOf(shape) };
  }

  carecircle.TrialShapes = TrialShapes;
})();
