// Two small helps that HTML alone does not give: an error summary takes focus, and a box checks all others.
(() => {
  "use strict";

  const focusErrorSummary = (root) => root.querySelector("[data-focus]")?.focus();

  // <input type="checkbox" data-check-all="NAME"> checks every box of that name in the same form.
  const boxesOf = (master) =>
    [...master.form.elements].filter((box) => box.type === "checkbox" && box.name === master.dataset.checkAll);

  const mirror = (master) => {
    const boxes = boxesOf(master);
    const checked = boxes.filter((box) => box.checked).length;
    master.checked = checked > 0 && checked === boxes.length;
    master.indeterminate = checked > 0 && checked < boxes.length;
  };

  document.addEventListener("change", (event) => {
    const { target } = event;
    if (target.dataset?.checkAll) {
      boxesOf(target).forEach((box) => { box.checked = target.checked; });
    } else if (target.form) {
      const master = [...target.form.elements].find((box) => box.dataset.checkAll === target.name);
      if (master) mirror(master);
    }
  });

  document.addEventListener("DOMContentLoaded", () => focusErrorSummary(document));
  document.addEventListener("htmx:afterSwap", (event) => focusErrorSummary(event.target));
})();
