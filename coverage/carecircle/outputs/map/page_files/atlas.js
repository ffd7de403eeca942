/* Open the map: decode the data, put canvas, panel and legend on it, answer pointer and search. */
(function () {
  "use strict";
  const carecircle = window.carecircle;
  const decode = carecircle.decode;

  /* In place: texts change their language later, wherever they stand. */
  function unpack(payload) {
    const { step, homes, areas, facilities } = payload;
    areas.shapes = decode.shapes(areas.shapes, step);
    areas.xy = decode.placed(areas, step);
    facilities.xy = decode.placed(facilities, step);
    facilities.kind = decode.counts(facilities.kind);
    facilities.status = decode.codes(facilities.status);
    const data = { step, areas, facilities, gaps: payload.gaps, homes };
    if (homes.n) {
      data.homes = {
        ...homes,
        xy: decode.points(homes.xy, step),
        codes: decode.codes(homes.codes),
        minutes: decode.counts(homes.minutes),
        facility: decode.counts(homes.facility),
        area: decode.counts(homes.area),
        access: decode.counts(homes.access),
        limit: decode.codes(homes.limit),
        reason: decode.codes(homes.reason),
        then: (homes.then || []).map((one) => ({
          ...one, minutes: decode.counts(one.minutes), facility: decode.counts(one.facility), limit: decode.codes(one.limit),
        })),
      };
      // the worker knows homes that have no place on the map too
      const skipped = new Set(homes.left_out);
      data.homes.places = Array.from({ length: homes.n + skipped.size }, (_, i) => i).filter((i) => !skipped.has(i));
    }
    return data;
  }

  function Atlas(map, payload) {
    this.map = map;
    this.payload = payload;
    this.tongue = carecircle.tongue(payload);
    this.tongue.set(payload.lang);
    this.data = unpack(payload);
    const layers = payload.groups.flatMap((group) => group.layers);
    this.parted = layers.filter((layer) => layer.parts);
    if (payload.views) this.choose(payload.views.part);
    this.canvas = new carecircle.CanvasLayer(carecircle.drawers(layers, this.data));
    layers.filter((layer) => layer.on).forEach((layer) => this.canvas.visible.add(layer.id));
    this.canvas.visible.add("ground");
    this.canvas.visible.add("chosen");
    const rules = layers.find((layer) => layer.choices);
    if (rules) rules.choices.forEach((choice) => (choice.unit = decode.counts(choice.unit)));
    const shown = () => (rules && this.canvas.visible.has(rules.id) ? rules : null);
    this.popups = carecircle.popups(this.data, payload.words, layers.find((layer) => layer.type === "homes"), shown);
  }

  Atlas.prototype = {
    /* Choose a view: 0 is today, then "after" and "change" of each scenario. */
    choose(part) {
      this.part = part;
      this.parted.forEach((layer) => {
        const { title, legend } = layer.parts[part];
        Object.assign(layer, { part, title, legend });
      });
      this.payload.headline = this.payload.views.headlines[part];
      this.payload.summary = this.payload.views.summaries[part];
      this.payload.card = this.payload.views.cards[part];
      Object.assign(this.data.gaps, this.payload.views.gaps[Math.ceil(part / 2)]);
    },

    /* Do something under another view; what is chosen stays chosen. */
    under(part, act) {
      const chosen = this.part;
      if (part === undefined || part === chosen) return act();
      const { headline, summary, card } = this.payload;
      this.choose(part);
      try {
        return act();
      } finally {
        this.choose(chosen);
        Object.assign(this.payload, { headline, summary, card });
      }
    },

    /* Everything in the other language; what is open, chosen and drawn stays as it is. */
    speak(lang) {
      this.tongue.set(lang);
      if (this.payload.views) this.choose(this.part);
      this.map.closePopup();
      this.boxes.refresh();
      this.refreshLegend();
      this.table.build();
      if (this.trial) this.trial.build();
      carecircle.frame.speak(this);
      if (this.swipe) this.swipe.refresh();
      this.canvas.redraw();
    },

    /* Read the map of today, or try a plan. */
    mode(name) {
      const trying = name === "try";
      this.trying = trying;
      this.map.closePopup();
      this.boxes.turn(name);
      this.trial.map.enter(trying);
      if (trying) this.trial.trial.start();
      this.trial.columns();
      this.boxes.refresh();
      this.trial.retell();
    },

    /* Which of its choices a layer shows. */
    pick(layer, part) {
      Object.assign(layer, { part, legend: layer.choices[part].legend });
      this.refreshLegend();
      this.canvas.redraw();
    },

    toggleTable(yes) {
      const open = yes === undefined ? this.table.node.hidden : yes;
      this.table.node.hidden = !open;
      this.map.getContainer().classList.toggle("cc-with-table", open);
      this.map.getContainer().querySelector(".cc-table-button").setAttribute("aria-expanded", String(open));
      this.boxes.key.fit();
      const { popup } = this.opened || {};
      if (popup && popup.isOpen()) {
        popup.options.autoPan = true;
        popup.update(); // its height follows the room
      }
      if (open) this.table.redrawKept();
      if (open) this.table.filter.focus({ preventScroll: true });
    },

    /* Show one unit of the table: its areas outlined, and the popup where it is an area itself. */
    goToUnit(level, i) {
      if (level.level === "area") return this.goTo({ type: "area", index: i });
      const box = this.data.areas.shapes.box, members = level.areas[i];
      this.mark(members);
      this.map.closePopup();
      const bounds = L.latLngBounds([]);
      members.forEach((s) => {
        const [west, north, east, south] = box.slice(4 * s, 4 * s + 4);
        if (isFinite(west)) bounds.extend(decode.latLng(west, south)).extend(decode.latLng(east, north));
      });
      if (bounds.isValid()) this.map.fitBounds(bounds, { animate: false, maxZoom: 16, ...this.free() });
      this.canvas.redraw();
    },

    look(part) {
      this.choose(part);
      this.map.closePopup();
      this.boxes.refresh();
      this.refreshLegend();
      carecircle.frame.tell(this);
      this.swipe.refresh();
    },

    show(id, yes) {
      this.canvas.show(id, yes);
      this.refreshLegend();
    },

    /* Room that panel and legend leave free. */
    free() {
      const wide = this.map.getSize().x > 700;
      const table = this.table.node.hidden ? 0 : this.table.node.offsetHeight + 8;
      return {
        paddingTopLeft: [wide ? this.boxes.panel.offsetWidth + 28 : 16, wide ? 20 : Math.min(this.boxes.panel.offsetHeight, 190) + 16],
        paddingBottomRight: [wide && this.map.getSize().x > 1100 ? this.boxes.key.node.offsetWidth + 28 : 16, (wide ? 24 : 60) + table],
      };
    },

    /* What lies between panel and legend now. */
    looked() {
      const { paddingTopLeft: [left, top], paddingBottomRight: [right, bottom] } = this.free();
      const size = this.map.getSize();
      const corner = (x, y) => this.map.containerPointToLatLng([x, y]);
      return L.latLngBounds(corner(left, top), corner(Math.max(left + 50, size.x - right), Math.max(top + 50, size.y - bottom)));
    },

    whole() {
      this.map.fitBounds(this.payload.bounds, { animate: false, ...this.free() });
    },

    open(found, latlng, autoPan = true) {
      const popup = L.popup({ maxWidth: 340, minWidth: 220, autoPan, autoPanPadding: [20, 20] });
      popup.setLatLng(latlng).setContent(this.card(found)).openOn(this.map);
      this.opened = { popup, found };
      this.told.textContent = popup.getElement().innerText;
    },

    /* What is open under a plan says what holds now; places and areas of a plan may be gone. */
    reopen() {
      const { popup, found } = this.opened || {};
      if (!popup || !popup.isOpen()) return;
      if (found.type === "try" || found.type === "try_gap") return this.map.closePopup(popup);
      const held = popup.getElement().contains(document.activeElement);
      popup.setContent(this.card(found));
      const tool = popup.getElement().querySelector(".cc-tools button");
      if (held) (tool || this.pane).focus({ preventScroll: true });
    },

    /* Outline areas, and no others. */
    mark(areas) {
      if (!areas.length && !(this.data.chosen || []).length) return;
      this.data.chosen = areas;
      this.canvas.redraw();
    },

    card(found) {
      const { world } = this.trying ? this.trial.trial : {};
      const card = found.type === "try" ? carecircle.element("h2", "", found.site) : this.under(found.part, () => this.popups.card(found));
      if (!world || (found.type !== "facility" && found.type !== "try")) return card;
      const box = carecircle.element("div", "cc-card"), tools = this.trial.popup(found);
      box.append(...(tools ? [card, tools] : [card]));
      return box;
    },

    goTo(found) {
      const xy = (found.type === "area" ? this.data.areas : this.data.facilities).xy;
      this.mark(found.type === "area" ? [found.index] : []);
      if (window.innerWidth <= 700) this.boxes.panel.classList.add("cc-folded"); // it would cover what was found
      if (isNaN(xy.x[found.index])) return;
      const latlng = decode.latLng(xy.x[found.index], xy.y[found.index]), bounds = L.latLngBounds(latlng, latlng);
      if (found.type === "area") {
        const [west, north, east, south] = this.data.areas.shapes.box.slice(4 * found.index, 4 * found.index + 4);
        if (isFinite(west)) bounds.extend(decode.latLng(west, south)).extend(decode.latLng(east, north));
      } else {
        const id = `kind${this.data.facilities.kind[found.index]}`;
        const input = this.boxes.panel.querySelector(`input[data-layer="${id}"]`);
        if (input && !input.checked) input.click(); // those of a scenario have no row of their own
      }
      this.open(found, latlng, false);
      carecircle.frame.fit(this, bounds, latlng);
      const tool = this.map._popup.getElement().querySelector(".cc-tools button");
      if (tool) tool.focus({ preventScroll: true }); // whoever came by keys goes on by keys
    },

    listen() {
      const container = this.map.getContainer();
      const tip = carecircle.element("div", "cc-tip");
      container.appendChild(tip);
      let last = null;
      const look = () => {
        const found = last && this.canvas.hit(last);
        container.classList.toggle("cc-hit", Boolean(found));
        tip.textContent = found ? this.under(found.part, () => this.popups.line(found)) : "";
        tip.style.display = tip.textContent ? "block" : "none";
        if (!found) return;
        const room = this.map.getSize(), x = Math.min(last.x + 14, room.x - tip.offsetWidth - 6);
        const y = last.y + 14 + tip.offsetHeight > room.y ? last.y - 14 - tip.offsetHeight : last.y + 14;
        tip.style.transform = `translate(${x}px, ${y}px)`;
      };
      this.map.on("mousemove", (event) => {
        const waiting = Boolean(this._look);
        last = carecircle.frame.overBoxes(event.originalEvent) ? null : event.containerPoint;
        if (waiting) return;
        this._look = L.Util.requestAnimFrame(() => {
          this._look = null;
          look();
        });
      });
      this.map.on("mouseout movestart zoomstart", () => {
        last = null;
        tip.style.display = "none";
      });
      this.map.on("click", (event) => {
        const { map: trial } = this.trial || {};
        if (carecircle.frame.overBoxes(event.originalEvent)) return;
        if (trial && trial.mode) return trial.click(event.latlng);
        if (trial && Date.now() - (trial.dropped || 0) < 250) return;
        const found = this.canvas.hit(event.containerPoint);
        if (found) this.open(found, found.x === undefined ? event.latlng : decode.latLng(found.x, found.y));
        else this.mark([]);
      });
      document.addEventListener("keydown", ({ key }) => key === "Escape" && this.mark([]));
    },
  };

  carecircle.open = function (map, text) {
    const atlas = (carecircle.atlas = new Atlas(map, JSON.parse(text)));
    map.getContainer().classList.add("cc-map");
    const frame = carecircle.frame;
    frame.unseen(atlas);
    atlas.table = new carecircle.Table(atlas);
    atlas.boxes = carecircle.panel(atlas);
    map.getContainer().appendChild(atlas.table.node);
    L.DomEvent.disableClickPropagation(atlas.table.node);
    L.DomEvent.disableScrollPropagation(atlas.table.node);
    atlas.refreshLegend();
    L.control.zoom({ position: "topright" }).addTo(map);
    frame.buttons(atlas).addTo(map);
    L.control.scale({ imperial: false, position: "bottomleft", maxWidth: 140 }).addTo(map);
    frame.north().addTo(map);
    frame.tiles(atlas);
    atlas.whole();
    atlas.canvas.addTo(map);
    atlas.listen();
    frame.speak(atlas);
    frame.printing(atlas);
    frame.below(atlas);
    if (atlas.payload.views && atlas.payload.views.scenarios.length) {
      atlas.swipe = new carecircle.Swipe(atlas);
      atlas.boxes.refresh();
    }
    if (carecircle.Trial.possible()) {
      atlas.trial = new carecircle.TrialPanel(atlas);
      atlas.boxes.refresh();
      window.addEventListener("hashchange", () => atlas.trial.fromLink());
      atlas.trial.fromLink();
      // the search gets ready while the reader looks at today
      const start = () => void atlas.trial.trial.start();
      for (const sign of ["pointerover", "focusin"]) map.getContainer().addEventListener(sign, start, { once: true });
    }
    map.on("resize", () => {
      atlas.canvas.redraw();
      atlas.boxes.key.fit();
    });
    return atlas;
  };
})();
