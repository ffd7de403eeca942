/* The panel (title, headline, search, layers, terms) and the legend. */
(function () {
  "use strict";
  const carecircle = window.carecircle;
  const element = carecircle.element;
  const MOST_MATCHES = 9;

  function header(atlas, panel) {
    const { card, words } = atlas.payload;
    const top = panel.appendChild(element("header", "cc-head"));
    top.appendChild(element("h1", "", card.title));
    const toggle = top.appendChild(element("button", "cc-toggle", "≡"));
    toggle.type = "button";
    toggle.setAttribute("aria-label", words.panel);
    toggle.addEventListener("click", () => panel.classList.toggle("cc-folded"));
    const terms = panel.appendChild(element("p", "cc-sub cc-terms"));
    card.subtitle.split(" · ").forEach((part, i) => {
      if (i) terms.append(" · ");
      terms.appendChild(element("span", "", part));
    });
    if (card.synthetic) panel.appendChild(element("p", "cc-synthetic", card.synthetic));
  }

  function figure(parent, item) {
    const box = parent.appendChild(element("div", "cc-figure"));
    box.title = item.hint;
    const label = box.appendChild(element("span", "cc-label"));
    // a line may break before the bracket, not inside a Chinese word
    item.label.split(/(?=\()/).forEach((part) => label.appendChild(element("span", "", part)));
    box.appendChild(element("strong", "", item.value));
    box.appendChild(element("span", "cc-share", item.share));
  }

  /* Which view to show: before, after or change, and of which scenario. */
  function views(atlas, panel) {
    const { views } = atlas.payload;
    if (!views || !views.scenarios.length) return;
    const box = panel.appendChild(element("div", "cc-views"));
    let view = (atlas.part + 1) % 2 + 1, scenario = Math.max(0, Math.ceil(atlas.part / 2) - 1);
    const show = () => atlas.look(view ? 2 * scenario + view : 0);
    const list = box.appendChild(element("select"));
    list.setAttribute("aria-label", views.scenario);
    list.hidden = views.scenarios.length < 2;
    views.scenarios.forEach((name) => list.appendChild(element("option", "", name)));
    list.addEventListener("change", () => {
      scenario = list.selectedIndex;
      if (!view) box.querySelectorAll("input")[(view = 2)].checked = true;
      show();
    });
    const group = box.appendChild(element("div", "cc-switch"));
    group.setAttribute("role", "radiogroup");
    group.setAttribute("aria-label", views.title);
    views.words.forEach((word, i) => {
      const label = group.appendChild(element("label"));
      const input = label.appendChild(element("input"));
      input.type = "radio";
      input.name = "cc-view";
      input.checked = i === view;
      input.addEventListener("change", () => {
        view = i;
        show();
      });
      label.appendChild(element("span", "", word));
    });
    if (views.scenarios.length === 1) panel.appendChild(element("p", "cc-sub", views.scenarios[0]));
  }

  function headline(atlas, panel) {
    panel.replaceChildren();
    atlas.payload.headline.forEach((block) => {
      const section = panel.appendChild(element("section", "cc-headline"));
      if (block.name) section.appendChild(element("h2", "", block.name));
      const pair = section.appendChild(element("div", "cc-figures"));
      block.figures.forEach((item) => figure(pair, item));
      if (block.rows.length) {
        const table = section.appendChild(element("table", "cc-split"));
        block.rows.forEach(([name, ...figures]) => {
          const row = table.appendChild(element("tr"));
          row.appendChild(element("th", "", name));
          figures.forEach((item) => {
            const cell = row.appendChild(element("td", "", item.value));
            cell.appendChild(element("small", "", item.share));
          });
        });
      }
      section.appendChild(element("p", "cc-note", block.note));
    });
  }

  function matches(atlas, text) {
    const wanted = text.trim().toLowerCase();
    const found = [];
    if (!wanted) return found;
    for (const type of ["area", "facility"]) {
      const { title, subtitle } = type === "area" ? atlas.data.areas : atlas.data.facilities;
      for (let index = 0; index < title.length && found.length < MOST_MATCHES; index++) {
        if (title[index].toLowerCase().includes(wanted)) found.push({ type, index, title: title[index], subtitle: subtitle[index] });
      }
    }
    return found;
  }

  function search(atlas, panel) {
    const { words } = atlas.payload;
    const box = panel.appendChild(element("div", "cc-search"));
    const input = box.appendChild(element("input"));
    input.type = "search";
    input.placeholder = words.search;
    input.setAttribute("aria-label", words.search);
    const list = box.appendChild(element("ul"));
    let found = [], chosen = 0;
    function pick(i) {
      list.replaceChildren();
      if (found[i]) atlas.goTo(found[i]);
    }
    function mark() {
      [...list.children].forEach((row, i) => row.classList.toggle("cc-chosen", i === chosen));
    }
    input.addEventListener("input", () => {
      found = matches(atlas, input.value);
      chosen = 0;
      list.replaceChildren();
      found.forEach((item, i) => {
        const row = list.appendChild(element("li", "", item.title));
        const kind = item.subtitle || (item.type === "area" ? words.area_word : words.facility_word);
        row.appendChild(element("small", "", kind));
        row.addEventListener("mousedown", () => pick(i));
      });
      if (!found.length && input.value.trim()) list.appendChild(element("li", "cc-nothing", words.no_match));
      mark();
    });
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") pick(chosen);
      else if (event.key === "Escape") list.replaceChildren();
      else if (event.key === "ArrowDown") chosen = Math.min(chosen + 1, found.length - 1);
      else if (event.key === "ArrowUp") chosen = Math.max(chosen - 1, 0);
      else return;
      mark();
    });
    input.addEventListener("blur", () => list.replaceChildren());
  }

  function layerRow(atlas, group, layer) {
    const row = element("label", "cc-layer");
    const input = row.appendChild(element("input"));
    input.type = group.mode === "radio" ? "radio" : "checkbox";
    input.name = `cc-${group.id}`;
    input.dataset.layer = layer.id;
    input.checked = atlas.canvas.visible.has(layer.id);
    input.addEventListener("change", () => {
      if (group.mode === "radio") group.layers.forEach((other) => atlas.show(other.id, other.id === layer.id));
      else atlas.show(layer.id, input.checked);
    });
    const colours = layer.legend.map((entry) => entry.colour);
    if (layer.legend.length === 1) row.appendChild(carecircle.symbols.swatch(layer.legend[0]));
    else if (colours.length) row.appendChild(carecircle.symbols.strip(colours));
    row.appendChild(element("span", "", layer.title));
    const only = layer.legend.length === 1 ? layer.legend[0].count : null;
    if (only !== null && only !== undefined) row.appendChild(element("small", "", only.toLocaleString("en")));
    return row;
  }

  function layerList(atlas, nav) {
    const open = [...nav.children].map((fold) => fold.open);
    nav.replaceChildren();
    atlas.payload.groups.forEach((group, i) => {
      const fold = nav.appendChild(element("details"));
      fold.open = open.length ? open[i] : group.layers.some((layer) => layer.on) && group.id !== "base";
      fold.appendChild(element("summary", "", group.title));
      group.layers.forEach((layer) => fold.appendChild(layerRow(atlas, group, layer)));
    });
  }

  function about(atlas, panel) {
    const { card, words } = atlas.payload;
    const fold = panel.appendChild(element("details", "cc-about"));
    fold.appendChild(element("summary", "", words.about));
    const list = fold.appendChild(element("dl"));
    const terms = card.sources.length ? [...card.terms, [words.sources, card.sources.join("\n")]] : card.terms;
    terms.forEach(([label, value]) => {
      list.appendChild(element("dt", "", label));
      list.appendChild(element("dd", "", value));
    });
  }

  function legend(atlas) {
    const { card, words, statuses } = atlas.payload;
    const box = element("aside", "cc-legend");
    const fold = box.appendChild(element("details"));
    fold.open = window.innerWidth > 700;
    fold.appendChild(element("summary", "", words.legend));
    const body = fold.appendChild(element("div"));
    const foot = fold.appendChild(element("footer"));
    card.terms.slice(0, 6).forEach(([label, value]) => {
      const line = foot.appendChild(element("p"));
      line.appendChild(element("b", "", label));
      line.appendChild(document.createTextNode(" " + value));
    });
    if (card.synthetic) foot.appendChild(element("p", "cc-synthetic", card.synthetic));
    if (card.sources.length) foot.appendChild(element("p", "", card.sources.join(" · ")));

    function entries(title, list) {
      if (title) body.appendChild(element("h3", "", title));
      const box = body.appendChild(element("div"));
      list.forEach((entry) => {
        const row = box.appendChild(element("div", "cc-entry"));
        row.appendChild(carecircle.symbols.swatch(entry));
        row.appendChild(element("span", "", entry.label));
        if (entry.count !== null && entry.count !== undefined) {
          row.appendChild(element("small", "", entry.count.toLocaleString("en")));
        }
      });
      return box;
    }

    /* Roads, water and boundaries explain themselves: one flowing paragraph. */
    function base(group) {
      const shown = group.layers.filter((layer) => atlas.canvas.visible.has(layer.id));
      const list = shown.flatMap((layer) => layer.legend.map((entry) => ({ ...entry, count: null })));
      if (list.length) entries(group.title, list).classList.add("cc-flow");
    }

    atlas.refreshLegend = () => {
      let told = false;
      body.replaceChildren();
      atlas.payload.groups.forEach((group) => {
        if (group.id === "base") return base(group);
        const shown = group.layers.filter((layer) => atlas.canvas.visible.has(layer.id) && layer.legend.length);
        const single = shown.filter((layer) => layer.legend.length === 1);
        shown.filter((layer) => layer.legend.length > 1).forEach((layer) => entries(layer.title, layer.legend));
        if (single.length) entries(group.title, single.map((layer) => layer.legend[0]));
        if (group.id.startsWith("facilities") && single.length && !told) {
          told = true;
          const kinds = statuses.map((label, status) => ({ swatch: "symbol", shape: "circle", colour: "#5f6670", status, label }));
          entries("", kinds.slice(1).filter((kind) => atlas.data.facilities.status.includes(kind.status)));
        }
      });
    };
    return box;
  }

  carecircle.panel = (atlas) => {
    const panel = element("section", "cc-panel");
    panel.classList.toggle("cc-folded", window.innerWidth <= 700);
    header(atlas, panel);
    views(atlas, panel);
    const figures = panel.appendChild(element("div"));
    search(atlas, panel);
    const layers = panel.appendChild(element("nav", "cc-layers"));
    const refresh = () => {
      headline(atlas, figures);
      layerList(atlas, layers);
    };
    refresh();
    about(atlas, panel);
    const key = legend(atlas);
    for (const box of [panel, key]) {
      L.DomEvent.disableClickPropagation(box);
      L.DomEvent.disableScrollPropagation(box);
      atlas.map.getContainer().appendChild(box);
    }
    return { panel, key, refresh };
  };
})();
