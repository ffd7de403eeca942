/* Two views of a comparison on one map: today left of a line, the chosen view right of it. */
(function () {
  "use strict";
  const carecircle = window.carecircle, { element } = carecircle;
  const STEP = 0.02, LEAST = 0.02; // of the map's width

  class Swipe {
    constructor(atlas) {
      Object.assign(this, { atlas, on: false, share: null });
      const { map, canvas } = atlas, container = map.getContainer();
      this.node = container.appendChild(element("div", "cc-swipe"));
      this.left = this.node.appendChild(element("span", "cc-swipe-left"));
      this.right = this.node.appendChild(element("span", "cc-swipe-right"));
      this.handle = this.node.appendChild(element("button"));
      this.handle.type = "button";
      this.handle.setAttribute("role", "slider");
      this.handle.setAttribute("aria-valuemin", "0");
      this.handle.setAttribute("aria-valuemax", "100");
      this.handle.addEventListener("pointerdown", (event) => this.grab(event));
      this.handle.addEventListener("keydown", (event) => this.step(event));
      L.DomEvent.disableClickPropagation(this.handle);
      const whole = canvas.sides;
      canvas.sides = () => (this.shown ? this.sides() : whole());
      map.on("resize", () => this.place());
      this.refresh();
    }

    /* Today is no comparison with itself. */
    get shown() {
      return this.on && this.atlas.part > 0;
    }

    get x() {
      return Math.round(this.share * this.atlas.map.getSize().x);
    }

    sides() {
      const { x, atlas } = this, side = (part, from, to) => ({ part, from, to, under: (act) => atlas.under(part, act) });
      return [side(0, -Infinity, x), side(atlas.part, x, Infinity)];
    }

    /* A box to tick among the views. */
    offer(box) {
      const label = box.appendChild(element("label", "cc-layer")), input = label.appendChild(element("input"));
      Object.assign(input, { type: "checkbox", checked: this.on, disabled: !this.atlas.part });
      input.addEventListener("change", () => this.turn(input.checked));
      label.appendChild(element("span", "", this.atlas.payload.words.swipe));
    }

    turn(on) {
      this.on = on;
      if (on && this.share === null) {
        const { paddingTopLeft: [left], paddingBottomRight: [right] } = this.atlas.free(), width = this.atlas.map.getSize().x;
        this.share = (left + (width - right)) / 2 / width;
      }
      this.refresh();
    }

    /* In the language, and for the view, that are shown. */
    refresh() {
      const { atlas, shown } = this, { words, views } = atlas.payload;
      this.node.hidden = !shown;
      if (shown) {
        this.left.textContent = views.words[0];
        this.right.textContent = views.words[((atlas.part + 1) % 2) + 1];
        this.handle.setAttribute("aria-label", words.swipe);
        this.place();
      }
      atlas.canvas.redraw();
    }

    place() {
      if (!this.shown) return;
      this.node.style.left = `${this.x}px`;
      this.handle.setAttribute("aria-valuenow", String(Math.round(100 * this.share)));
    }

    to(share) {
      this.share = Math.min(1 - LEAST, Math.max(LEAST, share));
      this.atlas.map.closePopup(); // what it told of may stand on the other side now
      this.place();
      this.atlas.canvas.redraw(false);
    }

    step(event) {
      const way = { ArrowLeft: -STEP, ArrowDown: -STEP, ArrowRight: STEP, ArrowUp: STEP }[event.key];
      const ends = { Home: LEAST, End: 1 - LEAST }[event.key];
      if (way === undefined && ends === undefined) return;
      event.preventDefault();
      event.stopPropagation(); // else the map moves too
      this.to(ends === undefined ? this.share + way : ends);
    }

    grab(event) {
      const { handle, atlas } = this, { map } = atlas;
      if (event.button) return;
      event.stopPropagation();
      handle.setPointerCapture(event.pointerId);
      const move = (next) => this.to(map.mouseEventToContainerPoint(next).x / map.getSize().x);
      const drop = () => {
        handle.removeEventListener("pointermove", move);
        for (const end of ["pointerup", "pointercancel"]) handle.removeEventListener(end, drop);
      };
      handle.addEventListener("pointermove", move);
      for (const end of ["pointerup", "pointercancel"]) handle.addEventListener(end, drop);
    }
  }

  carecircle.Swipe = Swipe;
})();
