/* Uncovered areas and circles of a tried plan: asked for after its figures, drawn when they arrive. */
(function () {
  "use strict";
  const carecircle = window.carecircle;
  const AT_ONCE = 8; // facilities in one message, so that a newer plan waits for no more
  const EDGE = 0.6; // alpha of the outline of a ring
  const MOST_HELD = 4000, MOST_QUIET_MS = 100;

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
      Object.assign(this, { atlas, trial, told, gaps: null, today: null, circles: null, asked: null, rings: "", quiet: MOST_QUIET_MS });
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
        await new Promise((good) => setTimeout(good, this.quiet));
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
      const began = performance.now(), gaps = await this.trial.ask({ type: "gaps", scenario: result.scenario });
      this.quiet = Math.min(MOST_QUIET_MS, performance.now() - began); // what is quick need not wait long
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
      const fine = Math.max(1, view.ratio / 2), width = Math.round(view.size.x * fine), height = Math.round(view.size.y * fine);
      const { pixels, union } = this, inks = carecircle.reached.inks(rings, colours), box = { left: width, right: 0, top: height, bottom: 0 };
      pixels.clear(width, height);
      rings.forEach((_, ring) => {
        union.clear(width, height);
        for (const circles of this.circles) {
          const { box: [west, north, east, south] } = circles[ring], seen = east > view.west && west < view.east && south > view.north && north < view.south;
          if (seen) union.add(circles[ring], view.scale * fine, view.dx * fine, view.dy * fine);
        }
        union.mark(pixels.colours, 1 << ring);
        for (const [side, most] of [["left", Math.min], ["top", Math.min], ["right", Math.max], ["bottom", Math.max]]) box[side] = most(box[side], union[side]);
      });
      ink(pixels, inks, box);
      pixels.lay(view);
    }
  }

  /* Codes of rings become colours, with a line where a ring ends: of several, the innermost. */
  function ink({ colours: codes, width, height }, inks, { left, right, top, bottom }) {
    const palette = Uint32Array.from({ length: 1 << inks.length }, (_, code) => carecircle.layered(inks.filter((_, ring) => code & (1 << ring))));
    const edges = Uint32Array.from(palette, (_, ends) => carecircle.layered([[inks[Math.max(0, 31 - Math.clz32(ends))][0], EDGE]]));
    const west = Math.max(0, left - 1), east = Math.min(right, width - 1), south = Math.min(bottom, height - 1);
    for (let row = Math.max(0, top - 1); row <= south; row++) {
      const below = row + 1 < height ? width : 0;
      for (let at = row * width + west, end = row * width + east; at <= end; at++) {
        const code = codes[at], ends = (at < end ? code ^ codes[at + 1] : 0) | (code ^ codes[at + below]);
        codes[at] = ends ? edges[ends] : palette[code];
      }
    }
  }

  /* A circle as the drawers trace shapes: one shape of several rings. */
  function boxed({ start, x, y }) {
    const shape = { n: 1, first: [0, start.length - 1], start, x, y };
    return { ...shape, box: boxesOf(shape) };
  }

  carecircle.TrialShapes = TrialShapes;
})();
