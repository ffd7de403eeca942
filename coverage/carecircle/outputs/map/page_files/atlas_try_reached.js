/* The service area of a tried plan: its circles, or until these are drawn the reached parts of roads under a
   wide round pen. */
(function () {
  "use strict";
  const carecircle = window.carecircle;
  const PLAN = ["#2f7cab", "#7a5bb5", "#1b8a6b"]; // of the limits, the shortest first
  const OUTER = 0.04, INNER = 0.1, CHOSEN = 0.24, SMALL_PX = 4;

  carecircle.reached = {
    /* Colour and alpha of each ring: the reader's own, or one for each limit, so faint that verdicts stay readable. */
    inks(rings, colours) {
      const own = (ring) => [PLAN[(rings.length - 1 - ring) % PLAN.length], ring || rings.length < 2 ? INNER : OUTER];
      return rings.map((_, ring) => (colours.length ? [colours[ring], CHOSEN] : own(ring)));
    },

    /* One tint for each ring, however many facilities reach a place; the longest ring first. */
    drawReached(view) {
      const { trial } = this, spans = trial.result && trial.result.reached;
      if (!this.rings || !trial.world) return;
      if (this.shapes.circles) return this.shapes.fill(view, this.rings, this.ringColours);
      if (!spans) return;
      const latitude = this.atlas.map.getCenter().lat, { trim } = trial.world.terms.circles;
      const metre = view.scale / (40075016.7 * Math.cos((latitude * Math.PI) / 180));
      const fine = Math.max(1, view.ratio / 2), pixels = (this.pixels = this.pixels || new carecircle.Pixels());
      pixels.clear(Math.round(view.size.x * fine), Math.round(view.size.y * fine));
      const pen = new carecircle.Pen(pixels, fine, Math.max(1.5, 2 * trim * metre));
      const inks = this.inks(this.rings, this.ringColours);
      // each ring lies within the one before it
      this.rings.forEach((_, ring) => {
        pen.colour = carecircle.layered(inks.slice(0, ring + 1));
        this.strokeRing(pen, view, spans, ring);
      });
      pixels.lay(view);
    },

    /* Everything within one ring. */
    strokeRing(pen, view, spans, ring) {
      const { start, x, y } = this.trial.world.lines;
      for (let s = 0; s < spans.piece.length; s++) {
        if (spans.ring[s] !== ring) continue;
        const p = spans.piece[s], first = start[p], last = start[p + 1] - 1;
        if (p + 1 >= start.length) continue; // a road of the plan draws itself
        const west = Math.min(x[first], x[last]), east = Math.max(x[first], x[last]);
        const north = Math.min(y[first], y[last]), south = Math.max(y[first], y[last]);
        if (east < view.west || west > view.east || south < view.north || north > view.south) continue;
        this.span(pen, view, p, spans.from[s], spans.to[s]);
      }
    },

    /* Part of a piece, by shares of its length on the map. */
    span(pen, view, p, from, to) {
      const { start, x, y } = this.trial.world.lines, first = start[p], last = start[p + 1] - 1;
      const at = (i) => [x[i] * view.scale + view.dx, y[i] * view.scale + view.dy];
      if ((Math.abs(x[last] - x[first]) + Math.abs(y[last] - y[first])) * view.scale < SMALL_PX) {
        pen.moveTo(x[first] * view.scale + view.dx, y[first] * view.scale + view.dy);
        pen.lineTo(x[last] * view.scale + view.dx, y[last] * view.scale + view.dy);
        return;
      }
      if (from <= 0 && to >= 1) {
        for (let i = first; i <= last; i++) pen[i === first ? "moveTo" : "lineTo"](...at(i));
        return;
      }
      let length = 0;
      for (let i = first; i < last; i++) length += Math.hypot(x[i + 1] - x[i], y[i + 1] - y[i]);
      let gone = 0, started = false;
      for (let i = first; i < last; i++) {
        const step = Math.hypot(x[i + 1] - x[i], y[i + 1] - y[i]) / (length || 1);
        const a = Math.max(0, (from - gone) / (step || 1)), b = Math.min(1, (to - gone) / (step || 1));
        if (b > a && a < 1 && b > 0) {
          const [px, py] = at(i), [qx, qy] = at(i + 1);
          if (!started) pen.moveTo(px + (qx - px) * a, py + (qy - py) * a);
          pen.lineTo(px + (qx - px) * b, py + (qy - py) * b);
          started = true;
        }
        gone += step;
      }
    },
  };
})();
