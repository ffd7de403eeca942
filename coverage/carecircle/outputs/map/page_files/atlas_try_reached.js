/* The service area of a tried plan: the reached parts of roads under a wide round pen. */
(function () {
  "use strict";
  const carecircle = window.carecircle;
  const TRIM_M = 60, SMALL_PX = 4;

  carecircle.reached = {
    /* Reached roads under a wide pen: the service area, one tint however many facilities reach a place. */
    drawReached(view) {
      const { trial } = this, spans = trial.result && trial.result.reached;
      if (!spans || !trial.world) return;
      const latitude = this.atlas.map.getCenter().lat;
      const metre = view.scale / (40075016.7 * Math.cos((latitude * Math.PI) / 180));
      const scratch = (this.scratch = this.scratch || document.createElement("canvas"));
      // a soft tint needs half the pixels each way
      const coarse = Math.max(0.5, view.ratio / 2);
      scratch.width = Math.round(view.size.x * coarse);
      scratch.height = Math.round(view.size.y * coarse);
      const ctx = scratch.getContext("2d");
      ctx.setTransform(coarse, 0, 0, coarse, 0, 0);
      ctx.lineWidth = Math.max(1.5, 2 * TRIM_M * metre);
      // round ends cost most and nobody sees them on thin lines
      ctx.lineCap = ctx.lineWidth > 5 ? "round" : "butt";
      ctx.lineJoin = ctx.lineWidth > 5 ? "round" : "bevel";
      ctx.strokeStyle = "#2f7cab";
      this.rings.forEach((_, ring) => {
        ctx.clearRect(0, 0, view.size.x, view.size.y);
        this.strokeRing(ctx, view, spans, ring);
        view.ctx.globalAlpha = ring || this.rings.length < 2 ? 0.16 : 0.08;
        view.ctx.drawImage(scratch, 0, 0, view.size.x, view.size.y);
      });
    },

    /* Everything within one ring. */
    strokeRing(ctx, view, spans, ring) {
      const { start, x, y } = this.trial.world.lines;
      let waiting = 0;
      ctx.beginPath();
      for (let s = 0; s < spans.piece.length; s++) {
        if (spans.ring[s] !== ring) continue;
        const p = spans.piece[s], first = start[p], last = start[p + 1] - 1;
        if (p + 1 >= start.length) continue; // a road of the plan draws itself
        const west = Math.min(x[first], x[last]), east = Math.max(x[first], x[last]);
        const north = Math.min(y[first], y[last]), south = Math.max(y[first], y[last]);
        if (east < view.west || west > view.east || south < view.north || north > view.south) continue;
        this.span(ctx, view, p, spans.from[s], spans.to[s]);
        if (++waiting % 400) continue;
        ctx.stroke();
        ctx.beginPath();
      }
      ctx.stroke();
    },

    /* Part of a piece, by shares of its length on the map. */
    span(ctx, view, p, from, to) {
      const { start, x, y } = this.trial.world.lines, first = start[p], last = start[p + 1] - 1;
      const at = (i) => [x[i] * view.scale + view.dx, y[i] * view.scale + view.dy];
      if ((Math.abs(x[last] - x[first]) + Math.abs(y[last] - y[first])) * view.scale < SMALL_PX) {
        ctx.moveTo(...at(first));
        ctx.lineTo(...at(last));
        return;
      }
      if (from <= 0 && to >= 1) {
        for (let i = first; i <= last; i++) ctx[i === first ? "moveTo" : "lineTo"](...at(i));
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
          if (!started) ctx.moveTo(px + (qx - px) * a, py + (qy - py) * a);
          ctx.lineTo(px + (qx - px) * b, py + (qy - py) * b);
          started = true;
        }
        gone += step;
      }
    },
  };
})();
