/* The legend: what is on the map now, and under which terms. */
(function () {
  "use strict";
  const carecircle = window.carecircle;
  const element = carecircle.element;

  carecircle.legend = (atlas) => {
    const node = element("aside", "cc-legend");
    const fold = node.appendChild(element("details"));
    fold.open = window.innerWidth > 700;
    let body;

    /* Everything that does not change with the layers. */
    function build() {
      const { card, words } = atlas.payload;
      fold.replaceChildren(element("summary", "", words.legend));
      node.setAttribute("aria-label", words.legend);
      body = fold.appendChild(element("div"));
      const foot = fold.appendChild(element("footer"));
      card.terms.slice(0, 6).forEach(([label, value]) => {
        const line = foot.appendChild(element("p"));
        line.appendChild(element("b", "", label));
        line.appendChild(document.createTextNode(" " + value));
      });
      if (card.synthetic) foot.appendChild(element("p", "cc-synthetic", card.synthetic));
      if (card.sources.length) foot.appendChild(element("p", "", card.sources.join(" · ")));
    }

    function entries(title, list) {
      if (title) body.appendChild(element("h3", "", title));
      const box = body.appendChild(element("div"));
      list.forEach((entry) => {
        const row = box.appendChild(element("div", "cc-entry"));
        row.appendChild(carecircle.symbols.swatch(entry));
        row.appendChild(element("span", "", entry.label));
        if (entry.count !== null && entry.count !== undefined) {
          row.appendChild(element("small", "", entry.count.toLocaleString("en")));
          if (entry.change) row.appendChild(element("small", "cc-change", carecircle.format.signed(entry.change)));
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

    /* While a plan is tried, fills and homes hold for the plan, and new signs appear. */
    function tried() {
      const { words } = atlas.payload;
      const line = (colour, label, dash) => ({ swatch: "line", colour, label, dash });
      entries(words.try, [
        { swatch: "symbol", shape: "star", colour: "#c4007a", label: words.try_sign_new },
        line("#c4007a", words.try_sign_road),
        line("#b3261e", words.try_sign_cut, [2, 3]),
        ...atlas.trial.signs(),
      ]);
    }

    atlas.refreshLegend = () => {
      let told = false;
      body.replaceChildren();
      if (atlas.trying) tried();
      atlas.payload.groups.forEach((group) => {
        if (group.id === "base") return base(group);
        const shown = group.layers.filter((layer) => atlas.canvas.visible.has(layer.id) && layer.legend.length);
        const single = shown.filter((layer) => layer.legend.length === 1);
        shown.filter((layer) => layer.legend.length > 1).forEach((layer) => entries(layer.choices ? layer.choices[layer.part].title : layer.title, layer.legend));
        if (single.length) entries(group.title, single.map((layer) => layer.legend[0]));
        if (group.id.startsWith("facilities") && single.length && !told) {
          told = true;
          const kinds = atlas.payload.statuses.map((label, status) => ({ swatch: "symbol", shape: "circle", colour: "#5f6670", status, label }));
          entries("", kinds.slice(1).filter((kind) => atlas.data.facilities.status.includes(kind.status)));
        }
      });
    };
    build();
    return { node, build };
  };
})();
