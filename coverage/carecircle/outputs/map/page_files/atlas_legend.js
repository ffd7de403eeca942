/* The legend: what is on the map now, and under which terms. */
(function () {
  "use strict";
  const carecircle = window.carecircle;
  const element = carecircle.element;
  const HALF_EM = 7.8; // room for a label in half a row
  const STEPS = ["cc-tight", "cc-tighter"]; // what gives way first, and then

  /* Width of a text in ems: characters of Chinese are square, Latin ones about half as wide. */
  const wide = (text) => Array.from(text).reduce((sum, one) => sum + (one >= "\u2e80" ? 1 : 0.55), 0);
  const counted = (count) => count !== null && count !== undefined;
  const figures = ({ count, change }) => (!counted(count) ? 0 : 0.5 + 0.92 * wide(count.toLocaleString("en"))) + (change ? 3.5 : 0);
  const halves = (list) => list.length > 1 && list.every((entry) => wide(entry.label) + figures(entry) <= HALF_EM);

  carecircle.legend = (atlas) => {
    const node = element("aside", "cc-legend");
    const fold = node.appendChild(element("details"));
    fold.open = window.innerWidth > 700;
    let body, foot, written, parts, asked;
    const fits = new Map(); // what is written -> how many steps it takes to fit

    /* In the language of the page, still empty. */
    function build() {
      const { words } = atlas.payload;
      fold.replaceChildren(element("summary", "", words.legend));
      node.setAttribute("aria-label", words.legend);
      body = fold.appendChild(element("div"));
      foot = fold.appendChild(element("footer"));
      written = "";
      parts = [];
    }

    /* Under which terms, and from where. */
    function writeFoot(card) {
      const terms = element("p");
      foot.replaceChildren(terms);
      card.terms.slice(0, 6).forEach(([label, value], i) => {
        const term = terms.appendChild(element("span", "cc-term"));
        term.appendChild(element("b", "", label));
        term.append(` ${value}`);
        terms.append(" ");
      });
      if (card.synthetic) foot.appendChild(element("p", "cc-synthetic", card.synthetic));
      if (card.sources.length) foot.appendChild(element("p", "cc-sources", card.sources.join(" · ")));
    }

    /* A title and its entries; classes keep their order from top to bottom, in two columns where they are short. */
    function section(title, list, flow = false) {
      return { title, list, flow, half: halves(list) };
    }

    function write({ title, list, flow, half }, key) {
      const part = element("div");
      if (title) part.appendChild(element("h3", "", title));
      const box = part.appendChild(element("div", flow ? "cc-flow" : ""));
      if (half) {
        box.classList.add("cc-halves");
        box.style.gridTemplateRows = `repeat(${Math.ceil(list.length / 2)}, auto)`;
      }
      const rows = list.map((entry) => {
        const row = box.appendChild(element("div", "cc-entry"));
        row.appendChild(carecircle.symbols.swatch(entry));
        row.appendChild(element("span", "", entry.label));
        return row;
      });
      return { key, part, rows };
    }

    /* How many there are, and how many more than today. */
    function count(row, { count: many, change }) {
      const texts = counted(many) ? [many.toLocaleString("en"), ...(change ? [carecircle.format.signed(change)] : [])] : [];
      while (row.children.length > 2 + texts.length) row.lastChild.remove();
      texts.forEach((text, k) => {
        const node = row.children[2 + k] || row.appendChild(element("small", k ? "cc-change" : ""));
        if (node.textContent !== text) node.textContent = text;
      });
    }

    /* Roads, water and boundaries explain themselves: one flowing paragraph. */
    function base(group) {
      const shown = group.layers.filter((layer) => atlas.canvas.visible.has(layer.id));
      const list = shown.flatMap((layer) => layer.legend.map((entry) => ({ ...entry, count: null })));
      return list.length ? [section(group.title, list, true)] : [];
    }

    /* How facilities look that do not operate: those states that are on the map. */
    function statuses() {
      const { kind, status } = atlas.data.facilities, layers = atlas.payload.groups.flatMap((group) => group.layers);
      const seen = layers.filter((layer) => layer.type === "symbols" && !layer.solid && atlas.canvas.visible.has(layer.id)).map((layer) => layer.kind);
      const shown = new Set(Array.from(status).filter((_, i) => seen.includes(kind[i])));
      const list = atlas.payload.statuses.map((label, state) => ({ swatch: "symbol", shape: "circle", colour: "#5f6670", status: state, label }));
      return section("", list.slice(1).filter((entry) => shown.has(entry.status)), true);
    }

    /* While a plan is tried, fills and homes hold for the plan, and new signs appear. */
    function tried() {
      const { words } = atlas.payload;
      const line = (colour, label, dash) => ({ swatch: "line", colour, label, dash });
      const signs = [
        { swatch: "symbol", shape: "star", colour: "#c4007a", label: words.try_sign_new },
        line("#c4007a", words.try_sign_road),
        line("#b3261e", words.try_sign_cut, [2, 3]),
      ];
      return [section(words.try, signs, true), section("", atlas.trial.signs())];
    }

    function sections() {
      let told = false;
      const found = atlas.trying ? tried() : [];
      for (const group of atlas.payload.groups) {
        if (group.id === "base") {
          found.push(...base(group));
          continue;
        }
        const shown = group.layers.filter((layer) => atlas.canvas.visible.has(layer.id) && layer.legend.length);
        const single = shown.filter((layer) => layer.legend.length === 1);
        const many = shown.filter((layer) => layer.legend.length > 1);
        found.push(...many.map((layer) => section(layer.choices ? layer.choices[layer.part].title : layer.title, layer.legend)));
        // what stands right under classes of its own group says itself what it is
        if (single.length) found.push(section(many.length ? "" : group.title, single.map((layer) => layer.legend[0])));
        if (group.id.startsWith("facilities") && single.length && !told) {
          told = true;
          found.push(statuses());
        }
      }
      return found;
    }

    /* Sources and then the whole foot, which stand in the panel too, give way before the reader would have to scroll. */
    function fit() {
      const tight = (step) => (node.className = `cc-legend ${STEPS.slice(0, step).join(" ")}`.trim());
      const fitting = (step) => {
        tight(step);
        return node.scrollHeight <= node.clientHeight + 1;
      };
      asked = null;
      if (!fits.has(written)) fits.set(written, [0, 1].find(fitting) ?? STEPS.length);
      tight(fits.get(written));
    }

    const shape = (key, value) => (key === "count" ? counted(value) : key === "change" ? undefined : value);

    /* Sections that stand there as they should stay. */
    function lay(wanted) {
      const before = parts;
      parts = wanted.map((section) => {
        const key = JSON.stringify(section, shape), k = before.findIndex((part) => part.key === key);
        return k < 0 ? write(section, key) : before.splice(k, 1)[0];
      });
      before.forEach(({ part }) => part.remove());
      parts.forEach(({ part }, k) => part !== body.children[k] && body.insertBefore(part, body.children[k] || null));
    }

    /* A plan changes counts far more often than what is on the map. */
    atlas.refreshLegend = () => {
      const { terms, synthetic, sources } = atlas.payload.card, card = { terms, synthetic, sources }, all = sections();
      lay(all);
      all.forEach(({ list }, k) => list.forEach((entry, i) => count(parts[k].rows[i], entry)));
      const now = JSON.stringify([card, parts.map(({ key }) => key)]);
      if (now === written) return;
      written = now;
      writeFoot(card);
      asked = asked || requestAnimationFrame(fit); // with all else that this frame lays out
    };

    /* The room has changed. */
    function refit() {
      fits.clear();
      fit();
    }

    fold.addEventListener("toggle", refit);
    build();
    return { node, build, fit: refit };
  };
})();
