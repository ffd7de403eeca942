/* Open the map: decode the data, put canvas, panel and legend on it, answer pointer and search. */
(function () {
  "use strict";
  const carecircle = window.carecircle;
  const decode = carecircle.decode;

  function unpack(payload) {
    const step = payload.step, homes = payload.homes;
    const areas = { ...payload.areas };
    areas.shapes = decode.shapes(areas.shapes, step);
    areas.xy = decode.placed(payload.areas, step);
    const facilities = { ...payload.facilities };
    facilities.xy = decode.placed(payload.facilities, step);
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
    }
    return data;
  }

  function Atlas(map, payload) {
    this.map = map;
    this.payload = payload;
    this.data = unpack(payload);
    const layers = payload.groups.flatMap((group) => group.layers);
    this.parted = layers.filter((layer) => layer.parts);
    if (payload.views) this.choose(payload.views.part);
    this.canvas = new carecircle.CanvasLayer(carecircle.drawers(layers, this.data));
    layers.filter((layer) => layer.on).forEach((layer) => this.canvas.visible.add(layer.id));
    this.canvas.visible.add("ground");
    this.popups = carecircle.popups(this.data, payload.words, layers.find((layer) => layer.type === "homes"));
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
    },

    look(part) {
      this.choose(part);
      this.map.closePopup();
      this.boxes.refresh();
      this.refreshLegend();
      this.canvas.redraw();
    },

    show(id, yes) {
      this.canvas.show(id, yes);
      this.refreshLegend();
    },

    /* Room that panel and legend leave free. */
    free() {
      const wide = this.map.getSize().x > 700;
      return {
        paddingTopLeft: [wide ? this.boxes.panel.offsetWidth + 28 : 16, wide ? 20 : Math.min(this.boxes.panel.offsetHeight, 190) + 16],
        paddingBottomRight: [wide && this.map.getSize().x > 1100 ? this.boxes.key.offsetWidth + 28 : 16, wide ? 24 : 60],
      };
    },

    whole() {
      this.map.fitBounds(this.payload.bounds, { animate: false, ...this.free() });
    },

    open(found, latlng) {
      L.popup({ maxWidth: 340, minWidth: 220, autoPanPadding: [20, 20] })
        .setLatLng(latlng)
        .setContent(this.popups.card(found))
        .openOn(this.map);
    },

    goTo(found) {
      const xy = (found.type === "area" ? this.data.areas : this.data.facilities).xy;
      if (isNaN(xy.x[found.index])) return;
      const latlng = decode.latLng(xy.x[found.index], xy.y[found.index]);
      if (found.type === "area") {
        const [west, north, east, south] = this.data.areas.shapes.box.slice(4 * found.index, 4 * found.index + 4);
        const bounds = L.latLngBounds(decode.latLng(west, south), decode.latLng(east, north));
        this.map.fitBounds(bounds, { animate: false, maxZoom: 16, ...this.free() });
      } else {
        const id = `kind${this.data.facilities.kind[found.index]}`;
        const input = this.boxes.panel.querySelector(`input[data-layer="${id}"]`);
        if (input && !input.checked) input.click(); // those of a scenario have no row of their own
        this.map.fitBounds(L.latLngBounds(latlng, latlng), { animate: false, maxZoom: 16, ...this.free() });
      }
      this.open(found, latlng);
    },

    listen() {
      const container = this.map.getContainer();
      const tip = carecircle.element("div", "cc-tip");
      container.appendChild(tip);
      let last = null;
      const look = () => {
        const found = last && this.canvas.hit(last);
        container.classList.toggle("cc-hit", Boolean(found));
        tip.textContent = found ? this.popups.line(found) : "";
        tip.style.display = tip.textContent ? "block" : "none";
        if (found) tip.style.transform = `translate(${last.x + 14}px, ${last.y + 14}px)`;
      };
      this.map.on("mousemove", (event) => {
        const waiting = last !== null && this._look;
        last = event.containerPoint;
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
        const found = this.canvas.hit(event.containerPoint);
        if (found) this.open(found, found.x === undefined ? event.latlng : decode.latLng(found.x, found.y));
      });
    },
  };

  function wholeButton(atlas) {
    const control = L.control({ position: "topright" });
    control.onAdd = () => {
      const bar = L.DomUtil.create("div", "leaflet-bar");
      const link = bar.appendChild(carecircle.element("a", "cc-whole", "⤢"));
      link.href = "#";
      link.title = atlas.payload.words.whole;
      link.setAttribute("role", "button");
      L.DomEvent.on(link, "click", (event) => {
        L.DomEvent.stop(event);
        atlas.whole();
      });
      return bar;
    };
    return control;
  }

  carecircle.open = function (map, text) {
    const payload = JSON.parse(text);
    document.documentElement.lang = payload.lang;
    const atlas = (carecircle.atlas = new Atlas(map, payload));
    map.getContainer().classList.add("cc-map");
    atlas.boxes = carecircle.panel(atlas);
    atlas.refreshLegend();
    L.control.zoom({ position: "topright" }).addTo(map);
    wholeButton(atlas).addTo(map);
    L.control.scale({ imperial: false, position: "bottomleft" }).addTo(map);
    atlas.whole();
    atlas.canvas.addTo(map);
    atlas.listen();
    map.on("resize", () => atlas.canvas.redraw());
    return atlas;
  };
})();
