// Keys of a page with rows that have forms: `j` and `k` move along the rows, `o` opens the forms of one and closes them
// again. All of it can be done with Tab and Enter, so nothing here is needed. Keys do nothing while somebody writes,
// with a modifier, or after they were turned off on the desk (WCAG 2.1.4).
"use strict";

(() => {
  const OFF = "plaudit-keys-off";
  const WRITING = "input, textarea, select, [contenteditable]";

  const rows = () => [...document.querySelectorAll("[data-row]")];
  const placeOf = (all) => all.findIndex((row) => row.contains(document.activeElement));

  const step = (by) => {
    const all = rows();
    const at = placeOf(all);
    const wanted = at < 0 ? all[0] : all[at + by];
    wanted?.querySelector("[data-row-link]")?.focus();
  };

  const open = () => {
    const all = rows();
    const row = all[placeOf(all)];
    const details = row?.querySelector("details");
    if (!details) {
      return;
    }
    details.open = !details.open;
    const field = [...details.querySelectorAll(WRITING)].find((each) => each.type !== "hidden");
    (details.open && field ? field : row.querySelector("[data-row-link]")).focus();
  };

  const ACTIONS = new Map([
    ["j", () => step(1)],
    ["k", () => step(-1)],
    ["o", open],
  ]);
  document.addEventListener("keydown", (event) => {
    const isModified = event.ctrlKey || event.metaKey || event.altKey;
    if (isModified || event.isComposing || event.repeat || event.target.closest(WRITING)) {
      return;
    }
    const action = ACTIONS.get(event.key);
    if (!action || localStorage.getItem(OFF) !== null) {
      return;
    }
    action();
    event.preventDefault();
  });
})();
