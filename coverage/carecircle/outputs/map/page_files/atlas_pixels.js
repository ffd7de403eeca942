/* Pictures made pixel by pixel: a city's homes and reached roads are drawn anew with every update, and a
   hundred thousand strokes of the canvas would take longer than the search. */
(function () {
  "use strict";
  const carecircle = window.carecircle;
  const LEAST_PX = 0.6;

  const KEPT_SIZES = 2; // the map with and without the margin around it

  /* A picture of its own that is laid over the map; memory is kept from one drawing to the next. */
  class Pixels {
    constructor() {
      this.kept = new Map(); // size -> what is needed for a picture of it
    }

    clear(width, height) {
      const size = `${width} ${height}`, one = this.kept.get(size) || Pixels.sized(width, height);
      this.kept.delete(size);
      this.kept.set(size, one);
      if (this.kept.size > KEPT_SIZES) this.kept.delete(this.kept.keys().next().value);
      one.colours.fill(0);
      Object.assign(this, one, { width, height });
    }

    static sized(width, height) {
      const canvas = Object.assign(document.createElement("canvas"), { width, height }), ctx = canvas.getContext("2d");
      const image = ctx.createImageData(width, height);
      return { canvas, ctx, image, colours: new Uint32Array(image.data.buffer) };
    }

    /* Over the whole of a view. */
    lay(view) {
      this.ctx.putImageData(this.image, 0, 0);
      view.ctx.drawImage(this.canvas, 0, 0, view.size.x, view.size.y);
    }
  }

  /* A wide round pen of one colour on pixels; what it passes twice does not get darker. */
  class Pen {
    /* Coordinates come in pixels of the view, `scale` of ours to one of its. */
    constructor(pixels, scale, width) {
      Object.assign(this, { pixels, scale, radius: Math.max(LEAST_PX, (width * scale) / 2), x: 0, y: 0, colour: 0 });
    }

    moveTo(x, y) {
      this.x = x * this.scale;
      this.y = y * this.scale;
    }

    lineTo(x, y) {
      this.stroke(this.x, this.y, (this.x = x * this.scale), (this.y = y * this.scale));
    }

    /* Row by row between the edges of two discs and the two lines that touch both. */
    stroke(ax, ay, bx, by) {
      const { radius: r, colour } = this, { width, height, colours } = this.pixels;
      const low = Math.max(0, Math.ceil(Math.min(ay, by) - r - 0.5)), high = Math.min(height - 1, Math.floor(Math.max(ay, by) + r - 0.5));
      const dx = bx - ax, dy = by - ay, long = Math.sqrt(dx * dx + dy * dy), aside = long ? (r * dy) / long : 0, ahead = long ? (r * dx) / long : 0;
      for (let row = low; row <= high; row++) {
        const y = row + 0.5, fromA = r * r - (y - ay) * (y - ay), fromB = r * r - (y - by) * (y - by);
        let left = Infinity, right = -Infinity;
        if (fromA >= 0) {
          const half = Math.sqrt(fromA);
          left = ax - half;
          right = ax + half;
        }
        if (fromB >= 0) {
          const half = Math.sqrt(fromB);
          left = Math.min(left, bx - half);
          right = Math.max(right, bx + half);
        }
        for (let side = -1; side <= 1 && dy !== 0; side += 2) {
          const along = (y - ay - side * ahead) / dy;
          if (along < 0 || along > 1) continue;
          const x = ax - side * aside + along * dx;
          left = Math.min(left, x);
          right = Math.max(right, x);
        }
        const first = row * width + Math.max(0, Math.ceil(left - 0.5)), last = row * width + Math.min(width - 1, Math.floor(right - 0.5));
        for (let at = first; at <= last; at++) colours[at] = colour;
      }
    }
  }

  /* Which pixels lie in any of many shapes. Bodies turn one way and holes the other, so the turns around a
     pixel add up over all shapes: each edge leaves its turn where its rows begin to lie inside. */
  class Union {
    /* Only what the last shapes touched is wiped. */
    clear(width, height) {
      const room = (width + 1) * height;
      if (!this.turns || this.turns.length < room) this.turns = new Int16Array(room);
      else for (let row = this.top; row < this.bottom; row++) this.turns.fill(0, row * (this.width + 1) + this.left, row * (this.width + 1) + this.right + 1);
      Object.assign(this, { width, height, left: width, right: 0, top: height, bottom: 0 });
    }

    /* Rings { start, x, y }, with the way from their units to pixels. */
    add({ start, x, y }, scale, dx, dy) {
      for (let r = 0; r + 1 < start.length; r++) {
        const from = start[r], to = start[r + 1];
        if (to - from < 3) continue;
        let ax = x[to - 1] * scale + dx - 0.5, ay = y[to - 1] * scale + dy - 0.5;
        for (let i = from; i < to; i++) {
          const bx = x[i] * scale + dx - 0.5, by = y[i] * scale + dy - 0.5;
          if (Math.ceil(ay) !== Math.ceil(by)) this.edge(ax, ay, bx, by);
          ax = bx;
          ay = by;
        }
      }
    }

    edge(ax, ay, bx, by) {
      const { width, height, turns } = this, down = by > ay, slope = (bx - ax) / (by - ay);
      const first = Math.max(0, Math.ceil(down ? ay : by)), end = Math.min(height, Math.ceil(down ? by : ay));
      if (first >= end) return;
      this.top = Math.min(this.top, first);
      this.bottom = Math.max(this.bottom, end);
      for (let row = first; row < end; row++) {
        const column = Math.min(width, Math.max(0, Math.ceil(ax + (row - ay) * slope)));
        turns[row * (width + 1) + column] += down ? 1 : -1;
        if (column < this.left) this.left = column;
        if (column > this.right) this.right = column;
      }
    }

    /* Set `bit` in the code of each pixel inside. */
    mark(codes, bit) {
      const { width, turns, left, right, top, bottom } = this;
      for (let row = top; row < bottom; row++) {
        let inside = 0;
        for (let column = left, at = row * (width + 1) + left, to = row * width + left; column < right; column++) {
          inside += turns[at++];
          codes[to++] |= inside ? bit : 0;
        }
      }
    }
  }

  /* Red, green, blue and alpha of colours ["#rrggbb", alpha] laid over each other, as one colour of pixels. */
  function layered(inks) {
    let alpha = 0, mixed = [0, 0, 0];
    for (const [hex, share] of inks) {
      const under = alpha * (1 - share), all = share + under;
      mixed = mixed.map((value, k) => (parseInt(hex.slice(2 * k + 1, 2 * k + 3), 16) * share + value * under) / all);
      alpha = all;
    }
    return new Uint32Array(Uint8ClampedArray.of(...mixed, 255 * alpha).buffer)[0];
  }

  /* A dot with a white edge, made once and laid down a hundred thousand times. */
  class Dot {
    constructor(pixels, colour, r) {
      const edge = r > 2.6 ? 0.9 : 0, half = Math.ceil(r + edge), side = 2 * half + 1;
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = side;
      const ctx = canvas.getContext("2d");
      for (const [fill, size] of [["#fff", r + edge], [colour, r]]) {
        ctx.beginPath();
        ctx.arc(half + 0.5, half + 0.5, size, 0, 7);
        ctx.fillStyle = fill;
        ctx.fill();
      }
      const bytes = ctx.getImageData(0, 0, side, side).data, colours = new Uint32Array(bytes.buffer);
      const inked = Array.from(colours.keys()).filter((at) => bytes[4 * at + 3]);
      Object.assign(this, { pixels, half, n: inked.length });
      this.colours = Uint32Array.from(inked, (at) => colours[at]);
      this.bytes = new Uint8Array(this.colours.buffer);
      this.right = Int32Array.from(inked, (at) => (at % side) - half);
      this.down = Int32Array.from(inked, (at) => Math.floor(at / side) - half);
    }

    press(x, y) {
      const { pixels, half, n, colours, right, down } = this, { width, height } = pixels, under = pixels.colours;
      if (x < -half || y < -half || x >= width + half || y >= height + half) return;
      const inside = x >= half && y >= half && x < width - half && y < height - half;
      for (let k = 0; k < n; k++) {
        const column = x + right[k], row = y + down[k];
        if (!inside && (column < 0 || row < 0 || column >= width || row >= height)) continue;
        const at = row * width + column;
        if (this.bytes[4 * k + 3] === 255 || !under[at]) under[at] = colours[k];
        else this.blend(4 * at, 4 * k);
      }
    }

    /* What is there shines through where the dot is not solid. */
    blend(to, from) {
      const image = this.pixels.image.data, { bytes } = this, alpha = bytes[from + 3];
      const under = (image[to + 3] * (255 - alpha)) / 255, share = alpha / (alpha + under);
      for (let k = 0; k < 3; k++) image[to + k] += (bytes[from + k] - image[to + k]) * share;
      image[to + 3] = alpha + under;
    }
  }

  Object.assign(carecircle, { Pixels, Pen, Dot, Union, layered });
})();
