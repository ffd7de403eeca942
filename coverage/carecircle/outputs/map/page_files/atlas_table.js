/* The table under the map: units of a level, sorted and filtered; a row leads to its place. */
(function () {
  "use strict";
  const carecircle = window.carecircle;
  const { known, number, percent, signed } = carecircle.format;
  const AT_ONCE = 200; // rows added at a time; more follow when the reader scrolls

  /* Whether a change is for the better; of some figures less is. */
  const coloured = (change, less) => (Math.abs(change) > 0.05 ? (change > 0 === !less ? "cc-up" : "cc-down") : "cc-same");

  /* What a cell sorts by, and what it shows. */
  const FORMS = {
    text: { value: (c, i) => c.values[i], show: (c, i) => c.values[i] },
    number: { value: (c, i) => c.values[i], show: (c, i) => number(c.values[i]) },
    minutes: { value: (c, i) => c.values[i], show: (c, i) => number(c.values[i], 1) },
    signed: { value: (c, i) => c.values[i], show: (c, i) => signed(c.values[i]) },
    share: {
      value: (c, i) => (c.total[i] > 0 && known(c.values[i]) ? c.values[i] / c.total[i] : null),
      show: (c, i) => (known(c.values[i]) ? `${percent(c.values[i], c.total[i])}` : "–"),
      more: (c, i) => (known(c.values[i]) ? `${number(c.values[i])} / ${number(c.total[i])}` : ""),
    },
  };
  const empty = (value) => value === null || value === undefined || value === "";

  function Table(atlas) {
    this.atlas = atlas;
    this.place = 0;
    this.sort = { id: null, down: false };
    this.node = carecircle.element("section", "cc-table");
    this.node.hidden = true;
    this.node.id = "cc-table";
    this.node.addEventListener("keydown", (event) => this.leave(event));
    this.extra = {}; // level -> columns of a what-if
    this.build();
  }

  Table.prototype = {
    get level() {
      return this.atlas.payload.table.levels[this.place];
    },

    /* Escape empties the filter, then closes the table; the focus goes back to its button. */
    leave(event) {
      if (event.key !== "Escape" || (event.target === this.filter && this.filter.value)) return;
      this.atlas.toggleTable(false);
      this.atlas.map.getContainer().querySelector(".cc-table-button").focus({ preventScroll: true });
    },

    columns() {
      const level = this.level;
      const total = (level.columns.find((c) => c.id === "total") || {}).values;
      const own = level.columns.map((column) => ({ ...column, total }));
      const more = (this.extra[level.level] || []).map((column) => ({ total, ...column }));
      return [own[0], ...more, ...own.slice(1)];
    },

    control(name, label) {
      const node = this.bar.appendChild(carecircle.element(name));
      node.setAttribute("aria-label", label);
      return node;
    },

    build() {
      const { words, table } = this.atlas.payload, element = carecircle.element;
      const kept = this.filter ? this.filter.value : "", only = this.verdict ? this.verdict.selectedIndex : 0;
      this.node.replaceChildren();
      this.node.setAttribute("aria-label", words.table);
      this.bar = this.node.appendChild(element("div", "cc-table-bar"));
      const level = this.control("select", words.table_level);
      table.levels.forEach((one) => level.appendChild(element("option", "", one.title)));
      level.selectedIndex = this.place;
      level.addEventListener("change", () => {
        this.place = level.selectedIndex;
        this.draw();
      });
      this.filter = this.control("input", words.filter);
      this.filter.type = "search";
      this.filter.placeholder = words.filter;
      this.filter.value = kept;
      this.filter.addEventListener("input", () => this.draw());
      this.verdict = this.control("select", words.filter_verdict);
      this.verdict.addEventListener("change", () => this.draw());
      this.count = this.bar.appendChild(element("span", "cc-count"));
      this.count.setAttribute("role", "status");
      this.bar.appendChild(element("span", "cc-hint", words.table_hint));
      const close = this.control("button", words.close_table);
      close.type = "button";
      close.textContent = "×";
      close.className = "cc-close";
      close.addEventListener("click", () => this.leave({ key: "Escape" }));
      this.box = this.node.appendChild(element("div", "cc-table-box"));
      this.box.tabIndex = -1;
      this.box.addEventListener("scroll", () => {
        if (this.box.scrollTop + this.box.clientHeight > this.box.scrollHeight - 200) this.more();
      });
      this.verdicts();
      this.verdict.selectedIndex = only; // verdicts come in the same order in every language
      this.draw();
    },

    /* The verdicts to choose from; other levels have none. */
    verdicts() {
      const column = this.level && this.level.columns.find((c) => c.id === "verdict");
      const names = column ? [...new Set(column.values)] : [];
      this.verdict.replaceChildren(carecircle.element("option", "", this.atlas.payload.words.filter_verdict));
      names.forEach((name) => this.verdict.appendChild(carecircle.element("option", "", name)));
      this.verdict.hidden = names.length < 2;
    },

    /* Rows that pass the filters, in order; missing values come last either way. */
    rows(columns) {
      const level = this.level, wanted = this.filter.value.trim();
      const named = columns[0].values;
      const pinyin = level.pinyin || this.atlas.data.areas.pinyin;
      const verdict = columns.find((c) => c.id === "verdict");
      const only = this.verdict.selectedIndex > 0 && verdict ? this.verdict.value : null;
      const street = columns.find((c) => c.id === "street");
      const passes = (i) =>
        (!wanted || carecircle.search.match(wanted, named[i], pinyin[i]) >= 0 || (street && street.values[i].includes(wanted))) &&
        (only === null || verdict.values[i] === only);
      const rows = level.ids.map((_, i) => i).filter(passes);
      const by = columns.find((c) => c.id === this.sort.id);
      if (!by) return rows;
      const value = FORMS[by.type].value, way = this.sort.down ? -1 : 1;
      return rows.sort((a, b) => {
        const x = value(by, a), y = value(by, b);
        if (empty(x) || empty(y)) return empty(x) - empty(y) || a - b;
        return way * (typeof x === "string" ? x.localeCompare(y, "zh") : x - y) || a - b;
      });
    },

    draw() {
      if (!this.level) return;
      const { words } = this.atlas.payload, element = carecircle.element;
      this.verdict.hidden = this.level.level !== "area" || this.verdict.options.length < 3;
      this.shown = this.columns();
      this.order = this.rows(this.shown);
      const table = element("table");
      table.appendChild(element("caption", "cc-unseen", `${words.table}: ${this.level.title}`));
      const head = table.appendChild(element("thead")).appendChild(element("tr"));
      this.shown.forEach((column) => {
        const cell = head.appendChild(element("th"));
        cell.scope = "col";
        const down = this.sort.id === column.id && this.sort.down;
        cell.setAttribute("aria-sort", this.sort.id !== column.id ? "none" : down ? "descending" : "ascending");
        const button = cell.appendChild(element("button", "", column.title));
        button.type = "button";
        button.title = words.sort;
        button.dataset.column = column.id;
        if (this.sort.id === column.id) button.appendChild(element("span", "", down ? " ▼" : " ▲"));
        button.addEventListener("click", () => this.sortBy(column));
        if (column.type !== "text") cell.className = "cc-num";
      });
      this.body = table.appendChild(element("tbody"));
      this.box.replaceChildren(table);
      this.box.scrollTop = 0;
      this.drawn = 0;
      this.more();
      this.count.textContent = words.table_rows.replace("{}", number(this.order.length)).replace("{}", number(this.level.ids.length));
    },

    sortBy(column) {
      const same = this.sort.id === column.id;
      this.sort = { id: column.id, down: same ? !this.sort.down : column.type !== "text" };
      this.draw();
      this.box.querySelector(`button[data-column="${column.id}"]`).focus();
    },

    more() {
      const until = Math.min(this.order.length, this.drawn + AT_ONCE);
      for (; this.drawn < until; this.drawn++) this.body.appendChild(this.row(this.order[this.drawn]));
    },

    /* All rows in their order, for print. */
    whole() {
      while (this.drawn < this.order.length) this.more();
      return this.box.querySelector("table").cloneNode(true);
    },

    row(i) {
      const element = carecircle.element, row = element("tr");
      this.shown.forEach((column, place) => {
        const form = FORMS[column.type], text = form.show(column, i);
        if (!place) {
          const cell = row.appendChild(element("th"));
          cell.scope = "row";
          const go = cell.appendChild(element("button", "cc-go", text));
          go.type = "button";
          return;
        }
        const cell = row.appendChild(element("td", column.type === "text" ? "" : "cc-num", text));
        const more = form.more && form.more(column, i);
        if (more) cell.appendChild(element("small", "", more));
        if (column.type === "signed" && known(column.values[i])) cell.classList.add(coloured(column.values[i], column.less));
      });
      row.addEventListener("click", () => {
        this.body.querySelectorAll(".cc-chosen").forEach((other) => other.classList.remove("cc-chosen"));
        row.classList.add("cc-chosen");
        this.atlas.goToUnit(this.level, i);
      });
      return row;
    },

    /* Columns that a what-if adds, by level; none takes them away again. */
    setExtra(extra) {
      this.extra = extra;
      if (!this.node.hidden) this.redrawKept();
    },

    redrawKept() {
      const top = this.box.scrollTop;
      this.draw();
      this.box.scrollTop = top;
    },
  };

  carecircle.Table = Table;
})();
