/* Read back what codec.py packed: varints, points and shapes, as Mercator units 0 to 1. */
(function () {
  "use strict";
  const carecircle = (window.carecircle = window.carecircle || {});

  function codes(text) {
    const raw = atob(text);
    const out = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i++) out[i] = raw.charCodeAt(i);
    return out;
  }

  function counts(text) {
    const bytes = codes(text);
    let n = 0;
    for (let i = 0; i < bytes.length; i++) n += bytes[i] < 128;
    const out = new Float64Array(n);
    let value = 0, factor = 1, place = 0;
    for (let i = 0; i < bytes.length; i++) {
      value += (bytes[i] & 127) * factor;
      factor *= 128;
      if (bytes[i] < 128) {
        out[place++] = value % 2 ? -(value + 1) / 2 : value / 2;
        value = 0;
        factor = 1;
      }
    }
    return out;
  }

  function points(text, step) {
    const steps = counts(text);
    const n = steps.length / 2;
    const x = new Float64Array(n), y = new Float64Array(n);
    let lon = 0, lat = 0;
    for (let i = 0; i < n; i++) {
      lon += steps[2 * i];
      lat += steps[2 * i + 1];
      x[i] = (lon * step) / 360 + 0.5;
      const sine = Math.sin((lat * step * Math.PI) / 180);
      y[i] = 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI);
    }
    return { n, x, y };
  }

  function starts(lengths) {
    const out = new Int32Array(lengths.length + 1);
    for (let i = 0; i < lengths.length; i++) out[i + 1] = out[i] + lengths[i];
    return out;
  }

  /* Shape s has rings first[s] to first[s + 1]; ring r has points start[r] to start[r + 1]. */
  function shapes(packed, step) {
    const xy = points(packed.xy, step);
    const first = starts(counts(packed.parts));
    const start = starts(counts(packed.sizes));
    const n = first.length - 1;
    const box = new Float64Array(4 * n);
    for (let s = 0; s < n; s++) {
      let west = Infinity, north = Infinity, east = -Infinity, south = -Infinity;
      for (let i = start[first[s]]; i < start[first[s + 1]]; i++) {
        west = Math.min(west, xy.x[i]);
        east = Math.max(east, xy.x[i]);
        north = Math.min(north, xy.y[i]);
        south = Math.max(south, xy.y[i]);
      }
      box.set([west, north, east, south], 4 * s);
    }
    return { n, first, start, x: xy.x, y: xy.y, box };
  }

  /* Points of those records that have a place; the others stay NaN. */
  function placed(record, step) {
    const xy = points(record.xy, step);
    const has = codes(record.placed);
    const x = new Float64Array(has.length).fill(NaN), y = new Float64Array(has.length).fill(NaN);
    for (let i = 0, k = 0; i < has.length; i++) {
      if (has[i]) {
        x[i] = xy.x[k];
        y[i] = xy.y[k++];
      }
    }
    return { n: has.length, x, y };
  }

  function latLng(x, y) {
    const lat = (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI;
    return L.latLng(lat, (x - 0.5) * 360);
  }

  /* Even-odd: right for holes and for several parts that do not overlap. */
  function inside(shape, s, x, y) {
    const b = 4 * s;
    if (x < shape.box[b] || x > shape.box[b + 2]) return false;
    if (y < shape.box[b + 1] || y > shape.box[b + 3]) return false;
    let odd = false;
    for (let r = shape.first[s]; r < shape.first[s + 1]; r++) {
      const from = shape.start[r], to = shape.start[r + 1];
      for (let i = from, j = to - 1; i < to; j = i++) {
        const above = shape.y[i] > y;
        if (above === shape.y[j] > y) continue;
        const share = (y - shape.y[i]) / (shape.y[j] - shape.y[i]);
        if (x < shape.x[i] + share * (shape.x[j] - shape.x[i])) odd = !odd;
      }
    }
    return odd;
  }

  carecircle.decode = { codes, counts, points, shapes, placed, latLng, inside };
})();
