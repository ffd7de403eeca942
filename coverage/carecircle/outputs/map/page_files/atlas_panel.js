/* The panel: title, headline, search, layers, indicators, the map in words, terms. */
(function () {
  "use strict";
  const carecircle = window.carecircle;
  const element = carecircle.element;

  function header(atlas, panel) {
    const { card, words, lang } = atlas.payload;
    const top = panel.appendChild(element("header", "cc-head"));
    top.appendChild(element("h1", "", card.title));
    const language = top.appendChild(element("button", "cc-language", words.language));
    language.type = "button";
    language.title = words.language_hint;
    language.addEventListener("click", () => {
      atlas.speak(lang === "zh" ? "en" : "zh");
      panel.querySelector(".cc-language").focus();
    });
    const toggle = top.appendChild(element("button", "cc-toggle", "≡"));
    toggle.type = "button";
    toggle.setAttribute("aria-label", words.panel);
    const told = () => toggle.setAttribute("aria-expanded", String(!panel.classList.contains("cc-folded")));
    toggle.addEventListener("click", () => {
      panel.classList.toggle("cc-folded");
      told();
    });
    told();
    terms(atlas, panel.appendChild(element("p", "cc-sub cc-terms")));
    if (card.synthetic) panel.appendChild(element("p", "cc-synthetic", card.synthetic));
  }

  /* Limits, travel and date; a tried plan says first that it is one. */
  function terms(atlas, node) {
    const { card } = atlas.payload;
    node.replaceChildren();
    card.subtitle.split(" · ").forEach((part, i) => {
      if (i) node.append(" · ");
      node.appendChild(element("span", card.plan && !i ? "cc-plan" : "", part));
    });
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
    if (atlas.swipe) atlas.swipe.offer(box);
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

  /* A layer of many rules: which one to show. */
  function choices(atlas, layer, input) {
    const list = element("select");
    list.setAttribute("aria-label", layer.choose);
    layer.choices.forEach((choice) => list.appendChild(element("option", "", choice.title)));
    list.selectedIndex = layer.part;
    list.addEventListener("change", () => {
      atlas.pick(layer, list.selectedIndex);
      if (!input.checked) input.click();
    });
    return list;
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
    if (layer.choices) row.append(choices(atlas, layer, input));
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
    const told = card.sources.length ? [...card.terms, [words.sources, card.sources.join("\n")]] : card.terms;
    told.forEach(([label, value]) => {
      list.appendChild(element("dt", "", label));
      list.appendChild(element("dd", "", value));
    });
  }

  /* Indicators of the city that are to be quoted, each with its figure and its limit. */
  function indicators(atlas, panel) {
    const { words, city_rules: rules } = atlas.payload;
    if (!rules.length) return;
    const fold = panel.appendChild(element("details", "cc-rules"));
    const title = atlas.trying ? `${words.city_rules} · ${words.try_today}` : words.city_rules; // no plan changes them
    fold.appendChild(element("summary", "", title)).appendChild(element("small", "", rules.length));
    const list = fold.appendChild(element("ul"));
    rules.forEach((rule) => {
      const row = list.appendChild(element("li", `cc-${rule.verdict}`));
      row.appendChild(element("span", "", rule.title));
      row.appendChild(element("small", "", rule.figure));
    });
  }

  function inWords(atlas, panel) {
    const { words, summary } = atlas.payload;
    const fold = panel.appendChild(element("details", "cc-words"));
    const head = fold.appendChild(element("summary", "", words.summary));
    head.title = words.summary_hint;
    summary.forEach((sentence) => fold.appendChild(element("p", "", sentence)));
  }

  /* The map of today, or a plan of one's own. */
  function modes(atlas, panel) {
    const { words } = atlas.payload;
    const group = panel.appendChild(element("div", "cc-switch cc-mode"));
    group.setAttribute("role", "radiogroup");
    group.setAttribute("aria-label", words.try);
    [["layers", words.layers], ["try", words.try]].forEach(([mode, word]) => {
      const label = group.appendChild(element("label"));
      const input = label.appendChild(element("input"));
      input.type = "radio";
      input.name = "cc-mode";
      input.value = mode;
      input.checked = (mode === "try") === Boolean(atlas.trying);
      input.addEventListener("change", () => {
        atlas.mode(mode);
        panel.querySelector(`input[value="${mode}"]`).focus();
      });
      label.appendChild(element("span", "", word));
    });
  }

  carecircle.panel = (atlas) => {
    const panel = element("section", "cc-panel");
    const key = carecircle.legend(atlas);
    panel.id = "cc-panel";
    panel.classList.toggle("cc-folded", window.innerWidth <= 700);
    const figures = element("div"), layers = element("nav", "cc-layers");
    /* Numbers and layers follow the view; everything else only the language. */
    function refresh() {
      const open = [...panel.querySelectorAll(":scope > details")].filter((fold) => fold.open).map((fold) => fold.className);
      panel.replaceChildren();
      panel.setAttribute("aria-label", atlas.payload.words.panel);
      layers.setAttribute("aria-label", atlas.payload.words.layer_list);
      header(atlas, panel);
      if (atlas.trial) panel.appendChild(atlas.trial.small);
      views(atlas, panel);
      panel.appendChild(figures);
      carecircle.search.box(atlas, panel);
      if (atlas.trial) modes(atlas, panel);
      panel.appendChild(layers);
      if (atlas.trial) panel.appendChild(atlas.trial.node);
      headline(atlas, figures);
      layerList(atlas, layers);
      [indicators, inWords, about].forEach((part) => part(atlas, panel));
      panel.querySelectorAll(":scope > details").forEach((fold) => (fold.open = open.includes(fold.className)));
    }
    function anew(name, part) {
      const old = panel.querySelector(`.${name}`), { open } = old, focused = old.contains(document.activeElement);
      part(atlas, panel);
      const fold = panel.lastChild;
      fold.open = open;
      old.replaceWith(fold);
      if (focused) fold.querySelector("summary").focus({ preventScroll: true });
    }
    refresh();
    for (const box of [panel, key.node]) {
      L.DomEvent.disableClickPropagation(box);
      L.DomEvent.disableScrollPropagation(box);
      atlas.map.getContainer().appendChild(box);
    }
    return {
      panel,
      key,
      /* What stands under the search: layers, or the what-if. */
      turn(name) {
        panel.classList.toggle("cc-trying", name === "try");
        layers.hidden = name === "try";
        atlas.trial.node.hidden = name !== "try";
      },
      /* Terms and sentences may change by themselves: nothing else is built anew, and the focus stays. */
      terms() {
        terms(atlas, panel.querySelector(".cc-terms"));
        anew("cc-about", about);
      },
      sentences: () => anew("cc-words", inWords),
      refresh() {
        refresh();
        key.build();
        atlas.refreshLegend();
      },
    };
  };
})();
