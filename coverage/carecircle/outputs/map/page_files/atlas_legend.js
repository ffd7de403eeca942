/* The legend: what is on the map now, and under which terms. */
(function () {
  "use strict";
  const carecircle = window.carecircle;
  const element = carecircle.element;
  const HALF_EM = 7.8; // room for a label in half a row

  /* Width of a text in ems: characters of Chinese are square, Latin ones about half as wide. */
  const wide = (text) => Array.from(text).reduce((sum, one) => sum + (one >= "\u2e80" ? 1 : 0.55), 0);
  const figures = ({ count, change }) => (count === null || count === undefined ? 0 : 0.5 + 0.92 * wide(count.toLocaleString("en"))) + (change ? 3.5 : 0);
  const halves = (list) => list.length > 1 && list.every((entry) => wide(entry.label) + figures(entry) <= HALF_EM);

  carecircle.legend = (atlas) => {
    const node = element("aside", "cc-legend");
    const fold = node.appendChild(element("details"));
    fold.open = window.innerWidth > 700;
    let body, foot;

    /* Everything that does not change with the layers. */
    function build() {
      const { card, words } = atlas.payload;
      fold.replaceChildren(element("summary", "", words.legend));
      node.setAttribute("aria-label", words.legend);
      body = fold.appendChild(element("div"));
      foot = fold.appendChild(element("footer"));
      const terms = foot.appendChild(element("p"));
      card.terms.slice(0, 6).forEach(([label, value], i) => {
        const term = terms.appendChild(element("span", "cc-term"));
        term.appendChild(element("b", "", label));
        term.append(` ${value}`);
        terms.append(" ");
      });
      if (card.synthetic) foot.appendChild(element("p", "cc-synthetic", card.synthetic));
      if (card.sources.length) foot.appendChild(element("p", "cc-sources", card.sources.join(" · ")));
    }

    function entries(title, list) {
      if (title) body.appendChild(element("h3", "", title));
      const box = body.appendChild(element("div"));
      // classes keep their order from top to bottom, in two columns where they are short
      if (halves(list)) {
        box.classList.add("cc-halves");
        box.style.gridTemplateRows = `repeat(${Math.ceil(list.length / 2)}, auto)`;
      }
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

    /* How facilities look that do not operate: those states that are on the map. */
    function statuses() {
      const { kind, status } = atlas.data.facilities, layers = atlas.payload.groups.flatMap((group) => group.layers);
      const seen = layers.filter((layer) => layer.type === "symbols" && !layer.solid && atlas.canvas.visible.has(layer.id)).map((layer) => layer.kind);
      const shown = new Set(Array.from(status).filter((_, i) => seen.includes(kind[i])));
      const list = atlas.payload.statuses.map((label, state) => ({ swatch: "symbol", shape: "circle", colour: "#5f6670", status: state, label }));
      entries("", list.slice(1).filter((entry) => shown.has(entry.status))).classList.add("cc-flow");
    }

    /* While a plan is tried, fills and homes hold for the plan, and new signs appear. */
    function tried() {
      const { words } = atlas.payload;
      const line = (colour, label, dash) => ({ swatch: "line", colour, label, dash });
      entries(words.try, [
        { swatch: "symbol", shape: "star", colour: "#c4007a", label: words.try_sign_new },
        line("#c4007a", words.try_sign_road),
        line("#b3261e", words.try_sign_cut, [2, 3]),
      ]).classList.add("cc-flow");
      entries("", atlas.trial.signs());
    }

    /* Sources and then the whole foot, which stand in the panel too, give way before the reader would have to scroll. */
    function fit() {
      const steps = ["cc-tight", "cc-tighter"];
      node.classList.remove(...steps);
      for (const step of steps) if (node.scrollHeight > node.clientHeight + 1) node.classList.add(step);
    }

    atlas.refreshLegend = () => {
      let told = false;
      body.replaceChildren();
      if (atlas.trying) tried();
      atlas.payload.groups.forEach((group) => {
        if (group.id === "base") return base(group);
        const shown = group.layers.filter((layer) => atlas.canvas.visible.has(layer.id) && layer.legend.length);
        const single = shown.filter((layer) => layer.legend.length === 1);
        const many = shown.filter((layer) => layer.legend.length > 1);
        many.forEach((layer) => entries(layer.choices ? layer.choices[layer.part].title : layer.title, layer.legend));
        // what stands right under classes of its own group says itself what it is
        if (single.length) entries(many.length ? "" : group.title, single.map((layer) => layer.legend[0]));
        if (group.id.startsWith("facilities") && single.length && !told) {
          told = true;
          statuses();
        }
      });
      fit();
    };
    build();
    return { node, build, fit };
  };
})();
