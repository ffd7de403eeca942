/* Popups and tooltips: every text from the data is set as text, never as markup. */
(function () {
  "use strict";
  const carecircle = window.carecircle;

  function element(name, className, text) {
    const node = document.createElement(name);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  }

  /* Rows of a popup; a plan's stand above today's, each under its own heading. */
  function table(title, subtitle, rows, planned) {
    const node = element("div", "cc-card");
    node.appendChild(element("h2", "", title));
    if (subtitle) node.appendChild(element("p", "cc-sub", subtitle));
    const body = node.appendChild(element("table"));
    const all = planned ? [[planned.title], ...planned.plan, [planned.today], ...rows] : rows;
    all.filter(([, value]) => value !== "").forEach(([label, value]) => {
      const row = body.appendChild(element("tr", value === undefined ? "cc-when" : ""));
      if (value === undefined) return Object.assign(row.appendChild(element("th", "", label)), { colSpan: 2, scope: "colgroup" });
      row.appendChild(element("th", "", label));
      row.appendChild(element("td", "", value));
    });
    return node;
  }

  /* Minutes of a home today, or in a scenario. */
  function time(homes, words, i) {
    const limit = homes.limits[homes.limit[i]];
    const raw = homes.minutes[i] / 100;
    // one decimal, unless that would put it on the other side of the limit
    const digits = limit !== undefined && Number(raw.toFixed(1)) <= limit !== raw <= limit ? 2 : 1;
    return homes.minutes[i] < 0 ? words.no_data : words.minute.replace("{}", raw.toFixed(digits));
  }

  /* Minutes and facility of a home under the plan that is being tried. */
  function triedRow(data, words, i) {
    const { tried, places } = data.homes;
    if (!tried) return [];
    const minutes = tried.minutes[places[i]], name = tried.names[tried.facility[places[i]]];
    const row = name === undefined ? -1 : data.facilities.ids.indexOf(name);
    const told = isNaN(minutes) ? words.no_data : words.minute.replace("{}", minutes.toFixed(1));
    return [[words.try_then, [told, row < 0 ? name : data.facilities.title[row]].filter(Boolean).join(" · ")]];
  }

  function homeRows(data, words, i) {
    const homes = data.homes;
    const limit = homes.limits[homes.limit[i]];
    const facility = homes.facility[i];
    const none = words.no_data;
    return [
      [words.minutes, time(homes, words, i)],
      [words.limit, limit === undefined ? none : words.minute.replace("{}", limit)],
      [words.nearest, facility < 0 ? none : data.facilities.title[facility]],
      [words.access, homes.access[i] < 0 ? none : words.metres.replace("{}", homes.access[i])],
      [words.reason, homes.reasons[homes.reason[i]] || ""],
      ...homes.then.map((one) => [one.name, [time(one, words, i), data.facilities.title[one.facility[i]]].filter(Boolean).join(" · ")]),
    ];
  }

  function recordRows(records, i) {
    return records.fields.map((field, k) => [field, records.values[i][k]]);
  }

  /* What the chosen rule says of an area, while areas are coloured by it. */
  function ruleRows(rules, i) {
    if (!rules) return [];
    const choice = rules.choices[rules.part];
    const unit = choice.unit[i];
    return unit < 0 ? [] : [[choice.title, choice.told[unit]]];
  }

  carecircle.popups = (data, words, layer, rules) => {
    const records = { area: data.areas, facility: data.facilities, gap: data.gaps, try_gap: (data.triedGaps = {}) };
    function homeTitle(i) {
      const area = data.homes.area[i];
      return area < 0 ? "" : data.areas.title[area];
    }
    const ofParts = layer && layer.parts ? layer.parts.map((part) => carecircle.decode.codes(part.codes)) : [data.homes.codes];
    function homeState(i) {
      return layer.legend[ofParts[layer.part || 0][i]].label;
    }
    return {
      card(found) {
        const planned = data.planned && data.planned(found);
        if (found.type === "home") {
          const state = homeState(found.index);
          const place = [homeTitle(found.index), state].filter(Boolean).join(" · ");
          return table(words.home, place, homeRows(data, words, found.index), planned);
        }
        const set = records[found.type];
        const rows = recordRows(set, found.index);
        if (found.type === "area") rows.unshift(...ruleRows(rules(), found.index));
        return table(set.title[found.index], set.subtitle[found.index], rows, planned);
      },
      line(found) {
        if (found.type === "try") return found.site;
        if (found.type !== "home") return records[found.type].title[found.index];
        const [tried] = triedRow(data, words, found.index);
        const [minutes, , nearest] = homeRows(data, words, found.index);
        if (tried) return `${tried[1]} (${words.try_today} ${minutes[1]})`;
        return `${minutes[1]} · ${nearest[1]}`;
      },
    };
  };
  carecircle.element = element;
})();
