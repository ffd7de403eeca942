/* Search in characters, in pinyin and in its first letters: a list to choose from by key or hand. */
(function () {
  "use strict";
  const carecircle = window.carecircle;
  const MOST_MATCHES = 9;
  const plain = (text) => text.toLowerCase().replace(/ü/g, "v").replace(/[\s'’]/g, "");

  /* How well a name answers: 0 best, -1 not at all. Pinyin is found from the start of a syllable. */
  function match(wanted, name, pinyin) {
    const title = plain(name);
    if (title.startsWith(wanted)) return 0;
    if (title.includes(wanted)) return 1;
    const syllables = (pinyin || "").split(" ").filter(Boolean).map(plain);
    const letters = syllables.map((syllable) => syllable[0]).join("");
    const at = letters.indexOf(wanted);
    if (at >= 0) return at ? 3 : 2;
    for (let i = 0; i < syllables.length; i++) {
      if (syllables[i][0] === wanted[0] && syllables.slice(i).join("").startsWith(wanted)) return i ? 3 : 2;
    }
    return -1;
  }

  function matches(atlas, text) {
    const wanted = plain(text);
    if (!wanted) return [];
    const found = [];
    for (const type of ["area", "facility"]) {
      const { title, subtitle, pinyin } = type === "area" ? atlas.data.areas : atlas.data.facilities;
      title.forEach((name, index) => {
        const rank = match(wanted, name, pinyin[index]);
        if (rank >= 0) found.push({ rank, type, index, title: name, subtitle: subtitle[index] });
      });
    }
    return found.sort((a, b) => a.rank - b.rank).slice(0, MOST_MATCHES);
  }

  function box(atlas, panel) {
    const element = carecircle.element;
    const { words } = atlas.payload;
    const search = panel.appendChild(element("div", "cc-search"));
    const input = search.appendChild(element("input"));
    const list = search.appendChild(element("ul"));
    Object.entries({ type: "search", placeholder: words.search, autocomplete: "off" }).forEach(([key, value]) => (input[key] = value));
    const named = { role: "combobox", "aria-label": words.search, "aria-expanded": "false", "aria-controls": "cc-found", "aria-autocomplete": "list" };
    Object.entries(named).forEach(([key, value]) => input.setAttribute(key, value));
    list.id = "cc-found";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", words.search);
    let found = [], chosen = 0;
    function close() {
      list.replaceChildren();
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    }
    function pick(i) {
      close();
      if (found[i]) atlas.goTo(found[i]);
    }
    function mark() {
      [...list.children].forEach((row, i) => {
        row.classList.toggle("cc-chosen", i === chosen);
        row.setAttribute("aria-selected", String(i === chosen));
      });
      if (found.length && list.children.length) input.setAttribute("aria-activedescendant", `cc-found-${chosen}`);
    }
    input.addEventListener("input", () => {
      found = matches(atlas, input.value);
      chosen = 0;
      close();
      found.forEach((item, i) => {
        const row = list.appendChild(element("li", "", item.title));
        const kind = item.subtitle || (item.type === "area" ? words.area_word : words.facility_word);
        row.id = `cc-found-${i}`;
        row.setAttribute("role", "option");
        row.appendChild(element("small", "", kind));
        row.addEventListener("mousedown", () => pick(i));
      });
      if (!found.length && input.value.trim()) list.appendChild(element("li", "cc-nothing", words.no_match));
      input.setAttribute("aria-expanded", String(list.children.length > 0));
      mark();
    });
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") pick(chosen);
      else if (event.key === "Escape") close();
      else if (event.key === "ArrowDown") chosen = Math.min(chosen + 1, found.length - 1);
      else if (event.key === "ArrowUp") chosen = Math.max(chosen - 1, 0);
      else return;
      // Enter must not also press the button that gets the focus
      if (event.key !== "Escape") event.preventDefault();
      mark();
    });
    input.addEventListener("blur", close);
  }

  carecircle.search = { box, match: (text, name, pinyin) => match(plain(text), name, pinyin), matches };
})();
