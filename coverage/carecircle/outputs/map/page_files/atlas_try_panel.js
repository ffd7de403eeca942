/* The what-if as a reader sees it: tools, sliders, figures with their change, history, link and file. */
(function () {
  "use strict";
  const carecircle = window.carecircle;
  const { fill, known, number, percent, signed } = carecircle.format;
  const PATIENCE_MS = 150;
  const LIMITS = [5, 60], SPEEDS = [0.6, 1.4];

  class TrialPanel {
    constructor(atlas) {
      this.atlas = atlas;
      this.node = carecircle.element("section", "cc-try");
      this.node.hidden = true;
      this.trial = new carecircle.Trial({ told: () => this.refresh(), rings: () => this.rings(), rehearse: () => carecircle.rehearse(this) });
      this.map = new carecircle.TrialMap(atlas, this.trial);
      this.map.onMode = (mode, fault) => this.told(mode, fault);
      this.map.onDrawn = () => this.refreshShapes();
      this.bar = carecircle.element("div", "cc-aim-bar");
      this.bar.setAttribute("role", "status");
      this.bar.hidden = true;
      atlas.map.getContainer().appendChild(this.bar);
      L.DomEvent.disableClickPropagation(this.bar);
      this.spoken = atlas.map.getContainer().appendChild(carecircle.element("p", "cc-unseen cc-now"));
      this.spoken.setAttribute("role", "status");
      this.small = carecircle.element("div", "cc-small");
      this.small.setAttribute("aria-hidden", "true"); // the line above says it
      this.changed = [];
      this.tellPlan();
      this.name = "";
      this.folded = new Set();
      this.build();
    }

    get words() {
      return this.atlas.payload.words;
    }

    /* Minutes of the circles: those the reader had on, else the limits of the plan; the longest first. */
    rings() {
      const { world, scenario } = this.trial;
      return this.map.ringsFor(Object.values({ ...world.limits, ...scenario.limits }));
    }

    add(parent, name, className, text) {
      return parent.appendChild(carecircle.element(name, className, text));
    }

    button(parent, text, act, className) {
      const node = this.add(parent, "button", className || "cc-button", text);
      node.type = "button";
      node.addEventListener("click", act);
      return node;
    }

    /* Everything that speaks a language; state is filled in by refresh. */
    build() {
      const { words } = this;
      this.node.replaceChildren();
      this.node.setAttribute("aria-label", words.try);
      this.add(this.node, "p", "cc-note", words.try_hint);
      this.state = this.add(this.node, "p", "cc-state");
      this.state.setAttribute("role", "status");
      this.figures = this.add(this.node, "div", "cc-results");
      const tools = this.add(this.node, "div", "cc-tools");
      this.tools = Object.fromEntries(
        ["add", "draw", "cut"].map((mode) => [mode, this.button(tools, words[`try_${mode}`], (event) => this.take(mode, event))]),
      );
      this.hint = this.add(this.node, "p", "cc-aim-hint");
      this.hint.setAttribute("role", "status");
      this.sliders = this.add(this.node, "div", "cc-sliders");
      this.inputs = null;
      const history = this.add(this.node, "div", "cc-tools");
      this.undo = this.button(history, words.try_undo, () => this.trial.undo());
      this.redo = this.button(history, words.try_redo, () => this.trial.redo());
      this.reset = this.button(history, words.try_reset, () => this.trial.load(carecircle.trialLink.empty()));
      this.changes = this.add(this.node, "div", "cc-changes");
      this.moved = this.add(this.node, "div", "cc-moved");
      this.share();
      this.told(this.map.mode);
      this.map.shapes.speak();
      this.refresh();
    }

    /* Take up a tool or lay it down; whoever came by keys goes on by keys, on the map. */
    take(mode, { detail }) {
      this.map.use(this.map.mode === mode ? null : mode);
      if (this.map.mode && !detail) this.atlas.pane.focus({ preventScroll: true });
    }

    /* Uncovered areas and circles have arrived: figures of these alone. */
    refreshShapes() {
      if (!this.trial.world || this.trial.state !== "ready") return;
      this.results();
      this.list();
      this.retell();
    }

    share() {
      const { words } = this, row = this.add(this.node, "div", "cc-share-row");
      const name = this.add(row, "input");
      name.type = "text";
      name.maxLength = 80;
      name.value = this.name || words.try;
      name.setAttribute("aria-label", words.try_name);
      name.addEventListener("input", () => (this.name = name.value));
      const tools = this.add(this.node, "div", "cc-tools");
      this.link = this.button(tools, words.try_link, () => this.copy());
      this.save = this.button(tools, words.try_save, () => this.download());
      this.address = this.add(this.node, "input", "cc-address");
      this.address.readOnly = true;
      this.address.hidden = true;
      this.address.setAttribute("aria-label", words.try_link);
    }

    /* Which tool is in hand, and what to do with it: above the map, for the panel may cover it. */
    told(mode, fault) {
      const { words, bar } = this, held = bar.contains(document.activeElement);
      Object.entries(this.tools).forEach(([name, node]) => node.setAttribute("aria-pressed", String(name === mode)));
      bar.hidden = !mode;
      bar.replaceChildren();
      if (held) this.atlas.pane.focus({ preventScroll: true }); // the button that was pressed is gone
      if (!mode) return;
      this.add(bar, "span", "", fault ? words[fault] : words[`try_${mode}_hint`]);
      if (mode === "draw") {
        const kinds = [["try_new_road", false], ["try_new_bridge", true]].map(([word, bridge]) => [bridge, this.button(bar, words[word], () => choose(bridge))]);
        const choose = (bridge) => {
          this.map.bridge = bridge;
          kinds.forEach(([one, node]) => node.setAttribute("aria-pressed", String(one === bridge)));
        };
        choose(this.map.bridge);
        this.button(bar, words.try_finish, () => this.map.finish());
      }
      this.button(bar, words.try_cancel, () => this.map.use(null));
      if (window.innerWidth <= 700) this.atlas.boxes.panel.classList.add("cc-folded");
    }

    /* What the what-if is at; what is over at once is not worth a line. */
    say() {
      const { trial, words, state } = this;
      const texts = { idle: "", loading: words.try_loading, busy: words.try_working, ready: "", failed: words.try_failed.replace("{}", trial.fault) };
      state.textContent = texts[trial.state];
      state.hidden = !state.textContent;
      state.classList.toggle("cc-fault", trial.state === "failed");
    }

    refresh() {
      const { trial } = this, held = document.activeElement;
      clearTimeout(this.patience);
      if (trial.state === "busy") this.patience = setTimeout(() => this.say(), PATIENCE_MS);
      else this.say();
      this.undo.disabled = !trial.done.length;
      this.redo.disabled = !trial.undone.length;
      this.reset.disabled = this.link.disabled = this.save.disabled = !trial.changed;
      // a button that has nothing left to do hands the focus on
      if (held && held.disabled && this.node.contains(held)) ([this.undo, this.redo].find((one) => !one.disabled) || this.tools.add).focus({ preventScroll: true });
      if (!trial.world) return;
      this.slide();
      if (trial.state !== "busy") this.list(); // else with the result
      if (trial.state === "busy") this.hint.textContent = ""; // of what was before
      if (trial.state !== "ready") return;
      this.retell();
      this.rings();
      this.map.show();
      this.results();
      this.columns();
      this.atlas.reopen();
      this.address.hidden = true;
    }

    /* ---- sliders ---- */

    slide() {
      const { trial, words } = this, { limits, profile } = trial.world, { scenario } = trial;
      if (!this.inputs) {
        this.inputs = {};
        for (const kind of this.todayCard().kinds) this.inputs[kind] = this.slider(words[`try_limit_${kind}`] || kind, [...LIMITS, 1], kind);
        if (profile.one_speed) this.inputs.speed = this.slider(words.try_speed, [...SPEEDS, 0.05], "speed");
      }
      for (const [key, { input, told }] of Object.entries(this.inputs)) {
        const speed = key === "speed", today = speed ? profile.speed : limits[key];
        const value = (speed ? scenario.walking_speed : scenario.limits[key]) || today;
        if (document.activeElement !== input || Number(input.value) !== value) input.value = value;
        told.textContent = speed ? words.try_speed_unit.replace("{}", value.toFixed(2)) : words.minute.replace("{}", value);
        input.setAttribute("aria-valuetext", told.textContent);
        told.classList.toggle("cc-differs", value !== today);
      }
    }

    slider(title, [low, high, step], key) {
      const label = this.add(this.sliders, "label");
      this.add(label, "span", "", title);
      const input = this.add(label, "input"), told = this.add(label, "output");
      Object.assign(input, { type: "range", min: low, max: high, step });
      input.addEventListener("input", () => {
        const value = Number(input.value), { limits, profile } = this.trial.world;
        this.trial.change((scenario) => {
          if (key === "speed") scenario.walking_speed = value === profile.speed ? null : value;
          else if (value === limits[key]) delete scenario.limits[key];
          else scenario.limits[key] = value;
        }, key);
      });
      return { input, told };
    }

    /* ---- figures ---- */

    weight() {
      return this.atlas.payload.table.weight;
    }

    results() {
      this.keepFocus(this.figures, () => this.drawResults());
    }

    drawResults() {
      const { trial, words } = this, { ms } = trial.result, { covered, total, change } = this.sums(), strays = this.strays();
      const terms = this.terms(this.tried), today = this.terms(null), was = `${words.try_today} ${percent(covered - change, total)}`;
      this.figures.replaceChildren();
      const label = { elders: words.try_elders, people: words.try_people, homes: words.try_homes_n }[this.weight()];
      const box = this.add(this.figures, "div", "cc-then");
      this.add(box, "span", "cc-label", "").append(...this.unbroken(`${label} · ${terms}`));
      this.add(box, "strong", "", percent(covered, total));
      const told = this.add(box, "span", change > 0.05 ? "cc-up" : change < -0.05 ? "cc-down" : "cc-same", signed(change));
      told.dataset.change = String(change);
      this.add(box, "span", "cc-share", `${number(covered)} / ${number(total)} · ${was} (${number(covered - change)})`);
      if (terms !== today) this.add(box, "span", "cc-share", "").append(...this.unbroken(`${words.try_today} · ${today}`));
      if (strays) this.add(box, "span", "cc-share cc-strays", fill(words.try_outside, fill(words[`${this.weight()}_label`], number(strays))));
      if (trial.changed && known(ms)) this.add(box, "span", "cc-ms", words.try_took.replace("{}", number(ms, 0)));
      const rows = this.add(this.figures, "table", "cc-split cc-verdicts");
      this.verdictRows(rows);
      this.floorRows(rows);
      this.units("district");
      if (trial.world.units.city.id.length > 1) this.units("city");
      this.colourSwitch(this.figures);
    }

    units(level) {
      const { units } = this.trial.world, figures = this.trial.result[level];
      if (!figures || units[level].id.length < 2) return;
      const table = this.add(this.figures, "table", "cc-split"), now = figures[this.weight()];
      this.unitsOf(level).forEach(({ i, name }) => this.unitRow(table, name, now, i));
    }

    unitRow(table, name, now, i) {
      const row = this.add(table, "tr"), change = this.trial.changed ? now.change[i] : 0;
      this.add(row, "th", "", name);
      const cell = this.add(row, "td", "cc-num", percent(now.covered[i], now.total[i]));
      this.add(cell, "small", "", `${number(now.covered[i])} / ${number(now.total[i])}`);
      this.add(row, "td", `cc-num ${change > 0.05 ? "cc-up" : change < -0.05 ? "cc-down" : "cc-same"}`, signed(change));
      return row;
    }

    /* A list that stays folded or open. */
    fold(title, n) {
      const fold = this.add(this.moved, "details");
      fold.open = !this.folded.has(title);
      fold.addEventListener("toggle", () => this.folded[fold.open ? "delete" : "add"](title));
      this.add(fold, "summary", "", title).appendChild(carecircle.element("small", "", String(n)));
      return fold;
    }

    /* Communities that change most, and those still uncovered; a row leads there. */
    areas(title, rows, key) {
      const { words, trial } = this, fold = this.fold(title, rows.length);
      if (!rows.length) return this.add(fold, "p", "cc-note", words.no_match);
      const now = trial.result.area[this.weight()];
      const place = new Map(this.atlas.payload.table.levels[0].ids.map((id, row) => [id, row]));
      this.rows(fold, key, rows.length, (table, k) => {
        const i = rows[k], row = place.get(trial.world.units.area.id[i]);
        const line = this.unitRow(table, "", now, i), name = this.atlas.data.areas.title[row];
        this.button(line.firstChild, name, () => this.atlas.goTo({ type: "area", index: row }), "cc-go");
      });
      return fold;
    }

    /* What is built anew takes the focus from where it was; without anything left there, undo has it. */
    keepFocus(box, build) {
      const kinds = "button, input, summary", at = [...box.querySelectorAll(kinds)].indexOf(document.activeElement);
      build();
      if (at < 0) return;
      const found = [...box.querySelectorAll(kinds)];
      (found[Math.min(at, found.length - 1)] || this.undo).focus({ preventScroll: true });
    }

    list() {
      this.keepFocus(this.changes, () => this.listChanges());
      if (this.trial.state === "ready") this.keepFocus(this.moved, () => this.listMoved());
    }

    listChanges() {
      const { trial, words } = this, { scenario } = trial, { facilities } = this.atlas.data;
      this.changed = [];
      this.changes.replaceChildren();
      this.add(this.changes, "h3", "", words.try_changes);
      const list = this.add(this.changes, "ul");
      const name = (id) => {
        const row = trial.world.facilities.id.indexOf(id);
        return row < 0 ? id : facilities.title[row];
      };
      const line = (word, text, kind, key, drop = () => trial.remove(kind, key)) => {
        const row = this.add(list, "li");
        const told = this.add(row, "span", "", words[word].replace("{}", () => text));
        this.changed.push(told.textContent);
        // what no road reaches serves nobody, and the reader should know why nothing changes
        const lost = (kind === "site" || kind === "move") && trial.state === "ready" && !trial.result.names.includes(key);
        if (lost) this.add(told, "b", "cc-down", ` · ${words.try_none_near}`);
        const stopped = kind === "add" && trial.state === "ready" && (trial.result.stopped || []).includes(key);
        if (stopped) {
          this.add(told, "b", "cc-down", ` · ${words.try_stopped} `);
          this.button(told, words.try_make_bridge, () => trial.bridge(key));
        }
        this.button(row, "×", drop, "cc-drop").setAttribute("aria-label", `${words.try_remove}: ${text}`);
      };
      this.termLines(line);
      scenario.close.forEach((id) => line("try_closed_one", name(id), "close", id));
      scenario.build.forEach((id) => (id in scenario.sites ? line("try_added_one", id, "site", id) : line("try_opened_one", name(id), "build", id)));
      Object.keys(scenario.move).forEach((id) => line("try_moved_one", name(id), "move", id));
      this.enlargedLines(line, name);
      scenario.roads.close.forEach((id) => line("try_road_closed", trial.world.roads.name[trial.world.roads.id.indexOf(id)] || id, "cut", id));
      const bridge = carecircle.trialLink.passes;
      scenario.roads.add.forEach((road, k) => line(bridge(road) ? "try_bridge_new" : "try_road_new", String(k + 1), "add", k));
      if (!list.children.length) this.add(this.changes, "p", "cc-note", words.try_no_changes);
    }

    listMoved() {
      const { trial, words } = this;
      this.moved.replaceChildren();
      const { change } = trial.result.area[this.weight()];
      const moved = Array.from(change.keys()).filter((i) => Math.abs(change[i]) > 0.05).sort((a, b) => Math.abs(change[b]) - Math.abs(change[a]) || a - b);
      if (moved.length) this.areas(words.try_uncovered, moved, "moved-areas");
      this.gapList();
      this.floorList();
      this.areas(words.try_uncovered_list, [...trial.result.uncovered], "uncovered");
    }

    /* What the table shows besides: covered under the plan, and the change. */
    columns() {
      const { trial, words } = this, extra = {};
      if (trial.changed && this.map.active) {
        for (const level of this.atlas.payload.table.levels) {
          const units = trial.world.units[level.level], now = trial.result[level.level];
          if (!units || !now) continue;
          const at = new Map(units.id.map((id, i) => [id, i])), weight = now[this.weight()];
          const of = (values) => level.ids.map((id) => (at.has(id) && known(values[at.get(id)]) ? values[at.get(id)] : null));
          extra[level.level] = [
            { id: "try_covered", title: words.try_then, type: "share", values: of(weight.covered), total: of(weight.total) },
            { id: "try_change", title: words.try_change, type: "signed", values: of(weight.change) },
            ...this.verdictColumns(level.level, level.ids.map((id) => at.get(id))),
            ...this.floorColumns(level.level, level.ids.map((id) => at.get(id))),
          ];
        }
      }
      this.atlas.table.setExtra(extra);
    }

    /* ---- link and file ---- */

    copy() {
      const { trial, words, address } = this;
      address.hidden = false;
      address.value = location.href.replace(/#.*$/, "") + carecircle.trialLink.toHash(trial.scenario);
      address.focus();
      address.select();
      let copied = false;
      try {
        copied = document.execCommand("copy"); // works without asking, also where there is no clipboard API
      } catch {
        copied = false;
      }
      this.hint.textContent = copied ? words.try_linked : "";
    }

    download() {
      const name = (this.name || this.words.try).trim() || "what-if";
      const blob = new Blob([this.trial.text(name)], { type: "application/json" });
      const link = carecircle.element("a");
      link.href = URL.createObjectURL(blob);
      link.download = "scenario.json";
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    }

    /* A scenario in the address opens the what-if with it. */
    async fromLink() {
      let raw;
      try {
        raw = carecircle.trialLink.fromHash(location.hash);
      } catch {
        this.atlas.mode("try");
        this.hint.textContent = this.words.try_bad_link;
        return;
      }
      if (!raw) return;
      this.atlas.mode("try");
      const left = await this.trial.adopt(raw);
      this.hint.textContent = left.length ? this.words.try_left.replace("{}", () => left.join(this.words.comma)) : "";
    }

    /* Buttons in the popup of a facility, or of a new one. */
    popup(found) {
      const { trial, words } = this, box = carecircle.element("div", "cc-tools");
      const act = (text, edit) =>
        this.button(box, text, () => {
          this.atlas.map.closePopup();
          this.atlas.pane.focus({ preventScroll: true }); // what had the focus is gone
          edit();
        });
      if (found.type === "try") {
        const own = found.site in trial.scenario.sites;
        if (own) act(words.try_move, () => this.map.use("move", { site: found.site }));
        act(words.try_delete, () => trial.remove(own ? "site" : "build", found.site));
      } else {
        const { counts, open, today, moved } = trial.stateOf(found.index);
        const gives = trial.world.floor && trial.world.floor[found.index], id = trial.world.facilities.id[found.index];
        if (gives && !trial.scenario.close.includes(id)) act(words.try_enlarge, () => trial.enlarge(id, 100));
        if (!counts) return gives ? box : null;
        act(open ? words.try_close : today ? words.try_reopen : words.try_open, () => trial.toggle(found.index));
        if (moved) act(words.try_remove, () => trial.remove("move", trial.world.facilities.id[found.index]));
        if (open && today) {
          act(words.try_move, () => this.map.use("move", { facility: id, row: found.index }));
          this.add(box, "span", "cc-note", words.try_drag);
        }
      }
      return box;
    }
  }

  Object.assign(TrialPanel.prototype, carecircle.told);
  Object.defineProperties(TrialPanel.prototype, Object.getOwnPropertyDescriptors(carecircle.plan));
  carecircle.TrialPanel = TrialPanel;
})();
