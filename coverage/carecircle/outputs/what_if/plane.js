/* Between degrees and the study's plane in metres, by the polynomials that the pack brings. */
(function () {
  "use strict";
  const whatIf = (globalThis.whatIf = globalThis.whatIf || {});

  function evaluate(fit, a, b) {
    const u = (a - fit.middle[0]) / fit.half[0], v = (b - fit.middle[1]) / fit.half[1];
    let first = 0, second = 0, k = 0;
    for (let i = 0, powerU = 1; i <= fit.degree; i++, powerU *= u) {
      for (let j = 0, power = powerU; i + j <= fit.degree; j++, power *= v, k++) {
        first += fit.terms[0][k] * power;
        second += fit.terms[1][k] * power;
      }
    }
    return [first, second];
  }

  const toXY = (plane, longitude, latitude) => evaluate(plane.to_xy, longitude, latitude);
  const toDegrees = (plane, x, y) => evaluate(plane.to_degrees, x, y);

  Object.assign(whatIf, { toXY, toDegrees });
})();
