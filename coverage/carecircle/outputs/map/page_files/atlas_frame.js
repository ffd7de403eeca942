/* What stands around the map: north, scale, tiles, buttons, the words for those who cannot see it, print. */
(function () {
  "use strict";
  const carecircle = window.carecircle;
  const PRINTED = { width: 1062, height: 728 }; // A4 landscape inside its margins, in CSS pixels
  const COLUMN = 272; // of words beside the printed map
  const TIP = 24; // pixels between a place and its popup
  const NEAREST = 16;

  function north() {
    const control = L.control({ position: "bottomleft" });
    control.onAdd = () => {
      const node = L.DomUtil.create("div", "cc-north");
      const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      Object.entries({ width: 22, height: 30, viewBox: "0 0 22 30", "aria-hidden": "true" }).forEach(([k, v]) => svg.setAttribute(k, v));
      [["M11 1 L19 29 L11 23 Z", "#22313a"], ["M11 1 L3 29 L11 23 Z", "#fff"]].forEach(([d, fill]) => {
        const path = svg.appendChild(document.createElementNS(svg.namespaceURI, "path"));
        Object.entries({ d, fill, stroke: "#22313a", "stroke-linejoin": "round" }).forEach(([k, v]) => path.setAttribute(k, v));
      });
      node.appendChild(svg);
      node.appendChild(carecircle.element("span"));
      node.setAttribute("role", "img");
      return node;
    };
    return control;
  }

  const ICONS = {
    whole: "M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4",
    table: "M2 3h12v10H2zM2 6.500h12M2 9.500h12M6 6.500v6.500",
    print: "M4 6V2h8v4M4 11H2V6h12v5h-2M4 9h8v5H4z",
  };

  function icon(name) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    Object.entries({ width: 16, height: 16, viewBox: "0 0 16 16", "aria-hidden": "true" }).forEach(([k, v]) => svg.setAttribute(k, v));
    const path = svg.appendChild(document.createElementNS(svg.namespaceURI, "path"));
    Object.entries({ d: ICONS[name], fill: "none", stroke: "currentColor", "stroke-width": 1.4 }).forEach(([k, v]) => path.setAttribute(k, v));
    return svg;
  }

  /* Buttons above the map: whole map, table, print. */
  function buttons(atlas) {
    const control = L.control({ position: "topright" });
    control.onAdd = () => {
      const bar = L.DomUtil.create("div", "leaflet-bar");
      const add = (name, act) => {
        const link = bar.appendChild(carecircle.element("a", `cc-${name}-button cc-icon`));
        link.appendChild(icon(name));
        link.href = "#";
        link.dataset.word = name;
        link.setAttribute("role", "button");
        L.DomEvent.disableClickPropagation(link);
        L.DomEvent.on(link, "click", (event) => {
          L.DomEvent.stop(event);
          act();
        });
        // a link answers to Enter by itself; a button is expected to answer to the space bar too
        L.DomEvent.on(link, "keydown", (event) => {
          if (event.key !== " ") return;
          L.DomEvent.stop(event);
          act();
        });
      };
      add("whole", () => atlas.whole());
      add("table", () => atlas.toggleTable());
      add("print", () => window.print());
      bar.querySelector(".cc-table-button").setAttribute("aria-controls", "cc-table");
      return bar;
    };
    return control;
  }

  /* Tiles from the internet exist only where whoever wrote the file asked for them. */
  function tiles(atlas) {
    const { tiles } = atlas.payload;
    if (!tiles) return;
    L.tileLayer(tiles.url, { subdomains: tiles.subdomains, maxZoom: 19, opacity: 0.75 }).addTo(atlas.map);
    const control = L.control({ position: "bottomleft" });
    control.onAdd = () => carecircle.element("div", "cc-credit", `${tiles.title}: ${tiles.credit}`);
    control.addTo(atlas.map);
  }

  /* Everything outside panel and legend that speaks a language. */
  function speak(atlas) {
    const { words, card, lang } = atlas.payload, container = atlas.map.getContainer();
    const language = lang === "zh" ? "zh-CN" : "en";
    document.documentElement.lang = language;
    container.lang = language;
    document.title = card.title;
    container.setAttribute("role", "region");
    container.setAttribute("aria-label", card.title);
    // keys mean something else on the map alone; panel, table and legend are read as any page is
    const named = { role: "application", "aria-label": `${words.map_word}: ${card.title}. ${words.map_keys}`, "aria-describedby": "cc-summary" };
    Object.entries(named).forEach(([key, value]) => atlas.pane.setAttribute(key, value));
    container.querySelectorAll("[data-word]").forEach((link) => {
      link.title = words[link.dataset.word];
      link.setAttribute("aria-label", link.title);
    });
    [["in", words.zoom_in], ["out", words.zoom_out]].forEach(([way, word]) => {
      const link = container.querySelector(`.leaflet-control-zoom-${way}`);
      link.title = word;
      link.setAttribute("aria-label", word);
    });
    const pointer = container.querySelector(".cc-north");
    pointer.lastChild.textContent = words.north;
    pointer.setAttribute("aria-label", words.north_hint);
    atlas.skip.textContent = words.skip;
    tell(atlas);
  }

  /* The map in words, with its terms: read aloud, and printed after the map. */
  function tell(atlas) {
    const { card, summary, words } = atlas.payload, element = carecircle.element;
    atlas.canvas._container.setAttribute("role", "img");
    atlas.canvas._container.setAttribute("aria-label", `${words.map_word}: ${card.title}. ${summary.join(" ")}`);
    // a table beside the words, for paper, stays
    const told = atlas.prose.querySelector("div") || atlas.prose.appendChild(element("div"));
    told.replaceChildren(element("h2", "", [card.title, ...(card.plan ? [words.try] : []), words.summary].join(" · ")));
    if (card.synthetic) told.appendChild(element("p", "cc-synthetic", card.synthetic));
    summary.forEach((sentence) => told.appendChild(element("p", "", sentence)));
    [...card.terms, [words.sources, card.sources.join(" · ")]].forEach(([label, value]) => {
      if (value) told.appendChild(element("p", "cc-term", `${label}: ${value}`));
    });
  }

  /* For screen readers and the printed page: the same sentences, and what was just opened. */
  function unseen(atlas) {
    const container = atlas.map.getContainer();
    atlas.skip = document.body.insertBefore(carecircle.element("a", "cc-skip"), document.body.firstChild);
    atlas.skip.href = "#cc-panel";
    atlas.skip.addEventListener("click", (event) => {
      event.preventDefault();
      const first = atlas.boxes.panel.querySelector("button:not([hidden]), input");
      atlas.boxes.panel.classList.remove("cc-folded");
      if (first) first.focus();
    });
    atlas.prose = document.body.appendChild(carecircle.element("section", "cc-prose"));
    atlas.prose.id = "cc-summary";
    atlas.told = container.appendChild(carecircle.element("p", "cc-unseen cc-told"));
    atlas.told.setAttribute("role", "status");
    pane(atlas);
  }

  const BOXES = ".cc-panel, .cc-legend, .cc-table, .cc-aim-bar, .leaflet-popup, .leaflet-control";

  /* Whether an event began in what lies over the map; its way still knows boxes of what was built anew meanwhile. */
  const overBoxes = (event, names = BOXES) => event.composedPath().some((node) => node.matches && node.matches(names));

  /* What takes the keys of the map, without the boxes that lie over it. */
  function pane(atlas) {
    const { map } = atlas, container = map.getContainer();
    atlas.pane = container.insertBefore(carecircle.element("div", "cc-pane"), container.firstChild);
    atlas.pane.tabIndex = 0;
    container.removeAttribute("tabindex");
    for (const event of ["focus", "blur"]) atlas.pane.addEventListener(event, () => map.fire(event));
    container.addEventListener("click", (event) => {
      if (!overBoxes(event) || overBoxes(event, ".leaflet-popup-close-button")) atlas.pane.focus({ preventScroll: true });
    });
    container.addEventListener("keydown", ({ key, target }) => {
      if (key !== "Escape" || !target.closest(".leaflet-popup")) return;
      map.closePopup();
      atlas.pane.focus({ preventScroll: true });
    });
  }

  /* A place and its popup, both whole in the room that panel, legend and table leave. */
  function fit(atlas, bounds, latlng) {
    const { map } = atlas, node = map._popup.getElement(), size = map.getSize();
    const { paddingTopLeft: [left, top], paddingBottomRight: [right, bottom] } = atlas.free();
    const room = L.point(Math.max(50, size.x - left - right), Math.max(50, size.y - top - bottom));
    const half = node.offsetWidth / 2, height = node.offsetHeight + TIP;
    const needed = (zoom) => {
      const at = map.project(latlng, zoom), one = map.project(bounds.getNorthWest(), zoom), other = map.project(bounds.getSouthEast(), zoom);
      return L.bounds([one, other, at.subtract([half, height]), at.add([half, 0])]);
    };
    const nearest = Math.min(NEAREST, map.getBoundsZoom(bounds, false, size.subtract(room)));
    let zoom = nearest;
    const tooLarge = ({ x, y }) => x > room.x || y > room.y;
    while (zoom > nearest - 3 && tooLarge(needed(zoom).getSize())) zoom -= map.options.zoomSnap;
    const middle = needed(zoom).getCenter().subtract([left + room.x / 2, top + room.y / 2]).add(size.divideBy(2));
    map.setView(map.unproject(middle, zoom), zoom, { animate: false });
  }

  /* Buttons stand below the folded panel of a telephone, however much it says. */
  function below(atlas) {
    const { panel } = atlas.boxes, { style } = atlas.map.getContainer();
    const place = () => panel.classList.contains("cc-folded") && style.setProperty("--folded", `${panel.offsetHeight}px`);
    new ResizeObserver(place).observe(panel);
  }

  /* What the reader looks at, without the paper around the city. */
  function printedBounds(atlas) {
    const looked = atlas.looked(), city = L.latLngBounds(atlas.payload.bounds);
    if (!looked.intersects(city)) return looked;
    const [[south, west], [north, east]] = [[Math.max, "getSouth", "getWest"], [Math.min, "getNorth", "getEast"]].map(([pick, y, x]) => [pick(looked[y](), city[y]()), pick(looked[x](), city[x]())]);
    return L.latLngBounds([south, west], [north, east]);
  }

  /* Figures and legend on both sides of the map, or in a strip below it: whichever shows the city larger. */
  function arrange(atlas, looked) {
    const { panel, key } = atlas.boxes, container = atlas.map.getContainer(), whole = PRINTED.height;
    panel.classList.remove("cc-folded");
    key.node.classList.remove("cc-tighter");
    key.node.querySelector("details").open = true;
    container.classList.add("cc-strip");
    const strip = Math.max(panel.offsetHeight, key.node.offsetHeight) + 8;
    const beside = { paddingTopLeft: [COLUMN, 4], paddingBottomRight: [COLUMN, 4] };
    const below = { paddingTopLeft: [8, 4], paddingBottomRight: [8, strip + 4] };
    const zoom = (free) => atlas.map.getBoundsZoom(looked, false, L.point(free.paddingTopLeft).add(free.paddingBottomRight));
    if (zoom(below) > zoom(beside)) {
      container.style.setProperty("--cc-strip", `${strip}px`);
      return below;
    }
    container.classList.remove("cc-strip");
    key.node.classList.toggle("cc-tighter", key.node.offsetHeight > whole);
    return beside;
  }

  /* The printed page is a page of its own: its size, the same place, drawn twice as fine. */
  function printing(atlas) {
    const container = atlas.map.getContainer();
    let before = null;
    const resize = (size) => {
      container.style.width = size ? `${size.width}px` : "";
      container.style.height = size ? `${size.height}px` : "";
      atlas.map.invalidateSize({ animate: false, pan: false });
    };
    const prepare = () => {
      if (before) return;
      const { panel, key } = atlas.boxes, { options } = atlas.map;
      before = {
        centre: atlas.map.getCenter(), zoom: atlas.map.getZoom(), snap: options.zoomSnap, table: !atlas.table.node.hidden,
        folded: panel.classList.contains("cc-folded"), open: key.node.querySelector("details").open,
      };
      tell(atlas);
      const looked = printedBounds(atlas);
      container.classList.add("cc-printing");
      container.classList.remove("cc-with-table");
      if (before.table) atlas.prose.appendChild(atlas.table.whole());
      atlas.canvas.fine = 2;
      resize(PRINTED);
      options.zoomSnap = 0.05; // a page has one size only, and is to be filled
      atlas.map.fitBounds(looked, { animate: false, ...arrange(atlas, looked) });
      atlas.canvas.now();
    };
    const restore = () => {
      if (!before) return;
      container.classList.remove("cc-printing", "cc-strip");
      container.classList.toggle("cc-with-table", before.table);
      atlas.boxes.panel.classList.toggle("cc-folded", before.folded);
      atlas.boxes.key.node.querySelector("details").open = before.open;
      atlas.prose.querySelectorAll("table").forEach((table) => table.remove());
      atlas.canvas.fine = 0;
      atlas.map.options.zoomSnap = before.snap;
      resize(null);
      atlas.map.setView(before.centre, before.zoom, { animate: false });
      atlas.canvas.now();
      atlas.boxes.key.fit();
      before = null;
    };
    window.addEventListener("beforeprint", prepare);
    window.addEventListener("afterprint", restore);
    // some ways to print tell by the medium alone
    window.matchMedia("print").addEventListener("change", ({ matches }) => (matches ? prepare() : restore()));
  }

  carecircle.frame = { below, buttons, fit, north, overBoxes, printing, speak, tell, tiles, unseen };
})();
