/* A tried plan in words: its terms, what it changes, its figures in sentences and popups; none of today's
   words stand beside its figures unless they say that they are today's. */
(function () {
  "use strict";
  const carecircle = window.carecircle;
  const { fill, known, number, percent, signed } = carecircle.format;
  const MOST = 5, SAME = 0.05, REST_MS = 300;
  const some = (rows) => rows.filter(Boolean);

  carecircle.plan = {
    /* From now on the page's card and summary are those of the plan while one is tried. */
    tellPlan() {
      const { payload, data } = this.atlas, today = { card: payload.card, summary: payload.summary };
      this.todayCard = () => today.card;
      Object.defineProperty(payload, "card", { get: () => (this.tried ? this.card(today.card) : today.card) });
      Object.defineProperty(payload, "summary", { get: () => (this.tried ? this.sentences() : today.summary) });
      data.planned = (found) => (this.tried ? this.planned(found) : null);
    },

    /* What the figures shown hold under; null while they are today's. */
    get tried() {
      const { scenario } = this.trial.result || {};
      return this.atlas.trying && scenario && Object.keys(scenario).length ? scenario : null;
    },

    /* ---- terms ---- */

    limitsText(limits) {
      const { words } = this, { kinds } = this.todayCard();
      return kinds.map((kind) => `${words[kind] || kind} ${words.minute.replace("{}", () => limits[kind])}`).join(" · ");
    },

    /* Minutes and speed, of today or of the plan that is shown. */
    terms(plan) {
      const { limits, profile } = this.trial.world, { limits: tried = {}, walking_speed: speed } = plan || {};
      const texts = [this.limitsText({ ...limits, ...tried })];
      if (profile.one_speed) texts.push(`${(speed || profile.speed).toFixed(2)} m/s`);
      return texts.join(" · ");
    },

    /* Parts of a line, none of which breaks. */
    unbroken(text) {
      return text.split(" · ").flatMap((part, i) => [...(i ? [" · "] : []), carecircle.element("span", "", part)]);
    },

    card(today) {
      const { words, tried } = this, { limits, profile } = this.trial.world, speed = tried.walking_speed;
      const told = new Map([[words.limits, tried.limits && this.limitsText({ ...limits, ...tried.limits })]]);
      if (speed && profile.one_speed) {
        told.set(words.speed, `${speed.toFixed(2)} m/s (${number(60 * speed, 0)} m/min)`);
        told.set(words.speed_source, "—"); // the reader's own
      }
      const terms = today.terms.map(([label, value]) => [label, told.get(label) ? `${told.get(label)} (${words.try})` : value]);
      return { ...today, plan: true, subtitle: [words.try, this.terms(tried), today.travel, today.as_of].join(" · "), terms };
    },

    /* Limits and speed that differ, each as the lines of the changes take it. */
    termLines(line) {
      const { trial, words } = this, { limits, profile } = trial.world, { scenario } = trial;
      const minutes = (value) => words.minute.replace("{}", () => value), metres = (value) => words.try_speed_unit.replace("{}", () => value.toFixed(2));
      for (const [kind, value] of Object.entries(scenario.limits)) {
        const drop = () => trial.change((plan) => delete plan.limits[kind]);
        line("try_changed", `${words[`try_limit_${kind}`] || kind} ${minutes(limits[kind])} → ${minutes(value)}`, "limits", kind, drop);
      }
      if (!scenario.walking_speed) return;
      const drop = () => trial.change((plan) => void (plan.walking_speed = null));
      line("try_changed", `${words.try_speed} ${metres(profile.speed)} → ${metres(scenario.walking_speed)}`, "speed", "", drop);
    },

    /* ---- figures ---- */

    /* Cities without the homes outside all communities, as the headline has them. */
    cities() {
      const { id } = this.trial.world.units.city, rows = Array.from(id.keys());
      return id.length > 1 ? rows.filter((i) => id[i] !== "") : rows;
    },

    /* The units of a level in their order, those outside all communities last. */
    unitsOf(level) {
      const unit = this.trial.world.units[level];
      if (!unit) return [];
      const rows = Array.from(unit.id.keys()).sort((a, b) => (unit.id[a] === "") - (unit.id[b] === "") || a - b);
      return rows.map((i) => ({ i, name: unit.name[i] || unit.id[i] || this.words.outside_all }));
    },

    /* Who is in time in all, and the change. */
    sums() {
      const { trial } = this, now = trial.result.city[this.weight()], rows = this.cities();
      const sum = (values) => rows.reduce((all, i) => all + (known(values[i]) ? values[i] : 0), 0);
      return { covered: sum(now.covered), total: sum(now.total), change: this.trial.changed ? sum(now.change) : 0 };
    },

    /* How many of those counted live outside all communities. */
    strays() {
      const { units } = this.trial.world, i = units.city.id.indexOf("");
      return units.city.id.length > 1 && i >= 0 ? this.trial.result.city[this.weight()].total[i] : 0;
    },

    /* Who lives in uncovered areas: fewer of these may hold more people, where neighbours have grown together. */
    gapsTold(gaps, today) {
      const { words } = this, who = this.weight(), sum = (one) => Array.from(one[who]).reduce((all, value) => all + (value || 0), 0);
      const label = `${words.layer_gaps} · ${words[{ people: "population" }[who] || who]}`, count = Math.round(sum(gaps));
      return { label, count, change: sum(gaps) - sum(today) };
    },

    gapRow(table, gaps, today) {
      const { label, count, change } = this.gapsTold(gaps, today), row = this.add(table, "tr", "cc-gap-row");
      this.add(row, "th", "", label);
      const cell = this.add(row, "td", "cc-num", number(count));
      this.add(cell, "small", "", fill(this.words.try_places, number(gaps.n)));
      this.add(row, "td", `cc-num ${change > SAME ? "cc-down" : change < -SAME ? "cc-up" : "cc-same"}`, signed(change));
    },

    /* The figure in one line: heard when it changes, and seen on a telephone while the panel is folded. */
    now() {
      const { trial, words, spoken, small } = this;
      if (!this.atlas.trying || !trial.world || trial.state !== "ready") {
        if (!this.atlas.trying) [spoken, small].forEach((node) => (node.textContent = ""));
        return;
      }
      const { covered, total, change } = this.sums(), terms = this.terms(this.tried), share = percent(covered, total);
      const lost = this.lost().map((id) => `${fill(words.try_added_one, id)}: ${words.try_none_near}`).join(words.comma);
      const told = `${words.try} ${share}, ${signed(change)} (${number(covered)} / ${number(total)} · ${terms})${lost ? ` · ${lost}` : ""}`;
      if (spoken.textContent !== told) spoken.textContent = told;
      small.replaceChildren(carecircle.element("strong", "", share), " ");
      small.appendChild(carecircle.element("b", change > SAME ? "cc-up" : change < -SAME ? "cc-down" : "cc-same", signed(change)));
      small.appendChild(carecircle.element("span", "", `${number(covered)} / ${number(total)} · ${terms}`));
      if (lost) small.appendChild(carecircle.element("b", "cc-down", lost));
    },

    /* New places that no road reaches. */
    lost() {
      const { scenario, result } = this.trial;
      return Object.keys(scenario.sites).filter((id) => scenario.build.includes(id) && !result.names.includes(id));
    },

    /* ---- sentences ---- */

    /* The head at once, the text once the plan has rested: it is long, and nobody reads it meanwhile. */
    retell() {
      const { atlas } = this, { subtitle } = atlas.payload.card;
      this.now();
      if (subtitle !== this.subtitle) {
        this.subtitle = subtitle;
        atlas.boxes.terms();
      }
      clearTimeout(this.resting);
      this.resting = setTimeout(() => {
        atlas.boxes.sentences();
        carecircle.frame.tell(atlas);
      }, REST_MS);
    },

    sentences() {
      const { trial, words } = this, { card } = this.atlas.payload, today = this.terms(null), now = this.terms(this.tried);
      const terms = (text) => [text, card.travel, card.as_of].join(" · ");
      return [
        fill(words.say_plan, this.changed.join(words.comma)), ...this.unitSentences(), ...this.rosterSentences(),
        ...this.lowestSentence(trial.result.area[this.weight()]), ...this.gapSentence(), ...this.floorSentence(),
        ...(today === now ? [fill(words.say_terms, terms(now))] : [fill(words.say_terms_before, terms(today)), fill(words.say_terms_after, terms(now))]),
      ];
    },

    unitSentences() {
      const { trial, words } = this, who = this.weight(), told = [];
      for (const level of ["city", "district"]) {
        const now = (trial.result[level] || {})[who], was = (trial.today[level] || {})[who];
        for (const { i, name } of now ? this.unitsOf(level) : []) {
          const share = (one) => [number(one.covered[i]), number(one.total[i]), percent(one.covered[i], one.total[i])];
          const [covered, total, rate] = share(now);
          told.push(fill(words[`say_${who}`], name, total, covered, rate, number(now.uncovered[i]), number(now.notAssessed[i])));
          told.push(fill(words[`say_change_${who}`], name, ...share(was), covered, total, rate, signed(now.change[i])));
        }
      }
      return told;
    },

    rosterSentences() {
      const { trial, words } = this, { verdicts } = trial.result, now = verdicts.levels.city, was = trial.today.verdicts.levels.city;
      const figures = (i) => [now.total[i], was.has[i], now.has[i], was.onTime[i], now.onTime[i]].map((value) => number(value));
      const told = now ? this.unitsOf("city").filter(({ i }) => now.total[i] > 0).map(({ i }) => fill(words.say_change_units, ...figures(i))) : [];
      const { cell } = this.map.painted, counts = new Map();
      if (!cell) return told;
      for (const code of verdicts.cell) counts.set(code, (counts.get(code) || 0) + 1);
      const rows = cell.layer.legend.map((entry, code) => counts.get(code) && fill(words.say_count, entry.label, number(counts.get(code))));
      return [...told, fill(words.say_cells, some(rows).join(words.comma))];
    },

    lowestSentence({ covered, total }) {
      const share = (i) => covered[i] / total[i], { words } = this;
      const rows = Array.from(covered.keys()).filter((i) => total[i] > 0 && share(i) < 1).sort((a, b) => share(a) - share(b) || a - b).slice(0, MOST);
      const { title } = this.atlas.data.areas, place = new Map(this.map.areaRows().map((i, row) => [i, row]));
      const told = rows.map((i) => `${title[place.get(i)]} ${number(covered[i])} / ${number(total[i])} (${percent(covered[i], total[i])})`);
      return told.length ? [fill(words.say_lowest, told.join(words.comma))] : [];
    },

    /* Nothing is said of uncovered areas that have not arrived yet. */
    gapSentence() {
      const { words } = this, { shapes } = this.map, { gaps } = shapes, who = this.weight();
      if (!gaps || shapes.gapsOf !== this.trial.result) return [];
      if (!gaps.n) return [words.say_no_gaps];
      const rows = Array.from({ length: Math.min(MOST, gaps.n) }, (_, k) => k);
      const { title } = this.atlas.data.areas, names = (k) => gaps.areas[k].map((i) => title[i]).sort().join(words.comma) || words.layer_gaps;
      const told = rows.map((k) => `${names(k)} (${fill(words[`${who}_label`], number(gaps[who][k]))}${words.comma}${words[gaps.cause[k]]})`);
      return [fill(words.say_gaps, number(gaps.n), told.join(words.comma))];
    },

    floorSentence() {
      const { floor } = this.trial.result;
      const short = floor ? Array.from(floor.area.shortfall).filter((m2) => m2 > 0) : [];
      return short.length ? [fill(this.words.say_floor, number(short.length), number(short.reduce((a, b) => a + b, 0)))] : [];
    },

    /* ---- popups: what holds under the plan; what holds today stands below, and says so ---- */

    planned(found) {
      const rows = { area: () => this.areaRows(found.index), facility: () => this.facilityRows(found.index), home: () => this.homeRows(found.index) }[found.type];
      const { words } = this, plan = rows ? rows() : [];
      return plan.length ? { plan, title: `${words.try} · ${this.terms(this.tried)}`, today: `${words.try_today} · ${this.terms(null)}` } : null;
    },

    areaRows(row) {
      const { trial, words } = this, who = this.weight(), i = this.map.areaRows()[row];
      if (i === undefined) return [];
      const { covered, total, change } = trial.result.area[who];
      const share = `${number(covered[i])} / ${number(total[i])} (${percent(covered[i], total[i])}) · ${signed(change[i])}`;
      return [[words.verdict, this.map.verdictOf(i)], [words[`${who}_covered`], share], [words.own_facility, trial.result.verdicts.has[i] ? words.yes : words.no]];
    },

    facilityRows(row) {
      const { trial, words } = this, { counts, open, today } = trial.stateOf(row), id = trial.world.facilities.id[row];
      const rows = [], more = trial.scenario.enlarge[id];
      if (counts && (open || today)) {
        const n = trial.result.names.indexOf(id), homes = n < 0 ? 0 : trial.result.facility.reduce((sum, one) => sum + (one === n), 0);
        rows.push([words.status, this.atlas.payload.statuses[open ? 0 : 2]], [words.counted, open ? words.yes : words.no]);
        rows.push([words.nearest_for, fill(words.homes_label, number(homes))]);
      }
      if (more) rows.push([words.try_more_floor, `+${number(more)} m²`]);
      return rows;
    },

    homeRows(i) {
      const { trial, words } = this, { result, world } = trial, { places, area } = this.atlas.data.homes, { facilities } = this.atlas.data;
      const home = places[i], minutes = result.minutes[home], id = result.names[result.facility[home]];
      const of = world.units.kind && area[i] >= 0 ? world.units.kind.of[this.map.areaRows()[area[i]]] : -1;
      const limit = of >= 0 ? { ...world.limits, ...this.tried.limits }[world.units.kind.id[of]] : undefined, row = world.facilities.id.indexOf(id);
      const told = (value, digits) => words.minute.replace("{}", () => (digits ? value.toFixed(digits) : value));
      // one decimal, unless that would put it on the other side of the limit
      const digits = limit !== undefined && Number(minutes.toFixed(1)) <= limit !== minutes <= limit ? 2 : 1;
      return [
        [words.minutes, isNaN(minutes) ? words.no_data : told(minutes, digits)],
        [words.limit, limit === undefined ? words.no_data : told(limit)],
        [words.nearest, id === undefined ? words.no_data : row < 0 ? id : facilities.title[row]],
      ];
    },
  };
})();
