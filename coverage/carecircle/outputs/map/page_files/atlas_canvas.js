/* One canvas for all layers: it draws those that are visible, in order, and asks them who was hit. */
(function () {
  "use strict";
  const carecircle = window.carecircle;
  const FONT = '"Noto Sans SC","Noto Sans CJK SC","PingFang SC","Microsoft YaHei",system-ui,sans-serif';

  const SLOW_MS = 120;
  const STILL = ["lines", "outline"], PICTURES = 8; // of two runs of layers, with the margin and without
  const MARGIN = 0.3; // of the map's size, drawn beyond each edge
  const COVERS = ".cc-panel, .cc-legend, .cc-table, .leaflet-control";
  const WHOLE = [{ from: -Infinity, to: Infinity, under: (act) => act() }];

  /* Where a label may stand, best first; an important one may step aside and point back. */
  function spots(half, high, chip) {
    const near = [[0, 0], [0, 1.8 * high], [0, -1.8 * high]];
    if (!chip) return near;
    for (const away of [16, 44, 76, 110, 150]) {
      for (const dy of [0, -2.4 * high, 2.4 * high]) near.push([half + away, dy], [-half - away, dy]);
    }
    return near;
  }

  carecircle.CanvasLayer = L.Renderer.extend({
    options: { padding: MARGIN },

    initialize: function (drawers) {
      L.Renderer.prototype.initialize.call(this);
      this.drawers = drawers;
      this.visible = new Set();
      this.draws = 0;
      this.milliseconds = 0;
      this.trying = false; // a plan: updates come fast, and most layers stand still
      this._pictures = new Map();
      this.sides = () => WHOLE; // of the map, from left to right in pixels, each under a view of its own
    },

    getEvents: function () {
      const events = L.Renderer.prototype.getEvents.call(this);
      events.move = this._onMove;
      return events;
    },

    show: function (id, yes) {
      if (yes) this.visible.add(id);
      else this.visible.delete(id);
      this.redraw();
    },

    /* In the next frame. While a plan is tried, the margin around the map waits until the reader moves it. */
    redraw: function (margin = !this.trying) {
      this._margin = this._margin || margin;
      if (!this._map || this._asked) return;
      this._asked = L.Util.requestAnimFrame(() => {
        this._asked = null;
        if (!this._map) return;
        this.options.padding = this._margin ? MARGIN : 0;
        this._margin = false;
        this._update();
        this.options.padding = MARGIN;
      });
    },

    /* Draw at once: a page that is about to be printed does not wait for a frame. */
    now: function () {
      if (this._map) this._update();
    },

    /* Draw where nobody sees it, with more layers than are visible: the map with its margin and without. */
    rehearse: function (more) {
      const { _ctx, _view, _bounds, visible, draws, milliseconds } = this, corner = this._map.containerPointToLayerPoint([0, 0]).round();
      this.visible = new Set([...visible, ...more]);
      for (const bounds of [_bounds, L.bounds(corner, corner.add(this._map.getSize()))]) {
        const { x, y } = bounds.getSize(), width = Math.round(x * _view.ratio), height = Math.round(y * _view.ratio);
        this._bounds = bounds;
        this._ctx = Object.assign(document.createElement("canvas"), { width, height }).getContext("2d");
        this._draw(L.point(x, y), _view.ratio);
      }
      Object.assign(this, { _ctx, _view, _bounds, visible, draws, milliseconds });
    },

    /* Who is at this point of the map's container, topmost first. */
    hit: function (point) {
      if (!this._view) return null;
      const at = this._map.containerPointToLayerPoint(point).subtract(this._bounds.min);
      const shown = this._shown().filter((drawer) => drawer.hit);
      // small things first: a home inside an uncovered area must be reachable
      shown.sort((a, b) => a.reach - b.reach);
      const { part, under } = this.sides().find(({ from, to }) => point.x >= from && point.x < to);
      return under(() => {
        for (const drawer of shown) {
          const found = drawer.hit(this._view, at.x, at.y);
          if (found) return { ...found, part };
        }
        return null;
      });
    },

    _shown: function () {
      return this.drawers.filter((drawer) => this.visible.has(drawer.id));
    },

    _initContainer: function () {
      this._container = L.DomUtil.create("canvas", "cc-canvas");
      this._ctx = this._container.getContext("2d");
    },

    _destroyContainer: function () {
      L.DomUtil.remove(this._container);
      delete this._container;
    },

    _updatePaths: function () {},

    _onZoomEnd: function () {},

    /* A long drag outruns the margin of the canvas: draw again before its edge shows. */
    _onMove: function () {
      if (this._map._animatingZoom || this._map.getZoom() !== this._zoom) return;
      if (this.sides() !== WHOLE) return this.redraw(false); // sides stand still while the map moves
      const size = this._map.getSize(), hasMargin = this._bounds.getSize().x > size.x;
      if (hasMargin && this.milliseconds > SLOW_MS) return; // a stall is worse than an edge that fills when the hand rests
      const corner = this._map.containerPointToLayerPoint([0, 0]);
      if (!this._bounds.contains(L.bounds(corner, corner.add(size)))) this.redraw(true);
    },

    _update: function () {
      if (this._map._animatingZoom && this._bounds) return;
      L.Renderer.prototype._update.call(this);
      const size = this._bounds.getSize(), canvas = this._container;
      const ratio = this.fine || Math.min(window.devicePixelRatio || 1, 2);
      L.DomUtil.setPosition(canvas, this._bounds.min);
      canvas.width = Math.round(size.x * ratio);
      canvas.height = Math.round(size.y * ratio);
      canvas.style.width = size.x + "px";
      canvas.style.height = size.y + "px";
      this._draw(size, ratio);
    },

    _draw: function (size, ratio) {
      const before = performance.now();
      const view = (this._view = this._lookAt(size, ratio));
      view.ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
      for (const side of this.sides()) side.under(() => this._side(view, side));
      this.draws += 1;
      this.milliseconds = performance.now() - before;
    },

    /* All that is shown of one side, and its labels. */
    _side: function (view, { from, to }) {
      const { ctx, size } = view, left = this._map.layerPointToContainerPoint(this._bounds.min).x;
      const west = Math.max(0, from - left), east = Math.min(size.x, to - left);
      if (east <= west) return;
      Object.assign(view, { labels: [], taken: [], reach: [west, east] });
      ctx.save();
      ctx.beginPath();
      ctx.rect(west, 0, east - west, size.y);
      ctx.clip();
      const shown = this._shown(), isStill = (drawer) => this.trying && STILL.includes(drawer.type);
      for (let k = 0; k < shown.length; ) {
        const end = k + Math.max(1, shown.slice(k).findIndex((drawer) => !isStill(drawer)));
        if (isStill(shown[k])) this._lay(view, shown.slice(k, end));
        else this._each(view, [shown[k]]);
        k = end;
      }
      this._write(view);
      ctx.restore();
    },

    _each: function (view, drawers) {
      for (const drawer of drawers) {
        view.ctx.save();
        drawer.draw(view);
        view.ctx.restore();
      }
    },

    /* What no plan changes is drawn once for a view and laid under each update. */
    _lay: function (view, drawers) {
      const { ratio, size, zoom, dx, dy } = view, key = [zoom, dx, dy, size.x, size.y, ratio, ...drawers.map((drawer) => drawer.id)].join();
      let picture = this._pictures.get(key);
      if (!picture) {
        picture = Object.assign(document.createElement("canvas"), { width: Math.round(size.x * ratio), height: Math.round(size.y * ratio) });
        const ctx = picture.getContext("2d");
        ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
        this._each({ ...view, ctx }, drawers);
      }
      this._pictures.delete(key);
      this._pictures.set(key, picture);
      if (this._pictures.size > PICTURES) this._pictures.delete(this._pictures.keys().next().value);
      view.ctx.drawImage(picture, 0, 0, size.x, size.y);
    },

    _lookAt: function (size, ratio) {
      const zoom = this._map.getZoom();
      const scale = 256 * Math.pow(2, zoom);
      const shift = this._map.getPixelOrigin().add(this._bounds.min);
      const margin = 40 / scale;
      return {
        ctx: this._ctx, zoom, scale, ratio, size, labels: [], taken: [],
        dx: -shift.x, dy: -shift.y,
        west: shift.x / scale - margin, east: (shift.x + size.x) / scale + margin,
        north: shift.y / scale - margin, south: (shift.y + size.y) / scale + margin,
      };
    },

    /* The part of one side that the reader sees. */
    _seen: function ({ reach: [west, east] }) {
      const corner = this._map.containerPointToLayerPoint([0, 0]).subtract(this._bounds.min);
      const size = this._map.getSize();
      return [Math.max(corner.x, west), corner.y, Math.min(corner.x + size.x, east), corner.y + size.y];
    },

    _lead: function (ctx, label, x, y, high) {
      if (Math.abs(x - label.x) < 1 && Math.abs(y - label.y) < 2 * high) return;
      ctx.strokeStyle = ctx.fillStyle = label.colour;
      ctx.lineWidth = 1;
      ctx.beginPath();
      ctx.moveTo(label.x, label.y);
      ctx.lineTo(x, y);
      ctx.stroke();
      ctx.beginPath();
      ctx.arc(label.x, label.y, 2.4, 0, 7);
      ctx.fill();
    },

    /* Boxes that lie over the map, in pixels of the canvas. */
    _covers: function () {
      const container = this._map.getContainer(), { left, top } = container.getBoundingClientRect();
      const corner = this._map.containerPointToLayerPoint([0, 0]).subtract(this._bounds.min), dx = corner.x - left, dy = corner.y - top;
      const boxes = Array.from(container.querySelectorAll(COVERS), (node) => node.getBoundingClientRect()).filter((box) => box.width);
      return boxes.map((box) => [box.left + dx, box.top + dy, box.right + dx, box.bottom + dy]);
    },

    /* Labels by rank, each where it covers no symbol and no other label, or not at all. */
    _write: function (view) {
      const taken = view.taken, covers = view.labels.some((label) => label.chip) ? this._covers() : [];
      const among = (box) => (t) => box[0] < t[2] && box[2] > t[0] && box[1] < t[3] && box[3] > t[1];
      const free = (box) => !taken.some(among(box)), open = (box) => seen(box) && free(box) && !covers.some(among(box));
      const [west, north, east, south] = this._seen(view);
      const seen = (box) => box[0] > west && box[2] < east && box[1] > north && box[3] < south;
      const ctx = view.ctx;
      ctx.textAlign = "center";
      ctx.textBaseline = "middle";
      ctx.lineJoin = "round";
      view.labels.sort((a, b) => a.rank - b.rank || a.order - b.order);
      for (const label of view.labels) {
        ctx.font = `${label.weight || 400} ${label.size}px ${FONT}`;
        const half = ctx.measureText(label.text).width / 2 + (label.chip ? 9 : 5), high = label.size / 2 + 4;
        const boxes = spots(half, high, label.chip).map(([dx, dy]) => {
          const x = label.x + dx, y = label.y + dy;
          return [x - half, y - high, x + half, y + high];
        });
        // a label cut by the edge of the map, or by what lies over it, tells half of it
        const away = !seen([label.x, label.y, label.x, label.y]); // until the reader moves the map
        const box = label.chip ? boxes.find(open) || (away && boxes.find(free)) : boxes.find(free);
        if (!box) continue;
        taken.push(box);
        const x = (box[0] + box[2]) / 2, y = (box[1] + box[3]) / 2;
        if (label.chip) this._lead(ctx, label, x, y, high);
        if (label.chip) {
          ctx.beginPath();
          ctx.arc(box[0] + high, y, high, Math.PI / 2, (3 * Math.PI) / 2);
          ctx.arc(box[2] - high, y, high, -Math.PI / 2, Math.PI / 2);
          ctx.closePath();
          ctx.shadowColor = "rgba(34,49,58,.35)";
          ctx.shadowBlur = 4 * view.ratio;
          ctx.fillStyle = "rgba(255,255,255,.95)";
          ctx.fill();
          ctx.shadowBlur = 0;
          ctx.shadowColor = "transparent";
        } else {
          ctx.strokeStyle = "rgba(255,255,255,.85)";
          ctx.lineWidth = 3;
          ctx.strokeText(label.text, x, y);
        }
        ctx.fillStyle = label.colour;
        ctx.fillText(label.text, x, y + 0.5);
      }
    },
  });
})();
