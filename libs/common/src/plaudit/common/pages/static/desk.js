// Keys of the desk, and the time that is left. Each key presses the element with its `data-key`: what a key does can be
// done with a button, and nothing here is needed for it. `j` and `k` move along the list `#due`, and show the clock in
// `#selection` without leaving the page. Keys do nothing while somebody writes, with a modifier, in a dialog, or after
// they were turned off (WCAG 2.1.4).
"use strict";

(() => {
  const OFF = "plaudit-keys-off";
  const TICK_MS = 30000;
  const MINUTE_MS = 60000;
  const WRITING = "input, textarea, select, [contenteditable]";
  const PARTS = ["due", "selection"];
  // Who sees the page reads it, who hears it hears it: a key that does nothing says why.
  const said = document.createElement("p");
  said.className = "said";
  said.setAttribute("aria-live", "polite");
  document.getElementById("main").append(said);

  const isOff = () => localStorage.getItem(OFF) !== null;
  const say = (words) => {
    said.textContent = words;
  };

  // What somebody writes is not replaced by what is new, nor what was opened to be written in.
  document.addEventListener("live-replace", (event) => {
    const part = event.target;
    const opened = part.querySelector("details[open]");
    const isWriting = part.contains(document.activeElement) && document.activeElement.matches(WRITING);
    if (part.id === "selection" && (opened || isWriting)) {
      event.preventDefault();
    }
  });

  const links = () => [...document.querySelectorAll("#due .item .name")];
  const placeOf = (all) => all.findIndex((link) => link.closest(".item").classList.contains("selected"));

  /** Show the clock of a link beside the list, as its own page shows it. */
  const show = async (link) => {
    const answer = await fetch(link.href, { headers: { accept: "text/html" } });
    if (!answer.ok) {
      location.assign(link.href);
      return;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = PARTS.map((id) => [document.getElementById(id), page.getElementById(id)]);
    if (fresh.some(([part, other]) => !part || !other)) {
      location.assign(link.href);
      return;
    }
    fresh.forEach(([part, other]) => part.replaceChildren(...other.childNodes));
    document.title = page.title;
    history.replaceState(null, "", link.href);
    const chosen = links().find((each) => each.href === link.href);
    chosen?.focus({ preventScroll: true });
    chosen?.scrollIntoView({ block: "nearest" });
  };

  const step = (by) => {
    const all = links();
    const focused = all.indexOf(document.activeElement);
    const from = focused >= 0 ? focused : placeOf(all);
    const wanted = all[from + by];
    if (wanted) {
      show(wanted);
    } else {
      say(by > 0 ? "That is the last clock of this page." : "That is the first clock of this page.");
    }
  };

  const dialog = document.createElement("dialog");
  const help = () => {
    const section = document.getElementById("keys");
    const close = document.createElement("button");
    close.textContent = "Close";
    close.addEventListener("click", () => dialog.close());
    const turn = document.createElement("button");
    turn.className = "button quiet";
    const name = () => {
      turn.textContent = isOff() ? "Turn keys on" : "Turn keys off";
    };
    turn.addEventListener("click", () => {
      if (isOff()) {
        localStorage.removeItem(OFF);
      } else {
        localStorage.setItem(OFF, "1");
      }
      name();
    });
    name();
    const buttons = document.createElement("p");
    buttons.className = "buttons";
    buttons.append(close, turn);
    const heading = document.createElement("h2");
    heading.textContent = "Keys";
    const list = section.querySelector("dl").cloneNode(true);
    dialog.setAttribute("aria-label", "Keys");
    dialog.replaceChildren(heading, list, buttons);
    dialog.showModal();
  };

  const press = (key) => {
    const target = [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)].find((each) => each.checkVisibility());
    if (!target) {
      const why = document.querySelector(`[data-no-key~="${CSS.escape(key)}"]`);
      say(why?.textContent ?? "This clock has no button for that key.");
      return;
    }
    target.click();
    if (target.matches("summary")) {
      const fields = target.parentElement.open ? [...target.parentElement.querySelectorAll(WRITING)] : [];
      const field = fields.find((each) => each.type !== "hidden");
      (field ?? target).focus();
    }
  };

  const KEYS = new Set(["e", "a", "s", "r", "o"]);
  document.addEventListener("keydown", (event) => {
    const isModified = event.ctrlKey || event.metaKey || event.altKey;
    if (isModified || event.isComposing || event.repeat || dialog.open || event.target.closest(WRITING)) {
      return;
    }
    say("");
    if (event.key === "?") {
      help();
    } else if (isOff()) {
      return;
    } else if (event.key === "j" || event.key === "k") {
      step(event.key === "j" ? 1 : -1);
    } else if (KEYS.has(event.key)) {
      press(event.key);
    } else {
      return;
    }
    event.preventDefault();
  });
  // The link to the list of keys opens them where they are wanted.
  document.querySelector('a[data-key="?"]')?.addEventListener("click", (event) => {
    event.preventDefault();
    help();
  });
  document.getElementById("main").append(dialog);

  /** A length of time in its two largest units, as the server writes it. */
  const inWords = (ms) => {
    const minutes = Math.floor(Math.abs(ms) / MINUTE_MS);
    const days = Math.floor(minutes / 1440);
    const hours = Math.floor(minutes / 60) % 24;
    const rest = minutes % 60;
    if (days) {
      return `${days} d ${hours} h`;
    }
    if (hours) {
      return `${hours} h ${rest} min`;
    }
    return rest ? `${rest} min` : "< 1 min";
  };
  // The clock of the page, not that of this machine: it goes on from what the server said.
  const saidAt = () => Date.parse(document.querySelector(".as-of time")?.dateTime ?? "");
  let asOf = saidAt();
  let since = performance.now();
  setInterval(() => {
    if (saidAt() !== asOf) {
      asOf = saidAt();
      since = performance.now();
    }
    const now = asOf + performance.now() - since;
    for (const figure of document.querySelectorAll("[data-due]")) {
      const left = Date.parse(figure.dataset.due) - now;
      figure.firstChild.data = inWords(left);
      if (left < 0 && figure.lastElementChild.textContent === "left") {
        figure.lastElementChild.textContent = "past";
      }
    }
  }, TICK_MS);
})();
