/* Two languages in one page, and numbers as text. map_text.py marks each pair of texts. */
(function () {
  "use strict";
  const carecircle = window.carecircle;
  const PAIR = /\ue000([^\ue000-\ue002]*)\ue001([^\ue000-\ue002]*)\ue002/g;

  function inLanguage(text, lang) {
    let before;
    do {
      before = text;
      text = text.replace(PAIR, lang === "zh" ? "$1" : "$2"); // a pair may stand inside another
    } while (text !== before);
    return text;
  }

  /* Find every text of two languages once; set(lang) writes all of them in place. */
  function tongue(payload) {
    const slots = [];
    (function walk(parent) {
      Object.keys(parent).forEach((key) => {
        const value = parent[key];
        if (typeof value === "string") {
          if (value.includes("\ue000")) slots.push([parent, key, value]);
        } else if (value && typeof value === "object") walk(value);
      });
    })(payload);
    return {
      set(lang) {
        payload.lang = lang;
        slots.forEach(([parent, key, both]) => (parent[key] = inLanguage(both, lang)));
      },
    };
  }

  const known = (value) => typeof value === "number" && isFinite(value);

  const writers = []; // by decimal places: making one takes longer than a hundred numbers

  function writer(places) {
    return (writers[places] = writers[places] || new Intl.NumberFormat("en", { minimumFractionDigits: places, maximumFractionDigits: places }));
  }

  /* 1,234; a small number that is not whole keeps one decimal, as in map_text.py. */
  function number(value, digits) {
    if (!known(value)) return "–";
    const small = !digits && Math.abs(value) < 10 && value !== Math.round(value);
    return writer(small ? 1 : digits || 0).format(value);
  }

  /* Never rounded up to 100% or down to 0. */
  function percent(part, whole) {
    if (!known(part) || !known(whole) || whole <= 0) return "–";
    if (Math.abs(part - whole) <= 1e-9 * whole) return "100%";
    const shown = ((100 * part) / whole).toFixed(1) + "%";
    if (shown === "100.0%") return "99.9%";
    return shown === "0.0%" && part > 0 ? "<0.1%" : shown;
  }

  /* +12, −3.5, ±0: a change always shows its sign. */
  function signed(value, digits) {
    if (!known(value)) return "–";
    if (Math.abs(value) < 0.5 * Math.pow(10, -(digits || 0)) && Math.abs(value) < 0.05) return "0";
    return (value > 0 ? "+" : "−") + number(Math.abs(value), digits);
  }

  /* A text with its places filled, {} in their order and {0} by number, as str.format does. */
  function fill(text, ...values) {
    let next = 0;
    return text.replace(/\{(\d*)\}/g, (_, place) => String(values[place === "" ? next++ : Number(place)]));
  }

  carecircle.tongue = tongue;
  carecircle.format = { fill, known, number, percent, signed };
})();
