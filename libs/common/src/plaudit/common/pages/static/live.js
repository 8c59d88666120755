// Keeps parts of a page current: `<section id="…" data-live="/v1/…" data-live-type="…">` names a stream of server-sent
// events and the type of those that matter. When one comes, `data-live-from`, or the page itself, is read again, and the
// part of the same id is replaced. Another script may refuse that by `live-replace`, while somebody uses the part, and
// hears of it by `live-replaced`. Without scripts, the page shows what it showed at first.
"use strict";

(() => {
  const PAUSE_MS = 1000; // between two readings, however many events come
  const REST = 10; // a reading is followed by a pause at least so many times as long, so that pages keep no server busy
  const IN_USE_MS = 5000; // until a part that was in use is tried again
  const PATIENCE_MS = 8000; // a stream that has ended comes back by itself; only then it is lost
  const RETRY_MS = 2000; // until a stream that was refused is asked for once more, and then twice as long each time
  const LONGEST_RETRY_MS = 60000;
  const STOPS = "a[href], button, summary, input, select, textarea, [tabindex]";
  const parts = [...document.querySelectorAll("[data-live][id]")];
  const shown = new Map(parts.map((part) => [part, part.innerHTML]));
  const asOf = document.querySelector(".as-of");
  const state = document.createElement("span");
  let reading = false;
  let wanted = false;

  const say = (words, look) => {
    state.textContent = `${words} · `;
    state.className = look;
  };

  const addressOf = (part) => part.dataset.liveFrom ?? location.href;
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  /** Replace a part by what was read; return whether it is current then. */
  const replace = (part, fresh) => {
    if (!fresh || shown.get(part) === fresh.innerHTML) {
      return true;
    }
    if (!part.dispatchEvent(new CustomEvent("live-replace", { bubbles: true, cancelable: true }))) {
      return false;
    }
    shown.set(part, fresh.innerHTML);
    // What has the focus has it again, what was opened stays open, and what was scrolled stays where it was.
    const focused = document.activeElement;
    const place = [...part.querySelectorAll(STOPS)].indexOf(focused);
    const opened = [...part.querySelectorAll("details")].map((each) => each.open);
    const scrolled = [...part.querySelectorAll(".scroll")].map((each) => each.scrollTop);
    part.replaceChildren(...fresh.childNodes);
    part.querySelectorAll("details").forEach((each, n) => {
      each.open = opened[n] ?? each.open;
    });
    part.querySelectorAll(".scroll").forEach((each, n) => {
      each.scrollTop = scrolled[n] ?? 0;
    });
    part.dispatchEvent(new CustomEvent("live-replaced", { bubbles: true }));
    if (place >= 0) {
      const stops = [...part.querySelectorAll(STOPS)];
      const href = focused.getAttribute("href");
      const same = href === null ? stops[place] : stops.find((each) => each.getAttribute("href") === href);
      same?.focus({ preventScroll: true });
    }
    return true;
  };

  /** Read one address, and replace the parts that are from there; return whether all are current. */
  const readFrom = async (address, those) => {
    const answer = await fetch(address, { headers: { accept: "text/html" } });
    if (!answer.ok) {
      return true;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector(".as-of time");
    if (fresh) {
      asOf?.querySelector("time")?.replaceWith(fresh);
    }
    return those.map((part) => replace(part, page.getElementById(part.id))).every(Boolean);
  };

  const read = async () => {
    wanted = true;
    if (reading || document.hidden) {
      return;
    }
    reading = true;
    while (wanted && !document.hidden) {
      wanted = false;
      const beganAt = performance.now();
      try {
        for (const address of new Set(parts.map(addressOf))) {
          if (!(await readFrom(address, parts.filter((each) => addressOf(each) === address)))) {
            setTimeout(read, IN_USE_MS);
          }
        }
      } catch {
        // A stream opens again when the server is back, which reads the page.
      }
      await wait(Math.max(PAUSE_MS, REST * (performance.now() - beganAt)));
    }
    reading = false;
  };

  // What came before the stream began is on the page only if that is read once more. A page that nobody sees holds no
  // stream: a browser has few connections for each server, and a server few streams.
  let streams = [];
  let lost;
  let retry;
  let retryAfter = RETRY_MS;
  const opened = () => {
    clearTimeout(lost);
    lost = undefined;
    retryAfter = RETRY_MS;
    say("live", "");
    read();
  };
  // A browser comes back by itself when a connection has ended, but never after an answer that is no stream, as of a
  // proxy while the server starts.
  const failed = (stream) => {
    lost ??= setTimeout(() => say("connection lost", "soon"), PATIENCE_MS);
    if (stream.readyState === EventSource.CLOSED && retry === undefined) {
      retry = setTimeout(follow, retryAfter);
      retryAfter = Math.min(2 * retryAfter, LONGEST_RETRY_MS);
    }
  };
  const follow = () => {
    clearTimeout(retry);
    retry = undefined;
    for (const stream of streams) {
      stream.close();
    }
    const addresses = document.hidden ? [] : new Set(parts.map((part) => part.dataset.live));
    streams = [...addresses].map((address) => {
      const stream = new EventSource(address);
      stream.addEventListener("open", opened);
      stream.addEventListener("error", () => failed(stream));
      const types = parts.filter((each) => each.dataset.live === address).map((each) => each.dataset.liveType);
      new Set(types).forEach((type) => stream.addEventListener(type, read));
      return stream;
    });
  };
  asOf?.prepend(state);
  document.addEventListener("visibilitychange", follow);
  addEventListener("pagehide", () => {
    clearTimeout(retry);
    streams.forEach((stream) => stream.close());
  });
  follow();
})();
