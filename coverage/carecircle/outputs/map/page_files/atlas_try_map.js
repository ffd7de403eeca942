/* A tried plan on the map: its places and roads, homes in their new classes, clicks and drags. */
(function () {
  "use strict";
  const carecircle = window.carecircle;
  const NEW = { shape: "star", colour: "#c4007a" }, CUT = "#b3261e";
  const DRAG_PX = 4, SNAP_PX = 14;
  const HIDDEN = /^(gaps|reached|circle\d+)$/; // what they draw holds for today only
  const FOLLOWS = ["cell", "rate", "none"]; // fills that the plan changes

  function mercator(lon, lat) {
    const sine = Math.sin((lat * Math.PI) / 180);
    return { x: lon / 360 + 0.5, y: 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI) };
  }

  class TrialMap {
    constructor(atlas, trial) {
      Object.assign(this, { atlas, trial, mode: null, draft: [], active: false, cut: {} });
      const { facilities, homes } = atlas.data;
      this.kept = {
        x: facilities.xy.x.slice(), y: facilities.xy.y.slice(), status: facilities.status.slice(), codes: homes.n ? homes.codes.slice() : null,
      };
      this.keep();
      this.shapes = new carecircle.TrialShapes(atlas, trial, () => this.drawn());
      const above = atlas.canvas.drawers.findIndex((drawer) => ["bubbles", "symbols", "chosen"].includes(drawer.type));
      atlas.canvas.drawers.splice(above, 0, this.shapes.drawer());
      atlas.canvas.drawers.push(this.drawer("try_reached", -1, (view) => this.drawReached(view)));
      atlas.canvas.drawers.push(this.drawer("try", -1, (view) => this.draw(view), (view, x, y) => this.hit(view, x, y)));
      const after = (id) => atlas.canvas.drawers.findIndex((drawer) => drawer.type === id);
      const [reached] = atlas.canvas.drawers.splice(atlas.canvas.drawers.length - 2, 1);
      atlas.canvas.drawers.splice(Math.max(0, after("outline")), 0, reached);
      this.listen();
    }

    drawer(id, reach, draw, hit) {
      return { id, type: id, above: 9, reach, draw, ...(hit ? { hit } : {}) };
    }

    /* Into the what-if and out of it: today's circles and gaps step aside for the plan's. */
    enter(active) {
      const { canvas } = this.atlas;
      if (active === this.active) return;
      this.active = canvas.trying = active;
      if (active) {
        this.before = new Set(canvas.visible);
        this.rings = null;
        const fill = this.fills().find((id) => this.before.has(id));
        if (fill && !FOLLOWS.includes(fill)) this.fill("cell");
      } else {
        this.use(null);
        ["try", "try_reached", "try_gaps"].forEach((id) => canvas.visible.delete(id));
        for (const id of this.before) canvas.visible.add(id);
        const kept = this.fills().find((id) => this.before.has(id));
        if (kept) this.fill(kept);
      }
      this.show();
    }

    /* Today's own shapes while nothing is changed, the plan's in their place once something is. */
    exchange() {
      const { canvas } = this.atlas, today = !this.trial.changed;
      for (const id of this.before) {
        if (HIDDEN.test(id)) canvas.visible[today && id !== "reached" ? "add" : "delete"](id);
      }
      const gaps = this.before.has("gaps") || !this.hasLayer("gaps");
      const shown = { try: true, try_reached: !(today && this.circleLayers().length), try_gaps: !today && gaps };
      for (const [id, yes] of Object.entries(shown)) canvas.visible[yes ? "add" : "delete"](id);
    }

    hasLayer(id) {
      return this.atlas.payload.groups.some((group) => group.layers.some((layer) => layer.id === id));
    }

    /* Circles that the reader had on before, the longest first, with their minutes. */
    circleLayers() {
      const { rings } = this.trial.world || { rings: [] };
      const layers = this.atlas.payload.groups.flatMap((group) => group.layers).filter((layer) => /^circle\d+$/.test(layer.id));
      if (layers.length !== rings.length) return [];
      return layers.filter((layer) => this.before && this.before.has(layer.id)).map((layer) => ({ layer, minutes: rings[Number(layer.id.slice(6))] }));
    }

    /* Minutes of the circles to draw: those the reader had on, else the limits of the plan. */
    ringsFor(limits) {
      const own = this.circleLayers();
      this.ringColours = own.map(({ layer }) => layer.colour);
      return (this.rings = own.length ? own.map(({ minutes }) => minutes) : [...new Set(limits)].sort((a, b) => b - a));
    }

    /* Gaps or circles of the plan have arrived. */
    drawn() {
      this.atlas.refreshLegend();
      this.atlas.canvas.redraw();
      if (this.onDrawn) this.onDrawn();
    }

    fills() {
      const group = this.atlas.payload.groups.find((one) => one.id === "areas");
      return group ? group.layers.map((layer) => layer.id) : [];
    }

    fill(id) {
      this.fills().forEach((other) => this.atlas.canvas.visible.delete(other));
      this.atlas.canvas.visible.add(id);
    }

    /* Bring facilities, homes and shares in line with the plan, or with today. */
    show() {
      const { atlas, trial } = this, on = this.active && trial.world;
      const { facilities, homes } = atlas.data;
      facilities.xy.x.set(this.kept.x);
      facilities.xy.y.set(this.kept.y);
      facilities.status.set(this.kept.status);
      if (on) {
        trial.world.facilities.id.forEach((id, row) => {
          const { counts, open, today } = trial.stateOf(row);
          if (counts && open !== today) facilities.status[row] = open ? 0 : 2;
          const at = this.placeOf(trial.scenario.move[id]);
          if (at) this.put(facilities.xy, row, at);
        });
      }
      this.paint(on && trial.changed ? trial.result : null);
      if (this.active) this.exchange();
      if (on && !this.rings) this.ringsFor(Object.values({ ...trial.world.limits, ...trial.scenario.limits }));
      if (on && trial.state === "ready") this.shapes.update(trial.result, this.rings);
      atlas.refreshLegend();
      atlas.canvas.redraw();
    }

    /* Where a facility moves to, by place or by the id of a site. */
    placeOf(to) {
      const { scenario, where, world } = this.trial, spot = Array.isArray(to) ? to : scenario.sites[to];
      const site = !spot && world.sites.find((one) => one.id === to);
      return spot ? where.get(String(spot)) : site && [site.lon, site.lat];
    }

    put(xy, row, [lon, lat]) {
      const at = mercator(lon, lat);
      xy.x[row] = at.x;
      xy.y[row] = at.y;
    }

    pixel(view, [lon, lat]) {
      const at = mercator(lon, lat);
      return [at.x * view.scale + view.dx, at.y * view.scale + view.dy];
    }

    path(view, points) {
      view.ctx.beginPath();
      points.forEach((point, i) => view.ctx[i ? "lineTo" : "moveTo"](...this.pixel(view, point)));
    }

    draw(view) {
      const { trial } = this, ctx = view.ctx;
      if (!trial.world) return;
      const stroke = (colour, width, dash = []) => {
        ctx.setLineDash(dash);
        ctx.strokeStyle = colour;
        ctx.lineWidth = width;
        ctx.lineJoin = ctx.lineCap = "round";
        ctx.stroke();
      };
      for (const road of trial.scenario.roads.add) {
        const points = carecircle.trialLink.lineOf(road).map((xy) => trial.where.get(String(xy)));
        if (!points.every(Boolean)) continue;
        this.path(view, points);
        if (carecircle.trialLink.passes(road)) stroke("#22313a", 10); // a bridge has railings
        stroke("#fff", 7);
        stroke(NEW.colour, 4);
      }
      for (const p of this.cutPieces()) {
        this.piece(view, p);
        stroke("#fff", 7);
        stroke(CUT, 4, [2, 7]);
      }
      if (this.draft.length) {
        this.path(view, this.draft.map((vertex) => vertex.at));
        stroke(NEW.colour, 3, [6, 5]);
        for (const vertex of this.draft) {
          const [x, y] = this.pixel(view, vertex.at);
          ctx.beginPath();
          ctx.arc(x, y, 4, 0, 7);
          ctx.fillStyle = vertex.joined ? NEW.colour : "#fff";
          ctx.fill();
          stroke(NEW.colour, 2);
        }
      }
      ctx.setLineDash([]);
      const { sprite, half } = carecircle.symbols.sprite(NEW, 0, 11, view.ratio);
      for (const site of this.sites()) {
        const [x, y] = this.pixel(view, site.at);
        ctx.drawImage(sprite, x - half, y - half, 2 * half, 2 * half);
        view.taken.push([x - half / 2, y - half / 2, x + half / 2, y + half / 2]);
      }
    }

    sites() {
      const { scenario, where, world } = this.trial;
      const found = [];
      for (const id of scenario.build) {
        const xy = scenario.sites[id];
        const own = !xy && world.sites.find((site) => site.id === id);
        const at = this.held && this.held.site === id ? this.held.at : xy ? where.get(String(xy)) : own && [own.lon, own.lat];
        if (at) found.push({ site: id, at });
      }
      if (this.held && this.held.facility) found.push(this.held);
      return found;
    }

    /* Pieces of the closed roads; "R1" closes "R1/1" and "R1/2" too. */
    cutPieces() {
      const { scenario, world } = this.trial, { close } = scenario.roads, asked = JSON.stringify(close);
      if (this.cut.asked === asked) return this.cut.pieces;
      const closed = new Set(close), whole = (id) => id.replace(/\/[^/]*$/, "");
      const rows = new Set(close.length ? world.roads.id.flatMap((id, row) => (closed.has(id) || closed.has(whole(id)) ? [row] : [])) : []);
      const pieces = rows.size ? Array.from(world.road.keys()).filter((p) => rows.has(world.road[p])) : [];
      this.cut = { asked, pieces };
      return pieces;
    }

    piece(view, p) {
      const { start, x, y } = this.trial.world.lines;
      view.ctx.beginPath();
      for (let i = start[p]; i < start[p + 1]; i++) {
        view.ctx[i === start[p] ? "moveTo" : "lineTo"](x[i] * view.scale + view.dx, y[i] * view.scale + view.dy);
      }
    }

    hit(view, x, y) {
      const found = this.sites().find((site) => {
        const [px, py] = this.pixel(view, site.at);
        return Math.hypot(px - x, py - y) < 15;
      });
      return found && found.site ? { type: "try", site: found.site, ...mercator(...found.at) } : null;
    }

    /* What can be dragged: new sites, and facilities that count and stand open. */
    movable(point) {
      const found = this.atlas.canvas.hit(point);
      if (!found) return null;
      if (found.type === "try") return found.site in this.trial.scenario.sites ? { site: found.site } : null;
      if (found.type !== "facility") return null;
      const { id, open, today, counts } = this.trial.stateOf(found.index);
      return counts && open && today ? { facility: id, row: found.index } : null;
    }

    /* Take a tool into the hand; `item` is what "move" moves. */
    use(mode, item = null) {
      const { draft } = this;
      Object.assign(this, { mode, item });
      this.draft = [];
      this.bridge = false; // what is drawn is a road unless the reader says so
      const container = this.atlas.map.getContainer();
      container.classList.toggle("cc-aim", Boolean(mode));
      this.atlas.map.doubleClickZoom[mode ? "disable" : "enable"]();
      if (draft.length) this.atlas.canvas.redraw();
      if (this.onMode) this.onMode(mode);
    }

    metres(pixels) {
      const { map } = this.atlas, y = map.getSize().y / 2;
      return map.distance(map.containerPointToLatLng([0, y]), map.containerPointToLatLng([pixels, y]));
    }

    /* A click while a tool is in hand. True: it was taken. */
    async click(latlng) {
      const { mode, trial, item } = this;
      if (!this.active || !mode || trial.state === "failed") return;
      if (mode === "add") {
        this.use(null);
        await trial.add(latlng);
      } else if (mode === "move") {
        this.use(null);
        await trial.drag(item, latlng);
      } else if (mode === "cut") {
        const road = await trial.road(latlng, this.metres(SNAP_PX));
        if (road.piece < 0) return this.onMode(mode, "try_none_near");
        this.use(null);
        if (road.added >= 0) return void (await trial.remove("add", road.added)); // a road of the plan
        await trial.change(({ roads }) => roads.close.includes(road.road) || roads.close.push(road.road));
      } else await this.vertex(latlng);
    }

    /* A vertex near a road joins it there. */
    async vertex(latlng) {
      const { trial } = this, near = await trial.road(latlng, this.metres(SNAP_PX)), joined = near.piece >= 0;
      const { x, y } = joined ? near : await trial.locate(latlng);
      const last = this.draft[this.draft.length - 1];
      if (last && last.xy[0] === x && last.xy[1] === y) return; // the second half of a double click
      this.draft.push({ at: trial.where.get(String([x, y])), xy: [x, y], joined });
      this.atlas.canvas.redraw();
    }

    async finish() {
      const line = this.draft.map((vertex) => vertex.xy), { bridge } = this;
      if (line.length > 1) this.draft = []; // what is drawn stays until the plan takes its place
      this.use(null);
      if (line.length > 1) await this.trial.change(({ roads }) => roads.add.push(bridge ? { line, bridge: "yes" } : line));
    }

    listen() {
      const { map } = this.atlas, container = map.getContainer();
      map.on("dblclick", () => this.mode === "draw" && setTimeout(() => this.finish(), 60));
      document.addEventListener("keydown", (event) => {
        if (!this.mode) return;
        if (event.key === "Escape") this.use(null);
        else if (event.key === " " && event.target === this.atlas.pane) {
          event.preventDefault();
          this.click(map.getCenter()); // by keys the map moves under a cross
        } else if (event.key === "Enter" && this.mode === "draw" && event.target.tagName !== "BUTTON") this.finish();
      });
      container.addEventListener("pointerdown", (event) => this.grab(event), true);
    }

    grab(event) {
      const inside = carecircle.frame.overBoxes(event);
      if (!this.active || this.mode || inside || event.button || !this.trial.world) return;
      const { map, canvas } = this.atlas, from = map.mouseEventToContainerPoint(event);
      const item = this.movable(from);
      if (!item) return;
      map.dragging.disable();
      let moved = false;
      const move = (next) => {
        const point = map.mouseEventToContainerPoint(next);
        moved = moved || point.distanceTo(from) > DRAG_PX;
        if (!moved) return;
        map.closePopup();
        const { lng, lat } = map.containerPointToLatLng(point);
        this.held = { ...item, at: [lng, lat] };
        canvas.redraw();
      };
      const ends = ["pointerup", "pointercancel"];
      const drop = async (last) => {
        window.removeEventListener("pointermove", move);
        ends.forEach((end) => window.removeEventListener(end, drop));
        map.dragging.enable();
        if (last.type === "pointercancel") this.held = null; // the system took the pointer away
        if (!moved || !this.held) return canvas.redraw();
        this.dropped = Date.now(); // the click that ends a drag opens nothing
        await this.trial.drag(item, map.containerPointToLatLng(map.mouseEventToContainerPoint(last)));
        this.held = null;
        canvas.redraw();
      };
      window.addEventListener("pointermove", move);
      ends.forEach((end) => window.addEventListener(end, drop));
    }
  }

  Object.assign(TrialMap.prototype, carecircle.reached, carecircle.paint);
  carecircle.TrialMap = TrialMap;
})();
